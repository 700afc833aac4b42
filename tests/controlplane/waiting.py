"""Waiting for something to become true: poll at a short interval, give up at a deadline, say what was seen last."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(
    predicate: Callable[[], T],
    timeout: float,
    what: str,
    *,
    interval: float = 0.05,
    tolerate: tuple[type[Exception], ...] = (OSError, LookupError, AssertionError),
) -> T:
    """Return the first true value of `predicate`; raise TimeoutError with the last one after `timeout` seconds.

    What `tolerate` names counts as "not yet": a server that is away (requests' errors are OSErrors), an object or a
    key that is not there yet (client.NotFoundError is a LookupError), a failed assert inside the predicate.
    """
    deadline = time.monotonic() + timeout
    while True:
        seen: object
        try:
            value = predicate()
            if value:
                return value
            seen = value
        except tolerate as error:
            seen = error
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not within {timeout:g} s; last seen: {seen!r}")
        time.sleep(interval)
