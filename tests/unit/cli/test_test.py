"""`object-syncer test`: tests of ObjectSyncs, and what is said when they fail."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import Result

from object_syncer.kube.meta import Json
from unit.cli.given import config_map, namespace, object_sync, run, written

GIVEN = [namespace("team-a"), namespace("team-b"), config_map(), object_sync("team-a", "team-b")]


def play(folder: Path, *tests: Json, options: tuple[str, ...] = ()) -> Result:
    """Run tests of these objects, unless they give others."""
    path = folder / "tests.yaml"
    path.write_text("---\n".join(yaml.safe_dump({"given": GIVEN, **test}) for test in tests))
    return run("test", path, *options)


COPIED = {"data": {"k": "v"}}
WHERE = {"kind": "ConfigMap", "name": "settings"}

PASSING: list[Json] = [
    {
        "reason": "copies are there",
        "copies": {"team-a/settings": {"data": {"k": "v"}}, "ConfigMap team-b/settings": {}},
    },
    {"reason": "nothing is where nothing should be", "copies": {"kube-public/settings": None}},
    {
        "reason": "an edited copy is put back",
        "steps": [
            {"edit": {"kind": "ConfigMap", "namespace": "team-a", "name": "settings", "patch": {"data": {"k": "x"}}}}
        ],
        "copies": {"team-a/settings": {"data": {"k": "v"}}},
        "inSync": {"default/sync": True},
    },
    {
        "reason": "a change of the source reaches the copies, step by step",
        "steps": [
            {"expect": {"copies": {"team-a/settings": {"data": {"k": "v"}}}}},
            {"edit": {"kind": "ConfigMap", "name": "settings", "patch": {"data": {"k": "w"}}}},
            {"expect": {"copies": {"team-a/settings": {"data": {"k": "w"}}}}},
            {"wait": 5},
            {"delete": {"kind": "ConfigMap", "name": "settings"}},
        ],
        "copies": {"team-a/settings": None},
        "inSync": {"default/sync": "False: SourceNotFound"},
        "states": {"team-a/settings": "Pending: SourceNotFound"},
        "says": {"default/sync": "the source default/settings does not exist"},
    },
    {
        "reason": "a namespace that comes gets its copy, and a label changes nothing",
        "given": [config_map(), object_sync("team-c")],
        "steps": [
            {"create": namespace("team-c")},
            {"label": {"kind": "Namespace", "name": "team-c", "labels": {"tier": "web"}}},
        ],
        "copies": {"team-c/settings": {}},
        "ready": {"default/sync": "Success"},
    },
]


@pytest.mark.parametrize("test", PASSING, ids=lambda test: str(test["reason"]))
def test_a_test_that_is_true_passes(tmp_path: Path, test: Json) -> None:
    result = play(tmp_path, test)
    assert result.stdout.splitlines()[-1] == "1 passed, 0 failed"
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("test", "says"),
    [
        ({"copies": {"team-a/settings": {"data": {"k": "w"}}}}, "copies: team-a/settings: data.k differs; it is {"),
        ({"copies": {"kube-public/settings": {}}}, "copies: kube-public/settings is not there"),
        ({"copies": {"team-a/settings": None}}, "copies: team-a/settings is there"),
        ({"inSync": {"default/sync": "False"}}, "inSync: default/sync is True: Success, not False; 2 out of 2"),
        ({"ready": {"default/other": "True"}}, "ready: default/other is no condition, not True; no such ObjectSync"),
        ({"states": {"team-a/settings": "Conflict"}}, "states: team-a/settings is Synced, not Conflict"),
        (
            {"says": {"default/sync": "3 out of 3"}},
            "says: default/sync says '2 out of 2 destinations are in sync', not",
        ),
        ({"steps": [{"delete": {"kind": "ConfigMap", "name": "x"}}]}, 'steps[0]: delete: configmaps "x" not found'),
        ({"steps": [{"delete": {"kind": "Widget", "name": "x"}}]}, "steps[0]: delete: kind: there is no Widget"),
        ({"steps": [{"expect": {"copies": {"team-a/settings": None}}}]}, "steps[0]: copies: team-a/settings is there"),
    ],
)
def test_a_test_that_is_not_true_says_why(tmp_path: Path, test: Json, says: str) -> None:
    result = play(tmp_path, {"reason": "it is so", **test})
    assert result.stdout.startswith(f"FAIL  {tmp_path}/tests.yaml:1: it is so\n      {says}")
    assert result.stdout.endswith("0 passed, 1 failed\n")
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("test", "says"),
    [
        ({"copys": {}}, "copys: unknown field; did you mean copies?"),
        ({"steps": [{"create": {}, "wait": 1}]}, "steps[0]: must be one of create, edit, label, delete, wait, expect"),
        ({"steps": [{"edit": {"kind": "ConfigMap", "name": "x"}}]}, "steps[0].edit.patch: missing"),
        ({"given": []}, "given: has 0 items, must have 1"),
        ({"given": ["nowhere.yaml"]}, "nowhere.yaml: cannot be read: no such file or directory"),
        ({"given": [{**config_map(), "kind": "Configmap"}]}, "Configmap default/settings: kind: there is no Configmap"),
    ],
)
def test_a_wrong_test_is_reported_with_its_place(tmp_path: Path, test: Json, says: str) -> None:
    result = play(tmp_path, {"reason": "it is so", **test})
    assert says in result.stderr
    assert result.stderr.startswith(f"Error: {tmp_path}/")
    assert result.exit_code == 2


def test_files_are_relative_to_the_test_and_manifests_beside_it_are_no_tests(tmp_path: Path) -> None:
    written(tmp_path / "manifests" / "all.yaml", *GIVEN)
    written(tmp_path / "settings.yaml", {"reason": "copied", "given": ["manifests"], "copies": {"team-a/settings": {}}})
    result = run("test", tmp_path)
    assert result.stdout == f"ok    {tmp_path}/settings.yaml:1: copied\n1 passed, 0 failed\n"


def test_a_directory_without_tests_is_a_mistake(tmp_path: Path) -> None:
    result = run("test", tmp_path)
    assert "there is no test in it" in result.stderr
    assert result.exit_code == 2


def test_values_of_secrets_are_not_shown(tmp_path: Path) -> None:
    source = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "settings"}, "data": {"p": "aHVudGVyMg=="}}
    given = [namespace("team-a"), source, object_sync("team-a", source={"kind": "Secret"})]
    result = play(tmp_path, {"reason": "r", "given": given, "copies": {"team-a/settings": {"data": {"p": "eA=="}}}})
    assert "data.p differs" in result.stdout
    assert "aHVudGVyMg==" not in result.output


def test_junit_has_a_suite_for_each_file(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    wrong = {"reason": "it is <so>", "copies": {"team-a/settings": None}}
    play(tmp_path, {"reason": "right"}, wrong, options=("--junit", str(report)))
    (suite,) = ElementTree.parse(report).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    right, failed = suite
    assert (right.get("name"), list(right)) == ("right", [])
    assert failed.get("name") == "it is <so>"
    assert failed[0].get("message") == "copies: team-a/settings is there"
