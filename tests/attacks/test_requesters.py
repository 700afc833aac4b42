"""Who may not read an object may not have it copied: ObjectSyncs of tenants, whose rights are those of RBAC."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from controlplane.client import ApiError, Client, Object
from controlplane.namespaces import Namespaces
from controlplane.waiting import wait_for
from guarded import EDIT, OBJECT_SYNCS, People, object_sync, refused
from object_syncer.kube import api, builtin
from object_syncer.planning import discovery
from specification import cases

UPDATE = {"labels": {"x": "1"}, "annotations": {"x": "1"}, "finalizers": ["team.dev/hold"]}


@dataclass(frozen=True)
class Tenants:
    """Two tenants with a namespace each, in which they may edit everything, and an administrator of one namespace."""

    a: str
    b: str
    ann: Client
    """May edit in namespace a."""
    bob: Client
    """May edit in namespace b."""
    clerk: Client
    """May write ObjectSyncs in namespace a, and read nothing else there."""


@pytest.fixture(scope="module")
def tenants(people: People) -> Tenants:
    a, b = (f"team-{name}-{uuid4().hex[:6]}" for name in "ab")
    for namespace in (a, b):
        people.admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        for name in ("token", "other"):
            meta = {"namespace": namespace, "name": name}
            people.admin.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta})
    ann, bob = (people.tenant(namespace, OBJECT_SYNCS, roles=EDIT) for namespace in (a, b))
    clerk = people.tenant(a, OBJECT_SYNCS)
    made = Tenants(a, b, ann, bob, clerk)
    for client, namespace in ((ann, a), (bob, b)):
        may(client, object_sync(namespace, "probe", name="token"))
    wait_for(lambda: clerk.gone(api.API_VERSION, "objectsyncs", a, "x"), 10, "rights", tolerate=(ApiError,))
    return made


def may(client: Client, sync: Object) -> None:
    """Wait until the guard lets a user create the ObjectSync; nothing remains of it."""
    wait_for(lambda: client.dry_run(sync), 10, "rights", tolerate=(ApiError,))


@dataclass(frozen=True)
class Wish:
    reason: str
    by: str
    source: dict[str, Any]
    says: str = ""
    """What is refused: "RESOURCE NAMESPACE/NAME"; "" if nothing is. {a} and {b} are the namespaces."""


TOKEN = {"name": "token"}


@cases(
    Wish("a tenant copies its own Secret", "ann", TOKEN),
    Wish("an upstream manifest may have nulls", "ann", {**TOKEN, "namespace": None, "version": None}),
    Wish("or empty strings", "ann", {**TOKEN, "namespace": "", "version": "", "resource": ""}),
    Wish("its own namespace may be named", "ann", {**TOKEN, "namespace": "{a}"}),
    Wish("a source may be missing yet", "ann", {"name": "later"}),
    Wish("a tenant cannot copy another's Secret", "ann", {**TOKEN, "namespace": "{b}"}, "secrets {b}/token"),
    Wish("nor one of kube-system", "ann", {**TOKEN, "namespace": "kube-system"}, "secrets kube-system/token"),
    Wish("nor by the right to write ObjectSyncs alone", "clerk", TOKEN, "secrets {a}/token"),
    Wish(
        "nor by naming a plural that is not the kind's",
        "ann",
        {**TOKEN, "namespace": "{b}", "resource": "configmaps"},
        "secrets {b}/token",
    ),
    Wish(
        "nor a kind that its role does not have",
        "ann",
        {"group": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "roles.rbac.authorization.k8s.io {a}/r",
    ),
    Wish(
        "nor a custom kind; the way out of a wrong guess is told",
        "ann",
        {"group": "example.com", "kind": "Policy", "name": "p"},
        "policies.example.com {a}/p; if that is not the plural of Policy, set spec.source.resource",
    ),
    Wish("who may edit everywhere may copy everything", "alice", {**TOKEN, "namespace": "{b}"}),
    Wish("so may an administrator", "admin", {**TOKEN, "namespace": "kube-system"}),
    Wish("also custom kinds", "admin", {"group": "example.com", "kind": "Policy", "name": "p"}),
)
def test_an_object_sync_is_created(people: People, tenants: Tenants, case: Wish) -> None:
    names = {"a": tenants.a, "b": tenants.b}
    source = {key: value.format(**names) if value else value for key, value in case.source.items()}
    user = getattr(tenants, case.by, None) or people[case.by]
    sync = object_sync(tenants.a, f"s-{uuid4().hex[:6]}", **source)
    for write in (user.create, user.apply):
        if not case.says:
            write(sync)
        else:
            says = f"{user.username()} needs the verb get on {case.says.format(**names)}"
            with refused(f"who may not read the source may not copy it: {says}"):
                write(sync)


def test_who_may_get_exactly_this_object_may_copy_it_and_no_other(people: People, tenants: Tenants) -> None:
    one = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["token"], "verbs": ["get"]}
    user = people.tenant(tenants.a, OBJECT_SYNCS)
    people.grant(user, tenants.b, one)
    may(user, object_sync(tenants.a, "probe", name="token", namespace=tenants.b))
    for source in ({"name": "other", "namespace": tenants.b}, {"name": "token", "namespace": tenants.a}):
        with refused(f"needs the verb get on secrets {source['namespace']}/{source['name']}"):
            user.create(object_sync(tenants.a, "sync", **source))


def test_who_may_only_list_objects_may_not_copy_them(people: People, tenants: Tenants) -> None:
    user = people.tenant(tenants.a, OBJECT_SYNCS)
    people.grant(user, tenants.b, {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list", "update"]})
    wait_for(lambda: user.list("v1", "secrets", tenants.b), 10, "rights", tolerate=(ApiError,))
    with refused(f"needs the verb get on secrets {tenants.b}/token"):
        user.create(object_sync(tenants.a, "sync", name="token", namespace=tenants.b))


def test_an_object_sync_that_exists_is_not_pointed_at_the_object_of_others(people: People, tenants: Tenants) -> None:
    sync = object_sync(tenants.a, f"s-{uuid4().hex[:6]}", name="token")
    where = (api.API_VERSION, "objectsyncs", tenants.a, sync["metadata"]["name"])
    tenants.ann.create(sync)
    with refused(f"needs the verb get on secrets {tenants.b}/token"):
        tenants.ann.patch(*where, {"spec": {"source": {"namespace": tenants.b}}})
    tenants.ann.patch(*where, {"spec": {"source": {"name": "other"}}})


def test_who_may_not_read_a_source_does_not_send_it_elsewhere(people: People, tenants: Tenants) -> None:
    """Nor lets the copies of others' ObjectSyncs overwrite what is there."""
    sync = object_sync(tenants.a, f"s-{uuid4().hex[:6]}", name="token", namespace=tenants.b)
    where = (api.API_VERSION, "objectsyncs", tenants.a, sync["metadata"]["name"])
    people.admin.create(sync)
    for spec in ({"destinations": [{"namespace": "*"}]}, {"conflictPolicy": "Overwrite"}):
        with refused(f"needs the verb get on secrets {tenants.b}/token"):
            tenants.ann.patch(*where, {"spec": spec})
    tenants.ann.delete(*where)


@pytest.mark.parametrize("who", ["ann", "clerk", "engine", "alice"])
def test_all_but_spec_may_be_written_by_who_may_not_read_the_source(people: People, tenants: Tenants, who: str) -> None:
    sync = object_sync(tenants.a, f"s-{uuid4().hex[:6]}", name="token", namespace=tenants.b)
    where = (api.API_VERSION, "objectsyncs", tenants.a, sync["metadata"]["name"])
    made = people.admin.create(sync)
    user = getattr(tenants, who, None) or people[who]
    user.patch(*where, {"metadata": UPDATE})
    user.patch_status(*where, {"observedGeneration": 1})
    user.patch(*where, {"metadata": dict.fromkeys(UPDATE)})
    live = user.get(*where)
    user.replace(live)
    assert live["spec"] == made["spec"]
    user.delete(*where)


@pytest.mark.parametrize("group_kind", [key for key, types in builtin.KINDS.items() if types[0].namespaced])
def test_the_right_on_a_built_in_kind_is_that_on_its_plural(
    people: People, tenants: Tenants, group_kind: tuple[str, str]
) -> None:
    group, kind = group_kind
    (plural,) = {version.plural for version in builtin.KINDS[group_kind]}
    user = people.tenant(tenants.a, OBJECT_SYNCS, {"apiGroups": [group], "resources": [plural], "verbs": ["get"]})
    may(user, object_sync(tenants.a, "probe", group=group, kind=kind, name="x"))


# Kinds whose plural must be guessed


LONG = "AbAcAdAeAfAgAhAiAjAkAlAmAnAoApAqArAsAtAuAvAwAxAyAzBaBbBcBdBeBfY"


@pytest.mark.parametrize("kind", ["Widget", "NetworkPolicy", "DNSEndpoint", "OCIRepository", "Redis", "Gateway", LONG])
def test_the_right_on_each_plural_that_the_hooks_would_try_is_enough(
    people: People, tenants: Tenants, kind: str
) -> None:
    """Also the cost of the checks stays within the budget of the API server."""
    sync = object_sync(tenants.a, "probe", group="example.com", kind=kind, name="x")
    user = people.tenant(tenants.a, OBJECT_SYNCS)
    wait_for(
        lambda: user.list(api.API_VERSION, "objectsyncs", tenants.a) is not None, 10, "rights", tolerate=(ApiError,)
    )
    with refused("needs the verb get on .*set spec.source.resource"):
        user.dry_run(sync)
    for name in discovery.candidates(sync["spec"]["source"]):
        plural, _, group = name.partition(".")
        user = people.tenant(tenants.a, OBJECT_SYNCS, {"apiGroups": [group], "resources": [plural], "verbs": ["get"]})
        may(user, sync)


def test_a_plural_that_is_named_is_the_only_one_that_counts(people: People, tenants: Tenants) -> None:
    rights = {"apiGroups": ["example.com"], "resources": ["widgets"], "verbs": ["get"]}
    user = people.tenant(tenants.a, OBJECT_SYNCS, rights)
    sync = object_sync(tenants.a, "probe", group="example.com", kind="Widget", name="x")
    may(user, sync)
    sync["spec"]["source"]["resource"] = "wdgts"
    with refused(f"needs the verb get on wdgts.example.com {tenants.a}/x$"):
        user.create(sync)


def test_a_group_of_the_same_kind_is_another_kind(people: People, tenants: Tenants) -> None:
    rights = {"apiGroups": ["example.com"], "resources": ["secrets"], "verbs": ["get"]}
    user = people.tenant(tenants.a, OBJECT_SYNCS, rights)
    may(user, object_sync(tenants.a, "probe", group="example.com", kind="Secret", name="token"))
    with refused(f"needs the verb get on secrets {tenants.a}/token"):
        user.create(object_sync(tenants.a, "probe", name="token"))


def test_a_large_object_sync_stays_within_the_budget(people: People, tenants: Tenants, namespaces: Namespaces) -> None:
    sync = object_sync(tenants.a, f"s-{uuid4().hex[:6]}", name="token")
    sync["spec"]["destinations"] = [{"namespace": f"{'n' * 50}-{n}", "name": "x" * 200} for n in range(4000)]
    tenants.ann.create(sync)
    where = (api.API_VERSION, "objectsyncs", tenants.a, sync["metadata"]["name"])
    tenants.ann.patch(*where, {"metadata": {"labels": {"x": "1"}}})
    tenants.ann.patch(*where, {"spec": {"source": {"name": "other"}}})
    tenants.ann.delete(*where)
