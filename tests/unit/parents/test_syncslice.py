"""The SyncSlice: from the source and the copies observed to the copies that should exist, and what it reports.

What is answered for one destination is specified in copying/test_attempts.py and copying/test_adoption.py.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from object_syncer.kube import api, metacontroller
from object_syncer.kube.depth import CUT
from object_syncer.kube.meta import Json
from object_syncer.kube.metacontroller import BadRequest
from object_syncer.kube.types import ResourceType
from object_syncer.parents import syncslice
from object_syncer.planning import slice_spec
from object_syncer.status import reasons
from specification import cases
from unit.bodies import SLICE, of_slice, sync_slice
from unit.copying.copies import desired, edited, observed, relabelled
from unit.objects import NOW, STAMP, ago, config_map, live, terminating


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


def reported(namespace: str, state: str, seconds: float, reason: str, **more: object) -> Json:
    """Return the status of a slice that reported one destination so many seconds ago."""
    item = {"namespace": namespace, "name": "settings", "state": state, "reason": reason, "since": ago(seconds)}
    return {"observedGeneration": 1, "destinations": [{**item, "answered": True, **more}]}


# customize


def customize(parent: Json, controller: Json | None = None) -> list[Json]:
    body = {"controller": controller or of_slice(parent)["controller"], "parent": parent}
    rules: list[Json] = syncslice.customize(metacontroller.parse(body, "SyncSlice", []), NOW)["relatedResources"]
    return rules


def test_a_slice_watches_its_source_where_a_copy_was_refused_and_its_policy() -> None:
    config_maps = {"apiVersion": "v1", "resource": "configmaps"}
    assert customize(sync_slice("a", "b", probes=[{"namespace": "b", "name": "settings"}])) == [
        {**config_maps, "namespace": "team", "names": ["settings"]},
        {**config_maps, "namespace": "b", "names": ["settings"]},
        {"apiVersion": "sync.rustrial.org/v1alpha1", "resource": "syncpolicies", "names": ["default"]},
    ]


def test_a_controller_watches_nothing_for_slices_of_other_controllers() -> None:
    widgets = of_slice(sync_slice("a", type_=ResourceType("example.com", "v1", "Widget", "widgets")))["controller"]
    assert customize(sync_slice("a"), widgets) == []
    assert customize(sync_slice("a", policy="another")) == []


def test_what_a_slice_watches_depends_on_its_spec_alone_because_the_engine_keeps_the_answer() -> None:
    edited_slice = sync_slice("a", status={"destinations": []})
    edited_slice["metadata"]["labels"] = None
    assert customize(edited_slice) == customize(sync_slice("a"))


# sync


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
        "lastSyncTime": STAMP,
    }
    assert answered["resyncAfterSeconds"] > 0, "the engine's own retry may take minutes"


def test_at_rest_the_answer_is_what_was_observed_and_no_other_call_is_asked_for() -> None:
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


def test_at_rest_nothing_is_written_but_a_sign_of_life_every_five_minutes() -> None:
    parent = sync_slice("a", "b", status=reported("b", "Failed", 60, "Rejected"))

    def later(seconds: int) -> Json:
        answered = answer(parent, config_map(), copies=[observed(at("a"))], now=NOW + timedelta(seconds=seconds))
        return {field: answered[field] for field in ("status", "children")}

    first = later(0)
    parent["status"] = {**first["status"], "observedGeneration": 1}
    assert later(299) == first
    assert later(300) == {**first, "status": {**first["status"], "lastSyncTime": ago(-300)}}


def test_a_sign_of_life_is_given_with_everything_that_a_slice_reports() -> None:
    parent = sync_slice("a", status={"observedGeneration": 1, "copies": 7, "lastSyncTime": ago(1)})
    assert answer(parent, config_map(), copies=[observed(at("a"))])["status"]["lastSyncTime"] == STAMP


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


def test_copies_differ_from_the_source_as_they_are_asked_to() -> None:
    asked = {"labels": {"set": {"one": "1"}}, "data": {"rename": {"k": "renamed"}}}
    (child,) = answer(sync_slice("a", copy=asked), config_map())["children"]
    assert child["data"] == {"renamed": "v"}
    assert child["metadata"]["labels"] == {**at("a")["metadata"]["labels"], "one": "1"}
    second = answer(sync_slice("a", copy=asked), config_map(), copies=[observed(child)])
    assert (second["children"], states(second)) == ([child], {"a": ("Synced", "")})


def test_where_no_copy_can_be_made_those_that_exist_stay_as_they_are_and_none_is_created() -> None:
    asked = {"data": {"rename": {"k": "x"}}}
    copies = [edited(observed(at("a")), data={"k": "edited"}), terminating(observed(at("b")))]
    answered = answer(sync_slice("a", "b", "c", copy=asked), config_map(data={"k": "v", "x": "1"}), copies=copies)
    assert answered["children"] == [at("a", data={"k": "edited"})]
    assert states(answered) == dict.fromkeys("abc", ("Failed", "KeyCollision"))
    assert answered["resyncAfterSeconds"] == 0, "the source and the ObjectSync make events"


def test_a_slice_without_showsynced_reports_only_what_is_not_in_sync() -> None:
    parent = sync_slice("a", "b", showSynced=False, status={"observedGeneration": 1})
    answered = answer(parent, config_map(), copies=[observed(at("a"))])
    assert states(answered) == {"b": ("Pending", "Creating")}
    assert (answered["status"]["copies"], answered["status"]["synced"]) == (1, 1)
    assert "destinations" not in answer(parent, config_map(), copies=[observed(at(n)) for n in "ab"])["status"]


def test_copies_that_are_ordered_only_now_are_counted_and_not_listed_without_showsynced() -> None:
    answered = answer(sync_slice("a", "b", showSynced=False), config_map(), copies=[observed(at("a"))])
    assert states(answered) == {}
    assert (answered["status"]["copies"], answered["status"]["synced"]) == (1, 1)
    assert answered["resyncAfterSeconds"] == 1, "what is not there by then is listed"


def test_a_missing_copy_that_was_listed_before_still_is_under_a_new_spec() -> None:
    status = {**reported("a", "Pending", 1, "Creating"), "observedGeneration": 0}
    answered = answer(sync_slice("a", "b", showSynced=False, status=status), config_map())
    assert states(answered) == {"a": ("Pending", "Creating")}
    assert [item["since"] for item in answered["status"]["destinations"]] == [ago(1)]


def test_a_slice_without_destinations_has_its_copies_deleted_and_counts_those_that_are_left() -> None:
    answered = answer(sync_slice(), config_map(), copies=[observed(at("a")), terminating(observed(at("b")))])
    assert answered["children"] == []
    assert answered["status"]["copies"] == 1, "one that is being deleted does not count"


def test_the_size_of_the_source_is_reported_so_that_slices_can_be_bounded() -> None:
    light, heavy = (answer(sync_slice("a"), config_map(data={"k": "v" * size})) for size in (1, 1001))
    assert heavy["status"]["source"]["bytes"] - light["status"]["source"]["bytes"] == 1000


def test_what_was_reported_before_counts_for_its_destination_alone() -> None:
    status = reported("a", "Pending", 60, "Creating")
    answered = answer(sync_slice("a", "b", status=status), config_map())
    assert states(answered) == {"a": ("Failed", "Rejected"), "b": ("Pending", "Creating")}
    assert [item["since"] for item in answered["status"]["destinations"]] == [ago(60), STAMP]


@pytest.mark.parametrize(
    ("version", "generation", "state"),
    [("100", 1, "Failed"), ("99", 1, "Pending"), ("100", 0, "Failed")],
    ids=["nothing has changed", "another version of the source", "another spec, because of a probe"],
)
def test_each_version_of_the_source_has_all_its_attempts(version: str, generation: int, state: str) -> None:
    sealed = observed(at("a", data={"k": "old"}, immutable=True))
    status = {
        **reported("a", "Failed", 60, "ImmutableField", attempts=3),
        "source": {"uid": "u", "resourceVersion": version},
        "observedGeneration": generation,
    }
    answered = answer(sync_slice("a", status=status), config_map(immutable=True), copies=[sealed])
    assert [item[0] for item in states(answered).values()] == [state]


def test_a_copy_that_must_be_deleted_first_is_left_out_once_that_is_reported() -> None:
    sealed = observed(at("a", data={"k": "old"}, immutable=True))
    first = answer(sync_slice("a"), config_map(immutable=True), copies=[sealed])
    status = {**first["status"], "observedGeneration": 1}
    second = answer(sync_slice("a", status=status), config_map(immutable=True), copies=[sealed])
    assert (len(first["children"]), len(second["children"])) == (1, 0)
    assert second["resyncAfterSeconds"] > 0


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
        "a source that is being deleted counts as gone",
        [terminating(config_map())],
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
    assert answered["resyncAfterSeconds"] == 0, "the source itself makes an event"
    assert "source" not in answered["status"], "which tells the watch of stalled slices that this one knows"


@pytest.mark.parametrize(
    ("type_", "source"),
    [
        (ResourceType("", "v1", "Secret", "secrets"), {"type": "kubernetes.io/service-account-token"}),
        (
            ResourceType("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
            {"metadata": {"labels": {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}}},
        ),
    ],
    ids=["of the core group", "of a named group"],
)
def test_a_source_that_must_not_be_copied_has_no_copies(type_: ResourceType, source: Json) -> None:
    body = {"apiVersion": type_.api_version, "kind": type_.kind, **source}
    answered = answer(sync_slice("a", type_=type_), live(body, "team", "settings", **source.get("metadata", {})))
    assert answered["children"] == []
    assert answered["status"]["problem"]["reason"] == reasons.SOURCE_NOT_COPYABLE
    assert answered["status"]["source"] == {"uid": "uid-of-team-settings", "resourceVersion": "100"}


# What is there where a copy should be


def test_a_source_that_is_nested_too_deep_leaves_its_copies_as_they_are() -> None:
    answered = answer(sync_slice("a", "b"), config_map(data=CUT), copies=[at("a", data={"k": "old"})])
    assert [(child["metadata"]["namespace"], child["data"]) for child in answered["children"]] == [("a", {"k": "old"})]
    assert answered["status"]["problem"]["reason"] == reasons.SOURCE_NOT_COPYABLE
    assert answered["status"]["source"]["resourceVersion"] == "100"


def test_a_slice_with_a_field_that_only_newer_hooks_know_leaves_its_copies_as_they_are() -> None:
    newer = sync_slice("a", "b", patches=[{"op": "remove"}])
    answered = answer(newer, copies=[at("a", data={"k": "patched"})])
    assert [(child["metadata"]["namespace"], child["data"]) for child in answered["children"]] == [
        ("a", {"k": "patched"})
    ]
    assert answered["status"]["problem"]["reason"] == reasons.UNKNOWN_FIELD
    assert "spec.patches" in answered["status"]["problem"]["message"]


def test_a_draining_slice_gives_up_its_copies_whatever_its_fields() -> None:
    answered = answer(sync_slice(draining=STAMP, patches=[]), config_map(), copies=[at("a")])
    assert answered["children"] == []
    assert "problem" not in answered["status"]


def foreign(namespace: str = "a") -> Json:
    return live({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "theirs"}}, namespace, "settings")


def probing(*namespaces: str, **spec: Any) -> Json:
    """Return a slice in whose destinations a copy was refused."""
    return sync_slice(*namespaces, probes=[{"namespace": name, "name": "settings"} for name in namespaces], **spec)


def test_a_foreign_object_is_left_alone_and_no_other_call_is_asked_for_because_its_deletion_makes_an_event() -> None:
    answered = answer(probing("a"), config_map(), foreign())
    assert answered["children"] == []
    assert states(answered) == {"a": ("Conflict", "Conflict")}
    assert answered["resyncAfterSeconds"] == 0


def test_a_copy_that_replaces_a_foreign_object_says_so_to_the_guard() -> None:
    answered = answer(probing("a", conflictPolicy="Overwrite"), config_map(), foreign())
    assert answered["children"] == [relabelled(at("a"), annotations={api.TAKEOVER_ANNOTATION: "Overwrite"})]


def test_a_copy_that_may_overwrite_says_so_all_its_life() -> None:
    marked = relabelled(at("a"), annotations={api.TAKEOVER_ANNOTATION: "Overwrite"})
    answered = answer(sync_slice("a", conflictPolicy="Overwrite"), config_map(), copies=[observed(marked)])
    assert answered["children"] == [marked]
    assert states(answered) == {"a": ("Synced", "")}


def test_a_copy_of_the_slice_is_no_foreign_object() -> None:
    copy = observed(at("a"))
    copy["metadata"]["ownerReferences"] = [{"kind": "SyncSlice", "name": SLICE, "controller": True}]
    assert states(answer(probing("a"), config_map(), copy, copies=[copy])) == {"a": ("Synced", "")}


def test_where_no_copy_was_refused_the_guard_decides() -> None:
    assert answer(sync_slice("a"), config_map(), foreign())["children"] == [at("a")]


def test_once_a_foreign_object_is_gone_its_copy_is_written() -> None:
    assert answer(probing("a", status=reported("a", "Conflict", 600, "Conflict")), config_map())["children"] == [
        at("a")
    ]


def test_what_the_source_is_a_copy_of_gets_no_copy() -> None:
    source = config_map()
    source["metadata"] |= {
        "annotations": {api.SOURCE_ANNOTATION: "a/settings", api.VIA_ANNOTATION: "b/settings"},
        "ownerReferences": [{"kind": "SyncSlice", "name": "x", "controller": True}],
    }
    answered = answer(sync_slice("a", "b", "c", conflictPolicy="Overwrite"), source)
    assert [child["metadata"]["namespace"] for child in answered["children"]] == ["c"]
    assert states(answered) == {"a": ("Conflict", "Loop"), "b": ("Conflict", "Loop"), "c": ("Pending", "Creating")}


def test_with_a_problem_of_the_whole_objectsync_copies_follow_and_none_is_created() -> None:
    problems = [{"reason": "GuardMissing", "message": "m"}]
    parent = sync_slice("a", "b", "c", problems=problems, probes=[{"namespace": "c", "name": "settings"}])
    answered = answer(parent, config_map(), foreign("c"), copies=[edited(observed(at("a")), data={"k": "hacked"})])
    assert answered["children"] == [at("a")]
    assert states(answered) == {
        "a": ("Pending", "Drifted"),
        "b": ("Pending", "GuardMissing"),
        "c": ("Conflict", "Conflict"),
    }


def test_problems_of_single_destinations_and_advice_keep_no_other_copy_from_being_created() -> None:
    problems = [
        {"reason": "Loop", "message": "m", "advisory": True},
        {"reason": "NamespaceNotFound", "message": "m", "name": "settings", "namespaces": ["b"]},
    ]
    assert answer(sync_slice("a", problems=problems), config_map())["children"] == [at("a")]


# Consent of the source's owner


def offered(to: str) -> Json:
    source = config_map()
    source["metadata"]["annotations"] = {api.COPY_TO_ANNOTATION: to}
    return source


LIMITED = {api.LIMITED_ANNOTATION: "true"}


def test_a_source_is_copied_where_its_owner_lets_it_be_and_copies_elsewhere_are_removed() -> None:
    answered = answer(sync_slice("a", "b"), offered("a"), copies=[observed(at("a")), observed(at("b"))])
    assert answered["children"] == [relabelled(at("a"), annotations=LIMITED)]
    assert states(answered) == {"a": ("Pending", "Drifted"), "b": ("Failed", "SourceNotOffered")}
    assert answer(sync_slice("b"), offered("a"))["resyncAfterSeconds"] == 0, "the source makes an event"


def test_a_source_that_is_offered_to_all_makes_copies_as_others_do() -> None:
    parent = sync_slice("a", sourceConsent="Required")
    assert answer(parent, offered("*"))["children"] == [at("a")]


@pytest.mark.parametrize("source", [config_map(), offered("")], ids=["not offered", "offered to nobody"])
def test_where_consent_is_required_a_source_without_it_has_no_copies(source: Json) -> None:
    answered = answer(sync_slice("a", sourceConsent="Required"), source, copies=[observed(at("a"))])
    assert answered["children"] == []
    assert answered["status"]["problem"]["reason"] == reasons.SOURCE_NOT_OFFERED


def test_consent_is_required_also_where_the_slice_does_not_name_its_policy() -> None:
    parent = sync_slice("a", sourceConsent="Required")
    parent["spec"].pop("policy", None)
    answered = answer(parent, config_map())
    assert answered["status"]["problem"]["reason"] == reasons.SOURCE_NOT_OFFERED


def test_a_copy_of_a_limited_source_is_no_source() -> None:
    source = config_map()
    source["metadata"]["annotations"] = {api.COPY_TO_ANNOTATION: "*", **LIMITED}
    answered = answer(sync_slice("a"), source)
    assert answered["children"] == []
    assert answered["status"]["problem"]["reason"] == reasons.SOURCE_NOT_OFFERED


# Suspended


def test_while_suspended_nothing_is_written_or_deleted_and_what_differs_is_counted() -> None:
    copies = [
        observed(at("a")),
        edited(observed(at("b")), data={"k": "edited"}),
        observed(at("elsewhere")),
        terminating(observed(at("d"))),
    ]
    answered = answer(sync_slice("a", "b", "c", "d", suspend=True), config_map(), copies=copies)
    assert answered["children"] == [at("a"), at("b", data={"k": "edited"}), at("elsewhere")]
    assert states(answered) == {
        "a": ("Synced", ""),
        "b": ("Pending", "Suspended"),
        "c": ("Pending", "Suspended"),
        "d": ("Pending", "Suspended"),
    }
    assert "/data/k" in answered["status"]["destinations"][1]["message"]
    assert (answered["status"]["copies"], answered["status"]["synced"]) == (3, 1)
    assert answered["resyncAfterSeconds"] == 0


@pytest.mark.parametrize(
    ("source", "spec"),
    [([], {}), ([config_map()], {"sourceConsent": "Required"}), ([offered("b")], {}), ([offered("")], {})],
    ids=["its source is gone", "no consent", "consent for others", "consent for nobody"],
)
def test_a_suspended_copy_stays_whatever_becomes_of_its_source(source: list[Json], spec: Json) -> None:
    answered = answer(sync_slice("a", suspend=True, **spec), *source, copies=[observed(at("a"))])
    assert answered["children"] == [at("a")]
    assert answered["status"]["synced"] == 0


def test_a_suspended_copy_that_was_allowed_to_take_an_object_over_is_in_sync_with_the_note_of_that() -> None:
    (written,) = answer(sync_slice("a", conflictPolicy="Overwrite"), config_map())["children"]
    suspended = sync_slice("a", conflictPolicy="Overwrite", suspend=True)
    answered = answer(suspended, config_map(), copies=[observed(written)])
    assert (answered["status"]["synced"], answered["children"]) == (1, [written])


def test_after_it_was_suspended_a_copy_has_the_time_that_any_other_has() -> None:
    status = answer(sync_slice("a", suspend=True), config_map(), now=NOW - timedelta(hours=1))["status"]
    parent = sync_slice("a", status={**status, "observedGeneration": 1})
    assert states(answer(parent, config_map())) == {"a": ("Pending", "Creating")}


# Patches


PATCHED: Json = {"patches": [{"op": "add", "path": "/data/x", "value": "1"}]}


def test_a_copy_is_patched_last() -> None:
    operation = {"op": "copy", "from": "/metadata/labels/app", "path": "/metadata/annotations/app"}
    asked = {
        "data": {"rename": {"k": "y"}},
        "labels": {"set": {"app": "x"}},
        "patches": [*PATCHED["patches"], operation],
    }
    (child,) = answer(sync_slice("a", copy=asked), config_map())["children"]
    assert child["data"] == {"y": "v", "x": "1"}
    assert child["metadata"]["annotations"]["app"] == "x"


def test_a_copy_whose_patch_fails_stays_as_it_is_and_others_are_patched() -> None:
    tests = {"op": "test", "path": "/metadata/namespace", "value": "a"}
    asked = {"patches": [*PATCHED["patches"], tests]}
    copies = [edited(observed(at("b")), data={"k": "old"})]
    answered = answer(sync_slice("a", "b", "c", copy=asked), config_map(), copies=copies)
    assert answered["children"] == [at("a", data={"k": "v", "x": "1"}), at("b", data={"k": "old"})]
    assert states(answered) == {
        "a": ("Pending", "Creating"),
        "b": ("Failed", "PatchFailed"),
        "c": ("Failed", "PatchFailed"),
    }
    message = answered["status"]["destinations"][1]["message"]
    assert message == "copy.patches[1] (test /metadata/namespace): the copy has another value there, or none"


def test_patches_may_hold_variables_and_a_destination_without_the_label_fails() -> None:
    text = "{source.namespace}/{source.name} for {destination.namespace}: {destination.labels.tier} {other}"
    asked = {"patches": [{"op": "add", "path": "/data/x", "value": text}]}
    answered = answer(sync_slice("a", "b", copy=asked, namespaceLabels={"a": {"tier": "web"}}), config_map())
    assert [child["data"]["x"] for child in answered["children"]] == ["team/settings for a: web {other}"]
    assert states(answered)["b"] == ("Failed", "PatchFailed")
    message = answered["status"]["destinations"][1]["message"]
    assert message == "copy.patches[0] (add /data/x): namespace b has no label tier"


def test_patched_copies_are_in_sync_when_they_are_as_patched_and_count_with_their_size() -> None:
    asked = {"patches": [{"op": "add", "path": "/data/x", "value": "1" * 1000}]}
    first = answer(sync_slice("a", copy=asked), config_map())
    again = answer(sync_slice("a", copy=asked), config_map(), copies=map(observed, first["children"]))
    assert (again["children"], states(again)) == (first["children"], {"a": ("Synced", "")})
    assert again["status"]["source"]["bytes"] > 1000


def test_a_group_may_look_otherwise_than_the_others() -> None:
    groups = [
        {"name": "settings", "namespaces": ["a"]},
        {"name": "settings", "namespaces": ["b"], "copy": {"labels": {"set": {"own": "1"}}}},
        {"name": "settings", "namespaces": ["c"], "copy": {}},
    ]
    answered = answer(sync_slice(groups=groups, copy=PATCHED), config_map())
    assert [child["data"] for child in answered["children"]] == [{"k": "v", "x": "1"}, {"k": "v"}, {"k": "v"}]
    assert [child["metadata"]["labels"].get("own") for child in answered["children"]] == [None, "1", None]


# The engine


def test_an_engine_that_does_not_apply_on_the_server_gets_no_answer() -> None:
    parent = sync_slice("a")
    parent["metadata"]["annotations"] = {api.LAST_APPLIED_ANNOTATION: "{}"}
    with pytest.raises(BadRequest, match="--apply-strategy=server-side-apply"):
        answer(parent, config_map())


def test_a_kind_that_was_not_sent_is_not_taken_for_none_of_it() -> None:
    body = of_slice(sync_slice("a"), config_map())
    for field_ in ("children", "related"):
        with pytest.raises(BadRequest):
            syncslice.sync(metacontroller.parse({**body, field_: {}}, "SyncSlice", []), NOW)


# Draining


@pytest.mark.parametrize("source", [[config_map()], []], ids=["with its source", "without"])
def test_a_draining_slice_asks_for_another_call_until_its_copies_are_gone(source: list[Json]) -> None:
    draining = sync_slice(draining=ago(4))
    answered = answer(draining, *source, copies=[observed(at("a"))])
    assert answered["children"] == []
    assert answered["resyncAfterSeconds"] == 2, (
        "the deletion makes no event for this slice if another took the copy over"
    )
    assert answer(draining, *source)["resyncAfterSeconds"] == 0


# Releasing


def releasing(*namespaces: str) -> Json:
    return sync_slice(*namespaces, **slice_spec.releasing(SLICE))


def owned(copy: Json, uid: str) -> Json:
    owner = {"apiVersion": api.API_VERSION, "kind": "SyncSlice", "name": "s", "uid": uid, "controller": True}
    return {**copy, "metadata": {**copy["metadata"], "ownerReferences": [owner]}}


def test_a_releasing_slice_watches_its_destinations() -> None:
    assert customize(releasing("a", "b"))[:-1] == [
        {"apiVersion": "v1", "resource": "configmaps", "namespace": where, "names": ["settings"]}
        for where in ("a", "b")
    ]


def test_a_releasing_slice_answers_no_copies_and_counts_those_that_no_other_slice_owns() -> None:
    copies = {where: observed(at(where)) for where in "abcd"}
    found = (
        copies["a"],
        owned(copies["b"], "uid-of-slice"),  # as the engine saw it before it released the copy
        owned(copies["c"], "another"),
        terminating(copies["d"]),
        config_map("e"),
    )
    answered = answer(releasing("a", "b", "c", "d", "e"), *found)
    assert answered["children"] == []
    assert answered["status"] == {"copies": 2, "synced": 0, "lastSyncTime": STAMP}


def test_a_slice_counts_copies_that_it_should_not_have_any_more() -> None:
    answered = answer(sync_slice("a"), config_map(), copies=[observed(at("a")), observed(at("gone"))])
    assert (answered["status"]["copies"], answered["status"]["surplus"]) == (2, 1)
    answered = answer(sync_slice("a"), config_map(), copies=[observed(at("a"))])
    assert "surplus" not in answered["status"]


# Copies that leave and stay


LABEL = "configmaps.retained-0"


def leaving(*namespaces: str) -> Json:
    return {"label": LABEL, "groups": [{"name": "settings", "namespaces": list(namespaces)}]}


def with_label(copy: Json) -> Json:
    meta = copy["metadata"]
    return {**copy, "metadata": {**meta, "labels": {**meta["labels"], api.SLICE_LABEL: LABEL}}}


def test_copies_that_leave_stay_as_they_are_but_for_their_label() -> None:
    changed = {**observed(at("b")), "data": {"k": "edited"}}
    before = [observed(at("a")), changed]
    answered = answer(sync_slice("a", leaving=leaving("b")), config_map(), copies=before)
    assert answered["children"] == [at("a"), with_label({**at("b"), "data": {"k": "edited"}})]
    assert (answered["status"]["copies"], answered["status"]["surplus"]) == (2, 1), "it has the old label"
    after = [observed(at("a")), observed(with_label(at("b")))]
    answered = answer(sync_slice("a", leaving=leaving("b")), config_map(), copies=after)
    assert answered["children"] == [at("a"), with_label(at("b"))]
    assert "surplus" not in answered["status"]


def test_a_copy_that_left_is_not_made_anew() -> None:
    assert answer(sync_slice("a", leaving=leaving("b")), config_map())["children"] == [at("a")]


def test_a_copy_that_is_wanted_after_all_gets_its_label_back() -> None:
    answered = answer(sync_slice("a", leaving=leaving("a")), config_map(), copies=[observed(with_label(at("a")))])
    assert [child["metadata"]["labels"][api.SLICE_LABEL] for child in answered["children"]] == [SLICE]


def test_what_neither_is_wanted_nor_leaves_is_deleted() -> None:
    copies = [observed(at("a")), observed(at("b")), observed(at("c"))]
    answered = answer(sync_slice("a", leaving=leaving("b")), config_map(), copies=copies)
    assert [child["metadata"]["namespace"] for child in answered["children"]] == ["a", "b"]
    assert answered["status"]["surplus"] == 2


def test_a_copy_that_the_owner_of_the_source_does_not_offer_does_not_stay() -> None:
    for copy_to, stay in (("a", []), ("", []), ("*", ["b"])):
        source = live(config_map(), "team", "settings", annotations={api.COPY_TO_ANNOTATION: copy_to})
        answered = answer(sync_slice(leaving=leaving("b")), source, copies=[observed(at("b"))])
        assert [child["metadata"]["namespace"] for child in answered["children"]] == stay, copy_to


@pytest.mark.parametrize("source", [[], [terminating(config_map())]], ids=["gone", "going"])
def test_without_its_source_copies_stay_if_the_object_sync_retains_them(source: list[Json]) -> None:
    copies = [observed(at("a")), observed(at("b")), observed(at("c"))]
    kept = answer(sync_slice("a", "b", deletionPolicy="Retain"), *source, copies=copies)
    assert kept["children"] == [at("a"), at("b")]
    assert kept["status"]["problem"]["reason"] == "SourceNotFound"
    assert (kept["status"]["copies"], kept["status"]["surplus"]) == (3, 1)
    parent = sync_slice("a", "b", deletionPolicy="Retain", leaving=leaving("a", "b"))
    left = answer(parent, *source, copies=copies)
    assert left["children"] == [with_label(at("a")), with_label(at("b"))]
    assert left["status"]["surplus"] == 3
    assert answer(sync_slice("a"), *source, copies=copies)["children"] == [], "and are deleted otherwise"


def test_while_suspended_copies_that_leave_keep_their_label() -> None:
    parent = sync_slice("a", suspend=True, leaving=leaving("b"))
    answered = answer(parent, config_map(), copies=[observed(at("a")), observed(at("b"))])
    assert answered["children"] == [at("a"), at("b")]
    assert answered["status"]["surplus"] == 1


def test_a_slice_whose_object_sync_goes_counts_the_copies_that_it_still_owns() -> None:
    parent = sync_slice("a", "b", draining=STAMP, leaving=leaving("c"), **slice_spec.releasing(SLICE))
    watched = [rule["namespace"] for rule in customize(parent)[:-1]]
    assert watched == ["a", "b", "c"]
    mine = owned(observed(with_label(at("c"))), "uid-of-slice")
    found = (observed(at("a")), owned(observed(at("b")), "another"), mine, terminating(owned(at("d"), "uid-of-slice")))
    assert answer(parent, *found)["status"] == {"copies": 1, "synced": 0, "lastSyncTime": STAMP}
