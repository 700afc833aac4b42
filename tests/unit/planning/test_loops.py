"""A copy may be the source of another ObjectSync, but no chain may come back to where it began."""

from hypothesis import given
from hypothesis import strategies as st

from object_syncer.kube.types import ResourceType
from object_syncer.planning.contests import Claim
from object_syncer.planning.destinations import Destinations, Shape
from object_syncer.planning.loops import Circles
from object_syncer.status import reasons
from specification import quickly

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
SECRETS = ResourceType("", "v1", "Secret", "secrets")


def claim(owner: str, source: str, *namespaces: str, name: str = "x", type_: ResourceType = CONFIG_MAPS) -> Claim:
    """Return a claim for copies of x in namespace `source`."""
    return Claim(owner, type_, (source, "x"), Destinations({Shape(name): set(namespaces)}))


def cut(claims: list[Claim]) -> dict[int, str]:
    circles = Circles(claims)
    for index in range(len(claims)):
        circles.cut(index)
    return circles.told


def wanted(claims: list[Claim]) -> list[set[str]]:
    return [set().union(*claim.destinations.wanted.values()) for claim in claims]


def test_a_chain_is_no_circle() -> None:
    claims = [claim("1", "a", "b"), claim("2", "b", "c"), claim("3", "c", "d")]
    assert cut(claims) == {}
    assert wanted(claims) == [{"b"}, {"c"}, {"d"}]


def test_the_youngest_loses_the_destination_that_closes_the_circle_and_no_other() -> None:
    claims = [claim("ns/1", "a", "b"), claim("ns/2", "b", "c"), claim("ns/3", "c", "a", "d")]
    told = cut(claims)
    assert wanted(claims) == [{"b"}, {"c"}, {"d"}]
    (withheld,) = claims[2].destinations.withheld
    assert (withheld.namespace, withheld.name, withheld.reason) == ("a", "x", reasons.LOOP)
    assert withheld.message == "a copy here would come back to its source over ns/1 -> ns/2"
    assert set(told) == {0, 1}
    assert all("ns/3" in message for message in told.values())


def test_two_that_copy_into_each_other_make_a_circle() -> None:
    claims = [claim("1", "a", "b"), claim("2", "b", "a")]
    cut(claims)
    assert wanted(claims) == [{"b"}, set()]


def test_two_object_syncs_of_one_source_are_one_place() -> None:
    claims = [claim("1", "a", "z"), claim("2", "a", "b"), claim("3", "b", "a")]
    cut(claims)
    assert wanted(claims) == [{"z"}, {"b"}, set()]


def test_another_name_or_another_type_is_another_place() -> None:
    claims = [claim("1", "a", "b"), claim("2", "b", "a", name="y"), claim("3", "b", "a", type_=SECRETS)]
    assert cut(claims) == {}
    assert wanted(claims) == [{"b"}, {"a"}, {"a"}]


spaces = st.sampled_from("abcdef")


@quickly
@given(st.lists(st.tuples(spaces, st.sets(spaces)), max_size=8))
def test_what_is_left_never_comes_back(wishes: list[tuple[str, set[str]]]) -> None:
    claims = [claim(str(index), source, *(to - {source})) for index, (source, to) in enumerate(wishes)]
    cut(claims)
    steps: dict[str, set[str]] = {}
    for item, to in zip(claims, wanted(claims), strict=True):
        steps.setdefault(item.source[0], set()).update(to)
    for start in steps:
        reached: set[str] = set()
        queue = [start]
        while queue:
            for following in steps.get(queue.pop(), set()) - reached:
                reached.add(following)
                queue.append(following)
        assert start not in reached


@quickly
@given(st.lists(st.tuples(spaces, st.sets(spaces)), max_size=8))
def test_an_object_sync_never_harms_an_older_one(wishes: list[tuple[str, set[str]]]) -> None:
    def plan(count: int) -> list[set[str]]:
        claims = [claim(str(index), source, *(to - {source})) for index, (source, to) in enumerate(wishes[:count])]
        cut(claims)
        return wanted(claims)

    everybody = plan(len(wishes))
    for count in range(len(wishes)):
        assert plan(count) == everybody[:count]
