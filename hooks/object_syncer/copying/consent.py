"""Where the owner of a source lets it be copied to: its annotation sync.rustrial.org/copy-to.

Whoever may edit the source decides. A copy of a source that is limited so is no source of others, or its owner's limit
would end at the first copy.
"""

from dataclasses import dataclass

from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.kube.selectors import Names, names
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

_MAX_LENGTH = 10_000
"""Of the annotation; reading globs takes time, and everybody whose copies the hook makes would wait."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the owner of a source permits. `to` has the namespaces, None: the owner says nothing, so all."""

    to: Names | None = None
    problem: Problem | None = None
    """Why the source may be copied nowhere."""

    @property
    def is_limited(self) -> bool:
        """Whether there are namespaces that the source may not be copied to."""
        return self.to is not None and not self.to.everything

    def withheld(self, namespace: str) -> Problem | None:
        """Return why the source may not be copied to a namespace, None if it may."""
        if self.to is None or namespace in self.to:
            return None
        message = f"the annotation {api.COPY_TO_ANNOTATION} of the source does not contain namespace {namespace}"
        return Problem(reasons.SOURCE_NOT_OFFERED, message)


def offer(source: Json, required_by: str | None) -> Offer:
    """Return what the owner of a source permits.

    `required_by` is the SyncPolicy that wants the owner's consent for every source, None if none does.
    """
    annotations = source["metadata"].get("annotations") or {}
    if api.LIMITED_ANNOTATION in annotations:
        return _nowhere(f"it is itself a copy, and {api.COPY_TO_ANNOTATION} of its source says where that may go")
    text = annotations.get(api.COPY_TO_ANNOTATION)
    if text is None:
        wants = f"it has no annotation {api.COPY_TO_ANNOTATION}, which SyncPolicy {required_by} requires"
        return _nowhere(wants) if required_by is not None else Offer()
    if len(text) > _MAX_LENGTH:
        return _nowhere(f"its annotation {api.COPY_TO_ANNOTATION} is longer than {_MAX_LENGTH} characters")
    listed = [item for item in map(str.strip, text.split(",")) if item]
    return Offer(names(listed)) if listed else _nowhere(f"its annotation {api.COPY_TO_ANNOTATION} is empty")


def _nowhere(why: str) -> Offer:
    return Offer(problem=Problem(reasons.SOURCE_NOT_OFFERED, f"the source is not offered: {why}"))
