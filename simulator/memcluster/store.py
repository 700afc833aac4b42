"""Where the objects are: immutable snapshots by kind, indexes by uid and owner, and the watch events of each change."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from memcluster.jsons import Json, name_of, namespace_of, owners_of, uid_of
from memcluster.resources import GroupResource


class Key(NamedTuple):
    """Where one object is stored."""

    resource: GroupResource
    namespace: str
    name: str


class Event(NamedTuple):
    """One change: the object before and after; `old` is None when it is new, `new` when it is gone."""

    key: Key
    old: Json | None
    new: Json | None
    user: str


class Watch:
    """The changes since somebody began to watch, until they fetch them."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()

    def put(self, event: Event) -> None:
        """Add a change."""
        self._events.append(event)

    def drain(self) -> list[Event]:
        """All changes nobody fetched yet, oldest first."""
        events = list(self._events)
        self._events.clear()
        return events


class Store:
    """Every object, as the snapshot of its last change; never changed in place."""

    def __init__(self) -> None:
        self._objects: dict[GroupResource, dict[tuple[str, str], Json]] = {}
        self._sorted: dict[GroupResource, list[Json]] = {}
        self._key_of_uid: dict[str, Key] = {}
        self._dependents: dict[str, dict[Key, None]] = {}
        self._watches: list[Watch] = []
        self.writes = 0

    def watch(self) -> Watch:
        """Start to watch every change."""
        watch = Watch()
        self._watches.append(watch)
        return watch

    def unwatch(self, watch: Watch) -> None:
        """End a watch."""
        self._watches.remove(watch)

    def get(self, key: Key) -> Json | None:
        """The snapshot of one object."""
        return self._objects.get(key.resource, {}).get((key.namespace, key.name))

    def all(self, resource: GroupResource, namespace: str = "") -> list[Json]:
        """The snapshots of one kind, by namespace and name; of one namespace if given."""
        if resource not in self._sorted:
            objects = self._objects.get(resource, {})
            self._sorted[resource] = [objects[key] for key in sorted(objects)]
        return [obj for obj in self._sorted[resource] if not namespace or namespace_of(obj) == namespace]

    def in_namespace(self, namespace: str) -> list[Key]:
        """Every object in a namespace."""
        return [
            Key(resource, *place)
            for resource, objects in self._objects.items()
            for place in sorted(objects)
            if place[0] == namespace
        ]

    def everything(self) -> Iterator[tuple[Key, Json]]:
        """Every object with its key."""
        for resource, objects in self._objects.items():
            for (namespace, name), obj in objects.items():
                yield Key(resource, namespace, name), obj

    def key_of(self, uid: str) -> Key | None:
        """Where the object with that uid is, if it exists."""
        return self._key_of_uid.get(uid)

    def dependents(self, uid: str) -> list[Key]:
        """The objects with an ownerReference to that uid."""
        return list(self._dependents.get(uid, ()))

    def put(self, resource: GroupResource, obj: Json, user: str) -> Key:
        """Replace or add an object."""
        key = Key(resource, namespace_of(obj), name_of(obj))
        old = self.get(key)
        self._objects.setdefault(resource, {})[key.namespace, key.name] = obj
        self._key_of_uid[uid_of(obj)] = key
        self._sorted.pop(resource, None)
        self._index(key, old, obj)
        self._announce(Event(key, old, obj, user))
        return key

    def remove(self, key: Key, last: Json, user: str) -> None:
        """Remove an object; `last` is what its watchers see last."""
        old = self._objects[key.resource].pop((key.namespace, key.name))
        self._key_of_uid.pop(uid_of(old), None)
        self._sorted.pop(key.resource, None)
        self._index(key, old, None)
        self._announce(Event(key, last, None, user))

    def _index(self, key: Key, old: Json | None, new: Json | None) -> None:
        before = {owner.get("uid", "") for owner in owners_of(old)} if old else set()
        after = {owner.get("uid", "") for owner in owners_of(new)} if new else set()
        for uid in before - after:
            self._dependents[uid].pop(key, None)
        for uid in after - before:
            self._dependents.setdefault(uid, {})[key] = None

    def _announce(self, event: Event) -> None:
        self.writes += 1
        for watch in self._watches:
            watch.put(event)
