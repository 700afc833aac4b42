"""Every scenario of the shared table on the real engine, which must end where the in-memory one does, step by step.

Most are played side by side; those that change what all share wait for the others and are played alone.
"""

from collections.abc import Callable, Iterator, Mapping
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
def play(installation: Installation) -> Play:
    """Play a scenario on both engines."""
    lists = real.Lists(installation.cluster.client())
    return lambda scenario: real.play(scenario, memory.play(scenario), installation, lists)


@pytest.fixture(scope="module")
def plays(request: pytest.FixtureRequest, play: Play) -> Iterator[Plays]:
    """The scenarios that were asked for, as far as they share a cluster, on their way; by their reasons.

    Those with CRDs come last: no namespace ends while a group of the API is on its way out.
    """
    items = [item for item in request.session.items if getattr(item, "module", None) is request.module]
    asked = [item.callspec.params["scenario"] for item in items if isinstance(item, pytest.Function)]
    wanted = [scenario for scenario in asked if isinstance(scenario, Scenario) and not scenario.exclusive]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        first = {each.reason: pool.submit(play, each) for each in wanted if not corner.has_definitions(each)}

        def then(scenario: Scenario) -> None:
            wait(first.values())
            play(scenario)

        yield first | {each.reason: pool.submit(then, each) for each in wanted if corner.has_definitions(each)}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("scenario", TABLE, ids=lambda scenario: scenario.reason)
def test_the_real_engine_agrees_with_the_one_in_memory(scenario: Scenario, plays: Plays, play: Play) -> None:
    if scenario.exclusive:
        wait(plays.values())
        play(scenario)
    else:
        plays[scenario.reason].result()
