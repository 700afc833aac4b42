"""The objects that the end-to-end tests are about, each as short as it can be."""

from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.client import Object

API_VERSION = "sync.rustrial.org/v1alpha1"
MANAGED_BY = {"app.kubernetes.io/managed-by": "rustrial-object-syncer"}
SOURCE_ANNOTATION = "sync.rustrial.org/source-object"

DATA: Mapping[str, str] = {"k": "v"}


def config_map(namespace: str, name: str, data: Mapping[str, str] = DATA, **metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": namespace, "name": name, **metadata},
        "data": dict(data),
    }


def secret(
    namespace: str, name: str, data: Mapping[str, str] | None = None, fields: Object | None = None, **metadata: Any
) -> Object:
    """Return a Secret; `fields` stand beside its data."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": name, **metadata},
        "data": dict(data or {"k": "dg=="}),
        **(fields or {}),
    }


def cron_job(namespace: str, name: str, **metadata: Any) -> Object:
    container = {"name": "main", "image": "registry.example.com/job:1"}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"namespace": namespace, "name": name, **metadata},
        "spec": {
            "schedule": "0 3 * * *",
            "jobTemplate": {
                "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
            },
        },
    }


def crd(
    group: str,
    kind: str = "Widget",
    plural: str = "",
    *,
    versions: Sequence[str] = ("v1",),
    scope: str = "Namespaced",
) -> Object:
    """Return a CustomResourceDefinition whose objects may hold anything; its first version is the stored one."""
    plural = plural or f"{kind.lower()}s"
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == versions[0],
                    "schema": {"openAPIV3Schema": anything},
                }
                for version in versions
            ],
        },
    }


def custom(definition: Object, namespace: str, name: str, size: int = 1, *, version: str = "") -> Object:
    """Return an object of the kind that a CustomResourceDefinition defines."""
    spec = definition["spec"]
    version = version or spec["versions"][0]["name"]
    return {
        "apiVersion": f"{spec['group']}/{version}",
        "kind": spec["names"]["kind"],
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"size": size},
    }


def content(obj: Object) -> Object:
    """Return what a copy must have in common with its source."""
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}


def to(namespace: str, name: str | None = None, strategy: str | None = None) -> Object:
    """Return a destination."""
    given = {"namespace": namespace, "name": name, "strategy": strategy}
    return {key: value for key, value in given.items() if value is not None}


def object_sync(namespace: str, name: str, source: Object, destinations: Sequence[Object], **fields: Any) -> Object:
    """Return an ObjectSync for `source`, whose namespace is named where it must be; `fields` add to spec.source."""
    meta = source["metadata"]
    reference = {"group": source["apiVersion"].rpartition("/")[0], "kind": source["kind"], "name": meta["name"]}
    if meta["namespace"] != namespace:
        reference["namespace"] = meta["namespace"]
    return {
        "apiVersion": API_VERSION,
        "kind": "ObjectSync",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"source": {**reference, **fields}, "destinations": list(destinations)},
    }
