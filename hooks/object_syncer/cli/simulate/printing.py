"""The output of `simulate`: tables for people, YAML or JSON for programs."""

import orjson
import yaml

from object_syncer.cli.simulate.masking import masked
from object_syncer.cli.simulate.outcome import Outcome, condition_of, place_of
from object_syncer.cli.simulate.tables import Row, table
from object_syncer.kube.meta import Json
from object_syncer.status.destination import State


def as_json(outcome: Outcome, show_secrets: bool = False) -> str:
    """Return the outcome as JSON: copies and objectSyncs are whole objects without managedFields."""
    return dumped_json(_document(outcome, show_secrets))


def as_yaml(outcome: Outcome, show_secrets: bool = False) -> str:
    """Return the outcome as YAML, with the content of `as_json`."""
    return dumped_yaml(_document(outcome, show_secrets))


def as_table(outcome: Outcome, show_secrets: bool = False) -> str:
    """Return two tables: destinations and ObjectSyncs. They show no contents, whatever `show_secrets` says."""
    rows = [
        (each.place, each.kind, each.source, each.object_sync, state_word(each.state)) for each in outcome.destinations
    ]
    rows += [(f"{each.number} more", each.kind, each.source, each.object_sync, each.reason) for each in outcome.unnamed]
    heads = ("COPY", "KIND", "SOURCE", "OBJECTSYNC", "STATE")
    lines = table(heads, rows) if rows else ["no copies"]
    lines.append("")
    if outcome.object_syncs:
        notes = [_notes(outcome, item) for item in outcome.object_syncs]
        lines += table(("OBJECTSYNC", "READY", "INSYNC", "COPIES"), map(_object_sync, outcome.object_syncs), notes)
    else:
        lines.append("no ObjectSyncs")
    return "\n".join(lines)


def dumped_json(document: Json) -> str:
    """Return a document as indented JSON."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def dumped_yaml(document: Json) -> str:
    """Return a document as YAML, keys in their order."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(document, Dumper=dumper, sort_keys=False, allow_unicode=True)).rstrip("\n")


def state_word(state: State) -> str:
    """Return a state with its reason: "Synced", "Pending: NamespaceNotFound"."""
    return f"{state.state}: {state.reason}" if state.reason and state.reason != state.state else state.state


def message_of(object_sync: Json) -> str:
    """Return what an ObjectSync says of itself: the reason, unless all is well, and the sentence."""
    ready, in_sync = condition_of(object_sync, "Ready"), condition_of(object_sync, "InSync")
    shown = in_sync if ready.get("status") == "True" else ready
    if not shown:
        return "it has no status yet"
    reason = f"{shown['reason']}: " if shown["status"] != "True" else ""
    return f"{reason}{shown['message']}"


def _document(outcome: Outcome, show_secrets: bool) -> Json:
    refused = [
        {"kind": kind, "namespace": namespace, "name": name, "message": message}
        for (kind, namespace, name), message in sorted(outcome.refused.items())
    ]
    return {
        "copies": outcome.copies if show_secrets else [masked(copy) for copy in outcome.copies],
        "objectSyncs": outcome.object_syncs,
        "controllers": outcome.controllers,
        "steps": outcome.steps,
        **({"refused": refused} if refused else {}),
        **({"loop": outcome.loop} if outcome.loop else {}),
    }


def _object_sync(obj: Json) -> Row:
    copies = ((obj.get("status") or {}).get("copies") or {}).get("summary", "-")
    conditions = (condition_of(obj, type_).get("status", "-") for type_ in ("Ready", "InSync"))
    return (place_of(obj), *conditions, copies)


def _notes(outcome: Outcome, object_sync: Json) -> list[str]:
    """Return what stands below an ObjectSync: its message, and the API server's words."""
    said: dict[str, list[str]] = {}
    for each in outcome.destinations if outcome.refused else ():
        why = outcome.refused.get((each.kind, each.state.namespace, each.state.name))
        if why and each.object_sync == place_of(object_sync):
            said.setdefault(why.rpartition(" is invalid: ")[2], []).append(each.place)
    words = []
    for why, places in said.items():
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        words.append(f"The API server says of {places[0]}{more}: {why}")
    return [message_of(object_sync), *words]
