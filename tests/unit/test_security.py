"""Every test that docs/security.md names exists."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "security.md"


def test_the_tests_in_the_tables_exist() -> None:
    named = 0
    for row in re.findall(r"^\|.*\|.*\| (.*) \|$", PAGE.read_text(), re.MULTILINE):
        module = ""
        for path, test in re.findall(r"`([\w/]*(?:\.py)?)(?:::(\w+))?`", row):
            module = path or module
            if module.endswith(".py"):
                assert f"def {test}(" in (TESTS / module).read_text() if test else (TESTS / module).exists(), row
                named += 1
    assert named > 15
