"""Kubernetes objects as the API server and the engine have them, small, and new with every call."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from grants import EVERYTHING
from object_syncer.kube import api
from object_syncer.kube.meta import Json

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
STAMP = "2026-03-01T12:00:00Z"


def ago(seconds: float) -> str:
    """Return the timestamp of a moment before NOW."""
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def config_map(namespace: str = "team", name: str = "settings", **more: object) -> Json:
    """Return a ConfigMap as the API server has it, with all the metadata that must not travel."""
    return live({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}, **more}, namespace, name)


def live(obj: Json, namespace: str, name: str, **metadata: object) -> Json:
    """Return the object with the metadata that the API server adds."""
    return {
        **obj,
        "metadata": {
            "namespace": namespace,
            "name": name,
            "uid": f"uid-of-{namespace}-{name}",
            "resourceVersion": "100",
            "creationTimestamp": ago(3600),
            **metadata,
        },
    }


def crd(
    plural: str = "widgets",
    kind: str = "Widget",
    group: str = "example.com",
    versions: Mapping[str, bool] | None = None,
    scope: str = "Namespaced",
    established: str | None = "True",
) -> Json:
    """Return a CustomResourceDefinition; `versions` maps a name to whether it is served, None has no conditions."""
    conditions = established and [
        {"type": "NamesAccepted", "status": "True"},
        {"type": "Established", "status": established},
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "uid": f"uid-of-{plural}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [
                {"name": name, "served": served, "storage": index == 0}
                for index, (name, served) in enumerate((versions or {"v1": True}).items())
            ],
        },
        "status": {"conditions": conditions, "storedVersions": ["v1"]},
    }


def source(kind: str = "ConfigMap", group: str = "", name: str = "settings", **more: object) -> Json:
    """Return `spec.source` of an ObjectSync."""
    return {"group": group, "kind": kind, "name": name, **more}


def object_sync(
    name: str = "share",
    destinations: Iterable[Json | str] = ("*",),
    *,
    namespace: str = "team",
    uid: str = "",
    generation: int = 1,
    created: str = "",
    spec_source: Json | None = None,
    status: Json | None = None,
) -> Json:
    """Return an ObjectSync; a destination that is a string is a namespace."""
    return {
        "apiVersion": api.API_VERSION,
        "kind": "ObjectSync",
        "metadata": {
            "namespace": namespace,
            "name": name,
            "uid": uid or f"uid-of-{name}",
            "generation": generation,
            "creationTimestamp": created or ago(60),
            "resourceVersion": "7",
        },
        "spec": {
            "source": spec_source or source(),
            "destinations": [{"namespace": item} if isinstance(item, str) else item for item in destinations],
        },
        **({"status": status} if status is not None else {}),
    }


def namespace(name: str, *, phase: str = "Active", exclude: str = "", **labels: str) -> Json:
    """Return a Namespace; `exclude` is the annotation that keeps the copies of some ObjectSyncs away."""
    metadata: Json = {"name": name, "uid": f"uid-of-{name}"}
    if labels:
        metadata["labels"] = labels
    if exclude:
        metadata["annotations"] = {"sync.rustrial.org/exclude": exclude}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "status": {"phase": phase}}


def policy(**spec: object) -> Json:
    """Return a SyncPolicy; all is allowed unless `spec` says otherwise. A list that is None is missing."""
    lists = {key: value for key, value in (EVERYTHING | spec).items() if value is not None}
    return {
        "apiVersion": api.API_VERSION,
        "kind": "SyncPolicy",
        "metadata": {"name": "default", "uid": "uid-of-default", "generation": 1},
        "spec": lists,
    }


def terminating(obj: Json) -> Json:
    """Return the object with a deletionTimestamp: a finalizer keeps it."""
    return {**obj, "metadata": {**obj["metadata"], "deletionTimestamp": STAMP}}
