"""Why something is not as it should be: the one shape in which planner, slices and status say it.

In `SyncSlice.spec.problems` an item with `namespaces` concerns these destinations: they get no copy; `count` is the
number of further ones that are not named. One without `namespaces` concerns the whole ObjectSync: copies that exist
follow their source, none is created. `advisory` items hinder nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from object_syncer.kube.meta import Json


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One of status.reasons and a sentence for people, which names the object, the field and the fix."""

    reason: str
    message: str


def dump(problem: Problem) -> Json:
    """Return {"reason", "message"}."""
    return {"reason": problem.reason, "message": problem.message}


def load(item: Json) -> Problem:
    """Read the reason and the message of an item of `problems`, or of a SyncSlice's `status.problem`."""
    return Problem(item["reason"], item["message"])


def blocking(items: Iterable[Json] | None) -> Problem | None:
    """Return the problem of `spec.problems` that concerns the whole ObjectSync, None if there is none."""
    return next((load(item) for item in items or () if "namespaces" not in item and not item.get("advisory")), None)


def advice(items: Iterable[Json] | None) -> str:
    """Return the messages of the advisory items of `spec.problems`, "" if there are none."""
    return "; ".join(str(item["message"]) for item in items or () if item.get("advisory"))
