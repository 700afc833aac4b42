"""What a simulation ends with: copies, ObjectSyncs, and the state of every destination."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.status import destination, reasons
from object_syncer.status.destination import State


@dataclass(frozen=True)
class Outcome:
    """What is in the cluster at rest; objects are whole, but without managedFields."""

    copies: list[Json]
    object_syncs: list[Json]
    slices: list[Json]
    controllers: list[str]
    steps: int
    loop: str = ""
    """What kept it from coming to rest, "" if nothing did."""
    refused: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """By kind, namespace and name of copies, why the API server refuses to write them."""

    @cached_property
    def destinations(self) -> "list[Destination]":
        """Every destination of every ObjectSync, sorted by ObjectSync and place."""
        found = [each for item in self.slices for each in _of_slice(item)]
        return sorted(found, key=lambda each: (each.object_sync, each.state.namespace, each.state.name))

    @property
    def unnamed(self) -> "list[Unnamed]":
        """Destinations without copy beyond those that a SyncSlice names, counted."""
        return [each for item in self.slices for each in _unnamed_of(item)]

    @property
    def in_sync(self) -> bool:
        """Tell whether every ObjectSync is Ready and InSync."""
        return not self.loop and all(
            condition_of(item, type_).get("status") == "True"
            for item in self.object_syncs
            for type_ in ("Ready", "InSync")
        )


class Destination(NamedTuple):
    """Where an ObjectSync has a copy or should have one."""

    object_sync: str
    """namespace/name"""
    kind: str
    api_version: str
    source: str
    """namespace/name"""
    state: State

    @property
    def place(self) -> str:
        """The namespace/name of the copy."""
        return f"{self.state.namespace}/{self.state.name}"


class Unnamed(NamedTuple):
    """How many more destinations of an ObjectSync have no copy for a reason."""

    object_sync: str
    """namespace/name"""
    kind: str
    source: str
    """namespace/name"""
    reason: str
    number: int


def condition_of(obj: Json, type_: str) -> Json:
    """Return a condition of an object's status, {} if there is none."""
    conditions: list[Json] = (obj.get("status") or {}).get("conditions") or []
    return next((condition for condition in conditions if condition["type"] == type_), {})


def place_of(obj: Json) -> str:
    """Return namespace/name of an object."""
    return f"{namespace_of(obj)}/{name_of(obj)}"


def waiting(outcome: Outcome) -> list[str]:
    """Return what is not wrong but has no copy yet, one line for each: ObjectSyncs and absent namespaces."""
    found = []
    for item in outcome.object_syncs:
        if condition_of(item, "InSync").get("status") == "True" and not _copies(item):
            found.append(f"{place_of(item)} has no destinations")
    absent = [each for each in outcome.destinations if each.state.reason == reasons.NAMESPACE_NOT_FOUND]
    return found + [f"{each.place} waits for namespace {each.state.namespace}" for each in absent]


def _copies(object_sync: Json) -> int:
    return int(((object_sync.get("status") or {}).get("copies") or {}).get("total", 0))


def _of_slice(item: Json) -> Iterator[Destination]:
    spec, status = item["spec"], item.get("status") or {}
    if spec.get("draining"):
        return
    owner, source, type_ = _key(spec["objectSync"]), _key(spec["source"]), spec["resource"]

    def at(state: State) -> Destination:
        return Destination(owner, type_["kind"], type_["apiVersion"], source, state)

    loaded = map(destination.load, status.get("destinations") or ())
    reported = {(state.namespace, state.name): state for state in loaded}
    problem = status.get("problem") or {}
    for group in spec.get("groups") or ():
        for namespace in group["namespaces"]:
            where = (namespace, group["name"])
            if "source" in status:
                unlisted = State(*where, destination.SYNCED)
            else:
                unlisted = State(*where, destination.PENDING, problem.get("reason", ""), problem.get("message", ""))
            yield at(reported.get(where, unlisted))
    for entry in spec.get("problems") or ():
        yield from map(at, destination.without_copy(entry))


def _unnamed_of(item: Json) -> Iterator[Unnamed]:
    spec = item["spec"]
    if spec.get("draining"):
        return
    for entry in spec.get("problems") or ():
        if entry.get("count"):
            owner, kind, source = _key(spec["objectSync"]), spec["resource"]["kind"], _key(spec["source"])
            yield Unnamed(owner, kind, source, entry["reason"], entry["count"])


def _key(reference: Json) -> str:
    return f"{reference['namespace']}/{reference['name']}"
