"""What each ObjectSync gets: its resource type, its destinations, or the refusal that says why it gets none."""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from object_syncer.kube import builtin, defects
from object_syncer.kube.meta import Json, is_terminating, name_of, namespace_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import contests, destinations, discovery, loops
from object_syncer.planning.destinations import Destinations, Namespaces
from object_syncer.planning.scope import Scope, serving
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Plan:
    """One ObjectSync, planned. A refused one has no destinations. `source` is (namespace, name)."""

    object_sync: Json
    type: ResourceType
    source: tuple[str, str]
    destinations: Destinations
    refusal: Problem | None = None
    notice: str = ""
    """What its user should know, though nothing is wrong."""


@dataclass(slots=True)
class Plans:
    """All ObjectSyncs of a policy. Those in `failed` hit a defect of ours: what they have must be left as it is."""

    plans: list[Plan]
    failed: set[str]
    """uids"""


def make(
    object_syncs: Iterable[Json],
    policy: str,
    scopes: Sequence[Scope],
    namespaces: Namespaces,
    held: Collection[str] = (),
) -> Plans:
    """Plan every ObjectSync that `policy` serves, whose kind is known, and that is not being deleted.

    `scopes` are those of all policies, ranked; `held` the uids of ObjectSyncs that have slices. One that is being
    deleted gets no plan, but keeps its claims while it has: its copies are still there, and who took over now, or
    closed a circle with it, would lose a source with them.

    One bad ObjectSync never harms another: what it raises is logged, and it alone goes without a plan.
    """
    plans: list[Plan] = []
    failed: set[str] = set()
    for object_sync in sorted(object_syncs, key=contests.seniority):
        going, uid = is_terminating(object_sync), object_sync["metadata"]["uid"]
        if going and uid not in held:
            continue
        try:
            plan = _plan(object_sync, policy, scopes, namespaces)
        except Exception as defect:
            _log.error(
                "cannot plan ObjectSync %s/%s: %s",
                namespace_of(object_sync),
                name_of(object_sync),
                defects.place(defect),
            )
            if not going:
                failed.add(uid)
            continue
        if plan:
            plans.append(plan)
    claims = [
        contests.Claim(
            f"{namespace_of(plan.object_sync)}/{name_of(plan.object_sync)}",
            plan.type,
            plan.source,
            plan.destinations,
        )
        for plan in plans
    ]
    circles = loops.Circles(claims)
    contests.settle(claims, circles.cut)
    for index, notice in circles.told.items():
        plans[index].notice = notice
    return Plans([plan for plan in plans if not is_terminating(plan.object_sync)], failed)


def _plan(object_sync: Json, policy: str, scopes: Sequence[Scope], namespaces: Namespaces) -> Plan | None:
    spec, own = object_sync["spec"], namespace_of(object_sync)
    resource = discovery.known(spec["source"], object_sync.get("status"))
    if not isinstance(resource, ResourceType):
        return None  # the ObjectSync hook says why
    source = (spec["source"].get("namespace") or own, spec["source"]["name"])
    scope, refusal = serving(scopes, resource, source[0], own)
    if scope is None or scope.policy != policy:
        return None
    refusal = refusal or _never(resource)
    if refusal:
        return Plan(object_sync, resource, source, Destinations(), refusal)
    wanted = destinations.expand(spec["destinations"], *source, namespaces, scope.targets)
    return Plan(object_sync, resource, source, wanted)


def _never(resource: ResourceType) -> Problem | None:
    why = builtin.NEVER_COPIED.get((resource.group, resource.kind))
    return Problem(reasons.SOURCE_NOT_COPYABLE, f"spec.source.kind: {why}") if why else None
