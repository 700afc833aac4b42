"""Figures that several workers share: each writes a file of its own, and a scrape adds the files up.

This is prometheus-client's multiprocess mode, but for the names of the files: not of process ids, of which every
worker that is replaced would leave a file for ever, but of numbers. A successor has the number of its predecessor and
goes on with its file, so that no counter falls and there are never more files than for twice the workers.
"""

import os
import shutil
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead

MASTER = "master"
"""In place of the number in the process that starts the workers."""


class Sharing:
    """The directory with the files, and the number of this worker. Make it before any metric."""

    def __init__(self, directory: Path | None, parent: Path | None) -> None:
        """Use the directory, whose files of metrics are deleted, or make a temporary one in `parent`."""
        self._temporary = directory is None
        self.directory = directory or Path(mkdtemp(prefix="object-syncer-", dir=parent))
        for old in self.directory.glob("*.db"):
            old.unlink()
        self._number = MASTER
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self.directory)
        values.ValueClass = values.MultiProcessValue(lambda: self._number)  # type: ignore[no-untyped-call]

    def before_fork(self, arbiter: Any, worker: Any) -> None:
        """Called by gunicorn's master: gives the worker the lowest number that no living one has."""
        taken = {living.number for living in arbiter.WORKERS.values()}
        worker.number = next(number for number in count() if number not in taken)

    def after_fork(self, _arbiter: Any, worker: Any) -> None:
        """Called by gunicorn in the worker."""
        self._number = str(worker.number)

    def ended(self, _arbiter: Any, worker: Any) -> None:
        """Called by gunicorn's master after a worker: what it had in flight is no more."""
        mark_process_dead(worker.number, str(self.directory))  # type: ignore[no-untyped-call]

    def remove(self, _arbiter: Any) -> None:
        """Called by gunicorn's master at its end."""
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)
