"""What the control plane does by itself: garbage collection, and the deletion of namespaces and CRDs.

Work is due only after a change that may concern it, so that an object which a finalizer keeps waits for the next
change instead of being tried for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from memcluster.errors import ApiError
from memcluster.objects import (
    Json,
    finalizers_of,
    is_terminating,
    name_of,
    namespace_of,
    owners_of,
    uid_of,
    with_metadata,
)
from memcluster.resources import CRDS, NAMESPACES, GroupResource
from memcluster.store import Event, Key, Store

GARBAGE_COLLECTOR = "system:serviceaccount:kube-system:generic-garbage-collector"
NAMESPACE_CONTROLLER = "system:serviceaccount:kube-system:namespace-controller"
API_SERVER = "system:apiserver"
CRD_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_COLLECTORS_FINALIZERS = frozenset({"foregroundDeletion", "orphan"})


class ApiServer(Protocol):
    """What the control plane needs of the API server."""

    def update(self, obj: Json, *, user: str) -> Json:
        """Replace an object."""

    def delete(self, api_version: str, kind: str, name: str, namespace: str, *, user: str, uid: str) -> None:
        """Remove an object, or mark it as terminating."""

    def drop(self, key: Key, user: str) -> None:
        """Remove a namespace that is empty."""


class Housekeeping:
    """Garbage collector, namespace controller and CRD finalizer of one cluster."""

    def __init__(self, server: ApiServer, store: Store) -> None:
        self._server = server
        self._store = store
        self._events = store.watch()
        self._due = False
        self._candidates: dict[Key, None] = {}
        """Objects that may have lost their owners."""
        self._terminating: dict[Key, None] = {}
        """Objects whose deletion waits for housekeeping."""
        self._assumed_alive: set[str] = set()

    def assume_alive(self, owners: Iterable[str]) -> None:
        """Let the owners with these uids count as existing, until they are seen to be removed."""
        self._assumed_alive.update(owners)

    def is_due(self) -> bool:
        """Tell whether a change may have left work here."""
        for event in self._events.drain():
            self._handle(event)
        return self._due

    def run(self) -> bool:
        """Do what can be done now, one level deep; tell whether anything changed."""
        if not self.is_due():
            return False
        self._due = False
        before = self._store.writes
        candidates, self._candidates = self._candidates, {}
        for key in candidates:
            self._collect(key)
        for key in list(self._terminating):
            self._continue_deletion(key)
        return self._store.writes > before

    # What a change leaves to do

    def _handle(self, event: Event) -> None:
        if event.new is None:
            self._handle_removal(event.key, event.old or {})
            return
        if owners_of(event.new) != owners_of(event.old or {}):
            self._candidates[event.key] = None
            self._due = True
        if is_terminating(event.new) and event.new != event.old:
            has_content = event.key.resource in (NAMESPACES, CRDS)
            if has_content or not _COLLECTORS_FINALIZERS.isdisjoint(finalizers_of(event.new)):
                self._terminating[event.key] = None
                self._due = True

    def _handle_removal(self, key: Key, last: Json) -> None:
        self._terminating.pop(key, None)
        self._assumed_alive.discard(uid_of(last))
        dependents = self._store.dependents(uid_of(last))
        self._candidates.update(dict.fromkeys(dependents))
        awaited = any(self._waits_for(waiting, key, last) for waiting in self._terminating)
        self._due = self._due or bool(dependents) or awaited

    def _waits_for(self, waiting: Key, key: Key, last: Json) -> bool:
        if waiting.resource == NAMESPACES:
            return waiting.name == key.namespace
        if waiting.resource == CRDS:
            return _resource_of_crd(waiting) == key.resource
        owner = self._store.get(waiting)
        return bool(owner) and _is_owned_by(last, uid_of(owner or {}))

    # Garbage collection

    def _collect(self, key: Key) -> None:
        """Delete an object all of whose owners are gone; drop the references to those that are gone from others."""
        obj = self._store.get(key)
        owners = owners_of(obj) if obj else []
        if obj is None or not owners:
            return
        existing = [owner for owner in owners if self._exists(owner, key.namespace)]
        if len(existing) == len(owners):
            return
        if existing:
            done = self._write(with_metadata(obj, ownerReferences=existing), GARBAGE_COLLECTOR)
        else:
            done = is_terminating(obj) or self._delete(key, GARBAGE_COLLECTOR)
        if not done:
            self._candidates[key] = None

    def _exists(self, owner: Json, namespace: str) -> bool:
        """Tell whether an owner exists where a dependent may refer to it: cluster-scoped, or in its namespace."""
        if owner.get("uid") in self._assumed_alive:
            return True
        key = self._store.key_of(str(owner.get("uid")))
        return key is not None and key.namespace in ("", namespace)

    # Deletion that takes several steps

    def _continue_deletion(self, key: Key) -> None:
        obj = self._store.get(key)
        if obj is None or not is_terminating(obj):
            self._terminating.pop(key, None)
        elif key.resource == NAMESPACES:
            self._empty(key, self._store.in_namespace(key.name), NAMESPACE_CONTROLLER)
        elif key.resource == CRDS:
            resource = _resource_of_crd(key)
            objects = self._store.all(resource)
            self._empty(key, [Key(resource, namespace_of(each), name_of(each)) for each in objects], API_SERVER)
        elif "orphan" in finalizers_of(obj):
            self._orphan_dependents(obj)
            self._remove_finalizer(obj, "orphan")
        elif "foregroundDeletion" in finalizers_of(obj):
            self._delete_dependents_first(obj)

    def _empty(self, container: Key, contents: list[Key], user: str) -> None:
        """Delete what is in a namespace, or of a CRD's kind; remove the namespace or CRD once nothing is left."""
        for key in contents:
            inside = self._store.get(key)
            if inside and not is_terminating(inside):
                self._delete(key, user)
        if any(self._store.get(key) for key in contents):
            return
        obj = self._store.get(container)
        if obj and container.resource == CRDS:
            self._remove_finalizer(obj, CRD_FINALIZER)
        elif obj and not finalizers_of(obj):
            self._server.drop(container, user)

    def _orphan_dependents(self, owner: Json) -> None:
        for key in self._store.dependents(uid_of(owner)):
            obj = self._store.get(key)
            if obj:
                others = [each for each in owners_of(obj) if each.get("uid") != uid_of(owner)]
                self._write(with_metadata(obj, ownerReferences=others), GARBAGE_COLLECTOR)

    def _delete_dependents_first(self, owner: Json) -> None:
        blocked = False
        for key in self._store.dependents(uid_of(owner)):
            obj = self._store.get(key)
            if obj and not is_terminating(obj):
                self._delete(key, GARBAGE_COLLECTOR)
            left = self._store.get(key)
            blocked = blocked or (left is not None and _is_owned_by(left, uid_of(owner), blocking=True))
        if not blocked:
            self._remove_finalizer(owner, "foregroundDeletion")

    # Writes

    def _remove_finalizer(self, obj: Json, finalizer: str) -> None:
        left = [each for each in finalizers_of(obj) if each != finalizer]
        self._write(with_metadata(obj, finalizers=left), GARBAGE_COLLECTOR)

    def _write(self, obj: Json, user: str) -> bool:
        return _succeeds(lambda: self._server.update(obj, user=user))

    def _delete(self, key: Key, user: str) -> bool:
        obj = self._store.get(key) or {}
        return _succeeds(
            lambda: self._server.delete(
                obj["apiVersion"], obj["kind"], key.name, key.namespace, user=user, uid=uid_of(obj)
            )
        )


def _is_owned_by(obj: Json, uid: str, *, blocking: bool = False) -> bool:
    return any(
        owner.get("uid") == uid and (not blocking or bool(owner.get("blockOwnerDeletion"))) for owner in owners_of(obj)
    )


def _succeeds(write: Callable[[], object]) -> bool:
    """Do a write and tell whether the API server accepted it; a refused one is retried after the next change."""
    try:
        write()
    except ApiError:
        return False
    return True


def _resource_of_crd(crd: Key) -> GroupResource:
    plural, _, group = crd.name.partition(".")
    return GroupResource(group, plural)
