"""Which states of a SyncSlice are not written, because they last less than a second.

When a source changes, its copies differ from it until they are written. Nobody can read a state that is over so soon,
and each write of it would wake the planner and an ObjectSync. So the slice keeps the status it has, which says what was
true a moment ago, and is looked at again after a second. What lasts longer is written then.

Only what the request dates is kept back: by the last write of the source, of the copy, or by `since` of the state.
Copies that are ordered only now are counted as pending and not listed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from object_syncer.copying import fields
from object_syncer.kube import clock, times, written
from object_syncer.kube.meta import Json
from object_syncer.status import destination, reasons
from object_syncer.status.destination import State

_DATED = times.SETTLING + 1
"""Timestamps are in whole seconds."""


def is_settling(
    parent: Json, source: Json, states: Iterable[State], observed: Mapping[str, Json], now: datetime
) -> bool:
    """Tell whether the status of a SyncSlice may stay as it is for now.

    `states` are what would be written, `observed` the copies by "namespace/name". True only if the status is about the
    present spec, and nothing is new in `states` but copies that have just begun to differ and destinations that are in
    sync.
    """
    status = parent.get("status") or {}
    reported_on = status.get("source")
    if status.get("observedGeneration") != parent["metadata"]["generation"] or not reported_on or "problem" in status:
        return False
    has_changed = reported_on["resourceVersion"] != source["metadata"]["resourceVersion"]
    changed = written.last(source) if has_changed else ""
    reported = {(item["namespace"], item["name"]): destination.load(item) for item in status.get("destinations") or ()}
    settling = False
    for state in states:
        before = reported.get((state.namespace, state.name))
        if state.state == destination.SYNCED or state == before:
            continue
        if not _is_over_soon(state, before, observed.get(f"{state.namespace}/{state.name}"), changed, now):
            return False
        settling = True
    return settling


def listed(parent: Json, states: Iterable[State]) -> list[State]:
    """Return the states that the status of a SyncSlice lists.

    All of them if its ObjectSync shows them. Else those that are not in sync, but for copies that are ordered with this
    very answer, the first to the present spec: they are there a moment later. In a first fan-out that would be every
    copy, in statuses that the planner is sent again and again.
    """
    spec, status = parent["spec"], parent.get("status") or {}
    if spec.get("showSynced"):
        return list(states)
    is_first = status.get("observedGeneration") != parent["metadata"]["generation"]
    known = {(item["namespace"], item["name"]) for item in status.get("destinations") or ()}

    def is_ordered_now(state: State) -> bool:
        return is_first and state.reason == reasons.CREATING and (state.namespace, state.name) not in known

    return [state for state in states if state.state != destination.SYNCED and not is_ordered_now(state)]


def _is_over_soon(state: State, before: State | None, copy: Json | None, changed: str, now: datetime) -> bool:
    """Tell whether a state has just begun. `changed` is when the source became newer than the report, "" if it did not.

    A copy that somebody changes again after each write must be counted, so only the first difference since our last
    write is kept back.
    """
    if state.state != destination.PENDING:
        return False
    if before is not None and before.state != destination.SYNCED:
        counted = (before.attempts, before.tried_version) == (state.attempts, state.tried_version)
        in_writing = state.reason in (reasons.CREATING, reasons.DRIFTED)
        return in_writing and counted and clock.is_recent(before.since, now, times.SETTLING)
    if state.reason != reasons.DRIFTED or copy is None:
        return False
    ours, others = fields.written(copy)
    cause = max(changed, others)
    return ours < cause and clock.is_recent(cause, now, _DATED)
