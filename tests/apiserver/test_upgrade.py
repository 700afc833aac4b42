"""docs/upgrade.md: coming from the original Object Syncer, and from versions in which no list was required."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

import readme
from controlplane.client import Client
from controlplane.control_plane import Cluster
from controlplane.namespaces import Namespaces
from e2e.objects import config_map, object_sync, to
from grants import EVERYTHING, lists_optional
from object_syncer import installation
from object_syncer.kube import api

FINALIZERS = [api.UPSTREAM_FINALIZER]


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
    copied = config_map(home, "copied", {}, finalizers=FINALIZERS)
    sync = object_sync(home, "copied", copied, [to("*")])
    sync["metadata"]["finalizers"] = FINALIZERS
    for obj in (
        copied,
        {**copied, "kind": "Secret"},
        sync,
        config_map(home, "with-all", {}, finalizers=["team.dev/first", *FINALIZERS, "team.dev/last"]),
        config_map(home, "with-others", {}, finalizers=["team.dev/finalizer"]),
    ):
        admin.create(obj)

    with readme.Shell(cluster.kubeconfig()) as shell:
        shell.run(readme.script("Come from the original", readme.ROOT / "docs" / "upgrade.md"))

    def finalizers(name: str, plural: str = "configmaps", api_version: str = "v1") -> object:
        return admin.get(api_version, plural, home, name)["metadata"].get("finalizers")

    assert finalizers("copied") is None
    assert finalizers("with-all") == ["team.dev/first", "team.dev/last"]
    assert finalizers("with-others") == ["team.dev/finalizer"]
    assert finalizers("copied", "secrets") is None
    assert finalizers("copied", "objectsyncs", api.API_VERSION) is None


@pytest.mark.parametrize("upgraded", [False, True], ids=["before the upgrade", "after it"])
@pytest.mark.usefixtures("home")
def test_a_policy_without_lists_gets_those_that_mean_all(cluster: Cluster, admin: Client, upgraded: bool) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl")
    lacking = {key: EVERYTHING[key] for key in ("watchNamespaces", "sourceNamespaces")}
    policy = {"apiVersion": api.API_VERSION, "kind": "SyncPolicy", "metadata": {"name": "teams"}, "spec": lacking}
    where = (api.API_VERSION, "syncpolicies", None, "teams")
    script = readme.script("SyncPolicies without lists", readme.ROOT / "docs" / "upgrade.md")
    try:
        with readme.Shell(cluster.kubeconfig()) as shell, ExitStack() as former:
            former.enter_context(lists_optional(admin))
            admin.create(policy)
            if upgraded:
                former.close()
            shell.run(script)
        assert admin.get(*where)["spec"] == EVERYTHING
    finally:
        admin.delete(*where)
