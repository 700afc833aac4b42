"""Test files of `object-syncer test`: objects that are given, steps, and what there is in the end.

Each YAML document is one test. The words are those of the scenarios in tests/scenarios.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from memcluster.schema import problems
from object_syncer.cli.input import documents, reading
from object_syncer.cli.input.documents import Document, Flaw
from object_syncer.cli.input.reading import Fault, Given, Input, Place
from object_syncer.kube.meta import Json

_ANY: Json = {"x-kubernetes-preserve-unknown-fields": True}
"""Also where YAML makes a word true or false, as in `inSync: {default/sync: True}`."""
_OBJECT: Json = {"type": "object", **_ANY}
_STRING: Json = {"type": "string", "minLength": 1}


def _of(required: tuple[str, ...], **properties: Json) -> Json:
    return {"type": "object", "required": list(required), "properties": properties}


def _each(schema: Json) -> Json:
    return {"type": "object", "additionalProperties": schema}


_WHICH = {"apiVersion": _STRING, "kind": _STRING, "namespace": _STRING, "name": _STRING}
_END = {
    "copies": _each({**_OBJECT, "nullable": True}),
    "states": _each(_STRING),
    "inSync": _each(_ANY),
    "ready": _each(_ANY),
    "says": _each(_STRING),
}
_STEP = _of(
    (),
    create=_OBJECT,
    edit=_of(("kind", "name", "patch"), **_WHICH, patch=_OBJECT),
    label=_of(("kind", "name", "labels"), **_WHICH, labels=_each({**_STRING, "nullable": True})),
    delete=_of(("kind", "name"), **_WHICH),
    wait={"type": "number", "minimum": 0},
    expect=_of((), **_END),
)
SCHEMA = _of(
    ("reason", "given"),
    reason={**_STRING, "description": "What must hold, in a sentence"},
    given={"type": "array", "minItems": 1, "items": _ANY, "description": "Objects, or files and directories"},
    steps={"type": "array", "items": _STEP},
    **_END,
)
"""The schema of a test."""


class Spec(NamedTuple):
    """One test: a document that fits SCHEMA, its place, and the objects that it gives."""

    place: Place
    body: Json
    given: Input

    @property
    def reason(self) -> str:
        """What must hold."""
        return str(self.body["reason"])


def read(paths: list[str]) -> tuple[list[Spec], list[Fault]]:
    """Return the tests in files and directories, and what is wrong with them."""
    found: list[Spec] = []
    faults: list[Fault] = []
    for path in paths:
        files = sorted(map(str, Path(path).rglob("*.yaml"))) if Path(path).is_dir() else [path]
        before = len(found), len(faults)
        for file in files:
            for item in _file(file, directory=Path(path).is_dir()):
                if isinstance(item, Spec):
                    found.append(item)
                else:
                    faults.append(item)
        if before == (len(found), len(faults)):
            faults.append(Fault(path, 0, "there is no test in it: a YAML document with reason and given"))
    return found, faults


def _file(file: str, *, directory: bool) -> Iterator[Spec | Fault]:
    try:
        text = Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        yield Fault(file, 0, f"cannot be read: {(getattr(error, 'strerror', '') or 'it is not UTF-8 text').lower()}")
        return
    for document in documents.read(text):
        if isinstance(document, Flaw):
            yield Fault(file, document.line, document.message)
        elif directory and isinstance(document.value, dict) and "apiVersion" in document.value:
            continue  # manifests beside the tests
        elif document.value is not None:
            yield from _spec(Place(file, text, document.number), document)


def _spec(place: Place, document: Document) -> Iterator[Spec | Fault]:
    if not isinstance(document.value, dict):
        yield place.fault("", "must be a map with reason, given, steps and what there is in the end")
        return
    wrong = [place.fault(path, message) for path, message in problems(SCHEMA, document.value, strict=True)]
    for index, step in enumerate(document.value.get("steps") or ()):
        if isinstance(step, dict) and len(step) != 1:
            wrong.append(place.fault(f"steps[{index}]", "must be one of create, edit, label, delete, wait, expect"))
    yield from wrong
    if not wrong:
        yield Spec(place, document.value, _given(place, document.value["given"]))


def _given(place: Place, items: list[Json | str]) -> Input:
    """Return the objects that a test gives: those in it, and those of the files that it names."""
    found = Input([], [], [])
    for index, item in enumerate(items):
        if isinstance(item, str):
            more = reading.read([str(Path(place.file).parent / item)])
            found = Input(found.given + more.given, found.notes + more.notes, found.faults + more.faults)
            continue
        for each in reading.objects(place._replace(path=f"given[{index}]"), item):
            if isinstance(each, Given):
                found.given.append(each)
            else:
                found.faults.append(each)
    return found
