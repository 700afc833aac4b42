"""A corner of a cluster as two engines can be compared by it: what is in it, without what differs by nature.

The names of all objects in a corner have its mark; others are copies that wildcards of other corners send.
"""

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from scenarios.objects import CRD, GROUP, NAMESPACE, OBJECT_SYNC, SLICE_LABEL, SYNC_POLICY, body_of
from scenarios.scenario import MARK, STANDING, C, Object, Scenario

REPAIR_ANNOTATION = "sync.rustrial.org/repair"
_METADATA = ("labels", "annotations", "finalizers")

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


def has_definitions(scenario: Scenario) -> bool:
    """Tell whether the scenario defines kinds."""
    return CRD in scenario.also or any((obj["apiVersion"], obj["kind"]) == CRD for obj in scenario.given)


class Observer:
    """Looks at the corner with a mark; knows after which step it saw each object for the first time."""

    def __init__(self, scenario: Scenario, mark: str) -> None:
        self._scenario = scenario
        self._mark = mark
        self._seen: dict[str, tuple[str, int]] = {}
        kinds = {(obj["apiVersion"], obj["kind"]) for obj in scenario.given}
        self._kinds = sorted({*kinds, *scenario.also, scenario.kind, OBJECT_SYNC} - {CRD, NAMESPACE, SYNC_POLICY})

    def look(self, listed: List, step: int) -> Corner:
        """Return what is in the corner now, after that step."""
        found: Corner = {}
        namespaces = {marked(name, self._mark) for name in (*STANDING, C)}
        for obj in listed(*NAMESPACE, ""):
            if obj["metadata"]["name"] in namespaces:
                found[f"Namespace {obj['metadata']['name']}"] = _terminating(obj)
        for api_version, kind in self._kinds:
            for namespace in sorted(namespaces):
                for obj in listed(marked(api_version, self._mark), kind, namespace):
                    name = obj["metadata"]["name"]
                    if self._mark not in name:
                        continue  # a copy that somebody else's wildcard sent here
                    key = f"{kind} {namespace}/{name}"
                    found[key] = self._object_sync(obj) if kind == "ObjectSync" else self._object(key, obj, step)
        if has_definitions(self._scenario):
            found |= _definitions(self._mark, listed)
        found |= _policies(self._mark, self._scenario.exclusive, listed)
        result: Corner = unmarked(found, self._mark)
        return result

    def _object(self, key: str, obj: Object, step: int) -> Object:
        meta = obj["metadata"]
        if self._seen.get(key, ("", 0))[0] != meta["uid"]:
            self._seen[key] = (meta["uid"], step)
        return {"body": body_of(obj), **_metadata(meta), "since step": self._seen[key][1], **_terminating(obj)}

    def _object_sync(self, obj: Object) -> Object:
        status = obj.get("status") or {}
        listed = {
            f"{item['namespace']}/{item['name']}": [
                item["state"], item.get("reason", ""), item.get("strategy"), item.get("version")
            ]
            for item in status.get("destinations") or ()
            if item["namespace"].endswith(self._mark)
        }  # fmt: skip
        wildcard = any(
            each.get("namespace") in ("", "*") for each in obj["spec"]["destinations"]
        )  # meets other corners too
        current = status.get("observedGeneration") == obj["metadata"]["generation"]
        message = next((each["message"] for each in status.get("conditions") or () if each["type"] == "InSync"), "")
        parts = self._scenario.says.get(unmarked(obj["metadata"]["name"], self._mark), ())
        return {
            "conditions": _conditions(obj) if current else "of an earlier generation",
            "says": [part for part in parts if marked(part, self._mark) in message],
            "destinations": listed,
            "copies": None if wildcard else status.get("copies"),
            "resolved": status.get("resolved"),
            "finalizers": obj["metadata"].get("finalizers"),
            **_terminating(obj),
        }


def _policies(mark: str, exclusive: bool, listed: List) -> Corner:
    """Return the SyncPolicies of the corner, and the one that all corners share if it has this one alone."""
    policies = listed(*SYNC_POLICY, "")
    return {
        f"SyncPolicy {obj['metadata']['name']}": _conditions(obj)
        for obj in policies
        if exclusive or mark in obj["metadata"]["name"]
    }


def _definitions(mark: str, listed: List) -> Corner:
    """Return the corner's CRDs, and the generated controllers of their kinds."""
    group = marked(GROUP, mark)
    found: Corner = {}
    for obj in listed(*CRD, ""):
        if obj["spec"]["group"] == group:
            found[f"CustomResourceDefinition {obj['metadata']['name']}"] = _terminating(obj)
    for obj in listed("metacontroller.k8s.io/v1alpha1", "CompositeController", ""):
        for child in obj["spec"]["childResources"]:
            if child["apiVersion"].startswith(f"{group}/"):
                found[f"CompositeController {child['resource']} in {child['apiVersion']}"] = "exists"
    return found


def _metadata(meta: Object) -> Object:
    found: Object = {key: dict(meta[key]) if key != "finalizers" else meta[key] for key in _METADATA if meta.get(key)}
    if SLICE_LABEL in found.get("labels", {}):
        found["labels"][SLICE_LABEL] = "of some slice"
    if REPAIR_ANNOTATION in found.get("annotations", {}):
        del found["annotations"][REPAIR_ANNOTATION]
    owners = [owner["kind"] for owner in meta.get("ownerReferences") or ()]
    return {**found, "owners": owners} if owners else found


def _conditions(obj: Object) -> Object:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return {condition["type"]: [condition["status"], condition["reason"]] for condition in conditions}


def _terminating(obj: Object) -> Object:
    return {"terminating": True} if obj["metadata"].get("deletionTimestamp") else {}
