"""How many bytes of requests and answers are in memory at once, and which client gives way where that is too much.

What is counted are bytes that are there, not those that a Content-Length promises: a promise costs a client nothing.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_GRACE_SECONDS = 1.0
"""A client that has kept us waiting for longer than this gives way to others when memory is short."""


class Full(Exception):
    """There is no room, and there was none for as long as a request may wait."""


class Memory:
    """The bytes of one process. Use it from the event loop only."""

    def __init__(self, limit: int, patience: float) -> None:
        """Let `limit` bytes be in memory; who needs more waits for `patience` seconds."""
        self._limit, self._patience = limit, patience
        self._used = 0
        self._shares: dict[Share, asyncio.Future[None] | None] = {}  # the oldest first; a future is waited for
        self._clients: dict[asyncio.Timeout, float] = {}

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """Yield the share of one request; it is given back at the end."""
        share = Share(self)
        self._shares[share] = None
        try:
            yield share
        finally:
            del self._shares[share]
            share.resize(0)

    async def _room(self, share: "Share", size: int) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience
        while self._used + size > self._limit:
            if loop.time() >= end:
                raise Full
            self._dismiss(loop.time())
            freed = self._shares[share] = loop.create_future()
            waiting = [other for other in self._shares.values() if other and not other.done()]
            if len(waiting) == len(self._shares):  # for each other: the oldest gives up
                waiting[0].set_exception(Full())
            try:
                await asyncio.wait([freed], timeout=min(_GRACE_SECONDS, end - loop.time()))
            finally:
                self._shares[share] = None
            if freed.done():
                freed.result()

    def _dismiss(self, now: float) -> None:
        """End the patience with the client that has kept us waiting longest."""
        slow = [(since, patience) for patience, since in self._clients.items() if now - since > _GRACE_SECONDS]
        if slow:
            min(slow, key=lambda item: item[0])[1].reschedule(now)

    def _change(self, difference: int) -> None:
        self._used += difference
        if difference < 0:
            for freed in self._shares.values():
                if freed and not freed.done():
                    freed.set_result(None)


class Share:
    """What one request holds, and how long its client has kept us waiting."""

    def __init__(self, memory: Memory) -> None:
        self._memory, self._size, self._waited = memory, 0, 0.0

    def resize(self, size: int) -> None:
        """Say how many bytes the request holds now."""
        difference, self._size = size - self._size, size
        self._memory._change(difference)

    async def grow(self, by: int) -> None:
        """Wait for room, then hold more bytes. Raises Full."""
        await self._memory._room(self, by)
        self.resize(self._size + by)

    @contextmanager
    def client(self, patience: asyncio.Timeout) -> Iterator[None]:
        """Say that it is the client who is waited for, within a timeout; it ends early where memory is short."""
        loop, clients = asyncio.get_running_loop(), self._memory._clients
        start = loop.time()
        clients[patience] = start - self._waited
        try:
            yield
        finally:
            self._waited += loop.time() - start
            del clients[patience]
