"""Which states of an ObjectSync are not written, because they last less than a second.

A namespace that comes makes a SyncSlice change three times: it is planned, then it orders the copy, then it sees it.
Nobody can read what is over so soon, and each status of an ObjectSync costs two calls and wakes the planner. So the
status stays as it is, which was true a moment ago, and is looked at again after a second. What lasts longer is written
then.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from object_syncer.kube import clock, times, written
from object_syncer.kube.meta import Json
from object_syncer.status import reasons, summary

_DATED = times.SETTLING + 1
"""Timestamps are in whole seconds."""

_FEW = 10
"""More destinations than these do not come or go without being shown, or else namespaces that come all the time would
keep the status from ever being written. Those of a SyncSlice that is new may: it comes once."""


def is_settling(shown: Json, status: Json, slices: Collection[Json], now: datetime) -> bool:
    """Tell whether the status of an ObjectSync may stay as it is `shown`, though it would be `status` now.

    True only while all that SyncSlices have not finished has just begun. What a user waits for is shown at once: a new
    spec, another Ready or resource type, more or fewer failures.
    """
    begun = [stamp for item in slices for stamp in _begun(item)]
    if not begun or _shown_at_once(shown) != _shown_at_once(status):
        return False
    total, before = status["copies"]["total"], shown["copies"].get("total", 0)
    if not total - _new(slices) - _FEW <= before <= total + _FEW:
        return False
    return all(clock.is_recent(stamp, now, _DATED) for stamp in begun)


def _new(slices: Iterable[Json]) -> int:
    """Return how many destinations there are in SyncSlices that have never been reported on."""
    groups = (group for item in slices if not summary.was_reported(item) for group in item["spec"].get("groups") or ())
    return sum(len(group["namespaces"]) for group in groups)


def _begun(item: Json) -> Iterator[str]:
    """Yield since when a SyncSlice has not finished: its new spec, its end, each copy that is being written.

    Copies that have been ordered just now are in no list, only in the counts.
    """
    status, draining = item.get("status") or {}, item["spec"].get("draining")
    if draining:
        yield draining
    elif not summary.is_current(item):
        yield written.last(item)
    elif "problem" not in status and summary.unlisted(item):
        yield written.status_last(item)
    for state in status.get("destinations") or ():
        if state.get("reason") in (reasons.CREATING, reasons.DRIFTED):
            yield state.get("since", "")


def _shown_at_once(status: Json) -> Json:
    ready: Json = next((item for item in status.get("conditions") or () if item["type"] == "Ready"), {})
    return {
        "generation": status.get("observedGeneration"),
        "resolved": status.get("resolved"),
        "ready": (ready.get("status"), ready.get("reason"), ready.get("message")),
        "failed": (status.get("copies") or {}).get("failed"),
    }
