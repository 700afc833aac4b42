"""Whatever is deleted, in any order, whichever program is stopped: in the end nothing is stuck, no copy is missing."""

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from typing import Any

import pytest
import yaml

from controlplane.client import NotFoundError, Object
from controlplane.engine import manifests
from controlplane.installation import Installation
from controlplane.processes import Process
from controlplane.waiting import wait_for
from e2e.eventually import becomes, stays
from e2e.latencies import Latencies
from e2e.objects import API_VERSION, crd, custom, to
from e2e.outages import stopped
from e2e.world import ENGINE_API_VERSION, Sync, World

AWAY = ("nobody", "hooks", "engine", "hooks and engine")
ORDERS = 6
"""Of the 120 possible orders of deletion; each with other programs stopped."""


@contextmanager
def away(installation: Installation, who: str) -> Iterator[None]:
    """Have the hook server, the engine or both stopped for as long as the block lasts."""
    with ExitStack() as stack:
        for name in ("engine", "hooks"):
            if name in who:
                process: Process = getattr(installation, name)
                stack.enter_context(stopped(process))
        yield


def definitions(installation: Installation) -> list[Object]:
    """The two controllers that an installation applies."""
    printed = yaml.safe_load_all(manifests("--no-crds", "--hooks-url", installation.hooks_url))
    return [item for item in printed if item["kind"] in ("CompositeController", "DecoratorController")]


def remove(world: World, objects: list[Object]) -> None:
    for obj in objects:
        world.admin.delete(obj["apiVersion"], world.admin.resource_of(obj).plural, None, obj["metadata"]["name"])


@contextmanager
def without_controllers(world: World, installation: Installation) -> Iterator[None]:
    """Have our controllers deleted from the cluster."""
    made = definitions(installation)
    remove(world, made)
    try:
        yield
    finally:
        world.admin.apply_yaml(made)


def terminating(world: World) -> list[str]:
    """Return the objects that are terminating, of all kinds that we have to do with."""
    kinds = [
        ("v1", "namespaces"),
        (API_VERSION, "objectsyncs"),
        (API_VERSION, "syncslices"),
        (API_VERSION, "syncpolicies"),
        (ENGINE_API_VERSION, "compositecontrollers"),
        (ENGINE_API_VERSION, "decoratorcontrollers"),
        ("apiextensions.k8s.io/v1", "customresourcedefinitions"),
        ("v1", "configmaps"),
    ]
    return [
        f"{item['kind']} {item['metadata']['name']}"
        for kind in kinds
        for item in world.admin.list(*kind)
        if "deletionTimestamp" in item["metadata"]
    ]


def each(act: Callable[[Any], None], *objects: object) -> None:
    for obj in objects:
        act(obj)


# Orders of deletion


@pytest.mark.parametrize("seed", range(ORDERS))
def test_any_order_of_deletion_leaves_nothing_stuck(world: World, installation: Installation, seed: int) -> None:
    chance = random.Random(seed)
    before = set(terminating(world))  # nobody here takes Kubernetes' finalizer off the claims of other tests
    home, ending, team = world.namespace("home"), world.namespace("ending"), world.namespace()
    definition = world.define(crd(world.group()))
    source, other = world.config_map(home), world.config_map(home, name="other")
    gadget = world.admin.create(custom(definition, home, "gadget"))
    doomed = [world.sync(source, to("*")), world.sync(gadget, to(ending), to(team)), world.sync(other, to(ending))]
    elsewhere = world.namespace("elsewhere")
    kept = world.config_map(elsewhere, name="kept")
    survivor = world.sync(kept, to(team, "kept"), to(ending, "kept"))
    for sync in [*doomed, survivor]:
        sync.wait_in_sync()

    stack = ExitStack()
    crd_where = ("apiextensions.k8s.io/v1", "customresourcedefinitions", None, definition["metadata"]["name"])
    acts: list[Callable[[], object]] = [
        lambda: world.namespaces.delete(ending),
        lambda: each(world.delete, source, other),
        lambda: each(Sync.delete, *doomed),
        lambda: world.admin.delete(*crd_where),
        lambda: stack.enter_context(without_controllers(world, installation)),
    ]
    chance.shuffle(acts)
    last = chance.choice([home, ""])
    with away(installation, AWAY[seed % len(AWAY)]), stack:
        for act in acts:
            act()
        if last:
            world.namespaces.delete(last)
        world.edit(kept, {"data": {"k": "2"}})

    for sync in doomed:
        sync.wait_gone(60)
    for gone in filter(None, (ending, last)):
        world.namespaces.wait_gone(gone)
    becomes(lambda: world.admin.gone(*crd_where), True)
    becomes(lambda: [world.where(obj) for obj in (source, other)], [set(), set()])
    becomes(lambda: world.data(kept, team, "kept"), {"k": "2"})
    becomes(lambda: world.where(kept), {f"{team}/kept"})
    becomes(lambda: set(terminating(world)) - before, set(), within=60)
    survivor.wait_in_sync(40)
    becomes(lambda: [item for sync in doomed for item in world.slices(sync)], [])
    becomes(lambda: world.controllers(f"{definition['spec']['group']}/v1", "widgets"), [])


# Namespaces


@pytest.mark.parametrize("who", AWAY[1:])
def test_a_namespace_without_object_syncs_ends_while_our_programs_are_stopped(
    world: World, installation: Installation, who: str
) -> None:
    home, ending, untouched = world.namespace("home"), world.namespace("ending"), world.namespace()
    sync = world.sync(world.config_map(home), to("*"))
    sync.wait_in_sync()
    with away(installation, who):
        for namespace in (ending, untouched):
            world.namespaces.delete(namespace)
        for namespace in (ending, untouched):
            world.namespaces.wait_gone(namespace, 30)
    sync.wait_in_sync()


@pytest.mark.parametrize(
    ("who", "seconds"), [*((who, 0) for who in (*AWAY[1:], "controllers")), ("hooks", 40), ("engine", 40)]
)
def test_a_namespace_with_object_syncs_ends_when_our_programs_run_again(
    world: World, installation: Installation, latencies: Latencies, who: str, seconds: float
) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    syncs = [world.sync(source, to(team, f"copy-{n}"), to("*", f"wild-{n}")) for n in range(3)]
    for sync in syncs:
        sync.wait_in_sync()
    absence: AbstractContextManager[None] = away(installation, who)
    if who == "controllers":
        absence = without_controllers(world, installation)
    with absence:
        world.namespaces.delete(home)
        becomes(lambda: home in world.living(), False)
        becomes(lambda: all("deletionTimestamp" in sync.live()["metadata"] for sync in syncs), True)
        stays(lambda: len(world.admin.list(API_VERSION, "objectsyncs", home)), len(syncs), seconds)
    # Kubernetes itself looks after a namespace that is not empty only every 8 seconds.
    with latencies.timed("programs run again, the namespace is gone", limit=9):
        with latencies.timed("programs run again, no ObjectSync is left in the namespace", limit=5):
            becomes(lambda: world.admin.list(API_VERSION, "objectsyncs", home), [])
        world.namespaces.wait_gone(home)
    latencies.check("programs run again, no ObjectSync is left in the namespace")
    assert world.where(source) == set()


# Deletions by mistake


def test_slices_that_are_deleted_by_hand_are_created_again_with_their_copies(world: World) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(2)]
    source = world.config_map(home)
    sync = world.sync(source, *map(to, teams))
    sync.wait_in_sync()
    for item in world.slices(sync):
        world.admin.delete(API_VERSION, "syncslices", None, item["metadata"]["name"])

    def restored() -> bool:
        new = [item["metadata"]["uid"] for item in world.slices(sync)]
        copies = world.copies(source).values()
        owners = [copy["metadata"]["ownerReferences"] for copy in copies if "deletionTimestamp" not in copy["metadata"]]
        return [[owner["uid"] for owner in owned] for owned in owners] == [new] * 2

    wait_for(restored, 40, "copies in the hands of the new slice")
    sync.wait_in_sync()


def test_a_generated_controller_that_is_deleted_by_hand_is_created_again(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    definition = world.define(crd(world.group()))
    source = world.admin.create(custom(definition, home, "gadget"))
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    used = (f"{definition['spec']['group']}/v1", "widgets")
    (controller,) = world.controllers(*used)
    world.admin.delete(ENGINE_API_VERSION, "compositecontrollers", None, controller)
    becomes(lambda: world.controllers(*used), [controller])
    world.edit(source, {"spec": {"size": 2}})
    becomes(lambda: world.at(source, team)["spec"], {"size": 2})
    sync.wait_in_sync()


def test_controllers_that_are_deleted_and_applied_again_leave_the_copies_as_they_are(
    world: World, installation: Installation
) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    copy = world.at(source, team)
    with without_controllers(world, installation):
        world.edit(copy, {"data": {"k": "hacked"}})
    becomes(lambda: world.data(source, team), source["data"])
    assert world.at(source, team)["metadata"]["uid"] == copy["metadata"]["uid"]
    sync.edit(destinations=[to(team), to(team, "more")])
    becomes(lambda: len(world.where(source)), 2)
    sync.wait_in_sync()


def test_copies_are_deleted_with_the_sync_policy_and_created_with_it(world: World) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(2)]
    source = world.config_map(home)
    syncs = [world.sync(source, *map(to, teams)), world.sync(source, to(teams[0], "second"))]
    for sync in syncs:
        sync.wait_in_sync()
    where = (API_VERSION, "syncpolicies", None, "default")
    policy = world.admin.get(*where)
    try:
        world.delete_policy("default")
        becomes(lambda: world.where(source), set(), within=60)
        becomes(lambda: syncs[0].says("InSync"), ("False", "NotWatched"))
        syncs[1].delete()
        syncs[1].wait_gone()
    finally:
        with suppress(NotFoundError):
            becomes(lambda: world.admin.gone(*where), True)
        fresh = {**policy, "metadata": {"name": "default"}}
        world.admin.create({key: value for key, value in fresh.items() if key != "status"})
    becomes(lambda: len(world.where(source)), 2, within=40)
    syncs[0].wait_in_sync(40)


def test_a_source_and_its_object_sync_may_be_deleted_and_created_again_at_once(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    for number in range(5):
        source = world.config_map(home, {"k": str(number)}, name="brief")
        sync: Sync = world.sync(source, to(team), name="brief")
        with nullcontext() if number % 2 else suppress(TimeoutError):
            becomes(lambda: world.data(source, team), source["data"], within=20 if number % 2 else 0.05)  # noqa: B023
        sync.delete()
        world.delete(source)
        sync.wait_gone()
        assert world.where(source) == set()
