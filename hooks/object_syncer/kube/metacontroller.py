"""Metacontroller's request and response bodies (hook version v2), whatever they are about.

Objects come as {"Kind.group/version": {"namespace/name": object}}; "Kind.version" for the core group, the plain
name for cluster-scoped objects. A response with a key the engine does not know fails the sync.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from object_syncer.kube.meta import Json


class BadRequest(Exception):
    """A body the engine would not send. `field` is the JSON path that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True)
class Objects:
    """The `children`, `attachments` or `related` of a request."""

    field: str
    groups: Mapping[str, Mapping[str, Json]]

    def of(self, api_version: str, kind: str) -> Mapping[str, Json]:
        """Return the objects of one kind by "namespace/name".

        Raises BadRequest if the kind is not in the request at all: the engine names every kind it was asked for,
        also with no objects, and taking "not asked" for "none" would delete copies.
        """
        key = f"{kind}.{api_version}"
        if key not in self.groups:
            raise BadRequest(f"{self.field}.{key}", f"missing; the engine sends it even where there is no {kind}")
        return self.groups[key]


@dataclass(frozen=True, slots=True)
class Request:
    """What a sync or finalize hook is asked. `controller` is the engine's own object that calls."""

    controller: Json
    parent: Json
    children: Objects
    related: Objects
    finalizing: bool


def parse(body: Any, kind: str, required: Iterable[str]) -> Request:
    """Read a request whose parent must be of `kind` and have the `required` fields ("spec.source.name").

    A customize request has neither children nor related.

    A DecoratorController's sync calls its parent `object` and its children `attachments`; its customize does not.
    Raises BadRequest naming the field.
    """
    if not isinstance(body, dict):
        raise BadRequest("body", f"must be a JSON object, is {_what(body)}")
    name = "object" if "object" in body else "parent"
    parent = _object(body, name)
    if parent.get("kind") != kind:
        raise BadRequest(f"{name}.kind", f"must be {kind}, is {parent.get('kind')!r}")
    metadata = _object(parent, "metadata", f"{name}.metadata")
    for field in ("name", "uid"):
        if not isinstance(metadata.get(field), str):
            raise BadRequest(f"{name}.metadata.{field}", f"must be a string, is {_what(metadata.get(field))}")
    for path in required:
        _require(parent, name, path)
    controller = _object(body, "controller")
    _object(controller, "metadata", "controller.metadata")
    _require(controller, "controller", "metadata.name")
    children = "attachments" if "attachments" in body else "children"
    return Request(
        controller, parent, _objects(body, children), _objects(body, "related"), bool(body.get("finalizing"))
    )


def rules(related: Iterable[Json]) -> Json:
    """Build a customize response."""
    return {"relatedResources": list(related)}


def rule(api_version: str, resource: str, **selection: Any) -> Json:
    """Build a related rule. `selection`: namespace, names, labelSelector; none of them relates every object."""
    return {"apiVersion": api_version, "resource": resource, **selection}


def composite(status: Json, children: list[Json], resync_after: float = 0.0) -> Json:
    """Build a CompositeController's sync response; the engine adds status.observedGeneration."""
    return {"status": status, "children": children, "resyncAfterSeconds": resync_after}


def decorator(
    status: Json | None,
    resync_after: float = 0.0,
    finalized: bool = False,
    annotations: Mapping[str, str | None] | None = None,
    labels: Mapping[str, str | None] | None = None,
) -> Json:
    """Build a DecoratorController's response.

    A status of None leaves the present one; annotations and labels are added to those of the parent, those of None are
    removed.
    """
    answer: Json = {"status": status, "attachments": [], "resyncAfterSeconds": resync_after, "finalized": finalized}
    if annotations:
        answer["annotations"] = annotations
    if labels:
        answer["labels"] = labels
    return answer


def _require(parent: Json, name: str, path: str) -> None:
    value: Any = parent
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            raise BadRequest(f"{name}.{path}", "missing")


def _objects(body: Json, field: str) -> Objects:
    groups = body.get(field)
    if groups is None:
        return Objects(field, {})
    if not isinstance(groups, dict):
        raise BadRequest(field, 'must be {"Kind.group/version": {"namespace/name": object}}')
    for kind in groups:
        objects = _object(groups, kind, f"{field}.{kind}")
        for key, obj in objects.items():
            if not (isinstance(obj, dict) and isinstance(obj.get("metadata"), dict)):
                _object(_object(objects, key, f"{field}.{kind}.{key}"), "metadata", f"{field}.{kind}.{key}.metadata")
    return Objects(field, groups)


def _object(parent: Json, field: str, path: str = "") -> Json:
    value = parent.get(field)
    if not isinstance(value, dict):
        raise BadRequest(path or field, f"must be an object, is {_what(value)}")
    return value


def _what(value: object) -> str:
    return "missing" if value is None else f"a {type(value).__name__}"
