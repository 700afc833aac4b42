"""docs/upgrade.md: coming from the original Object Syncer."""

import shutil
from collections.abc import Iterator

import pytest

import readme
from controlplane.client import Client
from controlplane.control_plane import Cluster
from controlplane.namespaces import Namespaces
from e2e.objects import config_map, object_sync, to
from object_syncer import installation
from object_syncer.kube import api

HELD = [api.UPSTREAM_FINALIZER]


@pytest.fixture
def home(admin: Client, namespaces: Namespaces) -> Iterator[str]:
    """A namespace whose objects lose their finalizers at the end."""
    admin.apply_yaml("---\n".join(installation.crds()))
    home = namespaces.make("home")
    yield home
    for api_version, plural in (("v1", "configmaps"), ("v1", "secrets"), (api.API_VERSION, "objectsyncs")):
        for item in admin.list(api_version, plural, namespace=home):
            admin.patch(api_version, plural, home, item["metadata"]["name"], {"metadata": {"finalizers": None}})


def test_the_originals_finalizer_comes_off_and_no_other_does(cluster: Cluster, admin: Client, home: str) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl")
    held = config_map(home, "held", {}, finalizers=HELD)
    sync = object_sync(home, "held", held, [to("*")])
    sync["metadata"]["finalizers"] = HELD
    for obj in (
        held,
        {**held, "kind": "Secret"},
        sync,
        config_map(home, "held-by-all", {}, finalizers=["team.dev/first", *HELD, "team.dev/last"]),
        config_map(home, "held-by-others", {}, finalizers=["team.dev/hold"]),
    ):
        admin.create(obj)

    with readme.Shell(cluster.kubeconfig()) as shell:
        shell.run(readme.script("Come from the original", readme.ROOT / "docs" / "upgrade.md"))

    def finalizers(name: str, plural: str = "configmaps", api_version: str = "v1") -> object:
        return admin.get(api_version, plural, home, name)["metadata"].get("finalizers")

    assert finalizers("held") is None
    assert finalizers("held-by-all") == ["team.dev/first", "team.dev/last"]
    assert finalizers("held-by-others") == ["team.dev/hold"]
    assert finalizers("held", "secrets") is None
    assert finalizers("held", "objectsyncs", api.API_VERSION) is None
