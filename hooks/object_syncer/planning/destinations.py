"""Which destinations an ObjectSync has: its list, globs and selectors expanded, in the namespaces there are.

Upstream's rules: "" and "*" mean every namespace; a destination that is the source itself is skipped in silence;
a terminating namespace gets no copy. Ours: a destination listed twice is planned once; a namespace named in the list
wins over what merely matches it, and among entries that match the first one wins.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from object_syncer.kube import object_names
from object_syncer.kube.meta import Json
from object_syncer.kube.selectors import exclusions, is_glob
from object_syncer.kube.types import ResourceType
from object_syncer.planning import transforms, variables
from object_syncer.planning.namespaces import Namespaces, Targets
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

WILDCARDS = frozenset(("", "*"))

TARGET_NOT_ALLOWED = Problem(
    reasons.TARGET_NOT_ALLOWED,
    "spec.destinations: namespace {namespace} is not in targetNamespaces of the SyncPolicy",
)
TARGET_NOT_SELECTED = Problem(
    reasons.TARGET_NOT_ALLOWED,
    "spec.destinations: targetNamespaceSelector of the SyncPolicy does not match namespace {namespace}",
)
OPTED_OUT = Problem(
    reasons.NAMESPACE_OPTED_OUT,
    "namespace {namespace} wants no copies of this ObjectSync: see its label or annotation sync.rustrial.org/exclude",
)
TERMINATING = Problem(reasons.NAMESPACE_TERMINATING, "namespace {namespace} is being deleted")
NOT_FOUND = Problem(reasons.NAMESPACE_NOT_FOUND, "namespace {namespace} does not exist; the copy comes with it")

_COUNTED = 100
"""Globs and selectors of one ObjectSync that are counted exactly before it is expanded; any more count as all."""

_SHOWN = 3
"""Entries that a message names."""


class Shape(NamedTuple):
    """What destinations can share: the copy's name, and the strategy as the spec has it ("" where it is unset)."""

    name: str
    strategy: str = ""
    copy: str = ""
    """As JSON: how the copy differs from its source, where the entry says so itself."""


@dataclass(slots=True)
class Destinations:
    """The destinations of one ObjectSync. No (namespace, name) is in two places."""

    wanted: dict[Shape, set[str]] = field(default_factory=dict)
    """Namespaces that get a copy."""
    problems: dict[tuple[Shape, Problem], set[str]] = field(default_factory=dict)
    """Namespaces that get none, and why; the message may hold {namespace}."""
    unmatched: Problem | None = None
    """What to say of entries that match no namespace."""

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
        by_name: dict[str, list[Shape]] = {}
        for shape in wanted:
            by_name.setdefault(shape.name, []).append(shape)
        for (name, problem), namespaces in excluded.items():
            for shape in by_name.get(name, ()):
                lost = wanted[shape] & namespaces
                if lost:
                    wanted[shape] -= lost
                    problems.setdefault((shape, problem), set()).update(lost)
        return Destinations({shape: kept for shape, kept in wanted.items() if kept}, problems, self.unmatched)


def named(entries: Iterable[Json], source_namespace: str, source_name: str) -> frozenset[str]:
    """Return the namespaces that entries name rather than match, except where the copy would be the source itself."""
    return frozenset(
        entry["namespace"]
        for entry in entries
        if not is_pattern(entry)
        and entry["namespace"] not in exclusions(entry.get("exclude"))
        and (entry["namespace"], entry.get("name") or source_name) != (source_namespace, source_name)
    )


def at_most(entries: Iterable[Json], source_name: str, namespaces: Namespaces, targets: Targets) -> int:
    """Return how many destinations `expand` can find at most, without expanding anything."""
    named, counted = set(), dict[str, int]()
    everywhere = len(targets.open)
    for number, (entry, name) in enumerate(_patterns(entries, source_name)):
        if counted.get(name, 0) < everywhere:
            found = len(_matching(entry, namespaces, targets)) if number < _COUNTED else everywhere
            counted[name] = min(everywhere, counted.get(name, 0) + found)
    for entry in entries:
        if not is_pattern(entry):
            named.add((entry["namespace"], entry.get("name") or source_name))
    return sum(counted.values()) + len(named)


def expand(
    entries: Sequence[Json],
    source: tuple[str, str],
    type_: ResourceType,
    namespaces: Namespaces,
    targets: Targets,
) -> Destinations:
    """Expand `spec.destinations` of an ObjectSync.

    `entries` are its items as the API server has them, `source` is (namespace, name), `type_` that of source and
    copies. Entries that match namespaces mean those in `targets`; a namespace named outside of them gets no copy.
    """
    found = Destinations()
    taken: dict[str, set[str]] = {source[1]: {source[0]}}  # copy name -> namespaces that an earlier entry decided
    unmatched = []
    for index, entry in sorted(enumerate(entries), key=lambda item: is_pattern(item[1])):
        strategy, excluded = entry.get("strategy") or "", exclusions(entry.get("exclude"))
        copy = "" if entry.get("copy") is None else transforms.key(entry["copy"])
        naming = _Naming(entry.get("name"), source, type_, namespaces)
        if is_pattern(entry):
            matching = _matching(entry, namespaces, targets)
            if entry.get("exclude"):
                matching -= excluded.among(matching)
            if not matching and entry.get("namespace") not in WILDCARDS:
                unmatched.append(f"spec.destinations[{index}]")
            for (name, problem), where in naming.names(matching).items():
                decided = taken.setdefault(name, set())
                wanted = where - decided
                decided |= wanted
                if wanted:
                    _add(found, Shape(name, strategy, copy), problem, wanted)
        elif entry["namespace"] not in excluded:
            namespace = entry["namespace"]
            name, problem = naming.name(namespace)
            decided = taken.setdefault(name, set())
            if namespace not in decided:
                decided.add(namespace)
                problem = _problem(namespace, namespaces, targets) or problem
                _add(found, Shape(name, strategy, copy), problem, {namespace})
    found.unmatched = _unmatched(unmatched) if unmatched else None
    return found


def _add(found: Destinations, shape: Shape, problem: Problem | None, where: set[str]) -> None:
    if problem:
        found.problems.setdefault((shape, problem), set()).update(where)
    else:
        found.wanted.setdefault(shape, set()).update(where)


def _problem(namespace: str, namespaces: Namespaces, targets: Targets) -> Problem | None:
    """Return why a namespace that an entry names gets no copy, None if it gets one."""
    if namespace not in targets.listed:
        return TARGET_NOT_ALLOWED
    if namespace in namespaces.terminating:
        return TERMINATING
    if namespace not in namespaces.living:
        return NOT_FOUND
    if targets.selected is not None and namespace not in targets.selected:
        return TARGET_NOT_SELECTED
    return OPTED_OUT if namespace in targets.refusing else None


def _unmatched(entries: Sequence[str]) -> Problem:
    more = f" and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
    verb = "match" if len(entries) > 1 else "matches"
    shown = ", ".join(entries[:_SHOWN])
    return Problem(reasons.NO_NAMESPACE_MATCHES, f"{shown}{more} {verb} no namespace that may get copies")


# Entries that match namespaces


def is_pattern(entry: Json) -> bool:
    """Tell whether an entry matches namespaces, rather than naming one."""
    return entry.get("namespaceSelector") is not None or entry["namespace"] in WILDCARDS or is_glob(entry["namespace"])


def _patterns(entries: Iterable[Json], source_name: str) -> Iterator[tuple[Json, str]]:
    """Yield the entries that match namespaces, each with the name of its copies as the entry has it."""
    for entry in entries:
        if is_pattern(entry):
            yield entry, entry.get("name") or source_name


def _matching(entry: Json, namespaces: Namespaces, targets: Targets) -> frozenset[str]:
    """Return the namespaces that an entry matches and where copies may be."""
    if entry.get("namespaceSelector") is not None:
        return namespaces.selected(entry["namespaceSelector"]) & targets.open
    if entry["namespace"] in WILDCARDS:
        return targets.open
    return namespaces.like(entry["namespace"]) & targets.open


# Names of copies


class _Naming:
    """How the copies of one entry are called."""

    def __init__(self, text: str | None, source: tuple[str, str], type_: ResourceType, namespaces: Namespaces) -> None:
        """Read the `name` of an entry; by default copies are called as their source."""
        self._text = text or source[1]
        self._template = variables.parse(text) if text and "{" in text else None
        self._source, self._type, self._namespaces = source, type_, namespaces

    def names(self, where: frozenset[str]) -> dict[tuple[str, Problem | None], set[str]]:
        """Return name and problem -> those of the namespaces where copies are called so."""
        if self._template is None or not self._template.varies:
            return {self.name(""): set(where)} if where else {}
        found: dict[tuple[str, Problem | None], set[str]] = {}
        for namespace in where:
            found.setdefault(self.name(namespace), set()).add(namespace)
        return found

    def name(self, namespace: str) -> tuple[str, Problem | None]:
        """Return the name of the copy in a namespace; if it has none, the text of the entry and the problem."""
        if self._template is None or not self._template.parts[1:]:
            return self._text, None
        values = variables.Values(*self._source, namespace, self._namespaces.labels_of(namespace))
        try:
            name = self._template.fill(values)
        except variables.CannotFill as error:
            return self._text, self._problem(str(error))
        if object_names.is_valid(name, self._type):
            return name, None
        kind, grammar = self._type.kind, object_names.grammar(self._type)
        return self._text, self._problem(f"the result is no name for a {kind} ({grammar})")

    def _problem(self, why: str) -> Problem:
        return Problem(reasons.TEMPLATE_ERROR, f"spec.destinations: name {self._text}: {why}")
