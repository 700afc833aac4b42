"""What differs between two Kubernetes objects, field by field, as far as people care."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from object_syncer.cli.simulate.masking import MASK
from object_syncer.kube import api
from object_syncer.kube.meta import Json

ABSENT = object()
"""Stands for a value that is not there."""

_SERVERS = frozenset(
    ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "ownerReferences", "selfLink")
)
_SECRET_FIELDS = ("data", "stringData")
_LONGEST = 60


class Change(NamedTuple):
    """One field that differs; ABSENT where it is not there."""

    path: str
    """As in error messages: "data.key", "spec.ports[0].port"."""
    before: Any
    after: Any
    secret: bool

    def sign(self) -> str:
        """Return "+" for a field that is added, "-" for one that is removed, "~" for one that changes."""
        return "+" if self.before is ABSENT else "-" if self.after is ABSENT else "~"

    def line(self, show_secrets: bool = False) -> str:
        """Return the change in one line; values of Secrets only if asked for."""
        hidden = self.secret and not show_secrets
        before, after = (MASK if hidden else _short(value) for value in (self.before, self.after))
        values = {"+": after, "-": before, "~": f"{before} -> {after}"}[self.sign()]
        return f"{self.sign()} {self.path}: {values}"


def changes(before: Json, after: Json) -> list[Change]:
    """Return where two objects differ, sorted by path; what the API server writes, and our own marks, do not count."""
    secret = (after["apiVersion"], after["kind"]) == ("v1", "Secret")
    found = _differences(_comparable(before), _comparable(after), "")
    return [Change(path, old, new, secret and path.startswith(_SECRET_FIELDS)) for path, old, new in found]


def _comparable(obj: Json) -> Json:
    meta = {key: value for key, value in obj["metadata"].items() if key not in _SERVERS}
    for field in ("labels", "annotations"):
        kept = {key: value for key, value in (meta.pop(field, None) or {}).items() if key not in _MARKS}
        if kept:
            meta[field] = kept
    return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": meta}


_MARKS = frozenset((api.SLICE_LABEL, api.REPAIR_ANNOTATION, api.TAKEOVER_ANNOTATION))
"""Labels and annotations of ours whose values say nothing to people."""


def _differences(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _differences(before.get(key, ABSENT), after.get(key, ABSENT), _below(path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif isinstance(after, dict) and after and before is ABSENT:
        for key in sorted(after):
            yield from _differences(ABSENT, after[key], _below(path, key))
    elif isinstance(before, dict) and before and after is ABSENT:
        for key in sorted(before):
            yield from _differences(before[key], ABSENT, _below(path, key))
    else:
        yield path, before, after


def _below(path: str, key: str) -> str:
    if not key.replace("-", "").replace("_", "").isalnum():
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def _short(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    text = orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
