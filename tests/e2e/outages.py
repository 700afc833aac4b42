"""Programs that are away for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from controlplane.processes import Process


@contextmanager
def stopped(process: Process) -> Iterator[None]:
    """Stop the program in good order for as long as the block lasts."""
    process.stop()
    try:
        yield
    finally:
        process.start()


@contextmanager
def killed(process: Process) -> Iterator[None]:
    """Kill the program, and start it again after the block."""
    process.kill()
    try:
        yield
    finally:
        process.start()
