"""Which ObjectSync gets a destination that several want, and which copies would run in a circle.

The oldest ObjectSync gets a contested destination; the others get it when that one goes. A copy may be the source of
another ObjectSync; in a circle changes would be copied for ever, so the destination that closes one is taken from the
youngest ObjectSync in it: nobody can stop an older one by adding another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.planning.destinations import Destinations
from object_syncer.status import reasons
from object_syncer.status.problem import Problem


@dataclass(frozen=True, slots=True)
class Claim:
    """The destinations that one ObjectSync asks for."""

    owner: str
    """namespace/name of the ObjectSync."""
    type: ResourceType
    source: tuple[str, str]
    """namespace and name."""
    destinations: Destinations


@dataclass(frozen=True, slots=True)
class Grant:
    """What a claim gets, and what its user should know though nothing is wrong with it."""

    destinations: Destinations
    advice: Problem | None = None


def seniority(object_sync: Json) -> tuple[str, str, str]:
    """Return the sort key of ObjectSyncs: creation, then namespace and name, so that every planner decides alike."""
    meta = object_sync["metadata"]
    return (meta.get("creationTimestamp") or "", meta.get("namespace") or "", meta["name"])


def decide(claims: Sequence[Claim]) -> list[Grant]:
    """Return what each claim gets; `claims` come in order of seniority, the grants in the same order."""
    owners: dict[tuple[str, str, str], dict[str, str]] = {}
    graph = _Graph(claims)
    advice: dict[str, Problem] = {}
    granted: list[Destinations] = []
    for claim in claims:
        excluded: _Excluded = {}
        for name, namespaces in claim.destinations.names().items():
            taken = owners.get((claim.type.group, claim.type.plural, name), {})
            for namespace in taken.keys() & namespaces:
                excluded.setdefault((name, _conflict(taken[namespace], name)), set()).add(namespace)
        left = claim.destinations.without(excluded) if excluded else claim.destinations

        circles = graph.closed_by(claim, left)
        if circles:
            left = left.without({(circle.name, _loop(circle)): {circle.namespace} for circle in circles})
            advice |= {owner: _other_end_of_loop(claim) for circle in circles for owner in circle.owners}

        graph.add(claim, left)
        for name, namespaces in left.names().items():
            taken = owners.setdefault((claim.type.group, claim.type.plural, name), {})
            taken.update(dict.fromkeys(namespaces, claim.owner))
        granted.append(left)
    return [Grant(left, advice.get(claim.owner)) for claim, left in zip(claims, granted, strict=True)]


_Excluded = dict[tuple[str, Problem], set[str]]
_Object = tuple[str, str, str, str]
"""Group, plural, name and namespace. All versions of a type show the same objects, so versions do not matter."""


@dataclass(frozen=True, slots=True)
class _Circle:
    """A destination from which granted copies lead back to the source, and the ObjectSyncs that make those."""

    name: str
    namespace: str
    owners: tuple[str, ...]


class _Graph:
    """The granted copies that are sources of ObjectSyncs themselves: from each to what it is copied from."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self._sources: dict[tuple[str, str, str], set[str]] = {}
        self._copied_from: dict[_Object, dict[_Object, str]] = {}
        for claim in claims:
            namespace, name = claim.source
            self._sources.setdefault((claim.type.group, claim.type.plural, name), set()).add(namespace)

    def add(self, claim: Claim, destinations: Destinations) -> None:
        """Record the copies that a claim was granted."""
        source = _source(claim)
        for copy in self._copies_that_are_sources(claim, destinations):
            self._copied_from.setdefault(copy, {}).setdefault(source, claim.owner)

    def closed_by(self, claim: Claim, destinations: Destinations) -> list[_Circle]:
        """Return the circles that these destinations would close."""
        source = _source(claim)
        if source not in self._copied_from:
            return []
        towards: dict[_Object, tuple[_Object, str]] = {}  # an ancestor of the source -> its copy on the way, by whom
        found = [source]
        for copy in found:
            for ancestor, owner in self._copied_from.get(copy, {}).items():
                if ancestor not in towards and ancestor != source:
                    towards[ancestor] = (copy, owner)
                    found.append(ancestor)
        circles = []
        for copy in self._copies_that_are_sources(claim, destinations):
            owners, step = [], copy
            while step in towards:
                step, owner = towards[step]
                owners.append(owner)
            if owners:
                circles.append(_Circle(copy[2], copy[3], tuple(owners)))
        return circles

    def _copies_that_are_sources(self, claim: Claim, destinations: Destinations) -> list[_Object]:
        type_ = (claim.type.group, claim.type.plural)
        return [
            (*type_, name, namespace)
            for name, namespaces in destinations.names().items()
            for namespace in sorted(self._sources.get((*type_, name), set()) & namespaces)
        ]


def _source(claim: Claim) -> _Object:
    namespace, name = claim.source
    return (claim.type.group, claim.type.plural, name, namespace)


def _conflict(owner: str, name: str) -> Problem:
    return Problem(reasons.CONFLICT, f"ObjectSync {owner} is older and already copies to {{namespace}}/{name}")


def _loop(circle: _Circle) -> Problem:
    return Problem(reasons.LOOP, f"a copy here would come back to its source over {' -> '.join(circle.owners)}")


def _other_end_of_loop(claim: Claim) -> Problem:
    message = f"Loop: ObjectSync {claim.owner} may not copy back to where this one leads from"
    return Problem(reasons.LOOP, message)
