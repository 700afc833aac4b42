"""What runs on a control plane: Metacontroller (the engine) and the hook server."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from controlplane.control_plane import ADMIN, Cluster, answers
from controlplane.processes import Process, free_port

PROGRAM = Path(sys.executable).with_name("object-syncer")


def metacontroller_program() -> str | None:
    """Return the tester's Metacontroller: METACONTROLLER_BIN, or the one on PATH."""
    return shutil.which(os.environ.get("METACONTROLLER_BIN") or "metacontroller")


def metacontroller_crds() -> Path | None:
    """Return the file with Metacontroller's CRDs that METACONTROLLER_CRDS names."""
    path = os.environ.get("METACONTROLLER_CRDS")
    return Path(path) if path else None


class Metacontroller(Process):
    """The engine. Its CRDs must be there before it starts: it waits for them, but not for ever."""

    def __init__(
        self,
        cluster: Cluster,
        directory: Path,
        *,
        user: str = ADMIN,
        apply_strategy: str = "server-side-apply",
        qps: int = 1000,
        burst: int = 2000,
        workers: int = 5,
        discovery_interval: str = "1s",
        flags: Sequence[str] = (),
    ) -> None:
        """Prepare an engine that is `user`; `flags` come last and win."""
        self.user = user
        program = metacontroller_program()
        if program is None:
            raise FileNotFoundError("no metacontroller on PATH or in METACONTROLLER_BIN")
        self._cluster = cluster
        health = free_port()
        self.metrics_url = f"http://127.0.0.1:{free_port()}/metrics"
        super().__init__(
            "metacontroller",
            [
                program,
                f"--apply-strategy={apply_strategy}",
                f"--client-go-qps={qps}",
                f"--client-go-burst={burst}",
                f"--workers={workers}",
                f"--discovery-interval={discovery_interval}",
                f"--metrics-address={self.metrics_url.removeprefix('http://').removesuffix('/metrics')}",
                f"--health-probe-bind-address=127.0.0.1:{health}",
                "--zap-log-level=4",
                *flags,
            ],
            directory / "metacontroller.log",
            ready=lambda: answers(f"http://127.0.0.1:{health}/readyz"),
            environment={"KUBECONFIG": str(cluster.kubeconfig(user))},
        )

    def apply_crds(self) -> None:
        """Apply the engine's CRDs; without METACONTROLLER_CRDS the cluster must have them."""
        crds = metacontroller_crds()
        if crds is not None:
            self._cluster.client().apply_yaml(crds.read_text())


class HookServer(Process):
    """`object-syncer serve` on a port of its own."""

    def __init__(
        self, directory: Path, *, workers: int = 1, threads: int = 8, environment: Mapping[str, str] | None = None
    ) -> None:
        """Prepare a hook server that logs to `directory`."""
        self.port = free_port()
        addresses = (f"--bind=127.0.0.1:{self.port}", f"--status-bind=127.0.0.1:{free_port()}")
        super().__init__(
            "object-syncer",
            [PROGRAM, "serve", *addresses, f"--workers={workers}", f"--threads={threads}"],
            directory / "object-syncer.log",
            ready=lambda: answers(f"{self.url}/readyz"),
            environment=environment,
        )

    @property
    def url(self) -> str:
        """Where the hooks are served."""
        return f"http://127.0.0.1:{self.port}"


def manifests(*options: str) -> str:
    """Return what `object-syncer manifests` prints: a stream of YAML documents."""
    command = [str(PROGRAM), "manifests", *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
