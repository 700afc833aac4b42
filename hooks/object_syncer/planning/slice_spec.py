"""What the planner writes into the SyncSlices of one ObjectSync: names, and specs by name."""

from collections import Counter
from collections.abc import Callable, Iterable

import orjson

from object_syncer.kube import api, types
from object_syncer.kube.meta import Json, name_of
from object_syncer.planning import controllers, packing, transforms
from object_syncer.planning.destinations import Destinations, Shape
from object_syncer.planning.plan import Plan
from object_syncer.status import destination, problem, reasons
from object_syncer.status.summary import SHOWN_DESTINATIONS

PLURAL_IN_NAME = 20
"""Characters of the plural, without hyphens, that names of SyncSlices begin with; as in admission/marks.yaml.

A name with "-." in it is invalid.
"""


def planned(plan: Plan, policy: str, observed: Iterable[Json]) -> dict[str, Json]:
    """Return the specs of the SyncSlices that an ObjectSync should have, by name.

    There is always one with index 0; it carries what concerns the whole ObjectSync. `observed` are the ObjectSync's
    SyncSlices that exist: a destination stays in the one that has it.
    """
    observed = list(observed)
    stem = _stem(plan, policy, observed)
    earlier = {item["spec"]["index"]: item for item in observed if name_of(item) == f"{stem}-{item['spec']['index']}"}
    names = plan.destinations.names()
    limit = packing.capacity(max((_source_bytes(item) for item in earlier.values()), default=0))
    packed = packing.pack(names, {index: _packed(item) for index, item in earlier.items()}, limit)
    show_all = sum(map(len, names.values())) <= SHOWN_DESTINATIONS
    shapes = _shapes_by_name(plan.destinations)
    specs = {}
    for index, slot in packed.items():
        if index and not slot:
            continue
        name = f"{stem}-{index}"
        specs[name] = _spec(plan, policy, name, index, _groups(shapes, slot))
        probes = _probes(earlier[index], slot) if index in earlier else []
        if probes:
            specs[name]["probes"] = probes
        if show_all:
            specs[name]["showSynced"] = True
    return specs


def source(plan: Plan) -> Json:
    """Return the object that is copied."""
    return {"namespace": plan.source[0], "name": plan.source[1]}


def owning(name: str) -> Json:
    """Return the part of a spec by which the SyncSlice of that name owns the copies that carry its label."""
    return {"selector": {"matchLabels": {api.SLICE_LABEL: name}}}


def releasing(name: str) -> Json:
    """Return the part of a spec by which a SyncSlice gives up its copies, which stay as they are.

    The selector contradicts itself, so that no label that anybody can put on an object matches it.
    """
    nothing = {"key": api.SLICE_LABEL, "operator": "DoesNotExist"}
    return {"selector": {**owning(name)["selector"], "matchExpressions": [nothing]}}


def is_releasing(spec: Json) -> bool:
    """Tell whether a SyncSlice gives up its copies, all of them."""
    return {"matchLabels", "matchExpressions"} <= set(spec.get("selector") or ())


def is_given_up(spec: Json) -> bool:
    """Tell whether the copies of a SyncSlice are to be deleted, or to become those of another policy."""
    return bool(spec.get("draining")) or is_releasing(spec)


def child(policy: str, spec: Json, observed: Json | None) -> Json:
    """Return the SyncSlice of a policy with this spec; `observed` is the one that exists."""
    labels = {
        api.CONTROLLER_LABEL: controllers.name(policy, types.load(spec["resource"])),
        api.OBJECTSYNC_LABEL: spec["objectSync"]["uid"],
    }
    name = name_of(observed) if observed else spec["selector"]["matchLabels"][api.SLICE_LABEL]
    meta: Json = {"name": name, "labels": labels}
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


def destinations(spec: Json) -> list[Json]:
    """Return namespace and name of every copy that a SyncSlice is to have.

    `spec` may also be its `leaving`: then of those that it gives up and that stay.
    """
    return [
        {"namespace": namespace, "name": group["name"]}
        for group in spec.get("groups") or ()
        for namespace in group["namespaces"]
    ]


def shared_groups(spec: Json, plan: Plan) -> list[Json]:
    """Return the groups of a spec, less the destinations that a plan does not have."""
    if not types.load(spec["resource"]).is_version_of(plan.type):
        return []
    names = plan.destinations.names()
    return groups_where(spec, lambda name, namespace: namespace in names.get(name, ()))


def groups_where(spec: Json, is_kept: Callable[[str, str], bool]) -> list[Json]:
    """Return the groups of a spec with the destinations (copy name, namespace) that are kept; none is empty."""
    kept = (
        {**group, "namespaces": [where for where in group["namespaces"] if is_kept(group["name"], where)]}
        for group in spec.get("groups") or ()
    )
    return [group for group in kept if group["namespaces"]]


def _stem(plan: Plan, policy: str, observed: Iterable[Json]) -> str:
    """Return what the names of a plan's SyncSlices begin with.

    Slices that exist keep their names, or their copies would be deleted and created anew: only another type of copies
    needs other slices. Another source, or another version of the type, changes slices and copies in place. The name is
    also the value of the label on copies. It begins with their plural, so that the guard can tell labels that claim an
    object from those that Kubernetes or an operator handed on from a copy to an object of another type.
    """
    type_, uid = plan.type, plan.object_sync["metadata"]["uid"]
    same_type = [item for item in observed if types.load(item["spec"]["resource"]).is_version_of(type_)]
    if same_type:
        oldest = min(same_type, key=lambda item: ("draining" in item["spec"], name_of(item)))
        return name_of(oldest).rpartition("-")[0]
    identity = (uid, type_.group, type_.plural)
    readable = f"{type_.plural.replace('-', '')[:PLURAL_IN_NAME]}.{name_of(plan.object_sync)}"
    return controllers.bounded(readable, policy, *identity)


def _spec(plan: Plan, policy: str, name: str, index: int, groups: list[Json]) -> Json:
    meta = plan.object_sync["metadata"]
    spec: Json = {
        "index": index,
        "policy": policy,
        "objectSync": {
            "namespace": meta["namespace"],
            "name": meta["name"],
            "uid": meta["uid"],
            "generation": meta["generation"],
        },
        "resource": types.dump(plan.type),
        "source": source(plan),
        **owning(name),
    }
    if groups:
        spec["groups"] = groups
    copy = transforms.given(plan.object_sync["spec"].get("copy"))
    if copy:
        spec["copy"] = copy
    where = {namespace for group in groups for namespace in group["namespaces"]}
    labels = {namespace: plan.labels[namespace] for namespace in sorted(where & plan.labels.keys())}
    if labels:
        spec["namespaceLabels"] = labels
    if plan.source_consent:
        spec["sourceConsent"] = "Required"
    if plan.conflict_policy != "Fail":
        spec["conflictPolicy"] = plan.conflict_policy
    if plan.retains:
        spec["deletionPolicy"] = "Retain"
    problems = _problems(plan) if index == 0 else []
    if problems:
        spec["problems"] = problems
    return spec


_Shapes = dict[str, list[tuple[int, Shape, set[str]]]]
"""Copy name -> place in the plan, shape and namespaces of each shape of that name: there may be thousands of names."""


def _shapes_by_name(destinations: Destinations) -> _Shapes:
    shapes: _Shapes = {}
    for place, (shape, wanted) in enumerate(destinations.wanted.items()):
        shapes.setdefault(shape.name, []).append((place, shape, wanted))
    return shapes


def _groups(shapes: _Shapes, packed: packing.Destinations) -> list[Json]:
    """Return the groups of one slice, in the order of the plan."""
    found = [
        (place, shape, namespaces & wanted)
        for name, namespaces in packed.items()
        for place, shape, wanted in shapes.get(name, ())
        if not namespaces.isdisjoint(wanted)
    ]
    return [_group(shape, where) for _, shape, where in sorted(found, key=lambda item: item[0])]


def _group(shape: Shape, namespaces: set[str]) -> Json:
    group: Json = {"name": shape.name, "namespaces": sorted(namespaces)}
    if shape.strategy:
        group["strategy"] = shape.strategy
    if shape.copy:
        group["copy"] = orjson.loads(shape.copy)
    return group


def _problems(plan: Plan) -> list[Json]:
    """Return all that keeps the ObjectSync from copies, in the shape of `status.problem`."""
    problems = [problem.dump(plan.problem)] if plan.problem else []
    for advice in filter(None, (plan.advice, plan.destinations.unmatched)):
        problems.append({**problem.dump(advice), "advisory": True})
    return problems + _withheld(plan.destinations)


def _withheld(destinations: Destinations) -> list[Json]:
    """Return which destinations get no copy, and why.

    As many are named as an ObjectSync's status can show, failing ones first but one of each reason; of the others there
    is the number by reason. So the slice stays small, whatever an ObjectSync asks for.
    """
    groups = sorted(destinations.problems.items(), key=lambda it: (destination.is_pending(it[0][1].reason), it[0]))
    unseen = {why.reason for (_, why), _ in groups}
    room, unnamed = SHOWN_DESTINATIONS, Counter[str]()
    withheld: list[Json] = []
    for (shape, why), namespaces in groups:
        unseen.discard(why.reason)
        named = sorted(namespaces)[: room - len(unseen)]
        if named:
            strategy = {"strategy": shape.strategy} if shape.strategy else {}
            withheld.append({**problem.dump(why), "name": shape.name, "namespaces": named, **strategy})
        room -= len(named)
        unnamed[why.reason] += len(namespaces) - len(named)
    return withheld + [destination.unnamed(reason, count) for reason, count in sorted(unnamed.items()) if count]


def _probes(earlier: Json, slot: packing.Destinations) -> list[Json]:
    """Return the destinations where a copy was refused, so that the hook of the slice sees what is there.

    Only those: the engine tries each of these rules on every event of an object of the type.
    """
    refused = sorted(
        (entry["namespace"], entry["name"])
        for entry in (earlier.get("status") or {}).get("destinations") or ()
        if entry.get("reason") in (reasons.CONFLICT, reasons.REJECTED)
        and entry["namespace"] in slot.get(entry["name"], ())
    )
    return [{"namespace": namespace, "name": name} for namespace, name in refused]


def _packed(item: Json) -> packing.Destinations:
    packed: packing.Destinations = {}
    for group in item["spec"].get("groups") or ():
        packed.setdefault(group["name"], set()).update(group["namespaces"])
    return packed


def _source_bytes(item: Json) -> int:
    source = (item.get("status") or {}).get("source") or {}
    return int(source.get("bytes", 0))
