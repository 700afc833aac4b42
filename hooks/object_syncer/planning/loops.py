"""Chains of ObjectSyncs that come back: A copies to where B copies from, and B copies to A's source.

A copy may be the source of another ObjectSync; a circle would copy for ever. The destination that closes a circle
is withheld from the youngest ObjectSync in it, so that nobody can stop an older one by adding another.
"""

from collections.abc import Sequence

from object_syncer import reasons
from object_syncer.planning.contests import Claim


def cut(claims: Sequence[Claim]) -> dict[int, str]:
    """Withhold what closes a circle; `claims` come in order of seniority.

    Returns what the older members of a circle should be told, by index of the claim.
    """
    sources: dict[tuple[str, str, str], dict[str, list[int]]] = {}
    for index, claim in enumerate(claims):
        namespace, name = claim.source
        by_namespace = sources.setdefault((claim.resource.group, claim.resource.resource, name), {})
        by_namespace.setdefault(namespace, []).append(index)

    told: dict[int, str] = {}
    edges: dict[int, list[int]] = {}
    for index, claim in enumerate(claims):
        edges[index] = []
        for name, namespaces in claim.destinations.names().items():
            known = sources.get((claim.resource.group, claim.resource.resource, name), {})
            for namespace in sorted(known.keys() & namespaces):
                circle = next((path for to in known[namespace] if (path := _path(to, index, edges))), None)
                if circle is None:
                    edges[index] += known[namespace]
                    continue
                others = " -> ".join(claims[member].owner for member in circle if member != index)
                claim.destinations.withhold(
                    name, {namespace}, reasons.LOOP, f"a copy here would come back to its source over {others}"
                )
                for member in circle:
                    if member != index:
                        told[member] = f"Loop: ObjectSync {claim.owner} may not copy back to where this one leads from"
    return told


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
