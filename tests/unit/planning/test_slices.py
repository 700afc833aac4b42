"""The SyncSlices of a plan, and how one that is no longer wanted ends: drained first, then dropped."""

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.planning import slices
from object_syncer.planning.destinations import Destinations, Shape, Withheld
from object_syncer.planning.plan import Plan
from object_syncer.status.problem import Problem
from specification import cases, quickly
from unit.objects import NOW, STAMP, ago, object_sync

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
WIDGETS = ResourceType("example.com", "v1", "Widget", "widgets")
NEWER_WIDGETS = ResourceType("example.com", "v2", "Widget", "widgets")

LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


def plan(
    *namespaces: str,
    name: str = "share",
    type_: ResourceType = CONFIG_MAPS,
    source: str = "team",
    refusal: Problem | None = None,
    **spec: object,
) -> Plan:
    """Return the plan of an ObjectSync that copies `settings`."""
    parent = object_sync(name, generation=3)
    parent["spec"] |= spec
    wanted = {Shape("settings"): set(namespaces)} if namespaces else {}
    return Plan(parent, type_, (source, "settings"), Destinations(wanted), refusal)


def made(plan: Plan, observed: Iterable[Json] = (), policy: str = "default") -> list[Json]:
    return slices.of_plan(plan, policy, observed, NOW)


def observed(child: Json, *, served: bool = True, **status: object) -> Json:
    """Return a slice as the API server has it after the planner made it and, if `served`, its controller served it."""
    child = copy.deepcopy(child)
    meta = {
        "annotations": {},
        **child["metadata"],
        "generation": 1,
        "resourceVersion": "55",
        "creationTimestamp": STAMP,
    }
    groups = child["spec"].get("groups", [])
    copies = sum(len(group["namespaces"]) for group in groups)
    reported = {"observedGeneration": 1, "copies": copies, **status} if served else {}
    return {**child, "metadata": meta, "status": reported}


def held(child: Json) -> dict[str, list[str]]:
    return {group["name"]: group["namespaces"] for group in child["spec"].get("groups", ())}


def many(count: int) -> list[str]:
    return [f"ns-{index:04}" for index in range(count)]


# What a slice says


def test_a_slice_carries_all_that_its_hook_needs() -> None:
    (child,) = made(plan("b", "a"))
    name = child["metadata"]["name"]
    assert re.fullmatch(r"share-[0-9a-f]{10}-0", name)
    assert child == {
        "apiVersion": "sync.rustrial.org/v1alpha1",
        "kind": "SyncSlice",
        "metadata": {
            "name": name,
            "labels": {
                "sync.rustrial.org/controller": child["metadata"]["labels"][api.CONTROLLER_LABEL],
                "sync.rustrial.org/objectsync-uid": "uid-of-share",
            },
        },
        "spec": {
            "index": 0,
            "objectSync": {"namespace": "team", "name": "share", "uid": "uid-of-share", "generation": 3},
            "resource": {"apiVersion": "v1", "kind": "ConfigMap", "resource": "configmaps", "namespaced": True},
            "source": {"namespace": "team", "name": "settings"},
            "selector": {"matchLabels": {"sync.rustrial.org/slice": name}},
            "groups": [{"name": "settings", "namespaces": ["a", "b"]}],
            "showSynced": True,
        },
    }


def test_destinations_are_grouped_by_what_they_share() -> None:
    wish = plan()
    wish.destinations.wanted = {
        Shape("x"): {"a", "b"},
        Shape("x", "replace"): {"c"},
        Shape("y", "apply"): {"a"},
    }
    (child,) = made(wish)
    assert child["spec"]["groups"] == [
        {"name": "x", "namespaces": ["a", "b"]},
        {"name": "x", "strategy": "replace", "namespaces": ["c"]},
        {"name": "y", "strategy": "apply", "namespaces": ["a"]},
    ]


def test_an_objectsync_without_destination_has_a_slice_too() -> None:
    (child,) = made(plan())
    assert child["spec"]["index"] == 0
    assert "groups" not in child["spec"]


def test_a_refusal_is_written_in_the_first_slice() -> None:
    (child,) = made(plan(refusal=Problem("NotAllowed", "because")))
    assert child["spec"]["refusal"] == {"reason": "NotAllowed", "message": "because"}


def test_withheld_destinations_are_written_in_the_first_slice_alone_and_sorted() -> None:
    wish = plan(*many(101))
    wish.destinations.withheld = [
        Withheld("b", "x", "R", "m"),
        Withheld("a", "y", "R", "m"),
        Withheld("a", "x", "R", "m", "replace"),
    ]
    first, second = made(wish)
    assert [(item["namespace"], item["name"]) for item in first["spec"]["withheld"]] == [
        ("a", "x"),
        ("a", "y"),
        ("b", "x"),
    ]
    shared = {"namespace": "a", "reason": "R", "message": "m"}
    assert first["spec"]["withheld"][:2] == [{**shared, "name": "x", "strategy": "replace"}, {**shared, "name": "y"}]
    assert "withheld" not in second["spec"]


def test_a_conflict_policy_travels_unless_it_is_the_default() -> None:
    assert made(plan("a", conflictPolicy="Adopt"))[0]["spec"]["conflictPolicy"] == "Adopt"
    assert "conflictPolicy" not in made(plan("a", conflictPolicy="Fail"))[0]["spec"]


def test_up_to_a_hundred_destinations_are_shown_above_that_those_of_the_first_slice() -> None:
    assert [child["spec"].get("showSynced") for child in made(plan(*many(100)))] == [True]
    assert [child["spec"].get("showSynced") for child in made(plan(*many(201)))] == [True, None, None]


def test_up_to_a_hundred_destinations_are_shown_in_however_many_slices_they_are() -> None:
    before = [observed(made(plan("ns-0000"))[0], source={"bytes": 1_000_000})]
    assert [child["spec"].get("showSynced") for child in made(plan(*many(100)), before)] == [True] * 5
    assert [child["spec"].get("showSynced") for child in made(plan(*many(101)), before)] == [True] + [None] * 5


def test_a_notice_is_written_in_the_first_slice_alone() -> None:
    wish = plan(*many(101))
    wish.notice = "mind the gap"
    assert [child["spec"].get("notice") for child in made(wish)] == ["mind the gap", None]
    assert "notice" not in made(plan("a"))[0]["spec"]


def test_the_same_plan_makes_the_same_slices() -> None:
    first = made(plan(*many(150)))
    assert made(plan(*many(150)), [observed(child) for child in first]) == first


# Names


def test_another_source_type_objectsync_or_policy_is_another_slice() -> None:
    other = plan("a")
    other.object_sync["metadata"]["uid"] = "created-anew"
    names = {
        made(plan("a"))[0]["metadata"]["name"],
        made(plan("a"), policy="other")[0]["metadata"]["name"],
        made(plan("a", source="elsewhere"))[0]["metadata"]["name"],
        made(plan("a", type_=WIDGETS))[0]["metadata"]["name"],
        made(plan("a", type_=NEWER_WIDGETS))[0]["metadata"]["name"],
        made(other)[0]["metadata"]["name"],
    }
    assert len(names) == 6


label = st.text("ab0-", max_size=61).map(lambda middle: f"a{middle}0")


@quickly
@given(st.lists(label, min_size=1, max_size=4).map(".".join))
def test_names_fit_a_label_and_are_valid_whatever_the_objectsync_is_called(name: str) -> None:
    for child in made(plan(*many(150), name=name)):
        found = child["metadata"]["name"]
        assert len(found) <= 63
        assert LABEL_VALUE.fullmatch(found)
        assert found == found.lower()


# Sticky, bounded


def test_a_slice_holds_a_hundred() -> None:
    assert [len(held(child)["settings"]) for child in made(plan(*many(201)))] == [100, 100, 1]


def test_copies_stay_where_they_are_and_gaps_are_filled() -> None:
    before = [observed(child) for child in made(plan(*many(150)))]
    remaining = [name for name in many(150) if name != "ns-0007"]
    first, second = made(plan(*remaining, "new"), before)
    assert set(held(first)["settings"]) == {*many(100), "new"} - {"ns-0007"}
    assert held(second)["settings"] == many(150)[100:]


def test_slices_of_heavy_sources_are_smaller() -> None:
    before = [observed(child, source={"bytes": 5_000_000}) for child in made(plan("a"))]
    assert [len(held(child)["settings"]) for child in made(plan("a", "b", "c", "d", "e"), before)] == [4, 1]


def test_heavy_slices_that_exist_are_not_cut() -> None:
    before = [observed(child, source={"bytes": 5_000_000}) for child in made(plan(*many(10)))]
    assert [len(held(child)["settings"]) for child in made(plan(*many(10)), before)] == [10]


# The end of a slice


@dataclass(frozen=True)
class Ending:
    reason: str
    want: str
    """"drain", or "drop"."""
    served: ResourceType | None = CONFIG_MAPS
    type_: ResourceType = CONFIG_MAPS
    groups: bool = False
    spec: Json = field(default_factory=dict)
    status: Json = field(default_factory=lambda: {"observedGeneration": 1, "copies": 1})
    generation: int = 1


@cases(
    Ending("a slice that has destinations is drained", "drain", groups=True),
    Ending("also if no copy was seen: one may be on its way", "drain", groups=True, status={"observedGeneration": 1}),
    Ending("it is drained while copies are left", "drain"),
    Ending(
        "it is dropped when its controller has seen that no copy is left",
        "drop",
        status={"observedGeneration": 1, "copies": 0},
    ),
    Ending(
        "what the controller has seen of an earlier generation does not count",
        "drain",
        status={"observedGeneration": 1, "copies": 0},
        generation=2,
    ),
    Ending("a slice that was never served has no copies, and nobody would drain it", "drop", groups=True, status={}),
    Ending(
        "without its resource type nobody drains it: it is dropped, and its copies are collected",
        "drop",
        served=None,
        type_=WIDGETS,
        groups=True,
    ),
    Ending("a custom type that is served drains", "drain", served=WIDGETS, type_=WIDGETS),
    Ending(
        "another version of a custom type is another type", "drop", served=NEWER_WIDGETS, type_=WIDGETS, groups=True
    ),
    Ending("a built-in type is always served", "drain", served=None),
    Ending("patience lasts a minute", "drain", spec={"draining": ago(59)}),
    Ending("nothing is ever stuck: after a minute it is dropped undrained", "drop", spec={"draining": ago(61)}),
)
def test_a_slice_that_is_no_longer_wanted(case: Ending) -> None:
    (child,) = made(plan("a", type_=case.type_))
    item = observed(child)
    item["metadata"]["generation"] = case.generation
    item["status"] = case.status
    if not case.groups:
        del item["spec"]["groups"]
    item["spec"] |= case.spec
    ended = slices.ending(item, case.served, NOW)
    assert (ended is not None) == (case.want == "drain")


def test_a_draining_slice_gives_up_its_destinations_and_keeps_its_identity() -> None:
    (child,) = made(plan("a", refusal=Problem("R", "m")))
    child["spec"] |= {"withheld": [], "probes": [], "notice": "n"}
    ended = slices.ending(observed(child), CONFIG_MAPS, NOW)
    assert ended
    assert ended["metadata"] == child["metadata"]
    assert ended["spec"].keys() == {"index", "objectSync", "resource", "source", "selector", "showSynced", "draining"}
    assert ended["spec"]["draining"] == STAMP


def test_patience_counts_from_the_first_time() -> None:
    (child,) = made(plan("a"))
    child["spec"]["draining"] = ago(30)
    ended = slices.ending(observed(child), CONFIG_MAPS, NOW)
    assert ended
    assert ended["spec"]["draining"] == ago(30)


def test_a_slice_that_has_become_empty_is_drained_then_dropped_but_the_first_stays() -> None:
    first, second = (observed(child) for child in made(plan(*many(101))))
    kept, drained = made(plan(), [first, second])
    assert "draining" not in kept["spec"]
    assert held(kept) == held(drained) == {}
    assert drained["spec"]["draining"] == STAMP
    (last,) = made(plan(), [first, observed(drained)])
    assert last["metadata"]["name"] == first["metadata"]["name"]


def test_a_draining_slice_is_filled_again_if_need_be() -> None:
    first, second = (observed(child) for child in made(plan(*many(101))))
    drained = observed(made(plan(), [first, second])[1])
    full, filled = made(plan(*many(101)), [first, drained])
    assert held(filled) == {"settings": ["ns-0100"]}
    assert "draining" not in filled["spec"]
    assert held(full) == held(first)


def test_when_the_source_changes_the_former_slices_drain_beside_the_new_one() -> None:
    before = [observed(child) for child in made(plan("a"))]
    new, old = made(plan("a", source="elsewhere"), before)
    assert (new["spec"]["source"]["namespace"], held(new)) == ("elsewhere", {"settings": ["a"]})
    assert (old["metadata"]["name"], held(old)) == (before[0]["metadata"]["name"], {})
    assert old["spec"]["draining"] == STAMP


# Controllers


def test_which_slices_need_a_controller() -> None:
    (wanted,), (refused,) = made(plan("a")), made(plan(refusal=Problem("R", "m")))
    assert slices.needs_controller(wanted, None)
    assert not slices.needs_controller(refused, None), "a refused one has no copies"
    assert slices.needs_controller(refused, observed(wanted)), "unless it had copies, which must go"
    assert not slices.needs_controller(refused, observed(refused, copies=0)), "until they are gone"
    assert slices.needs_controller(refused, observed(refused, copies=1))
    assert not slices.needs_controller(refused, observed(refused, served=False)), "one that was never served has none"


def test_slices_are_found_by_their_controller() -> None:
    maps, widgets = made(plan("a"))[0], made(plan("a", type_=WIDGETS))[0]
    labels = [child["metadata"]["labels"][api.CONTROLLER_LABEL] for child in (maps, widgets)]
    assert labels[0].startswith("configmaps.v1-")
    assert labels[1].startswith("widgets.v1-")


# Repair


def test_a_label_that_was_taken_away_is_given_back_though_the_engine_looks_at_generations_only() -> None:
    before = observed(made(plan("a"))[0])
    before["metadata"]["labels"] = {api.CONTROLLER_LABEL: "edited"}
    (child,) = made(plan("a"), [before])
    assert child["metadata"]["annotations"] == {api.REPAIR_ANNOTATION: "55"}
    repaired = observed(child)
    repaired["metadata"]["resourceVersion"] = "56"
    assert made(plan("a"), [repaired]) == [child], "and the mark stays as it is"


def test_labels_of_others_are_left_alone() -> None:
    before = observed(made(plan("a"))[0])
    before["metadata"]["labels"]["theirs"] = "1"
    (child,) = made(plan("a"), [before])
    assert "annotations" not in child["metadata"]
    assert "theirs" not in child["metadata"]["labels"]


def test_a_slice_that_is_left_as_it_is_has_our_fields_alone() -> None:
    (child,) = made(plan("a"))
    before = observed(child)
    before["metadata"]["labels"]["theirs"] = "1"
    assert slices.again(before) == child


# Probes


def reporting(child: Json, *entries: tuple[str, str, str]) -> Json:
    """Return the slice reporting (namespace, state, reason)."""
    shown = [
        {"namespace": where, "name": "settings", "state": state, "reason": reason} for where, state, reason in entries
    ]
    return observed(child, destinations=shown)


def probes(child: Json) -> list[str]:
    return [f"{item['namespace']}/{item['name']}" for item in child["spec"].get("probes", ())]


def test_only_where_a_copy_was_refused_something_may_stand_in_its_way() -> None:
    (child,) = made(plan("a", "b", "c", "d", "e"))
    before = reporting(
        child,
        ("a", "Synced", ""),
        ("b", "Pending", "Creating"),
        ("c", "Failed", "Rejected"),
        ("d", "Conflict", "Conflict"),
        ("e", "Conflict", "Loop"),
    )
    (again,) = made(plan("a", "b", "c", "d", "e"), [before])
    assert probes(again) == ["c/settings", "d/settings"]


def test_a_destination_that_is_gone_is_not_probed() -> None:
    (child,) = made(plan("a", "b"))
    (again,) = made(plan("a"), [reporting(child, ("b", "Failed", "Rejected"))])
    assert probes(again) == []


def test_a_slice_may_have_conflicts_only() -> None:
    (child,) = made(plan(*many(100)))
    before = reporting(child, *((name, "Failed", "Rejected") for name in many(100)))
    (again,) = made(plan(*many(100)), [before])
    assert probes(again) == [f"{name}/settings" for name in many(100)]
