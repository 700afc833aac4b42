"""The planner: all ObjectSyncs at once, to slices and controllers."""

import copy
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from object_syncer.kube import api, metacontroller, times, types
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.parents import syncpolicy as planner
from object_syncer.planning import slice_spec
from object_syncer.status import reasons
from unit.bodies import customize, of_policy
from unit.objects import NOW, STAMP, ago, namespace, object_sync, policy, source, terminating

NAMESPACES = [namespace(name) for name in ("team", "a", "b")]
WIDGETS = ResourceType("example.com", "v1", "Widget", "widgets")
WIDGET = source("Widget", "example.com")


def ask(body: Json) -> Json:
    return planner.sync(metacontroller.parse(body, "SyncPolicy", []), NOW)


def plan(*object_syncs: Json, children: Iterable[Json] = (), **spec: Any) -> Json:
    return ask(of_policy(*NAMESPACES, *object_syncs, children=children, **spec))


def slices(answered: Json) -> list[Json]:
    return [child for child in answered["children"] if child["kind"] == "SyncSlice"]


def controllers(answered: Json) -> list[str]:
    """Return the resource types of the generated controllers."""
    generated = [child for child in answered["children"] if child["kind"] == "CompositeController"]
    return [child["spec"]["childResources"][0]["resource"] for child in generated]


def where(item: Json) -> list[str]:
    return [name for group in item["spec"].get("groups", ()) for name in group["namespaces"]]


def existing(answered: Json, copies: int | None = None) -> list[Json]:
    """Return the children as the API server has them, served by their controllers; `copies` in each slice."""
    found = []
    for child in copy.deepcopy(answered["children"]):
        child["metadata"] |= {"uid": child["metadata"]["name"], "generation": 1, "resourceVersion": "5"}
        if child["kind"] == "SyncSlice":
            left = len(where(child)) if copies is None else copies
            child["status"] = {"observedGeneration": 1, "copies": left, "synced": left}
        found.append(child)
    return found


def ready(answered: Json) -> tuple[str, str]:
    (condition,) = answered["status"]["conditions"]
    return condition["status"], condition["reason"]


# customize


def rules(**spec: Any) -> list[Json]:
    request = metacontroller.parse(customize(of_policy(**spec)), "SyncPolicy", [])
    found: list[Json] = planner.customize(request, NOW)["relatedResources"]
    return found


def resources(**spec: Any) -> list[tuple[str, str | None]]:
    return [(rule["resource"], rule.get("namespace")) for rule in rules(**spec)]


def test_the_planner_watches_namespaces_policies_objectsyncs_and_its_guard() -> None:
    assert resources() == [
        ("namespaces", None),
        ("syncpolicies", None),
        ("objectsyncs", None),
        ("validatingadmissionpolicies", None),
        ("validatingadmissionpolicybindings", None),
    ]
    assert [rule["names"] for rule in rules()[-2:]] == [["object-syncer-copies"]] * 2


@pytest.mark.parametrize(
    ("watch", "namespaces"),
    [(["b", "a"], ["a", "b"]), (["a", "*"], [None]), (["team-*"], [None])],
    ids=["names", "a star", "a glob"],
)
def test_a_policy_for_named_namespaces_watches_their_objectsyncs_alone(
    watch: list[str], namespaces: list[str | None]
) -> None:
    found = [rule for rule in rules(watchNamespaces=watch) if rule["resource"] == "objectsyncs"]
    assert [rule.get("namespace") for rule in found if "labelSelector" not in rule] == namespaces


def test_a_policy_for_named_namespaces_also_watches_objectsyncs_that_all_policies_must_see() -> None:
    selectors = [rule["labelSelector"] for rule in rules(watchNamespaces=["a"]) if "labelSelector" in rule]
    assert selectors == [{"matchLabels": {"sync.rustrial.org/visible-to": "all"}}]


def test_a_policy_with_guard_none_does_not_watch_it() -> None:
    assert not [which for which, _ in resources(guard="None") if which.startswith("validatingadmission")]


# sync


def test_a_plan_has_slices_and_a_controller_for_each_type() -> None:
    answered = plan(object_sync("all"), object_sync("one", ["a"], spec_source=source("Secret")))
    assert {item["spec"]["objectSync"]["name"]: where(item) for item in slices(answered)} == {
        "all": ["a", "b"],
        "one": ["a"],
    }
    assert controllers(answered) == ["configmaps", "secrets"]
    assert answered["status"] == {
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Success",
                "message": "ObjectSyncs are planned",
                "observedGeneration": 1,
                "lastTransitionTime": STAMP,
            }
        ],
        "controllers": 2,
        "serving": [],
    }
    assert answered["resyncAfterSeconds"] == 0


def test_without_objectsyncs_there_are_no_children() -> None:
    assert plan()["children"] == []


def test_one_controller_serves_all_objectsyncs_of_a_type() -> None:
    assert controllers(plan(object_sync("one"), object_sync("two", [{"namespace": "*", "name": "x"}]))) == [
        "configmaps"
    ]


def test_two_versions_of_a_type_have_two_controllers() -> None:
    old, new = (
        object_sync(
            f"v{number}",
            [f"{'ab'[number - 1]}"],
            spec_source={**WIDGET, "version": f"v{number}"},
            status={"resolved": types.dump(ResourceType("example.com", f"v{number}", "Widget", "widgets"))},
        )
        for number in (1, 2)
    )
    answered = plan(old, new)
    generated = [child for child in answered["children"] if child["kind"] == "CompositeController"]
    assert [child["spec"]["childResources"][0]["apiVersion"] for child in generated] == [
        "example.com/v1",
        "example.com/v2",
    ]


def test_a_custom_kind_has_a_controller_once_the_status_of_its_objectsync_has_its_type() -> None:
    assert plan(object_sync(spec_source=WIDGET))["children"] == []
    known = object_sync(spec_source=WIDGET, status={"resolved": types.dump(WIDGETS)})
    assert controllers(plan(known)) == ["widgets"]


def test_the_same_request_has_the_same_answer_byte_by_byte() -> None:
    syncs = [object_sync(name, ["a", {"namespace": "b", "name": name}], created=ago(60)) for name in "zyx"]
    first, second = (orjson.dumps(plan(*order)["children"]) for order in (syncs, syncs[::-1]))
    assert orjson.loads(first) == orjson.loads(second)
    assert first == second


def test_at_rest_the_plan_stays_as_it_is() -> None:
    syncs = [object_sync("all"), object_sync("one", ["a"], spec_source=source("Secret"))]
    reported = existing(plan(*syncs))
    first = plan(*syncs, children=reported)
    body = of_policy(*NAMESPACES, *syncs, children=reported, parent={**policy(), "status": first["status"]})
    assert planner.sync(metacontroller.parse(body, "SyncPolicy", []), NOW + timedelta(hours=1)) == first
    assert first["children"] == plan(*syncs)["children"]
    assert first["resyncAfterSeconds"] == 0


def test_an_objectsync_that_is_not_permitted_has_a_slice_that_says_so_and_no_controller() -> None:
    answered = plan(object_sync(spec_source=source("ClusterRole", "rbac.authorization.k8s.io")))
    (item,) = slices(answered)
    assert [problem["reason"] for problem in item["spec"]["problems"]] == [reasons.CLUSTER_SCOPED_KIND]
    assert controllers(answered) == []


def test_an_objectsync_that_the_planner_fails_on_keeps_its_slices_which_say_so_and_others_are_served() -> None:
    good, bad = object_sync("good", ["a"]), object_sync("bad", ["b"], spec_source=source("Secret"))
    new = object_sync("new", ["b"])
    before = plan(good, bad)
    broken = {**bad, "spec": {"source": source("Secret"), "destinations": 5}}
    after = plan(good, broken, new, children=existing(before))
    assert {
        item["spec"]["objectSync"]["name"]: (where(item), [each["reason"] for each in item["spec"].get("problems", ())])
        for item in slices(after)
    } == {"good": (["a"], []), "bad": (["b"], [reasons.INTERNAL_ERROR]), "new": (["b"], [])}
    assert controllers(after) == ["configmaps", "secrets"]
    repaired = plan(good, bad, new, children=existing(after))
    assert repaired["children"] == plan(good, bad, new)["children"], "and no trace is left once the planner succeeds"


def test_of_two_slices_with_one_name_the_older_objectsync_has_it_and_the_younger_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slice_spec, "_stem", lambda plan, *_: f"configmaps.{plan.object_sync['metadata']['name']}")
    older = object_sync("twin", ["b"], uid="older", created=ago(90))
    younger = object_sync("twin", ["b"], namespace="a", uid="younger", spec_source=source(name="other"))
    third = object_sync("third", ["a"])
    answered = plan(younger, older, third)
    assert {item["spec"]["objectSync"]["uid"]: where(item) for item in slices(answered)} == {
        "older": ["b"],
        "uid-of-third": ["a"],
    }
    (failure,) = answered["status"]["failures"]
    assert failure["objectSync"] == "a/twin"
    assert "SyncSlice configmaps.twin-0 is that of ObjectSync team/twin" in failure["message"]
    assert ready(answered) == ("True", "Success")


@pytest.mark.parametrize(
    "status",
    [
        {"resolved": {}},
        {"resolved": {"kind": "x"}},
        {"resolved": None},
        {"resolved": "x"},
        {"resolved": {"apiVersion": 5}},
    ],
    ids=str,
)
@pytest.mark.parametrize("deleted", [True, False], ids=["deleted", "living"])
def test_a_status_that_somebody_spoiled_affects_nobody_else(status: Json, deleted: bool) -> None:
    spoiled = object_sync("spoiled", ["b"], spec_source=WIDGET, status=status)
    before = plan(object_sync("spoiled", ["b"], spec_source=WIDGET, status={"resolved": types.dump(WIDGETS)}))
    answered = plan(object_sync("good", ["a"]), terminating(spoiled) if deleted else spoiled, children=existing(before))
    good, *_ = slices(answered)
    assert where(good) == ["a"]


def test_the_status_lists_controllers_that_have_reported_on_a_slice() -> None:
    syncs = [object_sync("one", ["a"]), object_sync("two", ["b"], spec_source=source("Secret"))]
    children = existing(plan(*syncs))
    for child in children:
        if child["kind"] == "SyncSlice" and child["spec"]["objectSync"]["name"] == "two":
            del child["status"]
    (serving,) = plan(*syncs, children=children)["status"]["serving"]
    assert serving.startswith("configmaps.v1-")


# The end of slices and controllers


def drained(answered: Json) -> list[Json]:
    return existing(answered, copies=0)


def test_the_slices_of_a_deleted_objectsync_are_drained() -> None:
    before = plan(object_sync())
    answered = plan(terminating(object_sync()), children=existing(before))
    (item,) = slices(answered)
    assert where(item) == []
    assert item["spec"]["draining"] == STAMP
    assert controllers(answered) == ["configmaps"], "which drains them"
    assert answered["resyncAfterSeconds"] == times.DRAIN_TIMEOUT + 1


def test_a_slice_that_drains_is_looked_at_when_its_own_time_is_over_whatever_else_happens_before() -> None:
    draining = existing(plan(terminating(object_sync()), children=existing(plan(object_sync()))), copies=1)
    body = of_policy(*NAMESPACES, terminating(object_sync()), children=draining)
    later = NOW + timedelta(seconds=40)
    answered = planner.sync(metacontroller.parse(body, "SyncPolicy", []), later)
    assert answered["resyncAfterSeconds"] == times.DRAIN_TIMEOUT + 1 - 40


def test_drained_slices_are_deleted_and_then_their_controller() -> None:
    before = plan(object_sync())
    draining = plan(terminating(object_sync()), children=existing(before))
    last = plan(terminating(object_sync()), children=drained(draining))
    assert slices(last) == []
    assert controllers(last) == ["configmaps"], "a running controller stays while a slice of its type exists"
    gone = plan(children=[child for child in drained(draining) if child["kind"] != "SyncSlice"])
    assert gone["children"] == []


def test_the_slices_of_an_objectsync_that_vanished_are_drained() -> None:
    before = plan(object_sync())
    (item,) = slices(plan(children=existing(before)))
    assert item["spec"]["draining"] == STAMP


def test_no_controller_is_started_for_slices_that_were_never_served_and_are_deleted() -> None:
    left = [child for child in existing(plan(object_sync())) if child["kind"] == "SyncSlice"]
    for item in left:
        item["status"] = {}
    assert plan(children=left)["children"] == []


def test_the_slices_of_an_objectsync_that_is_no_longer_watched_are_drained() -> None:
    before = plan(object_sync())
    (item,) = slices(plan(object_sync(), children=existing(before), watchNamespaces=["other"]))
    assert where(item) == []


def test_an_objectsync_that_is_no_longer_permitted_loses_its_copies_and_keeps_the_slice_that_says_so() -> None:
    before = plan(object_sync())
    answered = plan(
        object_sync(), children=existing(before), allowedResources=[{"apiGroups": [""], "resources": ["secrets"]}]
    )
    (item,) = slices(answered)
    assert where(item) == []
    assert [problem["reason"] for problem in item["spec"]["problems"]] == [reasons.KIND_NOT_ALLOWED]
    assert controllers(answered) == ["configmaps"]


def test_a_namespace_that_is_being_deleted_is_no_destination_of_a_wildcard() -> None:
    before = plan(object_sync())
    body = of_policy(
        namespace("team"), namespace("a"), terminating(namespace("b")), object_sync(), children=existing(before)
    )
    (item,) = slices(ask(body))
    assert where(item) == ["a"]
    assert "problems" not in item["spec"], "because a wildcard does not mean it any more"


# Several policies


def test_an_objectsync_is_planned_by_one_policy_and_its_slices_are_given_up_by_the_other() -> None:
    other = policy(priority=5)
    other["metadata"] |= {"name": "other", "uid": "uid-of-other"}
    before = plan(object_sync())
    ours = ask(of_policy(*NAMESPACES, object_sync(), other, children=existing(before)))
    theirs = ask(of_policy(*NAMESPACES, object_sync(), policy(), parent=other))
    assert [slice_spec.is_releasing(item["spec"]) for item in slices(ours)] == [True]
    assert [where(item) for item in slices(theirs)] == [["a", "b"]]


def test_a_label_of_a_namespace_changes_nothing_for_objectsyncs_that_do_not_ask_for_it() -> None:
    selector = {"matchLabels": {"tier": "web"}}
    selecting = object_sync("selecting", [{"namespaceSelector": selector, "name": "selected"}])
    syncs = (object_sync(), object_sync("glob", [{"namespace": "?", "name": "other"}]), selecting)

    def specs(*namespaces: Json) -> dict[str, Json]:
        found = slices(ask(of_policy(*namespaces, *syncs)))
        return {item["spec"]["objectSync"]["name"]: item["spec"] for item in found}

    before = specs(namespace("team"), namespace("a"), namespace("b"))
    after = specs(namespace("team"), namespace("a", tier="web"), namespace("b"))
    assert {name for name in before if before[name] != after[name]} == {"selecting"}


# What makes planning unsafe


def unsafe(*object_syncs: Json, children: Iterable[Json] = (), **spec: Any) -> Json:
    return ask(of_policy(*NAMESPACES, *object_syncs, children=children, guarded=False, **spec))


def test_without_guard_nothing_is_planned_and_existing_slices_have_a_problem() -> None:
    before = plan(object_sync())
    answered = unsafe(object_sync(), object_sync("new", ["a"], spec_source=source("Secret")), children=existing(before))
    assert ready(answered) == ("False", reasons.GUARD_MISSING)
    ((was,), (now,)) = slices(before), slices(answered)
    (problem,) = now["spec"].pop("problems")
    assert problem["reason"] == reasons.GUARD_MISSING
    assert now["spec"] == was["spec"]
    assert controllers(answered) == controllers(before)


def test_with_the_guard_back_all_is_as_before() -> None:
    before = plan(object_sync())
    without = unsafe(object_sync(), children=existing(before))
    assert plan(object_sync(), children=existing(without))["children"] == before["children"]


@pytest.mark.parametrize("missing", ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"])
def test_a_guard_takes_policy_and_binding(missing: str) -> None:
    body = of_policy(*NAMESPACES, object_sync())
    body["related"][f"{missing}.admissionregistration.k8s.io/v1"] = {}
    assert ready(ask(body)) == ("False", reasons.GUARD_MISSING)


def test_a_guard_that_is_about_to_be_in_force_is_waited_for() -> None:
    body = of_policy(*NAMESPACES, object_sync())
    (fresh,) = body["related"]["ValidatingAdmissionPolicy.admissionregistration.k8s.io/v1"].values()
    fresh["metadata"]["creationTimestamp"] = ago(1)
    answered = ask(body)
    assert ready(answered) == ("False", reasons.GUARD_MISSING)
    assert answered["resyncAfterSeconds"] == times.GUARD_SETTLES, "because no event says that it is in force"


def test_with_a_policy_that_has_a_field_only_newer_hooks_know_nothing_is_planned_and_copies_stay() -> None:
    before = plan(object_sync())
    newer = of_policy(*NAMESPACES, object_sync(), object_sync("new", ["a"]), children=existing(before), onlyOn="Monday")
    answered = ask(newer)
    assert ready(answered) == ("False", reasons.UNKNOWN_FIELD)
    ((was,), (now,)) = slices(before), slices(answered)
    (problem,) = now["spec"].pop("problems")
    assert problem["reason"] == reasons.UNKNOWN_FIELD
    assert problem["message"].startswith("spec.onlyOn: ")
    assert now["spec"] == was["spec"]


def test_a_policy_with_guard_none_needs_no_guard() -> None:
    answered = unsafe(object_sync(), guard="None")
    assert ready(answered) == ("True", "Success")
    assert len(slices(answered)) == 1


def test_the_slices_of_a_deleted_objectsync_are_drained_without_guard_too() -> None:
    before = plan(object_sync())
    (item,) = slices(unsafe(terminating(object_sync()), children=existing(before)))
    assert item["spec"]["draining"] == STAMP


def test_with_an_engine_that_does_not_apply_on_the_server_nothing_is_planned() -> None:
    children = existing(plan(object_sync()))
    children[0]["metadata"]["annotations"] = {api.LAST_APPLIED_ANNOTATION: "{}"}
    answered = plan(object_sync(), object_sync("new"), children=children)
    assert ready(answered) == ("False", reasons.WRONG_APPLY_STRATEGY)
    (item,) = slices(answered)
    assert item["spec"] == children[0]["spec"], "what exists stays as it is"


def test_an_invalid_policy_plans_nothing_and_prunes_nothing_and_says_what_is_missing() -> None:
    before = plan(object_sync(), object_sync("refused", spec_source=source("Node")))
    others = [object_sync("new", ["a"], spec_source=source("Secret")), object_sync("elsewhere", namespace="b")]
    moved = object_sync(destinations=["a"], generation=2)
    body = of_policy(
        *NAMESPACES,
        moved,
        object_sync("refused", spec_source=source("Node")),
        *others,
        children=existing(before),
        watchNamespaces=["b"],
        targetNamespaces=None,
    )
    answered = ask(body)
    assert ready(answered) == ("False", reasons.INVALID_POLICY)
    (condition,) = answered["status"]["conditions"]
    assert condition["message"] == (
        "nothing is planned: spec.targetNamespaces of SyncPolicy default is missing or empty: "
        'list there what is permitted; "*" permits all'
    )
    assert answered["children"] == before["children"], "slices and controllers are as they were"


def test_an_invalid_policy_knows_every_objectsync_so_that_it_keeps_the_slices_of_all_that_exist() -> None:
    assert ("objectsyncs", None) in resources(watchNamespaces=["a"], allowedResources=None)
    before = plan(object_sync())
    (item,) = slices(plan(children=existing(before), allowedResources=None))
    assert item["spec"]["draining"] == STAMP, "because that one is gone"


def test_the_slices_of_a_deleted_objectsync_are_drained_by_an_invalid_policy_too() -> None:
    before = plan(object_sync())
    (item,) = slices(plan(terminating(object_sync()), children=existing(before), sourceNamespaces=[]))
    assert item["spec"]["draining"] == STAMP


def test_an_invalid_policy_that_is_repaired_goes_on_as_if_nothing_had_been() -> None:
    before = plan(object_sync())
    broken = plan(object_sync(), children=existing(before), watchNamespaces=None)
    after = plan(object_sync(), children=existing(broken))
    assert after["children"] == before["children"]
    assert ready(after) == ("True", "Success")


def test_an_invalid_policy_that_retires_gives_its_copies_up() -> None:
    before = existing(plan(object_sync()))
    leaving = policy(watchNamespaces=None)
    leaving["metadata"]["annotations"] = {api.RETIRE_ANNOTATION: "true"}
    answered = ask(of_policy(*NAMESPACES, object_sync(), parent=leaving, children=before))
    assert ready(answered) == ("False", reasons.RETIRING)
    (item,) = slices(answered)
    assert item["spec"]["draining"] == STAMP, "because no other policy permits them"


def test_a_missing_guard_matters_more_than_a_missing_list() -> None:
    before = plan(object_sync())
    answered = unsafe(object_sync(), children=existing(before), watchNamespaces=None)
    assert ready(answered) == ("False", reasons.GUARD_MISSING)
    (item,) = slices(answered)
    assert [problem["reason"] for problem in item["spec"]["problems"]] == [reasons.GUARD_MISSING], "no copy is created"


@pytest.mark.parametrize("draining", [False, True])
def test_a_policy_keeps_what_it_plans_and_gains_nothing_while_an_invalid_one_would_come_first(draining: bool) -> None:
    broken = policy(watchNamespaces=None, priority=5)
    broken["metadata"] |= {"name": "broken", "uid": "uid-of-broken"}
    before = existing(plan(object_sync()))
    if draining:
        before = existing(plan(object_sync(), children=before, watchNamespaces=["elsewhere"]), copies=2)
    answered = ask(of_policy(*NAMESPACES, object_sync(), object_sync("new"), broken, children=before))
    assert [where(item) for item in slices(answered)] == ([[]] if draining else [["a", "b"]])


# What the engine is strict about


def test_children_have_no_namespace_and_our_fields_alone() -> None:
    answered = plan(object_sync(), children=existing(plan(object_sync())))
    for child in answered["children"]:
        assert set(child) == {"apiVersion", "kind", "metadata", "spec"}
        assert set(child["metadata"]) <= {"name", "labels", "annotations"}


def test_the_request_is_not_changed() -> None:
    body = of_policy(*NAMESPACES, object_sync(), children=existing(plan(object_sync())))
    before = copy.deepcopy(body)
    ask(body)
    assert body == before
