"""The phases of a run: one object that is copied to N namespaces, or some that are copied to a few hundred."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from bench.copies import NAMESPACE_PREFIX, VERSION, Copies
from bench.measuring import Meter
from bench.syncers import Syncer
from controlplane.client import Client, Object

HOME = "home"
SIZE = 1000
PATIENCE = 300
IDLE = 20
FIRST, SECOND, EDITED = "1", "2", "edited"
"""Versions of a source."""


@dataclass
class Run:
    """One syncer on one API server; it copies to all namespaces."""

    admin: Client
    syncer: Syncer
    copies: Copies
    meter: Meter
    namespaces: list[str]
    rounds: int

    def one(self) -> None:
        """Measure one object."""
        name, number = "shared-0", len(self.namespaces)
        self.admin.create(source(name, FIRST))
        with self.meter.phase("first copy to all") as phase:
            self.admin.create(self.syncer.object(name, HOME))
            phase.seconds.append(self._wait(partial(self._everywhere, [name], FIRST, number), "all copies"))
        with self.meter.phase("source update to all") as phase:
            self._edit(HOME, name, SECOND)
            phase.seconds.append(self._wait(partial(self._everywhere, [name], SECOND, number), "all updated"))
        with self.meter.phase("new namespace has its copy") as phase:
            for namespace in self._new_namespaces():
                phase.seconds.append(self._wait(partial(self._in, namespace, [name], SECOND), "a copy"))
                self.meter.at_rest()
        some = self.namespaces[: self.rounds]
        with self.meter.phase("edited copy is back") as phase:
            for namespace in some:
                changes = self.copies.changes(namespace, name)
                self._edit(namespace, name, EDITED)
                phase.seconds.append(self._wait(partial(self._back, namespace, name, changes), "a copy restored"))
                self.meter.at_rest()
        with self.meter.phase("deleted copy is back") as phase:
            for namespace in some:
                changes = self.copies.changes(namespace, name)
                self.admin.delete("v1", "configmaps", namespace, name)
                phase.seconds.append(self._wait(partial(self._back, namespace, name, changes), "a copy restored"))
                self.meter.at_rest()
        self._idle()
        with self.meter.phase("object deleted") as phase:
            self._delete(self.syncer.object(name, HOME))
            phase.seconds.append(self._wait(lambda: self.copies.count(name, SECOND) == 0, "all copies gone"))

    def many(self, number: int) -> None:
        """Measure so many objects."""
        names = [f"shared-{n}" for n in range(number)]
        self._first_copies(names, "first copy to all", len(self.namespaces))
        created = []
        with self.meter.phase("new namespace has all copies") as phase:
            for namespace in self._new_namespaces():
                phase.seconds.append(self._wait(partial(self._in, namespace, names, FIRST), "all in a new namespace"))
                self.meter.at_rest()
                created.append(namespace)
        with self.meter.phase("deleted namespace has no copies") as phase:
            for namespace in created:
                self.admin.delete("v1", "namespaces", None, namespace)
                phase.seconds.append(self._wait(partial(self._in, namespace, names, None), "no copy left"))
                self.meter.at_rest()
        with self.meter.phase("one source updated") as phase:
            self._edit(HOME, names[0], SECOND)
            everywhere = partial(self._everywhere, names[:1], SECOND, len(self.namespaces))
            phase.seconds.append(self._wait(everywhere, "all updated"))
        self._idle()

    def obstructed(self, number: int, foreign: int) -> None:
        """Measure the first copies of so many objects where as many destinations as `foreign` have foreign objects."""
        names = [f"shared-{n}" for n in range(number)]
        obstructed = foreign // number
        for namespace in self.namespaces[:obstructed]:
            for name in names:
                self.admin.create(config_map(namespace, name, {"theirs": "1"}))
        self._first_copies(
            names, f"first copy to all but {obstructed} with foreign objects", len(self.namespaces) - obstructed
        )

    def _first_copies(self, names: list[str], phase_name: str, expected: int) -> None:
        for name in names:
            self.admin.create(source(name, FIRST))
        with self.meter.phase(phase_name) as phase:
            for name in names:
                self.admin.create(self.syncer.object(name, HOME))
            phase.seconds.append(self._wait(partial(self._everywhere, names, FIRST, expected), "all copies"))

    def _idle(self) -> None:
        with self.meter.phase(f"idle {IDLE} s"):
            time.sleep(IDLE)

    def _new_namespaces(self) -> Iterator[str]:
        for n in range(self.rounds):
            namespace = f"{NAMESPACE_PREFIX}new-{n}"
            self.admin.create(named(namespace))
            yield namespace

    def _edit(self, namespace: str, name: str, version: str) -> None:
        self.admin.patch("v1", "configmaps", namespace, name, {"data": {VERSION: version}})

    def _delete(self, obj: Object) -> None:
        meta, resource = obj["metadata"], self.admin.resource_of(obj)
        namespace = meta.get("namespace") if resource.namespaced else None
        self.admin.delete(resource.api_version, resource.plural, namespace, meta["name"])

    def _everywhere(self, names: Iterable[str], version: str, number: int) -> bool:
        return all(self.copies.count(name, version) >= number for name in names)

    def _in(self, namespace: str, names: Iterable[str], version: str | None) -> bool:
        return all(self.copies.version(namespace, name) == version for name in names)

    def _back(self, namespace: str, name: str, changes: int) -> bool:
        """Tell whether a copy has been changed and changed back."""
        seen = self.copies.changes(namespace, name) - changes
        return seen >= 2 and self.copies.version(namespace, name) == SECOND

    def _wait(self, reached: Callable[[], bool], what: str) -> float:
        return self.copies.wait(reached, PATIENCE, what)


def named(namespace: str) -> Object:
    """Return a Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}


def source(name: str, version: str) -> Object:
    """Return the source of that name."""
    return config_map(HOME, name, {"k": "v" * SIZE, VERSION: version})


def config_map(namespace: str, name: str, data: dict[str, str]) -> Object:
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": namespace, "name": name}, "data": data}
