"""Whatever tenants do, with the guard and before it, and whoever fights over copies: nobody else suffers.

HISTORIES=2000 runs that many histories; SEED=n begins with another seed.
"""

from __future__ import annotations

import os

import pytest

from simulation.histories import run_machine
from simulation.rivals import KINDS
from simulation.tenants import TenantHistories

BATCH = 50
_HISTORIES = int(os.environ.get("HISTORIES", "30"))
_FIRST_SEED = int(os.environ.get("SEED", "0"))
_BATCHES = [
    (_FIRST_SEED + number, min(BATCH, _HISTORIES - start)) for number, start in enumerate(range(0, _HISTORIES, BATCH))
]


@pytest.mark.parametrize(("seed", "histories"), _BATCHES, ids=[f"seed {seed}" for seed, _ in _BATCHES])
def test_every_history_of_tenants_ends_as_specified(seed: int, histories: int) -> None:
    run_machine(TenantHistories, histories, seed=seed, shrink=True)


ENOUGH = 200
"""Fewer histories may miss some of REACHED."""

REACHED = ("copy", "conflict", "stalled", "was contested", *(f"contested: {how}" for how in KINDS))


def test_the_histories_of_tenants_reached_every_state_that_matters() -> None:
    if _HISTORIES < ENOUGH or not TenantHistories.seen:
        pytest.skip("few histories were run in this process")
    assert [each for each in REACHED if not TenantHistories.seen[each]] == []
