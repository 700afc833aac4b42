"""The generated CompositeControllers: one per resource type in use, and never a change of spec without need."""

import re
from dataclasses import dataclass, field

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from object_syncer.kube import api, types
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.planning import controllers
from specification import cases, quickly
from unit.bodies import planner
from unit.planning.plans import CONFIG_MAPS, WIDGETS

OBJECT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


def calling(**spec: object) -> Json:
    """Return the planner's controller as it is installed, and as the API server sends it."""
    installed = planner()
    installed["metadata"] |= {"uid": "1", "resourceVersion": "1", "generation": 1, "managedFields": [{}]}
    installed["spec"] |= spec
    return installed


def hooks(**webhook: object) -> Json:
    """Return the hooks of a planner whose webhooks share some settings."""
    return {
        hook: {"version": "v2", "webhook": {"url": f"http://h:8080/v1/policy/{hook}?release=1", **webhook}}
        for hook in ("customize", "sync")
    }


def generate(policy: str, type_: ResourceType, caller: Json) -> Json:
    """Return the controller that serves the slices of a type."""
    return controllers.generate(policy, type_, caller)[0]


def test_a_second_one_watches_whether_they_follow_it_has_no_children_that_could_stop_it() -> None:
    serving, watching = controllers.generate("default", WIDGETS, calling(endpointConfigs=[{"url": "https://h"}]))
    assert watching == {
        "apiVersion": "metacontroller.k8s.io/v1alpha1",
        "kind": "DecoratorController",
        "metadata": serving["metadata"],
        "spec": {
            "resources": [serving["spec"]["parentResource"]],
            "resyncPeriodSeconds": 300,
            "hooks": {
                "customize": {
                    "version": "v2",
                    "webhook": {"url": "http://hooks:8080/v1/stall/customize?release=0.1.0", "timeout": "3s"},
                },
                "sync": {
                    "version": "v2",
                    "webhook": {
                        "url": "http://hooks:8080/v1/stall/sync?release=0.1.0",
                        "timeout": "30s",
                        "etag": {"enabled": True},
                    },
                },
            },
            "endpointConfigs": [{"url": "https://h"}],
        },
    }


def test_one_controller_serves_the_slices_of_one_type() -> None:
    made = generate("default", WIDGETS, calling())
    name = made["metadata"]["name"]
    assert name.startswith("widgets.v1-")
    assert made == {
        "apiVersion": "metacontroller.k8s.io/v1alpha1",
        "kind": "CompositeController",
        "metadata": {"name": name},
        "spec": {
            "parentResource": {
                "apiVersion": "sync.rustrial.org/v1alpha1",
                "resource": "syncslices",
                "labelSelector": {"matchLabels": {"sync.rustrial.org/controller": name}},
                "ignoreStatusChanges": True,
            },
            "childResources": [
                {"apiVersion": "example.com/v1", "resource": "widgets", "updateStrategy": {"method": "InPlace"}}
            ],
            "resyncPeriodSeconds": 300,
            "hooks": {
                "customize": {
                    "version": "v2",
                    "webhook": {
                        "url": "http://hooks:8080/v1/slice/customize?release=0.1.0",
                        "timeout": "3s",
                    },
                },
                "sync": {
                    "version": "v2",
                    "webhook": {"url": "http://hooks:8080/v1/slice/sync?release=0.1.0", "timeout": "30s"},
                },
            },
        },
    }


@pytest.mark.parametrize(
    "volatile",
    [
        {"resourceVersion": "2", "generation": 9},
        {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}},
        {"managedFields": []},
        {"uid": "another"},
    ],
    ids=", ".join,
)
def test_it_changes_only_with_what_an_administrator_sets(volatile: Json) -> None:
    before, after = calling(), calling()
    after["metadata"] |= volatile
    after["status"] = {"observedGeneration": 5}
    assert orjson.dumps(generate("p", WIDGETS, before)) == orjson.dumps(generate("p", WIDGETS, after))


@dataclass(frozen=True)
class Inherited:
    reason: str
    spec: Json
    want: Json
    """The webhook of sync."""


CA = {"caBundle": {"secret": {"name": "ca", "namespace": "metacontroller", "key": "ca.crt"}}}


@cases(
    Inherited(
        "the address is the planner's, at the path of slices; the query stays",
        {"hooks": hooks()},
        {"url": "http://h:8080/v1/slice/sync?release=1"},
    ),
    Inherited(
        "timeouts are inherited",
        {"hooks": hooks(timeout="7s")},
        {"url": "http://h:8080/v1/slice/sync?release=1", "timeout": "7s"},
    ),
    Inherited(
        "authorization and certificates are inherited",
        {"hooks": hooks(authorization={"type": "Bearer"}, tls=CA)},
        {"url": "http://h:8080/v1/slice/sync?release=1", "authorization": {"type": "Bearer"}, "tls": CA},
    ),
    Inherited(
        "hooks may be addressed by service and path",
        {
            "hooks": {
                hook: {
                    "webhook": {
                        "path": f"/v1/policy/{hook}?release=1",
                        "service": {"name": "hooks", "namespace": "object-syncer", "port": 8080},
                    }
                }
                for hook in ("customize", "sync")
            }
        },
        {
            "path": "/v1/slice/sync?release=1",
            "service": {"name": "hooks", "namespace": "object-syncer", "port": 8080},
        },
    ),
    Inherited(
        "a path before ours stays",
        {"hooks": {hook: {"webhook": {"url": f"http://h/base/v1/policy/{hook}"}} for hook in ("customize", "sync")}},
        {"url": "http://h/base/v1/slice/sync"},
    ),
)
def test_what_is_inherited(case: Inherited) -> None:
    made = generate("p", CONFIG_MAPS, calling(**case.spec))
    assert made["spec"]["hooks"]["sync"] == {"version": "v2", "webhook": case.want}


def test_endpoint_settings_are_inherited() -> None:
    settings = [{"url": "https://hooks.example", "tls": CA}]
    made = generate("p", CONFIG_MAPS, calling(endpointConfigs=settings))
    assert made["spec"]["endpointConfigs"] == settings


def test_labels_are_inherited_because_an_engine_may_select_controllers_by_them() -> None:
    caller = calling()
    caller["metadata"]["labels"] = {"shard": "a", "app.kubernetes.io/instance": "release", "helm.sh/chart": "x-1"}
    made = generate("p", CONFIG_MAPS, caller)
    assert made["metadata"]["labels"] == {"shard": "a"}, "but not those that say who tracks the original"


def test_the_caller_is_not_changed() -> None:
    caller = calling()
    generate("p", CONFIG_MAPS, caller)
    assert caller == calling()


def test_each_policy_group_version_and_plural_has_a_controller_of_its_own() -> None:
    names = {
        controllers.name(policy, ResourceType(group, version, "Widget", plural))
        for policy in ("default", "other")
        for group in ("", "example.com", "example.org")
        for version in ("v1", "v2")
        for plural in ("widgets", "gadgets")
    }
    assert len(names) == 24


def test_the_identity_is_read_part_by_part() -> None:
    assert controllers.bounded("x", "ab", "c") != controllers.bounded("x", "a", "bc")


label = st.text("ab0-", max_size=61).map(lambda middle: f"a{middle}0")
object_names = st.lists(label, min_size=1, max_size=4).map(".".join)


@quickly
@given(object_names, st.lists(st.text(), max_size=3))
def test_names_are_object_names_and_label_values(readable: str, identity: list[str]) -> None:
    name = controllers.bounded(readable, *identity)
    assert len(f"{name}-1234") <= 63, "a slice's number follows"
    assert OBJECT_NAME.fullmatch(name)
    assert LABEL_VALUE.fullmatch(name)


@quickly
@given(st.text(), st.text())
def test_names_are_label_values_whatever_they_are_made_from(readable: str, identity: str) -> None:
    assert LABEL_VALUE.fullmatch(controllers.bounded(readable, identity))


@pytest.mark.parametrize(
    ("readable", "start"),
    [
        ("share", "share-"),
        ("a" * 100, "a" * 31 + "-"),
        ("a" * 30 + ".b", "a" * 30 + "-"),
        ("a" * 30 + "-b", "a" * 30 + "-"),
    ],
    ids=["short", "long", "cut at a dot", "cut at a dash"],
)
def test_a_name_is_a_readable_part_without_punctuation_at_its_end_and_130_bits(readable: str, start: str) -> None:
    name = controllers.bounded(readable, "identity")
    assert re.fullmatch(re.escape(start) + "[a-z2-7]{26}", name)


# Which controllers there are


def sync_slice(type_: ResourceType, *, reported: bool = False, labelled: bool = True) -> Json:
    label = {api.CONTROLLER_LABEL: controllers.name("default", type_)}
    return {
        "metadata": {"labels": label if labelled else None},
        "spec": {"resource": types.dump(type_)},
        "status": {"observedGeneration": 1} if reported else {},
    }


MAPS, WIDGET = sync_slice(CONFIG_MAPS), sync_slice(WIDGETS)
RUNNING: Json = {controllers.name("default", WIDGETS): {}}


@dataclass(frozen=True)
class InUse:
    reason: str
    want: list[ResourceType]
    wanted: list[Json] = field(default_factory=list)
    observed: list[Json] = field(default_factory=list)
    running: Json = field(default_factory=dict)


@cases(
    InUse("without slices there is no controller", []),
    InUse("each type of the wanted slices has one", [CONFIG_MAPS, WIDGETS], wanted=[WIDGET, MAPS, WIDGET]),
    InUse("one that runs stays while a slice of its type exists", [WIDGETS], observed=[WIDGET, MAPS], running=RUNNING),
    InUse("none is started for slices that only exist", [], observed=[WIDGET]),
    InUse("one that runs goes with the last slice of its type", [], running=RUNNING),
)
def test_types_in_use(case: InUse) -> None:
    assert controllers.in_use("default", case.wanted, case.observed, case.running) == case.want


def test_a_controller_serves_if_it_has_reported_on_one_of_its_slices() -> None:
    observed = [
        MAPS,
        sync_slice(CONFIG_MAPS, reported=True),
        WIDGET,
        sync_slice(WIDGETS, reported=True, labelled=False),
    ]
    assert controllers.serving(observed) == [controllers.name("default", CONFIG_MAPS)]
