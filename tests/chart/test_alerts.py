"""Each alert fires for what it is about, and all others are silent then: promtool's unit tests of rules."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chart import helm
from chart.monitoring import ALERTS, alerts, metrics, metrics_of, promtool

SECONDS = "object_syncer_hook_duration_seconds"
CONDITION = "object_syncer_objectsync_condition"
CONDITIONS = "object_syncer_objectsync_conditions_total"
ERRORS = "object_syncer_hook_errors_total"
SHARE = 'namespace="team",name="share"'
IN_SYNC = f'{CONDITION}{{{SHARE},type="InSync",reason="Success"}}'
GENERATION = f"object_syncer_objectsync_generation{{{SHARE}}}"
OBSERVED = f"object_syncer_objectsync_observed_generation{{{SHARE}}}"
READY = 'object_syncer_syncpolicy_condition{name="default",type="Ready",reason="Success"}'
HEARTBEAT = f'{SECONDS}_count{{path="/v1/policy/heartbeat",code="200"}}'
SLICES = f'{SECONDS}_count{{path="/v1/slice/sync",code="200"}}'
BUILD = 'object_syncer_build_info{version="0.1.0"}'
ENGINE = 'job="metacontroller",namespace="engines",method="GET"'

HEALTHY = {
    BUILD: "1x90",
    IN_SYNC: "1x90",
    GENERATION: "1x90",
    OBSERVED: "1x90",
    READY: "1x90",
    HEARTBEAT: "0+20x90",
    SLICES: "0+5x90",
    f'{SECONDS}_bucket{{path="/v1/policy/sync",le="0.1"}}': "0+5x90",
    f'{SECONDS}_bucket{{path="/v1/policy/sync",le="+Inf"}}': "0+5x90",
    f'{ERRORS}{{path="/v1/slice/sync",kind="defect"}}': "0x90",
    f'{CONDITIONS}{{condition="InSync",status="True",reason="Success"}}': "0+5x90",
    f'rest_client_requests_total{{{ENGINE},code="200"}}': "0+50x90",
}
"""One sample a minute of an installation in which all is well: "0+20x90" is 0, 20, 40 and so on."""

STATES = (IN_SYNC, GENERATION, OBSERVED, READY)
"""What is not there without kube-state-metrics."""


@dataclass(frozen=True)
class Fault:
    """A fault, and what fires `at` a minute: the alert with these labels and this summary, or nothing if it is ""."""

    reason: str
    alert: str
    at: int
    series: dict[str, str]
    labels: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    without: tuple[str, ...] = ()
    silent_at: int = 0
    """A minute at which it does not fire yet, or not any more."""


TEAM = {"namespace": "team", "name": "share"}
REJECTED = f'{CONDITION}{{{SHARE},type="InSync",reason="Rejected"}}'
OTHER = f'{CONDITION}{{{SHARE},type="InSync",reason="SourceNotFound"}}'
CONTESTED = f'{CONDITION}{{{SHARE},type="InSync",reason="Contested"}}'
STALLED = f'{CONDITION}{{{SHARE},type="InSync",reason="Stalled"}}'
UNSYNCED = f'{CONDITIONS}{{condition="InSync",status="False",reason='

FAULTS = [
    Fault("all is well", "", 60, {}),
    Fault("all is well, without kube-state-metrics", "", 60, {}, without=STATES),
    Fault(
        "an ObjectSync is not in sync for 10 minutes, whatever the reasons",
        "ObjectSyncNotInSync",
        20,
        {
            IN_SYNC: "1x5 stale",
            REJECTED: "_x5 0x5 stale",
            f'{CONDITION}{{{SHARE},type="InSync",reason="X"}}': "_x11 0x60",
        },
        TEAM,
        "ObjectSync team/share is not in sync",
        silent_at=14,
    ),
    Fault(
        "somebody fights over copies",
        "ObjectSyncContested",
        9,
        {IN_SYNC: "1x5 stale", CONTESTED: "_x5 0x60"},
        TEAM,
        "Somebody fights over copies of ObjectSync team/share",
        silent_at=5,
    ),
    Fault(
        "a change of an ObjectSync is not looked at",
        "ObjectSyncStalled",
        12,
        {GENERATION: "1x5 2x60"},
        TEAM,
        "ObjectSync team/share is not worked on",
        silent_at=9,
    ),
    Fault(
        "a change of its source is not looked at",
        "ObjectSyncStalled",
        12,
        {IN_SYNC: "1x5 stale", STALLED: "_x5 0x60"},
        TEAM,
        "ObjectSync team/share is not worked on",
        silent_at=9,
    ),
    Fault(
        "an ObjectSync gets no status",
        "ObjectSyncStalled",
        8,
        {},
        TEAM,
        "ObjectSync team/share is not worked on",
        without=(OBSERVED,),
        silent_at=4,
    ),
    Fault(
        "an ObjectSync is not deleted",
        "ObjectSyncStalled",
        14,
        {f"object_syncer_objectsync_deletion_seconds{{{SHARE}}}": "_ 60x60"},
        TEAM,
        "ObjectSync team/share is not worked on",
        silent_at=9,
    ),
    Fault(
        "a SyncPolicy is not ready",
        "SyncPolicyNotReady",
        12,
        {READY: "1x5 stale", 'object_syncer_syncpolicy_condition{name="default",type="Ready",reason="X"}': "_x5 0x60"},
        {"name": "default"},
        "SyncPolicy default is not ready: nothing of it is planned",
        silent_at=9,
    ),
    Fault(
        "without kube-state-metrics, some ObjectSync is not in sync for long",
        "ObjectSyncsNotInSync",
        35,
        {UNSYNCED + '"Rejected"}': "0+1x90"},
        {"reason": "Rejected"},
        "There are ObjectSyncs that are not in sync: Rejected",
        without=STATES,
        silent_at=15,
    ),
    Fault("with kube-state-metrics that is said for each ObjectSync", "", 40, {UNSYNCED + '"Rejected"}': "0+1x90"}),
    Fault(
        "changes that are under way are no fault",
        "",
        40,
        {UNSYNCED + '"Planning"}': "0+1x90", UNSYNCED + '"Creating"}': "0+1x90", UNSYNCED + '"Drifted"}': "0+1x90"},
        without=STATES,
    ),
    Fault(
        "all hooks of SyncSlices fail",
        "ObjectSyncerSliceHooksFailing",
        15,
        {SLICES: "0+5x5 25x60", f'{SECONDS}_count{{path="/v1/slice/sync",code="500"}}': "0x5 0+5x60"},
        {},
        "No SyncSlice is served: all their hooks fail",
        silent_at=8,
    ),
    Fault(
        "some hooks of SyncSlices fail",
        "",
        15,
        {f'{SECONDS}_count{{path="/v1/slice/sync",code="500"}}': "0+5x60"},
    ),
    Fault(
        "one request fails for a defect",
        "ObjectSyncerHookErrors",
        12,
        {f'{ERRORS}{{path="/v1/slice/sync",kind="defect"}}': "0x9 1x60"},
        {"path": "/v1/slice/sync", "kind": "defect"},
        "Requests of /v1/slice/sync fail: defect",
        silent_at=30,
    ),
    Fault(
        "the engine restarts and leaves requests incomplete",
        "",
        12,
        {f'{ERRORS}{{path="/v1/slice/sync",kind="client_gone"}}': "0x9 5x60"},
    ),
    Fault(
        "no hook server is there",
        "ObjectSyncerHooksDown",
        17,
        {BUILD: "1x5 stale", HEARTBEAT: "0+20x5 stale", SLICES: "0+5x5 stale"},
        {},
        "No hook server can be scraped",
        silent_at=9,
    ),
    Fault(
        "the engine is silent",
        "ObjectSyncerEngineSilent",
        15,
        {HEARTBEAT: "0+20x10 200x60"},
        {},
        "Metacontroller does not call the hooks",
        silent_at=11,
    ),
    Fault(
        "the engine never called",
        "ObjectSyncerEngineSilent",
        5,
        {HEARTBEAT: "0x60"},
        {},
        "Metacontroller does not call the hooks",
        silent_at=0,
    ),
    Fault(
        "the engine may not list or watch",
        "ObjectSyncerListOrWatchRefused",
        15,
        {f'rest_client_requests_total{{{ENGINE},code="403"}}': "0x5 0+2x60"},
        {"job": "metacontroller", "namespace": "engines", "code": "403"},
        "Metacontroller may not list or watch what it is to copy",
        silent_at=8,
    ),
    Fault(
        "the engine does not serve a type, and its own metrics are not scraped",
        "ObjectSyncerListOrWatchRefused",
        15,
        {f'{CONDITIONS}{{condition="Ready",status="False",reason="ControllerNotRunning"}}': "0x5 0+1x60"},
        {"reason": "ControllerNotRunning"},
        "Metacontroller may not list or watch what it is to copy",
        silent_at=8,
    ),
    Fault(
        "somebody else may not list or watch",
        "",
        15,
        {'rest_client_requests_total{job="kubelet",method="GET",code="403"}': "0+2x60"},
    ),
    Fault(
        "the planner is slow",
        "ObjectSyncerPlannerSlow",
        25,
        {
            f'{SECONDS}_bucket{{path="/v1/policy/sync",le="0.1"}}': "0x90",
            f'{SECONDS}_bucket{{path="/v1/policy/sync",le="5.0"}}': "0x90",
            f'{SECONDS}_bucket{{path="/v1/policy/sync",le="10.0"}}': "0+5x90",
        },
        {},
        "The planner takes 9.5s",
        silent_at=9,
    ),
]


def unit_test(fault: Fault) -> dict[str, Any]:
    """Return the fault as promtool wants it."""
    given = {name: values for name, values in {**HEALTHY, **fault.series}.items() if name not in fault.without}
    expected = []
    for name, rule in alerts().items():
        annotations = {"summary": fault.summary, "description": rule["annotations"]["description"]}
        fires = [{"exp_labels": {**rule["labels"], **fault.labels}, "exp_annotations": annotations}]
        firing = fires if name == fault.alert else []
        expected.append({"eval_time": f"{fault.at}m", "alertname": name, "exp_alerts": firing})
        expected.append({"eval_time": f"{fault.silent_at}m", "alertname": name, "exp_alerts": []})
    return {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in given.items()],
                "alert_rule_test": expected,
            }
        ],
    }


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.reason)
def test_the_alert_fires_and_no_other(fault: Fault, tmp_path: Path) -> None:
    file = tmp_path / "test.yaml"
    file.write_text(json.dumps(unit_test(fault)))
    done = subprocess.run([promtool(), "test", "rules", file], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_has_nothing_to_find_fault_with() -> None:
    command = [promtool(), "check", "rules", "--lint=all", "--lint-fatal", str(ALERTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_was_seen_firing() -> None:
    assert {fault.alert for fault in FAULTS} - {""} == set(alerts())


@pytest.mark.parametrize("name", alerts())
def test_an_alert_uses_metrics_that_exist(name: str) -> None:
    used = metrics_of(alerts()[name]["expr"])
    assert used
    assert used <= metrics()


def test_the_chart_has_the_alerts_if_that_is_asked_for() -> None:
    assert not helm.of(helm.template(), "PrometheusRule")
    rule = helm.only(helm.template({"prometheusRule": {"enabled": True, "labels": {"a": "b"}}}), "PrometheusRule")
    assert [each["alert"] for each in rule["spec"]["groups"][0]["rules"]] == list(alerts())
    assert rule["metadata"]["labels"]["a"] == "b"
