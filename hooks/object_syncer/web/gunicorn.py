"""How the app is served: gunicorn with threads, and the settings that Metacontroller forces."""

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from object_syncer.web.app import create_app

_KEEPALIVE_SECONDS = 150
"""Go reuses idle connections for 90 s and does not retry POSTs: we must not be the one that closes them."""


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured by arguments instead of a file. `run()` serves until SIGTERM, then finishes requests."""

    def __init__(self, bind: str, workers: int, threads: int) -> None:
        self._settings = {
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
            "loglevel": "warning",
        }
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn."""
        for key, value in self._settings.items():
            self.cfg.set(key, value)

    def load(self) -> object:
        """Called by gunicorn: the app to serve."""
        return create_app()
