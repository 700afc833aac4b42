"""A corner of a cluster as two engines can be compared by it: what is in it, without what differs by nature.

The names of all objects in a corner have its mark; others are copies that wildcards of other corners send.
"""

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from scenarios.scenario import GROUP, MARK, STANDING, C, Object, Scenario

SLICE_LABEL = "sync.rustrial.org/slice"
REPAIR_ANNOTATION = "sync.rustrial.org/repair"
OBJECT_SYNC = ("sync.rustrial.org/v1alpha1", "ObjectSync")
CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
NAMESPACE = ("v1", "Namespace")
_KEPT = ("labels", "annotations", "finalizers")

Corner = dict[str, Any]
"""What is in a corner, by "Kind namespace/name"."""

List = Callable[[str, str, str], Iterable[Object]]
"""Return the objects of an apiVersion and kind in a namespace ("": all); none of a kind that is not served."""


def marked(value: Any, mark: str) -> Any:
    """Return an object with its names made unique."""
    return orjson.loads(orjson.dumps(value).replace(MARK.encode(), mark.encode()))


def unmarked(value: Any, mark: str) -> Any:
    """Return an object with the names of the scenario."""
    return orjson.loads(orjson.dumps(value).replace(mark.encode(), MARK.encode()))


def look(scenario: Scenario, mark: str, listed: List) -> Corner:
    """Return what is in the corner now."""
    found: Corner = {}
    kinds = {(obj["apiVersion"], obj["kind"]) for obj in scenario.given}
    namespaces = {marked(name, mark) for name in (*STANDING, C)}
    for obj in listed(*NAMESPACE, ""):
        if obj["metadata"]["name"] in namespaces:
            found[f"Namespace {obj['metadata']['name']}"] = _going(obj)
    for api_version, kind in sorted({*kinds, *scenario.also, scenario.kind, OBJECT_SYNC} - {CRD, NAMESPACE}):
        for namespace in sorted(namespaces):
            for obj in listed(marked(api_version, mark), kind, namespace):
                if mark not in obj["metadata"]["name"]:
                    continue  # a copy that somebody else's wildcard sent here
                name = f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"
                found[f"{kind} {name}"] = _object_sync(obj, mark) if kind == "ObjectSync" else _object(obj)
    if has_definitions(scenario):
        found |= _definitions(mark, listed)
    result: Corner = unmarked(found, mark)
    return result


def has_definitions(scenario: Scenario) -> bool:
    """Tell whether the scenario defines kinds."""
    return CRD in scenario.also or any((obj["apiVersion"], obj["kind"]) == CRD for obj in scenario.given)


def shared(listed: List) -> Corner:
    """Return what all corners share."""
    policies = listed("sync.rustrial.org/v1alpha1", "SyncPolicy", "")
    return {f"SyncPolicy {obj['metadata']['name']}": _conditions(obj) for obj in policies}


def _definitions(mark: str, listed: List) -> Corner:
    """The corner's CRDs, and the generated controllers of their kinds."""
    group = marked(GROUP, mark)
    found: Corner = {}
    for obj in listed(*CRD, ""):
        if obj["spec"]["group"] == group:
            found[f"CustomResourceDefinition {obj['metadata']['name']}"] = _going(obj)
    for obj in listed("metacontroller.k8s.io/v1alpha1", "CompositeController", ""):
        for child in obj["spec"]["childResources"]:
            if child["apiVersion"].startswith(f"{group}/"):
                found[f"controller of {child['resource']} in {child['apiVersion']}"] = "there"
    return found


def _object(obj: Object) -> Object:
    meta = obj["metadata"]
    kept: Object = {key: dict(meta[key]) if key != "finalizers" else meta[key] for key in _KEPT if meta.get(key)}
    if SLICE_LABEL in kept.get("labels", {}):
        kept["labels"][SLICE_LABEL] = "of some slice"
    if REPAIR_ANNOTATION in kept.get("annotations", {}):
        del kept["annotations"][REPAIR_ANNOTATION]
    owners = [owner["kind"] for owner in meta.get("ownerReferences") or ()]
    if owners:
        kept["owners"] = owners
    body = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    return {**body, "metadata": kept, **_going(obj)}


def _object_sync(obj: Object, mark: str) -> Object:
    status = obj.get("status") or {}
    told = {
        f"{item['namespace']}/{item['name']}": [item["state"], item.get("reason", "")]
        for item in status.get("destinations") or ()
        if item["namespace"].endswith(mark)
    }
    current = status.get("observedGeneration") == obj["metadata"]["generation"]
    return {
        "conditions": _conditions(obj) if current else "of an earlier generation",
        "destinations": told,
        "resolved": status.get("resolved"),
        "finalizers": obj["metadata"].get("finalizers"),
        **_going(obj),
    }


def _conditions(obj: Object) -> Object:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return {condition["type"]: [condition["status"], condition["reason"]] for condition in conditions}


def _going(obj: Object) -> Object:
    return {"going": True} if obj["metadata"].get("deletionTimestamp") else {}
