"""Whether an observed copy equals the desired one, and what is applied to repair it."""

import base64
import re
from dataclasses import dataclass, field

import pytest

from object_syncer.copying import diff
from object_syncer.copying.template import template
from object_syncer.kube import api
from object_syncer.kube.meta import Json
from specification import cases
from unit.copying.copies import SLICE, desired, edited, entry, observed, relabelled
from unit.objects import live

SAME = observed(desired())
THEIR_KEY = entry({"f:data": {"f:x": {}}}, "kubectl-edit", "Update")


def secret(**data: str) -> Json:
    source = live({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": data}, "team", "settings")
    return template(source, SLICE).at("a", "settings")


def custom(**spec: object) -> Json:
    """Return the copy of a custom resource: it has a generation."""
    source = live({"apiVersion": "example.com/v1", "kind": "Widget", "spec": spec}, "team", "settings")
    return template(source, SLICE).at("a", "settings")


@dataclass(frozen=True)
class Case:
    reason: str
    observed: Json | None
    paths: tuple[str, ...]
    """JSON pointers of what differs."""
    desired: Json = field(default_factory=desired)
    replace: bool = False


@cases(
    Case("a copy that is as it should be is equal", SAME, ()),
    Case("a copy that does not exist differs as a whole", None, ("",)),
    Case("status is not compared", edited(SAME, status={"phase": "x"}), ()),
    Case("a changed value is drift", edited(SAME, data={"k": "hacked"}), ("/data/k",)),
    Case("a key that is missing is drift", edited(SAME, data={}), ("/data/k",)),
    Case("a field that is missing is drift", edited(SAME, drop=["data"]), ("/data",)),
    Case("a label that is missing is drift", relabelled(SAME, labels={api.MANAGED_BY_LABEL: None}), (
        "/metadata/labels/app.kubernetes.io~1managed-by",
    )),
    Case("a changed annotation is drift", relabelled(SAME, annotations={api.SOURCE_ANNOTATION: "x/y"}), (
        "/metadata/annotations/sync.rustrial.org~1source-object",
    )),
    Case("under apply a foreign key stays", edited(observed(desired(), THEIR_KEY), data={"k": "v", "x": "1"}), ()),
    Case("under apply a foreign label stays", relabelled(SAME, labels={"theirs": "1"}), ()),
    Case("under apply a foreign annotation stays", relabelled(SAME, annotations={"theirs": "1"}), ()),
    Case("under apply a foreign field stays", edited(SAME, binaryData={"b": "AA=="}), ()),
    Case(
        "a key that we applied and the source has no longer is pruned",
        observed(desired(data={"k": "v", "old": "1"})),
        ("/data/old",),
    ),
    Case(
        "a field that we applied and the source has no longer is pruned",
        observed(desired(binaryData={"b": "AA=="})),
        ("/binaryData",),
    ),
    Case(
        "a label that we applied and the source has no longer is pruned",
        observed(relabelled(desired(), labels={"old": "1"})),
        ("/metadata/labels/old",),
    ),
    Case(
        "under replace a foreign key is drift",
        edited(observed(desired(), THEIR_KEY), data={"k": "v", "x": "1"}),
        ("/data/x",),
        replace=True,
    ),
    Case(
        "under replace a foreign label is drift",
        relabelled(SAME, labels={"their.example/s": "1"}),
        ("/metadata/labels/their.example~1s",),
        replace=True,
    ),
    Case(
        "under replace a foreign annotation is drift",
        relabelled(SAME, annotations={"theirs": "1"}),
        ("/metadata/annotations/theirs",),
        replace=True,
    ),
    Case(
        "under replace labels and annotations of Kubernetes' own controllers are not drift",
        relabelled(SAME, annotations={"deployment.kubernetes.io/revision": "1"}, labels={"job-name": "j"}),
        (),
        replace=True,
    ),
    Case(
        "under replace a foreign field elsewhere is drift",
        edited(
            observed(custom(a=1), entry({"f:spec": {"f:b": {}}}, "kubectl-edit", "Update")), spec={"a": 1, "b": 2}
        ),
        ("/spec/b",),
        custom(a=1),
        replace=True,
    ),
    Case(
        "under replace a default that nobody wrote is not drift",
        edited(observed(custom(a=1)), spec={"a": 1, "b": 2}),
        (),
        custom(a=1),
        replace=True,
    ),
    Case(
        "a default in a list item is not drift",
        edited(observed(custom(ports=[{"port": 1}])), spec={"ports": [{"port": 1, "protocol": "TCP"}]}),
        (),
        custom(ports=[{"port": 1}]),
    ),
    Case(
        "a changed value in a list item is drift",
        edited(observed(custom(ports=[{"port": 1}])), spec={"ports": [{"port": 2}]}),
        ("/spec/ports/0/port",),
        custom(ports=[{"port": 1}]),
    ),
    Case(
        "a list with an item more differs as a whole",
        edited(observed(custom(names=["a"])), spec={"names": ["a", "b"]}),
        ("/spec/names",),
        custom(names=["a"]),
    ),
    Case(
        "a list with an item less differs as a whole",
        edited(observed(custom(names=["a", "b"])), spec={"names": ["a"]}),
        ("/spec/names",),
        custom(names=["a", "b"]),
    ),
    Case(
        "a list in another order differs at the items that moved",
        edited(observed(custom(names=["a", "b", "c"])), spec={"names": ["b", "a", "c"]}),
        ("/spec/names/0", "/spec/names/1"),
        custom(names=["a", "b", "c"]),
    ),
    Case(
        "two fields that swapped their values both differ",
        edited(observed(custom(a="x", b="y")), spec={"a": "y", "b": "x"}),
        ("/spec/a", "/spec/b"),
        custom(a="x", b="y"),
    ),
    Case(
        "slashes and tildes in keys are escaped",
        edited(observed(custom(**{"a/b~c": 1})), spec={"a/b~c": 2}),
        ("/spec/a~1b~0c",),
        custom(**{"a/b~c": 1}),
    ),
    Case(
        "a map in place of a text is drift",
        edited(observed(custom(a="x")), spec={"a": {"x": 1}}),
        ("/spec/a",),
        custom(a="x"),
    ),
    Case(
        "a text in place of a map is drift",
        edited(observed(custom(a={"x": 1})), spec={"a": "x"}),
        ("/spec/a",),
        custom(a={"x": 1}),
    ),
    Case(
        "a list in place of a map is drift",
        edited(observed(custom(a={"x": 1})), spec={"a": [1]}),
        ("/spec/a",),
        custom(a={"x": 1}),
    ),
    Case(
        "a map in place of a list is drift",
        edited(observed(custom(a=[1])), spec={"a": {"x": 1}}),
        ("/spec/a",),
        custom(a=[1]),
    ),
    Case(
        "a copy that has lost all labels is drift",
        {**SAME, "metadata": {**SAME["metadata"], "labels": None}},
        ("/metadata/labels/app.kubernetes.io~1managed-by", "/metadata/labels/sync.rustrial.org~1slice"),
    ),
    Case(
        "a copy that has lost all labels and annotations is drift",
        {**SAME, "metadata": {**SAME["metadata"], "labels": None, "annotations": None}},
        (
            "/metadata/labels/app.kubernetes.io~1managed-by",
            "/metadata/labels/sync.rustrial.org~1slice",
            "/metadata/annotations/sync.rustrial.org~1source-object",
        ),
        replace=True,
    ),
    Case(
        "under replace foreign keys are listed in alphabetical order",
        edited(SAME, data={"z": "1", "k": "v", "a": "1"}),
        ("/data/a", "/data/z"),
        replace=True,
    ),
    Case(
        "under replace a key of data is foreign though Kubernetes has a label of that name",
        edited(SAME, data={"k": "v", "job-name": "1"}),
        ("/data/job-name",),
        replace=True,
    ),
    Case(
        "under replace the repair annotation is not foreign, whoever wrote it",
        relabelled(SAME, annotations={api.REPAIR_ANNOTATION: "1"}),
        (),
        replace=True,
    ),
    Case(
        "under replace what others write elsewhere in metadata is not drift",
        observed(desired(), entry({"f:metadata": {"f:finalizers": {".": {}}}}, "kube-controller-manager", "Update")),
        (),
        replace=True,
    ),
    Case(
        "under replace what others wrote and has been removed is not drift",
        observed(custom(a=1), entry({"f:spec": {"f:gone": {}}}, "kubectl-edit", "Update")),
        (),
        custom(a=1),
        replace=True,
    ),
    Case(
        "under replace what others write within the items of a list is not drift",
        edited(
            observed(custom(a=[{"x": 1}]), entry({"f:spec": {"f:a": {'k:{"x":1}': {"f:y": {}}}}}, "other", "Update")),
            spec={"a": [{"x": 1, "y": 2}]},
        ),
        (),
        custom(a=[{"x": 1}]),
        replace=True,
    ),
    Case(
        "a null that the API server keeps is equal",
        observed(custom(a=None)),
        (),
        custom(a=None),
    ),
)  # fmt: skip
def test_compare(case: Case) -> None:
    compared = diff.compare(case.desired, case.observed, case.replace)
    assert compared.paths == case.paths
    assert not (compared.equal and compared.foreign)


def test_what_is_equal_is_applied_as_it_is() -> None:
    for replace in (False, True):
        compared = diff.compare(desired(), SAME, replace)
        assert compared.equal
        assert compared.apply == desired()


def test_the_repair_of_drift_is_the_desired_copy() -> None:
    compared = diff.compare(desired(), edited(SAME, data={"k": "hacked"}), replace=False)
    assert not compared.equal
    assert compared.apply == desired()


def test_paths_contain_no_values() -> None:
    compared = diff.compare(secret(k="c2VjcmV0"), edited(observed(secret(k="c2VjcmV0")), data={"k": "eA=="}), False)
    assert compared.paths == ("/data/k",)


# Foreign keys under replace: taken over with another value first, left out the next time


@dataclass(frozen=True)
class TakeOver:
    reason: str
    before: Json
    """The copy with a foreign key."""
    at: tuple[str, ...]
    key: str
    desired: Json
    valid: str
    """What values the API server accepts there."""


BASE64 = r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
LABEL = r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?"


@cases(
    TakeOver("in data", edited(SAME, data={"k": "v", "x": "1"}), ("data",), "x", desired(), ".*"),
    TakeOver("in data, where it is empty", edited(SAME, data={"k": "v", "x": ""}), ("data",), "x", desired(), ".*"),
    TakeOver("in binaryData", edited(SAME, binaryData={"x": "AA=="}), ("binaryData",), "x", desired(), BASE64),
    TakeOver("in binaryData, empty", edited(SAME, binaryData={"x": ""}), ("binaryData",), "x", desired(), BASE64),
    TakeOver(
        "in a Secret",
        edited(observed(secret(k="eA==")), data={"k": "eA==", "x": "eQ=="}),
        ("data",),
        "x",
        secret(k="eA=="),
        BASE64,
    ),
    TakeOver(
        "in a Secret, where it is empty",
        edited(observed(secret(k="eA==")), data={"k": "eA==", "x": ""}),
        ("data",),
        "x",
        secret(k="eA=="),
        BASE64,
    ),
    TakeOver("a label", relabelled(SAME, labels={"x": "1"}), ("metadata", "labels"), "x", desired(), LABEL),
    TakeOver("a label, empty", relabelled(SAME, labels={"x": ""}), ("metadata", "labels"), "x", desired(), LABEL),
    TakeOver(
        "an annotation", relabelled(SAME, annotations={"x": "1"}), ("metadata", "annotations"), "x", desired(), ".*"
    ),
)
def test_a_foreign_key_goes_in_two_steps(case: TakeOver) -> None:
    first = diff.compare(case.desired, case.before, replace=True)
    assert first.paths == ("/" + "/".join((*case.at, case.key)),)
    assert not first.foreign, "it can be removed"
    taken = at(first.apply, case.at)[case.key]
    assert taken != at(case.before, case.at)[case.key], "another value makes it ours"
    assert re.fullmatch(case.valid, taken)
    if case.valid is BASE64:
        base64.b64decode(taken, validate=True)

    second = diff.compare(desired_anew(case.desired), observed(first.apply), replace=True)
    assert second.paths
    assert case.key not in (at(second.apply, case.at) or {}), "what is ours is removed by leaving it out"

    third = diff.compare(desired_anew(case.desired), observed(second.apply), replace=True)
    assert third.equal


def at(obj: Json, path: tuple[str, ...]) -> Json:
    for step in path:
        obj = obj.get(step) or {}
    return obj


def desired_anew(copy: Json) -> Json:
    """Return the desired copy as the next sync makes it: without what a comparison has put into this one."""
    return secret(k="eA==") if copy["kind"] == "Secret" else desired()


def test_without_repair_what_differs_is_found_and_the_answer_makes_the_engine_write_nothing() -> None:
    found = relabelled(edited(SAME, data={"k": "v", "x": "1"}), labels={"theirs": "1"})
    compared = diff.compare(desired(), found, replace=True, repair=False)
    assert compared.paths == ("/metadata/labels/theirs", "/data/x")
    assert compared.apply == desired()
    marked = relabelled(custom(a=1), annotations={api.REPAIR_ANNOTATION: "150"})
    changed = relabelled(observed(marked, generation=1), labels={api.MANAGED_BY_LABEL: "me"})
    assert diff.compare(custom(a=1), changed, replace=False, repair=False).apply == marked


def test_what_is_taken_over_does_not_reach_other_copies() -> None:
    shape = template(live({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}}, "team", "settings"), SLICE)
    diff.compare(shape.at("a", "settings"), edited(SAME, data={"k": "v", "x": "1"}), replace=True)
    assert shape.at("b", "settings")["data"] == {"k": "v"}


# What server-side apply cannot remove


def ports(*numbers: int) -> list[Json]:
    return [{"port": number, "protocol": "TCP"} for number in numbers]


KEYED: Json = {"f:spec": {"f:ports": {f'k:{{"port":{number},"protocol":"TCP"}}': {"f:port": {}} for number in (1, 2)}}}
"""What we own of a list whose items have keys: ports 1 and 2."""


def listed(*numbers: int, wanted: tuple[int, ...] = (1, 2)) -> Json:
    """Return a copy whose list has these ports; we applied ports 1 and 2."""
    copy = observed(custom(ports=ports(*wanted)), tree=KEYED)
    return edited(copy, spec={"ports": ports(*numbers)})


@dataclass(frozen=True)
class Items:
    reason: str
    have: tuple[int, ...]
    want: tuple[int, ...]
    paths: tuple[str, ...]
    replace: bool = False
    foreign: bool = False


@cases(
    Items("our items are equal", (1, 2), (1, 2), ()),
    Items("under apply an item of somebody else stays at the end", (1, 2, 3), (1, 2), ()),
    Items("under apply an item of somebody else stays among ours", (3, 1, 4, 2), (1, 2), ()),
    Items("an item of ours that is missing is drift", (1,), (1, 2), ("/spec/ports",)),
    Items("an item of ours that is missing is drift beside foreign ones", (1, 3), (1, 2), ("/spec/ports",)),
    Items("an item of ours that the source has no longer is pruned", (1, 2), (1,), ("/spec/ports",)),
    Items(
        "an item of ours that the source has no longer is pruned beside foreign ones", (1, 2, 3), (1,), ("/spec/ports",)
    ),
    Items("a new item of the source is drift", (1, 2), (1, 2, 4), ("/spec/ports",)),
    Items("a new item that somebody else has written already is equal", (1, 2, 4), (1, 2, 4), ()),
    Items(
        "under replace an item of somebody else is drift that cannot be repaired",
        (1, 2, 3),
        (1, 2),
        ("/spec/ports",),
        replace=True,
        foreign=True,
    ),
)
def test_lists_whose_items_have_keys(case: Items) -> None:
    compared = diff.compare(custom(ports=ports(*case.want)), listed(*case.have), case.replace)
    assert (compared.paths, compared.foreign) == (case.paths, case.foreign)


def test_what_can_be_repaired_beside_a_foreign_item_is_repaired_first() -> None:
    copy = relabelled(listed(1, 2, 3), labels={api.MANAGED_BY_LABEL: "me"})
    compared = diff.compare(custom(ports=ports(1, 2)), copy, replace=True)
    assert len(compared.paths) == 2
    assert not compared.foreign


def test_under_replace_a_key_of_ours_that_somebody_else_owns_now_is_put_back_at_once() -> None:
    tree: Json = {"f:data": {}}
    copy = edited(
        observed(desired(), entry({"f:data": {"f:k": {}}}, "kubectl-edit", "Update"), tree=tree), data={"k": "x"}
    )
    compared = diff.compare(desired(), copy, replace=True)
    assert compared.paths == ("/data/k",)
    assert compared.apply == desired()


def test_items_of_a_keyed_list_may_leave_defaulted_keys_out() -> None:
    copy = custom(ports=[{"port": 1}, {"port": 2}])
    assert diff.compare(copy, listed(3, 1, 2), replace=False).equal


def test_a_set_may_have_items_that_somebody_else_added() -> None:
    tree: Json = {"f:spec": {"f:names": {'v:"a"': {}}}}
    copy = edited(observed(custom(names=["a"]), tree=tree), spec={"names": ["b", "a"]})
    assert diff.compare(custom(names=["a"]), copy, replace=False).equal
    assert diff.compare(custom(names=["c"]), copy, replace=False).paths


def test_foreign_fields_under_replace_cannot_be_removed() -> None:
    copy = edited(
        observed(custom(a=1), entry({"f:spec": {"f:b": {}}}, "kubectl-edit", "Update")), spec={"a": 1, "b": 2}
    )
    assert diff.compare(custom(a=1), copy, replace=True).foreign
    hacked = edited(copy, spec={"a": 5, "b": 2})
    compared = diff.compare(custom(a=1), hacked, replace=True)
    assert compared.paths == ("/spec/a", "/spec/b")
    assert not compared.foreign, "what can be repaired is repaired first"


@pytest.mark.parametrize(
    ("kind", "path"), [("PersistentVolumeClaim", "spec/volumeName"), ("ServiceAccount", "secrets")]
)
def test_what_controllers_fill_in_is_not_foreign_under_replace(kind: str, path: str) -> None:
    source = live({"apiVersion": "v1", "kind": kind, "spec": {}}, "team", "settings")
    copy = template(source, SLICE).at("a", "settings")
    tree: Json = {}
    filled = {**copy, "spec": {}}
    here, there = tree, filled
    *steps, last = path.split("/")
    for step in steps:
        here, there = here.setdefault(f"f:{step}", {}), there[step]
    here[f"f:{last}"], there[last] = {}, "filled"
    found = {
        **observed(copy, entry(tree, "kube-controller-manager", "Update")),
        **{k: filled[k] for k in filled if k != "metadata"},
    }
    assert diff.compare(copy, found, replace=True).equal


# Metadata of kinds with a generation: the engine looks at the generation only


def test_drift_in_metadata_of_a_kind_with_generation_is_repaired_by_an_annotation() -> None:
    copy = observed(custom(a=1), generation=1)
    compared = diff.compare(custom(a=1), relabelled(copy, labels={api.MANAGED_BY_LABEL: "me"}), replace=False)
    assert compared.apply["metadata"]["annotations"][api.REPAIR_ANNOTATION] == "200", "the resourceVersion observed"


def test_the_repair_annotation_stays_as_it_is_once_the_copy_is_repaired() -> None:
    marked = relabelled(custom(a=1), annotations={api.REPAIR_ANNOTATION: "200"})
    for replace in (False, True):
        compared = diff.compare(custom(a=1), observed(marked, generation=1), replace)
        assert compared.equal
        assert compared.apply == marked


def test_a_second_drift_gets_a_new_repair_annotation() -> None:
    marked = observed(relabelled(custom(a=1), annotations={api.REPAIR_ANNOTATION: "150"}), generation=1)
    compared = diff.compare(custom(a=1), relabelled(marked, labels={api.MANAGED_BY_LABEL: "me"}), replace=False)
    assert compared.apply["metadata"]["annotations"][api.REPAIR_ANNOTATION] == "200"


def test_drift_in_the_body_needs_no_repair_annotation_because_it_changes_the_generation() -> None:
    copy = edited(observed(custom(a=1), generation=2), spec={"a": 5})
    assert diff.compare(custom(a=1), copy, replace=False).apply == custom(a=1)


def test_kinds_without_generation_need_no_repair_annotation() -> None:
    compared = diff.compare(desired(), relabelled(SAME, labels={api.MANAGED_BY_LABEL: "me"}), replace=False)
    assert compared.apply == desired()
