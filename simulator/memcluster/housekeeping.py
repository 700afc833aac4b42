"""What the control plane does by itself: garbage collection, and the end of namespaces and CRDs.

It looks at the world only after a change that may concern it, so that what is held by a finalizer
waits for the next change instead of being tried for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from memcluster.errors import ApiError
from memcluster.jsons import (
    Json,
    finalizers_of,
    is_going,
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


class ApiServer(Protocol):
    """What the control plane asks of the API server."""

    def update(self, obj: Json, *, user: str) -> Json:
        """Replace an object."""

    def delete(self, api_version: str, kind: str, name: str, namespace: str, *, user: str, uid: str) -> None:
        """Remove an object, or mark it as going."""

    def drop(self, key: Key, user: str) -> None:
        """Remove a namespace that is empty."""


class Housekeeping:
    """Garbage collector, namespace controller and CRD finalizer of one cluster."""

    def __init__(self, server: ApiServer, store: Store) -> None:
        self._server = server
        self._store = store
        self._events = store.watch()
        self._due = False
        self._suspects: dict[Key, None] = {}
        self._leaving: dict[Key, None] = {}
        self._spared: set[str] = set()

    def spare(self, owners: Iterable[str]) -> None:
        """Take the owners with these uids for living, until they are seen to go."""
        self._spared.update(owners)

    def is_due(self) -> bool:
        """Whether something changed that may leave work here."""
        for event in self._events.drain():
            self._notice(event)
        return self._due

    def run(self) -> bool:
        """Do what can be done now, one level deep; True if anything changed."""
        if not self.is_due():
            return False
        self._due = False
        before = self._store.writes
        suspects, self._suspects = self._suspects, {}
        for key in suspects:
            self._judge(key)
        for key in list(self._leaving):
            self._help_to_leave(key)
        return self._store.writes > before

    def _notice(self, event: Event) -> None:
        if event.new is None:
            self._notice_gone(event.key, event.old or {})
            return
        if owners_of(event.new) != owners_of(event.old or {}):
            self._suspects[event.key] = None
            self._due = True
        if is_going(event.new) and event.new != event.old:
            holds = event.key.resource in (NAMESPACES, CRDS) or set(finalizers_of(event.new)) & {
                "foregroundDeletion",
                "orphan",
            }
            if holds:
                self._leaving[event.key] = None
                self._due = True

    def _notice_gone(self, key: Key, last: Json) -> None:
        self._leaving.pop(key, None)
        self._spared.discard(uid_of(last))
        dependents = self._store.dependents(uid_of(last))
        self._suspects.update(dict.fromkeys(dependents))
        waited_for = any(self._waits_for(holder, key, last) for holder in self._leaving)
        self._due = self._due or bool(dependents) or waited_for

    def _waits_for(self, holder: Key, key: Key, last: Json) -> bool:
        if holder.resource == NAMESPACES:
            return holder.name == key.namespace
        if holder.resource == CRDS:
            return _stored_by(holder) == key.resource
        held = self._store.get(holder)
        return bool(held) and any(owner.get("uid") == uid_of(held or {}) for owner in owners_of(last))

    def _judge(self, key: Key) -> None:
        """Delete an object without any living owner; drop dead owners beside living ones."""
        obj = self._store.get(key)
        owners = owners_of(obj) if obj else []
        if obj is None or not owners:
            return
        living = [owner for owner in owners if self._lives(owner, key.namespace)]
        if len(living) == len(owners):
            return
        if living:
            done = self._write(with_metadata(obj, ownerReferences=living), GARBAGE_COLLECTOR)
        else:
            done = is_going(obj) or self._delete(key, GARBAGE_COLLECTOR)
        if not done:
            self._suspects[key] = None

    def _lives(self, owner: Json, namespace: str) -> bool:
        """Whether an owner exists where the dependent may refer to it: cluster-scoped, or in the same namespace."""
        if owner.get("uid") in self._spared:
            return True
        key = self._store.key_of(str(owner.get("uid")))
        return key is not None and key.namespace in ("", namespace)

    def _help_to_leave(self, key: Key) -> None:
        obj = self._store.get(key)
        if obj is None or not is_going(obj):
            self._leaving.pop(key, None)
        elif key.resource == NAMESPACES:
            self._empty(key, self._store.in_namespace(key.name), NAMESPACE_CONTROLLER)
        elif key.resource == CRDS:
            stored = _stored_by(key)
            objects = self._store.all(stored)
            self._empty(key, [Key(stored, namespace_of(each), name_of(each)) for each in objects], API_SERVER)
        elif "orphan" in finalizers_of(obj):
            self._orphan_dependents(obj)
            self._release(obj, "orphan")
        elif "foregroundDeletion" in finalizers_of(obj):
            self._delete_dependents_first(obj)

    def _empty(self, holder: Key, contents: list[Key], user: str) -> None:
        """Delete what is in a namespace or of a CRD's kind; the holder itself goes once nothing is left."""
        for key in contents:
            inside = self._store.get(key)
            if inside and not is_going(inside):
                self._delete(key, user)
        if any(self._store.get(key) for key in contents):
            return
        held = self._store.get(holder)
        if held and holder.resource == CRDS:
            self._release(held, CRD_FINALIZER)
        elif held and not finalizers_of(held):
            self._server.drop(holder, user)

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
            if obj and not is_going(obj):
                self._delete(key, GARBAGE_COLLECTOR)
            still = self._store.get(key)
            blocked = blocked or bool(
                still
                and any(
                    each.get("uid") == uid_of(owner) and each.get("blockOwnerDeletion") for each in owners_of(still)
                )
            )
        if not blocked:
            self._release(owner, "foregroundDeletion")

    def _release(self, obj: Json, finalizer: str) -> None:
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


def _succeeds(write: Callable[[], object]) -> bool:
    """Whether the API server took a write; a refused one is tried again after the next change."""
    try:
        write()
    except ApiError:
        return False
    return True


def _stored_by(crd: Key) -> GroupResource:
    plural, _, group = crd.name.partition(".")
    return GroupResource(group, plural)
