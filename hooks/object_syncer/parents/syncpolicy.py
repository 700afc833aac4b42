"""The policy, or: the planner. It decides for all ObjectSyncs at once what the slices then carry out.

Its children are the SyncSlices and one generated CompositeController per resource type in use. It plans for
everybody, so nothing that one ObjectSync says may make it fail.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from object_syncer.kube import api, metacontroller, types
from object_syncer.kube.meta import Json, is_terminating, name_of
from object_syncer.kube.metacontroller import Request
from object_syncer.kube.types import ResourceType
from object_syncer.planning import controllers, destinations, discovery, guard, plan, scope, slices
from object_syncer.status import conditions, reasons
from object_syncer.status.conditions import Condition
from object_syncer.status.problem import Problem

_SETTLING = Problem(reasons.GUARD_MISSING, "the API server is about to put the guard in force")
_ADMISSION = "admissionregistration.k8s.io/v1"


def customize(request: Request, _now: datetime) -> Json:
    """Watch the ObjectSyncs of the policy, every namespace, all policies, and whether the guard is installed."""
    rules = [metacontroller.rule("v1", "namespaces"), metacontroller.rule(api.API_VERSION, "syncpolicies")]
    watch = scope.of(request.parent).watch
    if watch.everything or watch.globs:
        rules.append(metacontroller.rule(api.API_VERSION, "objectsyncs"))
    else:  # by namespace, so that policies share the load
        rules += (metacontroller.rule(api.API_VERSION, "objectsyncs", namespace=name) for name in sorted(watch.plain))
    if _needs_guard(request):
        for resource_name in ("validatingadmissionpolicies", "validatingadmissionpolicybindings"):
            rules.append(metacontroller.rule(_ADMISSION, resource_name, names=[api.GUARD]))
    return metacontroller.rules(rules)


def sync(request: Request, now: datetime) -> Json:
    """Answer the slices and controllers that should exist."""
    observed = request.children.of(api.API_VERSION, "SyncSlice")
    running = request.children.of(api.ENGINE_API_VERSION, "CompositeController")
    obstacle = _obstacle(request, observed, now)
    if obstacle:
        told = Condition("Ready", "False", obstacle.reason, f"nothing is planned: {obstacle.message}")
        wanted = _kept(request, observed, now, unguarded=obstacle.reason == reasons.GUARD_MISSING)
    else:
        told = Condition("Ready", "True", reasons.SUCCESS, "ObjectSyncs are planned")
        wanted = _slices(request, observed, now)
    silent = slices.unserved(observed.values(), running, now)
    wanted = [slices.told(item, silent) for item in wanted]
    generated = _controllers(request, wanted, observed, running)
    meta, earlier = request.parent["metadata"], request.parent.get("status") or {}
    status = {
        "conditions": conditions.dated([told], earlier.get("conditions"), meta["generation"], now),
        "controllers": len(generated),
    }
    awaited = any(map(slices.is_awaited, observed.values()))  # nothing else wakes us when their time is up
    waiting = any(item["spec"].get("draining") for item in wanted) or obstacle == _SETTLING
    return metacontroller.composite(status, wanted + generated, 2.0 if awaited else 5.0 if waiting else 0.0)


def _needs_guard(request: Request) -> bool:
    return (request.parent.get("spec") or {}).get("guard") != "None"


def _obstacle(request: Request, observed: Mapping[str, Json], now: datetime) -> Problem | None:
    """What makes planning unsafe."""
    if any(api.LAST_APPLIED_ANNOTATION in (item["metadata"].get("annotations") or {}) for item in observed.values()):
        return Problem(reasons.WRONG_APPLY_STRATEGY, "Metacontroller must run with --apply-strategy=server-side-apply")
    if not _needs_guard(request):
        return None
    policy = request.related.of(_ADMISSION, "ValidatingAdmissionPolicy").get(api.GUARD)
    binding = request.related.of(_ADMISSION, "ValidatingAdmissionPolicyBinding").get(api.GUARD)
    if not guard.denies(policy, binding):
        return Problem(
            reasons.GUARD_MISSING,
            f"there is no ValidatingAdmissionPolicy {api.GUARD} with a binding that denies, which keeps foreign "
            "objects from being overwritten: install metacontroller/admission, or set spec.guard to None",
        )
    if any(part and guard.is_fresh(part, now) for part in (policy, binding)):
        return _SETTLING
    return None


def _kept(request: Request, observed: Mapping[str, Json], now: datetime, *, unguarded: bool) -> list[Json]:
    """Without a plan what exists stays as it is, but an ObjectSync that is being deleted must not wait for one."""
    object_syncs = request.related.of(api.API_VERSION, "ObjectSync").values()
    living = {item["metadata"]["uid"] for item in object_syncs if not is_terminating(item)}
    resolved = {item["metadata"]["uid"]: discovery.recorded(item.get("status")) for item in object_syncs}
    wanted = []
    for item in observed.values():
        uid = item["spec"]["objectSync"]["uid"]
        if uid in living:
            wanted.append(slices.unguarded(item) if unguarded else slices.again(item))
        elif ended := slices.ending(item, resolved.get(uid), now):
            wanted.append(ended)
    return wanted


def _slices(request: Request, observed: Mapping[str, Json], now: datetime) -> list[Json]:
    policy = name_of(request.parent)
    object_syncs = request.related.of(api.API_VERSION, "ObjectSync").values()
    namespaces = destinations.living(request.related.of("v1", "Namespace"))
    scopes = scope.ranked(request.related.of(api.API_VERSION, "SyncPolicy").values())
    held: dict[str, list[Json]] = {}
    for item in observed.values():
        held.setdefault(item["spec"]["objectSync"]["uid"], []).append(item)
    made = plan.make(object_syncs, policy, scopes, namespaces, held)
    wanted: list[Json] = []
    for planned in made.plans:
        wanted += slices.of_plan(planned, policy, held.pop(planned.object_sync["metadata"]["uid"], ()), now)
    resolved = {item["metadata"]["uid"]: discovery.recorded(item.get("status")) for item in object_syncs}
    for uid, items in held.items():
        if uid in made.failed:
            wanted += map(slices.again, items)
        else:
            wanted += (ended for item in items if (ended := slices.ending(item, resolved.get(uid), now)))
    return wanted


def _controllers(
    request: Request, wanted: Iterable[Json], observed: Mapping[str, Json], running: Mapping[str, Json]
) -> list[Json]:
    """One controller per type that a wanted slice needs; one that runs stays while any slice of its type exists."""
    policy = name_of(request.parent)
    in_use: dict[str, ResourceType] = {}
    for item in wanted:
        if slices.needs_controller(item, observed.get(name_of(item))):
            type_ = types.load(item["spec"]["resource"])
            in_use[controllers.name(policy, type_)] = type_
    for item in observed.values():
        type_ = types.load(item["spec"]["resource"])
        name = controllers.name(policy, type_)
        if name in running:
            in_use[name] = type_
    return [controllers.generate(policy, type_, request.controller) for _, type_ in sorted(in_use.items())]
