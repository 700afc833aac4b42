"""Requests that no engine sends: recorded ones with junk in any place, and bytes that are hardly JSON."""

import json
from typing import Any

import orjson
from hypothesis import strategies as st

from contract.test_recorded import RECORDINGS
from object_syncer.routes import HEARTBEAT, ROUTES, STALL
from unit.bodies import of_heartbeat, of_stall, sync_slice, valid
from unit.objects import config_map

SEEDS: dict[str, list[bytes]] = {
    path: [
        orjson.dumps(valid()[path]),
        *(orjson.dumps(recording["request"]) for recording in RECORDINGS.values() if recording["path"] == path),
    ]
    for path in ROUTES
} | {
    HEARTBEAT: [orjson.dumps(of_heartbeat())],
    STALL: [orjson.dumps(of_stall(sync_slice("a"), config_map()))],
}
"""Requests by path, as JSON."""

_SCALARS: list[Any] = [
    None, True, False, 0, 1, -1, 2**31, 2**63 - 1, -(2**63), 0.5, -0.0, 1e308, "", " ", "*", ".", "..", "/", "a/b/c",
    "a", "team", "share", "None", "True", "v1", "ConfigMap", "Secret", "v1/v2/v3", "{namespace}", "%s", "\x00", "\n",
    "\u202e", "é", "😀", "9999-99-99T99:99:99Z", "2026-03-01T12:00:00", "2026-03-01T12:00:00+99:00",
    "0001-01-01T00:00:00Z", "x" * 300, "[", "[a-", "***" * 20, "?" * 60, "__proto__", "constructor",
]  # fmt: skip

junk: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(_SCALARS)
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(max_size=20).filter(lambda t: t.isprintable()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([text for text in _SCALARS if isinstance(text, str)]), inner, max_size=3)
    ),
    max_leaves=6,
)

_DELETE, _REPLACE, _WRAP, _ADD, _SWAP, _NEST = range(6)


@st.composite
def mutated(draw: st.DrawFn, path: str) -> bytes:
    """Return a request for the hook at this path with up to four places changed."""
    body = orjson.loads(draw(st.sampled_from(SEEDS[path])))
    for _ in range(draw(st.integers(1, 4))):
        container, key = _place(draw, body)
        match draw(st.sampled_from((_DELETE, _REPLACE, _REPLACE, _WRAP, _ADD, _SWAP, _NEST))):
            case 0:
                del container[key]
            case 1:
                container[key] = draw(junk)
            case 2:
                container[key] = draw(st.sampled_from(([container[key]], {"a": container[key]}, str(container[key]))))
            case 3 if isinstance(container[key], dict):
                container[key][str(draw(st.sampled_from(_SCALARS)))] = draw(junk)
            case 3 if isinstance(container[key], list):
                container[key].append(draw(junk))
            case 4:
                other, where = _place(draw, body)
                container[key] = orjson.loads(orjson.dumps(other[where]))
            case 5:
                for _ in range(draw(st.sampled_from((10, 150)))):
                    container[key] = draw(st.sampled_from(([container[key]], {"a": container[key]})))
        if not body:
            break
    return json.dumps(body).encode()  # orjson does not write what is nested as deep


def _place(draw: st.DrawFn, body: Any) -> tuple[Any, Any]:
    """Return a container within the body, and one of its keys."""
    container, key = body, draw(st.sampled_from(sorted(body)))
    while True:
        inner = container[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.integers(0, 5)) == 0:
            return container, key
        container = inner
        key = draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))


_BYTES = [
    b"", b" ", b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b"\x00", b"\xff", b"\xc3\x28", b"\xef\xbb\xbf", b"NaN",
    b"1e999", b"-", b"null", b"true",
    b'"\\ud800"', b'{"a":1,"a":2}', b"9" * 400, b"[" * 3000, b'{"a":' * 3000, b'"' * 3001,
]  # fmt: skip


@st.composite
def scrambled(draw: st.DrawFn, path: str) -> bytes:
    """Return a request for the hook at this path with bytes cut out, put in or changed."""
    body = bytearray(draw(st.sampled_from(SEEDS[path])))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(body)))
        match draw(st.integers(0, 2)):
            case 0:
                del body[at : at + draw(st.sampled_from((1, 2, 10, len(body))))]
            case 1:
                body[at:at] = draw(st.sampled_from(_BYTES))
            case 2 if at < len(body):
                body[at] = draw(st.integers(0, 255))
    return bytes(body)
