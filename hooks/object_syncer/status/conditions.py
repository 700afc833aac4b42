"""Conditions by the Kubernetes API conventions, and how ours are worded.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from object_syncer.kube import clock
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.status import destination, reasons
from object_syncer.status.destination import State
from object_syncer.status.problem import Problem


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition without its times; `status` is "True", "False" or "Unknown"."""

    type: str
    status: str
    reason: str
    message: str


def dated(
    conditions: Iterable[Condition], earlier: Sequence[Json] | None, generation: int, now: datetime
) -> list[Json]:
    """Return `status.conditions`; lastTransitionTime moves only when the status of a condition does."""
    before = {condition["type"]: condition for condition in earlier or ()}
    result = []
    for condition in conditions:
        old = before.get(condition.type, {})
        same = old.get("status") == condition.status and old.get("lastTransitionTime")
        result.append(
            {
                "type": condition.type,
                "status": condition.status,
                "reason": condition.reason,
                "message": condition.message,
                "observedGeneration": generation,
                "lastTransitionTime": old["lastTransitionTime"] if same else clock.stamp(now),
            }
        )
    return result


def ready(type_: ResourceType, source: str) -> Condition:
    """Return the condition of an ObjectSync that is accepted and served. *Upstream's* wording."""
    kind = "/".join(part for part in (type_.group, type_.version, type_.kind) if part)
    message = f"Successfully registered with ResourceController {kind} and {source}"
    return Condition("Ready", "True", reasons.SUCCESS, message)


def not_served(problem: Problem) -> tuple[Condition, Condition]:
    """Return the conditions of an ObjectSync that is not served, so that nothing of it is in sync."""
    return (
        Condition("Ready", "False", problem.reason, problem.message),
        Condition("InSync", "False", problem.reason, problem.message),
    )


def in_sync(
    unsynced: Sequence[State],
    synced: int,
    total: int,
    problem: Problem | None,
    advice: str = "",
    unnamed: Mapping[str, int] | None = None,
) -> Condition:
    """Return the condition InSync. It is True if every destination was observed equal to the present source.

    Destinations whose namespace does not exist do not count against it. `unsynced` are the destinations that are not
    Synced, `problem` what concerns all of them, `advice` what the user should know though nothing is wrong. `unnamed`
    is by reason how many more are not Synced; of each reason `unsynced` has one at least. The first words are
    *upstream's*.
    """
    message = f"{synced} out of {total} destinations are in sync"
    if problem:
        return Condition("InSync", "False", problem.reason, f"{message}: {problem.message}")
    waiting = [state for state in unsynced if state.reason == reasons.NAMESPACE_NOT_FOUND]
    blocking = [state for state in unsynced if state.reason != reasons.NAMESPACE_NOT_FOUND]
    unnamed = unnamed or {}
    more = unnamed.get(reasons.NAMESPACE_NOT_FOUND, 0)
    if not blocking and synced + len(waiting) + more == total:
        absent = f"; waiting for namespace {_some((state.namespace for state in waiting), more)}" if waiting else ""
        return Condition("InSync", "True", reasons.SUCCESS, message + absent + (f"; {advice}" if advice else ""))
    failing = [state for state in blocking if state.state != destination.PENDING] or blocking
    if not failing:
        return Condition("InSync", "False", reasons.PLANNING, message)
    counts = {reason: count + unnamed.get(reason, 0) for reason, count in Counter(s.reason for s in failing).items()}
    reason = min(counts.items(), key=lambda item: (-item[1], item[0]))[0]
    first = next(state for state in failing if state.reason == reason)
    named = (f"{state.namespace}/{state.name}" for state in failing if state.reason == reason)
    where = _some(named, unnamed.get(reason, 0))
    return Condition("InSync", "False", reason, f"{message}; {where}: {first.message}")


def _some(words: Iterable[str], unnamed: int) -> str:
    listed = sorted(words)
    more = max(0, len(listed) - 3) + unnamed
    return ", ".join(listed[:3]) + (f" and {more} more" if more else "")
