"""The input of `simulate`: YAML or JSON files, read into Kubernetes objects with their place in the input.

YAML is read as kubectl does: no dates, no sexagesimal numbers, no duplicate keys. No message quotes a value, because
it may be a Secret's.
"""

import math
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import yaml

from object_syncer.kube.meta import Json

STDIN = "-"

_PUNCTUATION = re.compile(r"[\[\]{},:?-]|<[a-z ]+>")

_MOST_VALUES = 5_000_000
"""Most values in one document; more is a mistake, or an attack with YAML references."""


class BadInput(Exception):
    """Input that cannot be used: where, and what to do about it, in one line."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")


class Given(NamedTuple):
    """An object and its place in the input: file, document, item of a List."""

    place: str
    obj: Json

    def named(self) -> str:
        """Return the place with the object's kind and name."""
        meta = self.obj["metadata"]
        name = f"{meta['namespace']}/{meta['name']}" if meta.get("namespace") else meta["name"]
        return f"{self.place} ({self.obj['kind']} {name})"


def read(files: Iterable[str]) -> list[Given]:
    """Return every object in the files, Lists taken apart; "-" is standard input. Raises BadInput."""
    found: list[Given] = []
    for file in files:
        name = "stdin" if file == STDIN else file
        documents = 0
        for number, document in enumerate(_documents(name, _text(name, file)), 1):
            documents += document is not None
            if document is not None:
                found += _objects(f"{name}: document {number}", document)
        if not documents:
            raise BadInput(name, "there is no object in it")
    return found


def _text(name: str, file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    except OSError as error:
        raise BadInput(name, f"cannot be read: {(error.strerror or 'input error').lower()}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput(name, f"line {line} is not UTF-8 text") from None


def _documents(name: str, text: str) -> Iterator[Any]:
    if text.lstrip()[:1] == "{":
        try:
            yield orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # several documents, or YAML's own braces
        else:
            return
    number = 1
    try:
        loader = _Loader(text)
        while loader.check_node():
            place = f"{name}: document {number}"
            node = loader.get_node()
            _check_keys(place, node, set())
            yield _json(place, "", loader.construct_document(node), [_MOST_VALUES])
            number += 1
    except yaml.YAMLError as error:
        raise BadInput(f"{name}: document {number}", _yaml_message(error)) from None
    except RecursionError:
        raise BadInput(f"{name}: document {number}", "is nested too deeply") from None


def _yaml_message(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or "it contains a character that YAML does not allow"
    problem = re.sub(r"'([^']*)'", lambda quoted: quoted[0] if _PUNCTUATION.fullmatch(quoted[1]) else "...", problem)
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"{where}not YAML: {problem}"


def _objects(place: str, document: Any) -> Iterator[Given]:
    """Yield the document's object, or those of the List that it is."""
    if not isinstance(document, dict):
        raise BadInput(place, "must be a Kubernetes object with apiVersion, kind and metadata; indent its fields alike")
    for field in ("apiVersion", "kind"):
        if not isinstance(document.get(field), str) or not document[field]:
            raise BadInput(place, f"{field}: missing; every Kubernetes object says its apiVersion and kind")
    if not document["kind"].endswith("List") or "items" not in document:
        yield Given(place, document)
        return
    if not isinstance(document["items"], list):
        raise BadInput(place, "items: must be a list")
    kind = document["kind"].removesuffix("List")
    implied = {"apiVersion": document["apiVersion"], "kind": kind} if kind else {}
    for number, item in enumerate(document["items"], 1):
        yield from _objects(f"{place}, item {number}", {**implied, **item} if isinstance(item, dict) else item)


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


def _check_keys(place: str, node: yaml.Node | None, seen: set[int]) -> None:
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(place, item, seen)
    elif isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in keys:
                    raise BadInput(place, f"{key.value}: duplicate key, again in line {key.start_mark.line + 1}")
                keys.add(key.value)
            _check_keys(place, value, seen)


def _json(place: str, path: str, value: Any, left: list[int]) -> Any:
    """Return a value as JSON has it; keys become strings."""
    left[0] -= 1
    if left[0] < 0:
        raise BadInput(place, "is too large")
    if isinstance(value, dict):
        return {
            _key(place, path, key): _json(place, f"{path}.{key}" if path else str(key), item, left)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_json(place, f"{path}[{index}]", item, left) for index, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(place, f"{path}: must be a finite number, as JSON has no other")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise BadInput(place, f"{path}: must be a number of 64 bits; put it in quotes if it is a string")
    if isinstance(value, str) and not value.isascii() and not _is_text(value):
        raise BadInput(place, f"{path}: contains an unpaired surrogate; Kubernetes accepts UTF-8 only")
    if value is not None and not isinstance(value, str | int | float):
        raise BadInput(place, f"{path}: is a YAML {type(value).__name__}, which JSON does not have")
    return value


def _key(place: str, path: str, key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    if not isinstance(key, str | int | float):
        raise BadInput(place, f"{path or 'it'}: has a key that is not a string")
    if isinstance(key, str) and not _is_text(key):
        problem = "has a key that contains an unpaired surrogate; Kubernetes accepts UTF-8 only"
        raise BadInput(place, f"{path or 'it'}: {problem}")
    return str(key)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
