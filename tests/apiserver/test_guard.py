"""The guard, as the API server enforces it: which writes of the engine it lets through, and who writes our own kinds.

What it keeps tenants from is in tests/attacks.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

import pytest

from controlplane.client import NotFoundError, Object
from controlplane.control_plane import ControlPlane
from controlplane.namespaces import Namespaces
from grants import EVERYTHING
from guarded import OTHER_OWNER, People, config_map, guarded, refused, sync_slice
from object_syncer.kube import api
from specification import cases
from writes import OURS, WRITES, Write, marks


@pytest.fixture(scope="module")
def people(control_plane: ControlPlane) -> Iterator[People]:
    """The guard in force, and those who meet it."""
    with guarded(control_plane) as made:
        yield made


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


@pytest.mark.parametrize("annotations", [{}, {api.TAKEOVER_ANNOTATION: "Overwrite"}], ids=["plain", "prepared"])
def test_server_side_apply_onto_a_foreign_object_is_refused_and_changes_nothing(
    people: People, namespace: str, annotations: dict[str, str]
) -> None:
    stranger = people.admin.create(config_map(namespace, "settings", annotations=annotations))
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


# SyncSlices and SyncPolicies


@pytest.fixture
def existing(people: People) -> Iterator[tuple[str, str, None, str]]:
    """Where a SyncSlice is."""
    name = f"s-{uuid4().hex[:6]}"
    people.engine.create(sync_slice(name))
    yield (api.API_VERSION, "syncslices", None, name)
    with suppress(NotFoundError):
        people.engine.delete(api.API_VERSION, "syncslices", None, name)


def test_the_engine_makes_changes_and_deletes_sync_slices(people: People) -> None:
    name = f"s-{uuid4().hex[:6]}"
    where = (api.API_VERSION, "syncslices", None, name)
    people.engine.create(sync_slice(name))
    people.engine.patch(*where, {"spec": {"source": {"name": "c"}}})
    people.engine.patch_status(*where, {"copies": 1})
    people.engine.delete(*where)


@pytest.mark.parametrize("who", ["alice", "velero", "admin", "controller", "manager"])
def test_nobody_else_makes_a_sync_slice(people: People, who: str) -> None:
    name = f"s-{uuid4().hex[:6]}"
    for write in (people[who].create, people[who].apply):
        with refused(f"as the user {people.engine_user}; if that is not its user, install the guard with the right"):
            write(sync_slice(name))
    assert people.admin.gone(api.API_VERSION, "syncslices", None, name)


@dataclass(frozen=True)
class Change:
    reason: str
    patch: Object
    subresource: str = ""


CHANGES = (
    Change("what is copied", {"spec": {"source": {"namespace": "kube-system"}}}),
    Change("metadata", {"metadata": {"labels": {"x": "1"}, "finalizers": ["team.dev/hold"]}}),
    Change("status", {"status": {"copies": 1}}, "status"),
)


@cases(*CHANGES)
def test_others_change_nothing_of_a_sync_slice(
    people: People, existing: tuple[str, str, None, str], case: Change
) -> None:
    for who in ("alice", "velero"):
        with refused("SyncSlices belong to Object Syncer; change the ObjectSync instead"):
            people[who].patch(*existing, case.patch, subresource=case.subresource)
        with refused("SyncSlices belong to Object Syncer"):
            people[who].delete(*existing)


@pytest.mark.parametrize("who", ["admin", "controller", "manager"])
def test_administrators_and_the_garbage_collector_change_and_delete_sync_slices_but_not_what_they_copy(
    people: People, existing: tuple[str, str, None, str], who: str
) -> None:
    spec, metadata, status = CHANGES
    with refused("SyncSlices belong to Object Syncer"):
        people[who].patch(*existing, spec.patch)
    people[who].patch(*existing, metadata.patch)
    people[who].patch(*existing, {"metadata": {"finalizers": None}})
    people[who].patch(*existing, status.patch, subresource="status")
    people[who].delete(*existing)


@pytest.mark.parametrize("who", ["controller", "admin"])
def test_an_engine_in_kube_system_or_an_administrator_that_the_guard_was_not_installed_for_starts_no_copies(
    people: People, existing: tuple[str, str, None, str], who: str
) -> None:
    """The other rules would let it do everything."""
    with refused(f"only Metacontroller creates SyncSlices, as the user {people.engine_user}; if that is not its user"):
        people[who].apply(sync_slice(f"s-{uuid4().hex[:6]}"), manager="metacontroller")
    more = sync_slice(existing[3])
    more["spec"]["groups"] = [{"name": "b", "namespaces": ["c"]}]
    with refused("SyncSlices belong to Object Syncer"):
        people[who].apply(more, manager="metacontroller")


@pytest.mark.parametrize("who", ["alice", "admin", "controller", "engine"])
def test_a_sync_policy_is_deleted_only_after_it_has_given_up_its_copies(people: People, who: str) -> None:
    name = f"policy-{uuid4().hex[:6]}"
    where = (api.API_VERSION, "syncpolicies", None, name)
    policy = {"apiVersion": api.API_VERSION, "kind": "SyncPolicy", "metadata": {"name": name}, "spec": EVERYTHING}
    people.admin.create(policy)
    people.admin.patch_status(*where, {"controllers": 2})
    with refused("annotate it with sync.rustrial.org/retire=true"):
        people[who].delete(*where)
    people[who].patch(*where, {"metadata": {"annotations": {"sync.rustrial.org/retire": "true"}}})
    with refused("wait until status.controllers is 0"):
        people[who].delete(*where)
    people.admin.patch_status(*where, {"controllers": 0})
    people[who].delete(*where)


def test_a_sync_policy_without_copies_is_deleted_at_once(people: People) -> None:
    for status in ({}, {"controllers": 0}):
        name = f"policy-{uuid4().hex[:6]}"
        where = (api.API_VERSION, "syncpolicies", None, name)
        people.alice.create(
            {"apiVersion": api.API_VERSION, "kind": "SyncPolicy", "metadata": {"name": name}, "spec": EVERYTHING}
        )
        people.admin.patch_status(*where, status)
        people.alice.delete(*where)
