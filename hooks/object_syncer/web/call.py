"""One request of a hook as metrics and logs tell of it: sizes, times and our own words, never contents of objects."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from object_syncer.routes import ROUTES, WITH_ETAG

PATHS = (*ROUTES, *WITH_ETAG)

OTHER = "other"
"""In place of what is none of our words: no request chooses what metrics and logs say."""

BAD_REQUEST, DEFECT = "bad_request", "defect"
"""What a hook fails with: a body that the engine would not send (400), a defect of ours (500)."""

UNAUTHORIZED, TOO_LARGE, TOO_SLOW, NO_MEMORY = "unauthorized", "body_too_large", "body_too_slow", "no_memory"
"""Why a request does not reach its hook: no good token (401), --body-limit (413), 30 s (408), --memory-limit (503)."""

GONE, NOT_TAKEN = "client_gone", "answer_not_taken"
"""The client closed its connection before the request was complete, or took longer than 30 s for the answer."""

ERRORS = (BAD_REQUEST, DEFECT, UNAUTHORIZED, TOO_LARGE, TOO_SLOW, NO_MEMORY, GONE, NOT_TAKEN)

Condition = tuple[str, str, str]
"""Type, status and reason."""


_KINDS = ("SyncPolicy", "SyncSlice", "ObjectSync")

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
"""A name of an object, as Kubernetes accepts it."""


@dataclass(slots=True)
class Call:
    """One request that reached its hook. `seconds` include reading and writing JSON."""

    path: str
    request: str = ""
    """The id of the request."""
    parent: str = ""
    """What it is about: kind, namespace and name."""
    code: int = 500
    error: str = ""
    """One of ERRORS, "" if there is none."""
    place: str = ""
    """Where a defect of ours is."""
    seconds: float = 0.0
    request_bytes: int = 0
    answer_bytes: int = 0
    children: int | None = None
    """How many children were answered; None for hooks that answer none at all."""
    conditions: Iterable[Condition] = ()
    """The conditions that were answered for an ObjectSync."""

    def details(self) -> dict[str, Any]:
        """Return what a log line says of it."""
        return {
            "request": self.request,
            "path": self.path,
            "parent": self.parent,
            "code": self.code,
            "milliseconds": round(self.seconds * 1000, 1),
            "requestBytes": self.request_bytes,
            "answerBytes": self.answer_bytes,
        }


def known(path: str) -> str:
    """Return the path if it is a hook's, else OTHER."""
    return path if path in PATHS else OTHER


def parent(body: Any) -> str:
    """Return kind, namespace and name of the parent in a request, "" if there is none of ours; it may be malformed."""
    found = (body.get("parent") or body.get("object")) if isinstance(body, dict) else None
    metadata = found.get("metadata") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(metadata, dict) or found.get("kind") not in _KINDS:
        return ""
    names = [metadata[key] for key in ("namespace", "name") if metadata.get(key)]
    if not all(isinstance(name, str) and _NAME.fullmatch(name) for name in names):
        return ""
    return f"{found['kind']} {'/'.join(names)}"
