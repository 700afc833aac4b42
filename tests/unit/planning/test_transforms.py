"""Which differences between source and copies an ObjectSync may ask for."""

from dataclasses import dataclass, field

import pytest

from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.planning import scope, transforms
from object_syncer.status import reasons
from specification import cases
from unit.objects import object_sync, policy
from unit.planning.plans import CONFIG_MAPS, WIDGETS

ROLES = ResourceType("rbac.authorization.k8s.io", "v1", "Role", "roles")
SECRETS = ResourceType("", "v1", "Secret", "secrets")

METADATA: Json = {"labels": {"include": ["a"]}, "annotations": {"exclude": ["b"]}}
DATA: Json = {"data": {"rename": {"a": "b"}}}
SET: Json = {"annotations": {"set": {"a": "b"}}}
PATCHES: Json = {"patches": [{"op": "remove", "path": "/data/a"}]}


@dataclass(frozen=True)
class Case:
    reason: str
    copy: Json | None
    permitted: list[str] | None = None
    type_: ResourceType = CONFIG_MAPS
    says: str = ""
    destinations: list[Json] = field(default_factory=list)


@cases(
    Case("nothing is always permitted", None, []),
    Case("empty fields ask for nothing", {"labels": {"include": [], "set": {}}, "data": {}, "patches": []}, []),
    Case("by default labels and annotations may be left out", METADATA),
    Case("by default keys may be left out and renamed", DATA),
    Case(
        "by default nothing may be set", SET, says="spec.copy.annotations.set: set is not in transforms of SyncPolicy"
    ),
    Case("by default nothing may be patched", PATCHES, says="spec.copy.patches: patches is not in transforms of Sync"),
    Case("what a SyncPolicy lists is permitted", {**SET, **PATCHES}, ["set", "patches"]),
    Case("a star permits all", {**METADATA, **DATA, **PATCHES, **SET}, ["*"]),
    Case("a list permits nothing else", METADATA, ["data", "set"], says="spec.copy.labels: metadata is not in"),
    Case("an empty list permits nothing", DATA, [], says="spec.copy.data: data is not in transforms"),
    Case("data is for ConfigMaps and Secrets", DATA, ["*"], WIDGETS, "spec.copy.data: is for ConfigMaps and Secrets"),
    Case("data of Secrets may be chosen", DATA, ["*"], SECRETS),
    Case("other kinds may be patched", PATCHES, ["*"], WIDGETS),
    Case(
        "where the source grants rights nobody may set", SET, ["*"], ROLES, "spec.copy.annotations.set: objects of rb"
    ),
    Case(
        "where the source grants rights nobody may patch", PATCHES, ["*"], ROLES, "spec.copy.patches: objects of rbac"
    ),
    Case("where the source grants rights labels may be left out", METADATA, ["*"], ROLES),
    Case(
        "our marks are set by us alone",
        {"labels": {"set": {"sync.rustrial.org/slice": "x"}}},
        ["*"],
        says="spec.copy.labels.set.sync.rustrial.org/slice: is set by Object Syncer",
    ),
    Case(
        "the copy of a destination counts as well",
        METADATA,
        ["metadata"],
        says="spec.destinations[1].copy.patches: patches is not in transforms",
        destinations=[{"namespace": "a"}, {"namespace": "b", "copy": PATCHES}],
    ),
)
def test_what_an_object_sync_may_ask_for(case: Case) -> None:
    spec = object_sync(destinations=case.destinations)["spec"]
    if case.copy is not None:
        spec["copy"] = case.copy
    permits = scope.of(policy(**({} if case.permitted is None else {"transforms": case.permitted})))
    found = transforms.problem(spec, case.type_, permits)
    if case.says:
        assert found
        assert found.reason == reasons.TRANSFORM_NOT_ALLOWED
        assert found.message.startswith(case.says)
    else:
        assert found is None


def test_the_labels_that_patches_use_as_variables() -> None:
    value = {"a": ["{destination.labels.tier}", 1], "b": "{source.name}-{destination.labels.example.com/x}", "c": None}
    spec = object_sync(destinations=[{"namespace": "a", "copy": {"patches": [{"value": "{destination.labels.own}"}]}}])[
        "spec"
    ]
    spec["copy"] = {"patches": [{"op": "add", "path": "/{destination.labels.path}", "value": value}, {"op": "remove"}]}
    assert transforms.labels(spec) == {"tier", "example.com/x", "own"}
    assert transforms.labels(object_sync()["spec"]) == frozenset()


def test_all_that_is_asked_for_is_bounded_because_slices_repeat_it() -> None:
    spec = object_sync(destinations=[{"namespace": "a", "copy": {"labels": {"exclude": ["x" * 300] * 30}}}])["spec"]
    spec["copy"] = {"labels": {"exclude": ["y" * 300] * 30}}
    found = transforms.problem(spec, CONFIG_MAPS, scope.of(policy()))
    assert found
    assert found.message.startswith("spec.copy: is, together with copy of the destinations, larger than 16,384 bytes")
    spec["copy"] = spec["destinations"][0]["copy"]
    assert transforms.problem(spec, CONFIG_MAPS, scope.of(policy())) is None, "what is the same counts once"


@pytest.mark.parametrize("value", [None, {}, {"labels": None}, {"data": {}, "patches": []}])
def test_a_copy_without_content_is_none(value: Json | None) -> None:
    assert transforms.given(value) == {}
