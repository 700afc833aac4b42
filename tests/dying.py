"""A command that is killed between two writes: its client fails instead of making one more."""

from pathlib import Path

import pytest

from object_syncer.cli.live.cluster import Cluster
from object_syncer.cli.live.kubeconfig import connect
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType


class Killed(BaseException):
    """What happens instead of a write; no code of ours catches it."""


class Dying(Cluster):
    """A cluster that takes a number of writes, by default one, and then no more."""

    @classmethod
    def of(cls, kubeconfig: Path, writes: int = 1) -> "Dying":
        """Return the cluster of a kubeconfig, as `connect` does."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KUBECONFIG", str(kubeconfig))
            there = connect()
        dying = cls(there._client, there.name)
        dying.left, dying.written = writes, []
        return dying

    left: int
    written: list[str]

    def patch(self, obj: Json, type_: ResourceType, patch: Json) -> bool:
        """Patch, or be killed."""
        self._write(f"patch {type_.plural}")
        return super().patch(obj, type_, patch)

    def delete(self, obj: Json, type_: ResourceType, *, orphan: bool = False) -> None:
        """Delete, or be killed."""
        self._write(f"delete {type_.plural}")
        super().delete(obj, type_, orphan=orphan)

    def _write(self, what: str) -> None:
        if not self.left:
            raise Killed
        self.left -= 1
        self.written.append(what)
