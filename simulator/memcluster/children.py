"""Managing children: delete what is no longer desired, apply what is, and collect the errors.

Server-side apply with forced ownership. It is skipped as long as neither the desired child nor the observed one has
changed since the last apply, as far as the engine looks.
"""

from __future__ import annotations

from memcluster.errors import ApiError, SyncError, is_conflict, is_not_found
from memcluster.host import Applied, Host
from memcluster.object_map import GroupVersionKind, ObjectMap
from memcluster.objects import (
    SERVER_FIELDS,
    Json,
    annotations_of,
    canonical,
    is_terminating,
    metadata,
    name_of,
    namespace_of,
    owners_of,
    uid_of,
    with_metadata,
)

LAST_APPLIED = "metacontroller.k8s.io/last-applied-configuration"

UpdateStrategies = dict[tuple[str, str], str]
"""The update method of each child kind, by group and kind."""

_SIMULATED_METHODS = ("OnDelete", "InPlace")


def update_strategies(host: Host, rules: list[Json]) -> UpdateStrategies:
    """Return the update methods of childResources or attachments.

    Raises SyncError for methods that are not simulated: all but OnDelete (the default) and InPlace.
    """
    strategies: UpdateStrategies = {}
    for rule in rules:
        method = (rule.get("updateStrategy") or {}).get("method") or "OnDelete"
        if method not in _SIMULATED_METHODS:
            raise SyncError(f"the update strategy {method} is not simulated")
        if method != "OnDelete":
            resource = host.resource(rule["apiVersion"], rule["resource"])
            strategies[resource.group, resource.kind] = method
    return strategies


def manage(
    host: Host, strategies: UpdateStrategies, parent: Json, observed: ObjectMap, desired: ObjectMap
) -> list[str]:
    """Delete and apply the children of a parent; return the errors of the operations that failed."""
    errors: list[str] = []
    for kind in sorted(observed):
        errors += _delete_undesired(host, kind, observed[kind], desired.get(kind, {}))
    for kind in sorted(desired):
        method = strategies.get((kind.group, kind.kind), "OnDelete")
        errors += _apply_desired(host, kind, method, parent, observed.get(kind, {}), desired[kind])
    return errors


def _delete_undesired(
    host: Host, kind: GroupVersionKind, observed: dict[str, Json], desired: dict[str, Json]
) -> list[str]:
    if host.cluster.discovery.by_kind(kind.api_version, kind.kind) is None:
        return [_unknown(kind)]
    errors = []
    for name, child in observed.items():
        if name in desired or is_terminating(child):
            continue
        try:
            host.cluster.delete(
                kind.api_version, kind.kind, name_of(child), namespace_of(child), user=host.user, uid=uid_of(child)
            )
        except ApiError as error:
            if not is_not_found(error):
                errors.append(f"can't delete {kind.kind} {name}: {error}")
            continue
        host.applied.pop(_cache_key(kind, child), None)
    return errors


def _apply_desired(
    host: Host,
    kind: GroupVersionKind,
    method: str,
    parent: Json,
    observed: dict[str, Json],
    desired: dict[str, Json],
) -> list[str]:
    if host.cluster.discovery.by_kind(kind.api_version, kind.kind) is None:
        return [_unknown(kind)]
    errors = []
    for name, child in desired.items():
        try:
            _apply(host, kind, method, parent, observed.get(name), child)
        except ApiError as error:
            if not is_conflict(error):
                host.refused[_cache_key(kind, child)] = error.message
                errors.append(f"can't apply {kind.kind} {name}: {error}")
    return errors


def _apply(host: Host, kind: GroupVersionKind, method: str, parent: Json, observed: Json | None, desired: Json) -> None:
    if observed and is_terminating(observed):
        return
    desired = _sanitized(_owned_by(parent, desired))
    content = canonical(desired)
    key = _cache_key(kind, desired)
    if observed:
        if _is_unchanged(host.applied.get(key), observed, content):
            return
        if method == "OnDelete":
            host.applied[key] = _applied(content, observed)
            return
        if not _drop_last_applied(host, observed):
            return
    applied = host.cluster.apply(desired, user=host.user, manager=host.manager, force=True)
    host.applied[key] = _applied(content, applied)
    host.refused.pop(key, None)


def _is_unchanged(last: Applied | None, observed: Json, desired: bytes) -> bool:
    """Tell whether an apply can be skipped; changed labels and annotations are not seen on kinds with a generation."""
    if last is None or last.uid != uid_of(observed) or last.desired != desired:
        return False
    generation = metadata(observed).get("generation") or 0
    if generation == 0 and last.version != metadata(observed).get("resourceVersion"):
        return False
    return bool(last.generation == generation)


def _applied(content: bytes, obj: Json) -> Applied:
    meta = metadata(obj)
    return Applied(content, meta.get("generation") or 0, str(meta.get("resourceVersion")), uid_of(obj))


def refusal(host: Host, kind: GroupVersionKind, child: Json) -> str:
    """Return what the API server said to the last write of a child, "" if it did not refuse it."""
    return host.refused.get(_cache_key(kind, child), "")


def _cache_key(kind: GroupVersionKind, child: Json) -> str:
    return f"{kind.group}/{kind.kind}/{namespace_of(child)}/{name_of(child)}"


def controller_reference(parent: Json) -> Json:
    """Return the ownerReference that makes `parent` the controller of a child."""
    return {
        "apiVersion": parent["apiVersion"],
        "kind": parent["kind"],
        "name": name_of(parent),
        "uid": uid_of(parent),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _owned_by(parent: Json, child: Json) -> Json:
    owners = owners_of(child)
    if any(owner.get("uid") == uid_of(parent) for owner in owners):
        return child
    return with_metadata(child, ownerReferences=[*owners, controller_reference(parent)])


def _sanitized(child: Json) -> Json:
    """Return the desired child without status and without the fields that only the API server writes."""
    meta = {key: value for key, value in metadata(child).items() if key not in SERVER_FIELDS}
    if LAST_APPLIED in (meta.get("annotations") or {}):
        meta["annotations"] = {key: value for key, value in meta["annotations"].items() if key != LAST_APPLIED}
    return {**{key: value for key, value in child.items() if key != "status"}, "metadata": meta}


def _drop_last_applied(host: Host, observed: Json) -> bool:
    """Remove what dynamic-apply mode left on a child; return False if the child is gone."""
    if LAST_APPLIED not in annotations_of(observed):
        return True
    kept = {key: value for key, value in annotations_of(observed).items() if key != LAST_APPLIED}
    try:
        host.change(observed, lambda live: with_metadata(live, annotations=kept))
    except ApiError as error:
        if is_not_found(error):
            return False
        raise
    return True


def _unknown(kind: GroupVersionKind) -> str:
    return f"discovery: can't find kind {kind.kind} in apiVersion {kind.api_version}"
