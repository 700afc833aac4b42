"""What each ObjectSync gets: its resource type and destinations, or the problem that says why it gets no copies."""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from object_syncer.kube import builtin, defects
from object_syncer.kube.meta import Json, is_terminating, name_of, namespace_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import deletion_policy, destinations, discovery, known_fields, precedence, transforms
from object_syncer.planning.destinations import Destinations
from object_syncer.planning.namespaces import Namespaces, targets
from object_syncer.planning.scope import Scope, serving
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

_log = logging.getLogger(__name__)

_SUSPENDED = Problem(reasons.SUSPENDED, "nothing is written or deleted while spec.suspend is true")

_KEEP_COPIES = frozenset(
    (reasons.TOO_MANY_COPIES, reasons.UNKNOWN_FIELD, reasons.TRANSFORM_NOT_ALLOWED, reasons.INVALID_POLICY)
)
"""Problems with which SyncSlices that exist stay as they are, unless the ObjectSync is being deleted."""


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
    source_consent: bool = False
    """Whether the owner of the source must have offered it."""
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    """By namespace, the labels that its patches use."""
    may_stay: frozenset[str] = frozenset()
    """Namespaces where copies stay that it does not want any more: those where copies may be, if it retains them."""

    @property
    def retains(self) -> bool:
        """Whether copies stay that go with the ObjectSync, a destination or the source."""
        return deletion_policy.retains(self.object_sync)


@dataclass(frozen=True, slots=True)
class Plans:
    """All ObjectSyncs of a policy."""

    plans: list[Plan] = field(default_factory=list)
    unplanned: dict[str, Problem | None] = field(default_factory=dict)
    """By uid, ObjectSyncs whose SyncSlices stay as they are, and the problem that keeps them from new copies."""
    heirs: dict[str, Plan] = field(default_factory=dict)
    """By uid, ObjectSyncs that have SyncSlices here, but are served by another policy now, as that one plans them."""
    suspended: dict[str, int] = field(default_factory=dict)
    """By uid, the generation of ObjectSyncs that are suspended: no copy of theirs is written or deleted."""
    retained: dict[str, Plan | None] = field(default_factory=dict)
    """By uid, ObjectSyncs that are being deleted and whose copies stay, and what they would get if that is known."""
    unresolved: dict[str, str] = field(default_factory=dict)
    """By uid, the kind that ObjectSyncs whose copies stay ask for now, and that is not known."""


def make(
    object_syncs: Iterable[Json],
    policy: str,
    scopes: Sequence[Scope],
    namespaces: Namespaces,
    with_slices: Collection[str] = (),
    keeping: Collection[str] = (),
) -> Plans:
    """Plan every ObjectSync that `policy` serves, whose kind is known, and that is not being deleted.

    `scopes` are those of all policies, ranked; `with_slices` the uids of ObjectSyncs that have SyncSlices of `policy`,
    `keeping` of those that have some that do not give up their copies. A deleted ObjectSync gets no plan, but keeps its
    claims while it has slices, so that nobody overwrites copies still in use. So do ObjectSyncs of policies with a
    higher priority: they come first wherever destinations are contested.

    One bad ObjectSync never harms another: what it raises is logged, and its slices stay as they are.
    """
    object_syncs = list(object_syncs)
    asking, unplanned = _asking(object_syncs, (policy,), scopes, namespaces, with_slices, keeping)
    granted = _granted(asking)
    plans = [plan for scope, plan in granted if scope.policy == policy and not is_terminating(plan.object_sync)]
    leaving = [
        (scope, plan)
        for scope, plan in asking
        if scope.policy != policy
        and plan.problem is None
        and not is_terminating(plan.object_sync)
        and plan.object_sync["metadata"]["uid"] in with_slices
    ]
    heirs = _heirs(policy, leaving, object_syncs, scopes, namespaces)
    found = {plan.object_sync["metadata"]["uid"]: plan for _, plan in granted if not _keeps_copies(plan)}
    retained = {uid: found.get(uid) for uid in deletion_policy.ending(object_syncs)}
    unresolved = deletion_policy.unresolved(object_syncs)
    return Plans(plans, unplanned, heirs, _suspended(object_syncs), retained, unresolved)


def _heirs(
    policy: str,
    leaving: Sequence[tuple[Scope, Plan]],
    object_syncs: Iterable[Json],
    scopes: Sequence[Scope],
    namespaces: Namespaces,
) -> dict[str, Plan]:
    """Return by uid the plans of ObjectSyncs that leave a policy, as the policies that serve them now make them.

    They gain nothing from ObjectSyncs that stay and come before them.
    """
    # What a deleted ObjectSync still claims is no reason to take copies away from another one that has them.
    living = [item for item in object_syncs if not is_terminating(item)]
    wanted = {plan.object_sync["metadata"]["uid"] for _, plan in leaving}
    heirs: dict[str, Plan] = {}
    for heir in sorted({scope.policy for scope, _ in leaving}):
        asking, _ = _asking(living, (policy, heir), scopes, namespaces, (), ())
        for scope, plan in _granted(asking):
            uid = plan.object_sync["metadata"]["uid"]
            if scope.policy == heir and uid in wanted:
                heirs[uid] = plan
    return heirs


def _granted(asking: Sequence[tuple[Scope, Plan]]) -> list[tuple[Scope, Plan]]:
    """Return plans with the destinations that they get; they come in order of precedence."""
    claims = [
        precedence.Claim(_key(plan.object_sync), plan.type, plan.source, plan.destinations, scope.priority)
        for scope, plan in asking
    ]
    return [
        (scope, replace(plan, destinations=grant.destinations, advice=grant.advice or plan.advice))
        for (scope, plan), grant in zip(asking, precedence.decide(claims), strict=True)
    ]


def _asking(
    object_syncs: Iterable[Json],
    policies: Collection[str],
    scopes: Sequence[Scope],
    namespaces: Namespaces,
    with_slices: Collection[str],
    keeping: Collection[str],
) -> tuple[list[tuple[Scope, Plan]], dict[str, Problem | None]]:
    """Return the ObjectSyncs that matter to `policies`, in order of precedence, and those that cannot be planned."""
    priority = min((scope.priority for scope in scopes if scope.policy in policies), default=None)
    asking: list[tuple[Scope, Plan]] = []
    unplanned: dict[str, Problem | None] = {}
    for object_sync in sorted(object_syncs, key=precedence.seniority):
        terminating, uid = is_terminating(object_sync), object_sync["metadata"]["uid"]
        try:
            keeps = uid in keeping or (terminating and uid in with_slices)
            served = _served(object_sync, scopes, namespaces, policies if keeps else ())
            if served is None:
                continue
            scope, type_, problem = served
            comes_first = priority is not None and scope.priority > priority
            if uid not in with_slices and not comes_first and (terminating or scope.policy not in policies):
                continue
            if terminating and comes_first and uid in with_slices:  # it has copies here, and will not go there
                scope = next(each for each in scopes if each.policy in policies)
            plan = _asked(object_sync, type_, scope, problem, namespaces)
        except Exception as defect:
            _log.error("cannot plan ObjectSync %s: %s", _key(object_sync), defects.place(defect))
            if not terminating:
                unplanned[uid] = _internal_error(defect)
            continue
        if plan.problem and _keeps_copies(plan) and uid in with_slices and not terminating:
            unplanned[uid] = plan.problem
        else:
            asking.append((scope, plan))
    asking.sort(key=lambda item: -item[0].priority)
    return asking, unplanned


def _keeps_copies(plan: Plan) -> bool:
    return plan.problem is not None and plan.problem.reason in _KEEP_COPIES


def none(object_syncs: Iterable[Json], problem: Problem | None) -> Plans:
    """Return the answer where nothing may be planned: what exists stays; with a problem, no copy is created either."""
    object_syncs = list(object_syncs)
    unplanned = {item["metadata"]["uid"]: problem for item in object_syncs if not is_terminating(item)}
    retained = dict.fromkeys(deletion_policy.ending(object_syncs))
    return Plans(unplanned=unplanned, suspended=_suspended(object_syncs), retained=retained)


def _suspended(object_syncs: Iterable[Json]) -> dict[str, int]:
    return {
        item["metadata"]["uid"]: item["metadata"]["generation"]
        for item in object_syncs
        if (item.get("spec") or {}).get("suspend") is True and not is_terminating(item)
    }


def _served(
    object_sync: Json, scopes: Sequence[Scope], namespaces: Namespaces, keepers: Collection[str]
) -> tuple[Scope, ResourceType, Problem | None] | None:
    """Return which scope serves an ObjectSync, its type, and why the scope refuses it; None if nobody serves it.

    `keepers` are policies that have SyncSlices of it, as far as that is known here.
    """
    source, own = object_sync["spec"]["source"], namespace_of(object_sync)
    type_ = discovery.known(source, object_sync.get("status"))
    if not isinstance(type_, ResourceType):
        return None  # the ObjectSync's own hook says why
    home = source.get("namespace") or own
    named = destinations.named(object_sync["spec"]["destinations"], home, source["name"])
    scope, problem = serving(scopes, type_, home, own, named, namespaces.labels_of(home), keepers)
    return (scope, type_, problem) if scope else None


def _asked(
    object_sync: Json, type_: ResourceType, scope: Scope, problem: Problem | None, namespaces: Namespaces
) -> Plan:
    """Return what an ObjectSync asks for, as far as the policy that serves it permits it."""
    spec = object_sync["spec"]
    source = (spec["source"].get("namespace") or namespace_of(object_sync), spec["source"]["name"])
    problem = problem or _uncopyable(type_) or known_fields.problem(spec, known_fields.OBJECT_SYNC)
    problem = problem or transforms.problem(spec, type_, scope)
    if problem:
        return Plan(object_sync, type_, source, Destinations(), problem=problem)
    where = targets(namespaces, scope.targets_of(namespace_of(object_sync)), scope.target_selector, _key(object_sync))
    most = destinations.at_most(spec["destinations"], source[1], namespaces, where)
    if most > scope.max_copies:
        return Plan(object_sync, type_, source, Destinations(), problem=_too_many(most, scope))
    wanted = destinations.expand(spec["destinations"], source, type_, namespaces, where)
    asked = spec.get("conflictPolicy") or "Fail"
    permitted = asked == "Fail" or asked in scope.conflict_policies
    return Plan(
        object_sync,
        type_,
        source,
        _without_reserved(wanted, type_),
        conflict_policy=asked if permitted else "Fail",
        advice=_SUSPENDED if spec.get("suspend") else None if permitted else _acts_as_fail(asked, scope),
        source_consent=scope.source_consent,
        labels=_labels(spec, wanted, namespaces),
        may_stay=where.open if deletion_policy.retains(object_sync) else frozenset(),
    )


def _labels(spec: Json, wanted: Destinations, namespaces: Namespaces) -> dict[str, dict[str, str]]:
    keys = transforms.labels(spec)
    if not keys:
        return {}
    labels = {namespace: namespaces.labels_of(namespace) for where in wanted.wanted.values() for namespace in where}
    return {
        namespace: {key: found[key] for key in sorted(keys & found.keys())}
        for namespace, found in labels.items()
        if keys & found.keys()
    }


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
