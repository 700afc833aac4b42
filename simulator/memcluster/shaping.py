"""What the API server makes of the objects that clients send: pure functions from object to object.

None changes its argument. Whether a write is allowed is decided in `validation`; the store keeps the result.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

from memcluster.crds import established_status, pending_status
from memcluster.objects import (
    SERVER_FIELDS,
    Json,
    copy,
    finalizers_of,
    is_terminating,
    labels_of,
    metadata,
    name_of,
    with_metadata,
)
from memcluster.resources import CRDS, NAMESPACES, SECRETS, Resource

_UNKNOWN_CONTENT = "memcluster/unknown-content"
"""A finalizer: keeps a terminating namespace that was loaded, for what is in it may not have been loaded too."""

_DROPPED_IF_EMPTY = ("labels", "annotations", "finalizers", "ownerReferences")


def received(resource: Resource, obj: Json) -> Json:
    """Return a copy of what a client sent, without the fields that only the server writes.

    The stringData of a Secret, which clients only write, becomes data.
    """
    new = copy(obj)
    meta = {key: value for key, value in metadata(new).items() if key not in SERVER_FIELDS}
    for field in _DROPPED_IF_EMPTY:
        if not meta.get(field):
            meta.pop(field, None)
    if not resource.namespaced:
        meta.pop("namespace", None)
    new["metadata"] = meta
    return _with_encoded_strings(new) if resource.key == SECRETS else new


def without_status(resource: Resource, obj: Json) -> Json:
    """Return the object without its status, if that is a subresource."""
    if not resource.has_status or "status" not in obj:
        return obj
    return {key: value for key, value in obj.items() if key != "status"}


def with_defaults(resource: Resource, obj: Json) -> Json:
    """Return the object with the one default that clients notice: the type of a Secret, which is immutable."""
    if resource.key == SECRETS and not obj.get("type"):
        return {**obj, "type": "Opaque"}
    return obj


def with_server_fields(new: Json, live: Json) -> Json:
    """Return the object with the metadata that only the server writes, as the stored object has it."""
    kept = {field: metadata(live)[field] for field in SERVER_FIELDS if field in metadata(live)}
    return {**new, "metadata": {**metadata(new), **kept}}


def initialized(resource: Resource, new: Json, uid: str, now: str, *, establishes_crds: bool) -> Json:
    """Return the object with everything that the server gives to a new one."""
    new = with_metadata(new, uid=uid, creationTimestamp=now, generation=1 if resource.has_generation else None)
    new = with_defaults(resource, new)
    if resource.key == NAMESPACES:
        labels = {**labels_of(new), "kubernetes.io/metadata.name": name_of(new)}
        new = {**with_metadata(new, labels=labels), "status": {"phase": "Active"}}
        return {**new, "spec": {**(new.get("spec") or {}), "finalizers": ["kubernetes"]}}
    if resource.key == CRDS:
        return {**new, "status": established_status(new, now) if establishes_crds else pending_status(new)}
    return new


def loaded(resource: Resource, new: Json, shown: Json) -> Json:
    """Return an initialized object with the server's fields as another cluster showed them."""
    new = with_metadata(new, **shown)
    if resource.key == NAMESPACES and is_terminating(new):
        held = with_metadata(new, finalizers=[*finalizers_of(new), _UNKNOWN_CONTENT])
        return {**held, "status": {"phase": "Terminating"}}
    return new


def next_generation(resource: Resource, live: Json, new: Json) -> Json:
    """Return a changed object with its generation, one more if its spec changed.

    What counts as spec is everything but metadata, and the status if that is a subresource.
    """
    aside = {"apiVersion", "kind", "metadata"} | ({"status"} if resource.has_status else set())
    differs = any(live.get(key) != new.get(key) for key in (live.keys() | new.keys()) - aside)
    if not (resource.has_generation and differs):
        return new
    return with_metadata(new, generation=metadata(live).get("generation", 1) + 1)


def terminating(resource: Resource, live: Json, finalizers: Sequence[str], now: str) -> Json:
    """Return the object as it is while it is being deleted and waits for these finalizers."""
    generation = metadata(live).get("generation")
    marked = with_metadata(
        live,
        deletionTimestamp=now,
        deletionGracePeriodSeconds=0,
        finalizers=[*finalizers],
        generation=generation + 1 if generation else None,
    )
    if resource.key == NAMESPACES:
        return {**marked, "status": {**(marked.get("status") or {}), "phase": "Terminating"}}
    return marked


def _with_encoded_strings(secret: Json) -> Json:
    strings = secret.get("stringData") or {}
    encoded = {key: b64encode(str(value).encode()).decode() for key, value in strings.items()}
    kept = {key: value for key, value in secret.items() if key != "stringData"}
    return {**kept, "data": {**(secret.get("data") or {}), **encoded}} if encoded else kept
