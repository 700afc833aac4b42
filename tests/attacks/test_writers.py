"""The optional rule: who may not create an object may not have it copied. ObjectSyncs of tenants, as RBAC sees them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from controlplane.client import ApiError, Client, Object
from controlplane.waiting import wait_for
from guarded import EDIT, OBJECT_SYNCS, People, in_force, object_sync, refused
from object_syncer.kube import api
from object_syncer.planning import discovery
from specification import cases

RULE = Path(__file__).parents[2] / "metacontroller" / "optional" / "writers.yaml"
READ_ALL = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get"]}
MOST = 16
"""Destinations whose namespaces are asked for one by one."""


@dataclass(frozen=True)
class Tenants:
    """Users with an ObjectSync each in namespace a; namespace b is others'."""

    a: str
    b: str
    ann: Client
    """May edit in namespace a."""
    both: Client
    """May edit in both."""

    def sync(self, destinations: Sequence[Object], **source: str) -> Object:
        """Return a new ObjectSync of namespace a; {a} and {b} in destinations are the namespaces."""
        made = object_sync(self.a, f"s-{uuid4().hex[:6]}", **{"name": "token", **source})
        places = {"{a}": self.a, "{b}": self.b}
        named = [{key: places.get(str(value), value) for key, value in item.items()} for item in destinations]
        made["spec"]["destinations"] = named
        return made


@pytest.fixture(scope="module")
def tenants(people: People) -> Iterator[Tenants]:
    mark = uuid4().hex[:6]
    a, b = (f"team-{name}-{mark}" for name in "ab")
    for namespace in (a, b):
        people.admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        meta = {"namespace": namespace, "name": "token"}
        people.admin.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta})
    ann, both = (people.tenant(a, OBJECT_SYNCS, roles=EDIT) for _ in range(2))
    people.grant(both, b, roles=EDIT)
    made = Tenants(a, b, ann, both)
    for user in (ann, both):
        may(user, made.sync([{"namespace": "{a}", "name": "copy"}]))
    with in_force(people.admin, [RULE.read_text()], mark, [lambda: ann.dry_run(made.sync([{"namespace": "*"}]))]):
        may(both, made.sync([{"namespace": "{b}"}]))
        yield made


def may(client: Client, sync: Object) -> None:
    """Wait until the guard lets a user create the ObjectSync; nothing remains of it."""
    wait_for(lambda: client.dry_run(sync), 10, "rights", tolerate=(ApiError,))


def named(count: int, namespace: str = "{a}") -> list[Object]:
    """Return so many destinations in one namespace."""
    return [{"namespace": namespace, "name": f"copy-{number}"} for number in range(count)]


@dataclass(frozen=True)
class Wish:
    reason: str
    by: str
    destinations: Sequence[Object]
    says: str = ""
    """Where a right is missing; "" if none is."""


IN_B = {"namespace": "{b}"}
EVERYWHERE = "all namespaces, for patterns, selectors or more than 16 destinations"


@cases(
    Wish("a tenant sends copies to where it may create them", "ann", named(1)),
    Wish("a tenant sends none to another's namespace", "ann", [IN_B], "namespace {b}"),
    Wish("nor beside those that it may create", "ann", [*named(1), IN_B], "namespace {b}"),
    Wish("nor as the last of many", "ann", [*named(MOST - 1), IN_B], "namespace {b}"),
    Wish("nor to a namespace that is not there yet", "ann", [{"namespace": "later"}], "namespace later"),
    Wish("who may create them in two namespaces sends them to both", "both", [*named(1), IN_B]),
    Wish("and to as many destinations as are asked for one by one", "both", [*named(MOST - 1), IN_B]),
    Wish("a wildcard needs the right everywhere", "both", [*named(1), {"namespace": "*"}], EVERYWHERE),
    Wish("so does the empty namespace, which is one", "both", [{"namespace": ""}], EVERYWHERE),
    Wish("and a glob", "both", [*named(1), {"namespace": "team-*"}], EVERYWHERE),
    Wish("also one that means a single namespace", "both", [{"namespace": "team-[a]"}], EVERYWHERE),
    Wish("and a selector of namespaces", "both", [*named(1), {"namespaceSelector": {}}], EVERYWHERE),
    Wish("and one destination more", "both", named(MOST + 1), EVERYWHERE),
    Wish("who has the right everywhere may use wildcards", "alice", [{"namespace": "*"}, {"namespaceSelector": {}}]),
    Wish("and any number of destinations", "alice", named(4000, "n" * 63)),
    Wish("so may an administrator", "admin", [{"namespace": "*"}]),
)
def test_an_object_sync_is_created(people: People, tenants: Tenants, case: Wish) -> None:
    user = getattr(tenants, case.by, None) or people[case.by]
    sync = tenants.sync(case.destinations)
    for write in (user.create, user.apply):
        if not case.says:
            write(sync)
        else:
            where = case.says.format(a=tenants.a, b=tenants.b)
            needs = f"{user.username()} needs the verb create on secrets in {where}"
            with refused(f"who may not create an object may not have it copied: {needs}"):
                write(sync)


def test_an_object_sync_that_exists_is_not_sent_to_where_its_editor_may_not_write(tenants: Tenants) -> None:
    sync = tenants.sync(named(1))
    where = (api.API_VERSION, "objectsyncs", tenants.a, sync["metadata"]["name"])
    tenants.ann.create(sync)
    with refused(f"create on secrets in namespace {tenants.b}"):
        tenants.ann.patch(*where, {"spec": {"destinations": [{"namespace": tenants.b}]}})
    tenants.ann.patch(*where, {"spec": {"destinations": [{"namespace": tenants.a, "name": "other"}]}})


@pytest.mark.parametrize("who", ["ann", "engine"])
def test_all_but_spec_may_be_written_by_who_may_not_create_the_copies(
    people: People, tenants: Tenants, who: str
) -> None:
    sync = tenants.sync([IN_B, {"namespace": "*"}])
    where = (api.API_VERSION, "objectsyncs", tenants.a, sync["metadata"]["name"])
    people.admin.create(sync)
    user = getattr(tenants, who, None) or people[who]
    for metadata in ({"labels": {"x": "1"}, "finalizers": ["team.dev/hold"]}, {"finalizers": None}):
        user.patch(*where, {"metadata": metadata})
    user.patch_status(*where, {"observedGeneration": 1})
    user.replace(user.get(*where))
    user.delete(*where)


def test_the_verb_create_is_enough_and_other_verbs_are_not(people: People, tenants: Tenants) -> None:
    sync = tenants.sync([IN_B])
    for verbs, permitted in ((["create"], True), (["get", "list", "watch", "update", "patch", "delete"], False)):
        user = people.tenant(tenants.a, OBJECT_SYNCS, READ_ALL)
        people.grant(user, tenants.b, {"apiGroups": [""], "resources": ["secrets"], "verbs": verbs})
        if permitted:
            may(user, sync)
        else:
            wait_for(partial(user.list, "v1", "secrets", tenants.b), 10, "rights", tolerate=(ApiError,))
            with refused(f"create on secrets in namespace {tenants.b}"):
                user.create(sync)


@pytest.mark.parametrize("kind", ["Widget", "Policy", "Gateway", "Redis", "Branch"])
def test_of_a_custom_kind_the_likeliest_plural_counts(people: People, tenants: Tenants, kind: str) -> None:
    sync = tenants.sync([IN_B], group="example.com", kind=kind)
    plural = discovery.candidates(sync["spec"]["source"])[0].partition(".")[0]
    user = people.tenant(tenants.a, OBJECT_SYNCS, READ_ALL)
    wait_for(lambda: user.find("v1", "secrets", tenants.a, "x") is None, 10, "rights", tolerate=(ApiError,))
    with refused(f"{plural}.example.com in namespace {tenants.b}; if that is not .*, set spec.source.resource"):
        user.create(sync)
    people.grant(user, tenants.b, {"apiGroups": ["example.com"], "resources": [plural], "verbs": ["create"]})
    may(user, sync)


def test_a_plural_that_is_named_is_the_one_that_counts(people: People, tenants: Tenants) -> None:
    user = people.tenant(tenants.a, OBJECT_SYNCS, READ_ALL)
    people.grant(user, tenants.b, {"apiGroups": ["example.com"], "resources": ["wdgts"], "verbs": ["create"]})
    may(user, tenants.sync([IN_B], group="example.com", kind="Widget", resource="wdgts"))
    with refused(f"create on widgets.example.com in namespace {tenants.b}"):
        user.create(tenants.sync([IN_B], group="example.com", kind="Widget"))
