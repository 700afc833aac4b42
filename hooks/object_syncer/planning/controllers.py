"""The generated CompositeControllers: one per resource type in use, serving the SyncSlices of that type.

Their specs must be byte-stable, because the engine restarts a controller on any change of its spec. What an
installation sets (URL, timeouts, authorization, CA) is copied from the controller that calls the planner, so that
it is written in one place.
"""

import hashlib
import re
from typing import Any

from object_syncer.kube import api, tracking
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType

_NAME_LIMIT = 63
"""The name is also the value of a label."""

_RESYNC_SECONDS = 30
"""After an outage of the hooks the engine's own retries come up to 17 minutes late."""


def name(policy: str, resource: ResourceType) -> str:
    """Return the controller's name: readable, and unique by policy, group, version and plural."""
    return bounded(f"{resource.plural}.{resource.version}", policy, resource.group, resource.version, resource.plural)


def bounded(readable: str, *identity: str) -> str:
    """Return an object name of at most 63 characters: a readable part, cut, and a hash of the identity.

    It is valid as a label value too, and never ends in "." or "-" (Kubernetes' grammar for names).
    """
    digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:10]
    prefix = re.sub(r"[^a-z0-9.-]+", "-", readable.lower())[: _NAME_LIMIT - 16].strip(".-") or "x"
    return f"{prefix}-{digest}"


def generate(policy: str, resource: ResourceType, calling: Json) -> Json:
    """Return the CompositeController for a resource type; `calling` is the one that calls the planner.

    It inherits labels too: an engine started with a target label selector ignores controllers without them.
    """
    controller = name(policy, resource)
    spec = calling["spec"]
    generated: Json = {
        "parentResource": {
            "apiVersion": api.API_VERSION,
            "resource": "syncslices",
            "labelSelector": {"matchLabels": {api.CONTROLLER_LABEL: controller}},
            "ignoreStatusChanges": True,
        },
        "childResources": [
            {
                "apiVersion": resource.api_version,
                "resource": resource.plural,
                "updateStrategy": {"method": "InPlace"},
            }
        ],
        "resyncPeriodSeconds": _RESYNC_SECONDS,
        "hooks": {hook: _hook(spec["hooks"][hook], hook) for hook in ("customize", "sync")},
    }
    if spec.get("endpointConfigs"):
        generated["endpointConfigs"] = spec["endpointConfigs"]
    labels = tracking.labels(calling["metadata"].get("labels") or {})
    return {
        "apiVersion": api.ENGINE_API_VERSION,
        "kind": "CompositeController",
        "metadata": {"name": controller, "labels": labels} if labels else {"name": controller},
        "spec": generated,
    }


def _hook(calling: Json, hook: str) -> Json:
    webhook: dict[str, Any] = dict(calling["webhook"])
    for field in ("url", "path"):
        if field in webhook:
            webhook[field] = webhook[field].replace(f"/v1/policy/{hook}", f"/v1/slice/{hook}", 1)
    return {"version": "v2", "webhook": webhook}
