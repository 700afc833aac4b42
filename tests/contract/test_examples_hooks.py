"""docs/hooks.md and the requests beside it: what the page says of the hooks is what they answer."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import readme
from contract import examples
from controlplane.processes import free_port
from object_syncer.kube.meta import Json
from object_syncer.routes import ROUTES, WITH_ETAG
from object_syncer.web.app import create_app

PAGE = readme.ROOT / "docs" / "hooks.md"
RECORDED = Path(__file__).with_name("recorded")
NEEDS_A_CLUSTER = "In a cluster"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

every = pytest.mark.parametrize("name", examples.names())


def stored(name: str) -> Json:
    found: Json = json.loads((examples.FOLDER / f"{name}{examples.ANSWER}").read_text())
    return found


# The requests


def test_every_hook_has_an_example() -> None:
    assert {examples.route(name) for name in examples.names()} == {*ROUTES, *WITH_ETAG}


@every
def test_the_stored_answer_is_the_hooks(name: str) -> None:
    """If it fails after a change on purpose: python -m contract.examples writes the answers again."""
    assert json.loads(examples.answer(name)) == stored(name)


@every
def test_a_request_can_be_read_by_eye(name: str) -> None:
    lines = examples.request(name).decode().splitlines()
    assert len(lines) <= 80
    assert max(map(len, lines)) <= 120


@every
def test_a_request_has_the_fields_that_metacontroller_sends(name: str) -> None:
    recorded = [json.loads(path.read_text()) for path in RECORDED.glob("*.json")]
    sent = [exchange["request"] for exchange in recorded if exchange["path"] == examples.route(name)]
    if examples.route(name) in WITH_ETAG:  # a sync of a DecoratorController, as that of ObjectSyncs
        sent = [exchange["request"] for exchange in recorded if exchange["path"] == "/v1/objectsync/sync"]
    assert set(json.loads(examples.request(name))) in [set(request) for request in sent]


def test_the_examples_tell_one_story() -> None:
    made = {child["metadata"]["name"] for child in stored("policy-sync")["children"]}
    asked = {
        json.loads(examples.request(name))["parent"]["metadata"]["name"] for name in ("slice-customize", "slice-sync")
    }
    related = json.loads(examples.request("objectsync-sync"))["related"]["SyncSlice.sync.rustrial.org/v1alpha1"]
    controller = json.loads(examples.request("slice-sync"))["controller"]["metadata"]["name"]
    assert made == {*asked, *related, controller}


# The page


def sections() -> dict[str, str]:
    titles = re.findall(r"^## (.+)$", PAGE.read_text(), re.MULTILINE)
    return {title: readme.section(title, PAGE) for title in titles}


HOOKS = {title: title.replace("/", "-") for title in sections() if f"/v1/{title}" in {*ROUTES, *WITH_ETAG}}


@pytest.mark.parametrize(("title", "name"), HOOKS.items(), ids=HOOKS)
def test_a_field_that_a_table_explains_is_in_the_example(title: str, name: str) -> None:
    bodies = {"request": json.loads(examples.request(name)), "answer": stored(name)}
    table = ""
    for line in sections()[title].splitlines():
        table = line.strip("| ") if line in ("| request | |", "| answer | |") else table
        if table and line.startswith("| `"):
            for field in re.findall(r"`([^`]+)`", line.split(" | ")[0]):
                assert found(bodies[table], field), f"{table}: {field}"


def found(value: Any, path: str) -> bool:
    """Tell whether a JSON value has a field; `[]` after a name means any item of a list."""
    name, _, rest = path.partition(".")
    if not isinstance(value, dict) or name.removesuffix("[]") not in value:
        return False
    inner = value[name.removesuffix("[]")]
    return not rest or any(found(item, rest) for item in (inner if name.endswith("[]") else [inner]))


def blocks() -> list[tuple[str, str, str]]:
    """Return (language, text, section) of the page's shell blocks in order, those for a cluster aside."""
    return [
        (language, block, title)
        for title, text in {"": PAGE.read_text().partition("\n## ")[0], **sections()}.items()
        if title != NEEDS_A_CLUSTER
        for language, block in re.findall(r"^```(sh|console)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


class Bash:
    """One shell, in which commands are run one after the other; the page's ports become free ones."""

    def __init__(self) -> None:
        programs = Path(sys.executable).parent
        environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "no_proxy": "localhost"}
        self._ports = {"8080": str(free_port()), "8081": str(free_port())}
        self.process = subprocess.Popen(
            ["bash"],
            cwd=readme.ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def run(self, commands: str) -> str:
        """Run commands and return their output, one line per answer; the last one must succeed."""
        assert self.process.stdin
        assert self.process.stdout
        for port, free in self._ports.items():
            commands = re.sub(rf"\b{port}\b", free, commands)
        self.process.stdin.write(f'{commands}\nprintf "\\nEND %s\\n" $?\n')
        self.process.stdin.flush()
        output: list[str] = []
        while not (output and output[-1].startswith("END ")):
            line = self.process.stdout.readline()
            assert line, f"the shell ended: {commands}"
            output.append(line)
        assert output.pop() == "END 0\n", commands
        return "".join(output).strip()


@contextmanager
def bash() -> Iterator[Bash]:
    shell = Bash()
    try:
        yield shell
    finally:
        os.killpg(shell.process.pid, signal.SIGTERM)
        shell.process.kill()
        shell.process.communicate()


def undated(text: str) -> Any:
    return json.loads(TIMESTAMP.sub("now", text))


def test_the_commands_of_the_page_answer_what_is_stored() -> None:
    posted = []
    with bash() as shell:
        for language, block, title in blocks():
            if language == "console":
                for command, output in re.findall(r"^\$ (.+)\n(.+)$", block, re.MULTILINE):
                    assert undated(shell.run(command)) == undated(output)
                continue
            for command in lines(block):
                output = shell.run(command)
                example = re.search(r"--data @examples/hooks/([\w-]+)\.json localhost:\d+(/v1/\S+)", command)
                if example:
                    assert example[2] == examples.route(example[1])
                    assert undated(output) == undated(json.dumps(stored(example[1])))
                    posted.append(example[1])
                elif "curl" in command:
                    assert "error" not in json.loads(output), title
    assert set(posted) == set(examples.names())


def lines(block: str) -> list[str]:
    return [line for line in re.sub(r"(\\|(?<=\|))\n", " ", block).splitlines() if line]


def test_a_changed_request_gets_another_answer() -> None:
    (changed,) = re.findall(r"^sed 's/(\S+)/(\S+)/' examples/hooks/(\S+)\.json", PAGE.read_text(), re.MULTILINE)
    before, after, name = changed
    body = examples.request(name).replace(before.encode(), after.encode())
    answered = create_app(lambda: examples.NOW).test_client().post(examples.route(name), data=body).get_json()
    assert [child["data"]["colour"] for child in answered["children"]] == ["green"] * 3


def test_an_objectsync_whose_slices_are_gone_may_go() -> None:
    body = json.loads(examples.request("objectsync-finalize"))
    body["related"]["SyncSlice.sync.rustrial.org/v1alpha1"] = {}
    answered = create_app().test_client().post("/v1/objectsync/finalize", json=body)
    assert answered.get_json()["finalized"] is True


def test_a_kind_that_is_missing_in_a_request_is_an_error() -> None:
    body = json.loads(examples.request("slice-sync"))
    body["children"] = {}
    answered = create_app().test_client().post("/v1/slice/sync", json=body)
    assert (answered.status_code, answered.get_json()["field"]) == (400, "children.ConfigMap.v1")


def test_a_defect_is_told_as_the_page_says() -> None:
    def broken() -> datetime:
        raise KeyError(datetime.now(UTC))

    answered = create_app(broken).test_client().post("/v1/slice/sync", data=examples.request("slice-sync"))
    shape = re.compile(r'\{"error":"/v1/slice/sync failed: \w+ at \w+\.py:\d+"\}')
    assert answered.status_code == 500
    assert shape.fullmatch(answered.text)
    assert [match for match in re.findall(r"`(\{.*?\})`", sections()["Errors"]) if shape.fullmatch(match)]
