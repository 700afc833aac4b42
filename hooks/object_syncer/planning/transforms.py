"""What an ObjectSync asks to be different in its copies, and whether its SyncPolicy permits that.

Leaving out what the source has does no harm, so a SyncPolicy permits that unless it says otherwise. `set` and `patches`
can say anything, so it must permit them; where the source grants rights, nobody can.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from object_syncer.kube import tracking
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.planning import variables
from object_syncer.planning.scope import Scope
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

WITH_DATA = frozenset((("", "ConfigMap"), ("", "Secret")))
"""Group and kind of what `copy.data` is for."""

_SAYS_ANYTHING = frozenset(("set", "patches"))
_GRANTS_RIGHTS = "rbac.authorization.k8s.io"

MAX_BYTES = 16_384
"""Of all `copy` of an ObjectSync together, as JSON: SyncSlices repeat it, and the planner gets all of them at once."""


def given(copy: Json | None) -> Json:
    """Return `copy` of a spec, or of a destination, without the fields that are empty."""
    return {field: value for field, value in (copy or {}).items() if value}


def key(copy: Json) -> str:
    """Return `copy` of a destination as JSON; what asks for the same is equal."""
    return orjson.dumps(given(copy), option=orjson.OPT_SORT_KEYS).decode()


def problem(spec: Json, type_: ResourceType, scope: Scope) -> Problem | None:
    """Return why copies may not differ from the source as the spec of an ObjectSync asks, None if they may."""
    copies = list(_copies(spec))
    for path, copy in copies:
        for field, name in _asked(copy, path):
            message = _message(field, name, type_, scope)
            if message:
                return Problem(reasons.TRANSFORM_NOT_ALLOWED, message)
    if sum(map(len, {key(copy) for _, copy in copies})) > MAX_BYTES:
        message = f"spec.copy: is, together with copy of the destinations, larger than {MAX_BYTES:,} bytes of JSON"
        return Problem(reasons.TRANSFORM_NOT_ALLOWED, message)
    return None


def labels(spec: Json) -> frozenset[str]:
    """Return the keys of the labels of destination namespaces that the patches of an ObjectSync use as variables."""
    values = [operation.get("value") for _, copy in _copies(spec) for operation in copy.get("patches") or ()]
    used = (variable for text in _texts(values) for variable in variables.parse(text).parts[1::2])
    return frozenset(each.removeprefix(variables.LABELS) for each in used if each.startswith(variables.LABELS))


def _texts(value: Any) -> Iterator[str]:
    """Yield all strings within a value that may hold variables."""
    if isinstance(value, str) and "{" in value:
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _message(path: str, name: str, type_: ResourceType, scope: Scope) -> str:
    if name == "data" and (type_.group, type_.kind) not in WITH_DATA:
        return f"{path}: is for ConfigMaps and Secrets; use patches for {type_.display}"
    if name in _SAYS_ANYTHING and type_.group == _GRANTS_RIGHTS:
        return f"{path}: objects of {_GRANTS_RIGHTS} grant rights, so copies of them never say more than the source"
    if name == "reserved":
        return f"{path}: is set by Object Syncer: choose another key"
    if name not in scope.transforms:
        return f"{path}: {name} is not in transforms of SyncPolicy {scope.policy}"
    return ""


def _copies(spec: Json) -> Iterator[tuple[str, Json]]:
    """Yield each `copy` of an ObjectSync, with its path."""
    if spec.get("copy"):
        yield "spec.copy", spec["copy"]
    for index, entry in enumerate(spec["destinations"]):
        if entry.get("copy"):
            yield f"spec.destinations[{index}].copy", entry["copy"]


def _asked(copy: Json, path: str) -> Iterator[tuple[str, str]]:
    """Yield what a `copy` asks for: the path of the field, and the item of transforms that permits it."""
    asked = given(copy)
    for field in ("labels", "annotations"):
        below = given(asked.get(field))
        if "include" in below or "exclude" in below:
            yield f"{path}.{field}", "metadata"
        if "set" in below:
            yield f"{path}.{field}.set", "set"
        for name in filter(tracking.is_reserved, below.get("set", ())):
            yield f"{path}.{field}.set.{name}", "reserved"
    for field in ("data", "patches"):
        if field in asked:
            yield f"{path}.{field}", field
