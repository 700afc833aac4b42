"""A copy may be the source of other copies; a circle of them is found, refused, and told to all who are in it."""

from controlplane.client import Object
from e2e.eventually import becomes, stays
from e2e.objects import SOURCE_ANNOTATION, config_map, object_sync, to
from e2e.world import IN_SYNC, Sync, World

LOOP = ("False", "Loop")


def onward(world: World, source: Object, namespace: str, *destinations: Object, name: str = "") -> Sync:
    """An ObjectSync whose source is the copy in `namespace`, whether it is there already or not."""
    copy = config_map(namespace, name or source["metadata"]["name"])
    return world.sync(copy, *destinations, name=f"onward-{namespace}"[:60])


def test_chains_are_allowed_and_name_the_direct_source(world: World) -> None:
    first, second, third = (world.namespace(name) for name in ("first", "second", "third"))
    source = world.config_map(first)
    name = source["metadata"]["name"]
    syncs = [onward(world, source, second, to(third)), world.sync(source, to(second))]
    becomes(lambda: world.data(source, third), source["data"])
    for sync in syncs:
        sync.wait_in_sync()
    assert world.at(source, second)["metadata"]["annotations"][SOURCE_ANNOTATION] == f"{first}/{name}"
    assert world.at(source, third)["metadata"]["annotations"][SOURCE_ANNOTATION] == f"{second}/{name}"
    world.edit(source, {"data": {"k": "2"}})
    becomes(lambda: world.data(source, third), {"k": "2"})
    world.delete(source)
    becomes(lambda: [world.admin.find("v1", "configmaps", where, name) for where in (second, third)], [None] * 2)


def test_a_copy_that_would_come_straight_back_is_refused(world: World) -> None:
    here, there = world.namespace("here"), world.namespace("there")
    source = world.config_map(here)
    name = source["metadata"]["name"]
    older = world.sync(source, to(there))
    older.wait_in_sync()
    younger = onward(world, source, there, to(here))
    becomes(lambda: younger.says("InSync"), LOOP)
    assert younger.says("Ready") == IN_SYNC
    refused = younger.destinations()[f"{here}/{name}"]
    assert (refused["state"], refused["reason"]) == ("Conflict", "Loop")
    assert f"{here}/{older.name}" in refused["message"]
    assert f"{here}/{older.name}" in younger.message("InSync")
    becomes(lambda: f"{there}/{younger.name}" in older.message("InSync"), True)
    assert "Loop" in older.message("InSync")
    older.wait_in_sync()
    stays(lambda: world.at(source, here), source)

    older.delete()
    older.wait_gone()
    becomes(lambda: younger.says("InSync"), ("False", "SourceNotFound"))


def test_a_circle_over_three_is_refused_where_it_closes(world: World) -> None:
    a, b, c = (world.namespace(name) for name in "abc")
    source = world.config_map(a)
    first = world.sync(source, to(b), name="first")
    first.wait_in_sync()
    second = onward(world, source, b, to(c))
    second.wait_in_sync()
    third = onward(world, source, c, to(a))
    becomes(lambda: third.says("InSync"), LOOP)
    for other in (first, second):
        becomes(lambda: f"{c}/{third.name}" in other.message("InSync"), True)  # noqa: B023 - called at once
        assert f"{other.namespace}/{other.name}" in third.message("InSync")
        other.wait_in_sync()
    stays(lambda: world.at(source, a), source)
    world.edit(source, {"data": {"k": "2"}})
    becomes(lambda: world.data(source, c), {"k": "2"})


def test_a_wildcard_that_would_come_back_leaves_out_only_that(world: World) -> None:
    here, there, other = world.namespace("here"), world.namespace("there"), world.namespace("other")
    source = world.config_map(here)
    name = source["metadata"]["name"]
    older = world.sync(source, to(there))
    older.wait_in_sync()
    younger = onward(world, source, there, to("*"))
    becomes(lambda: world.data(source, other), source["data"])
    becomes(lambda: younger.says("InSync"), LOOP)
    assert younger.destinations()[f"{here}/{name}"]["reason"] == "Loop"
    assert world.at(source, here) == source
    becomes(lambda: beside_synced(younger), (1, 1))
    older.wait_in_sync()


def beside_synced(sync: Sync) -> tuple[int, int]:
    """Return how many destinations are not in sync, and how many of them failed."""
    total, synced, failed, _ = sync.counts()
    return (total - synced, failed)


def test_a_circle_through_other_names_is_found_too(world: World) -> None:
    here, there = world.namespace("here"), world.namespace("there")
    source = world.config_map(here)
    name = source["metadata"]["name"]
    older = world.sync(source, to(there, "renamed"))
    older.wait_in_sync()
    younger = world.sync(config_map(there, "renamed"), to(here, name), to(here, "harmless"))
    becomes(lambda: younger.says("InSync"), LOOP)
    becomes(lambda: world.data(source, here, "harmless"), source["data"])
    assert world.at(source, here) == source


def test_a_circle_that_overwrites_is_refused_too(world: World) -> None:
    here, there = world.namespace("here"), world.namespace("there")
    source = world.config_map(here)
    manifests = [
        object_sync(here, "there", source, [to(there)]),
        object_sync(there, "back", config_map(there, source["metadata"]["name"]), [to(here)]),
    ]
    syncs = [world.submit(m | {"spec": {**m["spec"], "conflictPolicy": "Overwrite"}}) for m in manifests]
    becomes(lambda: sorted(sync.says("InSync") for sync in syncs), [LOOP, IN_SYNC])
    stays(lambda: world.at(source, here), source)


def test_a_circle_that_overwrites_is_not_closed_by_an_older_one_that_turns_away(world: World) -> None:
    here, there, elsewhere = world.namespace("here"), world.namespace("there"), world.namespace("elsewhere")
    source = world.config_map(here)
    older = world.sync(source, to(there))
    older.wait_in_sync()
    back = object_sync(there, "back", config_map(there, source["metadata"]["name"]), [to(here)])
    younger = world.submit(back | {"spec": {**back["spec"], "conflictPolicy": "Overwrite"}})
    becomes(lambda: younger.says("InSync"), LOOP)
    older.edit(destinations=[to(elsewhere)])
    becomes(lambda: younger.says("InSync"), ("False", "SourceNotFound"))
    becomes(lambda: world.where(source), {f"{elsewhere}/{source['metadata']['name']}"})
    assert world.at(source, here) == source
