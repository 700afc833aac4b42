"""The SyncSlice: the copies of one source in a bounded set of destinations.

Metacontroller calls customize to learn which source to watch, then sync with the source and the copies it observes.
sync answers the copies that should exist; the engine makes it so. A slice knows nothing of ObjectSyncs or
namespaces: the planner wrote into its spec all it needs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

import orjson

from object_syncer.copying import adoption, attempts, fields, sanitize
from object_syncer.copying.attempts import Attempt
from object_syncer.copying.template import Template, template
from object_syncer.kube import api, clock, depth, metacontroller, types
from object_syncer.kube.meta import Json, controller_of, is_terminating, name_of
from object_syncer.kube.metacontroller import BadRequest, Request
from object_syncer.planning import controllers, known_fields, slice_spec
from object_syncer.status import destination, problem, reasons
from object_syncer.status.destination import State
from object_syncer.status.problem import Problem


def customize(request: Request, _now: datetime) -> Json:
    """Watch the source, whatever is there where a copy was refused, and the SyncPolicy, which tells of outages.

    Every generated controller asks this for every slice and keeps the answer, so it depends on the spec alone.
    """
    spec = request.parent["spec"]
    type_ = types.load(spec["resource"])
    policy = spec.get("policy", "")
    if controllers.name(policy, type_) != name_of(request.controller):
        return metacontroller.rules([])
    watched = (
        slice_spec.destinations(spec) if slice_spec.is_releasing(spec) else [spec["source"], *spec.get("probes", ())]
    )
    rules = [
        metacontroller.rule(type_.api_version, type_.plural, namespace=item["namespace"], names=[item["name"]])
        for item in watched
    ]
    return metacontroller.rules([*rules, metacontroller.rule(api.API_VERSION, "syncpolicies", names=[policy])])


def sync(request: Request, now: datetime) -> Json:
    """Answer the copies that should exist and the state of each destination."""
    parent, spec = request.parent, request.parent["spec"]
    if api.LAST_APPLIED_ANNOTATION in (parent["metadata"].get("annotations") or {}):
        raise BadRequest("parent", "Metacontroller must run with --apply-strategy=server-side-apply")
    type_ = types.load(spec["resource"])
    observed = request.children.of(type_.api_version, type_.kind)
    related = request.related.of(type_.api_version, type_.kind)
    if slice_spec.is_releasing(spec):
        return metacontroller.composite({"copies": _released(parent, related.values()), "synced": 0}, [])
    key = f"{spec['source']['namespace']}/{spec['source']['name']}"
    source = related.get(key)
    status: Json = {"copies": sum(not is_terminating(copy) for copy in observed.values()), "synced": 0}
    surplus = _surplus(spec, observed)
    if surplus:
        status["surplus"] = surplus
    unknown = known_fields.problem(spec, known_fields.SYNC_SLICE)
    if unknown and not spec.get("draining"):
        return _kept(status, unknown, observed)
    source_problem = _source_problem(source, key)
    if source is None or source_problem:
        if source_problem:
            status["problem"] = problem.dump(source_problem)
        return metacontroller.composite(status, [], _drain_retry(spec, status["copies"], now))

    shape = template(source, name_of(parent))
    body = orjson.dumps(shape.body)
    if depth.CUT.encode() in body:
        message = f"the source {key} is nested deeper than {depth.LEVELS} levels; copies that exist stay as they are"
        return _kept(status, Problem(reasons.SOURCE_NOT_COPYABLE, message), observed)
    made = _attempts(parent, shape, observed, related, now)
    states = [attempt.state for attempt in made]
    synced = sum(state.state == destination.SYNCED for state in states)
    status["synced"] = synced
    status["source"] = {
        "uid": source["metadata"]["uid"],
        "resourceVersion": source["metadata"]["resourceVersion"],
        "bytes": len(body),
    }
    shown = [state.dump() for state in states if spec.get("showSynced") or state.state != destination.SYNCED]
    if shown:
        status["destinations"] = shown
    retry = destination.retry_after(states, now) or _drain_retry(spec, status["copies"], now)
    return metacontroller.composite(status, [attempt.child for attempt in made if attempt.child], retry)


def _released(parent: Json, found: Iterable[Json]) -> int:
    """Return how many copies of a slice that releases them no other slice owns yet."""
    count = 0
    for copy in found:
        owner = controller_of(copy)
        is_ours = (copy["metadata"].get("labels") or {}).get(api.SLICE_LABEL) == name_of(parent)
        is_taken = owner is not None and owner.get("uid") != parent["metadata"]["uid"]
        count += is_ours and not is_taken and not is_terminating(copy)
    return count


def _surplus(spec: Json, observed: Mapping[str, Json]) -> int:
    """Return how many copies are not wanted any more and not yet being deleted."""
    wanted = {f"{item['namespace']}/{item['name']}" for item in slice_spec.destinations(spec)}
    return sum(where not in wanted and not is_terminating(copy) for where, copy in observed.items())


def _kept(status: Json, why: Problem, observed: Mapping[str, Json]) -> Json:
    """Return the answer that leaves the copies as they are."""
    copies = (copy for copy in observed.values() if not is_terminating(copy))
    return metacontroller.composite({**status, "problem": problem.dump(why)}, [*map(fields.as_applied, copies)])


def _source_problem(source: Json | None, key: str) -> Problem | None:
    if source is None:
        return Problem(reasons.SOURCE_NOT_FOUND, f"the source {key} does not exist")
    if is_terminating(source):
        return Problem(reasons.SOURCE_NOT_FOUND, f"the source {key} is being deleted")
    return sanitize.problem(source["apiVersion"].rpartition("/")[0], source["kind"], source)


def _attempts(
    parent: Json, shape: Template, observed: Mapping[str, Json], related: Mapping[str, Json], now: datetime
) -> list[Attempt]:
    spec, slice_name = parent["spec"], name_of(parent)
    policy, blocking = spec.get("conflictPolicy", "Fail"), problem.blocking(spec.get("problems"))
    earlier = _earlier(parent, shape.source_version)
    probed = {f"{item['namespace']}/{item['name']}" for item in spec.get("probes", ())}
    made = []
    for group in spec.get("groups") or ():
        for namespace in group["namespaces"]:
            where = f"{namespace}/{group['name']}"
            before = earlier.get((namespace, group["name"]))
            desired, copy = shape.at(namespace, group["name"]), observed.get(where)
            found = related.get(where) if copy is None and where in probed else None
            conflict = adoption.conflict(desired, found, shape, slice_name, policy) if copy is None else None
            if conflict:
                made.append(attempts.without_copy(desired, destination.CONFLICT, conflict, before, now))
            elif copy is None and blocking:
                made.append(attempts.without_copy(desired, destination.PENDING, blocking, before, now))
            else:
                adoption.mark(desired, found, shape, slice_name, policy)
                made.append(attempts.copy(desired, copy, group.get("strategy", ""), before, slice_name, now))
    return made


def _earlier(parent: Json, source_version: str) -> dict[tuple[str, str], State]:
    """Return what was reported before, by namespace and name.

    A new version of the source has all its attempts. A new spec has not: probes come and go while the
    API server refuses a copy.
    """
    status = parent.get("status") or {}
    reported = [destination.load(item) for item in status.get("destinations") or ()]
    reported_on = (status.get("source") or {}).get("resourceVersion", source_version)
    if reported_on != source_version:
        reported = [replace(state, attempts=0, tried="", tried_version="") for state in reported]
    return {(state.namespace, state.name): state for state in reported}


def _drain_retry(spec: Json, copies: int, now: datetime) -> float:
    """Return in how many seconds to look whether a draining slice has lost its copies, 0 for never.

    Their deletion does not always wake it: where another slice took a copy over at that moment, it wakes that one.
    """
    since = spec.get("draining")
    return destination.pause(clock.age(since, now)) if since and copies else 0.0
