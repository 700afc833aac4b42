"""ObjectSyncs that want the same destination."""

from collections.abc import Iterator

from scenarios.objects import (
    DATA,
    SOURCE,
    config_map,
    destinations,
    object_sync,
    to,
)
from scenarios.scenario import (
    HOME,
    IN_B,
    IN_HOME,
    SYNCED,
    A,
    B,
    Scenario,
    delete,
    edit,
)

CONFLICT = ("False", "Conflict")


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    other = config_map(HOME, "other-@", data={"other": "1"})
    older, younger = object_sync(to(A, "copy-@"), name="a-@"), object_sync(to(A, "copy-@"), name="b-@", source=other)
    in_place = f"{A}/copy-@"
    yield Scenario(
        "of two ObjectSyncs with one destination the older keeps it",
        (SOURCE, other, older, younger),
        copies={in_place: DATA},
        ours={in_place: IN_HOME},
        in_sync={"a-@": SYNCED, "b-@": CONFLICT},
        ready={"b-@": SYNCED},
        says={"b-@": (f"{HOME}/a-@",)},
    )
    yield Scenario(
        "the younger ObjectSync takes over when the older is deleted",
        (SOURCE, other, older, younger),
        (delete(older),),
        copies={in_place: {"data": {"other": "1"}}},
        in_sync={"b-@": SYNCED},
    )
    yield Scenario(
        "the younger ObjectSync takes over when the older gives up the destination",
        (SOURCE, other, older, younger),
        (edit(older, destinations(B)),),
        copies={in_place: {"data": {"other": "1"}}, IN_B: DATA},
        in_sync={"a-@": SYNCED, "b-@": SYNCED},
    )
    yield Scenario(
        "an older ObjectSync that returns to a destination gets it back",
        (SOURCE, other, older, younger),
        (edit(older, destinations(to(A, "moved-@"))), edit(older, destinations(to(A, "copy-@")))),
        copies={in_place: DATA, f"{A}/moved-@": None},
        in_sync={"a-@": SYNCED, "b-@": CONFLICT},
    )
    yield Scenario(
        "ObjectSyncs compete for each destination on its own",
        (SOURCE, other, older, object_sync(to("*", "copy-@"), name="b-@", source=other)),
        copies={in_place: DATA, f"{B}/copy-@": {"data": {"other": "1"}}},
        in_sync={"a-@": SYNCED, "b-@": CONFLICT},
        exclusive=True,
    )
