"""Request bodies of a given size, shaped as the engine sends them: with managedFields, slices and status."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import yaml

from object_syncer import installation
from object_syncer.kube import api
from object_syncer.routes import answer

Json = dict[str, Any]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
STAMP = "2026-01-01T00:00:00Z"
_POLICY: Json = {
    "apiVersion": api.API_VERSION,
    "kind": "SyncPolicy",
    "metadata": {"name": "default", "uid": "1", "generation": 1},
    "spec": {
        "watchNamespaces": ["*"],
        "sourceNamespaces": ["*"],
        "targetNamespaces": ["*"],
        "allowedResources": [{"apiGroups": ["*"], "resources": ["*"]}],
    },
}


def fields(value: object) -> Json:
    """Return the FieldsV1 of an object's maps; lists and values are leaves, as for atomic lists."""
    if not isinstance(value, dict):
        return {}
    return {f"f:{key}": fields(inner) for key, inner in value.items()}


def live(obj: Json, *, number: int, manager: str = "metacontroller", atomic: tuple[str, ...] = ()) -> Json:
    """Return an object as the API server stores it: with uid, resourceVersion and managedFields."""
    metadata = obj["metadata"]
    owned = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    tree = {f"f:{key}": {} if key in atomic else fields(value) for key, value in owned.items()}
    tree["f:metadata"] = fields({key: metadata[key] for key in ("labels", "annotations") if key in metadata})
    entry = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": obj["apiVersion"],
        "time": STAMP,
        "fieldsType": "FieldsV1",
        "fieldsV1": tree,
    }
    return {
        **obj,
        "metadata": {
            **metadata,
            "uid": str(uuid.UUID(int=number)),
            "resourceVersion": str(1000 + number),
            "creationTimestamp": STAMP,
            "managedFields": [entry],
        },
    }


def config_map(size: int) -> Json:
    """Return a source of about `size` bytes of data."""
    data = {f"key-{index}": "v" * (size // 10) for index in range(10)}
    meta = {"name": "source", "namespace": "default", "labels": {"app": "demo"}}
    return live({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}, number=1, manager="kubectl")


def controller(name: str) -> Json:
    """Return the CompositeController of the planner, as the engine sends it."""
    body: Json = yaml.safe_load(next(iter(installation.controllers("http://127.0.0.1:8080"))))
    return {**body, "metadata": {**body["metadata"], "name": name}, "status": {}}


def slice_sync(copies: int, size: int) -> Json:
    """Return the body of a slice sync in steady state."""
    source = config_map(size)
    name = "bench-00000000000000000000000000-0"
    parent: Json = {
        "apiVersion": api.API_VERSION,
        "kind": "SyncSlice",
        "metadata": {"name": name, "uid": "1", "generation": 1, "labels": {}},
        "spec": {
            "index": 0,
            "policy": "default",
            "objectSync": {"namespace": "default", "name": "bench", "uid": "2", "generation": 1},
            "resource": {"apiVersion": "v1", "kind": "ConfigMap", "resource": "configmaps", "namespaced": True},
            "source": {"namespace": "default", "name": "source"},
            "groups": [{"name": "source", "namespaces": [f"ns-{index:04}" for index in range(copies)]}],
            "selector": {"matchLabels": {api.SLICE_LABEL: name}},
            "showSynced": True,
        },
    }
    body: Json = {
        "controller": controller("configmaps.v1-00000000000000000000000000"),
        "parent": parent,
        "children": {"ConfigMap.v1": {}},
        "related": {
            "ConfigMap.v1": {"default/source": source},
            "SyncPolicy.sync.rustrial.org/v1alpha1": {"default": _POLICY},
        },
        "finalizing": False,
    }
    children = answer("/v1/slice/sync", body, NOW)["children"]
    owner = {"apiVersion": api.API_VERSION, "kind": "SyncSlice", "name": name, "uid": "1", "controller": True}
    for child in children:
        child["metadata"]["ownerReferences"] = [{**owner, "blockOwnerDeletion": True}]
    body["children"]["ConfigMap.v1"] = _keyed(live(child, number=n) for n, child in enumerate(children, 100))
    parent["status"] = {**answer("/v1/slice/sync", body, NOW)["status"], "observedGeneration": 1}
    return body


def planner_sync(object_syncs: int, namespaces: int) -> Json:
    """Return the body of a planner sync in steady state: every ObjectSync copies to every namespace."""
    body: Json = {
        "controller": controller("sync-policies"),
        "parent": _POLICY,
        "children": {
            "SyncSlice.sync.rustrial.org/v1alpha1": {},
            "CompositeController.metacontroller.k8s.io/v1alpha1": {},
            "DecoratorController.metacontroller.k8s.io/v1alpha1": {},
        },
        "related": {
            "ObjectSync.sync.rustrial.org/v1alpha1": _keyed(_object_sync(n) for n in range(object_syncs)),
            "Namespace.v1": _keyed(_namespace(n) for n in range(namespaces)),
            "SyncPolicy.sync.rustrial.org/v1alpha1": {"default": _POLICY},
            **{
                f"{kind}.admissionregistration.k8s.io/v1": {api.GUARD: {"metadata": {"name": api.GUARD}}}
                for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
            },
        },
        "finalizing": False,
    }
    planned = answer("/v1/policy/sync", body, NOW)["children"]
    slices = [_reported(child, n) for n, child in enumerate(planned, 10**6) if child["kind"] == "SyncSlice"]
    body["children"] = {"SyncSlice.sync.rustrial.org/v1alpha1": _keyed(slices)}
    for kind in ("CompositeController", "DecoratorController"):
        generated = _keyed(live(child, number=2) for child in planned if child["kind"] == kind)
        body["children"][f"{kind}.metacontroller.k8s.io/v1alpha1"] = generated
    for object_sync in body["related"]["ObjectSync.sync.rustrial.org/v1alpha1"].values():
        object_sync["status"] = answer("/v1/objectsync/sync", _status_body(object_sync, slices), NOW)["status"]
    return body


def answered_at_once(body: Json) -> Json:
    """Return the body of a planner sync without one of its SyncSlices: an answer that changes nothing waits."""
    body["children"]["SyncSlice.sync.rustrial.org/v1alpha1"].popitem()
    return body


def objectsync_sync(namespaces: int) -> Json:
    """Return the body of an ObjectSync sync in steady state."""
    body = planner_sync(1, namespaces)
    (object_sync,) = body["related"]["ObjectSync.sync.rustrial.org/v1alpha1"].values()
    return _status_body(object_sync, body["children"]["SyncSlice.sync.rustrial.org/v1alpha1"].values())


def _status_body(object_sync: Json, slices: Any) -> Json:
    uid = object_sync["metadata"]["uid"]
    return {
        "controller": controller("object-syncs"),
        "object": object_sync,
        "attachments": {},
        "related": {
            "SyncSlice.sync.rustrial.org/v1alpha1": _keyed(
                item for item in slices if item["metadata"]["labels"][api.OBJECTSYNC_LABEL] == uid
            ),
            "SyncPolicy.sync.rustrial.org/v1alpha1": {"default": _POLICY},
        },
        "finalizing": False,
    }


def _object_sync(number: int) -> Json:
    meta = {"name": f"sync-{number:04}", "namespace": "default"}
    spec = {
        "source": {"group": "", "kind": "ConfigMap", "name": f"source-{number:04}", "namespace": "default"},
        "destinations": [{"namespace": "*"}],
    }
    obj = live(
        {"apiVersion": api.API_VERSION, "kind": "ObjectSync", "metadata": meta, "spec": spec}, number=5000 + number
    )
    obj["metadata"]["generation"] = 1
    return obj


def _namespace(number: int) -> Json:
    name = f"ns-{number:04}"
    meta = {"name": name, "labels": {"kubernetes.io/metadata.name": name, "team": "demo"}}
    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": meta, "spec": {"finalizers": ["kubernetes"]}}
    return {**live(obj, number=10**5 + number), "status": {"phase": "Active"}}


def _reported(child: Json, number: int) -> Json:
    """Return a slice with the status its generated controller would have written."""
    item = live(child, number=number, atomic=("spec",))
    item["metadata"]["generation"] = 1
    item["metadata"]["labels"]["controller-uid"] = "1"
    copies = [(ns, group["name"]) for group in item["spec"]["groups"] for ns in group["namespaces"]]
    status: Json = {
        "observedGeneration": 1,
        "source": {"uid": str(uuid.UUID(int=9)), "resourceVersion": "12", "bytes": 1000},
        "copies": len(copies),
        "synced": len(copies),
    }
    if item["spec"].get("showSynced"):
        status["destinations"] = [
            {
                "namespace": ns,
                "name": name,
                "state": "Synced",
                "uid": str(uuid.UUID(int=7)),
                "resourceVersion": "123456",
            }
            for ns, name in copies
        ]
    return {**item, "status": status}


def _keyed(objects: Any) -> Json:
    keyed: dict[str, Mapping[str, Any]] = {}
    for obj in objects:
        namespace = obj["metadata"].get("namespace")
        keyed[f"{namespace}/{obj['metadata']['name']}" if namespace else obj["metadata"]["name"]] = obj
    return dict(keyed)


def encoded(body: Json) -> bytes:
    """Return the bytes of a body."""
    return orjson.dumps(body)
