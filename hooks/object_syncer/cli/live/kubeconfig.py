"""Which cluster a command talks to, as kubectl chooses it: kubeconfig files, else the one that it runs in."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import yaml
from lightkube import Client
from lightkube.config.kubeconfig import KubeConfig
from lightkube.core.exceptions import ConfigError

from object_syncer.cli.live.cluster import Cluster
from object_syncer.cli.live.errors import ClusterError

_TIMEOUT = 30
_EXEC = "client.authentication.k8s.io"
_IGNORED = {"cluster": ("tls-server-name",), "user": ("as", "as-uid", "as-groups", "as-user-extra", "auth-provider")}
"""Fields that lightkube would ignore in silence: the command would then act as somebody else."""


def connect(context: str = "") -> Cluster:
    """Return the cluster of a kubeconfig's context, by default of the current one.

    Where there is no kubeconfig it is the cluster that the command runs in. Raises ClusterError.
    """
    files = [path for path in _files() if path.is_file()]
    try:
        if not files and not context and os.environ.get("KUBERNETES_SERVICE_HOST"):
            return _cluster(KubeConfig.from_service_account(), "", "the cluster it runs in")
        for path in files:
            config = yaml.safe_load(path.read_text()) or {}
            chosen = context or config.get("current-context") or ""
            contexts = [item["name"] for item in config.get("contexts") or ()]
            if chosen in contexts:
                return _of_file(config, path, chosen)
    except (ConfigError, KeyError, TypeError, ValueError, OSError, yaml.YAMLError) as error:
        raise ClusterError(0, f"the kubeconfig cannot be used: {type(error).__name__}: {error}") from None
    shown = ", ".join(map(str, _files()))
    what = f"no context {context}" if context else "no current context"
    raise ClusterError(0, f"there is {what} in {shown}; kubectl config get-contexts lists them")


def _files() -> list[Path]:
    named = [Path(name) for name in os.environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    return named or [Path("~/.kube/config").expanduser()]


def _of_file(config: dict[str, Any], path: Path, context: str) -> Cluster:
    entry = _named(config, "context", context)
    cluster, user = _named(config, "cluster", entry["cluster"]), _named(config, "user", entry.get("user", ""))
    for what, fields in (("cluster", cluster), ("user", user)):
        for field in _IGNORED[what]:
            if field in fields:
                raise ClusterError(0, f"{path}: {field} of context {context} is not supported")
    if not user:
        raise ClusterError(0, f"{path}: context {context} has no user")
    if "exec" in user:
        user["exec"] = _plugin(user["exec"])
    return _cluster(KubeConfig.from_dict(config, fname=path), context, context, cluster.get("proxy-url"))


def _named(config: dict[str, Any], what: str, name: str) -> dict[str, Any]:
    found: Iterator[dict[str, Any]] = (item[what] for item in config.get(f"{what}s") or () if item["name"] == name)
    return next(found, {})


def _plugin(plugin: dict[str, Any]) -> dict[str, Any]:
    """Return a credential plugin as lightkube runs it: it refuses v1, which answers as v1beta1 does."""
    info = {"apiVersion": plugin.get("apiVersion"), "kind": "ExecCredential", "spec": {"interactive": False}}
    told = {"name": "KUBERNETES_EXEC_INFO", "value": orjson.dumps(info).decode()}
    version = f"{_EXEC}/v1beta1" if plugin.get("apiVersion") == f"{_EXEC}/v1" else plugin.get("apiVersion")
    return {**plugin, "apiVersion": version, "env": [*(plugin.get("env") or ()), told]}


def _cluster(config: KubeConfig, context: str, shown: str, proxy: str | None = None) -> Cluster:
    chosen = config.get(context or None)
    if chosen is None:
        raise ClusterError(0, f"there is no context {context}")
    client = Client(chosen, timeout=httpx2.Timeout(_TIMEOUT), field_manager="object-syncer", proxy=proxy)
    return Cluster(client, f"{shown} ({chosen.cluster.server})")
