"""The watch of SyncSlices: one that does not follow its source for 45 s gets a mark, and loses it when it follows."""

from dataclasses import dataclass

import pytest

from object_syncer import routes
from object_syncer.kube import api, times
from object_syncer.kube.meta import Json
from object_syncer.kube.metacontroller import BadRequest
from object_syncer.planning import slice_spec
from specification import cases
from unit.bodies import SLICE, customize, of_heartbeat, of_stall, planner, sync_slice
from unit.objects import NOW, STAMP, ago, config_map, terminating

STOPPED = {"reason": "KindNotAllowed", "message": "no"}
SOURCE = config_map()  # its resourceVersion is 100


def status(version: str | None = "100", generation: int = 1) -> Json:
    """Return what a slice reports that acted on this version of its source, on none if there was no source."""
    source = {"source": {"uid": "u", "resourceVersion": version, "bytes": 9}} if version else {}
    return {"observedGeneration": generation, "copies": 1, "synced": 1, **source}


def signed(seconds: float) -> Json:
    """Return what a slice reports that follows, and gave its last sign of life so long ago."""
    return {**status(), "lastSyncTime": ago(seconds)}


def answer(item: Json, *related: Json, etag: str = "", mark: str = "") -> tuple[Json, str]:
    if mark:
        item["metadata"]["annotations"] = {api.STALLED_ANNOTATION: mark}
    return routes.answer_with_etag(routes.STALL, of_stall(item, *related), etag, NOW)


@dataclass(frozen=True)
class Case:
    reason: str
    status: Json | None
    source: Json | None = None
    etag: str = ""
    mark: str = ""
    want_etag: str = ""
    marks: str | None = ""
    """What the annotation is set to: None removes it, "" leaves it."""
    again: float = 0.0
    """In how many seconds it is looked at again."""


FOLLOWS, LAGS = status("100"), status("99")


@cases(
    Case("one that follows is left alone", FOLLOWS, SOURCE),
    Case("one that lags behind is looked at again", LAGS, SOURCE, want_etag=f"{STAMP} 1/99", again=45),
    Case("since when is in the ETag", LAGS, SOURCE, etag=f"{ago(40)} 1/99", want_etag=f"{ago(40)} 1/99", again=5),
    Case(
        "after 45 s it is marked",
        LAGS, SOURCE, etag=f"{ago(45)} 1/99", want_etag=f"{ago(45)} 1/99", marks=f"{ago(45)} 1/99", again=5,
    ),
    Case(
        "once it is marked, it is looked at rarely",
        LAGS, SOURCE, etag=f"{ago(99)} 1/99", mark=f"{ago(99)} 1/99", want_etag=f"{ago(99)} 1/99", again=30,
    ),
    Case(
        "one that follows at last loses the mark",
        FOLLOWS, SOURCE, etag=f"{ago(99)} 1/99", mark=f"{ago(99)} 1/99", want_etag="-", marks=None, again=5,
    ),
    Case("one that followed in time is forgotten", FOLLOWS, SOURCE, etag=f"{ago(45)} 1/99", want_etag="-"),
    Case(
        "one that followed meanwhile, and lags behind the next change, has its time again",
        LAGS, SOURCE, etag=f"{ago(50)} 1/98", want_etag=f"{STAMP} 1/99", again=45,
    ),
    Case(
        "a mark of what it reported before is replaced once it is stalled again",
        LAGS, SOURCE, etag=f"{ago(45)} 1/99", mark=f"{ago(999)} 1/90", want_etag=f"{ago(45)} 1/99",
        marks=f"{ago(45)} 1/99", again=5,
    ),
    Case(
        "an engine that restarts has lost the ETag, but not the mark",
        LAGS, SOURCE, mark=f"{ago(99)} 1/99", want_etag=f"{ago(99)} 1/99", again=30,
    ),
    Case("an ETag that is none of ours is none", LAGS, SOURCE, etag="W/x", want_etag=f"{STAMP} 1/99", again=45),
    Case("a source that is gone is a change", FOLLOWS, None, want_etag=f"{STAMP} 1/100", again=45),
    Case("so is one that is being deleted", FOLLOWS, terminating(SOURCE), want_etag=f"{STAMP} 1/100", again=45),
    Case("so is one that is there at last", status(None), SOURCE, want_etag=f"{STAMP} 1/", again=45),
    Case("a slice that saw no source follows while there is none", status(None), None),
    Case("nor is one that is being deleted any", status(None), terminating(SOURCE)),
    Case("a new spec is a change", status(generation=0), SOURCE, want_etag=f"{STAMP} 0/100", again=45),
    Case("a slice that has never reported has all the time", None, SOURCE),
    Case("one that gave a sign of life ten minutes ago is left alone", signed(600), SOURCE),
    Case(
        "one that is silent for longer is looked at again, though nothing has changed",
        signed(611), SOURCE, want_etag=f"{STAMP} 1/100@{ago(611)}", again=45,
    ),
    Case(
        "and marked if it stays silent",
        signed(660), SOURCE, etag=f"{ago(45)} 1/100@{ago(660)}", want_etag=f"{ago(45)} 1/100@{ago(660)}",
        marks=f"{ago(45)} 1/100@{ago(660)}", again=5,
    ),
    Case(
        "a new sign of life ends that",
        signed(0), SOURCE, etag=f"{ago(99)} 1/100@{ago(700)}", mark=f"{ago(99)} 1/100@{ago(700)}", want_etag="-",
        marks=None, again=5,
    ),
)  # fmt: skip
def test_who_is_marked(case: Case) -> None:
    related = [case.source] if case.source else []
    answered, etag = answer(sync_slice("a", status=case.status), *related, etag=case.etag, mark=case.mark)
    annotations = {} if case.marks == "" else {"annotations": {api.STALLED_ANNOTATION: case.marks}}
    assert answered == {
        "status": None, "attachments": [], "resyncAfterSeconds": case.again, "finalized": False, **annotations,
    }  # fmt: skip
    assert etag == case.want_etag


@pytest.mark.parametrize(
    "spec",
    [{"draining": STAMP}, slice_spec.releasing(SLICE), {"groups": [], "problems": [STOPPED]}],
    ids=["draining", "releasing", "without permission"],
)
def test_a_slice_that_makes_no_copies_of_its_source_is_not_watched(spec: Json) -> None:
    item = sync_slice("a", status=LAGS, **spec)
    assert routes.answer("/v1/stall/customize", customize(of_stall(item)), NOW) == {"relatedResources": []}
    answered, _ = answer(item, mark=f"{ago(99)} 1/99")
    assert answered["annotations"] == {api.STALLED_ANNOTATION: None}


def test_a_slice_whose_copies_follow_though_none_is_created_is_watched() -> None:
    item = sync_slice("a", status=LAGS, problems=[STOPPED])
    (rule,) = routes.answer("/v1/stall/customize", customize(of_stall(item)), NOW)["relatedResources"]
    assert rule == {"apiVersion": "v1", "resource": "configmaps", "namespace": "team", "names": ["settings"]}
    assert answer(item, SOURCE)[0]["resyncAfterSeconds"] == times.STALLED_AFTER


def test_each_controller_watches_its_own_slices() -> None:
    body = {**customize(of_stall(sync_slice("a"))), "controller": planner()}
    assert routes.answer("/v1/stall/customize", body, NOW) == {"relatedResources": []}


def test_it_is_told_within_a_minute_of_a_change() -> None:
    assert times.STALLED_AFTER + 2 * times.STALLED_RETRY_MIN < 60, "a conflict is tried again"


def test_it_is_of_syncslices() -> None:
    with pytest.raises(BadRequest) as error:
        routes.answer_with_etag(routes.STALL, of_heartbeat(), "", NOW)
    assert error.value.field == "object.kind"
