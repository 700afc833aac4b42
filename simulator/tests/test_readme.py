"""What the README says is true: its example runs, its list of files is complete, it depends on orjson alone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import memcluster

README = Path(__file__).parents[1] / "README.md"
PACKAGE = Path(memcluster.__file__).parent


def test_the_example_prints_what_is_shown() -> None:
    shown = re.search(r"```python\n(.*?)```\n+```\n(.*?)```", README.read_text(), re.DOTALL)
    assert shown
    program, output = shown.groups()
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PACKAGE.parent, stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout == output


def test_every_module_is_listed_once() -> None:
    listed = re.findall(r"^\| `(\w+\.py)` \|", README.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in PACKAGE.glob("*.py") if path.name != "__init__.py")


def test_only_orjson_is_imported_from_elsewhere() -> None:
    program = "import sys; before = set(sys.modules); import memcluster; print(*(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PACKAGE.parent, stdout=subprocess.PIPE, text=True, check=True
    )
    packages = {name.partition(".")[0] for name in done.stdout.split()} - sys.stdlib_module_names
    assert packages == {"memcluster", "orjson"}
