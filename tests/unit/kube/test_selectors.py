"""Lists of namespaces, read as upstream reads them; globs are ours."""

from dataclasses import dataclass

from object_syncer.kube import selectors
from specification import cases


@dataclass(frozen=True)
class Case:
    reason: str
    value: list[str] | None
    contains: set[str]
    """Of the namespaces "a" and "b"."""


@cases(
    Case("a list that is left out means all", None, {"a", "b"}),
    Case("an empty list means all", [], {"a", "b"}),
    Case("a star means all", ["*"], {"a", "b"}),
    Case("an empty name means all", [""], {"a", "b"}),
    Case("blanks are an empty name", ["  "], {"a", "b"}),
    Case("one wildcard among names means all", ["a", "*"], {"a", "b"}),
    Case("a name means itself", ["a"], {"a"}),
    Case("a name that no namespace has means none", ["."], set()),
    Case("blanks around a name do not count", [" a "], {"a"}),
    Case("a star within a name stands for any characters, or none", ["a*"], {"a"}),
    Case("a question mark stands for one character", ["?"], {"a", "b"}),
    Case("brackets stand for one of some characters", ["[ac]"], {"a"}),
    Case("an exclamation mark in brackets stands for any others", ["[!a]"], {"b"}),
    Case("a glob must match the whole name", ["a?", "?a"], set()),
    Case("a list may have names and globs", ["a*", "b"], {"a", "b"}),
)
def test_which_namespaces_a_list_contains(case: Case) -> None:
    names = selectors.names(case.value)
    assert {name for name in ("a", "b") if name in names} == case.contains
    assert names.among(frozenset(("a", "b"))) == case.contains


@cases(
    Case("a list that is left out excludes none", None, set()),
    Case("an empty list excludes none", [], set()),
    Case("a star excludes all", ["*"], {"a", "b"}),
    Case("a name excludes itself", ["a"], {"a"}),
    Case("a glob excludes what it matches", ["[a]"], {"a"}),
)
def test_which_namespaces_are_excluded(case: Case) -> None:
    assert selectors.exclusions(case.value).among(frozenset(("a", "b"))) == case.contains
