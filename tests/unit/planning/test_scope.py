"""What a SyncPolicy permits: upstream's lists, read as upstream reads them, and enforced."""

from dataclasses import dataclass, field

import pytest

from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.planning import scope
from object_syncer.status import reasons
from specification import cases
from unit.objects import ago, policy, terminating

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
CRON_JOBS = ResourceType("batch", "v1", "CronJob", "cronjobs")
CLUSTER_ROLES = ResourceType("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False)


def test_each_list_of_namespaces_is_read_on_its_own() -> None:
    found = scope.of(policy(watchNamespaces=["w"], sourceNamespaces=["s"], targetNamespaces=["t-*"]))
    assert [
        [name in listed for name in ("w", "s", "t-1")] for listed in (found.watch, found.sources, found.targets)
    ] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]
    open_ = scope.of(policy())
    assert all(listed.everything for listed in (open_.watch, open_.sources, open_.targets))
    assert open_.invalid is None


@dataclass(frozen=True)
class Invalid:
    reason: str
    spec: Json
    says: str


@cases(
    Invalid(
        "a list is missing",
        {"watchNamespaces": None},
        'spec.watchNamespaces of SyncPolicy default is missing or empty: list there what is permitted; "*" permits all',
    ),
    Invalid(
        "a list is empty", {"sourceNamespaces": []}, "spec.sourceNamespaces of SyncPolicy default is missing or empty"
    ),
    Invalid(
        "no resources are listed",
        {"allowedResources": []},
        "spec.allowedResources of SyncPolicy default is missing or empty",
    ),
    Invalid(
        "several lists are missing",
        {"targetNamespaces": None, "allowedResources": None},
        "spec.targetNamespaces, spec.allowedResources of SyncPolicy default are missing or empty",
    ),
    Invalid(
        "a rule has no resources, perhaps because the word was mistyped",
        {"allowedResources": [{"apiGroups": ["*"], "resources": ["*"]}, {"apiGroups": [""]}]},
        "spec.allowedResources[1].resources of SyncPolicy default is missing or empty",
    ),
    Invalid(
        "many rules say nothing",
        {"allowedResources": [{}] * 400},
        "spec.allowedResources[2].apiGroups and 795 more of SyncPolicy default are missing or empty",
    ),
)
def test_a_policy_without_a_list_is_invalid_and_says_which(case: Invalid) -> None:
    found = scope.of(policy(**case.spec))
    assert found.invalid
    assert found.invalid.reason == reasons.INVALID_POLICY
    assert case.says in found.invalid.message


def test_a_list_without_items_is_read_as_all_because_that_is_what_it_meant() -> None:
    empties: tuple[list[str] | None, ...] = (None, [])
    for empty in empties:
        spec = dict.fromkeys(scope.LISTS, empty)
        found = scope.of(policy(**spec))
        assert all(listed.everything for listed in (found.watch, found.sources, found.targets))
        assert found.problem(CRON_JOBS, "anywhere", "team") is None


@dataclass(frozen=True)
class Allowed:
    reason: str
    rules: list[Json]
    allows: set[str] = field(default_factory=set)
    """Of configmaps and cronjobs.batch."""


BOTH = {"configmaps", "cronjobs.batch"}


@cases(
    Allowed("stars allow all", [{"apiGroups": ["*"], "resources": ["*"]}], BOTH),
    Allowed("a group with a star allows all of it", [{"apiGroups": ["batch"], "resources": ["*"]}], {"cronjobs.batch"}),
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
    found = scope.of(policy(allowedResources=case.rules))
    problems = {type_.display: found.problem(type_, "team", "team") for type_ in (CONFIG_MAPS, CRON_JOBS)}
    assert {name for name, problem in problems.items() if problem is None} == case.allows
    assert {problem.reason for problem in problems.values() if problem} <= {reasons.KIND_NOT_ALLOWED}


def test_a_problem_names_the_field_of_the_objectsync_and_the_policy() -> None:
    narrow = scope.of(
        policy(allowedResources=[{"apiGroups": ["batch"], "resources": ["*"]}], sourceNamespaces=["public"])
    )
    found = [
        narrow.problem(CLUSTER_ROLES, "public", "team"),
        narrow.problem(CONFIG_MAPS, "public", "team"),
        narrow.problem(CRON_JOBS, "team", "team"),
    ]
    assert [(problem.reason, problem.message) for problem in found if problem] == [
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
    assert narrow.problem(CRON_JOBS, "public", "team") is None


def test_a_policy_bounds_the_copies_of_an_objectsync_by_default_too() -> None:
    assert [scope.of(policy(**spec)).max_copies for spec in ({}, {"maxCopies": 5})] == [10_000, 5]


@dataclass(frozen=True)
class Own:
    reason: str
    sources: list[str]
    source_namespace: str
    permitted: bool


@cases(
    Own("a dot permits an ObjectSync's own namespace", ["."], "team", True),
    Own("a dot permits no other namespace", ["."], "public", False),
    Own("a dot may be listed beside names", [".", "public"], "public", True),
    Own("a name permits it to everybody", ["public"], "public", True),
    Own("without dot an ObjectSync's own namespace is not special", ["public"], "team", False),
)
def test_sources_in_an_objectsync_s_own_namespace(case: Own) -> None:
    problem = scope.of(policy(sourceNamespaces=case.sources)).problem(CONFIG_MAPS, case.source_namespace, "team")
    assert (problem is None) == case.permitted


TENANTS: Json = {"matchLabels": {"kind": "tenant"}}


@pytest.mark.parametrize(
    ("labels", "permitted"), [({"kind": "tenant"}, True), ({}, False), (None, True)], ids=["match", "do not", "unknown"]
)
def test_a_source_s_namespace_must_be_in_the_list_and_match_the_selector(
    labels: dict[str, str] | None, permitted: bool
) -> None:
    found = scope.of(policy(sourceNamespaces=["public"], sourceNamespaceSelector=TENANTS))
    problem = found.problem(CONFIG_MAPS, "public", "team", labels)
    assert (problem is None) == permitted
    assert problem is None or problem.reason == reasons.SOURCE_NOT_ALLOWED
    assert found.problem(CONFIG_MAPS, "other", "team", {"kind": "tenant"})


def test_a_dot_among_target_namespaces_is_the_one_of_the_objectsync() -> None:
    own = scope.of(policy(targetNamespaces=[".", "shared"]))
    assert [name in own.targets_of("team") for name in ("team", "shared", "other", ".")] == [True, True, False, True]
    assert "team" not in scope.of(policy(targetNamespaces=["shared"])).targets_of("team")


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
    because: str | None = None
    """Why it does not permit the ObjectSync."""
    named: tuple[str, ...] = ()
    """The namespaces that the ObjectSync names."""
    keepers: tuple[str, ...] = ()
    """The policies that have SyncSlices of it."""


ONLY_SECRETS: Json = {"allowedResources": [{"apiGroups": [""], "resources": ["secrets"]}]}


@cases(
    Serving("no policy, nobody serves", [], None),
    Serving("a policy that does not watch the namespace does not serve", [named("a", watchNamespaces=["x"])], None),
    Serving("a policy that is being deleted does not serve", [terminating(named("a"))], None),
    Serving("a policy that watches the namespace serves", [named("a", watchNamespaces=["team"])], "a"),
    Serving("the highest priority serves", [named("a"), named("b", priority=1)], "b"),
    Serving("no priority is zero", [named("a", priority=-1), named("b", created=1)], "b"),
    Serving("among equals the oldest serves", [named("a", created=5), named("b", created=9)], "b"),
    Serving("among those of one age the first by name serves", [named("b"), named("a")], "a"),
    Serving(
        "among equals one that permits all named namespaces serves",
        [named("a", created=9, targetNamespaces=["x"]), named("b", targetNamespaces=["x", "y-*"])],
        "b",
        named=("x", "y-1"),
    ),
    Serving(
        "among equals that permit all named namespaces the oldest serves",
        [named("a"), named("b", created=99, targetNamespaces=["y"]), named("c", created=98, targetNamespaces=["x"])],
        "c",
        named=("x",),
    ),
    Serving(
        "a dot among the targets permits the namespace of the ObjectSync",
        [named("a", created=9, targetNamespaces=["x"]), named("b", targetNamespaces=[".", "x"])],
        "b",
        named=("team", "x"),
    ),
    Serving(
        "among equals of which none permits all named namespaces the oldest serves",
        [named("a", targetNamespaces=["x"]), named("b", created=99, targetNamespaces=["y"])],
        "b",
        named=("x", "y"),
    ),
    Serving(
        "the highest priority serves, though another permits more of the named namespaces",
        [named("a"), named("b", priority=1, targetNamespaces=["x"])],
        "b",
        named=("y",),
    ),
    Serving(
        "among equals one that does not permit the kind does not serve, though it permits all named namespaces",
        [named("a", created=99, **ONLY_SECRETS), named("b", targetNamespaces=["y"])],
        "b",
        named=("x",),
    ),
    Serving(
        "one that does not permit the ObjectSync is passed over",
        [named("a", priority=9, **ONLY_SECRETS), named("b")],
        "b",
    ),
    Serving(
        "an invalid policy serves nobody, and says so where it would be the one",
        [named("a", sourceNamespaces=None), named("b", created=1)],
        "a",
        reasons.INVALID_POLICY,
    ),
    Serving(
        "what an invalid policy has is not handed over",
        [named("a", allowedResources=None), named("b", created=1)],
        "a",
        reasons.INVALID_POLICY,
        keepers=("a",),
    ),
    Serving(
        "an invalid policy takes nothing from another",
        [named("a", watchNamespaces=None, priority=9), named("b", priority=8), named("c")],
        "c",
        keepers=("c",),
    ),
    Serving(
        "but of what the other does not permit any more",
        [named("a", watchNamespaces=None, priority=9), named("c", watchNamespaces=["x"])],
        "a",
        reasons.INVALID_POLICY,
        keepers=("c",),
    ),
    Serving(
        "two invalid policies hand over nothing either",
        [named("a", watchNamespaces=None, priority=9), named("b", targetNamespaces=[])],
        "a",
        reasons.INVALID_POLICY,
        keepers=("b",),
    ),
    Serving(
        "an invalid policy that would not be the one does not matter",
        [named("a", watchNamespaces=None), named("b", priority=1)],
        "b",
        keepers=("a",),
    ),
    Serving(
        "nor one that does not watch the namespace",
        [named("a", watchNamespaces=["x"], targetNamespaces=None, priority=1), named("b")],
        "b",
    ),
    Serving(
        "an invalid policy that forbids the ObjectSync is passed over",
        [named("a", targetNamespaces=None, priority=9, **ONLY_SECRETS), named("b")],
        "b",
    ),
    Serving(
        "where none permits it and the first is invalid, it says that",
        [named("a", targetNamespaces=None, priority=9, **ONLY_SECRETS), named("b", sourceNamespaces=["x"])],
        "a",
        reasons.INVALID_POLICY,
    ),
    Serving(
        "where none permits it the first one says why",
        [named("a", sourceNamespaces=["x"]), named("b", priority=9, **ONLY_SECRETS)],
        "b",
        reasons.KIND_NOT_ALLOWED,
    ),
)
def test_which_policy_serves_a_config_map_of_namespace_team(case: Serving) -> None:
    found, problem = scope.serving(
        scope.ranked(case.policies), CONFIG_MAPS, "team", "team", case.named, keepers=case.keepers
    )
    assert (found.policy if found else None, problem.reason if problem else None) == (case.serves, case.because)
