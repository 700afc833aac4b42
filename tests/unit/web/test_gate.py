"""What stands before the hooks: only complete requests of bearable size get a thread, and memory is bounded."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import orjson
import pytest

from object_syncer.web import gate as module
from object_syncer.web import memory
from object_syncer.web.gate import Answer, gate
from unit.web.asgi import ask, asked, request

HOOK = "/v1/slice/sync"
LIMIT = 1000


class Hook:
    """A WSGI app that answers with the length of the body, once it may; `reached` when it has a thread."""

    def __init__(self) -> None:
        self.reached, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        self.reached.set()
        assert self.may_answer.wait(10)
        start_response("200 OK", [])
        return [str(len(body)).encode()]


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.may_answer.set()


async def body(*pieces: int | Callable[[], Any]) -> AsyncIterator[bytes]:
    """Yield a body in pieces of these sizes; what is no size is called between them, and awaited if it must be."""
    for piece in pieces:
        if isinstance(piece, int):
            yield b"x" * piece
        else:
            done = piece()
            if done is not None:
                await done


def error(answer: Answer) -> str:
    return str(orjson.loads(answer.body)["error"])


def test_pieces_make_a_body(hook: Hook) -> None:
    app = gate(hook, threads=1, body_limit=LIMIT, memory_limit=LIMIT)
    answer = asyncio.run(asked(app, HOOK, body(400, 500, 100)))
    assert (answer.status, answer.body) == (200, b"1000")


def test_headers_reach_the_hook_and_come_back() -> None:
    def mirror(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("ETag", environ["HTTP_IF_NONE_MATCH"])])
        return []

    app = gate(mirror, threads=1, body_limit=LIMIT, memory_limit=LIMIT)
    assert dict(ask(app, HOOK, headers={"if-none-match": '"1"'}).headers)["ETag"] == '"1"'


def test_a_body_that_is_too_large_is_refused_by_its_length_or_when_so_much_has_come(hook: Hook) -> None:
    app = gate(hook, threads=1, body_limit=LIMIT, memory_limit=LIMIT)
    promised = asyncio.run(asked(app, HOOK, body(), headers={"content-length": str(LIMIT + 1)}))
    sent = asyncio.run(asked(app, HOOK, body(LIMIT, 1)))
    for answer in (promised, sent):
        assert answer.status == 413
        assert error(answer) == "the body is larger than 1000 bytes, see object-syncer serve --body-limit"
    assert not hook.reached.is_set()


def test_a_body_that_does_not_come_is_given_up(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRANSFER_SECONDS", 0.05)
    app = gate(hook, threads=1, body_limit=LIMIT, memory_limit=LIMIT)
    answer = asyncio.run(asked(app, HOOK, body(1, asyncio.Event().wait)))
    assert answer.status == 408
    assert dict(answer.headers)["Connection"] == "close"
    assert not hook.reached.is_set()


def test_who_stalls_gives_way_when_memory_is_short(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_GRACE_SECONDS", 0.05)
    app = gate(hook, threads=1, body_limit=LIMIT, memory_limit=LIMIT)

    async def scene() -> list[int]:
        begun = asyncio.Event()
        slow = asyncio.create_task(asked(app, HOOK, body(LIMIT, begun.set, asyncio.Event().wait)))
        await begun.wait()
        return [(await asked(app, HOOK, body(LIMIT))).status, (await slow).status]

    assert asyncio.run(scene()) == [200, 408]


def test_of_two_that_wait_for_each_other_the_older_is_told_to_come_again(hook: Hook) -> None:
    app = gate(hook, threads=1, body_limit=LIMIT, memory_limit=LIMIT)

    async def scene() -> list[Answer]:
        begun, both = asyncio.Event(), asyncio.Event()
        first = asyncio.create_task(asked(app, HOOK, body(600, begun.set, both.wait, 400)))
        await begun.wait()
        second = asyncio.create_task(asked(app, HOOK, body(300, both.set, 300)))
        return [await first, await second]

    earlier, other = asyncio.run(scene())
    assert (earlier.status, dict(earlier.headers)["Retry-After"]) == (503, "1")
    assert error(earlier) == "too many large requests at once, see object-syncer serve --memory-limit"
    assert other.status == 200


def test_while_hooks_hold_the_memory_others_wait_for_a_bounded_time(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROOM_SECONDS", 0.05)
    hook.may_answer.clear()
    app = gate(hook, threads=1, body_limit=LIMIT, memory_limit=LIMIT)

    async def scene() -> list[int]:
        busy = asyncio.create_task(asked(app, HOOK, body(LIMIT)))
        await asyncio.to_thread(hook.reached.wait, 10)
        refused = await asked(app, HOOK, body(1))
        hook.may_answer.set()
        return [refused.status, (await busy).status, (await asked(app, HOOK, body(LIMIT))).status]

    assert asyncio.run(scene()) == [503, 200, 200]


def test_what_a_hook_holds_counts_until_it_ends_even_if_its_client_has_gone(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROOM_SECONDS", 0.05)
    hook.may_answer.clear()
    app = gate(hook, threads=1, body_limit=LIMIT, memory_limit=LIMIT)

    async def scene() -> list[int]:
        busy = asyncio.create_task(asked(app, HOOK, body(LIMIT)))
        await asyncio.to_thread(hook.reached.wait, 10)
        busy.cancel()
        refused = await asked(app, HOOK, body(1))
        hook.may_answer.set()
        await asyncio.wait([busy])
        return [refused.status, (await asked(app, HOOK, body(LIMIT))).status]

    assert asyncio.run(scene()) == [503, 200]


def test_an_answer_that_nobody_takes_is_given_up(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRANSFER_SECONDS", 0.05)
    app = gate(hook, threads=1, body_limit=LIMIT, memory_limit=LIMIT)

    async def never(_message: object) -> None:
        await asyncio.Event().wait()

    async def scene() -> int:
        await app(*request(HOOK, body(LIMIT)), never)
        return (await asked(app, HOOK, body(LIMIT))).status

    assert asyncio.run(scene()) == 200
