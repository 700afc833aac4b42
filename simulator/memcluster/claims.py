"""Claiming children: keep what is controlled and matches, adopt matching orphans, release what no longer matches."""

from __future__ import annotations

from memcluster.children import controller_reference
from memcluster.errors import ApiError, SyncError, is_not_found
from memcluster.host import Host
from memcluster.objects import (
    Json,
    controller_of,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    owners_of,
    uid_of,
    with_metadata,
)
from memcluster.resources import Resource
from memcluster.selectors import Matches


def claim(host: Host, resource: Resource, namespace: str, parent: Json, matches: Matches) -> list[Json]:
    """Return the children of one kind, as they were before adoption.

    Raises SyncError if the API server refuses one adoption or release.
    """
    claimed, errors = [], []
    owned = host.cluster.controlled(resource, uid_of(parent), namespace)
    orphans = host.cluster.controlled(resource, None, namespace)
    for obj in (*owned, *orphans):
        try:
            if _claims(host, parent, obj, matches):
                claimed.append(obj)
        except (ApiError, SyncError) as error:
            errors.append(str(error))
    if errors:
        raise SyncError(f"can't claim {resource.kind} children: {'; '.join(errors)}")
    return claimed


def _claims(host: Host, parent: Json, obj: Json, matches: Matches) -> bool:
    owned, matching = controller_of(obj) is not None, matches(labels_of(obj))
    if owned and matching:
        return True
    if is_terminating(parent) or owned == matching:
        return False
    if owned:
        _release(host, parent, obj)
        return False
    return not is_terminating(obj) and _adopt(host, parent, obj)


def _release(host: Host, parent: Json, obj: Json) -> None:
    def without_parent(live: Json) -> Json:
        return with_metadata(live, ownerReferences=_other_owners(live, parent))

    try:
        host.change(obj, without_parent)
    except ApiError as error:
        if not is_not_found(error):
            raise


def _adopt(host: Host, parent: Json, obj: Json) -> bool:
    _check_may_adopt(host, parent)

    def with_parent(live: Json) -> Json:
        return with_metadata(live, ownerReferences=[*_other_owners(live, parent), controller_reference(parent)])

    try:
        host.change(obj, with_parent)
    except ApiError as error:
        if is_not_found(error):
            return False
        raise
    return True


def _other_owners(obj: Json, parent: Json) -> list[Json]:
    return [owner for owner in owners_of(obj) if owner.get("uid") != uid_of(parent)]


def _check_may_adopt(host: Host, parent: Json) -> None:
    """Raise SyncError if the parent has been deleted or replaced since it was read."""
    fresh = host.cluster.find(parent["apiVersion"], parent["kind"], name_of(parent), namespace_of(parent))
    if fresh is None or uid_of(fresh) != uid_of(parent):
        raise SyncError(f"original {parent['kind']} {name_of(parent)} is gone")
    if is_terminating(fresh):
        raise SyncError(f"{name_of(parent)} has just been deleted")
