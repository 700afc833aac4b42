"""The input of the commands: files and directories of YAML or JSON, read into Kubernetes objects with their places.

Everything that cannot be used is collected, so that all of it is reported at once. A file that is named must contain
objects and nothing else; in a directory, what is no Kubernetes object is left out, and a note says so.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from object_syncer.cli.input import documents
from object_syncer.cli.input.documents import Document, Flaw
from object_syncer.kube.meta import Json

STDIN = "-"

_SUFFIXES = (".yaml", ".yml", ".json")
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_OBJECT = re.compile(r"^[\s{,-]*[\"']?apiVersion[\"']?\s*:", re.MULTILINE)
_KUSTOMIZE = "a kustomization is not built here; for what it makes: kustomize build DIR | object-syncer COMMAND -"


class Fault(NamedTuple):
    """Something in the input that cannot be used: where, and what to do about it, in one line."""

    file: str
    line: int
    """0 if it concerns the whole file."""
    message: str

    def __str__(self) -> str:
        """Return it as compilers do: file:line: message."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {' '.join(self.message.split())}"


class BadInput(Exception):
    """Input that cannot be used, with all its faults, sorted by file and line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(map(str, self.faults)))


class Place(NamedTuple):
    """Where an object is: the file, its text, the number of the document, and the path in it ("items[3]")."""

    file: str
    text: str
    document: int
    path: str = ""

    def line(self, field: str = "") -> int:
        """Return the line of a field of the object, or of the object."""
        below = "." if self.path and field and not field.startswith("[") else ""
        return documents.line_of(self.text, self.document, f"{self.path}{below}{field}")

    def fault(self, field: str, message: str) -> Fault:
        """Return what is wrong with a field of the object."""
        return Fault(self.file, self.line(field), f"{field}: {message}" if field else message)

    def __str__(self) -> str:
        """Return file:line, and of what comes from a cluster the cluster."""
        return f"{self.file}:{self.line()}" if self.text else self.file


class Given(NamedTuple):
    """An object and its place in the input."""

    place: Place
    obj: Json

    def named(self) -> str:
        """Return the kind and name of the object."""
        meta = self.obj["metadata"]
        name = f"{meta['namespace']}/{meta['name']}" if meta.get("namespace") else meta["name"]
        return f"{self.obj['kind']} {name}"

    def fault(self, field: str, message: str) -> Fault:
        """Return what is wrong with a field of the object, with the object's name."""
        return Fault(self.place.file, self.place.line(field), f"{self.named()}: {field}: {message}")


class Input(NamedTuple):
    """Every object that was read, Lists taken apart; what was left out; what cannot be used."""

    given: list[Given]
    notes: list[str]
    faults: list[Fault]


def read(paths: Iterable[str]) -> Input:
    """Read files and directories; "-" is standard input."""
    found = Input([], [], [])
    for path in paths:
        before = len(found.given), len(found.faults), len(found.notes)
        if path != STDIN and Path(path).is_dir():
            for file in _files(path):
                _read_file(found, file, file, named=False)
            if before == (len(found.given), len(found.faults), len(found.notes)):
                found.faults.append(Fault(path, 0, "there is no YAML or JSON file with Kubernetes objects in it"))
        else:
            name = "stdin" if path == STDIN else path
            _read_file(found, name, path, named=True)
            if before == (len(found.given), len(found.faults), len(found.notes)):
                found.faults.append(Fault(name, 0, "there is no object in it"))
    return found


def _files(directory: str) -> Iterator[str]:
    """Yield the files that may contain objects, sorted; hidden directories are not entered."""
    for folder, folders, files in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(_SUFFIXES) or name in _KUSTOMIZATIONS:
                yield str(Path(folder, name))


def _read_file(found: Input, name: str, path: str, *, named: bool) -> None:
    if Path(path).name in _KUSTOMIZATIONS:
        found.notes.append(f"skipped {name}: {_KUSTOMIZE}")
        return
    text = _text(name, path)
    if isinstance(text, Fault):
        found.faults.append(text)
        return
    if not named and not _OBJECT.search(text):
        if text.strip():
            found.notes.append(f"skipped {name}: it contains no Kubernetes object")
        return
    read_documents = list(documents.read(text))
    flaws = [flaw for flaw in read_documents if isinstance(flaw, Flaw)]
    if flaws and not named and "{{" in text:
        found.notes.append(f"skipped {name}: it is a template; render it first, for example with helm template")
        return
    found.faults.extend(Fault(name, flaw.line, flaw.message) for flaw in flaws)
    for document in read_documents:
        if isinstance(document, Document) and document.value is not None:
            for item in objects(Place(name, text, document.number), document.value):
                if isinstance(item, Given):
                    found.given.append(item)
                elif named:
                    found.faults.append(item)
                else:
                    found.notes.append(f"skipped {name}: document {document.number} is no Kubernetes object")


def _text(name: str, path: str) -> str | Fault:
    try:
        content = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except OSError as error:
        return Fault(name, 0, f"cannot be read: {(error.strerror or 'input error').lower()}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Fault(name, line, "is not UTF-8 text")


def objects(place: Place, value: Any) -> Iterator[Given | Fault]:
    """Yield the object that a value is, or those of the List that it is, or what is wrong with it."""
    if not isinstance(value, dict):
        yield place.fault("", "must be a Kubernetes object with apiVersion, kind and metadata; indent its fields alike")
        return
    wrong = [field for field in ("apiVersion", "kind") if not isinstance(value.get(field), str) or not value[field]]
    if wrong:
        yield place.fault("", f"{wrong[0]}: missing; every Kubernetes object says its apiVersion and kind")
        return
    if not value["kind"].endswith("List") or "items" not in value:
        yield Given(place, value)
        return
    if not isinstance(value["items"], list):
        yield place.fault("items", "must be a list")
        return
    kind = value["kind"].removesuffix("List")
    implied = {"apiVersion": value["apiVersion"], "kind": kind} if kind else {}
    for index, item in enumerate(value["items"]):
        path = f"{place.path}.items[{index}]".lstrip(".")
        yield from objects(place._replace(path=path), {**implied, **item} if isinstance(item, dict) else item)
