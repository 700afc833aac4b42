"""Resource types come and go: each has a generated controller for as long as an ObjectSync uses it, and no longer."""

import pytest

from controlplane.client import Object
from controlplane.waiting import wait_for
from e2e.eventually import becomes
from e2e.latencies import Latencies
from e2e.objects import crd, custom, object_sync, to
from e2e.world import World


@pytest.fixture
def definition(world: World) -> Object:
    """A kind that nobody else uses."""
    return world.define(crd(world.group()))


def type_of(definition: Object, version: str = "v1") -> tuple[str, str]:
    return (f"{definition['spec']['group']}/{version}", definition["spec"]["names"]["plural"])


def test_a_controller_appears_with_the_first_object_sync_of_a_type_and_goes_after_the_last(
    world: World, definition: Object
) -> None:
    home, team = world.namespace("home"), world.namespace()
    used = type_of(definition)
    source = world.admin.create(custom(definition, home, "gadget"))
    assert world.controllers(*used) == []

    first = world.sync(source, to(team, "first"))
    first.wait_in_sync()
    (controller,) = world.controllers(*used)
    second = world.sync(source, to(team, "second"))
    second.wait_in_sync()
    assert world.controllers(*used) == [controller]

    first.delete()
    first.wait_gone()
    world.edit(world.at(source, team, "second"), {"spec": {"size": 7}})
    becomes(lambda: world.at(source, team, "second")["spec"], source["spec"])
    assert world.controllers(*used) == [controller]

    second.delete()
    second.wait_gone()
    becomes(lambda: world.controllers(*used), [])
    assert world.where(source) == set()


def test_a_source_of_another_type_moves_the_object_sync_to_another_controller(world: World, definition: Object) -> None:
    home, team = world.namespace("home"), world.namespace()
    first = world.admin.create(custom(definition, home, "gadget"))
    second = world.config_map(home)
    sync = world.sync(first, to(team, "copy"))
    sync.wait_in_sync()
    sync.edit(source={"group": "", "kind": "ConfigMap", "name": second["metadata"]["name"]})
    becomes(lambda: world.data(second, team, "copy"), second["data"])
    becomes(lambda: world.where(first), set())
    becomes(lambda: world.controllers(*type_of(definition)), [])
    sync.wait_in_sync()
    assert len(world.slices(sync)) == 1


def test_a_custom_resource_definition_that_appears_later_brings_its_object_syncs_to_life(
    world: World, latencies: Latencies
) -> None:
    home, team = world.namespace("home"), world.namespace()
    definition = crd(world.group())
    manifests = [object_sync(home, f"early-{n}", custom(definition, home, f"gadget-{n}"), [to(team)]) for n in range(3)]
    syncs = [world.submit(manifest) for manifest in manifests]
    becomes(lambda: {sync.says("Ready") for sync in syncs}, {("False", "KindNotFound")})
    assert world.controllers(*type_of(definition)) == []
    with latencies.timed("object of a new CRD has its copy", limit=60):
        world.define(definition)
        sources = [world.admin.create(custom(definition, home, f"gadget-{n}")) for n in range(3)]
        becomes(lambda: world.where(sources[0]), {f"{team}/gadget-0"}, within=60)
    for sync in syncs:
        sync.wait_in_sync()
    latencies.check("object of a new CRD has its copy", slack=1)


def test_a_custom_resource_definition_that_is_removed_leaves_nothing_stuck(world: World, definition: Object) -> None:
    home, team = world.namespace("home"), world.namespace()
    sources = [world.admin.create(custom(definition, home, f"gadget-{n}")) for n in range(2)]
    told, deleted = (world.sync(source, to("*")) for source in sources)
    told.wait_in_sync()
    deleted.wait_in_sync()
    world.undefine(definition)
    becomes(lambda: (told.says("Ready"), told.says("InSync")), (("False", "KindNotFound"),) * 2)
    deleted.delete()
    deleted.wait_gone()
    becomes(lambda: world.slices(told) + world.slices(deleted), [])
    becomes(lambda: world.controllers(*type_of(definition)), [])

    world.define(definition)
    source = world.admin.create(custom(definition, home, "gadget-0", size=2))
    becomes(lambda: world.at(source, team)["spec"], {"size": 2}, within=60)
    told.wait_in_sync()
    told.delete()
    told.wait_gone()


def test_a_custom_resource_definition_and_its_object_syncs_may_go_together(world: World, definition: Object) -> None:
    home, team = world.namespace("home"), world.namespace()
    sync = world.sync(world.admin.create(custom(definition, home, "gadget")), to(team))
    sync.wait_in_sync()
    sync.delete()
    world.undefine(definition)
    sync.wait_gone()
    becomes(lambda: world.slices(sync), [])
    becomes(lambda: world.controllers(*type_of(definition)), [])


def test_two_versions_of_one_kind_work_side_by_side(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    definition = world.define(crd(world.group(), versions=("v1", "v1beta1")))
    sources = {v: world.admin.create(custom(definition, home, v, version=v)) for v in ("v1", "v1beta1")}
    syncs = {version: world.sync(source, to(team), version=version) for version, source in sources.items()}
    for version, sync in syncs.items():
        sync.wait_in_sync()
        assert len(world.controllers(*type_of(definition, version))) == 1
        assert sync.status()["resolved"]["apiVersion"] == type_of(definition, version)[0]
    for source in sources.values():
        world.edit(source, {"spec": {"size": 2}})
        world.edit(world.at(source, team), {"spec": {"size": 3}})
    becomes(lambda: [world.at(source, team)["spec"] for source in sources.values()], [{"size": 2}] * 2)

    syncs["v1beta1"].delete()
    syncs["v1beta1"].wait_gone()
    becomes(lambda: world.controllers(*type_of(definition, "v1beta1")), [])
    assert world.where(sources["v1"]) == {f"{team}/v1"}
    syncs["v1"].wait_in_sync()


def test_two_versions_of_one_object_do_not_fight_over_a_destination(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    definition = world.define(crd(world.group(), versions=("v1", "v1beta1")))
    source = world.admin.create(custom(definition, home, "gadget"))
    older = world.sync(source, to(team), name="a-older")
    older.wait_in_sync()
    younger = world.sync(source, to(team), name="b-younger", version="v1beta1")
    becomes(lambda: younger.says("InSync"), ("False", "Conflict"))
    older.wait_in_sync()


def test_a_new_preferred_version_does_not_touch_the_copies(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    definition = world.define(crd(world.group(), versions=("v1beta1",)))
    source = world.admin.create(custom(definition, home, "gadget"))
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    copy = world.at(source, team)
    newer = crd(definition["spec"]["group"], versions=("v1beta1", "v1"))
    world.define(newer)
    wait_for(lambda: world.admin.resource(*type_of(definition, "v1")[:1], "Widget"), 20, "v1 served")
    world.edit(world.at(source, home), {"spec": {"size": 2}})
    becomes(lambda: world.at(source, team)["spec"], {"size": 2})
    sync.wait_in_sync()
    assert sync.status()["resolved"]["apiVersion"] == type_of(definition, "v1beta1")[0]
    assert world.at(source, team)["metadata"]["uid"] == copy["metadata"]["uid"]


def test_a_version_that_is_no_longer_served_is_told_and_keeps_its_copies(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    definition = world.define(crd(world.group(), versions=("v1", "v1beta1")))
    source = world.admin.create(custom(definition, home, "gadget"))
    sync = world.sync(source, to(team), version="v1beta1")
    sync.wait_in_sync()
    copy = world.at(source, team)
    world.define(crd(definition["spec"]["group"], versions=("v1",)))
    becomes(lambda: sync.says("Ready"), ("False", "VersionNotServed"))
    assert "v1beta1" in sync.message("Ready")
    assert world.at(source, team)["metadata"]["uid"] == copy["metadata"]["uid"]
    sync.edit(source={"version": "v1"})
    sync.wait_in_sync(60)
    assert world.at(source, team)["spec"] == source["spec"]
