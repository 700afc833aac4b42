"""The state of one destination, as a SyncSlice reports it and an ObjectSync shows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from object_syncer.kube import clock
from object_syncer.kube.meta import Json
from object_syncer.status import reasons

SYNCED, PENDING, FAILED, CONFLICT = "Synced", "Pending", "Failed", "Conflict"

REJECTED_AFTER_SECONDS = 2
"""A copy that is still missing or different by then is being refused; usual writes take milliseconds."""

_WITHHELD_STATES = {
    reasons.NAMESPACE_NOT_FOUND: PENDING,
    reasons.NAMESPACE_TERMINATING: PENDING,
    reasons.CONFLICT: CONFLICT,
    reasons.LOOP: CONFLICT,
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
    attempts: int = 0
    """How often the copy was deleted to be created anew."""
    asked: bool = False
    """Whether the engine was told to write the copy before, and had the time to do it."""

    def dump(self) -> Json:
        """Return the shape of an item of `SyncSlice.status.destinations`."""
        item: Json = {"namespace": self.namespace, "name": self.name, "state": self.state}
        item |= {
            key: value for key in ("reason", "message", "since", "attempts", "asked") if (value := getattr(self, key))
        }
        if self.version:
            item["uid"], item["resourceVersion"] = self.version
        return item


def load(item: Json) -> State:
    """Read what `State.dump` wrote."""
    version = (item["uid"], item["resourceVersion"]) if "uid" in item else None
    reason, message, since = (item.get(key, "") for key in ("reason", "message", "since"))
    attempts, asked = item.get("attempts", 0), item.get("asked", False)
    return State(item["namespace"], item["name"], item["state"], reason, message, since, version, attempts, asked)


def withheld(item: Json) -> State:
    """Return the state of an item of `SyncSlice.spec.withheld`: the planner gave it no copy and said why."""
    state = _WITHHELD_STATES.get(item["reason"], FAILED)
    return State(item["namespace"], item["name"], state, item["reason"], item["message"])


def unsynced(state: State, earlier: Mapping[tuple[str, str], State], now: datetime) -> State:
    """Date a state that is not Synced: what it has in common with the earlier report is carried over."""
    before = earlier.get((state.namespace, state.name))
    if before is None or before.state == SYNCED:
        return replace(state, since=clock.stamp(now))
    since, attempts = before.since or clock.stamp(now), max(state.attempts, before.attempts)
    return replace(state, since=since, attempts=attempts, asked=before.state != CONFLICT)


def lasting(state: State, earlier: State | None, reason: str, hint: str, now: datetime) -> State:
    """Turn a dated state that has been pending for too long into Failed, with its own reason and a hint to the cure.

    The engine writes a slice's copies one after the other, and looks at them again only when it is through: a large
    slice takes longer than our patience. So `earlier` must say that this is the third look: the second comes right
    after the writes, perhaps before the engine has seen what became of them.
    """
    if clock.age(state.since, now) < REJECTED_AFTER_SECONDS or not (earlier and earlier.asked):
        return state
    return replace(state, state=FAILED, reason=reason, message=f"{state.message}; {hint}")


def retry_after(states: Iterable[State], now: datetime) -> float:
    """Return in how many seconds to look again: soon while something is fresh, rarely when it is old, 0 for never.

    The engine's own retry backs off to 17 minutes, and a write it believes to be done is not retried at all. Foreign
    objects are watched and wake us when they go.
    """
    ages = [clock.age(state.since, now) for state in states if state.state not in (SYNCED, CONFLICT)]
    return min(30.0, max(1.0, min(ages) / 2)) if ages else 0.0
