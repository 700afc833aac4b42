"""Directories as input: a repository as it is, with much in it that is no Kubernetes object."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from object_syncer.cli import main

SYNC = """\
apiVersion: sync.rustrial.org/v1alpha1
kind: ObjectSync
metadata: {name: sync, namespace: default}
spec:
  source: {group: "", kind: ConfigMap, name: settings}
  destinations: [{namespace: kube-public}]
"""
SETTINGS = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: default}, data: {k: v}}\n"
WIDGET = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: default}}\n"

Write = Callable[..., Path]


@pytest.fixture
def repository(tmp_path: Path) -> Write:
    """Write files, given as path=text with __ for /, beside an ObjectSync and its source."""

    def write(files: dict[str, str]) -> Path:
        for name, text in {"apps/sync.yaml": SYNC, "apps/settings.yml": SETTINGS, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def simulate(*paths: Path) -> Result:
    return CliRunner().invoke(main, ["simulate", *map(str, paths)])


def test_every_yaml_and_json_file_is_read(repository: Write) -> None:
    team = '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}'
    result = simulate(repository({"README.md": "# no: YAML: at all", "apps/deep/team.json": team}))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "kube-public/settings" in result.stdout


@pytest.mark.parametrize(
    ("name", "text", "note"),
    [
        ("apps/kustomization.yaml", "resources: [sync.yaml]", "a kustomization is not built here; for what it makes: "),
        ("chart/values.yaml", "replicas: 1", "it contains no Kubernetes object"),
        ("chart/templates/a.yaml", "apiVersion: v1\n{{- if .Values.x }}\nkind: a\n{{- end }}", "it is a template"),
        ("chart/Chart.yaml", "apiVersion: v2\nname: c", "document 1 is no Kubernetes object"),
        ("widget.yaml", WIDGET, "there is no CustomResourceDefinition of Widget in example.com/v1"),
    ],
)
def test_what_is_no_object_is_left_out_with_a_note(repository: Write, name: str, text: str, note: str) -> None:
    root = repository({name: text})
    result = simulate(root)
    assert result.exit_code == 0
    assert result.stderr.startswith("Note: skipped ")
    assert note in result.stderr
    assert str(root / name) in result.stderr
    assert result.stderr.count("\n") == 1


def test_hidden_directories_are_left_alone(repository: Write) -> None:
    result = simulate(repository({".github/workflows/ci.yaml": "on: push"}))
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_custom_resource_that_is_copied_needs_its_definition(repository: Write) -> None:
    sync = yaml.safe_load(SYNC)
    sync["metadata"]["name"] = "widgets"
    sync["spec"]["source"] = {"group": "example.com", "kind": "Widget", "name": "w"}
    result = simulate(repository({"widget.yaml": WIDGET, "widgets.yaml": yaml.safe_dump(sync)}))
    assert (
        "Widget default/w: kind: there is no Widget in example.com/v1, which ObjectSync default/widgets copies; "
        in (result.stderr)
    )
    assert "add the CustomResourceDefinition that defines it to the input" in result.stderr
    assert result.exit_code == 2


def test_the_files_of_faults_are_named(repository: Write) -> None:
    root = repository({"a.yaml": "apiVersion: v1\nkind: Configmap\nmetadata: {name: a}\n", "b.yaml": "apiVersion: [\n"})
    result = simulate(root)
    first, second = result.stderr.splitlines()
    assert second.startswith(f"Error: {root}/b.yaml:2: column 1: not YAML")
    assert first == (f"Error: {root}/a.yaml:2: Configmap a: kind: there is no Configmap in v1; did you mean ConfigMap?")


def test_a_directory_without_objects_is_a_mistake(tmp_path: Path) -> None:
    result = simulate(tmp_path)
    assert result.stderr == f"Error: {tmp_path}: there is no YAML or JSON file with Kubernetes objects in it\n"
    assert result.exit_code == 2
