"""`object-syncer manifests`: what an installation consists of, and the options that narrow it."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from object_syncer import __version__
from object_syncer.cli import main
from object_syncer.installation import DEFAULT_HOOKS_URL
from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.routes import HEARTBEAT, ROUTES
from specification import cases

DEFINITIONS = Path(__file__).parents[3] / "metacontroller"
ALL = {
    "watchNamespaces": ["*"],
    "sourceNamespaces": ["*"],
    "targetNamespaces": ["*"],
    "allowedResources": [{"apiGroups": ["*"], "resources": ["*"]}],
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["manifests", *arguments])


@functools.cache
def documents(*arguments: str) -> tuple[Json, ...]:
    """Return what is printed; never change it."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    found = tuple(yaml.safe_load_all(result.output))
    assert all(found), "no document is empty"
    return found


def names(*arguments: str) -> list[str]:
    return [f"{document['kind']}/{document['metadata']['name']}" for document in documents(*arguments)]


CRDS = [
    "CustomResourceDefinition/objectsyncs.sync.rustrial.org",
    "CustomResourceDefinition/syncpolicies.sync.rustrial.org",
    "CustomResourceDefinition/syncslices.sync.rustrial.org",
]


def test_everything_is_printed_in_the_order_in_which_it_is_to_be_applied() -> None:
    printed = names()
    assert printed[:3] == CRDS
    assert printed[-4:] == [
        "CompositeController/sync-policies",
        "DecoratorController/object-syncs",
        "DecoratorController/sync-policies-heartbeat",
        "SyncPolicy/default",
    ]
    assert f"ValidatingAdmissionPolicyBinding/{api.GUARD}" in printed
    assert len(printed) == len(set(printed))


def test_crds_can_be_applied_first_and_the_rest_once_they_are_established() -> None:
    assert names("--crds-only") == CRDS
    assert names("--crds-only") + names("--no-crds") == names()


def test_what_is_printed_is_what_the_folder_has_for_kubectl() -> None:
    def folder(path: Path) -> list[Json]:
        resources = yaml.safe_load((path / "kustomization.yaml").read_text())["resources"]
        found: list[Json] = []
        for resource in resources:
            here = path / resource
            found += folder(here) if here.is_dir() else list(yaml.safe_load_all(here.read_text()))
        return found

    def in_order(found: Iterable[Json]) -> list[Json]:
        return sorted(found, key=lambda document: (document["kind"], document["metadata"]["name"]))

    assert in_order(documents("--crds-only")) == in_order(folder(DEFINITIONS / "crds"))
    assert in_order(documents("--no-crds")) == in_order(folder(DEFINITIONS))


def test_the_default_policy_allows_all() -> None:
    spec = documents()[-1]["spec"]
    assert {key: spec[key] for key in ALL} == ALL


@dataclass(frozen=True)
class Narrowed:
    reason: str
    arguments: list[str]
    spec: Json
    """What differs from ALL."""


@cases(
    Narrowed("ObjectSyncs of one namespace", ["--watch-namespace", "team"], {"watchNamespaces": ["team"]}),
    Narrowed(
        "sources in two namespaces",
        ["--source-namespace", "a", "--source-namespace", "b"],
        {"sourceNamespaces": ["a", "b"]},
    ),
    Narrowed("targets in one namespace", ["--target-namespace", "a"], {"targetNamespaces": ["a"]}),
    Narrowed(
        "a resource of the core group",
        ["--allow", "/configmaps"],
        {"allowedResources": [{"apiGroups": [""], "resources": ["configmaps"]}]},
    ),
    Narrowed(
        "resources of several groups",
        ["--allow", "batch/cronjobs", "--allow", "example.com/*"],
        {
            "allowedResources": [
                {"apiGroups": ["batch"], "resources": ["cronjobs"]},
                {"apiGroups": ["example.com"], "resources": ["*"]},
            ]
        },
    ),
    Narrowed("globs", ["--watch-namespace", "team-*"], {"watchNamespaces": ["team-*"]}),
    Narrowed("sources in an ObjectSync's own namespace", ["--source-namespace", "."], {"sourceNamespaces": ["."]}),
    Narrowed("targets in an ObjectSync's own namespace", ["--target-namespace", "."], {"targetNamespaces": ["."]}),
    Narrowed("transforms", ["--transform", "set"], {"transforms": ["set"]}),
    Narrowed("a star is all", ["--watch-namespace", "*", "--allow", "*/*"], {}),
)
def test_the_policy_is_narrowed(case: Narrowed) -> None:
    spec = documents(*case.arguments)[-1]["spec"]
    assert {**{key: spec[key] for key in ALL}, **spec} == {**ALL, **case.spec}


def urls(*arguments: str) -> set[str]:
    return {
        hook["webhook"]["url"]
        for document in documents("--no-crds", *arguments)
        if document["kind"] in ("CompositeController", "DecoratorController")
        for hook in document["spec"]["hooks"].values()
    }


def test_hooks_are_where_the_chart_installs_them_unless_a_url_is_given() -> None:
    assert {url.split("/v1/")[0] for url in urls()} == {DEFAULT_HOOKS_URL}
    for given in ("https://hooks.example:8443", "http://[fd00::1]:8080", "http://127.0.0.1:1/"):
        assert {url.split("/v1/")[0] for url in urls("--hooks-url", given)} == {given.rstrip("/")}


def test_the_controllers_call_the_hooks_that_exist_and_name_the_release() -> None:
    asked = {"/" + url.split("/", 3)[3] for url in urls()}
    generated = ("/v1/slice/", "/v1/stall/")
    served = {HEARTBEAT, *(path for path in ROUTES if not path.startswith(generated))}
    assert asked == {f"{path}?release={__version__}" for path in served}, "else an upgrade would not restart them"


def test_every_hook_is_of_version_two_because_only_that_names_objects_of_other_namespaces() -> None:
    hooks = [
        hook
        for document in documents("--no-crds")
        if "hooks" in document.get("spec", {})
        for hook in document["spec"]["hooks"].values()
    ]
    assert [hook["version"] for hook in hooks] == ["v2"] * 6


def test_the_guard_looks_at_the_engines_user() -> None:
    assert api.ENGINE_USER in run().output
    output = run("--engine-user", "system:serviceaccount:tools:engine").output
    assert "system:serviceaccount:tools:engine" in output
    assert api.ENGINE_USER not in output


def test_trusted_users_are_in_the_rules_about_marks_and_in_no_other() -> None:
    users = ["system:serviceaccount:velero:velero", "restore"]
    output = run("--trusted-user", users[0], "--trusted-user", users[1]).output
    told = [item["metadata"]["name"] for item in yaml.safe_load_all(output) if users[0] in str(item)]
    assert told == ["object-syncer-marks", "object-syncer-owners"]
    assert output.count(f"in ['system:kube-controller-manager', '{users[0]}', '{users[1]}']") == 2


@dataclass(frozen=True)
class Wrong:
    reason: str
    arguments: list[str]
    says: str


@cases(
    Wrong("an option that is none", ["--wach-namespace", "a"], "No such option '--wach-namespace'"),
    Wrong("an argument that is none", ["everything"], "unexpected extra argument (everything)"),
    Wrong(
        "nothing would be left",
        ["--crds-only", "--no-crds"],
        "--crds-only and --no-crds leave nothing to print",
    ),
    Wrong("a namespace in capitals", ["--watch-namespace", "Team"], "'Team' is not a namespace"),
    Wrong("an empty namespace", ["--source-namespace", ""], "'' is not a namespace"),
    Wrong("a namespace that ends in a dash", ["--target-namespace", "a-"], "'a-' is not a namespace"),
    Wrong("a namespace that is too long", ["--target-namespace", "a" * 64], "is not a namespace"),
    Wrong("an own namespace to watch", ["--watch-namespace", "."], "'.' is not a namespace"),
    Wrong("two namespaces at once", ["--watch-namespace", "a,b"], "'a,b' is not a namespace"),
    Wrong("a resource without group", ["--allow", "configmaps"], "'configmaps' is not GROUP/RESOURCE"),
    Wrong("a group without resource", ["--allow", "batch/"], "'batch/' is not GROUP/RESOURCE"),
    Wrong("a resource with a version", ["--allow", "batch/v1/cronjobs"], "'batch/v1/cronjobs' is not GROUP/RESOURCE"),
    Wrong("a kind instead of a resource", ["--allow", "batch/CronJob"], "'batch/CronJob' is not GROUP/RESOURCE"),
    Wrong("an address without scheme", ["--hooks-url", "hooks:8080"], "'hooks:8080' is not http(s)://HOST[:PORT]"),
    Wrong("an address with a path", ["--hooks-url", "http://h:1/v1"], "'http://h:1/v1' is not http(s)://HOST[:PORT]"),
    Wrong("an address with a query", ["--hooks-url", "http://h:1?a"], "is not http(s)://HOST[:PORT]"),
    Wrong("an address of nobody", ["--hooks-url", "http://"], "is not http(s)://HOST[:PORT]"),
    Wrong("an address that would break the YAML", ["--hooks-url", "http://h: #"], "is not http(s)://HOST[:PORT]"),
    Wrong("a user that would break the rule", ["--engine-user", "a' || true || 'b"], "is not a user name"),
    Wrong("an empty user", ["--engine-user", ""], "'' is not a user name"),
    Wrong("a trusted user that would break the rule", ["--trusted-user", "a'] || ['b"], "is not a user name"),
)
def test_a_wrong_option_is_reported_and_nothing_is_printed(case: Wrong) -> None:
    result = run(*case.arguments)
    assert result.exit_code == 2
    assert case.says in " ".join(result.stderr.split())
    assert result.stdout == ""


# The CRDs, as far as they can be judged without an API server: tests/apiserver does the rest


@pytest.mark.parametrize("crd", documents("--crds-only"), ids=lambda crd: str(crd["spec"]["names"]["kind"]))
def test_a_crd_is_named_after_what_it_defines_and_describes_its_spec(crd: Json) -> None:
    spec = crd["spec"]
    assert crd["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}"
    (version,) = spec["versions"]
    assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)
    assert version["subresources"] == {"status": {}}
    schema = version["schema"]["openAPIV3Schema"]
    assert schema["description"]
    for field, inner in schema["properties"]["spec"]["properties"].items():
        assert inner.get("description") or field == "objectSync", field


def lists(schema: Json, path: str = "") -> list[tuple[str, Json]]:
    found = [(path, schema)] if schema.get("type") == "array" else []
    for key, inner in schema.get("properties", {}).items():
        found += lists(inner, f"{path}.{key}")
    return found + (lists(schema["items"], f"{path}[]") if "items" in schema else [])


@pytest.mark.parametrize("crd", documents("--crds-only"), ids=lambda crd: str(crd["spec"]["names"]["kind"]))
def test_lists_are_atomic_so_that_managed_fields_stay_small(crd: Json) -> None:
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert [path for path, item in lists(schema) if item.get("x-kubernetes-list-type") != "atomic"] == []


def test_upstreams_names_and_columns_are_kept() -> None:
    spec = documents("--crds-only")[0]["spec"]
    assert (spec["scope"], spec["names"]["kind"], spec["names"]["shortNames"]) == (
        "Namespaced",
        "ObjectSync",
        ["osync"],
    )
    columns = [column["name"] for column in spec["versions"][0]["additionalPrinterColumns"]]
    assert columns == ["Ready", "InSync", "Source", "Copies", "Age"]
