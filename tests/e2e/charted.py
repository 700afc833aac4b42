"""An installation made by the chart: helm for real, Metacontroller as a ServiceAccount, the hook server as a process.

What the kubelet would do is done here: the Secrets of the chart become files for the hook server.
"""

import base64
import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pytest
import yaml

from chart import helm
from controlplane.client import Client, Object
from controlplane.control_plane import ADMIN, ControlPlane, kubeconfig, missing_programs
from controlplane.engine import PROGRAM, Metacontroller
from controlplane.processes import Process, free_port

ENGINE = "metacontroller"
"""Name and namespace of Metacontroller's ServiceAccount."""

ENGINE_USER = f"system:serviceaccount:{ENGINE}:{ENGINE}"
ENGINE_VALUES = yaml.safe_load((helm.CHART.parent / "metacontroller-values.yaml").read_text())

Values = Mapping[str, Any]


class ServiceAccount:
    """A cluster as Metacontroller's ServiceAccount sees it: by a token of its own."""

    def __init__(self, cluster: ControlPlane) -> None:
        """Make the account and ask for a token."""
        self.server = cluster.server
        self._cluster = cluster
        admin = cluster.client()
        for kind, namespace in (("Namespace", None), ("ServiceAccount", ENGINE)):
            place = {} if namespace is None else {"namespace": namespace}
            admin.apply({"apiVersion": "v1", "kind": kind, "metadata": {"name": ENGINE, **place}})
        path = f"/api/v1/namespaces/{ENGINE}/serviceaccounts/{ENGINE}/token"
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
        self._token: str = admin.call("POST", path, asked)["status"]["token"]
        self._kubeconfig = cluster.directory / "engine.kubeconfig"
        self._kubeconfig.write_text(yaml.safe_dump(kubeconfig(self.server, ENGINE, self._token)))

    def client(self, user: str = ENGINE) -> Client:
        """Return a client that is the ServiceAccount, or `user`."""
        return Client(self.server, self._token) if user == ENGINE else self._cluster.client(user)

    def kubeconfig(self, user: str = ENGINE) -> Path:
        """Return the ServiceAccount's kubeconfig, or that of `user`."""
        return self._kubeconfig if user == ENGINE else self._cluster.kubeconfig(user)


class Charted:
    """One release of the chart, its hook server and its engine."""

    def __init__(self, cluster: ControlPlane, directory: Path, values: Values, *engine_flags: str) -> None:
        """Install; nothing runs yet. The engine has the flags that we recommend, then `engine_flags`."""
        self.cluster = cluster
        self.admin = cluster.client()
        self.account = ServiceAccount(cluster)
        self._port = free_port()
        self._values = copy.deepcopy(dict(values))
        self._files = directory / "mounted"
        self._files.mkdir(exist_ok=True)
        self._helm("install", "--create-namespace")
        self.mount()
        self.hooks = self._hook_server(directory)
        flags = [flag for flag in ENGINE_VALUES["commandArgs"] if "health-probe" not in flag]
        flags.append(f"--leader-election-namespace={ENGINE}")
        self.engine = Metacontroller(self.account, directory, user=ENGINE, flags=[*flags, *engine_flags])

    def upgrade(self, values: Values) -> None:
        """Change values, as `helm upgrade --reset-then-reuse-values` does."""
        self._values = merged(self._values, values)
        self._helm("upgrade")

    def uninstall(self) -> None:
        """Remove the release."""
        helm.run("uninstall", helm.RELEASE, "--namespace", helm.RELEASE, kubeconfig=self.cluster.kubeconfig(ADMIN))

    def secret(self, name: str) -> dict[str, bytes]:
        """Return the contents of one of the chart's Secrets; {} if there is none."""
        found = self.admin.find("v1", "secrets", helm.RELEASE, f"{helm.RELEASE}-{name}") or {}
        return {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}

    def mount(self) -> None:
        """Give the hook server's files the contents of the Secrets, as the kubelet does after a while."""
        for name in ("tls", "token"):
            for key, value in self.secret(name).items():
                written = self._files / f"{key}.new"
                written.write_bytes(value)
                os.replace(written, self._files / key)  # noqa: PTH105

    def start(self) -> None:
        """Start hooks and engine."""
        self.hooks.start()
        self.engine.start()

    def stop(self) -> None:
        """Stop both."""
        self.engine.stop()
        self.hooks.stop()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def role(self, name: str) -> Object:
        """Return one of the engine's ClusterRoles."""
        return self.admin.get("rbac.authorization.k8s.io/v1", "clusterroles", None, f"{helm.RELEASE}-{name}")

    def _helm(self, command: str, *options: str) -> None:
        elsewhere = {"replicaCount": 0, "hooksUrl": f"https://127.0.0.1:{self._port}"}
        helm.run(
            command,
            helm.RELEASE,
            helm.CHART,
            "--namespace",
            helm.RELEASE,
            *options,
            values=merged(elsewhere, self._values),
            kubeconfig=self.cluster.kubeconfig(ADMIN),
        )

    def _hook_server(self, directory: Path) -> Process:
        tokens = self._files / "tokens"
        return Process(
            "object-syncer",
            [
                PROGRAM,
                "serve",
                f"--bind=127.0.0.1:{self._port}",
                f"--status-bind=127.0.0.1:{free_port()}",
                f"--tls-cert={self._files / 'tls.crt'}",
                f"--tls-key={self._files / 'tls.key'}",
                *([f"--token-file={tokens}"] if tokens.exists() else []),
            ],
            directory / "object-syncer.log",
            ready=lambda: Client(f"https://127.0.0.1:{self._port}").raw("GET", "/readyz").ok,
        )


def fresh_control_plane(
    directory: Path, flags: Sequence[str] = (), users: Mapping[str, Sequence[str]] | None = None
) -> Iterator[ControlPlane]:
    """A control plane with nothing of Object Syncer in it: two installations would disturb each other.

    `users` are more users, by name, and their groups.
    """
    if os.environ.get("KUBECONFIG"):
        pytest.skip("needs a control plane of its own, and KUBECONFIG is set")
    if missing_programs():
        reason = f"no API server: {', '.join(missing_programs())} not built (make control-plane)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with ControlPlane(directory / "control-plane", api_server_flags=flags, users=users) as started:
        Metacontroller(started, directory).apply_crds()
        for name in ("east", "west", "north"):
            started.client().apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        yield started


def merged(values: Values, changes: Values) -> dict[str, Any]:
    """Return the values with changes in them, maps within maps."""
    both = dict(values)
    for key, change in changes.items():
        former = both.get(key)
        both[key] = merged(former, change) if isinstance(former, dict) and isinstance(change, dict) else change
    return both
