"""The API server: create, get, list, update, apply and delete objects, with Kubernetes' rules and error codes.

Objects are JSON-like dicts, copied on the way in and out; `find` and `objects` hand out the shared
snapshots instead, which nobody may change. What the control plane does by itself (garbage collection,
emptying of deleted namespaces and CRDs) happens only when `housekeep` is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from memcluster import server_side_apply as ssa
from memcluster import shaping
from memcluster.errors import ApiError, already_exists, conflict, forbidden, invalid, not_found
from memcluster.housekeeping import CRD_FINALIZER, Housekeeping
from memcluster.jsons import (
    SERVER_FIELDS,
    Json,
    copy,
    finalizers_of,
    is_going,
    merge_patch,
    metadata,
    name_of,
    namespace_of,
    owners_of,
    uid_of,
    with_metadata,
)
from memcluster.resources import CRDS, NAMESPACES, Discovery, Resource, established_status
from memcluster.store import Key, Store, Watch
from memcluster.validation import check, check_preconditions

Admission = Callable[[str, str, Json | None, Json | None], str | None]
"""Asked before a write (operation, user, old, new); what it answers is the reason to refuse it."""

DIFFERENCES = (
    "Built-in kinds have no schemas: any body is accepted. Custom resources must fit their schema, but defaults are "
    "not filled in, unknown fields not dropped, and CEL rules not evaluated.",
    "Of built-in controllers only garbage collection and the end of namespaces and CRDs are there: no Pods start, no "
    "Service gets an address, no quota counts.",
    "Nobody needs permissions, and of admission policies only Object Syncer's guard of copies is enforced.",
    "Objects are not converted between versions; the name alone changes.",
    "There are no subresources but status, no generateName and no dry runs.",
    "An update without a resourceVersion always succeeds.",
)
"""What the real API server does otherwise, server-side apply aside."""

Objects = list[Json]

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_UNDELETABLE = frozenset(SYSTEM_NAMESPACES[:3])
_NOT_SHOWN = "simulation/not-shown"
_PROPAGATION_FINALIZERS = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}


class Cluster:
    """A Kubernetes API server in memory, with a virtual clock."""

    def __init__(
        self, namespaces: Iterable[str] = SYSTEM_NAMESPACES, *, clock: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    ) -> None:
        self.clock = clock
        self.admission: list[Admission] = []
        self.establishes_crds = True
        self.discovery = Discovery()
        self._store = Store()
        self._version = 0
        self._uids = 0
        self._housekeeping = Housekeeping(self, self._store)
        for name in namespaces:
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, user="system:apiserver")

    # Reading

    @property
    def writes(self) -> int:
        """How many changes there were; requests that changed nothing do not count."""
        return self._store.writes

    @property
    def now(self) -> str:
        """The virtual time as objects show it."""
        return self.clock.strftime("%Y-%m-%dT%H:%M:%SZ")

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Json:
        """One object; 404 if it, or its kind, does not exist."""
        resource = self._served(api_version, kind)
        return copy(resource.view(self._live(resource, name, namespace)))

    def find(self, api_version: str, kind: str, name: str, namespace: str = "") -> Json | None:
        """The shared snapshot of one object, or None; not to be changed."""
        resource = self.discovery.by_kind(api_version, kind)
        return self.snapshot(resource, name, namespace) if resource else None

    def list(self, api_version: str, kind: str, namespace: str = "") -> Objects:
        """All objects of a kind, by namespace and name; of one namespace if given."""
        return [copy(obj) for obj in self.objects(self._served(api_version, kind), namespace)]

    def snapshot(self, resource: Resource, name: str, namespace: str = "") -> Json | None:
        """As `find`, for who already has the resource."""
        found = self._store.get(Key(resource.key, namespace if resource.namespaced else "", name))
        return resource.view(found) if found else None

    def objects(self, resource: Resource, namespace: str = "") -> Objects:
        """The shared snapshots of a kind; not to be changed."""
        found = self._store.all(resource.key, namespace)
        if resource.api_version == (resource.stored_version or resource.api_version):
            return found
        return [resource.view(obj) for obj in found]

    def everything(self) -> Objects:
        """A copy of every object, of all kinds, in the version it is stored in."""
        return [copy(obj) for _, obj in self._store.everything()]

    def watch(self) -> Watch:
        """Watch every change from now on."""
        return self._store.watch()

    def unwatch(self, watch: Watch) -> None:
        """End a watch."""
        self._store.unwatch(watch)

    # Writing

    def create(self, obj: Json, *, user: str = "admin", manager: str = "") -> Json:
        """Add an object; 409 if it exists, 404 or 403 if its namespace is missing or going."""
        resource, new = self._accept(obj)
        if self._store.get(self._key(resource, new)):
            raise already_exists(self._described(resource, name_of(new)))
        new = ssa.update(None, shaping.without_status(resource, new), manager or user, now=self.now)
        return self._add(resource, new, user)

    def load(self, obj: Json, *, manager: str = "") -> Json:
        """Add an object as another cluster showed it: its uid, age, owners, managedFields and status stay.

        What is not shown is taken to be there: the owners it names, and what holds a namespace that is going.
        """
        resource, new = self._accept(obj)
        if self._store.get(self._key(resource, new)):
            raise already_exists(self._described(resource, name_of(new)))
        shown = {field: metadata(obj)[field] for field in SERVER_FIELDS if metadata(obj).get(field)}
        if "managedFields" not in shown:
            shown["managedFields"] = metadata(ssa.update(None, new, manager, now=self.now)).get("managedFields")
        if self._store.key_of(str(shown.get("uid"))):
            del shown["uid"]
        new = self._newborn(resource, new)
        new = with_metadata(new, **shown)
        if resource.key == NAMESPACES and is_going(new):
            new = {
                **with_metadata(new, finalizers=[*finalizers_of(new), _NOT_SHOWN]),
                "status": {"phase": "Terminating"},
            }
        self._housekeeping.spare(owner["uid"] for owner in owners_of(new))
        return copy(resource.view(self._put(resource, new, "")))

    def update(self, obj: Json, *, user: str = "admin", manager: str = "") -> Json:
        """Replace an object; 409 if its uid or resourceVersion is given and no longer right."""
        resource, new, live = self._accept_change(obj)
        status = {"status": live["status"]} if resource.has_status and "status" in live else {}
        new = shaping.with_server_fields({**shaping.without_status(resource, new), **status}, live)
        new = ssa.update(resource.view(live), new, manager or user, now=self.now)
        return self._replace(resource, live, new, user)

    def update_status(self, obj: Json, *, user: str = "admin", manager: str = "") -> Json:
        """Replace an object's status and nothing else; 404 if the kind has no status subresource."""
        resource, new, live = self._accept_change(obj)
        if not resource.has_status:
            raise not_found("the server could not find the requested resource")
        shown = resource.view(live)
        changed = {key: value for key, value in shown.items() if key != "status"}
        if "status" in new:
            changed["status"] = new["status"]
        changed = ssa.update(shown, changed, manager or user, now=self.now, subresource="status")
        return self._replace(resource, live, changed, user, admit=False)

    def patch(
        self,
        api_version: str,
        kind: str,
        name: str,
        change: Json,
        namespace: str = "",
        *,
        user: str = "admin",
        manager: str = "",
    ) -> Json:
        """Change an object by a JSON merge patch: null removes a field."""
        live = self.get(api_version, kind, name, namespace)
        return self.update(merge_patch(live, change), user=user, manager=manager)

    def apply(self, obj: Json, *, user: str = "admin", manager: str = "", force: bool = False) -> Json:
        """Server-side apply: create the object or merge these fields into it; 409 on conflicts without `force`."""
        resource, config = self._accept(obj)
        config = shaping.without_status(resource, config)
        live = self._store.get(self._key(resource, config))
        if live is None:
            new = ssa.apply(None, config, manager or user, force, now=self.now)
            return self._add(resource, new, user)
        check_preconditions(resource, obj, live)
        new = ssa.apply(resource.view(live), config, manager or user, force, now=self.now)
        return self._replace(resource, live, new, user)

    def delete(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str = "",
        *,
        user: str = "admin",
        uid: str = "",
        propagation: str = "Background",
    ) -> None:
        """Remove an object, or mark it as going if finalizers, or what is in it, hold it; 409 if `uid` is another."""
        resource = self._served(api_version, kind)
        live = self._live(resource, name, namespace)
        if uid and uid_of(live) != uid:
            raise conflict(f"Precondition failed: UID in precondition: {uid}, UID in object meta: {uid_of(live)}")
        if resource.key == NAMESPACES and name in _UNDELETABLE:
            raise forbidden(f'namespaces "{name}" is forbidden: this namespace may not be deleted')
        self._admit("DELETE", user, live, None)
        added = _PROPAGATION_FINALIZERS.get(propagation)
        if resource.key == CRDS:
            added = CRD_FINALIZER
        finalizers = finalizers_of(live)
        if added and added not in finalizers:
            finalizers = [*finalizers, added]
        if not finalizers and resource.key != NAMESPACES:
            self._remove(resource, live, user)
        elif not is_going(live):
            self._put(resource, shaping.going(resource, live, finalizers, self.now), user)

    def establish(self, crd_name: str) -> None:
        """Serve a CRD's kind, as the API server does soon after its creation (at once, by default)."""
        crd = self._live(self._served("apiextensions.k8s.io/v1", "CustomResourceDefinition"), crd_name, "")
        self.update_status({**crd, "status": established_status(crd, self.now)}, user="system:apiserver")

    # What the control plane does by itself

    def housekeeping_is_due(self) -> bool:
        """Whether `housekeep` has something to look at."""
        return self._housekeeping.is_due()

    def housekeep(self) -> bool:
        """Collect garbage and empty what is going, one level deep; True if anything changed."""
        return self._housekeeping.run()

    def collect_garbage(self) -> bool:
        """Delete objects whose owners are gone, until there are none; True if anything changed."""
        changed = False
        while self.housekeeping_is_due():
            changed = self.housekeep() or changed
        return changed

    def drop(self, key: Key, user: str) -> None:
        """Remove a namespace that is empty."""
        live = self._store.get(key)
        if live:
            self._remove(self._served("v1", "Namespace"), live, user)

    # Steps of a write

    def _served(self, api_version: str, kind: str) -> Resource:
        resource = self.discovery.by_kind(api_version, kind)
        if resource is None:
            raise not_found(f'no matches for kind "{kind}" in version "{api_version}"')
        return resource

    def _accept(self, obj: Json) -> tuple[Resource, Json]:
        """The kind of an object sent by a client, and a copy of it without what only the server says."""
        resource = self._served(str(obj.get("apiVersion")), str(obj.get("kind")))
        if resource.namespaced and not namespace_of(obj):
            raise not_found("the server could not find the requested resource")
        return resource, shaping.received(resource, obj)

    def _accept_change(self, obj: Json) -> tuple[Resource, Json, Json]:
        resource, new = self._accept(obj)
        live = self._live(resource, name_of(new), namespace_of(new))
        check_preconditions(resource, obj, live)
        return resource, new, live

    def _live(self, resource: Resource, name: str, namespace: str) -> Json:
        found = self._store.get(Key(resource.key, namespace if resource.namespaced else "", name))
        if found is None:
            raise not_found(f"{self._described(resource, name)} not found")
        return found

    def _add(self, resource: Resource, new: Json, user: str) -> Json:
        self._check_place(resource, new)
        new = self._newborn(resource, new)
        self._admit("CREATE", user, None, new)
        return copy(resource.view(self._put(resource, new, user)))

    def _newborn(self, resource: Resource, new: Json) -> Json:
        """The object with all that the server gives to a new one, if it takes it."""
        self._uids += 1
        uid = f"00000000-0000-4000-8000-{self._uids:012x}"
        new = shaping.newborn(resource, new, uid, self.now, establishes_crds=self.establishes_crds)
        check(resource, None, new)
        return new

    def _replace(self, resource: Resource, live: Json, new: Json, user: str, *, admit: bool = True) -> Json:
        new = shaping.with_defaults(resource, new)
        check(resource, live, new)
        if admit:
            self._admit("UPDATE", user, live, new)
        new = shaping.next_generation(resource, live, new)
        stored = resource.as_stored(new)
        if stored == live:
            return copy(resource.view(live))
        if is_going(stored) and not finalizers_of(stored) and resource.key != NAMESPACES:
            self._remove(resource, stored, user)
            return copy(new)
        return copy(resource.view(self._put(resource, stored, user)))

    def _check_place(self, resource: Resource, new: Json) -> None:
        crd = self._store.get(Key(CRDS, "", f"{resource.plural}.{resource.group}"))
        if crd and is_going(crd):
            raise ApiError(
                405, "MethodNotAllowed", "create not allowed while custom resource definition is terminating"
            )
        if not resource.namespaced:
            return
        namespace = self._store.get(Key(NAMESPACES, "", namespace_of(new)))
        if namespace is None:
            raise not_found(f'namespaces "{namespace_of(new)}" not found')
        if is_going(namespace):
            raise forbidden(
                f"{self._described(resource, name_of(new))} is forbidden: unable to create new content in namespace "
                f"{namespace_of(new)} because it is being terminated"
            )

    def _admit(self, operation: str, user: str, old: Json | None, new: Json | None) -> None:
        for policy in self.admission:
            refusal = policy(operation, user, old, new)
            if refusal:
                raise invalid(f'"{name_of(new or old or {})}" is invalid: {refusal}')

    def _put(self, resource: Resource, obj: Json, user: str) -> Json:
        self._version += 1
        stored = with_metadata(resource.as_stored(obj), resourceVersion=str(self._version))
        self._store.put(resource.key, stored, user)
        if resource.key == CRDS:
            self.discovery.set_crd(stored)
        return stored

    def _remove(self, resource: Resource, live: Json, user: str) -> None:
        self._version += 1
        last = with_metadata(live, resourceVersion=str(self._version))
        self._store.remove(self._key(resource, live), last, user)
        if resource.key == CRDS:
            self.discovery.remove_crd(name_of(live))

    @staticmethod
    def _key(resource: Resource, obj: Json) -> Key:
        return Key(resource.key, namespace_of(obj), name_of(obj))

    @staticmethod
    def _described(resource: Resource, name: str) -> str:
        return f'{resource.plural}{"." + resource.group if resource.group else ""} "{name}"'
