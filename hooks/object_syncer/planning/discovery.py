"""Which resource an ObjectSync's source names: from the built-in table, else from CRDs related by candidate names.

Hooks have no API client, and Metacontroller relates objects by exact name only. So the plural of a kind is guessed by
the rules that CRD authors follow; `spec.source.resource` names it where no rule fits.
"""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from object_syncer.kube import builtin, types
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")


def built_in(source: Json) -> ResourceType | Problem | None:
    """Return the built-in type that `spec.source` names; None if it is no built-in kind.

    Returns a Problem for a version that no API server serves, for one that must be named and is not, and for a plural
    that is not the kind's: the guard has checked that the user may read the kind, not that plural.
    """
    versions = builtin.KINDS.get((source["group"], source["kind"]))
    if not versions:
        return None
    plural = versions[0].plural
    if source.get("resource") not in (None, "", plural):
        message = f"spec.source.resource: {_kind(source)} is served as {plural}, not {source['resource']!r}"
        return Problem(reasons.KIND_NOT_FOUND, message)
    wanted, newer = source.get("version"), builtin.NEWER.get((source["group"], source["kind"]))
    if not wanted:
        message = f"spec.source.version: name the version of {_kind(source)} that this cluster serves: {newer}"
        return Problem(reasons.VERSION_NOT_SERVED, message) if newer else versions[0]
    for candidate in versions:
        if candidate.version == wanted:
            return candidate
    if newer or source.get("resource"):
        return types.ResourceType(source["group"], wanted, source["kind"], plural, versions[0].namespaced)
    served = ", ".join(candidate.version for candidate in versions)
    return Problem(
        reasons.VERSION_NOT_SERVED,
        f"spec.source.version: {_kind(source)} is not served in version {wanted!r}; served are {served}",
    )


def candidates(source: Json) -> list[str]:
    """Return the names of the CRDs that may define the kind: "<plural>.<group>", the likeliest first.

    Empty for the groups of built-in kinds, which no CRD can extend.
    """
    group = source["group"]
    if group in builtin.GROUPS:
        return []
    return list(dict.fromkeys(f"{plural}.{group}" for plural in _plurals(source)))


def custom(
    source: Json, crds: Collection[Json], earlier: Json | None, generation: int | None = None
) -> ResourceType | Problem:
    """Return the type that `spec.source` names, from the CRDs that the engine relates by `candidates`.

    `earlier` is the ObjectSync's status: the version resolved there is kept while it is served, because a change of
    version would mean deleting and re-creating every copy. `generation` is the ObjectSync's.

    Where several plurals are served that may be the kind's, the user must name one: the guard has checked only that the
    user may read one of them. A later CRD changes nothing for an ObjectSync that was resolved in this generation.
    """
    defining = [crd for crd in crds if _defines(crd, source)]
    established = [crd for crd in defining if _is_established(crd)]
    if not established:
        if source.get("resource") and source.get("version") and source["group"] and not defining:
            return ResourceType(source["group"], source["version"], source["kind"], source["resource"])
        return _unknown(source, defining)
    names = {name: rank for rank, name in enumerate(candidates(source))}
    spec = min(established, key=lambda crd: names.get(crd["metadata"]["name"], len(names)))["spec"]
    settled = (earlier or {}).get("observedGeneration") == generation and _earlier(source, earlier)
    if not (settled and settled.plural == spec["names"]["plural"]):
        plurals = sorted(crd["spec"]["names"]["plural"] for crd in crds if _is_established(crd))
        if len(plurals) > 1 and not source.get("resource"):
            message = f"spec.source.resource: {_kind(source)} may be {' or '.join(plurals)}; name one of them"
            return Problem(reasons.KIND_NOT_FOUND, message)
    served = [version["name"] for version in spec["versions"] if version.get("served")]
    served.sort(key=_priority, reverse=True)
    if not served:
        return Problem(reasons.VERSION_NOT_SERVED, f"spec.source: {_kind(source)} is not served in any version")
    wanted = source.get("version") or _kept(source, earlier, served) or served[0]
    if wanted not in served:
        return Problem(
            reasons.VERSION_NOT_SERVED,
            f"spec.source.version: {_kind(source)} is not served in version {wanted!r}; served are {', '.join(served)}",
        )
    return ResourceType(
        spec["group"], wanted, spec["names"]["kind"], spec["names"]["plural"], spec["scope"] == "Namespaced"
    )


def known(source: Json, status: Json | None) -> ResourceType | Problem | None:
    """Return what the planner may use: the built-in type, or what the ObjectSync's status says of *this* kind.

    Until the ObjectSync's hook has found the version that is asked for, this is the version of before: copies must not
    be deleted because of a version that is found a moment later, or never. Of built-in kinds the versions are known.
    None while the kind is not resolved.
    """
    return built_in(source) or _earlier(source, status)


def recorded(status: Json | None) -> ResourceType | None:
    """Return the type in an ObjectSync's `status.resolved`; None if there is none, or somebody else spoiled it."""
    try:
        return types.load((status or {})["resolved"])
    except (KeyError, TypeError, AttributeError):
        return None


def _plurals(source: Json) -> Iterable[str]:
    if source.get("resource"):
        yield source["resource"]
        return
    kind = source["kind"]
    flat, kebab = kind.lower(), re.sub(r"(?<!^)(?=[A-Z][a-z])|(?<=[a-z0-9])(?=[A-Z])", "-", kind).lower()
    for word in (flat, kebab):
        if word.endswith("y") and word[-2:-1] not in "aeiou":
            yield word[:-1] + "ies"
        if word.endswith(("s", "x", "z", "ch", "sh")):
            yield word + "es"
        yield from (word + "s", word, word + "es")


def _defines(crd: Json, source: Json) -> bool:
    spec = crd["spec"]
    return (spec["group"], spec["names"]["kind"]) == (source["group"], source["kind"]) and not crd["metadata"].get(
        "deletionTimestamp"
    )


def _is_established(crd: Json) -> bool:
    # A fresh CRD has `conditions: null`.
    conditions = crd.get("status", {}).get("conditions") or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


def _kept(source: Json, earlier: Json | None, served: list[str]) -> str | None:
    found = _earlier(source, earlier)
    return found.version if found and found.version in served else None


def _earlier(source: Json, status: Json | None) -> ResourceType | None:
    """Return what the status says of the source's kind, None if it speaks of another one."""
    found = recorded(status)
    same = found and (found.group, found.kind) == (source["group"], source["kind"])
    return found if found and same and found.plural in _plurals(source) else None


def _priority(version: str) -> tuple[int, int, int, str]:
    # The API server's order: GA before beta before alpha, higher numbers first, anything else last.
    match = _VERSION.fullmatch(version)
    if not match:
        return (0, 0, 0, version)
    major, stage, minor = match.groups()
    return ({"alpha": 1, "beta": 2, None: 3}[stage], int(major), int(minor or 0), version)


def _kind(source: Json) -> str:
    return f"{source['kind']}.{source['group']}" if source["group"] else str(source["kind"])


def _unknown(source: Json, defining: list[Json]) -> Problem:
    if defining:
        return Problem(
            reasons.KIND_NOT_FOUND,
            f"spec.source.kind: the CustomResourceDefinition {defining[0]['metadata']['name']} is not established yet",
        )
    hint = _hint(source)
    if source["group"] in builtin.GROUPS:
        return Problem(reasons.KIND_NOT_FOUND, f"spec.source: there is no kind {_kind(source)} in Kubernetes{hint}")
    return Problem(
        reasons.KIND_NOT_FOUND,
        f"spec.source: no CustomResourceDefinition found for {_kind(source)}; tried "
        f"{', '.join(candidates(source)[:3])}; if its plural is irregular, set spec.source.resource{hint}",
    )


def _hint(source: Json) -> str:
    """Return which built-in kind may have been meant, "" if none is like it."""
    groups = [group or '""' for group, kind in builtin.KINDS if kind == source["kind"]]
    if groups:
        return f"; {source['kind']} is in group {' and '.join(groups)}"
    written = source["kind"].lower()
    kinds = {kind.lower(): kind for group, kind in builtin.KINDS if group == source["group"]}
    close = [kinds[word] for word in get_close_matches(written, kinds, 1, 0.8)]
    return f"; did you mean {close[0]}?" if close else ""
