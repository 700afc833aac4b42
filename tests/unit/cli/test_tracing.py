"""What a trace says of an ObjectSync: which SyncPolicy serves it and why, and what selects or cuts a namespace."""

from dataclasses import dataclass, field

from object_syncer.cli.explain import tracing
from object_syncer.cli.explain.tracing import Trace
from object_syncer.kube.meta import Json
from specification import cases
from unit.cli.given import namespace, object_sync, policy

NAMESPACES = tracing.by_name(
    [
        namespace("default"),
        namespace("team-a", labels={"tier": "web"}),
        namespace("team-b"),
        namespace("team-c", labels={"tier": "web"}, deletionTimestamp="2025-01-01T00:00:00Z"),
    ]
)
A = ("team-a", "settings")


def traced(sync: Json, *policies: Json, keepers: tuple[str, ...] = ()) -> Trace:
    return tracing.trace(sync, policies or (policy(),), NAMESPACES, keepers)


def aged(item: Json, year: int, **metadata: object) -> Json:
    return {**item, "metadata": {**item["metadata"], "creationTimestamp": f"{year}-01-01T00:00:00Z", **metadata}}


@dataclass(frozen=True)
class Policies:
    reason: str
    policies: tuple[Json, ...]
    says: list[str]
    keepers: tuple[str, ...] = ()


FIRST = "would serve it, but first comes first: it"


@cases(
    Policies(
        "the one with the highest priority serves",
        (aged(policy("other"), 2020), aged(policy("first", priority=5), 2024)),
        ["first serves it", f"other {FIRST} has a higher priority (5, not 0)"],
    ),
    Policies(
        "among equals one that permits all that the ObjectSync names",
        (aged(policy("other", targetNamespaces=["team-b"]), 2020), aged(policy("first"), 2024)),
        [f"other {FIRST} permits all namespaces that the ObjectSync names", "first serves it"],
    ),
    Policies(
        "then the oldest",
        (aged(policy("first"), 2020), aged(policy("other"), 2024)),
        ["first serves it", f"other {FIRST} is older"],
    ),
    Policies(
        "then the first by name",
        (aged(policy("first"), 2020), aged(policy("other"), 2020)),
        ["first serves it", f"other {FIRST} is first by name"],
    ),
    Policies(
        "those that retire or are being deleted serve nothing",
        (
            aged(policy("retiring"), 2020, annotations={"sync.rustrial.org/retire": "true"}),
            aged(policy("gone"), 2020, deletionTimestamp="2025-01-01T00:00:00Z"),
            aged(policy("first"), 2024),
        ),
        ["retiring retires", "gone is being deleted", "first serves it"],
    ),
    Policies(
        "an invalid one serves nothing new",
        (policy("invalid", targetNamespaces=[]),),
        [
            "invalid is first to serve it, but: spec.targetNamespaces of SyncPolicy invalid is missing or empty: list "
            'there what is permitted; "*" permits all'
        ],
    ),
    Policies(
        "while the next one is invalid, the one that has the copies keeps them",
        (aged(policy("invalid", priority=9, targetNamespaces=[]), 2020), aged(policy("first"), 2024)),
        [
            "invalid is invalid: spec.targetNamespaces of SyncPolicy invalid is missing or empty: list there what is "
            'permitted; "*" permits all',
            "first serves it",
        ],
        keepers=("first",),
    ),
    Policies(
        "one whose sourceNamespaceSelector does not match the source's namespace refuses",
        (policy("strict", sourceNamespaceSelector={"matchLabels": {"tier": "web"}}), policy("open")),
        [
            "strict refuses: spec.source.namespace: sourceNamespaceSelector of SyncPolicy strict does not match "
            "namespace default",
            "open serves it",
        ],
    ),
)
def test_what_each_sync_policy_says(case: Policies) -> None:
    assert sorted(traced(object_sync("team-a"), *case.policies, keepers=case.keepers).policies) == sorted(case.says)


@dataclass(frozen=True)
class Selection:
    reason: str
    sync: Json
    selected: dict[tuple[str, str], str]


@cases(
    Selection(
        "an item that names the namespace decides before one that matches it, wherever it stands",
        object_sync("*", "team-a"),
        {A: 'spec.destinations[1] {"namespace":"team-a"}'},
    ),
    Selection(
        "of items that match it the first decides",
        object_sync("team-*", "*"),
        {A: 'spec.destinations[0] {"namespace":"team-*"}'},
    ),
    Selection(
        "a selector, and a name with a variable",
        object_sync({"namespaceSelector": {"matchLabels": {"tier": "web"}}, "name": "of-{destination.namespace}"}),
        {("team-a", "of-team-a"): 'spec.destinations[0] {"namespaceSelector":{"matchLabels":{"tier":"web"}}}'},
    ),
    Selection(
        "a label that the name needs and the namespace does not have is no reason to leave the destination out",
        object_sync({"namespace": "team-b", "name": "of-{destination.labels.tier}"}),
        {("team-b", "of-{destination.labels.tier}"): 'spec.destinations[0] {"namespace":"team-b"}'},
    ),
)
def test_which_item_selects_a_destination(case: Selection) -> None:
    found = traced(case.sync).selected
    assert case.selected.items() <= found.items()


@dataclass(frozen=True)
class Cut:
    reason: str
    sync: Json
    cut: dict[str, str]
    policy: Json = field(default_factory=policy)


@cases(
    Cut(
        "a selector matches a namespace that is being deleted",
        object_sync({"namespaceSelector": {"matchLabels": {"tier": "web"}}}),
        {"team-c": "namespace team-c is being deleted"},
    ),
    Cut(
        "one target namespace is that of the ObjectSync",
        object_sync("*"),
        {"team-a": "targetNamespaces of SyncPolicy default does not contain team-a"},
        policy(targetNamespaces=["."]),
    ),
    Cut(
        "targetNamespaceSelector does not match",
        object_sync("team-*"),
        {"team-b": "targetNamespaceSelector of SyncPolicy default does not match team-b"},
        policy(targetNamespaceSelector={"matchLabels": {"tier": "web"}}),
    ),
    Cut("an item excludes it", object_sync({"namespace": "*", "exclude": ["team-a"]}), {"team-a": "by its exclude"}),
    Cut("it is the source", object_sync("*"), {"default": "the source itself is no destination"}),
)
def test_what_cuts_a_namespace(case: Cut) -> None:
    trace = traced(case.sync, case.policy)
    found = {namespace: why for (namespace, _), why in trace.cut.items()}
    for name, says in case.cut.items():
        assert says in found[name]
        assert name not in {namespace for namespace, _ in trace.selected}


def test_a_source_that_no_item_selects_is_not_mentioned() -> None:
    assert traced(object_sync("team-*")).cut == {
        ("team-c", "settings"): 'spec.destinations[0] {"namespace":"team-*"} selects it, but namespace team-c is being '
        "deleted"
    }
