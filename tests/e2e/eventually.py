"""What becomes true, and what stays so: the end-to-end tests poll with a deadline and never just sleep."""

import time
from collections.abc import Callable

from controlplane.waiting import wait_for

WITHIN = 20.0
"""Seconds that a change may take where a test is not about speed: most take less than one, on a quiet machine."""


def becomes(read: Callable[[], object], want: object, within: float = WITHIN, *, interval: float = 0.05) -> None:
    """Wait until `read` returns `want`. Objects and servers that are away count as "not yet"."""

    def check() -> bool:
        seen = read()
        if seen != want:
            raise AssertionError(f"{seen!r}, not {want!r}")
        return True

    wait_for(check, within, "as wanted", interval=interval)


def stays(read: Callable[[], object], want: object, seconds: float = 1.5) -> None:
    """Watch for `seconds` that `read` returns nothing but `want`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = read()
        if seen != want:
            raise AssertionError(f"{seen!r}, and no longer {want!r}")
        time.sleep(0.05)
