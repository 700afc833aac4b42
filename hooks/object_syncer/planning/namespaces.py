"""The cluster's namespaces at one moment: which of them can take a copy, and of whom they want one.

Who may label and annotate a namespace decides whether it gets copies at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from object_syncer.kube import api, label_selectors
from object_syncer.kube.meta import Json
from object_syncer.kube.selectors import Names, glob

_NO_LABELS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Namespaces:
    """All namespaces, ready to be asked; answers about globs and selectors are kept, since many ask the same."""

    living: frozenset[str]
    terminating: frozenset[str]
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Of all that have some."""
    closed: frozenset[str] = frozenset()
    """Living ones that want no copies at all."""
    refusing: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """ObjectSync ("namespace/name") -> living ones that want no copies of it."""
    _asked: dict[str | bytes, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)

    def labels_of(self, namespace: str) -> Mapping[str, str]:
        """Return the labels of a namespace; none if it does not exist."""
        return self.labels.get(namespace, _NO_LABELS)

    def like(self, text: str) -> frozenset[str]:
        """Return the living namespaces that a glob matches; "" and "*" match all."""
        if text in ("", "*"):
            return self.living
        if text not in self._asked:
            match = glob(text).match
            self._asked[text] = frozenset(filter(match, self.living))
        return self._asked[text]

    def selected(self, selector: Json) -> frozenset[str]:
        """Return the living namespaces whose labels a selector matches."""
        key = orjson.dumps(selector, option=orjson.OPT_SORT_KEYS)
        if key not in self._asked:
            matches = label_selectors.parse(selector).matches
            self._asked[key] = frozenset(name for name in self.living if matches(self.labels_of(name)))
        return self._asked[key]

    def refuse(self, object_sync: str) -> frozenset[str]:
        """Return the living namespaces that want no copies of an ObjectSync ("namespace/name")."""
        refusing = self.refusing.get(object_sync)
        return self.closed | refusing if refusing else self.closed


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the copies of one ObjectSync may go."""

    listed: Names
    """targetNamespaces of its SyncPolicy."""
    selected: frozenset[str] | None
    """The living namespaces that targetNamespaceSelector of its SyncPolicy matches; None if it has none."""
    refusing: frozenset[str]
    """Living namespaces that want none of its copies."""
    open: frozenset[str]
    """The living namespaces where copies may be: what the three above say together."""


def targets(namespaces: Namespaces, listed: Names, selector: Json | None, object_sync: str) -> Targets:
    """Return where the copies of an ObjectSync ("namespace/name") may go.

    `listed` and `selector` are those of its SyncPolicy.
    """
    selected = None if selector is None else namespaces.selected(selector)
    refusing = namespaces.refuse(object_sync)
    open_ = listed.among(namespaces.living)
    if selected is not None:
        open_ &= selected
    return Targets(listed, selected, refusing, open_ - refusing if refusing else open_)


def read(objects: Mapping[str, Json]) -> Namespaces:
    """Sort Namespace objects, by name, into living and terminating ones, and read what they want."""
    terminating = frozenset(name for name, obj in objects.items() if _is_terminating(obj))
    living = frozenset(objects) - terminating
    labels = {name: found for name, obj in objects.items() if (found := obj["metadata"].get("labels"))}
    closed, refusing = set(), dict[str, set[str]]()
    for name in living:
        meta = objects[name]["metadata"]
        if labels.get(name, _NO_LABELS).get(api.EXCLUDE) == "true":
            closed.add(name)
        for object_sync in ((meta.get("annotations") or {}).get(api.EXCLUDE) or "").split(","):
            if object_sync.strip():
                refusing.setdefault(object_sync.strip(), set()).add(name)
    frozen = {object_sync: frozenset(names) for object_sync, names in refusing.items()}
    return Namespaces(living, terminating, labels, frozenset(closed), frozen)


def _is_terminating(obj: Json) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp") or obj.get("status", {}).get("phase") == "Terminating")
