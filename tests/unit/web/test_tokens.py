"""Bearer tokens: who is let in."""

from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from object_syncer.web import tokens
from object_syncer.web.watched import Unusable

OLD = "old-0123456789abcdef"
NEW = "new-0123456789abcdef"


def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"let in"]


class Door:
    """The app behind tokens from a file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._guarded = tokens.require(app, tokens.accepted(file))
        self.headers: dict[str, str] = {}

    def status(self, authorization: str | None, path: str = "/v1/policy/sync") -> int:
        seen: list[str] = []
        environ: dict[str, Any] = {"PATH_INFO": path, "wsgi.input": BytesIO(b"body")} | (
            {} if authorization is None else {"HTTP_AUTHORIZATION": authorization}
        )

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            seen.append(status)
            self.headers = dict(headers)

        b"".join(self._guarded(environ, start_response))
        return int(seen[0].split()[0])


@pytest.fixture
def door(tmp_path: Path) -> Door:
    file = tmp_path / "tokens"
    file.write_text(f"{OLD}\n\n  {NEW}  \n")
    return Door(file)


@pytest.mark.parametrize("header", [f"Bearer {OLD}", f"bearer {NEW}", f"Bearer  {OLD} "])
def test_each_token_opens(door: Door, header: str) -> None:
    assert door.status(header) == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        OLD,
        f"Basic {OLD}",
        f"Bearer {OLD}x",
        f"Bearer {OLD[:-1]}",
        f"Bearer {OLD}\n{NEW}",
        "Bearer \xff\xfe",
        "Bearer \u20ac",
        f"Bearer {OLD} {NEW}",
    ],
)
def test_all_else_does_not(door: Door, header: str | None) -> None:
    assert door.status(header) == 401
    assert door.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/readyz"])
def test_probes_and_metrics_need_no_token(door: Door, path: str) -> None:
    assert door.status(None, path) == 200


@pytest.mark.parametrize("path", ["/", "/healthz/", "/readyz/../v1/policy/sync", "/v1/objectsync/sync", ""])
def test_nothing_else_is_exempt(door: Door, path: str) -> None:
    assert door.status(None, path) == 401


def test_every_token_is_compared_each_time(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """No early exit: the time says neither which token matched nor whether one did."""
    compared: list[tuple[int, int]] = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((len(a), len(b)))
        return a == b

    monkeypatch.setattr("hmac.compare_digest", compare)
    for header in (f"Bearer {OLD}", f"Bearer {NEW}", "Bearer x", "Basic x", ""):
        compared.clear()
        door.status(header)
        assert compared == [(32, 32), (32, 32)]


def test_rotation(door: Door) -> None:
    third = "third-0123456789abcdef"
    door.file.write_text(f"{NEW}\n{third}\n")
    assert [door.status(f"Bearer {token}") for token in (OLD, NEW, third)] == [401, 200, 200]


def test_an_emptied_file_locks_nobody_out(door: Door) -> None:
    door.file.write_text("")
    assert door.status(f"Bearer {OLD}") == 200


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        ("", "no token in it"),
        ("\n \n", "no token in it"),
        (f"{OLD}\nshort\n", "line 2: a token of less than 16 characters"),
        (f"{OLD} {NEW}\n", "line 1: a token has no spaces"),
        ("\u00e9" * 20, "not ASCII"),
    ],
)
def test_bad_files_are_refused_without_quoting_them(tmp_path: Path, contents: str, why: str) -> None:
    file = tmp_path / "tokens"
    file.write_text(contents)
    with pytest.raises(Unusable) as caught:
        tokens.accepted(file)
    assert why in str(caught.value)
    assert OLD not in str(caught.value)
