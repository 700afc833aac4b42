"""The state of one destination, as a SyncSlice reports it and an ObjectSync shows it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from object_syncer.kube import clock, times
from object_syncer.kube.meta import Json
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

SYNCED, PENDING, FAILED, CONFLICT = "Synced", "Pending", "Failed", "Conflict"

_STATE_OF = {
    reasons.NAMESPACE_NOT_FOUND: PENDING,
    reasons.NAMESPACE_TERMINATING: PENDING,
    reasons.CONFLICT: CONFLICT,
    reasons.LOOP: CONFLICT,
}
"""The state of a destination that the planner gave no copy, by reason; any other means FAILED."""

_LASTING = frozenset(
    (
        reasons.SOURCE_NOT_OFFERED,
        reasons.KEY_COLLISION,
        reasons.REQUIRED_KEY_MISSING,
        reasons.PATCH_FAILED,
        reasons.SUSPENDED,
    )
)
"""Reasons that last until the source or the ObjectSync changes."""


@dataclass(frozen=True, slots=True)
class State:
    """One destination. `version` is the copy's {uid, resourceVersion} if there is one."""

    namespace: str
    name: str
    state: str
    reason: str = ""
    message: str = ""
    since: str = ""
    """Since when it is out of sync."""
    version: tuple[str, str] | None = None
    attempts: int = 0
    """How often a repair was tried since the copy was in sync: writes if `tried_version` is set, else deletions."""
    tried: str = ""
    """When the last repair was tried."""
    tried_version: str = ""
    """The copy's version at the last repair: another one means that it was written since."""
    answered: bool = False
    """Whether an earlier sync already answered this copy, and the engine had the time to write it."""

    def dump(self) -> Json:
        """Return the shape of an item of `SyncSlice.status.destinations`."""
        item: Json = {"namespace": self.namespace, "name": self.name, "state": self.state}
        if self.state != SYNCED:
            fields = ("reason", "message", "since", "attempts", "tried", "answered")
            item |= {key: value for key in fields if (value := getattr(self, key))}
        if self.tried_version:
            item["triedVersion"] = self.tried_version
        if self.version:
            item["uid"], item["resourceVersion"] = self.version
        return item


def load(item: Json) -> State:
    """Read what `State.dump` wrote."""
    get = item.get  # called for every destination of every request
    version = (item["uid"], item["resourceVersion"]) if "uid" in item and "resourceVersion" in item else None
    return State(
        item["namespace"],
        item["name"],
        item["state"],
        get("reason", ""),
        get("message", ""),
        get("since", ""),
        version,
        get("attempts", 0),
        get("tried", ""),
        get("triedVersion", ""),
        get("answered", False),
    )


def is_pending(reason: str) -> bool:
    """Tell whether a destination that the planner gave no copy for this reason waits for something."""
    return _STATE_OF.get(reason, FAILED) == PENDING


def unnamed(reason: str, count: int) -> Json:
    """Return the item of `SyncSlice.spec.problems` for destinations that are only counted."""
    return {"reason": reason, "message": "further destinations", "namespaces": [], "count": count}


def without_copy(item: Json) -> Iterator[State]:
    """Yield the states of an item of `SyncSlice.spec.problems`; none for one that names no namespaces."""
    state = _STATE_OF.get(item["reason"], FAILED)
    for namespace in item.get("namespaces") or ():
        message = item["message"].replace("{namespace}", namespace)
        yield State(namespace, item["name"], state, item["reason"], message)


def out_of_sync(state: State, earlier: State | None, now: datetime) -> State:
    """Set `since`, keeping it, and the attempts, while the destination stays out of sync."""
    if earlier is None or earlier.state == SYNCED:
        return replace(state, since=clock.stamp(now))
    since, attempts = earlier.since or clock.stamp(now), max(state.attempts, earlier.attempts)
    answered = earlier.state != CONFLICT and earlier.reason not in _LASTING
    return replace(state, since=since, attempts=attempts, answered=answered)


def overdue(state: State, earlier: State | None, failure: Problem, now: datetime) -> State:
    """Return a pending state as FAILED if it has been out of sync for too long; its message is added to.

    The engine writes a slice's copies one after the other, and looks at them again only when it is through: a large
    slice takes longer than REFUSED_AFTER. So this must be the third look, too: the second comes right after the writes,
    perhaps before the engine has seen what became of them.
    """
    if clock.age(state.since, now) < times.REFUSED_AFTER or not (earlier and earlier.answered):
        return state
    return replace(state, state=FAILED, reason=failure.reason, message=f"{state.message}; {failure.message}")


def retry_after(states: Iterable[State], now: datetime) -> float:
    """Return in how many seconds to look again: soon while something is fresh, rarely when it is old, 0 for never.

    The engine's own retry backs off to 17 minutes, and a write it believes to be done is not retried at all. Foreign
    objects are watched and wake the slice when they go, and so do the source and the ObjectSync.
    """
    waiting = (state for state in states if state.state not in (SYNCED, CONFLICT) and state.reason not in _LASTING)
    return min((_next_look(state, now) for state in waiting), default=0.0)


def _next_look(state: State, now: datetime) -> float:
    if state.reason == reasons.CONTESTED:
        return max(float(times.RETRY_MIN), next_try(state, now))
    return pause(clock.age(state.since, now))


def next_try(state: State, now: datetime) -> float:
    """Return in how many seconds the next repair of a copy is due that differed again after the last one."""
    pauses = times.CONTESTED_PAUSES
    return max(0.0, pauses[min(state.attempts, len(pauses)) - 1] - clock.age(state.tried, now))


def pause(age: float) -> float:
    """Return the pause before the next repair of what has been out of sync for so many seconds."""
    return min(float(times.RETRY_MAX), max(float(times.RETRY_MIN), age / 2))
