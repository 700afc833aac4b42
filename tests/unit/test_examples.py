"""The examples are those of the original Object Syncer's README: its ObjectSyncs word by word, and all they need."""

from pathlib import Path

import pytest
import yaml

from object_syncer.kube.meta import Json

EXAMPLES = Path(__file__).parents[2] / "examples"

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


@pytest.mark.parametrize("example", UPSTREAM)
def test_an_example_has_upstreams_object_sync_and_its_source(example: str) -> None:
    objects = list(yaml.safe_load_all((EXAMPLES / f"{example}.yaml").read_text()))
    sync = objects.pop()
    assert sync == {
        "apiVersion": "sync.rustrial.org/v1alpha1",
        "kind": "ObjectSync",
        "metadata": {"name": "my-test-config-map-distributor", "namespace": "default"},
        "spec": UPSTREAM[example],
    }
    source = sync["spec"]["source"]
    assert [obj for obj in objects if (obj["kind"], obj["metadata"]["name"]) == (source["kind"], source["name"])]
    assert {"Namespace"} <= {obj["kind"] for obj in objects}


def test_every_example_is_one_of_upstreams() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} >= set(UPSTREAM)
