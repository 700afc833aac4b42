"""From the objects of the input to an in-memory cluster with Object Syncer.

What the API server would refuse is a fault of the input, reported with its place. Objects that belong to an
installation are left out, because the simulation has its own; so are custom resources that nothing copies and whose
definition is not in the input.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from typing import NamedTuple

from memcluster import ApiError, Cluster, Engine
from memcluster.cluster import SYSTEM_NAMESPACES
from memcluster.resources import Resource
from memcluster.schema import problems
from memcluster.webhooks import CallHook
from object_syncer import rehearsal
from object_syncer.cli.input.reading import BadInput, Fault, Given
from object_syncer.cli.simulate.shapes import CRD, METADATA, shape
from object_syncer.kube import api, builtin
from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.kube.selectors import is_glob
from object_syncer.planning import rules
from object_syncer.planning.destinations import WILDCARDS

START = datetime(2024, 1, 1, tzinfo=UTC)
"""The time at which a simulation begins, unless the input is younger."""

WRITER = "kubectl"
"""The manager of all fields of an object whose managedFields are not shown."""

_MADE_BY_US = ("SyncSlice",)

Key = tuple[str, str, str, str]
"""API group, kind, namespace and name of an object."""


class Filled(NamedTuple):
    """A cluster with the objects of the input, and an engine that has not yet done anything."""

    cluster: Cluster
    engine: Engine
    objects: dict[Key, Json]
    """The objects of the input as they were loaded, and those that were added: namespaces, a SyncPolicy."""
    assumed: list[Json]
    """The SyncPolicy that permits everything, where the input has none."""
    notes: list[str]
    """What was left out, and why."""


def key_of(obj: Json) -> Key:
    """Return what identifies an object in a cluster."""
    return obj["apiVersion"].rpartition("/")[0], obj["kind"], namespace_of(obj), name_of(obj)


def is_machinery(obj: Json) -> bool:
    """Tell whether an object is part of an installation of Object Syncer or of Metacontroller; policies are not."""
    if obj["apiVersion"] == api.ENGINE_API_VERSION:
        return True
    if obj["apiVersion"] == api.API_VERSION and obj["kind"] in _MADE_BY_US:
        return True
    return (obj["apiVersion"], obj["kind"], name_of(obj)) in _parts()


@cache
def _parts() -> frozenset[tuple[str, str, str]]:
    return frozenset((part["apiVersion"], part["kind"], name_of(part)) for part in rehearsal.machinery())


def sound(given: Iterable[Given], faults: list[Fault]) -> list[Given]:
    """Return the objects whose metadata can be used; adds what is wrong with the others to `faults`."""
    found = []
    for item in given:
        wrong = list(_metadata_faults(item))
        faults += wrong
        if not wrong:
            found.append(item)
    return found


def fill(
    given: Sequence[Given],
    *,
    create_namespaces: bool = False,
    faults: Iterable[Fault] = (),
    call_hook: Callable[[Cluster], CallHook] | None = None,
) -> Filled:
    """Return a cluster with the objects. Raises BadInput with all that is wrong, `faults` included.

    `call_hook` is given the cluster and returns what is called instead of the hooks.
    """
    found = list(faults)
    wanted = [item for item in sound(given, found) if not is_machinery(item.obj)]
    now = max([START, *map(_created, wanted)])
    cluster = Cluster(namespaces=(), resources=rehearsal.RESOURCES, clock=now)
    definitions = _distinct([item for item in wanted if item.obj["kind"] == "CustomResourceDefinition"], found)
    for item in definitions:
        wrong = list(_definition_faults(item))
        found += wrong or _load(cluster, item)
    policies = any((item.obj["apiVersion"], item.obj["kind"]) == (api.API_VERSION, "SyncPolicy") for item in wanted)
    hooks = call_hook(cluster) if call_hook else None
    engine = rehearsal.install(cluster, policy=not policies, call_hook=hooks)

    others = [item for item in wanted if item.obj["kind"] != "CustomResourceDefinition"]
    placed, notes = _placed(cluster, others, found)
    placed = _distinct(placed, found)
    namespaces = {name_of(item.obj) for item in placed if _is_namespace(item.obj)} | {*SYSTEM_NAMESPACES}
    if create_namespaces and not found:
        namespaces |= _named_namespaces(placed)
    found += _homeless(placed, namespaces)
    if found:
        raise BadInput(found)
    for item in placed:
        found += _load(cluster, item) if _is_namespace(item.obj) else ()
    added = _add_namespaces(cluster, namespaces)
    for item in placed:
        found += () if _is_namespace(item.obj) else _load(cluster, item)
    if found:
        raise BadInput(found)
    assumed = [] if policies else cluster.list(api.API_VERSION, "SyncPolicy")
    loaded = [item.obj for item in (*definitions, *placed)] + added + assumed
    return Filled(cluster, engine, {key_of(obj): obj for obj in loaded}, assumed, notes)


def _placed(cluster: Cluster, items: Iterable[Given], faults: list[Fault]) -> tuple[list[Given], list[str]]:
    """Return the objects in their namespaces, those that do not fit their kind to `faults`; and what was left out."""
    items = list(items)
    copied = {_source_kind(item.obj): item for item in items if _is_object_sync(item.obj)}
    placed: list[Given] = []
    skipped: dict[tuple[str, str], list[Given]] = {}
    for item in items:
        resource = cluster.discovery.by_kind(item.obj["apiVersion"], item.obj["kind"])
        if resource is None:
            fault = _unknown_kind(cluster, item, copied)
            if fault:
                faults.append(fault)
            else:
                skipped.setdefault((item.obj["apiVersion"], item.obj["kind"]), []).append(item)
            continue
        here = _in_namespace(resource, item)
        wrong = [here.fault(path, message) for path, message in problems(shape(here.obj), here.obj)]
        if here.obj["apiVersion"] == api.API_VERSION and not wrong:
            wrong = [here.fault(path, says) for path, says in problems(resource.schema, here.obj, strict=True)]
            wrong = wrong or [here.fault(path, says) for path, says in rules.problems(here.obj)]
        faults += wrong
        if not wrong:
            placed.append(here)
    return placed, [_left_out(api_version, kind, them) for (api_version, kind), them in skipped.items()]


def _left_out(api_version: str, kind: str, items: Sequence[Given]) -> str:
    count = f"{len(items)} objects, the first is {items[0].named()}" if len(items) > 1 else items[0].named()
    return (
        f"skipped {count} ({items[0].place}): there is no CustomResourceDefinition of {kind} in {api_version}, "
        "and no ObjectSync copies it"
    )


def _unknown_kind(cluster: Cluster, item: Given, copied: dict[tuple[str, str], Given]) -> Fault | None:
    """Return what is wrong with a kind that is not served, None if it may be left out."""
    api_version, kind = item.obj["apiVersion"], item.obj["kind"]
    group = api_version.rpartition("/")[0]
    known = cluster.discovery.served()
    versions = [each.api_version for each in known if each.kind == kind]
    close = get_close_matches(kind, {each.kind for each in known}, 1, 0.8)
    copier = copied.get((group, kind))
    ours = group in builtin.GROUPS or group == api.GROUP
    if versions and (ours or copier):
        return item.fault("apiVersion", f"there is no {kind} in {api_version}; it is in {', '.join(versions)}")
    if close and ours:
        return item.fault("kind", f"there is no {kind} in {api_version}; did you mean {close[0]}?")
    if copier:
        message = f"there is no {kind} in {api_version}, which {copier.named()} copies"
        return item.fault("kind", f"{message}; add the CustomResourceDefinition that defines it to the input")
    return None


def _is_object_sync(obj: Json) -> bool:
    return (obj["apiVersion"], obj["kind"]) == (api.API_VERSION, "ObjectSync")


def _source_kind(object_sync: Json) -> tuple[str, str]:
    spec = object_sync.get("spec")
    source = spec.get("source") if isinstance(spec, dict) else None
    return (str(source.get("group")), str(source.get("kind"))) if isinstance(source, dict) else ("", "")


def _in_namespace(resource: Resource, item: Given) -> Given:
    """Return the object with a namespace if its kind has one: as for kubectl, "default" if none is given.

    What an earlier run left on it is dropped: owners that are SyncSlices, the status of our own kinds.
    """
    meta = dict(item.obj["metadata"])
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


def _distinct(items: Iterable[Given], faults: list[Fault]) -> list[Given]:
    """Return each object once; one that is given twice with different contents is added to `faults`."""
    found: dict[Key, Given] = {}
    for item in items:
        first = found.setdefault(key_of(item.obj), item)
        if first.obj != item.obj:
            message = f"the same object with other contents is in {first.place}; remove one of them"
            faults.append(item.fault("metadata.name", message))
    return list(found.values())


def _homeless(items: Iterable[Given], namespaces: set[str]) -> Iterator[Fault]:
    """Yield one fault for each namespace that objects are in and that does not exist."""
    missing: dict[str, list[Given]] = {}
    for item in items:
        namespace = namespace_of(item.obj)
        if namespace and namespace not in namespaces:
            missing.setdefault(namespace, []).append(item)
    for namespace, inside in missing.items():
        more = len(inside) - 1
        others = f" ({more} more {'object is' if more == 1 else 'objects are'} in it)" if more else ""
        message = f"there is no Namespace {namespace} in the input{others}; add it, or use --create-namespaces"
        yield inside[0].fault("metadata.namespace", message)


def _load(cluster: Cluster, item: Given) -> list[Fault]:
    try:
        cluster.load(item.obj, manager=WRITER)
    except ApiError as error:
        field, colon, message = error.message.rpartition(" is invalid: ")[2].partition(": ")
        return [item.fault(field, message) if colon else item.fault("metadata", field)]
    return []


def _metadata_faults(item: Given) -> Iterator[Fault]:
    meta = item.obj.get("metadata")
    if not isinstance(meta, dict):
        yield item.place.fault("", "metadata: missing; every Kubernetes object has a metadata.name")
        return
    wrong = list(problems(METADATA, meta))
    for path, message in wrong:
        if isinstance(meta.get("name"), str) and isinstance(meta.get("namespace"), str | None):
            yield item.fault(f"metadata.{path}", message)
        else:
            yield item.place.fault(f"metadata.{path}", message)
    if not wrong:
        try:
            _created(item)
        except ValueError:
            yield item.fault("metadata.creationTimestamp", "no such date")


def _definition_faults(item: Given) -> Iterator[Fault]:
    if item.obj["apiVersion"] != "apiextensions.k8s.io/v1":
        yield item.fault("apiVersion", "must be apiextensions.k8s.io/v1")
        return
    wrong = [item.fault(path, message) for path, message in problems(CRD, item.obj)]
    yield from wrong
    if not wrong:
        spec = item.obj["spec"]
        name = f"{spec['names']['plural']}.{spec['group']}"
        if name_of(item.obj) != name:
            yield item.fault("metadata.name", f"must be {name}, as spec.names.plural and spec.group say")


def _is_namespace(obj: Json) -> bool:
    return (obj["apiVersion"], obj["kind"]) == ("v1", "Namespace")


def _named_namespaces(items: Iterable[Given]) -> set[str]:
    """Return every namespace that an object is in, or an ObjectSync names."""
    named = {namespace_of(item.obj) for item in items}
    for item in items:
        if _is_object_sync(item.obj):
            spec = item.obj["spec"]
            named.add(spec["source"].get("namespace") or "")
            named.update(destination.get("namespace") or "" for destination in spec["destinations"])
    return {name for name in named - WILDCARDS if not is_glob(name)}


def _add_namespaces(cluster: Cluster, names: Iterable[str]) -> list[Json]:
    """Create the namespaces that are not there yet, and return them."""
    missing = [name for name in sorted(names) if cluster.find("v1", "Namespace", name) is None]
    return [cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}) for name in missing]


def _created(item: Given) -> datetime:
    return datetime.fromisoformat(item.obj["metadata"].get("creationTimestamp") or START.isoformat())
