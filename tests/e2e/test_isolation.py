"""ObjectSyncs do not harm each other, the last of many changes stands, and at rest the engine writes nothing."""

import time
from collections.abc import Iterator

import pytest

from controlplane.client import Object
from controlplane.control_plane import ENGINE, ControlPlane
from controlplane.waiting import wait_for
from e2e.eventually import becomes, stays
from e2e.objects import API_VERSION, config_map, crd, custom, object_sync, to
from e2e.world import Sync, World

SOON = 10
"""Seconds that an ObjectSync may have to wait because of others; one is usual."""
CHANGES = 50
QUIET_SECONDS = 60
WRITES = {"create", "update", "patch", "delete", "deletecollection"}


def nonsense(source: Object) -> Iterator[Object]:
    """ObjectSyncs that the API server accepts and nobody can serve. Most fields are as long as they may be.

    The first has a source that exists, so that its destinations are tried.
    """
    home, name = source["metadata"]["namespace"], source["metadata"]["name"]
    braces = ("{namespace}{0.__class__}\N{SNOWMAN}\n\"'\\?#&" * 9)[:253]
    destinations = [
        to("*", braces, "replace"),
        to("", "."),
        to("a" * 63, "A" * 253),
        to("default", "a b"),
        to("default", ".."),
        to("default", ""),
        {"namespace": "default", "name": None, "strategy": None},
        to("default", "-.-"),
    ]
    nowhere = [to(f"no-such-namespace-{n}", f"copy-{n}") for n in range(300)]
    places = {"namespace": (home, "no-such-namespace", ""), "name": (name, braces, "..", "A" * 253)}
    kinds = [
        {"group": "", "kind": "ConfigMap"},
        {"group": "", "kind": "ConfigMap", "version": "v9", "resource": "configmaps"},
        {"group": "", "kind": "ConfigMap", "version": "v1", "resource": "secrets"},
        {"group": "a..-b", "kind": "X" * 63, "version": "z" * 63, "resource": "r" * 63},
        {"group": "a" * 253, "kind": "x9", "version": "", "resource": ""},
        {"group": "apps", "kind": "Deployments"},
        {"group": "metrics.example.com", "kind": "PodMetrics", "version": "v1", "resource": "pods"},
        {"group": "apiextensions.k8s.io", "kind": "CustomResourceDefinition", "version": "v1"},
        {"group": "metacontroller.k8s.io", "kind": "Foo", "version": "v1alpha1", "resource": "compositecontrollers"},
        {"group": "sync.rustrial.org", "kind": "SyncSlice"},
        {"group": "sync.rustrial.org", "kind": "ObjectSyncs", "version": "v1alpha1", "resource": "objectsyncs"},
    ]
    for number, kind in enumerate(kinds):
        where = {key: values[number % len(values)] for key, values in places.items()}
        yield {
            "apiVersion": API_VERSION,
            "kind": "ObjectSync",
            "metadata": {
                "namespace": home,
                "name": f"nonsense-{number}." + "x" * 240,
                "labels": {"sync.rustrial.org/slice": "x", "sync.rustrial.org/controller": "x"},
                "annotations": {"sync.rustrial.org/source-object": "x", "note": braces},
            },
            "spec": {"source": {**kind, **where}, "destinations": [*destinations, *nowhere[: 10 if number else None]]},
        }


def unknown_kinds(namespace: str, team: str) -> Iterator[Object]:
    for number in range(10):
        definition = crd(f"unknown-{number}.example.com", "Mystery")
        yield object_sync(namespace, f"unknown-{number}", custom(definition, namespace, "x"), [to(team), to("*")])


def test_object_syncs_that_nobody_can_serve_do_not_harm_others(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    bystander = world.config_map(home, name="bystander")
    before = world.sync(bystander, to("*"))
    before.wait_in_sync()
    elsewhere = {item["metadata"]["name"] for item in world.admin.list("v1", "configmaps", "default")}

    definition = world.define(crd(world.group()))
    orphan = world.sync(world.admin.create(custom(definition, home, "gadget")), to("*"))
    orphan.wait_in_sync()
    world.undefine(definition)
    bad = [world.submit(manifest) for manifest in [*nonsense(bystander), *unknown_kinds(home, team)]]
    becomes(lambda: {sync.says("InSync")[0] for sync in [orphan, *bad]}, {"False"})

    edited = world.edit(bystander, {"data": {"k": "2"}})
    becomes(lambda: world.data(bystander, team), edited["data"], within=SOON)
    newcomer = world.namespace("new")
    becomes(lambda: world.data(bystander, newcomer), edited["data"], within=SOON)
    world.edit(world.at(bystander, team), {"data": {"k": "hacked"}})
    becomes(lambda: world.data(bystander, team), edited["data"], within=SOON)
    before.wait_in_sync(SOON)
    after = world.sync(bystander, to(team, "after"))
    after.wait_in_sync(SOON)
    after.delete()
    after.wait_gone(SOON)

    assert {item["metadata"]["name"] for item in world.admin.list("v1", "configmaps", "default")} == elsewhere
    for sync in [orphan, *bad]:
        sync.delete()
    for sync in [orphan, *bad]:
        sync.wait_gone()
    before.wait_in_sync(SOON)


def test_the_older_object_sync_keeps_a_destination_whatever_its_name(world: World) -> None:
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


def test_of_many_changes_within_a_second_the_last_one_stands(world: World) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(4)]
    source = world.config_map(home)
    name = source["metadata"]["name"]
    sync = world.sync(source, *map(to, teams))
    sync.wait_in_sync()
    for number in range(CHANGES):
        source = world.edit(source, {"data": {"k": str(number)}})
        sync.edit(destinations=[to(team) for team in teams[: 1 + number % 4]])
    last = teams[: 1 + (CHANGES - 1) % 4]

    def seen() -> object:
        live = sync.live()
        version = {item["sourceVersion"]["resource_version"] for item in live["status"]["destinations"]}
        return (
            live["status"]["observedGeneration"] == live["metadata"]["generation"],
            set(sync.destinations()),
            version,
            sync.counts(),
            {where: copy["data"] for where, copy in world.copies(source).items()},
        )

    wanted = (
        True,
        {f"{team}/{name}" for team in last},
        {source["metadata"]["resourceVersion"]},
        (len(last), len(last), 0, 0),
        {f"{team}/{name}": {"k": str(CHANGES - 1)} for team in last},
    )
    becomes(seen, wanted)
    stays(seen, wanted, seconds=3)
    sync.wait_in_sync()


@pytest.fixture
def every_condition(world: World) -> list[Sync]:
    """ObjectSyncs in every state that can last."""
    home, teams = world.namespace("home"), [world.namespace() for _ in range(3)]
    source, other = world.config_map(home), world.config_map(home, name="other")
    definition = world.define(crd(world.group(), versions=("v1", "v1beta1")))
    gadget = world.admin.create(custom(definition, home, "gadget"))
    foreign = world.admin.create(config_map(teams[2], "foreign"))
    well = [
        world.sync(source, to("*"), name="a-wildcard"),
        world.sync(source, to("*", "replaced", "replace"), to(teams[0], "named")),
        world.sync(source, to("no-such-namespace"), to(teams[1], "waiting")),
        world.sync(gadget, *map(to, teams), version="v1beta1"),
        world.sync(gadget, to("*", "twin")),
    ]
    not_well = [
        world.sync(other, to(teams[0], source["metadata"]["name"]), name="b-late"),
        world.submit(object_sync(home, "no-source", config_map(home, "missing"), [to("*")])),
        world.submit(object_sync(home, "no-kind", custom(crd("nobody.example.com"), home, "x"), [to("*")])),
        world.sync(other, to(foreign["metadata"]["namespace"], "foreign")),
    ]
    for sync in well:
        sync.wait_in_sync(60)
    becomes(lambda: {sync.says("InSync")[0] for sync in not_well}, {"False"})
    return [*well, *not_well]


@pytest.mark.usefixtures("every_condition")
def test_at_rest_the_engine_writes_nothing_but_leases_and_events(control_plane: ControlPlane) -> None:
    def writes(since: int) -> list[tuple[str, str, str, str]]:
        return [
            (entry.verb, entry.resource, entry.namespace, entry.name)
            for entry in control_plane.audit.entries(since)
            if entry.user == ENGINE
            and entry.verb in WRITES
            and entry.resource not in ("events", "events.events.k8s.io", "leases.coordination.k8s.io")
        ]

    def quiet() -> bool:
        mark = control_plane.audit.mark()
        stays(lambda: writes(mark), [], seconds=5)
        return True

    wait_for(quiet, 60, "the engine at rest")
    mark = control_plane.audit.mark()
    stays(lambda: writes(mark), [], seconds=QUIET_SECONDS)
