"""A proxy between Metacontroller and the hook server that keeps what they say to each other.

Each exchange becomes one JSON line, {"path", "time", "request", "status", "response"}: the material of the contract
tests. `time` is when the request came.
"""

from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread, local
from typing import Any, Self

import orjson

HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding", "accept-encoding"}


class RecordingProxy:
    """Forwards POSTs to a server on loopback and appends each exchange to a file."""

    def __init__(self, upstream_port: int, record: Path, *, port: int = 0) -> None:
        """Forward to `upstream_port`; with no `port` given the kernel chooses one."""
        self.record = record
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self, upstream_port))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where the proxy listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def exchanges(self) -> list[dict[str, Any]]:
        """Return what was recorded so far."""
        return [orjson.loads(line) for line in self.record.read_bytes().splitlines()] if self.record.exists() else []

    def __enter__(self) -> Self:
        """Start forwarding."""
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop forwarding."""
        self._server.shutdown()
        self._server.server_close()

    def keep(self, path: str, time: datetime, request: bytes, status: int, response: bytes) -> None:
        """Append one exchange to the record."""
        exchange = {
            "path": path,
            "time": time,
            "request": _decoded(request),
            "status": status,
            "response": _decoded(response),
        }
        line = orjson.dumps(exchange, option=orjson.OPT_APPEND_NEWLINE)
        with self._lock, self.record.open("ab") as record:
            record.write(line)


def _decoded(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")


def _handler(proxy: RecordingProxy, upstream_port: int) -> type[BaseHTTPRequestHandler]:
    connections = local()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            request, time = self.rfile.read(int(self.headers["Content-Length"])), datetime.now(UTC)
            try:
                status, content_type, response = self._forward(request)
            except (OSError, HTTPException) as error:
                status, content_type, response = 502, "text/plain", str(error).encode()
            proxy.keep(self.path, time, request, status, response)
            with suppress(ConnectionError):  # an engine that was killed waits for no answer
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(response)))
                self.end_headers()
                self.wfile.write(response)

        def _forward(self, request: bytes) -> tuple[int, str, bytes]:
            connection: HTTPConnection | None = getattr(connections, "kept", None)
            if connection is None:
                connection = connections.kept = HTTPConnection("127.0.0.1", upstream_port, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            try:
                connection.request("POST", self.path, request, headers)
                answer = connection.getresponse()
                return answer.status, answer.getheader("Content-Type", ""), answer.read()
            except (OSError, HTTPException):
                connection.close()
                raise

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the record is the log."""

    return Handler
