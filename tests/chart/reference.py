"""docs/values.md, made from the comments in the chart's values.yaml: python tests/chart/reference.py > docs/values.md.

In values.yaml a comment that begins with `# --` describes the key after it; a comment that stands alone is a heading.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

VALUES = Path(__file__).parents[2] / "helm" / "object-syncer" / "values.yaml"
PAGE = Path(__file__).parents[2] / "docs" / "values.md"

_KEY = re.compile(r"( *)([A-Za-z]\w*):")

_INTRODUCTION = """# Values of the chart

Made from `helm/object-syncer/values.yaml`. (upstream): the name and its meaning are those of the chart of
rustrial/k8s-object-syncer, whose values files work here.
"""


def page() -> str:
    """Return the page."""
    lines = [_INTRODUCTION]
    for heading, rows in sections():
        lines += [f"## {heading}", "", "| value | default | |", "|---|---|---|"]
        lines += [f"| `{path}` | {default} | {text} |" for path, default, text in rows]
        lines.append("")
    return "\n".join(lines)


def sections() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Yield each heading with its rows: path, default, description."""
    text = VALUES.read_text()
    defaults = yaml.safe_load(text)
    heading, rows = "", list[tuple[str, str, str]]()
    comment: list[str] = []
    path: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped.lstrip("# "))
            continue
        if not stripped:
            if len(comment) == 1:
                if rows:
                    yield heading, rows
                heading, rows = comment[0], []
            comment = []
            continue
        key = _KEY.match(line)
        if key:
            path = [*path[: len(key[1]) // 2], key[2]]
            if comment and comment[0].startswith("-- "):
                described = " ".join(comment).removeprefix("-- ")
                rows.append((".".join(path), _shown(defaults, path), described.replace("|", "\\|")))
        comment = []
    yield heading, rows


def undescribed() -> set[str]:
    """Return the values that no comment describes, themselves or by what holds them."""
    described = {path for _, rows in sections() for path, _, _ in rows}
    return {
        path
        for path in _paths(yaml.safe_load(VALUES.read_text()), "")
        if not any(path == known or path.startswith(f"{known}.") for known in described)
    }


def _paths(value: object, path: str) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _paths(inner, f"{path}.{key}".lstrip("."))
    else:
        yield path


def _shown(defaults: object, path: list[str]) -> str:
    for key in path:
        assert isinstance(defaults, dict)
        defaults = defaults[key]
    return f"`{json.dumps(defaults)}`"


if __name__ == "__main__":
    sys.stdout.write(page())
