"""Who owns a destination that several ObjectSyncs want: the oldest. The others are told, and take over when it goes."""

from collections.abc import Iterable
from dataclasses import dataclass

from object_syncer import reasons
from object_syncer.api import Json
from object_syncer.kinds.resource import Resource
from object_syncer.planning.destinations import Destinations


@dataclass(slots=True)
class Claim:
    """One ObjectSync's wish to write copies of a resource type to its destinations."""

    owner: str
    """namespace/name of the ObjectSync."""
    resource: Resource
    source: tuple[str, str]
    """namespace and name."""
    destinations: Destinations


def seniority(object_sync: Json) -> tuple[str, str, str]:
    """Return the sort key of ObjectSyncs: creation, then namespace and name, so that every planner decides alike."""
    meta = object_sync["metadata"]
    return (meta.get("creationTimestamp") or "", meta.get("namespace") or "", meta["name"])


def settle(claims: Iterable[Claim]) -> None:
    """Withhold from each claim what an earlier one wants; `claims` come in order of seniority.

    Objects of one type are the same in all its versions, so versions do not matter.
    """
    owners: dict[tuple[str, str, str], list[tuple[str, set[str]]]] = {}
    for claim in claims:
        for name, namespaces in claim.destinations.names().items():
            holders = owners.setdefault((claim.resource.group, claim.resource.resource, name), [])
            kept = set(namespaces)
            for owner, held in holders:
                contested = kept & held
                if contested:
                    message = f"ObjectSync {owner} is older and already copies to {{namespace}}/{{name}}"
                    claim.destinations.withhold(name, contested, reasons.CONFLICT, message)
                    kept -= contested
            holders.append((claim.owner, kept))
