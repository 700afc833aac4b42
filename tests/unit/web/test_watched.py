"""Files that are replaced while we serve."""

import logging
from pathlib import Path

import pytest

from object_syncer.web.watched import Unusable, Watched, text


def test_a_replaced_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    watched = Watched([file], lambda: text(file))
    assert watched.value() == "one"
    file.write_text("three")
    assert watched.value() == "three"


def test_a_file_behind_a_link_is_read_again_when_the_link_moves(tmp_path: Path) -> None:
    """This is how Kubernetes replaces the files of a mounted Secret."""
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text(folder)
    link = tmp_path / "data"
    link.symlink_to("old")
    watched = Watched([link / "file"], lambda: text(link / "file"))
    assert watched.value() == "old"
    (tmp_path / "next").symlink_to("new")
    (tmp_path / "next").rename(link)
    assert watched.value() == "new"


def test_an_unchanged_file_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    readings: list[int] = []
    watched = Watched([file], lambda: readings.append(1))
    for _ in range(3):
        watched.value()
    assert len(readings) == 1


def test_a_file_that_becomes_useless_changes_nothing_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    watched = Watched([file], lambda: text(file))
    file.unlink()
    with caplog.at_level(logging.WARNING):
        assert [watched.value() for _ in range(3)] == ["x"] * 3
    assert [record.getMessage() for record in caplog.records] == [
        f"{file}: No such file or directory; what was read before stays in use"
    ]
    file.write_text("back")
    assert watched.value() == "back"


def test_the_first_reading_must_succeed(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(Unusable, match="No such file"):
        Watched([missing], lambda: text(missing))


def test_text_is_ascii(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(Unusable, match="not ASCII"):
        text(file)
