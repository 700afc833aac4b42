"""What other tools are asked to copy: annotations of kubernetes-replicator and reflector, and ClusterSecrets."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from memcluster.schema import problems
from object_syncer.cli.convert.patterns import NoSelector, Rule, listed
from object_syncer.cli.input.reading import Fault, Given
from object_syncer.kube.meta import Json

_REPLICATOR, _REFLECTOR = "replicator.v1.mittwald.de/", "reflector.v1.k8s.emberstack.com/"
_CLUSTER_SECRET = "clustersecret.io"
PREFIXES = (_REPLICATOR, _REFLECTOR)
"""How the annotations begin that tell these tools what to do; copies must not have them."""

_KINDS = {
    _REPLICATOR: ("Secret", "ConfigMap", "Role", "RoleBinding", "ServiceAccount"),
    _REFLECTOR: ("Secret", "ConfigMap"),
}
"""What these tools copy; annotations on other kinds mean nothing."""

_STRINGS: Json = {"type": "array", "items": {"type": "string"}}
_REFERENCE: Json = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "namespace": {"type": "string"}, "keys": _STRINGS},
}
_VALUE: Json = {"type": "object", "properties": {"secretKeyRef": _REFERENCE}}
_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "matchNamespace": _STRINGS,
        "avoidNamespaces": _STRINGS,
        "data": {"type": "object", "properties": {"valueFrom": _VALUE}},
    },
}
"""What is read of a ClusterSecret."""

Source = tuple[str, str, str, str]
"""API group, kind, namespace and name."""


class Wish(NamedTuple):
    """Somebody wants copies of an object."""

    item: Given
    """The object that says so."""
    source: Source
    rules: tuple[Rule, ...] = ()
    """The namespaces that get a copy: those that all of them match."""
    place: tuple[str, str] | None = None
    """Namespace and name of the one copy that is wanted, instead of rules."""
    name: str = ""
    """What copies are called, "" as their source."""
    keys: tuple[str, ...] = ()
    """Which keys of the source they have, () for all."""


class Unsaid(NamedTuple):
    """Something that an ObjectSync cannot say, or that is not in force."""

    item: Given
    field: str
    message: str

    def __str__(self) -> str:
        """Return it in one line, with its place."""
        return f"{self.item.place}: {self.item.named()}: {self.field}: {self.message}"


Found = Wish | Unsaid


def is_copy(obj: Json) -> bool:
    """Tell whether one of these tools writes an object."""
    notes = _annotations(obj)
    keys = ("replicated-at", "replicated-from-version", "replicate-from")
    return (
        any(f"{_REPLICATOR}{key}" in notes for key in keys)
        or f"{_REFLECTOR}reflects" in notes
        or f"{_CLUSTER_SECRET}/created-by" in notes
    )


def faults(items: Iterable[Given]) -> Iterator[Fault]:
    """Yield what is wrong with ClusterSecrets."""
    for item in items:
        if _is_cluster_secret(item.obj):
            yield from (item.fault(path, message) for path, message in problems(_SCHEMA, item.obj))


def _is_cluster_secret(obj: Json) -> bool:
    return bool(obj["apiVersion"].startswith(f"{_CLUSTER_SECRET}/"))


def read(items: Iterable[Given]) -> Iterator[Found]:
    """Yield what the objects, whose metadata is sound, ask for, and what of it cannot be said."""
    items = list(items)
    there = {_key(item.obj): item.obj for item in items}
    for item in items:
        if _is_cluster_secret(item.obj):
            yield from _checked(_cluster_secret(item), item)
        elif item.obj["kind"] in _KINDS[_REPLICATOR]:
            yield from _checked(_replicator(item, there), item)
            if item.obj["kind"] in _KINDS[_REFLECTOR]:
                yield from _checked(_reflector(item, there), item)


def _checked(found: Iterable[Found], item: Given) -> Iterator[Found]:
    """Yield what was found; rules that cannot be read become what cannot be said."""
    for each in found:
        try:
            for rule in each.rules if isinstance(each, Wish) else ():
                rule.check()
        except (NoSelector, re.error) as error:
            yield Unsaid(item, "metadata.annotations", f"cannot be read: {error}")
        else:
            yield each


# kubernetes-replicator


def _replicator(item: Given, there: Mapping[Source, Json]) -> Iterator[Found]:
    notes = _annotations(item.obj)

    def said(key: str) -> str:
        return notes.get(f"{_REPLICATOR}{key}", "")

    if said("replicate-to") or said("replicate-to-matching"):
        yield Wish(item, _key(item.obj), (Rule(listed(said("replicate-to")), said("replicate-to-matching")),))
    if said("replicate-from"):
        yield from _pulled(item, said("replicate-from"), there, f"{_REPLICATOR}replication-allowed")
    if said("strip-labels") == "true":
        yield Unsaid(item, "strip-labels", "set spec.copy.labels.exclude to ['*'] where no label may be copied")
    if said("keep-owner-references") == "true":
        yield Unsaid(item, "keep-owner-references", "copies never have the owners of their source")


# reflector


def _reflector(item: Given, there: Mapping[Source, Json]) -> Iterator[Found]:
    notes = _annotations(item.obj)

    def said(key: str) -> str:
        return notes.get(f"{_REFLECTOR}{key}", "")

    if said("reflects") and said("auto-reflects").lower() != "true":
        yield from _pulled(item, said("reflects"), there, f"{_REFLECTOR}reflection-allowed")
    if said("reflection-auto-enabled").lower() == "true":
        if said("reflection-allowed").lower() != "true":
            yield Unsaid(item, "reflection-auto-enabled", "not in force, because reflection-allowed is not true")
            return
        rules = [
            Rule(listed(said(f"reflection-{word}-namespaces")), said(f"reflection-{word}-namespaces-selector"))
            for word in ("allowed", "auto")
        ]
        yield Wish(item, _key(item.obj), tuple(rule for rule in dict.fromkeys(rules) if not rule.means_all))


def _pulled(item: Given, reference: str, there: Mapping[Source, Json], allowed: str) -> Iterator[Found]:
    """Yield the wish of an object to be the copy of another one, given as namespace/name."""
    group, kind, own, name = _key(item.obj)
    namespace, slash, source_name = reference.strip().partition("/")
    if not slash:
        namespace, source_name = own, namespace
    source = (group, kind, namespace, source_name)
    if source not in there:
        yield Unsaid(item, "metadata.annotations", f"the source {namespace}/{source_name} is not in the input")
    else:
        notes = _annotations(there[source])
        rule = Rule(listed(notes.get(f"{allowed}-namespaces", "")), notes.get(f"{allowed}-namespaces-selector", ""))
        if notes.get(allowed, "").lower() != "true":
            yield Unsaid(item, "metadata.annotations", f"not in force: {namespace}/{source_name} does not allow it")
            return
        if not rule.selector and not rule.matches(own, {}):
            yield Unsaid(item, "metadata.annotations", f"not in force: {namespace}/{source_name} does not allow {own}")
            return
    yield Wish(item, source, place=(own, name))


# ClusterSecret


def _cluster_secret(item: Given) -> Iterator[Found]:
    obj, name = item.obj, item.obj["metadata"]["name"]
    data = obj.get("data") or {}
    reference = (data.get("valueFrom") or {}).get("secretKeyRef") or {}
    # Patterns need not match the end of the name.
    matching = tuple(_open(pattern) for pattern in obj.get("matchNamespace") or ())
    rule = Rule(matching, excluded=tuple(_open(pattern) for pattern in obj.get("avoidNamespaces") or ()))
    if not reference:
        home = "default"
        yield Unsaid(item, "data", f"an ObjectSync needs a source: put the values into a Secret {home}/{name}")
        yield Wish(item, ("", "Secret", home, name), (rule,))
        return
    source = ("", "Secret", reference.get("namespace") or "default", reference["name"])
    keys = tuple(reference.get("keys") or ())
    yield Wish(item, source, (rule,), name="" if source[3] == name else name, keys=keys)


def _open(pattern: str) -> str:
    return pattern if pattern.endswith(("$", ".*")) else f"{pattern}.*"


def _key(obj: Json) -> Source:
    meta = obj["metadata"]
    return obj["apiVersion"].rpartition("/")[0], obj["kind"], meta.get("namespace") or "default", meta["name"]


def _annotations(obj: Json) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}
