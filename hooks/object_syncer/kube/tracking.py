"""Labels and annotations that are not copied, because they say who tracks the *source*.

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

_DOMAINS = (
    "argocd.argoproj.io",
    "kustomize.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io",
    "meta.helm.sh",
    "kubectl.kubernetes.io",
    "metacontroller.k8s.io",
    "applyset.kubernetes.io",
    "config.kubernetes.io",
    "config.k8s.io",
    "objectset.rio.cattle.io",
    "kapp.k14s.io",
    api.GROUP,
)

_OF_KUBERNETES = re.compile(r"(?:^|\.)(?:kubernetes\.io|k8s\.io)$")


def travels(key: str) -> bool:
    """Tell whether a label or annotation of the source belongs on a copy."""
    return key not in _EXACT and key.partition("/")[0] not in _DOMAINS


def labels(source: Mapping[str, str]) -> dict[str, str]:
    """Return the labels (or annotations) that travel, sorted by key."""
    return {key: value for key, value in sorted(source.items()) if travels(key)}


def is_kubernetes_own(key: str) -> bool:
    """Tell whether controllers of Kubernetes itself write this label or annotation, so that it is never foreign."""
    domain, slash, _ = key.partition("/")
    return key in _EXACT or bool(slash and _OF_KUBERNETES.search(domain))
