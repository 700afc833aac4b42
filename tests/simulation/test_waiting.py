"""An object where the engine may not write that got the marks of a copy before the guard: what waits for it."""

from __future__ import annotations

from simulation import tenancy
from simulation.model import CONFIG_MAP
from simulation.rivals import values_of
from simulation.tenancy import Place
from simulation.tenant_world import LOCKED, TEAMS, Json, World, marks

COPY = ("b", "t")


def policy_of(world: World, place: Place) -> str:
    """Return the SyncPolicy whose SyncSlice has a copy."""
    return str(slice_of(world, place)["spec"]["policy"])


def slice_of(world: World, place: Place) -> Json:
    copy = world.find(place)
    assert copy
    return next(each for each in world.slices() if each["metadata"]["name"] == tenancy.owner(copy))


def value_of(world: World, place: Place) -> str:
    copy = world.find(place)
    assert copy
    return str(values_of(copy)["k"])


def test_a_slice_that_cannot_delete_an_object_keeps_its_copies_following_and_hands_them_over_when_it_is_gone() -> None:
    world = World()
    world.guard.in_force = False
    world.populate(CONFIG_MAP)
    extra = {**TEAMS, "priority": 3, "watchNamespaces": ["a"], "targetNamespaces": ["a", "b"]}
    world.create_policy("extra", extra)
    world.engine.run()
    world.mark((LOCKED, "u"), "bob", marks("label and owner", slice_of(world, COPY), COPY))
    world.change_policy("extra", {"spec": {"watchNamespaces": ["b"]}})
    world.write(("a", "t"), "admin", 7)
    world.engine.run()
    before = world.find(COPY)
    assert (policy_of(world, COPY), value_of(world, COPY)) == ("extra", "7")
    state = next(each for each in tenancy.claims(world.cluster) if each.id == ("a", "o0")).state(COPY)
    assert (state["state"], slice_of(world, COPY)["metadata"]["name"] in state["message"]) == ("Conflict", True)
    world.cluster.delete("v1", "ConfigMap", "u", LOCKED)
    world.engine.run()
    after = world.find(COPY)
    assert before
    assert after
    assert before["metadata"]["uid"] == after["metadata"]["uid"]
    assert policy_of(world, COPY) == "teams"
