"""Claiming children: keep what is ours and matches, adopt matching orphans, release what no longer matches."""

from __future__ import annotations

from collections.abc import Iterable

from memcluster.children import controller_reference
from memcluster.errors import ApiError, SyncError
from memcluster.host import Host, is_missing
from memcluster.jsons import (
    Json,
    controller_of,
    is_going,
    labels_of,
    name_of,
    namespace_of,
    owners_of,
    uid_of,
    with_metadata,
)
from memcluster.resources import Resource
from memcluster.selectors import Matches

__all__ = ["Matches", "claim"]


def claim(host: Host, resource: Resource, namespace: str, parent: Json, matches: Matches) -> list[Json]:
    """The children of one kind, as they were before adoption; any refused adoption or release fails them all."""
    claimed, errors = [], []
    for obj in _candidates(host.cluster.objects(resource, namespace), uid_of(parent)):
        try:
            if _claims(host, parent, obj, matches):
                claimed.append(obj)
        except (ApiError, SyncError) as error:
            errors.append(str(error))
    if errors:
        raise SyncError(f"can't claim {resource.kind} children: {'; '.join(errors)}")
    return claimed


def _candidates(objects: Iterable[Json], parent_uid: str) -> list[Json]:
    """What the parent owns, then what nobody controls."""
    owned, orphans = [], []
    for obj in objects:
        controller = controller_of(obj)
        if controller is None:
            orphans.append(obj)
        elif controller.get("uid") == parent_uid:
            owned.append(obj)
    return owned + orphans


def _claims(host: Host, parent: Json, obj: Json, matches: Matches) -> bool:
    owned, matching = controller_of(obj) is not None, matches(labels_of(obj))
    if owned and matching:
        return True
    if is_going(parent) or owned == matching:
        return False
    if owned:
        _release(host, parent, obj)
        return False
    return not is_going(obj) and _adopt(host, parent, obj)


def _release(host: Host, parent: Json, obj: Json) -> None:
    def without_us(live: Json) -> Json:
        return with_metadata(live, ownerReferences=_others(live, parent))

    try:
        host.change(obj, without_us)
    except ApiError as error:
        if not is_missing(error):
            raise


def _adopt(host: Host, parent: Json, obj: Json) -> bool:
    _check_parent_stays(host, parent)

    def with_us(live: Json) -> Json:
        return with_metadata(live, ownerReferences=[*_others(live, parent), controller_reference(parent)])

    try:
        host.change(obj, with_us)
    except ApiError as error:
        if is_missing(error):
            return False
        raise
    return True


def _others(obj: Json, parent: Json) -> list[Json]:
    return [owner for owner in owners_of(obj) if owner.get("uid") != uid_of(parent)]


def _check_parent_stays(host: Host, parent: Json) -> None:
    """Nobody adopts for a parent that is gone, replaced or going by now."""
    fresh = host.cluster.find(parent["apiVersion"], parent["kind"], name_of(parent), namespace_of(parent))
    if fresh is None or uid_of(fresh) != uid_of(parent):
        raise SyncError(f"original {parent['kind']} {name_of(parent)} is gone")
    if is_going(fresh):
        raise SyncError(f"{name_of(parent)} has just been deleted")
