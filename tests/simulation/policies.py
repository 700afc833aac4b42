"""Histories of SyncPolicies: whatever is done to them, copies that are permitted all the time are never absent.

Two or three policies serve two ObjectSyncs that share a destination. Steps add policies, change and retire them, and
let the engine work a little, die, or be refused. A small model says after each step who should have each destination.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from memcluster import ApiError
from memcluster.store import Event
from object_syncer import rehearsal
from simulation.faults import FaultyCluster, FaultyHooks
from simulation.machine import Histories

Json = dict[str, Any]
Place = str
"""A namespace; every copy is called "s"."""

SYNC = "sync.rustrial.org/v1alpha1"
ALL: Json = {
    "watchNamespaces": ["*"],
    "sourceNamespaces": ["*"],
    "targetNamespaces": ["*"],
    "allowedResources": [{"apiGroups": ["*"], "resources": ["*"]}],
}
POLICIES = ("default", "p1", "p2")
HOMES = ("home", "other")
DESTINATIONS = {"home": ["a", "b"], "other": ["b", "c"]}
WATCHED = (["*"], ["home"], ["other"], ["home", "other"])
TARGETS = (["*"], ["*"], ["*"], ["a"], ["b"], ["b", "c"])


@dataclass(frozen=True)
class Claim:
    """An ObjectSync, and the policy that serves it."""

    home: str
    policy: str
    priority: int
    targets: tuple[str, ...]
    age: str

    def wants(self, place: Place) -> bool:
        """Tell whether it is to have a copy there, if nobody comes before it."""
        return place in DESTINATIONS[self.home] and ("*" in self.targets or place in self.targets)


class PolicyHistories(RuleBasedStateMachine):
    """One cluster, one history."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster = FaultyCluster()
        self.hooks = FaultyHooks(self.cluster)
        self.engine = rehearsal.install(self.cluster, call_hook=self.hooks)
        for name in (*HOMES, "a", "b", "c"):
            self.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.cluster.patch(SYNC, "SyncPolicy", "default", {"spec": ALL})
        for home in HOMES:
            self.cluster.create(
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"namespace": home, "name": "s"},
                    "data": {"from": home, "version": "0"},
                }
            )
            self._create_object_sync(home)
            self.cluster.let_pass(5)
        self.engine.run()
        self._watch = self.cluster.watch()
        self.kept: dict[Place, str] = {}
        """Copies that were right at the last rest, and have been permitted ever since: place -> ObjectSync."""
        self._check_rest()

    # Administrators

    @rule(
        name=st.sampled_from(POLICIES[1:]),
        priority=st.sampled_from((-1, 0, 1)),
        watch=st.sampled_from(WATCHED),
        to=st.sampled_from(TARGETS),
    )
    def add(self, name: str, priority: int, watch: list[str], to: list[str]) -> None:
        spec = {**ALL, "priority": priority, "watchNamespaces": watch, "targetNamespaces": to}
        with suppress(ApiError):
            self.cluster.create({"apiVersion": SYNC, "kind": "SyncPolicy", "metadata": {"name": name}, "spec": spec})
        self._changed()

    @rule(name=st.sampled_from(POLICIES), priority=st.sampled_from((-1, 0, 1)))
    def change_priority(self, name: str, priority: int) -> None:
        self._patch(name, {"spec": {"priority": priority}})

    @rule(name=st.sampled_from(POLICIES), watch=st.sampled_from(WATCHED))
    def change_watched(self, name: str, watch: list[str]) -> None:
        self._patch(name, {"spec": {"watchNamespaces": watch}})

    @rule(name=st.sampled_from(POLICIES), to=st.sampled_from(TARGETS))
    def change_targets(self, name: str, to: list[str]) -> None:
        self._patch(name, {"spec": {"targetNamespaces": to}})

    @rule(name=st.sampled_from(POLICIES), retires=st.booleans())
    def retire(self, name: str, retires: bool) -> None:
        self._patch(name, {"metadata": {"annotations": {"sync.rustrial.org/retire": "true" if retires else None}}})

    @rule(name=st.sampled_from(POLICIES))
    def delete(self, name: str) -> None:
        """Delete a policy, as far as the guard permits that."""
        found = self.cluster.find(SYNC, "SyncPolicy", name)
        if found and not (found.get("status") or {}).get("controllers"):
            with suppress(ApiError):
                self.cluster.delete(SYNC, "SyncPolicy", name)
        self._changed()

    # Users

    @rule(home=st.sampled_from(HOMES), version=st.integers(1, 9))
    def edit_source(self, home: str, version: int) -> None:
        self.cluster.patch("v1", "ConfigMap", "s", {"data": {"version": str(version)}}, home)

    @rule(home=st.sampled_from(HOMES))
    def delete_object_sync(self, home: str) -> None:
        with suppress(ApiError):
            self.cluster.delete(SYNC, "ObjectSync", "o", home)
        self._changed()

    @rule(home=st.sampled_from(HOMES))
    def create_object_sync(self, home: str) -> None:
        self._create_object_sync(home)
        self._changed()

    # The engine, and faults

    @rule(steps=st.integers(1, 40))
    def work(self, steps: int) -> None:
        for _ in range(steps):
            if not self.engine.step():
                break
        self._look()

    @rule(seconds=st.sampled_from((0.2, 3.0)))
    def work_for_a_while(self, seconds: float) -> None:
        self.engine.run(quiet_seconds=seconds)
        self._look()

    @rule()
    def kill_engine(self) -> None:
        self.engine.restart()

    @rule(part=st.sampled_from(("/policy/", "/slice/", "/objectsync/", "/")), times=st.integers(1, 4))
    def break_hooks(self, part: str, times: int) -> None:
        self.hooks.failing[part] = times

    @rule(place=st.sampled_from("abc"), refused=st.booleans())
    def refuse(self, place: Place, refused: bool) -> None:
        """Refuse the engine's writes to copies in a namespace, or no longer."""
        (self.cluster.refusing.add if refused else self.cluster.refusing.discard)(place)

    @rule()
    def rest(self) -> None:
        self._rest()

    def teardown(self) -> None:
        if Histories.fails_already():
            return
        self._rest()
        for home in HOMES:
            self.delete_object_sync(home)
        self._rest()
        left = [*self.cluster.list(SYNC, "SyncSlice"), *self._copies().values()]
        assert not left, f"left over: {[each['metadata']['name'] for each in left]}"

    # The model

    def _claims(self) -> list[Claim]:
        """Return the ObjectSyncs that are served, the one that comes first wherever they compete first."""
        policies = [
            each
            for each in self.cluster.list(SYNC, "SyncPolicy")
            if not each["metadata"].get("deletionTimestamp")
            and (each["metadata"].get("annotations") or {}).get("sync.rustrial.org/retire") != "true"
        ]
        policies.sort(
            key=lambda each: (
                -each["spec"].get("priority", 0),
                each["metadata"]["creationTimestamp"],
                each["metadata"]["name"],
            )
        )
        claims = []
        for object_sync in self.cluster.list(SYNC, "ObjectSync"):
            meta = object_sync["metadata"]
            watching = (
                each
                for each in policies
                if "*" in each["spec"]["watchNamespaces"] or meta["namespace"] in each["spec"]["watchNamespaces"]
            )
            serving = self._choice(list(watching), meta["namespace"])
            if serving and not meta.get("deletionTimestamp"):
                spec = serving["spec"]
                claims.append(
                    Claim(
                        meta["namespace"],
                        serving["metadata"]["name"],
                        spec.get("priority", 0),
                        tuple(spec["targetNamespaces"]),
                        meta["creationTimestamp"],
                    )
                )
        return sorted(claims, key=lambda claim: (-claim.priority, claim.age, claim.home))

    @staticmethod
    def _choice(watching: list[Json], home: str) -> Json | None:
        """Return which of the ranked policies serves an ObjectSync: of the first equals, one that permits it all."""
        equals = [
            each for each in watching if each["spec"].get("priority", 0) == watching[0]["spec"].get("priority", 0)
        ]
        permitting = (
            each
            for each in equals
            if "*" in each["spec"]["targetNamespaces"]
            or set(DESTINATIONS[home]) <= set(each["spec"]["targetNamespaces"])
        )
        return next(permitting, equals[0] if equals else None)

    def _winners(self, place: Place, claims: list[Claim]) -> list[Claim]:
        """Return who may have a destination: one, or several of equal policies, where the first to write keeps it."""
        wanting = [claim for claim in claims if claim.wants(place)]
        first = wanting[:1]
        return first + [
            claim for claim in wanting[1:] if claim.priority == first[0].priority and claim.policy != first[0].policy
        ]

    # Looking

    def _changed(self) -> None:
        """Look, and forget copies that somebody does not permit any more."""
        self._look()
        claims = self._claims()
        for place, home in list(self.kept.items()):
            if [claim.home for claim in self._winners(place, claims)] != [home]:
                del self.kept[place]

    def _look(self) -> None:
        for event in self._watch.drain():
            self._notice(event)

    def _notice(self, event: Event) -> None:
        place = event.key.namespace
        if event.key.resource.plural != "configmaps" or place not in self.kept:
            return
        gone = event.new is None or event.new["metadata"].get("deletionTimestamp")
        assert not gone, f"the copy in {place} was deleted, though {self.kept[place]} was to have it all the time"

    def _rest(self) -> None:
        self.cluster.refusing.clear()
        self.hooks.failing.clear()
        self.engine.run()
        self._look()
        self._check_rest()

    def _check_rest(self) -> None:
        claims, copies = self._claims(), self._copies()
        slices = {each["metadata"]["name"]: each["spec"] for each in self.cluster.list(SYNC, "SyncSlice")}
        serving = {claim.home: claim.policy for claim in claims}
        for name, spec in slices.items():
            home = spec["objectSync"]["namespace"]
            assert spec["policy"] == serving.get(home), f"slice {name} of {spec['policy']} is left"
            assert not {"draining", "unseen"} & spec.keys(), f"slice {name} is {spec}"
            assert "matchExpressions" not in spec["selector"], f"slice {name} is releasing"
        self.kept = {}
        for place in "abc":
            winners = [claim.home for claim in self._winners(place, claims)]
            copy = copies.get(place)
            if not winners:
                assert copy is None, f"the copy in {place} is left over"
                continue
            assert copy, f"there is no copy in {place}"
            owner = copy["metadata"]["ownerReferences"][0]["name"]
            assert copy["data"]["from"] in winners, f"the copy in {place} is of {copy['data']['from']}"
            assert slices[owner]["objectSync"]["namespace"] == copy["data"]["from"]
            source = self.cluster.get("v1", "ConfigMap", "s", copy["data"]["from"])
            assert copy["data"] == source["data"], f"the copy in {place} is {copy['data']}"
            if len(winners) == 1:
                self.kept[place] = winners[0]

    def _copies(self) -> dict[Place, Json]:
        return {
            each["metadata"]["namespace"]: each
            for each in self.cluster.list("v1", "ConfigMap")
            if each["metadata"]["namespace"] not in HOMES
        }

    def _patch(self, name: str, change: Json) -> None:
        with suppress(ApiError):
            self.cluster.patch(SYNC, "SyncPolicy", name, change)
        self._changed()

    def _create_object_sync(self, home: str) -> None:
        reference = {"group": "", "kind": "ConfigMap", "name": "s"}
        where = [{"namespace": place} for place in DESTINATIONS[home]]
        with suppress(ApiError):
            self.cluster.create(
                {
                    "apiVersion": SYNC,
                    "kind": "ObjectSync",
                    "metadata": {"namespace": home, "name": "o"},
                    "spec": {"source": reference, "destinations": where},
                }
            )
