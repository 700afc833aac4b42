"""How long users wait, from a change until the copies or the status follow. The tests print what they measured."""

import base64
from collections.abc import Callable
from functools import partial

import pytest

from controlplane.client import Object
from controlplane.installation import Installation
from e2e.eventually import becomes, stays
from e2e.latencies import Latencies
from e2e.objects import config_map, crd, cron_job, custom, object_sync, secret, to
from e2e.outages import stopped
from e2e.world import Sync, World

ROUNDS = 5
FAST = 0.005
"""Seconds between two looks where time is measured."""
MEBIBYTE = 1 << 20
CONFLICT = ("False", "Conflict")


def test_a_new_namespace_gets_its_copy(world: World, latencies: Latencies) -> None:
    source = world.config_map(world.namespace("home"))
    sync = world.sync(source, to("*"))
    sync.wait_in_sync()
    for _ in range(ROUNDS):
        with latencies.timed("new namespace has its copy", limit=1.0):
            namespace = world.namespace("new")
            becomes(partial(world.data, source, namespace), source["data"], interval=FAST)
    latencies.check("new namespace has its copy")
    sync.wait_in_sync()


def test_an_edit_of_the_source_reaches_all_copies(world: World, latencies: Latencies) -> None:
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


def test_an_edited_copy_is_reverted(world: World, latencies: Latencies) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home, {"k": "v", "l": "w"})
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    copy = world.at(source, team)
    for data in [{"k": "hacked"}, {"k": "hacked", "l": "hacked"}, {"k": ""}, {"k": None}, {"l": None}]:
        with latencies.timed("edited copy is reverted", limit=0.5):
            world.edit(copy, {"data": data})
            becomes(lambda: world.data(source, team), source["data"], interval=FAST)
        becomes(lambda: seen(sync, source, team), world.at(source, team)["metadata"]["resourceVersion"])
    latencies.check("edited copy is reverted")
    sync.wait_in_sync()


def seen(sync: Sync, source: Object, namespace: str) -> str:
    """Return the version of the copy that was seen in sync: who edits it sooner, again and again, is a rival."""
    synced: str = sync.destinations()[f"{namespace}/{source['metadata']['name']}"]["syncedVersion"]["resource_version"]
    return synced


def test_a_deleted_copy_is_created_anew(world: World, latencies: Latencies) -> None:
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


@pytest.mark.parametrize("make", [config_map, secret, cron_job], ids=["ConfigMap", "Secret", "CronJob"])
def test_a_foreign_object_is_reported_and_never_written_to(
    world: World, latencies: Latencies, make: Callable[..., Object]
) -> None:
    home, team, other = world.namespace("home"), world.namespace(), world.namespace()
    name = f"contested-{world.mark}"
    foreign = world.admin.create(make(team, name, labels={"whose": "theirs"}))
    source = world.admin.create(make(home, name, labels={"whose": "ours"}))
    with latencies.timed("foreign object is reported", limit=5):
        sync = world.sync(source, to(team), to(other))
        becomes(lambda: sync.destinations().get(f"{team}/{name}", {}).get("state"), "Conflict", interval=FAST)
        becomes(lambda: sync.says("InSync"), CONFLICT)
    latencies.check("foreign object is reported")
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


def test_a_copy_is_created_when_the_foreign_object_in_its_place_is_deleted(world: World, latencies: Latencies) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(3)]
    source = world.config_map(home)
    name = source["metadata"]["name"]
    foreign = [world.admin.create(config_map(team, name, {"theirs": "1"})) for team in teams]
    sync = world.sync(source, *map(to, teams))
    for obj, team in zip(foreign, teams, strict=True):
        becomes(lambda: sync.destinations()[f"{team}/{name}"]["state"], "Conflict")  # noqa: B023 - read at once
        with latencies.timed("copy follows a deleted foreign object", limit=1):
            world.delete(obj)
            becomes(lambda: world.data(source, team), source["data"], interval=FAST)  # noqa: B023 - read at once
    latencies.check("copy follows a deleted foreign object")
    sync.wait_in_sync()


def test_object_syncs_whose_crd_was_missing_work_when_it_is_created(world: World, latencies: Latencies) -> None:
    home, team = world.namespace("home"), world.namespace()
    definition = crd(world.group())
    manifests = [object_sync(home, f"early-{n}", custom(definition, home, f"gadget-{n}"), [to(team)]) for n in range(3)]
    syncs = [world.submit(manifest) for manifest in manifests]
    becomes(lambda: {sync.says("Ready") for sync in syncs}, {("False", "KindNotFound")})
    assert world.controllers(definition["spec"]["group"] + "/v1", "widgets") == []
    with latencies.timed("object of a new CRD has its copy", limit=60):
        world.define(definition)
        sources = [world.admin.create(custom(definition, home, f"gadget-{n}")) for n in range(3)]
        becomes(lambda: world.where(sources[0]), {f"{team}/gadget-0"}, within=60)
    for sync in syncs:
        sync.wait_in_sync()
    latencies.check("object of a new CRD has its copy", slack=1)


def test_an_object_sync_deleted_while_the_hooks_are_away_ends_when_they_return(
    world: World, installation: Installation, latencies: Latencies
) -> None:
    home, _ = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to("*"))
    sync.wait_in_sync()
    with stopped(installation.hooks):
        sync.delete()
        stays(sync.gone, False)
    with latencies.timed("hooks are back, ObjectSync has ended", limit=5.0):
        sync.wait_gone()
    assert world.where(source) == set()
    latencies.check("hooks are back, ObjectSync has ended")


def test_a_secret_of_one_mebibyte_reaches_twenty_namespaces(world: World, latencies: Latencies) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(20)]

    def data(first: bytes) -> dict[str, str]:
        return {"blob": base64.b64encode(first + bytes(MEBIBYTE - 1)).decode()}

    source = world.admin.create(secret(home, "large", data(b"1")))
    with latencies.timed("1 MiB has reached 20 namespaces", limit=20):
        sync = world.sync(source, *map(to, teams))
        sync.wait_in_sync(90)
    with latencies.timed("1 MiB has reached 20 namespaces", limit=20):
        edited = world.edit(source, {"data": data(b"2")})["metadata"]["resourceVersion"]
        becomes(lambda: {d["sourceVersion"]["resource_version"] for d in sync.status()["destinations"]}, {edited}, 90)
        sync.wait_in_sync(90)
    assert all(world.at(source, team)["data"] == data(b"2") for team in teams)
    latencies.check("1 MiB has reached 20 namespaces")
