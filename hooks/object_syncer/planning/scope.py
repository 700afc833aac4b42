"""What a SyncPolicy permits: whose ObjectSyncs it serves, from where, to where, and which resources.

Policies are grants: several may watch a namespace. Which of them serves an ObjectSync is decided here, alike by every
planner and by the ObjectSync's own hook.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from object_syncer.kube import api, label_selectors
from object_syncer.kube.meta import Json, is_terminating
from object_syncer.kube.selectors import Names, names
from object_syncer.kube.types import ResourceType
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

MAX_COPIES = 10_000
"""Of one ObjectSync, where a SyncPolicy does not say."""

TRANSFORMS = frozenset(("metadata", "data"))
"""Permitted where a SyncPolicy does not say."""

ALL_TRANSFORMS = TRANSFORMS | {"set", "patches"}

LISTS = ("watchNamespaces", "sourceNamespaces", "targetNamespaces", "allowedResources")
"""The lists that a SyncPolicy must have. One without items means nothing, and is no way to say "all"."""

_SHOWN_LISTS = 5
"""Lists that a message names; allowedResources may have hundreds without items."""

OWN = "."
"""In sourceNamespaces and targetNamespaces: the namespace of the ObjectSync itself."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A SyncPolicy's spec, ready to be asked."""

    policy: str
    rank: tuple[int, str, str]
    """The smallest is asked first: highest priority, then the oldest, then name."""
    watch: Names
    sources: Names
    targets: Names
    allowed: tuple[tuple[frozenset[str], frozenset[str]], ...]
    conflict_policies: frozenset[str] = frozenset()
    """Which of Adopt and Overwrite its ObjectSyncs may ask for; Fail is always permitted."""
    transforms: frozenset[str] = TRANSFORMS
    """How copies may differ from their source."""
    source_consent: bool = False
    """Whether the owner of a source must have offered it."""
    max_copies: int = MAX_COPIES
    """How many copies one ObjectSync may ask for."""
    source_selector: label_selectors.Selector | None = None
    """What the labels of a source's namespace must match beside."""
    target_selector: Json | None = None
    """What the labels of a copy's namespace must match beside, as the SyncPolicy has it."""
    invalid: Problem | None = None
    """Which list is missing, so that nothing is planned by this policy."""

    @property
    def priority(self) -> int:
        """The policy's priority: where policies want the same destination, the higher one gets it."""
        return -self.rank[0]

    def targets_of(self, own_namespace: str) -> Names:
        """Return the target namespaces of ObjectSyncs in a namespace."""
        listed = self.targets
        return replace(listed, plain=listed.plain | {own_namespace}) if OWN in listed.plain else listed

    def permits_all(self, named: Collection[str], own_namespace: str) -> bool:
        """Tell whether all these namespaces are target namespaces of ObjectSyncs in `own_namespace`."""
        targets = self.targets_of(own_namespace)
        return all(namespace in targets for namespace in named)

    def problem(
        self, type_: ResourceType, source_namespace: str, own_namespace: str, labels: Mapping[str, str] | None = None
    ) -> Problem | None:
        """Return why this policy does not let an ObjectSync of `own_namespace` copy the source, or None.

        `labels` are those of the source's namespace; None: they are not known, and are not asked for.
        """
        if not type_.namespaced:
            return Problem(
                reasons.CLUSTER_SCOPED_KIND,
                f"spec.source.kind: {type_.display} is cluster scoped, only namespaced kinds can be copied",
            )
        if not self._allows(type_):
            return Problem(
                reasons.KIND_NOT_ALLOWED,
                f"spec.source.kind: {type_.display} is not in allowedResources of SyncPolicy {self.policy}",
            )
        own = OWN in self.sources.plain and source_namespace == own_namespace
        if not own and source_namespace not in self.sources:
            return Problem(
                reasons.SOURCE_NOT_ALLOWED,
                f"spec.source.namespace: {source_namespace} is not in sourceNamespaces of SyncPolicy {self.policy}",
            )
        if self.source_selector and labels is not None and not self.source_selector.matches(labels):
            return Problem(
                reasons.SOURCE_NOT_ALLOWED,
                f"spec.source.namespace: sourceNamespaceSelector of SyncPolicy {self.policy} does not match "
                f"namespace {source_namespace}",
            )
        return None

    def _allows(self, type_: ResourceType) -> bool:
        return not self.allowed or any(
            ("*" in groups or type_.group in groups) and ("*" in resources or type_.plural in resources)
            for groups, resources in self.allowed
        )


def of(policy: Json) -> Scope:
    """Read a SyncPolicy.

    The API server refuses one without all its lists, but may have stored it before they were required. They meant "all"
    then, and are still read so: what such a policy serves, it would lose otherwise. `invalid` tells, and keeps it from
    planning more.
    """
    spec, meta = policy.get("spec") or {}, policy["metadata"]
    source_selector = spec.get("sourceNamespaceSelector")
    return Scope(
        policy=meta["name"],
        rank=(-int(spec.get("priority") or 0), meta.get("creationTimestamp") or "", meta["name"]),
        watch=names(spec.get("watchNamespaces")),
        sources=names(spec.get("sourceNamespaces")),
        targets=names(spec.get("targetNamespaces")),
        allowed=tuple(
            (frozenset(rule.get("apiGroups") or ["*"]), frozenset(rule.get("resources") or ["*"]))
            for rule in spec.get("allowedResources") or ()
        ),
        conflict_policies=_conflict_policies(spec.get("conflictPolicies")),
        source_consent=spec.get("sourceConsent") == "Required",
        transforms=_transforms(spec.get("transforms")),
        max_copies=int(spec.get("maxCopies") or MAX_COPIES),
        source_selector=None if source_selector is None else label_selectors.parse(source_selector),
        target_selector=spec.get("targetNamespaceSelector"),
        invalid=_invalid(meta["name"], spec),
    )


def _invalid(policy: str, spec: Json) -> Problem | None:
    missing = [f"spec.{key}" for key in LISTS if not spec.get(key)]
    missing += [
        f"spec.allowedResources[{index}].{key}"
        for index, rule in enumerate(spec.get("allowedResources") or ())
        for key in ("apiGroups", "resources")
        if not rule.get(key)
    ]
    if not missing:
        return None
    more = f" and {len(missing) - _SHOWN_LISTS} more" if len(missing) > _SHOWN_LISTS else ""
    shown, verb = ", ".join(missing[:_SHOWN_LISTS]) + more, "are" if len(missing) > 1 else "is"
    return Problem(
        reasons.INVALID_POLICY,
        f'{shown} of SyncPolicy {policy} {verb} missing or empty: list there what is permitted; "*" permits all',
    )


def _conflict_policies(listed: Sequence[str] | None) -> frozenset[str]:
    return frozenset(("Adopt", "Overwrite")) if "*" in (listed or ()) else frozenset(listed or ())


def _transforms(listed: Sequence[str] | None) -> frozenset[str]:
    if listed is None:
        return TRANSFORMS
    return ALL_TRANSFORMS if "*" in listed else frozenset(listed)


def ranked(policies: Iterable[Json]) -> list[Scope]:
    """Return the scopes of all policies that go on serving, lowest rank first."""
    remaining = (policy for policy in policies if not is_terminating(policy) and not is_retiring(policy))
    return sorted(map(of, remaining), key=lambda scope: scope.rank)


def is_retiring(policy: Json) -> bool:
    """Tell whether a SyncPolicy is to give up its copies: to other policies that permit them, or for good."""
    return (policy["metadata"].get("annotations") or {}).get(api.RETIRE_ANNOTATION) == "true"


def serving(
    scopes: Iterable[Scope],
    type_: ResourceType,
    source_namespace: str,
    own_namespace: str,
    named: Collection[str],
    labels: Mapping[str, str] | None = None,
    keepers: Collection[str] = (),
) -> tuple[Scope | None, Problem | None]:
    """Return which of the ranked scopes serves an ObjectSync of `own_namespace`, and its problem if none does.

    The highest priority decides; among equals one that permits copies in all namespaces that the ObjectSync names,
    `named`; then rank. What namespaces exist does not matter: a new one must not hand over the ObjectSync. `labels` are
    those of the source's namespace, None where they are not known. (None, None): none watches the namespace.

    While that is an invalid policy, nothing is handed over, neither from it nor to it: of `keepers`, the policies that
    have SyncSlices of the ObjectSync, one that permits it goes on serving it; otherwise nobody does.
    """
    watching = [scope for scope in scopes if own_namespace in scope.watch]
    problems = [scope.problem(type_, source_namespace, own_namespace, labels) for scope in watching]
    permitting = [scope for scope, problem in zip(watching, problems, strict=True) if problem is None]
    if not permitting:
        return (watching[0], watching[0].invalid or problems[0]) if watching else (None, None)
    equals = [scope for scope in permitting if scope.priority == permitting[0].priority]
    first = next((scope for scope in equals if scope.permits_all(named, own_namespace)), equals[0])
    if first.invalid:
        first = next((scope for scope in permitting if scope.policy in keepers and not scope.invalid), first)
    return first, first.invalid
