"""Every attack in docs/security.md names the tests that show what happens, and these exist."""

import re
from pathlib import Path

import pytest

from readme import section

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "security.md"

TABLES = section("Threats", PAGE).partition("### What remains possible")[0]
ROWS = re.findall(r"^\| (?!attack |what |---)(.*?) \| .* \| (.*?) \|$", TABLES, re.MULTILINE)


def test_the_tables_are_read_to_their_ends() -> None:
    assert len(ROWS) == TABLES.count("\n| ") - 2, "two headings"


@pytest.mark.parametrize("named", [named for _, named in ROWS], ids=[attack for attack, _ in ROWS])
def test_the_tests_of_an_attack_exist(named: str) -> None:
    module = ""
    assert re.fullmatch(r"`[\w/]+\.py::\w+`(, `(?:[\w/]+\.py)?::\w+`)*", named)
    for path, test in re.findall(r"`(.*?)::(\w+)`", named):
        module = path or module
        assert f"\ndef {test}(" in (TESTS / module).read_text()
