"""Which ObjectSync gets a destination that several want, and which copies would run in a circle.

The ObjectSync of the policy with the highest priority gets a contested destination, among equals the oldest; the
others get it when that one goes. A copy may be the source of another ObjectSync; in a circle changes would be copied
for ever, so the destination that closes one is taken from the last ObjectSync in this order: nobody can stop an earlier
one by adding another.
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
    priority: int = 0
    """Of the SyncPolicy that serves it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a claim gets, and what its user should know though nothing is wrong with it."""

    destinations: Destinations
    advice: Problem | None = None


def seniority(object_sync: Json) -> tuple[str, str, str]:
    """Return the sort key of ObjectSyncs of equal priority, the oldest first, so that every planner decides alike."""
    meta = object_sync["metadata"]
    return (meta.get("creationTimestamp") or "", meta.get("namespace") or "", meta["name"])


def decide(claims: Sequence[Claim]) -> list[Grant]:
    """Return what each claim gets, in the order of the claims: the highest priority first, among equals the oldest."""
    owners: dict[tuple[str, str, str], dict[str, Claim]] = {}
    graph = _Graph(claims)
    advice: dict[str, Problem] = {}
    granted: list[Destinations] = []
    for claim in claims:
        excluded: _Excluded = {}
        for name, namespaces in claim.destinations.names().items():
            taken = owners.get((claim.type.group, claim.type.plural, name), {})
            for namespace in taken.keys() & namespaces:
                excluded.setdefault((name, _conflict(taken[namespace], claim, name)), set()).add(namespace)
        left = claim.destinations.without(excluded) if excluded else claim.destinations

        circle = graph.closed_by(claim, left)
        if circle:
            left = left.without({(circle.name, _loop(circle)): {circle.namespace}})
            advice |= dict.fromkeys(circle.owners, _other_end_of_loop(claim))

        graph.add(claim, left)
        for name, namespaces in left.names().items():
            taken = owners.setdefault((claim.type.group, claim.type.plural, name), {})
            taken.update(dict.fromkeys(namespaces, claim))
        granted.append(left)
    return [Grant(left, advice.get(claim.owner)) for claim, left in zip(claims, granted, strict=True)]


_SHOWN_OWNERS = 5
"""ObjectSyncs that a message names; a circle may have thousands."""

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
    """The granted copies that are sources of ObjectSyncs themselves: what each is copied from, and by whom.

    A destination is granted once, so these copies form trees, and a new copy closes a circle only if it is the root of
    the tree in which its source is.
    """

    def __init__(self, claims: Sequence[Claim]) -> None:
        self._sources: dict[tuple[str, str, str], set[str]] = {}
        self._copied_from: dict[_Object, tuple[_Object, str]] = {}
        self._rootward: dict[_Object, _Object] = {}  # shortcuts, so that a long chain is not walked for every claim
        for claim in claims:
            namespace, name = claim.source
            self._sources.setdefault((claim.type.group, claim.type.plural, name), set()).add(namespace)

    def add(self, claim: Claim, destinations: Destinations) -> None:
        """Record the copies that a claim was granted."""
        source = _source(claim)
        group, plural = claim.type.group, claim.type.plural
        for name, namespaces in destinations.names().items():
            for namespace in self._sources.get((group, plural, name), set()) & namespaces:
                copy = (group, plural, name, namespace)
                self._copied_from[copy] = (source, claim.owner)
                self._rootward[copy] = source

    def closed_by(self, claim: Claim, destinations: Destinations) -> _Circle | None:
        """Return the circle that these destinations would close, None if they close none."""
        source = _source(claim)
        root = self._root(source)
        _, _, name, namespace = root
        if root == source or namespace not in destinations.names().get(name, ()):
            return None
        owners, step = [], source
        while step != root:
            step, owner = self._copied_from[step]
            owners.append(owner)
        return _Circle(name, namespace, tuple(reversed(owners)))

    def _root(self, step: _Object) -> _Object:
        """Return the object from which a chain of granted copies leads here."""
        while step in self._rootward:
            nearer = self._rootward[step]
            self._rootward[step] = step = self._rootward.get(nearer, nearer)
        return step


def _source(claim: Claim) -> _Object:
    namespace, name = claim.source
    return (claim.type.group, claim.type.plural, name, namespace)


def _conflict(first: Claim, claim: Claim, name: str) -> Problem:
    why = "is older" if first.priority == claim.priority else "has a SyncPolicy with a higher priority"
    return Problem(reasons.CONFLICT, f"ObjectSync {first.owner} {why} and already copies to {{namespace}}/{name}")


def _loop(circle: _Circle) -> Problem:
    shown = circle.owners
    if len(shown) > _SHOWN_OWNERS:
        shown = (*shown[: _SHOWN_OWNERS - 1], f"{len(shown) - _SHOWN_OWNERS} more", shown[-1])
    return Problem(reasons.LOOP, f"a copy here would come back to its source over {' -> '.join(shown)}")


def _other_end_of_loop(claim: Claim) -> Problem:
    message = f"Loop: ObjectSync {claim.owner} may not copy back to where this one leads from"
    return Problem(reasons.LOOP, message)
