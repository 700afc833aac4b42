"""Which destinations an ObjectSync has: its list, wildcards expanded, in the namespaces there are.

Upstream's rules: "" and "*" mean every namespace; a destination that is the source itself is skipped in silence;
a terminating namespace gets no copy. Ours: a destination listed twice is planned once, and a namespace named in
the list wins over a wildcard.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from object_syncer.kube.meta import Json
from object_syncer.kube.selectors import Names
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

WILDCARDS = frozenset(("", "*"))

TARGET_NOT_ALLOWED = Problem(
    reasons.TARGET_NOT_ALLOWED,
    "spec.destinations: namespace {namespace} is not in targetNamespaces of the SyncPolicy",
)
TERMINATING = Problem(reasons.NAMESPACE_TERMINATING, "namespace {namespace} is being deleted")
NOT_FOUND = Problem(reasons.NAMESPACE_NOT_FOUND, "namespace {namespace} does not exist; the copy comes with it")


class Shape(NamedTuple):
    """What destinations can share: the copy's name, and the strategy as the spec has it ("" where it is unset)."""

    name: str
    strategy: str = ""


@dataclass(slots=True)
class Destinations:
    """The destinations of one ObjectSync. No (namespace, name) is in two places."""

    wanted: dict[Shape, set[str]] = field(default_factory=dict)
    """Namespaces that get a copy."""
    problems: dict[tuple[Shape, Problem], set[str]] = field(default_factory=dict)
    """Namespaces that get none, and why; the message may hold {namespace}."""

    def names(self) -> dict[str, set[str]]:
        """Return copy name -> namespaces that get a copy, whatever the strategy."""
        merged: dict[str, set[str]] = {}
        for shape, namespaces in self.wanted.items():
            merged[shape.name] = merged[shape.name] | namespaces if shape.name in merged else namespaces
        return merged

    def without(self, excluded: Mapping[tuple[str, Problem], set[str]]) -> "Destinations":
        """Return these destinations less the excluded ones, given as (copy name, problem) -> namespaces."""
        wanted = {shape: set(namespaces) for shape, namespaces in self.wanted.items()}
        problems = {key: set(namespaces) for key, namespaces in self.problems.items()}
        for (name, problem), namespaces in excluded.items():
            for shape, kept in wanted.items():
                lost = kept & namespaces if shape.name == name else None
                if lost:
                    kept.difference_update(lost)
                    problems.setdefault((shape, problem), set()).update(lost)
        return Destinations({shape: kept for shape, kept in wanted.items() if kept}, problems)


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The cluster's namespaces at one moment: those that can take a copy, and those being deleted."""

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


def at_most(entries: Iterable[Json], source_name: str, namespaces: Namespaces, targets: Names) -> int:
    """Return how many destinations `expand` can find at most, without expanding anything."""
    wildcards = {entry.get("name") or source_name for entry in entries if entry["namespace"] in WILDCARDS}
    named = {
        (entry["namespace"], entry.get("name") or source_name)
        for entry in entries
        if entry["namespace"] not in WILDCARDS
    }
    return len(wildcards) * len(targets.among(namespaces.living)) + len(named)


def expand(
    entries: Iterable[Json], source_namespace: str, source_name: str, namespaces: Namespaces, targets: Names
) -> Destinations:
    """Expand `spec.destinations` of an ObjectSync.

    `entries` are its items as the API server has them, `targets` the policy's target namespaces: a wildcard means
    all of them, a namespace named outside of them gets no copy.
    """
    found = Destinations()
    taken: dict[str, set[str]] = {}  # copy name -> namespaces that an earlier entry decided
    everywhere = targets.among(namespaces.living)
    for entry in sorted(entries, key=lambda entry: entry["namespace"] in WILDCARDS):
        shape = Shape(entry.get("name") or source_name, entry.get("strategy") or "")
        decided = taken.setdefault(shape.name, {source_namespace} if shape.name == source_name else set())
        namespace = entry["namespace"]
        if namespace in WILDCARDS:
            wanted = everywhere - decided
            decided |= wanted
            if wanted:
                found.wanted.setdefault(shape, set()).update(wanted)
        elif namespace not in decided:
            decided.add(namespace)
            problem = _problem(namespace, namespaces, targets)
            if problem:
                found.problems.setdefault((shape, problem), set()).add(namespace)
            else:
                found.wanted.setdefault(shape, set()).add(namespace)
    return found


def _problem(namespace: str, namespaces: Namespaces, targets: Names) -> Problem | None:
    if namespace not in targets:
        return TARGET_NOT_ALLOWED
    if namespace in namespaces.terminating:
        return TERMINATING
    return None if namespace in namespaces.living else NOT_FOUND
