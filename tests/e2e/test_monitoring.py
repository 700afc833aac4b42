"""The metrics of Metacontroller that alerts and dashboard use are those that it has."""

import re

import requests

from chart.monitoring import ENGINE_METRICS
from controlplane.installation import Installation
from e2e.objects import config_map, to
from e2e.world import World


def test_metacontroller_has_the_metrics_that_are_asked_for(world: World, installation: Installation) -> None:
    world.sync(world.admin.create(config_map(world.namespace(), "settings")), to(world.namespace())).wait_in_sync()
    with requests.Session() as session:
        session.trust_env = False
        text = session.get(installation.engine.metrics_url, timeout=10).text
    names = set(re.findall(r"^(\w+)(?:\{| )", text, re.MULTILINE))
    assert names >= ENGINE_METRICS
    assert re.search(r'^rest_client_requests_total\{[^}]*code="200"[^}]*method="GET"', text, re.MULTILINE)
    assert re.search(r'^metacontroller_sync_requests_total\{code="200"', text, re.MULTILINE)
