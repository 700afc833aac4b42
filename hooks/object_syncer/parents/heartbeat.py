"""The heartbeat: ends an outage of the hooks soon, though nothing is looked at on a schedule.

While hooks do not answer, the engine retries each parent with pauses that double, up to 17 minutes. So a second
controller of SyncPolicies calls this hook every few seconds, with next to nothing in the request. The answer carries
the time as its ETag, which the engine keeps in memory and sends with the next call: a gap since then means that there
was an outage. The annotation written in that case wakes the planner, all ObjectSyncs and all SyncSlices.
"""

from datetime import datetime

from object_syncer.kube import api, clock, metacontroller, times
from object_syncer.kube.meta import Json
from object_syncer.kube.metacontroller import Request


def sync(request: Request, etag: str, now: datetime) -> tuple[Json, str]:
    """Return the answer and its ETag; `etag` is that of the last answer that the engine got, "" for none.

    After an outage the ETag stays as it is until the annotation is there, because the engine's write may fail.
    """
    stamp, age = clock.stamp(now), clock.age(etag, now)
    woken = clock.age((request.parent["metadata"].get("annotations") or {}).get(api.RESYNC_ANNOTATION), now)
    if age <= times.OUTAGE or 0 < woken < age:
        return metacontroller.decorator(None), stamp
    if 0 < woken < times.RESYNC_PAUSE:
        return metacontroller.decorator(None), etag
    return metacontroller.decorator(None, annotations={api.RESYNC_ANNOTATION: stamp}), etag
