"""The guard, as the API server enforces it on real users: which writes it lets through, and which it refuses."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import yaml

from controlplane.client import ApiError, Client, NotFoundError, Object, path_of
from controlplane.control_plane import ALICE, KUBE_CONTROLLER_MANAGER, ControlPlane
from controlplane.namespaces import Namespaces
from controlplane.waiting import wait_for
from object_syncer import installation
from object_syncer.kube import api
from specification import cases
from writes import OURS, WRITES, Write, marks

RBAC = "rbac.authorization.k8s.io/v1"
# In a version that nobody serves: API servers collect what has an owner they can look up and do not find.
SLICE_OWNER = [
    {"apiVersion": f"{api.GROUP}/v0", "kind": "SyncSlice", "name": "s-0", "uid": "u", "controller": True},
]
OTHER_OWNER = [
    {"apiVersion": "example.com/v1", "kind": "Widget", "name": "w", "uid": "u", "controller": True},
]


@dataclass(frozen=True)
class People:
    """Users of the API server; RBAC permits each of them everything, so that whatever is refused is by the guard."""

    engine: Client
    """A ServiceAccount, as Metacontroller's is."""
    alice: Client
    admin: Client
    """In the group system:masters."""
    controller: Client
    """A ServiceAccount of kube-system, as those of Kubernetes' own controllers are."""
    manager: Client
    """kube-controller-manager where its controllers have no ServiceAccounts of their own."""

    def __getitem__(self, name: str) -> Client:
        """Return one of them by name."""
        client: Client = getattr(self, name)
        return client


@pytest.fixture(scope="module")
def people(control_plane: ControlPlane) -> Iterator[People]:
    """The guard in force, for an engine that is a ServiceAccount, and those who meet it."""
    admin = control_plane.client()
    mark = f"guard-{uuid4().hex[:6]}"
    admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": mark}})
    accounts = {"engine": (mark, "engine"), "controller": ("kube-system", mark)}
    for namespace, name in accounts.values():
        meta = {"namespace": namespace, "name": name}
        admin.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    subjects = [{"kind": "ServiceAccount", "namespace": ns, "name": name} for ns, name in accounts.values()]
    subjects += [{"kind": "User", "name": name} for name in (ALICE, KUBE_CONTROLLER_MANAGER)]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    binding = {"apiVersion": RBAC, "kind": "ClusterRoleBinding", "metadata": {"name": mark}}
    admin.create({**binding, "roleRef": role, "subjects": subjects})
    clients = {who: Client(control_plane.server, _token(admin, *account)) for who, account in accounts.items()}
    admin.apply_yaml("---\n".join(installation.crds()))
    engine_user = f"system:serviceaccount:{mark}:engine"
    guard = [_renamed(obj, mark) for text in installation.admission(engine_user) for obj in yaml.safe_load_all(text)]
    admin.apply_yaml(guard)
    manager = control_plane.client(KUBE_CONTROLLER_MANAGER)
    made = People(alice=control_plane.client(ALICE), admin=admin, manager=manager, **clients)
    try:
        _wait_in_force(made, mark)
        yield made
    finally:
        for obj in reversed(guard):
            with suppress(NotFoundError):
                admin.delete(obj["apiVersion"], admin.resource_of(obj).plural, None, obj["metadata"]["name"])
        admin.delete(RBAC, "clusterrolebindings", None, mark)
        admin.delete("v1", "serviceaccounts", "kube-system", mark)
        admin.delete("v1", "namespaces", None, mark)


def _token(admin: Client, namespace: str, name: str) -> str:
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    return str(admin.call("POST", path, request)["status"]["token"])


def _renamed(obj: Object, mark: str) -> Object:
    """An installation may have a guard already: this one gets names of its own."""
    obj["metadata"]["name"] += f"-{mark}"
    if "policyName" in obj["spec"]:
        obj["spec"]["policyName"] += f"-{mark}"
    return obj


def _wait_in_force(people: People, namespace: str) -> None:
    """Until every policy refuses something; the API server learns of them within a second or so."""
    stranger = people.admin.create(config_map(namespace, "probe"))
    policy = {"apiVersion": api.API_VERSION, "kind": "SyncPolicy", "metadata": {"name": namespace}, "spec": {}}
    people.admin.create(policy)
    where = (api.API_VERSION, "syncpolicies", None, namespace)
    people.admin.patch_status(*where, {"controllers": 1})
    copy = {**stranger, "metadata": {**stranger["metadata"], **marks()}}
    looks = config_map(namespace, "looks", **marks())
    objects, slices = path_of("v1", "configmaps", namespace), path_of(api.API_VERSION, "syncslices")
    attempts = (  # dry runs: what is not refused yet must leave nothing behind
        lambda: people.engine.call("PUT", f"{objects}/probe", copy, dryRun="All"),
        lambda: people.alice.call("POST", objects, looks, dryRun="All"),
        lambda: people.alice.call("POST", slices, sync_slice(f"{namespace}-probe"), dryRun="All"),
        lambda: people.admin.call("DELETE", path_of(*where), dryRun="All"),
    )
    for attempt in attempts:
        wait_for(lambda: _is_refused(attempt), 30, "the guard in force")  # noqa: B023 - called at once
    people.admin.patch(*where, {"metadata": {"annotations": {"sync.rustrial.org/allow-deletion": "true"}}})
    people.admin.delete(*where)


def _is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except ApiError as error:
        if error.code != 403:
            raise
        return True
    return False


def config_map(namespace: str, name: str, **metadata: Any) -> Object:
    meta = {"namespace": namespace, "name": name, **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": "v"}}


def sync_slice(name: str) -> Object:
    spec = {
        "index": 0,
        "objectSync": {"namespace": "a", "name": "b", "uid": "u", "generation": 1},
        "resource": {"apiVersion": "v1", "kind": "ConfigMap", "resource": "configmaps"},
        "source": {"namespace": "a", "name": "b"},
        "selector": {"matchLabels": {api.SLICE_LABEL: name}},
    }
    return {"apiVersion": api.API_VERSION, "kind": "SyncSlice", "metadata": {"name": name}, "spec": spec}


def refused(message: str) -> "pytest.RaisesExc[ApiError]":
    """Expect the guard's refusal."""
    return pytest.raises(ApiError, match=f"403 Forbidden: .*{message}")


@pytest.fixture
def namespace(namespaces: Namespaces) -> str:
    return namespaces.make("team")


# What the engine writes


@pytest.mark.parametrize("kind", ["configmaps", "networkpolicies"])
@cases(*WRITES)
def test_the_engine_may_write_nothing_but_copies(people: People, namespace: str, kind: str, case: Write) -> None:
    bodies: dict[str, Object] = {
        "configmaps": {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}},
        "networkpolicies": {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
        },
    }
    name = {"namespace": namespace, "name": "settings"}
    new = {**bodies[kind], "metadata": {**name, **case.new}}
    if case.old is not None:
        made = people.admin.create({**bodies[kind], "metadata": {**name, **case.old}})
        new["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    write = people.engine.create if case.old is None else people.engine.replace
    try:
        if case.allowed:
            write(new)
        else:
            with refused("Object Syncer did not create|--apply-strategy"):
                write(new)
    finally:
        if case.old:
            people.admin.patch(new["apiVersion"], kind, namespace, "settings", {"metadata": {"finalizers": None}})


def test_server_side_apply_onto_a_foreign_object_is_refused_and_changes_nothing(people: People, namespace: str) -> None:
    stranger = people.admin.create(config_map(namespace, "settings", labels={"whose": "theirs"}))
    with refused("Object Syncer did not create"):
        people.engine.apply(config_map(namespace, "settings", **marks()), manager="metacontroller")
    assert people.admin.get("v1", "configmaps", namespace, "settings") == stranger


def test_what_the_engine_writes_for_other_controllers_is_not_restricted(people: People, namespace: str) -> None:
    """Metacontroller may serve other controllers too: their children, in its usual ways of writing."""
    where = ("v1", "configmaps", namespace, "theirs")
    last_applied = {api.LAST_APPLIED_ANNOTATION: "{}"}
    people.admin.create(config_map(namespace, "theirs", labels={"app": "x"}, annotations=OURS))
    people.engine.apply(config_map(namespace, "theirs", labels={"app": "x"}, ownerReferences=OTHER_OWNER))
    people.engine.patch(*where, {"metadata": {"annotations": last_applied, "labels": {"app": "y"}}})
    people.engine.patch(*where, [{"op": "remove", "path": "/metadata/ownerReferences"}])
    people.engine.patch(*where, {"data": {"k": "2"}})
    people.engine.delete(*where)
    people.engine.create(config_map(namespace, "new", annotations=last_applied))


# What people do to copies


@dataclass(frozen=True)
class Edit:
    reason: str
    allowed: bool
    old: Object | None
    patch: Object
    by: str = "alice"


COPY = {**marks(), "ownerReferences": SLICE_OWNER}
NO_LABEL = {"labels": {api.SLICE_LABEL: None}}
MINE = "belongs to Object Syncer"
LOOKS = "looks like a copy"


@cases(
    Edit("people may edit a copy, which is put back", True, COPY, {"data": {"k": "hacked"}}),
    Edit("people may edit labels of a copy", True, COPY, {"metadata": {"labels": {"x": "1"}}}),
    Edit("people may remove the other marks, which are put back", True, COPY, {"metadata": {"annotations": None}}),
    Edit("people may not take the label off a copy", False, COPY, {"metadata": NO_LABEL}),
    Edit(
        "people may not change the label of a copy", False, COPY, {"metadata": {"labels": {api.SLICE_LABEL: "other"}}}
    ),
    Edit(
        "people may not take the label off a copy together with its owner",
        False,
        COPY,
        {"metadata": {**NO_LABEL, "ownerReferences": None}},
    ),
    Edit("people may not take all labels off a copy", False, COPY, {"metadata": {"labels": None}}),
    Edit("administrators may take the label off a copy", True, COPY, {"metadata": NO_LABEL}, by="admin"),
    Edit(
        "controllers of Kubernetes may take the label off a copy", True, COPY, {"metadata": NO_LABEL}, by="controller"
    ),
    Edit("kube-controller-manager may take the label off a copy", True, COPY, {"metadata": NO_LABEL}, by="manager"),
    Edit("the engine may take the label off a copy", True, COPY, {"metadata": NO_LABEL}, by="engine"),
    Edit(
        "the label of an object that an operator made of a copy, and labelled like it, may be changed",
        True,
        {**marks(), "ownerReferences": OTHER_OWNER},
        {"metadata": {"labels": {api.SLICE_LABEL: "other"}}},
    ),
    Edit(
        "the label of an object that an operator made of a copy may be taken off",
        True,
        {**marks(), "ownerReferences": OTHER_OWNER},
        {"metadata": NO_LABEL},
    ),
    Edit("people may not make an object look like a copy", False, {}, {"metadata": marks()}),
    Edit("people may not make an object look like a copy with an owner", False, {}, {"metadata": COPY}),
    Edit("people may put our label alone on an object", True, {}, {"metadata": {"labels": {api.SLICE_LABEL: "x"}}}),
    Edit("administrators may make an object look like a copy", True, {}, {"metadata": marks()}, by="admin"),
)
def test_people_may_edit_copies_but_not_our_marks(people: People, namespace: str, case: Edit) -> None:
    people.admin.create(config_map(namespace, "settings", **case.old or {}))
    where = ("v1", "configmaps", namespace, "settings")
    if case.allowed:
        people[case.by].patch(*where, case.patch)
    else:
        with refused(f"{MINE}|{LOOKS}"):
            people[case.by].patch(*where, case.patch)


def test_an_exported_copy_may_not_be_created_elsewhere(people: People, namespace: str) -> None:
    """The engine would adopt it and, because nobody wants it there, delete it."""
    for metadata in (COPY, marks()):
        with refused(LOOKS):
            people.alice.create(config_map(namespace, "exported", **metadata))
    people.alice.create(config_map(namespace, "exported", annotations=OURS))
    people.alice.create(config_map(namespace, "operators", **{**COPY, "ownerReferences": OTHER_OWNER}))
    people.controller.create(config_map(namespace, "controllers", **marks()))


def test_a_copy_may_be_deleted_by_all_who_may_delete(people: People, namespace: str) -> None:
    for who in ("alice", "controller", "manager", "engine"):
        people.admin.create(config_map(namespace, who, **COPY))
        people[who].delete("v1", "configmaps", namespace, who)


# SyncSlices and SyncPolicies


def test_sync_slices_belong_to_the_engine(people: People) -> None:
    for who in ("engine", "admin", "controller", "manager"):
        name = f"s-{uuid4().hex[:6]}"
        where = (api.API_VERSION, "syncslices", None, name)
        people[who].create(sync_slice(name))
        people[who].patch(*where, {"spec": {"source": {"name": "c"}}})
        people[who].patch_status(*where, {"copies": 1})
        for attempt in (
            lambda: people.alice.create(sync_slice(f"{name}-x")),  # noqa: B023 - called at once
            lambda: people.alice.patch(*where, {"spec": {"source": {"namespace": "kube-system"}}}),  # noqa: B023
            lambda: people.alice.patch(*where, {"metadata": {"labels": {"x": "1"}}}),  # noqa: B023
            lambda: people.alice.patch_status(*where, {"copies": 0}),  # noqa: B023
            lambda: people.alice.delete(*where),  # noqa: B023
        ):
            with refused("SyncSlices belong to Object Syncer"):
                attempt()
        people[who].delete(*where)


@pytest.mark.parametrize("who", ["alice", "admin", "controller", "engine"])
def test_a_sync_policy_with_copies_is_deleted_only_after_it_is_annotated(people: People, who: str) -> None:
    name = f"policy-{uuid4().hex[:6]}"
    where = (api.API_VERSION, "syncpolicies", None, name)
    policy = {"apiVersion": api.API_VERSION, "kind": "SyncPolicy", "metadata": {"name": name}, "spec": {}}
    people.admin.create(policy)
    people.admin.patch_status(*where, {"controllers": 2})
    with refused("annotate it first: *sync.rustrial.org/allow-deletion=true"):
        people[who].delete(*where)
    people[who].patch(*where, {"metadata": {"annotations": {"sync.rustrial.org/allow-deletion": "true"}}})
    people[who].delete(*where)


def test_a_sync_policy_without_copies_is_deleted_at_once(people: People) -> None:
    for status in ({}, {"controllers": 0}):
        name = f"policy-{uuid4().hex[:6]}"
        where = (api.API_VERSION, "syncpolicies", None, name)
        people.alice.create(
            {"apiVersion": api.API_VERSION, "kind": "SyncPolicy", "metadata": {"name": name}, "spec": {}}
        )
        people.admin.patch_status(*where, status)
        people.alice.delete(*where)
