"""What each ObjectSync gets; one that cannot be planned does not affect others."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from object_syncer.kube import builtin, types
from object_syncer.kube.meta import Json, name_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import namespaces as cluster
from object_syncer.planning import plan, scope
from object_syncer.planning.plan import Plan, Plans
from object_syncer.status import reasons
from object_syncer.status.problem import Problem
from specification import cases
from unit.objects import ago, namespace, object_sync, policy, source, terminating

NAMESPACES = cluster.read({"team": namespace("team"), "a": namespace("a"), "b": namespace("b", tier="web")})
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
    problem: str = ""
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
        "an empty source namespace is the ObjectSync's own",
        object_sync(spec_source=source(namespace="")),
        namespaces={"a", "b"},
    ),
    Case("one that is being deleted has no plan", terminating(object_sync()), planned=False),
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
        "a cluster-scoped kind gets no copies",
        object_sync(spec_source=CLUSTER_ROLE),
        problem=reasons.CLUSTER_SCOPED_KIND,
    ),
    Case(
        "a kind that the policy does not allow gets no copies",
        object_sync(),
        problem=reasons.KIND_NOT_ALLOWED,
        spec={"allowedResources": [{"apiGroups": [""], "resources": ["secrets"]}]},
    ),
    Case(
        "a source that the policy does not allow gets no copies",
        object_sync(),
        problem=reasons.SOURCE_NOT_ALLOWED,
        spec={"sourceNamespaces": ["a"]},
    ),
    Case(
        "the source's namespace counts, not the ObjectSync's",
        object_sync(spec_source=source(namespace="a")),
        namespaces={"team", "b"},
        spec={"sourceNamespaces": ["a"]},
    ),
    Case(
        "a kind whose objects make no sense as copies gets none",
        object_sync(spec_source=source("Pod")),
        problem=reasons.SOURCE_NOT_COPYABLE,
    ),
    Case(
        "a wildcard means the target namespaces",
        object_sync(),
        namespaces={"b"},
        spec={"targetNamespaces": ["b", "team"]},
    ),
    Case(
        "a dot among the target namespaces is the ObjectSync's own",
        object_sync(namespace="a", spec_source=source(namespace="b")),
        namespaces={"a"},
        spec={"targetNamespaces": ["."]},
    ),
    Case(
        "a wildcard means the target namespaces that the policy's selector matches",
        object_sync(),
        namespaces={"b"},
        spec={"targetNamespaceSelector": {"matchLabels": {"tier": "web"}}},
    ),
    Case(
        "a source in a namespace that the policy's selector does not match gets no copies",
        object_sync(),
        problem=reasons.SOURCE_NOT_ALLOWED,
        spec={"sourceNamespaceSelector": {"matchLabels": {"tier": "web"}}},
    ),
    Case(
        "a source in a namespace that the policy's selector matches is copied",
        object_sync(spec_source=source(namespace="b")),
        namespaces={"team", "a"},
        spec={"sourceNamespaceSelector": {"matchLabels": {"tier": "web"}}},
    ),
)
def test_one_objectsync(case: Case) -> None:
    plans = made(case.object_sync, **case.spec)
    assert bool(plans) == case.planned
    for item in plans.values():
        assert (item.problem.reason if item.problem else "") == case.problem
        assert namespaces(item) == case.namespaces


@pytest.mark.parametrize(("group", "kind"), sorted(builtin.NEVER_COPIED))
def test_kinds_that_are_never_copied_get_a_reason(group: str, kind: str) -> None:
    problem = made(object_sync(spec_source=source(kind, group)))["share"].problem
    assert problem
    assert problem.message.startswith(f"spec.source.kind: a{'n' * (kind == 'Event')} {kind} ")


@pytest.mark.parametrize("group", sorted(builtin.NEVER_COPIED_GROUPS))
def test_objects_of_our_own_machinery_are_never_copied(group: str) -> None:
    type_ = ResourceType(group, "v1", "Widget", "widgets")
    item = made(object_sync(spec_source=source("Widget", group), status={"resolved": types.dump(type_)}))["share"]
    assert item.problem == Problem(
        reasons.SOURCE_NOT_COPYABLE, f"spec.source.group: objects of {group} are never copied"
    )


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for (_, kind), names in builtin.RESERVED.items() for name in sorted(names)]
)
def test_a_name_that_kubernetes_maintains_in_every_namespace_is_no_destination(kind: str, name: str) -> None:
    where: list[Json | str] = [{"namespace": "*", "name": name}, "a", {"namespace": "b", "name": name}]
    item = made(object_sync(destinations=where, spec_source=source(kind)))["share"]
    assert item.destinations.names() == {"settings": {"a"}}
    assert {(shape.name, problem.reason): found for (shape, problem), found in item.destinations.problems.items()} == {
        (name, reasons.DESTINATION_RESERVED): {"team", "a", "b"}
    }
    other_kind = made(object_sync(destinations=where, spec_source=source("Secret")))["share"]
    assert not other_kind.destinations.problems


def test_an_objectsync_that_asks_for_too_many_copies_gets_none_or_keeps_those_it_has() -> None:
    scopes = scope.ranked([policy(maxCopies=3)])
    syncs = [object_sync("many", ["*", "elsewhere"]), object_sync("few", ["b"])]
    new = plan.make(syncs, "default", scopes, NAMESPACES)
    assert [(name_of(item.object_sync), namespaces(item)) for item in new.plans] == [("few", {"b"}), ("many", set())]
    problem = new.plans[1].problem
    assert problem == Problem(
        reasons.TOO_MANY_COPIES, "spec.destinations: up to 4 copies; maxCopies of SyncPolicy default is 3"
    )
    grown = plan.make(syncs, "default", scopes, NAMESPACES, with_slices={"uid-of-many"})
    assert [name_of(item.object_sync) for item in grown.plans] == ["few"]
    assert grown.unplanned == {"uid-of-many": problem}


def test_an_objectsync_that_asks_for_a_transform_that_is_not_permitted_gets_no_copies_or_keeps_those_it_has() -> None:
    asking = object_sync("asking", ["a"])
    asking["spec"]["copy"] = {"labels": {"set": {"a": "b"}}}
    (new,) = plan.make([asking], "default", scope.ranked([policy()]), NAMESPACES).plans
    assert namespaces(new) == set()
    assert new.problem
    assert new.problem.reason == reasons.TRANSFORM_NOT_ALLOWED
    changed = plan.make([asking], "default", scope.ranked([policy()]), NAMESPACES, with_slices={"uid-of-asking"})
    assert changed == Plans([], {"uid-of-asking": new.problem})
    permitted = plan.make([asking], "default", scope.ranked([policy(transforms=["set"])]), NAMESPACES)
    assert [namespaces(item) for item in permitted.plans] == [{"a"}]


def test_a_deleted_objectsync_that_asks_for_too_much_lets_its_copies_go() -> None:
    asking = terminating(object_sync("asking", ["a"]))
    asking["spec"]["copy"] = {"labels": {"set": {"a": "b"}}}
    found = plan.make([asking], "default", scope.ranked([policy()]), NAMESPACES, with_slices={"uid-of-asking"})
    assert found == Plans()


def with_unknown_field(name: str = "newer", *destinations: str) -> Json:
    """Return an ObjectSync with a field that only newer hooks know."""
    item = object_sync(name, destinations or ["a"])
    item["spec"]["fromTheFuture"] = True
    return item


def test_an_objectsync_with_an_unknown_field_gets_no_copies_or_keeps_those_it_has() -> None:
    scopes, syncs = scope.ranked([policy()]), [with_unknown_field(), object_sync("other", ["a"])]
    new = plan.make(syncs, "default", scopes, NAMESPACES)
    assert [(name_of(item.object_sync), namespaces(item)) for item in new.plans] == [("newer", set()), ("other", {"a"})]
    problem = new.plans[0].problem
    assert problem
    assert (problem.reason, problem.message.partition(":")[0]) == (reasons.UNKNOWN_FIELD, "spec.fromTheFuture")
    before = plan.make(syncs, "default", scopes, NAMESPACES, with_slices={"uid-of-newer"})
    assert [name_of(item.object_sync) for item in before.plans] == ["other"]
    assert before.unplanned == {"uid-of-newer": problem}


def test_an_unknown_field_does_not_keep_copies_that_the_policy_forbids() -> None:
    scopes = scope.ranked([policy(allowedResources=[{"apiGroups": [""], "resources": ["secrets"]}])])
    found = plan.make([with_unknown_field()], "default", scopes, NAMESPACES, with_slices={"uid-of-newer"})
    assert [item.problem and item.problem.reason for item in found.plans] == [reasons.KIND_NOT_ALLOWED]
    assert not found.unplanned


@pytest.mark.parametrize(
    "kept", [with_unknown_field("kept"), object_sync("kept", ["a", "b"])], ids=["unknown field", "too many copies"]
)
def test_an_objectsync_whose_copies_were_kept_can_be_deleted(kept: Json) -> None:
    scopes = scope.ranked([policy(maxCopies=1)])
    found = plan.make([terminating(kept)], "default", scopes, NAMESPACES, with_slices={"uid-of-kept"})
    assert found == Plans()


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


def test_what_namespaces_exist_does_not_decide_which_policy_plans_an_objectsync() -> None:
    narrow, wide = policy(targetNamespaces=["a", "later"]), policy(targetNamespaces=["a", "elsewhere"])
    narrow["metadata"] |= {"creationTimestamp": ago(9)}
    wide["metadata"] |= {"name": "wide", "creationTimestamp": ago(1)}
    scopes = scope.ranked([narrow, wide])
    for to, by in (
        (["a", "*"], "default"),
        (["later"], "default"),
        (["a", "elsewhere"], "wide"),
        (["*", "elsewhere"], "wide"),
    ):
        for existing in (["team", "a"], ["team", "a", "elsewhere", "later"]):
            found = cluster.read({name: namespace(name) for name in existing})
            planned = {
                name: plan.make([object_sync(destinations=to)], name, scopes, found).plans
                for name in ("default", "wide")
            }
            assert [name for name, plans in planned.items() if plans] == [by], (to, existing)


def test_an_invalid_policy_takes_no_objectsync_from_the_one_that_plans_it_and_gives_it_no_new_one() -> None:
    broken = policy(targetNamespaces=None, priority=9)
    broken["metadata"] |= {"name": "broken"}
    syncs = [object_sync("kept"), object_sync("new"), terminating(object_sync("ending"))]
    planned = plan.make(
        syncs,
        "default",
        scope.ranked([broken, policy()]),
        NAMESPACES,
        with_slices={"uid-of-kept", "uid-of-ending"},
        keeping={"uid-of-kept"},
    )
    assert [name_of(item.object_sync) for item in planned.plans] == ["kept"]


def test_copies_stay_where_an_invalid_policy_would_be_next_to_serve_them() -> None:
    broken = policy(targetNamespaces=None)
    broken["metadata"] |= {"name": "broken"}
    scopes = scope.ranked([broken, policy(watchNamespaces=["elsewhere"])])
    found = plan.make([object_sync("left")], "default", scopes, NAMESPACES, {"uid-of-left"}, {"uid-of-left"})
    assert (found.plans, found.heirs) == ([], {})
    (problem,) = found.unplanned.values()
    assert problem
    assert problem.reason == reasons.INVALID_POLICY


def test_an_invalid_policy_claims_no_destinations_of_others() -> None:
    broken = policy(targetNamespaces=None, watchNamespaces=["b"], priority=9)
    broken["metadata"] |= {"name": "broken"}
    theirs, ours = object_sync("s", ["a"], namespace="b", created=ago(99)), object_sync("s", ["a"])
    (planned,) = plan.make([theirs, ours], "default", scope.ranked([broken, policy()]), NAMESPACES).plans
    assert (planned.object_sync, namespaces(planned)) == (ours, {"a"})


def test_an_objectsync_that_is_deleted_keeps_its_claims_also_beside_an_invalid_policy() -> None:
    broken = policy(targetNamespaces=None, priority=9)
    broken["metadata"] |= {"name": "broken"}
    older, younger = terminating(object_sync("older", ["a"], created=ago(100))), object_sync("younger", ["a"])
    (planned,) = plan.make(
        [older, younger],
        "default",
        scope.ranked([broken, policy()]),
        NAMESPACES,
        with_slices={"uid-of-older", "uid-of-younger"},
        keeping={"uid-of-younger"},
    ).plans
    assert namespaces(planned) == set()


def test_the_oldest_gets_a_destination_whatever_the_order_of_the_request() -> None:
    older = object_sync("older", ["a"], created=ago(100))
    younger = object_sync("younger", ["a", "b"], created=ago(50))
    plans = made(younger, older)
    assert (namespaces(plans["older"]), namespaces(plans["younger"])) == ({"a"}, {"b"})


@pytest.mark.parametrize(
    "older",
    [
        terminating(object_sync("older", created=ago(100))),
        object_sync("older", created=ago(100), namespace="unwatched"),
        object_sync("older", created=ago(100), spec_source=source(namespace="forbidden")),
    ],
    ids=["deleted", "not watched", "not permitted"],
)
def test_an_older_one_without_copies_claims_nothing(older: Json) -> None:
    plans = made(older, object_sync("younger", ["a"]), watchNamespaces=["team"], sourceNamespaces=["team"])
    assert namespaces(plans["younger"]) == {"a"}


def test_a_deleted_objectsync_has_no_plan_and_claims_its_destinations_while_it_has_slices() -> None:
    syncs = [terminating(object_sync("older", ["a"], created=ago(100))), object_sync("younger", ["a", "b"])]
    scopes = scope.ranked([policy()])
    (younger,) = plan.make(syncs, "default", scopes, NAMESPACES, with_slices={"uid-of-older"}).plans
    assert (name_of(younger.object_sync), namespaces(younger)) == ("younger", {"b"})


# Several policies


def named(name: str, **spec: object) -> Json:
    found = policy(**spec)
    found["metadata"] |= {"name": name, "uid": f"uid-of-{name}"}
    return found


def made_by(which: str, policies: Sequence[Json], *object_syncs: Json, with_slices: Sequence[str] = ()) -> Plans:
    return plan.make(object_syncs, which, scope.ranked(policies), NAMESPACES, [f"uid-of-{n}" for n in with_slices])


def test_an_objectsync_that_another_policy_serves_now_has_an_heir_with_what_that_one_permits() -> None:
    policies = [policy(), named("vip", priority=1, targetNamespaces=["a"])]
    plans = made_by("default", policies, object_sync(), with_slices=["share"])
    assert plans.plans == []
    assert {uid: namespaces(heir) for uid, heir in plans.heirs.items()} == {"uid-of-share": {"a"}}
    assert made_by("default", policies, object_sync()).heirs == {}, "without slices there is nothing to hand over"


def test_an_objectsync_that_no_policy_permits_has_no_heir() -> None:
    for other in (named("vip", priority=1, allowedResources=[{"resources": ["secrets"]}]), named("x")):
        policies = [policy(watchNamespaces=["a"]), {**other, "spec": {**other["spec"], "sourceNamespaces": ["a"]}}]
        assert made_by("default", policies, object_sync(), with_slices=["share"]).heirs == {}


def test_an_heir_gets_nothing_that_an_older_objectsync_of_the_old_policy_has() -> None:
    older = object_sync("older", ["a"], namespace="b", created=ago(99))
    policies = [policy(watchNamespaces=["b"]), named("heir", watchNamespaces=["team"])]
    plans = made_by("default", policies, object_sync(), older, with_slices=["share"])
    assert namespaces(plans.heirs["uid-of-share"]) == {"b"}


def test_an_heir_gets_nothing_that_comes_first_where_it_goes_though_it_does_not_where_it_comes_from() -> None:
    """Or its copy would be given up, and nobody would take it."""
    third = object_sync("third", ["a"], namespace="b", created=ago(1))
    policies = [named("vip", watchNamespaces=["b"], priority=1), named("heir", watchNamespaces=["team"], priority=-1)]
    for old in ([], [policy(watchNamespaces=["a"], priority=2)]):
        plans = made_by("default", [*policies, *old], object_sync(), third, with_slices=["share"])
        assert namespaces(plans.heirs["uid-of-share"]) == {"b"}
        assert plans.plans == []


def test_a_deleted_objectsync_takes_nothing_from_an_heir_even_if_its_policy_has_a_higher_priority() -> None:
    deleted = terminating(object_sync("deleted", ["a"], namespace="b"))
    policies = [policy(watchNamespaces=["b"]), named("heir", watchNamespaces=["team"], priority=-1)]
    plans = made_by("default", policies, object_sync(), deleted, with_slices=["share", "deleted"])
    assert namespaces(plans.heirs["uid-of-share"]) == {"a", "b"}


def test_a_deleted_objectsync_takes_nothing_by_the_priority_of_a_policy_that_it_would_have_gone_to() -> None:
    deleted = terminating(object_sync("deleted", ["a"], namespace="b", created=ago(1)))
    policies = [policy(watchNamespaces=["team", "b"]), named("vip", watchNamespaces=["b"], priority=1)]
    (ours,) = made_by("default", policies, object_sync(), deleted, with_slices=["share", "deleted"]).plans
    assert namespaces(ours) == {"a", "b"}


def test_an_objectsync_whose_policy_has_a_higher_priority_gets_a_destination_though_it_is_younger() -> None:
    younger = object_sync("younger", ["a"], namespace="b", created=ago(1))
    policies = [policy(), named("vip", watchNamespaces=["b"], priority=1)]
    (ours,) = made_by("default", policies, object_sync(), younger).plans
    assert namespaces(ours) == {"b"}
    (theirs,) = made_by("vip", policies, object_sync(), younger).plans
    assert namespaces(theirs) == {"a"}


def test_a_policy_that_retires_or_is_being_deleted_plans_nothing() -> None:
    retiring = policy()
    retiring["metadata"]["annotations"] = {"sync.rustrial.org/retire": "true"}
    for going in (retiring, terminating(policy())):
        assert made_by("default", [going], object_sync()) == Plans()
        plans = made_by("default", [going, named("other")], object_sync(), with_slices=["share"])
        assert plans.heirs.keys() == {"uid-of-share"}


def test_the_older_members_of_a_loop_are_advised() -> None:
    there = object_sync("there", ["a"], created=ago(100))
    back = object_sync("back", ["team", "b"], spec_source=source(namespace="a"), created=ago(50))
    plans = made(there, back)
    assert (namespaces(plans["there"]), namespaces(plans["back"])) == ({"a"}, {"b"})
    advice = plans["there"].advice
    assert advice
    assert "team/back" in advice.message
    assert plans["back"].advice is None


def test_where_nothing_may_be_planned_slices_of_living_objectsyncs_stay() -> None:
    problem = Problem(reasons.GUARD_MISSING, "m")
    assert plan.none([object_sync("one"), terminating(object_sync("two"))], problem) == Plans(
        [], {"uid-of-one": problem}
    )


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
def test_an_objectsync_that_cannot_be_planned_affects_no_other_and_says_so(
    spec: Json, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {**object_sync("bad", created=ago(500)), "spec": spec}
    found = plan.make([bad, object_sync("good", ["a"])], "default", scope.ranked([policy()]), NAMESPACES)
    assert [(name_of(item.object_sync), namespaces(item)) for item in found.plans] == [("good", {"a"})]
    (problem,) = found.unplanned.values()
    assert found.unplanned.keys() == {"uid-of-bad"}
    assert problem
    assert problem.reason == reasons.INTERNAL_ERROR
    assert re.fullmatch(r"a defect of Object Syncer, please report it: \w+ at \w+\.py:\d+", problem.message)
    assert [(record.levelno, "team/bad" in record.getMessage()) for record in caplog.records] == [(logging.ERROR, True)]


def test_a_deleted_objectsync_that_cannot_be_planned_is_deleted_all_the_same() -> None:
    bad = terminating({**object_sync("bad"), "spec": {"source": None}})
    found = plan.make([bad], "default", scope.ranked([policy()]), NAMESPACES, with_slices={"uid-of-bad"})
    assert found == Plans()


@pytest.mark.parametrize(
    ("permitted", "asked", "does"),
    [
        (None, "Adopt", "Fail"),
        ([], "Overwrite", "Fail"),
        (["Adopt"], "Overwrite", "Fail"),
        (["Adopt"], "Adopt", "Adopt"),
        (["*"], "Overwrite", "Overwrite"),
        (["Overwrite"], None, "Fail"),
    ],
)
def test_an_objectsync_takes_over_only_what_its_syncpolicy_permits_and_says_so(
    permitted: list[str] | None, asked: str | None, does: str
) -> None:
    item = object_sync()
    item["spec"] |= {"conflictPolicy": asked} if asked else {}
    found = made(item, **({} if permitted is None else {"conflictPolicies": permitted}))["share"]
    assert found.conflict_policy == does
    assert (found.advice is not None) == (does != (asked or "Fail"))
    if found.advice:
        assert found.advice.reason == reasons.CONFLICT_POLICY_NOT_ALLOWED
        assert f"{asked} is not in conflictPolicies of SyncPolicy default" in found.advice.message


def test_a_suspended_objectsync_keeps_its_claims_and_says_so() -> None:
    older = object_sync("older", ["a"], created=ago(100), generation=7)
    older["spec"]["suspend"] = True
    found = plan.make([older, object_sync("younger", ["a", "b"])], "default", scope.ranked([policy()]), NAMESPACES)
    assert [namespaces(item) for item in found.plans] == [{"a"}, {"b"}]
    assert found.suspended == {"uid-of-older": 7}
    assert found.plans[0].advice
    assert found.plans[0].advice.reason == reasons.SUSPENDED


def test_an_objectsync_is_suspended_also_where_nothing_may_be_planned_and_not_once_it_is_deleted() -> None:
    item = object_sync()
    item["spec"]["suspend"] = True
    assert plan.none([item], None).suspended == {"uid-of-share": 1}
    assert plan.none([terminating(item)], None).suspended == {}
    assert plan.make([terminating(item)], "default", scope.ranked([policy()]), NAMESPACES).suspended == {}
    item["spec"]["suspend"] = False
    assert plan.make([item], "default", scope.ranked([policy()]), NAMESPACES).suspended == {}


def test_a_plan_has_the_labels_that_patches_use() -> None:
    item = object_sync(destinations=["a", "b"])
    item["spec"]["copy"] = {"patches": [{"op": "add", "path": "/data/x", "value": "{destination.labels.tier}"}]}
    labelled = {name: namespace(name) for name in ("team", "a", "b")}
    labelled["a"]["metadata"]["labels"] = {"tier": "web", "other": "x"}
    (found,) = plan.make([item], "default", scope.ranked([policy(transforms=["*"])]), cluster.read(labelled)).plans
    assert found.labels == {"a": {"tier": "web"}}
    assert made(object_sync())["share"].labels == {}


def test_consent_of_sources_is_required_where_the_syncpolicy_says_so() -> None:
    assert not made(object_sync())["share"].source_consent
    assert not made(object_sync(), sourceConsent="Optional")["share"].source_consent
    assert made(object_sync(), sourceConsent="Required")["share"].source_consent
