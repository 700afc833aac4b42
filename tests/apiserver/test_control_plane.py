"""The control plane does what a real cluster does, as far as the other tests rely on it."""

import socket
from pathlib import Path

import pytest

from controlplane.client import ApiError, Client, Object
from controlplane.control_plane import ALICE, ControlPlane
from controlplane.namespaces import Namespaces
from controlplane.waiting import wait_for

CRD: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "toys.tests.example"},
    "spec": {
        "group": "tests.example",
        "scope": "Namespaced",
        "names": {"kind": "Toy", "plural": "toys"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            }
        ],
    },
}


def config_map(namespace: str, name: str = "settings", **more: object) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": "v"}, **more}


def test_objects_are_created_patched_and_deleted(admin: Client, namespaces: Namespaces) -> None:
    namespace = namespaces.make()
    where = ("v1", "configmaps", namespace, "settings")
    created = admin.create(config_map(namespace))
    admin.patch(*where, {"data": {"merged": "1"}})
    admin.patch(*where, [{"op": "remove", "path": "/data/k"}])
    admin.apply({**config_map(namespace), "data": {"applied": "1"}}, manager="someone")
    assert admin.get(*where)["data"] == {"merged": "1", "applied": "1"}
    with pytest.raises(ApiError, match="Conflict"):
        admin.replace(created)
    assert [item["kind"] for item in admin.list("v1", "configmaps", namespace)] == ["ConfigMap"]
    admin.delete(*where)
    assert admin.gone(*where)


def test_a_namespace_ends_with_all_its_objects(admin: Client, namespaces: Namespaces) -> None:
    namespace = namespaces.make()
    admin.create(config_map(namespace))
    namespaces.delete(namespace)
    namespaces.wait_gone(namespace)
    assert admin.list("v1", "configmaps", namespace) == []


def test_an_object_is_collected_after_its_owner(admin: Client, namespaces: Namespaces) -> None:
    namespace = namespaces.make()
    owner = admin.create(config_map(namespace, "owner"))
    owned = config_map(namespace, "owned")
    owned["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    ]
    admin.create(owned)
    admin.delete("v1", "configmaps", namespace, "owner")
    wait_for(lambda: admin.gone("v1", "configmaps", namespace, "owned"), 30, "owned object collected")


def test_a_kind_is_served_when_apply_yaml_returns(admin: Client, namespaces: Namespaces) -> None:
    namespace = namespaces.make()
    toy: Object = {"apiVersion": "tests.example/v1", "kind": "Toy", "metadata": {"name": "t", "namespace": namespace}}
    admin.apply_yaml([CRD, toy])
    admin.patch_status("tests.example/v1", "toys", namespace, "t", {"played": True})
    assert admin.get("tests.example/v1", "toys", namespace, "t")["status"] == {"played": True}


def test_a_user_without_groups_has_no_permissions(control_plane: ControlPlane) -> None:
    alice = control_plane.client(ALICE)
    assert alice.username() == ALICE
    with pytest.raises(ApiError) as refused:
        alice.list("v1", "secrets")
    assert (refused.value.code, refused.value.reason) == (403, "Forbidden")


def test_requests_are_counted_by_user_verb_and_resource(control_plane: ControlPlane, namespaces: Namespaces) -> None:
    namespace = namespaces.make()
    mark = control_plane.audit.mark()
    engine = control_plane.client("engine")
    for name in "abc":
        engine.create(config_map(namespace, name))
    engine.find("apps/v1", "deployments", namespace, "none")
    assert control_plane.audit.count(mark, user="engine") == {
        ("engine", "create", "configmaps"): 3,
        ("engine", "get", "deployments.apps"): 1,
    }


def test_the_api_server_comes_back_with_what_it_stored(
    control_plane: ControlPlane, admin: Client, namespaces: Namespaces
) -> None:
    namespace = namespaces.make()
    admin.create(config_map(namespace))
    control_plane.api_server.restart()
    assert admin.get("v1", "configmaps", namespace, "settings")["data"] == {"k": "v"}


@pytest.mark.usefixtures("control_plane")  # skips where there is none
def test_a_control_plane_whose_port_was_taken_starts_on_another_one(tmp_path: Path) -> None:
    cluster = ControlPlane(tmp_path)
    first = cluster.server
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(first.rpartition(":")[2])))
        with cluster:
            assert cluster.server != first
            assert cluster.client().list("v1", "namespaces")
