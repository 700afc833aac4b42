"""Record what Metacontroller says to our hooks, and what they answer: the files in recorded/.

`make record` runs it, with METACONTROLLER_BIN and METACONTROLLER_CRDS as `make e2e` takes them: after a change of what
the hooks answer or with a new version of the engine. Read the difference.

It starts a control plane, the hooks and the engine with a proxy between them, plays one story, keeps of each kind of
request the one that RECORDINGS picks, and of that what trimming.py leaves. All that is recorded is made here: the
Secret's value is a fake.
"""

import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from contract.trimming import trimmed, written
from controlplane.client import Client, Object
from controlplane.control_plane import ENGINE, ControlPlane
from controlplane.installation import Installation
from controlplane.waiting import wait_for
from object_syncer.installation import DEFAULT_HOOKS_URL
from object_syncer.kube import api
from object_syncer.kube.meta import is_terminating
from object_syncer.routes import answer

Exchange = dict[str, Any]
Pick = Callable[[Exchange], bool]

FOLDER = Path(__file__).with_name("recorded")
SETTLED_SECONDS = 30
SLICES, POLICIES, OBJECT_SYNCS = "SyncSlice", "SyncPolicy", "ObjectSync"

TOYS: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "toys.tests.example"},
    "spec": {
        "group": "tests.example",
        "scope": "Namespaced",
        "names": {"kind": "Toy", "plural": "toys"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


def main() -> None:
    """Play the story and write the recordings."""
    with running() as (admin, exchanges):
        story(admin)
        found = exchanges()
    failed = [f"{each['path']}: {each['response']}" for each in found if each["status"] != 200]
    if failed:
        sys.exit("\n".join(["the hooks refused what the engine asked:", *failed]))
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for name, (path, pick) in RECORDINGS.items():
        matching = [each for each in found if _path(each) == path and pick(each)]
        if not matching:
            sys.exit(f"{name}: no request of the story is one")
        kept = trimmed({**matching[-1], "path": path})
        if not _answered_alike(kept, matching[-1]["request"]):
            sys.exit(f"{name}: the hooks read what trimming.py cuts")
        (FOLDER / f"{name}.json").write_text(written(kept))
    print(f"{len(RECORDINGS)} recordings out of {len(found)} requests")


def _answered_alike(kept: Exchange, request: Object) -> bool:
    """Tell whether the hooks answer the trimmed request as they do the whole one."""
    now = datetime.fromisoformat(kept["time"])
    return answer(kept["path"], kept["request"], now) == answer(kept["path"], request, now)


@contextmanager
def running() -> Iterator[tuple[Client, Callable[[], list[Exchange]]]]:
    """Run everything; yield the administrator, and what returns the exchanges so far, without our port."""
    with TemporaryDirectory() as directory, ControlPlane(Path(directory)) as cluster:
        installation = Installation.prepare(cluster, Path(directory), user=ENGINE, record=Path(directory) / "record")
        with installation:
            proxy = installation.proxy
            assert proxy

            def exchanges() -> list[Exchange]:
                text = orjson.dumps(proxy.exchanges()).decode().replace(proxy.url, DEFAULT_HOOKS_URL)
                found: list[Exchange] = orjson.loads(text)
                return found

            yield cluster.client(), exchanges


def story(admin: Client) -> None:
    """Share a Secret, a ConfigMap and a Toy; edit a copy; lose a source; delete an ObjectSync."""
    admin.patch(api.API_VERSION, "syncpolicies", None, "default", {"spec": NARROW})
    for name in ("team", "north", "south"):
        admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    admin.apply_yaml([TOYS])
    pull = b64encode(b'{"auths":{"registry.example":{"auth":"ZmFrZTpmYWtl"}}}').decode()
    docker = {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": pull}}
    admin.create(named("v1", "Secret", "team", "pull", **docker))
    admin.create(named("v1", "ConfigMap", "team", "settings", data={"colour": "blue"}))
    admin.create(named("v1", "ConfigMap", "north", "settings", data={"colour": "red"}))
    admin.create(named("tests.example/v1", "Toy", "team", "toy", spec={"wheels": 4, "brand": None}))

    share(admin, "pull", ("", "Secret"), {"namespace": "*", "name": "pull-all", "strategy": "replace"})
    share(admin, "settings", ("", "ConfigMap"), {"namespace": "north"}, {"namespace": "absent"})
    share(admin, "toy", ("tests.example", "Toy"), {"namespace": "south"})
    wait_for(lambda: condition(admin, "pull", "InSync") == ("True", "Success"), SETTLED_SECONDS, "Secrets in sync")
    wait_for(lambda: condition(admin, "toy", "InSync") == ("True", "Success"), SETTLED_SECONDS, "Toys in sync")
    wait_for(lambda: condition(admin, "settings", "InSync")[1] == "Conflict", SETTLED_SECONDS, "the conflict reported")

    admin.patch("v1", "secrets", "north", "pull-all", {"data": {"added": "eA=="}})
    wait_for(
        lambda: "added" not in admin.get("v1", "secrets", "north", "pull-all")["data"], SETTLED_SECONDS, "key removed"
    )
    wait_for(
        lambda: condition(admin, "pull", "InSync") == ("True", "Success"), SETTLED_SECONDS, "Secrets in sync again"
    )

    admin.delete("tests.example/v1", "toys", "team", "toy")
    wait_for(lambda: admin.gone("tests.example/v1", "toys", "south", "toy"), SETTLED_SECONDS, "Toy gone")
    wait_for(
        lambda: condition(admin, "toy", "InSync")[1] == "SourceNotFound", SETTLED_SECONDS, "the missing source reported"
    )

    admin.delete(api.API_VERSION, "objectsyncs", "team", "pull")
    wait_for(lambda: admin.gone(api.API_VERSION, "objectsyncs", "team", "pull"), SETTLED_SECONDS, "ObjectSync deleted")


NARROW = {"watchNamespaces": ["team"], "targetNamespaces": ["north", "south", "absent"]}


def named(api_version: str, kind: str, namespace: str, name: str, **body: object) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"namespace": namespace, "name": name}, **body}


def share(admin: Client, name: str, kind: tuple[str, str], *destinations: Object) -> None:
    source = {"group": kind[0], "kind": kind[1], "name": name}
    spec = {"source": source, "destinations": list(destinations)}
    admin.create(named(api.API_VERSION, OBJECT_SYNCS, "team", name, spec=spec))


def condition(admin: Client, name: str, which: str) -> tuple[str, str]:
    status = admin.get(api.API_VERSION, "objectsyncs", "team", name)["status"]
    found = next(each for each in status["conditions"] if each["type"] == which)
    return found["status"], found["reason"]


def _path(exchange: Exchange) -> str:
    return str(exchange["path"]).partition("?")[0]


# Which request of the story is kept: the last one that fits


def _all(_: Exchange) -> bool:
    return True


def _objects(exchange: Exchange, where: str, kind: str) -> list[Object]:
    groups = exchange["request"].get(where) or {}
    return [obj for key, group in groups.items() if key.startswith(f"{kind}.") for obj in group.values()]


def _of(kind: str) -> Pick:
    """Fit a slice's request by the kind it copies."""
    return lambda exchange: exchange["request"]["parent"]["spec"]["resource"]["kind"] == kind


def _named(name: str) -> Pick:
    """Fit an ObjectSync's request by its name."""
    return lambda exchange: _parent(exchange)["metadata"]["name"] == name


def _parent(exchange: Exchange) -> Object:
    parent: Object = exchange["request"].get("object") or exchange["request"]["parent"]
    return parent


def _both(*picks: Pick) -> Pick:
    return lambda exchange: all(pick(exchange) for pick in picks)


def _answers(key: str) -> Pick:
    return lambda exchange: bool(exchange["response"].get(key))


def _states(*states: str) -> Pick:
    """Fit a slice's request by the states it is answered with."""
    return lambda exchange: (
        [item["state"] for item in exchange["response"]["status"].get("destinations", ())] == list(states)
    )


def _going(exchange: Exchange) -> bool:
    return any(is_terminating(obj) for obj in _objects(exchange, "related", OBJECT_SYNCS))


def _first_plan(exchange: Exchange) -> bool:
    return len(_objects(exchange, "related", OBJECT_SYNCS)) == 1 and not _objects(exchange, "children", SLICES)


def _full_plan(exchange: Exchange) -> bool:
    slices = _objects(exchange, "children", SLICES)
    return len(slices) == 3 and all(item.get("status") for item in slices) and not _going(exchange)


def _all_synced(exchange: Exchange) -> bool:
    status = exchange["response"]["status"]
    return bool(status) and all(each["status"] == "True" for each in status["conditions"])


def _unplanned(exchange: Exchange) -> bool:
    return not _objects(exchange, "related", SLICES)


def _of_another_controller(exchange: Exchange) -> bool:
    return not exchange["response"]["relatedResources"]


def _foreign_key(exchange: Exchange) -> bool:
    return any("added" in obj["data"] for obj in _objects(exchange, "children", "Secret"))


def _taken(exchange: Exchange) -> bool:
    return any("added" in child["data"] for child in exchange["response"]["children"])


RECORDINGS: dict[str, tuple[str, Pick]] = {
    "policy-customize": ("/v1/policy/customize", _all),
    "policy-sync-first": ("/v1/policy/sync", _first_plan),
    "policy-sync-rest": ("/v1/policy/sync", _full_plan),
    "policy-sync-deleting": ("/v1/policy/sync", _going),
    "slice-customize": ("/v1/slice/customize", _both(_of("Secret"), _answers("relatedResources"))),
    "slice-customize-of-another-controller": ("/v1/slice/customize", _of_another_controller),
    "slice-sync-first": ("/v1/slice/sync", _both(_of("Secret"), _states("Pending", "Pending"))),
    "slice-sync-rest": ("/v1/slice/sync", _both(_of("Secret"), _states("Synced", "Synced"))),
    "slice-sync-foreign-key-taken": ("/v1/slice/sync", _both(_of("Secret"), _foreign_key, _taken)),
    "slice-sync-foreign-key-dropped": (
        "/v1/slice/sync",
        _both(_of("Secret"), _foreign_key, lambda exchange: not _taken(exchange)),
    ),
    "slice-sync-conflict": ("/v1/slice/sync", _both(_of("ConfigMap"), _states("Conflict"))),
    "slice-sync-custom": ("/v1/slice/sync", _both(_of("Toy"), _states("Synced"))),
    "slice-sync-without-source": (
        "/v1/slice/sync",
        _both(_of("Toy"), lambda exchange: "problem" in exchange["response"]["status"]),
    ),
    "stall-customize": ("/v1/stall/customize", _both(_of("Secret"), _answers("relatedResources"))),
    "objectsync-customize": ("/v1/objectsync/customize", _named("toy")),
    "objectsync-sync-first": ("/v1/objectsync/sync", _both(_named("toy"), _unplanned)),
    "objectsync-sync-rest": ("/v1/objectsync/sync", _both(_named("pull"), _all_synced)),
    "objectsync-sync-conflict": ("/v1/objectsync/sync", _named("settings")),
    "objectsync-finalize-waiting": (
        "/v1/objectsync/finalize",
        lambda exchange: not exchange["response"]["finalized"],
    ),
    "objectsync-finalize-last": ("/v1/objectsync/finalize", _answers("finalized")),
}
"""Name of the file: path of the hook, and which of its requests."""


if __name__ == "__main__":
    main()
