"""The specification as a model: computes from the users' objects which copies must exist, and what every status says.

It is written from the documentation, not from the hooks, and imports none of their decisions. It is evaluated at rest,
when no fault is left and the engine has nothing to do. What the documentation leaves open is open here too:

- Of ObjectSyncs created within one second the one whose namespace and name sort first is the older one: Kubernetes
  keeps no finer time.
- Of two entries for one destination a named namespace wins over a wildcard, glob or selector, then the first one wins:
  its strategy and its `copy` hold.
- A copy that lost all our marks (slice label, source annotation, ownerReference) is no longer ours but foreign. One
  that lost its label or ownerReference, and whose ObjectSync was deleted before it was repaired, may stay.
- No event tells the engine that a copy lost its label and its ownerReference in one write. It finds out with its next
  resync, within half an hour, or when anything else makes it sync the slice; the model waits for a resync.
- Without the guard in the API server, while the SyncPolicy requires it, nothing is planned: copies stay as they were
  planned last, which the model does not compute.
- With `guard: None` and no guard, an object at a destination may be overwritten; one that was found to be foreign while
  there was a guard may also be left alone.
- `Overwrite` and `Adopt` never delete what they take over; where a field that cannot be changed differs, it stays
  foreign, and the destination is Failed with Rejected.
- While the copies of an ObjectSync that is gone are drained, a younger one of the same circle may already overwrite
  what it names, also from such a copy. (That it may not do so to the source of that circle is a story.)
- Fields that users wrote on a copy may stay under `apply`, and stay reported as ForeignFields under `replace` where
  they are not in a map of strings.
- While an ObjectSync is suspended the engine may still take back what only lost its owner, and give up what lost its
  label: nothing else of these objects changes. If its SyncPolicy is deleted, its copies go with the SyncSlices.
- While it is suspended, a copy that still has a note of how it was written may count as differing; and if it keeps
  copies of a source that it named before, InSync may tell of that one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

Json = dict[str, Any]
Path = tuple[str, ...]

MANAGED_BY = ("app.kubernetes.io/managed-by", "rustrial-object-syncer")
SLICE = "sync.rustrial.org/slice"
SOURCE = "sync.rustrial.org/source-object"
EXCLUDE = "sync.rustrial.org/exclude"
NOTES_OF_WRITES = frozenset({"sync.rustrial.org/takes-over", "sync.rustrial.org/repair"})
OUR_NOTES = NOTES_OF_WRITES | {"sync.rustrial.org/via"}
UPSTREAM_FINALIZER = "sync.rustrial.org/rustrial-object-syncer"
TRACKING = frozenset(
    {
        "argocd.argoproj.io/tracking-id",
        "app.kubernetes.io/instance",
        "app.kubernetes.io/managed-by",
        "kubectl.kubernetes.io/last-applied-configuration",
        "helm.toolkit.fluxcd.io/name",
        SLICE,
        SOURCE,
        "sync.rustrial.org/copy-to",
        "sync.rustrial.org/limited",
        *OUR_NOTES,
    }
)
"""Of the metadata that does not travel, what the histories use."""

STRING_MAPS = {"ConfigMap": ("data", "binaryData"), "Secret": ("data",)}


@dataclass(frozen=True)
class Kind:
    """A kind that the histories use."""

    kind: str
    plural: str
    group: str = ""
    versions: tuple[str, ...] = ("v1",)
    namespaced: bool = True
    copyable: bool = True

    def __repr__(self) -> str:
        return self.kind

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.versions[0]}" if self.group else self.versions[0]


CONFIG_MAP = Kind("ConfigMap", "configmaps")
SECRET = Kind("Secret", "secrets")
ROLE_BINDING = Kind("RoleBinding", "rolebindings", "rbac.authorization.k8s.io")
WIDGET = Kind("Widget", "widgets", "toys.dev")
COPIED = (CONFIG_MAP, SECRET, ROLE_BINDING, WIDGET)
POD = Kind("Pod", "pods", copyable=False)
NAMESPACE = Kind("Namespace", "namespaces", namespaced=False)
BUILT_IN = (CONFIG_MAP, SECRET, ROLE_BINDING, POD, NAMESPACE)

Place = tuple[str, str, str]
"""Kind, namespace, name of an object that is, or may become, a source or a copy."""


@dataclass(frozen=True)
class Wanted:
    """One destination of an ObjectSync: a copy, or (with a reason) none."""

    strategy: str
    reason: str = ""
    earlier: str = ""
    """With Conflict: the ObjectSync that has it."""
    asked: Json | None = None
    """The `copy` that it follows; none, or an empty one: it equals the source."""


@dataclass
class Expected:
    """What must be true of one ObjectSync."""

    object_sync: Json
    kind: Kind | None = None
    refusals: set[str] = field(default_factory=set)
    """Reasons, one of which Ready must give; none: it is served."""
    planned: bool = False
    """Whether it has slices; a refused ObjectSync has them too if a policy watches it."""
    source: Place = ("", "", "")
    source_problem: str = ""
    destinations: dict[tuple[str, str], Wanted] = field(default_factory=dict)
    unmatched: bool = False
    """Whether a glob or a selector matches no namespace that may get copies."""

    @property
    def id(self) -> tuple[str, str]:
        return namespace(self.object_sync), name(self.object_sync)

    def copies(self) -> Iterator[tuple[Place, Wanted]]:
        """Yield where a copy must be, unless a foreign object is there."""
        if not self.source_problem:
            yield from self.planned_copies()

    def planned_copies(self) -> Iterator[tuple[Place, Wanted]]:
        """Yield where a copy may be, as soon as there is a source."""
        for (ns, called), wanted in self.destinations.items():
            if self.kind and not wanted.reason:
                yield (self.kind.kind, ns, called), wanted


Find = Callable[[Kind, str, str], Json | None]


class World:
    """The users' objects, as the model needs them."""

    def __init__(
        self,
        object_syncs: Iterable[Json],
        policies: Iterable[Json],
        namespaces: Iterable[Json],
        crds: Iterable[Json],
        guarded: bool,
        find: Find,
    ) -> None:
        self.object_syncs = list(object_syncs)
        self.policies = list(policies)
        self.namespaces = {name(each): each for each in namespaces}
        self.crds = list(crds)
        self.guarded = guarded
        self.find = find

    @property
    def frozen(self) -> bool:
        """Whether the planner must not plan, because the guard is required and missing."""
        return not self.guarded and any(policy["spec"].get("guard") != "None" for policy in self.policies)


def expect(world: World) -> list[Expected]:
    """Return what must be true of every ObjectSync that is not being deleted, the oldest first."""
    living = [each for each in world.object_syncs if not is_terminating(each)]
    living.sort(key=lambda each: (each["metadata"]["creationTimestamp"], namespace(each), name(each)))
    expected = [_alone(each, world) for each in living]
    owners: dict[Place, str] = {}
    edges: dict[Place, set[Place]] = {}
    for each in expected:
        for (ns, called), wanted in list(each.destinations.items()):
            if wanted.reason or not each.kind:
                continue
            place = (each.kind.kind, ns, called)
            if place in owners:
                each.destinations[ns, called] = Wanted(wanted.strategy, "Conflict", owners[place])
            elif _leads(place, each.source, edges):
                each.destinations[ns, called] = Wanted(wanted.strategy, "Loop")
            else:
                owners[place] = "/".join(each.id)
                edges.setdefault(each.source, set()).add(place)
    return expected


def _alone(object_sync: Json, world: World) -> Expected:
    """Return what is expected of an ObjectSync if there were no others."""
    expected = Expected(object_sync)
    spec = object_sync["spec"]
    source = spec["source"]
    expected.kind, unknown = _resolve(source, world)
    watching = [each for each in world.policies if _in(namespace(object_sync), each["spec"].get("watchNamespaces"))]
    if unknown:
        expected.refusals.add(unknown)
    if not watching:
        expected.refusals.add("NotWatched")
    elif world.frozen:
        expected.refusals.add("GuardMissing")
    kind = expected.kind
    if unknown or not watching or kind is None:
        return expected
    policy = watching[0]["spec"]
    ns = source.get("namespace") or namespace(object_sync)
    expected.planned = True
    expected.source = (kind.kind, ns, source["name"])
    if not kind.namespaced:
        expected.refusals.add("ClusterScopedKind")
    if not _allowed(kind, policy.get("allowedResources")):
        expected.refusals.add("KindNotAllowed")
    if not _in(ns, policy.get("sourceNamespaces")) or not _selects(policy.get("sourceNamespaceSelector"), ns, world):
        expected.refusals.add("SourceNotAllowed")
    if not kind.copyable:
        expected.refusals.add("SourceNotCopyable")
    if expected.refusals:
        return expected
    found = world.find(kind, ns, source["name"])
    if found is None or is_terminating(found):
        expected.source_problem = "SourceNotFound"
    elif kind is SECRET and found.get("type") == "kubernetes.io/service-account-token":
        expected.source_problem = "SourceNotCopyable"
    _add_destinations(expected, ns, world, policy)
    return expected


def _resolve(source: Json, world: World) -> tuple[Kind | None, str]:
    """Return the kind that spec.source names, or the reason why there is none."""
    version = source.get("version")
    for kind in BUILT_IN:
        if (kind.group, kind.kind) == (source["group"], source["kind"]):
            return (kind, "") if not version or version in kind.versions else (None, "VersionNotServed")
    for crd in world.crds:
        spec, conditions = crd["spec"], (crd.get("status") or {}).get("conditions") or ()
        established = any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
        if (spec["group"], spec["names"]["kind"]) == (source["group"], source["kind"]):
            if is_terminating(crd) or not established:
                return None, "KindNotFound"
            served = [each["name"] for each in spec["versions"] if each["served"]]
            return (WIDGET, "") if not version or version in served else (None, "VersionNotServed")
    return None, "KindNotFound"


def _add_destinations(expected: Expected, source_ns: str, world: World, policy: Json) -> None:
    """Add every destination, without the source itself: what is matched, and what is named with what hinders it."""
    object_sync, found = expected.object_sync, expected.destinations
    spec, own = object_sync["spec"], namespace(object_sync)
    targets = [own if each == "." else each for each in policy.get("targetNamespaces") or ()]
    source = (source_ns, spec["source"]["name"])

    def hindrance(ns: str) -> str:
        if not _in(ns, targets):
            return "TargetNotAllowed"
        if ns not in world.namespaces:
            return "NamespaceNotFound"
        if is_terminating(world.namespaces[ns]):
            return "NamespaceTerminating"
        if not _selects(policy.get("targetNamespaceSelector"), ns, world):
            return "TargetNotAllowed"
        return "NamespaceOptedOut" if _opted_out(world.namespaces[ns], "/".join(expected.id)) else ""

    def add(ns: str, entry: Json) -> None:
        called, wrong = _called(entry.get("name") or source[1], source, expected.kind, ns, world)
        if (ns, called) != source:
            asked = entry.get("copy", spec.get("copy"))
            found.setdefault((ns, called), Wanted(entry.get("strategy") or "", hindrance(ns) or wrong, asked=asked))

    def excludes(entry: Json, ns: str) -> bool:
        return any(fnmatchcase(ns, each) for each in entry.get("exclude") or ())

    matching = [entry for entry in spec["destinations"] if not (entry.get("namespace") or "*").isalnum()]
    for entry in spec["destinations"]:
        if entry not in matching and not excludes(entry, entry["namespace"]):
            add(entry["namespace"], entry)
    for entry in matching:
        glob = entry.get("namespace") or "*"
        where = [
            ns
            for ns in sorted(world.namespaces)
            if fnmatchcase(ns, glob) and _selects(entry.get("namespaceSelector"), ns, world)
            if not excludes(entry, ns) and not hindrance(ns)
        ]
        expected.unmatched |= not where and entry.get("namespace") not in ("", "*")
        for ns in where:
            add(ns, entry)


def _called(text: str, source: tuple[str, str], kind: Kind | None, ns: str, world: World) -> tuple[str, str]:
    """Return what a copy is called, and the reason if that is no name."""
    tier = _labels(ns, world).get("tier")
    filled = text.replace("{source.name}", source[1]).replace("{destination.namespace}", ns)
    filled = filled.replace("{destination.labels.tier}", tier or "")
    is_name = kind is ROLE_BINDING or re.fullmatch("[a-z-]+", filled)
    missing = "{destination.labels.tier}" in text and tier is None
    return (text, "TemplateError") if missing or not is_name else (filled, "")


def _selects(selector: Json | None, ns: str, world: World) -> bool:
    """Tell whether a selector about `tier` matches a namespace."""
    tier = _labels(ns, world).get("tier")
    if not selector:
        return True
    if "matchLabels" in selector:
        return bool(tier == selector["matchLabels"]["tier"])
    return all(tier not in each["values"] for each in selector["matchExpressions"])


def _labels(ns: str, world: World) -> Json:
    return (world.namespaces[ns]["metadata"].get("labels") or {}) if ns in world.namespaces else {}


def _opted_out(ns: Json, object_sync: str) -> bool:
    meta = ns["metadata"]
    listed = (meta.get("annotations") or {}).get(EXCLUDE, "").split(",")
    return (meta.get("labels") or {}).get(EXCLUDE) == "true" or object_sync in map(str.strip, listed)


def _in(namespace: str, allowed: list[str] | None) -> bool:
    return not allowed or namespace in allowed or bool({"", "*"} & set(allowed))


def _allowed(kind: Kind, rules: list[Json] | None) -> bool:
    def fits(value: str, listed: list[str] | None) -> bool:
        return not listed or "*" in listed or value in listed

    return not rules or any(
        fits(kind.group, rule.get("apiGroups")) and fits(kind.plural, rule.get("resources")) for rule in rules
    )


def _leads(start: Place, goal: Place, edges: dict[Place, set[Place]]) -> bool:
    seen, stack = {start}, [start]
    while stack:
        place = stack.pop()
        if place == goal:
            return True
        stack += edges.get(place, set()) - seen
        seen |= edges.get(place, set())
    return False


# Content


def body(obj: Json) -> Json:
    """Return an object without metadata and status."""
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}


def fields(value: Any, path: Path = ()) -> dict[Path, Any]:
    """Return every field by its path; lists and empty maps are fields themselves."""
    if isinstance(value, dict) and value:
        return {where: what for key, below in value.items() for where, what in fields(below, (*path, key)).items()}
    return {path: value}


def content(obj: Json) -> dict[Path, Any]:
    """Return the fields of an object's body, labels and annotations; data without keys is like no data."""
    meta = obj["metadata"]
    found = fields({key: value for key, value in body(obj).items() if (key, value) != ("data", {})})
    for key in ("labels", "annotations"):
        for name, value in (meta.get(key) or {}).items():
            found["metadata", key, name] = value
    return found


def expected_content(source: Json, slice_name: str) -> dict[Path, Any]:
    """Return the fields that a copy must have; `source` is as `shapes.made` returns it."""
    found = content(source)
    found["metadata", "labels", MANAGED_BY[0]] = MANAGED_BY[1]
    found["metadata", "labels", SLICE] = slice_name
    found["metadata", "annotations", SOURCE] = f"{namespace(source)}/{name(source)}"
    return found


def is_ours(found: Json, source: Place) -> bool:
    """Tell whether an object at a destination of `source` counts as our copy: by its label, or as one that lost it."""
    meta = found["metadata"]
    if SLICE in (meta.get("labels") or {}):
        return True
    return (meta.get("annotations") or {}).get(SOURCE) == f"{source[1]}/{source[2]}" and may_overwrite(found)


def may_overwrite(found: Json) -> bool:
    """Tell whether `Overwrite` takes an object: nobody controls it, and no finalizer of upstream's would keep it."""
    meta = found["metadata"]
    return UPSTREAM_FINALIZER not in (meta.get("finalizers") or ()) and not any(
        owner.get("controller") for owner in meta.get("ownerReferences") or ()
    )


def may_adopt(found: Json, source: Json) -> bool:
    """Tell whether `Adopt` takes an object: it equals the copy already, or is upstream's copy of this source."""
    meta = found["metadata"]
    if not may_overwrite(found):
        return False
    upstream = (meta.get("annotations") or {}).get(SOURCE) == f"{namespace(source)}/{name(source)}" and (
        meta.get("labels") or {}
    ).get(MANAGED_BY[0]) == MANAGED_BY[1]
    return upstream or body(found) == body(source)


def is_unchangeable(found: Json, source: Json) -> bool:
    """Tell whether the API server refuses to make a foreign object equal: a field that cannot be changed differs."""
    if found["kind"] == "RoleBinding":
        return bool(found["roleRef"] != source["roleRef"])
    if found["kind"] == "Secret" and found["type"] != source["type"]:
        return True
    return bool(found.get("immutable")) and any(
        found.get(key) != source.get(key) for key in ("data", "binaryData", "immutable")
    )


def surplus_is_tolerated(kind: Kind, strategy: str, path: Path) -> bool:
    """Tell whether a field that users added to a copy may stay; under `replace` only what cannot be removed."""
    if strategy != "replace":
        return True
    if path[0] == "metadata":
        return path[2].partition("/")[0].endswith("kubernetes.io")
    return False


def is_unremovable(kind: Kind, path: Path) -> bool:
    """Tell whether a field that users added stays: server-side apply only empties maps of strings."""
    return path[0] != "metadata" and path[0] not in STRING_MAPS.get(kind.kind, ())


# Accessors


def namespace(obj: Json) -> str:
    return str(obj["metadata"].get("namespace") or "")


def name(obj: Json) -> str:
    return str(obj["metadata"]["name"])


def is_terminating(obj: Json) -> bool:
    return "deletionTimestamp" in obj["metadata"]
