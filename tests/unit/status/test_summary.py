"""From the reports of its slices to the status of an ObjectSync: counts always add up, whatever the slices report."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.status import reasons, summary
from object_syncer.status.problem import Problem
from specification import cases, quickly

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
SOURCE = {"uid": "s", "resourceVersion": "9", "bytes": 10}


def slice_(
    *namespaces: str,
    index: int = 0,
    generation: int = 1,
    status: Json | None = None,
    strategy: str = "",
    stalled: str = "",
    **spec: object,
) -> Json:
    """Return a SyncSlice of an ObjectSync whose generation is 1, with copies called x; by default all are synced.

    `stalled` is its mark.
    """
    group: Json = {"name": "x", "namespaces": list(namespaces), **({"strategy": strategy} if strategy else {})}
    report: Json = {"observedGeneration": 1, "copies": len(namespaces), "synced": len(namespaces), "source": SOURCE}
    return {
        "metadata": {
            "name": f"share-{index}",
            "generation": generation,
            **({"annotations": {api.STALLED_ANNOTATION: stalled}} if stalled else {}),
        },
        "spec": {
            "index": index,
            "objectSync": {"namespace": "team", "name": "share", "uid": "u", "generation": 1},
            **({"groups": [group]} if namespaces else {}),
            **spec,
        },
        "status": report if status is None else {"observedGeneration": 1, "source": SOURCE, **status},
    }


def entry(namespace: str, state: str = "Synced", reason: str = "", **more: str) -> Json:
    return {"namespace": namespace, "name": "x", "state": state, **({"reason": reason} if reason else {}), **more}


def many(count: int) -> list[str]:
    return [f"ns-{index:04}" for index in range(count)]


@dataclass(frozen=True)
class Case:
    reason: str
    slices: list[Json]
    copies: tuple[int, int, int, int]
    """total, synced, failed, pending."""
    problem: str | None = None
    generation: int = 1
    says: str = ""


WITHOUT_COPY: list[Json] = [
    {"name": "x", "namespaces": ["b", "c"], "reason": reasons.NAMESPACE_NOT_FOUND, "message": "no {namespace}"},
    {"name": "x", "namespaces": ["d"], "reason": reasons.CONFLICT, "message": "m"},
]
NOT_ALLOWED = [{"reason": reasons.KIND_NOT_ALLOWED, "message": "no"}]


@cases(
    Case("without slice it is being planned", [], (0, 0, 0, 0), reasons.PLANNING),
    Case("without first slice it is being planned", [slice_("a", index=1)], (1, 1, 0, 0), reasons.PLANNING),
    Case("an ObjectSync without destinations has a first slice", [slice_()], (0, 0, 0, 0)),
    Case("the destinations of a slice are counted", [slice_("a", "b")], (2, 2, 0, 0)),
    Case("the destinations of several slices are counted", [slice_("a"), slice_("b", "c", index=1)], (3, 3, 0, 0)),
    Case(
        "a destination in a report is counted by its state",
        [
            slice_(
                *"abcd",
                status={
                    "synced": 1,
                    "destinations": [
                        entry("a"),
                        entry("b", "Pending", reasons.CREATING),
                        entry("c", "Failed", reasons.REJECTED),
                        entry("d", "Conflict", reasons.CONFLICT),
                    ],
                },
            )
        ],
        (4, 1, 2, 1),
    ),
    Case(
        "destinations that a slice does not list, but counts, are in sync",
        [slice_(*"abcd", status={"synced": 3, "destinations": [entry("b", "Failed", reasons.REJECTED)]})],
        (4, 3, 1, 0),
    ),
    Case(
        "destinations that a slice neither lists nor counts are pending",
        [slice_(*"abc", status={"synced": 1})],
        (3, 1, 0, 2),
    ),
    Case(
        "a slice without report has nothing in sync",
        [{**slice_("a", "b"), "status": {}}],
        (2, 0, 0, 2),
        reasons.PLANNING,
    ),
    Case("destinations that the planner gave no copy are counted", [slice_("a", problems=WITHOUT_COPY)], (4, 1, 1, 2)),
    Case(
        "a report on a destination that a slice no longer has does not count",
        [slice_("a", status={"synced": 2, "destinations": [entry("a"), entry("b")]})],
        (1, 1, 0, 0),
    ),
    Case(
        "a slice that has not reported on its present generation is not in sync",
        [slice_("a", generation=2)],
        (1, 1, 0, 0),
        reasons.PLANNING,
        says="changes are being written",
    ),
    Case(
        "failing destinations are not hidden by changes that are being written",
        [slice_("a", generation=2, status={"synced": 0, "destinations": [entry("a", "Failed", reasons.REJECTED)]})],
        (1, 0, 1, 0),
    ),
    Case(
        "one slice of several that has not reported on its present generation is enough",
        [slice_("a", generation=2), slice_("b", index=1)],
        (2, 2, 0, 0),
        reasons.PLANNING,
        says="changes are being written",
    ),
    Case(
        "a slice of an earlier generation of the ObjectSync is being planned",
        [slice_("a")],
        (1, 1, 0, 0),
        reasons.PLANNING,
        generation=2,
        says="the change of the ObjectSync is being planned",
    ),
    Case(
        "a problem that a slice reports concerns all",
        [slice_("a", status={"synced": 0, "problem": {"reason": reasons.SOURCE_NOT_FOUND, "message": "gone"}})],
        (1, 0, 0, 1),
        reasons.SOURCE_NOT_FOUND,
        says="gone",
    ),
    Case(
        "a problem that a slice reported of an earlier generation does not count",
        [slice_("a", generation=2, status={"synced": 0, "problem": {"reason": "SourceNotFound", "message": "gone"}})],
        (1, 0, 0, 1),
        reasons.PLANNING,
        says="changes are being written",
    ),
    Case(
        "a problem of the whole ObjectSync concerns all",
        [slice_(problems=NOT_ALLOWED)],
        (0, 0, 0, 0),
        reasons.KIND_NOT_ALLOWED,
        says="no",
    ),
    Case(
        "it comes before what a slice reported earlier",
        [
            slice_(
                problems=NOT_ALLOWED,
                generation=2,
                status={"problem": {"reason": reasons.SOURCE_NOT_FOUND, "message": "gone"}},
            )
        ],
        (0, 0, 0, 0),
        reasons.KIND_NOT_ALLOWED,
    ),
    Case(
        "a slice that is draining has no say",
        [slice_("a"), slice_(index=1, draining="2026-01-01T00:00:00Z", problems=NOT_ALLOWED, status={"copies": 0})],
        (1, 1, 0, 0),
    ),
    Case(
        "a slice that is draining is not counted, but its copies are being deleted",
        [slice_("a"), slice_("b", index=1, draining="2026-01-01T00:00:00Z")],
        (1, 1, 0, 0),
        reasons.PLANNING,
        says="earlier copies are being deleted",
    ),
    Case(
        "a slice that has drained does not matter",
        [slice_("a"), slice_(index=1, draining="2026-01-01T00:00:00Z", status={"copies": 0})],
        (1, 1, 0, 0),
    ),
    Case(
        "what a stalled slice said was in sync may no longer be",
        [slice_(*"abc", stalled="2026-01-01T00:00:00Z 1/9"), slice_("d", index=1)],
        (4, 1, 0, 3),
        reasons.STALLED,
        says="SyncSlice share-0 has reported nothing since 2026-01-01T00:00:00Z; its events may say why",
    ),
    Case(
        "what a stalled slice said was wrong still is",
        [
            slice_(
                *"abc",
                stalled="2026-01-01T00:00:00Z 1/9",
                status={"synced": 2, "destinations": [entry("a"), entry("b", "Failed", reasons.REJECTED)]},
            )
        ],
        (3, 0, 1, 2),
        reasons.STALLED,
    ),
    Case(
        "a stalled slice that does not follow its spec says so, too",
        [slice_("a", generation=2, stalled="2026-01-01T00:00:00Z 1/9")],
        (1, 0, 0, 1),
        reasons.STALLED,
    ),
    Case(
        "a mark says nothing once the slice reports on another version of the source",
        [slice_("a", stalled="2026-01-01T00:00:00Z 1/8")],
        (1, 1, 0, 0),
    ),
    Case(
        "nor once it reports on another generation",
        [slice_("a", stalled="2026-01-01T00:00:00Z 0/9")],
        (1, 1, 0, 0),
    ),
    Case(
        "a slice that is draining is not called stalled",
        [
            slice_("a"),
            slice_(index=1, draining="2026-01-01T00:00:00Z", stalled="2026-01-01T00:00:00Z 1/9", status={"copies": 0}),
        ],
        (1, 1, 0, 0),
    ),
)
def test_summarize(case: Case) -> None:
    found = summary.summarize(case.slices, case.generation)
    total, synced, failed, pending = case.copies
    assert found.copies() == {
        "total": total,
        "synced": synced,
        "failed": failed,
        "pending": pending,
        "summary": f"{synced}/{total}",
    }
    assert (found.problem.reason if found.problem else None) == case.problem
    assert case.says in (found.problem.message if found.problem else "")


def test_an_objectsync_without_any_destination_says_that_none_of_its_entries_matches() -> None:
    unmatched = [{"reason": reasons.NO_NAMESPACE_MATCHES, "message": "nothing", "advisory": True}]
    alone = summary.summarize([slice_(problems=unmatched)], 1)
    assert alone.problem == Problem(reasons.NO_NAMESPACE_MATCHES, "nothing")
    beside = summary.summarize([slice_("a", problems=unmatched)], 1)
    assert (beside.problem, beside.advice) == (None, "nothing")


def test_of_two_slices_the_advice_of_the_first_is_passed_on() -> None:
    one, two = ([{"reason": "Loop", "message": message, "advisory": True}] for message in ("one", "two"))
    assert summary.summarize([slice_("a", problems=one), slice_("b", index=1, problems=two)], 1).advice == "one"
    assert summary.summarize([slice_("a")], 1).advice == ""


# Counts, whatever comes

names = st.sampled_from(many(8))
states = st.sampled_from(["Synced", "Pending", "Failed", "Conflict"])


@st.composite
def some_slice(draw: st.DrawFn) -> Json:
    """Return a slice with a report that may be stale, incomplete, or wrong."""
    namespaces = draw(st.lists(names, unique=True))
    reported = draw(st.dictionaries(names, states))
    status: Json = {
        "observedGeneration": draw(st.integers(1, 2)),
        "synced": draw(st.integers(0, 12)),
        "destinations": [entry(name, state, "R" if state != "Synced" else "") for name, state in reported.items()],
    }
    without_copy = draw(st.lists(names, unique=True))
    return slice_(
        *namespaces,
        index=draw(st.integers(0, 3)),
        generation=draw(st.integers(1, 2)),
        status=draw(st.sampled_from([status, {}])),
        stalled=draw(st.sampled_from(["", "2026-01-01T00:00:00Z 1/9"])),
        problems=[{"namespaces": without_copy, "name": "y", "reason": reasons.CONFLICT, "message": "m"}],
        **draw(st.sampled_from([{}, {"draining": "2026-01-01T00:00:00Z"}])),
    )


@quickly
@given(st.lists(some_slice(), max_size=4))
def test_counts_always_add_up(slices: list[Json]) -> None:
    found = summary.summarize(slices, 1)
    copies = found.copies()
    assert copies["total"] == copies["synced"] + copies["failed"] + copies["pending"]
    assert min(copies["total"], copies["synced"], copies["failed"], copies["pending"]) >= 0
    assert copies["total"] == sum(
        len(item["namespaces"])
        for each in slices
        if "draining" not in each["spec"]
        for item in (*each["spec"].get("groups", ()), *each["spec"]["problems"])
    )
    assert len(summary.destinations(found, CONFIG_MAPS)) <= copies["total"]


# status.destinations


def test_a_destination_has_upstream_s_keys_and_its_spelling() -> None:
    reported = entry("a", uid="c", resourceVersion="5")
    found = summary.summarize([slice_("a", strategy="replace", status={"synced": 1, "destinations": [reported]})], 1)
    assert summary.destinations(found, ResourceType("batch", "v1", "CronJob", "cronjobs")) == [
        {
            "group": "batch",
            "version": "v1",
            "kind": "CronJob",
            "namespace": "a",
            "name": "x",
            "strategy": "replace",
            "sourceVersion": {"uid": "s", "resource_version": "9"},
            "syncedVersion": {"uid": "c", "resource_version": "5"},
            "state": "Synced",
        }
    ]


def test_without_strategy_in_spec_there_is_none() -> None:
    found = summary.summarize([slice_("a", status={"synced": 1, "destinations": [entry("a")]})], 1)
    assert "strategy" not in summary.destinations(found, CONFIG_MAPS)[0]


def test_without_copy_there_is_no_synced_version() -> None:
    pending = entry("a", "Pending", reasons.CREATING, message="m", since="2026-01-01T00:00:00Z")
    found = summary.summarize([slice_("a", status={"synced": 0, "destinations": [pending]})], 1)
    (shown,) = summary.destinations(found, CONFIG_MAPS)
    assert "syncedVersion" not in shown
    assert (shown["state"], shown["reason"], shown["message"], shown["since"]) == (
        "Pending",
        "Creating",
        "m",
        "2026-01-01T00:00:00Z",
    )


def test_destinations_that_the_planner_gave_no_copy_are_shown_with_the_strategy_of_the_spec() -> None:
    problems = [{**WITHOUT_COPY[0], "strategy": "replace"}, WITHOUT_COPY[1]]
    found = summary.summarize([slice_("a", status={"synced": 1, "destinations": [entry("a")]}, problems=problems)], 1)
    shown = summary.destinations(found, CONFIG_MAPS)
    assert [(item["namespace"], item["state"], item.get("strategy"), item.get("message")) for item in shown] == [
        ("a", "Synced", None, None),
        ("b", "Pending", "replace", "no b"),
        ("c", "Pending", "replace", "no c"),
        ("d", "Conflict", None, "m"),
    ]


def test_destinations_are_listed_before_anything_was_written() -> None:
    found = summary.summarize([{**slice_("b", "a"), "status": {}}], 1)
    shown = summary.destinations(found, CONFIG_MAPS)
    assert [(item["namespace"], item["state"]) for item in shown] == [("a", "Pending"), ("b", "Pending")]


def test_without_source_every_destination_says_so() -> None:
    gone = {"synced": 0, "problem": {"reason": reasons.SOURCE_NOT_FOUND, "message": "gone"}}
    shown = summary.destinations(summary.summarize([slice_("a", "b", status=gone)], 1), CONFIG_MAPS)
    assert [(item["state"], item["reason"], item["message"]) for item in shown] == [
        ("Pending", "SourceNotFound", "gone")
    ] * 2


def test_a_problem_reported_of_an_earlier_generation_is_not_shown() -> None:
    gone = {"synced": 0, "problem": {"reason": reasons.SOURCE_NOT_FOUND, "message": "gone"}}
    changed = slice_("a", generation=2, strategy="replace", status=gone)
    (shown,) = summary.destinations(summary.summarize([changed], 1), CONFIG_MAPS)
    assert (shown["state"], shown["reason"], shown["strategy"]) == ("Pending", "Planning", "replace")


def shown_of(**states: list[str]) -> list[Json]:
    """Return what is shown of an ObjectSync with so many destinations in each state."""
    namespaces = [name for names in states.values() for name in names]
    reported = [
        entry(name, state, reasons.REJECTED if state != "Synced" else "")
        for state, names in states.items()
        for name in names
    ]
    item = slice_(*namespaces, status={"synced": len(states.get("Synced", ())), "destinations": reported})
    return summary.destinations(summary.summarize([item], 1), CONFIG_MAPS)


def test_up_to_a_hundred_are_all_shown_in_alphabetical_order() -> None:
    shown = shown_of(Synced=many(99), Failed=["aaa"])
    assert [item["namespace"] for item in shown] == ["aaa", *many(99)]


def test_above_a_hundred_those_that_are_in_sync_are_not_shown() -> None:
    shown = shown_of(Synced=many(150), Failed=["z-1", "a-0"], Pending=["b"])
    assert [item["namespace"] for item in shown] == ["a-0", "z-1", "b"]
    assert shown_of(Synced=many(101)) == []


def test_of_those_at_most_a_hundred_are_those_that_fail_first() -> None:
    shown = shown_of(Pending=many(150), Failed=["z-0"], Conflict=["z-2"], Synced=["z-1"])
    assert [item["namespace"] for item in shown] == ["z-0", "z-2", *many(98)]


@pytest.mark.parametrize("reason", [reasons.PLANNING, reasons.CREATING, reasons.DRIFTED])
def test_nor_are_copies_that_are_just_being_written_but_they_are_counted(reason: str) -> None:
    being_written = [entry(name, "Pending", reason) for name in many(101)]
    item = slice_(*many(101), status={"synced": 0, "destinations": being_written})
    found = summary.summarize([item], 1)
    assert summary.destinations(found, CONFIG_MAPS) == []
    assert found.copies()["pending"] == 101


@pytest.mark.parametrize(
    ("synced", "listed", "unlisted"),
    [
        (3, [], 0),
        (1, [], 2),
        (1, [entry("a", "Failed", reasons.REJECTED)], 1),
        (2, [entry("a"), entry("b", "Pending", reasons.CREATING)], 0),
    ],
    ids=["all counted", "some not counted", "one of them listed", "listed ones counted, too"],
)
def test_destinations_of_which_a_slice_says_nothing_can_be_counted(
    synced: int, listed: list[Json], unlisted: int
) -> None:
    assert summary.unlisted(slice_(*"abc", status={"synced": synced, "destinations": listed})) == unlisted


def test_what_is_shown_does_not_depend_on_the_order_of_slices() -> None:
    one, two = (
        slice_("a", status={"synced": 1, "destinations": [entry("a")]}),
        slice_("b", index=1, status={"synced": 0}),
    )
    forward, backward = (summary.summarize(order, 1) for order in ([one, two], [two, one]))
    assert summary.destinations(forward, CONFIG_MAPS) == summary.destinations(backward, CONFIG_MAPS)
