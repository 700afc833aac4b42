"""The generated controllers: two per resource type in use, one that serves the SyncSlices of that type and one that
notices if a slice does not follow its source.

Their specs must be byte-stable, because the engine restarts a controller on any change of its spec. What an
installation sets (URL, timeouts, authorization, CA) is copied from the controller that calls the planner, so that
it is written in one place.
"""

import re
from base64 import b32encode
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any

from object_syncer.kube import api, times, tracking, types
from object_syncer.kube.meta import Json, name_of
from object_syncer.kube.types import ResourceType
from object_syncer.status import summary

_NAME_LIMIT = 63
"""The name is also the value of a label."""

_DIGEST = 26
"""Characters of base 32: 130 bits, so that nobody can search for a name that collides with another's."""


def name(policy: str, type_: ResourceType) -> str:
    """Return the controller's name: readable, and unique by policy, group, version and plural."""
    return bounded(f"{type_.plural}.{type_.version}", policy, type_.group, type_.version, type_.plural)


@lru_cache(maxsize=4096)
def bounded(readable: str, *identity: str) -> str:
    """Return an object name of at most 63 characters: a readable part, cut, and a hash of the identity.

    It is valid as a label value too, never ends in "." or "-" (Kubernetes' grammar for names), and leaves room for the
    index of a SyncSlice. Kept, because the planner asks for each SyncSlice several times.
    """
    digest = b32encode(sha256("\0".join(identity).encode()).digest()).decode().lower()[:_DIGEST]
    prefix = re.sub(r"[^a-z0-9.-]+", "-", readable.lower())[: _NAME_LIMIT - _DIGEST - 6].strip(".-") or "x"
    return f"{prefix}-{digest}"


def in_use(
    policy: str, wanted: Iterable[Json], observed: Iterable[Json], running: Mapping[str, Json]
) -> list[ResourceType]:
    """Return the types that need a controller, sorted by the names of these.

    `wanted` are the SyncSlices that must be served. A controller that runs stays while any slice of its type is
    `observed`, so that the slice's copies can be deleted.
    """
    found: dict[str, ResourceType] = {}
    for item in wanted:
        type_ = types.load(item["spec"]["resource"])
        found[name(policy, type_)] = type_
    for item in observed:
        type_ = types.load(item["spec"]["resource"])
        if name(policy, type_) in running:
            found[name(policy, type_)] = type_
    return [type_ for _, type_ in sorted(found.items())]


def serves(controller: Json, spec: Json) -> bool:
    """Tell whether a generated controller is that of a SyncSlice with this spec."""
    return name_of(controller) == name(spec.get("policy", ""), types.load(spec["resource"]))


def serving(observed: Iterable[Json]) -> list[str]:
    """Return the names of the controllers that have reported on at least one of the observed SyncSlices, sorted."""
    reported = filter(summary.was_reported, observed)
    return sorted({(item["metadata"].get("labels") or {}).get(api.CONTROLLER_LABEL, "") for item in reported} - {""})


def generate(policy: str, type_: ResourceType, calling: Json) -> list[Json]:
    """Return the CompositeController and the DecoratorController for a resource type, both of the same name.

    `calling` is the controller that calls the planner. They inherit its labels too: an engine started with a target
    label selector ignores controllers without them.
    """
    parents = {
        "apiVersion": api.API_VERSION,
        "resource": "syncslices",
        "labelSelector": {"matchLabels": {api.CONTROLLER_LABEL: name(policy, type_)}},
        "ignoreStatusChanges": True,
    }
    serving: Json = {
        "parentResource": parents,
        "childResources": [
            {
                "apiVersion": type_.api_version,
                "resource": type_.plural,
                "updateStrategy": {"method": "InPlace"},
            }
        ],
        "resyncPeriodSeconds": times.SLICE_RESYNC,
        "hooks": _hooks(calling, "slice"),
    }
    # It has no children: so nothing that is in the cluster can end its syncs.
    watching: Json = {
        "resources": [parents],
        "resyncPeriodSeconds": times.SLICE_RESYNC,
        "hooks": _hooks(calling, "stall"),
    }
    watching["hooks"]["sync"]["webhook"]["etag"] = {"enabled": True}
    kinds = (("CompositeController", serving), ("DecoratorController", watching))
    return [_controller(kind, name(policy, type_), spec, calling) for kind, spec in kinds]


def _controller(kind: str, name: str, spec: Json, calling: Json) -> Json:
    if calling["spec"].get("endpointConfigs"):
        spec = {**spec, "endpointConfigs": calling["spec"]["endpointConfigs"]}
    labels = tracking.labels(calling["metadata"].get("labels") or {})
    meta = {"name": name, "labels": labels} if labels else {"name": name}
    return {"apiVersion": api.ENGINE_API_VERSION, "kind": kind, "metadata": meta, "spec": spec}


def _hooks(calling: Json, parent: str) -> Json:
    """Return the hooks customize and sync of a parent, reached as those of the planner are."""
    return {hook: _hook(calling["spec"]["hooks"][hook], hook, parent) for hook in ("customize", "sync")}


def _hook(calling: Json, hook: str, parent: str) -> Json:
    webhook: dict[str, Any] = dict(calling["webhook"])
    for field in ("url", "path"):
        if field in webhook:
            webhook[field] = webhook[field].replace(f"/v1/policy/{hook}", f"/v1/{parent}/{hook}", 1)
    return {"version": "v2", "webhook": webhook}
