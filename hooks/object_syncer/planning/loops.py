"""Chains of ObjectSyncs that come back: A copies to where B copies from, and B copies to A's source.

A copy may be the source of another ObjectSync; a circle would copy for ever. The destination that closes a circle
is withheld from the youngest ObjectSync in it, so that nobody can stop an older one by adding another.
"""

from collections.abc import Sequence

from object_syncer.planning.contests import Claim
from object_syncer.status import reasons


class Circles:
    """What leads where, as far as it has been accepted; `claims` come in order of seniority, and are cut in it."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self._claims = claims
        self._sources: dict[tuple[str, str, str], dict[str, list[int]]] = {}
        self._edges: dict[int, list[int]] = {}
        self.told: dict[int, str] = {}
        """What the older members of a circle should be told, by index of the claim."""
        for index, claim in enumerate(claims):
            namespace, name = claim.source
            by_namespace = self._sources.setdefault((claim.type.group, claim.type.plural, name), {})
            by_namespace.setdefault(namespace, []).append(index)

    def cut(self, index: int) -> None:
        """Withhold from a claim what closes a circle with those cut before."""
        claim = self._claims[index]
        edges = self._edges[index] = []
        for name, namespaces in claim.destinations.names().items():
            known = self._sources.get((claim.type.group, claim.type.plural, name), {})
            for namespace in sorted(known.keys() & namespaces):
                circle = next((path for to in known[namespace] if (path := _path(to, index, self._edges))), None)
                if circle is None:
                    edges += known[namespace]
                    continue
                others = " -> ".join(self._claims[member].owner for member in circle if member != index)
                claim.destinations.withhold(
                    name, {namespace}, reasons.LOOP, f"a copy here would come back to its source over {others}"
                )
                for member in circle:
                    if member != index:
                        told = f"Loop: ObjectSync {claim.owner} may not copy back to where this one leads from"
                        self.told[member] = told


def _path(start: int, goal: int, edges: dict[int, list[int]]) -> list[int] | None:
    """Return a path from start to goal along accepted edges; sources that are the same object are one place."""
    stack = [(start, [start])]
    seen = {start}
    while stack:
        node, path = stack.pop()
        if node == goal:
            return path
        for following in edges.get(node, ()):
            if following not in seen:
                seen.add(following)
                stack.append((following, [*path, following]))
    return None
