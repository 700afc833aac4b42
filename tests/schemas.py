"""The JSON schemas in docs/schemas, made from the CRDs: `PYTHONPATH=tests python tests/schemas.py`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from object_syncer import installation
from object_syncer.kube.meta import Json

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"

_WRITTEN_BY_USERS = ("ObjectSync", "SyncPolicy")

_KEPT = frozenset(
    (
        "description", "type", "enum", "required", "pattern", "minLength", "maxLength", "minimum", "maximum",
        "minItems", "maxItems", "maxProperties", "default", "format",
    )
)  # fmt: skip
"""What means the same in a CRD and in a JSON schema. Rules in CEL have no counterpart."""


def schemas() -> Iterator[tuple[str, str]]:
    """Yield file name and text of the schema of each kind that users write."""
    for crd in sorted(map(yaml.safe_load, installation.crds()), key=lambda crd: str(crd["metadata"]["name"])):
        spec = crd["spec"]
        kind, version = spec["names"]["kind"], spec["versions"][0]
        if kind in _WRITTEN_BY_USERS:
            schema = _document(f"{spec['group']}/{version['name']}", kind, version["schema"]["openAPIV3Schema"])
            yield f"{kind.lower()}.json", json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _document(api_version: str, kind: str, root: Json) -> Json:
    """Return the schema of a manifest: apiVersion and kind are fixed, and there is no status."""
    found = _schema(root)
    found["properties"] = {
        **found["properties"],
        "apiVersion": {"const": api_version},
        "kind": {"const": kind},
        "metadata": {"type": "object", "required": ["name"]},
    }
    del found["properties"]["status"]
    found["required"] = sorted({"apiVersion", "kind", "metadata", *found.get("required", ())})
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": kind, **found}


def _schema(part: Json) -> Json:
    found: Json = {key: value for key, value in part.items() if key in _KEPT}
    if "items" in part:
        found["items"] = _schema(part["items"])
    if "properties" in part:
        found["properties"] = {name: _schema(below) for name, below in part["properties"].items()}
        found["additionalProperties"] = False
    elif "additionalProperties" in part:
        found["additionalProperties"] = _schema(part["additionalProperties"])
    if part.get("nullable") and "type" in found:
        found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    return found


def write() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas():
        (FOLDER / name).write_text(text)


def load(name: str) -> Any:
    """Return a schema as it is in the folder."""
    return json.loads((FOLDER / name).read_text())


if __name__ == "__main__":
    write()
