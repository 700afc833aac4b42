"""`object-syncer explain`: from a copy, or one that is not there, back to the rule that decided it."""

from dataclasses import dataclass, field

import pytest
from click.testing import Result

from object_syncer.kube.meta import Json
from specification import cases
from unit.cli.given import config_map, namespace, object_sync, policy, run, secret


def explain(*words: str, given: tuple[Json, ...]) -> Result:
    return run("explain", *words, "-", given=given)


def said(result: Result) -> str:
    """Return the output with its white space made single."""
    return " ".join(result.stdout.split())


TEAMS = (namespace("team-a"), namespace("team-b"))


def test_a_copy_is_followed_from_its_source_to_what_it_looks_like() -> None:
    result = explain("team-a/settings", given=(*TEAMS, config_map(), object_sync("team-a")))
    assert result.stdout.splitlines()[0] == "ConfigMap team-a/settings: Synced"
    words = said(result)
    assert "Source ConfigMap default/settings (stdin:11)" in words
    assert "ObjectSync default/sync (stdin:19): 1 out of 1 destinations are in sync" in words
    assert "SyncPolicy default serves it" in words
    assert 'Namespace spec.destinations[0] {"namespace":"team-a"}' in words
    assert "The copy would be: apiVersion: v1 kind: ConfigMap" in words
    assert "sync.rustrial.org/source-object: default/settings" in words
    assert result.exit_code == 0


@dataclass(frozen=True)
class Missing:
    reason: str
    says: str
    sync: Json
    others: tuple[Json, ...] = ()
    place: str = "team-a/settings"
    words: tuple[str, ...] = field(default=())


@cases(
    Missing(
        "the policy takes the namespace out of a wildcard",
        'team-a: spec.destinations[0] {"namespace":"*"} selects it, but targetNamespaces of SyncPolicy default does '
        "not contain team-a",
        object_sync("*"),
        (policy(targetNamespaces=["team-b"]),),
    ),
    Missing(
        "the policy's selector does not match the namespace",
        "targetNamespaceSelector of SyncPolicy default does not match team-a",
        object_sync("*"),
        (policy(targetNamespaceSelector={"matchLabels": {"tier": "web"}}),),
    ),
    Missing(
        "a glob excludes the namespace",
        'spec.destinations[0] {"exclude":["team-a"],"namespace":"team-*"} takes it out by its exclude',
        object_sync({"namespace": "team-*", "exclude": ["team-a"]}),
    ),
    Missing(
        "the namespace wants no copies",
        "namespace team-c wants no copies of this ObjectSync: see its label or annotation sync.rustrial.org/exclude",
        object_sync({"namespaceSelector": {"matchLabels": {"tier": "web"}}}),
        (namespace("team-c", labels={"tier": "web", "sync.rustrial.org/exclude": "true"}),),
        "team-c/settings",
    ),
    Missing(
        "a selector does not match the namespace",
        "team-a: no item of spec.destinations selects it",
        object_sync({"namespaceSelector": {"matchLabels": {"tier": "web"}}}),
    ),
    Missing("no item names the namespace", "team-a: no item of spec.destinations selects it", object_sync("team-b")),
    Missing(
        "the namespace is being deleted",
        "namespace team-c is being deleted",
        object_sync("*"),
        (namespace("team-c", deletionTimestamp="2025-01-01T00:00:00Z"),),
        "team-c/settings",
    ),
    Missing(
        "the namespace is misspelt",
        "there is no Namespace taem-a in the input; did you mean team-a?",
        object_sync("*"),
        place="taem-a/settings",
    ),
    Missing(
        "the name is misspelt",
        "none makes copies of this kind named setings; did you mean settings?",
        object_sync("*"),
        place="team-a/setings",
    ),
    Missing(
        "the copy has another name",
        "none makes copies of this kind named settings; did you mean settings-2?",
        object_sync({"namespace": "*", "name": "settings-2"}),
    ),
    Missing(
        "no policy watches the ObjectSync",
        "SyncPolicy default does not watch namespace default",
        object_sync("*"),
        (policy(watchNamespaces=["team-b"]),),
    ),
    Missing(
        "the policy does not allow the kind",
        "default refuses: spec.source.kind: configmaps is not in allowedResources of SyncPolicy default",
        object_sync("*"),
        (policy(allowedResources=[{"apiGroups": [""], "resources": ["secrets"]}]),),
    ),
    Missing("the kind is unknown", "Deployment is in group apps", object_sync("*", source={"kind": "Deployment"})),
    Missing(
        "it is the source",
        "it is the source of ObjectSync default/sync, not a copy",
        object_sync("*"),
        place="default/settings",
    ),
)
def test_a_copy_that_is_not_there_is_explained(case: Missing) -> None:
    result = explain(*case.words, case.place, given=(*TEAMS, config_map(), case.sync, *case.others))
    assert case.says in said(result)
    assert f"{case.place}: there is no copy" in result.stdout
    assert result.exit_code == 1


def test_an_object_in_the_way_is_named_with_what_the_copy_would_be_and_change() -> None:
    foreign = config_map("team-a", data={"k": "old", "gone": "x"})
    result = explain("configmap", "team-a/settings", given=(*TEAMS, config_map(), foreign, object_sync("team-a")))
    words = said(result)
    assert "ConfigMap team-a/settings: Conflict" in result.stdout
    assert "it was not created for this ObjectSync and is left alone" in words
    assert "The copy, if it were not for what is there, would be:" in words
    assert '- data.gone: "x"' in result.stdout
    assert '~ data.k: "old" -> "v"' in result.stdout
    assert result.exit_code == 1


def test_an_older_object_sync_that_has_the_destination_is_named() -> None:
    other = object_sync("team-a", name="older")
    other["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    result = explain("team-a/settings", given=(*TEAMS, config_map(), other, object_sync("team-a")))
    assert "ObjectSync default/older is older and already copies to team-a/settings" in said(result)
    assert result.exit_code == 1


def test_the_api_servers_words_are_quoted() -> None:
    sync = object_sync({"namespace": "team-a", "name": "Upper"})
    result = explain("team-a/Upper", given=(*TEAMS, config_map(), sync))
    assert "The API server says: ConfigMap" in said(result)
    assert "must consist of lower case alphanumeric characters" in said(result)
    assert result.exit_code == 1


def test_what_the_cluster_says_is_quoted_from_a_dump() -> None:
    live = object_sync("team-a")
    live["status"] = {
        "conditions": [
            {"type": "Ready", "status": "True", "reason": "Success", "message": "m"},
            {"type": "InSync", "status": "False", "reason": "Rejected", "message": "0 out of 1"},
        ],
        "destinations": [
            {
                "namespace": "team-a",
                "name": "settings",
                "state": "Failed",
                "reason": "Rejected",
                "message": "see events",
            }
        ],
    }
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": "default", "name": "e"},
        "involvedObject": {"kind": "SyncSlice", "name": "s"},
        "message": "can't apply ConfigMap team-a/settings: exceeded quota",
    }
    words = said(explain("team-a/settings", given=(*TEAMS, config_map(), live, event)))
    assert "In the cluster Rejected: 0 out of 1" in words
    assert "In the cluster Failed: Rejected: see events" in words
    assert "Event can't apply ConfigMap team-a/settings: exceeded quota" in words


def test_values_of_secrets_are_not_shown() -> None:
    sync = object_sync("team-a", source={"kind": "Secret"})
    given = (*TEAMS, secret(password="aHVudGVyMg=="), secret("team-a", password="b3RoZXI="), sync)
    result = explain("team-a/settings", given=given)
    assert "~ data.password: *** -> ***" in result.stdout
    assert not any(value in result.output for value in ("aHVudGVyMg==", "b3RoZXI="))
    shown = run("explain", "team-a/settings", "-", "--show-secrets", given=given)
    assert '~ data.password: "b3RoZXI=" -> "aHVudGVyMg=="' in shown.stdout


class TestObjectSync:
    def test_every_namespace_is_named_with_the_reason(self) -> None:
        sync = object_sync("team-b", "*", "gone")
        targets = policy(targetNamespaces=["team-a", "team-b", "gone", "default"])
        given = (*TEAMS, namespace("web"), config_map(), config_map("team-b"), sync, targets)
        result = explain("ObjectSync", "default/sync", given=given)
        lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
        assert lines[0] == "ObjectSync default/sync"
        assert 'team-a settings Synced spec.destinations[1] {"namespace":"*"}' in lines
        assert 'team-b settings Conflict spec.destinations[0] {"namespace":"team-b"}' in lines
        assert 'gone settings Pending: NamespaceNotFound spec.destinations[2] {"namespace":"gone"}' in lines
        assert "default settings no copy the source itself is no destination" in lines
        below = lines[lines.index("web settings no copy see below") + 1]
        assert below.startswith('spec.destinations[1] {"namespace":"*"} selects it, but targetNamespaces of SyncPolicy')
        assert result.exit_code == 1

    def test_namespaces_that_nothing_selects_are_listed(self) -> None:
        result = explain("default/sync", given=(*TEAMS, config_map(), object_sync("team-a")))
        assert (
            "Not selected by any item of spec.destinations: default, kube-node-lease, kube-public, kube-system, team-b"
            in (said(result))
        )
        assert result.exit_code == 0

    @pytest.mark.parametrize("kind", ["objectsync", "objectsyncs", "osync", "ObjectSync"])
    def test_the_kind_may_be_written_as_for_kubectl(self, kind: str) -> None:
        result = explain(kind, "default/sync", given=(*TEAMS, config_map(), object_sync("team-a")))
        assert result.stdout.startswith("ObjectSync default/sync\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["settings", "-"], "'-' is not NAMESPACE/NAME, for example team-a/settings"),
        (["team-a/settings"], "no FILE, DIR or --context is given"),
        (["configmap"], "'configmap' is not NAMESPACE/NAME"),
        (["a/b/c", "-"], "'a/b/c' is not NAMESPACE/NAME"),
    ],
)
def test_wrong_words_are_reported(words: list[str], says: str) -> None:
    result = run("explain", *words)
    assert says in " ".join(result.stderr.split())
    assert result.exit_code == 2
