"""Programs stop and come back, namespaces end, policies change, ObjectSyncs compete: the copies follow."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controlplane.client import Object
from controlplane.installation import Installation
from controlplane.waiting import wait_for
from e2e.eventually import becomes, stays
from e2e.latencies import Latencies
from e2e.objects import API_VERSION, config_map, namespace, to
from e2e.outages import killed, stopped
from e2e.world import IN_SYNC, World

POLICY = (API_VERSION, "syncpolicies", None, "default")


@contextmanager
def narrowed(world: World, **lists: object) -> Iterator[None]:
    """Change lists of the default SyncPolicy for as long as the block lasts."""
    before = world.admin.get(*POLICY)["spec"]
    world.admin.patch(*POLICY, {"spec": lists})
    try:
        yield
    finally:
        world.admin.patch(*POLICY, {"spec": {key: before.get(key) for key in lists}})


# Programs


def test_what_changed_while_the_hooks_were_away_is_caught_up(world: World, installation: Installation) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to("*"))
    sync.wait_in_sync()
    with stopped(installation.hooks):
        edited = world.edit(source, {"data": {"k": "2"}})
        newcomer = world.namespace("new")
        late = world.sync(source, to(team, "late"))
        stays(lambda: world.data(source, team), source["data"], seconds=1)
    becomes(lambda: [world.data(source, place) for place in (team, newcomer)], [edited["data"]] * 2)
    becomes(lambda: world.data(source, team, "late"), edited["data"])
    late.wait_in_sync()
    sync.wait_in_sync()


def test_an_object_sync_deleted_while_the_hooks_are_away_goes_when_they_return(
    world: World, installation: Installation, latencies: Latencies
) -> None:
    home, _ = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to("*"))
    sync.wait_in_sync()
    with stopped(installation.hooks):
        sync.delete()
        stays(sync.gone, False)
    with latencies.timed("hooks are back, ObjectSync is gone", limit=5.0):
        sync.wait_gone()
    assert world.where(source) == set()
    latencies.check("hooks are back, ObjectSync is gone")


def test_what_changed_while_the_engine_was_dead_is_caught_up(world: World, installation: Installation) -> None:
    home, team, drifted = world.namespace("home"), world.namespace(), world.namespace()
    source, other = world.config_map(home), world.config_map(home, name="other")
    name = source["metadata"]["name"]
    everywhere = world.sync(source, to("*"))
    dropped, narrowed_sync = world.sync(other, to(team, "dropped")), world.sync(other, to(team, "a"), to(team, "b"))
    for sync in (everywhere, dropped, narrowed_sync):
        sync.wait_in_sync()
    with killed(installation.engine):
        edited = world.edit(source, {"data": {"k": "2"}})
        world.edit(world.at(source, drifted), {"data": {"k": "hacked"}})
        world.delete(world.at(source, team))
        newcomer = world.namespace("new")
        dropped.delete()
        narrowed_sync.edit(destinations=[to(team, "b")])
        made = world.sync(other, to(team, "made"))
        stays(dropped.gone, False, seconds=0.5)
    places = (team, drifted, newcomer)
    becomes(lambda: [world.data(source, place) for place in places], [edited["data"]] * 3)
    becomes(lambda: world.where(other), {f"{team}/b", f"{team}/made"})
    dropped.wait_gone()
    for sync in (everywhere, narrowed_sync, made):
        sync.wait_in_sync()
    assert everywhere.destinations()[f"{drifted}/{name}"]["state"] == "Synced"


def test_a_restart_of_everything_leaves_the_copies_as_they_are(world: World, installation: Installation) -> None:
    home, _ = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to("*"), to(home, "twin", "replace"))
    sync.wait_in_sync()

    def copies() -> dict[str, str]:
        return {where: copy["metadata"]["uid"] for where, copy in world.copies(source).items()}

    becomes(lambda: {key.split("/")[0] for key in copies()}, world.living())
    before = copies()
    with stopped(installation.hooks), killed(installation.engine):
        assert copies() == before
    stays(lambda: before.items() <= copies().items(), True, seconds=3)
    edited = world.edit(source, {"data": {"k": "2"}})
    becomes(lambda: world.data(source, home, "twin"), edited["data"])
    sync.wait_in_sync()
    assert before.items() <= copies().items()


# Namespaces


@pytest.mark.parametrize("engine_runs", [True, False], ids=["engine up", "engine down"])
def test_a_namespace_that_returns_gets_its_copy_again(
    world: World, installation: Installation, engine_runs: bool
) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to(team))
    sync.wait_in_sync()

    def replace() -> None:
        world.namespaces.delete(team)
        world.namespaces.wait_gone(team)
        world.admin.create(namespace(team))

    if engine_runs:
        replace()
    else:
        with stopped(installation.engine):
            replace()
    becomes(lambda: world.data(source, team), source["data"])
    sync.wait_in_sync()


@pytest.mark.parametrize("engine_runs", [True, False], ids=["engine up", "engine down"])
def test_the_namespace_of_an_object_sync_can_be_deleted_with_all_in_it(
    world: World, installation: Installation, engine_runs: bool
) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to("*"), to(home, "twin"))
    sync.wait_in_sync()
    if engine_runs:
        world.namespaces.delete(home)
    else:
        with stopped(installation.engine):
            world.namespaces.delete(home)
            wait_for(lambda: world.admin.gone("v1", "configmaps", home, "twin"), 20, "the namespace emptied")
            assert not sync.gone(), "it waits for its copies elsewhere"
            assert world.data(source, team) == source["data"]
    world.namespaces.wait_gone(home)
    becomes(lambda: world.where(source), set())
    becomes(lambda: world.slices(sync), [])


def test_the_namespace_of_a_source_may_end_before_its_object_sync(world: World) -> None:
    home, elsewhere, team = world.namespace("home"), world.namespace("elsewhere"), world.namespace()
    source = world.config_map(elsewhere)
    sync = world.sync(source, to(team), namespace=home)
    sync.wait_in_sync()
    world.namespaces.delete(elsewhere)
    becomes(lambda: world.where(source), set())
    becomes(lambda: sync.says("InSync"), ("False", "SourceNotFound"))
    world.namespaces.wait_gone(elsewhere)


def test_a_named_namespace_that_does_not_exist_is_waited_for(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    later = f"later-{world.mark}"
    source = world.config_map(home)
    where = f"{later}/{source['metadata']['name']}"
    sync = world.sync(source, to(team), to(later))
    sync.wait_in_sync()
    waiting = sync.destinations()[where]
    assert (waiting["state"], waiting["reason"]) == ("Pending", "NamespaceNotFound")
    assert sync.counts() == (2, 1, 0, 1)
    assert later in sync.message("InSync")
    world.admin.create(namespace(later))
    becomes(lambda: world.data(source, later), source["data"])
    becomes(sync.counts, (2, 2, 0, 0))
    world.namespaces.delete(later)


# Policies


@pytest.mark.parametrize(
    ("lists", "reason"),
    [
        ({"watchNamespaces": ["nobody"]}, "NotWatched"),
        ({"sourceNamespaces": ["nobody"]}, "SourceNotAllowed"),
        ({"allowedResources": [{"apiGroups": [""], "resources": ["secrets"]}]}, "KindNotAllowed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_policy_forbids_is_told_and_its_copies_go_until_it_permits_it_again(
    world: World, lists: Object, reason: str
) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(2)]
    source = world.config_map(home)
    sync = world.sync(source, *map(to, teams))
    sync.wait_in_sync()
    with narrowed(world, **lists):
        becomes(lambda: (sync.says("Ready"), sync.says("InSync")), (("False", reason),) * 2)
        becomes(lambda: world.where(source), set())
        assert sync.message("Ready")
    becomes(lambda: len(world.where(source)), 2)
    sync.wait_in_sync()


def test_a_policy_may_name_the_namespaces_that_copies_go_to(world: World) -> None:
    home, inside, outside = world.namespace("home"), world.namespace("inside"), world.namespace("outside")
    source = world.config_map(home)
    name = source["metadata"]["name"]
    named, everywhere = world.sync(source, to(inside), to(outside)), world.sync(source, to("*", "wild"))
    named.wait_in_sync()
    everywhere.wait_in_sync()
    with narrowed(world, targetNamespaces=[inside]):
        becomes(lambda: world.where(source), {f"{inside}/{name}", f"{inside}/wild"})
        becomes(lambda: named.says("InSync"), ("False", "TargetNotAllowed"))
        assert named.says("Ready") == IN_SYNC
        refused = named.destinations()[f"{outside}/{name}"]
        assert (refused["state"], refused["reason"]) == ("Failed", "TargetNotAllowed")
        everywhere.wait_in_sync()
        assert set(everywhere.destinations()) == {f"{inside}/wild"}
    becomes(lambda: world.data(source, outside), source["data"])
    becomes(lambda: world.data(source, outside, "wild"), source["data"])
    named.wait_in_sync()
    everywhere.wait_in_sync()


def test_lists_of_a_policy_that_contain_all_that_is_needed_permit_it(world: World) -> None:
    home, elsewhere, team = world.namespace("home"), world.namespace("elsewhere"), world.namespace()
    source = world.config_map(elsewhere)
    rules = [
        {"apiGroups": ["batch"], "resources": ["*"]},
        {"apiGroups": [""], "resources": ["secrets", "configmaps"]},
    ]
    with narrowed(
        world,
        watchNamespaces=[home],
        sourceNamespaces=["nobody", elsewhere],
        targetNamespaces=[team],
        allowedResources=rules,
    ):
        sync = world.sync(source, to(team), namespace=home)
        sync.wait_in_sync()
        assert world.data(source, team) == source["data"]


def test_an_object_sync_that_no_policy_watches_can_be_deleted(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    with narrowed(world, watchNamespaces=["nobody"]):
        becomes(lambda: sync.says("Ready"), ("False", "NotWatched"))
        sync.delete()
        sync.wait_gone()
        assert world.where(source) == set()


# Competition


def test_the_older_object_sync_wins_whatever_its_name(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    first, second = (world.config_map(home, {"from": name}, name=name) for name in ("first", "second"))
    older = world.sync(first, to(team, "contested"), name="z-older")
    older.wait_in_sync()
    created = int(time.time())
    wait_for(lambda: int(time.time()) > created, 5, "the next second: creation is known to the second")
    younger = world.sync(second, to(team, "contested"), name="a-younger")
    becomes(lambda: younger.says("InSync"), ("False", "Conflict"))
    stays(lambda: world.data(first, team, "contested"), {"from": "first"})
    older.wait_in_sync()


def test_object_syncs_compete_for_each_destination_of_its_own(world: World) -> None:
    home, contested, free = world.namespace("home"), world.namespace("contested"), world.namespace("free")
    first, second = (world.config_map(home, {"from": name}, name=name) for name in ("first", "second"))
    older = world.sync(first, to(contested, "copy"), name="a-older")
    older.wait_in_sync()
    younger = world.sync(second, to("*", "copy"), name="b-younger")
    becomes(lambda: world.data(second, free, "copy"), {"from": "second"})
    becomes(lambda: younger.says("InSync"), ("False", "Conflict"))
    becomes(younger.unsynced, (1, 0))
    assert world.data(first, contested, "copy") == {"from": "first"}

    older.edit(destinations=[to(contested, "moved")])
    becomes(lambda: world.data(first, contested, "moved"), {"from": "first"})
    becomes(lambda: world.data(second, contested, "copy"), {"from": "second"})
    older.wait_in_sync()
    younger.wait_in_sync()

    older.edit(destinations=[to(contested, "copy")])
    becomes(lambda: world.data(first, contested, "copy"), {"from": "first"})
    becomes(lambda: younger.says("InSync"), ("False", "Conflict"))
    older.wait_in_sync()


def test_two_object_syncs_may_copy_one_source_to_different_places(world: World) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(2)]
    source = world.config_map(home)
    syncs = [world.sync(source, to(team)) for team in teams]
    for sync in syncs:
        sync.wait_in_sync()
    syncs[0].delete()
    syncs[0].wait_gone()
    assert world.where(source) == {f"{teams[1]}/{source['metadata']['name']}"}
    world.edit(source, {"data": {"k": "2"}})
    becomes(lambda: world.data(source, teams[1]), {"k": "2"})


def test_a_copy_may_be_the_source_of_other_copies(world: World) -> None:
    home, middle, end = world.namespace("home"), world.namespace("middle"), world.namespace("end")
    source = world.config_map(home)
    first = world.sync(source, to(middle))
    first.wait_in_sync()
    copy = world.at(source, middle)
    second = world.sync(copy, to(end))
    second.wait_in_sync()
    world.edit(source, {"data": {"k": "2"}})
    becomes(lambda: world.data(source, end), {"k": "2"})
    first.delete()
    first.wait_gone()
    becomes(lambda: world.where(copy), set())
    becomes(lambda: second.says("InSync"), ("False", "SourceNotFound"))


def test_an_object_that_was_there_before_is_left_alone(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    name = source["metadata"]["name"]
    foreign = world.admin.create(config_map(team, name, {"mine": "1"}))
    sync = world.sync(source, to(team), to(team, "other"))
    becomes(lambda: sync.says("InSync"), ("False", "Conflict"))
    assert world.data(source, team, "other") == source["data"]
    assert world.at(source, team) == foreign
    sync.delete()
    sync.wait_gone()
    assert world.at(source, team) == foreign
