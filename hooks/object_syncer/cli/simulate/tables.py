"""Tables that fit a terminal: columns that are too wide are cut in the middle."""

import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 120
_GAP = "  "

Row = Sequence[str]


def table(heads: Row, rows: Iterable[Row], notes: Iterable[Sequence[str]] = ()) -> list[str]:
    """Return the lines of a table in WIDTH columns; `notes` are sentences to put below each row."""
    rows = list(rows)
    widths = _fitted([max(map(len, column)) for column in zip(heads, *rows, strict=True)])
    lines = [_line(heads, widths)]
    below = iter(notes)
    for row in rows:
        lines.append(_line(row, widths))
        for note in next(below, ()):
            lines += wrapped(note)
    return lines


def wrapped(sentence: str, indent: int = 4) -> list[str]:
    """Return a sentence as indented lines of at most WIDTH columns."""
    margin = " " * indent
    return textwrap.wrap(
        sentence, WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False, break_long_words=False
    )


def step(name: str, sentence: str) -> list[str]:
    """Return a sentence as indented lines, with a name before the first."""
    lines = wrapped(sentence, 18)
    return [f"  {name:<14}  {lines[0].strip()}", *lines[1:]] if lines else []


def _line(cells: Row, widths: Sequence[int]) -> str:
    return _GAP.join(_cut(cell, width).ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _fitted(widths: list[int]) -> list[int]:
    """Return the widths of columns, the widest ones made smaller until all fit."""
    while sum(widths) + len(_GAP) * (len(widths) - 1) > WIDTH:
        widths[widths.index(max(widths))] -= 1
    return widths


def _cut(cell: str, width: int) -> str:
    if len(cell) <= width:
        return cell
    tail = (width - 1) // 2
    return f"{cell[: width - 1 - tail]}…{cell[-tail:]}"
