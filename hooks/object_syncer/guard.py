"""The names of the guard: the admission policies in metacontroller/admission/ that the API server itself enforces.

The rules are CEL in those files; `allows_write` says the same in Python, for engines that live in memory.
"""

from object_syncer import api
from object_syncer.api import Json

BINDING = "object-syncer-copies"
"""The ValidatingAdmissionPolicyBinding (and policy) that keeps the engine off foreign objects."""

ENGINE_USER = "system:serviceaccount:metacontroller:metacontroller"
"""Metacontroller's user where its own manifests or chart install it."""


def allows_write(old: Json | None, new: Json) -> bool:
    """Tell whether the engine may create `new`, or update `old` to it; both are the whole objects.

    A copy stays in the hands of its slice. Any other object may become one only if it has no controller, and is a
    copy of the same source that lost its label by hand, or the new object says which conflict policy permits it.
    What the engine's dynamic-apply mode writes is never allowed: it corrupts lists and shows Secrets in annotations.
    """
    was, now = (old or {}).get("metadata") or {}, new["metadata"]
    label, was_label = ((meta.get("labels") or {}).get(api.SLICE_LABEL) for meta in (now, was))
    annotations, was_annotations = now.get("annotations") or {}, was.get("annotations") or {}
    if label is None:
        return True
    if api.LAST_APPLIED_ANNOTATION in annotations.keys() - was_annotations.keys():
        return False
    if old is None or label == was_label:
        return True
    if any(owner.get("controller") for owner in was.get("ownerReferences") or ()):
        return False
    return api.TAKEOVER_ANNOTATION in annotations or (
        was_annotations.get(api.SOURCE_ANNOTATION, "") == annotations.get(api.SOURCE_ANNOTATION)
        and api.UPSTREAM_FINALIZER not in (was.get("finalizers") or ())
    )
