"""How commands find a cluster and read and write it, as kubectl would, against a real API server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlplane.client import Client
from controlplane.control_plane import ALICE, Cluster, ControlPlane
from controlplane.namespaces import Namespaces
from e2e.objects import config_map
from object_syncer.cli.live import kinds
from object_syncer.cli.live.errors import ClusterError
from object_syncer.cli.live.kubeconfig import connect
from object_syncer.kube import builtin
from object_syncer.kube.types import ResourceType

CONFIG_MAP = builtin.KINDS["", "ConfigMap"][0]


@pytest.fixture
def use(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[dict[str, Any]], None]:
    """Make a kubeconfig with these fields added to its user the one that KUBECONFIG names."""

    def use(user: dict[str, Any]) -> None:
        config = yaml.safe_load(cluster.kubeconfig().read_text())
        entry = next(item for item in config["users"] if item["name"] == config["contexts"][0]["context"]["user"])
        entry["user"] = {**entry["user"], **user}
        path = tmp_path / "config"
        path.write_text(yaml.safe_dump({key: value for key, value in config.items() if value is not None}))
        monkeypatch.setenv("KUBECONFIG", str(path))

    return use


def test_objects_are_read_patched_and_deleted(
    cluster: Cluster, admin: Client, namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig()))
    one, other = namespaces.make(), namespaces.make()
    for namespace in (one, other):
        admin.create(config_map(namespace, "settings", {"k": "v"}, labels={"here": one}))
    admin.create(config_map(one, "without-label", {}))
    there = connect()

    found = [item for item in there.list(CONFIG_MAP, label="here") if item["metadata"]["labels"]["here"] == one]
    assert [(item["kind"], item["metadata"]["namespace"]) for item in found] == [
        ("ConfigMap", namespace) for namespace in sorted((one, other))
    ]
    assert len(there.list(CONFIG_MAP, one)) == 2 + len(there.list(CONFIG_MAP, one, label="nobody-has-it"))

    first = there.get(CONFIG_MAP, "settings", one)
    assert first
    assert there.patch(first, CONFIG_MAP, {"data": {"k": None, "new": "1"}})
    assert admin.get("v1", "configmaps", one, "settings")["data"] == {"new": "1"}
    assert not there.patch(first, CONFIG_MAP, {"data": {"k": "late"}}), "it was changed since it was read"
    there.delete(first, CONFIG_MAP)
    there.delete(first, CONFIG_MAP)
    assert there.get(CONFIG_MAP, "settings", one) is None
    assert not there.patch(first, CONFIG_MAP, {})


def test_a_list_of_several_pages_is_whole(
    cluster: Cluster, admin: Client, namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig()))
    monkeypatch.setattr("object_syncer.cli.live.cluster._CHUNK", 2)
    home = namespaces.make()
    names = [f"settings-{number}" for number in range(5)]
    for name in names:
        admin.create(config_map(home, name, {}, labels={"paged": "yes"}))
    assert [item["metadata"]["name"] for item in connect().list(CONFIG_MAP, home, label="paged")] == names


@pytest.mark.usefixtures("cluster")
def test_a_type_that_nobody_serves_has_no_objects(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig()))
    nobodys = ResourceType("nobody.example", "v1", "Thing", "things")
    assert connect().list(nobodys) == []


def test_what_is_refused_is_said_with_the_api_servers_words(
    control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(control_plane.kubeconfig(ALICE)))
    with pytest.raises(ClusterError, match=r"alice.*cannot list resource") as refused:
        connect().list(CONFIG_MAP)
    assert refused.value.code == 403


@pytest.mark.parametrize("version", ["v1beta1", "v1"])
def test_a_credential_plugin_is_asked_for_the_token(
    control_plane: ControlPlane, use: Callable[[dict[str, Any]], None], tmp_path: Path, version: str
) -> None:
    token = yaml.safe_load(control_plane.kubeconfig().read_text())["users"][0]["user"]["token"]
    plugin = tmp_path / "plugin"
    plugin.write_text(
        f'#!/bin/sh\ncase "$KUBERNETES_EXEC_INFO" in *client.authentication.k8s.io/{version}\\"*) ;; *) exit 1;; esac\n'
        f'echo \'{{"kind": "ExecCredential", "status": {{"token": "{token}"}}}}\'\n'
    )
    plugin.chmod(0o755)
    use({"token": None, "exec": {"apiVersion": f"client.authentication.k8s.io/{version}", "command": str(plugin)}})
    assert connect().get(kinds.NAMESPACE, "default")


def test_a_credential_plugin_that_is_missing_or_fails_is_named(use: Callable[[dict[str, Any]], None]) -> None:
    for command, says in (("no-such-plugin-here", "no-such-plugin-here"), ("false", "returned 1")):
        use({"token": None, "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command}})
        with pytest.raises(ClusterError, match=f"no usable token.*{says}"):
            connect().get(kinds.NAMESPACE, "default")


def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("object_syncer.cli.live.cluster.time.sleep", lambda seconds: None)
    config = {
        "current-context": "gone",
        "contexts": [{"name": "gone", "context": {"cluster": "gone", "user": "me"}}],
        "clusters": [{"name": "gone", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "me", "user": {"token": "fake"}}],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    with pytest.raises(ClusterError, match=r"cannot reach gone \(http://127.0.0.1:9\)"):
        connect().get(kinds.NAMESPACE, "default")
