"""Texts with variables: what is one, what it stands for, and what cannot be filled in."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from object_syncer.planning import variables
from object_syncer.planning.variables import CannotFill, Values
from specification import cases, quickly

VALUES = Values("team", "settings", "shop", {"tier": "web", "example.com/zone": "north", "empty": ""})


@dataclass(frozen=True)
class Case:
    reason: str
    text: str
    filled: str
    varies: bool = False
    """Whether destinations can have different values."""


@cases(
    Case("a text without variables is itself", "plain", "plain"),
    Case("the source's name", "{source.name}", "settings"),
    Case("the source's namespace", "of-{source.namespace}", "of-team"),
    Case("the destination's namespace", "{destination.namespace}-x", "shop-x", varies=True),
    Case("a label of the destination's namespace", "{destination.labels.tier}", "web", varies=True),
    Case("keys of labels may have dots and slashes", "{destination.labels.example.com/zone}", "north", varies=True),
    Case("a label may be empty", "x{destination.labels.empty}y", "xy", varies=True),
    Case(
        "several variables", "{source.name}{destination.labels.tier}{source.name}", "settingswebsettings", varies=True
    ),
    Case("braces around other words are braces", "{name}{source}{destination}{}", "{name}{source}{destination}{}"),
    Case("a single brace is a brace", "a{b}c}{", "a{b}c}{"),
    Case("what a variable stands for is not looked at again", "{{source.name}}", "{settings}"),
)
def test_what_a_text_comes_to(case: Case) -> None:
    text = variables.parse(case.text)
    assert text.fill(VALUES) == case.filled
    assert text.varies == case.varies


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{source.uid}", "{source.uid} is no variable; there are {source.name}, "),
        ("{source.}", "{source.} is no variable"),
        ("{destination.name}", "{destination.name} is no variable"),
        ("{destination.labels.}", "{destination.labels.} is no variable"),
        ("{source.name", "the variable {source.name has no closing brace"),
        ("{source.{source.name}", "the variable {source. has no closing brace"),
        ("{source.name}{source.x}{source.y}", "{source.x} is no variable"),
        ("{destination.labels.team}", "namespace {namespace} has no label team"),
    ],
)
def test_a_text_that_cannot_be_filled_in_says_why(text: str, says: str) -> None:
    with pytest.raises(CannotFill) as why:
        variables.parse(text).fill(VALUES)
    assert str(why.value).startswith(says)


@given(st.text(alphabet="{}.abcdeilmnorstu ", max_size=40))
@quickly
def test_a_text_that_begins_no_variable_is_itself(text: str) -> None:
    if "{source." not in text and "{destination." not in text:
        assert variables.parse(text).fill(VALUES) == text


pieces = st.sampled_from(
    ("{source.name}", "{source.", "{destination.namespace}", "{destination.labels.tier}", "a", "}", "{")
)


@given(st.lists(pieces, max_size=6).map("".join))
@quickly
def test_no_text_is_filled_in_by_half(text: str) -> None:
    try:
        filled = variables.parse(text).fill(VALUES)
    except CannotFill:
        return
    assert "{source." not in filled
    assert "{destination." not in filled
