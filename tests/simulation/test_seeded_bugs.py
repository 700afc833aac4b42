"""Whether the histories would find bugs: each row breaks one function of the hooks, and they must notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from object_syncer import rehearsal
from object_syncer.copying import adoption, consent, diff, transform
from object_syncer.kube import types
from object_syncer.parents import objectsync, stall, syncslice
from object_syncer.planning import (
    destinations,
    draining,
    namespaces,
    plan,
    precedence,
    scope,
    slice_lifecycle,
    slice_spec,
)
from object_syncer.planning.namespaces import Namespaces
from object_syncer.planning.scope import Scope
from object_syncer.status import summary
from simulation import guard
from simulation.histories import run, run_machine
from simulation.policies import PolicyHistories
from simulation.tenants import TenantHistories
from specification import cases

Json = dict[str, Any]

BUDGET = 400
"""Histories within which a bug must be found."""


@dataclass(frozen=True)
class Bug:
    reason: str
    module: Any
    function: str
    broken: Callable[[Callable[..., Any]], Any]
    """Makes the broken function from the right one."""

    def seed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Break the function for one test."""
        real = getattr(self.module, self.function)
        monkeypatch.setattr(self.module, self.function, self.broken(real))


def _never_prunes(real: Callable[..., Any]) -> Callable[..., Any]:
    def answer(path: str, body: Json, now: datetime) -> Json:
        answered: Json = real(path, body, now)
        if path == "/v1/slice/sync" and answered["children"]:
            there = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in answered["children"]}
            for observed in body["children"].values():
                for obj in observed.values():
                    meta = obj["metadata"]
                    kept = {key: meta[key] for key in ("namespace", "name", "labels", "annotations")}
                    if (meta["namespace"], meta["name"]) not in there:
                        answered["children"].append({**obj, "metadata": kept})
        return answered

    return answer


def _with_resource_version(real: Callable[..., Any]) -> Callable[..., Any]:
    def at(source: Json, *more: Any) -> Any:
        made = real(source, *more)
        noted = {**made.annotations, "version": source["metadata"]["resourceVersion"]}
        return replace(made, annotations=noted)

    return at


def _blind_to_keys_gone(real: Callable[..., Any]) -> Callable[..., Any]:
    def compare(desired: Json, observed: Json | None, **options: bool) -> Any:
        if observed and "data" in observed and "data" in desired and not observed.get("immutable"):
            gone = {key: value for key, value in observed["data"].items() if key not in desired["data"]}
            desired = {**desired, "data": {**gone, **desired["data"]}}
        return real(desired, observed, **options)

    return compare


def _youngest_first(real: Callable[..., Any]) -> Callable[..., Any]:
    def seniority(object_sync: Json) -> Any:
        created, namespace, name = real(object_sync)
        return ["".join(chr(0x10FFFF - ord(letter)) for letter in word) for word in (created, namespace, name)]

    return seniority


def _plans_terminating(real: Callable[..., Any]) -> Callable[..., Any]:
    def read(objects: dict[str, Json]) -> Namespaces:
        found: Namespaces = real(objects)
        return replace(found, living=frozenset(objects), terminating=frozenset())

    return read


def _synced_though_stale(real: Callable[..., Any]) -> Callable[..., Any]:
    def summarize(items: Any, generation: int) -> Any:
        now = [
            {
                **item,
                "spec": {**item["spec"], "objectSync": {**item["spec"]["objectSync"], "generation": generation}},
                "status": {
                    **(item.get("status") or {}),
                    "destinations": [
                        {"namespace": namespace, "name": group["name"], "state": "Synced"}
                        for group in item["spec"].get("groups") or ()
                        for namespace in group["namespaces"]
                    ],
                },
            }
            for item in items
        ]
        return real(now, generation)

    return summarize


@cases(
    Bug("a destination that an ObjectSync no longer has keeps its copy", rehearsal, "answer", _never_prunes),
    Bug("a copy notes its source's resourceVersion", syncslice, "template", _with_resource_version),
    Bug("a key dropped from the source stays on copies", diff, "compare", _blind_to_keys_gone),
    Bug("the youngest gets a contested destination", precedence, "seniority", _youngest_first),
    Bug("terminating namespaces are planned", namespaces, "read", _plans_terminating),
    Bug("a copy counts as Synced before it is looked at", summary, "summarize", _synced_though_stale),
    Bug("foreign objects count as ours", adoption, "is_foreign", lambda real: lambda *_: False),
    Bug("slices are deleted undrained", draining, "has_copies", lambda real: lambda _: False),
    Bug(
        "a source that is being deleted is still copied",
        syncslice, "_is_gone", lambda real: lambda source: source is None,
    ),
    Bug("a slice that does not follow is not noticed", stall, "_lags_behind", lambda real: lambda *_: False),
    Bug("a finalizer ends though slices are left", objectsync, "_slices", lambda real: lambda _: []),
    Bug("a named namespace that is no target is copied to", destinations, "_problem", lambda real: lambda *_: None),
    Bug("labels that are left out stay", transform, "metadata", lambda real: lambda meta, _: real(meta, None)),
    Bug("copies of suspended ObjectSyncs are written", plan, "_suspended", lambda real: lambda _: {}),
    Bug("a source goes where its owner does not want it", consent.Offer, "withheld", lambda real: lambda *_: None),
)  # fmt: skip
def test_is_found(case: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    case.seed(monkeypatch)
    with pytest.raises(AssertionError):
        run(BUDGET, seed=0)


def _drains(_: Callable[..., Any]) -> Callable[..., Any]:
    def drained(policy: str, item: Json, *rest: Any) -> Json | None:
        return draining.drained(policy, item, types.load(item["spec"]["resource"]), rest[-1])

    return drained


def _owns_all_the_same(_: Callable[..., Any]) -> Callable[..., Any]:
    return slice_spec.owning


@cases(
    Bug("copies that another policy wants are deleted", slice_lifecycle, "handed_over", _drains),
    Bug("slices drain as soon as their ObjectSync is out of sight", slice_lifecycle, "unseen", _drains),
    Bug("copies are not released", slice_spec, "releasing", _owns_all_the_same),
    Bug("released copies are forgotten", syncslice, "_released", lambda real: lambda *_: 0),
    Bug("an heir has all that it asks for", plan, "_heirs", lambda real: lambda policy, leaving, *_: {
        wish.object_sync["metadata"]["uid"]: wish for _, wish in leaving
    }),
    Bug("priorities do not matter for a destination", Scope, "priority", lambda real: property(lambda _: 0)),
    Bug("ObjectSyncs stay out of sight", objectsync, "_visibility", lambda real: lambda *_: {}),
)  # fmt: skip
def test_is_found_by_histories_of_policies(case: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    case.seed(monkeypatch)
    with pytest.raises(AssertionError):
        run_machine(PolicyHistories, BUDGET, seed=0)


def _permits_all(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda policy: replace(real(policy), conflict_policies=frozenset(("Adopt", "Overwrite")))


@cases(
    Bug("foreign objects count as ours, whoever wrote them", adoption, "is_foreign", lambda real: lambda *_: False),
    Bug("conflictPolicies of a SyncPolicy do not matter", scope, "of", _permits_all),
    Bug("the guard lets people put the label of a copy on an object", guard, "_label", lambda real: lambda *_: None),
    Bug("the guard lets people give a copy another controller", guard, "_controller", lambda real: lambda *_: None),
    Bug("whoever writes ObjectSyncs may copy everything", guard.Guard, "_requester", lambda real: lambda *_: None),
    Bug("copies are not given up", slice_spec, "releasing", _owns_all_the_same),
)  # fmt: skip
def test_is_found_by_histories_of_tenants(case: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    case.seed(monkeypatch)
    with pytest.raises(AssertionError):
        run_machine(TenantHistories, BUDGET, seed=1)  # these find them soon
