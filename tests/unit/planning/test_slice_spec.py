"""The specs of an ObjectSync's SyncSlices: what they say, what they are called, and where destinations are."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.planning import slice_spec
from object_syncer.planning.destinations import NOT_FOUND, TERMINATING, Shape
from object_syncer.planning.plan import Plan
from object_syncer.status import reasons, summary
from object_syncer.status.problem import Problem
from specification import quickly
from unit.planning.plans import NEWER_WIDGETS, WIDGETS, many, plan

LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


def planned(plan: Plan, observed: Iterable[Json] = (), policy: str = "default") -> list[Json]:
    return list(slice_spec.planned(plan, policy, observed).values())


def existing(plan: Plan, **status: object) -> list[Json]:
    """Return the SyncSlices of a plan as they are once they were made, with a status."""
    specs = slice_spec.planned(plan, "default", ())
    return [{"metadata": {"name": name}, "spec": spec, "status": status} for name, spec in specs.items()]


def settings_in(spec: Json) -> list[str]:
    """Return the namespaces that get a copy called settings."""
    return [name for group in spec.get("groups", ()) if group["name"] == "settings" for name in group["namespaces"]]


# What a slice says


def test_a_slice_says_all_that_its_hook_needs() -> None:
    ((name, spec),) = slice_spec.planned(plan("b", "a"), "default", ()).items()
    assert re.fullmatch(r"configmaps\.share-[a-z2-7]{26}-0", name)
    assert spec == {
        "index": 0,
        "policy": "default",
        "objectSync": {"namespace": "team", "name": "share", "uid": "uid-of-share", "generation": 3},
        "resource": {"apiVersion": "v1", "kind": "ConfigMap", "resource": "configmaps", "namespaced": True},
        "source": {"namespace": "team", "name": "settings"},
        "selector": {"matchLabels": {"sync.rustrial.org/slice": name}},
        "groups": [{"name": "settings", "namespaces": ["a", "b"]}],
        "showSynced": True,
    }


def test_destinations_are_grouped_by_name_and_strategy() -> None:
    wish = plan()
    wish.destinations.wanted = {Shape("x"): {"a", "b"}, Shape("x", "replace"): {"c"}, Shape("y", "apply"): {"a"}}
    (spec,) = planned(wish)
    assert spec["groups"] == [
        {"name": "x", "namespaces": ["a", "b"]},
        {"name": "x", "strategy": "replace", "namespaces": ["c"]},
        {"name": "y", "strategy": "apply", "namespaces": ["a"]},
    ]


def test_destinations_whose_copies_look_otherwise_are_a_group_of_their_own() -> None:
    wish = plan(copy={"data": {"exclude": ["x"]}})
    wish.destinations.wanted = {
        Shape("x"): {"a"},
        Shape("x", "", '{"data":{"exclude":["y"]}}'): {"b"},
        Shape("y", "", "{}"): {"c"},
    }
    (spec,) = planned(wish)
    assert spec["copy"] == {"data": {"exclude": ["x"]}}
    assert spec["groups"] == [
        {"name": "x", "namespaces": ["a"]},
        {"name": "x", "namespaces": ["b"], "copy": {"data": {"exclude": ["y"]}}},
        {"name": "y", "namespaces": ["c"], "copy": {}},
    ]


def test_labels_that_patches_use_are_passed_on_for_the_destinations_of_the_slice() -> None:
    labels = {name: {"tier": name} for name in many(150)}
    first, second = planned(replace(plan(*many(149)), labels=labels))
    assert first["namespaceLabels"] == {name: {"tier": name} for name in settings_in(first)}
    assert second["namespaceLabels"].keys() == set(settings_in(second))
    assert "namespaceLabels" not in planned(plan("a"))[0]


def test_consent_is_passed_on_where_it_is_required() -> None:
    assert "sourceConsent" not in planned(plan("a"))[0]
    assert planned(replace(plan("a"), source_consent=True))[0]["sourceConsent"] == "Required"


def test_an_objectsync_without_destinations_has_a_slice_too() -> None:
    (spec,) = planned(plan())
    assert spec["index"] == 0
    assert "groups" not in spec


def test_all_problems_are_in_the_first_slice_alone() -> None:
    wish = plan(*many(101), problem=Problem("Whole", "m"), advice=Problem("Advice", "m"))
    wish.destinations.problems = {
        (Shape("x", "replace"), NOT_FOUND): {"d", "c"},
        (Shape("x"), TERMINATING): {"b"},
    }
    first, second = planned(wish)
    assert first["problems"] == [
        {"reason": "Whole", "message": "m"},
        {"reason": "Advice", "message": "m", "advisory": True},
        {"reason": TERMINATING.reason, "message": TERMINATING.message, "name": "x", "namespaces": ["b"]},
        {
            "reason": NOT_FOUND.reason,
            "message": NOT_FOUND.message,
            "name": "x",
            "strategy": "replace",
            "namespaces": ["c", "d"],
        },
    ]
    assert "problems" not in second


def test_entries_that_match_no_namespace_are_advice() -> None:
    wish = plan("a", advice=Problem("Advice", "m"))
    wish.destinations.unmatched = Problem(reasons.NO_NAMESPACE_MATCHES, "n")
    (spec,) = planned(wish)
    assert spec["problems"] == [
        {"reason": "Advice", "message": "m", "advisory": True},
        {"reason": reasons.NO_NAMESPACE_MATCHES, "message": "n", "advisory": True},
    ]


def withheld(problems: dict[tuple[Shape, Problem], set[str]]) -> list[Json]:
    """Return what the first slice says of destinations that get no copy."""
    wish = plan()
    wish.destinations.problems = problems
    found: list[Json] = planned(wish)[0].get("problems", [])
    return found


TAKEN = Problem(reasons.CONFLICT, "ObjectSync a/b is older and already copies to {namespace}/x")


def test_a_hundred_destinations_without_copy_are_named() -> None:
    (item,) = withheld({(Shape("x"), TAKEN): set(many(100))})
    assert (item["namespaces"], "count" in item) == (many(100), False)


def test_of_more_destinations_without_copy_failing_ones_are_named_and_one_of_each_reason_the_others_counted() -> None:
    found = withheld(
        {
            (Shape("x"), NOT_FOUND): set(many(50)),
            (Shape("x"), TAKEN): set(many(90)),
            (Shape("y"), TAKEN): set(many(30)),
            (Shape("z"), TERMINATING): {"gone"},
        }
    )
    assert [(item["reason"], item.get("name"), len(item["namespaces"]), item.get("count", 0)) for item in found] == [
        (reasons.CONFLICT, "x", 90, 0),
        (reasons.CONFLICT, "y", 8, 0),
        (reasons.NAMESPACE_NOT_FOUND, "x", 1, 0),
        (reasons.NAMESPACE_TERMINATING, "z", 1, 0),
        (reasons.CONFLICT, None, 0, 22),
        (reasons.NAMESPACE_NOT_FOUND, None, 0, 49),
    ]


def test_a_slice_stays_small_whatever_an_objectsync_asks_for() -> None:
    """5000 destinations with names of their own is what the API server lets an ObjectSync have."""
    loop = Problem(reasons.LOOP, f"a copy here would come back to its source over {'x' * 317 * 5}")
    found = withheld({(Shape(f"{number:05}{'n' * 248}", "replace"), loop): {"s" * 63} for number in range(5000)})
    assert len(orjson.dumps(found)) < 250_000
    assert sum(len(item["namespaces"]) + item.get("count", 0) for item in found) == 5000


shapes = st.sampled_from([Shape("x"), Shape("x", "replace"), Shape("y"), Shape("z")])
whys = st.sampled_from([TAKEN, NOT_FOUND, TERMINATING, Problem(reasons.LOOP, "m")])
groups = st.dictionaries(st.tuples(shapes, whys), st.sets(st.sampled_from(many(150)), min_size=1), max_size=8)


@quickly
@given(groups)
def test_an_objectsync_counts_all_destinations_without_copy_whether_they_are_named_or_not(
    problems: dict[tuple[Shape, Problem], set[str]],
) -> None:
    counts = Counter[str]()
    for (_, why), namespaces in problems.items():
        counts[why.reason] += len(namespaces)
    spec = {"index": 0, "objectSync": {"generation": 1}, "problems": withheld(problems)}
    found = summary.summarize([{"metadata": {"name": "s", "generation": 1}, "spec": spec}], 1)
    named = Counter(state.reason for state in found.unsynced)
    assert named + found.unnamed == counts
    assert named.keys() == counts.keys(), "an example of each"
    assert named.total() <= 100
    waiting = counts[reasons.NAMESPACE_NOT_FOUND] + counts[reasons.NAMESPACE_TERMINATING]
    assert (found.copies()["failed"], found.copies()["pending"]) == (counts.total() - waiting, waiting)


def test_a_conflict_policy_is_passed_on_unless_it_is_the_default() -> None:
    assert planned(plan("a", conflictPolicy="Adopt"))[0]["conflictPolicy"] == "Adopt"
    assert "conflictPolicy" not in planned(plan("a", conflictPolicy="Fail"))[0]


def test_what_copies_should_look_like_is_passed_on_where_anything_is_asked_for() -> None:
    asked = {"labels": {"exclude": ["x"]}, "data": {}, "patches": None}
    assert planned(plan("a", copy=asked))[0]["copy"] == {"labels": {"exclude": ["x"]}}
    assert "copy" not in planned(plan("a", copy={"labels": {}}))[0]
    assert "copy" not in planned(plan("a", copy=None))[0]


def test_up_to_a_hundred_destinations_that_are_in_sync_are_shown_above_that_none() -> None:
    assert [spec.get("showSynced") for spec in planned(plan(*many(100)))] == [True]
    assert [spec.get("showSynced") for spec in planned(plan(*many(201)))] == [None, None, None]
    heavy = existing(plan("ns-0000"), source={"bytes": 1_000_000})
    assert [spec.get("showSynced") for spec in planned(plan(*many(100)), heavy)] == [True] * 5


def test_the_same_plan_has_the_same_slices() -> None:
    assert planned(plan(*many(150)), existing(plan(*many(150)))) == planned(plan(*many(150)))


# Names


def test_another_source_of_the_same_type_keeps_the_slices_so_that_copies_are_changed_in_place() -> None:
    before, after = (slice_spec.planned(plan("a", source=where), "default", ()) for where in ("team", "elsewhere"))
    assert before.keys() == after.keys()
    assert [spec["source"]["namespace"] for spec in after.values()] == ["elsewhere"]


@pytest.mark.parametrize("plural", ["configmaps", "a" * 20, "b" * 30], ids=["short", "of 20 characters", "longer"])
def test_a_name_begins_with_twenty_characters_of_the_plural_and_a_dot(plural: str) -> None:
    type_ = ResourceType("example.com", "v1", "Any", plural)
    (name,) = slice_spec.planned(plan("a", type_=type_), "default", ())
    assert name.startswith(f"{plural[:20]}.share-")


def test_another_type_objectsync_or_policy_has_other_slices() -> None:
    other = plan("a")
    other.object_sync["metadata"]["uid"] = "created-anew"
    names = {
        name
        for wish, policy in (
            (plan("a"), "default"),
            (plan("a"), "other"),
            (plan("a", type_=WIDGETS), "default"),
            (other, "default"),
        )
        for name in slice_spec.planned(wish, policy, ())
    }
    assert len(names) == 4


def test_another_version_of_a_type_keeps_the_slices() -> None:
    before, after = (slice_spec.planned(plan("a", type_=type_), "default", ()) for type_ in (WIDGETS, NEWER_WIDGETS))
    assert before.keys() == after.keys()
    assert [spec["resource"]["apiVersion"] for spec in after.values()] == [NEWER_WIDGETS.api_version]


_label = st.text("ab0-", max_size=61).map(lambda middle: f"a{middle}0")


@quickly
@given(st.lists(_label, min_size=1, max_size=4).map(".".join))
def test_names_are_valid_as_label_values_whatever_the_objectsync_is_called(name: str) -> None:
    for found in slice_spec.planned(plan(*many(150), name=name), "default", ()):
        assert len(found) <= 63
        assert LABEL_VALUE.fullmatch(found)
        assert found == found.lower()


# Which destination is where


def test_a_slice_has_at_most_a_hundred_destinations() -> None:
    assert [len(settings_in(spec)) for spec in planned(plan(*many(201)))] == [100, 100, 1]


def test_destinations_stay_in_their_slice_and_new_ones_fill_gaps() -> None:
    remaining = [name for name in many(150) if name != "ns-0007"]
    first, second = planned(plan(*remaining, "new"), existing(plan(*many(150))))
    assert set(settings_in(first)) == {*many(100), "new"} - {"ns-0007"}
    assert settings_in(second) == many(150)[100:]


def test_an_empty_slice_is_not_planned_unless_it_is_the_first() -> None:
    assert [spec["index"] for spec in planned(plan(), existing(plan(*many(101))))] == [0]


def test_slices_of_heavy_sources_have_fewer_destinations_but_keep_those_they_have() -> None:
    def heavy(*namespaces: str) -> list[Json]:
        return existing(plan(*namespaces), source={"bytes": 5_000_000})

    assert [len(settings_in(spec)) for spec in planned(plan(*many(5)), heavy("ns-0000"))] == [4, 1]
    assert [len(settings_in(spec)) for spec in planned(plan(*many(10)), heavy(*many(10)))] == [10]


# Probes


def reporting(plan: Plan, **reports: str) -> list[Json]:
    """Return the SyncSlices of a plan with the reported reason of each namespace."""
    shown = [{"namespace": where, "name": "settings", "reason": reason} for where, reason in reports.items()]
    return existing(plan, destinations=shown)


def probes(spec: Json) -> list[str]:
    return [f"{item['namespace']}/{item['name']}" for item in spec.get("probes", ())]


def test_a_slice_probes_where_a_copy_was_refused_and_nowhere_else() -> None:
    before = reporting(plan(*"abcde"), a="", b=reasons.CREATING, c=reasons.REJECTED, d=reasons.CONFLICT, e=reasons.LOOP)
    (spec,) = planned(plan(*"abcde"), before)
    assert probes(spec) == ["c/settings", "d/settings"]


def test_a_destination_that_is_no_longer_planned_is_not_probed() -> None:
    (spec,) = planned(plan("a"), reporting(plan("a", "b"), b=reasons.REJECTED))
    assert probes(spec) == []


def test_all_destinations_of_a_slice_may_be_probed() -> None:
    before = reporting(plan(*many(100)), **dict.fromkeys(many(100), reasons.REJECTED))
    (spec,) = planned(plan(*many(100)), before)
    assert probes(spec) == [f"{name}/settings" for name in many(100)]
