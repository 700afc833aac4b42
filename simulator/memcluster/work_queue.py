"""A controller's work queue: keys that are ready, keys that wait for a time, and how often each key has failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

FIRST_RETRY = 0.005
LAST_RETRY = 1000.0


class Timer(NamedTuple):
    """A key that becomes ready at a time."""

    at: datetime
    key: str


class WorkQueue:
    """Keys, each at most once ready and once waiting; a key that fails waits twice as long each time."""

    def __init__(self, turns: Iterator[int]) -> None:
        self._turns = turns
        self.ready: dict[str, int] = {}
        self._waiting: dict[str, datetime] = {}
        self._failures: dict[str, int] = {}

    def add(self, key: str) -> None:
        """Make a key ready; it keeps its turn if it is ready already."""
        if key not in self.ready:
            self.ready[key] = next(self._turns)

    def take(self, key: str) -> None:
        """Take a key off the queue, to work on it."""
        del self.ready[key]

    def add_after(self, key: str, seconds: float, now: datetime) -> None:
        """Make a key ready later; of two times the earlier one counts."""
        if seconds <= 0:
            self.add(key)
            return
        at = now + timedelta(seconds=seconds)
        self._waiting[key] = min(at, self._waiting.get(key, at))

    def retry(self, key: str, now: datetime) -> None:
        """Make a failed key ready after 5 ms, twice as long with each failure, at most 1000 s."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.add_after(key, min(FIRST_RETRY * 2 ** min(failures, 40), LAST_RETRY), now)

    def forget(self, key: str) -> None:
        """Forget the failures of a key that succeeded."""
        self._failures.pop(key, None)

    def timers(self) -> list[Timer]:
        """Return the keys that wait for a time."""
        return [Timer(at, key) for key, at in self._waiting.items()]

    def fire(self, key: str) -> None:
        """Make a waiting key ready now."""
        if self._waiting.pop(key, None):
            self.add(key)
