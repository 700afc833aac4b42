"""Labels and annotations that are not copied by themselves, because they say who tracks the *source*.

On a copy they make Argo CD and Flux prune it, Helm adopt it, and controllers fight over it: the most repeated complaint
about tools of this kind.
"""

import re
from collections.abc import Mapping

from object_syncer.kube import api

_EXACT = frozenset(
    (
        "app.kubernetes.io/instance",  # Argo CD's default tracking label, Helm's release
        api.MANAGED_BY_LABEL,  # always ours
        "helm.sh/chart",
        "helm.sh/resource-policy",
        "controller-uid",  # Job controller, Metacontroller's generateSelector
        "job-name",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "batch.kubernetes.io/job-tracking",
        "batch.kubernetes.io/cronjob-scheduled-timestamp",
        "deployment.kubernetes.io/revision",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deployment.kubernetes.io/revision-history",
        "deprecated.daemonset.template.generation",
        "pod-template-hash",
        "controller-revision-hash",
        "statefulset.kubernetes.io/pod-name",
        "autoscaling.alpha.kubernetes.io/conditions",
        "autoscaling.alpha.kubernetes.io/current-metrics",
        "pv.kubernetes.io/bind-completed",
        "pv.kubernetes.io/bound-by-controller",
        "volume.kubernetes.io/selected-node",
        "volume.kubernetes.io/storage-provisioner",
        "volume.beta.kubernetes.io/storage-provisioner",
        "volume.kubernetes.io/storage-resizer",
        "endpoints.kubernetes.io/last-change-trigger-time",
        "kubernetes.io/service-account.uid",
        "service.kubernetes.io/headless",
        "endpointslice.kubernetes.io/managed-by",
        "control-plane.alpha.kubernetes.io/leader",
        "objectset.rio.cattle.io/id",
        "objectset.rio.cattle.io/hash",
        "objectset.rio.cattle.io/applied",
    )
)

_OF_TOOLS = frozenset(
    f"{domain}/{name}"
    for domain, names in {
        # What Argo CD tracks, and how it applies a manifest. Other keys of it are content, such as secret-type.
        "argocd.argoproj.io": (
            "instance", "tracking-id", "installation-id", "refresh", "hydrate", "application-set-refresh", "hook",
            "hook-delete-policy", "sync-wave", "sync-options", "compare-options",
        ),
        "kustomize.toolkit.fluxcd.io": (
            "name", "namespace", "checksum", "prune", "reconcile", "ssa", "force", "substitute",
        ),
        "helm.toolkit.fluxcd.io": ("name", "namespace", "driftDetection"),
        "meta.helm.sh": ("release-name", "release-namespace"),
        "kubectl.kubernetes.io": ("last-applied-configuration", "restartedAt"),
        "applyset.kubernetes.io": (
            "part-of", "id", "is-parent-type", "tooling", "contains-group-kinds", "contains-group-resources",
            "additional-namespaces",
        ),
        "config.kubernetes.io": (
            "origin", "index", "path", "package", "function", "merge-source", "depends-on", "apply-time-mutation",
            "local-config",
        ),
        "config.k8s.io": ("owning-inventory", "id"),
        "cli-utils.sigs.k8s.io": ("inventory-id",),
        "objectset.rio.cattle.io": ("owner-gvk", "owner-name", "owner-namespace"),
        "kapp.k14s.io": (
            "app", "association", "identity", "original", "original-diff", "original-diff-full", "original-diff-md5",
            "nonce", "versioned", "owned-for-deletion",
        ),
    }.items()
    for name in names
)  # fmt: skip
"""Written by, or for, the tool that applies the source. Exact keys: tools also have keys that are content."""

_OURS = (api.GROUP, "metacontroller.k8s.io")
"""Domains of which no key is ever copied: our marks, and those of the engine."""

_OF_KUBERNETES = re.compile(r"(?:^|\.)(?:kubernetes\.io|k8s\.io)$")


def travels(key: str) -> bool:
    """Tell whether a label or annotation of the source belongs on a copy, if nobody says otherwise."""
    return key not in _EXACT and key not in _OF_TOOLS and not is_reserved(key)


def labels(source: Mapping[str, str]) -> dict[str, str]:
    """Return the labels (or annotations) that travel, sorted by key."""
    return {key: value for key, value in sorted(source.items()) if travels(key)}


def is_reserved(key: str) -> bool:
    """Tell whether a label or annotation of a copy is ours to set: nobody can ask for another value."""
    return key == api.MANAGED_BY_LABEL or key.partition("/")[0] in _OURS


def is_kubernetes_own(key: str) -> bool:
    """Tell whether controllers of Kubernetes itself write this label or annotation, so that it is never foreign."""
    domain, slash, _ = key.partition("/")
    return key in _EXACT or bool(slash and _OF_KUBERNETES.search(domain))
