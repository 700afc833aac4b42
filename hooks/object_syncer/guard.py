"""The names of the guard: the admission policies in metacontroller/admission/ that the API server itself enforces.

The rules are CEL in those files; `allows_write` says the same in Python, for engines that live in memory.
"""

from object_syncer import api
from object_syncer.api import Json

BINDING = "object-syncer-copies"
"""The ValidatingAdmissionPolicyBinding (and policy) that keeps the engine off foreign objects."""

ENGINE_USER = "system:serviceaccount:metacontroller:metacontroller"
"""Metacontroller's user where its own manifests or chart install it."""


def allows_write(old: Json, new: Json) -> bool:
    """Tell whether the engine may update `old` to `new`; both are the whole objects.

    It may make an object carry our marks only if it carried them before, or is a copy of the same source that lost
    its label by hand, or the new object says which conflict policy permits it.
    """
    was, now = old["metadata"], new["metadata"]
    annotations, was_annotations = now.get("annotations") or {}, was.get("annotations") or {}
    if api.SLICE_LABEL not in (now.get("labels") or {}) or api.SLICE_LABEL in (was.get("labels") or {}):
        return True
    if api.TAKEOVER_ANNOTATION in annotations:
        return True
    return (
        was_annotations.get(api.SOURCE_ANNOTATION, "") == annotations.get(api.SOURCE_ANNOTATION)
        and not any(owner.get("controller") for owner in was.get("ownerReferences") or ())
        and api.UPSTREAM_FINALIZER not in (was.get("finalizers") or ())
    )
