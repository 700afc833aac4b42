"""The state of one destination: how it is dated, when it becomes a failure, when we look again."""

from dataclasses import dataclass, replace

import pytest

from object_syncer.status import destination, reasons
from object_syncer.status.destination import CONFLICT, FAILED, PENDING, SYNCED, State
from specification import cases
from unit.objects import NOW, STAMP, ago

CREATING = State("a", "x", PENDING, reasons.CREATING, "the copy does not exist yet")


@pytest.mark.parametrize(
    "state",
    [
        State("a", "x", SYNCED, version=("uid", "7")),
        CREATING,
        State("a", "x", FAILED, reasons.REJECTED, "m", STAMP, ("uid", "7"), 2),
    ],
    ids=["synced", "without a copy", "with everything"],
)
def test_what_is_written_is_read_again(state: State) -> None:
    assert destination.load(state.dump()) == state


def test_what_has_no_value_is_not_written() -> None:
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
def test_the_state_of_what_the_planner_withheld(reason: str, state: str) -> None:
    item = {"namespace": "a", "name": "x", "reason": reason, "message": "m"}
    assert destination.withheld(item) == State("a", "x", state, reason, "m")


@dataclass(frozen=True)
class Since:
    reason: str
    before: State | None
    want: str


@cases(
    Since("what was never reported begins now", None, STAMP),
    Since("what was in sync begins now", State("a", "x", SYNCED, since=ago(60)), STAMP),
    Since("what was not in sync began then", replace(CREATING, since=ago(60)), ago(60)),
    Since("whatever the reason was", State("a", "x", FAILED, reasons.REJECTED, since=ago(60)), ago(60)),
    Since("what was not dated begins now", CREATING, STAMP),
)
def test_since_when_a_destination_is_not_in_sync(case: Since) -> None:
    earlier = {("a", "x"): case.before} if case.before else {}
    found = destination.unsynced(CREATING, earlier, NOW)
    assert replace(found, asked=False) == replace(CREATING, since=case.want)


def test_attempts_are_not_forgotten_while_a_destination_is_not_in_sync() -> None:
    earlier = {("a", "x"): replace(CREATING, since=ago(60), attempts=2)}
    assert destination.unsynced(CREATING, earlier, NOW).attempts == 2
    assert destination.unsynced(replace(CREATING, attempts=3), earlier, NOW).attempts == 3
    forgotten = {("a", "x"): State("a", "x", SYNCED, attempts=2)}
    assert destination.unsynced(CREATING, forgotten, NOW).attempts == 0


def test_another_destination_s_past_does_not_matter() -> None:
    earlier = {("b", "x"): replace(CREATING, namespace="b", since=ago(60))}
    assert destination.unsynced(CREATING, earlier, NOW).since == STAMP


@pytest.mark.parametrize(("seconds", "state"), [(0, PENDING), (1, PENDING), (2, FAILED), (600, FAILED)])
def test_what_lasts_is_a_failure(seconds: float, state: str) -> None:
    since = ago(seconds)
    asked = replace(CREATING, since=since, asked=True)
    found = destination.lasting(replace(CREATING, since=since), asked, reasons.REJECTED, "see there", NOW)
    if state == PENDING:
        assert found == replace(CREATING, since=since)
    else:
        assert (found.state, found.reason, found.since) == (FAILED, reasons.REJECTED, since)
        assert found.message == "the copy does not exist yet; see there"


def test_what_the_engine_has_hardly_had_the_time_to_write_is_no_failure() -> None:
    """A large slice takes longer than our patience; the look right after the writes may still miss what they made."""
    first = replace(CREATING, since=ago(60))
    second = destination.unsynced(CREATING, {("a", "x"): first}, NOW)
    assert destination.lasting(second, first, reasons.REJECTED, "see there", NOW) == replace(first, asked=True)
    third = destination.unsynced(CREATING, {("a", "x"): second}, NOW)
    assert destination.lasting(third, second, reasons.REJECTED, "see there", NOW).state == FAILED


def test_what_was_left_alone_is_written_for_the_first_time() -> None:
    conflict = State("a", "x", CONFLICT, reasons.CONFLICT, since=ago(60))
    assert not destination.unsynced(CREATING, {("a", "x"): conflict}, NOW).asked


@dataclass(frozen=True)
class Retry:
    reason: str
    states: list[State]
    want: float


def since(seconds: float, state: str = PENDING) -> State:
    return State("a", "x", state, since=ago(seconds))


@cases(
    Retry("where all is in sync nobody looks again", [State("a", "x", SYNCED)], 0),
    Retry("where there is nothing nobody looks again", [], 0),
    Retry("what is new is looked at after a second", [since(0)], 1),
    Retry("then after half its age", [since(10)], 5),
    Retry("what is old is looked at every half minute", [since(86400)], 30),
    Retry("what failed is looked at too", [since(20, FAILED)], 10),
    Retry("the youngest counts", [since(86400), since(4), State("b", "x", SYNCED)], 2),
    Retry("a foreign object wakes us by itself when it goes", [since(4, CONFLICT)], 0),
)
def test_when_to_look_again(case: Retry) -> None:
    assert destination.retry_after(case.states, NOW) == case.want
