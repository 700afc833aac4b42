"""JSON that is nested deeper than our code can handle."""

import time
from typing import Any

import orjson
import pytest

from object_syncer.kube import depth
from object_syncer.kube.depth import CUT, LEVELS


def nested(levels: int, opening: bytes = b'{"a":', closing: bytes = b"}") -> bytes:
    return opening * levels + b"1" + closing * levels


def bottom(value: Any) -> Any:
    while isinstance(value, dict | list):
        value = next(iter(value.values() if isinstance(value, dict) else value))
    return value


@pytest.mark.parametrize("levels", [1, LEVELS, LEVELS + 1, 1024, 1025, 10_000, 100_000])
@pytest.mark.parametrize("brackets", [(b'{"a":', b"}"), (b"[", b"]"), (b'[{"a":', b"}]")])
def test_what_lies_too_deep_is_cut_and_can_be_written_again(levels: int, brackets: tuple[bytes, bytes]) -> None:
    text = nested(levels, *brackets)
    value = depth.loads(text)
    depth.cut(value)
    assert bottom(value) == (1 if text.count(b"{") + text.count(b"[") <= LEVELS else CUT)
    assert depth.loads(orjson.dumps(value)) == value
    assert not depth.cut(value)


def test_both_ways_of_cutting_cut_alike_and_leave_the_rest() -> None:
    rest = b'"b": [1, "}]{[", "\\\\", "\\"}", {"c": null}], "d": ' + nested(LEVELS - 1)
    readable, unreadable = (b'{"a": ' + nested(levels) + b", " + rest + b"}" for levels in (LEVELS, 2000))
    value = depth.loads(readable)
    assert depth.cut(value)
    assert value == depth.loads(unreadable)
    assert value["b"] == [1, "}]{[", "\\", '"}', {"c": None}]
    assert bottom(value["d"]) == 1


@pytest.mark.parametrize(
    "text", [b"", b"nonsense", b"[" * 5000, b"]" * 5000, b'{"a":' * 5000, b'"' * 5001, b"[" * 300 + b"]" * 299]
)
def test_what_is_no_json_does_not_become_any(text: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        depth.loads(text)


@pytest.mark.parametrize("unended", [b'"' + b"x" * 10**6, b'"\\' * 10**6, b'"' + b'\\"' * 10**6, b'"' * 10**6 + b"\\"])
def test_what_ends_within_a_string_is_refused_in_no_time(unended: bytes) -> None:
    started = time.process_time()
    with pytest.raises(orjson.JSONDecodeError):
        depth.loads(b"[" * 2000 + unended)
    assert time.process_time() - started < 5
