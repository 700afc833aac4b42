"""docs/fields.md, made from the CRDs: PYTHONPATH=tests python tests/fields.py > docs/fields.md."""

import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from object_syncer import installation
from object_syncer.kube.meta import Json

PAGE = Path(__file__).parents[1] / "docs" / "fields.md"

_INTRODUCTION = """# Fields

Every field of our kinds, made from `metacontroller/crds`. `[]` is each item of a list. SyncSlices are internal: only
Object Syncer writes them.

## In an editor

[schemas](schemas) has JSON schemas of the kinds that users write, made from the same CRDs. An editor with
yaml-language-server, as the YAML extension of VS Code, completes fields, shows these descriptions and marks what the
API server would refuse, if the manifest begins with

```yaml
# yaml-language-server: $schema=https://raw.githubusercontent.com/<owner>/<repository>/main/docs/schemas/objectsync.json
```

or with the path of the file in a checkout. For SyncPolicies it is `syncpolicy.json`. The rules that need more than one
field, as either `namespace` or `namespaceSelector`, only the API server and `object-syncer simulate` check.
"""


def page() -> str:
    """Return the page."""
    lines = [_INTRODUCTION]
    for crd in sorted(map(yaml.safe_load, installation.crds()), key=lambda crd: str(crd["metadata"]["name"])):
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        lines += [f"## {crd['spec']['names']['kind']}", "", _sentence(schema), ""]
        lines += ["| field | type | |", "|---|---|---|"]
        for part in ("spec", "status"):
            lines += [f"| `{path}` | {type_} | {text} |" for path, type_, text in _fields(schema, part, part)]
        lines.append("")
    return "\n".join(lines)


def _fields(parent: Json, name: str, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield path, type and description of a field, and of all below it."""
    schema = parent["properties"][name]
    required = ", required" if name in parent.get("required", ()) else ""
    yield path, f"{_type(schema)}{required}", _sentence(schema)
    items = schema.get("items") or {}
    below, end = (items, "[]") if items.get("properties") else (schema, "")
    for key in below.get("properties") or ():
        yield from _fields(below, key, f"{path}{end}.{key}")


def _type(schema: Json) -> str:
    if schema.get("enum"):
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "type" not in schema:
        return "anything"
    if schema["type"] == "array":
        return f"list of {_type(schema['items'])}"
    if schema["type"] == "object" and "additionalProperties" in schema:
        return f"map of {_type(schema['additionalProperties'])}"
    return str(schema["type"])


def _sentence(schema: Json) -> str:
    return " ".join(str(schema.get("description") or "").split()).replace("|", "\\|").replace("*", "\\*")


if __name__ == "__main__":
    sys.stdout.write(page())
