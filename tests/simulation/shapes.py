"""How users ask copies to differ from their source, and where the owner of a source lets it go: docs/copies.md as code.

Each `copy` that histories use stands beside what it makes of a source; nothing here is taken from the hooks.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatchcase

from simulation import model
from simulation.model import Json, Kind

COPY_TO = "sync.rustrial.org/copy-to"
LIMITED = "sync.rustrial.org/limited"
_KEYED = (model.CONFIG_MAP, model.SECRET)


@dataclass(frozen=True)
class Shape:
    """A `copy`, and what it does to a source without tracking metadata that goes to a namespace."""

    asked: Json
    change: Callable[[Json, str], str]
    """Changes the source into the copy; returns why there is none, "" if there is one."""
    kinds: tuple[Kind, ...] = model.COPIED
    named: frozenset[str] = frozenset()
    """Labels and annotations that say who tracks the source and are copied, because they are named in full."""

    def __repr__(self) -> str:
        return f"Shape({self.asked})"


def _without(field: str, *keys: str) -> Callable[[Json, str], str]:
    def change(obj: Json, _: str) -> str:
        found = obj["metadata"][field] if field != "data" else obj.get("data") or {}
        for key in keys or tuple(found):
            found.pop(key, None)
        return ""

    return change


def _labelled(obj: Json, _: str) -> str:
    obj["metadata"]["labels"] |= {"tier": "set", "team": "x"}
    return ""


def _named_only(obj: Json, _: str) -> str:
    labels = obj["metadata"]["labels"]
    for key in labels.keys() - {"app.kubernetes.io/instance"}:
        del labels[key]
    return ""


def _renamed(obj: Json, _: str) -> str:
    data = obj.get("data") or {}
    if {"k1", "k2"} <= data.keys():
        return "KeyCollision"
    if "k1" in data:
        data["k2"] = data.pop("k1")
    return ""


def _patched(obj: Json, ns: str) -> str:
    obj["metadata"]["labels"]["patched"] = f"to-{ns}"
    return ""


def _cut(obj: Json, _: str) -> str:
    return "" if (obj.get("data") or {}).pop("k2", None) else "PatchFailed"


NO_GRANTS = tuple(kind for kind in model.COPIED if kind is not model.ROLE_BINDING)
"""Kinds for which a SyncPolicy may permit what says something of its own."""

SHAPES = (
    Shape({"labels": {"exclude": ["tier"]}}, _without("labels", "tier")),
    Shape(
        {"labels": {"include": ["app.kubernetes.io/instance"]}},
        _named_only,
        named=frozenset(("app.kubernetes.io/instance",)),
    ),
    Shape({"labels": {"set": {"tier": "set", "team": "x"}}}, _labelled, NO_GRANTS),
    Shape({"annotations": {"exclude": ["*"]}}, _without("annotations")),
    Shape({"data": {"exclude": ["k1"]}}, _without("data", "k1"), _KEYED),
    Shape({"data": {"rename": {"k1": "k2"}}}, _renamed, _KEYED),
    Shape(
        {"patches": [{"op": "add", "path": "/metadata/labels/patched", "value": "to-{destination.namespace}"}]},
        _patched,
        NO_GRANTS,
    ),
    Shape({"patches": [{"op": "remove", "path": "/data/k2"}]}, _cut, _KEYED),
)


def made(source: Json, asked: Json | None, ns: str) -> Json | str:
    """Return what a copy of a source in a namespace is like, or the reason why there is none.

    Identity and metadata other than labels and annotations stay those of the source.
    """
    shape = next(each for each in SHAPES if each.asked == asked) if asked else None
    obj = deepcopy(source)
    dropped = model.TRACKING - (shape.named if shape else frozenset())
    for field in ("labels", "annotations"):
        found = obj["metadata"].get(field) or {}
        obj["metadata"][field] = {key: value for key, value in found.items() if key not in dropped}
    problem = shape.change(obj, ns) if shape else ""
    if obj.get("data") == {} != source["data"]:  # all keys were left out
        del obj["data"]
    if "*" not in _listed(source):
        obj["metadata"]["annotations"][LIMITED] = "true"
    return problem or obj


def is_offered(source: Json, ns: str) -> bool:
    """Tell whether the owner of a source lets it be copied to a namespace."""
    return not _is_limited_copy(source) and any(fnmatchcase(ns, each) for each in _listed(source))


def is_offered_nowhere(source: Json) -> bool:
    """Tell whether the owner of a source lets it be copied nowhere, whatever is asked for."""
    return _is_limited_copy(source) or _listed(source) == [""]


def _is_limited_copy(source: Json) -> bool:
    return LIMITED in (source["metadata"].get("annotations") or {})


def _listed(source: Json) -> list[str]:
    """Return the names and globs of the namespaces that a source may be copied to."""
    return [each.strip() for each in (source["metadata"].get("annotations") or {}).get(COPY_TO, "*").split(",")]
