"""What is answered for one destination: its state, and the copy unless that must be deleted first."""

from dataclasses import dataclass, replace
from datetime import datetime

from object_syncer.copying import diff, fields, recreate
from object_syncer.kube import api, clock
from object_syncer.kube.meta import Json, is_terminating
from object_syncer.status import destination, reasons
from object_syncer.status.destination import FAILED, State
from object_syncer.status.problem import Problem

CONTESTED_AFTER = 3
"""From that repair on a copy that differs again is Contested."""

_WRITTEN_IN_VAIN = (reasons.REJECTED, reasons.CONTESTED)
"""A webhook may undo a write before it is stored: the engine takes it for done then, and to us it looks refused."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One destination in one answer. Without a `child`, the engine deletes the copy that is there."""

    state: State
    child: Json | None


def without_copy(desired: Json, state: str, problem: Problem, earlier: State | None, now: datetime) -> Attempt:
    """Return the answer for a destination that gets no copy; `state` is CONFLICT, PENDING or FAILED."""
    where = desired["metadata"]
    found = State(where["namespace"], where["name"], state, problem.reason, problem.message)
    return Attempt(destination.out_of_sync(found, earlier, now), None)


def unchanged(
    desired: Json, observed: Json | None, problem: Problem, earlier: State | None, now: datetime, state: str = FAILED
) -> Attempt:
    """Return the answer for a destination whose copy stays as it is; where there is none, none is created."""
    where, version = desired["metadata"], _version(observed)
    found = State(where["namespace"], where["name"], state, problem.reason, problem.message, version=version)
    kept = fields.as_applied(observed) if observed and not is_terminating(observed) else None
    return Attempt(replace(destination.out_of_sync(found, earlier, now), attempts=0, answered=False), kept)


def suspended(desired: Json, observed: Json | None, strategy: str, earlier: State | None, now: datetime) -> Attempt:
    """Return the answer for a destination of a suspended ObjectSync: whether its copy equals the source as it is."""
    if observed is None:
        message = "the copy does not exist"
    elif is_terminating(observed):
        message = "an earlier copy is being deleted"
    else:
        compared = diff.compare(desired, observed, replace=strategy == "replace", repair=False)
        if compared.equal:
            where = desired["metadata"]
            state = State(where["namespace"], where["name"], destination.SYNCED, version=_version(observed))
            return Attempt(state, fields.as_applied(observed))
        message = _difference(compared)
    problem = Problem(reasons.SUSPENDED, f"{message}; nothing is written while spec.suspend is true")
    return unchanged(desired, observed, problem, earlier, now, destination.PENDING)


def copy(
    desired: Json, observed: Json | None, strategy: str, earlier: State | None, slice_name: str, now: datetime
) -> Attempt:
    """Return the answer for a destination that gets a copy.

    `desired` may be changed into what repairs the observed copy. `earlier` is what was reported of the destination
    before, `slice_name` the SyncSlice whose events say what the API server refuses.
    """
    where = desired["metadata"]
    state = State(where["namespace"], where["name"], destination.SYNCED, version=_version(observed))
    differs_again = _was_written_since(observed, earlier)
    waits = differs_again and earlier is not None and destination.next_try(earlier, now) > 0
    insists = earlier is not None and earlier.tried_version != "" and earlier.reason in _WRITTEN_IN_VAIN
    compared = diff.compare(desired, observed, replace=strategy == "replace", repair=not waits, insists=insists)
    if compared.equal and not (observed and is_terminating(observed)):
        return Attempt(state, compared.apply)
    if observed and not is_terminating(observed) and recreate.may_recreate(compared.apply, observed):
        return _recreated(state, compared, earlier, now)
    pending, failure = _pending(state, compared, observed, slice_name)
    state = destination.out_of_sync(pending, earlier, now)
    if observed is None or is_terminating(observed):
        return Attempt(destination.overdue(state, earlier, failure, now), compared.apply)
    if failure.reason != reasons.REJECTED:  # nothing that another write could repair
        return Attempt(destination.overdue(state, earlier, failure, now), compared.apply)
    # The engine writes a copy that it has seen changed, even if it is answered as before.
    child = fields.as_applied(observed) if waits and not compared.is_surplus else compared.apply
    state = _counted(state, observed, earlier, differs_again and not waits, now)
    if state.attempts >= CONTESTED_AFTER:
        contested = _contested(state, compared, observed)
        return Attempt(replace(state, state=destination.FAILED, reason=reasons.CONTESTED, message=contested), child)
    if not differs_again:  # or else the last write was not refused
        state = destination.overdue(state, earlier, failure, now)
    return Attempt(state, child)


def _was_written_since(observed: Json | None, earlier: State | None) -> bool:
    """Tell whether the last repair of a copy reached it; one that the API server refuses does not.

    The resourceVersion tells, but for kinds whose status changes that, too. There the generation tells of the body, and
    of metadata the annotation that each repair of it sets, which may be newer than the report, because the engine may
    show us a status of some syncs ago.
    """
    if observed is None or not (earlier and earlier.tried_version):
        return False
    meta, (tried, _, generation) = observed["metadata"], earlier.tried_version.partition("/")
    if meta.get("generation"):
        repaired = str((meta.get("annotations") or {}).get(api.REPAIR_ANNOTATION, ""))
        reached = repaired.isdigit() and tried.isdigit() and int(repaired) >= int(tried)
        return reached or bool(generation and generation != str(meta["generation"]))
    return bool(meta["resourceVersion"] != tried)


def _version_tried(observed: Json) -> str:
    """Return what `_was_written_since` compares: "RESOURCEVERSION", "/GENERATION" after it if the kind has that."""
    meta = observed["metadata"]
    generation = f"/{meta['generation']}" if meta.get("generation") else ""
    return f"{meta['resourceVersion']}{generation}"


def _counted(state: State, observed: Json, earlier: State | None, again: bool, now: datetime) -> State:
    """Return the state with the number of repairs, and the time and the copy's version at the last one."""
    if earlier and earlier.tried_version and not again:
        return replace(state, attempts=earlier.attempts, tried=earlier.tried, tried_version=earlier.tried_version)
    attempts = (earlier.attempts if earlier and earlier.tried_version else 0) + 1
    return replace(state, attempts=attempts, tried=clock.stamp(now), tried_version=_version_tried(observed))


def _contested(state: State, compared: diff.Comparison, observed: Json) -> str:
    rivals = ", ".join(fields.managers(observed, compared.paths)) or "somebody, perhaps an admission webhook"
    times_ = f"it was written {state.attempts} times and changed again by {rivals}"
    return f"{_difference(compared)}; {times_}"


def _pending(state: State, compared: diff.Comparison, observed: Json | None, slice_name: str) -> tuple[State, Problem]:
    """Return the state of a copy that is being written, and why it counts as failed if that takes too long."""
    refused = Problem(reasons.REJECTED, f"see the events of SyncSlice {slice_name} for what the API server says")
    if observed is None:
        reason, message, failure = reasons.CREATING, "the copy does not exist yet", refused
    elif is_terminating(observed):
        reason, message = reasons.DELETING, "an earlier copy is still being deleted"
        failure = Problem(reasons.DELETING, "a finalizer holds it")
    else:
        reason, message = reasons.DRIFTED, _difference(compared)
        failure = refused
        if recreate.is_fixed(compared.apply, compared.paths):
            failure = Problem(
                reasons.IMMUTABLE_FIELD,
                "the field cannot be changed: undo that in the source, or delete the copy if nothing is lost with it",
            )
        elif compared.foreign:
            failure = Problem(
                reasons.FOREIGN_FIELDS,
                "others have added this and it cannot be removed without deleting the copy",
            )
    return replace(state, state=destination.PENDING, reason=reason, message=message), failure


def _recreated(state: State, compared: diff.Comparison, earlier: State | None, now: datetime) -> Attempt:
    """Return the answer for a copy that can only be deleted and created anew.

    It is deleted only once the status announces that for this very object. The engine may show us a status of some
    syncs ago, so an attempt that is not written down before it is made would not be counted.
    """
    announced = _is_announced(state, earlier)
    attempts = (earlier.attempts if earlier and not earlier.tried_version else 0) - announced
    if attempts >= recreate.MAX_ATTEMPTS:
        message = f"{_difference(compared)}; it was created anew {attempts} times and differs again"
        failed = replace(state, state=destination.FAILED, reason=reasons.IMMUTABLE_FIELD, message=message)
        return Attempt(destination.out_of_sync(failed, earlier, now), compared.apply)
    pending = replace(
        state,
        state=destination.PENDING,
        reason=reasons.RECREATING,
        message=f"{_difference(compared)}; it cannot be changed and is created anew",
        attempts=attempts + 1,
    )
    counted = replace(destination.out_of_sync(pending, earlier, now), attempts=pending.attempts)
    return Attempt(counted, None if announced else compared.apply)


def _is_announced(state: State, earlier: State | None) -> bool:
    """Tell whether the status announces that this very object is deleted, for this version of the source."""
    if not (earlier and earlier.reason == reasons.RECREATING and earlier.version and state.version):
        return False
    return earlier.attempts > 0 and earlier.version[0] == state.version[0]


def _difference(compared: diff.Comparison) -> str:
    return f"the copy differs from its source at {', '.join(compared.paths[:5])}"


def _version(observed: Json | None) -> tuple[str, str] | None:
    return (observed["metadata"]["uid"], observed["metadata"]["resourceVersion"]) if observed else None
