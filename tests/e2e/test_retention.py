"""deletionPolicy Retain on Metacontroller: how long it takes, and that no program that is killed costs a copy."""

import random
import time
from collections.abc import Callable

import pytest

from controlplane.client import Object
from controlplane.installation import Installation
from controlplane.processes import Process
from e2e.eventually import becomes
from e2e.latencies import Latencies
from e2e.objects import to
from e2e.world import Sync, World

TARGETS = 20
RELEASED = "an ObjectSync with Retain is deleted"


def uids(world: World, source: Object) -> dict[str, str]:
    """Return the copies of a source by where they are."""
    return {where: copy["metadata"]["uid"] for where, copy in world.copies(source).items()}


def owners(world: World, source: Object) -> list[str]:
    """Return the kinds of those that own copies of a source."""
    copies = world.copies(source).values()
    return [owner["kind"] for copy in copies for owner in copy["metadata"].get("ownerReferences") or ()]


@pytest.fixture
def shared(world: World) -> tuple[Object, list[str], Sync]:
    """A ConfigMap, the namespaces that it is copied to, and the ObjectSync that retains the copies."""
    source = world.config_map(world.namespace("home"))
    where = [world.namespace() for _ in range(TARGETS)]
    sync = world.sync(source, *map(to, where))
    sync.edit(deletionPolicy="Retain")
    sync.wait_in_sync()
    return source, where, sync


def test_an_object_sync_that_retains_its_copies_is_gone_within_a_second(
    world: World, shared: tuple[Object, list[str], Sync], latencies: Latencies
) -> None:
    source, _, sync = shared
    before = uids(world, source)
    with latencies.timed(RELEASED, 1):
        sync.delete()
        sync.wait_gone()
    assert uids(world, source) == before
    assert owners(world, source) == []
    becomes(lambda: world.slices(sync), [])
    latencies.check(RELEASED)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_killed_at_whatever_moment_every_copy_stays(
    world: World, installation: Installation, shared: tuple[Object, list[str], Sync], seed: int
) -> None:
    chance = random.Random(seed)
    source, where, sync = shared
    before = uids(world, source)
    programs: list[Process] = [installation.hooks, installation.engine]
    half = where[: TARGETS // 2]
    acts: list[Callable[[], None]] = [
        lambda: sync.edit(destinations=[to(each) for each in half]),
        lambda: world.delete(source),
        sync.delete,
    ]
    for act in acts:
        act()
        time.sleep(chance.random() * 0.3)  # not to synchronise: the moment of the kill is what is tried
        killed = chance.choice(programs)
        killed.kill()
        killed.start()
    sync.wait_gone(40)
    assert uids(world, source) == before
    becomes(lambda: owners(world, source), [])
    becomes(lambda: world.slices(sync), [])
