"""The engine in memory calls hooks and carries out what they answer, as Metacontroller does."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from memcluster import Cluster, Engine, EngineCrash, HookError, Loop
from toys import Hooks, Json, composite, config_map, crd, decorator, fan, fan_out, namespace, new_cluster


def world(
    hooks: Any, *objects: Json, namespaces: tuple[str, ...] = ("a", "b"), **options: Any
) -> tuple[Cluster, Engine]:
    cluster = new_cluster()
    for name in namespaces:
        cluster.create(namespace(name))
    cluster.create(crd("Fan", "fans"))
    engine = Engine(cluster, hooks, **options)
    for obj in objects:
        cluster.create(obj)
    engine.run()
    return cluster, engine


def copies(cluster: Cluster) -> dict[str, Any]:
    found = cluster.list("v1", "ConfigMap")
    return {obj["metadata"]["namespace"]: obj["data"] for obj in found if obj["metadata"]["name"] == "copy"}


class TestChildren:
    def test_are_created_changed_and_deleted_as_the_hook_wants(self) -> None:
        cluster, engine = world(Hooks(fans__sync=fan_out), composite(), fan(namespaces=["a", "b"]))
        assert copies(cluster) == {"a": {"k": "v"}, "b": {"k": "v"}}
        cluster.patch("toys.dev/v1", "Fan", "one", {"spec": {"namespaces": ["b"], "data": {"k": "w"}}})
        engine.run()
        assert copies(cluster) == {"b": {"k": "w"}}

    def test_belong_to_the_parent_and_carry_the_generated_label(self) -> None:
        cluster, _ = world(Hooks(fans__sync=fan_out), composite(), fan(namespaces=["a"]))
        parent = cluster.get("toys.dev/v1", "Fan", "one")
        child = cluster.get("v1", "ConfigMap", "copy", "a")
        assert child["metadata"]["labels"] == {"controller-uid": parent["metadata"]["uid"]}
        assert child["metadata"]["ownerReferences"] == [
            {
                "apiVersion": "toys.dev/v1",
                "kind": "Fan",
                "name": "one",
                "uid": parent["metadata"]["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ]
        assert [each["manager"] for each in child["metadata"]["managedFields"]] == ["metacontroller"]

    def test_edited_or_deleted_by_others_are_put_back(self) -> None:
        cluster, engine = world(Hooks(fans__sync=fan_out), composite(), fan(namespaces=["a", "b"]))
        cluster.patch("v1", "ConfigMap", "copy", {"data": {"k": "hacked", "mine": "1"}}, "a")
        cluster.delete("v1", "ConfigMap", "copy", "b")
        engine.run()
        assert copies(cluster) == {"a": {"k": "v", "mine": "1"}, "b": {"k": "v"}}

    def test_go_with_their_parent(self) -> None:
        cluster, engine = world(Hooks(fans__sync=fan_out), composite(), fan(namespaces=["a", "b"]))
        cluster.delete("toys.dev/v1", "Fan", "one")
        engine.run()
        assert copies(cluster) == {}

    def test_of_a_cluster_scoped_kind_with_a_namespace_are_deleted_and_created_for_ever(self) -> None:
        def sync(body: Json) -> Json:
            return {
                "children": [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x", "namespace": "a"}}]
            }

        rules = [{"apiVersion": "v1", "resource": "namespaces", "updateStrategy": {"method": "InPlace"}}]
        cluster, engine = world(Hooks(fans__sync=sync), composite(childResources=rules))
        cluster.create(fan())
        with pytest.raises(Loop, match="CompositeController fans syncing one keeps changing namespaces x"):
            engine.run(max_steps=200)

    def test_one_rejected_does_not_stop_the_others_nor_the_status(self) -> None:
        cluster, engine = world(Hooks(fans__sync=fan_out), composite(), fan(namespaces=["missing", "a"]))
        assert copies(cluster) == {"a": {"k": "v"}}
        assert cluster.get("toys.dev/v1", "Fan", "one")["status"] == {"seen": 1, "observedGeneration": 1}
        assert 'namespaces "missing" not found' in next(iter(engine.errors.values()))
        cluster.create(namespace("missing"))
        engine.run()
        assert set(copies(cluster)) == {"missing", "a"}
        assert engine.errors == {}

    def test_whose_labels_the_selector_would_not_match_fail_the_whole_sync(self) -> None:
        def poisoned(body: Json) -> Json:
            children = [config_map("copy", {}, "a", labels={"controller-uid": "foreign"}), config_map("other", {}, "a")]
            return {"children": children, "status": {"seen": 1}}

        cluster, engine = world(Hooks(fans__sync=poisoned), composite(), fan())
        assert cluster.list("v1", "ConfigMap", "a") == []
        assert "status" not in cluster.get("toys.dev/v1", "Fan", "one")
        assert "don't match parent selector" in next(iter(engine.errors.values()))

    def test_take_over_an_object_of_the_same_name(self) -> None:
        cluster, engine = world(Hooks(fans__sync=fan_out), composite(), config_map("copy", {"x": "1"}, "a"))
        cluster.create(fan(namespaces=["a"]))
        engine.run()
        assert copies(cluster) == {"a": {"k": "v", "x": "1"}}

    def test_controlled_by_somebody_else_are_refused(self) -> None:
        other = {"apiVersion": "v1", "kind": "Node", "name": "n", "controller": True}
        cluster, engine = world(Hooks(fans__sync=fan_out), composite())
        owner = cluster.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
        reference = {**other, "uid": owner["metadata"]["uid"]}
        cluster.create(config_map("copy", {"x": "1"}, "a", ownerReferences=[reference]))
        cluster.create(fan(namespaces=["a"]))
        engine.run()
        assert copies(cluster) == {"a": {"x": "1"}}
        assert "Only one reference can have Controller" in next(iter(engine.errors.values()))

    def test_on_delete_is_the_default_method_and_changes_nothing(self) -> None:
        rules = [{"apiVersion": "v1", "resource": "configmaps"}]
        cluster, engine = world(Hooks(fans__sync=fan_out), composite(childResources=rules), fan(namespaces=["a"]))
        cluster.patch("v1", "ConfigMap", "copy", {"data": {"k": "hacked"}}, "a")
        engine.run()
        assert copies(cluster) == {"a": {"k": "hacked"}}


class TestClaims:
    def test_an_orphan_with_the_label_is_adopted_and_deleted_if_not_desired(self) -> None:
        cluster, engine = world(Hooks(fans__sync=fan_out), composite(), fan(namespaces=["a"]))
        uid = cluster.get("toys.dev/v1", "Fan", "one")["metadata"]["uid"]
        cluster.create(config_map("stray", {}, "b", labels={"controller-uid": uid}))
        engine.run()
        assert cluster.find("v1", "ConfigMap", "stray", "b") is None

    def test_a_child_without_the_label_is_released_and_applied_again(self) -> None:
        cluster, engine = world(Hooks(fans__sync=fan_out), composite(), fan(namespaces=["a"]))
        watch = cluster.watch()
        cluster.patch("v1", "ConfigMap", "copy", {"metadata": {"labels": None}}, "a")
        engine.run()
        child = cluster.get("v1", "ConfigMap", "copy", "a")
        assert "controller-uid" in child["metadata"]["labels"]
        assert len(child["metadata"]["ownerReferences"]) == 1
        released = [event for event in watch.drain() if event.new and not event.new["metadata"].get("ownerReferences")]
        assert released

    def test_the_parents_own_selector_works_as_the_generated_one(self) -> None:
        def sync(body: Json) -> Json:
            return {"children": [config_map("copy", {}, "a", labels={"app": "x"})]}

        selector = {"matchLabels": {"app": "x"}}
        cluster, engine = world(Hooks(fans__sync=sync), composite(generateSelector=False), fan(selector=selector))
        assert copies(cluster) == {"a": {}}
        cluster.create(fan("two"))
        engine.run()
        assert ".spec.selector must have" in next(iter(engine.errors.values()))


class TestApplyCache:
    def sync(self, body: Json) -> Json:
        policy = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "copy", "namespace": "a", "labels": {"ours": "1"}},
            "spec": {"podSelector": {}},
        }
        return {"children": [policy]}

    RULES = (
        {"apiVersion": "networking.k8s.io/v1", "resource": "networkpolicies", "updateStrategy": {"method": "InPlace"}},
    )

    def test_label_drift_on_a_kind_with_a_generation_stays_until_the_engine_restarts(self) -> None:
        cluster, engine = world(Hooks(fans__sync=self.sync), composite(childResources=list(self.RULES)), fan())

        def ours() -> Any:
            return cluster.get("networking.k8s.io/v1", "NetworkPolicy", "copy", "a")["metadata"]["labels"].get("ours")

        cluster.patch("networking.k8s.io/v1", "NetworkPolicy", "copy", {"metadata": {"labels": {"ours": None}}}, "a")
        engine.run()
        assert ours() is None
        engine.restart()
        engine.run()
        assert ours() == "1"

    def test_spec_drift_is_repaired(self) -> None:
        cluster, engine = world(Hooks(fans__sync=self.sync), composite(childResources=list(self.RULES)), fan())
        drift = {"spec": {"podSelector": {"matchLabels": {"x": "y"}}}}
        cluster.patch("networking.k8s.io/v1", "NetworkPolicy", "copy", {"spec": {"podSelector": None}}, "a")
        engine.run()
        assert cluster.get("networking.k8s.io/v1", "NetworkPolicy", "copy", "a")["spec"] == {"podSelector": {}}
        cluster.patch("networking.k8s.io/v1", "NetworkPolicy", "copy", drift, "a")
        engine.run()
        assert cluster.get("networking.k8s.io/v1", "NetworkPolicy", "copy", "a")["metadata"]["generation"] >= 3


class TestParents:
    def test_the_request_has_the_engines_shape(self) -> None:
        hooks = Hooks(fans__sync=fan_out)
        world(hooks, composite(), fan(namespaces=["a"]))
        _, body = hooks.requests[-1]
        assert set(body) == {"controller", "parent", "children", "related", "finalizing"}
        assert body["controller"]["status"] == {}
        assert list(body["children"]) == ["ConfigMap.v1"]
        assert list(body["children"]["ConfigMap.v1"]) == ["a/copy"]
        assert body["related"] == {}
        assert body["finalizing"] is False

    def test_outside_the_label_selector_are_left_alone(self) -> None:
        hooks = Hooks(fans__sync=fan_out)
        selector = {"labelSelector": {"matchExpressions": [{"key": "on", "operator": "Exists"}]}}
        cluster, engine = world(hooks, composite(parent=selector), fan(namespaces=["a"]))
        assert hooks.requests == []
        cluster.patch("toys.dev/v1", "Fan", "one", {"metadata": {"labels": {"on": "1"}}})
        engine.run()
        assert set(copies(cluster)) == {"a"}

    @pytest.mark.parametrize(("ignores", "calls"), [(True, 0), (False, 1)])
    def test_status_changes_can_be_ignored(self, ignores: bool, calls: int) -> None:
        hooks = Hooks(fans__sync=lambda body: {"children": [], "status": body["parent"].get("status")})
        cluster, engine = world(hooks, composite(parent={"ignoreStatusChanges": ignores}), fan())
        hooks.requests.clear()
        parent = cluster.get("toys.dev/v1", "Fan", "one")
        cluster.update_status({**parent, "status": {**parent["status"], "x": 1}})
        engine.run()
        assert hooks.count("sync") == calls

    def test_a_status_that_never_settles_is_a_loop(self) -> None:
        def count_up(body: Json) -> Json:
            return {"children": [], "status": {"n": body["parent"].get("status", {}).get("n", 0) + 1}}

        cluster, engine = world(Hooks(fans__sync=count_up), composite())
        cluster.create(fan())
        with pytest.raises(Loop, match=r"CompositeController fans syncing one keeps changing fans one"):
            engine.run(max_steps=100)

    def test_finalize_is_asked_until_it_says_finalized(self) -> None:
        def finalize(body: Json) -> Json:
            assert body["finalizing"]
            return {"children": [], "finalized": not body["children"]["ConfigMap.v1"]}

        hooks = Hooks(fans__sync=fan_out, fans__finalize=finalize)
        cluster, engine = world(hooks, composite(hooks=("sync", "finalize")), fan(namespaces=["a"]))
        finalizers = cluster.get("toys.dev/v1", "Fan", "one")["metadata"]["finalizers"]
        assert finalizers == ["metacontroller.io/compositecontroller-fans"]
        cluster.delete("toys.dev/v1", "Fan", "one")
        engine.run()
        assert cluster.find("toys.dev/v1", "Fan", "one") is None
        assert copies(cluster) == {}
        assert hooks.count("finalize") == 2


class TestTime:
    """Answers of hooks may depend on the time: the engine is at rest when nothing was written for a while."""

    @staticmethod
    def moments(sync: Callable[[str, float], Json], *parents: str, **options: Any) -> tuple[Cluster, list[str]]:
        """Run with a hook that knows its parent and the seconds since the start; answer when it was called."""
        calls: list[str] = []
        cluster = new_cluster()
        start = cluster.clock

        def hook(body: Json) -> Json:
            name, passed = body["parent"]["metadata"]["name"], (cluster.clock - start).total_seconds()
            calls.append(f"{name} {passed:g}")
            return sync(name, passed)

        for obj in (crd("Fan", "fans"), composite(), *map(fan, parents)):
            cluster.create(obj)
        Engine(cluster, Hooks(fans__sync=hook)).run(**options)
        return cluster, calls

    @staticmethod
    def phases(every: float, *seconds: float) -> Callable[[str, float], Json]:
        """A status that says how many of these moments are past."""

        def sync(_: str, passed: float) -> Json:
            phase = sum(passed >= moment for moment in seconds)
            return {"children": [], "status": {"phase": phase}, "resyncAfterSeconds": every}

        return sync

    def phase(self, every: float, *seconds: float, **options: Any) -> Any:
        cluster, _ = self.moments(self.phases(every, *seconds), "one", **options)
        return cluster.get("toys.dev/v1", "Fan", "one")["status"]["phase"]

    def test_an_answer_that_changes_a_minute_later_is_waited_for(self) -> None:
        assert self.phase(1, 2, 60) == 2

    def test_each_write_starts_the_wait_again(self) -> None:
        assert self.phase(30, 60, 120, 180) == 3

    def test_an_answer_that_changes_after_the_quiet_is_not_waited_for(self) -> None:
        assert self.phase(1, 60, quiet_seconds=50) == 0

    def test_no_timer_fires_after_the_quiet(self) -> None:
        cluster, _ = self.moments(self.phases(1000), "one")
        assert cluster.now == "2024-01-01T00:00:00Z"

    def test_timers_fire_in_order_of_time(self) -> None:
        def sync(name: str, _: float) -> Json:
            return {"children": [], "resyncAfterSeconds": {"slow": 30, "fast": 12}[name]}

        _, calls = self.moments(sync, "slow", "fast", quiet_seconds=40)
        assert calls[-4:] == ["fast 12", "fast 24", "slow 30", "fast 36"]


class TestAnswers:
    def test_an_unknown_field_fails_the_sync(self) -> None:
        cluster, engine = world(Hooks(fans__sync=lambda body: {"children": [], "attachments": []}), composite(), fan())
        assert "unknown field attachments" in next(iter(engine.errors.values()))
        assert "status" not in cluster.get("toys.dev/v1", "Fan", "one")

    def test_a_null_child_ends_the_engine(self) -> None:
        with pytest.raises(EngineCrash):
            world(Hooks(fans__sync=lambda body: {"children": [None]}), composite(), fan())

    def test_a_failing_hook_is_asked_again(self) -> None:
        failures = [HookError("500"), HookError("503")]

        def flaky(body: Json) -> Json:
            if failures:
                raise failures.pop()
            return {"children": [], "status": {"fine": True}}

        cluster, _ = world(Hooks(fans__sync=flaky), composite(), fan())
        assert cluster.get("toys.dev/v1", "Fan", "one")["status"]["fine"]

    def test_a_hook_that_always_fails_does_not_prevent_rest(self) -> None:
        _, engine = world(Hooks(), composite(), fan())
        assert list(engine.errors.values()) == ["404 http://hooks/fans/sync"]

    def test_resync_after_seconds_moves_the_clock_and_does_not_prevent_rest(self) -> None:
        hooks = Hooks(fans__sync=lambda body: {"children": [], "resyncAfterSeconds": 30})
        cluster, _ = world(hooks, composite(), fan())
        assert 2 <= hooks.count("sync") <= 6
        assert cluster.now > "2024-01-01T00:00:25Z"

    def test_whole_numbers_become_integers_on_the_way(self) -> None:
        cluster, _ = world(Hooks(fans__sync=lambda body: {"children": [], "status": {"n": 30.0}}), composite(), fan())
        assert repr(cluster.get("toys.dev/v1", "Fan", "one")["status"]["n"]) == "30"


def relating(*rules: Json) -> Hooks:
    def sync(body: Json) -> Json:
        related = {kind: sorted(group) for kind, group in body["related"].items()}
        return {"children": [], "status": {"related": related}}

    return Hooks(fans__sync=sync, fans__customize=lambda body: {"relatedResources": list(rules)})


def rule(**fields: Any) -> Json:
    return {"apiVersion": "v1", "resource": "configmaps", **fields}


RELATED = [
    ("names in a namespace", rule(namespace="a", names=["x"]), ["a/x"]),
    ("names anywhere", rule(names=["x"]), ["a/x", "b/x"]),
    ("empty names relate everything", rule(names=[]), ["a/x", "a/y", "b/x"]),
    ("labels", rule(labelSelector={"matchLabels": {"l": "1"}}), ["a/y"]),
    ("labels in a namespace", rule(namespace="b", labelSelector={}), ["b/x"]),
    ("namespaces by label", rule(namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "b"}}), ["b/x"]),
    ("nothing found still has its key", rule(names=["nothing"]), []),
]


class TestRelated:
    @pytest.mark.parametrize(("why", "related_rule", "found"), RELATED, ids=[row[0] for row in RELATED])
    def test_rules(self, why: str, related_rule: Json, found: list[str]) -> None:
        objects = (config_map("x", ns="a"), config_map("y", ns="a", labels={"l": "1"}), config_map("x", ns="b"))
        controller = composite(hooks=("sync", "customize"))
        cluster, _ = world(relating(related_rule), controller, *objects, fan())
        status = cluster.get("toys.dev/v1", "Fan", "one")["status"]
        assert status["related"] == {"ConfigMap.v1": found}

    def test_keys_of_grouped_kinds(self) -> None:
        crds = {
            "apiVersion": "apiextensions.k8s.io/v1",
            "resource": "customresourcedefinitions",
            "names": ["fans.toys.dev"],
        }
        cluster, _ = world(relating(crds), composite(hooks=("sync", "customize")), fan())
        status = cluster.get("toys.dev/v1", "Fan", "one")["status"]
        assert status["related"] == {"CustomResourceDefinition.apiextensions.k8s.io/v1": ["fans.toys.dev"]}

    def test_a_change_of_a_related_object_wakes_the_parent_also_when_it_stops_matching(self) -> None:
        hooks = relating(rule(labelSelector={"matchLabels": {"l": "1"}}))
        controller = composite(hooks=("sync", "customize"))
        cluster, engine = world(hooks, controller, config_map("x", ns="a", labels={"l": "1"}), fan())
        cluster.patch("v1", "ConfigMap", "x", {"metadata": {"labels": None}}, "a")
        engine.run()
        assert cluster.get("toys.dev/v1", "Fan", "one")["status"]["related"] == {"ConfigMap.v1": []}

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            (rule(names=["x"], labelSelector={}), "cannot have both names and labelSelector"),
            (rule(namespace="a", namespaceSelector={}), "cannot have both namespace and namespaceSelector"),
            ({"apiVersion": "v1", "resource": "nothings", "names": ["x"]}, "can't find resource nothings"),
            (rule(names=["x"], name="x"), "unknown field name"),
        ],
    )
    def test_an_invalid_rule_fails_the_whole_sync(self, wrong: Json, message: str) -> None:
        cluster, engine = world(relating(wrong), composite(hooks=("sync", "customize")), fan())
        assert message in next(iter(engine.errors.values()))
        assert "status" not in cluster.get("toys.dev/v1", "Fan", "one")

    def test_rules_are_asked_once_per_generation(self) -> None:
        hooks = relating(rule(names=["x"]))
        cluster, engine = world(hooks, composite(hooks=("sync", "customize")), fan())
        cluster.patch("toys.dev/v1", "Fan", "one", {"metadata": {"annotations": {"a": "b"}}})
        engine.run()
        assert hooks.count("customize") == 1
        cluster.patch("toys.dev/v1", "Fan", "one", {"spec": {"x": 1}})
        engine.run()
        assert hooks.count("customize") == 2


class TestControllers:
    def test_start_when_their_kinds_appear_and_stop_when_deleted(self) -> None:
        hooks = Hooks(fans__sync=lambda body: {"children": []})
        rules = [{"apiVersion": "toys.dev/v1", "resource": "blades", "updateStrategy": {"method": "InPlace"}}]
        cluster, engine = world(hooks, composite(childResources=rules), fan())
        assert engine.controllers == []
        cluster.create(crd("Blade", "blades", "Namespaced"))
        engine.run()
        assert engine.controllers == ["CompositeController fans"]
        cluster.delete("metacontroller.k8s.io/v1alpha1", "CompositeController", "fans")
        engine.run()
        assert engine.controllers == []

    def test_a_changed_spec_restarts_and_forgets_the_rules(self) -> None:
        hooks = relating(rule(names=["x"]))
        cluster, engine = world(hooks, composite(hooks=("sync", "customize")), fan())
        cluster.patch(
            "metacontroller.k8s.io/v1alpha1", "CompositeController", "fans", {"metadata": {"labels": {"x": "y"}}}
        )
        engine.run()
        assert hooks.count("customize") == 1
        cluster.patch(
            "metacontroller.k8s.io/v1alpha1", "CompositeController", "fans", {"spec": {"resyncPeriodSeconds": 60}}
        )
        engine.run()
        assert hooks.count("customize") == 2

    def test_parents_without_a_status_subresource_are_ignored(self) -> None:
        cluster = new_cluster()
        cluster.create(crd("Fan", "fans", status=False))
        cluster.create(composite())
        engine = Engine(cluster, Hooks())
        engine.run()
        assert engine.controllers == []
        assert engine.errors == {}

    def test_may_be_children_themselves(self) -> None:
        def sync(body: Json) -> Json:
            return {"children": [composite("blades", parent={"apiVersion": "toys.dev/v1", "resource": "blades"})]}

        rules = [
            {
                "apiVersion": "metacontroller.k8s.io/v1alpha1",
                "resource": "compositecontrollers",
                "updateStrategy": {"method": "InPlace"},
            }
        ]
        hooks = Hooks(fans__sync=sync)
        _, engine = world(hooks, crd("Blade", "blades"), composite(childResources=rules), fan())
        assert engine.controllers == ["CompositeController fans", "CompositeController blades"]

    def test_a_service_and_a_path_make_a_url(self) -> None:
        hook = {
            "version": "v2",
            "webhook": {"service": {"name": "svc", "namespace": "ns", "port": 8080}, "path": "/sync?v=1"},
        }
        hooks = Hooks()
        hooks.functions = {"http://svc.ns:8080/sync?v=1": fan_out}
        definition = composite()
        definition["spec"]["hooks"] = {"sync": hook}
        cluster, _ = world(hooks, definition, fan())
        assert cluster.get("toys.dev/v1", "Fan", "one")["status"]["seen"] == 0


class TestDecorators:
    def test_write_status_labels_and_annotations_and_null_leaves_the_status(self) -> None:
        answers: list[Json] = [{"status": {"ok": True}, "labels": {"l": "1"}, "annotations": {"a": None}}]
        hooks = Hooks(marks__sync=lambda body: answers[-1])
        parent = fan()
        parent["metadata"]["annotations"] = {"a": "x"}
        cluster, engine = world(hooks, decorator(), parent)
        found = cluster.get("toys.dev/v1", "Fan", "one")
        assert found["status"] == {"ok": True}
        assert found["metadata"]["labels"] == {"l": "1"}
        assert "annotations" not in found["metadata"]
        answers.append({"status": None, "labels": {"l": "2"}})
        engine.resync()
        engine.run()
        found = cluster.get("toys.dev/v1", "Fan", "one")
        assert (found["status"], found["metadata"]["labels"]) == ({"ok": True}, {"l": "2"})

    def test_the_request_has_the_engines_shape(self) -> None:
        hooks = Hooks(marks__sync=lambda body: {})
        world(hooks, decorator(), fan())
        assert set(hooks.requests[0][1]) == {"controller", "object", "attachments", "related", "finalizing"}

    def test_hold_their_parent_until_finalized_and_leave_the_finalizer_when_deleted(self) -> None:
        ready: list[bool] = []
        hooks = Hooks(marks__sync=lambda body: {}, marks__finalize=lambda body: {"finalized": bool(ready)})
        cluster, engine = world(hooks, decorator(hooks=("sync", "finalize")), fan(), fan("two"))
        cluster.delete("toys.dev/v1", "Fan", "one")
        engine.run()
        waiting = cluster.get("toys.dev/v1", "Fan", "one")
        assert waiting["metadata"]["finalizers"] == ["metacontroller.io/decoratorcontroller-marks"]
        ready.append(True)
        engine.resync()
        engine.run()
        assert cluster.find("toys.dev/v1", "Fan", "one") is None
        cluster.delete("metacontroller.k8s.io/v1alpha1", "DecoratorController", "marks")
        engine.run()
        cluster.delete("toys.dev/v1", "Fan", "two")
        engine.run()
        assert cluster.find("toys.dev/v1", "Fan", "two") is not None

    def test_a_parent_changed_meanwhile_ends_the_sync_without_an_error(self) -> None:
        cluster = new_cluster()
        raced: list[bool] = []

        def sync(body: Json) -> Json:
            if not raced:
                raced.append(True)
                cluster.patch("toys.dev/v1", "Fan", "one", {"metadata": {"labels": {"somebody": "else"}}})
            return {"status": {"ok": True}}

        cluster.create(crd("Fan", "fans"))
        cluster.create(decorator())
        cluster.create(fan())
        engine = Engine(cluster, Hooks(marks__sync=sync))
        engine.run()
        found = cluster.get("toys.dev/v1", "Fan", "one")
        assert (found["status"], found["metadata"]["labels"]) == ({"ok": True}, {"somebody": "else"})
        assert engine.errors == {}

    def test_a_hook_with_etag_gets_the_last_one_that_it_gave_for_this_parent(self) -> None:
        sent = iter(["1", "", "3"])

        def hook(url: str, body: Json, headers: dict[str, str]) -> Json:
            got.append(headers.get("If-None-Match", ""))
            headers["ETag"] = next(sent)
            return {}

        got: list[str] = []
        definition = decorator()
        definition["spec"]["hooks"]["sync"]["webhook"]["etag"] = {"enabled": True}
        _, engine = world(hook, definition, fan())
        engine.resync()
        engine.run()
        engine.restart()
        engine.run()
        assert got == ["", "1", ""], "none in an answer leaves the last one; a new process has none"

    def test_attachments_are_those_it_made(self) -> None:
        definition = decorator(resource={"apiVersion": "v1", "resource": "secrets"})
        definition["spec"]["attachments"] = [
            {"apiVersion": "v1", "resource": "configmaps", "updateStrategy": {"method": "InPlace"}}
        ]
        attach = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "beside"}, "data": {"k": "v"}}
        hooks = Hooks(marks__sync=lambda body: {"attachments": [attach]})
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "a"}}
        cluster, engine = world(hooks, definition, secret)
        assert cluster.get("v1", "ConfigMap", "beside", "a")["metadata"]["annotations"] == {
            "metacontroller.k8s.io/decorator-controller": "marks"
        }
        cluster.patch("v1", "ConfigMap", "beside", {"data": {"k": "hacked"}}, "a")
        engine.run()
        assert cluster.get("v1", "ConfigMap", "beside", "a")["data"] == {"k": "v"}


class TestOrder:
    @pytest.mark.parametrize("seed", range(10))
    def test_any_order_of_work_ends_the_same(self, seed: int) -> None:
        chance = random.Random(seed)
        cluster, engine = world(Hooks(fans__sync=fan_out), composite(), choose=chance.choice)
        for name in "xyz":
            cluster.create(fan(name, namespaces=["a"] if name == "x" else []))
        cluster.delete("v1", "Namespace", "b")
        cluster.create(fan("late", namespaces=["default"]))
        engine.run()
        assert set(copies(cluster)) == {"a", "default"}
        assert cluster.find("v1", "Namespace", "b") is None

    def test_a_restarted_engine_changes_nothing(self) -> None:
        cluster, engine = world(Hooks(fans__sync=fan_out), composite(), fan(namespaces=["a", "b"]))
        before = cluster.everything()
        engine.restart()
        engine.run()
        assert cluster.everything() == before
