"""Why something is not as it should be: a reason that programs read, and a message for people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One of status.reasons and a sentence that names the object, the field and the fix."""

    reason: str
    message: str
