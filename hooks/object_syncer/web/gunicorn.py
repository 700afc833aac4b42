"""How the app is served: gunicorn with our worker, and the settings that Metacontroller forces."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from object_syncer.web import tls, tokens
from object_syncer.web.app import create_app, create_status_app
from object_syncer.web.gate import Asgi, gate, inline
from object_syncer.web.logs import ServerLogger
from object_syncer.web.metrics import Metrics
from object_syncer.web.sharing import Sharing
from object_syncer.web.watched import Watched
from object_syncer.web.worker import Worker

_KEEPALIVE_SECONDS = 150
"""Go reuses idle connections for 90 s and does not retry POSTs: we must not be the one that closes them."""

_SHARED_MEMORY = Path("/dev/shm")
"""Where workers say that they are alive; a file on a disk may be slow. macOS has no such directory."""


@dataclass(frozen=True)
class Settings:
    """What the command line says. Limits are in bytes and of each process."""

    bind: str
    status_bind: str
    workers: int
    threads: int
    body_limit: int
    memory_limit: int
    certificate: tuple[Path, Path] | None = None
    token_file: Path | None = None
    log_level: str = "warning"
    metrics_dir: Path | None = None


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured by arguments instead of a file. `run()` serves until SIGTERM, then finishes requests.

    With `certificate` (certificate file, key file) hooks are served over HTTPS; with `token_file` they need a bearer
    token. Raises Unusable for files that are not what they should be.
    """

    def __init__(self, settings: Settings) -> None:
        self._options: dict[str, Any] = {
            "bind": [settings.bind, settings.status_bind],
            "workers": settings.workers,
            "worker_class": Worker,
            "keepalive": _KEEPALIVE_SECONDS,
            "timeout": 60,
            "graceful_timeout": 10,
            "worker_tmp_dir": str(_SHARED_MEMORY) if _SHARED_MEMORY.is_dir() else None,
            "preload_app": True,
            "proc_name": "object-syncer",
            "accesslog": None,
            "loglevel": settings.log_level,
            "logger_class": ServerLogger,
            "control_socket_disable": True,  # a way in that nobody asked for, in a home that may be read-only
        }
        contexts = tls.contexts(*settings.certificate) if settings.certificate else None
        metrics = Metrics(self._sharing(settings))
        hooks = gate(
            create_app(metrics=metrics),
            threads=settings.threads,
            body_limit=settings.body_limit,
            memory_limit=settings.memory_limit,
            accepted=tokens.accepted(settings.token_file) if settings.token_file else None,
            metrics=metrics,
        )
        self.listeners: list[tuple[Asgi, Watched[ssl.SSLContext] | None]] = [
            (hooks, contexts),
            (inline(create_status_app(metrics)), None),
        ]
        super().__init__()

    def _sharing(self, settings: Settings) -> Sharing | None:
        """Return where several workers share their metrics; one worker keeps its own in memory."""
        if settings.workers == 1:
            return None
        sharing = Sharing(settings.metrics_dir, _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None)
        self._options |= {
            "pre_fork": sharing.before_fork,
            "post_fork": sharing.after_fork,
            "child_exit": sharing.ended,
            "on_exit": sharing.remove,
        }
        return sharing

    def load_config(self) -> None:
        """Called by gunicorn."""
        for key, value in self._options.items():
            self.cfg.set(key, value)

    def load(self) -> Asgi:
        """Called by gunicorn, which wants one app; the worker takes them from `listeners`."""
        return self.listeners[0][0]
