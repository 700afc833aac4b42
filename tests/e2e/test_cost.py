"""What the change of one namespace's labels costs the API server, counted in its audit log."""

from collections import Counter

from controlplane.control_plane import ControlPlane
from e2e.eventually import becomes
from e2e.objects import to
from e2e.world import Sync, World

NAMESPACES = 12
OBJECT_SYNCS = 6
WRITES = ("create", "update", "patch", "delete")
QUIET = 1.0
"""Seconds without a write after which an event has had its effect."""


def writes(control_plane: ControlPlane, since: int) -> Counter[str]:
    """Return how often what was written, by everybody; leases and events aside."""
    return Counter(
        f"{entry.verb} {entry.resource}"
        for entry in control_plane.audit.entries(since)
        if entry.verb in WRITES and entry.code < 300 and entry.resource.partition(".")[0] not in ("leases", "events")
    )


def settled(control_plane: ControlPlane, since: int) -> Counter[str]:
    """Return what was written after a mark, once nothing is written any more."""

    def is_quiet() -> bool:
        seen.append(writes(control_plane, since))
        return len(seen) > 1 and seen[-1] == seen[-2]

    seen: list[Counter[str]] = []
    becomes(is_quiet, True, within=60, interval=QUIET)
    return seen[-1]


def shared(world: World, home: str, entry: dict[str, object]) -> list[Sync]:
    syncs = [world.sync(world.config_map(home, name=f"s-{index}"), entry) for index in range(OBJECT_SYNCS)]
    for sync in syncs:
        becomes(lambda: sync.says("Ready"), ("True", "Success"))  # noqa: B023 - called at once
    return syncs


def test_a_label_that_changes_costs_only_the_object_syncs_that_select_by_it(
    world: World, control_plane: ControlPlane
) -> None:
    home, *teams = (world.namespace() for _ in range(NAMESPACES))
    mine = {"corner": world.mark}
    for team in teams[:-1]:
        world.admin.patch("v1", "namespaces", None, team, {"metadata": {"labels": mine}})
    for sync in shared(world, home, {"namespaceSelector": {"matchLabels": mine}}):
        sync.wait_in_sync()
    settled(control_plane, control_plane.audit.mark())

    last = ("v1", "namespaces", None, teams[-1])
    since = control_plane.audit.mark()
    world.admin.patch(*last, {"metadata": {"labels": {"unused": "1"}}})
    assert settled(control_plane, since) == {"patch namespaces": 1}, "nobody selects by it"

    since = control_plane.audit.mark()
    world.admin.patch(*last, {"metadata": {"labels": mine}})
    gained = settled(control_plane, since)
    assert gained["patch configmaps"] == OBJECT_SYNCS
    assert gained["patch syncslices.sync.rustrial.org"] == OBJECT_SYNCS

    since = control_plane.audit.mark()
    new = world.admin.create(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"late-{world.mark}", "labels": mine}}
    )
    came = settled(control_plane, since)
    print("label", dict(gained), "namespace", dict(came))
    world.namespaces.delete(new["metadata"]["name"])


def test_a_selector_makes_no_more_writes_than_a_wildcard(world: World, control_plane: ControlPlane) -> None:
    home = world.namespace()
    counted = []
    glob = f"late-{world.mark}-*"
    for number, entry in enumerate((to(glob), {"namespaceSelector": {"matchLabels": {"late": world.mark}}})):
        syncs = shared(world, home, entry)
        settled(control_plane, control_plane.audit.mark())
        since = control_plane.audit.mark()
        name = f"late-{world.mark}-{number}"
        meta = {"name": name, "labels": {"late": world.mark}}
        world.admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
        counted.append(settled(control_plane, since))
        for sync in syncs:
            sync.delete()
            sync.wait_gone()
        world.namespaces.delete(name)
        home = world.namespace()
    wildcard, selector = counted
    print("glob", dict(wildcard), "selector", dict(selector))
    assert sum(selector.values()) <= sum(wildcard.values()) + OBJECT_SYNCS
