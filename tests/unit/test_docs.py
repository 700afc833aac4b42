"""What the docs list is what the code has."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import fields
import readme
from object_syncer.cli import main
from object_syncer.kube import api, times
from object_syncer.status import reasons

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DECISIONS = DOCS / "decisions"
PACKAGE = ROOT / "hooks" / "object_syncer"
ENTRANCES = {ROOT / "README.md", DOCS / "README.md"}


def test_every_reason_has_a_cause_and_a_cure() -> None:
    table = re.findall(r"^\| `(\w+)` \| (.+?) \| (.*?) ?\|$", (DOCS / "reasons.md").read_text(), re.MULTILINE)
    assert [reason for reason, _, _ in table] == [v for k, v in vars(reasons).items() if k.isupper()]
    assert [reason for reason, cause, cure in table if not cause or not cure] == ["Success"]


def test_the_page_of_fields_is_made_from_the_crds() -> None:
    made = "PYTHONPATH=tests python tests/fields.py > docs/fields.md"
    assert fields.page() == fields.PAGE.read_text(), f"docs/fields.md is old: {made}"


def test_every_waiting_time_is_in_the_table() -> None:
    rows = re.findall(r"^\| ([A-Z_, ]+) \| ([\d, ]+) \|", (DOCS / "architecture.md").read_text(), re.MULTILINE)
    listed: dict[str, int | tuple[int, ...]] = {}
    for names, values in rows:
        numbers = tuple(map(int, values.split(", ")))
        several = names.split(", ")
        listed |= {names: numbers} if len(several) < len(numbers) else dict(zip(several, numbers, strict=True))
    assert listed == {name: value for name, value in vars(times).items() if name.isupper()}


PAGES = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@page
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?://)([^)]+)\)", prose(page)):
        target, _, anchor = link.partition("#")
        found = page.parent / target if target else page
        assert found.exists(), link
        if anchor:
            assert anchor in anchors(found), link


def test_what_stays_as_it_is_names_keys_and_metrics_that_there_are() -> None:
    stability = (DOCS / "stability.md").read_text()
    keys = set(re.findall(rf"^\| `({api.GROUP}/[\w-]+|{api.MANAGED_BY_LABEL})", stability, re.MULTILINE))
    known = {value for name, value in vars(api).items() if name.isupper() and isinstance(value, str)}
    assert keys <= known
    assert keys >= {api.SOURCE_ANNOTATION, api.COPY_TO_ANNOTATION, api.EXCLUDE, api.RETIRE_ANNOTATION}
    metrics = re.findall(r"^\| `(object_syncer_\w+)` \|", stability, re.MULTILINE)
    assert [name.removesuffix("_total") for name in metrics] == re.findall(
        r'"(object_syncer_\w+)"', (PACKAGE / "web" / "metrics.py").read_text()
    )


@pytest.mark.parametrize("name", ["troubleshooting", "faq", "stability", "comparison", "getting-started"])
def test_reasons_that_pages_name_are_reasons(name: str) -> None:
    said = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)*)`", (DOCS / f"{name}.md").read_text()))
    known = {value for key, value in vars(reasons).items() if key.isupper()} | {"Ready", "InSync", "True", "Overwrite"}
    assert said <= known, said - known


PRINTED = [
    pytest.param(shown, id=f"{name}: {shown.command}")
    for name in ("getting-started", "explain", "diff", "test", "convert")
    for shown in readme.shown_on(DOCS / f"{name}.md")
]


@pytest.mark.parametrize("shown", PRINTED)
def test_what_a_page_shows_is_what_a_command_prints(shown: readme.Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    program, *words = shown.command.split()
    assert program == "object-syncer"
    assert CliRunner().invoke(main, words).stdout == shown.output


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_can_be_found() -> None:
    linked = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", prose(page))
    }
    assert {page for page in PAGES if page not in linked} <= ENTRANCES


def test_the_index_lists_every_decision_by_its_title() -> None:
    listed = re.findall(
        r"^\| \[(\d+)\]\((\d{4}-[\w-]+\.md)\) \| (.+) \|$", (DECISIONS / "README.md").read_text(), re.MULTILINE
    )
    pages = sorted(page for page in DECISIONS.glob("*.md") if page.name != "README.md")
    assert [name for _, name, _ in listed] == [page.name for page in pages]
    for (number, name, title), page in zip(listed, pages, strict=True):
        assert name.startswith(f"{int(number):04}-")
        assert page.read_text().startswith(f"# {number}. {title}\n")


@pytest.mark.parametrize("page", sorted(DECISIONS.glob("0*.md")), ids=lambda page: page.stem)
def test_a_decision_has_its_four_parts(page: Path) -> None:
    parts = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
    assert parts == ["Context", "Decision", "What was tried", "Consequences"]


def test_what_a_fact_of_the_engine_explains_is_where_the_page_says() -> None:
    rows = re.findall(r"^\| .+ \| (.+) \|$", (DOCS / "engine.md").read_text(), re.MULTILINE)
    places = [place for row in rows for place in re.findall(r"`([^`]+)`", row)]
    assert len(places) > 30
    for place in places:
        assert (PACKAGE / place).exists() or (ROOT / place).exists(), place


@pytest.mark.parametrize("page", sorted(DECISIONS.glob("0*.md")), ids=lambda page: page.stem)
def test_a_file_that_a_decision_names_exists(page: Path) -> None:
    for place in re.findall(r"`([a-z_]+/[\w/]*(?:\.py)?)`", page.read_text()):
        assert (PACKAGE / place).exists() or (ROOT / place).exists(), place
