"""What the docs list is what the code has."""

import re
from pathlib import Path

from object_syncer.status import reasons

DOCS = Path(__file__).parents[2] / "docs"


def test_every_reason_has_a_cause_and_a_cure() -> None:
    table = re.findall(r"^\| `(\w+)` \| (.+?) \| (.*?) ?\|$", (DOCS / "reasons.md").read_text(), re.MULTILINE)
    assert [reason for reason, _, _ in table] == [v for k, v in vars(reasons).items() if k.isupper()]
    assert [reason for reason, cause, cure in table if not cause or not cure] == ["Success"]


def test_links_lead_somewhere() -> None:
    for page in (DOCS.parent / "README.md", *DOCS.glob("*.md")):
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
