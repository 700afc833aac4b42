"""The API server: create, get, list, update, apply and delete objects, with Kubernetes' rules and error codes.

Objects are JSON-like dicts, copied on the way in and out; `find`, `snapshot`, `objects` and `controlled` return
shared snapshots instead, which nobody may change. What the control plane does by itself (garbage collection, emptying
of deleted namespaces and CRDs) happens only when `housekeep` is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from memcluster import server_side_apply as ssa
from memcluster import shaping
from memcluster.crds import established_status
from memcluster.errors import already_exists, conflict, forbidden, invalid, not_found
from memcluster.housekeeping import CRD_FINALIZER, Housekeeping
from memcluster.objects import (
    SERVER_FIELDS,
    Json,
    copy,
    finalizers_of,
    is_terminating,
    merge_patch,
    metadata,
    name_of,
    namespace_of,
    owners_of,
    uid_of,
)
from memcluster.registry import Registry, described
from memcluster.resources import CRDS, NAMESPACES, RESOURCES, Resource
from memcluster.store import Key, Watch
from memcluster.validation import check, check_preconditions

Admission = Callable[[str, str, Json | None, Json | None], str | None]
"""Called before a write with operation, user, old and new object; returns the reason to deny it, None to allow it."""

Objects = list[Json]

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_UNDELETABLE = frozenset(SYSTEM_NAMESPACES[:3])
_PROPAGATION_FINALIZERS = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}


class Cluster:
    """A Kubernetes API server in memory, with a virtual clock."""

    def __init__(
        self,
        namespaces: Iterable[str] = SYSTEM_NAMESPACES,
        *,
        resources: Iterable[Resource] = RESOURCES,
        clock: datetime = datetime(2024, 1, 1, tzinfo=UTC),
    ) -> None:
        self.clock = clock
        self.admission: list[Admission] = []
        self.establishes_crds = True
        self._registry = Registry(resources)
        self._store = self._registry.store
        self.discovery = self._registry.discovery
        self._uids = 0
        self._housekeeping = Housekeeping(self, self._store)
        for name in namespaces:
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, user="system:apiserver")

    # Reading

    @property
    def writes(self) -> int:
        """The number of changes so far; requests that changed nothing do not count."""
        return self._store.writes

    @property
    def now(self) -> str:
        """The virtual time as objects show it."""
        return self.clock.strftime("%Y-%m-%dT%H:%M:%SZ")

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Json:
        """Return one object; 404 if it, or its kind, does not exist."""
        resource = self._registry.resource(api_version, kind)
        return copy(resource.view(self._registry.get(resource, name, namespace)))

    def find(self, api_version: str, kind: str, name: str, namespace: str = "") -> Json | None:
        """Return the shared snapshot of one object, None if it, or its kind, does not exist."""
        resource = self.discovery.by_kind(api_version, kind)
        return self.snapshot(resource, name, namespace) if resource else None

    def list(self, api_version: str, kind: str, namespace: str = "") -> Objects:
        """Return all objects of a kind, by namespace and name; of one namespace if given."""
        return [copy(obj) for obj in self.objects(self._registry.resource(api_version, kind), namespace)]

    def snapshot(self, resource: Resource, name: str, namespace: str = "") -> Json | None:
        """Return the shared snapshot of one object, None if there is none."""
        found = self._registry.find(resource, name, namespace)
        return resource.view(found) if found else None

    def objects(self, resource: Resource, namespace: str = "") -> Objects:
        """Return the shared snapshots of a kind, by namespace and name; of one namespace if given."""
        return self._registry.all(resource, namespace)

    def controlled(self, resource: Resource, uid: str | None, namespace: str = "") -> Objects:
        """Return those whose controller has that uid; with None, those that have no controller."""
        return self._registry.controlled(resource, uid, namespace)

    def everything(self) -> Objects:
        """Return a copy of every object, of all kinds, in the version it is stored in."""
        return [copy(obj) for obj in self._store.everything()]

    def watch(self) -> Watch:
        """Return a watch of every change from now on."""
        return self._store.watch()

    def unwatch(self, watch: Watch) -> None:
        """End a watch."""
        self._store.unwatch(watch)

    # Writing

    def create(self, obj: Json, *, user: str = "admin", manager: str = "") -> Json:
        """Add an object; 409 if it exists, 404 or 403 if its namespace is missing or terminating."""
        resource, new = self._accept_new(obj)
        new = ssa.update(None, shaping.without_status(resource, new), manager or user, now=self.now)
        return self._add(resource, new, user)

    def load(self, obj: Json, *, manager: str = "") -> Json:
        """Add an object as another cluster showed it: its uid, age, owners, managedFields and status stay.

        Owners that it names count as existing, and a terminating namespace as not empty, although they may never be
        loaded. Its fields belong to `manager` where managedFields are not shown.
        """
        resource, new = self._accept_new(obj)
        shown = {field: metadata(obj)[field] for field in SERVER_FIELDS if metadata(obj).get(field)}
        if "managedFields" not in shown:
            shown["managedFields"] = metadata(ssa.update(None, new, manager, now=self.now)).get("managedFields")
        if self._store.key_of(str(shown.get("uid"))):
            del shown["uid"]
        new = shaping.loaded(resource, self._initialize(resource, new), shown)
        self._housekeeping.assume_alive(owner["uid"] for owner in owners_of(new))
        return copy(resource.view(self._registry.put(resource, new, "")))

    def update(self, obj: Json, *, user: str = "admin", manager: str = "") -> Json:
        """Replace an object; 409 if it names another uid or resourceVersion than the stored one has."""
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
        """Create the object or merge these fields into it (server-side apply); 409 on conflicts without `force`."""
        resource, config = self._accept(obj)
        config = shaping.without_status(resource, config)
        live = self._registry.find(resource, name_of(config), namespace_of(config))
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
        """Remove an object, or mark it as terminating if finalizers or its content keep it; 409 if `uid` differs."""
        resource = self._registry.resource(api_version, kind)
        live = self._registry.get(resource, name, namespace)
        if uid and uid_of(live) != uid:
            raise conflict(f"Precondition failed: UID in precondition: {uid}, UID in object meta: {uid_of(live)}")
        if resource.key == NAMESPACES and name in _UNDELETABLE:
            raise forbidden(f'namespaces "{name}" is forbidden: this namespace may not be deleted')
        self._admit("DELETE", user, live, None)
        added = CRD_FINALIZER if resource.key == CRDS else _PROPAGATION_FINALIZERS.get(propagation)
        finalizers = finalizers_of(live)
        if added and added not in finalizers:
            finalizers = [*finalizers, added]
        if not finalizers and resource.key != NAMESPACES:
            self._registry.remove(resource, live, user)
        elif not is_terminating(live):
            self._registry.put(resource, shaping.terminating(resource, live, finalizers, self.now), user)

    def establish(self, crd_name: str) -> None:
        """Serve a CRD's kind; needed only where `establishes_crds` is False."""
        crd = self.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", crd_name)
        self.update_status({**crd, "status": established_status(crd, self.now)}, user="system:apiserver")

    # What the control plane does by itself

    def housekeeping_is_due(self) -> bool:
        """Tell whether `housekeep` has something to look at."""
        return self._housekeeping.is_due()

    def housekeep(self) -> bool:
        """Collect garbage and empty what is terminating, one level deep; tell whether anything changed."""
        return self._housekeeping.run()

    def collect_garbage(self) -> bool:
        """Call `housekeep` until nothing is left to do; tell whether anything changed."""
        changed = False
        while self.housekeeping_is_due():
            changed = self.housekeep() or changed
        return changed

    def drop(self, key: Key, user: str) -> None:
        """Remove a namespace that is empty."""
        live = self._store.get(key)
        if live:
            self._registry.remove(self._registry.resource("v1", "Namespace"), live, user)

    # Steps of a write

    def _accept(self, obj: Json) -> tuple[Resource, Json]:
        """Return the resource of an object that a client sent, and a copy without the server's own fields."""
        resource = self._registry.resource(str(obj.get("apiVersion")), str(obj.get("kind")))
        if resource.namespaced and not namespace_of(obj):
            raise not_found("the server could not find the requested resource")
        return resource, shaping.received(resource, obj)

    def _accept_new(self, obj: Json) -> tuple[Resource, Json]:
        resource, new = self._accept(obj)
        if self._registry.find(resource, name_of(new), namespace_of(new)):
            raise already_exists(described(resource, name_of(new)))
        return resource, new

    def _accept_change(self, obj: Json) -> tuple[Resource, Json, Json]:
        resource, new = self._accept(obj)
        live = self._registry.get(resource, name_of(new), namespace_of(new))
        check_preconditions(resource, obj, live)
        return resource, new, live

    def _add(self, resource: Resource, new: Json, user: str) -> Json:
        self._registry.check_place(resource, new)
        new = self._initialize(resource, new)
        self._admit("CREATE", user, None, new)
        return copy(resource.view(self._registry.put(resource, new, user)))

    def _initialize(self, resource: Resource, new: Json) -> Json:
        """Return the valid object with everything that the server gives to a new one."""
        self._uids += 1
        uid = f"00000000-0000-4000-8000-{self._uids:012x}"
        new = shaping.initialized(resource, new, uid, self.now, establishes_crds=self.establishes_crds)
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
        if is_terminating(stored) and not finalizers_of(stored) and resource.key != NAMESPACES:
            self._registry.remove(resource, stored, user)
            return copy(new)
        return copy(resource.view(self._registry.put(resource, stored, user)))

    def _admit(self, operation: str, user: str, old: Json | None, new: Json | None) -> None:
        for policy in self.admission:
            refusal = policy(operation, user, old, new)
            if refusal:
                raise invalid(f'"{name_of(new or old or {})}" is invalid: {refusal}')
