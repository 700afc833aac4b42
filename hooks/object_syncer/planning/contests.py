"""Who owns a destination that several ObjectSyncs want: the oldest. The others are told, and take over when it goes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.planning.destinations import Destinations
from object_syncer.status import reasons


@dataclass(slots=True)
class Claim:
    """One ObjectSync's wish to write copies of a resource type to its destinations."""

    owner: str
    """namespace/name of the ObjectSync."""
    type: ResourceType
    source: tuple[str, str]
    """namespace and name."""
    destinations: Destinations


def seniority(object_sync: Json) -> tuple[str, str, str]:
    """Return the sort key of ObjectSyncs: creation, then namespace and name, so that every planner decides alike."""
    meta = object_sync["metadata"]
    return (meta.get("creationTimestamp") or "", meta.get("namespace") or "", meta["name"])


def settle(claims: Iterable[Claim], cut: Callable[[int], None] = lambda _: None) -> None:
    """Withhold from each claim what an earlier one has; `claims` come in order of seniority.

    `cut` may withhold more from the claim of an index, before it has what is left: what an older ObjectSync may not
    have, a younger one may. Objects of one type are the same in all its versions, so versions do not matter.
    """
    owners: dict[tuple[str, str, str], list[tuple[str, set[str]]]] = {}
    for index, claim in enumerate(claims):
        type_ = (claim.type.group, claim.type.plural)
        for name, namespaces in claim.destinations.names().items():
            for owner, held in owners.get((*type_, name), ()):
                contested = namespaces & held
                if contested:
                    message = f"ObjectSync {owner} is older and already copies to {{namespace}}/{{name}}"
                    claim.destinations.withhold(name, contested, reasons.CONFLICT, message)
        cut(index)
        for name, namespaces in claim.destinations.names().items():
            owners.setdefault((*type_, name), []).append((claim.owner, set(namespaces)))
