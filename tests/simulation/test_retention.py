"""deletionPolicy Retain: whatever happens in whatever order, no copy is ever deleted, and in the end all is at rest."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType

import pytest

from memcluster import Engine
from object_syncer import rehearsal
from object_syncer.kube.meta import Json, controller_of
from object_syncer.planning import retention
from object_syncer.status import summary
from simulation.faults import FaultyCluster, FaultyHooks
from simulation.test_stories import SYNC, config_map, namespace, object_sync

TARGETS = "bcd"
RETAIN: Json = {"spec": {"deletionPolicy": "Retain"}}


class Play:
    """An ObjectSync that retains its copies, and what its user, the source's owner and accidents do, by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.cluster = FaultyCluster()
        self.hooks = FaultyHooks(self.cluster)
        self.engine: Engine = rehearsal.install(self.cluster, choose=self.chance.choice, call_hook=self.hooks)
        self.seen: dict[str, str] = {}
        """Namespace -> uid of the copy that was there first."""
        for name in "abcd":
            self.cluster.create(namespace(name))
        self.cluster.create(config_map("s", {"k": "0"}, "a"))
        self.share()
        self.engine.run()
        self.look()
        self.value = 0

    # What happens

    def acts(self) -> list[Callable[[], None]]:
        often = [self.work] * 8
        return [*often, self.aim, self.aim, self.source, self.edit, self.suspend, self.unshare, self.fail, self.kill]

    def share(self) -> None:
        made = object_sync("s", *self.some(), source="s")
        self.cluster.create({**made, "spec": {**made["spec"], **RETAIN["spec"]}})

    def some(self) -> list[str]:
        return [where for where in TARGETS if self.chance.random() < 0.7] or ["b"]

    def aim(self) -> None:
        """Change the destinations."""
        if self.cluster.find(SYNC, "ObjectSync", "s", "a"):
            self.patch({"destinations": [{"namespace": where} for where in self.some()]})

    def suspend(self) -> None:
        self.patch({"suspend": self.chance.random() < 0.5})

    def unshare(self) -> None:
        """Delete the ObjectSync, or create one anew."""
        found = self.cluster.find(SYNC, "ObjectSync", "s", "a")
        if found is None:
            self.share()
        elif "deletionTimestamp" not in found["metadata"]:
            self.cluster.delete(SYNC, "ObjectSync", "s", "a")

    def source(self) -> None:
        """Delete the source, or create it anew."""
        if self.cluster.find("v1", "ConfigMap", "s", "a"):
            self.cluster.delete("v1", "ConfigMap", "s", "a")
        else:
            self.cluster.create(config_map("s", {"k": "new"}, "a"))

    def edit(self) -> None:
        self.value += 1
        if self.cluster.find("v1", "ConfigMap", "s", "a"):
            self.cluster.patch("v1", "ConfigMap", "s", {"data": {"k": str(self.value)}}, "a")

    def fail(self) -> None:
        self.hooks.failing[self.chance.choice(("/policy/", "/slice/", "/objectsync/"))] = self.chance.randint(1, 4)

    def kill(self) -> None:
        """Kill the engine and start it again."""
        self.engine.restart()

    def work(self) -> None:
        """Let the engine do a few steps."""
        for _ in range(self.chance.randint(1, 6)):
            self.engine.step()
            self.look()

    def patch(self, spec: Json) -> None:
        if self.cluster.find(SYNC, "ObjectSync", "s", "a"):
            self.cluster.patch(SYNC, "ObjectSync", "s", {"spec": spec}, "a")

    # What must be so

    def copies(self) -> dict[str, Json]:
        found = {where: self.cluster.find("v1", "ConfigMap", "s", where) for where in TARGETS}
        return {where: obj for where, obj in found.items() if obj}

    def look(self) -> None:
        """No copy was deleted or created anew."""
        now = {where: obj["metadata"]["uid"] for where, obj in self.copies().items()}
        assert {where: now.get(where) for where in self.seen} == self.seen
        self.seen |= now

    def rest(self) -> None:
        """Everything follows, or nobody owns it."""
        self.hooks.failing.clear()
        self.patch({"suspend": False})
        self.engine.run()
        self.look()
        found, source = (self.cluster.find(*key, "s", "a") for key in ((SYNC, "ObjectSync"), ("v1", "ConfigMap")))
        wanted = {each["namespace"] for each in found["spec"]["destinations"]} if found else set()
        for where, copy in self.copies().items():
            is_owned = controller_of(copy) is not None
            assert is_owned == (where in wanted and source is not None), where
            assert not is_owned or (source and copy["data"] == source["data"]), where
        assert not source or wanted <= self.copies().keys()
        slices = self.cluster.list(SYNC, "SyncSlice")
        assert len(slices) == (found is not None)
        assert not any("leaving" in item["spec"] for item in slices)


def play(seed: int) -> None:
    it = Play(seed)
    for number in range(60):
        it.chance.choice(it.acts())()
        it.look()
        if number % 20 == 19:
            it.rest()


SEEDS = range(25)


def play_all() -> None:
    for seed in SEEDS:
        play(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_copy_is_ever_deleted(seed: int) -> None:
    play(seed)


@pytest.mark.parametrize(
    ("module", "bug", "wrong"),
    [
        (retention, "with_leavers", lambda spec, *_: spec),
        (retention, "_round", lambda _: "configmaps.retained"),
        (summary, "has_no_surplus", lambda _: True),
    ],
    ids=["nothing leaves", "a label is used again", "copies are released before they have the label"],
)
def test_seeded_bugs_are_found(
    module: ModuleType, bug: str, wrong: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, bug, wrong)
    with pytest.raises(AssertionError):
        play_all()
