"""How destinations are distributed over slices: a bounded number in each, and each stays where it is.

Moving a copy to another slice means deleting it first. So a destination stays in its slice, new ones fill gaps in the
lowest slices, and no slice is ever renumbered.
"""

from collections.abc import Mapping

MAX_DESTINATIONS = 100
"""Copies per slice: one sync carries them all, so this bounds a request (100 copies of 1 kB: about 200 kB)."""

MAX_BYTES = 20_000_000
"""The size of all copies of one slice together, as far as the source's size is known."""

Destinations = dict[str, set[str]]
"""Copy name -> namespaces."""


def capacity(source_bytes: int) -> int:
    """Return how many copies of a source of that size (bytes of JSON; 0: unknown) one slice takes."""
    return max(1, min(MAX_DESTINATIONS, MAX_BYTES // max(source_bytes, 1)))


def pack(wanted: Mapping[str, set[str]], earlier: Mapping[int, Destinations], limit: int) -> dict[int, Destinations]:
    """Distribute `wanted` over slices, by index.

    `earlier` is what each slice has now. The answer has every index of `earlier` (with what stays there, perhaps
    nothing), index 0, and as many new ones as needed. A slice that has more than `limit` keeps it.
    """
    packed: dict[int, Destinations] = {}
    left = {name: set(namespaces) for name, namespaces in wanted.items()}
    for index in sorted({0, *earlier}):
        packed[index] = {}
        for name, namespaces in earlier.get(index, {}).items():
            kept = namespaces & left.get(name, set())
            if kept:
                packed[index][name] = kept
                left[name] -= kept
    queue = [(namespace, name) for name, namespaces in left.items() for namespace in namespaces]
    queue.sort(reverse=True)
    index = 0
    while queue:
        slot = packed.setdefault(index, {})
        for _ in range(limit - count(slot)):
            if not queue:
                break
            namespace, name = queue.pop()
            slot.setdefault(name, set()).add(namespace)
        index += 1
    return packed


def count(destinations: Destinations) -> int:
    """Return how many destinations a slice has."""
    return sum(map(len, destinations.values()))
