"""Namespaces with unique names, so that tests share a cluster without meeting."""

from contextlib import suppress
from uuid import uuid4

from controlplane.client import Client, NotFoundError
from controlplane.waiting import wait_for


class Namespaces:
    """Makes namespaces and remembers them, so that they can be removed together."""

    def __init__(self, admin: Client) -> None:
        """Make them as `admin`."""
        self._admin = admin
        self._made: list[str] = []

    def make(self, prefix: str = "ns", labels: dict[str, str] | None = None) -> str:
        """Create a namespace and return its name, `prefix` with a random end."""
        name = f"{prefix}-{uuid4().hex[:8]}"
        metadata = {"name": name, "labels": labels or {}}
        self._admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        self._made.append(name)
        return name

    def delete(self, name: str) -> None:
        """Ask for the end of the namespace; it takes the cluster some seconds."""
        self._admin.delete("v1", "namespaces", None, name)

    def wait_gone(self, name: str, timeout: float = 60) -> None:
        """Wait until the namespace is gone."""
        wait_for(lambda: self._admin.gone("v1", "namespaces", None, name), timeout, f"namespace {name} gone")

    def delete_all(self, *, wait: bool) -> None:
        """Delete what was made, and wait for it if asked to."""
        for name in self._made:
            with suppress(NotFoundError):
                self.delete(name)
        for name in self._made if wait else ():
            self.wait_gone(name)
        self._made.clear()
