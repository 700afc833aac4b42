"""What the hook server answers: bodies to functions, errors to status codes, and never an object in an error."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from object_syncer import __version__
from object_syncer.kube.meta import Json
from object_syncer.kube.metacontroller import Request
from object_syncer.routes import ROUTES, WITH_ETAG
from object_syncer.web.app import create_app, create_status_app
from object_syncer.web.metrics import Metrics
from specification import cases
from unit.bodies import of_slice, sync_slice, valid
from unit.objects import NOW, STAMP, config_map

SECRET = "hunter2-must-not-leak"


@pytest.fixture
def client() -> FlaskClient:
    return create_app(lambda: NOW).test_client()


def post(client: FlaskClient, path: str, body: object) -> TestResponse:
    return client.post(path, data=body if isinstance(body, bytes) else orjson.dumps(body))


@pytest.mark.parametrize("path", sorted(ROUTES))
def test_every_hook_answers_what_the_engine_sends(client: FlaskClient, path: str) -> None:
    answer = post(client, path, valid()[path])
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    keys = set(orjson.loads(answer.data))
    assert keys in (
        {"relatedResources"},
        {"status", "children", "resyncAfterSeconds"},
        {"status", "attachments", "resyncAfterSeconds", "finalized"},
    )


@pytest.mark.parametrize("path", sorted(ROUTES))
def test_the_query_is_not_looked_at(client: FlaskClient, path: str) -> None:
    body = valid()[path]
    assert post(client, f"{path}?release=0.0.0", body).data == post(client, path, body).data


def test_time_comes_from_the_app_s_clock(client: FlaskClient) -> None:
    answer = post(client, "/v1/policy/sync", valid()["/v1/policy/sync"])
    assert orjson.loads(answer.data)["status"]["conditions"][0]["lastTransitionTime"] == STAMP


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_answered_at_both_addresses(client: FlaskClient, path: str) -> None:
    for asked in (client, create_status_app(Metrics()).test_client()):
        answer = asked.get(path)
        assert (answer.status_code, answer.json) == (200, {"status": "ok", "version": __version__})


@dataclass(frozen=True)
class Bad:
    reason: str
    path: str
    body: bytes | Json
    field: str
    error: str


SLICE_SYNC = "/v1/slice/sync"


def without(path: str, *where: str) -> Json:
    """Return a valid body of a hook without one of its fields."""
    body = valid()[path]
    here: Any = body
    for step in where[:-1]:
        here = here[step]
    del here[where[-1]]
    return body


@cases(
    Bad("an empty body is no JSON", SLICE_SYNC, b"", "body", "not JSON: line 1, column 1"),
    Bad("text is no JSON", SLICE_SYNC, b"{\n  nonsense", "body", "not JSON: line 2, column 3"),
    Bad("JSON that ends too early", SLICE_SYNC, b'{"parent": {', "body", "not JSON: line 1, column 13"),
    Bad("NaN is no JSON", SLICE_SYNC, b"NaN", "body", "not JSON: line 1, column 1"),
    Bad("a list is no request", SLICE_SYNC, b"[]", "body", "must be a JSON object, is a list"),
    Bad(
        "a parent that belongs to another hook",
        SLICE_SYNC,
        valid()["/v1/policy/sync"],
        "parent.kind",
        "must be SyncSlice, is 'SyncPolicy'",
    ),
    Bad(
        "children that were not sent are not taken for none: that would delete copies",
        SLICE_SYNC,
        without(SLICE_SYNC, "children", "ConfigMap.v1"),
        "children.ConfigMap.v1",
        "missing; the engine sends it even where there is no ConfigMap",
    ),
    Bad(
        "a source that was not asked for is not taken for none",
        SLICE_SYNC,
        without(SLICE_SYNC, "related"),
        "related.ConfigMap.v1",
        "missing; the engine sends it even where there is no ConfigMap",
    ),
    Bad(
        "ObjectSyncs that were not sent are not taken for none",
        "/v1/policy/sync",
        without("/v1/policy/sync", "related", "ObjectSync.sync.rustrial.org/v1alpha1"),
        "related.ObjectSync.sync.rustrial.org/v1alpha1",
        "missing; the engine sends it even where there is no ObjectSync",
    ),
    Bad(
        "slices that were not sent are not taken for none: that would finalize an ObjectSync that has copies",
        "/v1/objectsync/finalize",
        without("/v1/objectsync/finalize", "related", "SyncSlice.sync.rustrial.org/v1alpha1"),
        "related.SyncSlice.sync.rustrial.org/v1alpha1",
        "missing; the engine sends it even where there is no SyncSlice",
    ),
    Bad(
        "an ObjectSync without source",
        "/v1/objectsync/customize",
        without("/v1/objectsync/customize", "parent", "spec", "source"),
        "parent.spec.source.group",
        "missing",
    ),
    Bad(
        "an ObjectSync of no generation",
        "/v1/objectsync/sync",
        without("/v1/objectsync/sync", "object", "metadata", "generation"),
        "object.metadata.generation",
        "missing",
    ),
)
def test_a_malformed_request_is_answered_400_naming_the_field(client: FlaskClient, case: Bad) -> None:
    answer = post(client, case.path, case.body)
    assert (answer.status_code, answer.mimetype) == (400, "application/json")
    assert answer.json == {"error": case.error, "field": case.field}


@pytest.mark.parametrize("path", sorted(ROUTES))
@pytest.mark.parametrize("field", ["controller", "parent", "parent.kind", "parent.metadata", "parent.metadata.uid"])
def test_no_hook_does_without_what_the_engine_always_sends(client: FlaskClient, path: str, field: str) -> None:
    body = valid()[path]
    steps = field.split(".")
    if steps[0] == "parent" and "object" in body:
        steps[0] = "object"
    here: Any = body
    for step in steps[:-1]:
        here = here[step]
    del here[steps[-1]]
    answer = post(client, path, body)
    assert answer.status_code == 400
    assert answer.json
    assert answer.json["field"].split(".")[0] in ("controller", "parent", "object")
    assert answer.json["field"].endswith(steps[-1].replace("object", "parent"))


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/slice", "/v1/slice/finalize", "/v1/policy/finalize", "/v1/slice/sync/"]
)
def test_an_unknown_path_is_answered_404_with_those_there_are(client: FlaskClient, path: str) -> None:
    answer = post(client, path, {})
    assert (answer.status_code, answer.mimetype) == (404, "application/json")
    assert answer.json == {"error": "no such path", "paths": sorted((*ROUTES, *WITH_ETAG))}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/slice/sync"), ("PUT", "/v1/slice/sync"), ("POST", "/healthz"), ("DELETE", "/readyz")],
)
def test_a_wrong_method_is_answered_405(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (405, "application/json")
    assert answer.json == {"error": "hooks take POST, probes take GET"}


def leaking(kind: Callable[[str], BaseException]) -> Callable[[Request, datetime], Json]:
    def hook(request: Request, _now: datetime) -> Json:
        raise kind(f"{SECRET} in {request.parent}")

    return hook


@pytest.mark.parametrize("kind", [ValueError, KeyError, AssertionError, RecursionError])
def test_a_defect_of_ours_is_answered_500_with_its_place_and_no_object(
    client: FlaskClient,
    kind: Callable[[str], BaseException],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setitem(ROUTES, SLICE_SYNC, (ROUTES[SLICE_SYNC][0], leaking(kind)))
    with caplog.at_level(logging.DEBUG):
        answer = post(client, SLICE_SYNC, of_slice(sync_slice("a"), config_map(data={"password": SECRET})))
    assert (answer.status_code, answer.mimetype) == (500, "application/json")
    assert answer.json
    assert set(answer.json) == {"error"}
    name = getattr(kind, "__name__", "")
    assert answer.json["error"].startswith(f"/v1/slice/sync failed: {name} at test_app.py:")
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert SECRET not in answer.text
    assert SECRET not in caplog.text


def test_what_cannot_be_written_as_json_is_a_defect_of_ours_too(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROUTES, SLICE_SYNC, (ROUTES[SLICE_SYNC][0], lambda _request, _now: {SECRET: {SECRET}}))
    answer = post(client, SLICE_SYNC, of_slice(sync_slice("a"), config_map()))
    assert (answer.status_code, answer.mimetype) == (500, "application/json")
    assert SECRET not in answer.text


def test_large_bodies_are_read(client: FlaskClient) -> None:
    source = config_map(data={"k": "v" * 1_000_000})
    copies = []
    for index in range(30):
        copy = config_map(f"ns-{index:04}", data={"k": "v" * 1_000_000})
        copies.append(copy)
    parent = sync_slice(*(f"ns-{index:04}" for index in range(30)))
    body = orjson.dumps(of_slice(parent, source, copies=copies))
    assert len(body) > 30_000_000
    answer = post(client, SLICE_SYNC, body)
    assert answer.status_code == 200
    assert len(orjson.loads(answer.data)["children"]) == 30


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


@pytest.mark.parametrize("levels", [100, 240, 254, 300, 1000])
def test_a_source_is_copied_whole_or_not_at_all(client: FlaskClient, levels: int) -> None:
    """Neither what is read too deep nor what is written too deep may be copied cut short."""
    body = orjson.dumps(of_slice(sync_slice("a"), config_map(data="HERE")))
    answer = post(client, SLICE_SYNC, body.replace(b'"HERE"', nested(levels)))
    assert answer.status_code == 200
    answered = orjson.loads(answer.data)
    if answered["children"]:
        assert nested(levels) in answer.data
    else:
        assert levels > 240
        assert answered["status"]["problem"]["reason"] == "SourceNotCopyable"
        assert "nested" in answered["status"]["problem"]["message"]


def test_what_is_nested_deep_and_no_request_is_refused_not_crashed_on(client: FlaskClient) -> None:
    answer = post(client, SLICE_SYNC, b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
    assert answer.status_code == 400
