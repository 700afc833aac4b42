"""The life of a SyncSlice: planned, then draining, then deleted.

An ObjectSync is gone only after its copies. A slice that is no longer planned is emptied first: the engine deletes its
copies, its status says so, and then the planner leaves it out, which deletes it. Where nobody can drain it (the
resource type is gone, or was never served) it is deleted at once, and owner references remove its copies.

    planned --not planned any more--> draining --no copies left, or timeout--> deleted
       ^  |                              | ^
       |  |                              | +--nobody serves it--+
       |  +--another policy serves it--------------------> releasing --all copies are another's--> deleted
       +----------planned again----------+----------------------+

What deletionPolicy Retain changes is in `retention.py`: slices of an ObjectSync that is deleted release their copies,
too, and are deleted when none is theirs any more.

Where another policy serves the ObjectSync now, no copy may be absent for a moment. So the slice deletes only what that
policy does not want, and then its selector matches nothing: the engine takes the owner reference off the copies, and
the slices of the other policy write and own them. It stays until they have, so that no copy is ever forgotten.
"""

from collections.abc import Iterable
from datetime import datetime

from object_syncer.kube import clock, times, types
from object_syncer.kube.meta import Json, name_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import deletion_policy, draining, retention, slice_spec
from object_syncer.planning.plan import Plan, Plans
from object_syncer.planning.scope import Scope
from object_syncer.status import problem, reasons, summary
from object_syncer.status.problem import Problem


def follow(
    plans: Plans,
    scope: Scope,
    observed: Iterable[Json],
    resolved: dict[str, ResourceType | None],
    now: datetime,
) -> list[Json]:
    """Return the SyncSlices that a policy should have.

    `scope` is the policy's, `observed` are those it has, `resolved` the resource type that each ObjectSync that is
    seen, by uid, resolves to now.
    """
    policy = scope.policy
    by_owner: dict[str, list[Json]] = {}
    for item in observed:
        by_owner.setdefault(item["spec"]["objectSync"]["uid"], []).append(item)
    wanted: list[Json] = []
    for plan in plans.plans:
        uid = plan.object_sync["metadata"]["uid"]
        existing = {name_of(item): item for item in by_owner.pop(uid, ())}
        specs = slice_spec.planned(plan, policy, existing.values())
        for name in dict.fromkeys((*specs, *existing)):
            before, wish = existing.get(name), specs.get(name)
            if uid in plans.suspended:
                wanted.append(suspended(policy, before, wish, plans.suspended[uid], plan))
            elif before is None:
                wanted.append(slice_spec.child(policy, specs[name], None))
            elif wish is None:
                wanted += _some(retention.emptied(policy, before, plan, plan.type, now))
            else:
                wanted.append(slice_spec.child(policy, retention.with_leavers(wish, before, plan), before))
    for uid, items in by_owner.items():
        for item in items:
            if uid in plans.unplanned:
                wanted.append(unplanned(policy, item, plans.unplanned[uid], suspend=uid in plans.suspended))
            elif uid in plans.suspended:
                wanted.append(suspended(policy, item, None, plans.suspended[uid]))
            elif uid in plans.retained:
                wanted += _some(retention.released(policy, item, plans.retained[uid], resolved.get(uid), now))
            elif uid in plans.unresolved:
                type_ = types.load(item["spec"]["resource"])
                found = None if type_.kind == plans.unresolved[uid] else type_
                wanted += _some(retention.emptied(policy, item, None, found, now))
            elif uid in plans.heirs:
                wanted += _some(handed_over(policy, item, plans.heirs[uid], now))
            elif uid not in resolved and item["spec"]["objectSync"]["namespace"] not in scope.watch:
                wanted += _some(unseen(policy, item, now))
            elif uid not in resolved and deletion_policy.retains(item):
                wanted += _some(retention.released(policy, item, None, types.load(item["spec"]["resource"]), now))
            else:
                wanted += _some(draining.drained(policy, item, resolved.get(uid), now))
    return wanted


def distinct(slices: Iterable[Json]) -> tuple[list[Json], dict[str, Problem]]:
    """Return the SyncSlices without those whose name an earlier one has, and by uid the ObjectSyncs that lose one so.

    Names are hashes, so that this would be a defect of ours; the engine would make one slice of both.
    """
    found: dict[str, Json] = {}
    losers: dict[str, Problem] = {}
    for item in slices:
        first = found.setdefault(name_of(item), item)
        if first is not item:
            owner = first["spec"]["objectSync"]
            message = (
                f"a defect of Object Syncer, please report it: SyncSlice {name_of(item)} is that of ObjectSync "
                f"{owner['namespace']}/{owner['name']}"
            )
            losers[item["spec"]["objectSync"]["uid"]] = Problem(reasons.INTERNAL_ERROR, message)
    return list(found.values()), losers


def handed_over(policy: str, item: Json, heir: Plan, now: datetime) -> Json | None:
    """Return an observed SyncSlice of a policy as it should be while its copies go over to another policy.

    `heir` is what the other policy, which serves the ObjectSync now, grants it. None once that policy's slices own all
    copies, so that this one can be deleted.
    """
    spec = item["spec"]
    wanted = slice_spec.shared_groups(spec, heir)
    if not wanted:
        return retention.emptied(policy, item, heir, heir.type, now)
    if slice_spec.is_releasing(spec) and wanted == spec["groups"]:
        finished = summary.is_current(item) and not item["status"]["copies"]
        return None if finished else slice_spec.child(policy, spec, item)
    served = {**spec, **slice_spec.owning(name_of(item)), "groups": wanted, "source": slice_spec.source(heir)}
    for field in ("unseen", "suspend", "leaving"):
        served.pop(field, None)
    served = retention.with_leavers(served, item, heir)
    if served == spec and _is_settled(item):
        return slice_spec.child(policy, {**spec, **slice_spec.releasing(name_of(item))}, item)
    return slice_spec.child(policy, served, item)


def _is_settled(item: Json) -> bool:
    """Tell whether a SyncSlice has deleted and changed what its present spec demands."""
    unsettled = (reasons.DRIFTED, reasons.RECREATING)
    states = (item.get("status") or {}).get("destinations") or ()
    return summary.has_no_surplus(item) and not any(state.get("reason") in unsettled for state in states)


def unseen(policy: str, item: Json, now: datetime) -> Json | None:
    """Return an observed SyncSlice as it should be after its policy ceased to watch the ObjectSync's namespace.

    It stays as it is until the ObjectSync is seen again, because its own hook makes it visible to all policies. If that
    takes too long, there is no ObjectSync any more.
    """
    since = item["spec"].get("unseen") or clock.stamp(now)
    if item["spec"].get("draining") or clock.age(since, now) > times.DRAIN_TIMEOUT:
        type_ = types.load(item["spec"]["resource"])
        if deletion_policy.retains(item):
            return retention.released(policy, item, None, type_, now)
        return draining.drained(policy, item, type_, now)
    return slice_spec.child(policy, {**item["spec"], "unseen": since}, item)


def suspended(policy: str, item: Json | None, planned: Json | None, generation: int, plan: Plan | None = None) -> Json:
    """Return the SyncSlice of a suspended ObjectSync: its copies stay, also those that are not planned any more.

    `item` is the observed slice, `planned` its spec if it has a plan; there is one of the two. `generation` is that of
    the ObjectSync.
    """
    if planned is None:
        assert item is not None
        spec = item["spec"]
        dropped = {*draining.DROPPED, "draining"} - {"leaving"}
        planned = {key: value for key, value in spec.items() if key not in dropped}
        planned |= {} if "leaving" in spec else slice_spec.owning(name_of(item))
        planned["objectSync"] = {**spec["objectSync"], "generation": generation}
    planned = {**planned, "suspend": True}
    return slice_spec.child(policy, retention.with_leavers(planned, item, plan) if item and plan else planned, item)


def unplanned(policy: str, item: Json, blocking: Problem | None, suspend: bool = False) -> Json:
    """Return an observed SyncSlice as it is; with a problem, its copies follow their source but none is created.

    If it is to `suspend`, nothing of it is written or deleted.
    """
    spec = {key: value for key, value in item["spec"].items() if key != "suspend"}
    if suspend:
        spec["suspend"] = True
    problems = spec.get("problems") or []
    if blocking and problem.blocking(problems) != blocking:
        others = [entry for entry in problems if "namespaces" in entry or entry.get("advisory")]
        spec = {**spec, "problems": [problem.dump(blocking), *others]}
    return slice_spec.child(policy, spec, item)


def needs_controller(item: Json, before: Json | None) -> bool:
    """Tell whether a wanted SyncSlice must be served; `before` is the observed one.

    One that gets no copies, for a problem of the whole ObjectSync, only while it may have some.
    """
    if item["spec"].get("groups") or problem.blocking(item["spec"].get("problems")) is None:
        return True
    return before is not None and draining.has_copies(before)


def _some(item: Json | None) -> list[Json]:
    return [] if item is None else [item]
