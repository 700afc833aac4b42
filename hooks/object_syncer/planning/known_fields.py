"""The fields of our kinds that these hooks know: a spec with any other is refused rather than read by half.

The API server drops what the CRDs do not have. So an unknown field means that the CRDs are newer than the hooks, for
example after a rollback, and that the field may well limit what is copied.
"""

from collections.abc import Mapping
from typing import Any

from object_syncer.status import reasons
from object_syncer.status.problem import Problem

Fields = Mapping[str, Any]
"""Field -> the fields below it, also of each item of a list; None: what is below is not checked."""

_NAMED_OBJECT: Fields = dict.fromkeys(("namespace", "name"))

_LABEL_SELECTOR: Fields = {"matchLabels": None, "matchExpressions": dict.fromkeys(("key", "operator", "values"))}

_METADATA: Fields = dict.fromkeys(("include", "exclude", "set"))

_COPY: Fields = {
    "labels": _METADATA,
    "annotations": _METADATA,
    "data": dict.fromkeys(("include", "exclude", "rename")),
    "patches": dict.fromkeys(("op", "path", "from", "value")),
}

OBJECT_SYNC: Fields = {
    "source": dict.fromkeys(("group", "kind", "name", "version", "namespace", "resource")),
    "destinations": {
        **dict.fromkeys(("namespace", "name", "strategy", "exclude")),
        "copy": _COPY,
        "namespaceSelector": _LABEL_SELECTOR,
    },
    "copy": _COPY,
    "conflictPolicy": None,
    "suspend": None,
    "deletionPolicy": None,
}
"""The spec of an ObjectSync."""

SYNC_POLICY: Fields = {
    "watchNamespaces": None,
    "sourceNamespaces": None,
    "sourceNamespaceSelector": _LABEL_SELECTOR,
    "targetNamespaces": None,
    "targetNamespaceSelector": _LABEL_SELECTOR,
    "allowedResources": dict.fromkeys(("apiGroups", "resources")),
    "priority": None,
    "conflictPolicies": None,
    "transforms": None,
    "sourceConsent": None,
    "maxCopies": None,
    "guard": None,
}
"""The spec of a SyncPolicy."""

SYNC_SLICE: Fields = {
    "index": None,
    "policy": None,
    "objectSync": dict.fromkeys(("namespace", "name", "uid", "generation")),
    "resource": dict.fromkeys(("apiVersion", "kind", "resource", "namespaced")),
    "source": _NAMED_OBJECT,
    "selector": {"matchLabels": None, "matchExpressions": dict.fromkeys(("key", "operator", "values"))},
    "copy": _COPY,
    "groups": {**dict.fromkeys(("name", "strategy", "namespaces")), "copy": _COPY},
    "problems": dict.fromkeys(("reason", "message", "name", "namespaces", "strategy", "count", "advisory")),
    "conflictPolicy": None,
    "probes": _NAMED_OBJECT,
    "showSynced": None,
    "draining": None,
    "unseen": None,
    "namespaceLabels": None,
    "suspend": None,
    "sourceConsent": None,
    "deletionPolicy": None,
    "leaving": {"label": None, "groups": dict.fromkeys(("name", "namespaces"))},
}
"""The spec of a SyncSlice."""


def problem(spec: object, known: Fields) -> Problem | None:
    """Return the problem that names the first unknown field of a spec, None if all are known."""
    field = _unknown(spec, known, "spec")
    if not field:
        return None
    message = f"{field}: this version of Object Syncer does not know the field: upgrade it, or remove the field"
    return Problem(reasons.UNKNOWN_FIELD, message)


def _unknown(value: object, known: Fields, path: str) -> str:
    """Return the path of the first unknown field, "" if there is none; values of a wrong type have none."""
    if isinstance(value, list):
        below = (_unknown(item, known, f"{path}[{index}]") for index, item in enumerate(value))
        return next(filter(None, below), "")
    if not isinstance(value, dict):
        return ""
    for key, item in value.items():
        if key not in known:
            return f"{path}.{key}"
        found = _unknown(item, known[key], f"{path}.{key}") if known[key] is not None else ""
        if found:
            return found
    return ""
