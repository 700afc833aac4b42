"""What the guard refuses to people, for histories: the rules of `metacontroller/admission/` about marks and requesters.

The rules for the engine's own writes are the rehearsal's. test_guard.py asks this guard what tests/attacks asks the API
server.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from object_syncer.kube import api
from simulation.model import SLICE, Json

_OBJECT_SYNC, _POLICY, _SLICE = "ObjectSync", "SyncPolicy", "SyncSlice"
_PLURALS = {"NetworkPolicy": "networkpolicies"}
"""The plurals that are not the kind in small letters and an s."""


@dataclass
class Guard:
    """An admission function of a cluster."""

    trusted: Collection[str]
    """Users whom no rule about marks concerns: administrators, Kubernetes itself, whoever restores backups."""
    may_read: Callable[[str, str], bool] = lambda user, namespace: True
    """Whether a user may `get` objects in a namespace."""
    in_force: bool = True

    def __call__(self, operation: str, user: str, old: Json | None, new: Json | None) -> str | None:
        """Return why a write is refused, None if it is not."""
        if not self.in_force or user == api.ENGINE_USER:
            return None
        if new is None:
            return _deletion(old) if old else None
        if new["kind"] == _OBJECT_SYNC:
            return self._requester(user, old, new)
        if user in self.trusted or not new["metadata"].get("namespace"):
            return None
        return _label(old, new) or _controller(old, new) or _owner(old, new)

    def _requester(self, user: str, old: Json | None, new: Json) -> str | None:
        source = new["spec"]["source"]
        home = source.get("namespace") or new["metadata"]["namespace"]
        if (old and old["spec"] == new["spec"]) or self.may_read(user, home):
            return None
        return f"who may not read the source may not copy it: {user} needs the verb get on {home}/{source['name']}"


def _deletion(old: Json) -> str | None:
    copies = old["kind"] == _POLICY and (old.get("status") or {}).get("controllers")
    return "deleting this SyncPolicy would delete all copies it made" if copies else None


def _label(old: Json | None, new: Json) -> str | None:
    before, after = _label_of(old), _label_of(new)
    if before == after:
        return None
    if old and _is_copy(old):
        return "the label sync.rustrial.org/slice belongs to Object Syncer; change the ObjectSync instead"
    return "this looks like a copy by Object Syncer, which would delete it" if after.startswith(_own(new)) else None


def _controller(old: Json | None, new: Json) -> str | None:
    owners = new["metadata"].get("ownerReferences") or ()
    if old and _is_copy(old) and any(each.get("controller") for each in owners if each not in _slices(new)):
        return "a SyncSlice is the controller of a copy by Object Syncer, which would not notice another one"
    return None


def _owner(old: Json | None, new: Json) -> str | None:
    before = (old["metadata"].get("ownerReferences") or ()) if old else ()
    if all(each in before for each in _slices(new)):
        return None
    return "a SyncSlice owns copies by Object Syncer only; remove the ownerReference"


def _slices(obj: Json) -> list[Json]:
    """Return the SyncSlices among the owners of an object."""
    owners = obj["metadata"].get("ownerReferences") or ()
    return [each for each in owners if each["kind"] == _SLICE and each["apiVersion"].startswith(f"{api.GROUP}/")]


def _is_copy(obj: Json) -> bool:
    return _label_of(obj).startswith(_own(obj)) and any(each.get("controller") for each in _slices(obj))


def _label_of(obj: Json | None) -> str:
    return str(((obj or {}).get("metadata", {}).get("labels") or {}).get(SLICE, ""))


def _own(obj: Json) -> str:
    """Return what the labels of copies of a type begin with."""
    plural = _PLURALS.get(obj["kind"], f"{obj['kind'].lower()}s").replace("-", "")
    return f"{plural[:20]}."
