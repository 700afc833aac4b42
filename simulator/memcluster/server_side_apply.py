"""Server-side apply: merge what a manager wants into an object, and record which manager owns which field.

Pure functions on objects. `apply` is a PATCH with apply semantics, `update` is every other write.
"""

from __future__ import annotations

from typing import Any

from memcluster.errors import ApiError, conflict
from memcluster.managed_fields import (
    FINALIZERS,
    OWNER_REFERENCES,
    Entries,
    Entry,
    Manager,
    Path,
    applier,
    element,
    leaves,
    read,
    updater,
    write,
)
from memcluster.objects import Json, metadata, with_metadata


def apply(live: Json | None, config: Json, manager: str, force: bool, *, now: str) -> Json:
    """Return the object after `manager` applied `config` to it.

    Fields this manager applied before and no longer does are removed, unless somebody else owns them.
    Fields of others that differ are a conflict (409), or taken over with `force`; equal ones become shared.
    """
    me = applier(manager)
    entries = read(live)
    wanted = leaves(config)
    before = leaves(live or {})
    _refuse_conflicts(entries, me, wanted, before, force)

    merged = _merge(live or {}, config, ())
    dropped = entries[me].paths - wanted.keys() if me in entries else frozenset()
    if dropped:
        owned = frozenset(wanted).union(*(entry.paths for who, entry in entries.items() if who != me))
        for path in sorted(dropped):
            if not _reaches_into(path, owned):
                merged = _without(merged, path)

    entries = _disown(entries, me, before, leaves(merged))
    touched = any(path not in before or before[path] != value for path, value in wanted.items())
    entries[me] = _entry(entries.get(me), frozenset(wanted), now, config.get("apiVersion", ""), touched=touched)
    return _with_entries(merged, entries)


def update(live: Json | None, new: Json, manager: str, *, now: str, subresource: str = "") -> Json:
    """Return the object `new` with its managedFields: what changed since `live` now belongs to `manager`."""
    me = updater(manager, new.get("apiVersion", ""), subresource)
    before, after = leaves(live or {}), leaves(new)
    entries = _disown(read(live), me, before, after)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    gone = {path for path in before.keys() - after.keys() if not _reaches_into(path, frozenset(after))}
    previous = entries.get(me)
    if changed or previous:
        owned = ((previous.paths if previous else frozenset()) - gone) | changed
        entries[me] = _entry(previous, owned, now, me.api_version, touched=bool(changed))
    return _with_entries(new, entries)


def _refuse_conflicts(
    entries: Entries, me: Manager, wanted: dict[Path, Any], before: dict[Path, Any], force: bool
) -> None:
    if force:
        return
    changing = {path for path, value in wanted.items() if path not in before or before[path] != value}
    for other, entry in entries.items():
        disputed = sorted(changing & entry.paths) if other != me else []
        if disputed:
            fields = ", ".join("".join(f".{key.removeprefix('f:')}" for key in path) for path in disputed)
            raise _apply_conflict(other.name, fields)


def _apply_conflict(manager: str, fields: str) -> ApiError:
    return conflict(f'Apply failed with a conflict with "{manager}": {fields}')


def _merge(live: Any, config: Any, path: Path) -> Any:
    """Return `config` merged into `live`: maps by key, the two associative lists by item, everything else replaced."""
    if isinstance(live, dict) and isinstance(config, dict):
        merged = dict(live)
        for key, value in config.items():
            merged[key] = _merge(live[key], value, (*path, f"f:{key}")) if key in live else value
        return merged
    if path in (OWNER_REFERENCES, FINALIZERS) and live and config:
        items = {element(path, item): item for item in live}
        items.update((element(path, item), item) for item in config)
        return list(items.values())
    return config


def _reaches_into(path: Path, owned: frozenset[Path]) -> bool:
    """Tell whether somebody owns this field or one below it."""
    if path in owned:
        return True
    depth = len(path)
    return any(other[:depth] == path for other in owned)


def _without(obj: Any, path: Path) -> Any:
    """Return the object without one field, and without the maps and lists that become empty by that."""
    head, rest = path[0], path[1:]
    if isinstance(obj, list):
        whole = OWNER_REFERENCES if head.startswith("k:") else FINALIZERS
        return [item for item in obj if element(whole, item) != head]
    key = head.removeprefix("f:")
    if not isinstance(obj, dict) or key not in obj:
        return obj
    remaining = {name: value for name, value in obj.items() if name != key}
    if rest:
        below = _without(obj[key], rest)
        if below not in ({}, []):
            return {name: below if name == key else value for name, value in obj.items()}
    return remaining


def _disown(entries: Entries, me: Manager, before: dict[Path, Any], after: dict[Path, Any]) -> Entries:
    """Return the entries after a write: others no longer own what it changed, nobody owns what it removed."""
    if not entries:
        return {}
    lost = {path for path, value in before.items() if path not in after or after[path] != value}
    if not lost:
        return dict(entries)
    removed = {path for path in lost if path not in after}
    result: Entries = {}
    for who, entry in entries.items():
        kept = entry.paths - (removed if who == me else lost)
        result[who] = entry if len(kept) == len(entry.paths) else Entry(kept, entry.time, entry.api_version)
    return result


def _entry(
    previous: Entry | None, paths: frozenset[Path], now: str, api_version: str, *, touched: bool = False
) -> Entry:
    """Return a manager's entry; its time changes only if it wrote something, so that a write without effect is none."""
    if previous and not touched and previous.paths == paths and previous.api_version == api_version:
        return previous
    return Entry(paths, now, api_version)


def _with_entries(obj: Json, entries: Entries) -> Json:
    fields = write(entries)
    if metadata(obj).get("managedFields") == fields:
        return obj
    return with_metadata(obj, managedFields=fields)
