"""The reference of the chart's values is true and complete."""

from chart import reference


def test_every_value_is_described() -> None:
    assert reference.undescribed() == set()


def test_the_page_is_made_from_the_chart() -> None:
    made = "python tests/chart/reference.py > docs/values.md"
    assert reference.page() == reference.PAGE.read_text(), f"docs/values.md is old: {made}"
