"""`object-syncer serve` with HTTPS and tokens, as a process: it is asked as the engine would ask it."""

import http.client
import os
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
import requests
from click.testing import CliRunner

import certificates
from controlplane.engine import PROGRAM
from controlplane.processes import Process, free_port
from controlplane.waiting import wait_for
from object_syncer.cli import main
from object_syncer.web import gunicorn

TOKEN = "old-0123456789abcdef"
NEXT = "new-0123456789abcdef"
NO_RULES = {"version": "v2", "relatedResources": []}
HOOK = "/v1/slice/customize"


@contextmanager
def serving(directory: Path, *options: str | Path) -> Iterator[str]:
    """Serve over HTTPS and yield the URL."""
    made = certificates.make(directory)
    port = free_port()
    url = f"https://127.0.0.1:{port}"
    process = Process(
        "object-syncer",
        [
            PROGRAM,
            "serve",
            f"--bind=127.0.0.1:{port}",
            f"--status-bind=127.0.0.1:{free_port()}",
            "--tls-cert",
            made.file,
            "--tls-key",
            made.key,
            *options,
        ],
        directory / "log",
        ready=lambda: get(f"{url}/readyz", made.file).ok,
    )
    process.start()
    try:
        yield url
    finally:
        process.stop()


def get(url: str, ca: Path) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, verify=str(ca), timeout=5)


def post(url: str, ca: Path, token: str = "") -> int:
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return session.post(url + HOOK, data=b"{}", headers=headers, verify=str(ca), timeout=5).status_code


def test_certificate_and_tokens_are_rotated_while_it_serves(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{TOKEN}\n")
    ca = tmp_path / "server.crt"
    with serving(tmp_path, "--token-file", tokens) as url:
        assert [post(url, ca), post(url, ca, NEXT), post(url, ca, TOKEN)] == [401, 401, 400]

        tokens.write_text(f"{NEXT}\n{TOKEN}\n")
        assert [post(url, ca, NEXT), post(url, ca, TOKEN)] == [400, 400]
        tokens.write_text(f"{NEXT}\n")
        assert [post(url, ca, NEXT), post(url, ca, TOKEN)] == [400, 401]

        old_ca = tmp_path / "old.crt"
        old_ca.write_bytes(ca.read_bytes())
        certificates.make(tmp_path)
        assert post(url, ca, NEXT) == 400
        with pytest.raises(requests.exceptions.SSLError):
            post(url, old_ca, NEXT)
    assert TOKEN not in (tmp_path / "log").read_text()


def test_every_line_is_json_if_that_is_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path, "--log-format", "json", "--log-level", "debug") as url:
        post(url, tmp_path / "server.crt")
    lines = [orjson.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {"gunicorn.error", "object_syncer.hooks"} <= {line["logger"] for line in lines}
    assert all(line.keys() >= {"time", "level", "logger", "message"} for line in lines)


def test_a_connection_is_kept_and_a_refused_body_does_not_spoil_it(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{TOKEN}\n")
    with serving(tmp_path, "--token-file", tokens) as url, requests.Session() as session:
        session.trust_env = False
        session.verify = str(tmp_path / "server.crt")
        for token, want in (("wrong", 401), (TOKEN, 400), ("wrong", 401), (TOKEN, 400)):
            answer = session.post(
                url + HOOK, data=b"x" * 3_000_000, headers={"Authorization": f"Bearer {token}"}, timeout=5
            )
            assert answer.status_code == want


def test_options_that_cannot_work_are_refused(tmp_path: Path) -> None:
    made = certificates.make(tmp_path)
    empty = tmp_path / "empty"
    empty.touch()
    for options, why in (
        (["--tls-cert", made.file], "--tls-cert and --tls-key need each other"),
        (["--tls-key", made.key], "--tls-cert and --tls-key need each other"),
        (["--tls-cert", made.file, "--tls-key", empty], "no PEM private key in it"),
        (["--bind", "127.0.0.1:8080", "--status-bind", "127.0.0.1:8080"], "--bind and --status-bind must differ"),
        (["--body-limit", "1e6"], "'1e6' is not a number of bytes"),
        (["--body-limit", "0"], "'0' is not a number of bytes"),
        (["--body-limit", "2Mi", "--memory-limit", "1Mi"], "--memory-limit must not be less than --body-limit"),
        (["--token-file", empty], "no token in it"),
        (["--token-file", tmp_path / "missing"], "does not exist"),
        (["--token-file", tmp_path], "is a directory"),
        (["--log-level", "trace"], "trace"),
        (["--log-format", "xml"], "xml"),
        (["--metrics-dir", tmp_path / "missing"], "does not exist"),
    ):
        result = CliRunner().invoke(main, ["serve", *map(str, options)])
        assert result.exit_code == 2
        assert why in result.output


def test_a_header_without_end_is_not_read_for_ever(tmp_path: Path) -> None:
    with serving(tmp_path) as url, socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as plain:
        context = ssl.create_default_context(cafile=tmp_path / "server.crt")
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            connection.settimeout(5)
            with pytest.raises(OSError, match=r"EOF|reset|pipe"):
                connection.sendall(b"POST / HTTP/1.1\r\n" + b"Name: value\r\n" * 1_000_000)


def refused(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) != 0


def test_a_request_under_way_is_finished_and_an_idle_connection_used_once_more_while_it_stops(tmp_path: Path) -> None:
    port = free_port()
    process = Process(
        "object-syncer",
        [PROGRAM, "serve", f"--bind=127.0.0.1:{port}", f"--status-bind=127.0.0.1:{free_port()}"],
        tmp_path / "log",
        ready=lambda: requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok,
    )
    process.start()
    try:
        begun, idle = (http.client.HTTPConnection("127.0.0.1", port, timeout=10) for _ in range(2))
        idle.request("GET", "/readyz")
        idle.getresponse().read()
        begun.putrequest("POST", HOOK)
        begun.putheader("Content-Length", "2")
        begun.endheaders(b"{")
        os.kill(process.pid, signal.SIGTERM)
        wait_for(lambda: refused(port), 5, "no new connections")
        idle.request("GET", "/readyz")
        answer = idle.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (200, "close")
        begun.send(b"}")
        assert begun.getresponse().status == 400
        wait_for(lambda: not process.running, 10, "the end")
    finally:
        process.kill()


def test_workers_say_that_they_live_in_shared_memory_where_there_is_any(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """macOS has none."""
    settings = gunicorn.Settings("127.0.0.1:8080", "127.0.0.1:8081", workers=1, threads=1, body_limit=1, memory_limit=1)
    for directory, used in ((tmp_path, str(tmp_path)), (tmp_path / "missing", None)):
        monkeypatch.setattr(gunicorn, "_SHARED_MEMORY", directory)
        assert gunicorn.Server(settings).cfg.worker_tmp_dir == used
