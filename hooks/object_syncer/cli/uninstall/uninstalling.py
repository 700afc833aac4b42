"""The steps of `object-syncer uninstall`. Each looks at what is there: so it may be killed anywhere, and repeated.

In this order no copy is ever without owner while something still acts on it, and none is deleted that shall stay:

1. The finalizer of ObjectSyncs goes, so that they and their namespaces can always be deleted.
2. The controllers go, and Metacontroller ends what it was doing: from here on nobody writes or deletes copies.
3. The guard goes, because it keeps people from taking marks off copies.
4. Copies lose owner and label in one write each, or are left for Kubernetes' garbage collector to delete.
5. SyncSlices, SyncPolicies and ObjectSyncs go, without what they own; then the CRDs.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

from object_syncer import rehearsal
from object_syncer.cli.live import kinds, waiting
from object_syncer.cli.live.cluster import Cluster
from object_syncer.cli.live.errors import ClusterError, Unfinished
from object_syncer.cli.live.kinds import place
from object_syncer.cli.live.rights import Right
from object_syncer.cli.live.waiting import Say
from object_syncer.cli.uninstall import stopping
from object_syncer.cli.uninstall.stopping import Found
from object_syncer.kube import api
from object_syncer.kube.meta import Json, controller_of, name_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning.deletion_policy import retains

_GUARD_ENDS, _COLLECTED = 30.0, 300.0
"""Seconds until every API server has noticed that the guard is gone; and until what is deleted is gone."""

_ATTEMPTS = 5

_REPORT_EVERY = 500

_OPTIONAL_GUARD = "object-syncer-writers"
"""The part of the guard in metacontroller/optional."""

_OURS = (kinds.OBJECT_SYNC, kinds.SYNC_POLICY, kinds.SYNC_SLICE)

_T = TypeVar("_T")


class Copy(NamedTuple):
    """A copy that is there, with its type."""

    type: ResourceType
    obj: Json


@dataclass(frozen=True)
class Inventory:
    """What there is of an installation."""

    controllers: list[Found]
    guard: list[Found]
    object_syncs: list[Json]
    policies: list[Json]
    slices: list[Json]
    released: list[Copy]
    """Copies that stay, and lose owner and label."""
    doomed: list[Copy]
    """Copies that are deleted."""
    crds: list[Json]

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is there."""
        parts = (self.controllers, self.guard, self.object_syncs, self.policies, self.slices, self.released, self.crds)
        return not any(parts) and not self.doomed


def look(cluster: Cluster, delete_copies: bool) -> Inventory:
    """Return what there is of an installation. Raises ClusterError."""
    slices, object_syncs = cluster.list(kinds.SYNC_SLICE), cluster.list(kinds.OBJECT_SYNC)
    released, doomed = copies(cluster, slices, object_syncs, delete_copies)
    ours = {f"{type_.plural}.{type_.group}" for type_ in _OURS}
    return Inventory(
        stopping.controllers(cluster),
        guard(cluster),
        object_syncs,
        cluster.list(kinds.SYNC_POLICY),
        slices,
        released,
        doomed,
        [crd for crd in cluster.list(kinds.CRD) if name_of(crd) in ours],
    )


def guard(cluster: Cluster) -> list[Found]:
    """Return the parts of the guard, bindings first."""
    names = {name_of(part) for part in rehearsal.machinery() if part["kind"] == kinds.ADMISSION_POLICY.kind}
    names.add(_OPTIONAL_GUARD)
    types = (kinds.ADMISSION_BINDING, kinds.ADMISSION_POLICY)
    return [(type_, obj) for type_ in types for obj in cluster.list(type_) if name_of(obj) in names]


def copies(
    cluster: Cluster, slices: Iterable[Json], object_syncs: Iterable[Json], delete_copies: bool
) -> tuple[list[Copy], list[Copy]]:
    """Return the copies that stay and that are deleted. Those of ObjectSyncs with `deletionPolicy: Retain` stay.

    Whose SyncSlice is gone already was left for the garbage collector by an earlier run.
    """
    slices = list(slices)
    staying = {item["metadata"]["uid"] for item in slices if retains(item) or not delete_copies}
    stay: list[Copy] = []
    go: list[Copy] = []
    for type_ in kinds.copied(slices, object_syncs):
        for obj in cluster.list(type_, label=api.SLICE_LABEL):
            owner = _owner(obj)
            doomed = delete_copies and owner is not None and owner["uid"] not in staying
            (go if doomed else stay).append(Copy(type_, obj))
    return stay, go


def _owner(obj: Json) -> Json | None:
    """Return the reference of an object to the SyncSlice that controls it."""
    owner = controller_of(obj)
    return owner if owner and _is_slice(owner) else None


def _is_slice(owner: Json) -> bool:
    return bool(owner["kind"] == "SyncSlice" and owner["apiVersion"].startswith(f"{api.GROUP}/"))


def lines(found: Inventory) -> list[str]:
    """Return what is done to what is there, a line each."""
    said = []
    for what, items in (
        ("controllers of Metacontroller", [f"{type_.kind} {name_of(obj)}" for type_, obj in found.controllers]),
        ("parts of the guard", [f"{type_.kind} {name_of(obj)}" for type_, obj in found.guard]),
        ("ObjectSyncs", [place(item) for item in found.object_syncs]),
        ("SyncSlices", [name_of(item) for item in found.slices]),
        ("SyncPolicies", [name_of(item) for item in found.policies]),
        ("CustomResourceDefinitions", [name_of(item) for item in found.crds]),
    ):
        if items:
            said.append(f"delete {what} ({len(items)}): {waiting.some(items)}")
    for verb, copies in (("release, and keep,", found.released), ("delete", found.doomed)):
        if copies:
            shown = waiting.some([f"{copy.type.kind} {place(copy.obj)}" for copy in copies])
            said.append(f"{verb} copies ({len(copies)}): {shown}")
    return said


def needed(found: Inventory) -> list[Right]:
    """Return the rights that the removal takes."""
    every = [
        (found.object_syncs, kinds.OBJECT_SYNC, ("list", "patch", "delete")),
        (found.controllers, kinds.DECORATOR, ("get", "list", "patch", "delete")),
        (found.controllers, kinds.COMPOSITE, ("list", "delete")),
        (found.guard, kinds.ADMISSION_BINDING, ("list", "delete")),
        (found.guard, kinds.ADMISSION_POLICY, ("list", "delete")),
        (found.policies, kinds.SYNC_POLICY, ("list", "delete")),
        (found.slices, kinds.SYNC_SLICE, ("list", "delete")),
        (found.crds, kinds.CRD, ("list", "delete")),
    ]
    rights = [Right(verb, type_) for present, type_, verbs in every if present for verb in verbs]
    rights.append(Right("list", kinds.EVENT, "default"))
    rights += [Right("list", copy.type) for copy in (*found.released, *found.doomed)]
    return rights + [Right("patch", copy.type) for copy in found.released]


def remove(cluster: Cluster, delete_copies: bool, say: Say) -> None:
    """Remove an installation. Raises ClusterError, and Unfinished with what is in the way."""
    stopping.release_object_syncs(cluster, say)
    stopping.stop(cluster, say)
    parts = guard(cluster)
    if parts:
        say(f"Guard ({len(parts)} parts): deleting")
    for type_, obj in parts:
        cluster.delete(obj, type_)
    stopping.release_object_syncs(cluster, say)  # Metacontroller may have written one while it stopped
    _release(cluster, delete_copies, say)
    _delete_slices(cluster, delete_copies, say)
    _wait_collected(cluster, delete_copies, say)
    for type_, orphan in ((kinds.SYNC_POLICY, True), (kinds.OBJECT_SYNC, False)):
        _delete(cluster, type_, cluster.list(type_), orphan, say)
    _delete(cluster, kinds.CRD, look(cluster, delete_copies).crds, False, say)


def _release(cluster: Cluster, delete_copies: bool, say: Say) -> None:
    """Take owner and label off each copy that stays, in one write, so that it is never one without the other."""
    for _ in range(_ATTEMPTS):
        stay = copies(cluster, cluster.list(kinds.SYNC_SLICE), cluster.list(kinds.OBJECT_SYNC), delete_copies)[0]
        if not stay:
            return
        say(f"Copies ({len(stay)}): releasing")
        for done, (type_, obj) in enumerate(stay, 1):
            owners = [owner for owner in obj["metadata"].get("ownerReferences") or () if not _is_slice(owner)]
            patch = {"metadata": {"labels": {api.SLICE_LABEL: None}, "ownerReferences": owners or None}}
            _unguarded(partial(cluster.patch, obj, type_, patch))
            if done % _REPORT_EVERY == 0:
                say(f"{done} of {len(stay)} copies released")
    names = [f"{copy.type.kind} {place(copy.obj)}" for copy in stay]
    raise Unfinished(f"somebody keeps making copies of {waiting.some(names)}: is a second Metacontroller running?")


def _delete_slices(cluster: Cluster, delete_copies: bool, say: Say) -> None:
    """Delete the SyncSlices; what copies they still own, the garbage collector deletes or gives up."""
    slices = cluster.list(kinds.SYNC_SLICE)
    for orphan in (True, False):
        some = [item for item in slices if (retains(item) or not delete_copies) == orphan]
        _delete(cluster, kinds.SYNC_SLICE, some, orphan, say)


def _wait_collected(cluster: Cluster, delete_copies: bool, say: Say) -> None:
    def left() -> list[Copy]:
        return copies(cluster, cluster.list(kinds.SYNC_SLICE), cluster.list(kinds.OBJECT_SYNC), delete_copies)[1]

    going = left()
    if going:
        say(f"Copies ({len(going)}): waiting until Kubernetes' garbage collector has deleted them")
        _must_go("copies", [f"{copy.type.kind} {place(copy.obj)}" for copy in waiting.until_none(left, _COLLECTED)])


def _delete(cluster: Cluster, type_: ResourceType, items: list[Json], orphan: bool, say: Say) -> None:
    """Delete objects and wait until they are gone."""
    if not items:
        return
    say(f"{type_.kind} ({len(items)}): deleting")
    for item in items:
        if not item["metadata"].get("deletionTimestamp"):
            _unguarded(partial(cluster.delete, item, type_, orphan=orphan))
    uids = {item["metadata"]["uid"] for item in items}

    def left() -> list[str]:
        return [place(item) for item in cluster.list(type_) if item["metadata"]["uid"] in uids]

    _must_go(type_.plural, waiting.until_none(left, _COLLECTED))


def _must_go(what: str, left: list[str]) -> None:
    if left:
        raise Unfinished(
            f"{what} {waiting.some(left)} are not gone after {_COLLECTED:.0f} s: see their metadata.finalizers, and "
            "whether kube-controller-manager runs; then run this again"
        )


def _unguarded(write: Callable[[], _T]) -> _T:
    """Write, and again while an API server has not yet noticed that the guard is gone."""
    refused: list[ClusterError] = []
    answers: list[_T] = []

    def blocked() -> list[ClusterError]:
        try:
            answers.append(write())
        except ClusterError as error:
            if "ValidatingAdmissionPolicy 'object-syncer-" not in error.message:
                raise
            return [error]
        return []

    refused = waiting.until_none(blocked, _GUARD_ENDS)
    if refused:
        raise refused[0]
    return answers[0]
