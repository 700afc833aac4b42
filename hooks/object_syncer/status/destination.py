"""The state of one destination, as a SyncSlice reports it and an ObjectSync shows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from object_syncer import reasons
from object_syncer.api import Json
from object_syncer.status import clock

SYNCED, PENDING, FAILED, CONFLICT = "Synced", "Pending", "Failed", "Conflict"

REJECTED_AFTER_SECONDS = 5
"""A copy that is still missing or different by then is being refused; usual writes take milliseconds."""

_WITHHELD_STATES = {
    reasons.NAMESPACE_NOT_FOUND: PENDING,
    reasons.NAMESPACE_TERMINATING: PENDING,
    reasons.CONFLICT: CONFLICT,
}


@dataclass(frozen=True, slots=True)
class State:
    """One destination. `version` is the copy's {uid, resourceVersion} if there is one."""

    namespace: str
    name: str
    state: str
    reason: str = ""
    message: str = ""
    since: str = ""
    version: tuple[str, str] | None = None

    def dump(self) -> Json:
        """Return the shape of an item of `SyncSlice.status.destinations`."""
        item: Json = {"namespace": self.namespace, "name": self.name, "state": self.state}
        item |= {key: value for key in ("reason", "message", "since") if (value := getattr(self, key))}
        if self.version:
            item["uid"], item["resourceVersion"] = self.version
        return item


def load(item: Json) -> State:
    """Read what `State.dump` wrote."""
    version = (item["uid"], item["resourceVersion"]) if "uid" in item else None
    reason, message, since = (item.get(key, "") for key in ("reason", "message", "since"))
    return State(item["namespace"], item["name"], item["state"], reason, message, since, version)


def withheld(item: Json) -> State:
    """Return the state of an item of `SyncSlice.spec.withheld`: the planner gave it no copy and said why."""
    state = _WITHHELD_STATES.get(item["reason"], FAILED)
    return State(item["namespace"], item["name"], state, item["reason"], item["message"])


def unsynced(
    where: tuple[str, str],
    reason: str,
    message: str,
    earlier: Mapping[tuple[str, str], State],
    now: datetime,
    version: tuple[str, str] | None = None,
) -> State:
    """Return a state that is not Synced, with `since` carried over from the earlier report."""
    before = earlier.get(where)
    since = before.since if before and before.state != SYNCED and before.since else clock.stamp(now)
    return State(*where, PENDING, reason, message, since, version)


def rejected(state: State, slice_name: str, now: datetime) -> State:
    """Turn a state that has been pending for too long into Failed, naming where the API server's words are.

    The engine hides from hooks why a write was refused; it puts that into the events of the parent.
    """
    if clock.age(state.since, now) < REJECTED_AFTER_SECONDS:
        return state
    message = f"{state.message}; see the events of SyncSlice {slice_name} for what the API server says"
    return State(state.namespace, state.name, FAILED, reasons.REJECTED, message, state.since, state.version)


def retry_after(states: Iterable[State], now: datetime) -> float:
    """Return in how many seconds to look again: soon while something is fresh, rarely when it is old, 0 for never.

    The engine's own retry backs off to 17 minutes, and a write it believes to be done is not retried at all.
    """
    ages = [clock.age(state.since, now) for state in states if state.state != SYNCED]
    return min(30.0, max(1.0, min(ages) / 2)) if ages else 0.0
