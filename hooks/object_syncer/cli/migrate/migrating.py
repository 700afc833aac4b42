"""The steps of `object-syncer migrate upstream`. Each looks at what is there: it may be killed anywhere, and repeated.

The original, rustrial/k8s-object-syncer, has a finalizer on its ObjectSyncs, sources and copies, and is the manager of
their fields. Once it is stopped, one write for each object changes both, and sees that a copy names its source: then
the guard lets Metacontroller take it over as it is, whatever the ObjectSync's conflictPolicy.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from object_syncer.cli.live import kinds, waiting
from object_syncer.cli.live.cluster import Cluster
from object_syncer.cli.live.errors import ClusterError, Unfinished
from object_syncer.cli.live.kinds import place
from object_syncer.cli.live.rights import Right
from object_syncer.cli.live.waiting import Say
from object_syncer.kube import api, builtin
from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import discovery

_IMAGE = "k8s-object-syncer"
"""The last part of the original's image, in whatever registry."""

_MANAGER = "rustrial-object-syncer"
"""The original's field manager."""

_ENGINE_MANAGER = "metacontroller"
"""Metacontroller's field manager, unless a flag of it says otherwise."""

_PODS_END = 120.0
_ATTEMPTS = 5
_REPORT_EVERY = 500

_POD = builtin.KINDS["", "Pod"][0]
_ALWAYS = (builtin.KINDS["", "ConfigMap"][0], builtin.KINDS["", "Secret"][0])
"""Types that are looked at even where no ObjectSync names them: one that did may be gone."""

_Place = tuple[str, str, str, str]
"""API group, kind, namespace and name."""


class Held(NamedTuple):
    """An object that the original's finalizer holds; `source` is namespace/name of what it is a copy of, if known."""

    type: ResourceType
    obj: Json
    source: str


@dataclass(frozen=True)
class Inventory:
    """What there is of the original."""

    deployments: list[Json]
    """Its Deployments that run."""
    objects: list[Held]
    object_syncs: list[Json]
    types: list[ResourceType]
    unknown: list[str] = field(default_factory=list)
    """Kinds that ObjectSyncs name and the API server does not serve."""


def look(cluster: Cluster, deployment: str = "") -> Inventory:
    """Return what there is of the original, whose Deployment is found by its image unless it is named.

    Raises ClusterError.
    """
    object_syncs = cluster.list(kinds.OBJECT_SYNC)
    types, unknown = _types(cluster, object_syncs)
    return Inventory(
        _running(cluster, deployment),
        list(_held(cluster, types, object_syncs)),
        [item for item in object_syncs if _is_held(item)],
        types,
        unknown,
    )


def lines(found: Inventory) -> list[str]:
    """Return what is done to what is there, a line each."""
    said = []
    if found.deployments:
        said.append(f"scale to zero: Deployment {waiting.some([place(item) for item in found.deployments])}")
    named = [f"{held.type.kind} {place(held.obj)}" for held in found.objects]
    for what, items in (("objects", named), ("ObjectSyncs", [place(item) for item in found.object_syncs])):
        if items:
            said.append(f"take the original's finalizer off {what} ({len(items)}): {waiting.some(items)}")
    going = [f"{held.type.kind} {place(held.obj)}" for held in found.objects if _is_going(held.obj)]
    going += [f"ObjectSync {place(item)}" for item in found.object_syncs if _is_going(item)]
    if going:
        said.append(f"which ends their deletion, asked for before ({len(going)}): {waiting.some(going)}")
    if found.unknown:
        said.append(f"not looked at, because nobody serves the kind: {waiting.some(found.unknown)}")
    return said


def needed(found: Inventory) -> list[Right]:
    """Return the rights that it takes."""
    rights = [Right("list", type_) for type_ in (*found.types, kinds.OBJECT_SYNC, kinds.DEPLOYMENT)]
    rights += [Right("patch", held.type, namespace_of(held.obj)) for held in found.objects]
    rights += [Right("patch", kinds.OBJECT_SYNC, namespace_of(item)) for item in found.object_syncs]
    for item in found.deployments:
        rights += [Right("patch", kinds.DEPLOYMENT, namespace_of(item)), Right("list", _POD, namespace_of(item))]
    return rights


def migrate(cluster: Cluster, deployment: str, say: Say) -> None:
    """Stop the original and take away what it holds. Raises ClusterError, and Unfinished with what is in the way."""
    for item in _running(cluster, deployment):
        _stop(cluster, item, say)
    for _ in range(_ATTEMPTS):
        object_syncs = cluster.list(kinds.OBJECT_SYNC)
        objects = list(_held(cluster, _types(cluster, object_syncs)[0], object_syncs))
        # ObjectSyncs last: they name the types. One that is being deleted is gone then.
        held = objects + [Held(kinds.OBJECT_SYNC, item, "") for item in object_syncs if _is_held(item)]
        if not held:
            return
        say(f"Objects ({len(objects)}) and ObjectSyncs ({len(held) - len(objects)}): taking the finalizer off")
        for done, each in enumerate(held, 1):
            cluster.patch(each.obj, each.type, _patch(each))
            if done % _REPORT_EVERY == 0:
                say(f"{done} of {len(held)} done")
    raise Unfinished(
        f"{place(held[0].obj)} has its finalizer again: the original still runs somewhere; stop it, or name its "
        "Deployment with --deployment NAMESPACE/NAME"
    )


# The original


def _running(cluster: Cluster, deployment: str) -> list[Json]:
    if deployment:
        namespace, _, name = deployment.partition("/")
        found = [cluster.get(kinds.DEPLOYMENT, name, namespace)]
        if found == [None]:
            raise ClusterError(404, f"there is no Deployment {deployment}")
    else:
        found = [item for item in cluster.list(kinds.DEPLOYMENT) if _is_original(item)]
    return [item for item in found if item and _runs(item)]


def _runs(deployment: Json) -> bool:
    return bool(deployment["spec"].get("replicas", 1) or (deployment.get("status") or {}).get("replicas"))


def _is_original(deployment: Json) -> bool:
    containers = deployment["spec"]["template"]["spec"].get("containers") or ()
    images = (str(container.get("image", "")).partition("@")[0].rpartition("/")[2] for container in containers)
    return any(image.partition(":")[0] == _IMAGE for image in images)


def _stop(cluster: Cluster, deployment: Json, say: Say) -> None:
    """Scale a Deployment to zero and wait until its Pods have ended."""
    where = place(deployment)
    say(f"Deployment {where}: scaling to zero")
    present: Json | None = deployment
    while present and present["spec"].get("replicas", 1):
        cluster.patch(present, kinds.DEPLOYMENT, {"spec": {"replicas": 0}})
        present = cluster.get(kinds.DEPLOYMENT, name_of(deployment), namespace_of(deployment))
    wanted = deployment["spec"]["selector"].get("matchLabels") or {}

    def pods() -> list[str]:
        live = cluster.list(_POD, namespace_of(deployment))
        ours = [item for item in live if wanted.items() <= (item["metadata"].get("labels") or {}).items()]
        running = [item for item in ours if (item.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
        return [place(item) for item in running]

    left = waiting.until_none(pods, _PODS_END)
    if left:
        raise Unfinished(f"Pod {waiting.some(left)} of Deployment {where} still runs after {_PODS_END:.0f} s")


# What it holds


def _types(cluster: Cluster, object_syncs: Iterable[Json]) -> tuple[list[ResourceType], list[str]]:
    """Return the types that may have the finalizer, and the kinds that nobody serves."""
    found, unknown = set(_ALWAYS), set()
    asked = {(item["spec"]["source"]["group"], item["spec"]["source"]["kind"]) for item in object_syncs}
    for item in object_syncs:
        for entry in (item.get("status") or {}).get("destinations") or ():
            asked.add((entry.get("group") or "", entry["kind"]))
    for group, kind in sorted(asked):
        names = discovery.candidates({"group": group, "kind": kind})
        definitions = [crd for name in names if (crd := cluster.get(kinds.CRD, name))]
        type_ = kinds.served(group, kind, definitions)
        if type_ is None:
            unknown.add(f"{kind}.{group}".rstrip("."))
        elif type_.namespaced:
            found.add(type_)
    return sorted(found), sorted(unknown)


def _held(cluster: Cluster, types: Iterable[ResourceType], object_syncs: Iterable[Json]) -> Iterator[Held]:
    object_syncs = list(object_syncs)
    copies, sources = _copies(object_syncs), {_source(item) for item in object_syncs}
    for type_ in types:
        for obj in cluster.list(type_):
            if _is_held(obj):
                key = (type_.group, type_.kind, namespace_of(obj), name_of(obj))
                yield Held(type_, obj, "" if key in sources else copies.get(key, ""))


def _copies(object_syncs: Iterable[Json]) -> Mapping[_Place, str]:
    """Return the copies that the status of ObjectSyncs lists, with namespace/name of their source."""
    found: dict[_Place, str] = {}
    for item in object_syncs:
        group, kind, namespace, name = _source(item)
        for entry in (item.get("status") or {}).get("destinations") or ():
            key = (entry.get("group") or group, entry.get("kind") or kind, entry["namespace"], entry["name"])
            found[key] = f"{namespace}/{name}"
    return found


def _source(object_sync: Json) -> _Place:
    source = object_sync["spec"]["source"]
    namespace = source.get("namespace") or namespace_of(object_sync)
    return source["group"], source["kind"], namespace, source["name"]


def _is_held(obj: Json) -> bool:
    return api.UPSTREAM_FINALIZER in (obj["metadata"].get("finalizers") or ())


def _is_going(obj: Json) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def _patch(held: Held) -> Json:
    """Return what takes the finalizer away, and hands the original's fields over to Metacontroller.

    A field that the original managed would stay in the copy when the source drops it. So would one that nobody manages:
    when an object is applied for the first time, the API server notes that all of it was there before. A copy that does
    not name its source gets the annotation that follows from the ObjectSync's status.
    """
    meta = held.obj["metadata"]
    finalizers = [each for each in meta["finalizers"] if each != api.UPSTREAM_FINALIZER]
    patch: Json = {"finalizers": finalizers or None}
    annotated = api.SOURCE_ANNOTATION in (meta.get("annotations") or {})
    if held.source and not annotated:
        patch["annotations"] = {api.SOURCE_ANNOTATION: held.source}
    if held.source or annotated:
        managers = meta.get("managedFields") or []
        heirs = [entry for entry in managers if entry.get("manager") == _MANAGER or _is_ours(entry)]
        if any(not _is_ours(entry) for entry in heirs):
            patch["managedFields"] = [entry for entry in managers if entry not in heirs] + [_handed_over(heirs)]
    return {"metadata": patch}


def _is_ours(entry: Json) -> bool:
    return entry.get("manager") == _ENGINE_MANAGER and entry.get("operation") == "Apply"


def _handed_over(entries: list[Json]) -> Json:
    """Return one entry of managedFields for all fields of some, as if Metacontroller had applied them."""
    tree: Json = {}
    for entry in entries:
        tree = _union(tree, entry.get("fieldsV1") or {})
    metadata = {key: value for key, value in tree.get("f:metadata", {}).items() if key != "f:finalizers"}
    fields = {**{key: value for key, value in tree.items() if key != "f:metadata"}, "f:metadata": metadata}
    kept: Json = {key: entries[0][key] for key in ("apiVersion", "time", "fieldsType") if key in entries[0]}
    return {**kept, "manager": _ENGINE_MANAGER, "operation": "Apply", "fieldsV1": fields}


def _union(one: Json, other: Json) -> Json:
    """Return all fields of two FieldsV1 trees."""
    return {key: _union(one.get(key, {}), other.get(key, {})) for key in (*one, *other)}
