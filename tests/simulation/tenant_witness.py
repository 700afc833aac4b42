"""A watch of what tenants and the engine write: notes what neither may do."""

from __future__ import annotations

from typing import Any

from memcluster.store import Event
from simulation import model, tenancy
from simulation.tenancy import Place
from simulation.tenant_world import EDITORS, HOMES, World

Json = dict[str, Any]


class Witness:
    """Reads the cluster's events whenever `look` is called."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._watch = world.cluster.watch()
        self._untouched: dict[str, Place] = {}
        """Objects of people (by uid) that never had a mark of a copy: nobody else may write or delete them."""
        self._permitted: set[tuple[str, Place]] = set()
        """Where the platform might take what others created, at some time since the last rest: how, and the place."""
        self.spoiled: set[str] = set()
        """Copies (by uid) from which people took a mark: they may be foreign objects now."""
        self.wrongs: list[str] = []

    def look(self) -> None:
        """Read what happened since the last call, then who may overwrite what from now on."""
        for event in self._watch.drain():
            if event.key.resource.plural == self._world.kind.plural:
                self._notice(event)
            elif event.key.resource.plural == "objectsyncs" and event.user in HOMES and event.new:
                self._check_requester(event.user, event.old, event.new)
        self._note_permits()

    def forget_permits(self) -> None:
        """Count only what is permitted now: the engine is at rest."""
        self._permitted.clear()
        self._note_permits()

    def _notice(self, event: Event) -> None:
        old, new, place = event.old, event.new, (event.key.namespace, event.key.name)
        uid = (new or old or {})["metadata"]["uid"]
        if event.user in EDITORS:
            if new is None:
                self._untouched.pop(uid, None)
            elif old is None and not _is_marked(new):
                self._untouched[uid] = place
            elif _is_marked(new):
                self._untouched.pop(uid, None)
            if old and new and _is_marked(old) and _marks_of(old) != _marks_of(new):
                self.spoiled.add(uid)
            if self._world.guard.in_force and event.user != "admin":
                self._check_guarded(event, place)
        elif uid in self._untouched:
            del self._untouched[uid]
            adopted = old and new and model.body(old) == model.body(new) and ("Adopt", place) in self._permitted
            if not adopted and ("Overwrite", place) not in self._permitted:
                self.wrongs.append(f"{event.user} wrote to {place}, an object of a tenant")

    def _check_guarded(self, event: Event, place: Place) -> None:
        """A tenant wrote this under the guard: it is none of what the engine would take for a copy."""
        old, new = event.old, event.new
        if new is None:
            return
        own = f"{self._world.kind.plural}."
        label, before = tenancy.label(new), tenancy.label(old) if old else ""
        if label.startswith(own) and label != before:
            self.wrongs.append(f"{event.user} put the label of a copy on {place}")
        was_copy = old and before.startswith(own) and tenancy.owner(old, "SyncSlice")
        if was_copy and tenancy.owner(new) != tenancy.owner(new, "SyncSlice"):
            self.wrongs.append(f"{event.user} gave the copy {place} another controller")

    def _check_requester(self, user: str, old: Json | None, new: Json) -> None:
        source = new["spec"]["source"]["namespace"]
        if self._world.guard.in_force and source not in EDITORS[user] and (old is None or old["spec"] != new["spec"]):
            self.wrongs.append(f"{user} has an object of {source} copied, which it may not read")

    def _note_permits(self) -> None:
        for claim in tenancy.claims(self._world.cluster):
            self._permitted |= {(claim.takes, place) for place in claim.wants}


def _is_marked(obj: Json) -> bool:
    """Tell whether an object has what the engine may take for the mark of a copy."""
    label = tenancy.label(obj)
    owned = bool(obj["metadata"].get("ownerReferences"))
    return owned or bool(label and not label.startswith("secrets.")) or bool(tenancy.copied_from(obj))


def _marks_of(obj: Json) -> tuple[Any, ...]:
    meta = obj["metadata"]
    return tenancy.label(obj), meta.get("ownerReferences"), tenancy.copied_from(obj)
