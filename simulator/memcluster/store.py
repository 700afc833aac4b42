"""Where the objects are: snapshots by kind, indexes by uid, owner and controller, and the events of each change."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from memcluster.objects import Json, controller_of, name_of, namespace_of, owners_of, uid_of
from memcluster.resources import GroupResource


class Key(NamedTuple):
    """Where one object is stored."""

    resource: GroupResource
    namespace: str
    name: str


class Event(NamedTuple):
    """One change: the object before and after; `old` is None for a new object, `new` for a removed one."""

    key: Key
    old: Json | None
    new: Json | None
    user: str


class Watch:
    """The changes since the watch began, or since they were fetched last."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()

    def put(self, event: Event) -> None:
        """Add a change."""
        self._events.append(event)

    def drain(self) -> list[Event]:
        """Return all changes that were not fetched yet, oldest first."""
        events = list(self._events)
        self._events.clear()
        return events


class Store:
    """Every object, as the snapshot of its last change; snapshots and the lists of them are never changed in place."""

    def __init__(self) -> None:
        self._objects: dict[GroupResource, dict[tuple[str, str], Json]] = {}
        self._sorted: dict[GroupResource, list[Json]] = {}
        self._key_of_uid: dict[str, Key] = {}
        self._dependents: dict[str, dict[Key, None]] = {}
        self._controlled: dict[tuple[GroupResource, str | None], dict[Key, None]] = {}
        self._watches: list[Watch] = []
        self.writes = 0

    def watch(self) -> Watch:
        """Return a watch of every change from now on."""
        watch = Watch()
        self._watches.append(watch)
        return watch

    def unwatch(self, watch: Watch) -> None:
        """End a watch."""
        self._watches.remove(watch)

    def get(self, key: Key) -> Json | None:
        """Return the snapshot of one object."""
        return self._objects.get(key.resource, {}).get((key.namespace, key.name))

    def all(self, resource: GroupResource, namespace: str = "") -> list[Json]:
        """Return the snapshots of one kind, by namespace and name; of one namespace if given."""
        if resource not in self._sorted:
            objects = self._objects.get(resource, {})
            self._sorted[resource] = [objects[key] for key in sorted(objects)]
        found = self._sorted[resource]
        return [obj for obj in found if namespace_of(obj) == namespace] if namespace else found

    def in_namespace(self, namespace: str) -> list[Key]:
        """Return every object in a namespace."""
        return [
            Key(resource, *place)
            for resource, objects in self._objects.items()
            for place in sorted(objects)
            if place[0] == namespace
        ]

    def everything(self) -> Iterator[Json]:
        """Yield the snapshot of every object, kind by kind."""
        for objects in self._objects.values():
            yield from objects.values()

    def key_of(self, uid: str) -> Key | None:
        """Return where the object with that uid is, None if there is none."""
        return self._key_of_uid.get(uid)

    def dependents(self, uid: str) -> list[Key]:
        """Return the objects with an ownerReference to that uid."""
        return list(self._dependents.get(uid, ()))

    def controlled(self, resource: GroupResource, uid: str | None, namespace: str = "") -> list[Json]:
        """Return the snapshots of one kind whose controller has that uid (None: that have no controller), as `all`."""
        keys = sorted(self._controlled.get((resource, uid), ()))
        return [self._objects[resource][key[1:]] for key in keys if not namespace or key.namespace == namespace]

    def put(self, resource: GroupResource, obj: Json, user: str) -> None:
        """Add or replace an object."""
        key = Key(resource, namespace_of(obj), name_of(obj))
        old = self.get(key)
        self._objects.setdefault(resource, {})[key.namespace, key.name] = obj
        self._key_of_uid[uid_of(obj)] = key
        self._index(key, old, obj)
        self._announce(Event(key, old, obj, user))

    def remove(self, key: Key, last: Json, user: str) -> None:
        """Remove an object; `last` is what its watchers see last."""
        old = self._objects[key.resource].pop((key.namespace, key.name))
        self._key_of_uid.pop(uid_of(old), None)
        self._index(key, old, None)
        self._announce(Event(key, last, None, user))

    def _index(self, key: Key, old: Json | None, new: Json | None) -> None:
        self._sorted.pop(key.resource, None)
        before, after = _owner_uids(old), _owner_uids(new)
        for uid in before - after:
            self._dependents[uid].pop(key, None)
        for uid in after - before:
            self._dependents.setdefault(uid, {})[key] = None
        if old is not None:
            self._controlled[key.resource, _controller_uid(old)].pop(key)
        if new is not None:
            self._controlled.setdefault((key.resource, _controller_uid(new)), {})[key] = None

    def _announce(self, event: Event) -> None:
        self.writes += 1
        for watch in self._watches:
            watch.put(event)


def _owner_uids(obj: Json | None) -> set[str]:
    return {owner.get("uid", "") for owner in owners_of(obj)} if obj else set()


def _controller_uid(obj: Json) -> str | None:
    controller = controller_of(obj)
    return str(controller.get("uid")) if controller else None
