"""A SyncSlice that does not follow its source: its ObjectSync says so within a minute, and only while it is true."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from memcluster import Engine
from object_syncer import rehearsal
from object_syncer.kube import api, times
from object_syncer.kube.meta import Json
from simulation.faults import FaultyCluster, FaultyHooks
from simulation.test_stories import SYNC, config_map, destinations, namespace, object_sync, status

WITHIN = 60.0
"""Seconds after a change of the source in which it is told that a slice does not follow."""

FOLLOWED, STALLED = ("True", "Success"), ("False", "Stalled")


class Story:
    """An installation at rest: a/s is copied to b and c, a/t to b."""

    def __init__(self) -> None:
        self.cluster = FaultyCluster()
        self.hooks = FaultyHooks(self.cluster)
        self.engine: Engine = rehearsal.install(self.cluster, call_hook=self.hooks)
        for name in "abcd":
            self.cluster.create(namespace(name))
        for name, to in (("s", "bc"), ("t", "b")):
            self.cluster.create(config_map(name, {"k": "v"}, "a"))
            self.cluster.create(object_sync(name, *to, source=name))
        self.engine.run()
        assert (self.in_sync("s"), self.in_sync("t")) == (FOLLOWED, FOLLOWED)

    @property
    def slice(self) -> str:
        """The SyncSlice of a/s."""
        (found,) = (
            item["metadata"]["name"]
            for item in self.cluster.list(SYNC, "SyncSlice")
            if item["spec"]["objectSync"]["name"] == "s"
        )
        return str(found)

    def in_sync(self, name: str) -> tuple[str, str]:
        return next(
            (each["status"], each["reason"])
            for each in status(self.cluster, name)["conditions"]
            if each["type"] == "InSync"
        )

    def message(self) -> str:
        return str(next(c["message"] for c in status(self.cluster, "s")["conditions"] if c["type"] == "InSync"))

    def mark(self) -> str | None:
        annotations = self.cluster.get(SYNC, "SyncSlice", self.slice)["metadata"].get("annotations") or {}
        found: str | None = annotations.get(api.STALLED_ANNOTATION)
        return found

    def edit(self, name: str = "s", value: str = "w") -> None:
        self.cluster.patch("v1", "ConfigMap", name, {"data": {"k": value}}, "a")

    def copy(self, where: str) -> Json | None:
        found = self.cluster.find("v1", "ConfigMap", "s", where)
        return None if found is None else found["data"]

    def until(self, ready: Callable[[], bool]) -> float:
        """Work until this is so; return how many seconds that took, of 600 at most."""
        for seconds in range(600):
            self.engine.run(quiet_seconds=0)
            if ready():
                return seconds
            self.cluster.let_pass(1)
        raise AssertionError(f"not so in ten minutes: {self.message()}")

    def rest(self, seconds: int) -> None:
        """Let time pass until the engine looks at every parent again, and a minute more."""
        self.cluster.let_pass(seconds - 60)
        self.engine.resync()
        for _ in range(12):
            self.engine.run(quiet_seconds=0)
            self.cluster.let_pass(5)


def hook_fails(story: Story) -> Callable[[], None]:
    """Let every sync of the slice fail; return what ends that."""
    story.hooks.stalling.add(story.slice)
    return story.hooks.stalling.clear


def object_cannot_be_adopted(story: Story) -> Callable[[], None]:
    """Have an object with the slice's label where the engine may not write; return what ends that."""
    bait = config_map("bait", {}, "d")
    bait["metadata"]["labels"] = {api.SLICE_LABEL: story.slice}
    story.cluster.refusing.add("d")
    story.cluster.create(bait)
    return lambda: story.cluster.delete("v1", "ConfigMap", "bait", "d")


stalls = pytest.mark.parametrize("stall", [hook_fails, object_cannot_be_adopted], ids=lambda each: each.__name__)


@stalls
def test_it_is_told_within_a_minute_and_no_more_once_the_slice_follows(
    stall: Callable[[Story], Callable[[], None]],
) -> None:
    story = Story()
    end = stall(story)
    story.edit()
    assert 0 < story.until(lambda: story.in_sync("s") == STALLED) <= WITHIN
    assert f"SyncSlice {story.slice} has reported nothing since" in story.message()
    assert status(story.cluster, "s")["copies"] == {
        "total": 2, "synced": 0, "failed": 0, "pending": 2, "summary": "0/2",
    }  # fmt: skip
    assert destinations(story.cluster, "s") == {"b/s": ("Pending", "Stalled"), "c/s": ("Pending", "Stalled")}
    assert story.in_sync("t") == FOLLOWED, "others are not concerned"
    assert story.copy("b") == {"k": "v"}

    end()
    story.edit(value="x")
    story.engine.run()
    assert (story.in_sync("s"), story.copy("b"), story.mark()) == (FOLLOWED, {"k": "x"}, None)


def test_it_is_told_of_a_source_that_is_gone_or_being_deleted() -> None:
    for finalizers in ([], ["team.dev/hold"]):
        story = Story()
        story.cluster.patch("v1", "ConfigMap", "s", {"metadata": {"finalizers": finalizers}}, "a")
        story.engine.run()
        end = hook_fails(story)
        story.cluster.delete("v1", "ConfigMap", "s", "a")
        assert 0 < story.until(lambda: story.in_sync("s") == STALLED) <= WITHIN  # noqa: B023
        end()
        story.engine.resync()
        story.engine.run()
        assert (story.in_sync("s"), story.copy("b"), story.mark()) == (("False", "SourceNotFound"), None, None)


def test_it_is_told_of_a_spec_that_a_slice_does_not_act_on() -> None:
    story = Story()
    hook_fails(story)
    story.cluster.patch(SYNC, "ObjectSync", "s", {"spec": {"destinations": [{"namespace": "d"}]}}, "a")
    assert 0 < story.until(lambda: story.in_sync("s") == STALLED) <= WITHIN


@stalls
def test_it_is_told_in_some_minutes_that_nobody_looks_after_copies_though_nothing_changes_but_they(
    stall: Callable[[Story], Callable[[], None]],
) -> None:
    story = Story()
    end = stall(story)
    story.cluster.patch("v1", "ConfigMap", "s", {"data": {"k": "edited"}}, "b")
    told: list[int] = []
    for minutes in range(0, 20, times.SLICE_RESYNC // 60):
        story.rest(times.SLICE_RESYNC)
        if story.in_sync("s") == STALLED:
            told.append(minutes)
        assert story.in_sync("t") == FOLLOWED, "others are not concerned"
    assert told == [10, 15], "it was silent for more than ten minutes then"
    end()
    story.rest(times.SLICE_RESYNC)
    assert (story.in_sync("s"), story.copy("b"), story.mark()) == (FOLLOWED, {"k": "v"}, None)


def test_a_slice_that_follows_in_time_is_never_called_stalled_and_nothing_is_written_for_it() -> None:
    story = Story()
    for number in range(20):  # a source that changes more often than the watch looks
        end = hook_fails(story)
        story.edit(value=str(number))
        story.engine.run(quiet_seconds=1)
        story.cluster.clock += timedelta(seconds=times.STALLED_AFTER / 2)
        end()
        story.edit(value=f"{number} again")
        story.engine.run(quiet_seconds=1)
        assert (story.in_sync("s"), story.mark()) == (FOLLOWED, None)
    story.engine.run()
    assert story.mark() is None


def test_a_stall_is_told_anew_after_one_that_ended() -> None:
    story = Story()
    for value in ("1", "2"):
        end = hook_fails(story)
        story.edit(value=value)
        assert 0 < story.until(lambda: story.in_sync("s") == STALLED) <= WITHIN
        end()
        story.edit(value=f"{value} again")
        story.engine.run()
        assert story.in_sync("s") == FOLLOWED


def test_an_engine_that_restarts_tells_it_within_a_minute() -> None:
    story = Story()
    hook_fails(story)
    story.edit()
    story.engine.run(quiet_seconds=30)
    story.engine.restart()
    assert 0 < story.until(lambda: story.in_sync("s") == STALLED) <= WITHIN
    story.engine.restart()
    story.engine.run(quiet_seconds=1)
    assert story.in_sync("s") == STALLED


def test_a_draining_slice_is_not_called_stalled() -> None:
    story = Story()
    name = story.slice
    hook_fails(story)
    story.cluster.delete(SYNC, "ObjectSync", "s", "a")
    story.engine.run(quiet_seconds=times.STALLED_AFTER + 1)
    marks = [
        api.STALLED_ANNOTATION in (item["metadata"].get("annotations") or {})
        for item in story.cluster.list(SYNC, "SyncSlice")
        if item["metadata"]["name"] == name
    ]
    assert marks in ([], [False])
    story.engine.run()
    assert story.cluster.find(SYNC, "ObjectSync", "s", "a") is None
