"""Items of `SyncSlice.spec.problems`: which of them concerns the whole ObjectSync, and which is advice."""

import pytest

from object_syncer.kube.meta import Json
from object_syncer.status import problem
from object_syncer.status.problem import Problem

WHOLE = Problem("KindNotAllowed", "not allowed")
ADVICE = {"reason": "Loop", "message": "mind the gap", "advisory": True}
SOME = {"reason": "NamespaceNotFound", "message": "m", "name": "x", "namespaces": ["a"]}


@pytest.mark.parametrize(
    ("items", "blocking", "advice"),
    [
        (None, None, ""),
        ([SOME], None, ""),
        ([ADVICE, SOME, problem.dump(WHOLE)], WHOLE, "mind the gap"),
        ([ADVICE, {**ADVICE, "message": "and the step"}], None, "mind the gap; and the step"),
    ],
    ids=["there are none", "of destinations", "of all kinds", "several pieces of advice"],
)
def test_what_the_items_are_about(items: list[Json] | None, blocking: Problem | None, advice: str) -> None:
    assert problem.blocking(items) == blocking
    assert problem.advice(items) == advice
