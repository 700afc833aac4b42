"""From the reports of its SyncSlices to the status of an ObjectSync: counts, destinations, what is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.status import destination, reasons
from object_syncer.status.destination import State
from object_syncer.status.problem import Problem

SHOWN_DESTINATIONS = 100
"""Items of `ObjectSync.status.destinations`: all up to this number, above it failing ones first."""

_URGENCY = {destination.PENDING: 1, destination.SYNCED: 2}


@dataclass(slots=True)
class Summary:
    """What the slices of one ObjectSync say together."""

    total: int = 0
    synced: int = 0
    states: list[tuple[State, Json]] = field(default_factory=list)
    """Reported destinations, each with the `strategy` and `sourceVersion` it shares with others of its slice."""
    problem: Problem | None = None
    notice: str = ""

    @property
    def unsynced(self) -> list[State]:
        """The reported destinations that are not Synced."""
        return [state for state, _ in self.states if state.state != destination.SYNCED]

    def copies(self) -> Json:
        """Return `status.copies`; total = synced + failed + pending, always."""
        failed = sum(state.state in (destination.FAILED, destination.CONFLICT) for state in self.unsynced)
        pending = self.total - self.synced - failed
        summary = f"{self.synced}/{self.total}"
        return {"total": self.total, "synced": self.synced, "failed": failed, "pending": pending, "summary": summary}


def summarize(slices: Iterable[Json], generation: int) -> Summary:
    """Read the SyncSlices of one ObjectSync whose present generation is given."""
    found = Summary()
    planned, stale = False, False
    for item in slices:
        spec, status = item["spec"], item.get("status") or {}
        if spec.get("draining"):
            if status.get("copies"):
                found.problem = found.problem or Problem(reasons.PLANNING, "earlier copies are being deleted")
            continue
        planned = planned or spec["index"] == 0
        found.notice = found.notice or spec.get("notice", "")
        if spec["objectSync"]["generation"] != generation:
            found.problem = found.problem or Problem(reasons.PLANNING, "the change of the ObjectSync is being planned")
        current = status.get("observedGeneration") == item["metadata"]["generation"]
        reported = {
            (entry["namespace"], entry["name"]): destination.load(entry) for entry in status.get("destinations") or ()
        }
        held = {
            (namespace, group["name"]): group.get("strategy") or ""
            for group in spec.get("groups") or ()
            for namespace in group["namespaces"]
        }
        found.total += len(held)
        source = status.get("source")
        shared = (
            {"sourceVersion": {"uid": source["uid"], "resource_version": source["resourceVersion"]}} if source else {}
        )
        listed = 0
        for where, strategy in held.items():
            state = reported.get(where)
            if state:
                listed += 1
                found.synced += state.state == destination.SYNCED
                found.states.append((state, {**({"strategy": strategy} if strategy else {}), **shared}))
        quiet = min(max(0, status.get("synced", 0) - _synced(reported)), len(held) - listed)
        found.synced += quiet
        if not quiet:
            waiting = _waiting(status if current else {})
            found.states += (
                (replace(waiting, namespace=namespace, name=name), {"strategy": strategy} if strategy else {})
                for (namespace, name), strategy in held.items()
                if (namespace, name) not in reported
            )
        for entry in spec.get("withheld") or ():
            found.total += 1
            strategy = entry.get("strategy")
            found.states.append((destination.withheld(entry), {"strategy": strategy} if strategy else {}))
        if spec.get("refusal"):
            found.problem = Problem(spec["refusal"]["reason"], spec["refusal"]["message"])
        elif status.get("problem") and current:
            found.problem = found.problem or Problem(status["problem"]["reason"], status["problem"]["message"])
        stale = stale or not current
    if stale and not any(state.state in (destination.FAILED, destination.CONFLICT) for state in found.unsynced):
        found.problem = found.problem or Problem(reasons.PLANNING, "changes are being written")
    if not planned:
        found.problem = Problem(reasons.PLANNING, "the ObjectSync is being planned")
    return found


def destinations(summary: Summary, resource: ResourceType) -> list[Json]:
    """Return `ObjectSync.status.destinations` with upstream's keys (`resource_version` is its spelling) and ours."""
    states = sorted(summary.states, key=lambda item: (item[0].namespace, item[0].name))
    if len(states) > SHOWN_DESTINATIONS or summary.total > SHOWN_DESTINATIONS:
        states.sort(key=lambda item: _URGENCY.get(item[0].state, 0))
        del states[SHOWN_DESTINATIONS:]
    return [_destination(state, shared, resource) for state, shared in states]


def _destination(state: State, shared: Json, resource: ResourceType) -> Json:
    item = {
        "group": resource.group,
        "version": resource.version,
        "kind": resource.kind,
        "namespace": state.namespace,
        "name": state.name,
        **shared,
        "state": state.state,
    }
    if state.version:
        item["syncedVersion"] = {"uid": state.version[0], "resource_version": state.version[1]}
    item |= {key: value for key in ("reason", "message", "since") if (value := getattr(state, key))}
    return item


def _waiting(status: Json) -> State:
    """Return the state of every destination that a slice holds and, as it reports now, has not looked at."""
    problem = status.get("problem") or {"reason": reasons.PLANNING, "message": "the copy is being planned"}
    return State("", "", destination.PENDING, problem["reason"], problem["message"])


def _synced(reported: dict[tuple[str, str], State]) -> int:
    return sum(state.state == destination.SYNCED for state in reported.values())
