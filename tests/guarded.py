"""The guard in force on an API server, and the users who meet it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import yaml

import grants
from controlplane.client import ApiError, Client, NotFoundError, Object, path_of
from controlplane.control_plane import ALICE, KUBE_CONTROLLER_MANAGER, ControlPlane
from controlplane.waiting import wait_for
from object_syncer import installation
from object_syncer.kube import api
from writes import marks

RBAC = "rbac.authorization.k8s.io/v1"
RBAC_GROUP = "rbac.authorization.k8s.io"
EDIT = ("system:aggregate-to-edit", "system:aggregate-to-view")
"""The ClusterRoles of which Kubernetes makes `edit`."""

OBJECT_SYNCS = {"apiGroups": [api.GROUP], "resources": ["objectsyncs", "objectsyncs/status"], "verbs": ["*"]}
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
    velero: Client
    """A ServiceAccount that the installation trusts."""
    engine_user: str

    def __getitem__(self, name: str) -> Client:
        """Return one of them by name."""
        client: Client = getattr(self, name)
        return client

    def tenant(self, namespace: str, *rules: Object, roles: Sequence[str] = ()) -> Client:
        """Return a new ServiceAccount of a namespace with rights there: `rules`, and those of the ClusterRoles."""
        return tenant(self.admin, namespace, *rules, roles=roles)

    def grant(self, client: Client, namespace: str, *rules: Object, roles: Sequence[str] = ()) -> None:
        """Give a ServiceAccount rights in a namespace; the API server may take a moment to know of them."""
        grant(self.admin, client, namespace, *rules, roles=roles)


def tenant(admin: Client, namespace: str, *rules: Object, roles: Sequence[str] = ()) -> Client:
    """Return a new ServiceAccount of a namespace with rights there: `rules`, and those of the ClusterRoles."""
    client = service_account(admin, namespace, f"tenant-{uuid4().hex[:6]}")
    grant(admin, client, namespace, *rules, roles=roles)
    return client


def grant(admin: Client, client: Client, namespace: str, *rules: Object, roles: Sequence[str] = ()) -> None:
    """Give a ServiceAccount rights in a namespace; the API server may take a moment to know of them."""
    _, _, home, name = client.username().split(":")
    mark = f"{name}-{uuid4().hex[:6]}"
    subject = {"kind": "ServiceAccount", "namespace": home, "name": name}
    meta = {"namespace": namespace, "name": mark}
    admin.create({"apiVersion": RBAC, "kind": "Role", "metadata": meta, "rules": list(rules)})
    for kind, role in (("Role", mark), *(("ClusterRole", role) for role in roles)):
        meta = {"namespace": namespace, "name": f"{mark}-{role.replace(':', '-')}"}
        ref = {"apiGroup": RBAC_GROUP, "kind": kind, "name": role}
        binding = {"apiVersion": RBAC, "kind": "RoleBinding", "metadata": meta}
        admin.create({**binding, "roleRef": ref, "subjects": [subject]})


def service_account(admin: Client, namespace: str, name: str) -> Client:
    """Make a ServiceAccount and return a client that is it."""
    admin.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"namespace": namespace, "name": name}})
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    return Client(admin.server, str(admin.call("POST", path, request)["status"]["token"]))


@contextmanager
def guarded(control_plane: ControlPlane) -> Iterator[People]:
    """Have the guard in force, for an engine that is a ServiceAccount, for as long as the block lasts."""
    admin = control_plane.client()
    mark = f"guard-{uuid4().hex[:6]}"
    admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": mark}})
    accounts = {"engine": (mark, "engine"), "velero": (mark, "velero"), "controller": ("kube-system", mark)}
    clients = {who: service_account(admin, *account) for who, account in accounts.items()}
    subjects = [{"kind": "ServiceAccount", "namespace": ns, "name": name} for ns, name in accounts.values()]
    subjects += [{"kind": "User", "name": name} for name in (ALICE, KUBE_CONTROLLER_MANAGER)]
    role = {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": "cluster-admin"}
    binding = {"apiVersion": RBAC, "kind": "ClusterRoleBinding", "metadata": {"name": mark}}
    admin.create({**binding, "roleRef": role, "subjects": subjects})
    admin.apply_yaml("---\n".join(installation.crds()))
    engine_user = f"system:serviceaccount:{mark}:engine"
    texts = installation.admission(engine_user, [f"system:serviceaccount:{mark}:velero"])
    manager = control_plane.client(KUBE_CONTROLLER_MANAGER)
    made = People(alice=control_plane.client(ALICE), admin=admin, manager=manager, engine_user=engine_user, **clients)
    try:
        with in_force(admin, texts, mark, _attempts(made, mark)):
            yield made
    finally:
        admin.delete(RBAC, "clusterrolebindings", None, mark)
        admin.delete("v1", "serviceaccounts", "kube-system", mark)
        admin.delete(api.API_VERSION, "syncpolicies", None, mark)
        admin.delete("v1", "namespaces", None, mark)


@contextmanager
def in_force(
    admin: Client, texts: Iterable[str], mark: str, attempts: Sequence[Callable[[], object]]
) -> Iterator[None]:
    """Have admission policies in force for as long as the block lasts.

    Their names end in `mark`; `attempts` are requests that they refuse.
    """
    policies = [_renamed(obj, mark) for text in texts for obj in yaml.safe_load_all(text)]
    admin.apply_yaml(policies)
    try:
        for attempt in attempts:
            wait_for(lambda: _is_refused(attempt, mark), 30, "the guard in force")  # noqa: B023 - called at once
        yield
    finally:
        for obj in reversed(policies):
            with suppress(NotFoundError):
                admin.delete(obj["apiVersion"], admin.resource_of(obj).plural, None, obj["metadata"]["name"])
        for attempt in attempts:
            wait_for(lambda: not _is_refused(attempt, mark), 30, "the guard no longer in force")  # noqa: B023


def _renamed(obj: Object, mark: str) -> Object:
    """An installation may have a guard already: this one gets names of its own."""
    obj["metadata"]["name"] += f"-{mark}"
    if "policyName" in obj["spec"]:
        obj["spec"]["policyName"] += f"-{mark}"
    return obj


def _attempts(people: People, namespace: str) -> Sequence[Callable[[], object]]:
    """Return a request for each policy that this one refuses; dry runs, so that nothing remains of them."""
    stranger = people.admin.create(config_map(namespace, "probe"))
    policy = {"apiVersion": api.API_VERSION, "kind": "SyncPolicy", "metadata": {"name": namespace}}
    policy["spec"] = grants.EVERYTHING
    people.admin.create(policy)
    where = (api.API_VERSION, "syncpolicies", None, namespace)
    people.admin.patch_status(*where, {"controllers": 1})
    copy = {**stranger, "metadata": {**stranger["metadata"], **marks()}}
    looks = config_map(namespace, "looks", **marks())
    owned = config_map(namespace, "owned", ownerReferences=SLICE_OWNER)
    sync = object_sync(namespace, "probe", name="x")
    tenant = people.tenant(namespace, {"apiGroups": [api.GROUP], "resources": ["objectsyncs"], "verbs": ["create"]})
    objects, slices = path_of("v1", "configmaps", namespace), path_of(api.API_VERSION, "syncslices")
    syncs = path_of(api.API_VERSION, "objectsyncs", namespace)
    return (
        lambda: people.engine.call("PUT", f"{objects}/probe", copy, dryRun="All"),
        lambda: people.alice.call("POST", objects, looks, dryRun="All"),
        lambda: people.alice.call("POST", objects, owned, dryRun="All"),
        lambda: people.alice.call("POST", slices, sync_slice(f"{namespace}-probe"), dryRun="All"),
        lambda: people.admin.call("DELETE", path_of(*where), dryRun="All"),
        lambda: tenant.call("POST", syncs, sync, dryRun="All"),
    )


def _is_refused(attempt: Callable[[], object], mark: str) -> bool:
    """Tell whether this guard refuses the request; what RBAC refuses does not count."""
    try:
        attempt()
    except ApiError as error:
        if error.code != 403:
            raise
        return f"-{mark}' denied request" in error.message
    return False


def refused(message: str) -> "pytest.RaisesExc[ApiError]":
    """Expect the guard's refusal."""
    return pytest.raises(ApiError, match=f"403 Forbidden: .*ValidatingAdmissionPolicy.*{message}")


def config_map(namespace: str, name: str, **metadata: Any) -> Object:
    meta = {"namespace": namespace, "name": name, **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": "v"}}


def object_sync(namespace: str, name: str, /, **source: Any) -> Object:
    meta = {"namespace": namespace, "name": name}
    spec = {"source": {"group": "", "kind": "Secret", **source}, "destinations": [{"namespace": namespace}]}
    return {"apiVersion": api.API_VERSION, "kind": "ObjectSync", "metadata": meta, "spec": spec}


def sync_slice(name: str) -> Object:
    spec = {
        "index": 0,
        "objectSync": {"namespace": "a", "name": "b", "uid": "u", "generation": 1},
        "resource": {"apiVersion": "v1", "kind": "ConfigMap", "resource": "configmaps"},
        "source": {"namespace": "a", "name": "b"},
        "selector": {"matchLabels": {api.SLICE_LABEL: name}},
    }
    return {"apiVersion": api.API_VERSION, "kind": "SyncSlice", "metadata": {"name": name}, "spec": spec}
