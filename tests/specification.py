"""Tests that read as a specification: a table of rows, each with the reason why it must hold."""

from typing import Protocol

import pytest
from hypothesis import settings

quickly = settings(max_examples=50, deadline=None)
"""For properties of small functions: enough examples, and no time limit that a busy machine would miss."""


class Row(Protocol):
    """One row of a table; `reason` is a sentence of the specification and the name of the test."""

    @property
    def reason(self) -> str:
        """Say what must hold."""


def cases(*rows: Row) -> pytest.MarkDecorator:
    """Run a test once for each row, which it takes as `case`."""
    reasons = [row.reason for row in rows]
    doubled = {reason for reason in reasons if reasons.count(reason) > 1}
    if doubled:
        raise ValueError(f"two rows say the same: {doubled}")
    return pytest.mark.parametrize("case", rows, ids=reasons)
