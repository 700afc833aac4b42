"""The output of `simulate`: tables for people, YAML or JSON for programs."""

import textwrap
from collections.abc import Iterable, Sequence

import orjson
import yaml

from object_syncer.cli.trial import Outcome, condition_of
from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.status import destination
from object_syncer.status.destination import State

WIDTH = 100
_GAP = "  "
_Row = Sequence[str]


def as_json(outcome: Outcome) -> str:
    """Return the outcome as JSON: copies and objectSyncs are whole objects without managedFields."""
    return orjson.dumps(_document(outcome), option=orjson.OPT_INDENT_2).decode()


def as_yaml(outcome: Outcome) -> str:
    """Return the outcome as YAML, with the content of `as_json`."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(_document(outcome), Dumper=dumper, sort_keys=False, allow_unicode=True)).rstrip("\n")


def as_table(outcome: Outcome) -> str:
    """Return two tables that fit in WIDTH columns: destinations and ObjectSyncs."""
    rows = sorted(_destinations(outcome))
    parts = [_table(("COPY", "KIND", "SOURCE", "STATE"), [row[1:] for row in rows]) if rows else ["no copies"], [""]]
    if outcome.object_syncs:
        heads = ("OBJECTSYNC", "READY", "INSYNC", "COPIES")
        parts.append(_table(heads, *zip(*map(_object_sync, outcome.object_syncs), strict=True)))
    else:
        parts.append(["no ObjectSyncs"])
    return "\n".join(line for part in parts for line in part)


def _document(outcome: Outcome) -> Json:
    return {
        "copies": outcome.copies,
        "objectSyncs": outcome.object_syncs,
        "controllers": outcome.controllers,
        "steps": outcome.steps,
        **({"loop": outcome.loop} if outcome.loop else {}),
    }


def _destinations(outcome: Outcome) -> Iterable[tuple[str, ...]]:
    """Yield ObjectSync, destination, kind, source and state of every destination."""
    for item in outcome.slices:
        spec, status = item["spec"], item.get("status") or {}
        if spec.get("draining"):
            continue
        owner = f"{spec['objectSync']['namespace']}/{spec['objectSync']['name']}"
        kind, source = spec["resource"]["kind"], f"{spec['source']['namespace']}/{spec['source']['name']}"
        loaded = map(destination.load, status.get("destinations") or ())
        reported = {(state.namespace, state.name): state for state in loaded}
        if "source" in status:
            default = State("", "", destination.SYNCED)
        else:
            default = State("", "", destination.PENDING, (status.get("problem") or {}).get("reason", ""))
        planned = [(name, group["name"]) for group in spec.get("groups") or () for name in group["namespaces"]]
        for where in planned:
            yield owner, "/".join(where), kind, source, _state(reported.get(where, default))
        for entry in spec.get("problems") or ():
            for state in destination.without_copy(entry):
                yield owner, f"{state.namespace}/{state.name}", kind, source, _state(state)
            if entry.get("count"):
                yield owner, f"{entry['count']} more", kind, source, entry["reason"]


def _state(state: State) -> str:
    return f"{state.state}: {state.reason}" if state.reason and state.reason != state.state else state.state


def _object_sync(obj: Json) -> tuple[_Row, str]:
    """Return the row of an ObjectSync and the message below it."""
    ready, in_sync = condition_of(obj, "Ready"), condition_of(obj, "InSync")
    copies = ((obj.get("status") or {}).get("copies") or {}).get("summary", "-")
    shown = in_sync if ready.get("status") == "True" else ready
    reason = f"{shown['reason']}: " if shown and shown["status"] != "True" else ""
    message = f"{reason}{shown['message']}" if shown else "it has no status yet"
    row = (f"{namespace_of(obj)}/{name_of(obj)}", ready.get("status", "-"), in_sync.get("status", "-"), copies)
    return row, message


def _table(heads: _Row, rows: Iterable[_Row], messages: Iterable[str] = ()) -> list[str]:
    rows = list(rows)
    widths = _fitted([max(map(len, column)) for column in zip(heads, *rows, strict=True)])
    lines = [_line(heads, widths)]
    notes = iter(messages)
    for row in rows:
        lines.append(_line(row, widths))
        note = next(notes, "")
        lines += textwrap.wrap(note, WIDTH, initial_indent="    ", subsequent_indent="    ") if note else []
    return lines


def _line(cells: _Row, widths: Sequence[int]) -> str:
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
