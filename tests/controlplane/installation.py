"""Object Syncer as users install it: its CRDs and controllers in a cluster, its hooks served, the engine running."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from controlplane.client import Client
from controlplane.control_plane import ADMIN, Cluster
from controlplane.engine import HookServer, Metacontroller, manifests
from controlplane.recording import RecordingProxy


@dataclass
class Installation:
    """Everything that is running; `proxy` is there where the exchanges are recorded."""

    cluster: Cluster
    admin: Client
    hooks: HookServer
    engine: Metacontroller
    proxy: RecordingProxy | None = None

    @classmethod
    def prepare(
        cls,
        cluster: Cluster,
        directory: Path,
        *,
        user: str = ADMIN,
        record: Path | None = None,
        hook_workers: int = 1,
        engine_workers: int = 5,
        qps: int = 1000,
        discovery_interval: str = "1s",
    ) -> Self:
        """Describe an installation whose engine is `user`; nothing runs before it is started."""
        hooks = HookServer(directory, workers=hook_workers)
        engine = Metacontroller(
            cluster,
            directory,
            user=user,
            qps=qps,
            burst=2 * qps,
            workers=engine_workers,
            discovery_interval=discovery_interval,
        )
        proxy = RecordingProxy(hooks.port, record) if record else None
        return cls(cluster, cluster.client(), hooks, engine, proxy)

    @property
    def hooks_url(self) -> str:
        """Where the engine finds the hooks."""
        return self.proxy.url if self.proxy else self.hooks.url

    def start(self) -> None:
        """Serve the hooks, apply what users apply, and start the engine."""
        self.hooks.start()
        if self.proxy:
            self.proxy.__enter__()
        self.admin.apply_yaml(manifests("--crds-only"))
        self.engine.apply_crds()
        user = self.cluster.client(self.engine.user).username()
        permits = ("--conflict-policy", "*", "--transform", "*")
        self.admin.apply_yaml(manifests("--no-crds", "--hooks-url", self.hooks_url, "--engine-user", user, *permits))
        self.engine.start()

    def stop(self) -> None:
        """Stop the engine, then the hooks."""
        self.engine.stop()
        if self.proxy:
            self.proxy.__exit__()
        self.hooks.stop()

    def __enter__(self) -> Self:
        """Start."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()
