"""`copy.patches`: what they may change, and what is said of those that fail."""

import copy as copies
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from object_syncer.copying import patches
from object_syncer.copying.template import template
from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.status import reasons
from object_syncer.status.problem import Problem
from specification import cases, quickly
from unit.copying.copies import SLICE
from unit.objects import config_map, live

SECRET_VALUE = "c2VjcmV0"


def secret(**body: Any) -> Json:
    source = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "data": {"k": SECRET_VALUE, "a/b": "eA=="},
        **body,
    }
    return template(live(source, "team", "settings", labels={"app": "x"}), SLICE).at("a", "settings")


def applied(copy: Json, operations: Sequence[Json], fill: Callable[[str], str] = str) -> Json | Problem:
    return patches.apply(copy, operations, fill)


def op(name: str, path: str, **more: Any) -> Json:
    return {"op": name, "path": path, **more}


def nested(levels: int) -> Any:
    return [nested(levels - 1)] if levels else 1


@dataclass(frozen=True)
class Done:
    reason: str
    patches: list[Json]
    changed: Json
    """Fields of the copy that are others afterwards; None: gone."""


@cases(
    Done("no patch changes nothing", [], {}),
    Done("a value is replaced", [op("replace", "/data/k", value="eQ==")], {"data": {"k": "eQ==", "a/b": "eA=="}}),
    Done("a value is added", [op("add", "/data/new", value="eQ==")], {
        "data": {"k": SECRET_VALUE, "a/b": "eA==", "new": "eQ=="}}),
    Done("a key with a slash is removed", [op("remove", "/data/a~1b")], {"data": {"k": SECRET_VALUE}}),
    Done("a value is moved", [op("move", "/data/new", **{"from": "/data/k"})], {
        "data": {"a/b": "eA==", "new": SECRET_VALUE}}),
    Done("a value is copied", [op("copy", "/data/new", **{"from": "/data/k"})], {
        "data": {"k": SECRET_VALUE, "a/b": "eA==", "new": SECRET_VALUE}}),
    Done("a test that holds changes nothing", [op("test", "/type", value="Opaque")], {}),
    Done("what a copy is may be tested", [op("test", "/metadata/namespace", value="a")], {}),
    Done("a whole field is added", [op("add", "/immutable", value=True)], {"immutable": True}),
    Done("patches are done in order", [
        op("add", "/spec", value={"list": []}), op("add", "/spec/list/-", value=1), op("add", "/spec/list/0", value=0)
    ], {"spec": {"list": [0, 1]}}),
)  # fmt: skip
def test_patches_that_can_be_done(case: Done) -> None:
    before = secret()
    made = applied(before, case.patches)
    assert before == secret(), "the copy that was given is not changed"
    assert made == {**before, **case.changed}


def test_single_labels_and_annotations_may_be_patched() -> None:
    made = applied(
        secret(),
        [
            op("replace", "/metadata/labels/app", value="y"),
            op("add", "/metadata/annotations/example.com~1note", value="n"),
            op("copy", "/metadata/labels/from", **{"from": "/metadata/namespace"}),
        ],
    )
    assert not isinstance(made, Problem)
    assert made["metadata"]["labels"] == {**secret()["metadata"]["labels"], "app": "y", "from": "a"}
    assert made["metadata"]["annotations"] == {**secret()["metadata"]["annotations"], "example.com/note": "n"}


FORBIDDEN = [
    "",
    "/",
    "x",
    "/apiVersion",
    "/kind",
    "/status",
    "/status/phase",
    "/metadata",
    "/metadata/name",
    "/metadata/namespace",
    "/metadata/uid",
    "/metadata/resourceVersion",
    "/metadata/generation",
    "/metadata/creationTimestamp",
    "/metadata/deletionTimestamp",
    "/metadata/managedFields",
    "/metadata/ownerReferences",
    "/metadata/ownerReferences/-",
    "/metadata/finalizers",
    "/metadata/finalizers/0",
    "/metadata/labels",
    "/metadata/annotations",
    "/metadata/labels/x/y",
    f"/metadata/labels/{api.SLICE_LABEL.replace('/', '~1')}",
    f"/metadata/labels/{api.MANAGED_BY_LABEL.replace('/', '~1')}",
    f"/metadata/annotations/{api.SOURCE_ANNOTATION.replace('/', '~1')}",
    f"/metadata/annotations/{api.LAST_APPLIED_ANNOTATION.replace('/', '~1')}",
    "/stringData",
    "/stringData/k",
]


@given(st.sampled_from(FORBIDDEN), st.sampled_from(["add", "replace", "remove", "move", "copy", "move away"]))
def test_what_no_patch_may_change(path: str, how: str) -> None:
    operation = {
        "move": op("move", path, **{"from": "/data/k"}),
        "copy": op("copy", path, **{"from": "/data/k"}),
        "move away": op("move", "/data/x", **{"from": path}),
    }.get(how, op(how, path, value="x"))
    made = applied(secret(), [op("add", "/data/new", value="eQ=="), operation])
    assert isinstance(made, Problem)
    assert made.reason == reasons.PATCH_FAILED
    assert made.message.startswith(f"copy.patches[1] ({operation['op']} {operation['path']}): ")
    assert any(word in made.message for word in ("no patch may", "single labels", "set by Object", "stringData"))


@dataclass(frozen=True)
class Failed:
    reason: str
    patches: list[Json]
    says: str


@cases(
    Failed(
        "a replaced value must be there", [op("replace", "/data/gone", value="x")], "[0] (replace /data/gone): the o"
    ),
    Failed(
        "a removed value must be there", [op("remove", "/data/gone")], "[0] (remove /data/gone): the operation is not"
    ),
    Failed(
        "the place of an added value must be there", [op("add", "/a/b/c", value=1)], "[0] (add /a/b/c): the operation"
    ),
    Failed(
        "a list ends somewhere", [op("add", "/l", value=[]), op("add", "/l/5", value=1)], "[1] (add /l/5): the operat"
    ),
    Failed("a text has no fields", [op("add", "/data/k/x", value=1)], "[0] (add /data/k/x): the operation is not"),
    Failed("a test must hold", [op("test", "/data/k", value="x")], "[0] (test /data/k): the copy has another value th"),
    Failed(
        "what is tested must be there", [op("test", "/data/gone", value="x")], "[0] (test /data/gone): the copy has an"
    ),
    Failed(
        "an operation that adds has a value", [op("add", "/data/x")], "[0] (add /data/x): the operation is not compl"
    ),
    Failed(
        "an operation that moves says from where", [op("move", "/data/x")], "[0] (move /data/x): no patch may change"
    ),
    Failed(
        "an operation that copies says from where", [op("copy", "/data/x")], "[0] (copy /data/x): the operation is no"
    ),
    Failed(
        "the second counts from the first", [op("test", "/kind", value="Secret"), op("remove", "/x")], "[1] (remove /x)"
    ),
    Failed(
        "labels are strings", [op("add", "/metadata/labels/x", value=1)], "[0] (add /metadata/labels/x): labels and an"
    ),
    Failed(
        "annotations are strings, also copied ones",
        [op("copy", "/metadata/annotations/x", **{"from": "/data"})],
        "[0] (copy /metadata/annotations/x): labels and annotations must be strings",
    ),
    Failed(
        "a copy is never a ServiceAccount's token",
        [op("replace", "/type", value="kubernetes.io/service-account-token")],
        "copy.patches: the copy is a service-account-token Secret",
    ),
    Failed(
        "a copy that doubles itself ends soon",
        [op("add", "/a", value={}), *[op("copy", f"/data/{n}", **{"from": "/data"}) for n in range(64)]],
        "the copy would be",
    ),
    Failed(
        "a copy is not larger than can be stored", [op("add", "/data/x", value="x" * patches.MAX_BYTES)], "larger than"
    ),
    Failed("a copy is not nested deeper than can be read", [op("add", "/a", value=nested(247))], "nested deeper"),
)
def test_patches_that_fail(case: Failed) -> None:
    before = secret()
    made = applied(before, case.patches)
    assert isinstance(made, Problem)
    assert made.reason == reasons.PATCH_FAILED
    assert made.message.startswith("copy.patches")
    assert case.says in made.message
    assert before == secret(), "never half patched"


def test_a_patch_that_fails_prints_no_value() -> None:
    for operation in (
        op("test", "/data/k", value="bXkgc2VjcmV0"),
        op("add", "/data/k/x", value="bXkgc2VjcmV0"),
        op("replace", "/data/gone", value="bXkgc2VjcmV0"),
        op("add", "/metadata/labels/x", value=["bXkgc2VjcmV0"]),
        op("copy", "/metadata/labels/x", **{"from": "/data"}),
    ):
        made = applied(secret(), [operation])
        assert isinstance(made, Problem)
        assert SECRET_VALUE not in made.message
        assert "bXkgc2VjcmV0" not in made.message


def test_texts_of_values_are_filled_in_and_nothing_else() -> None:
    def fill(text: str) -> str:
        return text.replace("{x}", "filled")

    value = {"{x}": ["{x}", {"deep": "a {x}"}, 1, None, True]}
    made = applied(secret(), [op("add", "/{x}", value=value)], fill)
    assert made == {**secret(), "{x}": {"{x}": ["filled", {"deep": "a filled"}, 1, None, True]}}


def test_a_text_that_cannot_be_filled_in_fails() -> None:
    def fill(_: str) -> str:
        raise patches.Refused("there is no x")

    made = applied(secret(), [op("add", "/data/x", value="{x}")], fill)
    assert made == Problem(reasons.PATCH_FAILED, "copy.patches[0] (add /data/x): there is no x")


def test_what_is_put_into_one_copy_is_not_changed_by_the_next_operation_or_copy() -> None:
    shared = [op("add", "/spec", value={"list": []}), op("add", "/spec/list/-", value=1)]
    before = copies.deepcopy(shared)
    first, second = (applied(secret(), shared) for _ in range(2))
    assert first == second
    assert shared == before


STEPS = st.sampled_from(["data", "metadata", "labels", "annotations", "app", "k", "kind", "0", "-", "name", "", "~1"])
PATHS = st.lists(STEPS, max_size=4).map(lambda steps: "".join(f"/{step}" for step in steps))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 9), st.sampled_from(["x", "y"])),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("kx"), inner, max_size=2)),
    max_leaves=4,
)
OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": PATHS},
    optional={"from": PATHS, "value": VALUES},
)


@quickly
@given(st.lists(OPERATIONS, max_size=5))
def test_whatever_is_patched_a_copy_stays_what_it_is_where_it_is_and_ours(operations: list[Json]) -> None:
    before = template(config_map(), SLICE).at("a", "settings")
    made = applied(before, operations)
    if isinstance(made, Problem):
        assert made.reason == reasons.PATCH_FAILED
        return
    meta, was = made["metadata"], before["metadata"]
    assert (made["apiVersion"], made["kind"], "status" in made) == (before["apiVersion"], before["kind"], False)
    assert {key: meta[key] for key in meta if key not in ("labels", "annotations")} == {
        "namespace": "a", "name": "settings"
    }  # fmt: skip
    assert meta["labels"].items() >= was["labels"].items()
    assert meta["annotations"].items() >= was["annotations"].items()
    assert all(isinstance(value, str) for field in ("labels", "annotations") for value in meta[field].values())
