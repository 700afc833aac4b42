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
    Case("brackets stand for one of some characters within a glob", ["[ac]*"], {"a"}),
    Case("a glob must match the whole name", ["a?", "?a"], set()),
    Case("a list may have names and globs", ["a*", "b"], {"a", "b"}),
)
def test_which_namespaces_a_list_contains(case: Case) -> None:
    names = selectors.names(case.value)
    assert {name for name in ("a", "b") if name in names} == case.contains
    assert names.among(frozenset(("a", "b"))) == case.contains
