"""Accessors for the metadata of Kubernetes objects."""

from typing import Any

Json = dict[str, Any]
"""A JSON object as it comes off the wire: a Kubernetes object, a spec, a status."""


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


def is_terminating(obj: Json) -> bool:
    """Tell whether the object is being deleted: it has a deletionTimestamp, whatever still holds it."""
    return bool(obj["metadata"].get("deletionTimestamp"))
