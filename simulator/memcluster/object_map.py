"""Objects by kind and name, as hooks get them: children, attachments, related."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from memcluster.objects import Json, group_of, name_of, namespace_of
from memcluster.resources import Resource


class GroupVersionKind(NamedTuple):
    """A kind in one version; sorts by group, version, kind."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """Group and version as objects write them."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        """Return the key in a request body: `Kind.version` or `Kind.group/version`."""
        return f"{self.kind}.{self.api_version}"


ObjectMap = dict[GroupVersionKind, dict[str, Json]]


def kind_of(obj: Json) -> GroupVersionKind:
    """Return the kind that an object names."""
    api_version = str(obj.get("apiVersion") or "")
    return GroupVersionKind(group_of(api_version), api_version.rpartition("/")[2], str(obj.get("kind") or ""))


def kind_of_resource(resource: Resource) -> GroupVersionKind:
    """Return the kind of a served resource."""
    return GroupVersionKind(resource.group, resource.version, resource.kind)


def qualified_name(obj: Json) -> str:
    """Return `namespace/name`, or `name` for an object without a namespace."""
    namespace = namespace_of(obj)
    return f"{namespace}/{name_of(obj)}" if namespace else name_of(obj)


def insert(objects: ObjectMap, more: Iterable[Json]) -> None:
    """Put objects into the map, under the kinds they name; of two with one name the last one stays."""
    for obj in more:
        objects.setdefault(kind_of(obj), {})[qualified_name(obj)] = obj


def as_body(objects: ObjectMap) -> Json:
    """Return the map as it is written into a request body."""
    return {str(kind): group for kind, group in objects.items()}
