"""Copies of many kinds, as our hooks make them, on a real API server: accepted, stable, and equal to their source."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from apiserver.sources import GADGETS, SOURCES, Source
from controlplane.client import Client, Object
from controlplane.namespaces import Namespaces
from object_syncer.copying import diff
from object_syncer.copying.template import Template, template
from object_syncer.kube import api, builtin
from specification import cases

SLICE = "share-0123456789-0"
ENGINE = "metacontroller"

TRACKED: Object = {
    "labels": {"app": "demo", "app.kubernetes.io/instance": "argo", "app.kubernetes.io/managed-by": "Helm"},
    "annotations": {
        "note": "kept",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "deployment.kubernetes.io/revision": "3",
        "pv.kubernetes.io/bind-completed": "yes",
        "argocd.argoproj.io/tracking-id": "x",
    },
}
"""Metadata that says who tracks the source; of it only `app` and `note` may travel."""

PROTECTED: Object = {
    "finalizers": ["tests.example/finalizer"],
    "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "0"}],
}
"""More of it, which would keep the source from being deleted, or delete it, here."""


@pytest.fixture(scope="module", autouse=True)
def gadgets(admin: Client) -> None:
    """A custom type."""
    admin.apply_yaml([GADGETS])


@pytest.fixture(scope="module")
def places(admin: Client) -> Iterator[tuple[str, str]]:
    """Two namespaces for all tests here: sources are made in the first, copies in the second."""
    made = Namespaces(admin)
    yield made.make("source"), made.make("copies")
    made.delete_all(wait=False)


def make(admin: Client, obj: Object, namespace: str, name: str) -> Object:
    """Create a source and return it as the API server has it, and as if it had an owner and a finalizer."""
    live = admin.create({**obj, "metadata": {**TRACKED, "namespace": namespace, "name": name}})
    return {**live, "metadata": {**live["metadata"], **PROTECTED}}


def number(source: Source) -> str:
    return f"demo-{SOURCES.index(source)}"


@cases(*SOURCES)
def test_a_copy_is_accepted_and_stable_and_equals_its_source(
    case: Source, admin: Client, places: tuple[str, str]
) -> None:
    live = make(admin, case.obj, places[0], number(case))
    shape = template(live, SLICE)
    desired = shape.at(places[1], number(case))

    first = copy = admin.apply(desired, manager=ENGINE)
    for _ in range(case.writes - 1):
        copy = admin.apply(desired, manager=ENGINE)
        assert copy["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]
    again = admin.apply(desired, manager=ENGINE)
    assert again["metadata"]["resourceVersion"] == copy["metadata"]["resourceVersion"], "at rest"

    assert differing(body(live), body(first)) == case.cleaned
    metadata = {
        "namespace": places[1],
        "name": number(case),
        "labels": {"app": "demo", api.MANAGED_BY_LABEL: api.MANAGED_BY, api.SLICE_LABEL: SLICE},
        "annotations": {"note": "kept", api.SOURCE_ANNOTATION: f"{places[0]}/{number(case)}"},
    }
    assert desired["metadata"] == metadata
    assert first["metadata"]["labels"] == metadata["labels"]

    for replace in (False, True):
        compared = diff.compare(shape.at(places[1], number(case)), first, replace)
        assert (compared.paths, compared.apply) == ((), desired)


def body(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}


def differing(source: Any, copy: Any, path: str = "") -> set[str]:
    """Return the JSON pointers where two values differ, with `*` for the index of a list."""
    if isinstance(source, dict) and isinstance(copy, dict):
        return {
            found
            for key in source.keys() | copy.keys()
            for found in differing(source.get(key), copy.get(key), f"{path}/{key.replace('/', '~1')}")
        }
    if isinstance(source, list) and isinstance(copy, list) and len(source) == len(copy):
        return {found for one, other in zip(source, copy, strict=True) for found in differing(one, other, f"{path}/*")}
    return set() if source == copy else {path}


def test_more_than_25_built_in_kinds_are_tried() -> None:
    kinds = {(case.obj["apiVersion"].rpartition("/")[0], case.obj["kind"]) for case in SOURCES}
    assert len(kinds & builtin.KINDS.keys()) > 25


@pytest.mark.parametrize("key", sorted(builtin.KINDS), ids=lambda key: ".".join(reversed(key)).rstrip("."))
def test_a_built_in_kind_is_served_as_our_table_says(key: tuple[str, str], admin: Client) -> None:
    for listed in builtin.KINDS[key]:
        found = admin.resource(listed.api_version, listed.kind)
        assert (found.plural, found.namespaced) == (listed.plural, listed.namespaced)


def _groups(admin: Client) -> dict[str, Object]:
    return {group["name"]: group for group in admin.call("GET", "/apis")["groups"]}


def test_our_table_has_every_namespaced_kind_that_can_be_created_and_every_group(admin: Client) -> None:
    served = set()
    defined = {crd["spec"]["group"] for crd in admin.list("apiextensions.k8s.io/v1", "customresourcedefinitions")}
    for group, found in {"": None, **_groups(admin)}.items():
        if group in defined:
            continue
        versions = ["v1"] if found is None else [version["groupVersion"] for version in found["versions"]]
        for version in versions:
            root = f"/apis/{version}" if "/" in version else f"/api/{version}"
            served |= {
                (group, item["kind"])
                for item in admin.call("GET", root)["resources"]
                if "/" not in item["name"] and item["namespaced"] and {"create", "watch"} <= set(item["verbs"])
            }
    assert served - builtin.KINDS.keys() == set()


# What others write on a copy


def applied(admin: Client, places: tuple[str, str], obj: Object, name: str) -> tuple[Template, Object]:
    """Return the template of an object, and the copy that exists."""
    shape = template(make(admin, obj, places[0], name), SLICE)
    return shape, admin.apply(shape.at(places[1], name), manager=ENGINE)


SERVICE: Object = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"name": "a", "port": 80}]}}


def test_a_port_that_somebody_added_stays_under_apply_and_is_reported_under_replace(
    admin: Client, places: tuple[str, str]
) -> None:
    shape, copy = applied(admin, places, SERVICE, "foreign-port")
    desired = shape.at(places[1], "foreign-port")
    ports = [{"name": "b", "port": 81}, *copy["spec"]["ports"]]
    admin.patch("v1", "services", places[1], "foreign-port", {"spec": {"ports": ports}})
    again = admin.apply(desired, manager=ENGINE)
    assert [port["name"] for port in again["spec"]["ports"]] == ["b", "a"], "as server-side apply leaves it"
    assert diff.compare(desired, again, replace=False).equal
    compared = diff.compare(desired, again, replace=True)
    assert compared.foreign
    assert compared.paths


def test_a_port_that_the_source_has_no_longer_is_drift_until_it_is_gone(admin: Client, places: tuple[str, str]) -> None:
    two: Object = {**SERVICE, "spec": {"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}}
    shape, copy = applied(admin, places, two, "pruned-port")
    desired = shape.at(places[1], "pruned-port")
    fewer = {**desired, "spec": {**desired["spec"], "ports": desired["spec"]["ports"][:1]}}
    found = diff.compare(fewer, copy, replace=False)
    assert found.paths == ("/spec/ports",), "a list with an item less differs as a whole"
    assert not found.foreign
    assert diff.compare(fewer, admin.apply(fewer, manager=ENGINE), replace=False).equal


@dataclass(frozen=True)
class TwoSteps:
    reason: str
    obj: Object
    change: Object
    """What somebody adds."""


CONFIG_MAP: Object = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}}
SECRET: Object = {"apiVersion": "v1", "kind": "Secret", "data": {"k": "dg=="}}


@cases(
    TwoSteps("data", CONFIG_MAP, {"data": {"x": "1", "y": ""}}),
    TwoSteps("binary data", CONFIG_MAP, {"binaryData": {"x": "AAEC", "y": ""}}),
    TwoSteps("data of a Secret", SECRET, {"data": {"x": "AAEC", "y": ""}}),
    TwoSteps("labels", CONFIG_MAP, {"metadata": {"labels": {"x": "1", "y": ""}}}),
    TwoSteps("annotations", CONFIG_MAP, {"metadata": {"annotations": {"example.com/x": "1", "y": ""}}}),
    TwoSteps("labels of a kind with a generation", SERVICE, {"metadata": {"labels": {"x": "1", "y": ""}}}),
)
def test_under_replace_foreign_keys_are_removed_by_two_writes_and_the_object_stays(
    case: TwoSteps, admin: Client, places: tuple[str, str]
) -> None:
    name = f"two-steps-{case.reason.lower().replace(' ', '-')}"
    shape, copy = applied(admin, places, case.obj, name)
    found = admin.patch("v1", admin.resource_of(case.obj).plural, places[1], name, case.change)
    assert found["metadata"]["resourceVersion"] != copy["metadata"]["resourceVersion"]
    for _ in range(2):
        compared = diff.compare(shape.at(places[1], name), found, replace=True)
        assert not compared.equal
        found = admin.apply(compared.apply, manager=ENGINE)
    assert diff.compare(shape.at(places[1], name), found, replace=True).equal
    assert found["metadata"]["uid"] == copy["metadata"]["uid"]
    assert body(found) == body(copy)
    assert found["metadata"]["labels"] == copy["metadata"]["labels"]
    assert found["metadata"]["annotations"].items() >= copy["metadata"]["annotations"].items()
    assert not {"example.com/x", "y"} & found["metadata"]["annotations"].keys()
