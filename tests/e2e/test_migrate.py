"""`object-syncer migrate upstream`: what the original copied becomes ours as it is, also if the command is killed."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from controlplane.client import Client, Object, path_of
from controlplane.control_plane import ADMIN, ENGINE, ControlPlane
from controlplane.installation import Installation
from controlplane.namespaces import Namespaces
from controlplane.waiting import wait_for
from dying import Dying, Killed
from e2e.charted import fresh_control_plane
from e2e.eventually import becomes, stays
from e2e.objects import config_map, object_sync, to
from e2e.world import Sync, World
from object_syncer import installation
from object_syncer.cli import main
from object_syncer.cli.live.errors import Unfinished
from object_syncer.cli.migrate import migrating
from object_syncer.kube import api

SYNCS, TEAMS, MOST_WRITES = 4, 4, 200
MANAGER = "rustrial-object-syncer"
FINALIZER = [api.UPSTREAM_FINALIZER]
ADDED = {1: {"added": "by a team"}}
"""What others wrote into the copies in some of the namespaces."""
DEPLOYMENT = ("apps/v1", "deployments", "syncer", "syncer")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ControlPlane]:
    yield from fresh_control_plane(tmp_path)


@pytest.fixture
def admin(cluster: ControlPlane) -> Client:
    return cluster.client()


class Original:
    """What the original leaves: an ObjectSync, its source and its copies, all with its finalizer."""

    def __init__(self, admin: Client) -> None:
        """Make the CRDs and namespaces."""
        for text in installation.crds():
            admin.apply_yaml(text)
        self._admin = admin
        self.world = World(admin, Namespaces(admin))
        self.home, self.teams = self.world.namespace("home"), [self.world.namespace() for _ in range(TEAMS)]
        self.syncs = [self._sync(f"sync-{number}") for number in range(SYNCS)]

    def _sync(self, name: str) -> Sync:
        source = config_map(self.home, name, {"k": "1", "old": "1"}, finalizers=FINALIZER)
        self._create(source, "kubectl")
        manifest = object_sync(self.home, name, source, [*map(to, self.teams)])
        manifest["metadata"]["finalizers"] = FINALIZER
        sync = self.world.submit(manifest)
        listed = []
        for number, team in enumerate(self.teams):
            marks: Object = {"labels": {api.MANAGED_BY_LABEL: api.MANAGED_BY}, "finalizers": FINALIZER}
            if number or name != "sync-0":  # somebody took the annotation off one
                marks["annotations"] = {api.SOURCE_ANNOTATION: f"{self.home}/{name}"}
            self._create(config_map(team, name, {"k": "1", "old": "1", "stale": "1"}, **marks), MANAGER)
            listed.append({"group": "", "version": "v1", "kind": "ConfigMap", "namespace": team, "name": name})
        self._admin.patch_status(*sync.where, {"destinations": listed})
        return sync

    def _create(self, obj: Object, manager: str) -> None:
        path = path_of("v1", "configmaps", obj["metadata"]["namespace"])
        self._admin.call("POST", path, obj, fieldManager=manager)

    def copies(self) -> dict[str, str]:
        """Return the uid of each copy; one that was deleted and made again has another."""
        found = [item["metadata"] for team in self.teams for item in self._admin.list("v1", "configmaps", team)]
        return {f"{m['namespace']}/{m['name']}": m["uid"] for m in found if m["name"] != "kube-root-ca.crt"}

    def held(self) -> list[str]:
        """Return what still has the finalizer."""
        listed = [*self._admin.list("v1", "configmaps"), *self._admin.list(api.API_VERSION, "objectsyncs")]
        return [
            item["metadata"]["name"] for item in listed if FINALIZER[0] in (item["metadata"].get("finalizers") or ())
        ]


@pytest.mark.parametrize("installed", ["installed before", "installed afterwards"])
def test_killed_after_every_single_write_all_copies_become_ours_as_they_are(
    cluster: ControlPlane, admin: Client, tmp_path: Path, installed: str
) -> None:
    original = Original(admin)
    for index, data in ADDED.items():
        admin.patch("v1", "configmaps", original.teams[index], "sync-0", {"data": data})
    before = original.copies()
    assert len(before) == SYNCS * TEAMS
    ours = Installation.prepare(cluster, tmp_path, user=ENGINE)
    try:
        if installed == "installed before":
            ours.start()
            becomes(lambda: original.syncs[0].says("InSync"), ("False", "Conflict"))
        for _ in range(MOST_WRITES):
            try:
                migrating.migrate(Dying.of(cluster.kubeconfig(), 1), "", lambda line: None)
            except Killed:
                assert original.copies() == before
            else:
                break
        assert original.held() == []
        assert original.copies() == before
        if installed == "installed afterwards":
            ours.start()
        for sync in original.syncs:
            sync.wait_in_sync(60)
        assert original.copies() == before
        source = original.world.at(config_map(original.home, "sync-0"), original.home)
        original.world.edit(source, {"data": {"k": "2", "old": None}})
        for team in original.teams:
            becomes(partial(original.world.data, source, team), {"k": "2", **ADDED.get(original.teams.index(team), {})})
        original.world.namespaces.delete(original.home)
        original.world.namespaces.wait_gone(original.home)
        becomes(original.copies, {})
    finally:
        ours.stop()


def deployment(image: str) -> Object:
    labels = {"app": "syncer"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": "syncer", "name": "syncer"},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }


def test_the_original_is_scaled_to_zero_and_its_pods_are_waited_for(
    cluster: ControlPlane, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Original(admin)
    admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "syncer"}})
    admin.create(deployment("mirror.example:5000/rustrial/k8s-object-syncer:0.1.17"))
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": "syncer", "name": "syncer-1", "labels": {"app": "syncer"}},
        "spec": {"containers": [{"name": "main", "image": "x"}]},
    }
    admin.create(pod)
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(ADMIN)))

    planned = CliRunner().invoke(main, ["migrate", "upstream", "--dry-run"])
    assert planned.exit_code == 0, planned.output
    assert "scale to zero: Deployment syncer/syncer" in planned.stdout
    assert f"finalizer off ObjectSyncs ({SYNCS})" in planned.stdout
    assert f"finalizer off objects ({SYNCS + SYNCS * TEAMS})" in planned.stdout
    assert admin.get(*DEPLOYMENT)["spec"]["replicas"] == 1
    assert original.held()

    monkeypatch.setattr(migrating, "_PODS_END", 1.0)
    waits = CliRunner().invoke(main, ["migrate", "upstream"])
    assert waits.exit_code == 1
    assert "run it again: Pod syncer/syncer-1 of Deployment syncer/syncer still runs" in waits.stderr
    assert admin.get(*DEPLOYMENT)["spec"]["replicas"] == 0
    assert original.held()

    admin.delete("v1", "pods", "syncer", "syncer-1")
    wait_for(lambda: admin.gone("v1", "pods", "syncer", "syncer-1"), 60, "no Pod")
    admin.patch(*DEPLOYMENT, {"spec": {"replicas": 1}})
    done = CliRunner().invoke(main, ["migrate", "upstream"])
    assert done.exit_code == 0, done.output
    assert original.held() == []
    again = CliRunner().invoke(main, ["migrate", "upstream"])
    assert (again.exit_code, again.stdout[:34]) == (0, "There is nothing of the original O")


def test_an_original_that_runs_elsewhere_is_noticed(cluster: ControlPlane, admin: Client) -> None:
    original = Original(admin)
    name = original.syncs[0].name

    class PutBack(Dying):
        def patch(self, obj: Object, type_: object, patch: Object) -> bool:
            done = super().patch(obj, type_, patch)  # type: ignore[arg-type]
            if obj["metadata"]["namespace"] == original.home and obj["kind"] == "ConfigMap":
                where = ("v1", "configmaps", original.home, obj["metadata"]["name"])
                admin.patch(*where, {"metadata": {"finalizers": FINALIZER}})
            return done

    with pytest.raises(Unfinished, match=f"{original.home}/{name} has its finalizer again"):
        migrating.migrate(PutBack.of(cluster.kubeconfig(), MOST_WRITES), "", lambda line: None)
    stays(lambda: original.held() != [], True, 0.1)
