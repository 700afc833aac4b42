"""Histories of tenants: whatever they do in their namespaces, nobody else's objects and copies suffer.

Ann and Bob may edit in a namespace each, Bob in one more where the engine may not write. A platform and a policy for
teams copy between namespaces. Tenants put the marks of copies on objects and take them off, some of them before the
guard is there; they ask for what they may not have; webhooks fight over copies; policies come, change and go. A small
model says at each rest who should have each destination.
"""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from memcluster import ApiError
from simulation import model, verdict
from simulation.model import CONFIG_MAP, Json, Kind
from simulation.rivals import KINDS, values_of
from simulation.tenancy import NAMES, RETIRE, SOURCE_PLACES, SOURCES, SYNC, TARGETS, Place
from simulation.tenant_verdict import Verdict, blame, copied, shown
from simulation.tenant_witness import Witness
from simulation.tenant_world import EDITORS, HOMES, LOCKED, NETWORK_POLICY, TEAMS, World, marks

SETS_OF_TARGETS = (list(TARGETS), list(TARGETS), ["a", "b"], ["b", "c"], ["."])
MARKS = ("label", "owner", "label and owner", "disguised owner", "label of another type", "source", "takes-over")
UNMARKS = ("label", "owner", "annotations", "all")
TIMELY, TOLD_WITHIN = 5, 60
RESYNC = 300
"""The engine looks at every parent this often, in seconds."""
MOST_STEPS = 800
"""Of the engine, from anything to rest."""

places = st.tuples(st.sampled_from(TARGETS), st.sampled_from(NAMES))
people = st.sampled_from(("ann", "bob"))
indexes = st.integers(0, 5)
values = st.integers(0, 3)


class TenantHistories(RuleBasedStateMachine):
    """One cluster, one history."""

    seen: ClassVar[Counter[str]] = Counter()
    """What was seen at rest."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.cluster, self.engine, self.hooks = self.world.cluster, self.world.engine, self.world.hooks
        self.witness = Witness(self.world)
        self.verdict = Verdict(self.world, self.witness, self.seen)
        self._resynced = self.cluster.clock

    @initialize(kind=st.sampled_from((CONFIG_MAP, CONFIG_MAP, NETWORK_POLICY)), guarded=st.booleans())
    def begin(self, kind: Kind, guarded: bool) -> None:
        """Install, with the guard of today or that of a version that knew no rules for people."""
        self.world.guard.in_force = guarded
        self.world.populate(kind)
        self._step()
        self._run()
        self.verdict.check()

    # Tenants

    @rule(
        who=st.sampled_from(("ann", "bob", "bob", "ann", "admin")),
        name=st.sampled_from(("o0", "o1")),
        source=st.sampled_from((None, None, *SOURCES)),
        to=st.lists(places, min_size=1, max_size=3, unique=True),
        conflict_policy=st.sampled_from(("Fail", "Adopt", "Overwrite")),
        strategy=st.sampled_from(("apply", "replace")),
    )
    def share(
        self, who: str, name: str, source: str | None, to: list[Place], conflict_policy: str, strategy: str
    ) -> None:
        """Create an ObjectSync, or change one; a tenant may try it with what is not its own."""
        if who == "admin":  # where it may overwrite, sources would be copies afterwards
            name, source, to = "p", "home", [place for place in to if place not in SOURCE_PLACES] or [("c", "s")]
        self.world.share(who, name, source or HOMES[who], to, conflict_policy, strategy)
        self._step()

    @rule(who=people, name=st.sampled_from(("o0", "o1")))
    def unshare(self, who: str, name: str) -> None:
        with suppress(ApiError):
            self.cluster.delete(SYNC, "ObjectSync", name, HOMES[who], user=who)
        self._step()

    @rule(ns=st.sampled_from(tuple(SOURCES)), value=values)
    def edit_source(self, ns: str, value: int) -> None:
        self.world.write((ns, SOURCES[ns]), "admin", value)
        self._step()

    @rule(who=people, ns=indexes, name=st.sampled_from(NAMES), value=values)
    def put(self, who: str, ns: int, name: str, value: int) -> None:
        """Create an object, or edit what is there: an object or a copy."""
        place = (EDITORS[who][ns % len(EDITORS[who])], name)
        if place not in SOURCE_PLACES:
            self.world.write(place, who, value)
        self._step()

    @rule(who=people, ns=indexes, name=st.sampled_from(NAMES))
    def delete(self, who: str, ns: int, name: str) -> None:
        place = (EDITORS[who][ns % len(EDITORS[who])], name)
        if place not in SOURCE_PLACES:
            with suppress(ApiError):
                self.cluster.delete(self.world.kind.api_version, self.world.kind.kind, name, place[0], user=who)
        self._step()

    @rule(who=people, ns=indexes, name=st.sampled_from(NAMES), how=st.sampled_from(MARKS), index=indexes)
    def mark(self, who: str, ns: int, name: str, how: str, index: int) -> None:
        """Give an object marks of a copy; create it, if it is not there."""
        place = (EDITORS[who][ns % len(EDITORS[who])], name)
        slices = self.world.slices()
        if slices and (place not in SOURCE_PLACES or (self.world.guard.in_force and how != "source")):
            self.world.mark(
                place, who, marks(how, slices[index % len(slices)], list(SOURCES.items())[index % len(SOURCES)])
            )
        self._step()

    @rule(who=people, ns=indexes, name=st.sampled_from(NAMES), what=st.sampled_from(UNMARKS))
    def unmark(self, who: str, ns: int, name: str, what: str) -> None:
        """Take marks off a copy, or off an object that has some."""
        changes: Json = {
            "label": {"labels": {model.SLICE: None}},
            "owner": {"ownerReferences": None},
            "annotations": {"annotations": None},
        }
        changes["all"] = {key: value for change in changes.values() for key, value in change.items()}
        self.world.mark((EDITORS[who][ns % len(EDITORS[who])], name), who, changes[what], create=False)
        self._step()

    # Administrators

    @rule()
    def upgrade(self) -> None:
        """Install the rules of the guard for people, where they are missing."""
        self.world.guard.in_force = True
        self._step()

    @rule(to=st.sampled_from(SETS_OF_TARGETS), priority=st.sampled_from((0, 2)))
    def change_teams(self, to: list[str], priority: int) -> None:
        self.world.change_policy("teams", {"spec": {"targetNamespaces": to, "priority": priority}})
        self._step()

    @rule(
        to=st.sampled_from(SETS_OF_TARGETS),
        priority=st.sampled_from((-1, 3)),
        watch=st.sampled_from((["a"], ["b"], ["a", "b"])),
    )
    def add_policy(self, to: list[str], priority: int, watch: list[str]) -> None:
        """Add another policy for tenants, or change it."""
        spec = {**TEAMS, "priority": priority, "watchNamespaces": watch, "targetNamespaces": to}
        self.world.create_policy("extra", spec)
        self.world.change_policy("extra", {"spec": spec})
        self._step()

    @rule(name=st.sampled_from(("teams", "extra")), retires=st.booleans())
    def retire(self, name: str, retires: bool) -> None:
        self.world.change_policy(name, {"metadata": {"annotations": {RETIRE: "true" if retires else None}}})
        self._step()

    @rule(name=st.sampled_from(("teams", "extra")))
    def delete_policy(self, name: str) -> None:
        """Delete a policy, as far as the guard permits that, or create the one for teams again."""
        try:
            self.cluster.delete(SYNC, "SyncPolicy", name)
        except ApiError:
            self.world.create_policy("teams", TEAMS)
        self._step()

    # Webhooks and other faults

    @rule(place=places, how=st.sampled_from(KINDS))
    def fight(self, place: Place, how: str) -> None:
        """Let a webhook change a copy whenever it is written."""
        self.cluster.rivals[place] = how
        self._step()

    @rule()
    def end_fights(self) -> None:
        self.cluster.rivals.clear()
        self._step()

    @rule(part=st.sampled_from(("/policy/", "/slice/", "/objectsync/", "/")), times=st.integers(1, 4))
    def break_hooks(self, part: str, times: int) -> None:
        self.hooks.failing[part] = times

    @rule()
    def restart_engine(self) -> None:
        self.engine.restart()

    # The engine

    @rule(steps=st.integers(1, 40))
    def work(self, steps: int) -> None:
        for _ in range(steps):
            if not self.engine.step():
                break
        self._step()

    @rule(seconds=st.sampled_from((0.2, 3.0)))
    def work_for_a_while(self, seconds: float) -> None:
        self._run(seconds)
        self._step()

    @rule(ns=st.sampled_from(tuple(SOURCES)))
    def hurry(self, ns: str) -> None:
        """Change a source: what is not fought over follows at once; who says that all is well a minute later, lies."""
        self.hooks.failing.clear()
        self._run(1)
        followers = [each for each in self.verdict.served() if copied(each, ns)]
        value = self.cluster.writes
        self.world.write((ns, SOURCES[ns]), "admin", value)
        for _ in range(TIMELY):
            self._pass(1)
        for obj in followers:
            found = self.world.find((model.namespace(obj), model.name(obj)))
            now = values_of(found)["k"] if found else "gone"
            assert now == str(value), f"{shown(obj)} is {now}, not {value}, {TIMELY} s after its source changed"
        for _ in range(0, TOLD_WITHIN - TIMELY, 5):
            self._pass(5)
        blame([*verdict.untold_stalls(self.cluster), *self.verdict.lies(ns)])
        self._step()

    @rule()
    def rest(self) -> None:
        self._rest()

    @rule()
    def clean_up(self) -> None:
        """Delete what tenants have where the engine may not write: what was stalled by that goes on."""
        self._clean_up()
        self._rest()

    def teardown(self) -> None:
        if sys.exc_info()[0] is not None:
            return
        self._rest()
        self.cluster.rivals.clear()
        self._clean_up()
        for _ in range(70):  # longer than the longest pause between writes of a copy that was fought over
            self._pass(10)
        self._rest()
        for each in self.cluster.list(SYNC, "ObjectSync"):
            self.cluster.delete(SYNC, "ObjectSync", model.name(each), model.namespace(each))
        self._rest()
        assert not self.world.slices(), "SyncSlices are left"

    # Running

    def _clean_up(self) -> None:
        for obj in self.world.locked():
            self.cluster.delete(obj["apiVersion"], obj["kind"], model.name(obj), LOCKED)

    def _run(self, quiet_seconds: float | None = None) -> None:
        """Work until the engine is at rest; a fight that does not end ends here."""
        self.engine.run(MOST_STEPS, quiet_seconds=quiet_seconds)

    def _pass(self, seconds: int) -> None:
        self._run(0)
        self.cluster.let_pass(seconds)
        if (self.cluster.clock - self._resynced).total_seconds() >= RESYNC:
            self._resync()
        self._run(0)

    def _resync(self) -> None:
        self.engine.resync()
        self._resynced = self.cluster.clock

    def _step(self) -> None:
        self.witness.look()
        blame(self.witness.wrongs)

    def _rest(self) -> None:
        self.hooks.failing.clear()
        self._run()
        self._resync()  # what lost label and owner in one write makes no event
        self._run()
        self._step()
        self.verdict.check()
        self.witness.forget_permits()
