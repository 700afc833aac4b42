"""Every scenario on the in-memory engine: in the end there is what the scenario says."""

from collections import Counter

import pytest

from scenarios import corner, memory
from scenarios.corner import Corner
from scenarios.scenario import Scenario
from scenarios.table import scenarios

TABLE = list(scenarios())


def check(scenario: Scenario, end: Corner) -> None:
    """Compare what is in the corner in the end with what the scenario says."""
    for where, body in scenario.copies.items():
        found = end.get(f"{scenario.kind[1]} {where}")
        content = found and {key: value for key, value in found.items() if key not in ("metadata", "going")}
        assert content == body, where
    for where in scenario.ours:
        meta = end[f"{scenario.kind[1]} {where}"]["metadata"]
        assert meta["owners"] == ["SyncSlice"], where
        assert {corner.SLICE_LABEL, "app.kubernetes.io/managed-by"} <= set(meta["labels"]), where
        assert meta["annotations"]["sync.rustrial.org/source-object"] == "home-@/settings-@", where
    for type_, told in (("InSync", scenario.in_sync), ("Ready", scenario.ready)):
        for name, (status, reason) in told.items():
            (sync,) = [value for key, value in end.items() if key == f"ObjectSync home-@/{name}"]
            assert sync["conditions"][type_] == [status, reason], name


@pytest.mark.parametrize("scenario", TABLE, ids=lambda scenario: scenario.reason)
def test_in_memory(scenario: Scenario) -> None:
    check(scenario, memory.play(scenario)[-1])


def test_there_are_enough_and_none_twice() -> None:
    reasons = Counter(scenario.reason for scenario in TABLE)
    assert len(reasons) >= 40
    assert reasons.most_common(1)[0][1] == 1
