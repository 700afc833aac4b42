"""The SyncSlices of a plan, and how a slice that is no longer wanted ends: drained first, then dropped.

An ObjectSync is gone only after its copies: the planner empties its slices, the generated controllers prune the
copies and say so in the slices' status, then the planner drops the slices. Where nobody drains (the resource type is
gone, or never served) a slice is dropped at once and Kubernetes' garbage collector removes its copies.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from object_syncer.kube import api, builtin, clock, types
from object_syncer.kube.meta import Json, name_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import controllers, packing
from object_syncer.planning.plan import Plan
from object_syncer.status import reasons
from object_syncer.status.summary import SHOWN_DESTINATIONS

DRAIN_PATIENCE_SECONDS = 60
"""After that a slice is dropped undrained: nothing may ever be stuck, and ownerReferences remove the copies."""

SERVED_WITHIN_SECONDS = 6
"""A controller none of whose slices has reported by then does not run: one starts in 0.05 s, and a large first fan-out
makes slices wait for each other, but never all of them."""


def of_plan(plan: Plan, policy: str, observed: Iterable[Json], now: datetime) -> list[Json]:
    """Return the SyncSlices of one ObjectSync: those of its present source, filled, and older ones while they drain.

    `observed` are its SyncSlices that exist now.
    """
    identity = (
        plan.object_sync["metadata"]["uid"], plan.type.group, plan.type.version, plan.type.plural,
        *plan.source,
    )  # fmt: skip
    stem = controllers.bounded(name_of(plan.object_sync), policy, *identity)
    current: dict[int, Json] = {}
    leftovers: list[Json] = []
    for item in observed:
        index = item["spec"]["index"]
        if name_of(item) == f"{stem}-{index}":
            current[index] = item
        else:
            leftovers.append(item)

    names = plan.destinations.names()
    limit = packing.capacity(max((_source_bytes(item) for item in current.values()), default=0))
    packed = packing.pack(names, {index: _held(item) for index, item in current.items()}, limit)
    show_all = sum(map(len, names.values())) <= SHOWN_DESTINATIONS
    result = []
    for index, held in packed.items():
        before = current.get(index)
        if index and not held:
            ended = ending(before, plan.type, now) if before else None
            result += [ended] if ended else []
            continue
        spec = _spec(plan, f"{stem}-{index}", index, held)
        probes = _probes(before, held) if before else []
        if probes:
            spec["probes"] = probes
        if show_all or index == 0:
            spec["showSynced"] = True
        result.append(_slice(plan, policy, spec, before))
    return result + [ended for item in leftovers if (ended := ending(item, plan.type, now))]


def ending(item: Json, served: ResourceType | None, now: datetime) -> Json | None:
    """Return an unwanted slice as it should be while it drains, None once it may be dropped.

    `served` is the type that its ObjectSync resolves to now, None if there is none.
    """
    spec = item["spec"]
    type_ = types.load(spec["resource"])
    if not has_reported(item) or not _may_drain(type_, served):
        return None
    if is_drained(item):
        return None
    since = spec.get("draining") or clock.stamp(now)
    if clock.age(since, now) > DRAIN_PATIENCE_SECONDS:
        return None
    kept = {
        key: value for key, value in spec.items() if key not in ("groups", "withheld", "refusal", "probes", "notice")
    }
    return again(item, {**kept, "draining": since})


def _may_drain(type_: ResourceType, served: ResourceType | None) -> bool:
    """Tell whether somebody may still serve a type that was in use: patience ends the doubt.

    Nobody does where the ObjectSync's kind has vanished, or only another version of it is served.
    """
    if (type_.group, type_.kind) in builtin.KINDS or type_ == served:
        return True
    return served is not None and (type_.group, type_.plural) != (served.group, served.plural)


def is_drained(item: Json) -> bool:
    """Tell whether an observed slice holds no destination and, as far as it has ever been served, no copy."""
    status = item.get("status") or {}
    if item["spec"].get("groups"):
        return False
    return not has_reported(item) or (
        status["observedGeneration"] == item["metadata"]["generation"] and not status.get("copies")
    )


def again(item: Json, spec: Json | None = None) -> Json:
    """Return an observed slice as a child: unchanged, or with another spec."""
    labels = {
        key: value
        for key, value in (item["metadata"].get("labels") or {}).items()
        if key in (api.CONTROLLER_LABEL, api.OBJECTSYNC_LABEL)
    }
    return _child(name_of(item), labels, spec or item["spec"], item)


def unguarded(item: Json) -> Json:
    """Return an observed slice as a child that creates no copies: nobody keeps it off what may stand there."""
    return again(item, {**item["spec"], "unguarded": True})


def needs_controller(item: Json, before: Json | None) -> bool:
    """Tell whether a slice must be served: a refused one only while it, as observed `before`, may hold copies."""
    if not item["spec"].get("refusal"):
        return True
    return before is not None and not is_drained(before)


def has_reported(item: Json) -> bool:
    """Tell whether a slice has ever been served."""
    return "observedGeneration" in (item.get("status") or {})


def is_awaited(item: Json) -> bool:
    """Tell whether a slice should report soon, and has not been told to be unserved."""
    return not (has_reported(item) or item["spec"].get("refusal") or item["spec"].get("unserved"))


def unserved(observed: Iterable[Json], running: Mapping[str, Json], now: datetime) -> set[str]:
    """Return the names of the controllers in whose charge slices have been for too long without any report.

    `observed` are all SyncSlices of a policy, `running` its CompositeControllers by name.
    """
    silent: dict[str, float] = {}
    heard: set[str] = set()
    for item in observed:
        name = (item["metadata"].get("labels") or {}).get(api.CONTROLLER_LABEL, "")
        if has_reported(item):
            heard.add(name)
        elif not item["spec"].get("refusal"):
            since = running.get(name, item)["metadata"].get("creationTimestamp")
            silent[name] = max(silent.get(name, 0.0), clock.age(since, now))
    return {name for name, age in silent.items() if age > SERVED_WITHIN_SECONDS} - heard


def told(item: Json, silent: Collection[str]) -> Json:
    """Return a slice as a child that says whether its controller, one of `silent`, has failed to serve it."""
    spec = item["spec"]
    unserved = item["metadata"]["labels"].get(api.CONTROLLER_LABEL) in silent and not spec.get("refusal")
    if unserved == spec.get("unserved", False):
        return item
    kept = {key: value for key, value in spec.items() if key != "unserved"}
    return {**item, "spec": {**kept, "unserved": True} if unserved else kept}


def _spec(plan: Plan, name: str, index: int, held: packing.Held) -> Json:
    meta = plan.object_sync["metadata"]
    groups = []
    for shape, wanted in plan.destinations.wanted.items():
        namespaces = held.get(shape.name, set()) & wanted
        if namespaces:
            group: Json = {"name": shape.name, "namespaces": sorted(namespaces)}
            groups.append({**group, "strategy": shape.strategy} if shape.strategy else group)
    spec: Json = {
        "index": index,
        "objectSync": {
            "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"], "generation": meta["generation"],
        },
        "resource": types.dump(plan.type),
        "source": {"namespace": plan.source[0], "name": plan.source[1]},
        "selector": {"matchLabels": {api.SLICE_LABEL: name}},
    }  # fmt: skip
    if groups:
        spec["groups"] = groups
    policy = plan.object_sync["spec"].get("conflictPolicy")
    if policy and policy != "Fail":
        spec["conflictPolicy"] = policy
    if index == 0 and plan.notice:
        spec["notice"] = plan.notice
    if index == 0 and plan.destinations.withheld:
        spec["withheld"] = [
            {
                "namespace": item.namespace, "name": item.name, "reason": item.reason, "message": item.message,
                **({"strategy": item.strategy} if item.strategy else {}),
            }
            for item in sorted(plan.destinations.withheld, key=lambda item: (item.namespace, item.name))
        ]  # fmt: skip
    if index == 0 and plan.refusal:
        spec["refusal"] = {"reason": plan.refusal.reason, "message": plan.refusal.message}
    return spec


def _slice(plan: Plan, policy: str, spec: Json, before: Json | None) -> Json:
    labels = {
        api.CONTROLLER_LABEL: controllers.name(policy, plan.type),
        api.OBJECTSYNC_LABEL: plan.object_sync["metadata"]["uid"],
    }
    return _child(spec["selector"]["matchLabels"][api.SLICE_LABEL], labels, spec, before)


def _child(name: str, labels: Mapping[str, str], spec: Json, before: Json | None) -> Json:
    meta: Json = {"name": name, "labels": dict(labels)}
    repair = _repair(labels, before)
    if repair:
        meta["annotations"] = {api.REPAIR_ANNOTATION: repair}
    return {"apiVersion": api.API_VERSION, "kind": "SyncSlice", "metadata": meta, "spec": spec}


def _repair(labels: Mapping[str, str], before: Json | None) -> str:
    # SyncSlices have a generation, so the engine does not see that a label was edited: a new value tells it.
    if before is None:
        return ""
    meta = before["metadata"]
    if labels.items() <= (meta.get("labels") or {}).items():
        return str((meta.get("annotations") or {}).get(api.REPAIR_ANNOTATION, ""))
    return str(meta["resourceVersion"])


def _probes(before: Json, held: packing.Held) -> list[Json]:
    """Guard first, probe what was refused: only where a copy stays missing is there something to look at.

    Each probe is a rule that the engine tries on every event of an object of the type.
    """
    refused = sorted(
        (entry["namespace"], entry["name"])
        for entry in (before.get("status") or {}).get("destinations") or ()
        if entry.get("reason") in (reasons.CONFLICT, reasons.REJECTED)
        and entry["namespace"] in held.get(entry["name"], ())
    )
    return [{"namespace": namespace, "name": name} for namespace, name in refused]


def _held(item: Json) -> packing.Held:
    held: packing.Held = {}
    for group in item["spec"].get("groups") or ():
        held.setdefault(group["name"], set()).update(group["namespaces"])
    return held


def _source_bytes(item: Json) -> int:
    source: Sequence[object] | Json = (item.get("status") or {}).get("source") or {}
    return int(source.get("bytes", 0)) if isinstance(source, dict) else 0
