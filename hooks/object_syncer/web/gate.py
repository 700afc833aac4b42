"""What stands before the hooks: a request gets a thread only once all of it is here, and none without a good token.

Reading requests and sending answers is asyncio's work, bounded in time and in memory, so that a slow client costs the
others nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from typing import Any, NamedTuple

import orjson

from object_syncer.web import logs, tokens
from object_syncer.web.call import GONE, NO_MEMORY, NOT_TAKEN, TOO_LARGE, TOO_SLOW, UNAUTHORIZED
from object_syncer.web.memory import Full, Memory, Share
from object_syncer.web.metrics import Metrics
from object_syncer.web.watched import Watched

PROBES = frozenset({"/healthz", "/readyz"})
"""Paths that need no token and no thread; they say nothing about anybody's objects."""

TRANSFER_SECONDS = 30.0
"""How long a body may take to come, and an answer to be taken: after 30 s the engine gives up on a hook."""

DISCARD_SECONDS = 5.0
"""How long the body of a refused request is thrown away: a sender that is cut off would not see why."""

ROOM_SECONDS = 10.0
"""How long a request waits for memory."""

_CHUNK = 1 << 18
"""Answers go to the connection piece by piece: it copies what it cannot send at once."""

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


class Answer(NamedTuple):
    """An HTTP response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Refused(Exception):
    """The request does not reach its hook; `kind` is one of the errors of `call`."""

    def __init__(self, kind: str, status: int, error: str, *headers: tuple[str, str]) -> None:
        super().__init__(error)
        self.kind = kind
        body = orjson.dumps({"error": error})
        framing = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        self.answer = Answer(status, [*framing, *headers], body)


class Gone(Exception):
    """The client has closed the connection."""


class Body:
    """The body of a request, for one reader: what it has read is not kept for the time the hook takes."""

    def __init__(self) -> None:
        self._received = BytesIO()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Append what came."""
        self.size += self._received.write(chunk)

    def read(self, _size: int = -1) -> bytes:
        """Return all of it."""
        body, self._received = self._received.getvalue(), BytesIO()
        return body


def inline(app: Wsgi) -> Asgi:
    """Return the ASGI app that calls a WSGI app at once: for answers that take no time and need no body."""

    async def at_once(scope: Scope, _receive: Receive, send: Send) -> None:
        await _send(send, call(app, scope, Body()))

    return at_once


def gate(
    app: Wsgi,
    *,
    threads: int,
    body_limit: int,
    memory_limit: int,
    accepted: Watched[list[bytes]] | None = None,
    metrics: Metrics | None = None,
) -> Asgi:
    """Return the ASGI app that calls a WSGI app with complete requests, each in one of `threads` threads."""
    probes, memory, pool = inline(app), Memory(memory_limit, ROOM_SECONDS), ThreadPoolExecutor(threads, "hook")
    metrics = metrics or Metrics()

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in PROBES:
            await probes(scope, receive, send)
            return
        try:
            with metrics.in_flight(), memory.share() as share:
                _admit(dict(scope["headers"]), accepted, body_limit)
                body = await _body(receive, share, body_limit)
                answer = await _in_thread(pool, app, scope, body)
                share.resize(len(answer.body))
                try:
                    async with asyncio.timeout(TRANSFER_SECONDS) as patience:
                        with share.client(patience):
                            await _send(send, answer)
                except TimeoutError:
                    metrics.failed(scope["path"], NOT_TAKEN)
        except Refused as refused:
            request = logs.request_id(dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1"))
            refused.answer.headers.append((logs.REQUEST_ID, request))
            metrics.failed(scope["path"], refused.kind)
            logs.refused(scope["path"], refused.kind, request)
            await _send(send, refused.answer)
            await _discard(receive)
        except Gone:
            metrics.failed(scope["path"], GONE)

    return guarded


def call(app: Wsgi, scope: Scope, body: Body) -> Answer:
    """Return the WSGI app's answer to a complete request."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    headers = {
        f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": value.decode("latin-1")
        for name, value in scope["headers"]
    }
    environ = headers | {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "CONTENT_LENGTH": str(body.size),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "0",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    chunks = app(environ, lambda status, headers, _error=None: started.append((status, headers)))
    answer = b"".join(chunks)
    status, answered = started[-1]
    return Answer(int(status.split()[0]), answered, answer)


def _admit(headers: dict[bytes, bytes], accepted: Watched[list[bytes]] | None, body_limit: int) -> None:
    """Refuse what can be refused without the body."""
    authorization = headers.get(b"authorization", b"").decode("latin-1")
    if accepted and not tokens.good(authorization, accepted.value()):
        challenge = ("WWW-Authenticate", "Bearer")
        raise Refused(UNAUTHORIZED, 401, "no good token in the Authorization header", challenge)
    if int(headers.get(b"content-length", b"0")) > body_limit:
        raise _too_large(body_limit)


async def _body(receive: Receive, share: Share, limit: int) -> Body:
    body, more = Body(), True
    try:
        async with asyncio.timeout(TRANSFER_SECONDS) as patience:
            while more:
                with share.client(patience):
                    message = await receive()
                if message["type"] != "http.request":
                    raise Gone
                chunk, more = message["body"], message["more_body"]
                if body.size + len(chunk) > limit:
                    raise _too_large(limit)
                await share.grow(len(chunk))
                body.write(chunk)
    except TimeoutError:
        why = f"the body took longer than {TRANSFER_SECONDS:.0f} s"
        raise Refused(TOO_SLOW, 408, why, ("Connection", "close")) from None
    except Full:
        why = "too many large requests at once, see object-syncer serve --memory-limit"
        raise Refused(NO_MEMORY, 503, why, ("Retry-After", "1")) from None
    return body


async def _in_thread(pool: ThreadPoolExecutor, app: Wsgi, scope: Scope, body: Body) -> Answer:
    job = pool.submit(call, app, scope, body)
    answered = asyncio.wrap_future(job)
    try:
        return await asyncio.shield(answered)
    except asyncio.CancelledError:
        if not job.cancel():
            await asyncio.wait([answered])  # what the thread holds is in memory until it ends
        raise


async def _send(send: Send, answer: Answer) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    for start in range(0, len(answer.body), _CHUNK):
        await send({"type": "http.response.body", "body": answer.body[start : start + _CHUNK], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _discard(receive: Receive) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while (await receive()).get("more_body"):
                pass


def _too_large(limit: int) -> Refused:
    return Refused(TOO_LARGE, 413, f"the body is larger than {limit} bytes, see object-syncer serve --body-limit")
