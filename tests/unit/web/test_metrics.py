"""What Prometheus is told, by one worker and by several."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from platform import python_version
from typing import Any

import orjson
import pytest
import requests
from flask.testing import FlaskClient

from controlplane.engine import PROGRAM
from controlplane.processes import Process, free_port
from controlplane.waiting import wait_for
from object_syncer import __version__
from object_syncer.kube.meta import Json
from object_syncer.kube.metacontroller import Request
from object_syncer.routes import ROUTES, WITH_ETAG
from object_syncer.web import gate as gates
from object_syncer.web import tokens
from object_syncer.web.app import create_app, create_status_app
from object_syncer.web.gate import Receive, Send, gate
from object_syncer.web.metrics import Metrics
from specification import cases
from unit.bodies import of_objectsync, of_slice, sync_slice, valid
from unit.objects import NOW, config_map, policy
from unit.web.asgi import asked, whole

SLICE = "/v1/slice/sync"


class Scraped(dict[str, float]):
    """Series with their values, as "name{labels}"."""

    def __init__(self, text: str) -> None:
        super().__init__()
        for line in text.splitlines():
            if not line.startswith("#"):
                series, _, value = line.rpartition(" ")
                assert series not in self, "a series is there once"
                self[series] = float(value)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def client(metrics: Metrics) -> FlaskClient:
    return create_app(lambda: NOW, metrics).test_client()


def scrape(metrics: Metrics) -> Scraped:
    answer = create_status_app(metrics).test_client().get("/metrics")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    return Scraped(answer.text)


def test_answers_are_counted_by_hook_and_code(client: FlaskClient, metrics: Metrics) -> None:
    for body in (orjson.dumps(valid()[SLICE]),) * 2 + (b"no JSON",):
        client.post(SLICE, data=body)
    counted = scrape(metrics)
    assert counted[f'object_syncer_hook_duration_seconds_count{{code="200",path="{SLICE}"}}'] == 2
    assert counted[f'object_syncer_hook_duration_seconds_count{{code="400",path="{SLICE}"}}'] == 1
    assert 0 < counted[f'object_syncer_hook_duration_seconds_sum{{code="200",path="{SLICE}"}}'] < 10


def test_every_hook_is_there_before_its_first_request(metrics: Metrics) -> None:
    """Else the first request after a start would not count as an increase."""
    counted = scrape(metrics)
    for path in (*ROUTES, *WITH_ETAG):
        assert counted[f'object_syncer_hook_duration_seconds_count{{code="200",path="{path}"}}'] == 0


def test_bytes_and_children_are_counted(client: FlaskClient, metrics: Metrics) -> None:
    body = orjson.dumps(of_slice(sync_slice("a", "b", "c"), config_map(data={"k": "v" * 5000})))
    answer = client.post(SLICE, data=body)
    counted, label = scrape(metrics), f'{{path="{SLICE}"}}'
    assert counted[f"object_syncer_hook_request_bytes_sum{label}"] == len(body)
    assert counted[f"object_syncer_hook_answer_bytes_sum{label}"] == len(answer.data)
    assert counted[f"object_syncer_hook_children_sum{label}"] == 3
    assert counted[f'object_syncer_hook_answer_bytes_bucket{{le="65536.0",path="{SLICE}"}}'] == 1
    assert counted[f'object_syncer_hook_answer_bytes_bucket{{le="4096.0",path="{SLICE}"}}'] == 0


def test_hooks_that_answer_no_children_count_none(client: FlaskClient, metrics: Metrics) -> None:
    for path in ("/v1/slice/customize", "/v1/objectsync/sync"):
        client.post(path, data=orjson.dumps(valid()[path]))
    assert not [series for series in scrape(metrics) if "hook_children" in series]


def test_conditions_of_objectsyncs_are_counted_by_reason(client: FlaskClient, metrics: Metrics) -> None:
    for body in (of_objectsync(), of_objectsync(None, policy()), of_objectsync(None, policy())):
        client.post("/v1/objectsync/sync", data=orjson.dumps(body))
    counted = {series: value for series, value in scrape(metrics).items() if "conditions" in series}
    named = "object_syncer_objectsync_conditions_total"
    assert counted == {
        f'{named}{{condition="Ready",reason="NotWatched",status="False"}}': 1,
        f'{named}{{condition="InSync",reason="NotWatched",status="False"}}': 1,
        f'{named}{{condition="Ready",reason="Success",status="True"}}': 2,
        f'{named}{{condition="InSync",reason="Planning",status="False"}}': 2,
    }


def test_versions_are_labels_of_build_info(metrics: Metrics) -> None:
    assert scrape(metrics)[f'object_syncer_build_info{{python="{python_version()}",version="{__version__}"}}'] == 1


def test_no_series_is_about_the_time_at_which_others_began(client: FlaskClient, metrics: Metrics) -> None:
    client.post(SLICE, data=b"")
    assert not [series for series in scrape(metrics) if "_created" in series]


SECRET = "hunter2-must-not-leak"


def test_labels_hold_nothing_of_a_request(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    def answering(_request: Request, _now: datetime) -> Json:
        shown = {"type": "Ready", "status": "False", "reason": SECRET}
        return {"status": {"conditions": [shown]}, "attachments": []}

    monkeypatch.setitem(ROUTES, "/v1/objectsync/sync", (ROUTES["/v1/objectsync/sync"][0], answering))
    app = create_app(lambda: NOW, metrics)
    for path in ("/v1/objectsync/sync", "/v1/slice/sync"):
        app.test_client().post(path, data=orjson.dumps(valid()["/v1/objectsync/sync"] | {"secret": SECRET}))
    guarded = gate(app, threads=1, body_limit=1, memory_limit=1, metrics=metrics)
    asyncio.run(asked(guarded, f"/{SECRET}", whole(b"too large")))
    counted = scrape(metrics)
    assert not [series for series in counted if SECRET in series]
    assert counted['object_syncer_hook_errors_total{kind="body_too_large",path="other"}'] == 1


# Errors


@dataclass(frozen=True)
class Failing:
    reason: str
    kind: str
    status: int
    body: bytes = b"{}"
    token: str = "a-token-0123456789"
    fails: bool = False
    takes: float = 0


@cases(
    Failing("a body that the engine would not send", "bad_request", 400),
    Failing("a defect of ours", "defect", 500, orjson.dumps(valid()[SLICE]), fails=True),
    Failing("a client without a good token", "unauthorized", 401, token="another-0123456789"),
    Failing("a body larger than the limit", "body_too_large", 413, b"x" * 10_001),
    Failing("a body that does not come", "body_too_slow", 408, takes=0.2),
    Failing("no room for the body", "no_memory", 503, b"x" * 9_000),
)
def test_errors_are_counted_by_kind(
    case: Failing, metrics: Metrics, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(_request: Request, _now: datetime) -> Json:
        raise ValueError

    async def slowly() -> AsyncIterator[bytes]:
        await asyncio.sleep(case.takes)
        yield case.body

    file = tmp_path / "tokens"
    file.write_text("a-token-0123456789")
    monkeypatch.setattr(gates, "TRANSFER_SECONDS", 0.05)
    monkeypatch.setattr(gates, "ROOM_SECONDS", 0.01)
    if case.fails:
        monkeypatch.setitem(ROUTES, SLICE, (ROUTES[SLICE][0], broken))
    app = gate(
        create_app(lambda: NOW, metrics),
        threads=1,
        body_limit=10_000,
        memory_limit=8_000,
        accepted=tokens.accepted(file),
        metrics=metrics,
    )
    answer = asyncio.run(asked(app, SLICE, slowly(), headers={"authorization": f"Bearer {case.token}"}))
    assert answer.status == case.status
    counted = scrape(metrics)
    assert {series: value for series, value in counted.items() if "errors" in series and value} == {
        f'object_syncer_hook_errors_total{{kind="{case.kind}",path="{SLICE}"}}': 1
    }
    assert counted["object_syncer_hooks_in_flight"] == 0


def talk(metrics: Metrics, receive: Receive, send: Send) -> None:
    """Send a request, its body and its answer piece by piece."""
    scope = {"type": "http", "method": "POST", "scheme": "http", "path": SLICE, "query_string": b"", "headers": []}
    app = gate(create_app(lambda: NOW, metrics), threads=1, body_limit=100, memory_limit=100, metrics=metrics)

    async def whole_request() -> None:
        await app(scope, receive, send)

    asyncio.run(whole_request())


def test_a_client_that_goes_before_its_request_is_complete_is_counted(metrics: Metrics) -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_message: dict[str, Any]) -> None:
        pytest.fail("nobody is there")

    talk(metrics, gone, send)
    assert scrape(metrics)[f'object_syncer_hook_errors_total{{kind="client_gone",path="{SLICE}"}}'] == 1


def test_an_answer_that_is_not_taken_is_counted(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "TRANSFER_SECONDS", 0.05)
    seen: list[float] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(_message: dict[str, Any]) -> None:
        seen.append(scrape(metrics)["object_syncer_hooks_in_flight"])
        await asyncio.Event().wait()

    talk(metrics, receive, send)
    counted = scrape(metrics)
    assert counted[f'object_syncer_hook_errors_total{{kind="answer_not_taken",path="{SLICE}"}}'] == 1
    assert (seen, counted["object_syncer_hooks_in_flight"]) == ([1], 0)


# Several workers

WORKERS = 3


@dataclass(frozen=True)
class Served:
    url: str
    status_url: str
    pid: Callable[[], int]

    def post(self) -> int:
        """Ask over a connection of its own, which any worker may accept."""
        with requests.Session() as session:
            session.trust_env = False
            return session.post(self.url + SLICE, data=orjson.dumps(valid()[SLICE]), timeout=10).status_code

    def scrape(self) -> Scraped:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{self.status_url}/metrics", timeout=10)
            answer.raise_for_status()
            return Scraped(answer.text)

    def counted(self) -> float:
        return self.scrape()[f'object_syncer_hook_duration_seconds_count{{code="200",path="{SLICE}"}}']

    def workers(self) -> set[int]:
        children = Path(f"/proc/{self.pid()}/task/{self.pid()}/children").read_text()
        return set(map(int, children.split()))


@contextmanager
def several(directory: Path, *options: str | Path) -> Iterator[Served]:
    port, status_port = free_port(), free_port()
    url, status_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{status_port}"
    command: list[str | Path] = [PROGRAM, "serve", f"--bind=127.0.0.1:{port}", f"--status-bind=127.0.0.1:{status_port}"]
    process = Process(
        "object-syncer",
        [*command, f"--workers={WORKERS}", *options],
        directory / "log",
        ready=lambda: requests.get(f"{url}/readyz", timeout=5).ok,
    )
    process.start()
    try:
        yield Served(url, status_url, lambda: process.pid)
    finally:
        process.stop()


def test_whoever_answers_a_scrape_tells_of_all_workers_also_of_those_that_died(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "counter_7.db").write_bytes(b"of a server that was killed")
    with several(tmp_path, "--metrics-dir", shared) as served:
        wait_for(lambda: len(served.workers()) == WORKERS, 20, "workers")
        for _ in range(40):
            assert served.post() == 200
        assert {served.counted() for _ in range(10)} == {40}
        version = f'object_syncer_build_info{{python="{python_version()}",version="{__version__}"}}'
        assert served.scrape()[version] == 1

        # Somebody waits in a worker that is killed.
        host, _, port = served.url.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port))) as half:
            half.sendall(f"POST {SLICE} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n".encode())
            wait_for(lambda: served.scrape()["object_syncer_hooks_in_flight"] == 1, 10, "the request in flight")
            before = served.workers()
            for worker in before:
                os.kill(worker, signal.SIGKILL)
            wait_for(lambda: len(served.workers()) == WORKERS and not served.workers() & before, 20, "successors")
        assert served.scrape()["object_syncer_hooks_in_flight"] == 0
        for _ in range(20):
            assert served.post() == 200
        assert {served.counted() for _ in range(10)} == {60}
        numbers = {match[1] for file in shared.glob("*.db") if (match := re.search(r"_([^_]+)\.db$", file.name))}
        # A worker that was never asked has no file yet.
        assert numbers - {"master"}
        assert numbers <= {"master", *map(str, range(WORKERS))}


def test_the_temporary_directory_of_several_workers_goes_with_the_server(tmp_path: Path) -> None:
    with several(tmp_path) as served:
        wait_for(lambda: len(served.workers()) == WORKERS, 20, "workers")
        assert served.post() == 200
        maps = [Path(f"/proc/{worker}/maps").read_text() for worker in served.workers()]
        used = {Path(path).parent for text in maps for path in re.findall(r"/\S+/histogram_\w+\.db", text)}
        assert len(used) == 1
        assert next(iter(used)).is_dir()
    assert not next(iter(used)).exists()
