"""metadata.managedFields: which manager owns which fields, read into sets of paths and written back.

A path is a tuple of fieldsV1 elements: `f:name` for a map key, `k:{"uid":"..."}` for an
ownerReference, `v:"..."` for a finalizer. Empty maps and lists are leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from memcluster.objects import SERVER_FIELDS, Json, metadata

Path = tuple[str, ...]

OWNER_REFERENCES = ("f:metadata", "f:ownerReferences")
FINALIZERS = ("f:metadata", "f:finalizers")

_UNOWNED_METADATA = frozenset({"name", "namespace", *SERVER_FIELDS})


class Manager(NamedTuple):
    """What identifies an entry of managedFields; for Apply the version does not count."""

    name: str
    operation: str
    api_version: str = ""
    subresource: str = ""


@dataclass(frozen=True)
class Entry:
    """The fields of one manager, when they last changed, and the version they were written in."""

    paths: frozenset[Path]
    time: str
    api_version: str


Entries = dict[Manager, Entry]


def applier(name: str, subresource: str = "") -> Manager:
    """Return the identity of a manager that uses server-side apply."""
    return Manager(name, "Apply", "", subresource)


def updater(name: str, api_version: str, subresource: str = "") -> Manager:
    """Return the identity of a manager that creates and updates."""
    return Manager(name, "Update", api_version, subresource)


def leaves(obj: Json) -> dict[Path, Any]:
    """Return every field of an object that can be owned, with its value."""
    found: dict[Path, Any] = {}
    for key, value in obj.items():
        if key == "metadata":
            for name, field in (value or {}).items():
                if name not in _UNOWNED_METADATA:
                    _collect(("f:metadata", f"f:{name}"), field, found)
        elif key not in ("apiVersion", "kind"):
            _collect((f"f:{key}",), value, found)
    return found


def element(path: Path, item: Any) -> str:
    """Return the path element of an item in one of the two associative lists."""
    if path == OWNER_REFERENCES:
        return f"k:{orjson.dumps({'uid': item.get('uid')}).decode()}"
    return f"v:{orjson.dumps(item).decode()}"


def _collect(path: Path, value: Any, found: dict[Path, Any]) -> None:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            _collect((*path, f"f:{key}"), item, found)
    elif path in (OWNER_REFERENCES, FINALIZERS):
        for item in value or ():
            found[(*path, element(path, item))] = item
    else:
        found[path] = value


def read(obj: Json | None) -> Entries:
    """Return the entries of an object's managedFields."""
    entries: Entries = {}
    for raw in metadata(obj or {}).get("managedFields") or ():
        operation = raw.get("operation", "Update")
        api_version = raw.get("apiVersion", "")
        identity = Manager(
            raw.get("manager", ""),
            operation,
            "" if operation == "Apply" else api_version,
            raw.get("subresource", ""),
        )
        paths = frozenset(_paths(raw.get("fieldsV1") or {}))
        entries[identity] = Entry(paths, raw.get("time", ""), api_version)
    return entries


def write(entries: Entries) -> list[Json]:
    """Return the managedFields of these entries, in the API server's order, without managers that own nothing."""
    ordered = sorted(
        (item for item in entries.items() if item[1].paths),
        key=lambda item: (item[0].operation, item[1].time, item[0].name, item[1].api_version, item[0].subresource),
    )
    return [_raw(manager, entry) for manager, entry in ordered]


def _raw(manager: Manager, entry: Entry) -> Json:
    raw: Json = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": entry.api_version,
        "time": entry.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": _tree(entry.paths),
    }
    if manager.subresource:
        raw["subresource"] = manager.subresource
    return raw


def _paths(tree: Json, prefix: Path = ()) -> Iterator[Path]:
    for key, below in tree.items():
        if key == ".":
            yield prefix
        elif below:
            yield from _paths(below, (*prefix, key))
        else:
            yield (*prefix, key)


def _tree(paths: frozenset[Path]) -> Json:
    tree: Json = {}
    for path in sorted(paths):
        node = tree
        for key in path:
            node = node.setdefault(key, {})
    _mark_owned_parents(tree, paths)
    return tree


def _mark_owned_parents(tree: Json, paths: frozenset[Path]) -> None:
    for path in paths:
        node = tree
        for key in path:
            node = node[key]
        if node:
            node["."] = {}
