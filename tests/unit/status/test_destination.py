"""The state of one destination: since when, when it is a failure, and in how many seconds to look again."""

from dataclasses import dataclass, replace

import pytest

from object_syncer.status import destination, reasons
from object_syncer.status.destination import CONFLICT, FAILED, PENDING, SYNCED, State
from object_syncer.status.problem import Problem
from specification import cases
from unit.objects import NOW, STAMP, ago

CREATING = State("a", "x", PENDING, reasons.CREATING, "the copy does not exist yet")


@pytest.mark.parametrize(
    "state",
    [
        State("a", "x", SYNCED, version=("uid", "7")),
        CREATING,
        State("a", "x", FAILED, reasons.REJECTED, "m", STAMP, ("uid", "7"), 2, STAMP, "6", answered=True),
    ],
    ids=["synced", "without a copy", "with everything"],
)
def test_load_reads_what_dump_wrote(state: State) -> None:
    assert destination.load(state.dump()) == state


def test_a_version_without_all_its_parts_is_none() -> None:
    assert destination.load({"namespace": "a", "name": "x", "state": "Synced", "uid": "u"}).version is None


def test_what_has_no_value_is_not_dumped() -> None:
    assert State("a", "x", SYNCED).dump() == {"namespace": "a", "name": "x", "state": "Synced"}


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (reasons.NAMESPACE_NOT_FOUND, PENDING),
        (reasons.NAMESPACE_TERMINATING, PENDING),
        (reasons.CONFLICT, CONFLICT),
        (reasons.LOOP, CONFLICT),
        (reasons.TARGET_NOT_ALLOWED, FAILED),
        ("AnythingElse", FAILED),
    ],
)
def test_the_state_of_destinations_that_the_planner_gave_no_copy(reason: str, state: str) -> None:
    item = {"name": "x", "namespaces": ["a", "b"], "reason": reason, "message": "namespace {namespace}"}
    assert list(destination.without_copy(item)) == [
        State("a", "x", state, reason, "namespace a"),
        State("b", "x", state, reason, "namespace b"),
    ]


def test_a_problem_of_the_whole_objectsync_is_no_state_of_a_destination() -> None:
    assert list(destination.without_copy({"reason": "R", "message": "m"})) == []


@dataclass(frozen=True)
class Since:
    reason: str
    earlier: State | None
    want: str


@cases(
    Since("a destination reported for the first time is out of sync since now", None, STAMP),
    Since("one that was in sync is out of sync since now", State("a", "x", SYNCED, since=ago(60)), STAMP),
    Since("one that stays out of sync keeps its time", replace(CREATING, since=ago(60)), ago(60)),
    Since("whatever the reason was", State("a", "x", FAILED, reasons.REJECTED, since=ago(60)), ago(60)),
    Since("one without a time is out of sync since now", CREATING, STAMP),
)
def test_since_when_a_destination_is_out_of_sync(case: Since) -> None:
    assert destination.out_of_sync(CREATING, case.earlier, NOW).since == case.want


def test_attempts_are_kept_while_a_destination_is_out_of_sync() -> None:
    earlier = replace(CREATING, since=ago(60), attempts=2)
    assert destination.out_of_sync(CREATING, earlier, NOW).attempts == 2
    assert destination.out_of_sync(replace(CREATING, attempts=3), earlier, NOW).attempts == 3
    assert destination.out_of_sync(CREATING, replace(earlier, state=SYNCED), NOW).attempts == 0


@pytest.mark.parametrize(
    ("earlier", "answered"),
    [
        (None, False),
        (State("a", "x", SYNCED), False),
        (CREATING, True),
        (State("a", "x", FAILED, reasons.REJECTED), True),
        (State("a", "x", CONFLICT, reasons.CONFLICT), False),
    ],
    ids=["not reported", "Synced", "Pending", "Failed", "in conflict, so not written before"],
)
def test_whether_a_copy_was_answered_before(earlier: State | None, answered: bool) -> None:
    assert destination.out_of_sync(CREATING, earlier, NOW).answered == answered


REJECTED = Problem(reasons.REJECTED, "see there")


@dataclass(frozen=True)
class Overdue:
    reason: str
    seconds: float
    earlier: State | None
    failed: bool


ANSWERED = replace(CREATING, answered=True)


@cases(
    Overdue("two seconds are too long", 2, ANSWERED, True),
    Overdue("one is not", 1, ANSWERED, False),
    Overdue("a copy is not overdue that was answered for the first time just before", 60, CREATING, False),
    Overdue("a copy is not overdue that is answered for the first time", 60, None, False),
)
def test_when_a_pending_copy_has_failed(case: Overdue) -> None:
    state = replace(CREATING, since=ago(case.seconds))
    found = destination.overdue(state, case.earlier, REJECTED, NOW)
    failed = replace(state, state=FAILED, reason=REJECTED.reason, message="the copy does not exist yet; see there")
    assert found == (failed if case.failed else state)


@dataclass(frozen=True)
class Retry:
    reason: str
    states: list[State]
    want: float


def since(seconds: float, state: str = PENDING) -> State:
    return State("a", "x", state, since=ago(seconds))


def contested(attempts: int, seconds: float) -> State:
    """Return a contested copy whose last repair was so many seconds ago."""
    return State("a", "x", FAILED, reasons.CONTESTED, since=ago(9999), attempts=attempts, tried=ago(seconds))


@cases(
    Retry("never where all is in sync", [State("a", "x", SYNCED)], 0),
    Retry("never where there is nothing", [], 0),
    Retry("in a second for what is new", [since(0)], 1),
    Retry("later after half its age", [since(10)], 5),
    Retry("every half minute for what is old", [since(86400)], 30),
    Retry("failures count too", [since(20, FAILED)], 10),
    Retry("the youngest counts", [since(86400), since(4), State("b", "x", SYNCED)], 2),
    Retry("never for a conflict, because the end of it makes an event", [since(4, CONFLICT)], 0),
    Retry("when the next repair is due for a contested copy", [contested(3, 20)], 40),
    Retry("at once where that is due", [contested(3, 600)], 1),
)
def test_in_how_many_seconds_to_look_again(case: Retry) -> None:
    assert destination.retry_after(case.states, NOW) == case.want


def test_pauses_between_repairs_of_a_contested_copy_grow() -> None:
    assert [destination.next_try(contested(attempts, 0), NOW) for attempts in range(1, 10)] == [
        1, 3, 60, 120, 240, 480, 600, 600, 600,
    ]  # fmt: skip
