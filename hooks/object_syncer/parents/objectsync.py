"""The ObjectSync: what a user wrote, and what we tell them about it.

Its copies are the slices' business. This parent resolves the kind it names (its customize can relate the CRDs of
its own spec, the planner's cannot) and sums up what its slices report. Only this parent has a finalizer, the
engine's: it goes when the last slice, and with it the last copy, is gone.
"""

from datetime import datetime

from object_syncer.kube import api, metacontroller, types
from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.kube.metacontroller import Request
from object_syncer.kube.types import ResourceType
from object_syncer.planning import discovery, scope
from object_syncer.status import conditions, reasons, summary
from object_syncer.status.problem import Problem


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
    """Answer the status; an ObjectSync has no attachments."""
    parent, slices = request.parent, _slices(request)
    meta, earlier = parent["metadata"], parent.get("status") or {}
    resolved = _resolve(request)
    source = parent["spec"]["source"]
    status: Json = {"observedGeneration": meta["generation"], "source": f"{source['kind']}/{source['name']}"}
    if isinstance(resolved, ResourceType):
        status["resolved"] = types.dump(resolved)
    elif resolved.reason == reasons.VERSION_NOT_SERVED and earlier.get("resolved"):
        status["resolved"] = earlier["resolved"]  # losing a version must not delete the copies
    total = summary.summarize(slices, meta["generation"])
    refusal = resolved if isinstance(resolved, Problem) else _refusal(request, resolved, slices)
    if refusal or isinstance(resolved, Problem):
        told = conditions.refused(refusal) if refusal else ()
    else:
        key = f"{source.get('namespace') or meta['namespace']}/{source['name']}"
        told = (
            conditions.ready(resolved, key),
            conditions.in_sync(total.unsynced, total.synced, total.total, total.problem, total.notice),
        )
    status |= {
        "conditions": conditions.dated(told, earlier.get("conditions"), meta["generation"], now),
        "copies": total.copies(),
    }
    if isinstance(resolved, ResourceType):
        status["destinations"] = summary.destinations(total, resolved)
    return metacontroller.decorator(status)


def finalize(request: Request, now: datetime) -> Json:
    """Hold the ObjectSync until its slices, drained by the planner, are gone."""
    if not _slices(request):
        return metacontroller.decorator(None, finalized=True)
    answer = sync(request, now)
    told = [condition for condition in answer["status"]["conditions"] if condition["type"] != "InSync"]
    deleting = conditions.Condition("InSync", "False", reasons.DELETING, "the copies are being deleted")
    generation = request.parent["metadata"]["generation"]
    earlier = (request.parent.get("status") or {}).get("conditions")
    answer["status"]["conditions"] = told + conditions.dated([deleting], earlier, generation, now)
    return answer


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
    return discovery.custom(source, crds, request.parent.get("status"))


def _refusal(request: Request, resolved: ResourceType, slices: list[Json]) -> Problem | None:
    """What keeps the whole ObjectSync from being served, beside its kind."""
    policies = request.related.of(api.API_VERSION, "SyncPolicy")
    own, source = namespace_of(request.parent), request.parent["spec"]["source"]
    serving, _ = scope.serving(scope.ranked(policies.values()), resolved, source.get("namespace") or own, own)
    if serving is None:
        return Problem(reasons.NOT_WATCHED, f"no SyncPolicy watches namespace {own}")
    for condition in (policies[serving.policy].get("status") or {}).get("conditions") or ():
        if condition["type"] == "Ready" and condition["status"] == "False":
            return Problem(condition["reason"], f"SyncPolicy {serving.policy}: {condition['message']}")
    for item in slices:
        if item["spec"].get("refusal"):
            return Problem(**item["spec"]["refusal"])
        if item["spec"].get("unserved"):
            return Problem(
                reasons.CONTROLLER_NOT_RUNNING,
                f"Metacontroller does not serve SyncSlice {name_of(item)}: it may not be allowed to list "
                f"{resolved.plural}, or does not know a new kind yet; see the events of CompositeController "
                f"{item['metadata']['labels'][api.CONTROLLER_LABEL]}",
            )
    return None
