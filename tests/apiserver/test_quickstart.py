"""The README's quickstart, as far as it goes without Metacontroller: the API server takes all that is applied."""

import shutil
from pathlib import Path

import pytest

import readme
from controlplane.client import Object
from controlplane.control_plane import ControlPlane


def engine_crd(kind: str) -> Object:
    """Metacontroller's CRD, as far as the API server needs one."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.metacontroller.k8s.io",
            "annotations": {"api-approved.kubernetes.io": "unapproved, tests only"},
        },
        "spec": {
            "group": "metacontroller.k8s.io",
            "scope": "Cluster",
            "names": {"kind": kind, "plural": plural},
            "versions": [version],
        },
    }


@pytest.mark.usefixtures("control_plane")  # skips where there is none; the quickstart wants a new cluster
def test_the_quickstarts_commands_work(tmp_path: Path) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl")
    with ControlPlane(tmp_path) as cluster, readme.Shell(cluster.kubeconfig()) as shell:
        cluster.client().apply_yaml([engine_crd("CompositeController"), engine_crd("DecoratorController")])
        for command in readme.commands("On a cluster"):
            if "condition=InSync" not in command:
                shell.run(command)
        applied = cluster.client().get("sync.rustrial.org/v1alpha1", "syncpolicies", None, "default")
        assert applied["spec"]["watchNamespaces"] == ["*"]
        hooks = cluster.client().get("metacontroller.k8s.io/v1alpha1", "decoratorcontrollers", None, "object-syncs")
        assert "object-syncer.object-syncer" not in hooks["spec"]["hooks"]["sync"]["webhook"]["url"]
