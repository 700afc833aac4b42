"""Lists of namespaces as SyncPolicies write them: names, globs, and everything."""

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """A list of namespaces. As upstream reads it, an empty one, or one holding "" or "*", means all; globs are ours."""

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
    globs = sorted(name for name in listed if set("*?") & set(name))
    return Names(
        everything=not listed or bool(listed & {"", "*"}),
        plain=listed.difference(globs),
        globs=tuple(re.compile(fnmatch.translate(glob)) for glob in globs),
    )
