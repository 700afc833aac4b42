"""The cluster of tenants: who may edit where, what is in it at first, and what people do."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from memcluster import ApiError
from object_syncer import rehearsal
from object_syncer.kube import api
from simulation import model
from simulation.faults import FaultyHooks
from simulation.guard import Guard
from simulation.model import CONFIG_MAP, Kind
from simulation.rivals import ContestedCluster
from simulation.tenancy import SOURCES, SYNC, TARGETS, Place

Json = dict[str, Any]

NETWORK_POLICY = Kind("NetworkPolicy", "networkpolicies", "networking.k8s.io")
"""Unlike ConfigMaps, these have a generation, so that the engine does not see every change of their labels."""

EDITORS = {"ann": ("a",), "bob": ("b", "locked"), "admin": ("home", "a", "b", "c", "locked")}
HOMES = {"ann": "a", "bob": "b", "admin": "home"}
LOCKED = "locked"
ALL: Json = {
    "sourceNamespaces": ["*"],
    "allowedResources": [{"apiGroups": ["*"], "resources": ["*"]}],
}
PLATFORM: Json = {
    **ALL,
    "priority": 1,
    "watchNamespaces": ["home"],
    "targetNamespaces": list(TARGETS),
    "conflictPolicies": ["*"],
}
TEAMS: Json = {**ALL, "priority": 0, "watchNamespaces": ["a", "b"], "targetNamespaces": list(TARGETS)}


class World:
    """One cluster with its engine, hooks and guard, and one kind of objects that are copied."""

    def __init__(self) -> None:
        self.cluster = ContestedCluster()
        self.cluster.locked.add(LOCKED)
        self.guard = Guard(("admin", ""), lambda user, namespace: user == "admin" or namespace in EDITORS[user])
        self.cluster.admission.append(self.guard)
        self.hooks = FaultyHooks(self.cluster)
        self.engine = rehearsal.install(self.cluster, policy=False, call_hook=self.hooks)
        self.kind = CONFIG_MAP
        for name in EDITORS["admin"]:
            self.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def populate(self, kind: Kind) -> None:
        """Create policies, sources and ObjectSyncs."""
        self.kind = kind
        for name, spec in (("platform", PLATFORM), ("teams", TEAMS)):
            self.create_policy(name, spec)
        for ns, name in SOURCES.items():
            self.cluster.create(self.made((ns, name), 0))
        self.share("admin", "p", "home", [("a", "s"), ("b", "s"), ("c", "s")], "Fail", "apply")
        self.share("ann", "o0", "a", [("b", "t"), ("c", "t")], "Fail", "replace")
        self.share("bob", "o0", "b", [("a", "u"), ("c", "u")], "Fail", "apply")

    # Acts

    def made(self, place: Place, value: int) -> Json:
        """Return an object of the history's kind."""
        obj: Json = {
            "apiVersion": self.kind.api_version,
            "kind": self.kind.kind,
            "metadata": {"namespace": place[0], "name": place[1]},
        }
        content = {"k": str(value)}
        return {**obj, **({"data": content} if self.kind == CONFIG_MAP else _selecting(content))}

    def write(self, place: Place, who: str, value: int) -> None:
        """Let somebody give an object another value, or create it; nothing happens if that is refused."""
        content = {"k": str(value)}
        change: Json = {"data": content} if self.kind == CONFIG_MAP else _selecting(content)
        with suppress(ApiError):
            if self.find(place):
                where = (self.kind.api_version, self.kind.kind, place[1], change, place[0])
                self.cluster.patch(*where, user=who)
            else:
                self.cluster.create(self.made(place, value), user=who)

    def mark(self, place: Place, who: str, metadata: Json, *, create: bool = True) -> None:
        """Let somebody change the metadata of an object; with `create`, of one that is made for it."""
        with suppress(ApiError):
            if self.find(place):
                where = (self.kind.api_version, self.kind.kind, place[1], {"metadata": metadata}, place[0])
                self.cluster.patch(*where, user=who)
            elif create:
                made = self.made(place, 0)
                self.cluster.create({**made, "metadata": {**made["metadata"], **metadata}}, user=who)

    def share(self, who: str, name: str, source: str, to: list[Place], conflict_policy: str, strategy: str) -> None:
        """Let somebody create an ObjectSync, or change it."""
        spec: Json = {
            "source": {
                "group": self.kind.group,
                "kind": self.kind.kind,
                "namespace": source,
                "name": SOURCES[source],
            },
            "destinations": [{"namespace": ns, "name": called, "strategy": strategy} for ns, called in to],
            "conflictPolicy": conflict_policy,
        }
        metadata = {"namespace": HOMES[who], "name": name}
        with suppress(ApiError):
            if self.cluster.find(SYNC, "ObjectSync", name, HOMES[who]):
                self.cluster.patch(SYNC, "ObjectSync", name, {"spec": spec}, HOMES[who], user=who)
            else:
                obj = {"apiVersion": SYNC, "kind": "ObjectSync", "metadata": metadata, "spec": spec}
                self.cluster.create(obj, user=who)
                self.cluster.let_pass(1)  # so that it is younger than the others

    def create_policy(self, name: str, spec: Json) -> None:
        """Create a SyncPolicy, if there is none of that name."""
        with suppress(ApiError):
            self.cluster.create({"apiVersion": SYNC, "kind": "SyncPolicy", "metadata": {"name": name}, "spec": spec})

    def change_policy(self, name: str, change: Json) -> None:
        """Change a SyncPolicy, if there is one."""
        with suppress(ApiError):
            self.cluster.patch(SYNC, "SyncPolicy", name, change)

    # What is there

    def find(self, place: Place) -> Json | None:
        """Return the object of the history's kind at a place, None if there is none."""
        return self.cluster.find(self.kind.api_version, self.kind.kind, place[1], place[0])

    def objects(self) -> list[Json]:
        """Return all objects of the history's kind."""
        return self.cluster.list(self.kind.api_version, self.kind.kind)

    def slices(self) -> list[Json]:
        """Return all SyncSlices."""
        return self.cluster.list(SYNC, "SyncSlice")

    def locked(self) -> list[Json]:
        """Return the objects that the engine may not write."""
        found = self.cluster.list(self.kind.api_version, self.kind.kind, LOCKED)
        return [each for each in found if not model.is_terminating(each)]


def _selecting(labels: Json) -> Json:
    return {"spec": {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"]}}


def marks(how: str, item: Json, source: Place) -> Json:
    """Return the metadata that makes an object look like a copy of a SyncSlice, or of a source."""
    owner = {
        "apiVersion": SYNC,
        "kind": "SyncSlice",
        "name": model.name(item),
        "uid": item["metadata"]["uid"],
        "controller": True,
    }
    label: Json = {"labels": {model.SLICE: model.name(item)}}
    return {
        "label": label,
        "owner": {"ownerReferences": [owner]},
        "label and owner": {**label, "ownerReferences": [owner]},
        "disguised owner": {"ownerReferences": [{**owner, "apiVersion": "example.com/v1", "kind": "Widget"}]},
        "label of another type": {"labels": {model.SLICE: f"secrets.{model.name(item)}"}},
        "source": {"annotations": {model.SOURCE: "/".join(source)}},
        "takes-over": {"annotations": {api.TAKEOVER_ANNOTATION: "Overwrite"}},
    }[how]
