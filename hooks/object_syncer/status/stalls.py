"""Signs of life of SyncSlices, and the mark on one that is stalled.

The syncs of a stalled slice end before its status is written, so it cannot say so itself. The mark is "<since>
<report>". It counts only while the slice still reports what it did when it was marked, so that it says nothing any more
as soon as the slice is served, whenever the mark is removed.
"""

from datetime import datetime

from object_syncer.kube import api, clock, times
from object_syncer.kube.meta import Json, name_of
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

_LAST_SYNC = "lastSyncTime"


def signed(status: Json, earlier: Json, now: datetime) -> Json:
    """Return the status of a SyncSlice with a sign of life: the time at which anything in it changed, or is old.

    `earlier` is the status as it is stored. So at rest each slice writes once in SLICE_RESYNC seconds.
    """
    last, said = earlier.get(_LAST_SYNC) or "", _said(status)
    keeps = last and said == _said(earlier) and clock.age(last, now) < times.SLICE_RESYNC
    return {**said, _LAST_SYNC: last if keeps else clock.stamp(now)}


def _said(status: Json) -> Json:
    """Return what a status says of copies: not when, nor of which generation, which the engine adds."""
    return {key: value for key, value in status.items() if key not in (_LAST_SYNC, "observedGeneration")}


def is_silent(item: Json, now: datetime) -> bool:
    """Tell whether a SyncSlice has given no sign of life for too long: its copies may differ, and nobody looks."""
    return clock.age((item.get("status") or {}).get(_LAST_SYNC), now) > times.SILENT_AFTER


def report(item: Json) -> str:
    """Return what the status of a SyncSlice is about: its generation, and the source's resourceVersion if there is one.

    The last sign of life comes after an "@". Reports may be compared for equality only.
    """
    status = item.get("status") or {}
    sign = f"@{status[_LAST_SYNC]}" if _LAST_SYNC in status else ""
    return f"{status.get('observedGeneration', 0)}/{source_version(item)}{sign}"


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
    message = f"SyncSlice {name_of(item)} has reported nothing since {stalled}; its events may say why"
    return Problem(reasons.STALLED, message)
