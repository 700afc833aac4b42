"""`copy.patches`: RFC 6902, applied to a copy that is complete.

A patch may say anything about a copy but what it is, where it is, who owns it, and our marks. Messages never hold a
value: the copy may be a Secret. So what the library says is never repeated.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jsonpatch
import orjson

from object_syncer.copying import pointers, sanitize
from object_syncer.kube import depth, tracking
from object_syncer.kube.meta import Json
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

MAX_BYTES = 1_500_000
"""The size of a patched copy: about what etcd takes. Patches that copy a part into itself double it each time."""

_FIXED = frozenset(("apiVersion", "kind", "status"))


class Refused(Exception):
    """Why an operation cannot be done: the end of a sentence, without any value of the copy."""


def apply(copy: Json, patches: Sequence[Json], fill: Callable[[str], str]) -> Json | Problem:
    """Return the patched copy, or the problem that names the first operation that fails; `copy` is not changed.

    `fill` returns a text of a value with its variables filled in, or raises Refused.
    """
    if not patches:
        return copy
    patched = orjson.loads(orjson.dumps(copy))
    for index, operation in enumerate(patches):
        try:
            _check(copy, operation)
            _do(
                patched,
                {**operation, "value": _filled(operation["value"], fill)} if "value" in operation else operation,
            )
            if operation["op"] == "copy":
                _measure(patched)
        except Refused as why:
            return _failed(f"[{index}] ({operation.get('op')} {operation.get('path')})", str(why))
    try:
        _measure(patched)
    except Refused as why:
        return _failed("", str(why))
    group = str(copy["apiVersion"]).rpartition("/")[0]
    unfit = sanitize.problem(group, copy["kind"], patched)
    return _failed("", unfit.message.replace("the source", "the copy")) if unfit else patched


def _failed(where: str, why: str) -> Problem:
    return Problem(reasons.PATCH_FAILED, f"copy.patches{where}: {why}")


def _check(copy: Json, operation: Json) -> None:
    """Raise Refused if an operation changes what no patch may change."""
    changed = [operation["path"]] if operation["op"] != "test" else []
    if operation["op"] == "move":
        changed.append(operation.get("from") or "")
    for path in changed:
        first, *rest = pointers.steps(path) or [""]
        if first in _FIXED or not first:
            raise Refused("no patch may change apiVersion, kind or status, or the whole copy")
        if first == "metadata" and (len(rest) != 2 or rest[0] not in ("labels", "annotations")):
            raise Refused("of metadata a patch may change single labels and annotations only")
        if first == "metadata" and tracking.is_reserved(rest[1]):
            raise Refused("this label or annotation is set by Object Syncer")
        if first == "stringData" and (copy["apiVersion"], copy["kind"]) == ("v1", "Secret"):
            raise Refused("the API server never keeps stringData: patch data, in base64")


def _do(patched: Json, operation: Json) -> None:
    try:
        jsonpatch.apply_patch(patched, orjson.dumps([operation]).decode(), in_place=True)
    except jsonpatch.JsonPatchTestFailed:
        raise Refused("the copy has another value there, or none") from None
    except Exception:
        raise Refused("the operation is not complete, or the copy has nothing at that place") from None
    metadata = patched["metadata"]
    if not all(isinstance(text, str) for field in ("labels", "annotations") for text in metadata[field].values()):
        raise Refused("labels and annotations must be strings")


def _measure(patched: Json) -> None:
    """Raise Refused if a copy has become larger, or is nested deeper, than can be written."""
    try:
        size = len(orjson.dumps(patched))
    except (TypeError, RecursionError):  # orjson's word for too deep
        size = 0
    if not size or depth.cut([[[patched]]]):
        raise Refused(f"the copy would be nested deeper than {depth.LEVELS} levels")
    if size > MAX_BYTES:
        raise Refused(f"the copy would be larger than {MAX_BYTES:,} bytes")


def _filled(value: Any, fill: Callable[[str], str]) -> Any:
    """Return a new value in which all strings are filled in: the library puts it into the copy as it is."""
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, dict):
        return {key: _filled(inner, fill) for key, inner in value.items()}
    return [_filled(inner, fill) for inner in value] if isinstance(value, list) else value
