"""Objects nested too deep for us, cut to a depth that all our code can handle.

The API server stores JSON up to 10,000 levels deep (tried with Kubernetes 1.35.4). orjson reads 1,024 levels and
writes 254, and Python's own recursion ends at about as many. What one tenant nests deeper must not stop the hook for
all others, so it is cut: what lies deeper becomes the string CUT.

An observed object that was cut can still be compared, as far as it goes. A source with CUT in it cannot be copied.
"""

import re
from typing import Any

import orjson

LEVELS = 250
"""How deep a request may be. Its objects begin at the fourth level, and in our answer at the third."""

CUT = "(nested too deep for Object Syncer)"
"""What stands in place of what was nested too deep."""

_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|\[|\{|\]|\}', re.DOTALL)
"""Strings, also one that does not end (else text of quotes alone would take quadratic time), and brackets."""


def loads(body: bytes) -> Any:
    """Read JSON; what is nested too deep to be read is cut. Raises orjson.JSONDecodeError."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        too_deep = "depth" in error.msg or "recursion" in error.msg.lower()
        shallow = _cut_text(body) if too_deep else None
        if shallow is None:
            raise
    return orjson.loads(shallow)


def cut(value: Any) -> bool:
    """Cut what `loads` returned, in place; tell whether there was anything to cut."""
    level = [value]
    for _ in range(LEVELS - 1):
        level = [inner for outer in level for _, inner in _containers(outer)]
    deepest = [(outer, key) for outer in level for key, _ in _containers(outer)]
    for outer, key in deepest:
        outer[key] = CUT
    return bool(deepest)


def _containers(value: Any) -> list[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(key, inner) for key, inner in items if isinstance(inner, dict | list)]


def _cut_text(body: bytes) -> bytes | None:
    """Return the JSON cut, None if there is nothing to cut. What is no JSON does not become any."""
    kept: list[bytes] = []
    depth = begin = 0
    for token in _TOKENS.finditer(body):
        bracket = body[token.start()]
        if bracket in b"[{":
            depth += 1
            if depth == LEVELS + 1:
                kept.append(body[begin : token.start()])
        elif bracket in b"]}":
            if depth == LEVELS + 1:
                kept.append(orjson.dumps(CUT))
                begin = token.end()
            depth -= 1
    return b"".join([*kept, body[begin:]]) if kept else None
