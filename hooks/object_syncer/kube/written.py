"""When an object was written, as its managedFields say: timestamps in whole seconds, which compare as text."""

from object_syncer.kube.meta import Json


def last(obj: Json) -> str:
    """Return when the object was written last, its status apart; "" if its managedFields do not say."""
    return _last(obj, "")


def status_last(obj: Json) -> str:
    """Return when the status of the object was written last; "" if its managedFields do not say."""
    return _last(obj, "status")


def _last(obj: Json, subresource: str) -> str:
    entries = obj["metadata"].get("managedFields") or ()
    times = (str(entry.get("time") or "") for entry in entries if (entry.get("subresource") or "") == subresource)
    return max(times, default="")
