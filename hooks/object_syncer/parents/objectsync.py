"""The ObjectSync: finds the resource type it names, and sums up in its status what its SyncSlices report.

Its customize can relate the CRDs of its own spec; the planner's cannot, so the type is resolved here. Only this parent
has a finalizer, the engine's: it is removed when the last slice, and with it the last copy, is gone.
"""

from datetime import datetime

from object_syncer.kube import api, clock, metacontroller, times, types
from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.kube.metacontroller import Request
from object_syncer.kube.types import ResourceType
from object_syncer.planning import deletion_policy, destinations, discovery, scope, slice_spec
from object_syncer.planning.scope import Scope
from object_syncer.status import conditions, reasons, settling, stalls, summary
from object_syncer.status import problem as problems
from object_syncer.status.conditions import Condition
from object_syncer.status.problem import Problem
from object_syncer.status.summary import Summary


def customize(request: Request, _now: datetime) -> Json:
    """Watch the slices of this ObjectSync, the policies, and the CRDs that may define its kind."""
    rules = [
        metacontroller.rule(
            api.API_VERSION,
            "syncslices",
            labelSelector={"matchLabels": {api.OBJECTSYNC_LABEL: request.parent["metadata"]["uid"]}},
        ),
        metacontroller.rule(api.API_VERSION, "syncpolicies"),
    ]
    names = discovery.candidates(request.parent["spec"]["source"])
    if names:
        rules.append(metacontroller.rule("apiextensions.k8s.io/v1", "customresourcedefinitions", names=names))
    return metacontroller.rules(rules)


def sync(request: Request, now: datetime) -> Json:
    """Answer the status; an ObjectSync has no attachments.

    While slices have only just begun to change, the status stays as it is, and is looked at again after a second.
    """
    answer, counted = _look(request, now)
    if settling.is_settling(request.parent.get("status") or {}, answer["status"], counted, now):
        return {**answer, "status": None, "resyncAfterSeconds": float(times.SETTLING)}
    return answer


def finalize(request: Request, now: datetime) -> Json:
    """Answer the status, and that the finalizer may go once the slices, drained by the planner, are gone."""
    if not _slices(request):
        return metacontroller.decorator(None, finalized=True)
    answer, _ = _look(request, now)
    kept = [condition for condition in answer["status"]["conditions"] if condition["type"] != "InSync"]
    is_retained = deletion_policy.retains(request.parent)
    message = f"the copies are being {'released, and stay' if is_retained else 'deleted'}"
    deleting = conditions.Condition("InSync", "False", reasons.DELETING, message)
    generation = request.parent["metadata"]["generation"]
    earlier = (request.parent.get("status") or {}).get("conditions")
    answer["status"]["conditions"] = kept + conditions.dated([deleting], earlier, generation, now)
    return answer


def _look(request: Request, now: datetime) -> tuple[Json, list[Json]]:
    """Return the answer with the present status, and the slices that it counts."""
    parent, slices = request.parent, _slices(request)
    meta, source, earlier = parent["metadata"], parent["spec"]["source"], parent.get("status") or {}
    resolved = _resolve(request)
    scopes = scope.ranked(request.related.of(api.API_VERSION, "SyncPolicy").values())
    serving = _serving(request, resolved, scopes, slices)
    counted = _of_present_policy(slices, serving)
    summed = summary.summarize(counted, meta["generation"])
    # A slice that should give up its copies and does not keeps some that nobody asks for.
    summed.problem = summed.problem or next(filter(None, map(stalls.problem, slices)), None)
    status: Json = {"observedGeneration": meta["generation"], "source": f"{source['kind']}/{source['name']}"}

    if isinstance(resolved, Problem):
        present = conditions.not_served(resolved)
        if resolved.reason == reasons.VERSION_NOT_SERVED and earlier.get("resolved"):
            status["resolved"] = earlier["resolved"]  # losing a version must not delete the copies
    else:
        present = _conditions(request, resolved, serving, counted, summed, now)
        status["resolved"] = types.dump(resolved)
        status["destinations"] = summary.destinations(summed, resolved)
    status["conditions"] = conditions.dated(present, earlier.get("conditions"), meta["generation"], now)
    status["copies"] = summed.copies()
    labels = {} if isinstance(resolved, Problem) else _visibility(request, slices, serving, scopes)
    return metacontroller.decorator(status, _unserved_check(slices, now), labels=labels), counted


def _slices(request: Request) -> list[Json]:
    return sorted(request.related.of(api.API_VERSION, "SyncSlice").values(), key=lambda item: item["spec"]["index"])


def _resolve(request: Request) -> ResourceType | Problem:
    source = request.parent["spec"]["source"]
    found = discovery.built_in(source)
    if found:
        return found
    crds = (
        request.related.of("apiextensions.k8s.io/v1", "CustomResourceDefinition").values()
        if discovery.candidates(source)
        else ()
    )
    return discovery.custom(source, crds, request.parent.get("status"), request.parent["metadata"]["generation"])


def _serving(
    request: Request, resolved: ResourceType | Problem, scopes: list[Scope], slices: list[Json]
) -> Scope | None:
    """Return the policy that serves this ObjectSync, as far as its kind is known.

    Where labels of the source's namespace matter, which only planners see, it is the one whose planner made slices. The
    slices of an invalid policy stay, even where its other lists would not permit them.
    """
    if isinstance(resolved, Problem):
        return None
    spec, own = request.parent["spec"], namespace_of(request.parent)
    source = spec["source"].get("namespace") or own
    named = destinations.named(spec["destinations"], source, spec["source"]["name"])
    keepers = {item["spec"]["policy"] for item in slices if not slice_spec.is_given_up(item["spec"])}
    invalid = next((each for each in scopes if each.invalid and each.policy in keepers), None)
    if invalid:
        return invalid
    found = scope.serving(scopes, resolved, source, own, named, keepers=keepers)[0]
    if found is None or not any(each.source_selector for each in scopes):
        return found
    planners = {item["spec"]["policy"] for item in slices if not item["spec"].get("draining")}
    return next((each for each in scopes if each.policy in planners and own in each.watch), found)


def _of_present_policy(slices: list[Json], serving: Scope | None) -> list[Json]:
    """Return the slices that count: those of another policy give up their copies."""
    if serving is None:
        return slices
    return [item for item in slices if item["spec"]["policy"] == serving.policy or item["spec"].get("draining")]


def _visibility(
    request: Request, slices: list[Json], serving: Scope | None, scopes: list[Scope]
) -> dict[str, str | None]:
    """Return the change of the label that lets planners see this ObjectSync that do not watch its namespace.

    Those of policies with a lower priority must respect its claims, and those that have slices of it give them up.
    Where it waits for a copy to go, another policy may give that copy up, and must know who comes first.
    """
    others = request.related.of(api.API_VERSION, "SyncPolicy").keys() - {serving.policy if serving else None}
    outranks = serving is not None and any(other.priority < serving.priority for other in scopes)
    leaves = any(item["spec"]["policy"] != (serving.policy if serving else None) for item in slices)
    wanted = api.VISIBLE_TO_ALL if outranks or leaves or (others and _is_refused(slices)) else None
    present = (request.parent["metadata"].get("labels") or {}).get(api.VISIBLE_LABEL)
    return {} if present == wanted else {api.VISIBLE_LABEL: wanted}


def _is_refused(slices: list[Json]) -> bool:
    """Tell whether there is something else at a destination; it may be another ObjectSync's copy."""
    states = (state for item in slices for state in (item.get("status") or {}).get("destinations") or ())
    return any(state.get("reason") == reasons.CONFLICT for state in states)


def _conditions(
    request: Request,
    type_: ResourceType,
    serving: Scope | None,
    slices: list[Json],
    summed: Summary,
    now: datetime,
) -> tuple[Condition, Condition]:
    """Return the conditions Ready and InSync of an ObjectSync whose kind is known."""
    problem = _problem(request, type_, serving, slices, now)
    if problem:
        return conditions.not_served(problem)
    source = request.parent["spec"]["source"]
    key = f"{source.get('namespace') or namespace_of(request.parent)}/{source['name']}"
    in_sync = conditions.in_sync(
        summed.unsynced, summed.synced, summed.total, summed.problem, summed.advice, summed.unnamed
    )
    return conditions.ready(type_, key), in_sync


def _problem(
    request: Request, type_: ResourceType, serving: Scope | None, slices: list[Json], now: datetime
) -> Problem | None:
    """Return what keeps the whole ObjectSync from being served, beside its kind."""
    own = namespace_of(request.parent)
    if serving is None:
        return Problem(reasons.NOT_WATCHED, f"no SyncPolicy watches namespace {own}")
    if serving.invalid:
        return serving.invalid
    policies = request.related.of(api.API_VERSION, "SyncPolicy")
    policy_status = policies[serving.policy].get("status") or {}
    for condition in policy_status.get("conditions") or ():
        if condition["type"] == "Ready" and condition["status"] == "False":
            return Problem(condition["reason"], f"SyncPolicy {serving.policy}: {condition['message']}")
    for failure in policy_status.get("failures") or ():
        if failure["objectSync"] == f"{own}/{name_of(request.parent)}":
            return Problem(reasons.INTERNAL_ERROR, failure["message"])
    for item in slices:
        blocking = problems.blocking(item["spec"].get("problems"))
        if blocking:
            return blocking
        controller = item["metadata"]["labels"].get(api.CONTROLLER_LABEL)
        if _unserved_for(item, now) > times.UNSERVED_AFTER and controller not in policy_status.get("serving", ()):
            return Problem(
                reasons.CONTROLLER_NOT_RUNNING,
                f"Metacontroller does not serve SyncSlice {name_of(item)}: it may not be allowed to list "
                f"{type_.plural}, or does not know a new kind yet; see the events of CompositeController {controller}",
            )
    return None


def _unserved_check(slices: list[Json], now: datetime) -> float:
    """Return in how many seconds to look whether a new slice is served, 0 for never."""
    ages = [age for item in slices if 0 <= (age := _unserved_for(item, now)) <= times.UNSERVED_AFTER]
    return times.UNSERVED_AFTER + 1 - max(ages) if ages else 0.0


def _unserved_for(item: Json, now: datetime) -> float:
    """Return for how many seconds a slice has waited for its first report, -1 if it does not wait for one."""
    waits = not summary.was_reported(item) and problems.blocking(item["spec"].get("problems")) is None
    return clock.age(item["metadata"].get("creationTimestamp"), now) if waits else -1.0
