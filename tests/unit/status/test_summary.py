"""From the reports of its slices to the status of an ObjectSync: every count exact, whatever the slices say."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.status import reasons, summary
from specification import cases, quickly

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
SOURCE = {"uid": "s", "resourceVersion": "9", "bytes": 10}


def slice_(
    *namespaces: str,
    index: int = 0,
    generation: int = 1,
    status: Json | None = None,
    strategy: str = "",
    **spec: object,
) -> Json:
    """Return a SyncSlice of an ObjectSync whose generation is 1, with copies called x; by default all are synced."""
    group: Json = {"name": "x", "namespaces": list(namespaces), **({"strategy": strategy} if strategy else {})}
    said: Json = {"observedGeneration": 1, "copies": len(namespaces), "synced": len(namespaces), "source": SOURCE}
    return {
        "metadata": {"name": f"share-{index}", "generation": generation},
        "spec": {
            "index": index,
            "objectSync": {"namespace": "team", "name": "share", "uid": "u", "generation": 1},
            **({"groups": [group]} if namespaces else {}),
            **spec,
        },
        "status": said if status is None else {"observedGeneration": 1, "source": SOURCE, **status},
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


WITHHELD: list[Json] = [
    {"namespace": "gone", "name": "x", "reason": reasons.NAMESPACE_NOT_FOUND, "message": "m"},
    {"namespace": "taken", "name": "x", "reason": reasons.CONFLICT, "message": "m"},
]


@cases(
    Case("without slice it is being planned", [], (0, 0, 0, 0), reasons.PLANNING),
    Case("without first slice it is being planned", [slice_("a", index=1)], (1, 1, 0, 0), reasons.PLANNING),
    Case("an ObjectSync without destinations has a first slice", [slice_()], (0, 0, 0, 0)),
    Case("what a slice holds is counted", [slice_("a", "b")], (2, 2, 0, 0)),
    Case("slices are added", [slice_("a"), slice_("b", "c", index=1)], (3, 3, 0, 0)),
    Case(
        "what a slice shows is counted by its state",
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
        "what a slice does not show, but counts, is in sync",
        [slice_(*"abcd", status={"synced": 3, "destinations": [entry("b", "Failed", reasons.REJECTED)]})],
        (4, 3, 1, 0),
    ),
    Case("what a slice neither shows nor counts is pending", [slice_(*"abc", status={"synced": 1})], (3, 1, 0, 2)),
    Case(
        "a slice that has not been looked at has nothing in sync",
        [{**slice_("a", "b"), "status": {}}],
        (2, 0, 0, 2),
        reasons.PLANNING,
    ),
    Case(
        "what the planner withheld is counted",
        [slice_("a", withheld=WITHHELD)],
        (3, 1, 1, 1),
    ),
    Case(
        "a report on a destination that a slice holds no longer does not count",
        [slice_("a", status={"synced": 2, "destinations": [entry("a"), entry("b")]})],
        (1, 1, 0, 0),
    ),
    Case(
        "a slice whose change has not been looked at is not in sync, whatever it says",
        [slice_("a", generation=2)],
        (1, 1, 0, 0),
        reasons.PLANNING,
        says="changes are being written",
    ),
    Case(
        "what fails is told also while changes are being written",
        [slice_("a", generation=2, status={"synced": 0, "destinations": [entry("a", "Failed", reasons.REJECTED)]})],
        (1, 0, 1, 0),
    ),
    Case(
        "one such slice among many is enough",
        [slice_("a", generation=2), slice_("b", index=1)],
        (2, 2, 0, 0),
        reasons.PLANNING,
        says="changes are being written",
    ),
    Case(
        "a slice of an earlier ObjectSync is not planned yet",
        [slice_("a")],
        (1, 1, 0, 0),
        reasons.PLANNING,
        generation=2,
        says="the change of the ObjectSync is being planned",
    ),
    Case(
        "what keeps a slice from having copies concerns all",
        [slice_("a", status={"synced": 0, "problem": {"reason": reasons.SOURCE_NOT_FOUND, "message": "gone"}})],
        (1, 0, 0, 1),
        reasons.SOURCE_NOT_FOUND,
        says="gone",
    ),
    Case(
        "but not once the slice has changed and has not been looked at again",
        [slice_("a", generation=2, status={"synced": 0, "problem": {"reason": "SourceNotFound", "message": "gone"}})],
        (1, 0, 0, 1),
        reasons.PLANNING,
        says="changes are being written",
    ),
    Case(
        "a refusal concerns all",
        [slice_(refusal={"reason": reasons.KIND_NOT_ALLOWED, "message": "no"})],
        (0, 0, 0, 0),
        reasons.KIND_NOT_ALLOWED,
        says="no",
    ),
    Case(
        "a refusal is said before a report on what was",
        [
            slice_(
                refusal={"reason": reasons.KIND_NOT_ALLOWED, "message": "no"},
                generation=2,
                status={"problem": {"reason": reasons.SOURCE_NOT_FOUND, "message": "gone"}},
            )
        ],
        (0, 0, 0, 0),
        reasons.KIND_NOT_ALLOWED,
    ),
    Case(
        "a slice that drains counts no more, but its copies have to go",
        [slice_("a"), slice_("b", index=1, draining="2026-01-01T00:00:00Z")],
        (1, 1, 0, 0),
        reasons.PLANNING,
        says="earlier copies are being deleted",
    ),
    Case(
        "a slice that has drained is not waited for",
        [slice_("a"), slice_(index=1, draining="2026-01-01T00:00:00Z", status={"copies": 0})],
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


def test_a_notice_is_passed_on() -> None:
    assert summary.summarize([slice_("a", notice="mind the gap")], 1).notice == "mind the gap"


# Counts, whatever comes

names = st.sampled_from(many(8))
states = st.sampled_from(["Synced", "Pending", "Failed", "Conflict"])


@st.composite
def some_slice(draw: st.DrawFn) -> Json:
    """Return a slice with a report that may be stale, incomplete, or wrong."""
    held = draw(st.lists(names, unique=True))
    reported = draw(st.dictionaries(names, states))
    status: Json = {
        "observedGeneration": draw(st.integers(1, 2)),
        "synced": draw(st.integers(0, 12)),
        "destinations": [entry(name, state, "R" if state != "Synced" else "") for name, state in reported.items()],
    }
    withheld = draw(st.lists(names, unique=True))
    return slice_(
        *held,
        index=draw(st.integers(0, 3)),
        generation=draw(st.integers(1, 2)),
        status=draw(st.sampled_from([status, {}])),
        withheld=[{"namespace": name, "name": "y", "reason": reasons.CONFLICT, "message": "m"} for name in withheld],
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
        len(item["spec"]["withheld"]) + sum(len(group["namespaces"]) for group in item["spec"].get("groups", ()))
        for item in slices
        if "draining" not in item["spec"]
    )
    shown = summary.destinations(found, CONFIG_MAPS)
    assert len(shown) <= copies["total"]


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


def test_withheld_destinations_are_shown_with_the_strategy_of_the_spec() -> None:
    withheld = [{**WITHHELD[0], "strategy": "replace"}, WITHHELD[1]]
    found = summary.summarize([slice_("a", status={"synced": 1, "destinations": [entry("a")]}, withheld=withheld)], 1)
    shown = summary.destinations(found, CONFIG_MAPS)
    assert [(item["namespace"], item["state"], item.get("strategy")) for item in shown] == [
        ("a", "Synced", None),
        ("gone", "Pending", "replace"),
        ("taken", "Conflict", None),
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


def test_what_was_missing_before_a_change_is_not_told_after_it() -> None:
    gone = {"synced": 0, "problem": {"reason": reasons.SOURCE_NOT_FOUND, "message": "gone"}}
    changed = slice_("a", generation=2, strategy="replace", status=gone)
    (shown,) = summary.destinations(summary.summarize([changed], 1), CONFIG_MAPS)
    assert (shown["state"], shown["reason"], shown["strategy"]) == ("Pending", "Planning", "replace")


def test_of_two_slices_the_first_notice_is_told() -> None:
    found = summary.summarize([slice_("a", notice="first"), slice_("b", index=1, notice="second")], 1)
    assert found.notice == "first"


def shown_of(**states: list[str]) -> list[Json]:
    """Return what is shown of an ObjectSync with so many destinations in each state."""
    held = [name for names in states.values() for name in names]
    reported = [
        entry(name, state, reasons.REJECTED if state != "Synced" else "")
        for state, names in states.items()
        for name in names
    ]
    item = slice_(*held, status={"synced": len(states.get("Synced", ())), "destinations": reported})
    return summary.destinations(summary.summarize([item], 1), CONFIG_MAPS)


def test_up_to_a_hundred_are_all_shown_in_alphabetical_order() -> None:
    shown = shown_of(Synced=many(99), Failed=["aaa"])
    assert [item["namespace"] for item in shown] == ["aaa", *many(99)]


def test_above_a_hundred_those_that_fail_come_first() -> None:
    shown = shown_of(Synced=many(150), Failed=["z-1", "z-0"], Conflict=["z-2"])
    assert len(shown) == 100
    assert [item["namespace"] for item in shown] == ["z-0", "z-1", "z-2", *many(97)]


def test_above_a_hundred_those_that_fail_come_before_those_that_are_pending() -> None:
    shown = shown_of(Pending=many(150), Failed=["z-0"], Synced=["z-1"])
    assert [item["namespace"] for item in shown] == ["z-0", *many(99)]


def test_what_is_shown_does_not_depend_on_the_order_of_slices() -> None:
    one, two = (
        slice_("a", status={"synced": 1, "destinations": [entry("a")]}),
        slice_("b", index=1, status={"synced": 0}),
    )
    forward, backward = (summary.summarize(order, 1) for order in ([one, two], [two, one]))
    assert summary.destinations(forward, CONFIG_MAPS) == summary.destinations(backward, CONFIG_MAPS)
