"""From what other tools are asked to copy to ObjectSyncs, and what these do to the copies that live."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from object_syncer.cli.convert import patterns, replicating
from object_syncer.cli.convert.patterns import Rule
from object_syncer.cli.convert.replicating import PREFIXES, Source, Unsaid, Wish
from object_syncer.cli.input.reading import BadInput, Given, Input
from object_syncer.cli.simulate import filling, trial
from object_syncer.cli.simulate.outcome import place_of
from object_syncer.cli.simulate.trial import Progress
from object_syncer.kube import api
from object_syncer.kube.meta import Json, name_of
from object_syncer.status import destination, reasons

_SHOWN = 5


class Conversion(NamedTuple):
    """ObjectSyncs, and what they do not say."""

    object_syncs: list[Json]
    unsaid: list[str]
    """One line each."""


class Fate(NamedTuple):
    """What becomes of a copy that another tool made."""

    copy: str
    """Kind and namespace/name."""
    problem: str
    """"" if it is taken over as it is."""


def convert(found: Input) -> Conversion:
    """Return the ObjectSyncs that ask for what the objects ask of other tools. Raises BadInput."""
    faults = list(found.faults)
    items = filling.sound(found.given, faults)
    faults += replicating.faults(items)
    if faults:
        raise BadInput(faults)
    wishes, unsaid = [], []
    namespaces = {name_of(item.obj): _labels(item.obj) for item in items if item.obj["kind"] == "Namespace"}
    for each in replicating.read(items):
        if isinstance(each, Wish):
            wishes.append(each)
        else:
            unsaid.append(str(each))
    by_source: dict[tuple[Source, tuple[str, ...]], list[Wish]] = {}
    for wish in wishes:
        by_source.setdefault((wish.source, wish.keys), []).append(wish)
    sources = {_key(item.obj): item.obj for item in items}
    object_syncs: list[Json] = []
    taken = {key[2:] for key in sources if key[:2] == (api.GROUP, "ObjectSync")}
    for (source, keys), asking in by_source.items():
        entries: list[Json] = []
        for wish in asking:
            wanted, cannot = _entries(wish, namespaces)
            entries += [entry for entry in wanted if entry not in entries]
            unsaid += map(str, cannot)
        if entries:
            object_syncs.append(_object_sync(source, keys, entries, sources.get(source), taken))
    return Conversion(object_syncs, unsaid)


def _entries(wish: Wish, namespaces: Mapping[str, Mapping[str, str]]) -> tuple[list[Json], list[Unsaid]]:
    """Return the destinations of a wish, and what they do not say."""
    *_, home, source_name = wish.source
    if wish.place:
        namespace, name = wish.place
        return [{"namespace": namespace, **({"name": name} if name != source_name else {})}], []
    called = {"name": wish.name} if wish.name else {}
    rules: Sequence[Rule] = wish.rules or (Rule(),)
    entries = rules[0].destinations() if len(rules) == 1 else None
    if entries is not None:
        entries = [{**entry, **called} for entry in entries]
        rest = rules[0].rest()
        if rest is None:
            return entries, []
        rules = (rest,)
    matching = [name for name in patterns.named(rules, namespaces) if (name, wish.name) != (home, "")]
    shown = ", ".join(matching[:_SHOWN]) + (f" and {len(matching) - _SHOWN} more" if len(matching) > _SHOWN else "")
    words = f"those in the input that match are named: {shown}" if matching else "none in the input matches"
    asked = " and ".join(" or ".join(filter(None, (*rule.patterns, rule.selector))) for rule in rules)
    message = f"no glob or selector means {asked}; {words}"
    return [*(entries or ()), *({"namespace": name, **called} for name in matching)], [
        Unsaid(wish.item, "namespaces", message)
    ]


def _object_sync(
    source: Source, keys: Sequence[str], entries: list[Json], obj: Json | None, taken: set[tuple[str, str]]
) -> Json:
    group, kind, namespace, name = source
    called = name
    if (namespace, called) in taken:
        called = f"{name}-{kind.lower()}"
    while (namespace, called) in taken:
        called += "-2"
    taken.add((namespace, called))
    notes = (obj["metadata"].get("annotations") or {}) if obj else {}
    exclude = sorted({f"{prefix}*" for prefix in PREFIXES for key in notes if key.startswith(prefix)})
    copy = {
        **({"annotations": {"exclude": exclude}} if exclude else {}),
        **({"data": {"include": list(keys)}} if keys else {}),
    }
    return {
        "apiVersion": api.API_VERSION,
        "kind": "ObjectSync",
        "metadata": {"namespace": namespace, "name": called},
        "spec": {
            "source": {"group": group, "kind": kind, "name": name},
            "destinations": entries,
            "conflictPolicy": "Adopt",
            **({"copy": copy} if copy else {}),
        },
    }


# The copies that live


def fates(found: Input, conversion: Conversion, progress: Progress) -> list[Fate]:
    """Return what the ObjectSyncs do to the copies in the input. Raises BadInput."""
    place = found.given[0].place
    needed = [item for item in found.given if not item.obj["apiVersion"].startswith("clustersecret.io/")]
    written = [Given(place, obj) for obj in conversion.object_syncs]
    done = trial.run(Input([*needed, *written], [], found.faults), create_namespaces=True, progress=progress)
    states = {(each.kind, each.place): each.state for each in done.outcome.destinations}
    return [_fate(item.obj, states.get((item.obj["kind"], place_of(item.obj)))) for item in copies(found.given)]


def copies(given: Iterable[Given]) -> list[Given]:
    """Return the copies that other tools made."""
    return [item for item in given if replicating.is_copy(item.obj)]


def _fate(obj: Json, state: destination.State | None) -> Fate:
    named = f"{obj['kind']} {place_of(obj)}"
    if state is None:
        return Fate(named, "no ObjectSync copies there: it stays as it is, and follows nothing any more")
    if state.reason == reasons.CONFLICT:
        return Fate(named, "it differs from its source and is left alone, unless conflictPolicy is Overwrite")
    return Fate(named, "" if state.state == destination.SYNCED else f"{state.reason}: {state.message}")


def _key(obj: Json) -> Source:
    meta = obj["metadata"]
    return obj["apiVersion"].rpartition("/")[0], obj["kind"], meta.get("namespace") or "default", meta["name"]


def _labels(obj: Json) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}
