"""deletionPolicy Retain: copies that go stay as they are, without an owner.

Where the ObjectSync goes, its SyncSlices release all their copies. Where only some destinations go, or the source, the
slice stays, so its copies first get another value of the label: that of a *round*, which the slice's selector matches,
too. When all of them have it, the selector ceases to match it, and the engine takes the owner reference off these
copies only. A round's value is never used again. Else a slice that is called so later would adopt what an earlier one
left, and delete it.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from object_syncer.kube import api, clock, times
from object_syncer.kube.meta import Json, name_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import controllers, draining, slice_spec
from object_syncer.planning.plan import Plan
from object_syncer.status import reasons, summary


def with_leavers(spec: Json, item: Json, plan: Plan | None) -> Json:
    """Return the new spec of an observed SyncSlice, with the destinations whose copies leave it and stay.

    `plan` is what its ObjectSync gets now; None if that is not known, so that no copy is to be deleted.
    """
    before = item["spec"].get("leaving")
    retains = plan is None or plan.retains
    if before is None and not retains:
        return spec
    ends = before is not None and summary.has_no_surplus(item) and not spec.get("suspend")
    groups = list(before["groups"]) if before and not ends else []
    if retains:
        groups += item["spec"].get("groups") or ()
    gone = retains and not spec.get("suspend") and not ends and _lost_its_source(item, started=before is not None)
    wanted = _places(() if gone else spec.get("groups") or ())
    leaving = _joined(place for place in _places(groups) - wanted if _may_stay(plan, *place))
    if not leaving and (before is None or ends):
        return spec
    label = before["label"] if before and not ends else _round(item)
    values = [name_of(item), label]
    selector = {"matchExpressions": [{"key": api.SLICE_LABEL, "operator": "In", "values": values}]}
    return {**spec, "selector": selector, "leaving": {"label": label, "groups": leaving}}


def emptied(policy: str, item: Json, plan: Plan | None, resolved: ResourceType | None, now: datetime) -> Json | None:
    """Return an observed SyncSlice that has no destination any more, as it should be, None once it can be deleted.

    `plan` is that of its ObjectSync, which has other SyncSlices; None if it retains all copies. `resolved` is as for
    `draining.drained`.
    """
    if draining.may_be_served(item, resolved) and summary.was_reported(item):
        kept = {key: value for key, value in item["spec"].items() if key not in draining.DROPPED}
        spec = with_leavers({**kept, **slice_spec.owning(name_of(item))}, item, plan)
        if "leaving" in spec:
            return slice_spec.child(policy, spec, item)
    return draining.drained(policy, item, resolved, now)


def released(policy: str, item: Json, plan: Plan | None, resolved: ResourceType | None, now: datetime) -> Json | None:
    """Return an observed SyncSlice as it should be while its ObjectSync goes and its copies stay.

    None once it has no copies. `plan` is what the ObjectSync had, None if that is not known; `resolved` is as for
    `draining.drained`. The slice first deletes what is to be deleted all the same. It is not deleted while it has
    copies: they would be, too. So where the engine cannot take the owner off a copy, slice and ObjectSync wait.
    """
    spec, status = item["spec"], item.get("status") or {}
    # Less the destinations whose copies are deleted whatever the deletionPolicy is.
    groups = slice_spec.groups_where(spec, partial(_may_stay, plan))
    has_some = (groups or spec.get("leaving")) and draining.has_copies(item)
    if not has_some or not draining.may_be_served(item, resolved):
        return draining.drained(policy, item, resolved, now)
    since = spec.get("draining") or clock.stamp(now)
    is_late = clock.age(since, now) > times.DRAIN_TIMEOUT
    if slice_spec.is_releasing(spec) and spec.get("draining"):
        gone = summary.is_current(item) and not status.get("copies")
        return None if gone or (is_late and not summary.was_reported(item)) else slice_spec.child(policy, spec, item)
    kept = {key: value for key, value in spec.items() if key not in ("groups", "suspend", "unseen")}
    kept |= {"groups": groups, "draining": since}
    is_done = groups == spec.get("groups", []) and summary.has_no_surplus(item)
    if is_done or is_late or slice_spec.is_releasing(spec):
        kept |= slice_spec.releasing(name_of(item))
    return slice_spec.child(policy, kept, item)


def _may_stay(plan: Plan | None, name: str, namespace: str) -> bool:
    """Tell whether a copy may stay where it is not wanted any more.

    `plan` is that of its ObjectSync, None if there is none. Not where the SyncPolicy or the namespace forbids copies,
    or another ObjectSync gets the destination.
    """
    if plan is None:
        return True
    withheld = (
        namespace in namespaces for (shape, _), namespaces in plan.destinations.problems.items() if shape.name == name
    )
    return namespace in plan.may_stay and not any(withheld)


def _lost_its_source(item: Json, *, started: bool) -> bool:
    """Tell whether the copies of an observed SyncSlice are to go with its source; `started`: they go already."""
    status = item.get("status") or {}
    if (status.get("problem") or {}).get("reason") != reasons.SOURCE_NOT_FOUND:
        return False
    return started or (summary.is_current(item) and bool(status.get("copies")))


def _round(item: Json) -> str:
    """Return a label value for the copies that leave a SyncSlice now; it begins with the plural, as marks.yaml asks."""
    plural = name_of(item).partition(".")[0]
    return controllers.bounded(f"{plural}.retained", item["metadata"]["uid"], str(item["metadata"]["generation"]))


def _places(groups: Iterable[Json]) -> set[tuple[str, str]]:
    return {(group["name"], namespace) for group in groups for namespace in group["namespaces"]}


def _joined(places: Iterable[tuple[str, str]]) -> list[Json]:
    names: dict[str, list[str]] = {}
    for name, namespace in sorted(places):
        names.setdefault(name, []).append(namespace)
    return [{"name": name, "namespaces": namespaces} for name, namespaces in names.items()]
