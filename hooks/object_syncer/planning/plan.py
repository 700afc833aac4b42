"""What each ObjectSync gets: its resource type and destinations, or the problem that says why it gets no copies."""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from object_syncer.kube import builtin, defects
from object_syncer.kube.meta import Json, is_terminating, name_of, namespace_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import destinations, discovery, precedence
from object_syncer.planning.destinations import Destinations, Namespaces
from object_syncer.planning.scope import Scope, serving
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """One ObjectSync, planned."""

    object_sync: Json
    type: ResourceType
    source: tuple[str, str]
    """namespace and name."""
    destinations: Destinations
    conflict_policy: str = "Fail"
    """What it may do about foreign objects: what it asks for, as far as its SyncPolicy permits that."""
    problem: Problem | None = None
    """Why it gets no copies at all."""
    advice: Problem | None = None
    """What its user should know, though nothing is wrong with it."""


@dataclass(frozen=True, slots=True)
class Plans:
    """All ObjectSyncs of a policy."""

    plans: list[Plan] = field(default_factory=list)
    unplanned: dict[str, Problem | None] = field(default_factory=dict)
    """By uid, ObjectSyncs whose SyncSlices stay as they are, and the problem that keeps them from new copies."""


def make(
    object_syncs: Iterable[Json],
    policy: str,
    scopes: Sequence[Scope],
    namespaces: Namespaces,
    with_slices: Collection[str] = (),
) -> Plans:
    """Plan every ObjectSync that `policy` serves, whose kind is known, and that is not being deleted.

    `scopes` are those of all policies, ranked; `with_slices` the uids of ObjectSyncs that have SyncSlices. A deleted
    ObjectSync gets no plan, but keeps its claims while it has slices, so that nobody overwrites copies still in use.

    One bad ObjectSync never harms another: what it raises is logged, and its slices stay as they are.
    """
    asked: list[Plan] = []
    unplanned: dict[str, Problem | None] = {}
    for object_sync in sorted(object_syncs, key=precedence.seniority):
        terminating, uid = is_terminating(object_sync), object_sync["metadata"]["uid"]
        if terminating and uid not in with_slices:
            continue
        try:
            plan = _asked(object_sync, policy, scopes, namespaces)
        except Exception as defect:
            _log.error("cannot plan ObjectSync %s: %s", _key(object_sync), defects.place(defect))
            if not terminating:
                unplanned[uid] = _internal_error(defect)
            continue
        if plan and plan.problem and plan.problem.reason == reasons.TOO_MANY_COPIES and uid in with_slices:
            unplanned[uid] = plan.problem
        elif plan:
            asked.append(plan)
    claims = [precedence.Claim(_key(plan.object_sync), plan.type, plan.source, plan.destinations) for plan in asked]
    granted = [
        replace(plan, destinations=grant.destinations, advice=grant.advice or plan.advice)
        for plan, grant in zip(asked, precedence.decide(claims), strict=True)
    ]
    return Plans([plan for plan in granted if not is_terminating(plan.object_sync)], unplanned)


def none(object_syncs: Iterable[Json], problem: Problem | None) -> Plans:
    """Return the answer where nothing may be planned: what exists stays; with a problem, no copy is created either."""
    living = [item for item in object_syncs if not is_terminating(item)]
    return Plans([], {item["metadata"]["uid"]: problem for item in living})


def _asked(object_sync: Json, policy: str, scopes: Sequence[Scope], namespaces: Namespaces) -> Plan | None:
    """Return what an ObjectSync asks for, as far as its policy permits it; None if `policy` does not serve it."""
    spec, own = object_sync["spec"], namespace_of(object_sync)
    type_ = discovery.known(spec["source"], object_sync.get("status"))
    if not isinstance(type_, ResourceType):
        return None  # the ObjectSync's own hook says why
    source = (spec["source"].get("namespace") or own, spec["source"]["name"])
    scope, problem = serving(scopes, type_, source[0], own)
    if scope is None or scope.policy != policy:
        return None
    problem = problem or _uncopyable(type_)
    if problem:
        return Plan(object_sync, type_, source, Destinations(), problem=problem)
    most = destinations.at_most(spec["destinations"], source[1], namespaces, scope.targets)
    if most > scope.max_copies:
        return Plan(object_sync, type_, source, Destinations(), problem=_too_many(most, scope))
    wanted = destinations.expand(spec["destinations"], *source, namespaces, scope.targets)
    asked = spec.get("conflictPolicy") or "Fail"
    permitted = asked == "Fail" or asked in scope.conflict_policies
    return Plan(
        object_sync,
        type_,
        source,
        _without_reserved(wanted, type_),
        conflict_policy=asked if permitted else "Fail",
        advice=None if permitted else _acts_as_fail(asked, scope),
    )


def _without_reserved(wanted: Destinations, type_: ResourceType) -> Destinations:
    reserved = builtin.RESERVED.get((type_.group, type_.kind), frozenset()) & wanted.names().keys()
    return wanted.without({(name, _reserved(name)): wanted.names()[name] for name in reserved}) if reserved else wanted


def _acts_as_fail(asked: str, scope: Scope) -> Problem:
    message = (
        f"spec.conflictPolicy: {asked} is not in conflictPolicies of SyncPolicy {scope.policy}, so Fail is in force"
    )
    return Problem(reasons.CONFLICT_POLICY_NOT_ALLOWED, message)


def _reserved(name: str) -> Problem:
    message = f"Kubernetes maintains an object {name} in every namespace: give the copy another name"
    return Problem(reasons.DESTINATION_RESERVED, f"spec.destinations: {message}")


def _too_many(most: int, scope: Scope) -> Problem:
    return Problem(
        reasons.TOO_MANY_COPIES,
        f"spec.destinations: up to {most} copies; maxCopies of SyncPolicy {scope.policy} is {scope.max_copies}",
    )


def _uncopyable(type_: ResourceType) -> Problem | None:
    if type_.group in builtin.NEVER_COPIED_GROUPS:
        message = f"spec.source.group: objects of {type_.group} are never copied"
        return Problem(reasons.SOURCE_NOT_COPYABLE, message)
    why = builtin.NEVER_COPIED.get((type_.group, type_.kind))
    return Problem(reasons.SOURCE_NOT_COPYABLE, f"spec.source.kind: {why}") if why else None


def _internal_error(defect: Exception) -> Problem:
    message = f"a defect of Object Syncer, please report it: {defects.place(defect)}"
    return Problem(reasons.INTERNAL_ERROR, message)


def _key(object_sync: Json) -> str:
    return f"{namespace_of(object_sync)}/{name_of(object_sync)}"
