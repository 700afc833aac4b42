"""Which answers of the planner wait, so that it does not run all the time while anything happens."""

from copy import deepcopy

import orjson
import pytest

from object_syncer.kube.meta import Json
from object_syncer.web import pacing
from object_syncer.web.app import create_app
from unit.bodies import groups, of_policy, valid
from unit.objects import NOW, STAMP, namespace, object_sync

PLANNER = "/v1/policy/sync"
BODY = of_policy(object_sync(), namespace("a"))


def pauses(body: Json, path: str = PLANNER) -> list[float]:
    """Return for how many seconds the answer to a body waits."""
    slept: list[float] = []
    answered = create_app(lambda: NOW, sleep=slept.append).test_client().post(path, data=orjson.dumps(body))
    assert answered.status_code == 200
    return slept


def planned() -> Json:
    """Return the body that the planner is sent after its answer to BODY was carried out."""
    response = create_app(lambda: NOW).test_client().post(PLANNER, data=orjson.dumps(BODY))
    children = orjson.loads(response.data)["children"]
    for child in children:
        child["metadata"] |= {"uid": "u", "generation": 1, "resourceVersion": "7", "creationTimestamp": STAMP}
    return {**deepcopy(BODY), "children": {**BODY["children"], **groups(children)}}


def the_slice(body: Json) -> Json:
    found: list[Json] = list(body["children"]["SyncSlice.sync.rustrial.org/v1alpha1"].values())
    return found[0]


@pytest.mark.parametrize(("took", "waits"), [(0.02, 0.2), (3.0, 1.0)])
def test_an_answer_that_changes_no_slice_waits_ten_times_as_long_as_it_took_but_at_most_a_second(
    monkeypatch: pytest.MonkeyPatch, took: float, waits: float
) -> None:
    body, clock = planned(), iter((5.0, 5.0 + took))
    monkeypatch.setattr(pacing, "thread_time", lambda: next(clock))
    assert pauses(body) == [pytest.approx(waits)]


def test_an_answer_that_creates_a_slice_does_not_wait() -> None:
    assert pauses(BODY) == []


def test_nor_one_that_changes_a_slice_gives_it_its_label_back_or_deletes_it() -> None:
    changed, unlabelled, unwanted = planned(), planned(), planned()
    the_slice(changed)["spec"]["groups"] = []
    the_slice(unlabelled)["metadata"]["labels"].clear()
    unwanted["related"]["ObjectSync.sync.rustrial.org/v1alpha1"].clear()
    assert [pauses(body) for body in (changed, unlabelled, unwanted)] == [[], [], []]


@pytest.mark.parametrize("path", sorted(valid().keys() - {PLANNER}))
def test_no_other_hook_waits(path: str) -> None:
    assert pauses(valid()[path], path) == []
