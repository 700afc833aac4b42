"""What a change of manifests does: a simulation of those before it, and then of those after it, compared.

With a dump of a cluster, it runs in that cluster: the manifests take the place of what is there of them.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from object_syncer.cli.input.reading import Given, Input
from object_syncer.cli.simulate import filling
from object_syncer.cli.simulate.changes import Change, changes
from object_syncer.cli.simulate.outcome import Destination, Outcome, condition_of, place_of
from object_syncer.kube import api, builtin, clock
from object_syncer.kube.meta import Json, controller_of, name_of, namespace_of
from object_syncer.status import destination
from object_syncer.status.destination import State

_Identity = tuple[str, str, str, str]
"""API group, kind, namespace and name, as written."""


class Copy(NamedTuple):
    """A copy, and the ObjectSync ("namespace/name") that makes it."""

    kind: str
    """With the group if that is not Kubernetes' own: "ConfigMap", "Widget.example.com"."""
    namespace: str
    name: str
    object_sync: str


class Trouble(NamedTuple):
    """A destination that is not in sync after the change, and was, or was none, before it."""

    copy: Copy
    state: State


class Turn(NamedTuple):
    """A condition of an ObjectSync that the change turns; "-" where there is none."""

    object_sync: str
    type: str
    before: str
    after: str
    message: str


class Comparison(NamedTuple):
    """What a change does; all lists are sorted."""

    created: list[Copy]
    deleted: list[Copy]
    recreated: list[Copy]
    """Deleted, and then created again."""
    changed: list[tuple[Copy, list[Change]]]
    troubles: list[Trouble]
    turns: list[Turn]

    @property
    def same(self) -> bool:
        """Tell whether the change does nothing."""
        return not any(self)


def worlds(old: Input, new: Input, live: Input | None) -> tuple[Input, Input]:
    """Return the input of the simulation before and after the change.

    What an ObjectSync or SyncPolicy is older than decides contests; so those of `old` are older than what only `new`
    has, and those in the cluster have the age that they have there.
    """
    before, after = _by_identity(old.given), _by_identity(new.given)
    there = {} if live is None else {key: item for key, item in _by_identity(live.given).items() if not _is_ours(item)}
    shown = map(_created, (*old.given, *new.given, *there.values()))
    now = max([filling.START, *filter(None, shown)])

    def aged(key: _Identity, item: Given) -> Given:
        since = now if key in before else now + timedelta(seconds=1)
        return _aged(item, there.get(key), clock.stamp(since))

    first = _merged(old, (item for key, item in there.items() if key not in before), aged)
    second = _merged(new, (item for key, item in there.items() if key not in before and key not in after), aged)
    if live is not None:
        first = first._replace(notes=live.notes + first.notes, faults=live.faults + first.faults)
    return first, second


def compare(before: Outcome, after: Outcome) -> Comparison:
    """Return what is different after a change."""
    was, now = _copies(before), _copies(after)
    earlier, later = {copy[:3]: copy for copy in was}, {copy[:3]: copy for copy in now}
    kept = [(was[earlier[copy[:3]]], copy) for copy in sorted(now) if copy[:3] in earlier]
    changed = [(copy, changes(obj, now[copy])) for obj, copy in kept]
    return Comparison(
        sorted(copy for copy in now if copy[:3] not in earlier),
        sorted(copy for copy in was if copy[:3] not in later),
        [copy for obj, copy in kept if obj["metadata"]["uid"] != now[copy]["metadata"]["uid"]],
        [(copy, found) for copy, found in changed if found],
        _troubles(before, after),
        _turns(before, after),
    )


def _copies(outcome: Outcome) -> dict[Copy, Json]:
    owners = {_copy(each)[:3]: each.object_sync for each in outcome.destinations}
    found = {}
    for obj in outcome.copies:
        where = (_kind(obj["apiVersion"], obj["kind"]), namespace_of(obj), name_of(obj))
        found[Copy(*where, owners.get(where, ""))] = obj
    return found


def _copy(each: Destination) -> Copy:
    return Copy(_kind(each.api_version, each.kind), each.state.namespace, each.state.name, each.object_sync)


def _kind(api_version: str, kind: str) -> str:
    group = api_version.rpartition("/")[0]
    return kind if group in builtin.GROUPS else f"{kind}.{group}"


def _troubles(before: Outcome, after: Outcome) -> list[Trouble]:
    known = {(_copy(each), each.state.reason) for each in before.destinations}
    return [
        Trouble(_copy(each), each.state)
        for each in after.destinations
        if each.state.state != destination.SYNCED and (_copy(each), each.state.reason) not in known
    ]


def _turns(before: Outcome, after: Outcome) -> list[Turn]:
    was = {place_of(item): item for item in before.object_syncs}
    found = []
    for item in after.object_syncs:
        earlier = was.get(place_of(item), {})
        for type_ in ("Ready", "InSync"):
            old, new = condition_of(earlier, type_), condition_of(item, type_)
            if old.get("status", "True") != new.get("status", "-"):
                words = f"{new.get('reason', '')}: {new.get('message', '')}"
                found.append(Turn(place_of(item), type_, old.get("status", "-"), new.get("status", "-"), words))
    return sorted(found)


# The input of the simulations


def _merged(own: Input, others: Iterable[Given], aged: Callable[[_Identity, Given], Given]) -> Input:
    given = [aged(key, item) if (key := _identity(item)) else item for item in own.given]
    return Input([*others, *given], list(own.notes), list(own.faults))


def _by_identity(given: Iterable[Given]) -> dict[_Identity, Given]:
    return {key: item for item in given if (key := _identity(item))}


def _identity(item: Given) -> _Identity | None:
    """Return what identifies an object, None if its metadata cannot be used; the simulation then says why."""
    meta = item.obj.get("metadata")
    if not isinstance(meta, dict) or not isinstance(meta.get("name"), str):
        return None
    group = item.obj["apiVersion"].rpartition("/")[0]
    return group, item.obj["kind"], str(meta.get("namespace") or "default"), meta["name"]


def _is_ours(item: Given) -> bool:
    """Tell whether an object is a copy, which the simulations make themselves."""
    try:
        owner = controller_of(item.obj)
    except (TypeError, AttributeError):
        return False
    labels = item.obj["metadata"].get("labels")
    return bool(owner and owner.get("kind") == "SyncSlice" and isinstance(labels, dict) and api.SLICE_LABEL in labels)


def _created(item: Given) -> datetime | None:
    try:
        moment = datetime.fromisoformat(item.obj["metadata"]["creationTimestamp"])
    except (KeyError, TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def _aged(item: Given, live: Given | None, since: str) -> Given:
    """Return one of our own objects with the uid and age that it has in the cluster, else with this age."""
    if not item.obj["apiVersion"].startswith(f"{api.GROUP}/"):
        return item
    meta = dict(item.obj["metadata"])
    shown = live.obj["metadata"] if live else {}
    for field in ("uid", "creationTimestamp"):
        if shown.get(field):
            meta.setdefault(field, shown[field])
    meta["creationTimestamp"] = meta.get("creationTimestamp") or since
    return Given(item.place, {**item.obj, "metadata": meta})
