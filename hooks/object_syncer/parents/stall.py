"""The watch of SyncSlices: it notices one that does not follow its source, and marks it.

If the engine may not adopt or release an object, or the slice's hook fails, the sync of a SyncSlice ends before its
status is written: the last one stays, and looks as if all were well. A second controller of SyncSlices calls this hook.
It has no children, so nothing can end its syncs. It looks at what a slice says of itself: the version of the source in
its status, and the time of its last sign of life. It has no memory: since when a slice lags behind is in the ETag of
its answer, which the engine keeps and sends with the next call. So it writes nothing unless a slice is stalled.
"""

from datetime import datetime

from object_syncer.kube import api, clock, metacontroller, times, types
from object_syncer.kube.meta import Json, is_terminating
from object_syncer.kube.metacontroller import Request
from object_syncer.planning import controllers, slice_spec
from object_syncer.status import problem, stalls, summary

_NOTHING = "-"
"""The ETag of a slice that follows. The engine keeps the last one if there is none in an answer."""


def customize(request: Request, _now: datetime) -> Json:
    """Watch the source of a slice that makes copies of it.

    Every controller of this kind asks this for every slice and keeps the answer, so it depends on the spec alone.
    """
    spec = request.parent["spec"]
    if not controllers.serves(request.controller, spec) or not _makes_copies(spec):
        return metacontroller.rules([])
    type_, source = types.load(spec["resource"]), spec["source"]
    rule = metacontroller.rule(type_.api_version, type_.plural, namespace=source["namespace"], names=[source["name"]])
    return metacontroller.rules([rule])


def sync(request: Request, etag: str, now: datetime) -> tuple[Json, str]:
    """Return the answer and its ETag; `etag` is that of the last answer that the engine got, "" for none."""
    item = request.parent
    marked = stalls.marked(item)
    if not _lags_behind(request, now):
        return _answer(marked, None), etag and _NOTHING
    reported = stalls.report(item)
    since = stalls.since(etag, reported) or stalls.since(marked, reported) or clock.stamp(now)
    mark = stalls.mark(since, reported)
    left = times.STALLED_AFTER - int(clock.age(since, now))
    return (_answer(marked, mark) if left <= 0 else metacontroller.decorator(None, left)), mark


def _answer(marked: str, mark: str | None) -> Json:
    """Return the answer for a slice that should have a mark, or none; a conflict with another write is not retried."""
    if (marked or None) == mark:
        return metacontroller.decorator(None, times.STALLED_RETRY_MAX if mark else 0.0)
    return metacontroller.decorator(None, times.STALLED_RETRY_MIN, annotations={api.STALLED_ANNOTATION: mark})


def _makes_copies(spec: Json) -> bool:
    """Tell whether a slice makes copies of its source: one that gives them up, or may not have any, does not."""
    if spec.get("draining") or slice_spec.is_releasing(spec):
        return False
    return bool(spec.get("groups")) or problem.blocking(spec.get("problems")) is None


def _lags_behind(request: Request, now: datetime) -> bool:
    """Tell whether the status of a slice is not about its present spec and source, or is old; a new slice has time."""
    item, spec = request.parent, request.parent["spec"]
    if not _makes_copies(spec) or not summary.was_reported(item):
        return False
    type_ = types.load(spec["resource"])
    related = request.related.of(type_.api_version, type_.kind)
    source = related.get(f"{spec['source']['namespace']}/{spec['source']['name']}")
    version = "" if source is None or is_terminating(source) else source["metadata"]["resourceVersion"]
    return not summary.is_current(item) or stalls.source_version(item) != version or stalls.is_silent(item, now)
