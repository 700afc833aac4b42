"""The dashboard asks only for metrics that exist, and Grafana can load it."""

import json
import re
import subprocess
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from chart import helm
from chart.monitoring import dashboard, metrics, metrics_of, promtool

PANELS: list[dict[str, Any]] = dashboard()["panels"]
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel.get("targets", ())]

query = pytest.mark.parametrize(("title", "expression"), QUERIES)


@query
def test_a_query_uses_metrics_that_exist(title: str, expression: str) -> None:
    used = metrics_of(expression)
    assert used
    assert used <= metrics()


@query
def test_a_query_is_promql(title: str, expression: str) -> None:
    command = [promtool(), "promql", "format", "--experimental", expression]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_names_of_metrics_are_found_in_expressions() -> None:
    expression = 'sum by (a, b) (rate(x_total{c=~"d.*"}[5m] offset 5m)) / on (e) group_left (f) max(y_sum) or vector(0)'
    assert metrics_of(expression) == {"x_total", "y_sum"}


def test_every_metric_of_the_hooks_is_on_it() -> None:
    asked = {re.sub("_(bucket|sum|count)$", "", name) for _, each in QUERIES for name in metrics_of(each)}
    own = {re.sub("_(bucket|sum|count)$", "", name) for name in metrics() if name.startswith("object_syncer_hook")}
    assert own <= asked


def cells(x: int, y: int, w: int, h: int) -> Iterator[tuple[int, int]]:
    """Return the cells of the grid that a panel takes."""
    return product(range(x, x + w), range(y, y + h))


def test_panels_have_ids_and_places_of_their_own_and_the_data_source_that_is_chosen() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    taken = [cell for panel in PANELS for cell in cells(**panel["gridPos"])]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24
    (variable,) = dashboard()["templating"]["list"]
    for panel in PANELS:
        for target in panel.get("targets", ()):
            assert target["datasource"] == {"type": "prometheus", "uid": f"${{{variable['name']}}}"}
        assert len({target["refId"] for target in panel.get("targets", ())}) == len(panel.get("targets", ()))


def test_the_chart_has_it_for_grafanas_sidecar_if_that_is_asked_for() -> None:
    assert not helm.of(helm.template(), "ConfigMap", "object-syncer-dashboard")
    shipped = helm.only(helm.template({"dashboard": {"enabled": True}}), "ConfigMap", "object-syncer-dashboard")
    assert shipped["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(shipped["data"]["object-syncer.json"]) == dashboard()
