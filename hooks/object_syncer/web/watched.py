"""A file that may be replaced while we serve: a certificate, a list of tokens.

Kubernetes swaps the files of a mounted Secret in place. So they are read again whenever they look different, and what
was read last stays in use while the new contents are of no use: a half-done rotation must not stop the hooks.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

_log = logging.getLogger(__name__)

T = TypeVar("T")

Stamp = tuple[tuple[int, int, int], ...]


class Unusable(Exception):
    """A file has not the contents it must have. The message names the file and never quotes it."""


class Watched(Generic[T]):
    """What `read` makes of the files, made again when one of them changes.

    The first reading raises Unusable; a later one that fails is logged once, and the former value is kept.
    """

    def __init__(self, paths: Sequence[Path], read: Callable[[], T]) -> None:
        self._paths = paths
        self._read = read
        self._lock = Lock()
        self._stamp = self._seen()
        self._value = read()

    def value(self) -> T:
        """Return what the files say now, or said when they last were usable."""
        stamp = self._seen()
        if stamp != self._stamp:
            with self._lock:
                if stamp != self._stamp:
                    try:
                        self._value = self._read()
                    except Unusable as error:
                        _log.warning("%s; what was read before stays in use", error)
                    self._stamp = stamp
        return self._value

    def _seen(self) -> Stamp:
        return tuple(map(_stamp, self._paths))


def text(path: Path) -> str:
    """Return the contents of a text file, or raise Unusable."""
    try:
        return path.read_text("ascii")
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Unusable(f"{path}: not ASCII text") from None


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)
