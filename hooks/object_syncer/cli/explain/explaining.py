"""Why a copy is there, or is not: from its source over ObjectSync, SyncPolicy and namespace to what is in its place.

What is said comes from a simulation of the objects given, and from the planner's own functions; what the input shows of
the cluster itself (status, events) is quoted beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from object_syncer.cli.explain import quoting, tracing
from object_syncer.cli.explain.tracing import Trace
from object_syncer.cli.input.reading import Given, Input
from object_syncer.cli.simulate import printing, trial
from object_syncer.cli.simulate.changes import changes
from object_syncer.cli.simulate.masking import masked
from object_syncer.cli.simulate.outcome import Destination, condition_of, place_of
from object_syncer.cli.simulate.tables import step, table, wrapped
from object_syncer.cli.simulate.trial import Trial
from object_syncer.kube import api
from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.planning import slice_spec
from object_syncer.status import destination, reasons

_SHOWN_CHANGES = 20
_LONGEST_CELL = 60
"""Longer reasons stand below their row."""


class Wanted(NamedTuple):
    """What is to be explained; `kind` is "" if it was not said."""

    kind: str
    namespace: str
    name: str

    @property
    def place(self) -> str:
        """namespace/name"""
        return f"{self.namespace}/{self.name}"

    def means(self, kind: str) -> bool:
        """Tell whether the kind that was said, in singular or plural, in any case, may be this one."""
        said, known = self.kind.lower().partition(".")[0], kind.lower()
        return not said or said in (known, f"{known}s", f"{known}es", f"{known[:-1]}ies")


@dataclass(frozen=True)
class Explanation:
    """The lines to print, and whether all is as it should be."""

    lines: list[str]
    well: bool


class _World(NamedTuple):
    """The input, what came of it, and the trace of each ObjectSync by its place."""

    found: Input
    trial: Trial
    traces: dict[str, Trace]

    def object_sync(self, place: str) -> Json:
        """Return an ObjectSync as it is in the end."""
        return next(item for item in self.trial.outcome.object_syncs if place_of(item) == place)

    def given(self, kind: str, place: str) -> Given | None:
        """Return an object of the input as it was written, with its place in the input."""
        return next((item for item in self.found.given if item.obj["kind"] == kind and _written(item) == place), None)

    def live(self, place: str) -> Json:
        """Return an ObjectSync as it was written, {} if it is not in the input."""
        found = self.given("ObjectSync", place)
        return found.obj if found else {}


def explain(wanted: Wanted, found: Input, done: Trial, show_secrets: bool = False) -> Explanation:
    """Return why an ObjectSync, a copy, or a copy that is not there is as it is."""
    policies = done.cluster.list(api.API_VERSION, "SyncPolicy")
    namespaces = tracing.by_name(done.cluster.list("v1", "Namespace"))
    syncs = done.outcome.object_syncs
    traces = {place_of(item): tracing.trace(item, policies, namespaces, _keepers(done, item)) for item in syncs}
    world = _World(found, done, traces)
    is_sync = wanted.means("ObjectSync") or wanted.kind.lower() == "osync"
    parts: list[Explanation] = []
    if is_sync and wanted.place in traces:
        parts.append(_object_sync(world, wanted.place))
    if wanted.kind.lower() not in ("objectsync", "objectsyncs", "osync"):
        here = [each for each in done.outcome.destinations if each.place == wanted.place and wanted.means(each.kind)]
        parts += [_destination(world, each, show_secrets) for each in here]
    if not parts:
        parts.append(_absent(world, wanted, sorted(namespaces)))
    lines = [line for part in parts for line in (*part.lines, "")][:-1]
    return Explanation(lines, all(part.well for part in parts))


def _keepers(done: Trial, object_sync: Json) -> set[str]:
    uid = object_sync["metadata"]["uid"]
    specs = [item["spec"] for item in done.outcome.slices if item["spec"]["objectSync"]["uid"] == uid]
    return {spec["policy"] for spec in specs if not slice_spec.is_given_up(spec)}


# An ObjectSync


def _object_sync(world: _World, place: str) -> Explanation:
    obj, trace = world.object_sync(place), world.traces[place]
    own = [each for each in world.trial.outcome.destinations if each.object_sync == place]
    rows, notes = [], []
    for each in sorted(own, key=lambda each: each.place):
        where = (each.state.namespace, each.state.name)
        rows.append((*where, printing.state_word(each.state), trace.selected.get(where, "")))
        notes.append(list(_words(world, each)))
    listed = {(row[0], row[1]) for row in rows}
    for (namespace, name), why in sorted(trace.cut.items()):
        if (namespace, name) not in listed:
            short = len(why) <= _LONGEST_CELL
            rows.append((namespace, name, "no copy", why if short else "see below"))
            notes.append([] if short else [why])
    touched = {row[0] for row in rows}
    others = [name for name in _namespaces(world) if name not in touched]
    lines = [f"ObjectSync {place}", *_object_sync_lines(world, obj, trace), ""]
    lines += table(("NAMESPACE", "COPY", "STATE", "WHY"), rows, notes) if rows else ["no namespace is selected"]
    if others:
        lines += ["", *wrapped(f"Not selected by any item of spec.destinations: {', '.join(others)}", 0)]
    return Explanation(lines, quoting.is_well(obj) and not _fails_in_the_cluster(world, place))


def _fails_in_the_cluster(world: _World, place: str) -> bool:
    live = world.live(place)
    return quoting.has_status(live) and not quoting.is_well(live)


def _namespaces(world: _World) -> list[str]:
    return sorted(name_of(obj) for obj in world.trial.cluster.list("v1", "Namespace"))


def _object_sync_lines(world: _World, obj: Json, trace: Trace) -> Iterator[str]:
    """Yield the steps from the source to the SyncPolicy."""
    place, source = place_of(obj), obj["spec"]["source"]
    key = f"{source.get('namespace') or namespace_of(obj)}/{source['name']}"
    yield from step("Source", f"{source['kind']} {key}{_origin(world, source['kind'], key)}")
    yield from step("ObjectSync", f"{place}{_origin(world, 'ObjectSync', place)}: {printing.message_of(obj)}")
    yield from step("SyncPolicy", "; ".join(trace.policies) or "none is asked: the kind of the source is unknown")
    live = world.live(place)
    if quoting.has_status(live):
        yield from step("In the cluster", printing.message_of(live))


def _origin(world: _World, kind: str, place: str) -> str:
    found = world.given(kind, place)
    if found:
        return f" ({found.place})"
    copies = (obj for obj in world.trial.outcome.copies if obj["kind"] == kind and place_of(obj) == place)
    return " (a copy itself)" if next(copies, None) else " (not in the input)"


# A destination


def _destination(world: _World, each: Destination, show_secrets: bool) -> Explanation:
    obj, trace = world.object_sync(each.object_sync), world.traces[each.object_sync]
    where = (each.state.namespace, each.state.name)
    lines = [f"{each.kind} {each.place}: {printing.state_word(each.state)}", *_object_sync_lines(world, obj, trace)]
    lines += step("Namespace", trace.selected.get(where, "selected by no item of spec.destinations any more"))
    for words in _words(world, each):
        lines += step("State", words)
    quoted = quoting.failures(world.live(each.object_sync), each.state)
    lines += [line for words in quoted for line in step("In the cluster", words)]
    for words in quoting.events(world.found, each.place):
        lines += step("Event", words)
    copy = _copy_of(world.trial, each)
    supposed = ""
    if copy is None and each.state.reason == reasons.CONFLICT:
        copy = _copy_without(world, each)
        supposed = ", if it were not for what is there,"
    if copy:
        lines += ["", f"The copy{supposed} would be:"]
        lines += [f"    {line}" for line in printing.dumped_yaml(_bare(copy, show_secrets)).splitlines()]
        lines += _compared(world, each, copy, show_secrets)
    return Explanation(lines, each.state.state == destination.SYNCED and not quoted)


def _words(world: _World, each: Destination) -> Iterator[str]:
    if each.state.message:
        yield each.state.message
    said = world.trial.outcome.refused.get((each.kind, each.state.namespace, each.state.name))
    if said:
        yield f"The API server says: {said}"


def _copy_of(done: Trial, each: Destination) -> Json | None:
    found = (obj for obj in done.outcome.copies if obj["kind"] == each.kind and place_of(obj) == each.place)
    return next(found, None)


def _copy_without(world: _World, each: Destination) -> Json | None:
    """Return the copy that there would be without the object that is in its place."""
    given = [item for item in world.found.given if not (item.obj["kind"] == each.kind and _written(item) == each.place)]
    if len(given) == len(world.found.given):
        return None
    again = trial.run(Input(given, [], []), create_namespaces=True)
    return _copy_of(again, each)


def _bare(copy: Json, show_secrets: bool) -> Json:
    shown = copy if show_secrets else masked(copy)
    meta = {key: copy["metadata"][key] for key in ("namespace", "name")}
    meta |= {key: shown["metadata"][key] for key in ("labels", "annotations") if shown["metadata"].get(key)}
    return {**{key: value for key, value in shown.items() if key != "status"}, "metadata": meta}


def _compared(world: _World, each: Destination, copy: Json, show_secrets: bool) -> list[str]:
    there = world.given(each.kind, each.place)
    if there is None:
        return []
    there_now = world.trial.objects.get((copy["apiVersion"].rpartition("/")[0], each.kind, *each.place.split("/")))
    found = changes(there_now or there.obj, copy)
    if not found:
        return ["", f"It equals what is there ({there.place})."]
    lines = ["", f"Changes to what is there ({there.place}):"]
    lines += [f"    {change.line(show_secrets)}" for change in found[:_SHOWN_CHANGES]]
    return lines + ([f"    and {len(found) - _SHOWN_CHANGES} more"] if len(found) > _SHOWN_CHANGES else [])


# What is not there


def _absent(world: _World, wanted: Wanted, namespaces: Sequence[str]) -> Explanation:
    what = f"{wanted.kind} {wanted.place}".strip()
    lines = [f"{what}: there is no copy"]
    sources = [obj for obj in world.trial.outcome.object_syncs if _is_source(obj, wanted)]
    for obj in sources:
        lines += step("Source", f"it is the source of ObjectSync {place_of(obj)}, not a copy")
    if wanted.namespace not in namespaces:
        close = get_close_matches(wanted.namespace, namespaces, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        lines += step("Namespace", f"there is no Namespace {wanted.namespace} in the input{hint}")
    candidates = [
        obj
        for obj in world.trial.outcome.object_syncs
        if wanted.means(obj["spec"]["source"]["kind"]) and wanted.name in _names(world, obj)
    ]
    for obj in candidates if not sources else ():
        trace = world.traces[place_of(obj)]
        lines += ["", *_object_sync_lines(world, obj, trace)]
        lines += step("Namespace", f"{wanted.namespace}: {_why_not(obj, trace, (wanted.namespace, wanted.name))}")
    if not candidates and not sources:
        named = sorted({name for obj in world.trial.outcome.object_syncs for name in _names(world, obj)})
        close = get_close_matches(wanted.name, named, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        lines += step("ObjectSync", f"none makes copies of this kind named {wanted.name}{hint}")
    return Explanation(lines, False)


def _why_not(obj: Json, trace: Trace, where: tuple[str, str]) -> str:
    if where in trace.selected:
        return f"{trace.selected[where]} selects it, but there is no copy for the reason above"
    if condition_of(obj, "Ready").get("status") != "True":
        return "no namespace is selected, for the reason above"
    return trace.cut.get(where, "no item of spec.destinations selects it")


def _is_source(obj: Json, wanted: Wanted) -> bool:
    source = obj["spec"]["source"]
    own = source.get("namespace") or namespace_of(obj)
    return wanted.means(source["kind"]) and (own, source["name"]) == (wanted.namespace, wanted.name)


def _names(world: _World, obj: Json) -> set[str]:
    """Return how the copies of an ObjectSync are named, also if it gets none."""
    source = obj["spec"]["source"]["name"]
    return {entry.get("name") or source for entry in obj["spec"]["destinations"]} | {
        *world.traces[place_of(obj)].copy_names
    }


def _written(item: Given) -> str:
    meta = item.obj.get("metadata") or {}
    return f"{meta.get('namespace') or 'default'}/{meta.get('name')}"
