"""What the pages of the commands and their help say is so."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from object_syncer.cli import main
from unit.cli.given import config_map, object_sync, policy, run, written

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {
    name: (DOCS / f"{name}.md").read_text() for name in ("commands", "explain", "diff", "test", "convert", "doctor")
}
LINES = [
    line
    for page in PAGES.values()
    for line in re.findall(r"(?:object-syncer|\bVERSION) ((?:simulate|explain|diff|test|convert|doctor) .*)", page)
]


@pytest.mark.parametrize("line", LINES)
def test_a_command_on_the_page_has_the_options_that_it_is_given(line: str) -> None:
    command = main.commands[line.split(maxsplit=1)[0]]
    options = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"(?<= )--[a-z-]+", line)) <= options


def test_the_workflow_is_yaml_and_runs_diff() -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", PAGES["diff"], re.MULTILINE | re.DOTALL)
    steps = yaml.safe_load(text)["jobs"]["diff"]["steps"]
    (script,) = (step["run"] for step in steps if step.get("name") == "Compare")
    assert "--max-deletes 20 old/manifests new/manifests" in script


def test_the_test_on_the_page_is_true(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", PAGES["test"], re.MULTILINE | re.DOTALL)
    targets = policy(targetNamespaces=["team-a"])
    written(tmp_path / "manifests" / "all.yaml", config_map(), object_sync("*"), targets)
    path = tmp_path / "tests" / "settings.yaml"
    path.parent.mkdir()
    path.write_text(text)
    result = run("test", path.parent)
    assert result.stdout.endswith("\n1 passed, 0 failed\n"), result.output


def leaves(group: click.Group) -> Iterator[str]:
    """Yield the words of each command, those in groups too."""
    for name, command in sorted(group.commands.items()):
        yield from (f"{name} {below}" for below in leaves(command)) if isinstance(command, click.Group) else (name,)


@pytest.mark.parametrize("words", list(leaves(main)))
def test_the_help_of_a_command_fits_its_readers(words: str) -> None:
    result = run(*words.split(), "--help")
    assert result.exit_code == 0
    if words not in ("serve", "manifests"):
        assert "Exit code: 0" in result.stdout
        assert "Example" in result.stdout
