"""Making Metacontroller stop: our controllers go, and what it was about to write is waited for.

Metacontroller may be in the middle of a sync when its controller is deleted, and writes what that sync wants. Its
events say when it has stopped.
"""

from collections.abc import Iterable

import yaml

from object_syncer import installation
from object_syncer.cli.live import kinds, waiting
from object_syncer.cli.live.cluster import Cluster
from object_syncer.cli.live.errors import Unfinished
from object_syncer.cli.live.waiting import Say
from object_syncer.kube import api
from object_syncer.kube.meta import Json, controller_of, name_of
from object_syncer.kube.types import ResourceType

OBJECT_SYNCS = "object-syncs"
"""The DecoratorController of ObjectSyncs, whose finalizer they have."""

_FINALIZER = f"metacontroller.io/decoratorcontroller-{OBJECT_SYNCS}"

_ENGINE_RELEASES, _ENGINE_SHOWS_ITSELF, _ENGINE_STOPS = 10.0, 30.0, 180.0
"""Seconds that Metacontroller has to take finalizers off, before we do; within which it says that it is about to stop,
if it runs; and until its longest sync has ended."""

_ATTEMPTS = 3

Found = tuple[ResourceType, Json]


def static() -> dict[tuple[str, str], Json]:
    """Return the controllers that an installation applies, by kind and name, the planner's first."""
    documents = installation.controllers(installation.DEFAULT_HOOKS_URL)
    objects = [obj for document in documents for obj in yaml.safe_load_all(document)]
    return {(obj["kind"], name_of(obj)): obj for obj in objects}


def controllers(cluster: Cluster) -> list[Found]:
    """Return our controllers: those that an installation applies, the planner's first, then the generated ones."""
    fixed = list(static())
    found = [(type_, obj) for type_ in (kinds.COMPOSITE, kinds.DECORATOR) for obj in cluster.list(type_)]
    ours = [(type_, obj) for type_, obj in found if (type_.kind, name_of(obj)) in fixed or _is_generated(obj)]
    return sorted(ours, key=lambda item: (_rank(item, fixed), name_of(item[1])))


def _rank(item: Found, fixed: list[tuple[str, str]]) -> int:
    key = (item[0].kind, name_of(item[1]))
    return fixed.index(key) if key in fixed else len(fixed)


def _is_generated(controller: Json) -> bool:
    owner = controller_of(controller)
    return bool(owner and owner["kind"] == "SyncPolicy" and owner["apiVersion"].startswith(f"{api.GROUP}/"))


# Finalizers: first of all, so that ObjectSyncs and their namespaces can be deleted at any time


def release_object_syncs(cluster: Cluster, say: Say) -> None:
    """Take our finalizer off all ObjectSyncs, and see that Metacontroller puts it on none.

    Raises ClusterError, and Unfinished if it comes back.
    """
    decorator = cluster.get(kinds.DECORATOR, OBJECT_SYNCS)
    while decorator and "finalize" in decorator["spec"]["hooks"]:
        say(f"DecoratorController {OBJECT_SYNCS}: no finalizers any more")
        if cluster.patch(decorator, kinds.DECORATOR, {"spec": {"hooks": {"finalize": None}}}):
            waiting.until_none(lambda: held(cluster), _ENGINE_RELEASES)  # Metacontroller takes them off, if it runs
        decorator = cluster.get(kinds.DECORATOR, OBJECT_SYNCS)
    for _ in range(_ATTEMPTS):
        left = held(cluster)
        if not left:
            return
        say(f"ObjectSyncs ({len(left)}): finalizer off")
        for item in left:
            kept = [each for each in item["metadata"]["finalizers"] if each != _FINALIZER]
            cluster.patch(item, kinds.OBJECT_SYNC, {"metadata": {"finalizers": kept or None}})
    raise Unfinished(f"somebody keeps putting {_FINALIZER} on ObjectSyncs: is a second Metacontroller running?")


def held(cluster: Cluster) -> list[Json]:
    """Return the ObjectSyncs that have our finalizer."""
    found = cluster.list(kinds.OBJECT_SYNC)
    return [item for item in found if _FINALIZER in (item["metadata"].get("finalizers") or ())]


# Controllers


def stop(cluster: Cluster, say: Say) -> None:
    """Delete our controllers, and return when Metacontroller has ended what it did for them.

    Raises ClusterError, and Unfinished if they come back or Metacontroller does not end.
    """
    deleted: set[str] = set()
    for _ in range(_ATTEMPTS):
        found = controllers(cluster)
        if found:
            say(f"Controllers of Metacontroller ({len(found)}): deleting")
        for type_, obj in found:
            cluster.delete(obj, type_)
            deleted.add(obj["metadata"]["uid"])
        _wait_stopped(cluster, deleted, say)
        found = controllers(cluster)
        if not found:
            return
    names = [f"{type_.kind} {name_of(obj)}" for type_, obj in found]
    written = [entry for _, obj in found for entry in obj["metadata"].get("managedFields") or ()]
    who = sorted({str(entry.get("manager")) for entry in written})
    raise Unfinished(
        f"{waiting.some(names)} came back after it was deleted, written by {waiting.some(who)}: "
        "first stop whatever applies it (Argo CD, Flux, helm), then run this again"
    )


def _wait_stopped(cluster: Cluster, deleted: Iterable[str], say: Say) -> None:
    deleted = set(deleted)
    quiet = waiting.until_none(lambda: _unseen(_running(cluster, deleted)), _ENGINE_SHOWS_ITSELF)
    if quiet:
        return  # Metacontroller does not run, so it writes nothing
    if _running(cluster, deleted):
        say("Metacontroller is still writing for them: waiting")
    left = waiting.until_none(lambda: _running(cluster, deleted), _ENGINE_STOPS)
    if any(stopping for _, stopping in left):
        raise Unfinished(
            f"Metacontroller has not stopped within {_ENGINE_STOPS:.0f} s, see its log; run this again when it has"
        )


def _unseen(running: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Return the controllers as long as Metacontroller has not said of any that it is about to stop."""
    return [] if any(stopping for _, stopping in running) else running


def _running(cluster: Cluster, deleted: set[str]) -> list[tuple[str, bool]]:
    """Return the uids of controllers that are deleted and that Metacontroller has not said to have stopped.

    Beside each, whether it has said that it is about to. Those of an earlier run that was killed are among them.
    """
    names = {name for _, name in static()} | {
        item["metadata"].get("labels", {}).get(api.CONTROLLER_LABEL, "") for item in cluster.list(kinds.SYNC_SLICE)
    }
    said: dict[str, set[str]] = {uid: set() for uid in deleted}
    for event in cluster.list(kinds.EVENT, "default"):
        about = event.get("involvedObject") or {}
        is_controller = about.get("kind") in (kinds.COMPOSITE.kind, kinds.DECORATOR.kind) and about.get("uid")
        if is_controller and (about["uid"] in deleted or about.get("name") in names):
            said.setdefault(about["uid"], set()).add(event.get("reason", ""))
    living = {obj["metadata"]["uid"] for _, obj in controllers(cluster)}
    return [
        (uid, "Stopping" in reasons)
        for uid, reasons in said.items()
        if uid not in living and "Stopped" not in reasons and (uid in deleted or "Stopping" in reasons)
    ]


def release_name(found: Iterable[Found]) -> tuple[str, str] | None:
    """Return name and namespace of the Helm release that the controllers belong to, None if there is none."""
    for _, obj in found:
        noted = obj["metadata"].get("annotations") or {}
        if "meta.helm.sh/release-name" in noted:
            return noted["meta.helm.sh/release-name"], noted.get("meta.helm.sh/release-namespace", "")
    return None
