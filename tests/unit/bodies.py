"""Request bodies as the engine sends them, small: each is valid until a test changes it."""

import copy
from collections.abc import Iterable

import yaml

from object_syncer import installation
from object_syncer.kube import api, types
from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import controllers
from unit.objects import ago, object_sync, policy

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
SLICE = "share-0123456789-0"


def keyed(objects: Iterable[Json]) -> dict[str, Json]:
    """Return objects by "namespace/name", cluster-scoped ones by name, as the engine sends them."""
    return {"/".join(filter(None, (namespace_of(item), name_of(item)))): item for item in objects}


def groups(objects: Iterable[Json], *empty: str) -> dict[str, dict[str, Json]]:
    """Return objects by "Kind.group/version"; the kinds in `empty` are there though they have no object."""
    found: dict[str, list[Json]] = {kind: [] for kind in empty}
    for item in objects:
        found.setdefault(f"{item['kind']}.{item['apiVersion']}", []).append(item)
    return {kind: keyed(items) for kind, items in found.items()}


_PLANNER: Json = yaml.safe_load(next(iter(installation.controllers("http://hooks:8080"))))


def planner() -> Json:
    """Return the CompositeController of the planner, as installed."""
    return copy.deepcopy(_PLANNER)


def guard_parts() -> list[Json]:
    """Return what the planner sees of an installed guard."""
    kinds = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    return [
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": api.GUARD}}
        for kind in kinds
    ]


def of_policy(
    *related: Json, children: Iterable[Json] = (), parent: Json | None = None, guarded: bool = True, **spec: object
) -> Json:
    """Return what the planner's sync is asked; `spec` is the SyncPolicy's."""
    subject = parent or policy(**spec)
    return {
        "controller": planner(),
        "parent": subject,
        "children": groups(
            children,
            "SyncSlice.sync.rustrial.org/v1alpha1",
            "CompositeController.metacontroller.k8s.io/v1alpha1",
            "DecoratorController.metacontroller.k8s.io/v1alpha1",
        ),
        "related": groups(
            [*related, subject, *(guard_parts() if guarded else [])],
            "ObjectSync.sync.rustrial.org/v1alpha1",
            "Namespace.v1",
            "SyncPolicy.sync.rustrial.org/v1alpha1",
            "ValidatingAdmissionPolicy.admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io/v1",
        ),
        "finalizing": False,
    }


def sync_slice(
    *namespaces: str, type_: ResourceType = CONFIG_MAPS, status: Json | None = None, strategy: str = "", **spec: object
) -> Json:
    """Return a SyncSlice that copies team/settings to these namespaces, as the planner makes it."""
    group: Json = {"name": "settings", "namespaces": list(namespaces), **({"strategy": strategy} if strategy else {})}
    return {
        "apiVersion": api.API_VERSION,
        "kind": "SyncSlice",
        "metadata": {
            "name": SLICE,
            "uid": "uid-of-slice",
            "generation": 1,
            "resourceVersion": "50",
            "creationTimestamp": ago(5),
            "labels": {
                api.CONTROLLER_LABEL: controllers.name("default", type_),
                api.OBJECTSYNC_LABEL: "uid-of-share",
            },
        },
        "spec": {
            "index": 0,
            "policy": "default",
            "objectSync": {"namespace": "team", "name": "share", "uid": "uid-of-share", "generation": 1},
            "resource": types.dump(type_),
            "source": {"namespace": "team", "name": "settings"},
            "selector": {"matchLabels": {api.SLICE_LABEL: SLICE}},
            "showSynced": True,
            **({"groups": [group]} if namespaces else {}),
            **spec,
        },
        **({} if status is None else {"status": status}),
    }


def of_slice(parent: Json, *related: Json, copies: Iterable[Json] = ()) -> Json:
    """Return what a slice's sync is asked: `related` is the source, and what is there where copies were refused."""
    type_ = types.load(parent["spec"]["resource"])
    kind = f"{type_.kind}.{type_.api_version}"
    return {
        "controller": controllers.generate("default", type_, planner())[0],
        "parent": parent,
        "children": groups(copies, kind),
        "related": groups(related, kind, "SyncPolicy.sync.rustrial.org/v1alpha1"),
        "finalizing": False,
    }


def of_stall(item: Json, *related: Json) -> Json:
    """Return what the watch of a slice is asked: `related` is the source."""
    type_ = types.load(item["spec"]["resource"])
    return {
        "controller": controllers.generate("default", type_, planner())[1],
        "object": item,
        "attachments": {},
        "related": groups(related, f"{type_.kind}.{type_.api_version}"),
        "finalizing": False,
    }


def of_objectsync(parent: Json | None = None, *related: Json, finalizing: bool = False) -> Json:
    """Return what an ObjectSync's sync or finalize is asked: a decorator's parent is its `object`."""
    return {
        "controller": {
            "apiVersion": api.ENGINE_API_VERSION,
            "kind": "DecoratorController",
            "metadata": {"name": "object-syncs"},
        },
        "object": parent or object_sync(),
        "attachments": {},
        "related": groups(
            related,
            "SyncSlice.sync.rustrial.org/v1alpha1",
            "SyncPolicy.sync.rustrial.org/v1alpha1",
            "CustomResourceDefinition.apiextensions.k8s.io/v1",
        ),
        "finalizing": finalizing,
    }


def of_heartbeat(**annotations: str) -> Json:
    """Return what the heartbeat is asked about a SyncPolicy with these annotations."""
    parent = policy()
    parent["metadata"]["annotations"] = annotations
    return {**of_objectsync(parent), "related": {}}


def customize(body: Json) -> Json:
    """Return what the customize hook is asked about the parent of a sync's body."""
    return {"controller": body["controller"], "parent": body.get("parent") or body["object"]}


def valid() -> dict[str, Json]:
    """Return a body for each hook, by path."""
    planning, slicing, syncing = of_policy(), of_slice(sync_slice("a")), of_objectsync()
    return {
        "/v1/policy/customize": customize(planning),
        "/v1/policy/sync": planning,
        "/v1/slice/customize": customize(slicing),
        "/v1/slice/sync": slicing,
        "/v1/stall/customize": customize(of_stall(sync_slice("a"))),
        "/v1/objectsync/customize": customize(syncing),
        "/v1/objectsync/sync": syncing,
        "/v1/objectsync/finalize": of_objectsync(finalizing=True),
    }
