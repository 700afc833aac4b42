"""How a copy differs from its source because its ObjectSync asks for it: `copy` of the spec, all but its patches.

Names in `include` and `exclude` may be globs; an empty `include` means all, and `exclude` always wins.
"""

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase

from object_syncer.kube import tracking
from object_syncer.kube.meta import Json
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

_REQUIRED = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
"""By the type of a Secret, the keys without which the API server refuses it."""


def metadata(source: Mapping[str, str], asked: Json | None) -> dict[str, str]:
    """Return the labels (or annotations) of a copy, sorted by key, without our marks.

    `asked` is `copy.labels` (or `copy.annotations`). A key that `include` names in full is copied even if it says who
    tracks the source; one that only a glob matches is not.
    """
    if not asked:
        return tracking.labels(source)
    include, exclude = asked.get("include") or ("*",), asked.get("exclude") or ()
    kept = {
        key: value
        for key, value in source.items()
        if (key in include or (tracking.travels(key) and _matches(key, include))) and not _matches(key, exclude)
    }
    kept |= asked.get("set") or {}
    return {key: value for key, value in sorted(kept.items()) if not tracking.is_reserved(key)}


def data(body: Json, asked: Json | None) -> Problem | None:
    """Drop and rename keys of a ConfigMap or Secret as `copy.data` asks; return why that cannot be done, or None.

    `body` is changed. The keys of data and binaryData are one set, as they are to Pods.
    """
    if not asked:
        return None
    include, exclude = asked.get("include") or ("*",), asked.get("exclude") or ()
    rename = asked.get("rename") or {}
    sources: dict[str, str] = {}
    for field in ("data", "binaryData"):
        kept = {}
        for key, value in (body.pop(field, None) or {}).items():
            if not _matches(key, include) or _matches(key, exclude):
                continue
            new = rename.get(key, key)
            if new in sources:
                message = f"copy.data: {sources[new]} and {key} of the source would both be {new} in the copy"
                return Problem(reasons.KEY_COLLISION, message)
            sources[new] = key
            kept[new] = value
        if kept:
            body[field] = kept
    missing = [key for key in _REQUIRED.get(body.get("type", ""), ()) if key not in body.get("data", ())]
    if missing:
        message = f"copy.data: a Secret of type {body['type']} must have {' and '.join(missing)}"
        return Problem(reasons.REQUIRED_KEY_MISSING, message)
    return None


def _matches(name: str, globs: Collection[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)
