"""Whatever happens, in whatever order: in the end copies and statuses are as the specification says.

HISTORIES=2000 runs that many histories (`make histories`), in batches whose seeds are printed; SEED=n runs the batches
from another seed on. A batch with the same seed makes the same histories again; a failing one is shortened.
"""

from __future__ import annotations

from collections import Counter

import pytest

from simulation.histories import batches, run

SHORTEST = 30
"""The least number of steps that a history may have."""

_BATCHES = batches()

REACHED = (
    *(f"copy {kind}" for kind in ("ConfigMap", "Secret", "RoleBinding", "Widget")),
    "InSync True Success", "Ready False GuardMissing", "Ready False KindNotFound", "Ready False NotWatched",
    "destination Synced ", "destination Conflict Conflict", "destination Pending NamespaceNotFound",
    "destination Pending SourceNotFound", "destination Failed TemplateError", "destination Failed NamespaceOptedOut",
    "InSync False NoNamespaceMatches", "Stalled", "destination Failed SourceNotOffered",
    "destination Pending Suspended",
)  # fmt: skip
"""What must have been seen at some rest: otherwise a run of histories proves nothing."""

_seen: Counter[str] = Counter()


@pytest.mark.parametrize(("seed", "histories"), _BATCHES, ids=[f"seed {seed}" for seed, _ in _BATCHES])
def test_every_history_ends_as_specified(seed: int, histories: int, capsys: pytest.CaptureFixture[str]) -> None:
    report = run(histories, seed=seed, shrink=True)
    _seen.update(report.seen)
    with capsys.disabled():
        print(f"\n{report}", flush=True)
    assert report.shortest >= SHORTEST


def test_the_histories_reached_every_state_that_matters() -> None:
    if not _seen:
        pytest.skip("no history was run in this process")
    assert [each for each in REACHED if not _seen[each]] == []
