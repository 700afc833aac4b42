"""One test's corner of the shared cluster: what it makes there, how it looks at it, and that nothing of it remains."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from controlplane.client import Client, NotFoundError, Object, Objects
from controlplane.namespaces import Namespaces
from controlplane.waiting import wait_for
from e2e.eventually import becomes
from e2e.objects import API_VERSION, DATA, MANAGED_BY, SOURCE_ANNOTATION, config_map, object_sync
from grants import EVERYTHING

ENGINE_API_VERSION = "metacontroller.k8s.io/v1alpha1"
IN_SYNC = ("True", "Success")


@dataclass(frozen=True)
class Sync:
    """An ObjectSync in the cluster."""

    admin: Client
    namespace: str
    name: str

    @property
    def where(self) -> tuple[str, str, str, str]:
        """What a Client takes to find it."""
        return (API_VERSION, "objectsyncs", self.namespace, self.name)

    def live(self) -> Object:
        """Return it as it is now."""
        return self.admin.get(*self.where)

    def status(self) -> Object:
        """Return its status, {} while there is none."""
        return self.live().get("status") or {}

    def says(self, condition: str) -> tuple[str, str]:
        """Return (status, reason) of a condition; ("", "") while it does not speak of the present generation."""
        live = self.live()
        for found in (live.get("status") or {}).get("conditions") or ():
            if found["type"] == condition and found["observedGeneration"] == live["metadata"]["generation"]:
                return (found["status"], found["reason"])
        return ("", "")

    def message(self, condition: str) -> str:
        """Return the message of a condition."""
        return next((c["message"] for c in self.status().get("conditions") or () if c["type"] == condition), "")

    def destinations(self) -> dict[str, Object]:
        """Return status.destinations by "namespace/name"."""
        return {f"{item['namespace']}/{item['name']}": item for item in self.status().get("destinations") or ()}

    def counts(self) -> tuple[int, int, int, int]:
        """Return total, synced, failed and pending."""
        copies = self.status()["copies"]
        return (copies["total"], copies["synced"], copies["failed"], copies["pending"])

    def edit(self, **spec: Any) -> None:
        """Merge into the spec."""
        self.admin.patch(*self.where, {"spec": spec})

    def delete(self) -> None:
        """Ask for its end."""
        self.admin.delete(*self.where)

    def gone(self) -> bool:
        """Whether it is no more."""
        return self.admin.gone(*self.where)

    def wait_in_sync(self, within: float = 20) -> None:
        """Wait until it says that all is well."""
        becomes(lambda: (self.says("Ready"), self.says("InSync")), (IN_SYNC, IN_SYNC), within)

    def wait_gone(self, within: float = 20) -> None:
        """Wait until it is no more."""
        wait_for(self.gone, within, f"ObjectSync {self.namespace}/{self.name} gone")


class World:
    """Makes objects in namespaces of its own. Names are unique, so that wildcards of other tests do no harm."""

    def __init__(self, admin: Client, namespaces: Namespaces) -> None:
        """Work as `admin`."""
        self.admin = admin
        self.namespaces = namespaces
        self.mark = uuid4().hex[:6]
        self._syncs: list[Sync] = []
        self._definitions: list[str] = []

    # Making

    def namespace(self, prefix: str = "team") -> str:
        """Make a namespace."""
        return self.namespaces.make(prefix)

    def config_map(
        self, namespace: str, data: Mapping[str, str] = DATA, name: str = "settings", **metadata: Any
    ) -> Object:
        """Make a ConfigMap."""
        return self.admin.create(config_map(namespace, f"{name}-{self.mark}", data, **metadata))

    def sync(self, source: Object, *destinations: Object, namespace: str = "", name: str = "", **fields: Any) -> Sync:
        """Make an ObjectSync, by default beside its source; `fields` add to spec.source."""
        namespace = namespace or source["metadata"]["namespace"]
        name = name or f"sync-{uuid4().hex[:6]}"
        return self.submit(object_sync(namespace, name, source, destinations, **fields))

    def submit(self, manifest: Object) -> Sync:
        """Make an ObjectSync of this very form."""
        made = self.admin.create(manifest)
        sync = Sync(self.admin, made["metadata"]["namespace"], made["metadata"]["name"])
        self._syncs.append(sync)
        return sync

    def group(self) -> str:
        """Return an API group that is nobody else's."""
        return f"g{uuid4().hex[:6]}.example.com"

    def define(self, definition: Object) -> Object:
        """Make a CustomResourceDefinition and wait until the API server serves it."""
        self._definitions.append(definition["metadata"]["name"])
        self.admin.apply_yaml([definition])
        return definition

    def undefine(self, definition: Object) -> None:
        """Delete a CustomResourceDefinition and wait until it is gone, its objects with it."""
        where = ("apiextensions.k8s.io/v1", "customresourcedefinitions", None, definition["metadata"]["name"])
        self.admin.delete(*where)
        wait_for(lambda: self.admin.gone(*where), 60, "CustomResourceDefinition gone")

    @contextmanager
    def grant(self, name: str, **spec: Any) -> Iterator[str]:
        """Have a SyncPolicy beside the default one, which permits everything, for as long as the block lasts.

        Lists that are not given permit everything.
        """
        name = f"{name}-{self.mark}"
        metadata, spec = {"name": name}, EVERYTHING | spec
        self.admin.create({"apiVersion": API_VERSION, "kind": "SyncPolicy", "metadata": metadata, "spec": spec})
        try:
            yield name
        finally:
            self.delete_policy(name)

    def delete_policy(self, name: str) -> None:
        """Delete a SyncPolicy, which has to give up its copies first, and wait until it is gone."""
        where = (API_VERSION, "syncpolicies", None, name)
        self.admin.patch(*where, {"metadata": {"annotations": {"sync.rustrial.org/retire": "true"}}})
        becomes(lambda: self.admin.get(*where).get("status", {}).get("controllers", 0), 0)
        self.admin.delete(*where)
        becomes(lambda: self.admin.gone(*where), True)

    # Changing

    def edit(self, obj: Object, patch: Object) -> Object:
        """Merge a patch into an object."""
        return self.admin.patch(*self._where(obj), patch)

    def delete(self, obj: Object) -> None:
        """Ask for an object's end."""
        self.admin.delete(*self._where(obj))

    # Looking

    def living(self) -> set[str]:
        """Return the namespaces that are not on their way out."""
        listed = self.admin.list("v1", "namespaces")
        return {item["metadata"]["name"] for item in listed if "deletionTimestamp" not in item["metadata"]}

    def copies(self, source: Object) -> dict[str, Object]:
        """Return all copies of a source by "namespace/name", wherever they are."""
        resource = self.admin.resource_of(source)
        labels = ",".join(f"{key}={value}" for key, value in MANAGED_BY.items())
        origin = f"{source['metadata']['namespace']}/{source['metadata']['name']}"
        return {
            f"{item['metadata']['namespace']}/{item['metadata']['name']}": item
            for item in self.admin.list(resource.api_version, resource.plural, labels=labels)
            if (item["metadata"].get("annotations") or {}).get(SOURCE_ANNOTATION) == origin
        }

    def where(self, source: Object) -> set[str]:
        """Return where the copies of a source are: "namespace/name"."""
        return set(self.copies(source))

    def at(self, source: Object, namespace: str, name: str = "") -> Object:
        """Return the object at one destination of a source; NotFoundError if there is none."""
        resource = self.admin.resource_of(source)
        return self.admin.get(resource.api_version, resource.plural, namespace, name or source["metadata"]["name"])

    def data(self, source: Object, namespace: str, name: str = "") -> Object:
        """Return the data of the ConfigMap at one destination."""
        return self.at(source, namespace, name).get("data") or {}

    def slices(self, sync: Sync) -> Objects:
        """Return the SyncSlices of an ObjectSync."""
        owner = {"namespace": sync.namespace, "name": sync.name}
        listed = self.admin.list(API_VERSION, "syncslices")
        return [item for item in listed if owner.items() <= item["spec"]["objectSync"].items()]

    def controllers(self, api_version: str, plural: str) -> list[str]:
        """Return the names of the generated CompositeControllers of a resource type."""
        return [
            item["metadata"]["name"]
            for item in self.admin.list(ENGINE_API_VERSION, "compositecontrollers")
            for child in item["spec"]["childResources"]
            if (child["apiVersion"], child["resource"]) == (api_version, plural)
        ]

    def close(self) -> None:
        """Delete the ObjectSyncs and wait for their end: whatever a test did to them, nothing may be stuck."""
        for sync in self._syncs:
            with suppress(NotFoundError):
                sync.delete()
        for sync in self._syncs:
            sync.wait_gone(60)
        for name in self._definitions:
            with suppress(NotFoundError):
                self.admin.delete("apiextensions.k8s.io/v1", "customresourcedefinitions", None, name)

    def _where(self, obj: Object) -> tuple[str, str, str | None, str]:
        resource = self.admin.resource_of(obj)
        meta = obj["metadata"]
        return (resource.api_version, resource.plural, meta.get("namespace"), meta["name"])
