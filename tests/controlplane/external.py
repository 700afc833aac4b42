"""The cluster that KUBECONFIG names, in place of a control plane of our own: one user, nothing to kill or to count."""

import base64
from pathlib import Path
from typing import Any

import yaml

from controlplane.client import Client
from controlplane.control_plane import ADMIN

Named = dict[str, Any]


class ExternalCluster:
    """A cluster by its kubeconfig, whose current context has a token or a client certificate."""

    def __init__(self, kubeconfig: Path, directory: Path) -> None:
        """Read the current context; certificates that stand in the file are written to `directory`."""
        config = yaml.safe_load(kubeconfig.read_text())
        context = _named(config["contexts"], config["current-context"])["context"]
        user = _named(config["users"], context["user"])["user"]
        self.server: str = _named(config["clusters"], context["cluster"])["cluster"]["server"]
        self._kubeconfig = kubeconfig
        self._directory = directory
        self._token: str = user.get("token", "")
        certificate, key = self._file(user, "client-certificate"), self._file(user, "client-key")
        self._certificate = (certificate, key) if certificate and key else None
        if not (self._token or self._certificate):
            raise ValueError(f"{kubeconfig}: user {context['user']} has neither a token nor a client certificate")

    def client(self, user: str = ADMIN) -> Client:
        """Return a client that is the kubeconfig's user."""
        self._check(user)
        return Client(self.server, self._token, certificate=self._certificate)

    def kubeconfig(self, user: str = ADMIN) -> Path:
        """Return the kubeconfig."""
        self._check(user)
        return self._kubeconfig

    def _file(self, user: Named, field: str) -> str:
        data = user.get(f"{field}-data")
        if data is None:
            return str(self._kubeconfig.parent / user[field]) if field in user else ""
        path = self._directory / field
        path.touch(mode=0o600)
        path.write_bytes(base64.b64decode(data))
        return str(path)

    @staticmethod
    def _check(user: str) -> None:
        if user != ADMIN:
            raise ValueError(f"the cluster of KUBECONFIG has one user, not {user}")


def _named(items: list[Named], name: str) -> Named:
    return next(item for item in items if item["name"] == name)
