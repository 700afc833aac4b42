"""Requests that Metacontroller sent, posted over HTTP: the answers are those it got, and the engine accepts them.

`make record` makes the files in recorded/. Messages of a status are part of the answers: after a change on purpose,
record again and read the difference.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import orjson
import pytest
import requests
from werkzeug.serving import BaseWSGIServer, make_server

from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.routes import ROUTES
from object_syncer.web.app import create_app

FOLDER = Path(__file__).with_name("recorded")
RECORDINGS = {path.stem: orjson.loads(path.read_bytes()) for path in FOLDER.glob("*.json")}
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")

CLUSTER_SCOPED = {"SyncSlice", "CompositeController", "DecoratorController"}

COMPOSITE = {"status", "children", "resyncAfterSeconds", "finalized"}
DECORATOR = {"labels", "annotations", "status", "attachments", "resyncAfterSeconds", "finalized"}
RULE = {"apiVersion", "resource", "labelSelector", "namespace", "names", "namespaceSelector"}
"""The keys of a v2 response; the engine refuses every other."""


class Hooks:
    """The app behind a real HTTP server, at a time of our choice."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.server: BaseWSGIServer = make_server("127.0.0.1", 0, create_app(lambda: self.now), threaded=True)
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(self, recording: Json, query: str = "?release=0.1.0") -> requests.Response:
        """Post a recorded request at the time at which it came."""
        self.now = datetime.fromisoformat(recording["time"])
        url = f"http://127.0.0.1:{self.server.server_port}{recording['path']}{query}"
        headers = {"Content-Type": "application/json"}
        return self.session.post(url, data=orjson.dumps(recording["request"]), headers=headers, timeout=30)

    def answer(self, recording: Json) -> Json:
        """Return the answer to a recorded request."""
        response = self.ask(recording)
        assert response.status_code == 200, response.text
        answered: Json = response.json()
        return answered


@pytest.fixture(scope="module")
def hooks() -> Iterator[Hooks]:
    found = Hooks()
    thread = Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


every = pytest.mark.parametrize("name", sorted(RECORDINGS))


@every
def test_the_hooks_answer_as_recorded(name: str, hooks: Hooks) -> None:
    recording = RECORDINGS[name]
    known = set(timestamps(recording["request"]))
    answered, recorded = (undated(each, known) for each in (hooks.answer(recording), recording["response"]))
    # It is half the age of what is not in sync, and the request came a moment before it was answered.
    pauses = [response.pop("resyncAfterSeconds", 0) for response in (answered, recorded)]
    assert pauses[0] == pytest.approx(pauses[1], abs=1)
    assert answered == recorded


def timestamps(value: Any) -> Iterator[str]:
    return (match[0] for match in TIMESTAMP.finditer(orjson.dumps(value).decode()))


def undated(value: Any, known: set[str]) -> Any:
    """Return a response without the timestamps that are new in it; those of the request must stay."""
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return orjson.loads(TIMESTAMP.sub(lambda match: match[0] if match[0] in known else "now", text))


@every
def test_the_engine_accepts_the_answer(name: str, hooks: Hooks) -> None:
    recording = RECORDINGS[name]
    answered = hooks.answer(recording)
    path = recording["path"]
    if path.endswith("/customize"):
        check_rules(answered)
    elif path.startswith("/v1/objectsync/"):
        assert answered.keys() <= DECORATOR
        assert answered["attachments"] == [], "null would crash the engine"
        assert isinstance(answered["finalized"], bool)
    else:
        assert answered.keys() <= COMPOSITE
        assert isinstance(answered["children"], list), "null would delete everything"
        for child in answered["children"]:
            check_child(child, recording["request"])
    assert isinstance(answered.get("resyncAfterSeconds", 0), int | float)
    assert nulls(answered.get("status") or {}) == [], "the API server drops them: the status would be written again"


def check_rules(answered: Json) -> None:
    assert answered.keys() == {"relatedResources"}
    for rule in answered["relatedResources"]:
        assert {"apiVersion", "resource"} <= rule.keys() <= RULE
        assert rule.get("names") != [], "the engine takes no names for all"
        assert not ({"names", "namespace"} & rule.keys() and "labelSelector" in rule)


def check_child(child: Any, request: Json) -> None:
    assert isinstance(child, dict), "null would crash the engine"
    assert {"apiVersion", "kind", "metadata"} <= child.keys()
    meta = child["metadata"]
    assert meta.keys() <= {"name", "namespace", "labels", "annotations"}
    assert bool(meta.get("namespace")) == (child["kind"] not in CLUSTER_SCOPED)
    assert f"{child['kind']}.{child['apiVersion']}" in request["children"], "the engine knows this type"
    selector = (request["parent"]["spec"].get("selector") or {}).get("matchLabels") or {}
    assert selector.items() <= (meta.get("labels") or {}).items(), "else the engine would not claim it"
    values: Mapping[str, object] = {**(meta.get("labels") or {}), **(meta.get("annotations") or {})}
    assert all(isinstance(value, str) for value in values.values())


def nulls(value: Any, path: str = "") -> list[str]:
    """Return where a value has nulls."""
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in nulls(inner, f"{path}.{key}")]
    if isinstance(value, list):
        return [found for index, inner in enumerate(value) for found in nulls(inner, f"{path}[{index}]")]
    return [path] if value is None else []


@every
def test_the_release_in_the_url_changes_nothing(name: str, hooks: Hooks) -> None:
    recording = RECORDINGS[name]
    assert hooks.ask(recording, "?release=9.9.9&ca=0").content == hooks.ask(recording).content


ANSWERS = """
import sys, orjson
from datetime import datetime
from pathlib import Path
from object_syncer.routes import answer
for path in sorted(Path(sys.argv[1]).glob("*.json")):
    recording = orjson.loads(path.read_bytes())
    now = datetime.fromisoformat(recording["time"])
    sys.stdout.buffer.write(orjson.dumps(answer(recording["path"], recording["request"], now)) + b"\\n")
"""


def test_every_worker_answers_the_same() -> None:
    """Else a status would be rewritten whenever another worker is asked."""

    def answers(hash_seed: str) -> list[bytes]:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", ANSWERS, str(FOLDER)]
        return subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout.splitlines()

    first, second = answers("1"), answers("2")
    assert len(first) == len(RECORDINGS)
    assert first == second


# What the recordings show of the engine; the hooks rely on it


def test_every_hook_is_recorded() -> None:
    assert {recording["path"] for recording in RECORDINGS.values()} == set(ROUTES)


def request(name: str) -> Json:
    found: Json = RECORDINGS[name]["request"]
    return found


def test_a_decorator_calls_its_parent_object_but_not_when_it_asks_what_to_relate() -> None:
    assert "parent" in request("objectsync-customize")
    for name in ("objectsync-sync-rest", "objectsync-finalize-waiting"):
        assert {"object", "attachments", "related"} <= request(name).keys()
        assert "parent" not in request(name)


def test_a_kind_without_objects_is_sent_too() -> None:
    assert request("slice-sync-first")["children"] == {"Secret.v1": {}}
    assert request("objectsync-sync-first")["related"]["SyncSlice.sync.rustrial.org/v1alpha1"] == {}
    assert request("slice-sync-without-source")["related"]["Toy.tests.example/v1"] == {}


def test_objects_are_named_by_namespace_and_name_cluster_scoped_ones_by_name() -> None:
    planner = request("policy-sync-rest")
    assert {"team", "north", "south"} <= planner["related"]["Namespace.v1"].keys()
    assert set(planner["related"][f"ObjectSync.{api.API_VERSION}"]) == {"team/pull", "team/settings", "team/toy"}
    assert set(request("slice-sync-rest")["children"]["Secret.v1"]) == {"north/pull-all", "south/pull-all"}


def test_a_foreign_object_is_seen_only_where_it_is_asked_for() -> None:
    found = request("slice-sync-conflict")
    assert found["children"]["ConfigMap.v1"] == {}
    assert set(found["related"]["ConfigMap.v1"]) == {"team/settings", "north/settings"}


def test_managed_fields_name_metacontroller_as_the_one_that_applied_a_copy() -> None:
    (copy, _) = request("slice-sync-rest")["children"]["Secret.v1"].values()
    entries = {(entry["manager"], entry["operation"]) for entry in copy["metadata"]["managedFields"]}
    assert ("metacontroller", "Apply") in entries
    assert copy["metadata"]["ownerReferences"][0]["kind"] == "SyncSlice"


def test_recordings_contain_no_secrets_but_fakes() -> None:
    for recording in RECORDINGS.values():
        values = set(secret_values(recording))
        assert values <= {
            "eyJhdXRocyI6eyJyZWdpc3RyeS5leGFtcGxlIjp7ImF1dGgiOiJabUZyWlRwbVlXdGwifX19",
            "eA==",
            "",
            "LQ==",
        }


def secret_values(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("kind") == "Secret":
            yield from (value.get("data") or {}).values()
        for inner in value.values():
            yield from secret_values(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from secret_values(inner)
