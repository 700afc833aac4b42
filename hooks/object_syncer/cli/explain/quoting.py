"""What a dump shows of the cluster itself: the status of ObjectSyncs, and events about SyncSlices."""

from collections.abc import Iterator

from object_syncer.cli.input.reading import Input
from object_syncer.cli.simulate.outcome import condition_of
from object_syncer.kube.meta import Json
from object_syncer.status import destination
from object_syncer.status.destination import State


def has_status(object_sync: Json) -> bool:
    """Tell whether an ObjectSync has conditions."""
    return bool((object_sync.get("status") or {}).get("conditions"))


def is_well(object_sync: Json) -> bool:
    """Tell whether an ObjectSync is Ready and InSync."""
    return all(condition_of(object_sync, type_).get("status") == "True" for type_ in ("Ready", "InSync"))


def failures(object_sync: Json, state: State) -> list[str]:
    """Return what the status of an ObjectSync says of a destination, given as a state, unless it is in sync there."""
    return [
        f"{entry['state']}: {entry.get('reason')}: {entry.get('message')}"
        for entry in (object_sync.get("status") or {}).get("destinations") or ()
        if (entry.get("namespace"), entry.get("name")) == (state.namespace, state.name)
        and entry.get("state") not in (None, destination.SYNCED)
    ]


def events(found: Input, place: str) -> Iterator[str]:
    """Yield the messages of events of SyncSlices that name a copy, given as namespace/name."""
    for item in found.given:
        if item.obj["kind"] == "Event":
            subject = item.obj.get("involvedObject") or item.obj.get("regarding") or {}
            message = str(item.obj.get("message") or item.obj.get("note") or "")
            if isinstance(subject, dict) and subject.get("kind") == "SyncSlice" and place in message:
                yield message
