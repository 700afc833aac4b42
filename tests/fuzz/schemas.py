"""What our CRDs permit: values made of their schemas, and answers checked against them."""

import re
from collections.abc import Iterable
from typing import Any

import yaml
from hypothesis import strategies as st

from memcluster import schema as checks
from object_syncer import installation
from object_syncer.kube.meta import Json
from object_syncer.planning import rules


def _schemas() -> dict[str, Json]:
    crds = map(yaml.safe_load, installation.crds())
    return {crd["spec"]["names"]["kind"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for crd in crds}


SCHEMAS = _schemas()
"""Schemas by kind."""


def problems(obj: Json) -> list[str]:
    """Return where an object of ours does not follow its CRD; fields that the CRD does not have count."""
    return [f"{path}: {why}" for path, why in checks.problems(SCHEMAS[obj["kind"]], obj, strict=True)]


def lawful(obj: Json) -> Json:
    """Return an object of ours without what the CEL rules of its CRD refuse."""
    while found := next(rules.problems(obj), None):
        container: Any = obj
        *steps, last = re.findall(r"[^.\[\]]+", found[0])
        for step in steps:
            container = container[_key(step)]
        del container[_key(last)]
    return obj


def _key(step: str) -> str | int:
    return int(step) if step.isdigit() else step


def of(schema: Json, known: Iterable[str] = ()) -> st.SearchStrategy[Any]:
    """Return values that a schema permits; `known` are names that strings prefer where they may."""
    values = _of(schema, tuple(known))
    return st.none() | values if schema.get("nullable") else values


def _of(schema: Json, known: tuple[str, ...]) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case None if schema.get("x-kubernetes-preserve-unknown-fields"):
            return _ANYTHING
        case "object":
            inner = {key: of(value, known) for key, value in (schema.get("properties") or {}).items()}
            required = set(schema.get("required") or ())
            if not inner:
                more = schema.get("additionalProperties")
                return st.dictionaries(_text(schema, known), of(more, known) if more else st.integers(), max_size=3)
            return st.fixed_dictionaries(
                {key: value for key, value in inner.items() if key in required},
                optional={key: value for key, value in inner.items() if key not in required},
            )
        case "array":
            most = min(4, schema.get("maxItems", 4))
            return st.lists(of(schema["items"], known), min_size=schema.get("minItems", 0), max_size=most)
        case "string":
            return _text(schema, known)
        case "integer":
            return st.integers(schema.get("minimum", -(2**63)), schema.get("maximum", 2**63 - 1))
        case "boolean":
            return st.booleans()
    raise AssertionError(schema)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.sampled_from(("", "{destination.namespace}")),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("a", "b/c")), inner, max_size=2),
    max_leaves=4,
)


def _text(schema: Json, known: tuple[str, ...]) -> st.SearchStrategy[str]:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 300)
    pattern = schema.get("pattern")
    made: st.SearchStrategy[str] = st.text(max_size=min(most, 20))
    if pattern:
        made = st.from_regex(str(pattern), fullmatch=True)
    fitting = made.filter(lambda text: least <= len(text) <= most and _encodable(text))
    usual = [text for text in known if not list(checks.problems({"properties": {"x": schema}}, {"x": text}))]
    return st.sampled_from(usual) | fitting if usual else fitting


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
