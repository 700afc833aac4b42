"""What must be true of the copies of tenants, as a small model: who serves whom, who should have each destination."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from memcluster import Cluster
from simulation import model
from simulation.model import Json

SYNC = "sync.rustrial.org/v1alpha1"
RETIRE = "sync.rustrial.org/retire"
Place = tuple[str, str]
"""Namespace and name; a history has one kind."""

SOURCES = {"home": "s", "a": "t", "b": "u"}
"""Namespace -> the name of the source in it, which is always there. Home is the platform's, the others are tenants'."""
SOURCE_PLACES = frozenset(SOURCES.items())
NAMES = ("s", "t", "u")
TARGETS = ("home", "a", "b", "c")


@dataclass(frozen=True)
class Claim:
    """An ObjectSync that a policy serves."""

    object_sync: Json
    policy: Json
    wants: frozenset[Place]

    @property
    def id(self) -> Place:
        return model.namespace(self.object_sync), model.name(self.object_sync)

    @property
    def source(self) -> Place:
        source = self.object_sync["spec"]["source"]
        return source.get("namespace") or self.id[0], source["name"]

    @property
    def takes(self) -> str:
        """What it may take of others: Overwrite, or Adopt what equals the source, or Fail."""
        permitted = self.policy["spec"].get("conflictPolicies") or ()
        asked = str(self.object_sync["spec"].get("conflictPolicy") or "Fail")
        return asked if "*" in permitted else "Fail"

    @property
    def is_in_sync(self) -> bool:
        """Whether it says that it is in sync."""
        conditions = (self.object_sync.get("status") or {}).get("conditions") or ()
        return any((each["type"], each["status"]) == ("InSync", "True") for each in conditions)

    def strategy(self, place: Place) -> str:
        entries = self.object_sync["spec"]["destinations"]
        return next((each.get("strategy", "") for each in entries if (each["namespace"], each["name"]) == place), "")

    def state(self, place: Place) -> Json:
        """Return what the ObjectSync says of one of its destinations."""
        listed = (self.object_sync.get("status") or {}).get("destinations") or ()
        return next((each for each in listed if (each["namespace"], each["name"]) == place), {"state": "not listed"})


def claims(cluster: Cluster) -> list[Claim]:
    """Return what is served, that first which comes first wherever two want one destination.

    No two policies of these histories have one priority.
    """
    policies = [
        each
        for each in cluster.list(SYNC, "SyncPolicy")
        if not model.is_terminating(each) and (each["metadata"].get("annotations") or {}).get(RETIRE) != "true"
    ]
    policies.sort(key=lambda each: -each["spec"].get("priority", 0))
    found = []
    for each in cluster.list(SYNC, "ObjectSync"):
        own = model.namespace(each)
        policy = next((policy for policy in policies if own in policy["spec"]["watchNamespaces"]), None)
        if policy and not model.is_terminating(each):
            targets = {own if target == "." else target for target in policy["spec"]["targetNamespaces"]}
            named = {(entry["namespace"], entry["name"]) for entry in each["spec"]["destinations"]}
            claim = Claim(each, policy, frozenset(place for place in named if place[0] in targets))
            found.append(Claim(each, policy, claim.wants - {claim.source}))
    found.sort(
        key=lambda claim: (
            -claim.policy["spec"].get("priority", 0),
            claim.object_sync["metadata"]["creationTimestamp"],
            claim.id,
        )
    )
    return found


def stalled(slices: list[Json], objects: list[Json]) -> Iterator[str]:
    """Yield the names of the SyncSlices that cannot be served: an object where the engine may not write claims them.

    `objects` are those in such namespaces. The engine may neither adopt one that has the label of a copy, nor release
    one that has the owner of a copy and not its label.
    """
    for item in slices:
        selector, uid = item["spec"]["selector"], item["metadata"]["uid"]
        wanted = {} if "matchExpressions" in selector else selector["matchLabels"]
        for obj in objects:
            labels = obj["metadata"].get("labels") or {}
            owners = obj["metadata"].get("ownerReferences") or ()
            matches = bool(wanted) and wanted.items() <= labels.items()
            controller = next((each["uid"] for each in owners if each.get("controller")), "")
            if (matches and not controller) or (controller == uid and not matches):
                yield model.name(item)
                break


def waiting(slices: list[Json], objects: list[Json]) -> Iterator[str]:
    """Yield the names of the SyncSlices that own an object where the engine may not write, so that it is not deleted.

    Their copies follow their source, but no other SyncPolicy gets them: released, the object would stall the SyncSlice.
    """
    uids = {each["uid"] for obj in objects for each in obj["metadata"].get("ownerReferences") or ()}
    yield from (model.name(item) for item in slices if item["metadata"]["uid"] in uids)


def owner(obj: Json, kind: str = "") -> str:
    """Return the SyncSlice that an object belongs to, "" if it is no copy.

    With `kind` the controller must be of that kind. The engine claims objects whatever it is, but is called only for a
    change of one whose controller is a SyncSlice.
    """
    owners = obj["metadata"].get("ownerReferences") or ()
    return next((each["name"] for each in owners if each.get("controller") and kind in ("", each["kind"])), "")


def label(obj: Json) -> str:
    """Return the label of a copy, "" if an object has none."""
    return str((obj["metadata"].get("labels") or {}).get(model.SLICE, ""))


def copied_from(obj: Json) -> str:
    """Return what an object says that it is a copy of, "" if nothing."""
    return str((obj["metadata"].get("annotations") or {}).get(model.SOURCE, ""))
