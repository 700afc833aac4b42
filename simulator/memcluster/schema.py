"""Checking objects against a CRD's schema: the part of OpenAPI v3 that most structural schemas consist of.

That is type, properties, additionalProperties, required, items, enum, pattern, lengths, bounds, nullable and
Kubernetes' own extensions. Everything else (anyOf and the like, CEL rules, formats, defaults) is ignored.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any, NamedTuple

from memcluster.objects import Json


class Problem(NamedTuple):
    """One field that breaks the schema; the message never quotes the value of a plain string field."""

    path: str
    message: str


_NAMES: Mapping[type, str] = {dict: "a map", list: "a list", str: "a string", bool: "true or false"}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
_WORDS = {
    "object": "a map",
    "array": "a list",
    "string": "a string",
    "boolean": "true or false",
    "integer": "a whole number",
}
_AT_ROOT = frozenset({"apiVersion", "kind", "metadata"})


def problems(
    schema: Json, obj: Json, *, strict: bool = False, aside: AbstractSet[str] = frozenset()
) -> Iterator[Problem]:
    """Yield what is wrong with an object, in the order of its schema; neither metadata nor `aside` is checked.

    With `strict`, fields that the schema does not have are wrong too, as for `kubectl apply`; the API server itself
    drops them.
    """
    aside = _AT_ROOT | aside
    shown = {key: value for key, value in obj.items() if key not in aside}
    known = {key: value for key, value in (schema.get("properties") or {}).items() if key not in aside}
    required = [key for key in schema.get("required") or () if key not in aside]
    yield from _object({**schema, "properties": known, "required": required}, shown, "", strict)


def _value(schema: Json, value: Any, path: str, strict: bool) -> Iterator[Problem]:
    if schema.get("x-kubernetes-int-or-string"):
        if isinstance(value, bool) or not isinstance(value, int | str):
            yield Problem(path, f"must be a number or a string, is {_name(value)}")
        return
    expected = schema.get("type")
    if expected and not _fits(value, expected):
        hint = "; put it in quotes" if expected == "string" and isinstance(value, bool | int | float) else ""
        yield Problem(path, f"must be {_WORDS.get(expected, 'a number')}, is {_name(value)}{hint}")
        return
    allowed = schema.get("enum")
    if allowed and value not in allowed:
        choices = ", ".join(f'"{each}"' if each == "" else str(each) for each in allowed if each is not None)
        yield Problem(path, f"must be one of {choices}{_guess(value, allowed)}")
    elif isinstance(value, dict):
        yield from _object(schema, value, path, strict)
    elif isinstance(value, list):
        yield from _array(schema, value, path, strict)
    elif isinstance(value, str):
        yield from _string(schema, value, path)
    elif not isinstance(value, bool):
        yield from _number(schema, value, path)


def _object(schema: Json, value: Json, path: str, strict: bool) -> Iterator[Problem]:
    known: Json = schema.get("properties") or {}
    others = schema.get("additionalProperties")
    for key in schema.get("required") or ():
        below = known.get(key) or {}
        if value.get(key) is None and not (key in value and below.get("nullable")):
            meaning = below.get("description") or ""
            yield Problem(_join(path, key), f"missing{f': {_sentence(meaning)}' if meaning else ''}")
    for key, item in value.items():
        below = known.get(key, others)
        if isinstance(below, dict):
            if item is not None:  # the API server drops a null where there may be none
                yield from _value(below, item, _join(path, key), strict)
        elif strict and below is not True and not schema.get("x-kubernetes-preserve-unknown-fields"):
            fields = f"; known are {', '.join(known)}" if known else ""
            yield Problem(_join(path, key), f"unknown field{_guess(key, known) or fields}")


def _array(schema: Json, value: list[Any], path: str, strict: bool) -> Iterator[Problem]:
    if len(value) > schema.get("maxItems", len(value)):
        yield Problem(path, f"has {len(value)} items, may have {schema['maxItems']}")
    if len(value) < schema.get("minItems", 0):
        yield Problem(path, f"has {len(value)} items, must have {schema['minItems']}")
    below = schema.get("items")
    if below is None:  # part of a field that may be anything
        return
    for index, item in enumerate(value):
        if item is None and not below.get("nullable"):
            yield Problem(f"{path}[{index}]", "is empty")
        elif item is not None:
            yield from _value(below, item, f"{path}[{index}]", strict)


def _string(schema: Json, value: str, path: str) -> Iterator[Problem]:
    if len(value) > schema.get("maxLength", len(value)):
        yield Problem(path, f"is {len(value)} characters long, may have {schema['maxLength']}")
    elif len(value) < schema.get("minLength", 0):
        yield Problem(path, "must not be empty")
    elif "pattern" in schema and not re.search(schema["pattern"], value):
        yield Problem(path, f"must match {schema['pattern']}")


def _number(schema: Json, value: float, path: str) -> Iterator[Problem]:
    if value > schema.get("maximum", value):
        yield Problem(path, f"must be at most {schema['maximum']}")
    if value < schema.get("minimum", value):
        yield Problem(path, f"must be at least {schema['minimum']}")


def _fits(value: Any, expected: str) -> bool:
    types = _TYPES.get(expected, (object,))
    return isinstance(value, types) and (not isinstance(value, bool) or bool in types or object in types)


def _name(value: Any) -> str:
    return "empty" if value is None else _NAMES.get(type(value), "a number")


def _guess(word: object, known: Any) -> str:
    close = difflib.get_close_matches(str(word), [str(each) for each in known if each], 1)
    return f"; did you mean {close[0]}?" if close else ""


def _sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".")


@lru_cache(maxsize=10_000)
def _is_word(key: str) -> bool:
    return re.fullmatch(r"[\w-]+", key) is not None


def _join(path: str, key: str) -> str:
    if not _is_word(key):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key
