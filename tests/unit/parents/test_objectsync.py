"""The ObjectSync: what it watches, its status, and when its finalizer goes."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from object_syncer.kube import api, metacontroller, types
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.parents import objectsync
from object_syncer.planning import controllers
from specification import cases
from unit.bodies import SLICE, customize, of_objectsync, sync_slice
from unit.objects import NOW, STAMP, ago, crd, object_sync, policy, source, terminating

WIDGET = source("Widget", "example.com")
WIDGETS = ResourceType("example.com", "v1", "Widget", "widgets")


def answer(parent: Json, *related: Json, later: float = 0) -> Json:
    request = metacontroller.parse(of_objectsync(parent, *related), "ObjectSync", [])
    return objectsync.sync(request, NOW + timedelta(seconds=later))


def finalize(parent: Json, *related: Json) -> Json:
    request = metacontroller.parse(of_objectsync(parent, *related, finalizing=True), "ObjectSync", [])
    return objectsync.finalize(request, NOW)


def conditions(status: Json) -> dict[str, tuple[str, str]]:
    """Return type -> status and reason."""
    return {item["type"]: (item["status"], item["reason"]) for item in status["conditions"]}


def message(status: Json, which: str) -> str:
    return next(str(item["message"]) for item in status["conditions"] if item["type"] == which)


def refused(namespace: str) -> Json:
    """Return the slice of an ObjectSync that found something else at its only destination."""
    state = {"namespace": namespace, "name": "settings", "state": "Conflict", "reason": "Conflict", "message": "m"}
    return sync_slice(namespace, status={"observedGeneration": 1, "copies": 0, "synced": 0, "destinations": [state]})


def synced(*namespaces: str, **spec: Any) -> Json:
    """Return the slice of an ObjectSync whose copies all are in sync."""
    destinations = [
        {"namespace": name, "name": "settings", "state": "Synced", "uid": f"c-{name}", "resourceVersion": "5"}
        for name in namespaces
    ]
    status = {
        "observedGeneration": 1,
        "copies": len(namespaces),
        "synced": len(namespaces),
        "source": {"uid": "s", "resourceVersion": "9", "bytes": 10},
        "destinations": destinations,
    }
    return sync_slice(*namespaces, status=status, **spec)


def stalled(*namespaces: str, **spec: Any) -> Json:
    """Return the slice of an ObjectSync that is marked, because it does not follow its source."""
    item = synced(*namespaces, **spec)
    item["metadata"]["annotations"] = {api.STALLED_ANNOTATION: f"{STAMP} 1/9"}
    return item


# customize


def rules(parent: Json) -> list[Json]:
    request = metacontroller.parse(customize(of_objectsync(parent)), "ObjectSync", [])
    found: list[Json] = objectsync.customize(request, NOW)["relatedResources"]
    return found


def test_an_objectsync_watches_its_own_slices_and_the_policies() -> None:
    assert rules(object_sync()) == [
        {
            "apiVersion": "sync.rustrial.org/v1alpha1",
            "resource": "syncslices",
            "labelSelector": {"matchLabels": {"sync.rustrial.org/objectsync-uid": "uid-of-share"}},
        },
        {"apiVersion": "sync.rustrial.org/v1alpha1", "resource": "syncpolicies"},
    ]


def test_one_of_a_custom_kind_watches_the_crds_that_may_define_it() -> None:
    rule = rules(object_sync(spec_source=WIDGET))[-1]
    assert (rule["apiVersion"], rule["resource"]) == ("apiextensions.k8s.io/v1", "customresourcedefinitions")
    assert rule["names"][0] == "widgets.example.com"


def test_no_rule_is_without_names_because_the_engine_takes_that_for_all() -> None:
    for spec_source in (source(), WIDGET, source("Widget"), source("Widget", "apps")):
        assert [] not in [rule.get("names") for rule in rules(object_sync(spec_source=spec_source))]


# sync


def test_the_status_of_an_objectsync_that_is_in_sync() -> None:
    status = answer(object_sync(), policy(), synced("a", "b"))["status"]
    assert status == {
        "observedGeneration": 1,
        "source": "ConfigMap/settings",
        "resolved": {"apiVersion": "v1", "kind": "ConfigMap", "resource": "configmaps", "namespaced": True},
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Success",
                "message": "Successfully registered with ResourceController v1/ConfigMap and team/settings",
                "observedGeneration": 1,
                "lastTransitionTime": STAMP,
            },
            {
                "type": "InSync",
                "status": "True",
                "reason": "Success",
                "message": "2 out of 2 destinations are in sync",
                "observedGeneration": 1,
                "lastTransitionTime": STAMP,
            },
        ],
        "copies": {"total": 2, "synced": 2, "failed": 0, "pending": 0, "summary": "2/2"},
        "destinations": [
            {
                "group": "",
                "version": "v1",
                "kind": "ConfigMap",
                "namespace": name,
                "name": "settings",
                "sourceVersion": {"uid": "s", "resource_version": "9"},
                "syncedVersion": {"uid": f"c-{name}", "resource_version": "5"},
                "state": "Synced",
            }
            for name in ("a", "b")
        ],
    }


def test_at_rest_the_status_stays_as_it_is_so_that_nothing_is_written() -> None:
    first = answer(object_sync(), policy(), synced("a"))
    later = answer(object_sync(status=first["status"]), policy(), synced("a"), later=3600)
    assert later == first
    assert later["resyncAfterSeconds"] == 0


def test_a_stalled_slice_is_named_and_its_destinations_are_no_longer_called_synced() -> None:
    status = answer(object_sync(), policy(), stalled("a", "b"))["status"]
    assert conditions(status) == {"Ready": ("True", "Success"), "InSync": ("False", "Stalled")}
    why = f"SyncSlice {SLICE} has reported nothing since {STAMP}; its events may say why"
    assert message(status, "InSync") == f"0 out of 2 destinations are in sync: {why}"
    assert {(item["state"], item["reason"], item["message"]) for item in status["destinations"]} == {
        ("Pending", "Stalled", why)
    }


def test_a_stalled_slice_of_an_earlier_policy_is_named_too() -> None:
    old = stalled("a", policy="old")
    old["metadata"]["name"] = "old"
    status = answer(object_sync(), policy(), synced("a", "b"), old)["status"]
    assert conditions(status) == {"Ready": ("True", "Success"), "InSync": ("False", "Stalled")}
    assert "SyncSlice old has reported nothing since" in message(status, "InSync")
    assert status["copies"]["summary"] == "2/2"


def test_the_source_may_be_elsewhere() -> None:
    status = answer(object_sync(spec_source=source(namespace="shared")), policy(), synced("a"))["status"]
    assert message(status, "Ready").endswith(" shared/settings")


WELL = ("True", "Success")
PLANNING = ("False", "Planning")


def with_condition(reason: str, message: str = "m", *, type_: str = "Ready", status: str = "False") -> Json:
    """Return a SyncPolicy with this condition."""
    condition = {"type": type_, "status": status, "reason": reason, "message": message}
    return {**policy(), "status": {"conditions": [condition]}}


def blocked(reason: str, message: str = "m") -> Json:
    """Return the slice of an ObjectSync that gets no new copies."""
    return synced(problems=[{"reason": reason, "message": message}])


OTHER_POLICY = {**policy(watchNamespaces=["other"]), "metadata": {"name": "other"}}
CLUSTER_ROLE = source("ClusterRole", "rbac.authorization.k8s.io")


@dataclass(frozen=True)
class Case:
    reason: str
    in_sync: tuple[str, str]
    """Status and reason of InSync."""
    ready: tuple[str, str] = WELL
    parent: Json = field(default_factory=object_sync)
    related: list[Json] = field(default_factory=lambda: [policy()])
    says: str = ""
    """By Ready, or by InSync if Ready is True."""


def not_served(reason: str, because: str, says: str, *related: Json, parent: Json | None = None) -> Case:
    """Return a case in which both conditions are False."""
    both = ("False", because)
    return Case(reason, both, both, parent or object_sync(), list(related), says)


@cases(
    Case("an ObjectSync without slices is being planned", PLANNING, says="0 out of 0"),
    Case(
        "one whose slices are of an earlier generation is being planned",
        PLANNING,
        parent=object_sync(generation=2),
        related=[policy(), synced("a")],
        says="the change of the ObjectSync is being planned",
    ),
    not_served(
        "an unknown kind is not served",
        "KindNotFound",
        "no CustomResourceDefinition found for Widget.example.com",
        policy(),
        parent=object_sync(spec_source=WIDGET),
    ),
    Case(
        "a kind whose CRD is there is served",
        WELL,
        parent=object_sync(spec_source=WIDGET),
        related=[policy(), crd(), synced("a", type_=WIDGETS)],
        says="1 out of 1",
    ),
    not_served(
        "a version that no API server serves is not served",
        "VersionNotServed",
        "served are v1",
        policy(),
        parent=object_sync(spec_source=source(version="v9")),
    ),
    not_served("without SyncPolicy nothing is served", "NotWatched", "no SyncPolicy watches namespace team"),
    not_served("a SyncPolicy that watches others does not serve", "NotWatched", "namespace team", OTHER_POLICY),
    not_served(
        "a SyncPolicy that is not Ready says why",
        "GuardMissing",
        "SyncPolicy default: install it",
        with_condition("GuardMissing", "install it"),
        synced("a"),
    ),
    Case("a SyncPolicy that is Ready serves", WELL, related=[with_condition("Success", status="True"), synced("a")]),
    Case("other conditions of a SyncPolicy do not matter", WELL, related=[with_condition("R", type_="X"), synced("a")]),
    Case(
        "a SyncPolicy that is not Ready and serves others does not matter",
        WELL,
        related=[policy(), {**with_condition("GuardMissing"), **OTHER_POLICY}, synced("a")],
    ),
    not_served(
        "what the planner does not permit is not served",
        "KindNotAllowed",
        "not allowed",
        policy(),
        blocked("KindNotAllowed", "not allowed"),
    ),
    not_served(
        "a cluster-scoped kind is not served",
        "ClusterScopedKind",
        "cluster scoped",
        policy(),
        blocked("ClusterScopedKind", "cluster scoped"),
        parent=object_sync(spec_source=CLUSTER_ROLE),
    ),
    not_served(
        "an ObjectSync that the planner failed on is not served",
        "InternalError",
        "please report it",
        policy(),
        blocked("InternalError", "a defect of Object Syncer, please report it: KeyError at plan.py:1"),
    ),
    Case(
        "a problem that slices report concerns InSync alone",
        ("False", "SourceNotFound"),
        related=[
            policy(),
            sync_slice(
                "a", status={"observedGeneration": 1, "problem": {"reason": "SourceNotFound", "message": "gone"}}
            ),
        ],
        says="0 out of 1 destinations are in sync: gone",
    ),
)
def test_conditions(case: Case) -> None:
    status = answer(case.parent, *case.related)["status"]
    assert conditions(status) == {"Ready": case.ready, "InSync": case.in_sync}
    assert case.says in message(status, "InSync" if case.ready == WELL else "Ready")


# States that last less than a second


def before(generation: int = 1, reported: Json | None = None) -> Json:
    """Return an ObjectSync that has said for a long time what it says of this slice, by default that all is in sync."""
    status = answer(object_sync(), policy(), reported or synced("a"))["status"]
    return object_sync(status=status, generation=generation)


def planned(seconds: float, *more: str) -> Json:
    """Return a slice that reported on a, and was given more destinations so many seconds ago."""
    changed = synced("a")
    changed["metadata"] |= {"generation": 2, "managedFields": [{"time": ago(seconds)}]}
    changed["spec"]["groups"][0]["namespaces"] += more
    return changed


def new(seconds: float, *where: str) -> Json:
    """Return a slice that was created so many seconds ago and not reported on."""
    item = sync_slice(*where)
    item["metadata"]["managedFields"] = [{"time": ago(seconds)}]
    return item


def draining(seconds: float) -> Json:
    """Return a slice that loses its copies since so many seconds."""
    return sync_slice(draining=ago(seconds), status={"observedGeneration": 1, "copies": 1})


def reported(state: str, reason: str, seconds: float = 100) -> Json:
    """Return a slice that reports its only copy as such, since so many seconds."""
    item = {"namespace": "a", "name": "settings", "state": state, "reason": reason, "message": "m"}
    status = {"observedGeneration": 1, "copies": 1, "destinations": [{**item, "since": ago(seconds)}]}
    return sync_slice("a", status=status)


def ordered(seconds: float, **status: Any) -> Json:
    """Return a slice that ordered one more copy than it has, so many seconds ago, and lists none."""
    item = sync_slice("a", "b", status={"observedGeneration": 1, "copies": 1, "synced": 1, **status})
    item["metadata"]["managedFields"] = [{"time": ago(seconds), "subresource": "status"}]
    return item


REJECTED = reported("Failed", "Rejected")
MANY = [f"team-{n}" for n in range(11)]


@dataclass(frozen=True)
class Begun:
    reason: str
    related: list[Json]
    shows: tuple[str, str] | None
    """Status and reason of InSync that are written, None if the status stays as it is."""
    parent: Json = field(default_factory=before)


@cases(
    Begun("a destination that has just been planned is not shown yet", [planned(0, "new")], None),
    Begun("nor is one that goes", [planned(0)], None),
    Begun("what is not reported on for longer is shown", [planned(2, "new")], PLANNING),
    Begun("what nothing dates is", [synced("a"), sync_slice("b", generation=2)], PLANNING),
    Begun("more than ten that come are shown, though they come all the time", [planned(0, *MANY)], PLANNING),
    Begun("but not those of a slice that is new", [synced("a"), new(0, *MANY)], None),
    Begun("a new slice that is not served is shown", [synced("a"), new(2, *MANY)], PLANNING),
    Begun("a copy that has just begun to differ is not shown yet", [reported("Pending", "Drifted", 1)], None),
    Begun("one that differs for longer is", [reported("Pending", "Drifted", 2)], ("False", "Drifted")),
    Begun("what has begun earlier is not hidden by what begins now", [planned(2, "b"), planned(0, "c")], PLANNING),
    Begun("a copy that was ordered just now is not shown yet", [ordered(1)], None),
    Begun("one that was ordered longer ago is", [ordered(2)], PLANNING),
    Begun(
        "that the source is gone is shown at once",
        [ordered(0, problem={"reason": "SourceNotFound", "message": "gone"})],
        ("False", "SourceNotFound"),
    ),
    Begun("that copies of another type are deleted is not shown yet", [synced("a"), draining(1)], None),
    Begun("that takes longer", [synced("a"), draining(2)], PLANNING),
    Begun("what is in sync is shown at once", [synced("a", "new")], WELL),
    Begun("a change of the spec is shown at once", [planned(0, "new")], PLANNING, before(generation=2)),
    Begun("the first status is shown at once", [planned(0, "new")], PLANNING, object_sync()),
    Begun("a failure is shown at once", [planned(0), REJECTED], ("False", "Rejected")),
    Begun("its end, too", [reported("Pending", "Drifted", 0)], ("False", "Drifted"), before(reported=REJECTED)),
)
def test_what_has_just_begun_is_not_shown_yet(case: Begun) -> None:
    for index, item in enumerate(case.related):
        item["metadata"]["name"] = f"share-{index}"
        item["spec"]["index"] = index
    answered = answer(case.parent, policy(), *case.related)
    if case.shows is None:
        assert answered["status"] is None, "the status stays as it is"
        assert answered["resyncAfterSeconds"] == 1
    else:
        assert conditions(answered["status"])["InSync"] == case.shows


def test_an_objectsync_whose_policy_ceases_to_be_ready_says_so_at_once() -> None:
    answered = answer(before(), with_condition("GuardMissing"), planned(0, "new"))
    assert conditions(answered["status"])["Ready"] == ("False", "GuardMissing")


# A controller that does not run


def unreported(seconds: float, **spec: Any) -> Json:
    """Return a slice that was created so many seconds ago and has no report."""
    item = sync_slice("a", **spec)
    item["metadata"]["creationTimestamp"] = ago(seconds)
    return item


def serving(*types_: ResourceType) -> Json:
    """Return a SyncPolicy whose controllers of these types have reported on a slice."""
    return {**policy(), "status": {"serving": [controllers.name("default", type_) for type_ in types_]}}


CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
NOT_RUNNING = ("False", "ControllerNotRunning")


@dataclass(frozen=True)
class Unserved:
    reason: str
    ready: tuple[str, str]
    slices: list[Json]
    policy: Json = field(default_factory=policy)
    wait: float = 0
    """In how many seconds the hook asks to be called, because a controller that does not start makes no event."""


@cases(
    Unserved("a controller has six seconds to start", WELL, [unreported(6)], wait=1),
    Unserved("a slice that is not reported on for longer has no controller", NOT_RUNNING, [unreported(7)]),
    Unserved("the controllers of other types do not matter", NOT_RUNNING, [unreported(7)], serving(WIDGETS)),
    Unserved("a slice whose controller reported on another is waiting", WELL, [unreported(60)], serving(CONFIG_MAPS)),
    Unserved("the oldest slice decides when to look", WELL, [synced("b"), unreported(1), unreported(4)], wait=3),
    Unserved(
        "a slice that gets no copies needs no controller",
        ("False", "KindNotAllowed"),
        [unreported(60, problems=[{"reason": "KindNotAllowed", "message": "m"}])],
    ),
)
def test_a_controller_that_does_not_run(case: Unserved) -> None:
    for index, item in enumerate(case.slices):
        item["metadata"]["name"] = f"share-{index}"
    answered = answer(object_sync(), case.policy, *case.slices)
    assert conditions(answered["status"])["Ready"] == case.ready
    assert answered["resyncAfterSeconds"] == case.wait
    if case.ready == NOT_RUNNING:
        assert "may not be allowed to list configmaps" in message(answered["status"], "Ready")


# The rest of the status


def test_where_labels_of_the_source_s_namespace_decide_the_policy_that_planned_serves() -> None:
    selective = with_condition("GuardMissing")
    selective["metadata"] |= {"name": "selective"}
    selective["spec"] |= {"sourceNamespaceSelector": {}, "priority": 1}
    assert conditions(answer(object_sync(), policy(), selective, synced("a"))["status"])["Ready"][1] == "Success"
    assert conditions(answer(object_sync(), policy(), selective)["status"])["Ready"][1] == "GuardMissing"


@pytest.mark.parametrize(
    ("source_namespace", "because"), [(None, "Success"), ("team", "Success"), ("shared", "GuardMissing")]
)
def test_the_policy_that_serves_depends_on_where_the_source_is(source_namespace: str | None, because: str) -> None:
    only_shared = with_condition("GuardMissing")
    only_shared["metadata"] |= {"name": "only-shared"}
    only_shared["spec"] |= {"sourceNamespaces": ["shared"], "priority": 1}
    parent = object_sync(spec_source=source(namespace=source_namespace))
    status = answer(parent, policy(), only_shared, synced("a"))["status"]
    assert conditions(status)["Ready"][1] == because


@dataclass(frozen=True)
class Broken:
    reason: str
    slices_of: list[str]
    """The policies whose slices the ObjectSync has; "-" before one: it is draining."""
    ready: tuple[str, str]
    broken: Json = field(default_factory=lambda: {"priority": 9, "sourceNamespaces": None})
    """The spec of the invalid SyncPolicy."""


@cases(
    Broken("served by an invalid policy", ["broken"], ("False", "InvalidPolicy")),
    Broken("new, and an invalid policy would serve it", [], ("False", "InvalidPolicy")),
    Broken("served by a policy that an invalid one would come before", ["default"], WELL),
    Broken("once served by that policy", ["-default"], ("False", "InvalidPolicy")),
    Broken("an invalid policy would not serve it", ["default"], WELL, {"priority": -1, "sourceNamespaces": None}),
    Broken(
        "an invalid policy still has its slices, but does not watch it any more",
        ["broken"],
        ("False", "InvalidPolicy"),
        {"watchNamespaces": ["x"], "sourceNamespaces": None},
    ),
)
def test_an_objectsync_is_told_of_an_invalid_policy(case: Broken) -> None:
    broken = policy(**case.broken)
    broken["metadata"] |= {"name": "broken"}
    found = []
    for index, name in enumerate(case.slices_of):
        item = synced("a", index=index, policy=name.removeprefix("-"), **({"draining": STAMP} if "-" in name else {}))
        item["metadata"]["name"] = f"share-{index}"
        found.append(item)
    status = answer(object_sync(), policy(), broken, *found)["status"]
    assert conditions(status)["Ready"] == case.ready
    if case.ready != WELL:
        assert message(status, "Ready") == message(status, "InSync")
        assert message(status, "Ready").startswith("spec.sourceNamespaces of SyncPolicy broken is missing or empty: ")
        assert status["copies"]["total"] == len([name for name in case.slices_of if "-" not in name])


def test_slices_are_read_in_their_order_whatever_they_are_called() -> None:
    first, second = (
        synced(where, index=index, problems=[{"reason": "Loop", "message": f"advice {index}", "advisory": True}])
        for index, where in enumerate("ab")
    )
    first["metadata"]["name"] = "z"
    status = answer(object_sync(), policy(), second, first)["status"]
    assert message(status, "InSync") == "2 out of 2 destinations are in sync; advice 0"


def test_the_kind_is_written_into_the_status_where_the_planner_reads_it() -> None:
    status = answer(object_sync(spec_source=WIDGET), policy(), crd())["status"]
    assert status["resolved"] == types.dump(WIDGETS)


@pytest.mark.parametrize(
    ("crds", "want"),
    [
        ([crd(versions={"v2": True, "v1": True})], types.dump(WIDGETS)),
        ([crd(versions={"v1": False})], types.dump(WIDGETS)),
        ([], None),
        ([terminating(crd())], None),
    ],
    ids=[
        "a version is kept while it is served",
        "it is kept, too, where no version is served, because its loss would delete the copies",
        "without CRD it goes",
        "with a CRD that is being deleted it goes",
    ],
)
def test_what_becomes_of_the_kind_that_was_resolved(crds: list[Json], want: Json | None) -> None:
    parent = object_sync(spec_source=WIDGET, status={"resolved": types.dump(WIDGETS)})
    assert answer(parent, policy(), *crds)["status"].get("resolved") == want


def test_ready_recovers_when_the_crd_appears() -> None:
    before = answer(object_sync(spec_source=WIDGET), policy())["status"]
    after = answer(object_sync(spec_source=WIDGET, status=before), policy(), crd(), later=60)["status"]
    assert [conditions(status)["Ready"][0] for status in (before, after)] == ["False", "True"]
    ready = after["conditions"][0]
    assert ready["lastTransitionTime"] != before["conditions"][0]["lastTransitionTime"]


def test_upstream_s_status_is_understood() -> None:
    theirs = {
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Success",
                "message": "m",
                "lastTransitionTime": ago(9999),
                "observedGeneration": None,
            }
        ],
        "destinations": [{"group": "", "version": "v1", "kind": "ConfigMap", "namespace": "a", "name": "x"}],
    }
    status = answer(object_sync(status=theirs), policy(), synced("a"))["status"]
    assert status["conditions"][0]["lastTransitionTime"] == ago(9999)
    assert len(status["destinations"]) == 1


@pytest.mark.parametrize("status", [None, {}, {"conditions": None, "destinations": None}])
def test_a_status_may_be_absent_or_null(status: Json | None) -> None:
    parent = {**object_sync(), "status": status}
    assert conditions(answer(parent, policy(), synced("a"))["status"]) == {"Ready": WELL, "InSync": WELL}


# finalize


def test_the_finalizer_goes_with_the_last_slice() -> None:
    answered = finalize(terminating(object_sync()), policy())
    assert answered["finalized"] is True
    assert answered["status"] is None, "the status stays as it is"


def test_until_then_insync_says_that_the_copies_are_being_deleted() -> None:
    answered = finalize(terminating(object_sync()), policy(), synced("a"))
    assert answered["finalized"] is False
    assert conditions(answered["status"]) == {"Ready": WELL, "InSync": ("False", "Deleting")}
    assert len(answered["status"]["conditions"]) == 2
    assert answered["status"]["copies"]["total"] == 1
    assert message(answered["status"], "InSync") == "the copies are being deleted"
    retaining = terminating(object_sync())
    retaining["spec"]["deletionPolicy"] = "Retain"
    assert message(finalize(retaining, policy(), synced("a"))["status"], "InSync") == (
        "the copies are being released, and stay"
    )


def test_since_when_it_says_so_is_kept() -> None:
    earlier = {"type": "InSync", "status": "False", "reason": "Deleting", "message": "m", "lastTransitionTime": ago(9)}
    answered = finalize(terminating(object_sync(status={"conditions": [earlier]})), policy(), synced("a"))
    assert answered["status"]["conditions"][1]["lastTransitionTime"] == ago(9)


@pytest.mark.parametrize(
    "parent",
    [
        object_sync(spec_source=CLUSTER_ROLE),
        object_sync(spec_source=WIDGET),
        object_sync(spec_source=source(version="v9")),
    ],
    ids=["cluster-scoped kind", "unknown kind", "version not served"],
)
def test_an_objectsync_that_was_never_served_can_be_deleted(parent: Json) -> None:
    assert finalize(terminating(parent))["finalized"] is True


def test_other_objects_do_not_keep_the_finalizer() -> None:
    assert finalize(terminating(object_sync(spec_source=WIDGET)), policy(), crd())["finalized"] is True


def test_draining_slices_keep_the_finalizer() -> None:
    draining = synced(draining=ago(5))
    assert finalize(terminating(object_sync()), policy(), draining)["finalized"] is False


# Several policies


def other(priority: int, **spec: Any) -> Json:
    found = policy(priority=priority, **spec)
    found["metadata"] |= {"name": "other", "uid": "uid-of-other"}
    return found


def labelled(value: str) -> Json:
    found = object_sync()
    found["metadata"]["labels"] = {api.VISIBLE_LABEL: value}
    return found


@dataclass(frozen=True)
class Visibility:
    reason: str
    policies: tuple[Json, ...]
    slices: tuple[Json, ...]
    visible: bool


@cases(
    Visibility("of a single policy", (policy(),), (synced("a"),), visible=False),
    Visibility("another one of the same priority", (policy(), other(0)), (synced("a"),), visible=False),
    Visibility("of a policy that comes before others", (policy(priority=1), other(0)), (synced("a"),), visible=True),
    Visibility("of a policy that comes after others", (policy(), other(1, watchNamespaces=["x"])), (), visible=False),
    Visibility(
        "of a policy whose ObjectSync another one serves now", (policy(), other(1)), (synced("a"),), visible=True
    ),
    Visibility(
        "that waits for what may be another policy's copy",
        (policy(), other(0)),
        (refused("a"),),
        visible=True,
    ),
    Visibility(
        "in conflict where there is no other policy",
        (policy(),),
        (refused("a"),),
        visible=False,
    ),
    Visibility("that nobody serves any more", (policy(watchNamespaces=["x"]),), (synced("a"),), visible=True),
)
def test_planners_of_other_policies_see_an_objectsync_if_they_must(case: Visibility) -> None:
    label = {api.VISIBLE_LABEL: api.VISIBLE_TO_ALL}
    needed = answer(object_sync(), *case.policies, *case.slices).get("labels")
    assert needed == (label if case.visible else None)
    superfluous = answer(labelled("all"), *case.policies, *case.slices).get("labels")
    assert superfluous == (None if case.visible else {api.VISIBLE_LABEL: None})
    assert answer(labelled("some"), *case.policies, *case.slices)["labels"] == {
        api.VISIBLE_LABEL: api.VISIBLE_TO_ALL if case.visible else None
    }


def test_slices_of_a_policy_that_does_not_serve_the_objectsync_any_more_do_not_count() -> None:
    theirs = synced("a", policy="other")
    theirs["metadata"]["name"] = "theirs"
    status = answer(object_sync(), policy(), other(1), synced("a", "b"), theirs)["status"]
    assert status["copies"]["total"] == 1


def test_an_objectsync_is_finalized_when_no_policy_has_slices_of_it() -> None:
    assert not finalize(terminating(object_sync()), policy(), other(1), synced("a"))["finalized"]
