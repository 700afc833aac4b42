"""What the README says about commands that need no cluster is true."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import readme
from object_syncer.cli import main

INSTALLED = readme.ROOT / ".venv" / "bin" / "object-syncer"
WITHOUT_A_CLUSTER = "Try it without a cluster"


@pytest.mark.parametrize("command", readme.commands(WITHOUT_A_CLUSTER))
def test_a_command_that_needs_no_cluster_works(command: str) -> None:
    if not INSTALLED.exists():
        pytest.skip("not installed by make venv")
    old = ["-o", ".venv/.installed"]  # whoever runs the tests has installed what they want
    words = ["make", *old, *command.split()[1:]] if command.startswith("make ") else command.split()
    done = subprocess.run(words, cwd=readme.ROOT, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0
    assert "True   True" in done.stdout


@pytest.mark.parametrize("shown", readme.shown(WITHOUT_A_CLUSTER), ids=lambda shown: shown.command)
def test_a_command_prints_what_is_shown(shown: readme.Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(readme.ROOT)
    program, *arguments = shown.command.split()
    assert program == "object-syncer"
    assert CliRunner().invoke(main, arguments).stdout == shown.output


def test_the_object_sync_in_the_introduction_is_an_example() -> None:
    shown = re.search(r"```yaml\n(.*?)```", readme.README.read_text(), re.DOTALL)
    assert shown
    *_, sync = yaml.safe_load_all((readme.ROOT / "examples" / "configmap-to-all.yaml").read_text())
    assert yaml.safe_load(shown[1]) == sync


def test_the_make_targets_are_those_of_the_makefile() -> None:
    told = re.findall(r"^\| `make ([\w-]+)` \| (.+) \|$", readme.section("Development"), re.MULTILINE)
    targets = re.findall(r"^([\w-]+):.*?## (.+)$", Path(readme.ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(told) == sorted((name, meaning) for name, meaning in targets if name != "help")


def test_metacontrollers_flags_are_those_of_the_values_for_its_chart() -> None:
    block = re.search(r"```\n(--.*?)```", readme.section("On a cluster"), re.DOTALL)
    assert block
    flags = block[1].split()
    values = yaml.safe_load((readme.ROOT / "helm" / "metacontroller-values.yaml").read_text())
    assert set(flags) <= set(values["commandArgs"])


@pytest.mark.parametrize("command", [c for c in readme.commands("On a cluster") if "object-syncer" in c])
def test_a_command_for_a_cluster_has_options_that_exist(command: str) -> None:
    ours = command.partition("|")[0].removesuffix("&").split()
    if ours[0] == "object-syncer":
        helped = CliRunner().invoke(main, [ours[1], "--help"]).stdout
        assert all(re.search(rf"{word}\b", helped) for word in ours if word.startswith("--"))
