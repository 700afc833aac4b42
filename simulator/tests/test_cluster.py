"""The API server in memory answers as Kubernetes' does."""

from __future__ import annotations

from typing import Any

import pytest

from memcluster import ApiError, Cluster
from toys import Json, config_map, crd, fan, namespace, new_cluster


@pytest.fixture
def cluster() -> Cluster:
    return new_cluster()


def secret(name: str = "s", **fields: Any) -> Json:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "default"}, **fields}


def binding(role: str) -> Json:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "b", "namespace": "default"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
    }


def policy(name: str = "p") -> Json:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"podSelector": {}},
    }


class TestCreate:
    def test_fills_in_what_only_the_server_knows(self, cluster: Cluster) -> None:
        created = cluster.create(config_map("a", {"k": "v"}, uid="mine", resourceVersion="7", labels={}))
        assert created["metadata"].pop("managedFields")
        assert created["metadata"].pop("uid") != "mine"
        assert created["metadata"] == {
            "name": "a",
            "namespace": "default",
            "creationTimestamp": "2024-01-01T00:00:00Z",
            "resourceVersion": "5",
        }

    def test_encodes_the_strings_of_a_secret(self, cluster: Cluster) -> None:
        created = cluster.create(secret(data={"a": "YQ==", "b": "YQ=="}, stringData={"b": "b"}))
        assert created["data"] == {"a": "YQ==", "b": "Yg=="}
        assert "stringData" not in created

    def test_hands_out_copies(self, cluster: Cluster) -> None:
        created = cluster.create(config_map("a", {"k": "v"}))
        created["data"]["k"] = "changed"
        cluster.get("v1", "ConfigMap", "a", "default")["data"]["k"] = "changed"
        assert cluster.get("v1", "ConfigMap", "a", "default")["data"] == {"k": "v"}

    def test_of_a_kind_with_a_generation_starts_at_one(self, cluster: Cluster) -> None:
        assert cluster.create(policy())["metadata"]["generation"] == 1

    @pytest.mark.parametrize(
        ("obj", "code", "reason"),
        [
            (config_map("a", ns="missing"), 404, "NotFound"),
            ({"apiVersion": "v1", "kind": "Nothing", "metadata": {"name": "a"}}, 404, "NotFound"),
            (config_map("there"), 409, "AlreadyExists"),
            (config_map("Upper"), 422, "Invalid"),
            (config_map("ends-with-"), 422, "Invalid"),
            (config_map("a", labels={"l": "x" * 64}), 422, "Invalid"),
            (config_map("a", labels={"l": "ends-with-"}), 422, "Invalid"),
            (namespace("dotted.name"), 422, "Invalid"),
            (
                config_map("a", ownerReferences=[{"uid": "1", "controller": True}, {"uid": "2", "controller": True}]),
                422,
                "Invalid",
            ),
        ],
    )
    def test_refuses(self, cluster: Cluster, obj: Json, code: int, reason: str) -> None:
        cluster.create(config_map("there"))
        with pytest.raises(ApiError) as refused:
            cluster.create(obj)
        assert (refused.value.code, refused.value.reason) == (code, reason)


class TestLoad:
    def test_keeps_what_another_cluster_showed(self, cluster: Cluster) -> None:
        shown = {"uid": "u", "generation": 7, "creationTimestamp": "2020-01-01T00:00:00Z", "managedFields": []}
        loaded = cluster.load({**policy(), "metadata": {**policy()["metadata"], **shown}})
        assert loaded["metadata"].items() >= {key: value for key, value in shown.items() if value}.items()

    def test_keeps_the_status(self, cluster: Cluster) -> None:
        cluster.create(crd("Fan", "fans"))
        assert cluster.load({**fan(), "status": {"n": 1}})["status"] == {"n": 1}

    def test_says_who_wrote_it_where_that_is_not_shown(self, cluster: Cluster) -> None:
        loaded = cluster.load(config_map("a"), manager="kubectl")
        assert [entry["manager"] for entry in loaded["metadata"]["managedFields"]] == ["kubectl"]

    def test_gives_the_second_of_two_with_one_uid_its_own(self, cluster: Cluster) -> None:
        first, second = cluster.load(config_map("a", uid="u")), cluster.load(config_map("b", uid="u"))
        assert first["metadata"]["uid"] == "u" != second["metadata"]["uid"]

    def test_lets_owners_that_are_not_shown_count_as_existing(self, cluster: Cluster) -> None:
        owner = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "not-shown"}
        cluster.load(config_map("a", ownerReferences=[owner]))
        cluster.collect_garbage()
        assert cluster.find("v1", "ConfigMap", "a", "default")

    def test_notices_that_an_owner_which_is_shown_is_deleted(self, cluster: Cluster) -> None:
        owner = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "shown"}
        cluster.load(config_map("a", ownerReferences=[owner]))
        cluster.load({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "uid": "shown"}})
        cluster.delete("v1", "Node", "n")
        cluster.collect_garbage()
        assert cluster.find("v1", "ConfigMap", "a", "default") is None

    def test_leaves_a_terminating_namespace_as_it_is(self, cluster: Cluster) -> None:
        terminating = namespace("a")
        terminating["metadata"]["deletionTimestamp"] = "2024-01-01T00:00:00Z"
        cluster.load(terminating)
        cluster.load(config_map("x", ns="a"))
        cluster.collect_garbage()
        assert cluster.get("v1", "Namespace", "a")["status"] == {"phase": "Terminating"}

    @pytest.mark.parametrize("obj", [config_map("Upper"), config_map("there")])
    def test_refuses_what_no_cluster_has(self, cluster: Cluster, obj: Json) -> None:
        cluster.load(config_map("there"))
        with pytest.raises(ApiError):
            cluster.load(obj)


class TestUpdate:
    def test_without_effect_changes_nothing(self, cluster: Cluster) -> None:
        created = cluster.create(config_map("a", {"k": "v"}))
        writes = cluster.writes
        assert cluster.update(created) == created
        assert cluster.writes == writes

    def test_of_an_older_version_is_a_conflict(self, cluster: Cluster) -> None:
        created = cluster.create(config_map("a", {"k": "v"}))
        cluster.update({**created, "data": {"k": "w"}})
        with pytest.raises(ApiError) as refused:
            cluster.update({**created, "data": {"k": "x"}})
        assert (refused.value.code, refused.value.reason) == (409, "Conflict")

    def test_bumps_the_generation_unless_only_metadata_changed(self, cluster: Cluster) -> None:
        cluster.create(policy())
        labelled = cluster.patch(
            "networking.k8s.io/v1", "NetworkPolicy", "p", {"metadata": {"labels": {"a": "b"}}}, "default"
        )
        assert labelled["metadata"]["generation"] == 1
        changed = cluster.patch("networking.k8s.io/v1", "NetworkPolicy", "p", {"spec": {"ingress": []}}, "default")
        assert changed["metadata"]["generation"] == 2

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (secret(type="Opaque"), secret(type="kubernetes.io/tls")),
            (secret(immutable=True, data={"k": "dg=="}), secret(immutable=True, data={"k": "dw=="})),
            (secret(immutable=True), secret(immutable=False)),
            ({**config_map("a", {"k": "v"}), "immutable": True}, {**config_map("a", {"k": "w"}), "immutable": True}),
            (binding("one"), binding("two")),
        ],
    )
    def test_of_an_immutable_field_is_refused(self, cluster: Cluster, before: Json, after: Json) -> None:
        cluster.create(before)
        for write in (cluster.update, lambda obj: cluster.apply(obj, force=True)):
            with pytest.raises(ApiError) as refused:
                write(after)
            assert refused.value.code == 422


def test_an_apply_without_a_type_keeps_a_secrets_type(cluster: Cluster) -> None:
    cluster.create(secret(type="kubernetes.io/tls"))
    assert cluster.apply(secret(data={"k": "dg=="}))["type"] == "kubernetes.io/tls"
    assert cluster.create(secret("other"))["type"] == "Opaque"
    with pytest.raises(ApiError, match="immutable"):
        cluster.update(secret())


class TestStatus:
    def test_is_written_only_through_its_subresource(self, cluster: Cluster) -> None:
        cluster.create(crd("Fan", "fans"))
        created = cluster.create({**fan(), "status": {"ignored": True}})
        assert "status" not in created
        written = cluster.update_status({**created, "spec": {"ignored": 1}, "status": {"ok": True}})
        assert (written["spec"], written["status"]) == ({}, {"ok": True})
        assert written["metadata"]["generation"] == 1
        updated = cluster.update({**written, "spec": {"x": 1}, "status": {"ok": False}})
        assert (updated["spec"], updated["status"]) == ({"x": 1}, {"ok": True})

    def test_without_subresource_is_a_field_like_any_other(self, cluster: Cluster) -> None:
        cluster.create(crd("Fan", "fans", status=False))
        created = cluster.create({**fan(), "status": {"ok": True}})
        assert created["status"] == {"ok": True}
        assert cluster.update({**created, "status": {"ok": False}})["metadata"]["generation"] == 2
        with pytest.raises(ApiError):
            cluster.update_status({**created, "status": {}})


class TestDelete:
    def test_removes_at_once_without_finalizers(self, cluster: Cluster) -> None:
        cluster.create(config_map("a"))
        cluster.delete("v1", "ConfigMap", "a", "default")
        assert cluster.find("v1", "ConfigMap", "a", "default") is None

    def test_waits_for_the_last_finalizer(self, cluster: Cluster) -> None:
        cluster.create(config_map("a", finalizers=["x/y"]))
        cluster.delete("v1", "ConfigMap", "a", "default")
        waiting = cluster.get("v1", "ConfigMap", "a", "default")
        assert waiting["metadata"]["deletionTimestamp"] == cluster.now
        with pytest.raises(ApiError):
            cluster.patch("v1", "ConfigMap", "a", {"metadata": {"finalizers": ["x/y", "x/z"]}}, "default")
        cluster.patch("v1", "ConfigMap", "a", {"metadata": {"finalizers": []}}, "default")
        assert cluster.find("v1", "ConfigMap", "a", "default") is None

    def test_marking_bumps_the_generation(self, cluster: Cluster) -> None:
        cluster.create({**policy(), "metadata": {**policy()["metadata"], "finalizers": ["x/y"]}})
        cluster.delete("networking.k8s.io/v1", "NetworkPolicy", "p", "default")
        assert cluster.get("networking.k8s.io/v1", "NetworkPolicy", "p", "default")["metadata"]["generation"] == 2

    def test_of_another_uid_is_a_conflict(self, cluster: Cluster) -> None:
        cluster.create(config_map("a"))
        with pytest.raises(ApiError, match="Precondition failed"):
            cluster.delete("v1", "ConfigMap", "a", "default", uid="another")


class TestNamespaces:
    def test_take_their_contents_with_them(self, cluster: Cluster) -> None:
        cluster.create(namespace("t"))
        cluster.create(config_map("a", ns="t"))
        cluster.delete("v1", "Namespace", "t")
        assert cluster.get("v1", "Namespace", "t")["status"] == {"phase": "Terminating"}
        with pytest.raises(ApiError) as refused:
            cluster.create(config_map("b", ns="t"))
        assert refused.value.code == 403
        cluster.housekeep()
        assert cluster.find("v1", "ConfigMap", "a", "t") is None
        assert cluster.find("v1", "Namespace", "t") is None

    def test_stay_as_long_as_something_in_them_does(self, cluster: Cluster) -> None:
        cluster.create(namespace("t"))
        cluster.create(config_map("a", ns="t", finalizers=["x/y"]))
        cluster.delete("v1", "Namespace", "t")
        cluster.collect_garbage()
        assert cluster.find("v1", "Namespace", "t") is not None
        cluster.patch("v1", "ConfigMap", "a", {"metadata": {"finalizers": None}}, "t")
        cluster.collect_garbage()
        assert cluster.find("v1", "Namespace", "t") is None

    def test_exist_from_the_start_if_wanted(self) -> None:
        names = [obj["metadata"]["name"] for obj in Cluster().list("v1", "Namespace")]
        assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]
        assert Cluster(namespaces=()).list("v1", "Namespace") == []
        assert Cluster().get("v1", "Namespace", "default")["metadata"]["labels"] == {
            "kubernetes.io/metadata.name": "default"
        }


def owned_by(owner: Json, name: str, **fields: Any) -> Json:
    meta = owner["metadata"]
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": meta["name"], "uid": meta["uid"]}
    return config_map(name, ownerReferences=[{**reference, **fields}])


class TestGarbage:
    def test_is_what_has_lost_its_owners_and_what_that_owned(self, cluster: Cluster) -> None:
        owner = cluster.create(config_map("owner"))
        child = cluster.create(owned_by(owner, "child"))
        cluster.create(owned_by(child, "grandchild"))
        cluster.delete("v1", "ConfigMap", "owner", "default")
        assert cluster.collect_garbage()
        assert cluster.list("v1", "ConfigMap", "default") == []
        assert not cluster.collect_garbage()

    def test_includes_what_is_created_for_an_owner_that_is_already_deleted(self, cluster: Cluster) -> None:
        owner = cluster.create(config_map("owner"))
        cluster.delete("v1", "ConfigMap", "owner", "default")
        cluster.create(owned_by(owner, "late"))
        cluster.collect_garbage()
        assert cluster.find("v1", "ConfigMap", "late", "default") is None

    def test_is_not_what_has_another_owner(self, cluster: Cluster) -> None:
        one, two = cluster.create(config_map("one")), cluster.create(config_map("two"))
        child = owned_by(one, "child")
        child["metadata"]["ownerReferences"] += owned_by(two, "child")["metadata"]["ownerReferences"]
        cluster.create(child)
        cluster.delete("v1", "ConfigMap", "one", "default")
        cluster.collect_garbage()
        left = cluster.get("v1", "ConfigMap", "child", "default")
        assert [owner["name"] for owner in left["metadata"]["ownerReferences"]] == ["two"]

    def test_orphans_stay(self, cluster: Cluster) -> None:
        owner = cluster.create(config_map("owner"))
        cluster.create(owned_by(owner, "child"))
        cluster.delete("v1", "ConfigMap", "owner", "default", propagation="Orphan")
        cluster.collect_garbage()
        assert cluster.find("v1", "ConfigMap", "owner", "default") is None
        assert "ownerReferences" not in cluster.get("v1", "ConfigMap", "child", "default")["metadata"]

    def test_in_the_foreground_goes_before_its_owner(self, cluster: Cluster) -> None:
        owner = cluster.create(config_map("owner"))
        child = owned_by(owner, "child", blockOwnerDeletion=True)
        child["metadata"]["finalizers"] = ["x/y"]
        cluster.create(child)
        cluster.delete("v1", "ConfigMap", "owner", "default", propagation="Foreground")
        cluster.collect_garbage()
        assert cluster.find("v1", "ConfigMap", "owner", "default") is not None
        cluster.patch("v1", "ConfigMap", "child", {"metadata": {"finalizers": None}}, "default")
        cluster.collect_garbage()
        assert cluster.list("v1", "ConfigMap", "default") == []


class TestCustomResources:
    def test_every_served_version_shows_the_same_object(self, cluster: Cluster) -> None:
        cluster.create(crd("Fan", "fans", versions=("v1", "v2")))
        cluster.create({**fan(), "apiVersion": "toys.dev/v2"})
        assert cluster.get("toys.dev/v1", "Fan", "one")["apiVersion"] == "toys.dev/v1"
        assert [obj["apiVersion"] for obj in cluster.list("toys.dev/v2", "Fan")] == ["toys.dev/v2"]

    def test_are_served_once_their_crd_is_established(self, cluster: Cluster) -> None:
        cluster.establishes_crds = False
        fresh = cluster.create(crd("Fan", "fans"))
        assert fresh["status"]["conditions"] is None
        with pytest.raises(ApiError):
            cluster.create(fan())
        cluster.establish("fans.toys.dev")
        cluster.create(fan())

    def test_go_with_their_crd(self, cluster: Cluster) -> None:
        cluster.create(crd("Fan", "fans"))
        kept = fan()
        kept["metadata"]["finalizers"] = ["x/y"]
        cluster.create(kept)
        cluster.delete("apiextensions.k8s.io/v1", "CustomResourceDefinition", "fans.toys.dev")
        with pytest.raises(ApiError) as refused:
            cluster.create(fan("two"))
        assert refused.value.code == 405
        cluster.collect_garbage()
        assert cluster.find("toys.dev/v1", "Fan", "one") is not None
        cluster.patch("toys.dev/v1", "Fan", "one", {"metadata": {"finalizers": None}})
        cluster.collect_garbage()
        assert cluster.list("apiextensions.k8s.io/v1", "CustomResourceDefinition") == []
        with pytest.raises(ApiError):
            cluster.list("toys.dev/v1", "Fan")


class TestAdmission:
    def test_sees_user_and_both_objects_and_may_refuse(self, cluster: Cluster) -> None:
        def no_edits_by_engine(operation: str, user: str, old: Json | None, new: Json | None) -> str | None:
            return "not yours" if user == "engine" and operation == "UPDATE" and old and new else None

        cluster.admission.append(no_edits_by_engine)
        cluster.create(config_map("a", {"k": "v"}), user="engine")
        with pytest.raises(ApiError, match="not yours") as refused:
            cluster.apply(config_map("a", {"k": "w"}), user="engine", force=True)
        assert refused.value.code == 422
        assert cluster.update(config_map("a", {"k": "w"}))["data"] == {"k": "w"}


def test_a_watch_shows_every_change_once(cluster: Cluster) -> None:
    watch = cluster.watch()
    cluster.create(config_map("a", {"k": "v"}), user="somebody")
    cluster.patch("v1", "ConfigMap", "a", {"data": {"k": "w"}}, "default")
    cluster.delete("v1", "ConfigMap", "a", "default")
    events = watch.drain()
    assert [(bool(event.old), bool(event.new)) for event in events] == [(False, True), (True, True), (True, False)]
    assert events[0].user == "somebody"
    assert watch.drain() == []
