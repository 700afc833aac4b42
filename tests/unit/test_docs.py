"""What the docs list is what the code has."""

import re
from pathlib import Path

import pytest

from memcluster import cluster, engine, server_side_apply
from object_syncer.status import reasons

DOCS = Path(__file__).parents[2] / "docs"


def words(text: str) -> str:
    return " ".join(text.split())


def test_every_reason_has_a_cause_and_a_cure() -> None:
    table = re.findall(r"^\| `(\w+)` \| (.+?) \| (.*?) ?\|$", (DOCS / "reasons.md").read_text(), re.MULTILINE)
    assert [reason for reason, _, _ in table] == [v for k, v in vars(reasons).items() if k.isupper()]
    assert [reason for reason, cause, cure in table if not cause or not cure] == ["Success"]


@pytest.mark.parametrize("module", [server_side_apply, cluster, engine], ids=lambda module: module.__name__)
def test_every_difference_of_the_simulation_is_told(module: object) -> None:
    sections = (DOCS / "simulation.md").read_text().split("\n## ")
    listed = [[words(item) for item in section.split("\n- ")[1:]] for section in sections]
    told = [item.partition(" Time is virtual")[0] for items in listed for item in items]
    differences = [words(text) for text in vars(module)["DIFFERENCES"]]
    assert [text for text in told if text in differences] == differences


def test_links_lead_somewhere() -> None:
    for page in (DOCS.parent / "README.md", *DOCS.glob("*.md")):
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
