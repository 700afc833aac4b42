"""Requests to an ASGI app, without a socket."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from object_syncer.web.gate import Answer, Asgi, Receive, Scope

NO_HEADERS: Mapping[str, str] = {}


async def whole(body: bytes = b"") -> AsyncIterator[bytes]:
    """Yield a body that comes in one piece."""
    yield body


def ask(app: Asgi, path: str, *, method: str = "POST", headers: Mapping[str, str] = NO_HEADERS) -> Answer:
    """Send a request with an empty body and return the answer."""
    return asyncio.run(asked(app, path, whole(), method=method, headers=headers))


async def asked(
    app: Asgi, path: str, body: AsyncIterator[bytes], *, method: str = "POST", headers: Mapping[str, str] = NO_HEADERS
) -> Answer:
    """Send a request whose body comes in pieces, and return the answer."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(*request(path, body, method=method, headers=headers), send)
    start, *bodies = sent
    given = [(name.decode(), value.decode()) for name, value in start["headers"]]
    return Answer(start["status"], given, b"".join(part["body"] for part in bodies))


def request(
    path: str, body: AsyncIterator[bytes], *, method: str = "POST", headers: Mapping[str, str] = NO_HEADERS
) -> tuple[Scope, Receive]:
    """Return what an ASGI app is called with for a request."""
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
    }

    async def receive() -> dict[str, Any]:
        piece = await anext(body, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    return scope, receive
