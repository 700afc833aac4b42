"""How the app is served: gunicorn with threads, and the settings that Metacontroller forces."""

import ssl
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from object_syncer.web import tls, tokens
from object_syncer.web.app import create_app

_KEEPALIVE_SECONDS = 150
"""Go reuses idle connections for 90 s and does not retry POSTs: we must not be the one that closes them."""


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured by arguments instead of a file. `run()` serves until SIGTERM, then finishes requests.

    With `certificate` (certificate file, key file) it serves HTTPS; with `token_file` hooks need a bearer token.
    Raises Unusable for files that are not what they should be.
    """

    def __init__(
        self,
        bind: str,
        workers: int,
        threads: int,
        *,
        certificate: tuple[Path, Path] | None = None,
        token_file: Path | None = None,
        log_level: str = "warning",
    ) -> None:
        self._settings: dict[str, Any] = {
            "bind": bind,
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "keepalive": _KEEPALIVE_SECONDS,
            "timeout": 60,
            "graceful_timeout": 10,
            "worker_tmp_dir": "/dev/shm",
            "preload_app": True,
            "proc_name": "object-syncer",
            "accesslog": None,
            "loglevel": log_level,
            "control_socket_disable": True,  # a way in that nobody asked for, in a home that may be read-only
        }
        if certificate:
            self._settings |= _https(*certificate)
        self._tokens = tokens.accepted(token_file) if token_file else None
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn."""
        for key, value in self._settings.items():
            if key in self.cfg.settings:  # older releases have no control socket to disable
                self.cfg.set(key, value)

    def load(self) -> object:
        """Called by gunicorn: the app to serve."""
        app = create_app()
        return tokens.require(app, self._tokens) if self._tokens else app


def _https(certificate: Path, key: Path) -> dict[str, Any]:
    contexts = tls.contexts(certificate, key)

    def context(_config: object, _default: object) -> ssl.SSLContext:
        return contexts.value()

    return {"certfile": str(certificate), "keyfile": str(key), "ssl_context": context}
