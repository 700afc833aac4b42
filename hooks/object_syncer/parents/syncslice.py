"""The slice: the copies of one source in a bounded set of destinations.

Metacontroller calls customize to learn which source to watch, then sync with the source and the copies it observes.
sync answers the copies that should exist; the engine makes it so. A slice knows nothing of ObjectSyncs or
namespaces: the planner wrote into its spec all it needs.
"""

from dataclasses import replace
from datetime import datetime

import orjson

from object_syncer.copying import adoption, diff, recreate, sanitize
from object_syncer.copying.template import template
from object_syncer.kube import api, clock, metacontroller, types
from object_syncer.kube.meta import Json, is_terminating, name_of, namespace_of
from object_syncer.kube.metacontroller import BadRequest, Request
from object_syncer.status import destination, reasons
from object_syncer.status.destination import State
from object_syncer.status.problem import Problem


def customize(request: Request, _now: datetime) -> Json:
    """Watch the source, and whatever stands where a copy was refused.

    Every generated controller asks this for every slice, so it answers at once.
    """
    if (request.parent["metadata"].get("labels") or {}).get(api.CONTROLLER_LABEL) != name_of(request.controller):
        return metacontroller.rules([])
    spec = request.parent["spec"]
    type_ = types.load(spec["resource"])
    watched = [spec["source"], *spec.get("probes", ())]
    return metacontroller.rules(
        metacontroller.rule(type_.api_version, type_.plural, namespace=item["namespace"], names=[item["name"]])
        for item in watched
    )


def sync(request: Request, now: datetime) -> Json:
    """Answer the copies that should exist and the state of each destination."""
    spec = request.parent["spec"]
    if api.LAST_APPLIED_ANNOTATION in (request.parent["metadata"].get("annotations") or {}):
        raise BadRequest("parent", "Metacontroller must run with --apply-strategy=server-side-apply")
    type_ = types.load(spec["resource"])
    observed = request.children.of(type_.api_version, type_.kind)
    related = request.related.of(type_.api_version, type_.kind)
    key = f"{spec['source']['namespace']}/{spec['source']['name']}"
    source = related.get(key)
    problem = _problem(source, key)
    status: Json = {"copies": sum(not is_terminating(copy) for copy in observed.values()), "synced": 0}
    if source is None or problem:
        if problem:
            status["problem"] = {"reason": problem.reason, "message": problem.message}
        return metacontroller.composite(status, [], _drain_retry(spec, status["copies"], now))

    work = _Work(request.parent, source, now)
    probed = {f"{item['namespace']}/{item['name']}" for item in spec.get("probes", ())}
    for group in spec.get("groups") or ():
        replace = group.get("strategy") == "replace"
        for namespace in group["namespaces"]:
            where = f"{namespace}/{group['name']}"
            seen, found = observed.get(where), related.get(where) if where in probed else None
            desired = work.desired(namespace, group["name"])
            obstacle = work.obstacle(desired, found) if seen is None else None
            if obstacle:
                work.withhold(obstacle)
            else:
                work.answer(diff.compare(desired, seen, replace), seen)

    synced = sum(state.state == destination.SYNCED for state in work.states)
    shown = [state for state in work.states if spec.get("showSynced") or state.state != destination.SYNCED]
    status |= {
        "source": {
            "uid": source["metadata"]["uid"],
            "resourceVersion": source["metadata"]["resourceVersion"],
            "bytes": len(orjson.dumps(work.shape.body)),
        },
        "synced": synced,
    }
    if shown:
        status["destinations"] = [state.dump() for state in shown]
    retry = destination.retry_after(work.states, now) or _drain_retry(spec, status["copies"], now)
    return metacontroller.composite(status, work.children, retry)


def _drain_retry(spec: Json, copies: int, now: datetime) -> float:
    """Return in how many seconds to look whether a slice that is to go has lost its copies, 0 for never.

    Their deletion does not always wake us: where another slice took a copy over at that moment, it wakes that one.
    """
    since = spec.get("draining")
    return min(30.0, max(1.0, clock.age(since, now) / 2)) if since and copies else 0.0


def _problem(source: Json | None, key: str) -> Problem | None:
    if source is None:
        return Problem(reasons.SOURCE_NOT_FOUND, f"the source {key} does not exist")
    if is_terminating(source):
        return Problem(reasons.SOURCE_NOT_FOUND, f"the source {key} is being deleted")
    return sanitize.refusal(source["apiVersion"].rpartition("/")[0], source["kind"], source)


class _Work:
    """The answer of one sync as it grows: children and, in step with them, states."""

    def __init__(self, parent: Json, source: Json, now: datetime) -> None:
        self.name, self.now = name_of(parent), now
        self.shape = template(source, self.name)
        self.source = f"{namespace_of(source)}/{name_of(source)}"
        self.policy = parent["spec"].get("conflictPolicy", "Fail")
        self.unguarded = parent["spec"].get("unguarded", False)
        self.earlier = _earlier(parent.get("status") or {}, source["metadata"]["resourceVersion"])
        self.children: list[Json] = []
        self.states: list[State] = []

    def desired(self, namespace: str, name: str) -> Json:
        desired = self.shape.at(namespace, name)
        if self.policy == "Overwrite":
            desired["metadata"]["annotations"][api.TAKEOVER_ANNOTATION] = self.policy
        return desired

    def obstacle(self, desired: Json, found: Json | None) -> State | None:
        """Return the state of a destination where no copy may be written, None if one may.

        `found` is what stands there and is no child of ours, as far as it was looked for; `desired` is marked if it
        needs a mark to be written. The planner cuts circles too, but sees only those within its own policy.
        """
        namespace, name = namespace_of(desired), name_of(desired)
        if f"{namespace}/{name}" in self.shape.ancestors:
            message = f"a copy here would come back to its source {self.source}, a copy itself"
            return State(namespace, name, destination.CONFLICT, reasons.LOOP, message)
        if found and not self._takes(found, desired):
            message = (
                f"{desired['kind']} {namespace}/{name} is {adoption.manager(found)}; it was not created for this "
                "ObjectSync and is left alone"
            )
            return State(namespace, name, destination.CONFLICT, reasons.CONFLICT, message)
        if self.unguarded:
            message = "the copy does not exist, and is not created while the guard is missing"
            return State(namespace, name, destination.PENDING, reasons.GUARD_MISSING, message)
        return None

    def withhold(self, state: State) -> None:
        """Write no copy, and say why not."""
        self.states.append(destination.unsynced(state, self.earlier, self.now))

    def answer(self, compared: diff.Comparison, seen: Json | None) -> None:
        """Answer a copy, unless it must go first because it cannot be changed.

        It goes once our status says so of this very object: the engine may show us a status of some syncs ago, and an
        attempt that is not written down before it is made would not be counted.
        """
        where = compared.apply["metadata"]
        state = State(where["namespace"], where["name"], destination.SYNCED, version=_version(seen))
        if not compared.equal or (seen and is_terminating(seen)):
            state = self._unsynced(state, compared, seen)
        self.states.append(state)
        if state.reason != reasons.RECREATING or not self._announced(state):
            self.children.append(compared.apply)

    def _takes(self, found: Json, desired: Json) -> bool:
        """Tell whether the copy may be written onto what was found; mark it where the guard asks for that."""
        if not adoption.is_foreign(found, self.source, self.name):
            return True
        if self.policy == "Overwrite":
            return adoption.may_be_taken(found)
        if self.policy != "Adopt" or not adoption.may_adopt(found, desired, self.source):
            return False
        desired["metadata"]["annotations"][api.TAKEOVER_ANNOTATION] = self.policy
        return True

    def _unsynced(self, state: State, compared: diff.Comparison, seen: Json | None) -> State:
        hint = f"see the events of SyncSlice {self.name} for what the API server says"
        if seen is None:
            return self._pending(state, reasons.CREATING, "the copy does not exist yet", reasons.REJECTED, hint)
        if is_terminating(seen):
            message = "an earlier copy is still being deleted"
            return self._pending(state, reasons.DELETING, message, reasons.DELETING, "a finalizer holds it")
        message = f"the copy differs from its source at {', '.join(compared.paths[:5])}"
        if recreate.may_recreate(compared.apply, seen):
            return self._recreated(state, message)
        if recreate.is_fixed(compared.apply, compared.paths):
            hint = "the field cannot be changed: delete the copy to have it created anew"
            return self._pending(state, reasons.DRIFTED, message, reasons.IMMUTABLE_FIELD, hint)
        if compared.foreign:
            hint = "others have added this and it cannot be removed without deleting the copy"
            return self._pending(state, reasons.DRIFTED, message, reasons.FOREIGN_FIELDS, hint)
        return self._pending(state, reasons.DRIFTED, message, reasons.REJECTED, hint)

    def _pending(self, state: State, reason: str, message: str, later: str, hint: str) -> State:
        pending = replace(state, state=destination.PENDING, reason=reason, message=message)
        dated = destination.unsynced(pending, self.earlier, self.now)
        return destination.lasting(dated, self.earlier.get((state.namespace, state.name)), later, hint, self.now)

    def _announced(self, state: State) -> bool:
        """Tell whether the deletion of this very object is written down, for this version of the source."""
        before = self.earlier.get((state.namespace, state.name))
        if not (before and before.reason == reasons.RECREATING and before.version and state.version):
            return False
        return before.attempts > 0 and before.version[0] == state.version[0]

    def _recreated(self, state: State, message: str) -> State:
        before = self.earlier.get((state.namespace, state.name))
        attempts = before.attempts if before else 0
        attempts -= self._announced(state)
        if attempts >= recreate.MAX_ATTEMPTS:
            hint = f"it was created anew {attempts} times and differs again"
            failed = replace(
                state, state=destination.FAILED, reason=reasons.IMMUTABLE_FIELD, message=f"{message}; {hint}"
            )
            return destination.unsynced(failed, self.earlier, self.now)
        pending = replace(
            state,
            state=destination.PENDING,
            reason=reasons.RECREATING,
            message=f"{message}; it cannot be changed and is created anew",
            attempts=attempts + 1,
        )
        return destination.unsynced(pending, self.earlier, self.now)


def _earlier(status: Json, version: str) -> dict[tuple[str, str], State]:
    """Return what was reported before; each version of the source has all its attempts."""
    reported = [destination.load(item) for item in status.get("destinations") or ()]
    if (status.get("source") or {}).get("resourceVersion", version) != version:
        reported = [replace(state, attempts=0) for state in reported]
    return {(state.namespace, state.name): state for state in reported}


def _version(seen: Json | None) -> tuple[str, str] | None:
    return (seen["metadata"]["uid"], seen["metadata"]["resourceVersion"]) if seen else None
