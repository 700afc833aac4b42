"""Which rule chose or cut a namespace: the planner's own functions, asked once for each rule.

What cut a namespace is found by asking again without that rule: what is then selected, the rule had cut.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from object_syncer.kube.meta import Json, is_terminating, name_of, namespace_of
from object_syncer.kube.selectors import names
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

    policies: list[str]
    """What each SyncPolicy says to it."""
    selected: dict[Where, str]
    """The item of spec.destinations that selects a destination."""
    cut: dict[Where, str]
    """What keeps the ObjectSync from a namespace that an item selects."""
    copy_names: list[str]


def trace(
    object_sync: Json, policies: Iterable[Json], objects: Mapping[str, Json], keepers: Collection[str] = ()
) -> Trace:
    """Return how an ObjectSync comes to its destinations, given all SyncPolicies, and the Namespace objects by name.

    `keepers` are the SyncPolicies that have SyncSlices of it.
    """
    spec, own = object_sync["spec"], namespace_of(object_sync)
    source = (spec["source"].get("namespace") or own, spec["source"]["name"])
    type_ = discovery.known(spec["source"], object_sync.get("status"))
    if not isinstance(type_, ResourceType):
        return Trace([], {}, {}, [])
    policies, there = list(policies), namespaces.read(objects)
    scopes, labels = scope.ranked(policies), there.labels_of(source[0])
    named = destinations.named(spec["destinations"], *source)
    serving, problem = scope.serving(scopes, type_, source[0], own, named, labels, keepers)
    said = [*_leaving(policies), *_said(scopes, serving, problem, (type_, source[0], own, labels), named)]
    if serving is None or problem:
        return Trace(said, {}, {}, [])

    place = f"{own}/{name_of(object_sync)}"
    targets = namespaces.targets(there, serving.targets_of(own), serving.target_selector, place)
    undying = namespaces.read({name: _undying(obj) for name, obj in objects.items()})
    anywhere = Targets(names(["*"]), None, frozenset(), undying.living)

    def places(entries: Sequence[Json], there: Namespaces = there, targets: Targets = targets) -> set[Where]:
        return _places(destinations.expand(entries, source, type_, there, targets))

    granted = places(spec["destinations"])
    selected: dict[Where, str] = {}
    cut: dict[Where, str] = {}
    entries = [(_words(index, entry), entry) for index, entry in enumerate(spec["destinations"])]
    entries.sort(key=lambda item: destinations.is_pattern(item[1]))  # the planner asks them in this order
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
    if source in _places(destinations.expand(spec["destinations"], ("", source[1]), type_, there, targets)):
        cut[source] = "the source itself is no destination"
    return Trace(said, selected, cut, copy_names)


# SyncPolicies


def _leaving(policies: Iterable[Json]) -> Iterator[str]:
    """Yield the policies that serve nothing any more."""
    for policy in policies:
        if is_terminating(policy):
            yield f"{name_of(policy)} is being deleted"
        elif scope.is_retiring(policy):
            yield f"{name_of(policy)} retires"


def _said(
    scopes: Sequence[Scope],
    serving: Scope | None,
    problem: Problem | None,
    asked: tuple[ResourceType, str, str, Mapping[str, str]],
    named: Collection[str],
) -> Iterator[str]:
    """Yield what each policy says to an ObjectSync; `asked` is what Scope.problem is asked."""
    own = asked[2]
    for each in scopes:
        refusal = each.problem(*asked)
        if own not in each.watch:
            yield f"{each.policy} does not watch namespace {own}"
        elif refusal:
            yield f"{each.policy} refuses: {refusal.message}"
        elif each is serving:
            yield (
                f"{each.policy} is first to serve it, but: {problem.message}" if problem else f"{each.policy} serves it"
            )
        elif each.invalid:
            yield f"{each.policy} is invalid: {each.invalid.message}"
        elif serving and (why := _why_first(serving, each, named, own)):
            yield f"{each.policy} would serve it, but {serving.policy} comes first: it {why}"


def _why_first(first: Scope, other: Scope, named: Collection[str], own: str) -> str:
    if first.priority > other.priority:
        return f"has a higher priority ({first.priority}, not {other.priority})"
    if first.permits_all(named, own) and not other.permits_all(named, own):
        return "permits all namespaces that the ObjectSync names"
    if first.rank < other.rank:
        return "is older" if first.rank[1] < other.rank[1] else "is first by name"
    return "goes on serving what it serves, while another policy is invalid"


# Destinations


def _undying(namespace: Json) -> Json:
    """Return a Namespace as it was before it was deleted."""
    meta = {key: value for key, value in namespace["metadata"].items() if key != "deletionTimestamp"}
    return {**namespace, "metadata": meta, "status": {}}


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
