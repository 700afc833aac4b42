"""What the chart has for monitoring, read: the alerts, the dashboard, and which metrics there are."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest
import yaml

from chart import helm
from controlplane.control_plane import BINARIES
from object_syncer.web.metrics import Metrics

FOLDER = helm.CHART / "monitoring"
ALERTS = FOLDER / "alerts.yaml"

ENGINE_METRICS = frozenset(
    {
        "metacontroller_sync_requests_total",
        "metacontroller_sync_request_duration_histogram_seconds_bucket",
        "rest_client_requests_total",
        "workqueue_depth",
    }
)
"""Those of Metacontroller that we use; tests/e2e/test_monitoring.py asks it whether it has them."""


def promtool() -> str:
    """Return the promtool program; without one the test is skipped and counted."""
    built = BINARIES / "promtool"
    found = str(built) if built.exists() else shutil.which("promtool")
    if found is None:
        pytest.skip("no promtool on PATH, and `make promtool` has not built it")
    return found


def alerts() -> dict[str, dict[str, Any]]:
    """Return the alerts by name."""
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def dashboard() -> dict[str, Any]:
    """Return the dashboard."""
    found: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
    return found


def state_metrics() -> list[dict[str, Any]]:
    """Return what is configured of kube-state-metrics, one item for each kind."""
    found: list[dict[str, Any]] = yaml.safe_load((FOLDER / "kube-state-metrics.yaml").read_text())["spec"]["resources"]
    return found


def metrics() -> set[str]:
    """Return the names of all series that there are."""
    own = set[str]()
    for family in Metrics().families():
        suffixes = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",)}.get(family.type, ("",))
        own |= {family.name + suffix for suffix in suffixes}
    states = {f"{kind['metricNamePrefix']}_{metric['name']}" for kind in state_metrics() for metric in kind["metrics"]}
    return own | states | ENGINE_METRICS


_WORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool"}


def metrics_of(expression: str) -> set[str]:
    """Return the metrics that a PromQL expression asks for."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\boffset \w+", " ", bare)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    names = re.finditer(r"(?<![\w$.])([a-zA-Z_:][\w:]*)(\s*\()?", bare)
    return {name[1] for name in names if not name[2] and name[1] not in _WORDS}


# What kube-state-metrics does with its configuration, as far as ours needs it


def series(resource: Mapping[str, Any], obj: Mapping[str, Any]) -> dict[str, float]:
    """Return the series that kube-state-metrics makes of an object, as "name{labels}"."""
    return {name: value for metric in resource["metrics"] for name, value in _series(resource, metric, obj)}


def _series(resource: Mapping[str, Any], metric: Mapping[str, Any], obj: Any) -> Iterator[tuple[str, float]]:
    gauge = metric["each"]["gauge"]
    found = at(obj, gauge["path"])
    shared = {**metric.get("commonLabels", {}), **_labels(obj, resource["labelsFromPath"])}
    for item in found if isinstance(found, list) else [] if found is None else [found]:
        value = at(item, gauge.get("valueFrom", ()))
        labels = {**shared, **_labels(item, gauge.get("labelsFromPath", {}))}
        named = ",".join(f'{key}="{labels[key]}"' for key in sorted(labels))
        yield f"{resource['metricNamePrefix']}_{metric['name']}{{{named}}}", _number(value)


def _labels(obj: Any, paths: Mapping[str, list[str]]) -> dict[str, Any]:
    return {label: value for label, path in paths.items() if (value := at(obj, path)) is not None}


def at(obj: Any, path: Any) -> Any:
    """Return what is at a path, None if there is nothing."""
    for step in path:
        obj = obj.get(step) if isinstance(obj, dict) else None
    return obj


def _number(value: Any) -> float:
    if isinstance(value, str) and value.lower() in ("true", "false", "unknown"):
        return float(value == "True")
    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else float(value)
