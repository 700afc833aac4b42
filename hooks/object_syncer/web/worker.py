"""gunicorn's asyncio worker, with the deadlines it lacks: for headers, for idle connections, for closing ones.

It also serves two apps, each on its listener, and TLS on the hooks' alone.
"""

import asyncio
import os
import resource
import socket
import ssl
from contextlib import suppress
from typing import Any

from gunicorn.asgi.protocol import ASGIProtocol  # type: ignore[import-untyped]
from gunicorn.workers.gasgi import ASGIWorker  # type: ignore[import-untyped]

from object_syncer.web.gate import Asgi
from object_syncer.web.watched import Watched

HEADER_SECONDS = 10.0
"""How long the headers of a request may take, from their first byte on, and a TLS handshake."""

LINGER_SECONDS = 2.0
"""How long a closing connection may take to hand over its last bytes, and a stopping server waits for a request that
is on its way over an idle connection."""

MAX_CONNECTIONS = 1000
"""Or half as many as the process may open files; where there are more, the one unused for longest is closed."""


class Connection(ASGIProtocol):  # type: ignore[misc]
    """One HTTP connection, from the moment it is accepted."""

    def __init__(self, worker: "Worker", app: Asgi) -> None:
        super().__init__(worker)
        self.app = app
        self._opening: asyncio.Task[None] | None = None
        self._headers_due: asyncio.TimerHandle | None = None

    def open(self, accepted: socket.socket, context: ssl.SSLContext | None) -> None:
        """Begin to serve, with a TLS handshake if there is a context."""
        self.worker.connections[self] = None
        self._opening = self.worker.loop.create_task(self._open(accepted, context))
        self._opening.add_done_callback(lambda _: None if self.transport else self._forget())

    async def _open(self, accepted: socket.socket, context: ssl.SSLContext | None) -> None:
        deadlines = {"ssl_handshake_timeout": HEADER_SECONDS, "ssl_shutdown_timeout": LINGER_SECONDS} if context else {}
        with suppress(OSError):  # a client that breaks off, or speaks no TLS
            await self.worker.loop.connect_accepted_socket(lambda: self, accepted, ssl=context, **deadlines)

    @property
    def idle(self) -> bool:
        """Whether no request is being answered."""
        return self._current_request is None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Called by asyncio."""
        super().connection_made(transport)
        self._arm_keepalive_timer()  # which gunicorn does only after the first request

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio."""
        self._forget()
        self._headers_complete()
        super().connection_lost(error)

    def abort(self) -> None:
        """Close the connection at once; what is not sent is lost."""
        self._forget()
        if self.transport:
            self.transport.abort()
        elif self._opening:
            self._opening.cancel()

    def _forget(self) -> None:
        self.worker.connections.pop(self, None)

    def _feed_callback_parser(self, data: bytes) -> Any:
        if self.idle and self._headers_due is None:
            self._headers_due = self.worker.loop.call_later(HEADER_SECONDS, self.abort)
        return super()._feed_callback_parser(data)

    def _on_headers_complete(self) -> Any:
        self._headers_complete()
        self._forget()
        self.worker.connections[self] = None  # as the last one used
        return super()._on_headers_complete()

    def _headers_complete(self) -> None:
        if self._headers_due:
            self._headers_due.cancel()
            self._headers_due = None

    def _is_websocket_upgrade(self, _request: object) -> bool:
        return False

    def _close_transport(self) -> None:
        super()._close_transport()
        self.worker.loop.call_later(LINGER_SECONDS, self.abort)


class Worker(ASGIWorker):  # type: ignore[misc]
    """Serves `self.app.listeners`: (app, TLS or None) of each address, in their order."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections: dict[Connection, None] = {}
        self.number = 0  # among the living workers of a server, see `sharing`
        self._limit = min(MAX_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
        self._stopping = asyncio.Event()

    def handle_exit_signal(self) -> None:
        """Called by asyncio on SIGTERM."""
        super().handle_exit_signal()
        self._stopping.set()

    async def _serve(self) -> None:
        listeners = zip(self.sockets, self.app.listeners, strict=True)
        accepting = [self.loop.create_task(self._accept(listener.sock, *served)) for listener, served in listeners]
        while self.alive and self.ppid == os.getppid():
            self.notify()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 1)
        for task, listener in zip(accepting, self.sockets, strict=True):
            task.cancel()
            listener.close()
        self.loop.call_later(LINGER_SECONDS, self._close_idle)
        await self._shutdown()

    async def _accept(self, listener: socket.socket, app: Asgi, contexts: Watched[ssl.SSLContext] | None) -> None:
        """Accept connections one by one: where files run out, asyncio's own server never recovers."""
        listener.setblocking(False)
        while True:
            try:
                accepted, _ = await self.loop.sock_accept(listener)
            except OSError as error:
                self.log.warning("cannot accept a connection: %s", error.strerror)
                await asyncio.sleep(1)
                continue
            if len(self.connections) >= self._limit:
                next(iter(self.connections)).abort()
            Connection(self, app).open(accepted, contexts.value() if contexts else None)
            await asyncio.sleep(0)

    def _close_idle(self) -> None:
        for connection in list(self.connections):
            if connection.idle:
                connection.abort()
