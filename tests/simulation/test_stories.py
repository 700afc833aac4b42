"""Bugs that histories have found, each as the shortest story that shows it."""

from __future__ import annotations

from typing import Any

import pytest

from memcluster import ApiError, Cluster, Engine
from object_syncer import rehearsal
from object_syncer.kube import api
from object_syncer.kube.meta import Json

SYNC = "sync.rustrial.org/v1alpha1"


def namespace(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def config_map(name: str, data: Json, ns: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": ns, "name": name}, "data": data}


def story(*objects: Json) -> tuple[Cluster, Engine]:
    """Return an installation at rest, with the namespaces a, b, c and these objects."""
    cluster = Cluster(("default",), resources=rehearsal.RESOURCES)
    engine = rehearsal.install(cluster)
    for obj in (*map(namespace, "abc"), *objects):
        cluster.create(obj)
    engine.run()
    return cluster, engine


def object_sync(name: str, *destinations: Json | str, ns: str = "a", source: str = "s", **spec: Any) -> Json:
    return {
        "apiVersion": SYNC,
        "kind": "ObjectSync",
        "metadata": {"namespace": ns, "name": name},
        "spec": {
            "source": {"group": "", "kind": "ConfigMap", "name": source},
            "destinations": [{"namespace": each} if isinstance(each, str) else each for each in destinations],
            **spec,
        },
    }


def status(cluster: Cluster, name: str, ns: str = "a") -> Json:
    found: Json = cluster.get(SYNC, "ObjectSync", name, ns)["status"]
    return found


def destinations(cluster: Cluster, name: str, ns: str = "a") -> dict[str, tuple[str, str]]:
    return {
        f"{each['namespace']}/{each['name']}": (each["state"], each.get("reason", ""))
        for each in status(cluster, name, ns)["destinations"]
    }


def test_while_the_source_is_missing_every_destination_is_listed() -> None:
    cluster, _ = story(object_sync("o", "b", "nowhere"))
    assert destinations(cluster, "o") == {
        "b/s": ("Pending", "SourceNotFound"),
        "nowhere/s": ("Pending", "NamespaceNotFound"),
    }


def test_a_destination_without_a_copy_shows_its_strategy() -> None:
    cluster, _ = story(config_map("s", {"k": "v"}, "a"), object_sync("o", {"namespace": "x", "strategy": "replace"}))
    assert [each["strategy"] for each in status(cluster, "o")["destinations"]] == ["replace"]


def test_a_destination_that_a_loop_denies_to_an_older_object_sync_may_go_to_a_younger_one() -> None:
    cluster, _ = story(
        config_map("s", {"k": "a"}, "a"),
        config_map("t", {"k": "c"}, "c"),
        object_sync("1", "b"),
        object_sync("2", "a", ns="b"),
        object_sync("3", {"namespace": "b", "name": "s"}, {"namespace": "a", "name": "s"}, ns="c", source="t"),
    )
    assert destinations(cluster, "2", "b") == {"a/s": ("Conflict", "Loop")}
    assert destinations(cluster, "3", "c") == {"a/s": ("Conflict", "Conflict"), "b/s": ("Conflict", "Conflict")}
    messages = {each["namespace"]: each["message"] for each in status(cluster, "3", "c")["destinations"]}
    assert "ObjectSync a/1 is older" in messages["b"]
    assert "left alone" in messages["a"]


def test_deleting_an_object_sync_of_a_circle_never_changes_the_source() -> None:
    cluster, engine = story(
        config_map("t", {"k": "precious"}, "a"),
        object_sync("1", {"namespace": "a", "name": "s"}, source="t"),
        object_sync("2", {"namespace": "a", "name": "t"}, source="s", conflictPolicy="Overwrite"),
    )
    assert destinations(cluster, "2") == {"a/t": ("Conflict", "Loop")}
    cluster.delete(SYNC, "ObjectSync", "1", "a")
    engine.run()
    assert cluster.get("v1", "ConfigMap", "t", "a")["data"] == {"k": "precious"}
    assert cluster.find("v1", "ConfigMap", "s", "a") is None


@pytest.mark.parametrize("missing", ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"])
def test_a_policy_without_a_binding_or_a_binding_without_a_policy_denies_nothing(missing: str) -> None:
    cluster, _ = story(config_map("theirs", {"k": "v"}, "a"))
    ours = config_map("theirs", {"k": "ours"}, "a")
    ours["metadata"]["labels"] = {"sync.rustrial.org/slice": "s-0"}
    with pytest.raises(ApiError, match="leaves it alone"):
        cluster.apply(ours, user=api.ENGINE_USER, force=True)
    cluster.delete("admissionregistration.k8s.io/v1", missing, api.GUARD)
    assert cluster.apply(ours, user=api.ENGINE_USER, force=True)["data"] == {"k": "ours"}
