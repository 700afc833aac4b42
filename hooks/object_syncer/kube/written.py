"""When an object was written, as its managedFields say: timestamps in whole seconds, which compare as text."""

from object_syncer.kube.meta import Json


def last(obj: Json) -> str:
    """Return when the object was written last, its status apart; "" if its managedFields do not say."""
    entries = obj["metadata"].get("managedFields") or ()
    return max((str(entry.get("time") or "") for entry in entries if not entry.get("subresource")), default="")
