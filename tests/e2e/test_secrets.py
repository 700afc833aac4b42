"""No value of a Secret is anywhere but in the Secret and its copies: logs, events, metrics, statuses are searched."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from controlplane.client import Object
from controlplane.control_plane import Cluster, ControlPlane
from controlplane.engine import Metacontroller
from controlplane.installation import Installation
from e2e.eventually import becomes, stays
from e2e.objects import API_VERSION, secret, to
from e2e.outages import stopped
from e2e.refusals import quota
from e2e.world import World

VALUES = ("first-Zq81xKw0", "second-Zq81xKw0", "hacked-Zq81xKw0", "foreign-Zq81xKw0")
"""Values of Secrets, long enough that they are nowhere else by chance."""


def encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


NEEDLES = [form for value in VALUES for form in (value, encoded(value))]


def password(namespace: str, name: str, value: str, **fields: object) -> Object:
    return secret(namespace, name, {"password": encoded(value)}, fields)


def emitted(world: World, installation: Installation, control_plane: ControlPlane) -> Iterator[tuple[str, str]]:
    """Yield everything that might show a value, with its origin."""
    yield "log of the hooks", installation.hooks.log.read_text(errors="replace")
    yield "log of the engine", installation.engine.log.read_text(errors="replace")
    yield "audit log", control_plane.audit.path.read_text(errors="replace")
    with requests.Session() as session:
        session.trust_env = False
        yield "metrics of the engine", session.get(installation.engine.metrics_url, timeout=10).text
    for api_version, plural in (("v1", "events"), (API_VERSION, "syncslices"), (API_VERSION, "objectsyncs")):
        yield plural, json.dumps(world.admin.list(api_version, plural))
    yield "syncpolicies", json.dumps(world.admin.list(API_VERSION, "syncpolicies"))
    for item in world.admin.list("v1", "secrets"):
        yield "metadata of a Secret", json.dumps(item["metadata"])


def leaks(world: World, installation: Installation, control_plane: ControlPlane) -> list[str]:
    return [
        f"{origin}: ...{text[max(0, at - 200) : at + 100]}..."
        for origin, text in emitted(world, installation, control_plane)
        for needle in NEEDLES
        if (at := text.find(needle)) >= 0
    ]


@pytest.fixture
def secrets_in_trouble(world: World, installation: Installation, cluster: Cluster, tmp_path: Path) -> Iterator[None]:
    """Have Secrets in conflict, refused, drifted, immutable, and under the wrong apply strategy."""
    first, second, hacked, foreign = VALUES
    home, teams = world.namespace("home"), [world.namespace() for _ in range(5)]
    source = world.admin.create(password(home, "password", first))
    world.admin.create(password(teams[1], "password", foreign))
    sealed = world.admin.create(password(home, "sealed", first, immutable=True))
    with quota(world, teams[2], resource="secrets"):
        sync = world.sync(source, *map(to, teams[:4]))
        replacing = world.sync(source, to(teams[4], strategy="replace"))
        recreated = world.sync(sealed, to(teams[0]), to(teams[4], strategy="replace"))
        too_long = world.sync(source, to(teams[0], "Not_A_Name"))
        for one in (replacing, recreated):
            one.wait_in_sync()
        becomes(lambda: sync.destinations()[f"{teams[1]}/password"]["state"], "Conflict")
        becomes(lambda: sync.destinations()[f"{teams[2]}/password"]["state"], "Failed")
        becomes(lambda: too_long.says("InSync"), ("False", "Rejected"))

        for team in (teams[0], teams[4]):
            added = {"password": encoded(hacked), "added": encoded(foreign)}
            world.edit(world.at(source, team), {"data": added})
        becomes(lambda: world.at(source, teams[4])["data"], source["data"])
        world.edit(source, {"data": {"password": encoded(second), "more": encoded(second)}})
        becomes(lambda: world.at(source, teams[3])["data"]["password"], encoded(second))
        with stopped(installation.engine):
            world.delete(sealed)
            world.admin.create(password(home, "sealed", second, immutable=True))
            wrong = Metacontroller(cluster, tmp_path, user=installation.engine.user, apply_strategy="dynamic-apply")
            wrong.start()
            try:
                world.edit(source, {"data": {"password": encoded(first)}})
                becomes(lambda: sync.says("InSync"), ("False", "WrongApplyStrategy"), within=60)
            finally:
                wrong.stop()
        assert not [needle for needle in NEEDLES if needle in wrong.log.read_text(errors="replace")]
        becomes(lambda: world.at(sealed, teams[0])["data"]["password"], encoded(second))
        becomes(lambda: world.at(source, teams[3])["data"]["password"], encoded(first))
        yield


def bodies_of_errors(installation: Installation, value: str) -> Iterator[str]:
    """Yield what the hooks answer to requests that no engine sends, with a Secret in them."""
    source = password("home", "password", value)
    for path in ("policy", "slice", "objectsync"):
        for hook in ("sync", "customize", "finalize"):
            for kind in ("Secret", "SyncSlice", "SyncPolicy", "ObjectSync"):
                parent = {**source, "kind": kind, "spec": source, "metadata": {**source["metadata"], "uid": value}}
                group = {"Secret.v1": {"home/password": source}}
                body = {"controller": {"metadata": {}}, "parent": parent, "children": group, "related": group}
                with requests.Session() as session:
                    session.trust_env = False
                    url = f"{installation.hooks.url}/v1/{path}/{hook}"
                    answer = session.post(url, json=body, timeout=10)
                assert answer.status_code >= 400
                yield answer.text


@pytest.mark.usefixtures("secrets_in_trouble")
def test_no_value_of_a_secret_is_in_logs_events_metrics_or_statuses(
    world: World, installation: Installation, control_plane: ControlPlane
) -> None:
    assert "password" in installation.engine.log.read_text(errors="replace"), "the engine does log, at level 4"
    stays(lambda: leaks(world, installation, control_plane), [], seconds=1)


def test_no_value_of_a_secret_is_in_errors_of_the_hooks(installation: Installation) -> None:
    for answer in bodies_of_errors(installation, VALUES[0]):
        assert not [needle for needle in NEEDLES if needle in answer]
    log = installation.hooks.log.read_text(errors="replace")
    assert not [needle for needle in NEEDLES if needle in log]
