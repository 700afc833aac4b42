"""A watch of every write to the cluster: it knows who owns each object, and notes writes that are never allowed.

The engine may create, change and delete copies, slices, controllers and statuses. It never writes to what users
created unless a conflict policy permits it, and it never deletes that.
"""

from __future__ import annotations

from datetime import datetime

from memcluster import Cluster
from memcluster.store import Event, Key
from object_syncer.kube import api
from simulation import model
from simulation.model import Json, Path, Place

_KINDS = {kind.plural: kind for kind in model.COPIED}
_BYSTANDERS = ("namespaces", "customresourcedefinitions", "validatingadmissionpolicybindings")
_SPEC_ONLY = ("objectsyncs", "syncpolicies")


class Witness:
    """Reads the cluster's events whenever `look` is called."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._watch = cluster.watch()
        self.own: dict[Place, Json] = {}
        """What users created, as they left it, as long as it has not become a copy."""
        self.disowned: set[str] = set()
        """uids of copies from which users removed a mark, until it is back."""
        self.written: dict[str, set[Path]] = {}
        """uid -> fields that users wrote and the engine has not changed since."""
        self.permits: dict[Place, list[tuple[str, Place]]] = {}
        """Where the engine may take over what users created: conflict policy and source of each ObjectSync that may."""
        self.unguarded = False
        """Whether the guard was missing at some time since the last rest."""
        self.unnoticed = False
        """Whether users removed label and ownerReference of a copy in one write, of which no event tells the engine."""
        self._living: dict[Place, str] = {}
        """The copies that are not being deleted, by the SyncSlice that owns them."""
        self.wrongs: list[str] = []

    def look(self) -> None:
        """Read what happened since the last call."""
        for event in self._watch.drain():
            if event.key.resource.plural in _KINDS:
                self._notice(event)
                self._note_living(event)
            elif event.key.resource.plural == "syncslices":
                self._notice_slice(event)
            elif event.user == api.ENGINE_USER:
                self._notice_bystander(event)

    def _notice(self, event: Event) -> None:
        place = (_KINDS[event.key.resource.plural].kind, event.key.namespace, event.key.name)
        old, new = event.old, event.new
        if event.user == api.ENGINE_USER:
            self._check_engine_write(place, event)
            if new is not None:
                self._note_engine_fields(old, new)
                if _is_whole(new):
                    self.disowned.discard(new["metadata"]["uid"])
                elif new["metadata"]["uid"] in self.disowned and not _has_label(new) and not _is_owned(new):
                    self.own[place] = new
        elif new is None:
            self.own.pop(place, None)
        else:
            self._note_user_fields(old, new)
            self.unnoticed = self.unnoticed or bool(
                old and _is_owned(old) and not _is_owned(new) and not _has_label(new)
            )
            if old is None or place in self.own or not (_has_label(new) or _is_owned(new)):
                self.own[place] = new
            elif _is_whole(old) and not _is_whole(new):
                self.disowned.add(new["metadata"]["uid"])
        if new is None and old is not None:
            self.written.pop(old["metadata"]["uid"], None)

    def _check_engine_write(self, place: Place, event: Event) -> None:
        mine, new = self.own.get(place), event.new
        if mine is None:
            return
        if new is None:
            self.wrongs.append(f"the engine deleted what a user created: {_shown(event.key)}")
        elif not _is_whole(new):
            self.wrongs.append(f"the engine changed what a user created: {_shown(event.key)}")
        elif not self._permitted(place, mine, new):
            self.wrongs.append(f"the engine took over what a user created: {_shown(event.key)}")
        self.own.pop(place)

    def _permitted(self, place: Place, mine: Json, new: Json) -> bool:
        if self.unguarded:
            return True
        copy_of = new["metadata"]["annotations"][model.SOURCE]
        for policy, source in self.permits.get(place, ()):
            if f"{source[1]}/{source[2]}" != copy_of:
                continue
            if model.is_ours(mine, source):
                return True
            if not model.may_overwrite(mine):
                return False
            if policy == "Overwrite":
                return True
            upstream = (mine["metadata"].get("annotations") or {}).get(model.SOURCE) == copy_of
            if policy == "Adopt" and (upstream or model.body(mine) == model.body(new)):
                return True
        return False

    def _note_living(self, event: Event) -> None:
        place = (_KINDS[event.key.resource.plural].kind, event.key.namespace, event.key.name)
        self._living.pop(place, None)
        if event.new is not None and _is_whole(event.new) and not model.is_terminating(event.new):
            owners = event.new["metadata"]["ownerReferences"]
            self._living[place] = next(owner["name"] for owner in owners if owner["kind"] == "SyncSlice")

    def _notice_slice(self, event: Event) -> None:
        """Note a slice that the engine deleted before it was drained: its ObjectSync may be gone before its copies.

        That is allowed if its CRD may be deleted, or if draining has taken longer than the drain timeout.
        """
        if event.new is not None or event.user != api.ENGINE_USER or event.old is None:
            return
        began = event.old["spec"].get("draining")
        if began and (self._cluster.clock - datetime.fromisoformat(began)).total_seconds() > 60:
            return
        for place, owner in self._living.items():
            if owner == event.key.name and place[0] != model.WIDGET.kind:
                self.wrongs.append(f"the engine dropped SyncSlice {owner} before {'/'.join(place)} was deleted")

    def _notice_bystander(self, event: Event) -> None:
        plural, old, new = event.key.resource.plural, event.old, event.new
        if plural in _BYSTANDERS:
            self.wrongs.append(f"the engine wrote to {_shown(event.key)}")
        if plural in _SPEC_ONLY and new is not None and (old is None or old["spec"] != new["spec"]):
            self.wrongs.append(f"the engine changed the spec of {_shown(event.key)}")

    def _note_user_fields(self, old: Json | None, new: Json) -> None:
        before, after = model.content(old) if old else {}, model.content(new)
        changed = {path for path, value in after.items() if path not in before or before[path] != value}
        written = self.written.setdefault(new["metadata"]["uid"], set())
        written |= changed

    def _note_engine_fields(self, old: Json | None, new: Json) -> None:
        written = self.written.get(new["metadata"]["uid"])
        if written and old:
            before, after = model.content(old), model.content(new)
            written -= {path for path in written if before.get(path) != after.get(path)}


def _is_whole(obj: Json) -> bool:
    """Tell whether an object has the marks by which the engine knows its children."""
    return _has_label(obj) and _is_owned(obj)


def _has_label(obj: Json) -> bool:
    return model.SLICE in (obj["metadata"].get("labels") or {})


def _is_owned(obj: Json) -> bool:
    return any(owner["kind"] == "SyncSlice" for owner in obj["metadata"].get("ownerReferences") or ())


def _shown(key: Key) -> str:
    return f"{key.resource.plural} {key.namespace}/{key.name}"
