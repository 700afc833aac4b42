"""What users of the original, rustrial/k8s-object-syncer, have and read: its example manifests, its status."""

from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from controlplane.client import NotFoundError, Object
from e2e.eventually import becomes
from e2e.objects import content, to
from e2e.world import Sync, World

EXAMPLES = [
    Path(__file__).parents[2] / "examples" / f"{name}.yaml"
    for name in ("configmap-to-all", "cronjob-to-two", "helmrelease-to-all", "secret-renamed")
]


def test_the_status_lists_destinations_with_the_keys_of_the_original(world: World) -> None:
    home, teams = world.namespace("home"), sorted(world.namespace() for _ in range(3))
    source = world.config_map(home)
    name = source["metadata"]["name"]
    sync = world.sync(source, to(teams[2]), to(teams[0], strategy="replace"), to(teams[1], "b"), to(teams[1], "a"))
    sync.wait_in_sync()
    listed = sync.status()["destinations"]
    wanted = [(teams[0], name), (teams[1], "a"), (teams[1], "b"), (teams[2], name)]
    assert [(item["namespace"], item["name"]) for item in listed] == wanted
    assert [item.get("strategy") for item in listed] == ["replace", None, None, None]
    for item in listed:
        copy = world.at(source, item["namespace"], item["name"])["metadata"]
        assert (item["group"], item["version"], item["kind"]) == ("", "v1", "ConfigMap")
        assert item["sourceVersion"] == versions(source["metadata"])
        assert item["syncedVersion"] == versions(copy)

    edited = world.edit(source, {"data": {"k": "2"}})
    new = versions(edited["metadata"])
    becomes(lambda: [item["sourceVersion"] for item in sync.status()["destinations"]], [new] * 4)
    becomes(
        lambda: [item["syncedVersion"] for item in sync.status()["destinations"]],
        [versions(world.at(source, *where)["metadata"]) for where in wanted],
    )


def versions(metadata: Object) -> Object:
    """An object's version, as the original spells it."""
    return {"uid": metadata["uid"], "resource_version": metadata["resourceVersion"]}


def beyond(world: World, source: Object, home: str, name: str = "") -> set[str]:
    """Where copies of a wildcard's source are but should not be, or should be but are not."""
    name = name or source["metadata"]["name"]
    return world.where(source) ^ {f"{namespace}/{name}" for namespace in world.living() - {home}}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_of_the_originals_readme_work_unchanged(world: World, example: Path) -> None:
    documents = list(yaml.safe_load_all(example.read_text()))
    kinds = {document["kind"]: document for document in documents}
    kept = [d for d in documents if d["metadata"]["name"] in ("default", "kube-system")]
    *_, source, manifest = documents
    assert set(kinds) <= {"CustomResourceDefinition", "Namespace", "ObjectSync", source["kind"]}
    try:
        world.admin.apply_yaml(documents)
        source = world.at(source, "default")
        sync = Sync(world.admin, "default", manifest["metadata"]["name"])
        (destination, *more) = manifest["spec"]["destinations"]
        name = destination.get("name") or source["metadata"]["name"]
        if more:
            wanted = {f"{item['namespace']}/{name}" for item in manifest["spec"]["destinations"]}
            becomes(lambda: world.where(source), wanted, within=60)
        else:
            home = "" if "name" in destination else "default"
            becomes(lambda: beyond(world, source, home, name), set(), within=60)
        sync.wait_in_sync()
        assert all(content(copy) == content(source) for copy in world.copies(source).values())
        sync.delete()
        sync.wait_gone()
        assert world.where(source) == set()
    finally:
        for document in reversed([d for d in documents if d not in kept]):
            with suppress(NotFoundError):
                world.delete(document)
