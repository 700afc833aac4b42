"""Which ObjectSync gets a contested destination, and which copy is left out because it would close a circle."""

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from object_syncer.kube.types import ResourceType
from object_syncer.planning import precedence
from object_syncer.planning.destinations import NOT_FOUND, Destinations, Shape
from object_syncer.planning.precedence import Claim, Grant
from object_syncer.status import reasons
from object_syncer.status.problem import Problem
from specification import cases, quickly
from unit.objects import ago, object_sync

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
WIDGETS = ResourceType("example.com", "v1", "Widget", "widgets")
NEWER_WIDGETS = ResourceType("example.com", "v2", "Widget", "widgets")


def claim(
    owner: str, source: str, *namespaces: str, name: str = "x", strategy: str = "", type_: ResourceType = CONFIG_MAPS
) -> Claim:
    """Return a claim for copies of x in namespace `source`."""
    return Claim(f"ns/{owner}", type_, (source, "x"), Destinations({Shape(name, strategy): set(namespaces)}))


def granted(grant: Grant) -> set[str]:
    return set().union(*grant.destinations.wanted.values())


def refused(grant: Grant) -> dict[str, Problem]:
    """Return namespace -> problem."""
    return {where: problem for (_, problem), namespaces in grant.destinations.problems.items() for where in namespaces}


@dataclass(frozen=True)
class Case:
    reason: str
    claims: Sequence[Claim]
    """The oldest first."""
    granted: Sequence[set[str]]


@cases(
    Case(
        "the oldest gets what several want, the others get the rest",
        [claim("1", "s", "a"), claim("2", "t", "a", "b"), claim("3", "u", "a", "b", "c")],
        [{"a"}, {"b"}, {"c"}],
    ),
    Case(
        "a destination is contested whatever the strategies",
        [claim("1", "s", "a"), claim("2", "t", "a", strategy="replace")],
        [{"a"}, set()],
    ),
    Case(
        "another name or another type is another destination",
        [claim("1", "s", "a"), claim("2", "t", "a", name="y"), claim("3", "u", "a", type_=WIDGETS)],
        [{"a"}, {"a"}, {"a"}],
    ),
    Case(
        "two versions of a type are the same objects",
        [claim("1", "s", "a", type_=WIDGETS), claim("2", "t", "a", type_=NEWER_WIDGETS)],
        [{"a"}, set()],
    ),
    Case(
        "a copy may be the source of another ObjectSync",
        [claim("1", "a", "b"), claim("2", "b", "c"), claim("3", "c", "d")],
        [{"b"}, {"c"}, {"d"}],
    ),
    Case(
        "of two that copy into each other the younger gets nothing",
        [claim("1", "a", "b"), claim("2", "b", "a")],
        [{"b"}, set()],
    ),
    Case(
        "the youngest in a circle loses the destination that closes it, and no other",
        [claim("1", "a", "b"), claim("2", "b", "c"), claim("3", "c", "a", "d")],
        [{"b"}, {"c"}, {"d"}],
    ),
    Case(
        "the youngest in a circle need not be its last link",
        [claim("1", "b", "c"), claim("2", "c", "a"), claim("3", "a", "b", "d")],
        [{"c"}, {"a"}, {"d"}],
    ),
    Case(
        "a circle may lead over one of two ObjectSyncs with the same source",
        [claim("1", "a", "z"), claim("2", "a", "b"), claim("3", "b", "a")],
        [{"z"}, {"b"}, set()],
    ),
    Case(
        "what was refused because of a circle is free for the next, unless it closes one too",
        [claim("1", "a", "b"), claim("2", "b", "a"), claim("3", "z", "a"), claim("4", "b", "z")],
        [{"b"}, set(), {"a"}, set()],
    ),
    Case(
        "another name or another type closes no circle",
        [claim("1", "a", "b"), claim("2", "b", "a", name="y"), claim("3", "b", "a", type_=WIDGETS)],
        [{"b"}, {"a"}, {"a"}],
    ),
    Case(
        "a circle may lead over two versions of a type",
        [claim("1", "a", "b", type_=WIDGETS), claim("2", "b", "a", type_=NEWER_WIDGETS)],
        [{"b"}, set()],
    ),
)
def test_what_each_claim_is_granted(case: Case) -> None:
    assert list(map(granted, precedence.decide(case.claims))) == case.granted


def test_a_conflict_names_the_older_objectsync_and_the_destination() -> None:
    _, younger = precedence.decide([claim("1", "s", "a"), claim("2", "t", "a", "b")])
    message = "ObjectSync ns/1 is older and already copies to {namespace}/x"
    assert refused(younger) == {"a": Problem(reasons.CONFLICT, message)}


def test_a_conflict_with_a_younger_objectsync_names_its_policy_as_the_cause() -> None:
    _, older = precedence.decide([replace(claim("1", "s", "a"), priority=5), claim("2", "t", "a", "b")])
    message = "ObjectSync ns/1 has a SyncPolicy with a higher priority and already copies to {namespace}/x"
    assert refused(older) == {"a": Problem(reasons.CONFLICT, message)}


def test_a_loop_names_the_way_back_and_the_older_objectsyncs_on_it_are_advised() -> None:
    claims = [claim("1", "a", "b"), claim("2", "b", "c"), claim("3", "c", "a", "d"), claim("4", "d", "e")]
    first, second, closing, beyond = precedence.decide(claims)
    message = "a copy here would come back to its source over ns/1 -> ns/2"
    assert refused(closing) == {"a": Problem(reasons.LOOP, message)}
    advice = Problem(reasons.LOOP, "Loop: ObjectSync ns/3 may not copy back to where this one leads from")
    assert [grant.advice for grant in (first, second, closing, beyond)] == [advice, advice, None, None]


def test_what_had_a_problem_before_keeps_it() -> None:
    before = Destinations({Shape("x"): {"a", "b"}}, {(Shape("x"), NOT_FOUND): {"c"}})
    _, grant = precedence.decide([claim("1", "s", "a"), Claim("ns/2", CONFIG_MAPS, ("t", "x"), before)])
    assert refused(grant).keys() == {"a", "c"}
    assert refused(grant)["c"] == NOT_FOUND


def test_seniority_is_age_then_namespace_then_name_so_that_every_planner_decides_alike() -> None:
    in_order = [
        object_sync("z", namespace="z", created=ago(9)),
        object_sync("z", namespace="a", created=ago(5)),
        object_sync("a", namespace="b", created=ago(5)),
        object_sync("b", namespace="b", created=ago(5)),
        object_sync("a", namespace="a", created=ago(1)),
    ]
    youngest_first = in_order[::-1]
    assert sorted(youngest_first, key=precedence.seniority) == in_order


# Whatever is asked for

_namespaces = st.sampled_from("abcdef")


@st.composite
def _claims(draw: st.DrawFn) -> list[Claim]:
    """Return claims by age: sources and copies are x or y in a few namespaces, no copy is its own source."""
    found = []
    for number in range(draw(st.integers(0, 8))):
        source = (draw(_namespaces), draw(st.sampled_from("xy")))
        asked = {name: draw(st.sets(_namespaces)) for name in "xy"}
        asked[source[1]].discard(source[0])
        wanted = {Shape(name): namespaces for name, namespaces in asked.items() if namespaces}
        found.append(Claim(f"ns/{number}", CONFIG_MAPS, source, Destinations(wanted)))
    return found


Place = tuple[str, str]


def _places(destinations: Destinations) -> list[Place]:
    return [(where, shape.name) for shape, namespaces in destinations.wanted.items() for where in namespaces]


@quickly
@given(_claims())
def test_no_destination_is_granted_twice(claims: list[Claim]) -> None:
    places = [place for grant in precedence.decide(claims) for place in _places(grant.destinations)]
    assert len(places) == len(set(places))


@quickly
@given(_claims())
def test_granted_copies_make_no_circle(claims: list[Claim]) -> None:
    copies: dict[Place, list[Place]] = {}
    for claimed, grant in zip(claims, precedence.decide(claims), strict=True):
        copies.setdefault(claimed.source, []).extend(_places(grant.destinations))
    for start in copies:
        reached: set[Place] = set()
        queue = [start]
        while queue:
            new = set(copies.get(queue.pop(), ())) - reached
            reached |= new
            queue += new
        assert start not in reached


@quickly
@given(_claims())
def test_an_objectsync_takes_nothing_from_an_older_one(claims: list[Claim]) -> None:
    everybody = [grant.destinations for grant in precedence.decide(claims)]
    for count in range(len(claims)):
        assert [grant.destinations for grant in precedence.decide(claims[:count])] == everybody[:count]


@quickly
@given(_claims())
def test_what_is_not_granted_has_a_problem_and_nothing_is_added(claims: list[Claim]) -> None:
    for claimed, grant in zip(claims, precedence.decide(claims), strict=True):
        given_up = [(where, shape.name) for (shape, _), found in grant.destinations.problems.items() for where in found]
        assert sorted(_places(grant.destinations) + given_up) == sorted(_places(claimed.destinations))


@quickly
@given(_claims())
def test_claims_are_not_changed(claims: list[Claim]) -> None:
    before = repr(claims)
    precedence.decide(claims)
    assert repr(claims) == before


# Many


def _chain(length: int) -> list[Claim]:
    """Return claims each of which copies the copy of the one before."""
    return [claim(str(number), f"n{number}", f"n{number + 1}") for number in range(length)]


def _steps(claims: Sequence[Claim]) -> int:
    """Return how many lines of Python a decision takes."""
    counted = 0

    def trace(frame: FrameType, event: str, _arg: Any) -> Callable[..., Any] | None:
        nonlocal counted
        counted += event == "line"
        return trace if frame.f_globals["__name__"].startswith("object_syncer.planning.") else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        precedence.decide(claims)
    finally:
        sys.settrace(before)
    return counted


@pytest.mark.parametrize(
    "in_order_of_age",
    [list, lambda claims: claims[::-1], lambda claims: random.Random(0).sample(claims, len(claims))],
    ids=["from its source", "from its end", "in any order"],
)
def test_a_chain_of_two_thousand_takes_about_twice_the_steps_of_one_of_a_thousand(
    in_order_of_age: Callable[[list[Claim]], list[Claim]],
) -> None:
    assert _steps(in_order_of_age(_chain(2000))) < 2.5 * _steps(in_order_of_age(_chain(1000)))
