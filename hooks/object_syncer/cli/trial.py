"""One run of `simulate`: load objects into an in-memory cluster with Object Syncer, run the engine until it rests.

What the API server would refuse is bad input, and reported with its place. Objects that belong to an installation are
left out of the input, because the simulation has its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches

from memcluster import ApiError, Cluster, Engine, Loop
from memcluster.cluster import SYSTEM_NAMESPACES
from memcluster.resources import Resource
from memcluster.schema import problems
from object_syncer import rehearsal
from object_syncer.cli import rules
from object_syncer.cli.reading import BadInput, Given
from object_syncer.cli.shapes import CRD, METADATA, shape
from object_syncer.kube import api
from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.kube.selectors import is_glob
from object_syncer.planning.destinations import WILDCARDS

_START = datetime(2024, 1, 1, tzinfo=UTC)
_WRITER = "kubectl"
"""The manager of all fields of an object whose managedFields are not shown."""

_STEPS, _STEPS_PER_OBJECT = 10_000, 500
_MADE_BY_US = ("SyncSlice",)


@dataclass(frozen=True)
class Outcome:
    """What is in the cluster at rest; `loop` says what kept it from coming to rest, "" if nothing did."""

    copies: list[Json]
    object_syncs: list[Json]
    slices: list[Json]
    controllers: list[str]
    steps: int
    loop: str = ""

    @property
    def in_sync(self) -> bool:
        """Tell whether every ObjectSync is Ready and InSync."""
        return not self.loop and all(
            condition_of(item, type_).get("status") == "True"
            for item in self.object_syncs
            for type_ in ("Ready", "InSync")
        )


def condition_of(obj: Json, type_: str) -> Json:
    """Return a condition of an object's status, {} if there is none."""
    conditions: list[Json] = (obj.get("status") or {}).get("conditions") or []
    return next((condition for condition in conditions if condition["type"] == type_), {})


def run(given: Sequence[Given], create_namespaces: bool) -> Outcome:
    """Put the objects into a cluster and let the engine work. Raises BadInput."""
    for item in given:
        _check_metadata(item)
    cluster = Cluster(namespaces=(), resources=rehearsal.RESOURCES, clock=max([_START, *map(_created, given)]))
    engine = _fill(cluster, given, create_namespaces)
    limit = _STEPS + _STEPS_PER_OBJECT * len(given)
    try:
        steps, loop = engine.run(limit), ""
    except Loop as error:
        steps, loop = limit, str(error)
    return _outcome(cluster, steps, loop)


def _outcome(cluster: Cluster, steps: int, loop: str) -> Outcome:
    slices = {name_of(item): item for item in cluster.list(api.API_VERSION, "SyncSlice")}
    copies = []
    for obj in cluster.everything():
        owner = slices.get((obj["metadata"].get("labels") or {}).get(api.SLICE_LABEL, ""))
        if owner and any(
            owner["metadata"]["uid"] == each["uid"] for each in obj["metadata"].get("ownerReferences", ())
        ):
            copies.append({**obj, "apiVersion": owner["spec"]["resource"]["apiVersion"]})
    copies.sort(key=lambda obj: (obj["kind"], namespace_of(obj), name_of(obj)))
    controllers = [name_of(item) for item in cluster.list(api.ENGINE_API_VERSION, "CompositeController")]
    planners = [name_of(item) for item in rehearsal.machinery() if item["kind"] == "CompositeController"]
    return Outcome(
        [_shown(obj) for obj in copies],
        [_shown(obj) for obj in cluster.list(api.API_VERSION, "ObjectSync")],
        list(slices.values()),
        [name for name in controllers if name not in planners],
        steps,
        loop,
    )


def _shown(obj: Json) -> Json:
    meta = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": meta, **_body(obj)}


def _body(obj: Json) -> Json:
    return {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}


# Filling the cluster


def _fill(cluster: Cluster, given: Iterable[Given], create_namespaces: bool) -> Engine:
    parts = {(obj["apiVersion"], obj["kind"], name_of(obj)) for obj in rehearsal.machinery()}
    wanted = [item for item in given if not _is_machinery(item.obj, parts)]
    definitions = [item for item in wanted if item.obj["kind"] == "CustomResourceDefinition"]
    seen: dict[tuple[str, ...], str] = {}
    for item in definitions:
        _served(cluster, item)
        _check(item.named(), CRD, item.obj)
        spec = item.obj["spec"]
        name = f"{spec['names']['plural']}.{spec['group']}"
        if name_of(item.obj) != name:
            raise BadInput(item.named(), f"metadata.name: must be {name}, as spec.names.plural and spec.group say")
        _load(cluster, item, seen)
    policies = any((item.obj["apiVersion"], item.obj["kind"]) == (api.API_VERSION, "SyncPolicy") for item in wanted)
    engine = rehearsal.install(cluster, policy=not policies)

    rest = [_placed(cluster, item) for item in wanted if item not in definitions]
    for item in rest:
        _check(item.named(), shape(item.obj), item.obj)
        if item.obj["apiVersion"] == api.API_VERSION:
            _check(item.named(), _served(cluster, item).schema, item.obj, strict=True)
            for path, message in rules.problems(item.obj):
                raise BadInput(item.named(), f"{path}: {message}")
    for item in rest:
        if _is_namespace(item.obj):
            _load(cluster, item, seen)
    _add_namespaces(cluster, {*SYSTEM_NAMESPACES, *(_named_namespaces(rest) if create_namespaces else ())})
    for item in rest:
        if not _is_namespace(item.obj):
            _load(cluster, item, seen)
    return engine


def _is_machinery(obj: Json, parts: set[tuple[str, str, str]]) -> bool:
    if obj["apiVersion"] == api.ENGINE_API_VERSION or (obj["apiVersion"], obj["kind"], name_of(obj)) in parts:
        return True
    return bool(obj["apiVersion"] == api.API_VERSION and obj["kind"] in _MADE_BY_US)


def _placed(cluster: Cluster, item: Given) -> Given:
    """Return the object with a namespace if its kind has one: as for kubectl, "default" if none is given.

    What an earlier run left on it is dropped: owners that are SyncSlices, the status of our own kinds.
    """
    resource, meta = _served(cluster, item), dict(item.obj["metadata"])
    if resource.namespaced:
        meta["namespace"] = meta.get("namespace") or "default"
    else:
        meta.pop("namespace", None)
    owners = [owner for owner in meta.pop("ownerReferences", None) or () if owner["kind"] not in _MADE_BY_US]
    if owners:
        meta["ownerReferences"] = owners
    ours = item.obj["apiVersion"] == api.API_VERSION
    kept = {key: value for key, value in item.obj.items() if not (ours and key == "status")}
    return Given(item.place, {**kept, "metadata": {key: value for key, value in meta.items() if value is not None}})


def _served(cluster: Cluster, item: Given) -> Resource:
    api_version, kind = item.obj["apiVersion"], item.obj["kind"]
    found = cluster.discovery.by_kind(api_version, kind)
    if found:
        return found
    known = cluster.discovery.served()
    versions = [each.api_version for each in known if each.kind == kind]
    if versions:
        raise BadInput(item.place, f"apiVersion: there is no {kind} in {api_version}; it is in {', '.join(versions)}")
    close = get_close_matches(kind, {each.kind for each in known}, 1, 0.8)
    hint = f"did you mean {close[0]}?" if close else "add the CustomResourceDefinition that defines it to the input"
    raise BadInput(item.place, f"kind: there is no {kind} in {api_version}; {hint}")


def _load(cluster: Cluster, item: Given, seen: dict[tuple[str, ...], str]) -> None:
    obj = item.obj
    resource = _served(cluster, item)
    key = (resource.group, resource.plural, namespace_of(obj), name_of(obj))
    if key in seen:
        raise BadInput(item.named(), f"metadata.name: the same object is in {seen[key]}; remove one of them")
    seen[key] = item.place
    namespace = namespace_of(obj)
    if namespace and cluster.find("v1", "Namespace", namespace) is None:
        raise BadInput(
            item.named(),
            f"metadata.namespace: there is no Namespace {namespace} in the input; add it, or use --create-namespaces",
        )
    try:
        cluster.load(obj, manager=_WRITER)
    except ApiError as error:
        raise BadInput(item.named(), error.message.rpartition(" is invalid: ")[2]) from None


def _check_metadata(item: Given) -> None:
    meta = item.obj.get("metadata")
    if not isinstance(meta, dict):
        raise BadInput(item.place, "metadata: missing; every Kubernetes object has a metadata.name")
    for problem in problems(METADATA, meta):
        raise BadInput(item.place, f"metadata.{problem.path}: {problem.message}")


def _check(place: str, schema: Json, obj: Json, *, strict: bool = False) -> None:
    for problem in problems(schema, obj, strict=strict):
        raise BadInput(place, f"{problem.path}: {problem.message}")


def _is_namespace(obj: Json) -> bool:
    return (obj["apiVersion"], obj["kind"]) == ("v1", "Namespace")


def _named_namespaces(items: Iterable[Given]) -> set[str]:
    """Return every namespace that an object is in, or an ObjectSync names."""
    named = {namespace_of(item.obj) for item in items}
    for item in items:
        if (item.obj["apiVersion"], item.obj["kind"]) == (api.API_VERSION, "ObjectSync"):
            spec = item.obj["spec"]
            named.add(spec["source"].get("namespace") or "")
            named.update(destination.get("namespace") or "" for destination in spec["destinations"])
    return {name for name in named - WILDCARDS if not is_glob(name)}


def _add_namespaces(cluster: Cluster, names: Iterable[str]) -> None:
    for name in sorted(names):
        if cluster.find("v1", "Namespace", name) is None:
            cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def _created(item: Given) -> datetime:
    try:
        return datetime.fromisoformat(item.obj["metadata"].get("creationTimestamp") or _START.isoformat())
    except ValueError:
        raise BadInput(item.named(), "metadata.creationTimestamp: no such date") from None
