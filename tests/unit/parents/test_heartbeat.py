"""The heartbeat: after an outage of the hooks it annotates the SyncPolicy, which wakes everybody."""

from dataclasses import dataclass

import pytest

from object_syncer import routes
from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.kube.metacontroller import BadRequest
from specification import cases
from unit.bodies import of_heartbeat, of_slice, sync_slice
from unit.objects import NOW, STAMP, ago


def answer(etag: str, woken: str | None = None) -> tuple[Json, str]:
    """Return the answer and its ETag; `woken` is the annotation of the SyncPolicy."""
    annotations = {} if woken is None else {api.RESYNC_ANNOTATION: woken}
    return routes.answer_with_etag(routes.HEARTBEAT, of_heartbeat(**annotations), etag, NOW)


@dataclass(frozen=True)
class Case:
    reason: str
    etag: str
    """Of the last answer that the engine got."""
    want_etag: str
    woken: str | None = None
    wakes: bool = False


@cases(
    Case("the first call wakes nobody", "", STAMP),
    Case("a call on time wakes nobody", ago(3), STAMP),
    Case("a gap of ten seconds is no outage", ago(10), STAMP),
    Case("after a longer one everybody is woken; the ETag stays until that is seen", ago(11), ago(11), wakes=True),
    Case("and so it is where everybody was woken before it", ago(60), ago(60), woken=ago(100), wakes=True),
    Case("once the annotation is there the outage is over", ago(12), STAMP, woken=ago(3)),
    Case("an annotation of an outage before counts no more", ago(40), ago(40), woken=ago(41), wakes=True),
    Case("everybody is woken at most every thirty seconds", ago(11), ago(11), woken=ago(29)),
    Case("and not more rarely", ago(11), ago(11), woken=ago(30), wakes=True),
    Case("an ETag that is no timestamp is none", "W/x", STAMP),
    Case("an annotation that is no timestamp is none", ago(11), ago(11), woken="now", wakes=True),
    Case("an annotation of the future is none", ago(11), ago(11), woken=ago(-60), wakes=True),
)
def test_who_is_woken(case: Case) -> None:
    answered, etag = answer(case.etag, case.woken)
    assert answered.get("annotations") == ({api.RESYNC_ANNOTATION: STAMP} if case.wakes else None)
    assert etag == case.want_etag


def test_the_heartbeat_leaves_status_and_children_alone() -> None:
    assert answer(ago(3))[0] == {"status": None, "attachments": [], "resyncAfterSeconds": 0.0, "finalized": False}


def test_the_heartbeat_is_of_syncpolicies() -> None:
    with pytest.raises(BadRequest) as error:
        routes.answer_with_etag(routes.HEARTBEAT, of_slice(sync_slice()), "", NOW)
    assert error.value.field == "parent.kind"
