"""Timestamps as Kubernetes writes them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from object_syncer.kube import clock
from unit.objects import NOW, STAMP, ago


def test_a_timestamp_is_in_utc_and_whole_seconds() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert clock.stamp(datetime(2026, 3, 1, 21, 0, 0, 999999, tokyo)) == STAMP
    assert clock.stamp(datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)) == STAMP


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [(ago(90), 90), (STAMP, 0), (ago(-90), 0), (None, 0), ("", 0), ("yesterday", 0), ("2026-03-01T11:59:00.5Z", 59.5)],
    ids=["past", "now", "future", "none", "empty", "not readable", "fractions"],
)
def test_age(stamp: str | None, seconds: float) -> None:
    assert clock.age(stamp, NOW) == seconds


def test_a_timestamp_without_zone_is_not_readable() -> None:
    assert clock.age("2026-03-01T11:00:00", NOW) == 0


@pytest.mark.parametrize(
    ("stamp", "recent"),
    [(STAMP, True), (ago(1), True), (ago(2), False), (ago(-60), False), ("", False), ("yesterday", False)],
    ids=["now", "a second ago", "two seconds ago", "in the future", "none", "not readable"],
)
def test_what_cannot_be_dated_is_not_recent(stamp: str, recent: bool) -> None:
    assert clock.is_recent(stamp, NOW, 2) == recent
