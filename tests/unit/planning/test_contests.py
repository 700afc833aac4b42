"""Two ObjectSyncs on one destination: the oldest keeps it, the other is told."""

from object_syncer.kube.types import ResourceType
from object_syncer.planning import contests
from object_syncer.planning.contests import Claim
from object_syncer.planning.destinations import Destinations, Shape
from object_syncer.status import reasons
from unit.objects import ago, object_sync

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
WIDGETS = ResourceType("example.com", "v1", "Widget", "widgets")
NEWER_WIDGETS = ResourceType("example.com", "v2", "Widget", "widgets")


def claim(
    owner: str, *namespaces: str, name: str = "x", strategy: str = "", type_: ResourceType = CONFIG_MAPS
) -> Claim:
    return Claim(owner, type_, ("team", "x"), Destinations({Shape(name, strategy): set(namespaces)}))


def wanted(claim: Claim) -> set[str]:
    return set().union(*claim.destinations.wanted.values())


def conflicts(claim: Claim) -> dict[str, str]:
    assert {item.reason for item in claim.destinations.withheld} <= {reasons.CONFLICT}
    return {f"{item.namespace}/{item.name}": item.message for item in claim.destinations.withheld}


def test_the_older_keeps_what_both_want_and_the_younger_the_rest() -> None:
    older, younger = claim("ns/older", "a", "b"), claim("ns/younger", "b", "c")
    contests.settle([older, younger])
    assert (wanted(older), wanted(younger)) == ({"a", "b"}, {"c"})
    assert conflicts(older) == {}
    assert conflicts(younger) == {"b/x": "ObjectSync ns/older is older and already copies to b/x"}


def test_the_strategy_does_not_matter() -> None:
    older, younger = claim("ns/older", "a"), claim("ns/younger", "a", strategy="replace")
    contests.settle([older, younger])
    assert (wanted(older), wanted(younger)) == ({"a"}, set())


def test_what_a_conflict_took_is_not_taken_from_a_third() -> None:
    first, second, third = claim("ns/1", "a"), claim("ns/2", "a", "b"), claim("ns/3", "a", "b", "c")
    contests.settle([first, second, third])
    assert [wanted(item) for item in (first, second, third)] == [{"a"}, {"b"}, {"c"}]
    assert conflicts(third) == {
        "a/x": "ObjectSync ns/1 is older and already copies to a/x",
        "b/x": "ObjectSync ns/2 is older and already copies to b/x",
    }


def test_another_name_or_another_type_is_another_destination() -> None:
    claims = [claim("ns/1", "a"), claim("ns/2", "a", name="y"), claim("ns/3", "a", type_=WIDGETS)]
    contests.settle(claims)
    assert [wanted(item) for item in claims] == [{"a"}] * 3


def test_two_versions_of_a_type_are_the_same_objects() -> None:
    older, younger = claim("ns/1", "a", type_=WIDGETS), claim("ns/2", "a", type_=NEWER_WIDGETS)
    contests.settle([older, younger])
    assert (wanted(older), wanted(younger)) == ({"a"}, set())


def test_seniority_is_age_then_namespace_then_name_so_that_every_planner_decides_alike() -> None:
    in_order = [
        object_sync("z", namespace="z", created=ago(9)),
        object_sync("z", namespace="a", created=ago(5)),
        object_sync("a", namespace="b", created=ago(5)),
        object_sync("b", namespace="b", created=ago(5)),
        object_sync("a", namespace="a", created=ago(1)),
    ]
    shuffled = in_order[::-1]
    assert sorted(shuffled, key=contests.seniority) == in_order
