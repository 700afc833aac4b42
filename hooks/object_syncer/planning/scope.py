"""What a SyncPolicy permits: whose ObjectSyncs it serves, from where, to where, and which resources."""

from collections.abc import Sequence
from dataclasses import dataclass

from object_syncer import reasons
from object_syncer.api import Json
from object_syncer.kinds.resource import Refusal, Resource


@dataclass(frozen=True, slots=True)
class Names:
    """A list of namespaces as upstream reads it: empty, or holding "" or "*", means all."""

    names: frozenset[str] | None

    def __contains__(self, namespace: str) -> bool:
        """Tell whether the list contains the namespace."""
        return self.names is None or namespace in self.names


@dataclass(frozen=True, slots=True)
class Scope:
    """A SyncPolicy's spec, ready to be asked."""

    policy: str
    watch: Names
    sources: Names
    targets: Names
    allowed: tuple[tuple[frozenset[str], frozenset[str]], ...]

    def refusal(self, resource: Resource, source_namespace: str) -> Refusal | None:
        """Say why this policy does not let the source be copied, or None."""
        if not resource.namespaced:
            return Refusal(
                reasons.CLUSTER_SCOPED_KIND,
                f"spec.source.kind: {resource.display} is cluster scoped, only namespaced kinds can be copied",
            )
        if not self._allows(resource):
            return Refusal(
                reasons.KIND_NOT_ALLOWED,
                f"spec.source.kind: {resource.display} is not in allowedResources of SyncPolicy {self.policy}",
            )
        if source_namespace not in self.sources:
            return Refusal(
                reasons.SOURCE_NOT_ALLOWED,
                f"spec.source.namespace: {source_namespace} is not in sourceNamespaces of SyncPolicy {self.policy}",
            )
        return None

    def _allows(self, resource: Resource) -> bool:
        return not self.allowed or any(
            ("*" in groups or resource.group in groups) and ("*" in resources or resource.resource in resources)
            for groups, resources in self.allowed
        )


def of(policy: Json) -> Scope:
    """Read a SyncPolicy. Every list of its spec is optional and then means "all"."""
    spec = policy.get("spec") or {}
    return Scope(
        policy=policy["metadata"]["name"],
        watch=_names(spec.get("watchNamespaces")),
        sources=_names(spec.get("sourceNamespaces")),
        targets=_names(spec.get("targetNamespaces")),
        allowed=tuple(
            (frozenset(rule.get("apiGroups") or ["*"]), frozenset(rule.get("resources") or ["*"]))
            for rule in spec.get("allowedResources") or ()
        ),
    )


def _names(value: Sequence[str] | None) -> Names:
    names = frozenset(name.strip() for name in value or ())
    return Names(None if not names or names & {"", "*"} else names)
