"""Timestamps as Kubernetes writes them (RFC 3339, UTC, whole seconds), and how long ago they were."""

from datetime import UTC, datetime


def stamp(now: datetime) -> str:
    """Return the timestamp of a moment."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def age(stamped: str | None, now: datetime) -> float:
    """Return the seconds since a timestamp; 0 for none, one that cannot be read, or one in the future."""
    try:
        return max(0.0, (now - datetime.fromisoformat(stamped or "")).total_seconds())
    except (ValueError, TypeError):  # not a date, not text, or a date without zone
        return 0.0


def is_recent(stamped: str, now: datetime, seconds: float) -> bool:
    """Tell whether a timestamp is less than so many seconds ago.

    One without meaning, or more than a second in the future (another clock), is not recent: who waits while something
    is recent does not wait for ever.
    """
    try:
        return -1 < (now - datetime.fromisoformat(stamped)).total_seconds() < seconds
    except (ValueError, TypeError):
        return False
