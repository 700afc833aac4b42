"""`object-syncer simulate`: what users see of their ObjectSyncs without a cluster."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import yaml
from click.testing import CliRunner, Result

from grants import EVERYTHING
from object_syncer.cli import main
from object_syncer.cli.simulate import trial
from object_syncer.kube.meta import Json

ROOT = Path(__file__).parents[3]
NOT_IN_SYNC = ("source-consent.yaml", "suspend.yaml")
EXAMPLES = [path for path in sorted((ROOT / "examples").glob("*.yaml")) if path.name not in NOT_IN_SYNC]

Simulate = Callable[..., Result]


@pytest.fixture
def simulate() -> Simulate:
    """Run the command on objects (or text) given over standard input."""

    def run(*given: Json | str, options: tuple[str, ...] = ()) -> Result:
        texts = [item if isinstance(item, str) else yaml.safe_dump(item) for item in given]
        return CliRunner().invoke(main, ["simulate", "-", *options], input="---\n".join(texts))

    return run


def answered(result: Result) -> Json:
    document: Json = orjson.loads(result.stdout)
    return document


def namespace(name: str, **metadata: object) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **metadata}}


def config_map(namespace: str = "default", name: str = "settings", **metadata: object) -> Json:
    meta = {"namespace": namespace, "name": name, **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": "v"}}


def object_sync(*destinations: str, name: str = "sync", source: str = "settings", **metadata: object) -> Json:
    return {
        "apiVersion": "sync.rustrial.org/v1alpha1",
        "kind": "ObjectSync",
        "metadata": {"namespace": "default", "name": name, **metadata},
        "spec": {
            "source": {"group": "", "kind": "ConfigMap", "name": source},
            "destinations": [{"namespace": destination} for destination in destinations],
        },
    }


def where(document: Json) -> list[str]:
    return [f"{copy['metadata']['namespace']}/{copy['metadata']['name']}" for copy in document["copies"]]


class TestOutput:
    def test_json_has_copies_object_syncs_controllers_and_steps(self, simulate: Simulate) -> None:
        result = simulate(namespace("team"), config_map(), object_sync("team"), options=("-o", "json"))
        document = answered(result)
        assert list(document) == ["copies", "objectSyncs", "controllers", "steps"]
        assert where(document) == ["team/settings"]
        assert document["copies"][0]["data"] == {"k": "v"}
        assert document["objectSyncs"][0]["status"]["copies"]["summary"] == "1/1"
        assert [name.partition("-")[0] for name in document["controllers"]] == ["configmaps.v1"]
        assert document["steps"] > 0
        assert "managedFields" not in result.stdout
        assert result.exit_code == 0

    def test_yaml_says_the_same(self, simulate: Simulate) -> None:
        given = (namespace("team"), config_map(), object_sync("team"))
        said = simulate(*given, options=("-o", "yaml")).stdout
        assert yaml.safe_load(said) == answered(simulate(*given, options=("--output", "json")))

    def test_the_table_names_destinations_and_object_syncs(self, simulate: Simulate) -> None:
        result = simulate(
            namespace("team"), config_map(), config_map("team"), object_sync("team", "kube-public", "new")
        )
        assert result.stdout.splitlines() == [
            "COPY                  KIND       SOURCE            OBJECTSYNC    STATE",
            "kube-public/settings  ConfigMap  default/settings  default/sync  Synced",
            "new/settings          ConfigMap  default/settings  default/sync  Pending: NamespaceNotFound",
            "team/settings         ConfigMap  default/settings  default/sync  Conflict",
            "",
            "OBJECTSYNC    READY  INSYNC  COPIES",
            "default/sync  True   False   1/3",
            "    Conflict: 1 out of 3 destinations are in sync; team/settings: ConfigMap team/settings is written by "
            "kubectl; it was",
            "    not created for this ObjectSync and is left alone",
        ]
        assert result.exit_code == 1

    def test_the_table_fits_in_120_columns(self, simulate: Simulate) -> None:
        long = "n" * 60
        sources = [config_map(name=f"{long}.{number}") for number in range(2)]
        syncs = [object_sync("*", name=f"{long}.{n}", source=f"{long}.{n}") for n in range(2)]
        result = simulate(namespace(long), *sources, *syncs)
        assert max(map(len, result.stdout.splitlines())) <= 120
        assert result.exit_code == 0

    def test_an_input_without_object_syncs_is_a_mistake(self, simulate: Simulate) -> None:
        result = simulate(namespace("team"), options=("--allow-pending",))
        assert (result.stdout, result.exit_code) == ("no copies\n\nno ObjectSyncs\n", 1)
        assert result.stderr == "Nothing is copied: there is no ObjectSync in the input\n"

    @pytest.mark.parametrize(
        ("destination", "says"),
        [
            ("misspelt", "Waiting: misspelt/settings waits for namespace misspelt (--allow-pending accepts this)"),
            ("default", "Waiting: default/sync has no destinations (--allow-pending accepts this)"),
        ],
    )
    def test_what_only_waits_is_not_there_yet(self, simulate: Simulate, destination: str, says: str) -> None:
        given = (config_map(), object_sync(destination))
        result = simulate(*given)
        assert result.exit_code == 1
        assert says in result.stderr
        allowed = simulate(*given, options=("--allow-pending",))
        assert (allowed.exit_code, allowed.stderr) == (0, "")
        assert allowed.stdout == result.stdout

    def test_values_of_secrets_are_shown_only_if_asked_for(self, simulate: Simulate) -> None:
        secret = {**config_map(), "kind": "Secret", "data": {"password": "aHVudGVyMg=="}}
        sync = object_sync("kube-public")
        sync["spec"]["source"]["kind"] = "Secret"
        hidden = simulate(secret, sync, options=("-o", "json"))
        assert answered(hidden)["copies"][0]["data"] == {"password": "***"}
        assert "aHVudGVyMg==" not in hidden.output
        shown = simulate(secret, sync, options=("-o", "json", "--show-secrets"))
        assert answered(shown)["copies"][0]["data"] == {"password": "aHVudGVyMg=="}

    def test_what_the_api_server_says_of_a_name_is_shown(self, simulate: Simulate) -> None:
        sync = object_sync("kube-public")
        sync["spec"]["destinations"][0]["name"] = "Upper"
        result = simulate(config_map(), sync)
        assert "Failed: Rejected" in result.stdout
        words = " ".join(result.stdout.split())
        assert (
            'The API server says of kube-public/Upper: metadata.name: Invalid value: "Upper": a lowercase RFC 1123 '
            "subdomain must consist of lower case alphanumeric characters" in words
        )
        (refused,) = answered(simulate(config_map(), sync, options=("-o", "json")))["refused"]
        assert (refused["namespace"], refused["name"]) == ("kube-public", "Upper")

    @pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
    def test_the_examples_are_in_sync(self, example: Path) -> None:
        result = CliRunner().invoke(main, ["simulate", str(example)])
        assert "True   True" in result.stdout
        assert result.exit_code == 0


class TestInput:
    def test_lists_are_taken_apart(self, simulate: Simulate) -> None:
        typed = {"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"metadata": config_map()["metadata"]}]}
        listed = {"apiVersion": "v1", "kind": "List", "items": [namespace("team"), object_sync("team"), typed]}
        assert where(answered(simulate(listed, options=("-o", "json")))) == ["team/settings"]

    def test_json_is_read_too(self, simulate: Simulate) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": [config_map(), object_sync("kube-public")]}
        assert simulate(orjson.dumps(listed).decode()).exit_code == 0

    def test_several_files_are_one_input(self, tmp_path: Path) -> None:
        for number, obj in enumerate((namespace("team"), config_map(), object_sync("team"))):
            (tmp_path / f"{number}.yaml").write_text(yaml.safe_dump(obj))
        files = sorted(map(str, tmp_path.iterdir()), reverse=True)
        assert CliRunner().invoke(main, ["simulate", *files]).exit_code == 0

    def test_yaml_is_read_as_kubectl_does(self, simulate: Simulate) -> None:
        data = "data: {date: 2024-01-01, time: 12:30:00, version: 1.2.3, 'no': 'yes'}\n"
        text = yaml.safe_dump({k: v for k, v in config_map().items() if k != "data"}) + data
        document = answered(simulate(text, object_sync("kube-public"), options=("-o", "json")))
        assert document["copies"][0]["data"] == {
            "date": "2024-01-01",
            "time": "12:30:00",
            "version": "1.2.3",
            "no": "yes",
        }

    def test_an_object_without_a_namespace_is_in_default_as_for_kubectl(self, simulate: Simulate) -> None:
        source, sync = config_map(), object_sync("kube-public")
        del source["metadata"]["namespace"], sync["metadata"]["namespace"]
        assert where(answered(simulate(source, sync, options=("-o", "json")))) == ["kube-public/settings"]

    def test_missing_namespaces_can_be_created(self, simulate: Simulate) -> None:
        given = (config_map("one"), object_sync("two", "*") | {"spec": object_sync("two")["spec"]})
        given[1]["spec"]["source"]["namespace"] = "one"
        document = answered(simulate(*given, options=("-o", "json", "--create-namespaces")))
        assert where(document) == ["two/settings"]

    def test_what_manifests_prints_may_be_in_the_input(self, simulate: Simulate) -> None:
        manifests = CliRunner().invoke(main, ["manifests", "--allow", "batch/jobs"]).stdout
        result = simulate(manifests, config_map(), object_sync("kube-public"))
        assert "KindNotAllowed" in result.stdout

    @pytest.mark.parametrize("conflict_policy", ["Overwrite", "Adopt"])
    def test_without_a_sync_policy_everything_is_permitted_conflict_policies_too(
        self, simulate: Simulate, conflict_policy: str
    ) -> None:
        sync = object_sync("team", "kube-public")
        sync["spec"]["source"]["namespace"] = "kube-system"
        sync["spec"]["conflictPolicy"] = conflict_policy
        given = (namespace("team"), config_map("kube-system"), config_map("team"), sync)
        document = answered(simulate(*given, options=("-o", "json")))
        assert where(document) == ["kube-public/settings", "team/settings"]
        (status,) = [item["status"] for item in document["objectSyncs"]]
        assert [(each["status"], each["reason"]) for each in status["conditions"]] == [("True", "Success")] * 2
        assert "conflictPolicy" not in str(status)

    def test_with_a_sync_policy_conflict_policies_must_be_permitted(self, simulate: Simulate) -> None:
        policy = {
            "apiVersion": "sync.rustrial.org/v1alpha1",
            "kind": "SyncPolicy",
            "metadata": {"name": "mine"},
            "spec": EVERYTHING,
        }
        sync = object_sync("team")
        sync["spec"]["conflictPolicy"] = "Overwrite"
        result = simulate(namespace("team"), config_map(), config_map("team"), policy, sync)
        assert "Conflict" in result.stdout
        assert result.exit_code == 1

    def test_sync_policies_are_obeyed(self, simulate: Simulate) -> None:
        policy = {
            "apiVersion": "sync.rustrial.org/v1alpha1",
            "kind": "SyncPolicy",
            "metadata": {"name": "mine"},
            "spec": {**EVERYTHING, "watchNamespaces": ["team"]},
        }
        result = simulate(policy, config_map(), object_sync("kube-public"))
        assert "NotWatched" in result.stdout
        assert result.exit_code == 1


class TestExports:
    """Objects as `kubectl get -o yaml` shows them."""

    def test_the_oldest_object_sync_keeps_a_destination(self, simulate: Simulate) -> None:
        old, new = "2020-01-01T00:00:00Z", "2025-01-01T00:00:00Z"
        syncs = [object_sync("kube-public", name="a", creationTimestamp=new)]
        syncs += [object_sync("kube-public", name="b", creationTimestamp=old, source="other")]
        other = config_map(name="other")
        for sync in syncs:
            sync["spec"]["destinations"][0]["name"] = "copy"
        document = answered(simulate(config_map(), other, *syncs, options=("-o", "json")))
        annotations = document["copies"][0]["metadata"]["annotations"]
        assert annotations["sync.rustrial.org/source-object"] == "default/other"

    def test_an_object_at_a_destination_keeps_its_owners(self, simulate: Simulate) -> None:
        owner = {"apiVersion": "v1", "kind": "Node", "name": "not-shown", "uid": "u", "controller": True}
        result = simulate(config_map(), config_map("kube-public", ownerReferences=[owner]), object_sync("kube-public"))
        assert "controlled by Node not-shown" in " ".join(result.stdout.split())

    def test_a_terminating_namespace_stays_so(self, simulate: Simulate) -> None:
        terminating = namespace("team", deletionTimestamp="2025-01-01T00:00:00Z")
        assert "NamespaceTerminating" in simulate(terminating, config_map(), object_sync("team")).stdout

    def test_what_came_out_may_go_in_again(self, simulate: Simulate) -> None:
        given = (namespace("team"), config_map(), object_sync("team", uid="5f9c"))
        first = answered(simulate(*given, options=("-o", "json")))
        exported = [*first["copies"], *first["objectSyncs"]]
        second = answered(simulate(*given[:2], *exported, options=("-o", "json")))
        for document in (first, second):
            assert [copy["data"] for copy in document["copies"]] == [{"k": "v"}]
            assert document["objectSyncs"][0]["status"]["copies"]["summary"] == "1/1"


def broken(path: str, value: object) -> Json:
    """An ObjectSync with one field set to nonsense."""
    sync = object_sync("kube-public")
    node: Json = sync
    *steps, last = path.split(".")
    for step in steps:
        node = node.setdefault(step, {})
    if value is None:
        del node[last]
    else:
        node[last] = value
    return sync


def definition(**spec: object) -> Json:
    names = {"kind": "Widget", "plural": "widgets"}
    versions = [{"name": "v1", "served": True, "storage": True}]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "names": names, "scope": "Namespaced", "versions": versions, **spec},
    }


BAD = [
    ("a: b: c", "stdin:1: column 5: not YAML: mapping values are not allowed in this context"),
    ("", "stdin: there is no object in it"),
    ("- a", "stdin:1: must be a Kubernetes object with apiVersion, kind and metadata"),
    ("{apiVersion: v1}", "stdin:1: kind: missing"),
    ("{kind: ConfigMap}", "stdin:1: apiVersion: missing"),
    ("{kind: ConfigMap, apiVersion: v1}", "stdin:1: metadata: missing"),
    ("kind: a\nkind: b", "stdin:2: kind: duplicate key, it is in line 1 too"),
    ({**config_map(), "kind": "Configmap"}, "kind: there is no Configmap in v1; did you mean ConfigMap?"),
    (
        {**config_map(), "kind": "CronJob", "apiVersion": "batch/v1beta1"},
        "apiVersion: there is no CronJob in batch/v1beta1; it is in batch/v1",
    ),
    (
        "namespace: *",
        "stdin:1: column 13: not YAML: did not find expected alphabetic or numeric character; a value "
        'that begins with * must be in quotes: "*"',
    ),
    (
        config_map("nowhere"),
        "stdin:7: ConfigMap nowhere/settings: metadata.namespace: there is no Namespace nowhere in the "
        "input; add it, or use --create-namespaces",
    ),
    (config_map(name="Upper"), 'ConfigMap default/Upper: metadata.name: Invalid value: "Upper"'),
    (config_map(name=""), "metadata.name: must not be empty"),
    ({**config_map(), "metadata": {}}, "metadata.name: missing: Every object has a name"),
    (config_map(labels={"a": 1}), "metadata.labels.a: must be a string, is a number; put it in quotes"),
    (config_map(labels={"a": "ends-"}), 'metadata.labels: Invalid value: "ends-"'),
    (config_map(creationTimestamp="yesterday"), "metadata.creationTimestamp: must match"),
    (config_map(creationTimestamp="2024-13-01T00:00:00Z"), "metadata.creationTimestamp: no such date"),
    ({**config_map(), "data": {"port": 80}}, "data.port: must be a string, is a number; put it in quotes"),
    (
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}},
        "Service default/s: spec: missing",
    ),
    (broken("spec", "x"), "ObjectSync default/sync: spec: must be a map, is a string"),
    (broken("spec.destinations", None), "spec.destinations: missing: Where copies go"),
    (broken("spec.source.kind", None), "spec.source.kind: missing: Kind, as in a manifest, for example ConfigMap"),
    (broken("spec.source.kind", 5), "spec.source.kind: must be a string, is a number; put it in quotes"),
    (broken("spec.source.knid", "x"), "spec.source.knid: unknown field; did you mean kind?"),
    (broken("spec.source", []), "spec.source: must be a map, is a list"),
    (broken("spec.destinations", [{"namespace": "a", "strategy": "aply"}]), "spec.destinations[0].strategy: must be"),
    (broken("spec.destinations", ["a"]), "spec.destinations[0]: must be a map, is a string"),
    (broken("spec.destinations", [None]), "spec.destinations[0]: is empty"),
    (
        broken("spec.destinations", [{"name": "a"}]),
        "spec.destinations[0]: give either namespace or namespaceSelector",
    ),
    (
        broken("spec.destinations", [{"namespace": "a"}, {"namespace": "*", "namespaceSelector": {}}]),
        "spec.destinations[1]: give either namespace or namespaceSelector",
    ),
    (
        broken("spec.copy", {"labels": {"set": {"sync.rustrial.org/slice": "x"}}}),
        "spec.copy.labels.set: sync.rustrial.org/slice is set by Object Syncer",
    ),
    (
        broken("spec.destinations", [{"namespace": "a", "copy": {"patches": [{"op": "move", "path": "/data/k"}]}}]),
        "spec.destinations[0].copy.patches[0]: from is for move and copy, which need it",
    ),
    (broken("spec.destinations", [{"namespace": "a-[b"}]), "spec.destinations[0].namespace: must match"),
    (
        broken("spec.destinations", [{"namespace": "*", "name": "{source.uid}"}]),
        "spec.destinations[0].name: {source.uid} is no variable; there are {source.name}",
    ),
    (
        broken(
            "spec.destinations",
            [{"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": []}]}}],
        ),
        "spec.destinations[0].namespaceSelector.matchExpressions[0]: In and NotIn need values",
    ),
    (
        {
            "apiVersion": "sync.rustrial.org/v1alpha1",
            "kind": "SyncPolicy",
            "metadata": {"name": "p"},
            "spec": {
                **EVERYTHING,
                "targetNamespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
            },
        },
        "SyncPolicy p: spec.targetNamespaceSelector.matchExpressions[0]: In and NotIn need values",
    ),
    (broken("spec.conflictPolicy", "Never"), "spec.conflictPolicy: must be one of Fail, Adopt, Overwrite"),
    (
        {
            "apiVersion": "sync.rustrial.org/v1alpha1",
            "kind": "SyncPolicy",
            "metadata": {"name": "p"},
            "spec": {**EVERYTHING, "watchNamespaces": "*"},
        },
        "SyncPolicy p: spec.watchNamespaces: must be a list, is a string",
    ),
    (
        {
            "apiVersion": "sync.rustrial.org/v1alpha1",
            "kind": "SyncPolicy",
            "metadata": {"name": "p"},
            "spec": {key: value for key, value in EVERYTHING.items() if key != "targetNamespaces"},
        },
        "SyncPolicy p: spec.targetNamespaces: missing: Namespaces that objects may be copied to",
    ),
    (
        {
            "apiVersion": "sync.rustrial.org/v1alpha1",
            "kind": "SyncPolicy",
            "metadata": {"name": "p"},
            "spec": {**EVERYTHING, "allowedResources": []},
        },
        "SyncPolicy p: spec.allowedResources: has 0 items, must have 1",
    ),
    (definition(versions=[]), "spec.versions: has 0 items, must have 1"),
    (definition(scope="Everywhere"), "spec.scope: must be one of Namespaced, Cluster"),
    (definition(group="other.com"), "metadata.name: must be widgets.other.com"),
]


class TestBadInput:
    @pytest.mark.parametrize(("given", "says"), BAD, ids=[says for _, says in BAD])
    def test_is_reported_in_one_line_with_its_place(self, simulate: Simulate, given: Json | str, says: str) -> None:
        result = simulate(given)
        assert says in result.stderr
        assert result.stderr.startswith("Error: stdin")
        assert result.stderr.count("\n") == 1
        assert (result.exit_code, result.stdout) == (2, "")

    def test_names_the_line_of_a_field_in_a_list(self, simulate: Simulate) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": [config_map(), broken("spec.destinations", None)]}
        result = simulate(namespace("a"), listed)
        text = "---\n".join(map(yaml.safe_dump, (namespace("a"), listed)))
        line = text[: text.rindex("spec:")].count("\n") + 1
        assert f"Error: stdin:{line}: ObjectSync default/sync: spec.destinations: missing" in result.stderr

    def test_names_the_line_of_json_too(self, simulate: Simulate) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": [config_map(), broken("spec.source.kind", 5)]}
        text = orjson.dumps(listed, option=orjson.OPT_INDENT_2).decode()
        line = text[: text.rindex('"kind": 5')].count("\n") + 1
        assert f"Error: stdin:{line}: ObjectSync default/sync: spec.source.kind:" in simulate(text).stderr

    def test_is_reported_all_at_once(self, simulate: Simulate) -> None:
        wrong = broken("spec.source.knid", "x")
        del wrong["spec"]["source"]["kind"]
        result = simulate(config_map(labels={"a": 1}), wrong, config_map("nowhere"), config_map("nowhere", name="b"))
        assert [line.partition(": ")[2].partition(": ")[2] for line in result.stderr.splitlines()] == [
            "ConfigMap default/settings: metadata.labels.a: must be a string, is a number; put it in quotes",
            "ObjectSync default/sync: spec.source.kind: missing: Kind, as in a manifest, for example ConfigMap",
            "ObjectSync default/sync: spec.source.knid: unknown field; did you mean kind?",
            "ConfigMap nowhere/settings: metadata.namespace: there is no Namespace nowhere in the input (1 more "
            "object is in it); add it, or use --create-namespaces",
        ]
        assert result.exit_code == 2

    def test_one_object_twice(self, simulate: Simulate) -> None:
        other = {**config_map(), "data": {"k": "other"}}
        result = simulate(config_map(), namespace("a"), other)
        assert "ConfigMap default/settings: metadata.name: the same object with other contents is in" in result.stderr
        assert "stdin:1; remove one of them" in result.stderr

    def test_one_object_twice_with_the_same_contents_is_accepted(self, simulate: Simulate) -> None:
        assert simulate(config_map(), config_map(), object_sync("kube-public")).exit_code == 0

    @pytest.mark.parametrize(
        ("content", "says"),
        [(None, "no such file"), (b"\xff\xfe", ":1: is not UTF-8"), ("folder", "no YAML or JSON file")],
    )
    def test_a_file_that_cannot_be_read(self, tmp_path: Path, content: bytes | str | None, says: str) -> None:
        path = tmp_path / "given.yaml"
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content:
            path.mkdir()
        result = CliRunner().invoke(main, ["simulate", str(path)])
        assert says in result.stderr
        assert result.stderr.startswith(f"Error: {path}:")
        assert result.exit_code == 2

    @pytest.mark.parametrize(
        "wrong",
        [
            "data: {password: *hunter2}",
            "data: {password: !hunter2 x}",
            "data: {password: 'hunter2}",
            'data: {password: "hunter2 \\ud800"}',
            "data: {password: [hunter2]}",
            "data: hunter2",
            "stringData: [hunter2]",
            "type: [hunter2]",
            "spec: hunter2",
            "immutable: hunter2",
            "data: {password: hunter2}\ndata: {password: hunter2}",
        ],
    )
    def test_never_quotes_a_secret(self, simulate: Simulate, wrong: str) -> None:
        result = simulate(f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{wrong}\n")
        assert "hunter2" not in result.output
        assert result.exit_code == 2


def test_a_loop_is_reported_with_what_there_is(simulate: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_STEPS", 3)
    monkeypatch.setattr(trial, "_STEPS_PER_OBJECT", 0)
    result = simulate(config_map(), object_sync("kube-public"), options=("-o", "json"))
    assert result.stderr.startswith("Loop: not at rest after 3 steps")
    assert answered(result)["loop"].startswith("not at rest")
    assert result.exit_code == 1


def test_a_defect_of_ours_is_reported_by_its_place(simulate: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("hunter2")

    monkeypatch.setattr(trial, "run", fail)
    result = simulate(config_map())
    assert "a defect of Object Syncer, please report it: KeyError at test_simulate.py" in result.stderr
    assert "hunter2" not in result.output


def test_serve_starts_without_the_simulation() -> None:
    code = "import sys, object_syncer.cli, object_syncer.web.gunicorn; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    assert not [name for name in loaded if name.startswith(("memcluster", "object_syncer.rehearsal"))]
