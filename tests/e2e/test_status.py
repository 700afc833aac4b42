"""A status never lies: each failure turns InSync False within seconds, with its own reason and the way to the cure."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from controlplane.client import NotFoundError, Object
from controlplane.control_plane import Cluster
from controlplane.engine import Metacontroller
from controlplane.installation import Installation
from e2e.eventually import becomes, stays
from e2e.latencies import Latencies
from e2e.objects import API_VERSION, config_map, object_sync, to
from e2e.outages import stopped
from e2e.world import Sync, World

TOLD = 10
"""Seconds within which a failure must be told."""
ADMISSION = "admissionregistration.k8s.io/v1"
BINDINGS = "validatingadmissionpolicybindings"
GUARD = "object-syncer-copies"


@contextmanager
def quota(world: World, *namespaces: str) -> Iterator[None]:
    """No further ConfigMap in these namespaces. There is no quota controller here, so that the status is ours too."""
    for namespace in namespaces:
        hard = {"hard": {"configmaps": "0"}}
        meta = {"namespace": namespace, "name": "none"}
        world.admin.create({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": hard})
        used = {**hard, "used": {"configmaps": "0"}}
        world.admin.patch_status("v1", "resourcequotas", namespace, "none", used)
        becomes(lambda: enforced(world, namespace), True)  # noqa: B023 - called at once
    yield
    for namespace in namespaces:
        world.admin.delete("v1", "resourcequotas", namespace, "none")


def enforced(world: World, namespace: str) -> bool:
    try:
        world.admin.create(config_map(namespace, "probe"))
    except Exception as error:
        if "exceeded quota" in str(error):
            return True
        raise
    world.admin.delete("v1", "configmaps", namespace, "probe")
    return False


@contextmanager
def denied(world: World, *namespaces: str, operations: tuple[str, ...] = ("CREATE", "UPDATE")) -> Iterator[None]:
    """An admission policy that is somebody else's refuses ConfigMaps in these namespaces."""
    name = f"denied-{world.mark}"
    rule = {"apiGroups": [""], "apiVersions": ["*"], "resources": ["configmaps"], "operations": list(operations)}
    selector = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": namespaces}]}
    policy = {
        "matchConstraints": {"namespaceSelector": selector, "resourceRules": [rule]},
        "validations": [{"expression": "false", "message": "the house rules forbid it"}],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    kinds = {"ValidatingAdmissionPolicy": policy, "ValidatingAdmissionPolicyBinding": binding}
    for kind, spec in kinds.items():
        world.admin.create({"apiVersion": ADMISSION, "kind": kind, "metadata": {"name": name}, "spec": spec})
    probe = config_map(namespaces[0], "probe")

    def in_force() -> bool:
        try:
            world.admin.create(probe)
            world.edit(probe, {"data": {"probed": "1"}})
            world.delete(probe)
        except Exception as error:
            if "house rules" in str(error):
                return True
            raise
        return False

    becomes(in_force, True)
    with suppress(NotFoundError):
        world.delete(probe)
    yield
    for kind in kinds:
        world.admin.delete(ADMISSION, world.admin.resource(ADMISSION, kind).plural, None, name)


def events(world: World, sync: Sync) -> str:
    """What the engine's events about the slices of an ObjectSync say."""
    names = {item["metadata"]["name"] for item in world.slices(sync)}
    listed = world.admin.list("v1", "events", "default")
    told = [e for e in listed if (e["involvedObject"]["kind"], e["reason"]) == ("SyncSlice", "SyncError")]
    return "\n".join(e["message"] for e in told if e["involvedObject"]["name"] in names)


def points_to_its_slice(world: World, sync: Sync) -> bool:
    return any(
        f"events of SyncSlice {item['metadata']['name']}" in sync.message("InSync") for item in world.slices(sync)
    )


# B20: nothing, or not everything, can be written


def test_b20_where_every_copy_is_refused_in_sync_is_false(world: World, latencies: Latencies) -> None:
    home, teams = world.namespace("home"), [world.namespace() for _ in range(2)]
    source = world.config_map(home)
    with quota(world, *teams):
        with latencies.timed("a failure is told", limit=TOLD):
            sync = world.sync(source, *map(to, teams))
            becomes(lambda: sync.says("InSync"), ("False", "Rejected"))
        assert sync.says("Ready") == ("True", "Success")
        assert sync.counts() == (2, 0, 2, 0)
        for item in sync.destinations().values():
            assert (item["state"], item["reason"]) == ("Failed", "Rejected")
            assert item["since"]
        assert "0 out of 2 destinations are in sync" in sync.message("InSync")
        assert points_to_its_slice(world, sync)
        becomes(lambda: "exceeded quota" in events(world, sync), True)
    becomes(lambda: [world.data(source, team) for team in teams], [source["data"]] * 2)
    sync.wait_in_sync()


def test_b20_where_one_copy_is_refused_the_others_are_in_sync(world: World, latencies: Latencies) -> None:
    home, full, team = world.namespace("home"), world.namespace(), world.namespace()
    source = world.config_map(home)
    name = source["metadata"]["name"]
    with quota(world, full):
        with latencies.timed("a failure is told", limit=TOLD):
            sync = world.sync(source, to(full), to(team))
            becomes(lambda: sync.says("InSync"), ("False", "Rejected"))
        assert sync.counts() == (2, 1, 1, 0)
        assert sync.destinations()[f"{team}/{name}"]["state"] == "Synced"
        assert f"{full}/{name}" in sync.message("InSync")
        assert f"{team}/{name}" not in sync.message("InSync")
    sync.wait_in_sync()


def test_b20_a_copy_that_may_no_longer_be_changed_makes_in_sync_false(world: World, latencies: Latencies) -> None:
    home, strict, team = world.namespace("home"), world.namespace(), world.namespace()
    source = world.config_map(home, {"k": "before", "kept": "same"}, labels={"example.com/tier": "front"})
    name = source["metadata"]["name"]
    sync = world.sync(source, to(strict), to(team))
    sync.wait_in_sync()
    with denied(world, strict):
        with latencies.timed("a failure is told", limit=TOLD):
            world.edit(source, {"data": {"k": "after"}, "metadata": {"labels": {"example.com/tier": "back"}}})
            becomes(lambda: sync.says("InSync"), ("False", "Rejected"))
        message = sync.destinations()[f"{strict}/{name}"]["message"]
        assert {"/data/k", "/metadata/labels/example.com~1tier"} <= set(
            message.replace(",", "").replace(";", "").split()
        )
        for value in ("before", "after", "same", "front", "back"):
            assert value not in message, "pointers, never values"
        assert points_to_its_slice(world, sync)
        becomes(lambda: "the house rules forbid it" in events(world, sync), True)
        becomes(lambda: world.data(source, team)["k"], "after")
        assert world.data(source, strict)["k"] == "before"
    sync.wait_in_sync(40)


def test_b20_a_copy_that_is_deleted_and_may_not_return_makes_in_sync_false(world: World, latencies: Latencies) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    with denied(world, team, operations=("CREATE",)), latencies.timed("a failure is told", limit=TOLD):
        world.delete(world.at(source, team))
        becomes(lambda: sync.says("InSync"), ("False", "Rejected"))
    sync.wait_in_sync(40)


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("v1", "Pod"),
        ("v1", "Event"),
        ("events.k8s.io/v1", "Event"),
        ("coordination.k8s.io/v1", "Lease"),
        ("apps/v1", "ControllerRevision"),
    ],
)
def test_kinds_that_make_no_sense_as_copies_are_refused(world: World, api_version: str, kind: str) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = {"apiVersion": api_version, "kind": kind, "metadata": {"namespace": home, "name": "x"}}
    sync = world.submit(object_sync(home, "senseless", source, [to(team)]))
    becomes(lambda: (sync.says("Ready"), sync.says("InSync")), (("False", "SourceNotCopyable"),) * 2, within=TOLD)
    assert kind in sync.message("Ready")


def test_a_service_account_token_is_not_copied(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    account = {"kubernetes.io/service-account.name": "default"}
    meta = {"namespace": home, "name": "token", "annotations": account}
    becomes(lambda: bool(world.admin.find("v1", "serviceaccounts", home, "default")), True)
    kind = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token"}
    source = world.admin.create({**kind, "metadata": meta})
    sync = world.sync(source, to(team))
    becomes(lambda: sync.says("InSync"), ("False", "SourceNotCopyable"), within=TOLD)
    assert world.where(source) == set()


# What the installation itself lacks


def test_an_engine_in_the_wrong_apply_strategy_is_told_and_writes_no_copy(
    world: World, installation: Installation, cluster: Cluster, tmp_path: Path, latencies: Latencies
) -> None:
    home, team = world.namespace("home"), world.namespace()
    meta = {"namespace": home, "name": "credentials"}
    source = world.admin.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"k": "v"}})
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    copy = world.at(source, team)
    wrong = Metacontroller(cluster, tmp_path, user=installation.engine.user, apply_strategy="dynamic-apply")
    with stopped(installation.engine):
        wrong.start()
        try:
            with latencies.timed("a failure is told", limit=TOLD):
                world.edit(source, {"stringData": {"k": "2"}})
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


@pytest.mark.parametrize("missing", ["validatingadmissionpolicies", BINDINGS, ""])
def test_without_the_guard_nothing_is_planned(world: World, missing: str, latencies: Latencies) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    foreign = world.admin.create(config_map(team, "contested", {"theirs": "1"}))
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    parts = guard_parts(world)
    with latencies.timed("a missing guard is told", limit=TOLD):
        if missing:
            world.admin.delete(ADMISSION, missing, None, GUARD)
        else:
            world.admin.patch(ADMISSION, BINDINGS, None, GUARD, {"spec": {"validationActions": ["Audit"]}})
        becomes(lambda: (sync.says("Ready"), sync.says("InSync")), (("False", "GuardMissing"),) * 2)
    try:
        late = world.sync(source, to(team, "contested"))
        becomes(lambda: late.says("InSync"), ("False", "GuardMissing"))
        assert "spec.guard" in late.message("InSync")
        assert world.slices(late) == []
        world.edit(world.at(source, team), {"data": {"k": "hacked"}})
        becomes(lambda: world.data(source, team), source["data"])
        stays(lambda: world.at(source, team, "contested"), foreign, seconds=1)
        world.delete(world.at(source, team))
        reason = {"state": "Pending", "reason": "GuardMissing"}.items()
        (where,) = sync.destinations()
        becomes(lambda: sync.destinations()[where].items() >= reason, True)
        theirs = world.admin.create(config_map(team, source["metadata"]["name"], {"theirs": "2"}))
        stays(lambda: world.at(source, team), theirs, seconds=1)
    finally:
        for part in parts.values():
            restore(world, part)
    becomes(lambda: (late.says("InSync"), sync.says("InSync")), (("False", "Conflict"),) * 2)
    assert world.at(source, team, "contested") == foreign
    assert world.at(source, team) == theirs
    world.delete(theirs)
    sync.wait_in_sync()


def test_guard_none_plans_without_the_guard_and_takes_over_what_stands_in_the_way(world: World) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    name = source["metadata"]["name"]
    foreign = world.admin.create(config_map(team, name, {"theirs": "1"}))
    parts = guard_parts(world)
    where = (API_VERSION, "syncpolicies", None, "default")
    world.admin.patch(*where, {"spec": {"guard": "None"}})
    world.admin.delete(ADMISSION, BINDINGS, None, GUARD)
    try:
        sync = world.sync(source, to(team))
        sync.wait_in_sync()
        taken = world.at(source, team)
        assert taken["metadata"]["uid"] == foreign["metadata"]["uid"]
        assert taken["data"] == {"theirs": "1", **source["data"]}
    finally:
        for part in parts.values():
            restore(world, part)
        world.admin.patch(*where, {"spec": {"guard": None}})
    sync.wait_in_sync()
