"""Which function answers which hook URL: /v1/{policy,slice,stall,objectsync}/{customize,sync,finalize}, heartbeat."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from object_syncer.kube import metacontroller
from object_syncer.kube.meta import Json
from object_syncer.kube.metacontroller import Request
from object_syncer.parents import heartbeat, objectsync, stall, syncpolicy, syncslice

Hook = Callable[[Request, datetime], Json]
HookWithEtag = Callable[[Request, str, datetime], tuple[Json, str]]

_POLICY = ("SyncPolicy", ("spec",))
_SLICE = (
    "SyncSlice",
    (
        "spec.resource.apiVersion",
        "spec.resource.kind",
        "spec.resource.resource",
        "spec.source.namespace",
        "spec.source.name",
    ),
)
_OBJECTSYNC = (
    "ObjectSync",
    (
        "metadata.namespace",
        "metadata.generation",
        "spec.source.group",
        "spec.source.kind",
        "spec.source.name",
        "spec.destinations",
    ),
)

PLANNER = "/v1/policy/sync"

ROUTES: dict[str, tuple[tuple[str, tuple[str, ...]], Hook]] = {
    "/v1/policy/customize": (_POLICY, syncpolicy.customize),
    PLANNER: (_POLICY, syncpolicy.sync),
    "/v1/slice/customize": (_SLICE, syncslice.customize),
    "/v1/slice/sync": (_SLICE, syncslice.sync),
    "/v1/stall/customize": (_SLICE, stall.customize),
    "/v1/objectsync/customize": (_OBJECTSYNC, objectsync.customize),
    "/v1/objectsync/sync": (_OBJECTSYNC, objectsync.sync),
    "/v1/objectsync/finalize": (_OBJECTSYNC, objectsync.finalize),
}
"""Path -> what its parent must be (kind, required fields), and the function."""


HEARTBEAT, STALL = "/v1/policy/heartbeat", "/v1/stall/sync"

WITH_ETAG: dict[str, tuple[tuple[str, tuple[str, ...]], HookWithEtag]] = {
    HEARTBEAT: (_POLICY, heartbeat.sync),
    STALL: (_SLICE, stall.sync),
}
"""The same for hooks that take the ETag of their last answer, which the engine keeps, and give a new one."""


def answer(path: str, body: Any, now: datetime) -> Json:
    """Answer the body posted to one of ROUTES. Raises BadRequest for a body the engine would not send."""
    (kind, required), hook = ROUTES[path]
    return hook(metacontroller.parse(body, kind, required), now)


def answer_with_etag(path: str, body: Any, etag: str, now: datetime) -> tuple[Json, str]:
    """Answer the body posted to one of WITH_ETAG with `If-None-Match: etag`; return the answer and its ETag.

    Raises BadRequest for a body the engine would not send.
    """
    (kind, required), hook = WITH_ETAG[path]
    return hook(metacontroller.parse(body, kind, required), etag, now)


def repeats(body: Any, answered: Json) -> bool:
    """Tell whether the answer to a body that was posted to PLANNER leaves all SyncSlices as they are."""
    return syncpolicy.repeats(metacontroller.parse(body, *_POLICY).children, answered["children"])
