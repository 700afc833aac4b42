"""The names of the guard: the admission policies in metacontroller/admission/ that the API server itself enforces.

The rules are CEL in those files; `allows_write` says the same in Python, for engines that live in memory.
"""

from datetime import datetime

from object_syncer.kube.meta import Json

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
