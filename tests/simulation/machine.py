"""Histories: random sequences of what users, administrators and faults do to a cluster with Object Syncer.

The steps of a history are the rules below: acts of users, faults, and work of the engine, in an order that hypothesis
chooses. At every rest, and at the end, the cluster is compared with the model. Then everything is deleted, and nothing
but the installation may remain.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from grants import EVERYTHING
from memcluster import ApiError
from memcluster.engine import Task
from object_syncer import rehearsal
from simulation import inputs, model, verdict
from simulation.faults import FaultyCluster, FaultyHooks
from simulation.model import Json, Kind
from simulation.witness import Witness

SYNC = verdict.SYNC
CRD: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.toys.dev"},
    "spec": {
        "group": "toys.dev",
        "names": {"kind": "Widget", "plural": "widgets"},
        "scope": "Namespaced",
        "versions": [{"name": "v1", "served": True, "storage": True}],
    },
}
BINDING = ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "object-syncer-copies")
POLICY: Json = {
    "apiVersion": SYNC,
    "kind": "SyncPolicy",
    "metadata": {"name": "default"},
    "spec": {**EVERYTHING, "conflictPolicies": ["*"], "transforms": ["*"]},
}
_TOLD_WITHIN = 60
"""Seconds after a change of its source in which it must be told that a slice does not follow."""


def has_object_syncs(history: Histories) -> bool:
    return bool(verdict.objects(history.cluster, SYNC, "ObjectSync"))


def _has_own(history: Histories) -> bool:
    return bool(history.witness.own)


def _has_copies(history: Histories) -> bool:
    return bool(history.copies())


class Histories(RuleBasedStateMachine):
    """One cluster, one history."""

    totals: ClassVar[Counter[str]] = Counter()
    lengths: ClassVar[list[int]] = []
    """How many rules each history had."""
    seen: ClassVar[Counter[str]] = Counter()
    """How often each state and reason, each kind of copy and each kind of foreign object was seen at rest."""

    def __init__(self) -> None:
        super().__init__()
        self.totals["histories"] += 1
        self._rules = 0
        self.cluster = FaultyCluster()
        self.hooks = FaultyHooks(self.cluster)
        self._picks: list[int] = []
        self._random: random.Random | None = None
        self.engine = rehearsal.install(self.cluster, choose=self._choose, call_hook=self.hooks)
        self.engine.run()
        self._binding = self.cluster.get(*BINDING)
        self._installed = self._inventory()
        self.witness = Witness(self.cluster)
        for name in inputs.NAMESPACES[:3]:
            self._create_namespace(name)

    def _choose(self, tasks: Sequence[Task]) -> Task:
        self.totals["engine steps"] += 1
        if self._picks:
            return tasks[self._picks.pop(0) % len(tasks)]
        return self._random.choice(tasks) if self._random else tasks[0]

    # Users

    @initialize(
        crd=st.booleans(),
        sources=st.lists(
            st.tuples(inputs.kinds, inputs.namespaces, inputs.names, inputs.keys, inputs.values, inputs.metadata),
            min_size=1,
            max_size=3,
        ),
        object_syncs=st.lists(
            st.tuples(inputs.namespaces, inputs.indexes, inputs.destinations, inputs.conflict_policies),
            min_size=1,
            max_size=2,
        ),
        working=st.booleans(),
    )
    def begin(
        self,
        crd: bool,
        sources: list[tuple[Kind, str, str, set[str], int, Json]],
        object_syncs: list[tuple[str, int, list[Json], str | None]],
        working: bool,
    ) -> None:
        if crd:
            self.cluster.create(CRD)
        for kind, ns, name, used, value, meta in sources:
            self._attempt(lambda: self._put(kind, inputs.made(kind, ns, name, used, value, meta, False)))  # noqa: B023
        for number, (ns, index, to, policy) in enumerate(object_syncs):
            self._create_object_sync(ns, f"o{number}", self._source(index), to, policy)
        self.witness.look()
        self._note_permits()
        if working:
            self.engine.run(quiet_seconds=0.2)

    @rule(name=st.sampled_from(inputs.NAMESPACES), what=st.sampled_from(("create", "create", "delete", "delete held")))
    def namespace(self, name: str, what: str) -> None:
        """Create or delete a namespace; with an object that has a finalizer in it, it stays Terminating."""
        if what == "create":
            self.act(lambda: self._create_namespace(name))
            return
        if what == "delete held":
            kept = inputs.made(model.CONFIG_MAP, name, "held", {"k1"}, 0, {"finalizers": ["team.dev/hold"]}, False)
            self._attempt(lambda: self.cluster.create(kept))
        self.act(lambda: self.cluster.delete("v1", "Namespace", name))

    @rule(name=st.sampled_from(inputs.NAMESPACES), marks=inputs.namespace_marks)
    def mark_namespace(self, name: str, marks: Json) -> None:
        """Label or annotate a namespace."""
        self.act(lambda: self.cluster.patch("v1", "Namespace", name, {"metadata": marks}))

    @rule(
        kind=inputs.kinds,
        ns=inputs.namespaces,
        name=inputs.names,
        used=inputs.keys,
        value=inputs.values,
        meta=inputs.metadata,
        immutable=st.booleans(),
        mark=inputs.marks,
    )
    def put(
        self, kind: Kind, ns: str, name: str, used: set[str], value: int, meta: Json, immutable: bool, mark: str
    ) -> None:
        """Create or replace a source, or an object at the destination of a copy."""
        obj = inputs.made(kind, ns, name, used, value, meta, immutable and value == 2)
        if mark:
            obj["metadata"]["annotations"] = {**meta.get("annotations", {}), model.SOURCE: "a/s"}
            obj["metadata"]["labels"] = {**meta.get("labels", {}), model.MANAGED_BY[0]: model.MANAGED_BY[1]}
            if mark == "upstream-finalizer":
                obj["metadata"]["finalizers"] = [model.UPSTREAM_FINALIZER]
        self.act(lambda: self._put(kind, obj))

    @precondition(has_object_syncs)
    @rule(index=inputs.indexes, used=inputs.keys, value=inputs.values, meta=inputs.metadata, immutable=st.booleans())
    def edit_source(self, index: int, used: set[str], value: int, meta: Json, immutable: bool) -> None:
        """Replace the source of an ObjectSync, or create it where it is missing."""
        found = self.cluster.list(SYNC, "ObjectSync")
        obj = found[index % len(found)]
        source = obj["spec"]["source"]
        kind = verdict.KINDS.get(source["kind"], model.CONFIG_MAP)
        ns = source.get("namespace") or model.namespace(obj)
        self.act(
            lambda: self._put(kind, inputs.made(kind, ns, source["name"], used, value, meta, immutable and value > 0))
        )

    @precondition(has_object_syncs)
    @rule(index=inputs.indexes, equal=st.booleans(), value=inputs.values, again=st.booleans())
    def stand_in_the_way(self, index: int, equal: bool, value: int, again: bool) -> None:
        """Create an object of a user where a copy is, or will be."""
        places = [(each, place) for each in model.expect(verdict.world(self.cluster)) for place, _ in each.copies()]
        if places:
            each, (_, ns, name) = places[index % len(places)]
            assert each.kind
            kind = each.kind
            source = self.cluster.find(kind.api_version, kind.kind, each.source[2], each.source[1])
            obj = inputs.made(kind, ns, name, {"k1"}, value, {}, False)
            if equal and source:
                obj = {**model.body(source), "metadata": {"namespace": ns, "name": name}}
            if again and self.cluster.find(kind.api_version, kind.kind, name, ns):
                self._attempt(lambda: self.cluster.delete(kind.api_version, kind.kind, name, ns))
            self._attempt(lambda: self.cluster.create(obj))
        self.step()

    @precondition(_has_own)
    @rule(index=inputs.indexes)
    def delete(self, index: int) -> None:
        """Delete an object of a user: a source, or a foreign object."""
        own = sorted(self.witness.own)
        if own:
            kind, ns, name = own[index % len(own)]
            self.act(lambda: self.cluster.delete(verdict.KINDS[kind].api_version, kind, name, ns))

    @precondition(_has_copies)
    @rule(index=inputs.indexes, how=st.sampled_from(inputs.EDITS), value=inputs.values)
    def edit_copy(self, index: int, how: str, value: int) -> None:
        copies = self.copies()
        obj = deepcopy(copies[index % len(copies)])
        self.seen[f"edited: {how}"] += 1
        self.act(lambda: self.cluster.update(inputs.edited(obj, how, value)))

    @precondition(_has_copies)
    @rule(index=inputs.indexes)
    def delete_copy(self, index: int) -> None:
        copies = self.copies()
        obj = copies[index % len(copies)]
        self._delete(obj)

    @precondition(_has_own)
    @rule(index=inputs.indexes)
    def hold(self, index: int) -> None:
        """Put a finalizer on an object of a user, or take it off."""
        own = sorted(self.witness.own)
        if own:
            kind, ns, name = own[index % len(own)]
            finalizers = self.witness.own[kind, ns, name]["metadata"].get("finalizers")
            change = {"metadata": {"finalizers": None if finalizers else ["team.dev/hold"]}}
            self.act(lambda: self.cluster.patch(verdict.KINDS[kind].api_version, kind, name, change, ns))

    # ObjectSyncs

    @rule(
        ns=inputs.namespaces,
        name=st.sampled_from(("o0", "o1", "o2")),
        index=inputs.indexes,
        odd=inputs.oddly,
        kind=inputs.odd_kinds,
        source=inputs.names,
        source_ns=inputs.source_namespaces,
        to=inputs.destinations,
        policy=inputs.conflict_policies,
    )
    def create_object_sync(
        self,
        ns: str,
        name: str,
        index: int,
        odd: bool,
        kind: Json,
        source: str,
        source_ns: str | None,
        to: list[Json],
        policy: str | None,
    ) -> None:
        named = {**kind, "name": source, "namespace": source_ns} if odd else self._source(index)
        self._create_object_sync(ns, name, named, to, policy)
        self.step()

    @precondition(has_object_syncs)
    @rule(index=inputs.indexes, to=inputs.destinations)
    def change_destinations(self, index: int, to: list[Json]) -> None:
        self._change_spec(index, {"destinations": to})

    @precondition(has_object_syncs)
    @rule(index=inputs.indexes, policy=inputs.conflict_policies)
    def change_conflict_policy(self, index: int, policy: str | None) -> None:
        self._change_spec(index, {"conflictPolicy": policy})

    @precondition(has_object_syncs)
    @rule(
        index=inputs.indexes,
        other=inputs.indexes,
        odd=inputs.oddly,
        kind=inputs.odd_kinds,
        source=inputs.names,
        source_ns=inputs.source_namespaces,
    )
    def change_source(self, index: int, other: int, odd: bool, kind: Json, source: str, source_ns: str | None) -> None:
        named = {**kind, "name": source, "namespace": source_ns} if odd else self._source(other)
        self._change_spec(index, {"source": {"version": None, **named}})

    @precondition(has_object_syncs)
    @rule(index=inputs.indexes)
    def delete_object_sync(self, index: int) -> None:
        found = self.cluster.list(SYNC, "ObjectSync")
        if found:
            obj = found[index % len(found)]
            self.act(lambda: self.cluster.delete(SYNC, "ObjectSync", model.name(obj), model.namespace(obj)))

    # Administrators

    @rule(change=inputs.policies)
    def change_policy(self, change: Json) -> None:
        self.act(lambda: self.cluster.patch(SYNC, "SyncPolicy", "default", {"spec": change}))

    @rule(what=st.sampled_from(("install", "install", "no guard", "no policy", "no crd", "no crd")))
    def administer(self, what: str) -> None:
        """Delete the guard, the SyncPolicy or a CRD, or create guard and SyncPolicy again."""
        match what:
            case "no guard":
                self.act(lambda: self.cluster.delete(*BINDING))
            case "no policy":
                self.act(lambda: self.cluster.delete(SYNC, "SyncPolicy", "default"))
            case "no crd":
                self.act(lambda: self.cluster.delete(CRD["apiVersion"], CRD["kind"], "widgets.toys.dev"))
            case _:
                self._attempt(lambda: self.cluster.create(self._binding))
                self.act(lambda: self.cluster.create(POLICY))

    @rule(established=st.booleans())
    def crd(self, established: bool) -> None:
        """Create the CRD, established or not; or establish it."""
        found = self.cluster.find(CRD["apiVersion"], CRD["kind"], "widgets.toys.dev")
        if found is None:
            self.cluster.establishes_crds = established
            self.act(lambda: self.cluster.create(CRD))
        elif not model.is_terminating(found):
            self.act(lambda: self.cluster.establish("widgets.toys.dev"))

    # Faults

    @rule(part=st.sampled_from(("/policy/", "/slice/", "/objectsync/", "/customize", "/")), times=st.integers(1, 5))
    def break_hooks(self, part: str, times: int) -> None:
        self.hooks.failing[part] = times
        self.step()

    @rule(ns=st.sampled_from(inputs.NAMESPACES), refused=st.booleans(), races=st.integers(0, 2))
    def disturb_writes(self, ns: str, refused: bool, races: int) -> None:
        """Refuse copies in a namespace, or no longer; edit ObjectSyncs just before the engine writes to them."""
        (self.cluster.refusing.add if refused else self.cluster.refusing.discard)(ns)
        self.cluster.races = races
        self.step()

    @precondition(has_object_syncs)
    @rule(index=inputs.indexes, value=inputs.values, seed=inputs.seeds)
    def stall(self, index: int, value: int, seed: int) -> None:
        """Let the hook of one slice fail while its source changes: who says that all is well a minute later, lies.

        All other hooks answer: nobody can tell while they do not.
        """
        self.hooks.failing.clear()
        self._random = random.Random(seed) if seed else None
        self.engine.run(quiet_seconds=1)
        found = sorted(self.cluster.list(SYNC, "SyncSlice"), key=model.name)
        if not found:
            return
        item = found[index % len(found)]
        self.hooks.stalling.add(model.name(item))
        where, kind = item["spec"]["source"], verdict.KINDS.get(item["spec"]["resource"]["kind"], model.CONFIG_MAP)
        made = inputs.made(kind, where["namespace"], where["name"], {"k1"}, value, {}, False)
        self._attempt(lambda: self._put(kind, made))
        began = self.cluster.clock
        while (self.cluster.clock - began).total_seconds() < _TOLD_WITHIN:
            self.engine.run(quiet_seconds=0)
            self.cluster.let_pass(5)
        self.engine.run(quiet_seconds=0)
        self._blame(list(verdict.untold_stalls(self.cluster)))
        for obj in verdict.objects(self.cluster, SYNC, "ObjectSync"):
            self.seen.update(each["reason"] for each in (obj.get("status") or {}).get("conditions") or ())
        self.hooks.stalling.clear()
        self.engine.resync()  # the slice's own retry may be later than a rest waits
        self.step()

    @rule()
    def restart_engine(self) -> None:
        self.engine.restart()
        self.step()

    # The engine

    @rule(chosen=inputs.picks)
    def work(self, chosen: list[int]) -> None:
        self._picks = list(chosen)
        while self._picks and self.engine.step():
            pass
        self._picks = []
        self.step()

    @rule(seconds=st.sampled_from((0.2, 3.0, 12.0)), seed=inputs.seeds)
    def work_for_a_while(self, seconds: float, seed: int) -> None:
        self._random = random.Random(seed) if seed else None
        self.engine.run(quiet_seconds=seconds)
        self.step()

    @rule(seconds=st.sampled_from((1, 40, 100)))
    def pass_time_without_work(self, seconds: int) -> None:
        self.cluster.let_pass(seconds)
        self.step()

    @rule(seed=inputs.seeds)
    def rest(self, seed: int) -> None:
        self.step()
        self._rest(seed)

    def teardown(self) -> None:
        if self.fails_already():
            return
        self.lengths.append(self._rules)
        self._rest(0)
        self._delete_everything()

    # Helpers

    @staticmethod
    def fails_already() -> bool:
        """Tell whether hypothesis tears down because of a failure: nothing more is checked then."""
        return sys.exc_info()[0] is not None

    def act(self, deed: Callable[[], object]) -> None:
        """Do what a user does, as one step."""
        self._attempt(deed)
        self.step()

    def _delete(self, obj: Json) -> None:
        where = model.namespace(obj)
        self.act(lambda: self.cluster.delete(obj["apiVersion"], obj["kind"], model.name(obj), where))

    @staticmethod
    def _attempt(deed: Callable[[], object]) -> None:
        """Do what a user does; ignore it if the API server refuses."""
        with suppress(ApiError):
            deed()

    def step(self) -> None:
        self._rules += 1
        self.witness.look()
        self._note_permits()
        self._blame(self.witness.wrongs)

    def _note_permits(self) -> None:
        """Note who may take over what since the last rest: the engine may still act on an older state."""
        world = verdict.world(self.cluster)
        self.witness.unguarded = self.witness.unguarded or not world.guarded
        terminating = {name for name, obj in world.namespaces.items() if model.is_terminating(obj)}
        expected = model.expect(world)
        if terminating:
            world.object_syncs = [each for each in world.object_syncs if model.namespace(each) not in terminating]
            expected += model.expect(world)
        for each in expected:
            policy = each.object_sync["spec"].get("conflictPolicy") or "Fail"
            for place, _ in each.planned_copies():
                permit = (policy, each.source)
                known = self.witness.permits.setdefault(place, [])
                if permit not in known:
                    known.append(permit)

    def _rest(self, seed: int) -> None:
        """End the faults, let the engine finish, compare the cluster with the model."""
        self.totals["rests"] += 1
        self.hooks.failing.clear()
        self.hooks.stalling.clear()
        self.cluster.refusing.clear()
        self.cluster.races = 0
        self._random = random.Random(seed) if seed else None
        self.engine.run()
        self.witness.look()
        if self.witness.unnoticed:
            self.engine.resync()
            self.engine.run()
            self.witness.look()
            self.witness.unnoticed = False
        self._blame(list(verdict.Verdict(self.cluster, self.witness).wrongs()))
        self._note_what_is_there()
        if seed % 3 == 0:
            # After a restart the engine applies every copy again, which may move fields to another manager.
            self.engine.restart()
            self.engine.run()
            self.witness.look()
            self._blame(list(verdict.Verdict(self.cluster, self.witness).wrongs()))
        before = verdict.at_rest(self.cluster)
        self.engine.resync()
        self.engine.run()
        changed = [obj for obj in verdict.at_rest(self.cluster) if obj not in before]
        self._blame([f"a second run changed {obj['kind']} {model.name(obj)}" for obj in changed])
        self.witness.permits.clear()
        self.witness.unguarded = False
        self._note_permits()

    def _note_what_is_there(self) -> None:
        for obj in self.cluster.list(SYNC, "ObjectSync"):
            status = obj["status"]
            self.seen.update(f"{each['type']} {each['status']} {each['reason']}" for each in status["conditions"])
            for each in status.get("destinations") or ():
                self.seen[f"destination {each['state']} {each.get('reason', '')}"] += 1
        self.seen.update(f"own {kind}" for kind, _, _ in self.witness.own)
        self.seen.update(f"copy {obj['kind']}" for obj in self.copies())
        self.seen["disowned"] += len(self.witness.disowned)

    def _delete_everything(self) -> None:
        """Delete what users created, in random order; only the installation may remain."""
        order = random.Random(self.cluster.writes)
        self.cluster.refusing.clear()
        self._attempt(lambda: self.cluster.create(self._binding))
        doomed = [*self.cluster.list(SYNC, "ObjectSync"), *(o for kind in model.COPIED for o in self._objects(kind))]
        doomed += [o for o in self.cluster.list("v1", "Namespace") if model.name(o) in inputs.NAMESPACES]
        crd = self.cluster.find(CRD["apiVersion"], CRD["kind"], "widgets.toys.dev")
        doomed += [crd] if crd else []
        order.shuffle(doomed)
        self._random = order
        for obj in doomed:
            self._delete(obj)
            for _ in range(order.randrange(4)):
                self.engine.step()
        self.engine.run()
        for obj in [o for kind in model.COPIED for o in self._objects(kind)]:
            if obj["metadata"].get("finalizers"):
                change = {"metadata": {"finalizers": None}}
                self.cluster.patch(obj["apiVersion"], obj["kind"], model.name(obj), change, model.namespace(obj))
        self.engine.run()
        if self.cluster.find(SYNC, "SyncPolicy", "default") is None:
            self.cluster.create(POLICY)
            self.engine.run()
        self.witness.look()
        self._blame(self.witness.wrongs)
        left = self._inventory() - self._installed
        assert not left, f"left after everything was deleted: {sorted(left)}"

    def _inventory(self) -> set[tuple[str, str, str]]:
        return {(obj["kind"], model.namespace(obj), model.name(obj)) for obj in self.cluster.everything()}

    @staticmethod
    def _blame(wrongs: list[str]) -> None:
        assert not wrongs, "\n".join(["", *wrongs])

    def copies(self) -> list[Json]:
        """Return every object that a SyncSlice owns."""
        return [
            obj
            for kind in model.COPIED
            for obj in verdict.objects(self.cluster, kind.api_version, kind.kind)
            if _is_copy(obj)
        ]

    def _objects(self, kind: Kind) -> list[Json]:
        if self.cluster.discovery.by_kind(kind.api_version, kind.kind) is None:
            return []
        return self.cluster.list(kind.api_version, kind.kind)

    def _create_namespace(self, name: str) -> None:
        self.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def _put(self, kind: Kind, obj: Json) -> None:
        ns, name = model.namespace(obj), model.name(obj)
        if self.cluster.find(kind.api_version, kind.kind, name, ns) is None:
            self.cluster.create(obj)
            return
        try:
            self.cluster.update(obj)
        except ApiError:
            self.cluster.delete(kind.api_version, kind.kind, name, ns)
            self.cluster.create(obj)

    def _change_spec(self, index: int, change: Json) -> None:
        found = self.cluster.list(SYNC, "ObjectSync")
        if found:
            obj = found[index % len(found)]
            if "source" in change:  # a `copy` may not suit it
                entries = [{key: each[key] for key in each if key != "copy"} for each in obj["spec"]["destinations"]]
                change = {**change, "copy": None, "destinations": entries}
            self.act(
                lambda: self.cluster.patch(SYNC, "ObjectSync", model.name(obj), {"spec": change}, model.namespace(obj))
            )

    def _source(self, index: int) -> Json:
        """Return an object that exists, as the source of an ObjectSync."""
        objects = [obj for kind in model.COPIED for obj in self._objects(kind)]
        if not objects:
            return {"group": "", "kind": "ConfigMap", "name": "s"}
        obj = objects[index % len(objects)]
        group = verdict.KINDS[obj["kind"]].group
        return {"group": group, "kind": obj["kind"], "name": model.name(obj), "namespace": model.namespace(obj)}

    def _create_object_sync(self, ns: str, name: str, source: Json, to: list[Json], policy: str | None) -> None:
        spec: Json = {"source": {key: value for key, value in source.items() if value}, "destinations": to}
        spec["source"]["group"] = source["group"]
        if policy:
            spec["conflictPolicy"] = policy
        obj = {"apiVersion": SYNC, "kind": "ObjectSync", "metadata": {"namespace": ns, "name": name}, "spec": spec}
        self._attempt(lambda: self.cluster.create(obj))


def _is_copy(obj: Json) -> bool:
    return any(owner["kind"] == "SyncSlice" for owner in obj["metadata"].get("ownerReferences") or ())
