"""Running a number of histories from a seed, and a report of what they reached."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from simulation.shaped import ShapedHistories

STEPS = 50
"""Rules per history."""

BATCH = 50
"""Histories per test."""

GROUP = 5
"""Histories per seed: hypothesis varies its earlier examples, so that histories of one seed resemble each other."""


@dataclass(frozen=True)
class Report:
    """What a run of histories did."""

    seed: int
    histories: int
    rules: int
    shortest: int
    engine_steps: int
    rests: int
    seconds: float
    seen: Counter[str]

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.histories} histories, {self.rules} steps (at least {self.shortest} each), "
            f"{self.engine_steps} of the engine, {self.rests} rests, {self.seconds:.0f} s"
        )


def batches() -> list[tuple[int, int]]:
    """Return seed and number of histories of each batch that the environment asks for: HISTORIES from SEED on."""
    histories, first = int(os.environ.get("HISTORIES", "100")), int(os.environ.get("SEED", "0"))
    return [(first + number, min(BATCH, histories - start)) for number, start in enumerate(range(0, histories, BATCH))]


def run(histories: int, *, seed: int, shrink: bool = False) -> Report:
    """Run that many histories. Raises AssertionError for the first that does not end as specified.

    The same seed makes the same histories. With `shrink`, a failing one is reported as short as it can be made.
    """

    class Seeded(ShapedHistories):
        totals: ClassVar[Counter[str]] = Counter()
        seen: ClassVar[Counter[str]] = Counter()
        lengths: ClassVar[list[int]] = []

    began = time.perf_counter()
    run_machine(Seeded, histories, seed=seed, shrink=shrink)
    totals = Seeded.totals
    return Report(
        seed,
        totals["histories"],
        sum(Seeded.lengths),
        min(Seeded.lengths),
        totals["engine steps"],
        totals["rests"],
        time.perf_counter() - began,
        Seeded.seen,
    )


def run_machine(machine: type[RuleBasedStateMachine], histories: int, *, seed: int, shrink: bool = False) -> None:
    """Run that many histories of a machine, as `run` does."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    for group, start in enumerate(range(0, histories, GROUP)):
        _run(machine, seed * 10_000 + group, min(GROUP, histories - start), phases)


def _run(machine: type[RuleBasedStateMachine], seed: int, histories: int, phases: tuple[Phase, ...]) -> None:
    run_state_machine_as_test(
        hypothesis.seed(seed)(machine),
        settings=settings(
            max_examples=histories,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=phases,
            database=None,
            print_blob=True,
            report_multiple_bugs=False,
        ),
        _min_steps=STEPS,
    )
