"""Labels and annotations that travel with a copy, and those that say who tracks the source."""

import pytest

from object_syncer.kube import tracking


@pytest.mark.parametrize(
    "key",
    [
        "app",
        "app.kubernetes.io/name",
        "app.kubernetes.io/part-of",
        "app.kubernetes.io/version",
        "example.com/owner",
        "instance",
        "prometheus.io/scrape",
        "reloader.stakater.com/match",
        "cert-manager.io/issuer-name",
        "pod-security.kubernetes.io/enforce",
        "service.beta.kubernetes.io/aws-load-balancer-type",
        "nginx.ingress.kubernetes.io/rewrite-target",
        "volume.beta.kubernetes.io/storage-class",
        "my.kubectl.kubernetes.io.example/x",
        "argocd.argoproj.io/secret-type",  # reflector#257, #584; mittwald#189, #286
        "argocd.argoproj.io/auto-label-cluster-info",
        "kubectl.kubernetes.io/default-container",
        "kapp.k14s.io/change-group",
    ],
)
def test_what_the_author_wrote_travels(key: str) -> None:
    assert tracking.travels(key)


@pytest.mark.parametrize(
    ("who", "key"),
    [
        ("kubectl", "kubectl.kubernetes.io/last-applied-configuration"),
        ("kubectl", "kubectl.kubernetes.io/restartedAt"),
        ("kubectl apply set", "applyset.kubernetes.io/part-of"),
        ("Argo CD", "app.kubernetes.io/instance"),
        ("Argo CD", "argocd.argoproj.io/tracking-id"),
        ("Argo CD", "argocd.argoproj.io/instance"),
        ("Argo CD", "argocd.argoproj.io/sync-wave"),
        ("Flux", "kustomize.toolkit.fluxcd.io/name"),
        ("Flux", "helm.toolkit.fluxcd.io/namespace"),
        ("Helm", "meta.helm.sh/release-name"),
        ("Helm", "helm.sh/chart"),
        ("Helm", "helm.sh/resource-policy"),
        ("kustomize and kpt", "config.kubernetes.io/origin"),
        ("kustomize and kpt", "config.k8s.io/owning-inventory"),
        ("kapp", "kapp.k14s.io/app"),
        ("Rancher Fleet", "objectset.rio.cattle.io/hash"),
        ("Metacontroller", "metacontroller.k8s.io/last-applied-configuration"),
        ("whoever manages the source", "app.kubernetes.io/managed-by"),
        ("an ObjectSync that made the source", "sync.rustrial.org/slice"),
        ("an ObjectSync that made the source", "sync.rustrial.org/source-object"),
        ("the Job controller", "batch.kubernetes.io/controller-uid"),
        ("the Job controller", "controller-uid"),
        ("the Deployment controller", "deployment.kubernetes.io/revision"),
        ("the Deployment controller", "pod-template-hash"),
        ("the volume controller", "pv.kubernetes.io/bind-completed"),
        ("the scheduler", "volume.kubernetes.io/selected-node"),
        ("the endpoints controller", "endpoints.kubernetes.io/last-change-trigger-time"),
        ("the endpoint slice controller", "endpointslice.kubernetes.io/managed-by"),
        ("a leader election of old", "control-plane.alpha.kubernetes.io/leader"),
    ],
)
def test_what_tracks_the_source_stays(who: str, key: str) -> None:
    assert not tracking.travels(key), who


@pytest.mark.parametrize(
    ("key", "ours"),
    [
        ("sync.rustrial.org/slice", True),
        ("sync.rustrial.org/anything", True),
        ("metacontroller.k8s.io/last-applied-configuration", True),
        ("app.kubernetes.io/managed-by", True),
        ("app.kubernetes.io/instance", False),
        ("helm.sh/chart", False),
        ("app", False),
    ],
)
def test_our_marks_cannot_be_asked_for(key: str, ours: bool) -> None:
    assert tracking.is_reserved(key) == ours
    assert not (ours and tracking.travels(key))


def test_the_labels_that_travel_keep_their_values_and_are_sorted() -> None:
    found = tracking.labels({"z": "1", "helm.sh/chart": "c", "a": ""})
    assert list(found.items()) == [("a", ""), ("z", "1")]


@pytest.mark.parametrize(
    ("key", "own"),
    [
        ("deployment.kubernetes.io/revision", True),
        ("autoscaling.alpha.kubernetes.io/conditions", True),
        ("node.k8s.io/x", True),
        ("kubernetes.io/x", True),
        ("k8s.io/x", True),
        ("controller-uid", True),
        ("example.com/x", False),
        ("notkubernetes.io/x", False),
        ("kubernetes.io.example.com/x", False),
        ("x", False),
        ("kubernetes.io", False),
    ],
)
def test_what_controllers_of_kubernetes_write_on_a_copy_is_never_foreign(key: str, own: bool) -> None:
    assert tracking.is_kubernetes_own(key) == own
