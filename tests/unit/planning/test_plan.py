"""What each ObjectSync gets, and that one of them never harms another."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from object_syncer.kube import types
from object_syncer.kube.meta import Json, name_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import destinations, plan, scope
from object_syncer.planning.plan import Plan
from object_syncer.status import reasons
from specification import cases
from unit.objects import ago, going, namespace, object_sync, policy, source

NAMESPACES = destinations.living({name: namespace(name) for name in ("team", "a", "b")})
WIDGETS = ResourceType("example.com", "v1", "Widget", "widgets")


def made(*object_syncs: Json, **spec: object) -> dict[str, Plan]:
    """Return the plans by name of the ObjectSync."""
    plans = plan.make(object_syncs, "default", scope.ranked([policy(**spec)]), NAMESPACES).plans
    return {name_of(item.object_sync): item for item in plans}


def namespaces(item: Plan) -> set[str]:
    return set().union(*item.destinations.wanted.values())


@dataclass(frozen=True)
class Case:
    reason: str
    object_sync: Json
    planned: bool = True
    refused: str = ""
    namespaces: set[str] = field(default_factory=set)
    spec: Json = field(default_factory=dict)
    """Of the SyncPolicy."""


CLUSTER_ROLE = source("ClusterRole", "rbac.authorization.k8s.io")


@cases(
    Case("an ObjectSync is planned", object_sync(), namespaces={"a", "b"}),
    Case("its source is in its own namespace by default", object_sync(namespace="a"), namespaces={"team", "b"}),
    Case(
        "its source may be elsewhere",
        object_sync(spec_source=source(namespace="a")),
        namespaces={"team", "b"},
    ),
    Case(
        "a source namespace that is empty is none", object_sync(spec_source=source(namespace="")), namespaces={"a", "b"}
    ),
    Case("one that is being deleted has no plan", going(object_sync()), planned=False),
    Case("one that is not watched has no plan", object_sync(), planned=False, spec={"watchNamespaces": ["a"]}),
    Case("one whose kind is unknown has no plan", object_sync(spec_source=source("Widget", "e.com")), planned=False),
    Case(
        "one whose version is not served has no plan",
        object_sync(spec_source=source(version="v9")),
        planned=False,
    ),
    Case(
        "one whose kind its own hook has resolved is planned",
        object_sync(spec_source=source("Widget", "example.com"), status={"resolved": types.dump(WIDGETS)}),
        namespaces={"a", "b"},
    ),
    Case(
        "a cluster-scoped kind is refused",
        object_sync(spec_source=CLUSTER_ROLE),
        refused=reasons.CLUSTER_SCOPED_KIND,
    ),
    Case(
        "a kind that the policy does not allow is refused",
        object_sync(),
        refused=reasons.KIND_NOT_ALLOWED,
        spec={"allowedResources": [{"resources": ["secrets"]}]},
    ),
    Case(
        "a source that the policy does not allow is refused",
        object_sync(),
        refused=reasons.SOURCE_NOT_ALLOWED,
        spec={"sourceNamespaces": ["a"]},
    ),
    Case(
        "the source's namespace counts, not the ObjectSync's",
        object_sync(spec_source=source(namespace="a")),
        namespaces={"team", "b"},
        spec={"sourceNamespaces": ["a"]},
    ),
    Case(
        "a kind whose objects make no sense as copies is refused",
        object_sync(spec_source=source("Pod")),
        refused=reasons.SOURCE_NOT_COPYABLE,
    ),
    Case("targets narrow a wildcard", object_sync(), namespaces={"b"}, spec={"targetNamespaces": ["b", "team"]}),
)
def test_one_objectsync(case: Case) -> None:
    plans = made(case.object_sync, **case.spec)
    assert bool(plans) == case.planned
    for item in plans.values():
        assert (item.refusal.reason if item.refusal else "") == case.refused
        assert namespaces(item) == case.namespaces


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("", "Event"),
        ("", "Pod"),
        ("apps", "ControllerRevision"),
        ("coordination.k8s.io", "Lease"),
        ("events.k8s.io", "Event"),
    ],
)
def test_kinds_that_are_never_copied_are_refused_with_the_reason(group: str, kind: str) -> None:
    refusal = made(object_sync(spec_source=source(kind, group)))["share"].refusal
    assert refusal
    assert refusal.message.startswith(f"spec.source.kind: a{'n' * (kind == 'Event')} {kind} ")


def test_each_objectsync_is_planned_by_one_policy_alone() -> None:
    first, second = policy(watchNamespaces=["team"]), policy()
    second["metadata"] |= {"name": "second", "creationTimestamp": ago(1)}
    scopes = scope.ranked([second, first])
    syncs = [object_sync("ours"), object_sync("theirs", namespace="a")]
    planned = {name: plan.make(syncs, name, scopes, NAMESPACES).plans for name in ("default", "second")}
    assert {name: [name_of(item.object_sync) for item in plans] for name, plans in planned.items()} == {
        "default": ["ours"],
        "second": ["theirs"],
    }


def test_the_oldest_wins_a_destination_whatever_the_order_of_the_request() -> None:
    older = object_sync("older", ["a"], created=ago(100))
    younger = object_sync("younger", ["a", "b"], created=ago(50))
    plans = made(younger, older)
    assert (namespaces(plans["older"]), namespaces(plans["younger"])) == ({"a"}, {"b"})
    (conflict,) = plans["younger"].destinations.withheld
    assert (conflict.reason, conflict.namespace) == (reasons.CONFLICT, "a")
    assert "team/older" in conflict.message


@pytest.mark.parametrize(
    "not_in_the_way",
    [
        going(object_sync("older", created=ago(100))),
        object_sync("older", created=ago(100), namespace="unwatched"),
        object_sync("older", created=ago(100), spec_source=source(namespace="forbidden")),
    ],
    ids=["going", "not watched", "refused"],
)
def test_an_older_one_that_gets_no_copies_wins_nothing(not_in_the_way: Json) -> None:
    plans = made(
        not_in_the_way,
        object_sync("younger", ["a"]),
        watchNamespaces=["team"],
        sourceNamespaces=["team"],
    )
    assert namespaces(plans["younger"]) == {"a"}


def test_the_older_members_of_a_loop_are_told() -> None:
    there = object_sync("there", ["a"], created=ago(100))
    back = object_sync("back", ["team", "b"], spec_source=source(namespace="a"), created=ago(50))
    plans = made(there, back)
    assert (namespaces(plans["there"]), namespaces(plans["back"])) == ({"a"}, {"b"})
    assert "team/back" in plans["there"].notice
    assert plans["back"].notice == ""
    assert [item.reason for item in plans["back"].destinations.withheld] == [reasons.LOOP]


BAD: Sequence[Json] = [
    {"source": {}, "destinations": []},
    {"source": None, "destinations": []},
    {"destinations": [{"namespace": "a"}]},
    {"source": source(), "destinations": [{}]},
    {"source": source(), "destinations": [{"namespace": 5}, {"namespace": ["a"]}]},
    {"source": source(), "destinations": None},
    {"source": source(name=cast(str, {"a": 1})), "destinations": [{"namespace": "*"}]},
    {"source": source(namespace=["a"]), "destinations": [{"namespace": "*"}]},
]


@pytest.mark.parametrize("spec", BAD, ids=str)
def test_a_bad_objectsync_harms_no_other(spec: Json, caplog: pytest.LogCaptureFixture) -> None:
    bad = {**object_sync("bad", created=ago(500)), "spec": spec}
    found = plan.make([bad, object_sync("good", ["a"])], "default", scope.ranked([policy()]), NAMESPACES)
    assert [name_of(item.object_sync) for item in found.plans] == ["good"]
    assert namespaces(found.plans[0]) == {"a"}
    assert found.failed == {"uid-of-bad"}
    assert [(record.levelno, "team/bad" in record.getMessage()) for record in caplog.records] == [(logging.ERROR, True)]
