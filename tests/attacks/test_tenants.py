"""Attacks by tenants on a whole installation: by the chart, with no permissions but its own, and the real engine.

Ann and Bob may edit in a namespace each, and write ObjectSyncs there. The SyncPolicy `teams` lets them copy from their
own namespace to everywhere, so that whatever else they try is refused by something else. Without Metacontroller these
tests are skipped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from controlplane.client import ApiError, Client, Object, path_of
from controlplane.control_plane import ControlPlane
from controlplane.engine import metacontroller_crds, metacontroller_program
from controlplane.namespaces import Namespaces
from controlplane.waiting import wait_for
from e2e.charted import ENGINE_USER, Charted, fresh_control_plane
from e2e.eventually import becomes, stays
from e2e.objects import config_map, crd, custom, object_sync, secret, to
from e2e.world import World
from guarded import EDIT, OBJECT_SYNCS, tenant
from object_syncer.kube import api

GROUP = "tenants.example.com"
WIDGETS = crd(GROUP)
PERMITTED = [
    {"apiGroups": [""], "resources": ["configmaps", "secrets"]},
    {"apiGroups": [GROUP], "resources": ["*"]},
    {"apiGroups": [api.GROUP], "resources": ["objectsyncs"]},
]
POLICIES = {
    "platform": {
        "watchNamespaces": ["kube-system"],
        "sourceNamespaces": ["kube-system"],
        "targetNamespaces": ["*"],
        "allowedResources": PERMITTED,
        "conflictPolicies": ["*"],
        "priority": 10,
    },
    "teams": {
        "watchNamespaces": ["team-*"],
        "sourceNamespaces": ["."],
        "targetNamespaces": ["*"],
        "allowedResources": PERMITTED,
    },
}
TIMELY = 5
"""Seconds that others may have to wait while one tenant's load is planned."""

WRITES = ("create", "update", "patch")


@dataclass(frozen=True)
class Place:
    """The cluster, and those who use it."""

    cluster: ControlPlane
    admin: World
    ann: World
    """May edit in team-a."""
    bob: World
    """May edit in team-b."""

    def engine_writes(self, since: int, name: str) -> list[str]:
        """Return what the engine wrote to objects of that name."""
        return [
            f"{entry.verb} {entry.resource} {entry.namespace}/{entry.name}"
            for entry in self.cluster.audit.entries(since)
            if entry.user == ENGINE_USER and entry.name == name and entry.verb in WRITES and entry.code < 300
        ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if metacontroller_program() is None or metacontroller_crds() is None:
        pytest.skip("no metacontroller: METACONTROLLER_BIN and METACONTROLLER_CRDS name its program and its CRDs")
    directory = tmp_path_factory.mktemp("tenants")
    for cluster in fresh_control_plane(directory):
        admin = cluster.client()
        for namespace in ("team-a", "team-b"):
            admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        admin.apply_yaml([WIDGETS])
        widgets = {"apiGroups": [GROUP], "resources": ["widgets"], "verbs": ["*"]}
        ann, bob = (tenant(admin, name, OBJECT_SYNCS, widgets, roles=EDIT) for name in ("team-a", "team-b"))
        with Charted(cluster, directory, {"defaultPolicy": False, "policies": POLICIES}):
            for client, namespace in ((ann, "team-a"), (bob, "team-b")):
                _wait_for_rights(client, namespace)
            yield Place(cluster, *(World(client, Namespaces(admin)) for client in (admin, ann, bob)))


def _wait_for_rights(client: Client, namespace: str) -> None:
    probe = custom(WIDGETS, namespace, "probe")
    for obj in (probe, object_sync(namespace, "probe", probe, [to("*")]), config_map(namespace, "probe")):
        wait_for(lambda: client.dry_run(obj), 10, "rights", tolerate=(ApiError,))  # noqa: B023 - called at once


# What a tenant may not do itself it cannot have done


@pytest.mark.parametrize("annotations", [{}, {api.TAKEOVER_ANNOTATION: "Overwrite"}], ids=["plain", "prepared"])
@pytest.mark.parametrize("conflict_policy", ["Fail", "Adopt", "Overwrite"])
def test_an_object_of_others_is_neither_overwritten_nor_deleted_with_the_object_sync(
    place: Place, conflict_policy: str, annotations: dict[str, str]
) -> None:
    """The object is like the copy that it should become, so that adopting it would change nothing."""
    name = f"settings-{uuid4().hex[:6]}"
    theirs = place.admin.admin.create(config_map("kube-system", name, annotations=annotations))
    mine = place.ann.admin.create(config_map("team-a", name))
    wanted = object_sync("team-a", name, mine, [to("kube-system")])
    wanted["spec"]["conflictPolicy"] = conflict_policy
    sync = place.ann.submit(wanted)
    becomes(lambda: sync.destinations().get(f"kube-system/{name}", {}).get("state"), "Conflict")
    sync.delete()
    sync.wait_gone()
    assert place.admin.admin.get("v1", "configmaps", "kube-system", name) == theirs


def test_where_its_policy_permits_it_the_platform_may_overwrite(place: Place) -> None:
    """So the test above would see it."""
    name = f"settings-{uuid4().hex[:6]}"
    place.ann.admin.create(config_map("team-a", name, {"k": "ann's"}))
    source = place.admin.admin.create(config_map("kube-system", name, {"k": "the platform's"}))
    wanted = object_sync("kube-system", name, source, [to("team-a")])
    wanted["spec"]["conflictPolicy"] = "Overwrite"
    sync = place.admin.submit(wanted)
    becomes(lambda: place.admin.data(source, "team-a"), {"k": "the platform's"})
    sync.delete()
    sync.wait_gone()


def test_an_object_sync_is_not_copied_to_act_with_the_rights_of_another_namespace(place: Place) -> None:
    """In team-b it would copy Bob's Secret to where Ann can read it."""
    for client, namespace in ((place.ann.admin, "team-a"), (place.bob.admin, "team-b")):
        client.create(secret(namespace, "key"))
    spy = place.ann.submit(object_sync("team-a", "spy", secret("team-a", "key"), [to("team-a", "stolen")]))
    carrier = place.ann.submit(object_sync("team-a", "carrier", spy.live(), [to("team-b")]))
    becomes(lambda: carrier.says("Ready"), ("False", "SourceNotCopyable"))
    stays(lambda: place.admin.admin.list(api.API_VERSION, "objectsyncs", "team-b"), [])
    for sync in (carrier, spy):
        sync.delete()
        sync.wait_gone()


def test_an_object_sync_that_copies_itself_makes_no_work(place: Place) -> None:
    name, mark = f"self-{uuid4().hex[:6]}", place.cluster.audit.mark()
    itself = {"apiVersion": api.API_VERSION, "kind": "ObjectSync", "metadata": {"namespace": "team-a", "name": name}}
    sync = place.ann.submit(object_sync("team-a", name, itself, [to("*")]))
    becomes(lambda: sync.says("Ready"), ("False", "SourceNotCopyable"))
    few = 5  # finalizer and status
    stays(lambda: place.engine_writes(mark, name)[few:], [], seconds=3)
    sync.delete()
    sync.wait_gone()


# What one tenant does to its own objects and copies does not stop others


def test_a_copy_that_is_edited_to_be_nested_deeper_than_others_can_read_stops_no_other_copy(place: Place) -> None:
    source = place.ann.admin.create(custom(WIDGETS, "team-a", "deep"))
    sync = place.ann.sync(source, to("team-b"), to("default"))
    sync.wait_in_sync()
    levels = 1100
    nested = b'{"spec":{"size":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}}"
    path = path_of(source["apiVersion"], "widgets", "team-b", "deep")
    place.bob.admin.raw("PATCH", path, nested, headers={"Content-Type": "application/merge-patch+json"})
    place.ann.edit(source, {"spec": {"size": 2}})
    becomes(lambda: place.admin.at(source, "default")["spec"], {"size": 2})
    unreadable = (ValueError, LookupError)  # by our client, too
    wait_for(lambda: place.admin.at(source, "team-b")["spec"] == {"size": 2}, 20, "put back", tolerate=unreadable)
    sync.wait_in_sync()


def test_a_tenant_who_asks_for_half_a_million_copies_gets_none_and_keeps_nobody_waiting(place: Place) -> None:
    for number in range(130):
        meta = {"name": f"crowd-{number}"}
        place.admin.admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    source = place.ann.config_map("team-a")
    wanted = object_sync("team-a", "flood", source, [to("*", f"n{number}") for number in range(5000)])
    flood = place.ann.submit(wanted)
    becomes(lambda: flood.says("InSync"), ("False", "TooManyCopies"))
    bob_is_served(place)
    assert not place.admin.where(source)
    flood.delete()
    flood.wait_gone()


def test_a_long_chain_of_object_syncs_keeps_nobody_waiting(place: Place) -> None:
    """Each copies what the one before would make; there is no first source, so that it costs nothing but planning."""
    links = [
        object_sync("team-a", f"link-{number}", config_map("team-a", f"c{number}"), [to("team-a", f"c{number + 1}")])
        for number in range(700)
    ]
    chain = [place.ann.admin.create(link) for link in links]

    def planned() -> int:
        listed = place.admin.admin.list(api.API_VERSION, "objectsyncs", "team-a")
        return sum(_reason(item) == "SourceNotFound" for item in listed if item["metadata"]["name"].startswith("link-"))

    becomes(planned, len(chain), 300, interval=1)
    bob_is_served(place)


def _reason(object_sync: Object) -> Any:
    found = (object_sync.get("status") or {}).get("conditions") or ()
    return next((item["reason"] for item in found if item["type"] == "InSync"), None)


def bob_is_served(place: Place) -> None:
    """Have Bob make an ObjectSync, edit its source, and delete it."""
    for _ in range(3):
        source = place.bob.admin.create(config_map("team-b", f"bobs-{uuid4().hex[:6]}"))
        sync = place.bob.sync(source, to("default"))
        becomes(lambda: place.admin.data(source, "default"), source["data"], TIMELY)  # noqa: B023 - called at once
        place.bob.edit(source, {"data": {"k": "edited"}})
        becomes(lambda: place.admin.data(source, "default"), {"k": "edited"}, TIMELY)  # noqa: B023
        sync.delete()
        becomes(lambda: place.admin.where(source), set(), TIMELY)  # noqa: B023
