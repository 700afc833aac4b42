"""What managedFields say of a copy: which fields we applied, and which somebody else wrote."""

import pytest

from object_syncer.copying import fields
from object_syncer.kube import api
from object_syncer.kube.meta import Json
from unit.copying.copies import entry

OURS: Json = {"f:data": {"f:k": {}}, "f:metadata": {"f:labels": {f"f:{api.SLICE_LABEL}": {}}}}
THEIRS: Json = {"f:data": {"f:x": {}}}


def written_by(*entries: Json) -> Json:
    return {"metadata": {"managedFields": list(entries)}}


def test_ours_is_the_applied_entry_that_owns_the_slice_label_whatever_the_engine_calls_itself() -> None:
    found = written_by(entry(THEIRS, "kubectl"), entry(OURS, "our-engine"), entry(THEIRS, "metacontroller"))
    assert fields.applied(found) == OURS


@pytest.mark.parametrize(
    "obj",
    [
        {"metadata": {}},
        {"metadata": {"managedFields": None}},
        written_by(),
        written_by(entry(THEIRS)),
        written_by(entry(OURS, operation="Update")),
        written_by(entry(OURS, subresource="status")),
        written_by({"manager": "m", "operation": "Apply"}),
    ],
    ids=["none", "null", "empty", "without slice label", "an update", "status", "without fields"],
)
def test_where_we_applied_nothing_nothing_is_ours(obj: Json) -> None:
    assert fields.applied(obj) == {}


def test_foreign_is_what_everybody_else_wrote_the_status_aside() -> None:
    found = written_by(
        entry(OURS),
        entry(THEIRS, "kubectl-edit", "Update"),
        entry({"f:status": {}}, "controller", "Update", subresource="status"),
        entry({"f:spec": {}}, "other", "Apply"),
    )
    assert list(fields.foreign(found)) == [THEIRS, {"f:spec": {}}]


def test_when_we_and_when_others_wrote_is_told_apart_the_status_does_not_count() -> None:
    found = written_by(
        entry(OURS, time="2026-03-01T12:00:00Z"),
        entry(THEIRS, "kubectl-edit", "Update", time="2026-03-01T12:00:07Z"),
        entry(THEIRS, "kubectl", "Apply", time="2026-03-01T12:00:05Z"),
        entry({"f:status": {}}, "controller", "Update", subresource="status", time="2026-03-01T12:00:09Z"),
    )
    assert fields.written(found) == ("2026-03-01T12:00:00Z", "2026-03-01T12:00:07Z")
    assert fields.written(written_by({"manager": "m"})) == ("", "")


def test_an_item_of_a_list_is_found_by_its_keys() -> None:
    tree: Json = {
        'k:{"port":53,"protocol":"TCP"}': {"f:port": {}, "f:name": {}},
        'k:{"port":53,"protocol":"UDP"}': {"f:port": {}},
    }
    assert fields.of_item(tree, {"port": 53, "protocol": "UDP", "targetPort": 53}) == {"f:port": {}}
    assert fields.of_item(tree, {"port": 54, "protocol": "UDP"}) is None
    assert fields.of_item(tree, "53") is None


def test_an_item_of_a_set_is_found_by_itself() -> None:
    tree: Json = {'v:"a"': {}, "v:1": {}}
    assert fields.of_item(tree, "a") == {}
    assert fields.of_item(tree, 1) == {}
    assert fields.of_item(tree, "b") is None


@pytest.mark.parametrize(
    ("tree", "associative"),
    [({'k:{"name":"a"}': {}}, True), ({'v:"a"': {}}, True), ({}, False), ({"f:a": {}}, False), ({".": {}}, False)],
    ids=["with keys", "set", "atomic", "map", "dot"],
)
def test_others_may_have_items_in_lists_with_keys_and_in_sets(tree: Json, associative: bool) -> None:
    assert fields.is_associative(tree) == associative


def test_two_items_are_one_if_their_keys_are_equal_a_key_that_is_left_out_has_a_default() -> None:
    tree: Json = {'k:{"port":53,"protocol":"TCP"}': {}}
    assert fields.same_item(tree, {"port": 53, "protocol": "TCP", "name": "a"}, {"port": 53, "name": "b"})
    assert fields.same_item(tree, {"port": 53}, {"port": 53, "protocol": "TCP"})
    assert not fields.same_item(tree, {"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"})
    assert not fields.same_item(tree, {"port": 53}, {"port": 54})
    assert not fields.same_item(tree, "53", {"port": 53})
    assert not fields.same_item(tree, {"port": 53}, "53")


def test_two_items_of_a_set_are_one_if_they_are_equal() -> None:
    tree: Json = {'v:"a"': {}}
    assert fields.same_item(tree, "b", "b")
    assert not fields.same_item(tree, "a", "b")


@pytest.mark.parametrize(
    ("paths", "want"),
    [
        (["/data/x"], ["kubectl-edit"]),
        (["/data/a~1b~0c"], ["controller"]),
        (["/data/x", "/data/a~1b~0c"], ["controller", "kubectl-edit"]),
        (["/data/k"], []),
        (["/data/x/deeper"], []),
        ([], []),
    ],
    ids=[
        "one field",
        "a key with slash and tilde",
        "two fields",
        "a field of ours",
        "a field that is not there",
        "none",
    ],
)
def test_who_beside_us_wrote_one_of_the_fields(paths: list[str], want: list[str]) -> None:
    theirs: Json = {"f:data": {"f:a/b~c": {}}}
    found = written_by(entry(OURS), entry(THEIRS, "kubectl-edit", "Update"), entry(theirs, "controller", "Update"))
    assert fields.managers(found, paths) == want


def test_a_copy_as_applied_has_what_we_own_with_its_live_values() -> None:
    tree: Json = {
        "f:metadata": {"f:labels": {f"f:{api.SLICE_LABEL}": {}}, "f:ownerReferences": {'k:{"uid":"u"}': {}}},
        "f:spec": {"f:size": {}, "f:ports": {'k:{"port":1}': {"f:port": {}, "f:name": {}}}, "f:whole": {}},
    }
    observed: Json = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {
            "namespace": "a",
            "name": "w",
            "uid": "uid",
            "resourceVersion": "7",
            "labels": {api.SLICE_LABEL: "s", "theirs": "1"},
            "ownerReferences": [{"uid": "u"}],
            "managedFields": [entry(tree)],
        },
        "spec": {
            "size": 2,
            "theirs": 1,
            "ports": [{"port": 1, "name": "x", "theirs": 1}, {"port": 2}],
            "whole": [1, 2],
        },
        "status": {"ready": True},
    }
    assert fields.as_applied(observed) == {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"namespace": "a", "name": "w", "labels": {api.SLICE_LABEL: "s"}},
        "spec": {"size": 2, "ports": [{"port": 1, "name": "x"}], "whole": [1, 2]},
    }


def test_a_copy_of_which_it_is_unknown_what_we_applied_is_answered_whole_so_that_nothing_of_it_is_lost() -> None:
    live: Json = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": "a", "name": "c", "uid": "u", "labels": {api.SLICE_LABEL: "s"}, "managedFields": []},
        "data": {"k": "v"},
        "status": {"x": 1},
    }
    assert fields.as_applied(live) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": "a", "name": "c", "labels": {api.SLICE_LABEL: "s"}},
        "data": {"k": "v"},
    }
