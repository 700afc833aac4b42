"""Each failure turns InSync to False within seconds, with a reason of its own and a message that names the cure."""

from pathlib import Path

import pytest

from controlplane.client import Object
from controlplane.control_plane import Cluster
from controlplane.engine import Metacontroller
from controlplane.installation import Installation
from e2e.eventually import becomes, stays
from e2e.latencies import Latencies
from e2e.objects import config_map, secret, to
from e2e.outages import stopped
from e2e.refusals import ADMISSION, denied, quota
from e2e.world import Sync, World

REPORTED = 10
"""Seconds within which the status must report a failure."""
BINDINGS = "validatingadmissionpolicybindings"
GUARD = "object-syncer-copies"


def events_of_slices(world: World, sync: Sync) -> str:
    """Return what the engine's events about the slices of an ObjectSync say."""
    names = {item["metadata"]["name"] for item in world.slices(sync)}
    listed = world.admin.list("v1", "events", "default")
    errors = [e for e in listed if (e["involvedObject"]["kind"], e["reason"]) == ("SyncSlice", "SyncError")]
    return "\n".join(e["message"] for e in errors if e["involvedObject"]["name"] in names)


def points_to_its_slice(world: World, sync: Sync) -> bool:
    return any(
        f"events of SyncSlice {item['metadata']['name']}" in sync.message("InSync") for item in world.slices(sync)
    )


# Copies that the API server refuses


def test_where_every_copy_is_refused_in_sync_is_false(world: World, latencies: Latencies) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(2)]
    source = world.config_map(home)
    with quota(world, *teams):
        with latencies.timed("a failure is reported", limit=REPORTED):
            sync = world.sync(source, *map(to, teams))
            becomes(lambda: sync.says("InSync"), ("False", "Rejected"))
        assert sync.says("Ready") == ("True", "Success")
        assert sync.counts() == (2, 0, 2, 0)
        for item in sync.destinations().values():
            assert (item["state"], item["reason"]) == ("Failed", "Rejected")
            assert item["since"]
        assert "0 out of 2 destinations are in sync" in sync.message("InSync")
        assert points_to_its_slice(world, sync)
        becomes(lambda: "exceeded quota" in events_of_slices(world, sync), True)
    becomes(lambda: [world.data(source, team) for team in teams], [source["data"]] * 2)
    sync.wait_in_sync()


def test_where_one_copy_is_refused_the_others_are_in_sync(world: World, latencies: Latencies) -> None:
    home, full, team = world.namespace("home"), world.namespace(), world.namespace()
    source = world.config_map(home)
    name = source["metadata"]["name"]
    with quota(world, full):
        with latencies.timed("a failure is reported", limit=REPORTED):
            sync = world.sync(source, to(full), to(team))
            becomes(lambda: sync.says("InSync"), ("False", "Rejected"))
        assert sync.counts() == (2, 1, 1, 0)
        assert sync.destinations()[f"{team}/{name}"]["state"] == "Synced"
        assert f"{full}/{name}" in sync.message("InSync")
        assert f"{team}/{name}" not in sync.message("InSync")
    sync.wait_in_sync()


def test_a_copy_that_may_no_longer_be_changed_makes_in_sync_false(world: World, latencies: Latencies) -> None:
    home, strict, team = world.namespace("home"), world.namespace(), world.namespace()
    source = world.config_map(home, {"k": "before", "kept": "same"}, labels={"example.com/tier": "front"})
    name = source["metadata"]["name"]
    sync = world.sync(source, to(strict), to(team))
    sync.wait_in_sync()
    with denied(world, strict):
        with latencies.timed("a failure is reported", limit=REPORTED):
            world.edit(source, {"data": {"k": "after"}, "metadata": {"labels": {"example.com/tier": "back"}}})
            becomes(lambda: sync.says("InSync"), ("False", "Rejected"))
        message = sync.destinations()[f"{strict}/{name}"]["message"]
        assert {"/data/k", "/metadata/labels/example.com~1tier"} <= set(
            message.replace(",", "").replace(";", "").split()
        )
        for value in ("before", "after", "same", "front", "back"):
            assert value not in message, "pointers, never values"
        assert points_to_its_slice(world, sync)
        becomes(lambda: "the house rules forbid it" in events_of_slices(world, sync), True)
        becomes(lambda: world.data(source, team)["k"], "after")
        assert world.data(source, strict)["k"] == "before"
    sync.wait_in_sync(40)


def test_a_deleted_copy_that_may_not_be_created_again_makes_in_sync_false(world: World, latencies: Latencies) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    with denied(world, team, operations=("CREATE",)), latencies.timed("a failure is reported", limit=REPORTED):
        world.delete(world.at(source, team))
        becomes(lambda: sync.says("InSync"), ("False", "Rejected"))
    sync.wait_in_sync(40)


def test_a_service_account_token_is_not_copied(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    account = {"kubernetes.io/service-account.name": "default"}
    becomes(lambda: bool(world.admin.find("v1", "serviceaccounts", home, "default")), True)
    token = secret(home, "token", fields={"type": "kubernetes.io/service-account-token"}, annotations=account)
    source = world.admin.create(token)
    sync = world.sync(source, to(team))
    becomes(lambda: sync.says("InSync"), ("False", "SourceNotCopyable"), within=REPORTED)
    assert world.where(source) == set()


# Faults of the installation


def test_an_engine_with_the_wrong_apply_strategy_is_reported_and_writes_no_copy(
    world: World, installation: Installation, cluster: Cluster, tmp_path: Path, latencies: Latencies
) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.admin.create(secret(home, "credentials"))
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    copy = world.at(source, team)
    wrong = Metacontroller(cluster, tmp_path, user=installation.engine.user, apply_strategy="dynamic-apply")
    with stopped(installation.engine):
        wrong.start()
        try:
            with latencies.timed("a failure is reported", limit=REPORTED):
                world.edit(source, {"data": {"k": "Mg=="}})
                becomes(lambda: sync.says("InSync"), ("False", "WrongApplyStrategy"), within=60)
            assert "--apply-strategy=server-side-apply" in sync.message("InSync")
            late = world.sync(source, to(team, "late"))
            becomes(lambda: late.says("InSync"), ("False", "WrongApplyStrategy"))
            stays(lambda: world.at(source, team), copy)
            assert world.where(source) == {f"{team}/credentials"}
        finally:
            wrong.stop()
    sync.wait_in_sync(40)
    late.wait_in_sync(40)
    for name in ("credentials", "late"):
        annotations = world.at(source, team, name)["metadata"]["annotations"]
        assert "metacontroller.k8s.io/last-applied-configuration" not in annotations


def guard_parts(world: World) -> dict[str, Object]:
    plurals = ("validatingadmissionpolicies", BINDINGS)
    return {plural: world.admin.get(ADMISSION, plural, None, GUARD) for plural in plurals}


def restore(world: World, part: Object) -> None:
    meta = {"name": part["metadata"]["name"]}
    world.admin.apply({key: value for key, value in part.items() if key != "status"} | {"metadata": meta})


@pytest.mark.parametrize(
    "missing",
    ["validatingadmissionpolicies", BINDINGS, ""],
    ids=["no policy", "no binding", "a binding that does not deny"],
)
def test_without_the_guard_nothing_is_planned_and_the_status_says_so(
    world: World, missing: str, latencies: Latencies
) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    foreign = world.admin.create(config_map(team, "contested", {"theirs": "1"}))
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    parts = guard_parts(world)
    with latencies.timed("a missing guard is reported", limit=REPORTED):
        if missing:
            world.admin.delete(ADMISSION, missing, None, GUARD)
        else:
            world.admin.patch(ADMISSION, BINDINGS, None, GUARD, {"spec": {"validationActions": ["Audit"]}})
        becomes(lambda: (sync.says("Ready"), sync.says("InSync")), (("False", "GuardMissing"),) * 2)
    try:
        late = world.sync(source, to(team, "contested"))
        becomes(lambda: late.says("InSync"), ("False", "GuardMissing"))
        assert world.slices(late) == []
        stays(lambda: world.at(source, team, "contested"), foreign, seconds=1)
    finally:
        for part in parts.values():
            restore(world, part)
    becomes(lambda: late.says("InSync"), ("False", "Conflict"))
    assert world.at(source, team, "contested") == foreign
    sync.wait_in_sync()
