"""The requests in examples/hooks, and the answers stored beside them.

After a change of what the hooks answer, write the answers again and read the difference:

    PYTHONPATH=tests .venv/bin/python -m contract.examples
"""

from datetime import UTC, datetime
from pathlib import Path

import orjson

from object_syncer.web.app import create_app

FOLDER = Path(__file__).parents[2] / "examples" / "hooks"
ANSWER = ".answer.json"
NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
"""When the stored answers were given."""


def main() -> None:
    """Write the answer of every request."""
    for name in names():
        (FOLDER / f"{name}{ANSWER}").write_bytes(answer(name))
    print(f"{len(names())} answers in {FOLDER}")


def names() -> list[str]:
    """Return the names of the requests: `slice-sync` is what is posted to /v1/slice/sync."""
    return sorted(path.stem for path in FOLDER.glob("*.json") if not path.name.endswith(ANSWER))


def route(name: str) -> str:
    """Return the path that a request is posted to."""
    return f"/v1/{name.replace('-', '/')}"


def request(name: str) -> bytes:
    """Return the body of a request."""
    return (FOLDER / f"{name}.json").read_bytes()


def answer(name: str) -> bytes:
    """Return what the hook server answers to a request, indented. Raises ValueError for an error."""
    response = create_app(lambda: NOW).test_client().post(route(name), data=request(name))
    if response.status_code != 200:
        raise ValueError(f"{name}: {response.status_code} {response.text}")
    return orjson.dumps(response.json, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    main()
