"""What the API server makes of the objects that clients send: pure functions from object to object.

None changes its argument. Whether a write is allowed at all is validation's business, and where objects are kept the
store's.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

from memcluster.jsons import SERVER_FIELDS, Json, copy, labels_of, metadata, name_of, with_metadata
from memcluster.resources import CRDS, NAMESPACES, SECRETS, Resource, established_status, pending_status

_TIDIED = ("labels", "annotations", "finalizers", "ownerReferences")


def received(resource: Resource, obj: Json) -> Json:
    """A copy of what a client sent without what only the server says; a Secret's write-only stringData is data."""
    new = copy(obj)
    meta = {key: value for key, value in metadata(new).items() if key not in SERVER_FIELDS}
    for field in _TIDIED:
        if not meta.get(field):
            meta.pop(field, None)
    if not resource.namespaced:
        meta.pop("namespace", None)
    new["metadata"] = meta
    return _with_encoded_strings(new) if resource.key == SECRETS else new


def without_status(resource: Resource, obj: Json) -> Json:
    """An object without its status, if that is a subresource."""
    if not resource.has_status or "status" not in obj:
        return obj
    return {key: value for key, value in obj.items() if key != "status"}


def with_defaults(resource: Resource, obj: Json) -> Json:
    """The object with the one default that matters to who changes it: the type of a Secret, which is immutable."""
    if resource.key == SECRETS and not obj.get("type"):
        return {**obj, "type": "Opaque"}
    return obj


def with_server_fields(new: Json, live: Json) -> Json:
    """An object with the metadata that only the server writes, as the stored one has it."""
    kept = {field: metadata(live)[field] for field in SERVER_FIELDS if field in metadata(live)}
    return {**new, "metadata": {**metadata(new), **kept}}


def newborn(resource: Resource, new: Json, uid: str, now: str, *, establishes_crds: bool) -> Json:
    """The object with all that the server gives to a new one."""
    new = with_metadata(new, uid=uid, creationTimestamp=now, generation=1 if resource.has_generation else None)
    new = with_defaults(resource, new)
    if resource.key == NAMESPACES:
        labels = {**labels_of(new), "kubernetes.io/metadata.name": name_of(new)}
        new = {**with_metadata(new, labels=labels), "status": {"phase": "Active"}}
        return {**new, "spec": {**(new.get("spec") or {}), "finalizers": ["kubernetes"]}}
    if resource.key == CRDS:
        return {**new, "status": established_status(new, now) if establishes_crds else pending_status(new)}
    return new


def next_generation(resource: Resource, live: Json, new: Json) -> Json:
    """A changed object with its generation: one more if more than metadata and (if it has one) status changed."""
    aside = {"apiVersion", "kind", "metadata"} | ({"status"} if resource.has_status else set())
    differs = any(live.get(key) != new.get(key) for key in (live.keys() | new.keys()) - aside)
    if not (resource.has_generation and differs):
        return new
    return with_metadata(new, generation=metadata(live).get("generation", 1) + 1)


def going(resource: Resource, live: Json, finalizers: Sequence[str], now: str) -> Json:
    """The object as it is once its deletion was asked for, and these finalizers hold it."""
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
