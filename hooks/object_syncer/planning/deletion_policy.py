"""Which ObjectSyncs retain the copies that they give up: `deletionPolicy: Retain`."""

from collections.abc import Iterable

from object_syncer.kube.meta import Json, is_terminating
from object_syncer.kube.types import ResourceType
from object_syncer.planning import discovery


def retains(item: Json) -> bool:
    """Tell whether copies of an ObjectSync or SyncSlice stay that go with it, a destination or the source."""
    return (item.get("spec") or {}).get("deletionPolicy") == "Retain"


def ending(object_syncs: Iterable[Json]) -> list[str]:
    """Return the uids of ObjectSyncs that are being deleted and whose copies stay."""
    return [item["metadata"]["uid"] for item in object_syncs if is_terminating(item) and retains(item)]


def unresolved(object_syncs: Iterable[Json]) -> dict[str, str]:
    """Return by uid the kind that ObjectSyncs whose copies stay ask for, where it is not known.

    One that is being deleted asks for nothing.
    """
    asked = ((item, item["spec"]["source"]) for item in object_syncs if retains(item) and not is_terminating(item))
    return {
        item["metadata"]["uid"]: source["kind"]
        for item, source in asked
        if not isinstance(discovery.known(source, item.get("status")), ResourceType)
    }
