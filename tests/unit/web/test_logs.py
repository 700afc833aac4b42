"""What the hook server logs: enough to find a request, and nothing of what is in an object."""

import asyncio
import base64
import io
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import orjson
import pytest
from flask.testing import FlaskClient

from object_syncer.kube.meta import Json
from object_syncer.kube.metacontroller import Request
from object_syncer.routes import HEARTBEAT, ROUTES, STALL
from object_syncer.web import logs
from object_syncer.web.app import create_app
from object_syncer.web.gate import gate
from specification import cases
from unit.bodies import of_heartbeat, of_slice, of_stall, sync_slice, valid
from unit.objects import NOW, live
from unit.web.asgi import asked, whole

SLICE = "/v1/slice/sync"
SECRET = "hunter2-must-not-leak"
ENCODED = base64.b64encode(SECRET.encode()).decode()


@pytest.fixture
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """The lines that are written; the test's parameter is the form, JSON if it has none."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Text() if getattr(request, "param", "json") == "text" else logs.Json())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def client() -> FlaskClient:
    return create_app(lambda: NOW).test_client()


def lines(log: io.StringIO) -> list[Json]:
    return [orjson.loads(line) for line in log.getvalue().splitlines()]


def test_a_line_says_which_request_was_about_what_and_how_it_went(client: FlaskClient, log: io.StringIO) -> None:
    body = orjson.dumps(valid()["/v1/objectsync/sync"])
    answer = client.post("/v1/objectsync/sync?release=1", data=body, headers={"X-Request-Id": "of-the-mesh.1"})
    assert answer.headers["X-Request-Id"] == "of-the-mesh.1"
    (line,) = lines(log)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert 0 <= line.pop("milliseconds") < 10_000
    assert line == {
        "level": "debug",
        "logger": "object_syncer.hooks",
        "message": "/v1/objectsync/sync answered",
        "request": "of-the-mesh.1",
        "path": "/v1/objectsync/sync",
        "parent": "ObjectSync team/share",
        "code": 200,
        "requestBytes": len(body),
        "answerBytes": len(answer.data),
    }


@pytest.mark.parametrize("log", ["text"], indirect=True)
def test_text_has_the_same(client: FlaskClient, log: io.StringIO) -> None:
    answer = client.post(SLICE, data=orjson.dumps(valid()[SLICE]))
    request = answer.headers["X-Request-Id"]
    assert re.fullmatch(
        r"\S+Z DEBUG object_syncer\.hooks: /v1/slice/sync answered "
        rf"request={request} path=/v1/slice/sync parent=SyncSlice share-0123456789-0 code=200 "
        r"milliseconds=[\d.]+ requestBytes=\d+ answerBytes=\d+\n",
        log.getvalue(),
    )


@pytest.mark.parametrize("given", ["", "x" * 65, "two words", 'a"b', "ä"])
def test_a_request_without_a_good_id_gets_one(client: FlaskClient, log: io.StringIO, given: str) -> None:
    headers = {"X-Request-Id": given} if given else {}
    ids = {client.post(SLICE, data=b"{}", headers=headers).headers["X-Request-Id"] for _ in range(2)}
    assert len(ids) == 2
    assert {line["request"] for line in lines(log)} == ids
    assert given not in ids


@dataclass(frozen=True)
class Level:
    reason: str
    level: str
    message: str
    body: bytes
    fails: bool = False


@cases(
    Level("an answer is of interest to who debugs", "debug", "answered", orjson.dumps(valid()[SLICE])),
    Level("a body that the engine would not send is worth a warning", "warning", "bad_request", b"{}"),
    Level("a defect of ours is an error", "error", "failed: ValueError at ", orjson.dumps(valid()[SLICE]), True),
)
def test_levels(case: Level, client: FlaskClient, log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    if case.fails:
        monkeypatch.setitem(ROUTES, SLICE, (ROUTES[SLICE][0], broken))
    client.post(SLICE, data=case.body)
    (line,) = lines(log)
    assert line["level"] == case.level
    assert line["message"].startswith(f"/v1/slice/sync {case.message}")


def broken(request: Request, _now: datetime) -> Json:
    raise ValueError(f"{SECRET} in {request.parent}")


def test_what_does_not_reach_its_hook_is_logged_at_info_with_an_id(client: FlaskClient, log: io.StringIO) -> None:
    app = gate(client.application, threads=1, body_limit=1, memory_limit=1)
    answer = asyncio.run(asked(app, f"/{SECRET}\n", whole(b"too large"), headers={"x-request-id": "known"}))
    assert dict(answer.headers)["X-Request-Id"] == "known"
    (line,) = (line for line in lines(log) if line["logger"] == "object_syncer.hooks")
    assert (line["level"], line["message"]) == ("info", "other body_too_large")
    assert (line["request"], line["path"], line["error"]) == ("known", "other", "body_too_large")


# Never content


def secret() -> Json:
    data = {"password": ENCODED, SECRET: ENCODED}
    annotations = {"note": SECRET}
    body = {"apiVersion": "v1", "kind": "Secret", "type": SECRET, "data": data, "stringData": {"a": SECRET}}
    return live(body, "team", "settings", annotations=annotations, labels={"a": SECRET})


def with_secret() -> Iterator[tuple[str, bytes]]:
    """Yield path and body of requests, good and bad, with the value of a Secret wherever one can be."""
    source = secret()
    parent = sync_slice("a", "b", resource={"apiVersion": "v1", "kind": "Secret", "resource": "secrets"})
    slicing = of_slice(parent, source)
    copy = live({**secret(), "data": {"password": SECRET}}, "a", "settings")
    slicing["children"] = {"Secret.v1": {"a/settings": copy}}
    bodies = {**valid(), SLICE: slicing, HEARTBEAT: of_heartbeat(note=SECRET), STALL: of_stall(parent, source)}
    for path, body in bodies.items():
        name = "object" if "object" in body else "parent"
        yield path, orjson.dumps(body)
        yield path, orjson.dumps(body)[:-20] + SECRET.encode()
        for field in ("related", "children", "attachments"):
            yield path, orjson.dumps(body | {field: {"Secret.v1": {SECRET: source}}})
            yield path, orjson.dumps(body | {field: {SECRET: SECRET}})
        yield path, orjson.dumps(body | {name: source})
        yield path, orjson.dumps(body | {name: body[name] | {"kind": SECRET}})
        yield path, orjson.dumps(body | {name: body[name] | {"spec": source, "status": source}})
        yield path, orjson.dumps(body | {name: body[name] | {"metadata": {"name": f"{SECRET}!", "uid": SECRET}}})
        yield path, orjson.dumps(body | {"controller": source})


@pytest.mark.parametrize("log", logs.FORMATS, indirect=True)
@pytest.mark.parametrize("fails", [False, True], ids=["hooks that work", "hooks that fail"])
def test_no_value_of_a_secret_is_logged(
    client: FlaskClient, log: io.StringIO, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fails:
        for path, (required, _) in list(ROUTES.items()):
            monkeypatch.setitem(ROUTES, path, (required, broken))
    asked_for = 0
    for path, body in with_secret():
        client.post(path, data=body, headers={"Authorization": f"Bearer {SECRET}"})
        asked_for += 1
    assert len(log.getvalue().splitlines()) == asked_for, "each was logged"
    for form in (SECRET, ENCODED):
        assert form not in log.getvalue()


@pytest.mark.parametrize("log", logs.FORMATS, indirect=True)
def test_exceptions_are_named_not_quoted(log: io.StringIO) -> None:
    """gunicorn logs what a request made fail."""
    server = logging.getLogger("gunicorn.error.test")
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        server.exception("Error handling connection: %s", error)
        server.exception(error)
    first, second = log.getvalue().splitlines()
    assert "Error handling connection: ValueError at test_logs.py:" in first
    assert "ValueError at test_logs.py:" in second
    assert SECRET not in log.getvalue()


@pytest.mark.parametrize("log", logs.FORMATS, indirect=True)
def test_a_message_is_one_line(log: io.StringIO) -> None:
    logging.getLogger("any").warning("one\ntwo\r\nthree %s", "a\nb")
    assert len(log.getvalue().splitlines()) == 1
