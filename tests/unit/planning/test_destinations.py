"""Which destinations an ObjectSync has. The source is team/settings; Namespaces: team, a, b, and `dying`."""

from dataclasses import dataclass, field

import pytest

from object_syncer.kube.meta import Json
from object_syncer.planning import destinations, scope
from object_syncer.planning.destinations import Destinations, Shape, Withheld
from object_syncer.status import reasons
from specification import cases
from unit.objects import namespace, policy

NAMESPACES = destinations.living(
    {"team": namespace("team"), "a": namespace("a"), "b": namespace("b"), "dying": namespace("dying", going=True)}
)


@dataclass(frozen=True)
class Case:
    reason: str
    entries: list[Json | str]
    """A string is a namespace."""
    wanted: list[str]
    """namespace/name, then the strategy where one is set."""
    withheld: dict[str, str] = field(default_factory=dict)
    """namespace/name: reason."""
    targets: list[str] = field(default_factory=list)
    """The policy's targetNamespaces."""


def entry(where: str, name: str | None = None, strategy: str | None = None) -> Json:
    return {"namespace": where, "name": name, "strategy": strategy}


@cases(
    Case("a star means every namespace but the source's", ["*"], ["a/settings", "b/settings"]),
    Case("an empty namespace means the same", [""], ["a/settings", "b/settings"]),
    Case("a named namespace means itself", ["a"], ["a/settings"]),
    Case("a copy may have another name", [entry("a", "other")], ["a/other"]),
    Case("an empty name is none", [entry("a", "")], ["a/settings"]),
    Case("under another name the source's namespace is a destination", [entry("team", "other")], ["team/other"]),
    Case(
        "a star under another name includes the source's namespace",
        [entry("*", "other")],
        ["a/other", "b/other", "team/other"],
    ),
    Case("the source itself is skipped in silence", ["team", "a"], ["a/settings"]),
    Case("the source itself is skipped also if it is named in full", [entry("team", "settings")], []),
    Case("a namespace listed twice is planned once", ["a", "a"], ["a/settings"]),
    Case("a namespace within a star is planned once", ["*", "a"], ["a/settings", "b/settings"]),
    Case("two stars are one", ["*", ""], ["a/settings", "b/settings"]),
    Case("two names in one namespace are two destinations", ["a", entry("a", "other")], ["a/other", "a/settings"]),
    Case("a strategy goes with its destination", [entry("a", strategy="replace")], ["a/settings replace"]),
    Case(
        "a named namespace wins over a star, wherever it stands",
        [entry("*", strategy="apply"), entry("a", strategy="replace")],
        ["a/settings replace", "b/settings apply"],
    ),
    Case(
        "of two entries for one destination the first wins",
        [entry("a", strategy="replace"), entry("a", strategy="apply")],
        ["a/settings replace"],
    ),
    Case(
        "of two stars the first wins",
        [entry("*", strategy="replace"), entry("*", strategy="apply")],
        ["a/settings replace", "b/settings replace"],
    ),
    Case("a namespace that does not exist is waited for", ["c"], [], {"c/settings": reasons.NAMESPACE_NOT_FOUND}),
    Case("it is waited for once", ["c", "c"], [], {"c/settings": reasons.NAMESPACE_NOT_FOUND}),
    Case(
        "a terminating namespace gets no copy, and its user is told",
        ["dying", "a"],
        ["a/settings"],
        {"dying/settings": reasons.NAMESPACE_TERMINATING},
    ),
    Case("a star skips terminating namespaces in silence", ["*"], ["a/settings", "b/settings"]),
    Case("a star means those the policy has", ["*"], ["b/settings"], targets=["b", "c"]),
    Case("a star means those the policy's globs match", ["*"], ["a/settings"], targets=["[ac]", "a?", "a*"]),
    Case(
        "a named namespace outside of the policy gets no copy, and its user is told",
        ["a", "b"],
        ["b/settings"],
        {"a/settings": reasons.TARGET_NOT_ALLOWED},
        targets=["b"],
    ),
    Case(
        "what is not allowed is said before what is not there",
        ["c"],
        [],
        {"c/settings": reasons.TARGET_NOT_ALLOWED},
        targets=["b"],
    ),
    Case(
        "a star does not bring back what was withheld",
        ["*", "a"],
        ["b/settings"],
        {"a/settings": reasons.TARGET_NOT_ALLOWED},
        targets=["b"],
    ),
    Case("the list may be empty", [], []),
)
def test_expand(case: Case) -> None:
    entries = [{"namespace": item} if isinstance(item, str) else item for item in case.entries]
    targets = scope.of(policy(targetNamespaces=case.targets)).targets
    found = destinations.expand(entries, "team", "settings", NAMESPACES, targets)
    assert sorted(flat(found)) == case.wanted
    assert {f"{item.namespace}/{item.name}": item.reason for item in found.withheld} == case.withheld
    assert len(found.withheld) == len(case.withheld)


def flat(found: Destinations) -> list[str]:
    return [
        f"{where}/{shape.name}{' ' * bool(shape.strategy)}{shape.strategy}"
        for shape, wanted in found.wanted.items()
        for where in wanted
    ]


def test_each_withheld_destination_says_why() -> None:
    found = destinations.expand(
        [{"namespace": name} for name in ("a", "c", "dying")],
        "team",
        "settings",
        NAMESPACES,
        scope.of(policy(targetNamespaces=["b", "c", "dying"])).targets,
    )
    assert [item.message for item in found.withheld] == [
        "spec.destinations: namespace a is not in targetNamespaces of the SyncPolicy",
        "namespace c does not exist; the copy comes with it",
        "namespace dying is being deleted",
    ]


def test_a_withheld_destination_keeps_its_strategy() -> None:
    targets = scope.of(policy()).targets
    found = destinations.expand([entry("c", strategy="replace")], "team", "settings", NAMESPACES, targets)
    assert [item.strategy for item in found.withheld] == ["replace"]


@pytest.mark.parametrize(
    ("obj", "lives"),
    [
        (namespace("n"), True),
        (namespace("n", going=True), False),
        (namespace("n", phase="Terminating"), False),
        ({"metadata": {"name": "n"}}, True),
    ],
    ids=["active", "with deletionTimestamp", "terminating", "without status"],
)
def test_which_namespaces_can_take_a_copy(obj: Json, lives: bool) -> None:
    found = destinations.living({"n": obj})
    assert (set(found.living), set(found.terminating)) == (({"n"}, set()) if lives else (set(), {"n"}))


def test_withholding_moves_a_destination_whatever_its_strategy() -> None:
    found = Destinations({Shape("x"): {"a", "b"}, Shape("x", "replace"): {"c"}, Shape("y"): {"a"}})
    found.withhold("x", {"a", "c", "elsewhere"}, "Why", "{namespace} and {name}")
    assert sorted(flat(found)) == ["a/y", "b/x"]
    assert found.withheld == [
        Withheld("a", "x", "Why", "a and x"),
        Withheld("c", "x", "Why", "c and x", "replace"),
    ]
    assert found.names() == {"x": {"b"}, "y": {"a"}}
