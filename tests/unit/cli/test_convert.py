"""`object-syncer convert`: ObjectSyncs in place of what other tools are asked to copy."""

from dataclasses import dataclass, field

import pytest
import yaml
from click.testing import Result

from object_syncer.kube.meta import Json
from specification import cases
from unit.cli.given import config_map, namespace, object_sync, run, secret

REPLICATOR, REFLECTOR = "replicator.v1.mittwald.de/", "reflector.v1.k8s.emberstack.com/"
SPACES = (namespace("app-1", labels={"team": "a"}), namespace("app-2"), namespace("web"))


def annotated(obj: Json, prefix: str, **annotations: str) -> Json:
    notes = {f"{prefix}{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {**obj, "metadata": {**obj["metadata"], "annotations": notes}}


def pushed(**annotations: str) -> Json:
    return annotated(config_map(), REPLICATOR, **annotations)


def reflected(**annotations: str) -> Json:
    return annotated(config_map(), REFLECTOR, reflection_allowed="true", **annotations)


def cluster_secret(**fields: object) -> Json:
    data = {"valueFrom": {"secretKeyRef": {"namespace": "default", "name": "settings"}}}
    meta = {"name": "global"}
    return {"apiVersion": "clustersecret.io/v2", "kind": "ClusterSecret", "metadata": meta, "data": data, **fields}


def converted(result: Result) -> list[Json]:
    return [item for item in yaml.safe_load_all(result.stdout) if item]


def convert(*given: Json) -> Result:
    return run("convert", "-", given=(*SPACES, *given))


@dataclass(frozen=True)
class Asked:
    reason: str
    given: tuple[Json, ...]
    destinations: list[Json]
    unsaid: list[str] = field(default_factory=list)


@cases(
    Asked(
        "replicator: names and patterns",
        (pushed(replicate_to="web,app-.*"),),
        [{"namespace": "web"}, {"namespace": "app-*"}],
    ),
    Asked(
        "replicator: a label selector",
        (pushed(replicate_to_matching="team=a,!old"),),
        [
            {
                "namespaceSelector": {
                    "matchLabels": {"team": "a"},
                    "matchExpressions": [{"key": "old", "operator": "DoesNotExist"}],
                }
            }
        ],
    ),
    Asked(
        "replicator: a pattern that is no glob names the namespaces that there are",
        (pushed(replicate_to="app-[0-9]+,web"),),
        [{"namespace": "web"}, {"namespace": "app-1"}, {"namespace": "app-2"}],
        ["no glob or selector means app-[0-9]+; those in the input that match are named: app-1, app-2"],
    ),
    Asked(
        "replicator: what has no counterpart",
        (pushed(replicate_to="web", strip_labels="true", keep_owner_references="true"),),
        [{"namespace": "web"}],
        ["strip-labels: set spec.copy.labels.exclude to ['*']", "keep-owner-references: copies never have the owners"],
    ),
    Asked(
        "replicator: an object that is to be a copy",
        (
            pushed(replication_allowed="true", replication_allowed_namespaces="app-.*"),
            annotated(config_map("app-1", "mine"), REPLICATOR, replicate_from="default/settings"),
        ),
        [{"namespace": "app-1", "name": "mine"}],
    ),
    Asked(
        "reflector: every namespace",
        (reflected(reflection_auto_enabled="true"),),
        [{"namespace": "*"}],
    ),
    Asked(
        "reflector: patterns for what is allowed and what is automatic, the same",
        (
            reflected(
                reflection_auto_enabled="true",
                reflection_allowed_namespaces="app-.*",
                reflection_auto_namespaces="app-.*",
            ),
        ),
        [{"namespace": "app-*"}],
    ),
    Asked(
        "reflector: the namespaces that both match",
        (
            reflected(
                reflection_auto_enabled="true",
                reflection_allowed_namespaces="app-.*",
                reflection_auto_namespaces_selector="team=a",
            ),
        ),
        [{"namespace": "app-1"}],
        ["no glob or selector means app-.* and team=a; those in the input that match are named: app-1"],
    ),
    Asked(
        "reflector: a mirror",
        (reflected(), annotated(config_map("web"), REFLECTOR, reflects="default/settings")),
        [{"namespace": "web"}],
    ),
    Asked(
        "ClusterSecret: patterns match the beginning of names, and some namespaces are avoided",
        (secret(), cluster_secret(matchNamespace=["app"], avoidNamespaces=["app-2"])),
        [{"namespace": "app*", "exclude": ["app-2*"], "name": "global"}],
    ),
    Asked(
        "ClusterSecret: values of its own need a source",
        (cluster_secret(data={"password": "aHVudGVyMg=="}),),
        [{"namespace": "*"}],
        ["data: an ObjectSync needs a source: put the values into a Secret default/global"],
    ),
)
def test_what_is_asked_of_other_tools(case: Asked) -> None:
    result = convert(*case.given)
    (found,) = converted(result)
    assert found["spec"]["destinations"] == case.destinations
    assert found["spec"]["conflictPolicy"] == "Adopt"
    said = [line for line in result.stderr.splitlines() if line.startswith("Not said: ")]
    assert len(said) == len(case.unsaid), said
    for words, line in zip(case.unsaid, said, strict=True):
        assert words in line
        assert ":" in line.removeprefix("Not said: stdin:"), "with its place"
    assert "aHVudGVyMg==" not in result.output


@dataclass(frozen=True)
class NotInForce:
    reason: str
    given: tuple[Json, ...]
    says: str


@cases(
    NotInForce(
        "reflection is not allowed",
        (annotated(config_map(), REFLECTOR, reflection_auto_enabled="true"),),
        "not in force, because reflection-allowed is not true",
    ),
    NotInForce(
        "the source does not allow the namespace",
        (
            pushed(replication_allowed="true", replication_allowed_namespaces="app-.*"),
            annotated(config_map("web"), REPLICATOR, replicate_from="default/settings"),
        ),
        "not in force: default/settings does not allow web",
    ),
    NotInForce(
        "the source allows nothing",
        (config_map(), annotated(config_map("web"), REPLICATOR, replicate_from="default/settings")),
        "not in force: default/settings does not allow it",
    ),
    NotInForce(
        "a pattern is none", (pushed(replicate_to="web("),), "cannot be read: missing ), unterminated subpattern"
    ),
    NotInForce("a selector is none", (pushed(replicate_to_matching="a b"),), "'a b' is no label selector"),
)
def test_what_is_not_in_force_becomes_no_object_sync(case: NotInForce) -> None:
    result = convert(*case.given)
    assert converted(result) == []
    assert case.says in result.stderr
    assert result.exit_code == 1


def test_several_who_ask_for_copies_of_one_object_become_one_object_sync() -> None:
    result = convert(
        annotated(secret(), REFLECTOR, reflection_allowed="true", reflection_auto_enabled="true"),
        annotated(secret("web", "mine"), REFLECTOR, reflects="default/settings"),
        pushed(replicate_to="web"),
    )
    found = {item["metadata"]["name"]: item["spec"] for item in converted(result)}
    assert [entry["namespace"] for entry in found["settings"]["destinations"]] == ["*", "web"]
    assert found["settings-configmap"]["source"] == {"group": "", "kind": "ConfigMap", "name": "settings"}


def test_an_object_sync_that_there_is_keeps_its_name() -> None:
    result = convert(pushed(replicate_to="web"), object_sync("app-1", name="settings"))
    assert [item["metadata"]["name"] for item in converted(result)] == ["settings-configmap"]


def test_copies_do_not_tell_the_other_tool_to_copy_them() -> None:
    (found,) = converted(convert(pushed(replicate_to="web")))
    assert found["spec"]["copy"] == {"annotations": {"exclude": ["replicator.v1.mittwald.de/*"]}}


def test_a_cluster_secret_may_take_some_keys_only() -> None:
    data = {"valueFrom": {"secretKeyRef": {"namespace": "default", "name": "settings", "keys": ["a"]}}}
    (found,) = converted(convert(secret(a="YQ==", b="Yg=="), cluster_secret(data=data)))
    assert found["spec"]["copy"]["data"] == {"include": ["a"]}


class TestCopiesThatLive:
    def copy(self, place: str, **data: str) -> Json:
        marks = {"auto_reflects": "True", "reflects": "default/settings", "reflected_version": "7"}
        return annotated(config_map(place, data=dict(data)), REFLECTOR, **marks)

    def test_one_that_equals_its_source_is_taken_over(self) -> None:
        result = convert(reflected(reflection_auto_enabled="true"), self.copy("web", k="v"))
        assert "1 ObjectSyncs; of 1 copies 1 are taken over as they are" in result.stderr
        assert result.exit_code == 0

    def test_one_that_differs_is_left_alone(self) -> None:
        result = convert(reflected(reflection_auto_enabled="true"), self.copy("web", k="old"))
        assert "Copy ConfigMap web/settings: it differs from its source and is left alone" in result.stderr
        assert result.exit_code == 1

    def test_one_that_no_object_sync_copies_is_named(self) -> None:
        given = (
            reflected(reflection_auto_enabled="true", reflection_auto_namespaces="app-.*"),
            self.copy("web", k="v"),
        )
        assert "Copy ConfigMap web/settings: no ObjectSync copies there" in convert(*given).stderr

    def test_values_of_secrets_are_not_shown(self) -> None:
        source = annotated(
            secret(password="aHVudGVyMg=="), REFLECTOR, reflection_allowed="true", reflection_auto_enabled="true"
        )
        other = annotated(secret("web", password="b3RoZXI="), REFLECTOR, reflects="default/settings")
        result = convert(source, other)
        assert "Copy Secret web/settings: it differs" in result.stderr
        assert not any(value in result.output for value in ("aHVudGVyMg==", "b3RoZXI="))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (cluster_secret(matchNamespace="app"), "ClusterSecret global: matchNamespace: must be a list, is a string"),
        (cluster_secret(data=["x"]), "ClusterSecret global: data: must be a map, is a list"),
        (
            cluster_secret(data={"valueFrom": {"secretKeyRef": {"name": 5}}}),
            "data.valueFrom.secretKeyRef.name: must be a string, is a number",
        ),
        (
            annotated(config_map(), REPLICATOR, replicate_to=5),  # type: ignore[arg-type]
            "metadata.annotations[replicator.v1.mittwald.de/replicate-to]: must be a string, is a number",
        ),
        ({**config_map(), "metadata": None}, "metadata: missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_used_is_reported_with_its_place(given: Json, says: str) -> None:
    result = convert(given)
    assert says in result.stderr
    assert result.stderr.startswith("Error: stdin:")
    assert result.exit_code == 2


def test_annotations_on_kinds_that_the_other_tool_does_not_copy_mean_nothing() -> None:
    other = {**pushed(replicate_to="web"), "apiVersion": "example.com/v1", "kind": "Widget"}
    assert converted(convert(other)) == []


def test_nothing_to_convert_is_said() -> None:
    result = convert(config_map())
    assert (result.stdout, result.exit_code) == ("", 1)
    assert "0 ObjectSyncs" in result.stderr


def test_what_it_prints_can_be_simulated() -> None:
    printed = convert(pushed(replicate_to="web,app-.*"))
    result = run("simulate", "-", given=(*SPACES, config_map(), *converted(printed)))
    assert result.exit_code == 0, result.output
