"""How long users wait: measured in the tests, asserted with slack, printed when the session ends."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

SLACK = 5
"""Times the limit that a test lets pass: the machine may be busy with other things."""


class Latencies:
    """Measured times by what was waited for, with the limit for each on a quiet machine."""

    def __init__(self) -> None:
        """Start with none."""
        self._limits: dict[str, float] = {}
        self._seconds: dict[str, list[float]] = {}

    @contextmanager
    def timed(self, what: str, limit: float) -> Iterator[None]:
        """Measure how long the block takes."""
        started = time.monotonic()
        yield
        self._limits[what] = limit
        self._seconds.setdefault(what, []).append(time.monotonic() - started)

    def check(self, what: str, slack: float = SLACK) -> None:
        """Assert that the median stays below the limit, with slack."""
        seen = median(self._seconds[what])
        assert seen < slack * self._limits[what], f"{what}: {seen:.3f} s, limit {self._limits[what]:g} s"

    def lines(self) -> Iterator[str]:
        """Yield one line for each thing that was waited for."""
        for what, seconds in self._seconds.items():
            numbers = f"median {median(seconds):6.3f} s, worst {max(seconds):6.3f} s of {len(seconds)}"
            yield f"{what:<42} {numbers}, limit {self._limits[what]:g} s"
