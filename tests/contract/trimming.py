"""What is left of a recorded exchange: what the hooks read, and what is compared, in few lines.

Everything else that a real API server adds is cut: fields that nobody reads, and namespaces that the story does not
use. The answer of the hooks stays the same; record.py checks that.
"""

import json
from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
Trim = Callable[[Object], Object]

WIDTH = 118
OWN_NAMESPACES = {"default", "kube-node-lease", "kube-public", "kube-system"}
"""Namespaces that every cluster has; no object of the story is in them."""


def trimmed(exchange: Object) -> Object:
    """Return an exchange with a shorter request."""
    request = dict(exchange["request"])
    request["controller"] = _caller(request["controller"], exchange["path"])
    for key in request.keys() & {"parent", "object"}:
        request[key] = _ours(request[key])
    for key in request.keys() & {"children", "related"}:
        request[key] = {kind: _group(kind, objects) for kind, objects in request[key].items()}
    return {**exchange, "request": request}


def _group(kind: str, objects: Object) -> Object:
    """Return the objects of one kind that are in the request."""
    trim = TRIMS.get(kind.partition(".")[0], _copied)
    return {name: trim(obj) for name, obj in objects.items() if kind != "Namespace.v1" or name not in OWN_NAMESPACES}


def _caller(obj: Object, path: str) -> Object:
    """Keep of the controller that calls its name, and for the planner, which generates controllers, its spec."""
    named = {**obj, "metadata": {key: obj["metadata"][key] for key in ("name", "uid")}}
    return named if path.startswith("/v1/policy/") else {key: named[key] for key in ("apiVersion", "kind", "metadata")}


def _ours(obj: Object) -> Object:
    """Drop from an object of ours who wrote which field, its owner, and the label of Metacontroller's own selector."""
    meta = {key: value for key, value in obj["metadata"].items() if key not in ("managedFields", "ownerReferences")}
    if "labels" in meta:
        meta["labels"] = {key: value for key, value in meta["labels"].items() if key != "controller-uid"}
    return {**obj, "metadata": meta}


def _generated(obj: Object) -> Object:
    """Keep of a generated controller what it is called, how old it is, and for which resource type it is."""
    meta = {key: obj["metadata"][key] for key in ("name", "uid", "creationTimestamp")}
    return {**obj, "metadata": meta, "spec": {"childResources": obj["spec"].get("childResources", [])}}


def _namespace(obj: Object) -> Object:
    """Keep of a namespace what tells whether it is there and whether it is terminating."""
    meta = {key: value for key, value in obj["metadata"].items() if key not in ("labels", "managedFields")}
    return {key: value for key, value in obj.items() if key != "spec"} | {"metadata": meta}


def _definition(obj: Object) -> Object:
    """Drop the schemas of a CRD."""
    versions = [{key: value for key, value in each.items() if key != "schema"} for each in obj["spec"]["versions"]]
    return _ours(obj) | {"spec": {**obj["spec"], "versions": versions}}


def _guard(obj: Object) -> Object:
    """Drop the rules of an admission policy; when it was changed says the time of its managedFields."""
    spec = {key: value for key, value in obj["spec"].items() if key in ("policyName", "validationActions")}
    entries = [{"time": entry["time"]} for entry in obj["metadata"]["managedFields"]]
    return {**obj, "spec": spec, "metadata": {**obj["metadata"], "managedFields": entries}}


def _copied(obj: Object) -> Object:
    """Keep a source, copy or foreign object whole: the hooks read its managedFields."""
    return obj


TRIMS: dict[str, Trim] = {
    "CompositeController": _generated,
    "DecoratorController": _generated,
    "CustomResourceDefinition": _definition,
    "Namespace": _namespace,
    "ObjectSync": _ours,
    "SyncPolicy": _ours,
    "SyncSlice": _ours,
    "ValidatingAdmissionPolicy": _guard,
    "ValidatingAdmissionPolicyBinding": _guard,
}


def written(value: Any) -> str:
    """Return JSON with sorted keys in which whatever fits is on one line."""
    return _written(value, 0, 1) + "\n"


def _written(value: Any, indent: int, before: int) -> str:
    """Write a value of which `before` characters of its line are taken, beside the indent."""
    line = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if not value or not isinstance(value, dict | list) or indent + before + len(line) <= WIDTH:
        return line
    margin = " " * (indent + 2)
    if isinstance(value, list):
        return "[\n" + ",\n".join(margin + _written(item, indent + 2, 1) for item in value) + f"\n{' ' * indent}]"
    items = []
    for key in sorted(value):
        name = f"{json.dumps(key)}: "
        items.append(margin + name + _written(value[key], indent + 2, len(name) + 1))
    return "{\n" + ",\n".join(items) + f"\n{' ' * indent}}}"
