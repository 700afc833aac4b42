"""The registry: objects of a resource, read and written in the version that is asked for.

It numbers the writes (resourceVersion) and keeps discovery in step with the CRDs that are stored.
"""

from __future__ import annotations

from collections.abc import Iterable

from memcluster.discovery import Discovery
from memcluster.errors import ApiError, forbidden, not_found
from memcluster.objects import Json, is_terminating, name_of, namespace_of, with_metadata
from memcluster.resources import CRDS, NAMESPACES, Resource
from memcluster.store import Key, Store


class Registry:
    """Every object of a cluster, with the resources that are served."""

    def __init__(self, built_in: Iterable[Resource]) -> None:
        self.discovery = Discovery(built_in)
        self.store = Store()
        self._version = 0

    def resource(self, api_version: str, kind: str) -> Resource:
        """Return the resource of a kind. Raises 404 if it is not served."""
        found = self.discovery.by_kind(api_version, kind)
        if found is None:
            raise not_found(f'no matches for kind "{kind}" in version "{api_version}"')
        return found

    def find(self, resource: Resource, name: str, namespace: str = "") -> Json | None:
        """Return the stored object of that name, None if there is none."""
        return self.store.get(Key(resource.key, namespace if resource.namespaced else "", name))

    def get(self, resource: Resource, name: str, namespace: str = "") -> Json:
        """Return the stored object of that name. Raises 404 if there is none."""
        found = self.find(resource, name, namespace)
        if found is None:
            raise not_found(f"{described(resource, name)} not found")
        return found

    def all(self, resource: Resource, namespace: str = "") -> list[Json]:
        """Return the snapshots of a kind, by namespace and name; of one namespace if given."""
        return _viewed(resource, self.store.all(resource.key, namespace))

    def controlled(self, resource: Resource, uid: str | None, namespace: str = "") -> list[Json]:
        """Return those whose controller has that uid, or that have none."""
        return _viewed(resource, self.store.controlled(resource.key, uid, namespace))

    def check_place(self, resource: Resource, new: Json) -> None:
        """Raise 404, 403 or 405 if nothing can be created there: no namespace, or it or the CRD is terminating."""
        crd = self.store.get(Key(CRDS, "", f"{resource.plural}.{resource.group}"))
        if crd and is_terminating(crd):
            raise ApiError(
                405, "MethodNotAllowed", "create not allowed while custom resource definition is terminating"
            )
        if not resource.namespaced:
            return
        namespace = self.store.get(Key(NAMESPACES, "", namespace_of(new)))
        if namespace is None:
            raise not_found(f'namespaces "{namespace_of(new)}" not found')
        if is_terminating(namespace):
            raise forbidden(
                f"{described(resource, name_of(new))} is forbidden: unable to create new content in namespace "
                f"{namespace_of(new)} because it is being terminated"
            )

    def put(self, resource: Resource, obj: Json, user: str) -> Json:
        """Add or replace an object; return it as it is stored."""
        self._version += 1
        stored = with_metadata(resource.as_stored(obj), resourceVersion=str(self._version))
        self.store.put(resource.key, stored, user)
        if resource.key == CRDS:
            self.discovery.set_crd(stored)
        return stored

    def remove(self, resource: Resource, live: Json, user: str) -> None:
        """Remove an object."""
        self._version += 1
        last = with_metadata(live, resourceVersion=str(self._version))
        self.store.remove(Key(resource.key, namespace_of(live), name_of(live)), last, user)
        if resource.key == CRDS:
            self.discovery.remove_crd(name_of(live))


def described(resource: Resource, name: str) -> str:
    """Return how the API server's messages call an object."""
    return f'{resource.plural}{"." + resource.group if resource.group else ""} "{name}"'


def _viewed(resource: Resource, objects: list[Json]) -> list[Json]:
    if resource.api_version == (resource.stored_version or resource.api_version):
        return objects
    return [resource.view(obj) for obj in objects]
