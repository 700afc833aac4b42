"""Waiting for others: Metacontroller, the garbage collector, the API server."""

import time
from collections.abc import Callable
from typing import TypeVar

_INTERVAL = 0.3

_T = TypeVar("_T")

Say = Callable[[str], None]
"""Called with one line on what is being done."""


def until_none(left: Callable[[], list[_T]], seconds: float) -> list[_T]:
    """Return what is left: nothing as soon as nothing is, else what there is after so many seconds."""
    deadline = time.monotonic() + seconds
    while (found := left()) and time.monotonic() < deadline:
        time.sleep(_INTERVAL)
    return found


def some(names: list[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
