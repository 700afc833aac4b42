"""What upstream (rustrial/k8s-object-syncer) does, line by line of the checklist; b lines are where we do better.

The number in a test's name is that of the line.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import yaml

from controlplane.client import ApiError, NotFoundError, Object
from controlplane.installation import Installation
from e2e.eventually import becomes, stays
from e2e.latencies import Latencies
from e2e.objects import (
    HOLD,
    MANAGED_BY,
    SOURCE_ANNOTATION,
    config_map,
    crd,
    cron_job,
    custom,
    object_sync,
    to,
)
from e2e.outages import stopped
from e2e.world import Sync, World

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
ROUNDS = 5
FAST = 0.005
"""Seconds between two looks where time is measured."""


def content(obj: Object) -> Object:
    """What a copy must have in common with its source."""
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}


def beyond(world: World, source: Object, home: str, name: str = "") -> set[str]:
    """Where copies of a wildcard's source are but should not be, or should be but are not."""
    name = name or source["metadata"]["name"]
    return world.where(source) ^ {f"{namespace}/{name}" for namespace in world.living() - {home}}


def test_p01_a_config_map_goes_to_all_namespaces_but_not_onto_itself(world: World) -> None:
    home, _, _ = world.namespace("home"), world.namespace(), world.namespace()
    source = world.config_map(home, {"k": "v"}, labels={"team": "blue"}, annotations={"note": "hello"})
    sync = world.sync(source, to("*"))
    becomes(lambda: beyond(world, source, home), set())
    sync.wait_in_sync()
    for copy in world.copies(source).values():
        assert content(copy) == content(source)
        assert copy["metadata"]["labels"].items() >= {"team": "blue"}.items()
        assert copy["metadata"]["annotations"].items() >= {"note": "hello"}.items()
    assert world.at(source, home)["metadata"] == source["metadata"], "nobody may write to a source"


def test_p01_an_empty_string_means_all_namespaces_too(world: World) -> None:
    home, _ = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    world.sync(source, to(""))
    becomes(lambda: beyond(world, source, home), set())


def test_p02_a_new_namespace_gets_its_copy(world: World, latencies: Latencies) -> None:
    source = world.config_map(world.namespace("home"))
    sync = world.sync(source, to("*"))
    sync.wait_in_sync()
    for _ in range(ROUNDS):
        with latencies.timed("new namespace has its copy", limit=1.0):
            namespace = world.namespace("new")
            becomes(partial(world.data, source, namespace), source["data"], interval=FAST)
    latencies.check("new namespace has its copy")
    sync.wait_in_sync()


def test_p03_an_edit_of_the_source_reaches_all_copies(world: World, latencies: Latencies) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(3)]
    source = world.config_map(home)
    sync = world.sync(source, *map(to, teams))
    sync.wait_in_sync()
    for number in range(ROUNDS):
        with latencies.timed("edited source has reached 3 copies", limit=1.0):
            edited = world.edit(source, {"data": {"k": str(number), "new": "1"}, "metadata": {"labels": {"n": "1"}}})
            becomes(lambda: [world.data(source, team) for team in teams], [edited["data"]] * 3, interval=FAST)
    latencies.check("edited source has reached 3 copies")
    assert all(copy["metadata"]["labels"]["n"] == "1" for copy in world.copies(source).values())
    sync.wait_in_sync()


def test_p04_an_edited_copy_is_reverted(world: World, latencies: Latencies) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home, {"k": "v", "l": "w"})
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    copy = world.at(source, team)
    for data in [{"k": "hacked"}, {"k": "hacked", "l": "hacked"}, {"k": ""}, {"k": None}, {"l": None}]:
        with latencies.timed("edited copy is reverted", limit=0.5):
            world.edit(copy, {"data": data})
            becomes(lambda: world.data(source, team), source["data"], interval=FAST)
    latencies.check("edited copy is reverted")
    sync.wait_in_sync()


@pytest.mark.parametrize(
    "patch",
    [
        pytest.param({"labels": {"team": "red"}}, id="changed label"),
        pytest.param({"labels": {"team": None}}, id="removed label"),
        pytest.param({"annotations": {"note": "bye"}}, id="changed annotation"),
        pytest.param({"annotations": {"note": None}}, id="removed annotation"),
        pytest.param({"labels": {"app.kubernetes.io/managed-by": None}}, id="managed-by removed"),
        pytest.param({"annotations": {SOURCE_ANNOTATION: None}}, id="source-object removed"),
        pytest.param({"labels": {"sync.rustrial.org/slice": None}}, id="slice label removed"),
        pytest.param({"ownerReferences": None}, id="owner removed"),
        pytest.param({"labels": None, "ownerReferences": None}, id="all labels and the owner removed"),
    ],
)
@pytest.mark.parametrize("make", [config_map, cron_job], ids=["ConfigMap", "CronJob"])
def test_p04_edited_metadata_of_a_copy_is_reverted(world: World, make: Callable[..., Object], patch: Object) -> None:
    home, team = world.namespace("home"), world.namespace()
    marks = {"labels": {"team": "blue"}, "annotations": {"note": "hello"}}
    source = world.admin.create(make(home, f"marked-{world.mark}", **marks))
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    copy = world.at(source, team)

    def metadata() -> Object:
        now = world.at(source, team)["metadata"]
        annotations = {k: v for k, v in now["annotations"].items() if k != "sync.rustrial.org/repair"}
        return {"labels": now["labels"], "annotations": annotations, "owner": now["ownerReferences"]}

    before = metadata()
    world.edit(copy, {"metadata": patch})
    becomes(metadata, before)
    sync.wait_in_sync()
    assert world.at(source, team)["metadata"]["uid"] == copy["metadata"]["uid"], "the copy was never deleted for that"


def test_p04_a_copy_that_lost_all_marks_of_ours_is_nobodys_and_told(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    stranger = world.edit(
        world.at(source, team), {"metadata": {"labels": None, "annotations": None}, "data": {"k": "x"}}
    )
    becomes(lambda: sync.says("InSync"), ("False", "Conflict"))
    stays(lambda: world.data(source, team), {"k": "x"})
    world.delete(stranger)
    becomes(lambda: world.data(source, team), source["data"])
    sync.wait_in_sync()


def test_p04_apply_keeps_a_foreign_key(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to(team, strategy="apply"))
    sync.wait_in_sync()
    world.edit(world.at(source, team), {"data": {"foreign": "1", "k": "hacked"}})
    becomes(lambda: world.data(source, team), {"k": "v", "foreign": "1"})
    stays(lambda: world.data(source, team), {"k": "v", "foreign": "1"})
    sync.wait_in_sync()


def test_p04_replace_removes_a_foreign_key(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to(team, strategy="replace"))
    sync.wait_in_sync()
    before = world.at(source, team)
    foreign = {"foreign": "1"}
    world.edit(before, {"data": foreign, "metadata": {"labels": foreign, "annotations": foreign}})
    becomes(lambda: world.data(source, team), {"k": "v"})
    becomes(lambda: world.at(source, team)["metadata"]["labels"], before["metadata"]["labels"])
    becomes(lambda: world.at(source, team)["metadata"]["annotations"], before["metadata"]["annotations"])
    assert world.at(source, team)["metadata"]["uid"] == before["metadata"]["uid"]
    sync.wait_in_sync()


def test_p05_a_deleted_copy_comes_back(world: World, latencies: Latencies) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    for _ in range(ROUNDS):
        with latencies.timed("deleted copy is back", limit=0.5):
            world.delete(world.at(source, team))
            becomes(lambda: world.data(source, team), source["data"], interval=FAST)
    latencies.check("deleted copy is back")
    sync.wait_in_sync()


def test_p06_copies_go_with_the_source_and_return_with_it(world: World) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(2)]
    source = world.config_map(home)
    name = source["metadata"]["name"]
    sync = world.sync(source, *map(to, teams))
    sync.wait_in_sync()
    world.delete(source)
    becomes(lambda: world.where(source), set())
    becomes(lambda: sync.says("InSync"), ("False", "SourceNotFound"))
    world.admin.create(config_map(home, name, {"k": "second life"}))
    becomes(lambda: [world.data(source, team) for team in teams], [{"k": "second life"}] * 2)
    sync.wait_in_sync()


def test_p06_a_source_that_a_finalizer_holds_loses_its_copies_at_once(world: World) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(2)]
    source = world.config_map(home)
    sync = world.sync(source, *map(to, teams))
    sync.wait_in_sync()
    with world.held(source):
        world.delete(source)
        becomes(lambda: world.where(source), set())
        becomes(lambda: sync.says("InSync"), ("False", "SourceNotFound"))
        assert world.at(source, home)["metadata"]["finalizers"] == [HOLD], "still there, and held by nobody but us"


def test_p07_copies_go_with_the_object_sync_and_the_source_stays(world: World) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(2)]
    source = world.config_map(home)
    sync = world.sync(source, *map(to, teams))
    sync.wait_in_sync()
    sync.delete()
    sync.wait_gone()
    assert world.where(source) == set(), "an ObjectSync goes only after its copies"
    assert world.slices(sync) == []
    assert world.at(source, home) == source


def test_p08_the_copy_of_a_removed_destination_goes(world: World) -> None:
    home, kept, removed = world.namespace("home"), world.namespace(), world.namespace()
    source = world.config_map(home)
    name = source["metadata"]["name"]
    sync = world.sync(source, to(kept), to(removed))
    sync.wait_in_sync()
    copy = world.at(source, kept)
    sync.edit(destinations=[to(kept)])
    becomes(lambda: world.where(source), {f"{kept}/{name}"})
    sync.wait_in_sync()
    assert world.at(source, kept)["metadata"]["uid"] == copy["metadata"]["uid"]
    assert set(sync.destinations()) == {f"{kept}/{name}"}


def test_p08_a_wildcard_narrowed_to_a_list_leaves_the_list(world: World) -> None:
    home, kept = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to("*"))
    becomes(lambda: beyond(world, source, home), set())
    sync.edit(destinations=[to(kept)])
    becomes(lambda: world.where(source), {f"{kept}/{source['metadata']['name']}"})


def test_p09_a_copy_may_have_another_name_also_beside_its_source(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to(team, "renamed"), to(home, "twin"))
    becomes(lambda: world.where(source), {f"{team}/renamed", f"{home}/twin"})
    sync.wait_in_sync()
    sync.edit(destinations=[to(team, "renamed-again"), to(home, "twin")])
    becomes(lambda: world.where(source), {f"{team}/renamed-again", f"{home}/twin"})


def test_p10_a_change_of_strategy_rewrites_the_copies(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    copy = world.edit(world.at(source, team), {"data": {"foreign": "1"}})
    where = f"{team}/{copy['metadata']['name']}"
    assert "strategy" not in sync.destinations()[where]

    sync.edit(destinations=[to(team, strategy="replace")])
    becomes(lambda: world.data(source, team), {"k": "v"})
    becomes(lambda: sync.destinations()[where].get("strategy"), "replace")
    sync.wait_in_sync()

    sync.edit(destinations=[to(team, strategy="apply")])
    becomes(lambda: sync.destinations()[where].get("strategy"), "apply")
    sync.wait_in_sync()
    world.edit(copy, {"data": {"foreign": "2"}})
    stays(lambda: world.data(source, team), {"k": "v", "foreign": "2"})


def test_p11_the_source_is_in_the_namespace_of_the_object_sync_unless_another_is_named(world: World) -> None:
    home, elsewhere, team = world.namespace("home"), world.namespace("elsewhere"), world.namespace()
    near, far = world.config_map(home, {"from": "near"}), world.config_map(elsewhere, {"from": "far"})
    manifest = object_sync(home, "near", near, [to(team, "near")])
    assert "namespace" not in manifest["spec"]["source"]
    world.submit(manifest).wait_in_sync()
    world.sync(far, to(team, "far"), namespace=home).wait_in_sync()
    assert world.data(near, team, "near") == {"from": "near"}
    assert world.data(far, team, "far") == {"from": "far"}


def test_p12_the_status_lists_destinations_with_upstreams_keys(world: World) -> None:
    home, teams = world.namespace("home"), sorted(world.namespace() for _ in range(3))
    source = world.config_map(home)
    name = source["metadata"]["name"]
    sync = world.sync(source, to(teams[2]), to(teams[0], strategy="replace"), to(teams[1], "b"), to(teams[1], "a"))
    sync.wait_in_sync()
    listed = sync.status()["destinations"]
    wanted = [(teams[0], name), (teams[1], "a"), (teams[1], "b"), (teams[2], name)]
    assert [(item["namespace"], item["name"]) for item in listed] == wanted
    assert [item.get("strategy") for item in listed] == ["replace", None, None, None]
    for item in listed:
        copy = world.at(source, item["namespace"], item["name"])["metadata"]
        assert (item["group"], item["version"], item["kind"]) == ("", "v1", "ConfigMap")
        assert item["sourceVersion"] == versions(source["metadata"])
        assert item["syncedVersion"] == versions(copy)

    edited = world.edit(source, {"data": {"k": "2"}})
    new = versions(edited["metadata"])
    becomes(lambda: [item["sourceVersion"] for item in sync.status()["destinations"]], [new] * 4)
    becomes(
        lambda: [item["syncedVersion"] for item in sync.status()["destinations"]],
        [versions(world.at(source, *where)["metadata"]) for where in wanted],
    )


def versions(metadata: Object) -> Object:
    """An object's version, in upstream's spelling."""
    return {"uid": metadata["uid"], "resource_version": metadata["resourceVersion"]}


def test_p13_a_copy_carries_upstreams_label_and_annotation(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home, labels={"app.kubernetes.io/managed-by": "Helm"})
    world.sync(source, to(team)).wait_in_sync()
    metadata = world.at(source, team)["metadata"]
    assert metadata["labels"].items() >= MANAGED_BY.items()
    assert metadata["annotations"][SOURCE_ANNOTATION] == f"{home}/{source['metadata']['name']}"


def test_p14_owners_and_finalizers_of_the_source_do_not_travel(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    owner = world.config_map(home, name="owner")["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner["name"], "uid": owner["uid"]}
    source = world.config_map(home, ownerReferences=[reference])
    with world.held(source):
        sync = world.sync(source, to(team))
        sync.wait_in_sync()
        metadata = world.at(source, team)["metadata"]
    (item,) = world.slices(sync)
    assert [owner["uid"] for owner in metadata["ownerReferences"]] == [item["metadata"]["uid"]]
    assert "finalizers" not in metadata


def test_p15_custom_resources_are_copied(world: World) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(2)]
    definition = world.define(crd(world.group()))
    source = world.admin.create(custom(definition, home, "gadget"))
    sync = world.sync(source, *map(to, teams))
    sync.wait_in_sync()
    world.edit(source, {"spec": {"size": 2}})
    world.edit(world.at(source, teams[0]), {"spec": {"size": 3}})
    becomes(lambda: [world.at(source, team)["spec"] for team in teams], [{"size": 2}] * 2)
    sync.delete()
    sync.wait_gone()
    assert world.where(source) == set()


def test_p15_objects_of_non_core_groups_are_copied(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.admin.create(cron_job(home, "nightly"))
    world.sync(source, to(team)).wait_in_sync()
    assert content(world.at(source, team)) == content(source)


def test_p16_an_unknown_kind_is_told_and_recovers_when_it_appears(world: World, latencies: Latencies) -> None:
    home, team = world.namespace("home"), world.namespace()
    definition = crd(world.group())
    manifest = object_sync(home, "early", custom(definition, home, "gadget"), [to(team)])
    sync = world.submit(manifest)
    becomes(lambda: (sync.says("Ready"), sync.says("InSync")), (("False", "KindNotFound"),) * 2)
    assert definition["spec"]["group"] in sync.message("Ready")
    world.define(definition)
    with latencies.timed("object of a new CRD has its copy", limit=60):
        source = world.admin.create(custom(definition, home, "gadget"))
        becomes(lambda: world.at(source, team)["spec"], source["spec"], within=60)
    sync.wait_in_sync()
    latencies.check("object of a new CRD has its copy", slack=1)


@pytest.mark.parametrize("built_in", [True, False], ids=["ClusterRole", "CRD"])
def test_b17_a_cluster_scoped_kind_is_refused_and_the_object_sync_deletable(world: World, built_in: bool) -> None:
    home, team = world.namespace("home"), world.namespace()
    if built_in:
        source: Object = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    else:
        definition = world.define(crd(world.group(), "Planet", scope="Cluster"))
        source = custom(definition, home, "x")
    sync = world.submit(object_sync(home, "sky", {**source, "metadata": {"name": "x", "namespace": home}}, [to(team)]))
    becomes(lambda: (sync.says("Ready"), sync.says("InSync")), (("False", "ClusterScopedKind"),) * 2)
    sync.delete()
    sync.wait_gone()


@pytest.mark.parametrize("engine_runs", [True, False], ids=["engine up", "engine down"])
def test_p18_a_namespace_with_copies_can_be_deleted(
    world: World, installation: Installation, engine_runs: bool
) -> None:
    home, team, other = world.namespace("home"), world.namespace(), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to("*"))
    sync.wait_in_sync()
    if engine_runs:
        world.namespaces.delete(team)
        world.namespaces.wait_gone(team)
    else:
        with stopped(installation.engine):
            world.namespaces.delete(team)
            world.namespaces.wait_gone(team)
    becomes(lambda: f"{team}/{source['metadata']['name']}" in sync.destinations(), False)
    sync.wait_in_sync()
    assert world.data(source, other) == source["data"]


def test_b19_what_the_source_drops_is_pruned_under_apply_also_keys_of_its_first_version(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    both = {"first": "1", "kept": "1"}
    source = world.config_map(home, both, labels=both, annotations=both)
    sync = world.sync(source, to(team, strategy="apply"))
    sync.wait_in_sync()
    world.edit(source, {"data": {"second": "2"}, "metadata": {"labels": {"second": "2"}}})
    becomes(lambda: world.data(source, team), {"first": "1", "kept": "1", "second": "2"})

    gone = {"first": None, "second": None}
    world.edit(source, {"data": gone, "metadata": {"labels": gone, "annotations": {"first": None}}})
    becomes(lambda: world.data(source, team), {"kept": "1"})
    becomes(lambda: {"first", "second"} & set(world.at(source, team)["metadata"]["labels"]), set())
    metadata = world.at(source, team)["metadata"]
    assert metadata["labels"]["kept"] == metadata["annotations"]["kept"] == "1"
    assert "first" not in metadata["annotations"]
    sync.wait_in_sync()


def test_b22_marks_of_those_who_track_the_source_do_not_travel(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    labels = {"app.kubernetes.io/instance": "argo", "kustomize.toolkit.fluxcd.io/name": "flux", "mine": "1"}
    annotations = {
        "argocd.argoproj.io/tracking-id": "argo",
        "meta.helm.sh/release-name": "helm",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "mine": "1",
    }
    source = world.config_map(home, labels=labels, annotations=annotations)
    world.sync(source, to(team)).wait_in_sync()
    metadata = world.at(source, team)["metadata"]
    assert set(metadata["labels"]) == {"mine", "sync.rustrial.org/slice", *MANAGED_BY}
    assert set(metadata["annotations"]) == {"mine", SOURCE_ANNOTATION}


def test_b23_a_strategy_that_does_not_exist_is_refused_and_others_go_on(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    with pytest.raises(ApiError, match="strategy") as refused:
        world.sync(source, to(team, strategy="foo"))
    assert refused.value.code == 422
    world.sync(source, to(team)).wait_in_sync()


def test_b24_an_irregular_plural_is_found(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    definition = crd("k8s.cni.cncf.io", "NetworkAttachmentDefinition", "network-attachment-definitions")
    source = world.admin.create(custom(world.define(definition), home, "bridge"))
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    assert content(world.at(source, team)) == content(source)
    assert sync.status()["resolved"]["resource"] == "network-attachment-definitions"


def test_b24_a_plural_that_no_rule_finds_can_be_named(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.admin.create(custom(world.define(crd(world.group(), "Ox", "oxen")), home, "bridge"))
    sync = world.sync(source, to(team))
    becomes(lambda: sync.says("Ready"), ("False", "KindNotFound"))
    assert "spec.source.resource" in sync.message("Ready")
    sync.edit(source={"resource": "oxen"})
    sync.wait_in_sync()
    assert content(world.at(source, team)) == content(source)


def test_b24_a_version_that_is_not_preferred_is_served(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    definition = world.define(crd(world.group(), versions=("v1", "v1beta1")))
    source = world.admin.create(custom(definition, home, "gadget"))
    sync = world.sync(source, to(team), version="v1beta1")
    sync.wait_in_sync()
    resolved = f"{definition['spec']['group']}/v1beta1"
    assert sync.status()["resolved"]["apiVersion"] == resolved
    assert sync.destinations()[f"{team}/gadget"]["version"] == "v1beta1"
    assert world.controllers(resolved, "widgets")
    assert content(world.at(source, team)) == content(source)


def test_p26_a_terminating_namespace_is_skipped(world: World) -> None:
    home, ending, other = world.namespace("home"), world.namespace("ending"), world.namespace()
    source = world.config_map(home)
    name = source["metadata"]["name"]
    everywhere, named = world.sync(source, to("*")), world.sync(source, to(ending, "named"), to(other, "named"))
    everywhere.wait_in_sync()
    named.wait_in_sync()
    with world.held(world.config_map(ending, name="guest")):
        world.namespaces.delete(ending)
        becomes(lambda: {where for where in world.where(source) if where.startswith(ending)}, set())
        becomes(lambda: named.destinations().get(f"{ending}/named", {}).get("reason"), "NamespaceTerminating")
        becomes(lambda: f"{ending}/{name}" in everywhere.destinations(), False)
        everywhere.wait_in_sync()
        edited = world.edit(source, {"data": {"k": "2"}})
        becomes(lambda: [world.data(source, other, copy) for copy in (name, "named")], [edited["data"]] * 2)
        assert ending not in world.living()
    world.namespaces.wait_gone(ending)
    becomes(lambda: named.destinations()[f"{ending}/named"]["reason"], "NamespaceNotFound")
    named.wait_in_sync()


def test_b27_of_two_object_syncs_on_one_destination_the_older_keeps_it(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    first, second = (world.config_map(home, {"from": name}, name=name) for name in ("first", "second"))
    older = world.sync(first, to(team, "contested"), name="a-older")
    older.wait_in_sync()
    younger = world.sync(second, to(team, "contested"), name="b-younger")
    becomes(lambda: younger.says("InSync"), ("False", "Conflict"))
    assert younger.says("Ready") == ("True", "Success")
    assert younger.destinations()[f"{team}/contested"]["state"] == "Conflict"
    assert f"{home}/a-older" in younger.message("InSync")
    assert younger.counts() == (1, 0, 1, 0)

    stays(lambda: world.data(first, team, "contested"), {"from": "first"})
    older.wait_in_sync()
    older.delete()
    becomes(lambda: world.data(second, team, "contested"), {"from": "second"})
    younger.wait_in_sync()
    older.wait_gone()
    stays(lambda: world.data(second, team, "contested"), {"from": "second"})


def test_b28_a_missing_source_is_told(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    sync = world.submit(object_sync(home, "hopeful", config_map(home, "later"), [to(team)]))
    becomes(lambda: sync.says("InSync"), ("False", "SourceNotFound"))
    assert sync.says("Ready") == ("True", "Success")
    assert f"{home}/later" in sync.message("InSync")
    source = world.admin.create(config_map(home, "later"))
    sync.wait_in_sync()
    assert world.data(source, team) == source["data"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_of_upstreams_readme_work_unchanged(world: World, example: Path) -> None:
    documents = list(yaml.safe_load_all(example.read_text()))
    kinds = {document["kind"]: document for document in documents}
    kept = [d for d in documents if d["metadata"]["name"] in ("default", "kube-system")]
    *_, source, manifest = documents
    assert set(kinds) <= {"CustomResourceDefinition", "Namespace", "ObjectSync", source["kind"]}
    try:
        world.admin.apply_yaml(documents)
        source = world.at(source, "default")
        sync = Sync(world.admin, "default", manifest["metadata"]["name"])
        (destination, *more) = manifest["spec"]["destinations"]
        name = destination.get("name") or source["metadata"]["name"]
        if more:
            wanted = {f"{item['namespace']}/{name}" for item in manifest["spec"]["destinations"]}
            becomes(lambda: world.where(source), wanted, within=60)
        else:
            home = "" if "name" in destination else "default"
            becomes(lambda: beyond(world, source, home, name), set(), within=60)
        sync.wait_in_sync()
        assert all(content(copy) == content(source) for copy in world.copies(source).values())
        sync.delete()
        sync.wait_gone()
        assert world.where(source) == set()
    finally:
        for document in reversed([d for d in documents if d not in kept]):
            with suppress(NotFoundError):
                world.delete(document)
