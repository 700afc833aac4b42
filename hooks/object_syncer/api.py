"""The names of our API: group, labels, annotations. Each stands here once, with the line users read.

Those marked *upstream* are rustrial/k8s-object-syncer's own and must not change.
"""

from typing import Any

Json = dict[str, Any]
"""A JSON object as it comes off the wire: a Kubernetes object, a spec, a status."""

GROUP = "sync.rustrial.org"
"""*Upstream*: the API group of ObjectSync, SyncSlice and SyncPolicy."""

API_VERSION = f"{GROUP}/v1alpha1"
"""*Upstream*: the apiVersion of our three kinds."""

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
"""*Upstream*: on every copy; overwrites the source's own value."""

MANAGED_BY = "rustrial-object-syncer"
"""*Upstream*: the value of MANAGED_BY_LABEL on every copy."""

SOURCE_ANNOTATION = f"{GROUP}/source-object"
"""*Upstream*: on every copy: namespace/name of the source it was made from."""

VIA_ANNOTATION = f"{GROUP}/via"
"""On a copy of a copy: the sources that lie before its own, namespace/name, the nearest first, joined by commas."""

SLICE_LABEL = f"{GROUP}/slice"
"""On every copy: the name of the SyncSlice that owns it. The engine claims copies by it."""

TAKEOVER_ANNOTATION = f"{GROUP}/takes-over"
"""On a copy that may replace a foreign object: the conflict policy that permits it. The guard asks for it."""

UPSTREAM_FINALIZER = f"{GROUP}/rustrial-object-syncer"
"""*Upstream*: on every copy, source and ObjectSync that the Rust controller handles; never written by us."""

REPAIR_ANNOTATION = f"{GROUP}/repair"
"""On an object whose labels or annotations were edited: a new value makes the engine write it again."""

OBJECTSYNC_LABEL = f"{GROUP}/objectsync-uid"
"""On every SyncSlice: the uid of the ObjectSync it serves."""

CONTROLLER_LABEL = f"{GROUP}/controller"
"""On every SyncSlice: the name of the generated CompositeController that serves it."""

ENGINE_API_VERSION = "metacontroller.k8s.io/v1alpha1"
"""The apiVersion of CompositeController and DecoratorController."""

LAST_APPLIED_ANNOTATION = "metacontroller.k8s.io/last-applied-configuration"
"""Metacontroller writes it only in its dynamic-apply mode, which corrupts copies."""


def namespace_of(obj: Json) -> str:
    """Return metadata.namespace, "" for a cluster-scoped object."""
    return str(obj["metadata"].get("namespace") or "")


def name_of(obj: Json) -> str:
    """Return metadata.name."""
    return str(obj["metadata"]["name"])


def controller_of(obj: Json) -> Json | None:
    """Return the ownerReference of the object's controller, None if it has none; the API server allows only one."""
    owners: list[Json] = obj["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def is_going(obj: Json) -> bool:
    """Tell whether the object is being deleted: it has a deletionTimestamp, whatever still holds it."""
    return bool(obj["metadata"].get("deletionTimestamp"))
