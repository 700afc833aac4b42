"""A cluster for tenants: somebody changes copies whenever they are written, and the engine may not write everywhere."""

from __future__ import annotations

from memcluster.objects import Json, copy
from object_syncer.kube import api
from simulation import model
from simulation.faults import FaultyCluster

LATER = "value, later"
LABELS = {"managed-by": model.MANAGED_BY[0], "own label": "team.dev/rival"}
KINDS = ("value", LATER, *LABELS)
"""What somebody does to a copy: a webhook sets another value, or one of LABELS; a controller does it later."""


class ContestedCluster(FaultyCluster):
    """The writes of the engine may be changed, as by an admission webhook, or refused, as by RBAC."""

    def __init__(self) -> None:
        self.rivals: dict[tuple[str, str], str] = {}
        """(namespace, name) of a copy -> what somebody does to it, one of KINDS."""
        self.locked: set[str] = set()
        """Where the engine may not write."""
        super().__init__()
        self.admission.append(self._deny)

    def _deny(self, operation: str, user: str, old: Json | None, new: Json | None) -> str | None:
        where = ((new or old) or {}).get("metadata", {}).get("namespace")
        return f"{user} cannot {operation} here" if user == api.ENGINE_USER and where in self.locked else None

    def apply(self, obj: Json, *, user: str = "admin", manager: str = "", force: bool = False) -> Json:
        """Apply an object, as a webhook makes it; a controller changes it after that."""
        meta = obj["metadata"]
        how = self.rivals.get((meta.get("namespace", ""), meta["name"])) if user == api.ENGINE_USER else None
        if how != LATER:
            return super().apply(_rivalled(obj, how) if how else obj, user=user, manager=manager, force=force)
        applied = super().apply(obj, user=user, manager=manager, force=force)
        self.update(_rivalled(applied, how), user="rival")
        return applied


def _rivalled(obj: Json, how: str) -> Json:
    changed = copy(obj)
    if how not in LABELS:
        values_of(changed)["k"] = "rival"
    else:
        changed["metadata"]["labels"][LABELS[how]] = "rival"
    return changed


def is_rivalled(obj: Json, how: str) -> bool:
    """Tell whether an object is as a webhook makes it."""
    found = obj["metadata"]["labels"] if how in LABELS else values_of(obj)
    return bool(found.get(LABELS.get(how, "k")) == "rival")


def path(how: str) -> str:
    """Return what the JSON pointer of what somebody changes ends with."""
    return f"/{LABELS.get(how, 'k')}".replace("/", "~1").replace("~1", "/", 1)


def values_of(obj: Json) -> Json:
    """Return the map in which an object of these histories has its value; it is made where there is none.

    There is none in what the engine applies of a copy that somebody fights for, while it waits.
    """
    if obj["kind"] == "ConfigMap":
        values: Json = obj.setdefault("data", {})
    else:
        values = obj.setdefault("spec", {}).setdefault("podSelector", {}).setdefault("matchLabels", {})
    return values
