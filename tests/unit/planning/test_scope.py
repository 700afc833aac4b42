"""What a SyncPolicy permits: upstream's lists, read as upstream reads them, and enforced."""

from dataclasses import dataclass, field

import pytest

from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.planning import scope
from object_syncer.status import reasons
from specification import cases
from unit.objects import ago, going, policy

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
CRON_JOBS = ResourceType("batch", "v1", "CronJob", "cronjobs")
CLUSTER_ROLES = ResourceType("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False)


@dataclass(frozen=True)
class Lists:
    reason: str
    value: list[str] | None
    contains: set[str]
    """Of the namespaces "a" and "b"."""


@cases(
    Lists("a list that is left out means all", None, {"a", "b"}),
    Lists("an empty list means all", [], {"a", "b"}),
    Lists("a star means all", ["*"], {"a", "b"}),
    Lists("an empty name means all", [""], {"a", "b"}),
    Lists("one wildcard among names means all", ["a", "*"], {"a", "b"}),
    Lists("names mean themselves", ["a"], {"a"}),
    Lists("blanks around a name do not count", [" a "], {"a"}),
    Lists("blanks are an empty name", ["  "], {"a", "b"}),
    Lists("a star within a name stands for any letters, or none", ["a*"], {"a"}),
    Lists("a question mark stands for one letter", ["?"], {"a", "b"}),
    Lists("a glob matches the whole name", ["a?", "?a"], set()),
    Lists("names and globs may stand side by side", ["a*", "b"], {"a", "b"}),
    Lists("a dot in other lists than sourceNamespaces is a name that no namespace has", ["."], set()),
)
@pytest.mark.parametrize("which", ["watchNamespaces", "sourceNamespaces", "targetNamespaces"])
def test_namespace_lists(case: Lists, which: str) -> None:
    spec = {} if case.value is None else {which: case.value}
    found = scope.of(policy(**spec))
    names = {"watchNamespaces": found.watch, "sourceNamespaces": found.sources, "targetNamespaces": found.targets}
    asked = names.pop(which)
    assert {name for name in ("a", "b") if name in asked} == case.contains
    assert asked.among(frozenset(("a", "b"))) == case.contains
    assert all("a" in other and "b" in other for other in names.values()), "the other lists are not touched"


@dataclass(frozen=True)
class Allowed:
    reason: str
    rules: list[Json] | None
    allows: set[str] = field(default_factory=set)
    """Of configmaps and cronjobs.batch."""


BOTH = {"configmaps", "cronjobs.batch"}


@cases(
    Allowed("no rules allow all", None, BOTH),
    Allowed("an empty list allows all", [], BOTH),
    Allowed("stars allow all", [{"apiGroups": ["*"], "resources": ["*"]}], BOTH),
    Allowed("an empty rule allows all", [{}], BOTH),
    Allowed("a group alone allows all of it", [{"apiGroups": ["batch"]}], {"cronjobs.batch"}),
    Allowed("an empty group is the core group", [{"apiGroups": [""], "resources": ["*"]}], {"configmaps"}),
    Allowed("a resource is written in the plural", [{"apiGroups": [""], "resources": ["configmaps"]}], {"configmaps"}),
    Allowed("a kind is no resource", [{"apiGroups": [""], "resources": ["ConfigMap"]}]),
    Allowed("a group and a resource must be in one rule", [{"apiGroups": ["batch"], "resources": ["configmaps"]}]),
    Allowed(
        "one rule that fits is enough",
        [{"apiGroups": ["batch"], "resources": ["jobs"]}, {"apiGroups": ["*"], "resources": ["cronjobs"]}],
        {"cronjobs.batch"},
    ),
)
def test_allowed_resources(case: Allowed) -> None:
    found = scope.of(policy() if case.rules is None else policy(allowedResources=case.rules))
    refusals = {type_.display: found.refusal(type_, "team", "team") for type_ in (CONFIG_MAPS, CRON_JOBS)}
    assert {name for name, refusal in refusals.items() if refusal is None} == case.allows
    assert {refusal.reason for refusal in refusals.values() if refusal} <= {reasons.KIND_NOT_ALLOWED}


def test_a_refusal_names_the_field_of_the_objectsync_and_the_policy() -> None:
    narrow = scope.of(policy(allowedResources=[{"apiGroups": ["batch"]}], sourceNamespaces=["public"]))
    refused = [
        narrow.refusal(CLUSTER_ROLES, "public", "team"),
        narrow.refusal(CONFIG_MAPS, "public", "team"),
        narrow.refusal(CRON_JOBS, "team", "team"),
    ]
    assert [(refusal.reason, refusal.message) for refusal in refused if refusal] == [
        (
            reasons.CLUSTER_SCOPED_KIND,
            "spec.source.kind: clusterroles.rbac.authorization.k8s.io is cluster scoped, "
            "only namespaced kinds can be copied",
        ),
        (
            reasons.KIND_NOT_ALLOWED,
            "spec.source.kind: configmaps is not in allowedResources of SyncPolicy default",
        ),
        (
            reasons.SOURCE_NOT_ALLOWED,
            "spec.source.namespace: team is not in sourceNamespaces of SyncPolicy default",
        ),
    ]
    assert narrow.refusal(CRON_JOBS, "public", "team") is None


def test_a_policy_without_spec_permits_all_namespaced_kinds() -> None:
    bare = policy()
    del bare["spec"]
    assert scope.of(bare).refusal(CONFIG_MAPS, "anywhere", "team") is None


@dataclass(frozen=True)
class Own:
    reason: str
    sources: list[str]
    source_namespace: str
    permitted: bool


@cases(
    Own("a dot permits an ObjectSync's own namespace", ["."], "team", True),
    Own("a dot permits no other namespace", ["."], "public", False),
    Own("a dot may stand beside names", [".", "public"], "public", True),
    Own("a name permits it to everybody", ["public"], "public", True),
    Own("without dot an ObjectSync's own namespace is not special", ["public"], "team", False),
)
def test_sources_in_an_objectsync_s_own_namespace(case: Own) -> None:
    refusal = scope.of(policy(sourceNamespaces=case.sources)).refusal(CONFIG_MAPS, case.source_namespace, "team")
    assert (refusal is None) == case.permitted


def named(name: str, created: float = 60, **spec: object) -> Json:
    """Return a SyncPolicy that is `created` seconds old."""
    found = policy(**spec)
    found["metadata"] |= {"name": name, "creationTimestamp": ago(created)}
    return found


@dataclass(frozen=True)
class Serving:
    reason: str
    policies: list[Json]
    serves: str | None
    refused: str | None = None


ONLY_SECRETS: Json = {"allowedResources": [{"resources": ["secrets"]}]}


@cases(
    Serving("no policy, nobody serves", [], None),
    Serving("a policy that does not watch the namespace does not serve", [named("a", watchNamespaces=["x"])], None),
    Serving("a policy that is being deleted does not serve", [going(named("a"))], None),
    Serving("a policy that watches the namespace serves", [named("a", watchNamespaces=["team"])], "a"),
    Serving("the highest priority serves", [named("a"), named("b", priority=1)], "b"),
    Serving("no priority is zero", [named("a", priority=-1), named("b", created=1)], "b"),
    Serving("among equals the oldest serves", [named("a", created=5), named("b", created=9)], "b"),
    Serving("among those of one age the first by name serves", [named("b"), named("a")], "a"),
    Serving("one that refuses is passed over", [named("a", priority=9, **ONLY_SECRETS), named("b")], "b"),
    Serving(
        "where all refuse the first one says why",
        [named("a", sourceNamespaces=["x"]), named("b", priority=9, **ONLY_SECRETS)],
        "b",
        reasons.KIND_NOT_ALLOWED,
    ),
)
def test_which_policy_serves_a_config_map_of_namespace_team(case: Serving) -> None:
    found, refusal = scope.serving(scope.ranked(case.policies), CONFIG_MAPS, "team", "team")
    assert (found.policy if found else None, refusal.reason if refusal else None) == (case.serves, case.refused)
