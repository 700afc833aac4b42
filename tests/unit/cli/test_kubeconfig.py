"""Which cluster a command talks to: kubeconfig files as kubectl reads them, else the cluster it runs in."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from object_syncer.cli.live.errors import ClusterError
from object_syncer.cli.live.kubeconfig import connect


def write(path: Path, *names: str, current: str = "", **user: Any) -> str:
    """Write a kubeconfig with contexts of these names, each with a cluster and a user of its own."""
    config = {
        "current-context": current,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example"}} for name in names],
        "users": [{"name": name, "user": {"token": "fake", **user}} for name in names],
    }
    path.write_text(yaml.safe_dump(config))
    return str(path)


def test_the_current_context_is_used_unless_another_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", write(tmp_path / "a", "one", "two", current="two"))
    assert connect().name == "two (https://two.example)"
    assert connect("one").name == "one (https://one.example)"


def test_of_several_files_the_first_that_has_the_context_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = [write(tmp_path / "a", "one"), str(tmp_path / "missing"), write(tmp_path / "b", "two", current="two")]
    monkeypatch.setenv("KUBECONFIG", ":".join(files))
    assert connect().name == "two (https://two.example)"
    assert connect("one").name == "one (https://one.example)"


def test_a_kubeconfig_comes_before_the_cluster_it_runs_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBECONFIG", write(tmp_path / "a", "one", current="one"))
    assert connect().name == "one (https://one.example)"


@pytest.mark.parametrize(
    ("context", "user", "says"),
    [
        ("three", {}, "there is no context three"),
        ("one", {"as": "admin"}, "as of context one is not supported"),
        ("one", {"auth-provider": {"name": "oidc"}}, "auth-provider of context one is not supported"),
        ("", {}, "there is no current context"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, context: str, user: dict[str, Any], says: str
) -> None:
    monkeypatch.setenv("KUBECONFIG", write(tmp_path / "a", "one", **user))
    with pytest.raises(ClusterError, match=says):
        connect(context)


def test_a_file_that_is_no_kubeconfig_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("contexts: 3")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "a"))
    with pytest.raises(ClusterError, match="the kubeconfig cannot be used"):
        connect("one")
