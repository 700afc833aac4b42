"""Attacks on the hook server over real sockets: whatever one client does, the others are served.

Each test is an attack on a process of its own. `TIMELY` is how long a victim waits before it calls the server dead.
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

import certificates
from bench import bodies
from controlplane.engine import PROGRAM
from controlplane.processes import Process, free_port

TIMELY = 5.0
HOOK = "/v1/slice/sync"
TOKEN = "token-0123456789abcdef"
MIB = 1 << 20
SLICE = bodies.encoded(bodies.slice_sync(3, 1000))


@dataclass(frozen=True)
class Hooks:
    """A hook server, as a client sees it."""

    port: int
    status_port: int
    process: Process
    ca: Path | None = None

    def connect(self, timeout: float = TIMELY) -> http.client.HTTPConnection:
        if self.ca is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        context = ssl.create_default_context(cafile=self.ca)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=context)

    def dial(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=TIMELY)

    def are_served(self) -> None:
        """Ask a hook and every probe, each over a new connection."""
        assert ask(self.connect(), "POST", HOOK, SLICE)[0] == 200
        assert ask(self.connect(), "GET", "/healthz")[0] == 200
        status = http.client.HTTPConnection("127.0.0.1", self.status_port, timeout=TIMELY)
        for path in ("/healthz", "/readyz", "/metrics"):
            assert ask(status, "GET", path)[0] == 200


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None, token: str = TOKEN
) -> tuple[int, bytes]:
    connection.request(method, path, body, {"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    return answer.status, answer.read()


@contextmanager
def hooks(directory: Path, *options: str | Path, tls: bool = False, files: int = 0) -> Iterator[Hooks]:
    """Serve, with at most so many open files."""
    port, status_port = free_port(), free_port()
    addresses = [f"--bind=127.0.0.1:{port}", f"--status-bind=127.0.0.1:{status_port}"]
    made = certificates.make(directory) if tls else None
    trust = [f"--tls-cert={made.file}", f"--tls-key={made.key}"] if made else []
    limit = ["sh", "-c", f'ulimit -n {files} && exec "$@"', "sh"] if files else []
    command = [*limit, PROGRAM, "serve", *addresses, *trust, *options]
    process = Process(
        "object-syncer", command, directory / "log", ready=lambda: ask(served.connect(), "GET", "/readyz")
    )
    served = Hooks(port, status_port, process, made.file if made else None)
    process.start()
    try:
        yield served
    finally:
        process.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hooks]:
    with hooks(tmp_path_factory.mktemp("hooks")) as served:
        yield served


def head(length: int, token: str = TOKEN) -> bytes:
    return (
        f"POST {HOOK} HTTP/1.1\r\nHost: hooks\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


@contextmanager
def held(server: Hooks, count: int, attack: Callable[[socket.socket], object]) -> Iterator[list[socket.socket]]:
    """Open connections, do the same over each of them, and keep them open."""
    with ExitStack() as stack:
        connections = [stack.enter_context(server.dial()) for _ in range(count)]
        for connection in connections:
            attack(connection)
        yield connections


SLOW: dict[str, bytes] = {
    "half a header": head(len(SLICE))[:40],
    "a header without a body": head(len(SLICE)),
    "a header and half a body": head(len(SLICE)) + SLICE[: len(SLICE) // 2],
    "a header that promises the largest body": head(160 * MIB),
    "half a chunk": head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"fff\r\nabc",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_connections_that_send_a_part_and_stay_keep_nobody_else_waiting(server: Hooks, sent: bytes) -> None:
    for count in (64, 500):
        with held(server, count, lambda connection: connection.sendall(sent)):
            server.are_served()


def test_half_a_tls_handshake_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    with hooks(tmp_path, tls=True) as server:
        for count in (64, 500):
            with held(server, count, lambda connection: connection.sendall(b"\x16\x03\x01")):
                server.are_served()


def test_answers_that_are_not_read_keep_nobody_else_waiting(server: Hooks) -> None:
    body = bodies.encoded(bodies.slice_sync(10, MIB))
    with held(server, 10, lambda connection: connection.sendall(head(len(body)) + body)):
        server.are_served()


def test_more_connections_than_files_keep_nobody_out(tmp_path: Path) -> None:
    with hooks(tmp_path, files=512) as server, held(server, 600, lambda connection: connection.sendall(b"POST ")):
        server.are_served()


def test_a_started_header_must_end_soon_while_a_connection_without_one_is_kept(server: Hooks) -> None:
    """Go opens connections that it uses only later, and does not repeat a POST over one that was closed meanwhile."""
    unused = server.connect()
    unused.connect()
    with held(server, 1, lambda connection: connection.sendall(b"POST ")) as (started,):
        started.settimeout(30)
        assert started.recv(1) == b""
    assert ask(unused, "POST", HOOK, SLICE)[0] == 200


def test_without_a_good_token_no_byte_of_the_body_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(TOKEN)
    with ExitStack() as stack:
        server = stack.enter_context(hooks(tmp_path, "--token-file", tmp_path / "tokens"))
        unread = head(100 * MIB, "wrong")
        for connection in stack.enter_context(held(server, 64, lambda connection: connection.sendall(unread))):
            assert connection.recv(100).startswith(b"HTTP/1.1 401 ")
        server.are_served()


def test_a_body_beyond_the_limit_is_refused_at_once(tmp_path: Path) -> None:
    with hooks(tmp_path, "--body-limit=1Mi") as server:
        with held(server, 1, lambda connection: connection.sendall(head(MIB + 1))) as (promised,):
            assert promised.recv(100).startswith(b"HTTP/1.1 413 ")
        sent = server.connect()
        sent.request("POST", HOOK, iter([b"x" * MIB, b"x" * MIB]), encode_chunked=True)
        assert sent.getresponse().status == 413
        server.are_served()


def test_bodies_that_fill_the_memory_and_stall_give_way(tmp_path: Path) -> None:
    part = head(8 * MIB) + b" " * (3 * MIB)

    def stall(connection: socket.socket) -> None:
        with suppress(ConnectionError):  # one that is dismissed already
            connection.sendall(part)

    with ExitStack() as stack:
        server = stack.enter_context(hooks(tmp_path, "--body-limit=8Mi", "--memory-limit=16Mi"))
        stack.enter_context(held(server, 10, stall))
        for _ in range(3):
            assert ask(server.connect(), "POST", HOOK, SLICE + b" " * (7 * MIB))[0] == 200


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


@pytest.mark.parametrize("levels", [1000, 1100, 10_000])
def test_an_object_however_deep_spoils_no_slice(server: Hooks, levels: int) -> None:
    """One of three copies was edited so that it is nested as deep as the API server permits."""
    body = orjson.loads(SLICE)
    body["children"]["ConfigMap.v1"]["ns-0001/source"]["data"]["key-0"] = "HERE"
    status, answer = ask(server.connect(), "POST", HOOK, bodies.encoded(body).replace(b'"HERE"', nested(levels)))
    assert status == 200
    answered = orjson.loads(answer)
    assert [child["metadata"]["namespace"] for child in answered["children"]] == ["ns-0000", "ns-0001", "ns-0002"]
    states = {item["namespace"]: item["state"] for item in answered["status"]["destinations"]}
    assert states == {"ns-0000": "Synced", "ns-0001": "Pending", "ns-0002": "Synced"}


def test_metrics_are_not_told_at_the_hooks_address(server: Hooks) -> None:
    assert ask(server.connect(), "GET", "/metrics")[0] == 404
