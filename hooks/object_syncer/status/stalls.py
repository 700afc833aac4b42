"""The mark on a SyncSlice that is stalled: its syncs end before its status is written, so it cannot say so itself.

The mark is "<since> <report>". It counts only while the slice still reports what it did when it was marked, so that it
says nothing any more as soon as the slice follows, whenever the mark is removed.
"""

from object_syncer.kube import api
from object_syncer.kube.meta import Json, name_of
from object_syncer.status import reasons
from object_syncer.status.problem import Problem


def report(item: Json) -> str:
    """Return what the status of a SyncSlice is about: its generation, and the source's resourceVersion if there is one.

    Reports may be compared for equality only.
    """
    status = item.get("status") or {}
    return f"{status.get('observedGeneration', 0)}/{source_version(item)}"


def source_version(item: Json) -> str:
    """Return the resourceVersion of the source that a SyncSlice acted on last, "" if it saw none."""
    source = (item.get("status") or {}).get("source") or {}
    return str(source.get("resourceVersion", ""))


def mark(since: str, reported: str) -> str:
    """Return the mark of a SyncSlice that has reported the same since then, though there was a change."""
    return f"{since} {reported}"


def marked(item: Json) -> str:
    """Return the mark that a SyncSlice has, "" for none."""
    return str((item["metadata"].get("annotations") or {}).get(api.STALLED_ANNOTATION) or "")


def since(found: str, reported: str) -> str:
    """Return since when a SyncSlice has reported this, as a mark says; "" if the mark is about another report."""
    stamp, _, before = found.partition(" ")
    return stamp if before == reported else ""


def problem(item: Json) -> Problem | None:
    """Return why nobody knows what became of the copies of a SyncSlice, None if it is not stalled."""
    stalled = since(marked(item), report(item))
    if not stalled:
        return None
    message = f"SyncSlice {name_of(item)} has acted on no change since {stalled}; its events may say why"
    return Problem(reasons.STALLED, message)
