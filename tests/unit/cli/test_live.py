"""What the commands that need a cluster share: what they read of it, and what they say where they cannot."""

import sys

import pytest

from e2e.objects import crd
from object_syncer.cli.live import dumping, kinds
from object_syncer.cli.live.cluster import Cluster
from object_syncer.kube.meta import Json, name_of
from object_syncer.kube.types import ResourceType
from unit.cli.given import config_map, namespace, object_sync, run, secret


class Fake(Cluster):
    """A cluster that has some objects."""

    def __init__(self, *objects: Json) -> None:
        self.name = "fake"
        self._objects = objects

    def get(self, type_: ResourceType, name: str, namespace: str = "") -> Json | None:
        """Return a cluster-scoped object."""
        return next((obj for obj in self.list(type_) if name_of(obj) == name), None)

    def list(self, type_: ResourceType, namespace: str = "", label: str = "") -> list[Json]:
        """Return the objects of a type."""
        return [obj for obj in self._objects if (obj["apiVersion"], obj["kind"]) == (type_.api_version, type_.kind)]


def custom(kind: str, group: str = "example.com") -> Json:
    obj = object_sync("team-a")
    return {**obj, "spec": {**obj["spec"], "source": {"group": group, "kind": kind, "name": "w"}}}


def widget() -> Json:
    return {"apiVersion": "example.com/v2", "kind": "Widget", "metadata": {"namespace": "default", "name": "w"}}


def test_of_a_cluster_only_the_kinds_that_object_syncs_copy_are_read() -> None:
    definition = crd("example.com", versions=("v2", "v1"))
    cluster = Fake(
        namespace("team-a"), object_sync("team-a"), custom("Widget"), config_map(), secret(), widget(), definition
    )
    found = dumping.sources(cluster)
    assert [item.obj["kind"] for item in found.given] == [
        "Namespace", "ObjectSync", "ObjectSync", "CustomResourceDefinition", "ConfigMap", "Widget"
    ]  # fmt: skip
    assert {str(item.place) for item in found.given} == {"cluster fake"}


def test_kinds_that_only_the_change_copies_are_read_too() -> None:
    cluster = Fake(config_map(), secret(), widget(), crd("example.com", versions=("v2",)))
    wanted = [custom("Widget"), custom("Nobodys"), {**custom("Secret", "")}, {"kind": "ObjectSync", "spec": 3}]
    kinds_read = [item.obj["kind"] for item in dumping.sources(cluster, wanted).given]
    assert kinds_read == ["CustomResourceDefinition", "Secret", "Widget"]


def test_of_events_only_those_about_slices_are_read() -> None:
    def event(kind: str) -> Json:
        return {"apiVersion": "v1", "kind": "Event", "metadata": {"name": kind}, "involvedObject": {"kind": kind}}

    found = dumping.sources(Fake(event("SyncSlice"), event("Pod"))).given
    assert [item.obj["metadata"]["name"] for item in found] == [kinds.SYNC_SLICE.kind]


@pytest.mark.parametrize(
    "words", [["doctor"], ["uninstall"], ["migrate", "upstream"], ["explain", "a/b", "--context", "c"]]
)
def test_without_the_extra_it_is_said_how_to_get_it(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.startswith("object_syncer.cli.live")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "lightkube", None)
    monkeypatch.setitem(sys.modules, "httpx2", None)
    result = run(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: this needs the extra `cluster`: pip install")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["doctor", "--context", "c", "-"], "a dump and --context exclude each other"),
        (["explain", "a/b", "--context", "c", "-"], "files and --context exclude each other"),
        (["diff", "--context", "c", "--live", "-", "a", "b"], "--live and --context exclude each other"),
        (["migrate", "upstream", "--deployment", "syncer"], "'syncer' is not NAMESPACE/NAME"),
    ],
)
def test_words_that_exclude_each_other_are_refused(words: list[str], says: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert says in result.stderr
