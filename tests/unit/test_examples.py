"""The examples: four of the original Object Syncer's README, with all they need, and one for each field of ours."""

from collections import Counter
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from object_syncer.cli import main
from object_syncer.kube.meta import Json, name_of, namespace_of

EXAMPLES = Path(__file__).parents[2] / "examples"
ALL = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))

NOT_IN_SYNC = {"source-consent", "suspend"}
"""What these examples show is why a copy is not there."""

UPSTREAM: dict[str, Json] = {
    "configmap-to-all": {
        "source": {"group": "", "kind": "ConfigMap", "name": "my-test-config-map"},
        "destinations": [{"namespace": "*"}],
    },
    "secret-renamed": {
        "source": {"group": "", "kind": "Secret", "name": "image-pull-secrets"},
        "destinations": [{"namespace": "*", "name": "global-image-pull-secrets"}],
    },
    "cronjob-to-two": {
        "source": {"group": "batch", "kind": "CronJob", "name": "my-audit-scanner"},
        "destinations": [{"namespace": "kube-system"}, {"namespace": "linkerd"}],
    },
    "helmrelease-to-all": {
        "source": {"group": "helm.toolkit.fluxcd.io", "kind": "HelmRelease", "name": "my-namespace-agent"},
        "destinations": [{"namespace": "*"}],
    },
}


def objects(example: str) -> list[Json]:
    return list(yaml.safe_load_all((EXAMPLES / f"{example}.yaml").read_text()))


@pytest.mark.parametrize("example", UPSTREAM)
def test_an_example_has_upstreams_object_sync_under_its_own_name_and_its_source(example: str) -> None:
    *others, sync = objects(example)
    source = sync["spec"]["source"]
    assert sync == {
        "apiVersion": "sync.rustrial.org/v1alpha1",
        "kind": "ObjectSync",
        "metadata": {"name": f"{source['name']}-distributor", "namespace": "default"},
        "spec": UPSTREAM[example],
    }
    assert [obj for obj in others if (obj["kind"], obj["metadata"]["name"]) == (source["kind"], source["name"])]
    assert {"Namespace"} <= {obj["kind"] for obj in others}


def test_no_example_replaces_what_another_one_made() -> None:
    made = Counter(
        (obj["kind"], namespace_of(obj), name_of(obj))
        for example in ALL
        for obj in objects(example)
        if obj["kind"] != "Namespace"
    )
    assert [key for key, count in made.items() if count > 1] == []


@pytest.mark.parametrize("example", ALL)
def test_what_an_example_prints_is_beside_it(example: str) -> None:
    printed = CliRunner().invoke(main, ["simulate", str(EXAMPLES / f"{example}.yaml")])
    assert printed.exit_code == (example in NOT_IN_SYNC), printed.output
    assert printed.stdout == (EXAMPLES / f"{example}.txt").read_text()


@pytest.mark.parametrize("example", sorted(path.stem for path in (EXAMPLES / "copies").iterdir()))
def test_where_copies_differ_from_their_source_they_are_beside_the_example(example: str) -> None:
    printed = CliRunner().invoke(main, ["simulate", str(EXAMPLES / f"{example}.yaml"), "-o", "yaml", "--show-secrets"])
    shown = list(yaml.safe_load_all((EXAMPLES / "copies" / f"{example}.yaml").read_text()))
    assert shown == [written(copy) for copy in yaml.safe_load(printed.stdout)["copies"]]


def written(copy: Json) -> Json:
    """Return a copy as Object Syncer writes it, but for the label that names its SyncSlice."""
    meta = {key: copy["metadata"][key] for key in ("namespace", "name", "labels", "annotations")}
    labels = {key: value for key, value in meta["labels"].items() if key != "sync.rustrial.org/slice"}
    return {**copy, "metadata": {**meta, "labels": labels}}
