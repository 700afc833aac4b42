"""What a CRD's schema refuses, with messages that name the field and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from memcluster import ApiError, Cluster
from memcluster.schema import problems
from toys import Json, crd, fan

SCHEMA: Json = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "metadata": {"type": "object"},
        "spec": {
            "type": "object",
            "required": ["name", "note"],
            "properties": {
                "name": {"type": "string", "description": "Name of the thing. Choose well.", "minLength": 1},
                "note": {"type": "string", "nullable": True},
                "mode": {"type": "string", "nullable": True, "enum": ["apply", "replace", None]},
                "short": {"type": "string", "maxLength": 3, "pattern": "^[a-z]*$"},
                "size": {"type": "integer", "minimum": 1, "maximum": 9},
                "ratio": {"type": "number"},
                "on": {"type": "boolean"},
                "port": {"x-kubernetes-int-or-string": True},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "whatever": {"nullable": True, "x-kubernetes-preserve-unknown-fields": True},
                "values": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "parts": {"type": "array", "maxItems": 2, "items": {"type": "object", "required": ["id"]}},
            },
        },
    },
}


@dataclass(frozen=True)
class Spec:
    reason: str
    spec: Json
    says: str | None
    strict: bool = False


CASES = (
    Spec("every field right", {"mode": "apply", "size": 3, "on": True, "port": "http", "parts": [{"id": 1}]}, None),
    Spec("a field that must be there", {"name": None}, "spec.name: missing: Name of the thing"),
    Spec("null where it is allowed", {"mode": None, "note": None}, None),
    Spec("null where it is not is dropped by the server", {"short": None}, None),
    Spec("a number for a string", {"name": 5}, "spec.name: must be a string, is a number; put it in quotes"),
    Spec("true for a string", {"name": True}, "spec.name: must be a string, is true or false; put it in quotes"),
    Spec("a list for a string", {"name": []}, "spec.name: must be a string, is a list"),
    Spec("true for a number", {"size": True}, "spec.size: must be a whole number, is true or false"),
    Spec("a fraction for an integer", {"size": 1.5}, "spec.size: must be a whole number, is a number"),
    Spec("an integer for any number", {"ratio": 1}, None),
    Spec("a list for a number or a string", {"port": []}, "spec.port: must be a number or a string, is a list"),
    Spec("not one of the values", {"mode": "aply"}, "spec.mode: must be one of apply, replace; did you mean apply?"),
    Spec("too long", {"short": "abcd"}, "spec.short: is 4 characters long, may have 3"),
    Spec("empty", {"name": ""}, "spec.name: must not be empty"),
    Spec("against the pattern", {"short": "A"}, "spec.short: must match ^[a-z]*$"),
    Spec("too small", {"size": 0}, "spec.size: must be at least 1"),
    Spec("too great", {"size": 10}, "spec.size: must be at most 9"),
    Spec("too many items", {"parts": [{"id": 1}] * 3}, "spec.parts: has 3 items, may have 2"),
    Spec("an item without a field", {"parts": [{"id": 1}, {}]}, "spec.parts[1].id: missing"),
    Spec("an empty item where anything may be", {"values": {"any": [None, [None]]}}, None),
    Spec("an empty item where anything may be, also a list", {"whatever": [None, {"a": [None]}]}, None),
    Spec("an empty item", {"parts": [None]}, "spec.parts[0]: is empty"),
    Spec("a value in a map", {"labels": {"a.b/c": 1}}, "spec.labels[a.b/c]: must be a string, is a number; put it"),
    Spec("an unknown field is dropped by the server", {"nmae": "x"}, None),
    Spec("an unknown field, strictly", {"nmae": "x"}, "spec.nmae: unknown field; did you mean name?", strict=True),
    Spec("an unknown field where all may be", {"values": {"x": 1}}, None, strict=True),
)


@pytest.mark.parametrize("case", CASES, ids=[case.reason for case in CASES])
def test_a_spec(case: Spec) -> None:
    spec: Json = {"name": "x", "note": "", **case.spec}
    found = [": ".join(problem) for problem in problems(SCHEMA, {"kind": "X", "spec": spec}, strict=case.strict)]
    assert len(found) == (case.says is not None)
    assert not case.says or found[0].startswith(case.says)


@pytest.mark.parametrize("obj", [{"metadata": {}}, {"spec": None}])
def test_a_spec_that_is_missing(obj: Any) -> None:
    assert [problem.path for problem in problems(SCHEMA, obj)] == ["spec"]


class TestCluster:
    def with_schema(self) -> Cluster:
        cluster = Cluster()
        definition = crd("Fan", "fans")
        schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "status": {"type": "object", "required": ["n"]}}}
        definition["spec"]["versions"][0]["schema"] = {"openAPIV3Schema": schema}
        cluster.create(definition)
        return cluster

    def test_refuses_what_the_schema_does(self) -> None:
        with pytest.raises(ApiError, match=r'Fan.toys.dev "one" is invalid: spec.size: must be at most 9') as refused:
            self.with_schema().create({**fan(), "spec": {"name": "x", "note": "", "size": 10}})
        assert refused.value.code == 422

    def test_refuses_a_status_too(self) -> None:
        cluster = self.with_schema()
        made = cluster.create({**fan(), "spec": {"name": "x", "note": ""}})
        with pytest.raises(ApiError, match=r"status\.n: missing"):
            cluster.update_status({**made, "status": {}})
        cluster.update_status({**made, "status": {"n": 1}})

    def test_lets_labels_of_an_object_change_that_a_new_schema_would_refuse(self) -> None:
        cluster = Cluster()
        cluster.create(crd("Fan", "fans"))
        cluster.create(fan())
        schema = {
            "spec": {"versions": [{**crd("Fan", "fans")["spec"]["versions"][0], "schema": {"openAPIV3Schema": SCHEMA}}]}
        }
        cluster.patch("apiextensions.k8s.io/v1", "CustomResourceDefinition", "fans.toys.dev", schema)
        cluster.patch("toys.dev/v1", "Fan", "one", {"metadata": {"labels": {"a": "b"}}})
        with pytest.raises(ApiError):
            cluster.patch("toys.dev/v1", "Fan", "one", {"spec": {"size": 1}})
