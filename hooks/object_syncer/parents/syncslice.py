"""The SyncSlice: the copies of one source in a bounded set of destinations.

Metacontroller calls customize to learn which source to watch, then sync with the source and the copies it observes.
sync answers the copies that should exist; the engine makes it so. A slice knows nothing of ObjectSyncs or
namespaces: the planner wrote into its spec all it needs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import orjson

from object_syncer.copying import adoption, attempts, consent, fields, leaving, patches, sanitize, settling
from object_syncer.copying.attempts import Attempt
from object_syncer.copying.consent import Offer
from object_syncer.copying.leaving import Leaving
from object_syncer.copying.template import Template, template
from object_syncer.kube import api, clock, depth, metacontroller, types
from object_syncer.kube.meta import Json, controller_of, is_terminating, name_of
from object_syncer.kube.metacontroller import BadRequest, Request
from object_syncer.planning import controllers, known_fields, slice_spec, variables
from object_syncer.status import destination, problem, reasons, stalls
from object_syncer.status.destination import State
from object_syncer.status.problem import Problem


def customize(request: Request, _now: datetime) -> Json:
    """Watch the source, whatever is there where a copy was refused, and the SyncPolicy, which tells of outages.

    Every generated controller asks this for every slice and keeps the answer, so it depends on the spec alone.
    """
    spec = request.parent["spec"]
    type_ = types.load(spec["resource"])
    if not controllers.serves(request.controller, spec):
        return metacontroller.rules([])
    watched = [spec["source"], *spec.get("probes", ())]
    if slice_spec.is_releasing(spec):
        watched = slice_spec.destinations(spec) + slice_spec.destinations(spec.get("leaving") or {})
    rules = [
        metacontroller.rule(type_.api_version, type_.plural, namespace=item["namespace"], names=[item["name"]])
        for item in watched
    ]
    return metacontroller.rules(
        [*rules, metacontroller.rule(api.API_VERSION, "syncpolicies", names=[spec.get("policy", "")])]
    )


def sync(request: Request, now: datetime) -> Json:
    """Answer the copies that should exist, the state of each destination, and a sign of life."""
    answered = _answer(request, now)
    return {**answered, "status": stalls.signed(answered["status"], request.parent.get("status") or {}, now)}


def _answer(request: Request, now: datetime) -> Json:
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
    living = {where: copy for where, copy in observed.items() if not is_terminating(copy)}
    status: Json = {"copies": len(living), "synced": 0}
    going, is_gone = leaving.read(spec), _is_gone(source)
    surplus = _surplus(spec, living, going, is_gone)
    if surplus:
        status["surplus"] = surplus
    if source is not None and not is_gone:
        status["source"] = {field: source["metadata"][field] for field in ("uid", "resourceVersion")}
    unknown = known_fields.problem(spec, known_fields.SYNC_SLICE)
    if unknown and not spec.get("draining"):
        status["problem"] = problem.dump(unknown)
        return metacontroller.composite(status, _kept(living))
    required_by = spec.get("policy", "") if spec.get("sourceConsent") else None
    offer = consent.offer(source, required_by) if source else Offer()
    source_problem = _source_problem(source, key) or offer.problem
    if source is None or source_problem:
        if source_problem:
            status["problem"] = problem.dump(source_problem)
        kept = _kept(living) if spec.get("suspend") else _retained(spec, living, going) if is_gone else []
        return metacontroller.composite(status, kept, _drain_retry(spec, status["copies"], now))

    look = _Look(parent, source, offer, observed, related, problem.blocking(spec.get("problems")), now)
    shape = look.template({})
    body = orjson.dumps(shape.body)
    if depth.CUT.encode() in body:
        message = f"the source {key} is nested deeper than {depth.LEVELS} levels; copies that exist stay as they are"
        status["problem"] = problem.dump(Problem(reasons.SOURCE_NOT_COPYABLE, message))
        return metacontroller.composite(status, _kept(living))
    made = list(_attempts(look, shape))
    states = [attempt.state for attempt in made]
    children = [attempt.child for attempt in made if attempt.child]
    synced = sum(state.state == destination.SYNCED for state in states)
    status["synced"] = synced
    status["source"]["bytes"] = max([len(body), *_patched_sizes(spec, children)])
    shown = [state.dump() for state in settling.listed(parent, states)]
    if shown:
        status["destinations"] = shown
    children = _kept(living) if spec.get("suspend") else children + going.children(living, _wanted(spec), offer)
    retry = destination.retry_after(states, now) or _drain_retry(spec, status["copies"], now)
    is_counted = (parent.get("status") or {}).get("surplus", 0) == surplus
    if is_counted and settling.is_settling(parent, source, states, observed, now):
        status = parent["status"]
    return metacontroller.composite(status, children, retry)


def _patched_sizes(spec: Json, children: list[Json]) -> list[int]:
    """Return the sizes of the copies if patches may have made them larger than their source."""
    asked = [spec.get("copy") or {}, *(group.get("copy") or {} for group in spec.get("groups") or ())]
    return [len(orjson.dumps(child)) for child in children] if any("patches" in copy for copy in asked) else []


def _released(parent: Json, found: Iterable[Json]) -> int:
    """Return how many copies of a slice that releases them no other slice owns yet.

    Where nobody is to take them, because the ObjectSync goes: how many it still owns.
    """
    draining, count = parent["spec"].get("draining"), 0
    for copy in found:
        owner = controller_of(copy)
        is_owned = owner is not None and owner.get("uid") == parent["metadata"]["uid"]
        has_label = (copy["metadata"].get("labels") or {}).get(api.SLICE_LABEL) == name_of(parent)
        is_left = is_owned if draining else has_label and (owner is None or is_owned)
        count += is_left and not is_terminating(copy)
    return count


def _retained(spec: Json, living: Mapping[str, Json], going: Leaving) -> list[Json]:
    """Return the children of a slice whose source is gone: with deletionPolicy Retain its copies stay."""
    if spec.get("deletionPolicy") != "Retain":
        return going.children(living, _wanted(spec))
    stay = _wanted(spec) - going.places.keys()
    return _kept({key: copy for key, copy in living.items() if key in stay}) + going.children(living)


def _surplus(spec: Json, living: Mapping[str, Json], going: Leaving, is_gone: bool) -> int:
    """Return how many copies are not wanted any more and neither being deleted nor ready to be released.

    `is_gone` says that the source is.
    """
    stay = _wanted(spec) - (going.places.keys() if is_gone else set())
    return sum(key not in stay and not going.is_ready(key, copy) for key, copy in living.items())


def _wanted(spec: Json) -> set[str]:
    return {f"{item['namespace']}/{item['name']}" for item in slice_spec.destinations(spec)}


def _kept(living: Mapping[str, Json]) -> list[Json]:
    """Return the children that leave the copies as they are: what is left out of an answer is deleted."""
    return [fields.as_applied(copy) for copy in living.values()]


def _is_gone(source: Json | None) -> bool:
    return source is None or is_terminating(source)


def _source_problem(source: Json | None, key: str) -> Problem | None:
    if source is None:
        return Problem(reasons.SOURCE_NOT_FOUND, f"the source {key} does not exist")
    if _is_gone(source):
        return Problem(reasons.SOURCE_NOT_FOUND, f"the source {key} is being deleted")
    return sanitize.problem(source["apiVersion"].rpartition("/")[0], source["kind"], source)


@dataclass(frozen=True, slots=True)
class _Look:
    """What all destinations of a slice have in common at this moment."""

    parent: Json
    source: Json
    offer: Offer
    observed: Mapping[str, Json]
    related: Mapping[str, Json]
    blocking: Problem | None
    """Why no copy is created that does not exist."""
    now: datetime

    @property
    def spec(self) -> Json:
        """The spec of the slice."""
        spec: Json = self.parent["spec"]
        return spec

    def template(self, group: Json) -> Template:
        """Return what the copies of a group share; a group may look otherwise than the others."""
        asked = group["copy"] if "copy" in group else self.spec.get("copy")
        return template(self.source, name_of(self.parent), asked, self.offer.is_limited)

    def fill(self, namespace: str, text: str) -> str:
        """Return a text with its variables filled in for a destination. Raises patches.Refused."""
        if "{" not in text:
            return text
        source, labels = self.spec["source"], self.spec.get("namespaceLabels") or {}
        values = variables.Values(source["namespace"], source["name"], namespace, labels.get(namespace) or {})
        try:
            return variables.parse(text).fill(values)
        except variables.CannotFill as why:
            raise patches.Refused(str(why).replace("{namespace}", namespace)) from None


def _attempts(look: _Look, common: Template) -> Iterator[Attempt]:
    earlier = _earlier(look.parent, common.source_version)
    probed = {f"{item['namespace']}/{item['name']}" for item in look.spec.get("probes", ())}
    for group in look.spec.get("groups") or ():
        shape = look.template(group) if "copy" in group else common
        for namespace in group["namespaces"]:
            where = f"{namespace}/{group['name']}"
            found = look.related.get(where) if where in probed and where not in look.observed else None
            yield _attempt(look, shape, group, namespace, found, earlier.get((namespace, group["name"])))


def _attempt(
    look: _Look, shape: Template, group: Json, namespace: str, found: Json | None, earlier: State | None
) -> Attempt:
    """Return the answer for one destination; `found` is what is there and is no copy of the slice."""
    spec, slice_name, now, strategy = look.spec, name_of(look.parent), look.now, group.get("strategy", "")
    policy = spec.get("conflictPolicy", "Fail")
    desired, copy = shape.at(namespace, group["name"]), look.observed.get(f"{namespace}/{group['name']}")
    withheld = look.offer.withheld(namespace)
    if withheld:
        return attempts.without_copy(desired, destination.FAILED, withheld, earlier, now)
    made = shape.problem or patches.apply(desired, shape.patches, partial(look.fill, namespace))
    if isinstance(made, Problem):
        return attempts.unchanged(desired, copy, made, earlier, now)
    if spec.get("suspend"):
        adoption.mark(made, None, shape, slice_name, policy)  # as the copy has it
        return attempts.suspended(made, copy, strategy, earlier, now)
    conflict = adoption.conflict(made, found, shape, slice_name, policy) if copy is None else None
    if conflict:
        return attempts.without_copy(made, destination.CONFLICT, conflict, earlier, now)
    if copy is None and look.blocking:
        return attempts.without_copy(made, destination.PENDING, look.blocking, earlier, now)
    adoption.mark(made, found, shape, slice_name, policy)
    return attempts.copy(made, copy, strategy, earlier, slice_name, now)


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
