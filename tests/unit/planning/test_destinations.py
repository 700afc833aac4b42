"""Which destinations an ObjectSync has. The source is team/settings; Namespaces: team, a, b, and `dying`."""

from dataclasses import dataclass, field

import pytest

from object_syncer.kube.meta import Json
from object_syncer.kube.selectors import names
from object_syncer.planning import destinations
from object_syncer.planning.destinations import NOT_FOUND, TERMINATING, Destinations, Shape
from object_syncer.status import reasons
from specification import cases
from unit.objects import namespace, terminating

NAMESPACES = destinations.living(
    {"team": namespace("team"), "a": namespace("a"), "b": namespace("b"), "dying": terminating(namespace("dying"))}
)


@dataclass(frozen=True)
class Case:
    reason: str
    entries: list[Json | str]
    """A string is a namespace."""
    wanted: list[str]
    """namespace/name, then the strategy where one is set."""
    problems: dict[str, str] = field(default_factory=dict)
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
    Case("an empty name is the source's", [entry("a", "")], ["a/settings"]),
    Case("under another name the source's namespace is a destination", [entry("team", "other")], ["team/other"]),
    Case(
        "a star under another name includes the source's namespace",
        [entry("*", "other")],
        ["a/other", "b/other", "team/other"],
    ),
    Case("the source itself is skipped", ["team", "a"], ["a/settings"]),
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
        "a terminating namespace gets no copy",
        ["dying", "a"],
        ["a/settings"],
        {"dying/settings": reasons.NAMESPACE_TERMINATING},
    ),
    Case("a star means no terminating namespaces", ["*"], ["a/settings", "b/settings"]),
    Case("a star means those the policy has", ["*"], ["b/settings"], targets=["b", "c"]),
    Case("a star means those the policy's globs match", ["*"], ["a/settings"], targets=["[ac]", "a?", "a*"]),
    Case(
        "a named namespace outside of the policy gets no copy",
        ["a", "b"],
        ["b/settings"],
        {"a/settings": reasons.TARGET_NOT_ALLOWED},
        targets=["b"],
    ),
    Case(
        "a namespace that is neither allowed nor there is not allowed",
        ["c"],
        [],
        {"c/settings": reasons.TARGET_NOT_ALLOWED},
        targets=["b"],
    ),
    Case(
        "a star does not include a named namespace that gets no copy",
        ["*", "a"],
        ["b/settings"],
        {"a/settings": reasons.TARGET_NOT_ALLOWED},
        targets=["b"],
    ),
    Case("the list may be empty", [], []),
)
def test_expand(case: Case) -> None:
    entries = [{"namespace": item} if isinstance(item, str) else item for item in case.entries]
    found = destinations.expand(entries, "team", "settings", NAMESPACES, names(case.targets))
    assert sorted(flat(found)) == case.wanted
    problems = [
        (f"{where}/{shape.name}", problem.reason)
        for (shape, problem), namespaces in found.problems.items()
        for where in namespaces
    ]
    assert sorted(problems) == sorted(case.problems.items())


def flat(found: Destinations) -> list[str]:
    return [
        f"{where}/{shape.name}{' ' * bool(shape.strategy)}{shape.strategy}"
        for shape, wanted in found.wanted.items()
        for where in wanted
    ]


def test_destinations_without_copy_keep_their_strategy_and_share_a_message_that_holds_the_namespace() -> None:
    entries = [{"namespace": "a"}, entry("c", strategy="replace"), {"namespace": "dying"}, {"namespace": "d"}]
    found = destinations.expand(entries, "team", "settings", NAMESPACES, names(["c", "d", "dying"]))
    assert found.problems == {
        (Shape("settings"), destinations.TARGET_NOT_ALLOWED): {"a"},
        (Shape("settings", "replace"), NOT_FOUND): {"c"},
        (Shape("settings"), NOT_FOUND): {"d"},
        (Shape("settings"), TERMINATING): {"dying"},
    }
    assert all("{namespace}" in problem.message for _, problem in found.problems)


@pytest.mark.parametrize(
    ("entries", "most"),
    [
        ([], 0),
        (["*", ""], 3),
        (["*", entry("*", "other")], 6),
        (["a", "a", entry("a", "other"), "elsewhere"], 3),
        (["*", "a"], 4),
    ],
    ids=["none", "wildcards of one name", "wildcards of two names", "named ones", "both, which may be the same"],
)
def test_how_many_destinations_there_are_at_most(entries: list[Json | str], most: int) -> None:
    items = [{"namespace": item} if isinstance(item, str) else item for item in entries]
    assert destinations.at_most(items, "settings", NAMESPACES, names([])) == most
    found = destinations.expand(items, "team", "settings", NAMESPACES, names([]))
    assert len(flat(found)) + sum(map(len, found.problems.values())) <= most


@pytest.mark.parametrize(
    ("obj", "lives"),
    [
        (namespace("n"), True),
        (terminating(namespace("n")), False),
        (namespace("n", phase="Terminating"), False),
        ({"metadata": {"name": "n"}}, True),
    ],
    ids=["active", "with deletionTimestamp", "terminating", "without status"],
)
def test_which_namespaces_can_take_a_copy(obj: Json, lives: bool) -> None:
    found = destinations.living({"n": obj})
    assert (set(found.living), set(found.terminating)) == (({"n"}, set()) if lives else (set(), {"n"}))


def test_excluded_destinations_have_a_problem_whatever_their_strategy() -> None:
    before = {Shape("x"): {"a", "b"}, Shape("x", "replace"): {"c"}, Shape("y"): {"a"}}
    all_of_them = Destinations(before, {(Shape("x"), NOT_FOUND): {"d"}})
    left = all_of_them.without({("x", TERMINATING): {"a", "c", "elsewhere"}})
    assert left.wanted == {Shape("x"): {"b"}, Shape("y"): {"a"}}
    assert left.names() == {"x": {"b"}, "y": {"a"}}
    assert left.problems == {
        (Shape("x"), NOT_FOUND): {"d"},
        (Shape("x"), TERMINATING): {"a"},
        (Shape("x", "replace"), TERMINATING): {"c"},
    }
    assert all_of_them == Destinations(
        {Shape("x"): {"a", "b"}, Shape("x", "replace"): {"c"}, Shape("y"): {"a"}}, {(Shape("x"), NOT_FOUND): {"d"}}
    )
