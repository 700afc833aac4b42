"""Copies as the API server has them: with managedFields that say who wrote what."""

from collections.abc import Iterable
from typing import Any

from object_syncer.copying.template import template
from object_syncer.kube.meta import Json
from unit.objects import config_map

SLICE = "share-0123456789-0"


def fields(value: object) -> Json:
    """Return the FieldsV1 tree that owns every key of nested maps; lists are leaves, as atomic ones are."""
    return {f"f:{key}": fields(inner) for key, inner in value.items()} if isinstance(value, dict) else {}


def entry(tree: Json, manager: str = "metacontroller", operation: str = "Apply", **more: str) -> Json:
    """Return an item of managedFields."""
    return {"manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": tree, **more}


def desired(**body: Any) -> Json:
    """Return the copy of a ConfigMap, as we answer it; `body` is the source's."""
    return template(config_map(**body), SLICE).at("a", "settings")


def observed(copy: Json, *others: Json, tree: Json | None = None, generation: int = 0) -> Json:
    """Return a copy that we applied, as the API server has it, before anybody else changes it.

    `tree` is what we own of its body, by default everything; `others` are further items of managedFields.
    """
    body = {key: value for key, value in copy.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    meta = copy["metadata"]
    ours = {
        **(fields(body) if tree is None else tree),
        "f:metadata": fields({key: meta[key] for key in ("labels", "annotations") if key in meta}),
    }
    metadata: Json = {
        **meta,
        "labels": dict(meta["labels"]),
        "annotations": dict(meta["annotations"]),
        "uid": "uid-of-copy",
        "resourceVersion": "200",
        "managedFields": [entry(ours), *others],
    }
    if generation:
        metadata["generation"] = generation
    return {**copy, "metadata": metadata}


def edited(copy: Json, *, drop: Iterable[str] = (), **changes: object) -> Json:
    """Return the copy after somebody changed the body, without any trace in managedFields."""
    return {key: value for key, value in {**copy, **changes}.items() if key not in drop}


def relabelled(copy: Json, **changes: Json) -> Json:
    """Return the copy after somebody changed labels or annotations; a value of None removes a key."""
    metadata = dict(copy["metadata"])
    for which, change in changes.items():
        metadata[which] = {key: value for key, value in {**metadata[which], **change}.items() if value is not None}
    return {**copy, "metadata": metadata}
