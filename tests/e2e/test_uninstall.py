"""`object-syncer uninstall` where everything runs: it is killed often, no copy is lost, and all can come back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.client import Client, Object
from controlplane.control_plane import ALICE, ENGINE, ControlPlane
from controlplane.installation import Installation
from controlplane.namespaces import Namespaces
from controlplane.waiting import wait_for
from dying import Dying, Killed
from e2e.charted import fresh_control_plane
from e2e.eventually import becomes
from e2e.objects import to
from e2e.world import World
from object_syncer.cli.uninstall import stopping, uninstalling

TEAMS = 4
MOST_WRITES = 300


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ControlPlane]:
    """A control plane for one test, where Alice may do everything but is no system:masters."""
    for started in fresh_control_plane(tmp_path):
        started.client().apply_yaml([binding(ALICE)])
        yield started


@pytest.fixture
def installed(cluster: ControlPlane, tmp_path: Path) -> Iterator[Installation]:
    with Installation.prepare(cluster, tmp_path, user=ENGINE) as running:
        yield running


def binding(user: str) -> Object:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": user},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }


def uids(admin: Client, namespaces: list[str]) -> dict[str, str]:
    """Return the uid of each ConfigMap; one that was deleted and made again has another."""
    found = [item["metadata"] for namespace in namespaces for item in admin.list("v1", "configmaps", namespace)]
    return {f"{meta['namespace']}/{meta['name']}": meta["uid"] for meta in found if meta["name"] != "kube-root-ca.crt"}


def test_killed_after_every_single_write_no_copy_is_lost_and_namespaces_can_be_deleted(
    installed: Installation,
) -> None:
    assert isinstance(installed.cluster, ControlPlane)
    admin, user = installed.admin, installed.cluster.kubeconfig(ALICE)
    world = World(admin, Namespaces(admin))
    home, teams = world.namespace("home"), [world.namespace() for _ in range(TEAMS)]
    syncs = [world.sync(world.config_map(home, name=name), *map(to, teams)) for name in ("one", "two")]
    spares = []
    for _ in range(12):
        spare = world.namespace("spare")
        syncs.append(world.sync(world.config_map(spare, name=spare), to(teams[0])))
        spares.append((spare, f"{teams[0]}/{spare}-{world.mark}"))
    for sync in syncs:
        sync.wait_in_sync(60)
    passing = {copy for _, copy in spares}
    before = uids(admin, [home, *teams])

    steps: list[str] = []
    for _ in range(MOST_WRITES):
        only = Dying.of(user, 1)
        try:
            uninstalling.remove(only, False, lambda line: None)
        except Killed:
            pass
        else:
            break
        now = uids(admin, [home, *teams])
        assert {place: now.get(place) for place in before.keys() - passing} == {
            place: uid for place, uid in before.items() if place not in passing
        }, only.written
        if only.written[0] not in steps:
            steps += only.written
            spare, _ = spares.pop()
            world.namespaces.delete(spare)
            world.namespaces.wait_gone(spare)
    else:
        raise AssertionError("it never came to an end")
    assert {step.split()[1] for step in steps} >= {
        "compositecontrollers", "configmaps", "syncslices", "syncpolicies", "objectsyncs", "customresourcedefinitions"
    }  # fmt: skip
    assert uninstalling.look(Dying.of(user), False).is_empty


def test_what_was_uninstalled_is_installed_again_and_takes_its_copies_back(
    installed: Installation, tmp_path: Path
) -> None:
    assert isinstance(installed.cluster, ControlPlane)
    admin, user = installed.admin, installed.cluster.kubeconfig(ALICE)
    world = World(admin, Namespaces(admin))
    home, teams = world.namespace("home"), [world.namespace() for _ in range(TEAMS)]
    source = world.config_map(home)
    first = world.sync(source, *map(to, teams))
    first.wait_in_sync()
    before = uids(admin, teams)
    assert len(before) == TEAMS

    uninstalling.remove(Dying.of(user, MOST_WRITES), False, lambda line: None)
    assert uids(admin, teams) == before
    again = tmp_path / "again"
    again.mkdir()
    installed.stop()
    with Installation.prepare(installed.cluster, again, user=ENGINE):
        second = world.sync(source, *map(to, teams))
        second.wait_in_sync(60)
        assert uids(admin, teams) == before
        world.edit(source, {"data": {"k": "2"}})
        for team in teams:
            becomes(lambda team=team: world.data(source, team), {"k": "2"})  # type: ignore[misc]

        there = Dying.of(user, MOST_WRITES)
        uninstalling.remove(there, True, lambda line: None)
        assert uids(admin, teams) == {}
        assert admin.find("v1", "configmaps", home, source["metadata"]["name"])
        wait_for(lambda: uninstalling.look(there, True).is_empty, 10, "nothing left")


def test_a_metacontroller_in_the_middle_of_a_long_sync_writes_no_marks_afterwards(
    cluster: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "_ENGINE_RELEASES", 0.0)
    admin = cluster.client()
    world = World(admin, Namespaces(admin))
    home, teams = world.namespace("home"), [world.namespace() for _ in range(100)]
    with Installation.prepare(cluster, tmp_path, user=ENGINE, qps=5):
        source = world.config_map(home)
        world.sync(source, *map(to, teams)).wait_in_sync(120)
        before = uids(admin, teams)
        world.edit(source, {"data": {"k": "2"}})
        becomes(lambda: "2" in [copy["data"]["k"] for copy in world.copies(source).values()], True)

        uninstalling.remove(Dying.of(cluster.kubeconfig(ALICE), MOST_WRITES), False, lambda line: None)
    assert {copy["data"]["k"] for copy in world.copies(source).values()} == {"v", "2"}, "it was not in the middle"
    assert uids(admin, teams) == before
    for team in teams:
        meta = world.at(source, team)["metadata"]
        assert "ownerReferences" not in meta
        assert "sync.rustrial.org/slice" not in meta["labels"]
