"""The JSON schemas for editors: made from the CRDs, and they find in a manifest what the API server would refuse."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

import schemas
from object_syncer.kube.meta import Json
from unit.objects import object_sync

ROOT = Path(__file__).parents[2]
MANIFESTS = [*sorted((ROOT / "examples").glob("*.yaml")), ROOT / "metacontroller" / "default-policy.yaml"]


def wrong(manifest: Json) -> list[str]:
    """Return where an editor marks something in a manifest."""
    schema = schemas.load(f"{manifest['kind'].lower()}.json")
    Draft7Validator.check_schema(schema)
    errors = Draft7Validator(schema).iter_errors(manifest)
    return sorted(".".join(map(str, error.absolute_path)) + f": {error.validator}" for error in errors)


def ours() -> Iterator[Json]:
    for path in MANIFESTS:
        yield from (
            obj for obj in yaml.safe_load_all(path.read_text()) if obj["apiVersion"] == "sync.rustrial.org/v1alpha1"
        )


def test_the_schemas_are_made_from_the_crds() -> None:
    made = dict(schemas.schemas())
    found = {path.name: path.read_text() for path in schemas.FOLDER.iterdir()}
    assert found == made, "docs/schemas is old: PYTHONPATH=tests python tests/schemas.py"


def test_all_our_manifests_are_valid() -> None:
    found = [(item["kind"], item["metadata"]["name"], wrong(item)) for item in ours()]
    assert {kind for kind, _, _ in found} == {"ObjectSync", "SyncPolicy"}
    assert [item for item in found if item[-1]] == []


@pytest.mark.parametrize(
    ("spec", "marked"),
    [
        ({"deletionPolicy": "Keep"}, ["spec.deletionPolicy: enum"]),
        ({"deletionPolicies": "Retain"}, ["spec: additionalProperties"]),
        ({"suspend": "yes"}, ["spec.suspend: type"]),
        ({"destinations": [{"namespace": "Not A Name"}]}, ["spec.destinations.0.namespace: pattern"]),
        ({"copy": {"patches": [{"op": "add"}]}}, ["spec.copy.patches.0: required"]),
        ({"copy": {"patches": [{"op": "add", "path": "/a", "value": {"any": ["thing"]}}]}}, []),
        ({"destinations": [{"namespace": "a", "name": None}]}, []),
    ],
)
def test_what_an_editor_marks(spec: Any, marked: list[str]) -> None:
    manifest = {**object_sync(), "spec": {**object_sync()["spec"], **spec}}
    manifest.pop("status", None)
    assert wrong(manifest) == marked


def test_a_manifest_without_what_every_object_has_is_marked() -> None:
    assert wrong({"kind": "ObjectSync", "apiVersion": "v1"}) == [": required", ": required", "apiVersion: const"]
