"""The SyncPolicy, whose hook is the planner: it decides for all ObjectSyncs at once what the SyncSlices carry out.

Its children are the SyncSlices and the generated controllers of each resource type in use. It plans for everybody, so
nothing that one ObjectSync says may make it fail.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from object_syncer.kube import api, clock, metacontroller, times
from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.kube.metacontroller import Objects, Request
from object_syncer.planning import (
    controllers,
    discovery,
    guard,
    known_fields,
    namespaces,
    plan,
    scope,
    slice_lifecycle,
    slice_spec,
)
from object_syncer.planning.plan import Plans
from object_syncer.status import conditions, reasons
from object_syncer.status.conditions import Condition
from object_syncer.status.problem import Problem

_SHOWN_FAILURES = 20
"""Items of `SyncPolicy.status.failures`."""

_NO_NEW_COPIES = frozenset((reasons.GUARD_MISSING, reasons.UNKNOWN_FIELD))
"""Problems of a SyncPolicy with which copies that exist follow their source, and none is created."""

_ADMISSION = "admissionregistration.k8s.io/v1"


def customize(request: Request, _now: datetime) -> Json:
    """Watch the ObjectSyncs of the policy, every namespace, all policies, and whether the guard is installed."""
    rules = [metacontroller.rule("v1", "namespaces"), metacontroller.rule(api.API_VERSION, "syncpolicies")]
    own = scope.of(request.parent)
    watch = own.watch
    if watch.everything or watch.globs or own.invalid:  # an invalid policy keeps whatever it has, if that still exists
        rules.append(metacontroller.rule(api.API_VERSION, "objectsyncs"))
    else:  # by namespace, so that policies share the load
        rules += (metacontroller.rule(api.API_VERSION, "objectsyncs", namespace=name) for name in sorted(watch.plain))
        everywhere = {"matchLabels": {api.VISIBLE_LABEL: api.VISIBLE_TO_ALL}}
        rules.append(metacontroller.rule(api.API_VERSION, "objectsyncs", labelSelector=everywhere))
    if _needs_guard(request):
        for plural in ("validatingadmissionpolicies", "validatingadmissionpolicybindings"):
            rules.append(metacontroller.rule(_ADMISSION, plural, names=[api.GUARD]))
    return metacontroller.rules(rules)


def sync(request: Request, now: datetime) -> Json:
    """Answer the SyncSlices and the generated controllers that should exist."""
    policy = name_of(request.parent)
    observed = request.children.of(api.API_VERSION, "SyncSlice")
    running = request.children.of(api.ENGINE_API_VERSION, "CompositeController")
    object_syncs = request.related.of(api.API_VERSION, "ObjectSync").values()

    problem = _problem(request, observed.values(), now)
    if problem:
        plans = plan.none(object_syncs, problem if problem.reason in _NO_NEW_COPIES else None)
    else:
        plans = _plans(request, policy, observed.values())
    resolved = {item["metadata"]["uid"]: discovery.recorded(item.get("status")) for item in object_syncs}
    answered = slice_lifecycle.follow(plans, scope.of(request.parent), observed.values(), resolved, now)
    slices, losers = slice_lifecycle.distinct(answered)
    plans = replace(plans, unplanned={**plans.unplanned, **losers})

    served = [item for item in slices if slice_lifecycle.needs_controller(item, observed.get(name_of(item)))]
    in_use = controllers.in_use(policy, served, observed.values(), running)
    generated = [made for type_ in in_use for made in controllers.generate(policy, type_, request.controller)]
    status = {
        "conditions": _conditions(request.parent, problem, plans, now),
        "controllers": len(in_use),
        "serving": controllers.serving(observed.values()),
        **_failures(object_syncs, plans),
    }
    wait = times.GUARD_SETTLES if problem == guard.SETTLING else _until_timeout(slices, now)
    return metacontroller.composite(status, slices + generated, wait)


def _until_timeout(slices: Iterable[Json], now: datetime) -> float:
    """Return in how many seconds the first of the slices has waited long enough, which no event announces; 0 for never.

    It is counted from when the slice began to wait: the engine keeps the earliest of all times, also that of another
    slice, and forgets the others.
    """
    stamps = filter(None, (item["spec"].get("draining") or item["spec"].get("unseen") for item in slices))
    ages = [clock.age(stamp, now) for stamp in stamps]
    return max(1.0, times.DRAIN_TIMEOUT + 1 - max(ages)) if ages else 0.0


def repeats(observed: Objects, wanted: Iterable[Json]) -> bool:
    """Tell whether these children of a policy leave the observed SyncSlices as they are."""
    slices = observed.of(api.API_VERSION, "SyncSlice")
    answered = {name_of(child): child for child in wanted if child["kind"] == "SyncSlice"}
    return answered.keys() == slices.keys() and all(_is_as(slices[name], child) for name, child in answered.items())


def _is_as(observed: Json, wanted: Json) -> bool:
    before, after = observed["metadata"], wanted["metadata"]
    marks = ("labels", "annotations")
    same = all((after.get(key) or {}).items() <= (before.get(key) or {}).items() for key in marks)
    return bool(same and observed["spec"] == wanted["spec"])


def _plans(request: Request, policy: str, observed: Collection[Json]) -> Plans:
    return plan.make(
        request.related.of(api.API_VERSION, "ObjectSync").values(),
        policy,
        scope.ranked(request.related.of(api.API_VERSION, "SyncPolicy").values()),
        namespaces.read(request.related.of("v1", "Namespace")),
        {item["spec"]["objectSync"]["uid"] for item in observed},
        {item["spec"]["objectSync"]["uid"] for item in observed if not slice_spec.is_given_up(item["spec"])},
    )


def _problem(request: Request, observed: Iterable[Json], now: datetime) -> Problem | None:
    """Return what makes planning unsafe."""
    if any(api.LAST_APPLIED_ANNOTATION in (item["metadata"].get("annotations") or {}) for item in observed):
        return Problem(reasons.WRONG_APPLY_STRATEGY, "Metacontroller must run with --apply-strategy=server-side-apply")
    unknown = known_fields.problem(request.parent.get("spec"), known_fields.SYNC_POLICY)
    if unknown:
        return unknown
    if _needs_guard(request):
        policies = request.related.of(_ADMISSION, "ValidatingAdmissionPolicy")
        bindings = request.related.of(_ADMISSION, "ValidatingAdmissionPolicyBinding")
        missing = guard.problem(policies.get(api.GUARD), bindings.get(api.GUARD), now)
        if missing:
            return missing
    return None if scope.is_retiring(request.parent) else scope.of(request.parent).invalid


def _needs_guard(request: Request) -> bool:
    return (request.parent.get("spec") or {}).get("guard") != "None"


def _failures(object_syncs: Iterable[Json], plans: Plans) -> Json:
    """Return the ObjectSyncs that could not be planned for a defect of ours; they may have no slice that says so."""
    failed = [
        {"objectSync": f"{namespace_of(item)}/{name_of(item)}", "message": why.message}
        for item in object_syncs
        if (why := plans.unplanned.get(item["metadata"]["uid"])) and why.reason == reasons.INTERNAL_ERROR
    ]
    return {"failures": sorted(failed, key=lambda item: item["objectSync"])[:_SHOWN_FAILURES]} if failed else {}


def _conditions(policy: Json, problem: Problem | None, plans: Plans, now: datetime) -> list[Json]:
    if problem:
        ready = Condition("Ready", "False", problem.reason, f"nothing is planned: {problem.message}")
    elif scope.is_retiring(policy):
        message = "copies go to other policies or are deleted; when status.controllers is 0, this policy can be deleted"
        ready = Condition("Ready", "False", reasons.RETIRING, message)
    else:
        failed = sum(bool(why and why.reason == reasons.INTERNAL_ERROR) for why in plans.unplanned.values())
        but = f", but for {failed} that hit a defect of Object Syncer: see status.failures" if failed else ""
        ready = Condition("Ready", "True", reasons.SUCCESS, f"ObjectSyncs are planned{but}")
    earlier = (policy.get("status") or {}).get("conditions")
    return conditions.dated([ready], earlier, policy["metadata"]["generation"], now)
