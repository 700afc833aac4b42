"""Server-side apply merges what a manager wants and records which manager owns which field."""

from __future__ import annotations

from typing import Any

import pytest

from memcluster import ApiError
from memcluster import server_side_apply as ssa
from toys import Json, config_map

NOW, LATER = "2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z"


def applied(data: dict[str, str], manager: str = "engine", live: Json | None = None, **metadata: Any) -> Json:
    return ssa.apply(live, config_map("a", data, **metadata), manager, force=True, now=NOW)


def owners(obj: Json) -> dict[str, Any]:
    return {
        f"{each['manager']} {each['operation']}{' ' + each['subresource'] if 'subresource' in each else ''}": each[
            "fieldsV1"
        ]
        for each in obj["metadata"].get("managedFields", [])
    }


def data_owners(obj: Json) -> dict[str, list[str]]:
    return {who: sorted(fields["f:data"]) for who, fields in owners(obj).items() if "f:data" in fields}


class TestApply:
    def test_creates_and_owns_what_it_wrote(self) -> None:
        obj = applied({"k": "v"}, labels={"l": "1"})
        assert obj["data"] == {"k": "v"}
        assert obj["metadata"]["managedFields"] == [
            {
                "manager": "engine",
                "operation": "Apply",
                "apiVersion": "v1",
                "time": NOW,
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:data": {"f:k": {}}, "f:metadata": {"f:labels": {"f:l": {}}}},
            }
        ]

    def test_leaves_the_fields_of_others_alone(self) -> None:
        live = ssa.update(None, config_map("a", {"theirs": "1"}), "somebody", now=NOW)
        obj = applied({"ours": "1"}, live=live)
        assert obj["data"] == {"theirs": "1", "ours": "1"}
        assert data_owners(obj) == {"engine Apply": ["f:ours"], "somebody Update": ["f:theirs"]}

    def test_removes_what_it_no_longer_wants(self) -> None:
        obj = applied({"k": "v"}, live=applied({"k": "v", "old": "1"}, labels={"l": "1"}))
        assert obj["data"] == {"k": "v"}
        assert "labels" not in obj["metadata"]

    def test_keeps_what_somebody_else_owns_too(self) -> None:
        live = applied({"k": "v", "shared": "1"}, live=applied({"shared": "1"}, manager="other"))
        obj = applied({"k": "v"}, live=live)
        assert obj["data"] == {"k": "v", "shared": "1"}
        assert data_owners(obj) == {"engine Apply": ["f:k"], "other Apply": ["f:shared"]}

    def test_shares_equal_values_without_force(self) -> None:
        live = ssa.update(None, config_map("a", {"k": "v"}), "somebody", now=NOW)
        obj = ssa.apply(live, config_map("a", {"k": "v"}), "engine", force=False, now=NOW)
        assert data_owners(obj) == {"engine Apply": ["f:k"], "somebody Update": ["f:k"]}

    def test_of_another_value_is_a_conflict_without_force(self) -> None:
        live = ssa.update(None, config_map("a", {"k": "v"}), "somebody", now=NOW)
        with pytest.raises(ApiError, match=r'conflict with "somebody": \.data\.k') as refused:
            ssa.apply(live, config_map("a", {"k": "w"}), "engine", force=False, now=NOW)
        assert refused.value.code == 409

    def test_takes_over_with_force(self) -> None:
        live = ssa.update(None, config_map("a", {"k": "v"}), "somebody", now=NOW)
        obj = applied({"k": "w"}, live=live)
        assert obj["data"] == {"k": "w"}
        assert data_owners(obj) == {"engine Apply": ["f:k"]}

    def test_twice_removes_a_foreign_key(self) -> None:
        live = ssa.update(None, config_map("a", {"k": "v", "foreign": "1"}), "somebody", now=NOW)
        taken = applied({"k": "v", "foreign": "ours now"}, live=live)
        assert applied({"k": "v"}, live=taken)["data"] == {"k": "v"}

    def test_again_changes_nothing(self) -> None:
        live = applied({"k": "v"}, labels={"l": "1"})
        again = config_map("a", {"k": "v"}, labels={"l": "1"})
        assert ssa.apply(live, again, "engine", force=True, now=LATER) == live

    def test_replaces_lists_whole(self) -> None:
        live = {**config_map("a"), "spec": {"list": [1, 2]}}
        obj = ssa.apply(live, {**config_map("a"), "spec": {"list": [3]}}, "engine", force=True, now=NOW)
        assert obj["spec"] == {"list": [3]}

    def test_merges_owner_references_by_uid_and_finalizers_by_value(self) -> None:
        live = applied({}, manager="other", ownerReferences=[{"uid": "1", "name": "x"}], finalizers=["a/b"])
        obj = applied({}, live=live, ownerReferences=[{"uid": "2", "name": "y"}], finalizers=["c/d"])
        assert [owner["uid"] for owner in obj["metadata"]["ownerReferences"]] == ["1", "2"]
        assert obj["metadata"]["finalizers"] == ["a/b", "c/d"]
        assert owners(obj)["engine Apply"]["f:metadata"] == {
            "f:finalizers": {'v:"c/d"': {}},
            "f:ownerReferences": {'k:{"uid":"2"}': {}},
        }
        left = applied({}, live=obj)
        assert [owner["uid"] for owner in left["metadata"]["ownerReferences"]] == ["1"]
        assert left["metadata"]["finalizers"] == ["a/b"]


class TestUpdate:
    def test_owns_what_it_changed_and_takes_it_from_others(self) -> None:
        live = applied({"k": "v", "l": "w"})
        obj = ssa.update(live, {**live, "data": {"k": "changed", "l": "w"}}, "somebody", now=LATER)
        assert data_owners(obj) == {"engine Apply": ["f:l"], "somebody Update": ["f:k"]}

    def test_nobody_owns_what_it_removed(self) -> None:
        live = applied({"k": "v", "l": "w"})
        obj = ssa.update(live, {**live, "data": {"k": "v"}}, "somebody", now=LATER)
        assert data_owners(obj) == {"engine Apply": ["f:k"]}

    def test_keeps_status_apart(self) -> None:
        live = applied({"k": "v"})
        obj = ssa.update(live, {**live, "status": {"ok": True}}, "engine", now=NOW, subresource="status")
        assert owners(obj)["engine Update status"] == {"f:status": {"f:ok": {}}}

    def test_without_effect_changes_nothing(self) -> None:
        live = ssa.update(None, config_map("a", {"k": "v"}), "somebody", now=NOW)
        assert ssa.update(live, dict(live), "somebody", now=LATER) == live

    def test_never_changes_its_arguments(self) -> None:
        live, config = applied({"k": "v"}), config_map("a", {"k": "w"})
        before = (str(live), str(config))
        ssa.apply(live, config, "other", force=True, now=LATER)
        ssa.update(live, {**live, "data": {}}, "other", now=LATER)
        assert (str(live), str(config)) == before
