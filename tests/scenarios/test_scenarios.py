"""Every scenario on the in-memory engine: in the end there is what the scenario says."""

from collections import Counter
from typing import Any

import pytest

from scenarios import memory
from scenarios.corner import Corner
from scenarios.objects import MANAGED_BY, SLICE_LABEL, SOURCE_ANNOTATION
from scenarios.scenario import NAME, Scenario
from scenarios.table import scenarios

TABLE = list(scenarios())


def check_copies(scenario: Scenario, end: Corner) -> None:
    """Compare the objects in the corner with what the scenario says of them."""
    for where, wanted in scenario.copies.items():
        found = end.get(f"{scenario.kind[1]} {where}")
        assert (found and as_said(found, wanted or {})) == wanted, where
    for where, source in {**scenario.ours, **scenario.released}.items():
        copy = end[f"{scenario.kind[1]} {where}"]
        assert copy.get("owners", []) == (["SyncSlice"] if where in scenario.ours else []), where
        assert copy["labels"].items() >= {**MANAGED_BY, SLICE_LABEL: "of some slice"}.items(), where
        assert copy["annotations"][SOURCE_ANNOTATION] == source, where
    for where in scenario.kept:
        assert end[f"{scenario.kind[1]} {where}"]["since step"] == 0, where


def as_said(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the body of an object, and its labels and annotations without ours as far as they are asked for."""
    ours = {*MANAGED_BY, SLICE_LABEL, SOURCE_ANNOTATION}
    others = {
        field: {key: value for key, value in found.get(field, {}).items() if key not in ours}
        for field in ("labels", "annotations")
        if field in wanted
    }
    return {**found["body"], **others}


def check_status(scenario: Scenario, end: Corner) -> None:
    """Compare the status of ObjectSyncs with what the scenario says of it."""
    for type_, conditions in (("InSync", scenario.in_sync), ("Ready", scenario.ready)):
        for name, wanted in conditions.items():
            assert end[f"ObjectSync home-@/{name}"]["conditions"][type_] == list(wanted), name
    for name, parts in scenario.says.items():
        assert end[f"ObjectSync home-@/{name}"]["says"] == list(parts), name
    for where, wanted in scenario.states.items():
        assert end[f"ObjectSync home-@/{NAME}"]["destinations"][where][:2] == list(wanted), where


def check_controllers(scenario: Scenario, end: Corner) -> None:
    """Compare the generated controllers with what the scenario says of them."""
    if scenario.controllers is not None:
        found = {key.removeprefix("CompositeController ") for key in end if key.startswith("CompositeController ")}
        assert found == set(scenario.controllers)


@pytest.mark.parametrize("scenario", TABLE, ids=lambda scenario: scenario.reason)
def test_in_the_end_there_is_what_the_scenario_says(scenario: Scenario) -> None:
    end = memory.play(scenario)[-1]
    check_copies(scenario, end)
    check_status(scenario, end)
    check_controllers(scenario, end)


def test_there_are_enough_scenarios_and_no_two_say_the_same() -> None:
    reasons = Counter(scenario.reason for scenario in TABLE)
    assert len(reasons) >= 150
    assert reasons.most_common(1)[0][1] == 1
