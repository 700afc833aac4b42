"""Whether the guard is in force: the admission policy by which the API server keeps the engine off foreign objects.

The rules themselves are CEL, in metacontroller/admission/.
"""

from datetime import datetime

from object_syncer.kube import api, times
from object_syncer.kube.meta import Json
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

SETTLING = Problem(reasons.GUARD_MISSING, "the API server is about to put the guard in force")

_MISSING = Problem(
    reasons.GUARD_MISSING,
    f"there is no ValidatingAdmissionPolicy {api.GUARD} with a binding that denies, which keeps foreign objects from "
    "being overwritten: install metacontroller/admission, or set spec.guard to None",
)


def problem(policy: Json | None, binding: Json | None, now: datetime) -> Problem | None:
    """Return why the guard cannot be relied on, None if it can; a fresh one is SETTLING."""
    if not denies(policy, binding):
        return _MISSING
    if any(part and _is_fresh(part, now) for part in (policy, binding)):
        return SETTLING
    return None


def denies(policy: Json | None, binding: Json | None) -> bool:
    """Tell whether both exist and the binding denies, rather than warns or audits only."""
    if policy is None or binding is None:
        return False
    spec = binding.get("spec") or {}
    return "Deny" in spec.get("validationActions", ("Deny",))


def _is_fresh(part: Json, now: datetime) -> bool:
    """Tell whether policy or binding was created or changed so recently that API servers may not enforce it yet."""
    meta = part.get("metadata") or {}
    changed = [meta.get("creationTimestamp"), *(entry.get("time") for entry in meta.get("managedFields") or ())]
    return any(-times.GUARD_SETTLES < _age(stamp, now) < times.GUARD_SETTLES for stamp in changed if stamp)


def _age(stamp: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(stamp)).total_seconds()
