"""Objects as they may be shown: without the values of Secrets."""

from object_syncer.kube.meta import Json

MASK = "***"
"""What is shown in place of a value."""

_VALUES = ("data", "stringData")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def masked(obj: Json) -> Json:
    """Return an object as it may be shown: a Secret with its keys but not its values, anything else as it is."""
    if (obj["apiVersion"], obj["kind"]) != ("v1", "Secret"):
        return obj
    hidden = {field: dict.fromkeys(obj[field], MASK) for field in _VALUES if isinstance(obj.get(field), dict)}
    meta = obj["metadata"]
    annotations = meta.get("annotations") or {}
    if _LAST_APPLIED in annotations:
        meta = {**meta, "annotations": {**annotations, _LAST_APPLIED: MASK}}
    return {**obj, **hidden, "metadata": meta}
