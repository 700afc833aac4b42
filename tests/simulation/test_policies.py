"""Whatever is done to SyncPolicies: copies that are permitted all the time are never absent, and all ends as specified.

HISTORIES=2000 runs that many histories; SEED=n begins with another seed.
"""

from __future__ import annotations

import pytest

from simulation.histories import batches, run_machine
from simulation.policies import PolicyHistories

_BATCHES = batches()


@pytest.mark.parametrize(("seed", "histories"), _BATCHES, ids=[f"seed {seed}" for seed, _ in _BATCHES])
def test_every_history_of_policies_ends_as_specified(seed: int, histories: int) -> None:
    run_machine(PolicyHistories, histories, seed=seed, shrink=True)
