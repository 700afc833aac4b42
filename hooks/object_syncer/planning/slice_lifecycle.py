"""The life of a SyncSlice: planned, then draining, then deleted.

An ObjectSync is gone only after its copies. A slice that is no longer planned is emptied first: the engine deletes its
copies, its status says so, and then the planner leaves it out, which deletes it. Where nobody can drain it (the
resource type is gone, or was never served) it is deleted at once, and owner references remove its copies.

    planned --not planned any more--> draining --no copies left, or timeout--> deleted
       ^                                 |
       +-----------planned again---------+
"""

from collections.abc import Iterable
from datetime import datetime

from object_syncer.kube import api, builtin, clock, times, types
from object_syncer.kube.meta import Json, name_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import controllers, slice_spec
from object_syncer.planning.plan import Plans
from object_syncer.status import problem, summary
from object_syncer.status.problem import Problem

_DROPPED_WHILE_DRAINING = frozenset(("groups", "problems", "probes"))


def follow(
    plans: Plans, policy: str, observed: Iterable[Json], resolved: dict[str, ResourceType | None], now: datetime
) -> list[Json]:
    """Return the SyncSlices that a policy should have.

    `observed` are those it has, `resolved` the resource type that each ObjectSync, by uid, resolves to now.
    """
    by_owner: dict[str, list[Json]] = {}
    for item in observed:
        by_owner.setdefault(item["spec"]["objectSync"]["uid"], []).append(item)
    wanted: list[Json] = []
    for plan in plans.plans:
        uid = plan.object_sync["metadata"]["uid"]
        existing = {name_of(item): item for item in by_owner.pop(uid, ())}
        specs = slice_spec.planned(plan, policy, existing.values())
        for name in dict.fromkeys((*specs, *existing)):
            wanted += _some(next_form(policy, existing.get(name), specs.get(name), plan.type, now))
    for uid, items in by_owner.items():
        for item in items:
            if uid in plans.unplanned:
                wanted.append(unplanned(policy, item, plans.unplanned[uid]))
            else:
                wanted += _some(next_form(policy, item, None, resolved.get(uid), now))
    return wanted


def next_form(
    policy: str, item: Json | None, planned: Json | None, resolved: ResourceType | None, now: datetime
) -> Json | None:
    """Return a SyncSlice of a policy as it should be now, None once it can be deleted.

    `item` is the observed slice, `planned` its spec if it has a plan; without one it drains. `resolved` is the type
    that its ObjectSync resolves to now.
    """
    if planned is not None:
        return _child(policy, planned, item)
    if item is None or not summary.was_reported(item) or not has_copies(item) or not _may_be_served(item, resolved):
        return None
    spec = item["spec"]
    since = spec.get("draining") or clock.stamp(now)
    if clock.age(since, now) > times.DRAIN_TIMEOUT:
        return None
    kept = {key: value for key, value in spec.items() if key not in _DROPPED_WHILE_DRAINING}
    return _child(policy, {**kept, "draining": since}, item)


def unplanned(policy: str, item: Json, blocking: Problem | None) -> Json:
    """Return an observed SyncSlice as it is; with a problem, its copies follow their source but none is created."""
    spec = item["spec"]
    problems = spec.get("problems") or []
    if blocking and problem.blocking(problems) != blocking:
        others = [entry for entry in problems if "namespaces" in entry or entry.get("advisory")]
        spec = {**spec, "problems": [problem.dump(blocking), *others]}
    return _child(policy, spec, item)


def has_copies(item: Json) -> bool:
    """Tell whether an observed SyncSlice may have copies: it has destinations, or did not report that none is left."""
    if item["spec"].get("groups"):
        return True
    status = item.get("status") or {}
    if not summary.was_reported(item):
        return False
    return bool(status["observedGeneration"] != item["metadata"]["generation"] or status.get("copies"))


def needs_controller(item: Json, before: Json | None) -> bool:
    """Tell whether a wanted SyncSlice must be served; `before` is the observed one.

    One that gets no copies, for a problem of the whole ObjectSync, only while it may have some.
    """
    if item["spec"].get("groups") or problem.blocking(item["spec"].get("problems")) is None:
        return True
    return before is not None and has_copies(before)


def _may_be_served(item: Json, resolved: ResourceType | None) -> bool:
    """Tell whether a controller can still run for the type of a slice. If unsure, the drain timeout decides.

    None can where the ObjectSync's kind has vanished, or only another version of it is served.
    """
    type_ = types.load(item["spec"]["resource"])
    if (type_.group, type_.kind) in builtin.KINDS or type_ == resolved:
        return True
    return resolved is not None and not type_.is_version_of(resolved)


def _child(policy: str, spec: Json, observed: Json | None) -> Json:
    labels = {
        api.CONTROLLER_LABEL: controllers.name(policy, types.load(spec["resource"])),
        api.OBJECTSYNC_LABEL: spec["objectSync"]["uid"],
    }
    meta: Json = {"name": spec["selector"]["matchLabels"][api.SLICE_LABEL], "labels": labels}
    repair = _repair(labels, observed)
    if repair:
        meta["annotations"] = {api.REPAIR_ANNOTATION: repair}
    return {"apiVersion": api.API_VERSION, "kind": "SyncSlice", "metadata": meta, "spec": spec}


def _repair(labels: dict[str, str], observed: Json | None) -> str:
    # SyncSlices have a generation, so the engine does not see that a label was edited: a new value makes it write.
    if observed is None:
        return ""
    meta = observed["metadata"]
    if labels.items() <= (meta.get("labels") or {}).items():
        return str((meta.get("annotations") or {}).get(api.REPAIR_ANNOTATION, ""))
    return str(meta["resourceVersion"])


def _some(item: Json | None) -> list[Json]:
    return [] if item is None else [item]
