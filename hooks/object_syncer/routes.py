"""Which function answers which hook URL: /v1/{policy,slice,objectsync}/{customize,sync,finalize}."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from object_syncer import envelope
from object_syncer.api import Json
from object_syncer.envelope import Request
from object_syncer.parents import objectsync, policy, slice

Hook = Callable[[Request, datetime], Json]

ROUTES: dict[str, tuple[str, Hook]] = {
    "/v1/policy/customize": ("SyncPolicy", policy.customize),
    "/v1/policy/sync": ("SyncPolicy", policy.sync),
    "/v1/slice/customize": ("SyncSlice", slice.customize),
    "/v1/slice/sync": ("SyncSlice", slice.sync),
    "/v1/objectsync/customize": ("ObjectSync", objectsync.customize),
    "/v1/objectsync/sync": ("ObjectSync", objectsync.sync),
    "/v1/objectsync/finalize": ("ObjectSync", objectsync.finalize),
}
"""Path -> the kind its parent must be, and the function."""


def answer(path: str, body: Any, now: datetime) -> Json:
    """Answer the body posted to one of ROUTES. Raises BadRequest for a body the engine would not send."""
    kind, hook = ROUTES[path]
    return hook(envelope.parse(body, kind), now)
