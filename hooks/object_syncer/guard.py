"""The names of the guard: the admission policies in metacontroller/admission/ that the API server itself enforces.

The rules are CEL in those files; `allows_write` says the same in Python, for engines that live in memory.
"""

from datetime import datetime

from object_syncer import api
from object_syncer.api import Json

NAME = "object-syncer-copies"
"""Of the ValidatingAdmissionPolicy that keeps the engine off foreign objects, and of its binding."""

ENGINE_USER = "system:serviceaccount:metacontroller:metacontroller"
"""Metacontroller's user where its own manifests or chart install it."""


SETTLES_SECONDS = 4
"""How long after a change of policy or binding every API server enforces it; each looks once a second."""


def denies(policy: Json | None, binding: Json | None) -> bool:
    """Tell whether both are there and the binding denies, rather than warns or audits only."""
    if policy is None or binding is None:
        return False
    spec = binding.get("spec") or {}
    return "Deny" in spec.get("validationActions", ("Deny",))


def is_fresh(part: Json, now: datetime) -> bool:
    """Tell whether policy or binding was created or changed so recently that API servers may not enforce it yet."""
    meta = part.get("metadata") or {}
    changed = [meta.get("creationTimestamp"), *(entry.get("time") for entry in meta.get("managedFields") or ())]
    return any(-SETTLES_SECONDS < _age(stamped, now) < SETTLES_SECONDS for stamped in changed if stamped)


def _age(stamped: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(stamped)).total_seconds()


def may_be_taken(found: Json) -> bool:
    """Tell whether an object that is no copy may ever become one.

    Not if it has a controller: the API server lets an object have one only. Not if it has the original Object Syncer's
    finalizer: server-side apply cannot take that away, and nobody else will, so it could never be deleted.
    """
    finalizers = found["metadata"].get("finalizers") or ()
    return api.controller_of(found) is None and api.UPSTREAM_FINALIZER not in finalizers


def allows_write(old: Json | None, new: Json) -> bool:
    """Tell whether the engine may create `new`, or update `old` to it; both are the whole objects.

    A copy stays in the hands of its slice. Any other object may become one only if it may be taken, and is a copy of
    the same source that lost its label by hand, or the new object says which conflict policy permits it.
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
    if not may_be_taken(old):
        return False
    return api.TAKEOVER_ANNOTATION in annotations or was_annotations.get(api.SOURCE_ANNOTATION, "") == annotations.get(
        api.SOURCE_ANNOTATION
    )
