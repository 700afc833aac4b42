"""Metacontroller's request and response bodies; an error names the field that is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from object_syncer.kube import metacontroller
from object_syncer.kube.meta import Json
from object_syncer.kube.metacontroller import BadRequest, Objects
from specification import cases
from unit.bodies import of_objectsync, of_slice, sync_slice
from unit.objects import config_map

MISSING = object()


def body(**changes: object) -> Json:
    """Return a slice's request with some fields changed, or left out if MISSING."""
    changed = {**of_slice(sync_slice("a"), config_map()), **changes}
    return {key: value for key, value in changed.items() if value is not MISSING}


def parent(**changes: object) -> Json:
    changed = {**sync_slice("a"), **changes}
    return {key: value for key, value in changed.items() if value is not MISSING}


@dataclass(frozen=True)
class Bad:
    reason: str
    body: Any
    field: str
    message: str


@cases(
    Bad("a list is no request", [], "body", "must be a JSON object, is a list"),
    Bad("a number is no request", 5, "body", "must be a JSON object, is a int"),
    Bad("null is no request", None, "body", "must be a JSON object, is missing"),
    Bad("the parent is missing", body(parent=MISSING), "parent", "must be an object, is missing"),
    Bad("the parent is null", body(parent=None), "parent", "must be an object, is missing"),
    Bad("the parent is text", body(parent="x"), "parent", "must be an object, is a str"),
    Bad("the parent is something else", body(parent=parent(kind="Pod")), "parent.kind", "must be SyncSlice, is 'Pod'"),
    Bad("the parent is of no kind", body(parent=parent(kind=MISSING)), "parent.kind", "must be SyncSlice, is None"),
    Bad(
        "metadata is missing", body(parent=parent(metadata=MISSING)), "parent.metadata", "must be an object, is missing"
    ),
    Bad(
        "the name is missing",
        body(parent=parent(metadata={"uid": "u"})),
        "parent.metadata.name",
        "must be a string, is missing",
    ),
    Bad(
        "the uid is missing",
        body(parent=parent(metadata={"name": "n"})),
        "parent.metadata.uid",
        "must be a string, is missing",
    ),
    Bad(
        "the name is a number",
        body(parent=parent(metadata={"name": 1, "uid": "u"})),
        "parent.metadata.name",
        "must be a string, is a int",
    ),
    Bad("spec is missing", body(parent=parent(spec=MISSING)), "parent.spec.source.name", "missing"),
    Bad("spec is text", body(parent=parent(spec="x")), "parent.spec.source.name", "missing"),
    Bad("a required field is missing", body(parent=parent(spec={"source": {}})), "parent.spec.source.name", "missing"),
    Bad(
        "a required field is null",
        body(parent=parent(spec={"source": {"name": None}})),
        "parent.spec.source.name",
        "missing",
    ),
    Bad("the controller is missing", body(controller=MISSING), "controller", "must be an object, is missing"),
    Bad("the controller has no metadata", body(controller={}), "controller.metadata", "must be an object, is missing"),
    Bad("the controller has no name", body(controller={"metadata": {}}), "controller.metadata.name", "missing"),
    Bad(
        "children is a list",
        body(children=[]),
        "children",
        'must be {"Kind.group/version": {"namespace/name": object}}',
    ),
    Bad(
        "a kind of children is a list",
        body(children={"ConfigMap.v1": []}),
        "children.ConfigMap.v1",
        "must be an object, is a list",
    ),
    Bad(
        "a child is null",
        body(children={"ConfigMap.v1": {"a/x": None}}),
        "children.ConfigMap.v1.a/x",
        "must be an object, is missing",
    ),
    Bad(
        "a child is text",
        body(children={"ConfigMap.v1": {"a/x": "x"}}),
        "children.ConfigMap.v1.a/x",
        "must be an object, is a str",
    ),
    Bad(
        "a child has no metadata",
        body(children={"ConfigMap.v1": {"a/x": {}}}),
        "children.ConfigMap.v1.a/x.metadata",
        "must be an object, is missing",
    ),
    Bad("related is text", body(related="x"), "related", 'must be {"Kind.group/version": {"namespace/name": object}}'),
    Bad(
        "a related object is text",
        body(related={"ConfigMap.v1": {"a/x": "x"}}),
        "related.ConfigMap.v1.a/x",
        "must be an object, is a str",
    ),
)
def test_a_body_that_the_engine_would_not_send(case: Bad) -> None:
    with pytest.raises(BadRequest) as refused:
        metacontroller.parse(case.body, "SyncSlice", ["spec.source.name"])
    assert (refused.value.field, refused.value.message) == (case.field, case.message)
    assert str(refused.value) == f"{case.field}: {case.message}"


def test_a_decorator_s_parent_is_its_object_and_its_fields_are_named_so() -> None:
    request = metacontroller.parse(of_objectsync(finalizing=True), "ObjectSync", [])
    assert request.parent["kind"] == "ObjectSync"
    assert request.finalizing
    with pytest.raises(BadRequest) as refused:
        metacontroller.parse({**of_objectsync(), "object": {"kind": "Pod"}}, "ObjectSync", [])
    assert refused.value.field == "object.kind"
    with pytest.raises(BadRequest) as refused:
        metacontroller.parse({**of_objectsync(), "attachments": []}, "ObjectSync", [])
    assert refused.value.field == "attachments"


def test_a_composite_s_parent_is_its_parent() -> None:
    request = metacontroller.parse(body(), "SyncSlice", [])
    assert request.parent["metadata"]["name"] == "share-0123456789-0"
    assert not request.finalizing
    assert list(request.related.of("v1", "ConfigMap")) == ["team/settings"]
    assert request.children.of("v1", "ConfigMap") == {}


@pytest.mark.parametrize("absent", [MISSING, None], ids=["missing", "null"])
def test_a_customize_request_has_neither_children_nor_related(absent: object) -> None:
    request = metacontroller.parse(body(children=absent, related=absent), "SyncSlice", [])
    assert request.children.groups == request.related.groups == {}


def test_a_kind_that_was_not_sent_is_not_taken_for_none_of_it() -> None:
    objects = Objects("children", {"ConfigMap.v1": {}, "Widget.example.com/v1": {"a/x": {"kind": "Widget"}}})
    assert objects.of("v1", "ConfigMap") == {}
    assert list(objects.of("example.com/v1", "Widget")) == ["a/x"]
    with pytest.raises(BadRequest) as refused:
        objects.of("example.com/v2", "Widget")
    assert refused.value.field == "children.Widget.example.com/v2"


@pytest.mark.parametrize(
    ("build", "want"),
    [
        (
            lambda: metacontroller.rules(
                [metacontroller.rule("v1", "namespaces"), metacontroller.rule("v1", "secrets", names=["a"])]
            ),
            {
                "relatedResources": [
                    {"apiVersion": "v1", "resource": "namespaces"},
                    {"apiVersion": "v1", "resource": "secrets", "names": ["a"]},
                ]
            },
        ),
        (
            lambda: metacontroller.composite({"a": 1}, [{"kind": "X"}], 2.5),
            {"status": {"a": 1}, "children": [{"kind": "X"}], "resyncAfterSeconds": 2.5},
        ),
        (
            lambda: metacontroller.decorator(None, finalized=True),
            {"status": None, "attachments": [], "resyncAfterSeconds": 0.0, "finalized": True},
        ),
        (
            lambda: metacontroller.decorator({"a": 1}, 2.5, annotations={"b": "c"}),
            {
                "status": {"a": 1},
                "attachments": [],
                "resyncAfterSeconds": 2.5,
                "finalized": False,
                "annotations": {"b": "c"},
            },
        ),
    ],
    ids=["customize", "composite", "decorator", "decorator with annotations"],
)
def test_a_response_has_only_keys_that_the_engine_knows(build: Callable[[], Json], want: Json) -> None:
    assert build() == want
