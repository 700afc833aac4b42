"""How destinations are distributed over slices."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from object_syncer.planning import packing
from object_syncer.planning.packing import Destinations
from specification import quickly

namespaces = st.sets(st.sampled_from([f"ns-{index}" for index in range(12)]))
wishes = st.dictionaries(st.sampled_from("xyz"), namespaces)
limits = st.integers(1, 5)


@st.composite
def before(draw: st.DrawFn) -> dict[int, Destinations]:
    """Return what slices have after an earlier packing, some of them deleted since."""
    packed = packing.pack(draw(wishes), {}, draw(limits))
    gone = draw(st.sets(st.sampled_from(sorted(packed))))
    return {index: slot for index, slot in packed.items() if index not in gone}


anything = st.one_of(before(), st.dictionaries(st.integers(0, 8), wishes))
"""Also what no packing could have left: edited by hand."""


def places(slot: Destinations) -> set[tuple[str, str]]:
    return {(name, namespace) for name, found in slot.items() for namespace in found}


@quickly
@given(wishes, anything, limits)
def test_nothing_is_lost_and_nothing_is_twice(
    wanted: Destinations, earlier: dict[int, Destinations], limit: int
) -> None:
    packed = packing.pack(wanted, earlier, limit)
    counted = Counter(place for slot in packed.values() for place in places(slot))
    assert set(counted) == places(wanted)
    assert set(counted.values()) <= {1}


@quickly
@given(wishes, anything, limits)
def test_a_slice_takes_no_more_than_its_limit(
    wanted: Destinations, earlier: dict[int, Destinations], limit: int
) -> None:
    for index, slot in packing.pack(wanted, earlier, limit).items():
        kept = places(slot) & places(earlier.get(index, {}))
        assert len(places(slot)) <= max(limit, len(kept))


@quickly
@given(wishes, before(), limits)
def test_a_copy_is_never_moved(wanted: Destinations, earlier: dict[int, Destinations], limit: int) -> None:
    packed = packing.pack(wanted, earlier, limit)
    for index, slot in earlier.items():
        assert places(slot) & places(wanted) <= places(packed[index])


@quickly
@given(wishes, anything, limits)
def test_no_slice_is_renumbered(wanted: Destinations, earlier: dict[int, Destinations], limit: int) -> None:
    assert set(earlier) | {0} <= set(packing.pack(wanted, earlier, limit))


@quickly
@given(wishes, anything, limits)
def test_gaps_are_filled_before_a_slice_is_added(
    wanted: Destinations, earlier: dict[int, Destinations], limit: int
) -> None:
    packed = packing.pack(wanted, earlier, limit)
    for added in set(packed) - set(earlier) - {0}:
        assert packed[added]
        assert all(packing.count(packed[index]) >= limit for index in range(added))


@quickly
@given(wishes, anything, limits)
def test_what_is_packed_stays_packed(wanted: Destinations, earlier: dict[int, Destinations], limit: int) -> None:
    packed = packing.pack(wanted, earlier, limit)
    assert packing.pack(wanted, packed, limit) == packed


@quickly
@given(wishes, anything, limits)
def test_the_arguments_are_not_changed(wanted: Destinations, earlier: dict[int, Destinations], limit: int) -> None:
    before_wanted, before_earlier = repr(wanted), repr(earlier)
    packing.pack(wanted, earlier, limit)
    assert (repr(wanted), repr(earlier)) == (before_wanted, before_earlier)


def test_new_destinations_come_in_alphabetical_order() -> None:
    packed = packing.pack({"x": {"d", "b"}, "y": {"a", "c"}}, {}, 2)
    assert packed == {0: {"y": {"a"}, "x": {"b"}}, 1: {"y": {"c"}, "x": {"d"}}}


def test_there_is_always_a_first_slice() -> None:
    assert packing.pack({}, {}, 100) == {0: {}}


def test_a_slice_keeps_what_it_has_when_its_limit_shrinks() -> None:
    packed = packing.pack({"x": {"a", "b", "c"}}, {0: {"x": {"a", "b"}}}, 1)
    assert packed == {0: {"x": {"a", "b"}}, 1: {"x": {"c"}}}


def test_the_limit_is_a_hundred_copies_or_twenty_megabytes() -> None:
    assert [packing.capacity(size) for size in (0, 1_000, 200_000, 1_000_000, 100_000_000)] == [100, 100, 100, 20, 1]
