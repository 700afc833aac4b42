"""What `doctor` asks a cluster beside what a dump shows: rights, endpoints of the hooks, events, the guard's rules."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
import yaml

from object_syncer import installation
from object_syncer.cli.doctor import checking
from object_syncer.cli.live import kinds
from object_syncer.cli.live.cluster import Cluster
from object_syncer.cli.live.errors import ClusterError
from object_syncer.cli.live.rights import REVIEW
from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from unit.cli.test_doctor import ARGS, workload

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOOKS = "http://object-syncer.object-syncer:8080"


class Fake(Cluster):
    """A cluster that has some objects, and grants every right but those of some verbs in some namespaces."""

    def __init__(self, *objects: Json, denied: Iterable[tuple[str, str]] = (), may_ask: bool = True) -> None:
        self.name = "fake"
        self._objects, self._denied, self._may_ask = objects, set(denied), may_ask
        self.asked: list[Json] = []

    def list(self, type_: ResourceType, namespace: str = "", label: str = "") -> list[Json]:
        """Return the objects of a type."""
        return [obj for obj in self._objects if obj["kind"] == type_.kind]

    def review(self, type_: ResourceType, review: Json) -> Json:
        """Answer a SubjectAccessReview."""
        assert type_ == REVIEW
        if not self._may_ask:
            raise ClusterError(403, "subjectaccessreviews is forbidden")
        self.asked.append(review["spec"])
        attributes = review["spec"]["resourceAttributes"]
        return {"allowed": (attributes["verb"], attributes.get("namespace", "")) not in self._denied}


def parts(user: str = api.ENGINE_USER, hooks: str = HOOKS) -> list[Json]:
    texts = [*installation.admission(user), *installation.controllers(hooks)]
    return [obj for text in texts for obj in yaml.safe_load_all(text)]


def ready(*endpoints: bool) -> Json:
    labels = {"kubernetes.io/service-name": "object-syncer"}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"namespace": "object-syncer", "name": "object-syncer-1", "labels": labels},
        "endpoints": [{"conditions": {"ready": each}} for each in endpoints],
    }


def sync_slice(*namespaces: str) -> Json:
    resource = {"apiVersion": "v1", "kind": "Secret", "resource": "secrets", "namespaced": True}
    spec = {"resource": resource, "groups": [{"name": "s", "namespaces": [*namespaces]}]}
    return {"apiVersion": api.API_VERSION, "kind": "SyncSlice", "metadata": {"name": "s"}, "spec": spec}


def failure(seconds: int, message: str = "no", kind: str = "SyncSlice") -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": "default", "name": f"e{seconds}"},
        "involvedObject": {"apiVersion": api.API_VERSION, "kind": kind, "name": "s"},
        "reason": "SyncError",
        "message": message,
        "lastTimestamp": f"2026-01-01T11:{59 - seconds // 60:02}:{59 - seconds % 60:02}Z",
    }


def said(cluster: Cluster, *objects: Json) -> list[str]:
    return [str(finding) for finding in checking.check(cluster, objects, NOW)]


def test_nothing_is_said_where_all_is_well() -> None:
    cluster = Fake(ready(True))
    engine = workload("metacontroller", "metacontroller:v4", ARGS)
    engine["spec"]["template"]["spec"]["serviceAccountName"] = "metacontroller"
    assert said(cluster, *parts(), engine, sync_slice("team-a")) == []
    groups = ["system:authenticated", "system:serviceaccounts", "system:serviceaccounts:metacontroller"]
    assert {(spec["user"], *spec["groups"]) for spec in cluster.asked} == {(api.ENGINE_USER, *groups)}


def test_rights_are_asked_for_in_the_namespaces_of_copies_where_there_are_none_everywhere() -> None:
    cluster = Fake(ready(True), denied=[("create", ""), ("create", "team-b")])
    (found, *others) = said(cluster, *parts(), sync_slice("team-a", "team-b"))
    assert others == []
    assert found.startswith(f"{api.ENGINE_USER} may not create compositecontrollers.metacontroller.k8s.io, ")
    asked = {spec["resourceAttributes"].get("namespace") for spec in cluster.asked}
    assert asked == {None, "team-a", "team-b"}
    only = Fake(ready(True), denied=[("create", "team-b")])
    assert said(only, *parts(), sync_slice("team-a", "team-b")) == []


def test_who_may_not_ask_is_told_so() -> None:
    (found,) = said(Fake(ready(True), may_ask=False), *parts(), sync_slice("team-a"))
    assert found.startswith(f"whether {api.ENGINE_USER} may do its work is unknown: you may not ask: ")


@pytest.mark.parametrize("slices", [[], [ready()], [ready(False, False)]])
def test_a_service_of_the_hooks_without_endpoints_is_named(slices: list[Json]) -> None:
    (found,) = said(Fake(*slices), *parts())
    assert found.startswith("Service object-syncer/object-syncer of the hooks has no ready endpoint: ")
    assert said(Fake(*slices), *parts(hooks="https://127.0.0.1:8443")) == []


def test_the_newest_failure_of_each_kind_is_quoted_while_it_is_fresh() -> None:
    events = [failure(300, "older"), failure(60, "newer"), failure(120, "another", "SyncPolicy")]
    found = said(Fake(ready(True), *events), *parts())
    assert found == ["Metacontroller failed for SyncPolicy s: another", "Metacontroller failed for SyncSlice s: newer"]
    assert said(Fake(ready(True), failure(900)), *parts()) == []
    others = {**failure(60), "involvedObject": {"apiVersion": "example.com/v1", "kind": "Widget", "name": "w"}}
    assert said(Fake(ready(True), others), *parts()) == []


def test_a_guard_for_another_user_is_named() -> None:
    engine = workload("engine", "ghcr.io/metacontroller/metacontroller:v4.17.2", ARGS)
    (found,) = said(Fake(ready(True)), *parts(), engine)
    assert found.startswith("Metacontroller runs as system:serviceaccount:engine:default, and the guard was installed")


@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        (kinds.ADMISSION_BINDING.kind, {"validationActions": ["Audit"]}, "does not deny"),
        (kinds.ADMISSION_BINDING.kind, {"policyName": "other"}, "has other rules than this release"),
        (kinds.ADMISSION_POLICY.kind, {"validations": []}, "has other rules than this release"),
    ],
)
def test_a_part_of_the_guard_that_is_not_this_releases_is_named(kind: str, change: Json, says: str) -> None:
    objects = parts()
    part = next(obj for obj in objects if obj["kind"] == kind and obj["metadata"]["name"] == "object-syncer-slices")
    part["spec"].update(change)
    (found,) = said(Fake(ready(True)), *objects)
    assert found.startswith(f"{kind} object-syncer-slices {says}: ")


def test_users_that_an_installation_trusts_are_no_change_of_the_guard() -> None:
    texts = installation.admission(api.ENGINE_USER, ["velero"])
    assert said(Fake(ready(True)), *(obj for text in texts for obj in yaml.safe_load_all(text))) == []
