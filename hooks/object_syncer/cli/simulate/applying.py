"""Takes a cluster in memory from one set of manifests to another, as a tool that applies and prunes them would."""

from collections.abc import Mapping
from typing import Any

from memcluster import ApiError, Cluster
from object_syncer.cli.simulate.filling import WRITER, Key
from object_syncer.kube import api
from object_syncer.kube.meta import Json

_LEVELS = ("CustomResourceDefinition", "Namespace")
"""Kinds that others need: written first, deleted last."""

_OF_THE_SERVER = frozenset(("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"))


def apply(cluster: Cluster, before: Mapping[Key, Json], after: Mapping[Key, Json]) -> None:
    """Create, change and delete what is different between two sets of manifests; nothing works on it in between.

    An object that takes the place of a copy replaces it. So does one that the API server does not let be changed.
    """
    for key in sorted(after, key=_level):
        if key not in before:
            _replace(cluster, after[key])
        elif change := _change(before[key], after[key]):
            _patch(cluster, after[key], change)
    for key in sorted(before.keys() - after.keys(), key=_level, reverse=True):
        _delete(cluster, before[key])


def retire(cluster: Cluster, policy: Json) -> None:
    """Have a SyncPolicy give up its copies to others, instead of deleting them."""
    cluster.patch(*_which(policy)[:3], {"metadata": {"annotations": {api.RETIRE_ANNOTATION: "true"}}})


def _level(key: Key) -> tuple[int, Key]:
    return (_LEVELS.index(key[1]) if key[1] in _LEVELS else len(_LEVELS), key)


def _which(obj: Json) -> tuple[str, str, str, str]:
    meta = obj["metadata"]
    return obj["apiVersion"], obj["kind"], meta["name"], meta.get("namespace") or ""


def _patch(cluster: Cluster, obj: Json, change: Json) -> None:
    try:
        cluster.patch(*_which(obj)[:3], change, _which(obj)[3], manager=WRITER)
    except ApiError:
        _replace(cluster, obj)


def _replace(cluster: Cluster, obj: Json) -> None:
    _delete(cluster, obj)
    if cluster.find(*_which(obj)):  # a finalizer keeps it
        cluster.patch(*_which(obj)[:3], {"metadata": {"finalizers": None}}, _which(obj)[3])
    cluster.load(obj, manager=WRITER)


def _delete(cluster: Cluster, obj: Json) -> None:
    if cluster.find(*_which(obj)):
        cluster.delete(*_which(obj))


def _change(before: Json, after: Json) -> Json:
    """Return the JSON merge patch from one manifest of an object to another; {} if they say the same."""
    return _merge_patch(_sent(before), _sent(after))


def _sent(obj: Json) -> Json:
    meta = {key: value for key, value in obj["metadata"].items() if key not in _OF_THE_SERVER}
    return {**obj, "metadata": meta}


def _merge_patch(before: Json, after: Json) -> Json:
    patch: dict[str, Any] = dict.fromkeys(before.keys() - after.keys())
    for key, value in after.items():
        earlier = before.get(key)
        if isinstance(value, dict) and isinstance(earlier, dict):
            if inner := _merge_patch(earlier, value):
                patch[key] = inner
        elif value != earlier or key not in before:
            patch[key] = value
    return patch
