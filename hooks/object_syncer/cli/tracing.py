"""Which rule chose or cut a namespace: the planner's own functions, asked once for each rule.

What cut a namespace is found by asking again without that rule: what is then selected, the rule had cut.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson

from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import destinations, discovery, namespaces, scope
from object_syncer.planning.destinations import Destinations
from object_syncer.planning.namespaces import Namespaces, Targets
from object_syncer.planning.scope import Scope
from object_syncer.status.problem import Problem

Where = tuple[str, str]
"""Namespace and name of a copy."""


class Trace(NamedTuple):
    """How one ObjectSync comes to its destinations."""

    policy: str
    """The SyncPolicy that serves it, "" if none does or its kind is unknown."""
    policies: list[str]
    """What each SyncPolicy says to it."""
    selected: dict[Where, str]
    """The item of spec.destinations that selects a destination."""
    cut: dict[Where, str]
    """What keeps the ObjectSync from a namespace that an item selects."""
    copy_names: list[str]


def trace(object_sync: Json, policies: Iterable[Json], objects: Mapping[str, Json]) -> Trace:
    """Return how an ObjectSync comes to its destinations, given all SyncPolicies, and the Namespace objects by name."""
    spec, own = object_sync["spec"], namespace_of(object_sync)
    source = (spec["source"].get("namespace") or own, spec["source"]["name"])
    type_ = discovery.known(spec["source"], object_sync.get("status"))
    if not isinstance(type_, ResourceType):
        return Trace("", [], {}, {}, [])
    there, scopes = namespaces.read(objects), scope.ranked(policies)
    labels = there.labels_of(source[0])
    serving, problem = scope.serving(scopes, type_, source[0], own, labels)
    said = [_said(each, serving, each.problem(type_, source[0], own, labels), own) for each in scopes]
    if serving is None or problem:
        return Trace(serving.policy if serving else "", said, {}, {}, [])

    place = f"{own}/{name_of(object_sync)}"
    targets = namespaces.targets(there, serving.targets_of(own), serving.target_selector, place)
    undying = Namespaces(there.living | there.terminating, frozenset(), there.labels)
    anywhere = namespaces.everywhere(undying)

    def places(entries: Sequence[Json], there: Namespaces = there, targets: Targets = targets) -> set[Where]:
        return _places(destinations.expand(entries, source, type_, there, targets))

    entries = [(_words(index, entry), entry) for index, entry in enumerate(spec["destinations"])]
    granted = places(spec["destinations"])
    selected: dict[Where, str] = {}
    cut: dict[Where, str] = {}
    for words, entry in entries:
        for where in places([entry]) & granted:
            selected.setdefault(where, words)
    for words, entry in entries:
        for where in places([entry], undying, anywhere) - granted:
            cut.setdefault(where, f"{words} selects it, but {_cutter(where[0], there, targets, serving.policy)}")
    for words, entry in entries:
        if entry.get("exclude"):
            for where in places([{**entry, "exclude": None}], undying, anywhere) - granted - cut.keys():
                cut[where] = f"{words} takes it out by its exclude"
    copy_names = sorted({name for _, name in granted | cut.keys()})
    if source[1] in copy_names and source[0] in objects:
        cut[source] = "the source itself is no destination"
    return Trace(serving.policy, said, selected, cut, copy_names)


def _said(each: Scope, serving: Scope | None, problem: Problem | None, own: str) -> str:
    if own not in each.watch:
        return f"{each.policy} does not watch namespace {own}"
    if problem:
        return f"{each.policy} refuses: {problem.message}"
    return f"{each.policy} serves it" if each is serving else f"{each.policy} would serve it, but another comes first"


def _cutter(namespace: str, there: Namespaces, targets: Targets, policy: str) -> str:
    if namespace in there.terminating:
        return f"namespace {namespace} is being deleted"
    if namespace not in targets.listed:
        return f"targetNamespaces of SyncPolicy {policy} does not contain {namespace}"
    if targets.selected is not None and namespace not in targets.selected:
        return f"targetNamespaceSelector of SyncPolicy {policy} does not match {namespace}"
    if namespace in targets.refusing:
        return destinations.OPTED_OUT.message.replace("{namespace}", namespace)
    return "another item decides about it"


def _places(found: Destinations) -> set[Where]:
    """Return every destination, also those that get no copy for a reason that the status says."""
    wanted = {(namespace, shape.name) for shape, spaces in found.wanted.items() for namespace in spaces}
    return wanted | {(namespace, shape.name) for (shape, _), spaces in found.problems.items() for namespace in spaces}


def _words(index: int, entry: Json) -> str:
    """Return the path of an item of spec.destinations, and what it selects by, as JSON."""
    selection = {key: value for key, value in entry.items() if key not in ("name", "strategy", "copy")}
    return f"spec.destinations[{index}] {orjson.dumps(selection).decode()}"


def by_name(objects: Iterable[Json]) -> dict[str, Json]:
    """Return cluster-scoped objects by name."""
    return {name_of(obj): obj for obj in objects}
