"""A SyncSlice whose syncs end before any hook is called: its ObjectSync says so within a minute of a change."""

import time

from e2e.eventually import becomes
from e2e.objects import config_map, to
from e2e.refusals import denied
from e2e.world import World

WITHIN = 60.0
SLICE_LABEL = "sync.rustrial.org/slice"


def test_a_slice_that_does_not_follow_is_told_within_a_minute_and_no_more_once_it_does(world: World) -> None:
    team, locked = world.namespace(), world.namespace("locked")
    source, other = world.config_map("default"), world.config_map("default", name="other")
    sync, bystander = world.sync(source, to(team)), world.sync(other, to(team))
    for each in (sync, bystander):
        each.wait_in_sync()
    (item,) = world.slices(sync)
    name = item["metadata"]["name"]

    with denied(world, locked, operations=("UPDATE",)):  # so the engine may not adopt what is there
        bait = world.admin.create(config_map(locked, "bait", labels={SLICE_LABEL: name}))
        changed = time.monotonic()
        world.edit(source, {"data": {"k": "changed"}})
        becomes(lambda: sync.says("InSync"), ("False", "Stalled"), WITHIN)
        assert time.monotonic() - changed < WITHIN
        assert f"SyncSlice {name} has reported nothing since" in sync.message("InSync")
        assert sync.counts() == (1, 0, 0, 1)
        assert world.data(source, team) == source["data"], "that is what it says: the copy is as it was"
        events = [
            event["message"]
            for event in world.admin.list("v1", "events")
            if event["involvedObject"]["name"] == name and event["reason"] == "SyncError"
        ]
        assert any("claim" in message for message in events), events

        world.edit(other, {"data": {"k": "changed"}})
        becomes(lambda: world.data(other, team), {"k": "changed"})
        bystander.wait_in_sync()

        world.delete(bait)
        world.edit(source, {"data": {"k": "changed again"}})
        sync.wait_in_sync()
        assert world.data(source, team) == {"k": "changed again"}
