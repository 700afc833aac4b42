"""What stands at a destination and was not made by us: left alone, told, and taken over only where the user says so."""

from collections.abc import Callable

import pytest

from controlplane.client import Object
from controlplane.installation import Installation
from e2e.eventually import becomes, stays
from e2e.latencies import Latencies
from e2e.objects import HOLD, MANAGED_BY, SOURCE_ANNOTATION, config_map, cron_job, object_sync, to
from e2e.outages import stopped
from e2e.world import Sync, World

CONFLICT = ("False", "Conflict")
UPSTREAM_FINALIZER = "sync.rustrial.org/rustrial-object-syncer"
SLICE_LABEL = "sync.rustrial.org/slice"
FAST = 0.005


def secret(namespace: str, name: str, **metadata: object) -> Object:
    meta = {"namespace": namespace, "name": name, **metadata}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"k": "v"}}


def sync_with(world: World, source: Object, policy: str, *destinations: Object) -> Sync:
    """An ObjectSync with a conflict policy."""
    home = source["metadata"]["namespace"]
    manifest = object_sync(home, f"{policy.lower()}-{world.mark}", source, destinations)
    manifest["spec"]["conflictPolicy"] = policy
    return world.submit(manifest)


def owner_of(world: World, sync: Sync, copy: Object) -> bool:
    """Whether the object is a copy of the ObjectSync, in the hands of one of its slices."""
    slices = {item["metadata"]["uid"] for item in world.slices(sync)}
    return any(owner["uid"] in slices and owner["controller"] for owner in copy["metadata"].get("ownerReferences", ()))


# Fail, which is the default


@pytest.mark.parametrize("make", [config_map, secret, cron_job], ids=["ConfigMap", "Secret", "CronJob"])
def test_b21_a_foreign_object_is_never_changed_and_never_deleted(
    world: World, latencies: Latencies, make: Callable[..., Object]
) -> None:
    home, team, other = world.namespace("home"), world.namespace(), world.namespace()
    name = f"contested-{world.mark}"
    foreign = world.admin.create(make(team, name, labels={"whose": "theirs"}))
    source = world.admin.create(make(home, name, labels={"whose": "ours"}))
    with latencies.timed("foreign object is told", limit=5):
        sync = world.sync(source, to(team), to(other))
        becomes(lambda: sync.destinations().get(f"{team}/{name}", {}).get("state"), "Conflict", interval=FAST)
        becomes(lambda: sync.says("InSync"), CONFLICT)
    latencies.check("foreign object is told")
    destination = sync.destinations()[f"{team}/{name}"]
    assert destination["reason"] == "Conflict"
    assert destination["since"]
    assert "written by object-syncer-tests" in destination["message"]
    assert "syncedVersion" not in destination
    becomes(sync.counts, (2, 1, 1, 0))
    assert world.at(source, other)["metadata"]["labels"]["whose"] == "ours"

    world.edit(source, {"metadata": {"labels": {"edited": "1"}}})
    becomes(lambda: world.at(source, other)["metadata"]["labels"].get("edited"), "1")
    sync.edit(destinations=[to(other), to(team)])
    stays(lambda: world.at(source, team), foreign)
    sync.delete()
    sync.wait_gone()
    assert world.at(source, team) == foreign
    assert world.where(source) == set()


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"annotations": {"meta.helm.sh/release-name": "shop"}}, "part of Helm release shop"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:/x"}}, "tracked by Argo CD as shop:/x"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "shop"}}, "applied by Flux from kustomize shop"),
        ({"labels": {"helm.toolkit.fluxcd.io/name": "shop"}}, "applied by Flux from helm shop"),
        ({"labels": {"app.kubernetes.io/managed-by": "shop-operator"}}, "managed by shop-operator"),
        ({"finalizers": [UPSTREAM_FINALIZER]}, "held by a finalizer of the original Object Syncer"),
        ({}, "written by kubectl-create"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_b21_who_manages_a_foreign_object_is_told(world: World, metadata: Object, said: str) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    name = source["metadata"]["name"]
    foreign = world.admin.apply(config_map(team, name, {"theirs": "1"}, **metadata), manager="kubectl-create")
    sync = world.sync(source, to(team))
    becomes(lambda: sync.says("InSync"), CONFLICT)
    assert said in sync.destinations()[f"{team}/{name}"]["message"]
    assert said in sync.message("InSync")
    if "finalizers" in metadata:
        world.edit(foreign, {"metadata": {"finalizers": None}})


def test_b21_an_object_that_another_controller_holds_is_told(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    foreign = controlled(world, team, source["metadata"]["name"])
    sync = world.sync(source, to(team))
    becomes(lambda: sync.says("InSync"), CONFLICT)
    assert "controlled by ConfigMap holder" in sync.message("InSync")
    assert world.at(source, team) == foreign


def controlled(world: World, namespace: str, name: str, data: Object | None = None, **metadata: object) -> Object:
    """An object that has a controller."""
    holder = world.admin.create(config_map(namespace, "holder"))["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "holder", "uid": holder["uid"], "controller": True}
    return world.admin.create(
        config_map(namespace, name, data or {"theirs": "1"}, ownerReferences=[reference], **metadata)
    )


def test_b21_what_a_source_copies_onto_when_it_returns_is_not_ours_either(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    name = source["metadata"]["name"]
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    world.delete(source)
    becomes(lambda: world.where(source), set())
    foreign = world.admin.create(config_map(team, name, {"theirs": "1"}))
    world.admin.create(config_map(home, name))
    becomes(lambda: sync.says("InSync"), CONFLICT)
    assert world.at(source, team) == foreign


def test_b21_a_foreign_object_in_the_place_of_a_deleted_copy_is_left_alone(
    world: World, installation: Installation
) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    with stopped(installation.engine):
        world.delete(world.at(source, team))
        foreign = world.admin.create(config_map(team, source["metadata"]["name"], {"theirs": "1"}))
    becomes(lambda: sync.says("InSync"), CONFLICT)
    stays(lambda: world.at(source, team), foreign)


def test_b21_many_foreign_objects_of_one_object_sync_are_all_left_alone(world: World) -> None:
    home, teams, free = world.namespace("home"), [world.namespace() for _ in range(60)], world.namespace()
    source = world.config_map(home)
    name = source["metadata"]["name"]
    foreign = {team: world.admin.create(config_map(team, name, {"theirs": team})) for team in teams}
    sync = world.sync(source, to(free), *map(to, teams))
    becomes(sync.counts, (61, 1, 60, 0))
    becomes(lambda: {item["state"] for item in sync.destinations().values()}, {"Synced", "Conflict"})
    becomes(lambda: sync.says("InSync"), CONFLICT)
    told = [sync.destinations()[f"{team}/{name}"] for team in teams]
    assert all(item["state"] == "Conflict" and "written by object-syncer-tests" in item["message"] for item in told)
    sync.delete()
    sync.wait_gone()
    assert {team: world.at(source, team) for team in teams} == foreign


def test_the_copy_appears_when_the_foreign_object_goes(world: World, latencies: Latencies) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(3)]
    source = world.config_map(home)
    name = source["metadata"]["name"]
    foreign = [world.admin.create(config_map(team, name, {"theirs": "1"})) for team in teams]
    sync = world.sync(source, *map(to, teams))
    for obj, team in zip(foreign, teams, strict=True):
        becomes(lambda: sync.destinations()[f"{team}/{name}"]["state"], "Conflict")  # noqa: B023 - read at once
        with latencies.timed("copy follows a foreign object that went", limit=1):
            world.delete(obj)
            becomes(lambda: world.data(source, team), source["data"], interval=FAST)  # noqa: B023 - read at once
    latencies.check("copy follows a foreign object that went")
    sync.wait_in_sync()


def test_a_foreign_object_that_is_renewed_under_our_eyes_stays_foreign(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    foreign = world.admin.create(config_map(team, source["metadata"]["name"], {"theirs": "1"}))
    sync = world.sync(source, to(team))
    becomes(lambda: sync.says("InSync"), CONFLICT)
    edited = world.edit(foreign, {"data": {"theirs": "2"}, "metadata": {"labels": MANAGED_BY}})
    stays(lambda: world.at(source, team), edited)
    becomes(lambda: sync.says("InSync"), CONFLICT)


def test_a_copy_that_lost_label_and_owner_while_nobody_looked_is_healed(
    world: World, installation: Installation
) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    copy = world.at(source, team)
    with stopped(installation.engine):
        world.edit(copy, {"metadata": {"labels": None, "ownerReferences": None}, "data": {"k": "hacked"}})
    becomes(lambda: world.data(source, team), source["data"])
    becomes(lambda: owner_of(world, sync, world.at(source, team)), True)
    assert world.at(source, team)["metadata"]["uid"] == copy["metadata"]["uid"]
    assert world.at(source, team)["metadata"]["labels"] == copy["metadata"]["labels"]
    sync.wait_in_sync()


# Adopt


def test_adopt_takes_over_what_equals_the_copy_already(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    foreign = world.admin.create(config_map(team, source["metadata"]["name"], labels={"theirs": "1"}))
    sync = sync_with(world, source, "Adopt", to(team))
    sync.wait_in_sync()
    adopted = world.at(source, team)
    assert adopted["metadata"]["uid"] == foreign["metadata"]["uid"]
    assert adopted["metadata"]["labels"].items() >= {"theirs": "1", **MANAGED_BY}.items()
    assert owner_of(world, sync, adopted)
    becomes(lambda: "sync.rustrial.org/takes-over" in world.at(source, team)["metadata"]["annotations"], False)
    world.edit(source, {"data": {"k": "2"}})
    becomes(lambda: world.data(source, team), {"k": "2"})
    sync.delete()
    sync.wait_gone()
    assert world.where(source) == set(), "what was adopted is ours, and goes with the rest"


def test_adopt_leaves_alone_what_differs(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    foreign = world.admin.create(config_map(team, source["metadata"]["name"], {"k": "theirs"}))
    sync = sync_with(world, source, "Adopt", to(team))
    becomes(lambda: sync.says("InSync"), CONFLICT)
    stays(lambda: world.at(source, team), foreign)
    world.edit(foreign, {"data": {"k": "v"}})
    sync.wait_in_sync()
    assert owner_of(world, sync, world.at(source, team))


@pytest.mark.parametrize("policy", ["Fail", "Adopt", "Overwrite"])
def test_a_copy_of_the_original_object_syncer_is_ours_once_the_original_lets_go(world: World, policy: str) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    name = source["metadata"]["name"]
    marks = {"labels": MANAGED_BY, "annotations": {SOURCE_ANNOTATION: f"{home}/{name}"}}
    foreign = world.admin.create(
        config_map(team, name, {"k": "of an older version"}, finalizers=[UPSTREAM_FINALIZER], **marks)
    )
    try:
        sync = sync_with(world, source, policy, to(team))
        becomes(lambda: sync.says("InSync"), CONFLICT)
        stays(lambda: world.at(source, team), foreign)
    finally:
        world.edit(foreign, {"metadata": {"finalizers": None}})
    sync.wait_in_sync()
    adopted = world.at(source, team)
    assert adopted["metadata"]["uid"] == foreign["metadata"]["uid"]
    assert adopted["data"] == source["data"]
    assert owner_of(world, sync, adopted)
    sync.delete()
    sync.wait_gone()
    assert world.where(source) == set()


def test_adopt_leaves_alone_the_original_object_syncers_copy_of_another_source(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    marks = {"labels": MANAGED_BY, "annotations": {SOURCE_ANNOTATION: "elsewhere/another"}}
    foreign = world.admin.create(config_map(team, source["metadata"]["name"], {"k": "x"}, **marks))
    sync = sync_with(world, source, "Adopt", to(team))
    becomes(lambda: sync.says("InSync"), CONFLICT)
    stays(lambda: world.at(source, team), foreign)


# Overwrite


@pytest.mark.parametrize("make", [config_map, cron_job], ids=["ConfigMap", "CronJob"])
def test_overwrite_replaces_without_deleting(world: World, make: Callable[..., Object]) -> None:
    home, team = world.namespace("home"), world.namespace()
    name = f"contested-{world.mark}"
    foreign = world.admin.create(make(team, name, labels={"whose": "theirs", "foreign": "1"}))
    source = world.admin.create(make(home, name, labels={"whose": "ours"}))
    sync = sync_with(world, source, "Overwrite", to(team, strategy="replace"))
    becomes(lambda: world.at(source, team)["metadata"]["labels"].get("whose"), "ours")
    becomes(lambda: "foreign" in world.at(source, team)["metadata"]["labels"], False)
    assert world.at(source, team)["metadata"]["uid"] == foreign["metadata"]["uid"]
    sync.wait_in_sync()
    sync.edit(conflictPolicy="Fail")
    becomes(lambda: "sync.rustrial.org/takes-over" in world.at(source, team)["metadata"]["annotations"], False)
    sync.wait_in_sync()


@pytest.mark.parametrize("policy", ["Adopt", "Overwrite"])
def test_what_has_another_controller_is_never_taken(world: World, policy: str) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    foreign = controlled(world, team, source["metadata"]["name"], source["data"])
    sync = sync_with(world, source, policy, to(team))
    becomes(lambda: sync.says("InSync"), CONFLICT)
    assert "controlled by ConfigMap holder" in sync.message("InSync")
    stays(lambda: world.at(source, team), foreign)


def test_a_conflict_is_resolved_by_a_change_of_policy(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    foreign = world.admin.create(config_map(team, source["metadata"]["name"], {"theirs": "1"}))
    sync = sync_with(world, source, "Fail", to(team))
    becomes(lambda: sync.says("InSync"), CONFLICT)
    sync.edit(conflictPolicy="Adopt")
    becomes(lambda: (sync.status()["observedGeneration"], sync.says("InSync")), (2, CONFLICT))
    assert world.at(source, team) == foreign
    sync.edit(conflictPolicy="Overwrite")
    sync.wait_in_sync()
    assert world.data(source, team) == {"theirs": "1", "k": "v"}


# Several policies, several sources


def test_the_copies_of_two_policies_do_not_fight_over_a_destination(world: World) -> None:
    home, elsewhere, team = world.namespace("home"), world.namespace("elsewhere"), world.namespace()
    first, second = world.config_map(home, {"from": "first"}), world.config_map(elsewhere, {"from": "second"})
    with world.grant("second", watchNamespaces=[elsewhere], priority=10) as other:
        older = world.sync(first, to(team, "contested"))
        older.wait_in_sync()
        younger = world.sync(second, to(team, "contested"))
        becomes(lambda: younger.says("InSync"), CONFLICT)
        (item,) = world.slices(younger)
        assert item["metadata"]["ownerReferences"][0]["name"] == other
        (held,) = world.slices(older)
        said = f"a copy of {home}/{first['metadata']['name']} by SyncSlice {held['metadata']['name']}"
        assert said in younger.message("InSync")
        copy = world.at(first, team, "contested")
        stays(lambda: world.at(first, team, "contested"), copy)
        older.wait_in_sync()

        older.delete()
        older.wait_gone()
        becomes(lambda: world.data(second, team, "contested"), {"from": "second"})
        younger.wait_in_sync()
        younger.delete()
        younger.wait_gone()


def test_an_object_of_ours_that_is_going_is_waited_for(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    foreign = world.admin.create(config_map(team, source["metadata"]["name"], {"theirs": "1"}, finalizers=[HOLD]))
    sync = world.sync(source, to(team))
    becomes(lambda: sync.says("InSync"), CONFLICT)
    world.delete(foreign)
    stays(lambda: world.data(source, team), {"theirs": "1"}, seconds=0.5)
    world.edit(foreign, {"metadata": {"finalizers": None}})
    becomes(lambda: world.data(source, team), source["data"])
    sync.wait_in_sync()
