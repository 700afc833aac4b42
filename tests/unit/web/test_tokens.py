"""Bearer tokens: who is let in."""

from pathlib import Path

import pytest

from object_syncer.web import tokens
from object_syncer.web.app import create_app
from object_syncer.web.gate import gate
from object_syncer.web.watched import Unusable
from unit.web.asgi import ask

OLD = "old-0123456789abcdef"
NEW = "new-0123456789abcdef"
HOOK = "/v1/policy/sync"


class Door:
    """The hooks behind tokens from a file. Who is let in is told that its body is no JSON."""

    def __init__(self, file: Path) -> None:
        self.file = file
        accepted = tokens.accepted(file)
        self.gate = gate(create_app(), threads=1, body_limit=100, memory_limit=100, accepted=accepted)
        self.headers: dict[str, str] = {}

    def status(self, authorization: str | None, path: str = HOOK) -> int:
        given = {} if authorization is None else {"authorization": authorization}
        answer = ask(self.gate, path, headers=given)
        self.headers = dict(answer.headers)
        return answer.status


@pytest.fixture
def door(tmp_path: Path) -> Door:
    file = tmp_path / "tokens"
    file.write_text(f"{OLD}\n\n  {NEW}  \n")
    return Door(file)


@pytest.mark.parametrize("header", [f"Bearer {OLD}", f"bearer {NEW}", f"Bearer  {OLD} "])
def test_each_token_opens(door: Door, header: str) -> None:
    assert door.status(header) == 400


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
        f"Bearer {OLD} {NEW}",
    ],
)
def test_all_else_does_not(door: Door, header: str | None) -> None:
    assert door.status(header) == 401
    assert door.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_need_no_token(door: Door, path: str) -> None:
    assert ask(door.gate, path, method="GET").status == 200


@pytest.mark.parametrize("path", ["/", "/healthz/", "/metrics", "/readyz/../v1/policy/sync", "/v1/objectsync/sync", ""])
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
    assert [door.status(f"Bearer {token}") for token in (OLD, NEW, third)] == [401, 400, 400]


def test_an_emptied_file_locks_nobody_out(door: Door) -> None:
    door.file.write_text("")
    assert door.status(f"Bearer {OLD}") == 400


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
