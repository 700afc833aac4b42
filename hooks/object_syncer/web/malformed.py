"""Whether a request that made a hook fail is one that the engine could have sent.

The API server lets no object into a request that breaks the schema of its kind, and hooks rely on that: checking every
request would take as long as answering it. So only where a hook failed is looked for a field that cannot be, to tell a
malformed request from a defect of ours.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from object_syncer import installation
from object_syncer.kube.meta import Json
from object_syncer.kube.metacontroller import BadRequest
from object_syncer.planning import rules

_WORDS: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def find(body: Any) -> BadRequest | None:
    """Return what is wrong with a request, None if the engine could have sent it."""
    if not isinstance(body, dict):
        return None
    wrong = next(_wrong(body), None)
    return BadRequest(*wrong) if wrong else None


def _wrong(body: Json) -> Iterator[tuple[str, str]]:
    """Yield field and message of what cannot be."""
    for field in ("controller", "parent", "object"):
        if field in body:
            yield from _object(body[field], field)
    if body["parent" if "parent" in body else "object"]["kind"] == "SyncPolicy" and not body["controller"].get("spec"):
        yield "controller.spec", "missing"
    for field in ("children", "attachments", "related"):
        for group, objects in (body.get(field) or {}).items():
            for key, obj in objects.items():
                path = f"{field}.{group}.{key}"
                yield from _object(obj, path)
                meta = obj["metadata"]
                if f"{obj['kind']}.{obj['apiVersion']}" != group:
                    yield path, f"is not a {group}"
                if "/".join(filter(None, (meta.get("namespace"), meta["name"]))) != key:
                    yield f"{path}.metadata", "is not that of an object of this name"


def _object(obj: Any, path: str) -> Iterator[tuple[str, str]]:
    yield from _value(_OBJECT, obj, path)
    if isinstance(obj, dict) and isinstance(obj.get("kind"), str):
        yield from _value(_schemas().get(obj["kind"], {}), obj, path)
        yield from ((f"{path}.{where}", why) for where, why in rules.problems(obj))


def _value(schema: Json, value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Check types, required fields and enums; what has no schema may be anything, and null is as good as absent."""
    expected = schema.get("type")
    if value is None or expected is None:
        return
    if not isinstance(value, _WORDS[expected]) or (isinstance(value, bool) and expected != "boolean"):
        yield path, f"must be of type {expected}, is a {type(value).__name__}"
    elif value not in schema.get("enum", (value,)):
        yield path, f"must be one of {', '.join(map(str, schema['enum']))}"
    elif isinstance(value, dict):
        known: Json = schema.get("properties") or {}
        others: Json = schema.get("additionalProperties") or {}
        for key in schema.get("required") or ():
            if value.get(key) is None and not (key in value and known[key].get("nullable")):
                yield f"{path}.{key}", "missing"
        for key, inner in value.items():
            at = f"{path}.{key if key in known else '*'}"  # keys of data or labels are contents
            yield from _value(known.get(key, others), inner, at)
            if inner is None and others and key not in known:
                yield at, "must not be null"
    elif isinstance(value, list):
        below = schema.get("items") or {}
        for index, inner in enumerate(value):
            yield from _value(below, inner, f"{path}[{index}]")
            if inner is None and below:
                yield f"{path}[{index}]", "must not be null"


# What the API server guarantees, as far as hooks rely on it


def _of(*required: str, **properties: Json) -> Json:
    return {"type": "object", "required": list(required), "properties": properties}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}
_MAP: Json = {"type": "object", "additionalProperties": _TEXT}

_OBJECT = _of(
    "apiVersion",
    "kind",
    "metadata",
    apiVersion=_TEXT,
    kind=_TEXT,
    metadata=_of(
        "name",
        name=_TEXT,
        namespace=_TEXT,
        uid=_TEXT,
        resourceVersion=_TEXT,
        generation={"type": "integer"},
        creationTimestamp=_TEXT,
        deletionTimestamp=_TEXT,
        labels=_MAP,
        annotations=_MAP,
        finalizers=_list(_TEXT),
        ownerReferences=_list(
            _of("kind", "name", "uid", apiVersion=_TEXT, kind=_TEXT, name=_TEXT, uid=_TEXT, controller=_FLAG)
        ),
        managedFields=_list(
            _of(manager=_TEXT, operation=_TEXT, time=_TEXT, subresource=_TEXT, fieldsV1={"type": "object"})
        ),
    ),
)

_ANY: Json = {}

_CONDITIONS = _list(_of("type", "status", type=_TEXT, status=_TEXT))

_WEBHOOK = _of("webhook", webhook=_of(url=_TEXT, path=_TEXT))

_OTHERS = {
    "Namespace": _of(status=_of(phase=_TEXT)),
    "CustomResourceDefinition": _of(
        "spec",
        spec=_of(
            "group",
            "names",
            "scope",
            "versions",
            group=_TEXT,
            scope=_TEXT,
            names=_of("kind", "plural", kind=_TEXT, plural=_TEXT),
            versions=_list(_of("name", name=_TEXT, served=_FLAG)),
        ),
        status=_of(conditions=_CONDITIONS),
    ),
    "CompositeController": _of(
        spec=_of("hooks", hooks=_of("customize", "sync", customize=_WEBHOOK, sync=_WEBHOOK), endpointConfigs=_ANY)
    ),
    "ValidatingAdmissionPolicyBinding": _of(spec=_of(validationActions=_list(_TEXT))),
    "ConfigMap": _of(data=_MAP, binaryData=_MAP, immutable=_FLAG),
    "Secret": _of(data=_MAP, type=_TEXT, immutable=_FLAG),
}


@cache
def _schemas() -> dict[str, Json]:
    """Return schemas by kind: those of our CRDs, and what we rely on of others."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    crds = (yaml.load(text, loader) for text in installation.crds())
    ours = {crd["spec"]["names"]["kind"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for crd in crds}
    return ours | _OTHERS
