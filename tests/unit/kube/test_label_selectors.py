"""Label selectors, read as Kubernetes reads them."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memcluster.selectors import selector as of_the_simulator
from object_syncer.kube import label_selectors
from object_syncer.kube.meta import Json
from specification import cases, quickly


@dataclass(frozen=True)
class Case:
    reason: str
    selector: Json
    matches: bool
    """An object with the labels tier=web and zone=north."""


def expression(key: str, operator: str, *values: str) -> Json:
    return {"matchExpressions": [{"key": key, "operator": operator, **({"values": list(values)} if values else {})}]}


@cases(
    Case("an empty selector matches everything", {}, True),
    Case("nulls are no requirements", {"matchLabels": None, "matchExpressions": None}, True),
    Case("a label must have the value", {"matchLabels": {"tier": "web"}}, True),
    Case("another value does not match", {"matchLabels": {"tier": "db"}}, False),
    Case("all labels must match", {"matchLabels": {"tier": "web", "zone": "south"}}, False),
    Case("In: one of the values", expression("tier", "In", "db", "web"), True),
    Case("In: none of the values", expression("tier", "In", "db"), False),
    Case("In: the label is missing", expression("team", "In", "a"), False),
    Case("NotIn: one of the values", expression("tier", "NotIn", "web"), False),
    Case("NotIn: the label is missing", expression("team", "NotIn", "a"), True),
    Case("Exists: the label is there", expression("tier", "Exists"), True),
    Case("Exists: the label is missing", expression("team", "Exists"), False),
    Case("DoesNotExist: the label is there", expression("tier", "DoesNotExist"), False),
    Case("DoesNotExist: the label is missing", expression("team", "DoesNotExist"), True),
    Case(
        "labels and expressions must match",
        {"matchLabels": {"tier": "web"}, **expression("zone", "NotIn", "north")},
        False,
    ),
)
def test_what_a_selector_matches(case: Case) -> None:
    assert label_selectors.parse(case.selector).matches({"tier": "web", "zone": "north"}) == case.matches


def test_an_operator_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="'Like' is no operator"):
        label_selectors.parse(expression("tier", "Like", "w*")).matches({"tier": "web"})


words = st.sampled_from("ab")
expressions = st.builds(
    lambda key, operator, values: {
        "key": key, "operator": operator, "values": [] if operator.endswith("Exist") or operator == "Exists" else values
    },
    words,
    st.sampled_from(("In", "NotIn", "Exists", "DoesNotExist")),
    st.lists(words, min_size=1, max_size=2),
)  # fmt: skip


@given(
    st.fixed_dictionaries(
        {"matchLabels": st.dictionaries(words, words), "matchExpressions": st.lists(expressions, max_size=2)}
    ),
    st.dictionaries(words, words),
)
@quickly
def test_the_simulator_reads_selectors_alike(selector: Json, labels: dict[str, str]) -> None:
    assert label_selectors.parse(selector).matches(labels) == of_the_simulator(selector)(labels)
