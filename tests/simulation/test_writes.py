"""What a change costs, counted: each write of a status is decoded, validated, encoded, sent and read by all who watch.

Two writes of a SyncSlice are the least where a destination is added, because the engine writes the generation that it
looked at. In a cluster the engine may see copies later than it wrote them; then the hooks wait a moment.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from memcluster import Cluster, Engine
from object_syncer.kube.meta import Json
from simulation.test_stories import config_map, namespace, object_sync, status, story

NAMESPACES = 250
MANY = [f"team-{n:03}" for n in range(NAMESPACES)]


@pytest.fixture(scope="module")
def installation() -> tuple[Cluster, Engine]:
    """Return an installation at rest in which the ObjectSyncs o and p copy a source to all namespaces."""
    source = [config_map(name, {"k": "v"}, "a") for name in "st"]
    syncs = [object_sync(name, "*", source=each) for name, each in ("os", "pt")]
    return story(*map(namespace, MANY), *source, *syncs)


@contextmanager
def counted(cluster: Cluster, engine: Engine) -> Iterator[Counter[str]]:
    """Count writes by kind until the engine rests: of a status, and of anything else."""
    writes: Counter[str] = Counter()
    watch = cluster.watch()
    yield writes
    engine.run()
    for event in watch.drain():
        old, new = event.old, event.new
        what = f"{(new or old or {})['kind']}{' status' if _is_status(old, new) else ''}"
        writes[what] += 1
    cluster.unwatch(watch)


def _is_status(old: Json | None, new: Json | None) -> bool:
    return bool(old and new and old.get("status") != new.get("status"))


def test_a_namespace_that_comes_costs_each_objectsync_one_write(installation: tuple[Cluster, Engine]) -> None:
    cluster, engine = installation
    before = status(cluster, "o")["copies"]["synced"]
    with counted(cluster, engine) as writes:
        cluster.create(namespace("new"))
    assert writes == {
        "Namespace": 1,
        "SyncSlice": 2,
        "ConfigMap": 2,
        "SyncSlice status": 4,
        "ObjectSync status": 2,
    }
    assert status(cluster, "o")["copies"]["synced"] == before + 1


def test_one_that_goes_costs_each_objectsync_one_write(installation: tuple[Cluster, Engine]) -> None:
    cluster, engine = installation
    cluster.create(namespace("short-lived"))
    engine.run()
    with counted(cluster, engine) as writes:
        cluster.delete("v1", "Namespace", "short-lived")
    assert (writes["SyncSlice"], writes["SyncSlice status"], writes["ObjectSync status"]) == (2, 4, 2)


def test_a_new_version_of_the_source_costs_each_slice_one_write_and_the_objectsync_none(
    installation: tuple[Cluster, Engine],
) -> None:
    cluster, engine = installation
    with counted(cluster, engine) as writes:
        cluster.patch("v1", "ConfigMap", "s", {"data": {"k": "w"}}, "a")
    assert writes["ConfigMap"] == 1 + status(cluster, "o")["copies"]["synced"]
    assert (writes["SyncSlice status"], writes["ObjectSync status"]) == (3, 0)


def test_a_copy_that_is_edited_and_repaired_costs_no_status(installation: tuple[Cluster, Engine]) -> None:
    cluster, engine = installation
    with counted(cluster, engine) as writes:
        cluster.patch("v1", "ConfigMap", "s", {"data": {"k": "edited"}}, MANY[7], manager="kubectl")
    assert writes == {"ConfigMap": 2}


def test_one_that_is_deleted_and_created_anew_costs_the_objectsync_nothing(
    installation: tuple[Cluster, Engine],
) -> None:
    cluster, engine = installation
    with counted(cluster, engine) as writes:
        cluster.delete("v1", "ConfigMap", "s", MANY[7])
    assert writes == {"ConfigMap": 2, "SyncSlice status": 2}


def test_the_status_of_many_destinations_is_short(installation: tuple[Cluster, Engine]) -> None:
    cluster, _ = installation
    assert status(cluster, "o")["destinations"] == []
