"""The ObjectSync: what it watches, what it tells its user, and when it lets go."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from object_syncer.kube import metacontroller, types
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.parents import objectsync
from specification import cases
from unit.bodies import customize, of_objectsync, sync_slice
from unit.objects import NOW, STAMP, ago, crd, going, object_sync, policy, source

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


def test_all_is_well() -> None:
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
    again = answer(object_sync(status=first["status"]), policy(), synced("a"), later=3600)
    assert again == first
    assert again["resyncAfterSeconds"] == 0


def test_the_source_may_be_elsewhere() -> None:
    status = answer(object_sync(spec_source=source(namespace="shared")), policy(), synced("a"))["status"]
    assert message(status, "Ready").endswith(" shared/settings")


@dataclass(frozen=True)
class Told:
    reason: str
    ready: tuple[str, str]
    in_sync: tuple[str, str]
    parent: Json = field(default_factory=object_sync)
    related: list[Json] = field(default_factory=lambda: [policy()])
    says: str = ""
    """By Ready, or by InSync if Ready is True."""


WELL = ("True", "Success")


def both(reason: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("False", reason), ("False", reason)


def not_ready(reason: str, text: str) -> Json:
    """Return a policy whose planner plans nothing."""
    return told_by({"type": "Ready", "status": "False", "reason": reason, "message": text})


def told_by(condition: Json) -> Json:
    return {**policy(), "status": {"conditions": [condition]}}


OTHER_POLICY = {**policy(watchNamespaces=["other"]), "metadata": {"name": "other"}}
OTHER_KIND = source("ClusterRole", "rbac.authorization.k8s.io")


@cases(
    Told("before the planner has seen it, it is being planned", WELL, ("False", "Planning"), says="0 out of 0"),
    Told(
        "until the planner has seen the change, too",
        WELL,
        ("False", "Planning"),
        object_sync(generation=2),
        [policy(), synced("a")],
        "the change of the ObjectSync is being planned",
    ),
    Told(
        "a kind that nobody knows",
        *both("KindNotFound"),
        object_sync(spec_source=WIDGET),
        says="no CustomResourceDefinition found for Widget.example.com",
    ),
    Told(
        "a kind whose CRD is there",
        WELL,
        WELL,
        object_sync(spec_source=WIDGET),
        [policy(), crd(), synced("a", type_=WIDGETS)],
        "1 out of 1",
    ),
    Told(
        "a version that is not served",
        *both("VersionNotServed"),
        object_sync(spec_source=source(version="v9")),
        says="served are v1",
    ),
    Told("nobody watches its namespace", *both("NotWatched"), related=[], says="no SyncPolicy watches namespace team"),
    Told("other policies do not matter", *both("NotWatched"), related=[OTHER_POLICY]),
    Told(
        "a policy whose planner plans nothing says why",
        *both("GuardMissing"),
        related=[not_ready("GuardMissing", "install it"), synced("a")],
        says="SyncPolicy default: install it",
    ),
    Told(
        "a policy whose planner plans is not mentioned",
        WELL,
        WELL,
        related=[told_by({"type": "Ready", "status": "True", "reason": "Success", "message": "m"}), synced("a")],
    ),
    Told(
        "what else a policy says of itself does not matter",
        WELL,
        WELL,
        related=[told_by({"type": "Other", "status": "False", "reason": "R", "message": "m"}), synced("a")],
    ),
    Told(
        "a policy that serves others does not matter",
        WELL,
        WELL,
        related=[policy(), {**not_ready("GuardMissing", "x"), **OTHER_POLICY}, synced("a")],
    ),
    Told(
        "what the planner refuses",
        *both("KindNotAllowed"),
        related=[policy(), synced(refusal={"reason": "KindNotAllowed", "message": "not allowed"})],
        says="not allowed",
    ),
    Told(
        "a cluster-scoped kind that the planner refused",
        *both("ClusterScopedKind"),
        parent=object_sync(spec_source=OTHER_KIND),
        related=[policy(), synced(refusal={"reason": "ClusterScopedKind", "message": "cluster scoped"})],
    ),
    Told(
        "what the slices say of the source",
        WELL,
        ("False", "SourceNotFound"),
        related=[
            policy(),
            sync_slice(
                "a", status={"observedGeneration": 1, "problem": {"reason": "SourceNotFound", "message": "gone"}}
            ),
        ],
        says="0 out of 1 destinations are in sync: gone",
    ),
    Told(
        "a slice whose controller serves nobody",
        *both("ControllerNotRunning"),
        related=[policy(), sync_slice("a", unserved=True)],
        says="may not be allowed to list configmaps",
    ),
    Told("a slice whose controller is starting", WELL, ("False", "Planning"), related=[policy(), sync_slice("a")]),
)
def test_what_is_told(case: Told) -> None:
    status = answer(case.parent, *case.related)["status"]
    assert conditions(status) == {"Ready": case.ready, "InSync": case.in_sync}
    assert case.says in message(status, "InSync" if case.ready == WELL else "Ready")


@pytest.mark.parametrize(
    ("source_namespace", "because"), [(None, "Success"), ("team", "Success"), ("shared", "GuardMissing")]
)
def test_the_policy_that_serves_depends_on_where_the_source_is(source_namespace: str | None, because: str) -> None:
    only_shared = not_ready("GuardMissing", "install it")
    only_shared["metadata"] |= {"name": "only-shared"}
    only_shared["spec"] = {"sourceNamespaces": ["shared"], "priority": 1}
    parent = object_sync(spec_source=source(namespace=source_namespace))
    status = answer(parent, policy(), only_shared, synced("a"))["status"]
    assert conditions(status)["Ready"][1] == because


def test_slices_are_read_in_their_order_whatever_they_are_called() -> None:
    first, second = synced("a", notice="first"), synced("b", index=1, notice="second")
    first["metadata"]["name"] = "z"
    status = answer(object_sync(), policy(), second, first)["status"]
    assert message(status, "InSync") == "2 out of 2 destinations are in sync; first"


def test_the_kind_is_written_into_the_status_because_the_planner_reads_it_there() -> None:
    status = answer(object_sync(spec_source=WIDGET), policy(), crd())["status"]
    assert status["resolved"] == types.dump(WIDGETS)


@pytest.mark.parametrize(
    ("crds", "want"),
    [
        ([crd(versions={"v2": True, "v1": True})], types.dump(WIDGETS)),
        ([crd(versions={"v1": False})], types.dump(WIDGETS)),
        ([], None),
        ([going(crd())], None),
    ],
    ids=[
        "a version is kept while it is served",
        "losing the version must not delete the copies",
        "without CRD there are no copies",
        "a CRD that is being deleted is none",
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


def test_upstream_s_status_is_read_without_complaint() -> None:
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


def test_an_objectsync_lets_go_when_its_last_slice_is_gone() -> None:
    answered = finalize(going(object_sync()), policy())
    assert answered["finalized"] is True
    assert answered["status"] is None, "and its status stays"


def test_until_then_it_says_that_its_copies_are_being_deleted() -> None:
    answered = finalize(going(object_sync()), policy(), synced("a"))
    assert answered["finalized"] is False
    assert conditions(answered["status"]) == {"Ready": WELL, "InSync": ("False", "Deleting")}
    assert len(answered["status"]["conditions"]) == 2
    assert answered["status"]["copies"]["total"] == 1


def test_since_when_it_says_so_stays() -> None:
    earlier = {"type": "InSync", "status": "False", "reason": "Deleting", "message": "m", "lastTransitionTime": ago(9)}
    answered = finalize(going(object_sync(status={"conditions": [earlier]})), policy(), synced("a"))
    assert answered["status"]["conditions"][1]["lastTransitionTime"] == ago(9)


@pytest.mark.parametrize(
    "parent",
    [
        object_sync(spec_source=OTHER_KIND),
        object_sync(spec_source=WIDGET),
        object_sync(spec_source=source(version="v9")),
    ],
    ids=["cluster-scoped kind", "unknown kind", "version not served"],
)
def test_one_that_was_never_served_can_be_deleted(parent: Json) -> None:
    assert finalize(going(parent))["finalized"] is True


def test_other_objects_do_not_hold_it() -> None:
    assert finalize(going(object_sync(spec_source=WIDGET)), policy(), crd())["finalized"] is True


def test_draining_slices_hold_it() -> None:
    draining = synced(draining=ago(5))
    assert finalize(going(object_sync()), policy(), draining)["finalized"] is False
