"""`doctor`, `explain` and `diff` in a cluster that an installation by the chart serves."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from controlplane.client import Object
from controlplane.control_plane import ADMIN, ALICE, ControlPlane
from controlplane.namespaces import Namespaces
from e2e.charted import ENGINE_USER, Charted, fresh_control_plane
from e2e.eventually import becomes
from e2e.objects import config_map, object_sync, to
from e2e.outages import stopped
from e2e.test_chart import NARROW
from e2e.world import Sync, World
from object_syncer.cli import main

RBAC = "rbac.authorization.k8s.io/v1"
HOOK_SERVER = ("apps/v1", "deployments", "object-syncer", "object-syncer")

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def charted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Charted]:
    """An installation whose hook server seems to run in the cluster."""
    directory = tmp_path_factory.mktemp("live")
    for cluster in fresh_control_plane(directory):
        with Charted(cluster, directory, NARROW) as running:
            running.admin.patch(*HOOK_SERVER, {"spec": {"replicas": 1}})
            running.admin.patch_status(*HOOK_SERVER, {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1})
            yield running


@pytest.fixture
def cluster(charted: Charted) -> ControlPlane:
    return charted.cluster


@pytest.fixture
def corner(charted: Charted) -> Iterator[World]:
    corner = World(charted.admin, Namespaces(charted.admin))
    yield corner
    corner.close()


@pytest.fixture
def run(cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*words: object, user: str = ADMIN) -> Result:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(user)))
        return CliRunner().invoke(main, [*map(str, words)])

    return run


@pytest.fixture
def synced(corner: World) -> Sync:
    """An ObjectSync that copies a ConfigMap of the namespace default to east and west."""
    sync = corner.sync(corner.config_map("default"), to("east"), to("west"))
    sync.wait_in_sync()
    return sync


# doctor


@pytest.mark.usefixtures("synced")
def test_doctor_says_nothing_of_a_healthy_installation(run: Run) -> None:
    for words in (["doctor"], ["doctor", "--context", ADMIN]):
        result = run(*words)
        assert (result.output, result.exit_code) == ("", 0)


@pytest.mark.usefixtures("synced")
def test_doctor_names_the_rights_that_metacontroller_lacks(charted: Charted, run: Run) -> None:
    binding = next(
        item
        for item in charted.admin.list(RBAC, "rolebindings", "west")
        if item["roleRef"]["name"] == "object-syncer-engine-write-default"
    )
    charted.admin.delete(RBAC, "rolebindings", "west", binding["metadata"]["name"])
    try:
        becomes(lambda: run("doctor").exit_code, 1)
        lines = run("doctor").stdout.splitlines()
        expected = f"{ENGINE_USER} may not get configmaps --namespace=west, create configmaps --namespace=west"
        assert [line for line in lines if line.startswith(expected)], lines
    finally:
        charted.admin.create(anew(binding))
    becomes(lambda: run("doctor").output, "", 60)


def anew(obj: Object) -> Object:
    """Return an object as it may be created again."""
    kept = ("name", "namespace", "labels", "annotations")
    return {**obj, "metadata": {key: obj["metadata"][key] for key in kept if key in obj["metadata"]}}


def test_doctor_says_that_the_guard_does_not_deny(charted: Charted, run: Run) -> None:
    where = ("admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings", None, "object-syncer-marks")
    charted.admin.patch(*where, {"spec": {"validationActions": ["Warn"]}})
    try:
        assert "ValidatingAdmissionPolicyBinding object-syncer-marks does not deny: apply" in run("doctor").stdout
    finally:
        charted.admin.patch(*where, {"spec": {"validationActions": ["Deny"]}})


def test_doctor_says_that_the_guard_is_another_releases(charted: Charted, run: Run) -> None:
    where = ("admissionregistration.k8s.io/v1", "validatingadmissionpolicies", None, "object-syncer-policies")
    validations = charted.admin.get(*where)["spec"]["validations"]
    charted.admin.patch(*where, {"spec": {"validations": [{**validations[0], "expression": "true"}]}})
    try:
        assert "ValidatingAdmissionPolicy object-syncer-policies has other rules" in run("doctor").stdout
    finally:
        charted.admin.patch(*where, {"spec": {"validations": validations}})


def test_doctor_says_that_metacontroller_does_not_reach_the_hooks(charted: Charted, corner: World, run: Run) -> None:
    with stopped(charted.hooks):
        sync = corner.sync(corner.config_map("default"), to("east"))
        becomes(lambda: run("doctor").exit_code, 1)
        becomes(lambda: "Metacontroller failed for ObjectSync" in run("doctor").stdout, True)
        assert f"ObjectSync default/{sync.name} has no status" in run("doctor").stdout
    sync.wait_in_sync(60)


def test_doctor_says_what_it_may_not_ask(charted: Charted, run: Run) -> None:
    result = run("doctor", user=ALICE)
    assert result.exit_code == 2
    assert "Error: objectsyncs.sync.rustrial.org is forbidden" in result.stderr
    for name, reference in (("view", "view"), ("see", "see")):
        rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}]
        charted.admin.apply({"apiVersion": RBAC, "kind": "ClusterRole", "metadata": {"name": "see"}, "rules": rules})
        role = {"apiGroup": RBAC.partition("/")[0], "kind": "ClusterRole", "name": reference}
        subject = {"apiGroup": RBAC.partition("/")[0], "kind": "User", "name": ALICE}
        binding = {"apiVersion": RBAC, "kind": "ClusterRoleBinding", "metadata": {"name": name}}
        charted.admin.apply({**binding, "roleRef": role, "subjects": [subject]})
    becomes(lambda: "may do its work is unknown: you may not ask" in run("doctor", user=ALICE).stdout, True)


# explain and diff


def test_explain_tells_the_way_to_a_copy_of_the_cluster(synced: Sync, corner: World, run: Run) -> None:
    name = f"settings-{corner.mark}"
    result = run("explain", f"east/{name}", "--context", ADMIN)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"ConfigMap east/{name}: Synced")
    assert f"ObjectSync      default/{synced.name} (cluster admin (https://127.0.0.1:" in result.stdout


def test_explain_quotes_what_the_cluster_says_of_a_conflict(charted: Charted, corner: World, run: Run) -> None:
    source = corner.config_map("default")
    name = source["metadata"]["name"]
    charted.admin.create(config_map("east", name, {"mine": "1"}))
    try:
        sync = corner.sync(source, to("east"))
        becomes(lambda: sync.says("InSync"), ("False", "Conflict"))
        result = run("explain", f"east/{name}", "--context", ADMIN)
        assert result.exit_code == 1
        assert f"ConfigMap east/{name}: Conflict" in result.stdout
        assert "In the cluster  Conflict" in result.stdout
        assert "~ data: " in result.stdout or "data.mine" in result.stdout
    finally:
        charted.admin.delete("v1", "configmaps", "east", name)


def test_explain_says_why_there_is_no_copy(synced: Sync, corner: World, run: Run) -> None:
    result = run("explain", f"north/settings-{corner.mark}", "--context", ADMIN)
    assert result.exit_code == 1
    assert "north: no item of spec.destinations selects it" in result.stdout


def test_diff_says_what_a_change_does_to_the_cluster(corner: World, run: Run, tmp_path: Path) -> None:
    source = config_map("default", f"diff-{corner.mark}")
    corner.admin.create(source)
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    sync = object_sync("default", f"diff-{corner.mark}", source, [to("east"), to("west")])
    corner.submit(sync).wait_in_sync()
    old.write_text(yaml.safe_dump(sync))
    new.write_text(yaml.safe_dump({**sync, "spec": {**sync["spec"], "destinations": [to("east")]}}))
    result = run("diff", "--context", ADMIN, old, new)
    assert result.exit_code == 1, result.output
    assert result.stdout.startswith("-1 copy (west)")
    assert run("diff", "--context", ADMIN, old, old).exit_code == 0
