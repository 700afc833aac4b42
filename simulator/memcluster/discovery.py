"""Discovery: which kinds are served right now, found by apiVersion and plural or kind."""

from __future__ import annotations

from collections.abc import Iterable

from memcluster import crds
from memcluster.objects import Json, name_of
from memcluster.resources import Resource


class Discovery:
    """The built-in resources, and those of the CRDs that exist."""

    def __init__(self, built_in: Iterable[Resource]) -> None:
        self._by_plural: dict[tuple[str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self._of_crd: dict[str, list[Resource]] = {}
        for resource in built_in:
            self._add(resource)

    def by_plural(self, api_version: str, plural: str) -> Resource | None:
        """Return the resource of that apiVersion and plural, None if it is not served."""
        return self._by_plural.get((api_version, plural))

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """Return the resource of that apiVersion and kind, None if it is not served."""
        return self._by_kind.get((api_version, kind))

    def served(self) -> list[Resource]:
        """Return every kind in every version that is served."""
        return list(self._by_kind.values())

    def set_crd(self, crd: Json) -> None:
        """Serve what a CRD says now, instead of what it said before."""
        self.remove_crd(name_of(crd))
        added = crds.resources_of(crd)
        self._of_crd[name_of(crd)] = added
        for resource in added:
            self._add(resource)

    def remove_crd(self, name: str) -> None:
        """Stop serving a CRD's kind."""
        for resource in self._of_crd.pop(name, []):
            self._by_plural.pop((resource.api_version, resource.plural), None)
            self._by_kind.pop((resource.api_version, resource.kind), None)

    def _add(self, resource: Resource) -> None:
        self._by_plural[resource.api_version, resource.plural] = resource
        self._by_kind[resource.api_version, resource.kind] = resource
