"""One simulation: objects in an in-memory cluster with Object Syncer, and the engine working until it rests."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from memcluster import Cluster, Engine, Loop
from memcluster.webhooks import CallHook, Headers
from object_syncer import rehearsal
from object_syncer.cli.input.reading import BadInput, Input
from object_syncer.cli.simulate import applying, filling
from object_syncer.cli.simulate.filling import Filled, Key
from object_syncer.cli.simulate.outcome import Outcome
from object_syncer.kube import api
from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.status import reasons

_STEPS, _STEPS_PER_OBJECT = 10_000, 500

Progress = Callable[[int], None]
"""Called with the number of writes so far, whenever a hook is called."""


class Trial(NamedTuple):
    """What was given, and what came of it."""

    outcome: Outcome
    objects: dict[Key, Json]
    """The objects of the input as they were loaded."""
    cluster: Cluster
    notes: list[str]


def run(found: Input, create_namespaces: bool = False, progress: Progress | None = None) -> Trial:
    """Put the objects into a cluster and let the engine work. Raises BadInput."""
    filled = _filled(found, create_namespaces, progress)
    return _trial(filled, filled, found)


def change(
    before: Input, after: Input, create_namespaces: bool = False, progress: Progress | None = None
) -> tuple[Trial, Trial]:
    """Let the engine work on the objects of `before`, then on what `after` makes of them. Raises BadInput.

    It is one cluster, because what there will be depends on what there was: some problems keep copies that exist, and
    let none be created.
    """
    filled, faults = [], []
    for found in (before, after):
        try:
            filled.append(_filled(found, create_namespaces, progress))
        except BadInput as error:
            faults += error.faults
    if faults:
        raise BadInput(faults)
    first, second = filled
    begin = _trial(first, first, before)
    for policy in first.assumed:
        if filling.key_of(policy) not in second.objects:
            applying.retire(first.cluster, policy)
            del first.objects[filling.key_of(policy)]
    applying.apply(first.cluster, first.objects, second.objects)
    return begin, _trial(first, second, after)


def rest(filled: Filled, objects: int) -> Outcome:
    """Let the engine work until it rests, and return what there is then; `objects` is how many were given."""
    limit = _STEPS + _STEPS_PER_OBJECT * objects
    try:
        steps, loop = filled.engine.run(limit), ""
    except Loop as error:
        steps, loop = limit, str(error)
    return _outcome(filled.cluster, filled.engine, steps, loop)


def _trial(filled: Filled, said: Filled, found: Input) -> Trial:
    """Return what comes of a cluster; `said` are the objects of the input."""
    return Trial(rest(filled, len(found.given)), said.objects, filled.cluster, found.notes + said.notes)


def _filled(found: Input, create_namespaces: bool, progress: Progress | None) -> Filled:
    return filling.fill(
        found.given,
        create_namespaces=create_namespaces,
        faults=found.faults,
        call_hook=_reporting(progress) if progress else None,
    )


def _reporting(progress: Progress) -> Callable[[Cluster], CallHook]:
    def hooks_of(cluster: Cluster) -> CallHook:
        def call(url: str, body: Json, headers: Headers) -> Json:
            progress(cluster.writes)
            return rehearsal.call(cluster, url, body, headers)

        return call

    return hooks_of


def _outcome(cluster: Cluster, engine: Engine, steps: int, loop: str) -> Outcome:
    slices = {name_of(item): item for item in cluster.list(api.API_VERSION, "SyncSlice")}
    copies = []
    for obj in cluster.everything():
        owner = slices.get((obj["metadata"].get("labels") or {}).get(api.SLICE_LABEL, ""))
        if owner and _owns(owner, obj):
            copies.append({**obj, "apiVersion": owner["spec"]["resource"]["apiVersion"]})
    copies.sort(key=lambda obj: (obj["kind"], namespace_of(obj), name_of(obj)))
    controllers = [name_of(item) for item in cluster.list(api.ENGINE_API_VERSION, "CompositeController")]
    planners = [name_of(item) for item in rehearsal.machinery() if item["kind"] == "CompositeController"]
    return Outcome(
        [_shown(obj) for obj in copies],
        [_shown(obj) for obj in cluster.list(api.API_VERSION, "ObjectSync")],
        list(slices.values()),
        [name for name in controllers if name not in planners],
        steps,
        loop,
        _refused(engine, slices.values()),
    )


def _refused(engine: Engine, slices: Iterable[Json]) -> dict[tuple[str, str, str], str]:
    found = {}
    for item in slices:
        type_ = item["spec"]["resource"]
        for entry in (item.get("status") or {}).get("destinations") or ():
            why = engine.refusal(type_["apiVersion"], type_["kind"], entry["name"], entry["namespace"])
            if why and entry.get("reason") == reasons.REJECTED:
                found[type_["kind"], entry["namespace"], entry["name"]] = why
    return found


def _owns(owner: Json, obj: Json) -> bool:
    return any(owner["metadata"]["uid"] == each["uid"] for each in obj["metadata"].get("ownerReferences", ()))


def _shown(obj: Json) -> Json:
    meta = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    rest_of_it = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": meta, **rest_of_it}
