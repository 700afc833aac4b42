"""Lists of namespaces: names, globs, and everything."""

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Names:
    """A list of namespaces. As upstream reads it, one without items or with "" or "*" in it means all; globs are ours.

    The API server refuses lists without items; see `planning.scope.of` for those that were stored before.
    """

    everything: bool
    plain: frozenset[str]
    globs: tuple[re.Pattern[str], ...]

    def __contains__(self, namespace: str) -> bool:
        """Tell whether the list contains the namespace."""
        return self.everything or namespace in self.plain or any(glob.match(namespace) for glob in self.globs)

    def among(self, namespaces: frozenset[str]) -> frozenset[str]:
        """Return those of `namespaces` that the list contains."""
        if self.everything:
            return namespaces
        if not self.globs:
            return namespaces & self.plain
        return frozenset(namespace for namespace in namespaces if namespace in self)


def names(value: Sequence[str] | None) -> Names:
    """Read a list of namespaces; one that is not given means all."""
    listed = frozenset(name.strip() for name in value or ())
    return _names(listed, everything=not listed or bool(listed & {"", "*"}))


def exclusions(value: Iterable[str] | None) -> Names:
    """Read a list of namespaces to leave out; one that is not given means none."""
    listed = frozenset(value or ())
    return _names(listed, everything="*" in listed)


def is_glob(text: str) -> bool:
    """Tell whether a text stands for the names that it matches, as "team-*" does, and not for itself."""
    return not _MAGIC.isdisjoint(text)


@lru_cache(maxsize=4096)
def glob(text: str) -> re.Pattern[str]:
    """Return the pattern of a glob, which must match the whole name: "*", "?", "[ab]" and "[!ab]"."""
    return re.compile(fnmatch.translate(text))


_MAGIC = frozenset("*?[")


def _names(listed: frozenset[str], *, everything: bool) -> Names:
    globs = sorted(filter(is_glob, listed))
    return Names(everything, plain=listed.difference(globs), globs=tuple(map(glob, globs)))
