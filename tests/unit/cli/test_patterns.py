"""Namespaces by regular expressions and label selectors, as destinations."""

import re

import pytest

from object_syncer.cli.convert.patterns import NoSelector, Rule, glob, listed, named, selector
from object_syncer.kube import selectors
from object_syncer.kube.meta import Json


@pytest.mark.parametrize(
    ("pattern", "means"),
    [
        ("team-a", "team-a"),
        ("^team-a$", "team-a"),
        (".*", "*"),
        ("team-.*", "team-*"),
        ("team-.+", "team-?*"),
        ("team-.", "team-?"),
        ("team-[ab]", "team-[ab]"),
        ("team-[^0-9]", "team-[!0-9]"),
        (r"team-\d", "team-[0-9]"),
        ("team-[0-9]*", None),
        ("team-[0-9]+", None),
        ("team-a?", None),
        (r"team-\d{2}", None),
        ("(a|b)", None),
        (r"a\.b", None),
        ("a-*", None),
        ("", None),
    ],
)
def test_a_glob_matches_what_a_regular_expression_matches(pattern: str, means: str | None) -> None:
    assert glob(pattern) == means
    for name in ("team-a", "team-b", "team-1", "team-", "team-12", "x-team-a", "other") if means else ():
        assert bool(re.fullmatch(pattern, name)) == (name in selectors.names([str(means)]))


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("a=b", {"matchLabels": {"a": "b"}}),
        ("a==b,c=d", {"matchLabels": {"a": "b", "c": "d"}}),
        ("a!=b", {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}),
        (
            "a in (b, c),d notin (e)",
            {
                "matchExpressions": [
                    {"key": "a", "operator": "In", "values": ["b", "c"]},
                    {"key": "d", "operator": "NotIn", "values": ["e"]},
                ]
            },
        ),
        (
            "a,!b",
            {"matchExpressions": [{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "DoesNotExist"}]},
        ),
    ],
)
def test_a_label_selector_is_read_as_kubectl_reads_it(text: str, means: Json) -> None:
    assert selector(text) == means


@pytest.mark.parametrize("text", ["a b", "", "a in b"])
def test_what_is_no_label_selector_is_refused(text: str) -> None:
    with pytest.raises(NoSelector):
        selector(text)


def test_commas_within_brackets_and_braces_do_not_separate() -> None:
    assert listed(" a, b-[x,y] ,c{1,2},") == ("a", "b-[x,y]", "c{1,2}")


NAMESPACES: dict[str, dict[str, str]] = {"a-1": {"tier": "web"}, "a-2": {}, "b-1": {"tier": "web"}}


class TestRule:
    def test_without_patterns_and_selector_it_means_all(self) -> None:
        assert Rule().destinations() == [{"namespace": "*"}]
        assert list(named([Rule()], NAMESPACES)) == ["a-1", "a-2", "b-1"]

    def test_any_of_patterns_and_selector_is_enough(self) -> None:
        assert list(named([Rule(("a-2",), "tier=web")], NAMESPACES)) == ["a-1", "a-2", "b-1"]

    def test_all_rules_must_match(self) -> None:
        assert list(named([Rule(("a-.*",)), Rule((), "tier=web")], NAMESPACES)) == ["a-1"]

    def test_what_is_excluded_does_not_match_and_is_excluded_from_what_is_no_name(self) -> None:
        rule = Rule(("a-.*", "b-1"), "tier=web", ("a-2.*",))
        assert list(named([rule], NAMESPACES)) == ["a-1", "b-1"]
        assert rule.destinations() == [
            {"namespace": "a-*", "exclude": ["a-2*"]},
            {"namespace": "b-1"},
            {"namespaceSelector": {"matchLabels": {"tier": "web"}}, "exclude": ["a-2*"]},
        ]

    def test_what_no_glob_means_is_the_rest(self) -> None:
        rule = Rule(("a-[0-9]+", "b-.*"))
        assert rule.destinations() == [{"namespace": "b-*"}]
        assert rule.rest() == Rule(("a-[0-9]+",))
        assert Rule(("b-.*",)).rest() is None

    def test_nothing_means_the_same_where_an_exclusion_is_no_glob(self) -> None:
        assert Rule((".*",), "", ("a-[0-9]+",)).destinations() is None

    def test_what_cannot_be_read_is_found(self) -> None:
        for rule in (Rule(("a", "(")), Rule((), "a b"), Rule((), "", ("[",))):
            with pytest.raises((NoSelector, re.error)):
                rule.check()
