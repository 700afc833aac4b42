"""Reads managedFields: which fields of an observed copy are ours, because we applied them.

Our entry is recognised by what it owns (the slice label), not by the manager's name, which is a flag of the
engine. The format is Kubernetes' FieldsV1: "f:" before a key, "k:" before a list item's key values.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from object_syncer.kube import api
from object_syncer.kube.meta import Json


def applied(observed: Json) -> Json:
    """Return the FieldsV1 tree of what we last applied to the object, {} if we never did."""
    for entry in observed["metadata"].get("managedFields") or ():
        if entry.get("operation") == "Apply" and not entry.get("subresource"):
            tree: Json = entry.get("fieldsV1") or {}
            labels = tree.get("f:metadata", {}).get("f:labels", {})
            if f"f:{api.SLICE_LABEL}" in labels:
                return tree
    return {}


def written(observed: Json) -> tuple[str, str]:
    """Return when we applied something to the object last, and when somebody else wrote to it last, "" for never.

    Its status subresource does not count.
    """
    ours, others = "", ""
    for entry in observed["metadata"].get("managedFields") or ():
        labels = (entry.get("fieldsV1") or {}).get("f:metadata", {}).get("f:labels", {})
        if entry.get("subresource"):
            continue
        if entry.get("operation") == "Apply" and f"f:{api.SLICE_LABEL}" in labels:
            ours = max(ours, str(entry.get("time") or ""))
        else:
            others = max(others, str(entry.get("time") or ""))
    return ours, others


def as_applied(observed: Json) -> Json:
    """Return the copy as we applied it last, with its live values: answered to the engine, it changes nothing.

    A child that is left out of an answer would be deleted.
    """
    meta = observed["metadata"]
    kept = _owned({key: value for key, value in observed.items() if key != "status"}, applied(observed))
    identity = {"namespace": meta["namespace"], "name": meta["name"]}
    metadata = {key: value for key, value in kept.get("metadata", {}).items() if key in ("labels", "annotations")}
    return {
        **kept,
        "apiVersion": observed["apiVersion"],
        "kind": observed["kind"],
        "metadata": {**identity, **metadata},
    }


def _owned(value: Any, tree: Json) -> Any:
    """Return the part of a value that a FieldsV1 tree covers."""
    if isinstance(value, dict) and any(key.startswith("f:") for key in tree):
        return {key: _owned(inner, tree[f"f:{key}"]) for key, inner in value.items() if f"f:{key}" in tree}
    if isinstance(value, list) and is_associative(tree):
        ours = ((item, of_item(tree, item)) for item in value)
        return [_owned(item, subtree) for item, subtree in ours if subtree is not None]
    return value


def managers(observed: Json, paths: Iterable[str]) -> list[str]:
    """Return the names of those, beside us, who wrote one of the fields at these JSON pointers, sorted."""
    steps = [[f"f:{step.replace('~1', '/').replace('~0', '~')}" for step in path.split("/")[1:]] for path in paths]
    found = set()
    for entry in observed["metadata"].get("managedFields") or ():
        tree: Json = entry.get("fieldsV1") or {}
        if f"f:{api.SLICE_LABEL}" in tree.get("f:metadata", {}).get("f:labels", {}):
            continue
        for path in steps:
            at: Json | None = tree
            for step in path:
                at = at.get(step) if at is not None else None
            if at is not None:
                found.add(str(entry.get("manager") or "unknown"))
    return sorted(found)


def foreign(observed: Json) -> Iterator[Json]:
    """Yield the FieldsV1 trees of everybody else who wrote to the object, its status subresource aside."""
    for entry in observed["metadata"].get("managedFields") or ():
        tree: Json = entry.get("fieldsV1") or {}
        labels = tree.get("f:metadata", {}).get("f:labels", {})
        if not entry.get("subresource") and f"f:{api.SLICE_LABEL}" not in labels:
            yield tree


def is_associative(tree: Json) -> bool:
    """Tell whether a list's tree shows items of ours among which others may have theirs: by key, or as a set."""
    return any(key.startswith(("k:", "v:")) for key in tree)


def of_item(tree: Json, item: object) -> Json | None:
    """Return the subtree of a list item, None if the item is not ours.

    It is the one under the "k:" key whose values the item has, or under "v:" and the item.
    """
    for key, subtree in tree.items():
        if key.startswith("v:") and orjson.loads(key[2:]) == item:
            return dict(subtree)
        if key.startswith("k:") and isinstance(item, dict) and orjson.loads(key[2:]).items() <= item.items():
            return dict(subtree)
    return None


def same_item(tree: Json, one: object, other: object) -> bool:
    """Tell whether two items of an associative list are one by their keys; a key that is left out has a default."""
    names = next((orjson.loads(key[2:]) for key in tree if key.startswith("k:")), None)
    if names is None or not isinstance(one, dict) or not isinstance(other, dict):
        return one == other
    return all(one[name] == other[name] for name in names if name in one and name in other)
