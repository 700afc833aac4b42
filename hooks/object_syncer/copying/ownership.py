"""What managedFields say: which fields of an observed copy are ours, because we applied them.

Our entry is recognised by what it owns (the slice label), not by the manager's name, which is a flag of the
engine. The format is Kubernetes' FieldsV1: "f:" before a key, "k:" before a list item's key values.
"""

from collections.abc import Iterator

import orjson

from object_syncer import api
from object_syncer.api import Json


def applied(observed: Json) -> Json:
    """Return the FieldsV1 tree of what we last applied to the object, {} if we never did."""
    for entry in observed["metadata"].get("managedFields") or ():
        if entry.get("operation") == "Apply" and not entry.get("subresource"):
            tree: Json = entry.get("fieldsV1") or {}
            labels = tree.get("f:metadata", {}).get("f:labels", {})
            if f"f:{api.SLICE_LABEL}" in labels:
                return tree
    return {}


def foreign(observed: Json) -> Iterator[Json]:
    """Yield the FieldsV1 trees of everybody else who wrote to the object, its status subresource aside."""
    for entry in observed["metadata"].get("managedFields") or ():
        tree: Json = entry.get("fieldsV1") or {}
        labels = tree.get("f:metadata", {}).get("f:labels", {})
        if not entry.get("subresource") and f"f:{api.SLICE_LABEL}" not in labels:
            yield tree


def of_item(tree: Json, item: object) -> Json:
    """Return the subtree of a list item: the one under the "k:" key whose values the item has, {} if none is."""
    if isinstance(item, dict):
        for key, subtree in tree.items():
            if key.startswith("k:") and orjson.loads(key[2:]).items() <= item.items():
                return dict(subtree)
    return {}
