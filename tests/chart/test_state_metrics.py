"""What kube-state-metrics is told to tell: its paths are in our CRDs, and the series are those we promise."""

from typing import Any

import pytest
import yaml

from chart import helm
from chart.monitoring import at, series, state_metrics
from object_syncer import installation
from object_syncer.kube.meta import Json
from object_syncer.routes import answer
from unit.bodies import of_objectsync, sync_slice
from unit.objects import NOW, STAMP, ago, object_sync, policy

RESOURCES = {resource["groupVersionKind"]["kind"]: resource for resource in state_metrics()}
CRDS = {crd["spec"]["names"]["kind"]: crd for crd in map(yaml.safe_load, installation.crds())}

METADATA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "namespace": {"type": "string"},
        "generation": {"type": "integer"},
        "deletionTimestamp": {"type": "string", "format": "date-time"},
    },
}
TIMES = {"lastTransitionTime", "deletionTimestamp"}
"""Fields with timestamps; in our CRDs they are plain strings."""


def schema(kind: str) -> Json:
    """Return the schema of a kind, with what every object has."""
    (version,) = CRDS[kind]["spec"]["versions"]
    found: Json = version["schema"]["openAPIV3Schema"]
    return {**found, "properties": {**found["properties"], "metadata": METADATA}}


def schema_at(found: Any, path: list[str]) -> Any:
    for step in path:
        found = (found.get("properties") or {}).get(step)
        assert found, f"{path}: no {step} in the CRD"
    return found


METRICS = [
    pytest.param(kind, metric, id=f"{kind} {metric['name']} {metric.get('commonLabels', {}).get('state', '')}".strip())
    for kind, resource in RESOURCES.items()
    for metric in resource["metrics"]
]


@pytest.mark.parametrize("kind", RESOURCES)
def test_the_kind_and_the_labels_of_its_series_are_in_the_crd(kind: str) -> None:
    group_version_kind = RESOURCES[kind]["groupVersionKind"]
    spec = CRDS[kind]["spec"]
    assert group_version_kind == {"group": spec["group"], "version": spec["versions"][0]["name"], "kind": kind}
    for path in RESOURCES[kind]["labelsFromPath"].values():
        assert schema_at(schema(kind), path)["type"] == "string"
    assert ("namespace" in RESOURCES[kind]["labelsFromPath"]) == (spec["scope"] == "Namespaced")


@pytest.mark.parametrize(("kind", "metric"), METRICS)
def test_a_metric_reads_fields_of_the_crd(kind: str, metric: Json) -> None:
    gauge = metric["each"]["gauge"]
    found = schema_at(schema(kind), gauge["path"])
    items = found["items"] if found["type"] == "array" else found
    value = schema_at(items, gauge.get("valueFrom", []))
    last = (gauge.get("valueFrom") or gauge["path"])[-1]
    numeric = value["type"] in ("integer", "boolean") or last in TIMES
    assert numeric or set(value["enum"]) == {"True", "False", "Unknown"}
    for path in gauge.get("labelsFromPath", {}).values():
        assert schema_at(items, path)["type"] == "string"


def test_an_objectsync_has_one_series_for_each_condition_with_its_reason_and_for_each_state_of_copies() -> None:
    destinations = [
        {"namespace": "a", "name": "settings", "state": "Failed", "reason": "Rejected", "since": ago(9)},
        {"namespace": "b", "name": "settings", "state": "Synced"},
    ]
    source = {"uid": "u", "resourceVersion": "1", "bytes": 1}
    status = {"observedGeneration": 1, "copies": 1, "synced": 1, "source": source, "destinations": destinations}
    asked = of_objectsync(None, policy(), sync_slice("a", "b", status=status))
    obj = {**asked["object"], "status": answer("/v1/objectsync/sync", asked, NOW)["status"]}
    labels = 'name="share",namespace="team"'
    assert series(RESOURCES["ObjectSync"], obj) == {
        f'object_syncer_objectsync_condition{{{labels},reason="Success",type="Ready"}}': 1,
        f'object_syncer_objectsync_condition{{{labels},reason="Rejected",type="InSync"}}': 0,
        f'object_syncer_objectsync_condition_since_seconds{{{labels},type="Ready"}}': NOW.timestamp(),
        f'object_syncer_objectsync_condition_since_seconds{{{labels},type="InSync"}}': NOW.timestamp(),
        f'object_syncer_objectsync_copies{{{labels},state="synced"}}': 1,
        f'object_syncer_objectsync_copies{{{labels},state="failed"}}': 1,
        f'object_syncer_objectsync_copies{{{labels},state="pending"}}': 0,
        f"object_syncer_objectsync_generation{{{labels}}}": 1,
        f"object_syncer_objectsync_observed_generation{{{labels}}}": 1,
    }


def test_states_of_copies_are_all_that_the_crd_counts() -> None:
    counted = set(at(schema("ObjectSync"), ["properties", "status", "properties", "copies", "properties"]))
    told = {
        metric["commonLabels"]["state"]
        for metric in RESOURCES["ObjectSync"]["metrics"]
        if metric["each"]["gauge"]["path"][:2] == ["status", "copies"]
    }
    assert told == counted - {"total", "summary"}


def test_an_objectsync_that_nobody_looked_at_has_a_generation_and_one_that_is_deleted_has_the_time() -> None:
    obj = object_sync()
    obj["metadata"]["deletionTimestamp"] = STAMP
    labels = 'name="share",namespace="team"'
    assert series(RESOURCES["ObjectSync"], obj) == {
        f"object_syncer_objectsync_generation{{{labels}}}": 1,
        f"object_syncer_objectsync_deletion_seconds{{{labels}}}": NOW.timestamp(),
    }


# In the chart


def test_kube_state_metrics_gets_the_file_and_may_read_what_it_names() -> None:
    assert not [item for item in helm.template() if "state-metrics" in item["metadata"]["name"]]
    values = {"kubeStateMetrics": {"enabled": True, "serviceAccount": {"name": "ksm", "namespace": "monitoring"}}}
    rendered = helm.template(values)
    config = helm.only(rendered, "ConfigMap", "object-syncer-state-metrics")["data"]["config.yaml"]
    assert yaml.safe_load(config)["spec"]["resources"] == state_metrics()
    (rule, _) = helm.only(rendered, "ClusterRole", "object-syncer-state-metrics")["rules"]
    assert rule["resources"] == [CRDS[kind]["spec"]["names"]["plural"] for kind in RESOURCES]
    binding = helm.only(rendered, "ClusterRoleBinding", "object-syncer-state-metrics")
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "ksm", "namespace": "monitoring"}]
    unbound = helm.template({"kubeStateMetrics": {"enabled": True}})
    assert not helm.of(unbound, "ClusterRoleBinding", "object-syncer-state-metrics")
