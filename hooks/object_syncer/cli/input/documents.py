"""YAML and JSON text, read into documents as kubectl does: no dates, no sexagesimal numbers, no duplicate keys.

Lines are found by composing the text once more, because they are needed only where something is wrong. No message
quotes a value, because it may be a Secret's.
"""

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
import yaml

_PUNCTUATION = re.compile(r"[\[\]{},:?-]|<[a-z ]+>")
_STEP = re.compile(r"\.?([\w-]+)|\[([^\]]*)\]")

_MOST_VALUES = 5_000_000
"""Most values in one document; more is a mistake, or an attack with YAML references."""


class Document(NamedTuple):
    """One document of a text, as JSON has it; None for an empty one. The first has number 1."""

    number: int
    value: Any


class Flaw(NamedTuple):
    """What keeps a text, or one document of it, from being used; `line` is 0 if unknown."""

    line: int
    message: str


class _Unfit(Exception):
    """A value that JSON does not have: its path, and what is wrong with it."""

    def __init__(self, path: str, message: str) -> None:
        self.path, self.message = path, message


def read(text: str) -> Iterator[Document | Flaw]:
    """Yield each document of a text, or what is wrong with it; nothing comes after text that is not YAML."""
    if text.lstrip()[:1] == "{":
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # several documents, or YAML's own braces
        else:
            yield Document(1, value)
            return
    number = 1
    try:
        loader = _Loader(text)
        while loader.check_node():
            node = loader.get_node()
            flaws = list(_doubled(node, set()))
            if flaws:
                yield from flaws
            else:
                yield _document(number, loader, node)
            number += 1
    except yaml.YAMLError as error:
        yield _not_yaml(text, error)
    except RecursionError:
        yield Flaw(0, f"document {number} is nested too deeply")


def line_of(text: str, number: int, path: str) -> int:
    """Return the line of a field ("spec.items[0].a", keys with dots in brackets) in a document, 0 if unknown.

    Where the field is missing it is the line of what it is missing in.
    """
    nodes = _nodes(text)
    return _line(nodes[number - 1], path) if number <= len(nodes) else 0


def _document(number: int, loader: Any, node: yaml.Node) -> Document | Flaw:
    try:
        return Document(number, _json("", loader.construct_document(node), [_MOST_VALUES]))
    except _Unfit as unfit:
        return Flaw(_line(node, unfit.path), f"{unfit.path or 'the document'}: {unfit.message}")


def _not_yaml(text: str, error: yaml.YAMLError) -> Flaw:
    problem = getattr(error, "problem", None) or "it contains a character that YAML does not allow"
    problem = re.sub(r"'([^']*)'", lambda quoted: quoted[0] if _PUNCTUATION.fullmatch(quoted[1]) else "...", problem)
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Flaw(0, f"not YAML: {problem}")
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    starred = re.search(r"(^|[:\-\[{,]\s*)\*", line)
    hint = '; a value that begins with * must be in quotes: "*"' if starred else ""
    return Flaw(mark.line + 1, f"column {mark.column + 1}: not YAML: {problem}{hint}")


@lru_cache(maxsize=8)
def _nodes(text: str) -> list[yaml.Node]:
    found = []
    try:
        loader = _Loader(text)
        while loader.check_node():
            found.append(loader.get_node())
    except (yaml.YAMLError, RecursionError):
        pass  # what was composed until then
    return found


def _line(node: yaml.Node, path: str) -> int:
    line = node.start_mark.line + 1
    for key, item in _STEP.findall(path):
        step = key or item
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if getattr(pair[0], "value", None) == step), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
            node = node.value[int(step)]
            line = node.start_mark.line + 1
        else:
            break
    return int(line)


def _doubled(node: yaml.Node | None, seen: set[int]) -> Iterator[Flaw]:
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _doubled(item, seen)
    elif isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                line = key.start_mark.line + 1
                if key.value in lines:
                    yield Flaw(line, f"{key.value}: duplicate key, it is in line {lines[key.value]} too")
                lines.setdefault(key.value, line)
            yield from _doubled(value, seen)


def _json(path: str, value: Any, left: list[int]) -> Any:
    """Return a value as JSON has it; keys become strings."""
    left[0] -= 1
    if left[0] < 0:
        raise _Unfit("", "is too large")
    if isinstance(value, dict):
        return {_key(path, key): _json(_below(path, key), item, left) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(f"{path}[{index}]", item, left) for index, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise _Unfit(path, "must be a finite number, as JSON has no other")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise _Unfit(path, "must be a number of 64 bits; put it in quotes if it is a string")
    if isinstance(value, str) and not value.isascii() and not _is_text(value):
        raise _Unfit(path, "contains an unpaired surrogate; Kubernetes accepts UTF-8 only")
    if value is not None and not isinstance(value, str | int | float):
        raise _Unfit(path, f"is a YAML {type(value).__name__}, which JSON does not have")
    return value


def _below(path: str, key: Any) -> str:
    if not re.fullmatch(r"[\w-]+", str(key)):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def _key(path: str, key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    if not isinstance(key, str | int | float):
        raise _Unfit(path, "has a key that is not a string")
    if isinstance(key, str) and not _is_text(key):
        raise _Unfit(path, "has a key that contains an unpaired surrogate; Kubernetes accepts UTF-8 only")
    return str(key)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


# YAML as kubectl reads it

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """YAML without what JSON does not have."""


_INT = re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$")
_REPLACED = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_Loader.yaml_implicit_resolvers = {
    first: [rule for rule in rules if rule[0] not in _REPLACED]
    for first, rules in _Base.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))
