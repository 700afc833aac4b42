"""Every scenario of the shared table on the real engine, which must end where the in-memory one does, step by step.

Most are played side by side; those that change what all share wait for the others and are played alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from controlplane.installation import Installation
from scenarios import corner, memory, real
from scenarios.scenario import Scenario
from scenarios.table import scenarios

SIDE_BY_SIDE = 8
TABLE = sorted(scenarios(), key=lambda scenario: scenario.exclusive)

Plays = Mapping[str, Future[None]]


Play = Callable[[Scenario], None]


@pytest.fixture(scope="module")
def play(installation: Installation) -> Iterator[Play]:
    """Play a scenario on both engines."""
    corners = real.Corners(installation)
    yield lambda scenario: real.play(scenario, memory.play(scenario), corners)
    corners.close()


@pytest.fixture(scope="module")
def plays(request: pytest.FixtureRequest, play: Play) -> Iterator[Plays]:
    """The scenarios that were asked for, as far as they share a cluster, on their way; by their reasons.

    Those in which a namespace ends come first, and those with CRDs wait for them: together they take too long.
    """
    items = [item for item in request.session.items if getattr(item, "module", None) is request.module]
    asked = [item.callspec.params["scenario"] for item in items if isinstance(item, pytest.Function)]
    wanted = [scenario for scenario in asked if isinstance(scenario, Scenario) and not scenario.exclusive]
    wanted.sort(key=lambda scenario: (not scenario.ends_namespaces, corner.has_definitions(scenario)))
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        started: dict[str, Future[None]] = {}
        slow: list[Future[None]] = []
        for scenario in wanted:
            before = tuple(slow) if corner.has_definitions(scenario) else ()
            future = pool.submit(_after, before, play, scenario)
            started[scenario.reason] = future
            if scenario.ends_namespaces:
                slow.append(future)
        yield started
        pool.shutdown(cancel_futures=True)


def _after(others: Iterable[Future[None]], play: Play, scenario: Scenario) -> None:
    wait(others)
    play(scenario)


@pytest.mark.parametrize("scenario", TABLE, ids=lambda scenario: scenario.reason)
def test_the_real_engine_agrees_with_the_one_in_memory(scenario: Scenario, plays: Plays, play: Play) -> None:
    if scenario.exclusive:
        wait(plays.values())
        play(scenario)
    else:
        plays[scenario.reason].result()
