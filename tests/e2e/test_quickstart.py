"""The README's quickstart, command by command, on a new cluster with Metacontroller as the README wants it."""

import re
import shutil
from pathlib import Path

import pytest

import readme
from controlplane.client import Client
from controlplane.control_plane import ENGINE, ControlPlane
from controlplane.engine import Metacontroller


@pytest.mark.usefixtures("control_plane")  # skips where there is none; the quickstart wants a new cluster
def test_the_quickstart_ends_with_copies(tmp_path: Path) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl")
    with ControlPlane(tmp_path) as cluster, readme.Shell(cluster.kubeconfig()) as shell:
        block = re.search(r"```\n(--.*?)```", readme.section("On a cluster"), re.DOTALL)
        assert block
        engine = Metacontroller(cluster, tmp_path, user=ENGINE, flags=block[1].split())
        engine.apply_crds()
        engine.start()
        try:
            for command in readme.commands("On a cluster"):
                answer = shell.run(command.replace("--no-crds", f"--no-crds --engine-user {ENGINE}"))
            shown = readme.shown("What you see")[0]
            assert answer.splitlines()[0] == shown.output.splitlines()[0]
            assert answer.split()[:-1] == shown.output.split()[:-1], "all but the age"
            assert copies(cluster.client()) == {"kube-node-lease", "kube-public", "kube-system", "team-a", "team-b"}
        finally:
            engine.stop()


def copies(admin: Client) -> set[str]:
    """The namespaces with a copy."""
    listed = admin.list("v1", "configmaps", labels="app.kubernetes.io/managed-by=rustrial-object-syncer")
    return {item["metadata"]["namespace"] for item in listed}
