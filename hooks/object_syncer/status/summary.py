"""From the reports of its SyncSlices to the status of an ObjectSync: counts, destinations, what is wrong."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.status import destination, problem, reasons, stalls
from object_syncer.status.destination import State
from object_syncer.status.problem import Problem

SHOWN_DESTINATIONS = 100
"""Items of `ObjectSync.status.destinations`: up to this number of destinations all, above it those that need a look."""

_UNDER_WAY = frozenset((reasons.PLANNING, reasons.CREATING, reasons.DRIFTED))
"""Reasons of destinations whose copies are being written. What is never written has another reason soon."""

_FAILURES = (destination.FAILED, destination.CONFLICT)


@dataclass(slots=True)
class Summary:
    """What the slices of one ObjectSync say together."""

    total: int = 0
    synced: int = 0
    states: list[tuple[State, Json]] = field(default_factory=list)
    """Reported destinations, each with the `strategy` and `sourceVersion` it shares with others of its slice."""
    unnamed: Counter[str] = field(default_factory=Counter)
    """By reason, how many more destinations the planner gave no copy."""
    problem: Problem | None = None
    """What concerns all destinations."""
    advice: str = ""

    @property
    def unsynced(self) -> list[State]:
        """The reported destinations that are not Synced."""
        return [state for state, _ in self.states if state.state != destination.SYNCED]

    def copies(self) -> Json:
        """Return `status.copies`; total = synced + failed + pending, always."""
        failed = sum(state.state in _FAILURES for state in self.unsynced)
        failed += sum(count for reason, count in self.unnamed.items() if not destination.is_pending(reason))
        pending = self.total - self.synced - failed
        summary = f"{self.synced}/{self.total}"
        return {"total": self.total, "synced": self.synced, "failed": failed, "pending": pending, "summary": summary}


def summarize(slices: Iterable[Json], generation: int) -> Summary:
    """Read the SyncSlices of one ObjectSync, lowest index first, whose present generation is given."""
    slices = list(slices)
    living = [item for item in slices if not item["spec"].get("draining")]
    found = Summary()
    for item in living:
        _add(found, item)
    blocking = next(filter(None, (problem.blocking(item["spec"].get("problems")) for item in living)), None)
    found.problem = (
        blocking
        or _planning(slices, generation)
        or next(filter(None, map(stalls.problem, living)), None)
        or _reported(living)
        or _unreported(found, living)
    )
    found.problem = found.problem or (None if found.total else _unmatched(living))
    found.advice = next(filter(None, (problem.advice(item["spec"].get("problems")) for item in living)), "")
    return found


def was_reported(item: Json) -> bool:
    """Tell whether a SyncSlice has ever been served."""
    return "observedGeneration" in (item.get("status") or {})


def is_current(item: Json) -> bool:
    """Tell whether a SyncSlice's status is about its present spec."""
    return bool((item.get("status") or {}).get("observedGeneration") == item["metadata"]["generation"])


def has_no_surplus(item: Json) -> bool:
    """Tell whether a SyncSlice has acted on its present spec, and what is to go is gone, or has the label to leave."""
    return is_current(item) and not item["status"].get("surplus")


def unlisted(item: Json) -> int:
    """Return of how many destinations of a SyncSlice its status neither says anything nor counts them as in sync."""
    total = sum(len(group["namespaces"]) for group in item["spec"].get("groups") or ())
    listed = _load(item.get("status") or {})
    counted: int = (item.get("status") or {}).get("synced", 0) - _count_synced(listed)
    return max(0, total - len(listed) - max(0, counted))


def destinations(summary: Summary, type_: ResourceType) -> list[Json]:
    """Return `ObjectSync.status.destinations` with upstream's keys (`resource_version` is its spelling) and ours.

    Of many destinations only those that are not in sync, failing ones first, and not those whose copies are being
    written: the list is written, sent and read with every change of any of them.
    """
    states = sorted(summary.states, key=lambda item: (item[0].namespace, item[0].name))
    if summary.total > SHOWN_DESTINATIONS:
        states = [it for it in states if it[0].state != destination.SYNCED and it[0].reason not in _UNDER_WAY]
        states.sort(key=lambda item: item[0].state == destination.PENDING)
        del states[SHOWN_DESTINATIONS:]
    return [_destination(state, shared, type_) for state, shared in states]


# What concerns all destinations


def _planning(slices: list[Json], generation: int) -> Problem | None:
    living = [item["spec"] for item in slices if not item["spec"].get("draining")]
    if not any(spec["index"] == 0 for spec in living):
        return Problem(reasons.PLANNING, "the ObjectSync is being planned")
    for item in slices:
        if item["spec"].get("draining"):
            if (item.get("status") or {}).get("copies"):
                return Problem(reasons.PLANNING, "earlier copies are being deleted")
        elif item["spec"]["objectSync"]["generation"] != generation:
            return Problem(reasons.PLANNING, "the change of the ObjectSync is being planned")
    return None


def _reported(living: list[Json]) -> Problem | None:
    reported = (item["status"]["problem"] for item in living if is_current(item) and item["status"].get("problem"))
    return next(map(problem.load, reported), None)


def _unreported(found: Summary, living: list[Json]) -> Problem | None:
    if all(map(is_current, living)) or any(state.state in _FAILURES for state in found.unsynced):
        return None
    return Problem(reasons.PLANNING, "changes are being written")


def _unmatched(living: list[Json]) -> Problem | None:
    """Return why an ObjectSync has no destination at all, where it asks for some."""
    said = (problem.load(entry) for item in living for entry in item["spec"].get("problems") or ())
    return next((each for each in said if each.reason == reasons.NO_NAMESPACE_MATCHES), None)


# What concerns one


def _add(found: Summary, item: Json) -> None:
    """Add the destinations of one slice."""
    spec, status = item["spec"], item.get("status") or {}
    strategies = {
        (namespace, group["name"]): group.get("strategy") or ""
        for group in spec.get("groups") or ()
        for namespace in group["namespaces"]
    }
    stalled, states = stalls.problem(item), _load(status)
    reported = {where: state for state in states if (where := (state.namespace, state.name)) in strategies}
    if stalled:  # what was Synced may no longer be
        reported = {where: state for where, state in reported.items() if state.state != destination.SYNCED}
    source = status.get("source")
    version = {"uid": source["uid"], "resource_version": source["resourceVersion"]} if source else None
    for where, strategy in strategies.items():
        if where in reported:
            found.states.append((reported[where], _shared(strategy, version)))
    found.total += len(strategies)
    found.synced += _count_synced(reported.values())

    # Destinations that are not listed are Synced, as far as the count goes; else the slice has not looked at them.
    unlisted = len(strategies) - len(reported)
    also_synced = 0 if stalled else min(max(0, status.get("synced", 0) - _count_synced(states)), unlisted)
    found.synced += also_synced
    if not also_synced:
        waiting = _waiting(stalled, status if is_current(item) else {})
        for (namespace, name), strategy in strategies.items():
            if (namespace, name) not in reported:
                found.states.append((replace(waiting, namespace=namespace, name=name), _shared(strategy)))
    for entry in spec.get("problems") or ():
        for state in destination.without_copy(entry):
            found.total += 1
            found.states.append((state, _shared(entry.get("strategy", ""))))
        found.total += entry.get("count", 0)
        found.unnamed[entry["reason"]] += entry.get("count", 0)


def _load(status: Json) -> list[State]:
    return [destination.load(entry) for entry in status.get("destinations") or ()]


def _count_synced(states: Iterable[State]) -> int:
    return sum(state.state == destination.SYNCED for state in states)


def _waiting(stalled: Problem | None, status: Json) -> State:
    """Return the state of every destination of a slice that, as it reports now, it has not looked at."""
    reported = problem.load(status["problem"]) if "problem" in status else None
    why = stalled or reported or Problem(reasons.PLANNING, "the copy is being planned")
    return State("", "", destination.PENDING, why.reason, why.message)


def _shared(strategy: str, source_version: Mapping[str, str] | None = None) -> Json:
    shared: Json = {"strategy": strategy} if strategy else {}
    return {**shared, "sourceVersion": source_version} if source_version else shared


def _destination(state: State, shared: Json, type_: ResourceType) -> Json:
    item = {
        "group": type_.group,
        "version": type_.version,
        "kind": type_.kind,
        "namespace": state.namespace,
        "name": state.name,
        **shared,
        "state": state.state,
    }
    if state.version:
        item["syncedVersion"] = {"uid": state.version[0], "resource_version": state.version[1]}
    item |= {key: value for key in ("reason", "message", "since") if (value := getattr(state, key))}
    return item
