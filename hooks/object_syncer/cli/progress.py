"""What is shown on standard error while a simulation takes long."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_FIRST, _TERMINAL, _LOG = 1.0, 0.2, 10.0
"""Seconds until something is shown; and between two updates on a terminal, and in a log."""


@contextmanager
def shown(clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[int], None]]:
    """Return what is to be called with the number of writes so far; it shows them from time to time."""
    terminal = sys.stderr.isatty()
    begin = clock()
    due = begin + (_FIRST if terminal else _LOG)
    visible = False

    def report(writes: int) -> None:
        nonlocal due, visible
        now = clock()
        if now < due:
            return
        due = now + (_TERMINAL if terminal else _LOG)
        visible = True
        text = f"simulating for {now - begin:.0f} s: {writes} writes"
        sys.stderr.write(f"\r\033[K{text}" if terminal else f"{text}\n")
        sys.stderr.flush()

    try:
        yield report
    finally:
        if visible and terminal:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
