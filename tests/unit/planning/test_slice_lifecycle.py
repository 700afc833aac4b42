"""The life of a SyncSlice: planned, draining, deleted."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from object_syncer.kube import api, types
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.planning import controllers, draining, scope, slice_lifecycle, slice_spec
from object_syncer.planning.plan import Plan, Plans
from object_syncer.status.problem import Problem
from specification import cases
from unit.objects import NOW, STAMP, ago, policy
from unit.planning.plans import CONFIG_MAPS, NEWER_WIDGETS, WIDGETS, many, plan

MISSING = Problem("GuardMissing", "m")
SCOPE = scope.of(policy(watchNamespaces=["team"]))


def follow(plan: Plan, observed: Iterable[Json] = ()) -> list[Json]:
    return slice_lifecycle.follow(Plans([plan]), SCOPE, observed, {}, NOW)


def observed(child: Json, *, served: bool = True, **status: object) -> Json:
    """Return a slice as the API server has it after the planner made it and, if `served`, its controller served it."""
    child = copy.deepcopy(child)
    child["metadata"] |= {"generation": 1, "resourceVersion": "55"}
    copies = sum(len(group["namespaces"]) for group in child["spec"].get("groups", ()))
    return {**child, "status": {"observedGeneration": 1, "copies": copies, **status} if served else {}}


def destinations(child: Json) -> list[str]:
    return [name for group in child["spec"].get("groups", ()) for name in group["namespaces"]]


def next_form(item: Json, resolved: ResourceType | None = CONFIG_MAPS) -> Json | None:
    """Return what becomes of a slice that is not planned any more."""
    return draining.drained("default", item, resolved, NOW)


# Planned


def test_a_slice_has_its_controller_and_its_objectsync_as_labels() -> None:
    for type_ in (CONFIG_MAPS, WIDGETS):
        (child,) = follow(plan("a", type_=type_))
        name = child["spec"]["selector"]["matchLabels"][api.SLICE_LABEL]
        labels = {api.CONTROLLER_LABEL: controllers.name("default", type_), api.OBJECTSYNC_LABEL: "uid-of-share"}
        assert child["metadata"] == {"name": name, "labels": labels}
        assert child["spec"]["resource"] == types.dump(type_)


def test_the_same_plan_has_the_same_slices() -> None:
    first = follow(plan(*many(150)))
    assert follow(plan(*many(150)), map(observed, first)) == first


def test_an_edited_label_is_repaired_by_an_annotation_because_the_engine_compares_generations_only() -> None:
    before = observed(follow(plan("a"))[0])
    before["metadata"]["labels"] = {api.CONTROLLER_LABEL: "edited"}
    (child,) = follow(plan("a"), [before])
    assert child["metadata"]["annotations"] == {api.REPAIR_ANNOTATION: "55"}
    repaired = observed(child)
    repaired["metadata"]["resourceVersion"] = "56"
    assert follow(plan("a"), [repaired]) == [child], "and the annotation stays as it is"


# Draining


@dataclass(frozen=True)
class Ending:
    reason: str
    drains: bool
    """Or else it is deleted."""
    type_: ResourceType = CONFIG_MAPS
    resolved: ResourceType | None = CONFIG_MAPS
    """What its ObjectSync resolves to now."""
    destinations: bool = True
    spec: Json = field(default_factory=dict)
    status: Json = field(default_factory=lambda: {"observedGeneration": 1, "copies": 1})
    generation: int = 1


NO_COPIES: Json = {"observedGeneration": 1, "copies": 0}


@cases(
    Ending("a slice that has destinations is drained", drains=True),
    Ending("also if it reports no copy, because one may be on its way", drains=True, status=NO_COPIES),
    Ending("a slice without destinations is drained while it reports copies", drains=True, destinations=False),
    Ending("it is deleted once it reports that none is left", drains=False, destinations=False, status=NO_COPIES),
    Ending(
        "a report on an earlier generation does not count",
        drains=True,
        destinations=False,
        status=NO_COPIES,
        generation=2,
    ),
    Ending("a slice that was never served has no copies and is deleted", drains=False, status={}),
    Ending("a slice of a type that is gone is deleted", drains=False, type_=WIDGETS, resolved=None),
    Ending("a custom type that is served is drained", drains=True, type_=WIDGETS, resolved=WIDGETS),
    Ending("one of which another version is served is deleted", drains=False, type_=WIDGETS, resolved=NEWER_WIDGETS),
    Ending("one whose ObjectSync turned to another type is drained", drains=True, type_=WIDGETS, resolved=CONFIG_MAPS),
    Ending("a built-in type is always served", drains=True, resolved=None),
    Ending("a slice drains for up to a minute", drains=True, spec={"draining": ago(59)}),
    Ending("after a minute it is deleted even if copies are left", drains=False, spec={"draining": ago(61)}),
)
def test_a_slice_that_is_not_planned_any_more(case: Ending) -> None:
    item = observed(follow(plan("a", type_=case.type_))[0])
    item["metadata"]["generation"] = case.generation
    item["status"] = case.status
    if not case.destinations:
        del item["spec"]["groups"]
    item["spec"] |= case.spec
    assert (next_form(item, case.resolved) is not None) == case.drains


def test_a_draining_slice_has_no_destinations_and_keeps_its_identity() -> None:
    (child,) = follow(plan("a", problem=Problem("R", "m")))
    child["spec"] |= {"probes": [{"namespace": "a", "name": "settings"}]}
    draining = next_form(observed(child))
    assert draining
    assert draining["metadata"] == child["metadata"]
    kept = {key: value for key, value in child["spec"].items() if key not in ("groups", "problems", "probes")}
    assert draining["spec"] == {**kept, "draining": STAMP}


def test_the_minute_counts_from_when_it_began_to_drain() -> None:
    (child,) = follow(plan("a"))
    child["spec"]["draining"] = ago(30)
    draining = next_form(observed(child))
    assert draining
    assert draining["spec"]["draining"] == ago(30)


def test_an_empty_slice_is_drained_then_deleted_but_the_first_stays() -> None:
    first, second = map(observed, follow(plan(*many(101))))
    kept, draining = follow(plan(), [first, second])
    assert "draining" not in kept["spec"]
    assert draining["spec"]["draining"] == STAMP
    assert destinations(kept) == destinations(draining) == []
    (last,) = follow(plan(), [first, observed(draining)])
    assert last["metadata"]["name"] == first["metadata"]["name"]


def test_a_draining_slice_that_is_planned_anew_drains_no_more() -> None:
    first, second = map(observed, follow(plan(*many(101))))
    draining = observed(follow(plan(), [first, second])[1])
    _, filled = follow(plan(*many(101)), [first, draining])
    assert destinations(filled) == ["ns-0100"]
    assert "draining" not in filled["spec"]


def test_when_the_type_changes_the_old_slices_drain_beside_the_new_one() -> None:
    before = observed(follow(plan("a"))[0])
    new, old = follow(plan("a", type_=WIDGETS), [before])
    assert (new["spec"]["resource"]["kind"], destinations(new)) == ("Widget", ["a"])
    assert (old["metadata"]["name"], destinations(old)) == (before["metadata"]["name"], [])


# Unplanned


def blocked(item: Json, problem: Problem | None) -> Json:
    """Return what becomes of a slice while its ObjectSync cannot be planned."""
    (child,) = slice_lifecycle.follow(Plans([], {"uid-of-share": problem}), SCOPE, [item], {}, NOW)
    return child


def test_a_slice_whose_objectsync_cannot_be_planned_stays_as_it_is() -> None:
    (child,) = follow(plan("a"))
    before = observed(child)
    before["metadata"]["labels"]["theirs"] = "1"
    assert blocked(before, None) == child, "without what others wrote"


WHOLE = {"reason": "GuardMissing", "message": "m"}
ADVICE = {"reason": "Loop", "message": "m", "advisory": True}
SOME = {"reason": "NamespaceNotFound", "message": "m", "name": "x", "namespaces": ["b"]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], [WHOLE]),
        ([WHOLE], [WHOLE]),
        ([{**WHOLE, "reason": "InternalError"}], [WHOLE]),
        ([ADVICE, SOME], [WHOLE, ADVICE, SOME]),
    ],
    ids=["none", "the same", "another", "advice, and destinations without copy"],
)
def test_the_problem_of_one_that_cannot_be_planned_replaces_an_earlier_one(
    before: list[Json], after: list[Json]
) -> None:
    (child,) = follow(plan("a"))
    child["spec"]["problems"] = before
    found = blocked(observed(child), MISSING)
    assert found["spec"] == {**child["spec"], "problems": after}


# Controllers


def test_which_slices_need_a_controller() -> None:
    (wanted,), (without,) = follow(plan("a")), follow(plan(problem=Problem("R", "m")))
    needs = slice_lifecycle.needs_controller
    assert needs(wanted, None)
    assert needs(follow(plan())[0], None), "one without problem may get destinations"
    assert needs(blocked(observed(wanted), MISSING), None), "one with destinations has copies that follow"
    assert not needs(without, None), "one whose ObjectSync gets no copies has none"
    assert needs(without, observed(wanted)), "unless it had some, which must be deleted"
    assert needs(without, observed(without, copies=1))
    assert not needs(without, observed(without, copies=0)), "until they are gone"
    assert not needs(without, observed(without, served=False)), "one that was never served has none"


# Releasing


def handed_over(item: Json, heir: Plan) -> Json | None:
    """Return what becomes of a slice whose ObjectSync another policy serves now."""
    (uid,) = {item["spec"]["objectSync"]["uid"]}
    left = slice_lifecycle.follow(Plans(heirs={uid: heir}), SCOPE, [item], {uid: CONFIG_MAPS}, NOW)
    return left[0] if left else None


def planned_slice(*namespaces: str, **status: Any) -> Json:
    return observed(follow(plan(*namespaces))[0], **status)


def releasing(*namespaces: str, **status: Any) -> Json:
    child = handed_over(planned_slice(*namespaces), plan(*namespaces))
    assert child
    return observed(child, **status)


def test_a_slice_whose_copies_another_policy_wants_releases_them_by_a_selector_that_contradicts_itself() -> None:
    before = planned_slice("a", "b")
    child = handed_over(before, plan("a", "b", "c"))
    assert child
    label = before["metadata"]["name"]
    assert child["spec"] == {
        **before["spec"],
        "selector": {
            "matchLabels": {api.SLICE_LABEL: label},
            "matchExpressions": [{"key": api.SLICE_LABEL, "operator": "DoesNotExist"}],
        },
    }


def test_copies_that_the_other_policy_does_not_want_are_deleted_first() -> None:
    narrowed = handed_over(planned_slice("a", "b"), plan("b"))
    assert narrowed
    assert destinations(narrowed) == ["b"]
    assert not slice_spec.is_releasing(narrowed["spec"])
    waiting = handed_over(observed(narrowed, surplus=1), plan("b"))
    assert waiting == narrowed, "while the copy is still there"
    released = handed_over(observed(narrowed), plan("b"))
    assert released
    assert slice_spec.is_releasing(released["spec"])


@pytest.mark.parametrize("reason", ["Drifted", "Recreating"])
def test_copies_that_are_being_changed_are_not_released_yet(reason: str) -> None:
    state = {"namespace": "a", "name": "settings", "state": "Pending", "reason": reason}
    child = handed_over(planned_slice("a", destinations=[state]), plan("a"))
    assert child
    assert not slice_spec.is_releasing(child["spec"])


def test_another_source_is_followed_before_copies_are_released() -> None:
    child = handed_over(planned_slice("a"), plan("a", source="elsewhere"))
    assert child
    assert child["spec"]["source"] == {"namespace": "elsewhere", "name": "settings"}
    assert not slice_spec.is_releasing(child["spec"])


def test_a_slice_whose_copies_no_other_policy_wants_drains() -> None:
    for heir in (plan(), plan("c"), plan("a", type_=WIDGETS)):
        child = handed_over(planned_slice("a"), heir)
        assert child
        assert child["spec"]["draining"] == STAMP


def test_a_releasing_slice_stays_until_all_its_copies_belong_to_others() -> None:
    item = releasing("a", "b", copies=1)
    (kept,) = [handed_over(item, plan("a", "b"))]
    assert kept
    assert kept["spec"] == item["spec"]
    item["metadata"]["generation"] = 2
    item["status"]["copies"] = 0
    assert handed_over(item, plan("a", "b")) is not None, "the status is of an earlier generation"
    assert handed_over(releasing("a", "b", copies=0), plan("a", "b")) is None


def test_a_releasing_slice_whose_copies_are_not_all_wanted_any_more_owns_them_again() -> None:
    child = handed_over(releasing("a", "b", copies=2), plan("a"))
    assert child
    assert destinations(child) == ["a"]
    assert not slice_spec.is_releasing(child["spec"])


def test_a_releasing_slice_that_is_planned_again_owns_its_copies_again_where_they_are() -> None:
    first, second = (observed(child) for child in follow(plan(*many(150))))
    item = handed_over(second, plan(*many(150)))
    assert item
    assert follow(plan(*many(150)), [first, observed(item)])[1]["spec"] == second["spec"]


def test_a_releasing_slice_that_nobody_wants_any_more_owns_its_copies_again_to_delete_them() -> None:
    child = next_form(releasing("a", copies=1))
    assert child
    assert child["spec"]["selector"] == {"matchLabels": {api.SLICE_LABEL: child["metadata"]["name"]}}
    assert child["spec"]["draining"] == STAMP


# Unseen


def moved_out_of_sight(item: Json) -> Json | None:
    """Return what becomes of a slice whose policy does not watch the namespace of the ObjectSync any more."""
    elsewhere = scope.of(policy(watchNamespaces=["elsewhere"]))
    left = slice_lifecycle.follow(Plans(), elsewhere, [item], {}, NOW)
    return left[0] if left else None


def test_a_slice_whose_objectsync_is_out_of_sight_stays_as_it_is_for_a_while() -> None:
    before = planned_slice("a")
    child = moved_out_of_sight(before)
    assert child
    assert child["spec"] == {**before["spec"], "unseen": STAMP}
    for seconds, drains in ((59, False), (61, True)):
        later = observed(child)
        later["spec"]["unseen"] = ago(seconds)
        child = moved_out_of_sight(later)
        assert child
        assert ("draining" in child["spec"]) is drains


def test_a_slice_whose_objectsync_is_gone_from_a_namespace_that_is_watched_drains() -> None:
    (child,) = slice_lifecycle.follow(Plans(), SCOPE, [planned_slice("a")], {}, NOW)
    assert child["spec"]["draining"] == STAMP


def test_a_slice_is_as_ever_when_its_objectsync_is_seen_again() -> None:
    before = planned_slice("a")
    child = moved_out_of_sight(before)
    assert child
    (again,) = follow(plan("a"), [observed(child)])
    assert again["spec"] == before["spec"]
    child = handed_over(observed(child), plan("a"))
    assert child
    assert "unseen" not in child["spec"]


# Suspended


def suspend(plans: Plans, items: Iterable[Json]) -> list[Json]:
    """Return the slices of an ObjectSync once it is suspended, in its second generation."""
    return slice_lifecycle.follow(replace(plans, suspended={"uid-of-share": 2}), SCOPE, items, {}, NOW)


def test_a_suspended_slice_has_its_plan_and_says_so() -> None:
    before = [observed(child) for child in follow(plan("a"))]
    (child,) = suspend(Plans([plan("a", "b")]), before)
    assert child["spec"] == {**follow(plan("a", "b"), before)[0]["spec"], "suspend": True}
    (resumed,) = follow(plan("a", "b"), [observed(child)])
    assert "suspend" not in resumed["spec"]


def test_while_suspended_no_slice_is_emptied_or_deleted() -> None:
    before = [observed(child) for child in follow(plan(*many(150)))]
    first, second = suspend(Plans([plan("ns-0000")]), before)
    assert (destinations(first), destinations(second)) == (["ns-0000"], [])
    assert second["spec"]["suspend"] is True
    assert "draining" not in second["spec"]
    assert second["spec"]["objectSync"]["generation"] == 2, "or else its status would be that of an old generation"
    assert suspend(Plans([]), before)[1] == second, "also if it is not planned at all"
    emptied = [{**observed(second), "status": {"observedGeneration": 1, "copies": 0}}]
    assert suspend(Plans([]), emptied) == [second]


def test_a_slice_that_is_being_emptied_keeps_what_is_left_once_it_is_suspended() -> None:
    (draining,) = follow(plan(type_=WIDGETS), [observed(child) for child in follow(plan("a"))])[1:]
    assert draining["spec"]["draining"]
    (kept,) = suspend(Plans([]), [observed(draining, copies=1)])
    assert kept["spec"]["suspend"] is True
    assert "draining" not in kept["spec"]


def test_where_nothing_may_be_planned_slices_are_suspended_and_resumed_all_the_same() -> None:
    (before,) = (observed(child) for child in follow(plan("a")))
    (stopped,) = suspend(Plans([], {"uid-of-share": MISSING}), [before])
    assert stopped["spec"]["suspend"] is True
    assert destinations(stopped) == ["a"]
    (resumed,) = slice_lifecycle.follow(Plans([], {"uid-of-share": MISSING}), SCOPE, [observed(stopped)], {}, NOW)
    assert "suspend" not in resumed["spec"]


def test_the_slice_of_a_deleted_objectsync_is_emptied_also_if_it_was_suspended() -> None:
    (stopped,) = suspend(Plans([plan("a")]), [])
    form = next_form(observed(stopped))
    assert form
    assert form["spec"]["draining"] == STAMP
    assert "suspend" not in form["spec"]
