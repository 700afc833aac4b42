"""Which destinations an ObjectSync has: its list, wildcards expanded, in the namespaces there are.

Upstream's rules: "" and "*" mean every namespace; a destination that is the source itself is skipped in silence;
a terminating namespace gets no copy. Ours: a destination listed twice is planned once, and a namespace named in
the list wins over a wildcard.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from object_syncer.kube.meta import Json
from object_syncer.planning.scope import Names
from object_syncer.status import reasons

WILDCARDS = frozenset(("", "*"))


class Shape(NamedTuple):
    """What destinations can share: the copy's name, and the strategy as the spec has it ("" where it is unset)."""

    name: str
    strategy: str = ""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A destination that gets no copy for now, and why."""

    namespace: str
    name: str
    reason: str
    message: str
    strategy: str = ""


@dataclass(slots=True)
class Destinations:
    """Where copies go: shape -> namespaces, no (namespace, name) in two shapes; and where they don't, and why."""

    wanted: dict[Shape, set[str]] = field(default_factory=dict)
    withheld: list[Withheld] = field(default_factory=list)

    def names(self) -> dict[str, set[str]]:
        """Return copy name -> namespaces, whatever the strategy."""
        merged: dict[str, set[str]] = {}
        for shape, namespaces in self.wanted.items():
            merged[shape.name] = merged[shape.name] | namespaces if shape.name in merged else namespaces
        return merged

    def withhold(self, name: str, namespaces: Iterable[str], reason: str, message: str) -> None:
        """Move destinations from wanted to withheld; `message` may use {namespace} and {name}."""
        for shape, wanted in self.wanted.items():
            if shape.name == name:
                for namespace in sorted(wanted.intersection(namespaces)):
                    wanted.discard(namespace)
                    told = message.format(namespace=namespace, name=name)
                    self.withheld.append(Withheld(namespace, name, reason, told, shape.strategy))


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The cluster's namespaces at one moment: those that can take a copy, and those on their way out."""

    living: frozenset[str]
    terminating: frozenset[str]


def living(namespaces: Mapping[str, Json]) -> Namespaces:
    """Sort Namespace objects (by name) into living and terminating ones."""
    terminating = frozenset(
        name
        for name, obj in namespaces.items()
        if obj["metadata"].get("deletionTimestamp") or obj.get("status", {}).get("phase") == "Terminating"
    )
    return Namespaces(frozenset(namespaces) - terminating, terminating)


def expand(
    entries: Iterable[Json], source_namespace: str, source_name: str, namespaces: Namespaces, targets: Names
) -> Destinations:
    """Expand `spec.destinations` of an ObjectSync.

    `entries` are its items as the API server has them, `targets` the policy's target namespaces: a wildcard means
    all of them, a namespace named outside of them is withheld.
    """
    found = Destinations()
    taken: dict[str, set[str]] = {}  # copy name -> namespaces already planned or withheld
    everywhere = targets.among(namespaces.living)
    for entry in sorted(entries, key=lambda entry: entry["namespace"] in WILDCARDS):
        shape = Shape(entry.get("name") or source_name, entry.get("strategy") or "")
        seen = taken.setdefault(shape.name, {source_namespace} if shape.name == source_name else set())
        namespace = entry["namespace"]
        if namespace in WILDCARDS:
            wanted = set(everywhere - seen)
        elif namespace in seen:
            continue
        else:
            withheld = _withheld(namespace, shape, namespaces, targets)
            if withheld:
                found.withheld.append(withheld)
            wanted = set() if withheld else {namespace}
            seen.add(namespace)
        seen |= wanted
        if wanted:
            found.wanted.setdefault(shape, set()).update(wanted)
    return found


def _withheld(namespace: str, shape: Shape, namespaces: Namespaces, targets: Names) -> Withheld | None:
    if namespace not in targets:
        message = f"spec.destinations: namespace {namespace} is not in targetNamespaces of the SyncPolicy"
        return Withheld(namespace, shape.name, reasons.TARGET_NOT_ALLOWED, message, shape.strategy)
    if namespace in namespaces.terminating:
        message = f"namespace {namespace} is being deleted"
        return Withheld(namespace, shape.name, reasons.NAMESPACE_TERMINATING, message, shape.strategy)
    if namespace not in namespaces.living:
        message = f"namespace {namespace} does not exist; the copy comes with it"
        return Withheld(namespace, shape.name, reasons.NAMESPACE_NOT_FOUND, message, shape.strategy)
    return None
