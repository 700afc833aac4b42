"""deletionPolicy Retain: how SyncSlices release copies that go with the ObjectSync, a destination or the source."""

import copy
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.planning import retention, scope, slice_lifecycle, slice_spec
from object_syncer.planning.destinations import Destinations, Shape
from object_syncer.planning.plan import Plan, Plans
from object_syncer.status.problem import Problem
from unit.objects import NOW, STAMP, ago, policy
from unit.planning.plans import CONFIG_MAPS, WIDGETS, many, plan

SCOPE = scope.of(policy(watchNamespaces=["team"]))
UID = "uid-of-share"
NO_SOURCE = {"reason": "SourceNotFound", "message": "m"}


def retaining(*namespaces: str, may_stay: Iterable[str] = "abc", type_: ResourceType = CONFIG_MAPS) -> Plan:
    made = plan(*namespaces, type_=type_, deletionPolicy="Retain")
    return replace(made, may_stay=frozenset(may_stay))


def follow(made: Plan, *items: Json) -> list[Json]:
    return slice_lifecycle.follow(Plans([made]), SCOPE, items, {}, NOW)


def observed(child: Json, generation: int = 1, **status: object) -> Json:
    """Return a slice as the API server has it after its controller served it."""
    child = copy.deepcopy(child)
    child["metadata"] |= {"generation": generation, "resourceVersion": "55", "uid": "uid-of-slice"}
    copies = sum(len(group["namespaces"]) for group in child["spec"].get("groups", ()))
    return {**child, "status": {"observedGeneration": generation, "copies": copies, **status}}


def slice_of(*namespaces: str, **status: Any) -> Json:
    return observed(follow(retaining(*namespaces))[0], **status)


def leaving(child: Json) -> list[str]:
    """Return the namespaces whose copies leave a slice."""
    return [where for group in child["spec"].get("leaving", {}).get("groups", ()) for where in group["namespaces"]]


def destinations(child: Json) -> list[str]:
    return [name for group in child["spec"].get("groups", ()) for name in group["namespaces"]]


# A destination goes


def test_a_copy_that_leaves_gets_a_label_that_the_selector_matches_too() -> None:
    before = slice_of("a", "b")
    (child,) = follow(retaining("a"), before)
    label = child["spec"]["leaving"]["label"]
    assert (destinations(child), leaving(child)) == (["a"], ["b"])
    values = [before["metadata"]["name"], label]
    assert child["spec"]["selector"] == {
        "matchExpressions": [{"key": api.SLICE_LABEL, "operator": "In", "values": values}]
    }
    assert child["metadata"]["name"] == before["metadata"]["name"]
    assert label.startswith("configmaps."), "or the guard would let others set it"
    assert len(label) <= 63
    assert not slice_spec.is_releasing(child["spec"])


def test_once_all_that_leave_have_the_label_the_selector_matches_it_no_more() -> None:
    (child,) = follow(retaining("a"), slice_of("a", "b"))
    for waiting in (observed(child, 2, surplus=1), observed(child, 2, observedGeneration=1)):
        assert follow(retaining("a"), waiting) == [child]
    (after,) = follow(retaining("a"), observed(child, 2))
    assert after == follow(retaining("a"))[0]


def test_a_label_is_never_used_again() -> None:
    (first,) = follow(retaining("a", "c"), slice_of("a", "b", "c"))
    (both,) = follow(retaining("a"), observed(first, 2, surplus=1))
    assert leaving(both) == ["b", "c"]
    assert both["spec"]["leaving"]["label"] == first["spec"]["leaving"]["label"], "as long as none was released"
    (second,) = follow(retaining("a"), observed(first, 2))
    assert leaving(second) == ["c"]
    assert second["spec"]["leaving"]["label"] != first["spec"]["leaving"]["label"]


def test_a_destination_that_comes_back_does_not_leave_any_more() -> None:
    (child,) = follow(retaining("a"), slice_of("a", "b"))
    (back,) = follow(retaining("a", "b"), observed(child, 2, surplus=1))
    assert (destinations(back), leaving(back)) == (["a", "b"], [])
    assert back["spec"]["selector"] == child["spec"]["selector"], "its copy may have the label already"
    (after,) = follow(retaining("a", "b"), observed(back, 3))
    assert "leaving" not in after["spec"]


def test_what_began_to_leave_does_so_though_the_deletion_policy_is_delete_now() -> None:
    (child,) = follow(retaining("a"), slice_of("a", "b", "c"))
    (now,) = follow(plan("a"), observed(child, 2, surplus=1))
    assert leaving(now) == []
    (now,) = follow(replace(plan("a"), may_stay=frozenset("bc")), observed(child, 2, surplus=1))
    assert leaving(now) == ["b", "c"]


def test_where_a_copy_is_not_permitted_any_more_it_does_not_stay() -> None:
    (child,) = follow(retaining("a", may_stay="ab"), slice_of("a", "b", "c"))
    assert leaving(child) == ["b"]
    contested = Destinations(
        {Shape("settings"): {"a"}}, {(Shape("settings"), Problem("Conflict", "another gets it")): {"b"}}
    )
    (child,) = follow(replace(retaining("a"), destinations=contested), slice_of("a", "b"))
    assert leaving(child) == [], "another ObjectSync gets the destination"


def test_with_delete_nothing_leaves() -> None:
    before = observed(follow(plan("a", "b"))[0])
    assert leaving(follow(plan("a"), before)[0]) == []


def test_a_slice_without_destinations_drains_when_its_copies_have_left() -> None:
    namespaces = many(101)
    first, second = (observed(child) for child in follow(retaining(*namespaces, may_stay=namespaces)))
    made = retaining(*namespaces[:100], may_stay=namespaces)
    _, child = follow(made, first, second)
    assert leaving(child) == ["ns-0100"]
    assert "draining" not in child["spec"]
    _, draining = follow(made, first, observed(child, 2, copies=1))
    assert draining["spec"]["draining"] == STAMP
    assert follow(made, first, observed(draining, 3, copies=0)) == [follow(made)[0]]


def test_copies_of_a_former_type_stay() -> None:
    new, old = follow(retaining("a", type_=WIDGETS), slice_of("a"))
    assert (new["spec"]["resource"]["kind"], leaving(old)) == ("Widget", ["a"])


def test_copies_stay_while_a_kind_is_not_known() -> None:
    plans = Plans(unresolved={UID: "Nothing"})
    (child,) = slice_lifecycle.follow(plans, SCOPE, [slice_of("a")], {UID: None}, NOW)
    assert leaving(child) == ["a"]


def test_while_suspended_what_leaves_is_noted_and_nothing_is_released() -> None:
    plans = Plans([retaining("a")], suspended={UID: 3})
    (child,) = slice_lifecycle.follow(plans, SCOPE, [slice_of("a", "b")], {}, NOW)
    assert (child["spec"]["suspend"], leaving(child)) == (True, ["b"])
    assert slice_lifecycle.follow(plans, SCOPE, [observed(child, 2)], {}, NOW) == [child]
    (unserved,) = slice_lifecycle.follow(Plans(suspended={UID: 3}), SCOPE, [observed(child, 2)], {UID: None}, NOW)
    assert leaving(unserved) == ["b"]
    assert unserved["spec"]["selector"] == child["spec"]["selector"]


# The source goes


def test_without_their_source_all_copies_leave_and_the_destinations_stay() -> None:
    (child,) = follow(retaining("a", "b"), slice_of("a", "b", problem=NO_SOURCE))
    assert (destinations(child), leaving(child)) == (["a", "b"], ["a", "b"])
    for waiting in (observed(child, 2, problem=NO_SOURCE, surplus=1), {**observed(child, 2), "status": {}}):
        waiting["status"] |= {"problem": NO_SOURCE}
        assert follow(retaining("a", "b"), waiting) == [child]
    (after,) = follow(retaining("a", "b"), observed(child, 2, problem=NO_SOURCE))
    assert (destinations(after), leaving(after)) == (["a", "b"], [])
    for at_rest in (observed(after, 3, problem=NO_SOURCE, copies=0), observed(after, 3, observedGeneration=2)):
        assert follow(retaining("a", "b"), at_rest) == [after]


def test_a_source_that_comes_back_keeps_what_did_not_leave_yet() -> None:
    (child,) = follow(retaining("a", "b"), slice_of("a", "b", problem=NO_SOURCE))
    (back,) = follow(retaining("a", "b"), observed(child, 2, surplus=2))
    assert leaving(back) == []


# The ObjectSync goes


def deleted(item: Json, made: Plan | None = None) -> Json | None:
    """Return what becomes of a slice whose ObjectSync is being deleted."""
    left = slice_lifecycle.follow(Plans(retained={UID: made}), SCOPE, [item], {UID: CONFIG_MAPS}, NOW)
    return left[0] if left else None


@pytest.mark.parametrize("made", [None, retaining("a", "b")], ids=["without a plan", "with one"])
def test_when_the_object_sync_goes_its_slices_release_their_copies_at_once(made: Plan | None) -> None:
    before = slice_of("a", "b")
    child = deleted(before, made)
    assert child
    expected = {**before["spec"], **slice_spec.releasing(before["metadata"]["name"]), "draining": STAMP}
    assert child["spec"] == expected
    for waiting in (observed(child, 2, copies=1), observed(child, 2, copies=0, observedGeneration=1)):
        assert deleted(waiting, made) == child
    assert deleted(observed(child, 2, copies=0), made) is None


def test_copies_that_are_to_be_deleted_all_the_same_are_deleted_first() -> None:
    made = retaining("a", may_stay="a")
    child = deleted(slice_of("a", "b"), made)
    assert child
    assert destinations(child) == ["a"]
    assert not slice_spec.is_releasing(child["spec"])
    assert deleted(observed(child, 2, surplus=1), made) == child
    released = deleted(observed(child, 2), made)
    assert released
    assert slice_spec.is_releasing(released["spec"])


def test_what_cannot_be_deleted_first_holds_the_others_up_for_a_minute() -> None:
    item = slice_of("a", surplus=1)
    item["spec"]["draining"] = ago(61)
    child = deleted(item)
    assert child
    assert slice_spec.is_releasing(child["spec"])


def test_a_slice_that_has_copies_is_never_deleted_with_them_however_long_it_takes() -> None:
    item = deleted(slice_of("a"))
    assert item
    item["spec"]["draining"] = ago(3600)
    assert deleted(observed(item, 2, copies=1)) == item
    never_served = {**observed(item, 2), "status": {}}
    assert deleted(never_served) is None, "it has none"


def test_what_was_being_deleted_is_deleted() -> None:
    item = slice_of("a")
    del item["spec"]["groups"]
    item["spec"]["draining"] = ago(1)
    child = deleted(item)
    assert child
    assert not slice_spec.is_releasing(child["spec"])


def test_what_was_leaving_is_released_with_the_others() -> None:
    (child,) = follow(retaining("a"), slice_of("a", "b"))
    waiting = deleted(observed(child, 2, surplus=1))
    assert waiting
    assert waiting["spec"]["selector"] == child["spec"]["selector"]
    released = deleted(observed(waiting, 3))
    assert released
    assert slice_spec.is_releasing(released["spec"])
    assert leaving(released) == ["b"], "so that its hook looks there"


def test_an_object_sync_that_lost_its_finalizer_retains_its_copies() -> None:
    (child,) = slice_lifecycle.follow(Plans(), SCOPE, [slice_of("a")], {}, NOW)
    assert slice_spec.is_releasing(child["spec"])


def test_an_object_sync_that_is_not_seen_any_more_retains_its_copies() -> None:
    elsewhere = scope.of(policy(watchNamespaces=["elsewhere"]))
    (child,) = slice_lifecycle.follow(Plans(), elsewhere, [slice_of("a")], {}, NOW)
    assert (child["spec"]["unseen"], slice_spec.is_releasing(child["spec"])) == (STAMP, False)
    child["spec"]["unseen"] = ago(61)
    (child,) = slice_lifecycle.follow(Plans(), elsewhere, [observed(child, 2)], {}, NOW)
    assert slice_spec.is_releasing(child["spec"])
    assert slice_lifecycle.follow(Plans(), elsewhere, [observed(child, 3, copies=0)], {}, NOW) == []


def test_where_the_kind_is_gone_there_is_nothing_to_retain() -> None:
    item = observed(follow(retaining("a", type_=WIDGETS))[0])
    assert slice_lifecycle.follow(Plans(retained={UID: None}), SCOPE, [item], {UID: None}, NOW) == []


# Another policy


def test_what_another_policy_does_not_want_leaves_if_it_permits_it() -> None:
    plans = Plans(heirs={UID: retaining("a", may_stay="ab")})
    (child,) = slice_lifecycle.follow(plans, SCOPE, [slice_of("a", "b", "c")], {UID: CONFIG_MAPS}, NOW)
    assert (destinations(child), leaving(child)) == (["a"], ["b"])
    (narrowed,) = slice_lifecycle.follow(plans, SCOPE, [observed(child, 2)], {UID: CONFIG_MAPS}, NOW)
    assert (destinations(narrowed), leaving(narrowed)) == (["a"], [])
    (released,) = slice_lifecycle.follow(plans, SCOPE, [observed(narrowed, 3)], {UID: CONFIG_MAPS}, NOW)
    assert slice_spec.is_releasing(released["spec"])


def test_no_longer_served_it_drains() -> None:
    (child,) = slice_lifecycle.follow(Plans(), SCOPE, [slice_of("a")], {UID: CONFIG_MAPS}, NOW)
    assert child["spec"]["draining"] == STAMP
    assert not slice_spec.is_releasing(child["spec"])


def test_nothing_is_asked_where_nothing_is_retained() -> None:
    item, spec = observed(follow(plan("a"))[0]), dict[str, Any](groups=[])
    assert retention.with_leavers(spec, item, plan()) is spec
