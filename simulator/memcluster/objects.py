"""Kubernetes objects as plain JSON: accessors for their metadata, copies, comparison, merge patches.

Objects in the store are snapshots that nobody changes in place, so that the store, its watches and the engine can
share them. Copies are made where a caller might change what it gets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import orjson

Json = dict[str, Any]

_INTEGRAL_FLOAT = re.compile(rb"\.0[],}]")

SERVER_FIELDS = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
)
"""Metadata that only the API server writes."""


def copy(value: Json) -> Json:
    """Return a deep copy, as if it had been sent over the wire: Go writes 30.0 as 30, so that it arrives as integer."""
    data = orjson.dumps(value)
    copied: Json = orjson.loads(data)
    if _INTEGRAL_FLOAT.search(data):
        _make_integers(copied)
    return copied


def canonical(value: Any) -> bytes:
    """Return bytes that are equal for equal JSON; 1, 1.0 and true differ, as they do for Go's DeepEqual."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def equal(left: Any, right: Any) -> bool:
    """Tell whether Go's DeepEqual would call two decoded JSON values equal."""
    return bool(left == right) and canonical(left) == canonical(right)


def metadata(obj: Json) -> Json:
    """Return the object's metadata, {} if it has none."""
    found: Json = obj.get("metadata") or {}
    return found


def name_of(obj: Json) -> str:
    """Return the object's name."""
    return str(metadata(obj).get("name") or "")


def namespace_of(obj: Json) -> str:
    """Return the object's namespace, "" for a cluster-scoped object."""
    return str(metadata(obj).get("namespace") or "")


def uid_of(obj: Json) -> str:
    """Return the object's uid."""
    return str(metadata(obj).get("uid") or "")


def labels_of(obj: Json) -> dict[str, str]:
    """Return the object's labels."""
    return metadata(obj).get("labels") or {}


def annotations_of(obj: Json) -> dict[str, str]:
    """Return the object's annotations."""
    return metadata(obj).get("annotations") or {}


def finalizers_of(obj: Json) -> list[str]:
    """Return the object's finalizers."""
    return metadata(obj).get("finalizers") or []


def owners_of(obj: Json) -> list[Json]:
    """Return the object's ownerReferences."""
    return metadata(obj).get("ownerReferences") or []


def controller_of(obj: Json) -> Json | None:
    """Return the ownerReference of the object's controller, None if it has none."""
    return next((owner for owner in owners_of(obj) if owner.get("controller")), None)


def is_terminating(obj: Json) -> bool:
    """Tell whether the object is being deleted: it has a deletionTimestamp."""
    return bool(metadata(obj).get("deletionTimestamp"))


def group_of(api_version: str) -> str:
    """Return the group of an apiVersion, "" for the core group."""
    group, slash, _ = api_version.rpartition("/")
    return group if slash else ""


def with_metadata(obj: Json, **fields: Any) -> Json:
    """Return the object with some metadata fields replaced; fields that are None or empty are dropped."""
    merged = {**metadata(obj), **fields}
    return {**obj, "metadata": {key: value for key, value in merged.items() if value not in (None, {}, [])}}


def merge_patch(target: Any, patch: Any) -> Any:
    """Return the target after a JSON merge patch (RFC 7386): maps merge, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def _make_integers(container: Json | list[Any]) -> None:
    items: Iterable[tuple[Any, Any]] = container.items() if isinstance(container, dict) else enumerate(container)
    for key, item in items:
        if isinstance(item, float) and item.is_integer():
            container[key] = int(item)
        elif isinstance(item, dict | list):
            _make_integers(item)
