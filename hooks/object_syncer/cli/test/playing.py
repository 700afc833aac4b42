"""Plays a test: its objects in a cluster in memory, one step after the other, everything at rest after each."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from memcluster import ApiError, Cluster, Loop
from object_syncer.cli.simulate import filling, trial
from object_syncer.cli.simulate.filling import Filled
from object_syncer.cli.simulate.masking import masked
from object_syncer.cli.simulate.outcome import Outcome, condition_of, place_of
from object_syncer.cli.simulate.printing import dumped_json, state_word
from object_syncer.cli.test.specs import Spec
from object_syncer.kube.meta import Json

_QUIET = 1.0
"""Seconds without a write after which a cluster in which time has passed is looked at."""


class _Failed(Exception):
    """A step that cannot be done, or an end that is another one."""


def play(spec: Spec) -> list[str]:
    """Return what is not as the test says, one line for each; [] if it passes. Raises BadInput for what it gives."""
    filled = filling.fill(spec.given.given, create_namespaces=False, faults=spec.given.faults)
    count = len(spec.given.given)
    outcome = trial.rest(filled, count)
    for index, step in enumerate(spec.body.get("steps") or ()):
        ((word, content),) = step.items()
        try:
            if word == "expect":
                differences = list(_differences(filled.cluster, outcome, content))
                if differences:
                    return [f"steps[{index}]: {each}" for each in differences]
                continue
            _STEPS[word](filled, content)
            outcome = trial.rest(filled, count + index + 1)
        except ApiError as error:
            return [f"steps[{index}]: {word}: {error.message}"]
        except _Failed as failed:
            return [f"steps[{index}]: {word}: {failed}"]
    if outcome.loop:
        return [f"it does not come to rest: {outcome.loop}"]
    return list(_differences(filled.cluster, outcome, spec.body))


# Steps


def _create(filled: Filled, obj: Json) -> None:
    filled.cluster.create(_placed(filled.cluster, obj))


def _edit(filled: Filled, change: Json) -> None:
    api_version, kind, name, namespace = _which(filled.cluster, change)
    filled.cluster.patch(api_version, kind, name, change["patch"], namespace)


def _label(filled: Filled, change: Json) -> None:
    patch = {"metadata": {"labels": change["labels"]}}
    _edit(filled, {**change, "patch": patch})


def _delete(filled: Filled, which: Json) -> None:
    filled.cluster.delete(*_which(filled.cluster, which))


def _wait(filled: Filled, seconds: float) -> None:
    until = filled.cluster.clock + timedelta(seconds=seconds)
    while filled.cluster.clock < until:
        try:
            filled.engine.run(quiet_seconds=_QUIET)
        except Loop as error:
            raise _Failed(str(error)) from None
        filled.cluster.clock = min(until, filled.cluster.clock + timedelta(seconds=_QUIET))


_STEPS: dict[str, Callable[[Filled, Any], None]] = {
    "create": _create,
    "edit": _edit,
    "label": _label,
    "delete": _delete,
    "wait": _wait,
}


def _placed(cluster: Cluster, obj: Json) -> Json:
    meta = obj.get("metadata")
    resource = cluster.discovery.by_kind(str(obj.get("apiVersion")), str(obj.get("kind")))
    if resource is None or not isinstance(meta, dict) or not meta.get("name"):
        raise _Failed("must be an object of a kind that is served, with metadata.name")
    return (
        {**obj, "metadata": {**meta, "namespace": meta.get("namespace") or "default"}} if resource.namespaced else obj
    )


def _which(cluster: Cluster, which: Json) -> tuple[str, str, str, str]:
    """Return apiVersion, kind, name and namespace of an object that a step names."""
    served = [
        each
        for each in cluster.discovery.served()
        if each.kind == which["kind"] and which.get("apiVersion") in (None, each.api_version)
    ]
    if not served:
        raise _Failed(f"kind: there is no {which['kind']}")
    if len({each.group for each in served}) > 1:
        raise _Failed(f"apiVersion: {which['kind']} is in {', '.join(each.api_version for each in served)}; name one")
    namespace = which.get("namespace", "default") if served[0].namespaced else ""
    return served[0].api_version, which["kind"], which["name"], namespace


# The end


def _differences(cluster: Cluster, outcome: Outcome, end: Json) -> Iterator[str]:
    for place, wanted in (end.get("copies") or {}).items():
        yield from _copy(outcome, place, wanted)
    for place, wanted in (end.get("states") or {}).items():
        found = [state_word(each.state) for each in outcome.destinations if each.place == place]
        if not any(_is(wanted, state) for state in found):
            yield f"states: {place} is {' and '.join(found) or 'no destination'}, not {wanted}"
    syncs = {place_of(item): item for item in outcome.object_syncs}
    for field, type_ in (("inSync", "InSync"), ("ready", "Ready")):
        for place, wanted in (end.get(field) or {}).items():
            condition = condition_of(syncs.get(place, {}), type_)
            found_word = f"{condition['status']}: {condition['reason']}" if condition else "no condition"
            if not _is(wanted, found_word):
                why = condition.get("message", "no such ObjectSync")
                yield f"{field}: {place} is {found_word}, not {wanted}; {why}"
    for place, wanted in (end.get("says") or {}).items():
        message = str(condition_of(syncs.get(place, {}), "InSync").get("message", ""))
        if wanted not in message:
            yield f"says: {place} says {message!r}, not {wanted!r}"


def _is(wanted: object, found: str) -> bool:
    """Tell whether "False", "False: Conflict" or "Conflict" describes "False: Conflict"."""
    return str(wanted) == found or str(wanted) in found.split(": ")


def _copy(outcome: Outcome, place: str, wanted: Json | None) -> Iterator[str]:
    kind, _, where = place.rpartition(" ")
    found = [obj for obj in outcome.copies if place_of(obj) == where and kind in ("", obj["kind"])]
    if wanted is None:
        if found:
            yield f"copies: {place} is there"
    elif not found:
        yield f"copies: {place} is not there"
    else:
        for path in _missing(wanted, found[0], ""):
            there = dumped_json({key: value for key, value in masked(found[0]).items() if key != "metadata"})
            yield f"copies: {place}: {path} differs; it is {' '.join(there.split())}"


def _missing(wanted: Any, found: Any, path: str) -> Iterator[str]:
    """Yield the paths at which what is found does not have what is wanted; more may be there."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, value in wanted.items():
            below = f"{path}.{key}" if path else key
            if value is None:
                if key in found:
                    yield below
            else:
                yield from _missing(value, found.get(key), below)
    elif wanted != found:
        yield path or "it"
