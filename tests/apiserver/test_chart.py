"""A real API server takes what the chart renders: every object, in a server-side dry run."""

from typing import Any

import pytest

from chart import helm
from chart.cases import CASES
from controlplane.client import Client
from controlplane.control_plane import Cluster
from controlplane.engine import metacontroller_crds
from controlplane.namespaces import Namespaces
from object_syncer import installation
from standins import stand_in

CRDS = ("apiextensions.k8s.io/v1", "customresourcedefinitions")

FOREIGN = {
    "CompositeController": "metacontroller.k8s.io/v1alpha1",
    "DecoratorController": "metacontroller.k8s.io/v1alpha1",
    "PodMonitor": "monitoring.coreos.com/v1",
    "ServiceMonitor": "monitoring.coreos.com/v1",
    "PrometheusRule": "monitoring.coreos.com/v1",
    "Certificate": "cert-manager.io/v1",
}
"""Kinds of others. Where their CRDs are not at hand, any object of that kind passes."""


@pytest.fixture(scope="module")
def kinds(admin: Client) -> None:
    """Make the API server know all kinds."""
    for text in installation.crds():
        admin.apply_yaml(text)
    engine = metacontroller_crds()
    if engine:
        admin.apply_yaml(engine.read_text())
    served = {(item["spec"]["group"], item["spec"]["names"]["kind"]) for item in admin.list(*CRDS)}
    for kind, api_version in FOREIGN.items():
        group, _, version = api_version.partition("/")
        if (group, kind) not in served:
            admin.apply_yaml([stand_in(group, version, kind)])


@pytest.fixture
def home(namespaces: Namespaces) -> str:
    return namespaces.make("chart")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.usefixtures("kinds")
def test_everything_rendered_is_accepted(case: str, admin: Client, home: str) -> None:
    values = dict(CASES[case])
    engine = {"serviceAccount": {"name": "metacontroller", "namespace": home}}
    values["metacontroller"] = engine | values.get("metacontroller", {})
    for item in helm.template(values, namespace=home):
        if admin.resource_of(item).namespaced:
            item["metadata"].setdefault("namespace", home)
        admin.dry_run(item)


SAFE = {
    "allowedResources": [{"apiGroups": [""], "resources": ["configmaps"]}],
    "targetNamespaces": ["default"],
}


@pytest.mark.parametrize(
    ("values", "tells"),
    [
        ({}, "SyncPolicy default allows every resource type"),
        ({"sourceNamespaces": ["*"]}, "SyncPolicy default allows every namespace as a source"),
        ({"targetNamespaces": ["team-*"]}, "has a pattern"),
        ({"guard": {"enabled": False}}, "guard.enabled is false"),
        ({"hooks": {"tls": {"mode": "none"}}}, "travel unencrypted"),
        ({"hooks": {"token": {"mode": "generated"}}}, "may read all Secrets"),
        ({"image": {"repository": "rustrial/k8s-object-syncer"}}, "image.repository is upstream's"),
        ({"resources": {"limits": {"cpu": "100m"}}}, "CPU limit of 100m"),
        ({"resources": {"limits": {"memory": "400Mi"}}}, "with a memory limit of 400Mi"),
        ({"metacontroller": {"serviceAccount": {"namespace": "nowhere"}}}, "there is no ServiceAccount nowhere/"),
        (SAFE, "kubectl get syncpolicies"),
    ],
)
@pytest.mark.usefixtures("kinds")
def test_the_notes_of_the_chart_say_what_to_do_and_warn(
    cluster: Cluster, home: str, values: dict[str, Any], tells: str
) -> None:
    notes = " ".join(helm.notes(values, cluster.kubeconfig(), home).split())
    assert tells in notes
    warnings = notes.count("WARNING: SyncPolicy")
    assert warnings == 0 if values is SAFE else True
