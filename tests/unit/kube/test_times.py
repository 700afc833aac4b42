"""The waiting times in the YAML of our controllers are those of times.py."""

import yaml

from object_syncer import installation
from object_syncer.kube import times

PERIODS = {
    "sync-policies": times.RESYNC,
    "object-syncs": times.RESYNC,
    "sync-policies-heartbeat": times.HEARTBEAT,
}


def test_each_controller_has_its_period() -> None:
    documents = map(yaml.safe_load, installation.controllers(installation.DEFAULT_HOOKS_URL))
    assert {found["metadata"]["name"]: found["spec"]["resyncPeriodSeconds"] for found in documents} == PERIODS


def test_the_engine_waits_for_no_heartbeat_longer_than_until_the_next() -> None:
    *_, heartbeat = map(yaml.safe_load, installation.controllers(installation.DEFAULT_HOOKS_URL))
    timeout = heartbeat["spec"]["hooks"]["sync"]["webhook"]["timeout"]
    assert float(timeout.removesuffix("s")) <= times.HEARTBEAT
