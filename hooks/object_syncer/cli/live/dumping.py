"""A cluster read as if it were a dump: what `kubectl get -o yaml` would print of the kinds that a command needs."""

from collections.abc import Iterable

from object_syncer.cli.input.reading import Given, Input, Place
from object_syncer.cli.live import kinds
from object_syncer.cli.live.cluster import Cluster
from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.planning import discovery

_INSTALLATION = (
    kinds.SYNC_SLICE,
    kinds.COMPOSITE,
    kinds.DECORATOR,
    kinds.ADMISSION_POLICY,
    kinds.ADMISSION_BINDING,
    kinds.DEPLOYMENT,
    kinds.STATEFUL_SET,
)


def sources(cluster: Cluster, others: Iterable[Json] = ()) -> Input:
    """Return what a simulation of the cluster needs: all objects of the kinds that ObjectSyncs copy, and what decides.

    `others` are objects that are not in the cluster, ObjectSyncs and CRDs among them. Raises ClusterError.
    """
    others = list(others)
    object_syncs = cluster.list(kinds.OBJECT_SYNC)
    asked = [item["spec"]["source"] for item in (*object_syncs, *others) if _has_source(item)]
    definitions = _definitions(cluster, asked)
    known = [*definitions, *(item for item in others if item.get("kind") == kinds.CRD.kind)]
    types = {_type(source, known) for source in asked} - {None}
    objects = [*cluster.list(kinds.NAMESPACE), *cluster.list(kinds.SYNC_POLICY), *object_syncs, *definitions]
    for type_ in sorted(type_ for type_ in types if type_ and type_.namespaced):
        objects += cluster.list(type_)
    objects += [item for item in cluster.list(kinds.EVENT, "default") if _is_about_a_slice(item)]
    return _input(cluster, objects)


def installation(cluster: Cluster) -> list[Json]:
    """Return what `doctor` looks at: the installation, what it serves, and its copies. Raises ClusterError."""
    object_syncs, slices = cluster.list(kinds.OBJECT_SYNC), cluster.list(kinds.SYNC_SLICE)
    objects = [*object_syncs, *cluster.list(kinds.SYNC_POLICY), *cluster.list(kinds.NAMESPACE)]
    for type_ in _INSTALLATION:
        objects += cluster.list(type_)
    for type_ in (kinds.OBJECT_SYNC, kinds.SYNC_POLICY, kinds.SYNC_SLICE):
        crd = cluster.get(kinds.CRD, f"{type_.plural}.{type_.group}")
        objects += [crd] if crd else []
    for type_ in kinds.copied(slices, object_syncs):
        objects += cluster.list(type_, label=api.MANAGED_BY_LABEL)
    return objects


def _has_source(item: Json) -> bool:
    """Tell whether an object, perhaps of the input and not yet checked, is an ObjectSync that names a source."""
    spec = item.get("spec")
    source = spec.get("source") if item.get("kind") == kinds.OBJECT_SYNC.kind and isinstance(spec, dict) else None
    return isinstance(source, dict) and all(isinstance(source.get(key), str) for key in ("group", "kind"))


def _definitions(cluster: Cluster, asked: Iterable[Json]) -> list[Json]:
    names = sorted({name for source in asked for name in discovery.candidates(source)})
    return [crd for name in names if (crd := cluster.get(kinds.CRD, name))]


def _type(source: Json, crds: Iterable[Json]) -> ResourceType | None:
    return kinds.served(source["group"], source["kind"], crds)


def _is_about_a_slice(event: Json) -> bool:
    return (event.get("involvedObject") or {}).get("kind") == kinds.SYNC_SLICE.kind


def _input(cluster: Cluster, objects: Iterable[Json]) -> Input:
    place = Place(f"cluster {cluster.name}", "", 1)
    return Input([Given(place, item) for item in objects], [], [])
