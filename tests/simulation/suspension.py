"""Suspended ObjectSyncs: whether the engine leaves their copies alone, from the moment when it has come to rest on."""

from __future__ import annotations

from collections.abc import Iterable

from memcluster import Cluster
from memcluster.housekeeping import GARBAGE_COLLECTOR
from memcluster.store import Event
from object_syncer.kube import api
from simulation import model
from simulation.model import Json

_COPIED = frozenset(kind.plural for kind in model.COPIED)


class Stillness:
    """A watch of what is written to copies of suspended ObjectSyncs; `look` reads it."""

    def __init__(self, cluster: Cluster) -> None:
        self._watch = cluster.watch()
        self._owners: dict[str, str] = {}
        """SyncSlice -> uid of its ObjectSync."""
        self._still: set[str] = set()
        """uids of ObjectSyncs that were suspended at a rest, and have been since."""
        self.wrongs: list[str] = []

    def look(self) -> None:
        """Read what happened since the last call."""
        for event in self._watch.drain():
            match event.key.resource.plural:
                case "objectsyncs" if event.new is None or not is_suspended(event.new):
                    self._still -= {each["metadata"]["uid"] for each in (event.old, event.new) if each}
                case "syncslices" if event.new:
                    self._owners[event.key.name] = event.new["spec"]["objectSync"]["uid"]
                case "syncpolicies" if event.new is None:  # with it go its slices, and their copies
                    self._still.clear()
                case plural if plural in _COPIED:
                    self._notice(event)

    def begin(self, object_syncs: Iterable[Json]) -> None:
        """Watch the ObjectSyncs that are suspended; the engine is at rest."""
        self._still = {each["metadata"]["uid"] for each in object_syncs if is_suspended(each)}

    def _notice(self, event: Event) -> None:
        if event.user not in (api.ENGINE_USER, GARBAGE_COLLECTOR) or (event.old and model.is_terminating(event.old)):
            return
        uids = {self._owners.get(name) for each in (event.old, event.new) if each for name in owners(each)}
        # The engine takes back what only lost its owner, and gives up what lost its label.
        if uids & self._still and not (event.old and event.new and _same_but_owner(event.old, event.new)):
            where = f"{event.key.resource.plural} {event.key.namespace}/{event.key.name}"
            self.wrongs.append(f"{where} was written or deleted though its ObjectSync is suspended")


def is_suspended(object_sync: Json) -> bool:
    """Tell whether nothing may be written or deleted for an ObjectSync: not once it is being deleted itself."""
    return object_sync["spec"].get("suspend") is True and not model.is_terminating(object_sync)


def owners(obj: Json) -> list[str]:
    """Return the names of the SyncSlices that own an object."""
    return [each["name"] for each in obj["metadata"].get("ownerReferences") or () if each["kind"] == "SyncSlice"]


def _same_but_owner(old: Json, new: Json) -> bool:
    return model.content(old) == model.content(new) and not model.is_terminating(new)
