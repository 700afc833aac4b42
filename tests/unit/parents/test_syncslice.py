"""The slice: from the source and the copies observed to the copies that should exist, and their states."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from object_syncer.copying.template import template
from object_syncer.kube import api, metacontroller
from object_syncer.kube.meta import Json
from object_syncer.kube.metacontroller import BadRequest
from object_syncer.kube.types import ResourceType
from object_syncer.parents import syncslice
from object_syncer.status import reasons
from specification import cases
from unit.bodies import SLICE, of_slice, sync_slice
from unit.copying.copies import desired, edited, observed, relabelled
from unit.objects import NOW, STAMP, ago, config_map, going, live


def answer(parent: Json, *related: Json, copies: Iterable[Json] = (), now: datetime = NOW) -> Json:
    request = metacontroller.parse(of_slice(parent, *related, copies=copies), "SyncSlice", [])
    return syncslice.sync(request, now)


def at(namespace: str, **body: object) -> Json:
    """Return the copy of the source in a namespace, as we answer it."""
    made = desired(**body)
    made["metadata"] |= {"namespace": namespace}
    return made


def states(answered: Json) -> dict[str, tuple[str, str]]:
    """Return namespace -> state and reason."""
    shown = answered["status"].get("destinations", ())
    return {item["namespace"]: (item["state"], item.get("reason", "")) for item in shown}


def reported(*entries: Json) -> Json:
    return {"observedGeneration": 1, "destinations": list(entries)}


def entry(namespace: str, state: str, seconds: float, reason: str = "Creating", **more: object) -> Json:
    """Return an item of an earlier report, `seconds` old."""
    told = {"namespace": namespace, "name": "settings", "state": state, "reason": reason, "since": ago(seconds)}
    return {**told, "asked": True, **more}


# customize


def customize(parent: Json) -> list[Json]:
    body = of_slice(parent)
    request = metacontroller.parse({"controller": body["controller"], "parent": parent}, "SyncSlice", [])
    rules: list[Json] = syncslice.customize(request, NOW)["relatedResources"]
    return rules


def test_a_slice_watches_its_source_and_nothing_else() -> None:
    assert customize(sync_slice("a", "b")) == [
        {"apiVersion": "v1", "resource": "configmaps", "namespace": "team", "names": ["settings"]}
    ]


def test_a_slice_watches_what_stands_in_the_way_of_its_copies() -> None:
    probed = sync_slice("a", "b", probes=[{"namespace": "b", "name": "settings"}])
    assert customize(probed)[1:] == [
        {"apiVersion": "v1", "resource": "configmaps", "namespace": "b", "names": ["settings"]}
    ]


@pytest.mark.parametrize("labels", [{api.CONTROLLER_LABEL: "another"}, {}, None], ids=["another", "none", "null"])
def test_a_controller_watches_nothing_for_slices_of_other_controllers(labels: Json | None) -> None:
    other = sync_slice("a")
    other["metadata"]["labels"] = labels
    assert customize(other) == []


# The first sync, and the rest state


def test_every_destination_gets_its_copy() -> None:
    answered = answer(sync_slice("a", "b"), config_map())
    assert answered["children"] == [at("a"), at("b")]
    assert answered["status"] == {
        "copies": 0,
        "synced": 0,
        "source": {
            "uid": "uid-of-team-settings",
            "resourceVersion": "100",
            "bytes": answered["status"]["source"]["bytes"],
        },
        "destinations": [
            {
                "namespace": name,
                "name": "settings",
                "state": "Pending",
                "reason": "Creating",
                "message": "the copy does not exist yet",
                "since": STAMP,
            }
            for name in ("a", "b")
        ],
    }
    assert answered["resyncAfterSeconds"] > 0, "the engine's own retry may take minutes"


def test_at_rest_the_answer_is_the_same_and_nobody_looks_again() -> None:
    copies = [observed(at(name)) for name in ("a", "b")]
    answered = answer(sync_slice("a", "b"), config_map(), copies=copies)
    assert answered["children"] == [at("a"), at("b")]
    assert states(answered) == {"a": ("Synced", ""), "b": ("Synced", "")}
    assert (answered["status"]["copies"], answered["status"]["synced"]) == (2, 2)
    assert answered["resyncAfterSeconds"] == 0
    assert answered["status"]["destinations"][0] == {
        "namespace": "a",
        "name": "settings",
        "state": "Synced",
        "uid": "uid-of-copy",
        "resourceVersion": "200",
    }


def test_the_same_request_at_another_time_has_the_same_answer_so_that_nothing_is_written_at_rest() -> None:
    parent = sync_slice("a", "b", status=reported(entry("b", "Failed", 60, "Rejected")))
    request = (parent, config_map(), (observed(at("a")),))
    first = answer(*request[:2], copies=request[2])
    later = answer(*request[:2], copies=request[2], now=NOW + timedelta(hours=1))
    assert (first["status"], first["children"]) == (later["status"], later["children"])


def test_the_request_is_not_changed() -> None:
    body = of_slice(
        sync_slice("a", strategy="replace"), config_map(), copies=[edited(observed(at("a")), data={"k": "x", "y": "1"})]
    )
    before = copy.deepcopy(body)
    syncslice.sync(metacontroller.parse(body, "SyncSlice", []), NOW)
    assert body == before


def test_destinations_may_have_several_names_and_strategies() -> None:
    parent = sync_slice(
        groups=[
            {"name": "settings", "namespaces": ["a"]},
            {"name": "settings", "strategy": "replace", "namespaces": ["b"]},
            {"name": "other", "strategy": "apply", "namespaces": ["a"]},
        ]
    )
    added = [edited(observed(at(name)), data={"k": "v", "x": "1"}) for name in ("a", "b")]
    answered = answer(parent, config_map(), copies=added)
    assert [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in answered["children"]] == [
        ("a", "settings"),
        ("b", "settings"),
        ("a", "other"),
    ]
    assert [child["data"] for child in answered["children"]] == [{"k": "v"}, {"k": "v", "x": ""}, {"k": "v"}]
    assert [item["state"] for item in answered["status"]["destinations"]] == ["Synced", "Pending", "Pending"]


def test_slices_that_are_not_shown_report_only_what_is_not_in_sync() -> None:
    parent = sync_slice("a", "b", showSynced=False)
    answered = answer(parent, config_map(), copies=[observed(at("a"))])
    assert states(answered) == {"b": ("Pending", "Creating")}
    assert (answered["status"]["copies"], answered["status"]["synced"]) == (1, 1)
    assert "destinations" not in answer(parent, config_map(), copies=[observed(at(n)) for n in "ab"])["status"]


def test_a_slice_without_destinations_gives_up_its_copies_and_counts_those_that_are_left() -> None:
    answered = answer(sync_slice(), config_map(), copies=[observed(at("a")), going(observed(at("b")))])
    assert answered["children"] == []
    assert answered["status"]["copies"] == 1, "one that is being deleted is as good as gone"


def test_the_size_of_the_source_is_reported_so_that_slices_can_be_bounded() -> None:
    light, heavy = (answer(sync_slice("a"), config_map(data={"k": "v" * size})) for size in (1, 1001))
    assert heavy["status"]["source"]["bytes"] - light["status"]["source"]["bytes"] == 1000


# What one copy's state is


@dataclass(frozen=True)
class One:
    reason: str
    copy: Json | None
    state: str
    because: str = ""
    status: Json = field(default_factory=dict)
    """What was reported earlier."""
    says: str = ""
    strategy: str = ""
    source: Json = field(default_factory=config_map)
    left_out: bool = False
    """The copy is not answered, so that the engine deletes it."""


SAME = observed(desired())


def sealed(
    reason: str, told: tuple[str, str], status: Json | None = None, *, says: str = "", left_out: bool = False
) -> One:
    """A copy that differs from its source and is immutable."""
    copy = observed(desired(data={"k": "old"}, immutable=True))
    source = config_map(immutable=True)
    return One(reason, copy, *told, status=status or {}, says=says, source=source, left_out=left_out)


def attempted(because: str, attempts: int, uid: str = "uid-of-copy") -> Json:
    """What was reported of a copy that was created anew so often, when it was the object of this uid."""
    state = "Failed" if because == "ImmutableField" else "Pending"
    return reported(entry("a", state, 1, because, attempts=attempts, uid=uid, resourceVersion="1"))


@cases(
    One("a copy that is equal is in sync", SAME, "Synced"),
    One("a copy that does not exist is pending", None, "Pending", "Creating", says="the copy does not exist yet"),
    One("a moment later it still is", None, "Pending", "Creating", reported(entry("a", "Pending", 1))),
    One(
        "one that stays away is being refused, and where the reason stands is told",
        None,
        "Failed",
        "Rejected",
        reported(entry("a", "Pending", 5)),
        says=f"see the events of SyncSlice {SLICE}",
    ),
    One(
        "a copy that differs is pending, and where is told",
        edited(SAME, data={"k": "x"}),
        "Pending",
        "Drifted",
        says="/data/k",
    ),
    One(
        "one that goes on differing is being refused",
        edited(SAME, data={"k": "x"}),
        "Failed",
        "Rejected",
        reported(entry("a", "Pending", 5, "Drifted")),
        says="/data/k",
    ),
    One("a copy that is being deleted is not in sync", going(edited(SAME, data={})), "Pending", "Deleting"),
    One("not even if it is equal", going(SAME), "Pending", "Deleting", says="still being deleted"),
    One(
        "one that does not go is held by somebody",
        going(SAME),
        "Failed",
        "Deleting",
        reported(entry("a", "Pending", 60, "Deleting")),
        says="a finalizer holds it",
    ),
    One("under apply what others added is in sync", edited(SAME, data={"k": "v", "x": "1"}), "Synced"),
    One(
        "under replace what others added is drift",
        edited(SAME, data={"k": "v", "x": "1"}),
        "Pending",
        "Drifted",
        strategy="replace",
        says="/data/x",
    ),
    sealed(
        "that a copy of a harmless kind will be created anew, because it cannot be changed, is written down first",
        ("Pending", "Recreating"),
    ),
    sealed("then it is left out", ("Pending", "Recreating"), attempted("Recreating", 1), left_out=True),
    sealed(
        "what was written down of one object does not count for the next",
        ("Pending", "Recreating"),
        attempted("Recreating", 1, uid="another"),
    ),
    sealed(
        "three times at most",
        ("Failed", "ImmutableField"),
        attempted("Recreating", 3, uid="another"),
        says="created anew 3 times",
    ),
    sealed(
        "and no more when that was told",
        ("Failed", "ImmutableField"),
        attempted("ImmutableField", 3),
        says="created anew 3 times",
    ),
    sealed(
        "a new version of the source has new attempts",
        ("Pending", "Recreating"),
        {**attempted("ImmutableField", 3), "source": {"uid": "u", "resourceVersion": "of before"}},
    ),
    sealed(
        "the deletion of one object is not counted twice",
        ("Pending", "Recreating"),
        attempted("Recreating", 3),
        left_out=True,
    ),
)
def test_the_state_of_a_destination(case: One) -> None:
    parent = sync_slice("a", status=case.status, strategy=case.strategy)
    answered = answer(parent, case.source, copies=[] if case.copy is None else [case.copy])
    (shown,) = answered["status"]["destinations"]
    assert (shown["state"], shown.get("reason", "")) == (case.state, case.because)
    assert case.says in shown.get("message", "")
    assert len(answered["children"]) == (0 if case.left_out else 1)
    assert answered["status"]["synced"] == (case.state == "Synced")
    assert (answered["resyncAfterSeconds"] > 0) == (case.state != "Synced")


def test_a_field_that_cannot_be_changed_is_told_and_the_copy_is_never_deleted_for_it() -> None:
    def job(image: str) -> Json:
        spec = {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}
        return {"apiVersion": "batch/v1", "kind": "Job", "spec": spec}

    old = template(live(job("old"), "team", "settings"), SLICE).at("a", "settings")
    parent = sync_slice(
        "a",
        type_=ResourceType("batch", "v1", "Job", "jobs"),
        status=reported(entry("a", "Pending", 60, "Drifted")),
    )
    answered = answer(parent, live(job("new"), "team", "settings"), copies=[observed(old, generation=1)])
    (shown,) = answered["status"]["destinations"]
    assert (shown["state"], shown["reason"]) == ("Failed", "ImmutableField")
    assert "/spec/template" in shown["message"]
    assert len(answered["children"]) == 1


def test_foreign_fields_under_replace_are_told() -> None:
    copies = [relabelled(observed(at("a")))]
    theirs = {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:extra": {}}}
    copies[0]["metadata"]["managedFields"].append(theirs)
    parent = sync_slice("a", strategy="replace", status=reported(entry("a", "Pending", 60, "Drifted")))
    answered = answer(parent, config_map(), copies=[{**copies[0], "extra": 1}])
    (shown,) = answered["status"]["destinations"]
    assert (shown["state"], shown["reason"]) == ("Failed", "ForeignFields")
    assert "/extra" in shown["message"]


def test_each_attempt_to_create_a_copy_anew_is_counted() -> None:
    copies = [observed(at("a", data={"k": "old"}, immutable=True))]
    answered = answer(sync_slice("a"), config_map(immutable=True), copies=copies)
    assert answered["status"]["destinations"][0]["attempts"] == 1


def test_five_fields_that_differ_are_told() -> None:
    data = dict.fromkeys("abcdefg", "1")
    answered = answer(sync_slice("a"), config_map(data=data), copies=[edited(observed(at("a", data=data)), data={})])
    (shown,) = answered["status"]["destinations"]
    assert shown["message"] == "the copy differs from its source at /data/a, /data/b, /data/c, /data/d, /data/e"


def test_messages_never_tell_values() -> None:
    hacked = edited(observed(at("a", data={"k": "hunter2"})), data={"k": "hunter3"})
    answered = answer(sync_slice("a"), config_map(data={"k": "hunter2"}), copies=[hacked])
    assert "hunter" not in str(answered["status"])


# The source


@dataclass(frozen=True)
class Gone:
    reason: str
    related: list[Json]
    because: str
    says: str


@cases(
    Gone("without source there are no copies", [], reasons.SOURCE_NOT_FOUND, "the source team/settings does not exist"),
    Gone(
        "a source that something holds counts as gone",
        [going(config_map())],
        reasons.SOURCE_NOT_FOUND,
        "the source team/settings is being deleted",
    ),
    Gone(
        "an object of that name elsewhere is not the source",
        [config_map("a")],
        reasons.SOURCE_NOT_FOUND,
        "does not exist",
    ),
)
def test_a_source_that_is_gone(case: Gone) -> None:
    answered = answer(sync_slice("a"), *case.related, copies=[observed(at("a"))])
    assert answered["children"] == []
    assert answered["status"]["problem"]["reason"] == case.because
    assert case.says in answered["status"]["problem"]["message"]
    assert (answered["status"]["copies"], answered["status"]["synced"]) == (1, 0)
    assert answered["resyncAfterSeconds"] == 0, "the source itself wakes us"


def test_a_source_that_must_not_be_copied_has_no_copies() -> None:
    token = live(
        {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token"}, "team", "settings"
    )
    answered = answer(sync_slice("a", type_=ResourceType("", "v1", "Secret", "secrets")), token)
    assert answered["children"] == []
    assert answered["status"]["problem"]["reason"] == reasons.SOURCE_NOT_COPYABLE


def test_what_must_not_be_copied_is_looked_up_by_group_and_kind() -> None:
    labels = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
    body = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"}
    type_ = ResourceType("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
    answered = answer(sync_slice("a", type_=type_), live(body, "team", "settings", labels=labels))
    assert answered["status"]["problem"]["reason"] == reasons.SOURCE_NOT_COPYABLE


# What stands in the way


def probed(policy: str = "Fail", status: Json | None = None) -> Json:
    probes = [{"namespace": "a", "name": "settings"}]
    return sync_slice("a", status=status, probes=probes, conflictPolicy=policy)


def standing(data: str = "theirs", **metadata: object) -> Json:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": data}}
    return live(body, "a", "settings", **metadata)


@dataclass(frozen=True)
class Way:
    reason: str
    policy: str
    found: Json
    written: bool
    annotation: str = ""


OURS = {api.SOURCE_ANNOTATION: "team/settings"}


@cases(
    Way("a foreign object is left alone", "Fail", standing(), False),
    Way("also if it equals the copy", "Fail", standing("v"), False),
    Way("a copy of ours that lost its label is healed", "Fail", standing(annotations=OURS), True),
    Way("Adopt takes what equals the copy, and says so to the guard", "Adopt", standing("v"), True, "Adopt"),
    Way("Adopt leaves alone what differs", "Adopt", standing(), False),
    Way("Overwrite takes everything, and says so to the guard", "Overwrite", standing(), True, "Overwrite"),
    Way(
        "nobody takes what another controller holds",
        "Overwrite",
        standing("v", ownerReferences=[{"kind": "Widget", "name": "w", "controller": True}]),
        False,
    ),
)
def test_what_stands_where_a_copy_should_be(case: Way) -> None:
    answered = answer(probed(case.policy), config_map(), case.found)
    (shown,) = answered["status"]["destinations"]
    if case.written:
        (child,) = answered["children"]
        assert child["data"] == {"k": "v"}
        assert child["metadata"]["annotations"].get(api.TAKEOVER_ANNOTATION, "") == case.annotation
        assert shown["state"] == "Pending"
    else:
        assert answered["children"] == []
        assert (shown["state"], shown["reason"]) == ("Conflict", "Conflict")
        assert answered["resyncAfterSeconds"] == 0, "it wakes us when it goes"


def test_whose_it_is_is_told() -> None:
    found = standing(annotations={"meta.helm.sh/release-name": "web"})
    (shown,) = answer(probed(), config_map(), found)["status"]["destinations"]
    assert shown["message"].startswith("ConfigMap a/settings is part of Helm release web; ")


def test_once_it_is_our_copy_it_does_not_stand_in_the_way() -> None:
    copy = observed(at("a"))
    owner = {"kind": "SyncSlice", "name": SLICE, "controller": True}
    copy["metadata"]["ownerReferences"] = [owner]
    assert states(answer(probed(), config_map(), copy, copies=[copy])) == {"a": ("Synced", "")}


def test_what_is_not_probed_does_not_matter() -> None:
    answered = answer(sync_slice("a"), config_map(), standing())
    assert answered["children"] == [at("a")], "the guard in the API server decides"


def test_when_it_goes_the_copy_comes() -> None:
    parent = probed(status=reported(entry("a", "Conflict", 600, "Conflict")))
    answered = answer(parent, config_map())
    assert answered["children"] == [at("a")]


def test_a_copy_that_may_overwrite_says_so_all_its_life() -> None:
    marked = relabelled(at("a"), annotations={api.TAKEOVER_ANNOTATION: "Overwrite"})
    answered = answer(sync_slice("a", conflictPolicy="Overwrite"), config_map(), copies=[observed(marked)])
    assert answered["children"] == [marked]
    assert states(answered) == {"a": ("Synced", "")}


def test_what_the_source_is_a_copy_of_gets_no_copy() -> None:
    source = config_map()
    source["metadata"] |= {
        "annotations": {api.SOURCE_ANNOTATION: "a/settings", api.VIA_ANNOTATION: "b/settings"},
        "ownerReferences": [{"kind": "SyncSlice", "name": "x", "controller": True}],
    }
    answered = answer(sync_slice("a", "b", "c", conflictPolicy="Overwrite"), source)
    assert [child["metadata"]["namespace"] for child in answered["children"]] == ["c"]
    assert states(answered) == {"a": ("Conflict", "Loop"), "b": ("Conflict", "Loop"), "c": ("Pending", "Creating")}


def test_without_the_guard_copies_are_repaired_but_not_created() -> None:
    parent = sync_slice("a", "b", "c", unguarded=True, probes=[{"namespace": "c", "name": "settings"}])
    edited_copy = {**observed(at("a")), "data": {"k": "hacked"}}
    found = {**standing(), "metadata": {**standing()["metadata"], "namespace": "c"}}
    answered = answer(parent, config_map(), found, copies=[edited_copy])
    assert answered["children"] == [at("a")]
    assert states(answered) == {
        "a": ("Pending", "Drifted"),
        "b": ("Pending", "GuardMissing"),
        "c": ("Conflict", "Conflict"),
    }


# The engine


def test_an_engine_that_does_not_apply_on_the_server_gets_no_answer() -> None:
    parent = sync_slice("a")
    parent["metadata"]["annotations"] = {api.LAST_APPLIED_ANNOTATION: "{}"}
    with pytest.raises(BadRequest, match="--apply-strategy=server-side-apply"):
        answer(parent, config_map())


def test_children_of_a_kind_that_was_not_sent_are_not_taken_for_none() -> None:
    body = of_slice(sync_slice("a"), config_map())
    for field_ in ("children", "related"):
        with pytest.raises(BadRequest):
            syncslice.sync(metacontroller.parse({**body, field_: {}}, "SyncSlice", []), NOW)


# The end


@pytest.mark.parametrize("source", [[config_map()], []], ids=["with its source", "without"])
def test_a_slice_that_is_to_go_looks_again_until_its_copies_are_gone(source: list[Json]) -> None:
    going_slice = sync_slice(draining=ago(4))
    answered = answer(going_slice, *source, copies=[observed(at("a"))])
    assert answered["children"] == []
    assert answered["resyncAfterSeconds"] == 2, "another slice that took the copy over is woken in our place"
    assert answer(going_slice, *source)["resyncAfterSeconds"] == 0
