"""`object-syncer uninstall` on an API server without Metacontroller: killed before any write, and run again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from controlplane.client import Client, Object
from controlplane.control_plane import ADMIN, ALICE, ControlPlane, missing_programs
from controlplane.waiting import wait_for
from dying import Dying, Killed
from e2e.objects import config_map, object_sync, to
from grants import EVERYTHING
from object_syncer import installation
from object_syncer.cli import main
from object_syncer.cli.live import kinds, rights, waiting
from object_syncer.cli.live.errors import Unfinished
from object_syncer.cli.live.rights import Right
from object_syncer.cli.uninstall import stopping, uninstalling
from object_syncer.kube import api
from object_syncer.kube.types import ResourceType
from standins import stand_in

ENGINE_API = "metacontroller.k8s.io/v1alpha1"
FINALIZER = "metacontroller.io/decoratorcontroller-object-syncs"
TYPES = (kinds.OBJECT_SYNC, kinds.SYNC_POLICY, kinds.SYNC_SLICE, kinds.COMPOSITE, kinds.DECORATOR)
MOST_WRITES = 100


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane for this module alone, because nothing of Object Syncer is left in it."""
    if missing_programs():
        pytest.skip("no API server")
    with ControlPlane(tmp_path_factory.mktemp("uninstall")) as own:
        admin = own.client()
        for kind in ("CompositeController", "DecoratorController"):
            admin.apply_yaml([stand_in("metacontroller.k8s.io", "v1alpha1", kind)])
        for namespace in ("home", "east", "west"):
            admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        yield own


@pytest.fixture(autouse=True)
def no_metacontroller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for who does not run."""
    monkeypatch.setattr(stopping, "_ENGINE_RELEASES", 0.0)
    monkeypatch.setattr(stopping, "_ENGINE_SHOWS_ITSELF", 0.0)
    monkeypatch.setattr(waiting, "_INTERVAL", 0.05)


def install(admin: Client) -> None:
    """Make what there is while Object Syncer serves: by hand, because nobody serves here."""
    for text in installation.crds():
        admin.apply_yaml(text)
    policy = admin.create(ours("SyncPolicy", {"name": "default"}, EVERYTHING))
    owner = {"apiVersion": api.API_VERSION, "kind": "SyncPolicy", "name": "default", "uid": policy["metadata"]["uid"]}
    owners = [{**owner, "controller": True, "blockOwnerDeletion": True}]
    for name, deletion_policy in (("goes", None), ("stays", "Retain")):
        source = config_map("home", name)
        sync = object_sync("home", name, source, [to("east"), to("west")])
        sync["metadata"]["finalizers"] = [FINALIZER]
        sync["spec"]["deletionPolicy"] = deletion_policy or "Delete"
        made = admin.create(sync)
        admin.create(source)
        admin.create(sync_slice(name, made, deletion_policy, owners))
        slice_uid = admin.get(api.API_VERSION, "syncslices", None, name)["metadata"]["uid"]
        for namespace in ("east", "west"):
            admin.create(config_map(namespace, name, {"k": "v"}, **marks(name, slice_uid)))
    admin.create(config_map("east", "of-others", {}))
    admin.patch_status(api.API_VERSION, "syncpolicies", None, "default", {"controllers": 1})
    for text in installation.controllers(installation.DEFAULT_HOOKS_URL):
        admin.apply_yaml(text)
    for kind in ("CompositeController", "DecoratorController"):
        metadata = {"name": "configmaps.v1-x", "ownerReferences": owners}
        admin.create({"apiVersion": ENGINE_API, "kind": kind, "metadata": metadata, "spec": {"hooks": {}}})
    for text in installation.admission(api.ENGINE_USER):
        admin.apply_yaml(text)


def ours(kind: str, metadata: Object, spec: Object) -> Object:
    return {"apiVersion": api.API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def sync_slice(name: str, sync: Object, deletion_policy: str | None, owners: list[Object]) -> Object:
    meta = sync["metadata"]
    labels = {api.OBJECTSYNC_LABEL: meta["uid"], api.CONTROLLER_LABEL: "configmaps.v1-x"}
    spec: dict[str, Any] = {
        "policy": "default",
        "index": 0,
        "objectSync": {"namespace": "home", "name": name, "uid": meta["uid"], "generation": 1},
        "source": {"namespace": "home", "name": name},
        "resource": {"apiVersion": "v1", "kind": "ConfigMap", "resource": "configmaps", "namespaced": True},
        "selector": {"matchLabels": {api.SLICE_LABEL: f"configmaps.{name}"}},
        "groups": [{"name": name, "namespaces": ["east", "west"]}],
    }
    if deletion_policy:
        spec["deletionPolicy"] = deletion_policy
    return ours("SyncSlice", {"name": name, "labels": labels, "ownerReferences": owners}, spec)


def marks(name: str, slice_uid: str) -> Object:
    owner = {"apiVersion": api.API_VERSION, "kind": "SyncSlice", "name": name, "uid": slice_uid}
    return {
        "labels": {api.MANAGED_BY_LABEL: api.MANAGED_BY, api.SLICE_LABEL: f"configmaps.{name}"},
        "annotations": {api.SOURCE_ANNOTATION: f"home/{name}"},
        "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
    }


def contents(admin: Client) -> dict[str, tuple[str, Object]]:
    """Return uid and data of all ConfigMaps in the three namespaces."""
    found = [item for namespace in ("home", "east", "west") for item in admin.list("v1", "configmaps", namespace)]
    named = {f"{item['metadata']['namespace']}/{item['metadata']['name']}": item for item in found}
    named = {place: item for place, item in named.items() if not place.endswith("/kube-root-ca.crt")}
    return {place: (item["metadata"]["uid"], item.get("data") or {}) for place, item in named.items()}


def deletable(admin: Client) -> bool:
    """Whether ObjectSyncs and their namespaces can be deleted: nobody holds them, or somebody releases them."""
    held = [item for item in admin.list(api.API_VERSION, "objectsyncs") if item["metadata"].get("finalizers")]
    decorator = admin.find(ENGINE_API, "decoratorcontrollers", None, "object-syncs")
    planner = admin.find(ENGINE_API, "compositecontrollers", None, "sync-policies")
    return not held or bool(decorator and ("finalize" not in decorator["spec"]["hooks"] or planner))


def left(admin: Client) -> list[str]:
    return [f"{type_.kind} {item['metadata']['name']}" for type_ in TYPES for item in listed(admin, type_)]


def listed(admin: Client, type_: ResourceType) -> list[Object]:
    return admin.list(type_.api_version, type_.plural)


def clean(admin: Client) -> None:
    for item in admin.list("v1", "configmaps"):
        if item["metadata"]["namespace"] in ("home", "east", "west"):
            admin.delete("v1", "configmaps", item["metadata"]["namespace"], item["metadata"]["name"])


class UpToTheCrds(Dying):
    """A client that is killed before it deletes a CRD: the API server would take half a minute to collect again."""

    def delete(self, obj: Object, type_: ResourceType, *, orphan: bool = False) -> None:
        """Delete, or be killed."""
        if type_ == kinds.CRD:
            raise Killed
        super().delete(obj, type_, orphan=orphan)


def test_killed_before_any_write_and_run_again_it_ends_the_same(own: ControlPlane) -> None:
    admin, user = own.client(), may_everything_but_is_no_administrator(own)
    for writes in range(MOST_WRITES):
        install(admin)
        before = contents(admin)
        first = UpToTheCrds.of(user, writes)
        with pytest.raises(Killed):
            uninstalling.remove(first, False, lambda line: None)
        assert deletable(admin), first.written
        assert contents(admin) == before, first.written
        with pytest.raises(Killed):
            uninstalling.remove(UpToTheCrds.of(user, MOST_WRITES), False, lambda line: None)
        assert left(admin) == []
        assert contents(admin) == before, first.written
        assert not marked(admin)
        clean(admin)
        if first.left:
            assert writes > 20
            return
    raise AssertionError("it never came to an end")


def test_killed_after_every_single_write_it_ends_with_the_copies_gone_that_shall_go(own: ControlPlane) -> None:
    admin, user = own.client(), may_everything_but_is_no_administrator(own)
    install(admin)
    kept = {place: has for place, has in contents(admin).items() if place not in GOING}
    for _ in range(MOST_WRITES):
        only = UpToTheCrds.of(user, 1)
        with pytest.raises(Killed):
            uninstalling.remove(only, True, lambda line: None)
        assert deletable(admin), only.written
        assert kept.items() <= contents(admin).items(), only.written
        if only.left:
            break
    assert left(admin) == []
    assert contents(admin) == kept
    assert not marked(admin)
    clean(admin)


def marked(admin: Client) -> list[Object]:
    """Return the objects that are still marked as copies."""
    found = admin.list("v1", "configmaps", labels=api.MANAGED_BY_LABEL)
    return [item for item in found if api.SLICE_LABEL in item["metadata"]["labels"] or owners_of(item)]


def owners_of(item: Object) -> object:
    return item["metadata"].get("ownerReferences")


GOING = {"east/goes", "west/goes"}


def may_everything_but_is_no_administrator(own: ControlPlane) -> Path:
    """Give Alice every right, but not the group for which the guard makes exceptions; return her kubeconfig."""
    own.client().apply_yaml(
        [
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "alice"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": ALICE}],
            }
        ]
    )
    return own.kubeconfig(ALICE)


def test_the_rights_it_asks_for_are_those_it_needs(own: ControlPlane) -> None:
    admin = own.client()
    install(admin)
    admin_cluster = Dying.of(own.kubeconfig(ADMIN))
    needed = uninstalling.needed(uninstalling.look(admin_cluster, False))
    there = UpToTheCrds.of(own.kubeconfig(ALICE), MOST_WRITES)
    with rights_of(own, needed):
        assert rights.missing(there, needed) == []
        with pytest.raises(Killed):
            uninstalling.remove(there, False, lambda line: None)
    assert left(admin) == []
    clean(admin)


@contextmanager
def rights_of(own: ControlPlane, granted: list[Right]) -> Iterator[None]:
    """Give Alice these rights alone, for as long as the block lasts."""
    admin, rbac = own.client(), "rbac.authorization.k8s.io"
    rules = [
        {"apiGroups": [right.type.group], "resources": [right.type.plural], "verbs": [right.verb]} for right in granted
    ]
    if not admin.gone(f"{rbac}/v1", "clusterrolebindings", None, "alice"):
        admin.delete(f"{rbac}/v1", "clusterrolebindings", None, "alice")
    role = {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": "remover"}, "rules": rules}
    reference = {"apiGroup": rbac, "kind": "ClusterRole", "name": "remover"}
    subject = {"apiGroup": rbac, "kind": "User", "name": ALICE}
    binding = {"apiVersion": f"{rbac}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "remover"}}
    there = Dying.of(own.kubeconfig(ALICE))
    wait_for(lambda: rights.missing(there, granted) == list(dict.fromkeys(granted)), 10, "no rights")
    admin.apply_yaml([role, {**binding, "roleRef": reference, "subjects": [subject]}])
    wait_for(lambda: not rights.missing(there, granted), 10, "rights")
    try:
        yield
    finally:
        admin.delete(f"{rbac}/v1", "clusterrolebindings", None, "remover")


def test_the_command_says_what_it_would_do_and_does_it(own: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = own.client()
    install(admin)
    before = contents(admin)
    monkeypatch.setenv("KUBECONFIG", str(own.kubeconfig()))
    run = CliRunner().invoke

    planned = run(main, ["uninstall", "--dry-run", "--delete-copies"])
    assert planned.exit_code == 0, planned.output
    assert "delete ObjectSyncs (2): home/goes, home/stays" in planned.stdout
    assert "delete copies (2): ConfigMap east/goes, ConfigMap west/goes" in planned.stdout
    assert "release, and keep, copies (2): ConfigMap east/stays, ConfigMap west/stays" in planned.stdout
    assert planned.stdout.endswith("You may do all of it. Nothing was changed.\n")
    assert contents(admin) == before

    monkeypatch.setattr("object_syncer.cli.live.options.is_terminal", lambda: True)
    refused = run(main, ["uninstall"], input="n\n")
    assert refused.exit_code == 1
    assert refused.output.endswith("Go on? [y/N]: n\nAborted!\n")
    assert admin.get(ENGINE_API, "decoratorcontrollers", None, "object-syncs")["spec"]["hooks"]["finalize"]

    done = run(main, ["uninstall", "--yes"])
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith("delete what you applied.\n")
    assert "CustomResourceDefinition (3): deleting" in done.stderr
    assert contents(admin) == before
    again = run(main, ["uninstall"])
    assert (again.exit_code, again.stdout.partition(" in ")[0]) == (0, "There is nothing of Object Syncer")
    clean(admin)


def test_who_may_not_do_it_is_told_which_rights_are_missing_and_nothing_is_changed(
    own: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = own.client()
    install(admin)
    monkeypatch.setenv("KUBECONFIG", str(own.kubeconfig(ADMIN)))
    needed = uninstalling.needed(uninstalling.look(Dying.of(own.kubeconfig(ADMIN)), False))
    reading = [right for right in needed if right.verb in ("get", "list")]
    with rights_of(own, reading):
        monkeypatch.setenv("KUBECONFIG", str(own.kubeconfig(ALICE)))
        refused = CliRunner().invoke(main, ["uninstall"])
    assert refused.exit_code == 2
    assert "Error: you may not: kubectl auth can-i patch configmaps --all-namespaces\n" in refused.stderr
    assert "Error: you may not: kubectl auth can-i delete syncslices.sync.rustrial.org\n" in refused.stderr
    assert " get " not in refused.stderr
    assert refused.stderr.endswith("Error: nothing was changed\n")
    assert admin.get(ENGINE_API, "decoratorcontrollers", None, "object-syncs")["spec"]["hooks"]["finalize"]
    with pytest.raises(Killed):
        uninstalling.remove(UpToTheCrds.of(own.kubeconfig(), MOST_WRITES), False, lambda line: None)
    clean(admin)


def test_an_object_sync_that_others_hold_is_named(own: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uninstalling, "_COLLECTED", 1.0)
    admin = own.client()
    install(admin)
    where = (api.API_VERSION, "objectsyncs", "home", "goes")
    admin.patch(*where, {"metadata": {"finalizers": [FINALIZER, "team.dev/other"]}})
    with pytest.raises(Unfinished, match="objectsyncs home/goes are not gone"):
        uninstalling.remove(UpToTheCrds.of(own.kubeconfig(), MOST_WRITES), False, lambda line: None)
    assert admin.get(*where)["metadata"]["finalizers"] == ["team.dev/other"]
    admin.patch(*where, {"metadata": {"finalizers": None}})
    wait_for(lambda: admin.gone(*where), 10, "gone")
    clean(admin)


def test_controllers_that_somebody_applies_again_are_named(own: ControlPlane) -> None:
    admin = own.client()
    install(admin)
    planner = next(yaml.safe_load_all(next(iter(installation.controllers(installation.DEFAULT_HOOKS_URL)))))

    class Reapplied(UpToTheCrds):
        def delete(self, obj: Object, type_: ResourceType, *, orphan: bool = False) -> None:
            super().delete(obj, type_, orphan=orphan)
            if obj["metadata"]["name"] == "sync-policies":
                admin.apply(planner, manager="argocd-controller")

    with pytest.raises(Unfinished, match=r"sync-policies came back .* written by argocd-controller"):
        uninstalling.remove(Reapplied.of(own.kubeconfig(), MOST_WRITES), False, lambda line: None)
    with pytest.raises(Killed):
        uninstalling.remove(UpToTheCrds.of(own.kubeconfig(), MOST_WRITES), False, lambda line: None)
    clean(admin)
