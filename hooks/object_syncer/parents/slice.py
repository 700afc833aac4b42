"""The slice: the copies of one source in a bounded set of destinations.

Metacontroller calls customize to learn which source to watch, then sync with the source and the copies it observes.
sync answers the copies that should exist; the engine makes it so. A slice knows nothing of ObjectSyncs or
namespaces: the planner wrote into its spec all it needs.
"""

from collections.abc import Mapping
from datetime import datetime

import orjson

from object_syncer import api, envelope, reasons
from object_syncer.api import Json
from object_syncer.copying import cleaning, drift
from object_syncer.copying.template import template
from object_syncer.envelope import BadRequest, Request
from object_syncer.kinds import resource
from object_syncer.kinds.resource import Refusal
from object_syncer.status import destination
from object_syncer.status.destination import State


def customize(request: Request, _now: datetime) -> Json:
    """Watch the source. Every generated controller asks this for every slice, so it answers at once."""
    if request.parent["metadata"].get("labels", {}).get(api.CONTROLLER_LABEL) != api.name_of(request.controller):
        return envelope.rules([])
    spec = request.parent["spec"]
    type_, source = resource.load(spec["resource"]), spec["source"]
    return envelope.rules(
        [envelope.rule(type_.api_version, type_.resource, namespace=source["namespace"], names=[source["name"]])]
    )


def sync(request: Request, now: datetime) -> Json:
    """Answer the copies that should exist and the state of each destination."""
    spec, name = request.parent["spec"], api.name_of(request.parent)
    if api.LAST_APPLIED_ANNOTATION in (request.parent["metadata"].get("annotations") or {}):
        raise BadRequest("parent", "Metacontroller must run with --apply-strategy=server-side-apply")
    type_ = resource.load(spec["resource"])
    observed = request.children.of(type_.api_version, type_.kind)
    key = f"{spec['source']['namespace']}/{spec['source']['name']}"
    source = request.related.of(type_.api_version, type_.kind).get(key)
    problem = _problem(source, key)
    status: Json = {"copies": sum(not api.is_going(copy) for copy in observed.values())}
    if problem or source is None:
        status |= {"synced": 0, "problem": {"reason": problem.reason, "message": problem.message}} if problem else {}
        return envelope.composite(status, [])

    shape = template(source, name)
    earlier = _earlier(request.parent)
    children, states = [], []
    for group in spec.get("groups") or ():
        replace = group.get("strategy") == "replace"
        for namespace in group["namespaces"]:
            where = (namespace, group["name"])
            seen = observed.get(f"{namespace}/{group['name']}")
            compared = drift.compare(shape.at(*where), seen, replace)
            children.append(compared.apply)
            states.append(_state(where, seen, compared, earlier, name, now))

    synced = sum(state.state == destination.SYNCED for state in states)
    shown = states if spec.get("showSynced") else [state for state in states if state.state != destination.SYNCED]
    status |= {
        "source": {
            "uid": source["metadata"]["uid"],
            "resourceVersion": source["metadata"]["resourceVersion"],
            "bytes": len(orjson.dumps(shape.body)),
        },
        "synced": synced,
    }
    if shown:
        status["destinations"] = [state.dump() for state in shown]
    return envelope.composite(status, children, destination.retry_after(states, now))


def _problem(source: Json | None, key: str) -> Refusal | None:
    if source is None:
        return Refusal(reasons.SOURCE_NOT_FOUND, f"the source {key} does not exist")
    if api.is_going(source):
        return Refusal(reasons.SOURCE_NOT_FOUND, f"the source {key} is being deleted")
    return cleaning.refusal(source["apiVersion"].rpartition("/")[0], source["kind"], source)


def _earlier(parent: Json) -> Mapping[tuple[str, str], State]:
    reported = (parent.get("status") or {}).get("destinations") or ()
    return {(item["namespace"], item["name"]): destination.load(item) for item in reported}


def _state(
    where: tuple[str, str],
    seen: Json | None,
    compared: drift.Comparison,
    earlier: Mapping[tuple[str, str], State],
    slice_name: str,
    now: datetime,
) -> State:
    if seen is None:
        state = destination.unsynced(where, reasons.CREATING, "the copy does not exist yet", earlier, now)
        return destination.rejected(state, slice_name, now)
    version = (seen["metadata"]["uid"], seen["metadata"]["resourceVersion"])
    if api.is_going(seen):
        message = "an earlier copy is still being deleted"
        return destination.unsynced(where, reasons.DELETING, message, earlier, now, version)
    if compared.equal:
        return State(*where, destination.SYNCED, version=version)
    message = f"the copy differs from its source at {', '.join(compared.paths[:5])}"
    state = destination.unsynced(where, reasons.DRIFTED, message, earlier, now, version)
    return destination.rejected(state, slice_name, now)
