"""Plain JSON data: copies, equality as the engine sees it, and the few paths everybody reads.

Objects in the store are immutable snapshots by convention: nobody changes one in place, so that the
store, the watch events and the engine can share them. Copies are made where a caller could mutate.
"""

from __future__ import annotations

import re
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
    """A deep copy that went over the wire: JSON only, and integral floats arrive as integers (Go writes 30.0 as 30)."""
    data = orjson.dumps(value)
    copied: Json = orjson.loads(data)
    return _integers(copied) if _INTEGRAL_FLOAT.search(data) else copied


def canonical(value: Any) -> bytes:
    """Bytes that are equal for equal JSON; 1, 1.0 and true differ, as they do for Go's DeepEqual."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def equal(left: Any, right: Any) -> bool:
    """Whether Go's DeepEqual would call two decoded JSON values equal."""
    return bool(left == right) and canonical(left) == canonical(right)


def metadata(obj: Json) -> Json:
    """The object's metadata; empty if it has none."""
    found: Json = obj.get("metadata") or {}
    return found


def name_of(obj: Json) -> str:
    """The object's name."""
    return str(metadata(obj).get("name") or "")


def namespace_of(obj: Json) -> str:
    """The object's namespace; empty for a cluster-scoped one."""
    return str(metadata(obj).get("namespace") or "")


def uid_of(obj: Json) -> str:
    """The object's uid."""
    return str(metadata(obj).get("uid") or "")


def labels_of(obj: Json) -> dict[str, str]:
    """The object's labels."""
    return metadata(obj).get("labels") or {}


def annotations_of(obj: Json) -> dict[str, str]:
    """The object's annotations."""
    return metadata(obj).get("annotations") or {}


def finalizers_of(obj: Json) -> list[str]:
    """The object's finalizers."""
    return metadata(obj).get("finalizers") or []


def owners_of(obj: Json) -> list[Json]:
    """The object's ownerReferences."""
    return metadata(obj).get("ownerReferences") or []


def controller_of(obj: Json) -> Json | None:
    """The ownerReference that is the object's controller, if any."""
    return next((owner for owner in owners_of(obj) if owner.get("controller")), None)


def is_going(obj: Json) -> bool:
    """Whether the object has a deletionTimestamp."""
    return bool(metadata(obj).get("deletionTimestamp"))


def group_of(api_version: str) -> str:
    """The group of an apiVersion; empty for the core group."""
    group, slash, _ = api_version.rpartition("/")
    return group if slash else ""


def with_metadata(obj: Json, **fields: Any) -> Json:
    """The object with some metadata fields replaced; a field set to None or empty is dropped."""
    merged = {**metadata(obj), **fields}
    return {**obj, "metadata": {key: value for key, value in merged.items() if value not in (None, {}, [])}}


def merge_patch(target: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7386): maps merge, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def _integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_integers(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
