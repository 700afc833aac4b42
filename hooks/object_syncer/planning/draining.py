"""Draining: a SyncSlice that is not planned any more is emptied, then deleted.

It has no destinations, so the engine deletes its copies; when its status says that none is left, it is left out of the
answer.
"""

from datetime import datetime

from object_syncer.kube import builtin, clock, times, types
from object_syncer.kube.meta import Json, name_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import slice_spec
from object_syncer.status import summary

DROPPED = frozenset(("groups", "problems", "probes", "unseen", "copy", "namespaceLabels", "suspend", "leaving"))
"""What a SyncSlice's spec has no more while it drains."""


def drained(policy: str, item: Json, resolved: ResourceType | None, now: datetime) -> Json | None:
    """Return an observed SyncSlice that is not planned any more, as it should be now; None once it can be deleted.

    `resolved` is the type that its ObjectSync resolves to now.
    """
    if not summary.was_reported(item) or not has_copies(item) or not may_be_served(item, resolved):
        return None
    spec = item["spec"]
    since = spec.get("draining") or clock.stamp(now)
    if clock.age(since, now) > times.DRAIN_TIMEOUT:
        return None
    kept = {key: value for key, value in spec.items() if key not in DROPPED}
    return slice_spec.child(policy, {**kept, **slice_spec.owning(name_of(item)), "draining": since}, item)


def has_copies(item: Json) -> bool:
    """Tell whether an observed SyncSlice may have copies: it has destinations, or did not report that none is left."""
    if item["spec"].get("groups"):
        return True
    status = item.get("status") or {}
    if not summary.was_reported(item):
        return False
    return bool(status["observedGeneration"] != item["metadata"]["generation"] or status.get("copies"))


def may_be_served(item: Json, resolved: ResourceType | None) -> bool:
    """Tell whether a controller can still run for the type of a slice. If unsure, the drain timeout decides.

    None can where the ObjectSync's kind has vanished, or only another version of it is served.
    """
    type_ = types.load(item["spec"]["resource"])
    if (type_.group, type_.kind) in builtin.KINDS or type_ == resolved:
        return True
    return resolved is not None and not type_.is_version_of(resolved)
