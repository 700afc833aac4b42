"""Which writes of the engine the guard lets through: one table, for the API server's rule and for ours in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from object_syncer.kube import api
from object_syncer.kube.meta import Json

SOURCE = "home/settings"
OURS = {api.SOURCE_ANNOTATION: SOURCE}
"""The annotation of every copy of the source that the tests are about."""


def marks(slice_name: str = "configmaps.s-0", **annotations: str) -> Json:
    """Metadata of a copy; the name of a SyncSlice begins with the plural of what it copies."""
    return {
        "labels": {api.SLICE_LABEL: slice_name, api.MANAGED_BY_LABEL: api.MANAGED_BY},
        "annotations": {**OURS, **annotations},
    }


def owner(kind: str, *, controller: bool = True) -> list[Json]:
    """OwnerReferences; API servers collect what refers to nothing, so that it is somebody who is always there."""
    return [{"apiVersion": "example.com/v1", "kind": kind, "name": "o", "uid": "u", "controller": controller}]


SLICE_OWNER = [{**owner("SyncSlice")[0], "apiVersion": f"{api.GROUP}/v0"}]
"""In a version that nobody serves, so that API servers do not look for it."""


@dataclass(frozen=True)
class Write:
    """An update by the engine: the metadata of an object before and after. `old` is None where it creates one."""

    reason: str
    allowed: bool
    old: Json | None
    new: Json = field(default_factory=marks)


TAKES_OVER = marks(**{api.TAKEOVER_ANNOTATION: "Overwrite"})
UPSTREAM = {"labels": {api.MANAGED_BY_LABEL: api.MANAGED_BY}, "annotations": OURS}

WRITES: Sequence[Write] = (
    Write("a copy may be created", True, None),
    Write("a copy may be changed", True, marks(), marks(note="new")),
    Write("a copy that its slice owns may be changed", True, {**marks(), "ownerReferences": owner("SyncSlice")}),
    Write("a copy may be released", True, marks(), UPSTREAM),
    Write("what bears no mark of ours may not become a copy", False, {}),
    Write("what another tool manages may not become a copy", False, {"labels": {api.MANAGED_BY_LABEL: "Helm"}}),
    Write(
        "what has only our managed-by label may not become a copy",
        False,
        {"labels": {api.MANAGED_BY_LABEL: api.MANAGED_BY}},
    ),
    Write(
        "a copy of another source that lost its labels may not become a copy",
        False,
        {"annotations": {api.SOURCE_ANNOTATION: "home/other"}},
    ),
    Write("a copy that lost its slice label by hand is repaired", True, UPSTREAM),
    Write(
        "a copy that lost its slice label and has another controller is not touched",
        False,
        {**UPSTREAM, "ownerReferences": owner("Widget")},
    ),
    Write(
        "a copy that lost its slice label and has an owner that is no controller is repaired",
        True,
        {**UPSTREAM, "ownerReferences": owner("Widget", controller=False)},
    ),
    Write(
        "a copy of the original Object Syncer is not ours",
        False,
        {**UPSTREAM, "finalizers": [api.UPSTREAM_FINALIZER]},
    ),
    Write(
        "a foreign object is taken over where the conflict policy permits it",
        True,
        {"labels": {"whose": "theirs"}},
        TAKES_OVER,
    ),
    Write(
        "a foreign object that had the annotation itself, as if a conflict policy permitted it, is not taken over",
        False,
        {"annotations": {api.TAKEOVER_ANNOTATION: "Overwrite"}},
        TAKES_OVER,
    ),
    Write(
        "a foreign object with the original's finalizer, which would keep it for ever, is not taken over",
        False,
        {**UPSTREAM, "finalizers": [api.UPSTREAM_FINALIZER]},
        TAKES_OVER,
    ),
    Write(
        "a foreign object with another finalizer is taken over",
        True,
        {"finalizers": ["team.dev/finalizer"]},
        TAKES_OVER,
    ),
    Write(
        "a foreign object that has a controller is not taken over",
        False,
        {"ownerReferences": owner("Widget")},
        TAKES_OVER,
    ),
    Write("a copy that another slice owns is not taken", False, {**marks("x"), "ownerReferences": owner("S")}),
    Write(
        "a copy that another slice owns is not taken over where the conflict policy permits it, either",
        False,
        {**marks("x"), "ownerReferences": owner("SyncSlice")},
        TAKES_OVER,
    ),
    Write(
        "the slice that owns a copy may change its label, to release it",
        True,
        {**marks(), "ownerReferences": SLICE_OWNER},
        {**marks("configmaps.retained"), "ownerReferences": SLICE_OWNER},
    ),
    Write(
        "the label of a copy is not changed while somebody else owns it",
        False,
        {**marks("x"), "ownerReferences": owner("Widget")},
        {**marks(), "ownerReferences": owner("Widget")},
    ),
    Write(
        "nor does its slice hand a copy to another slice",
        False,
        {**marks("x"), "ownerReferences": SLICE_OWNER},
        {**marks(), "ownerReferences": [{**SLICE_OWNER[0], "uid": "another"}]},
    ),
    Write("a copy that lost its owner may be taken by another slice of the same source", True, marks("x")),
    Write(
        "a copy that lost its owner may not be taken by a slice of another source",
        False,
        {**marks("x"), "annotations": {api.SOURCE_ANNOTATION: "home/other"}},
    ),
    Write("dynamic-apply may not create copies", False, None, marks(**{api.LAST_APPLIED_ANNOTATION: "{}"})),
    Write("dynamic-apply may not change copies", False, marks(), marks(**{api.LAST_APPLIED_ANNOTATION: "{}"})),
    Write(
        "what dynamic-apply left behind may be repaired",
        True,
        marks(**{api.LAST_APPLIED_ANNOTATION: "{}"}),
        marks(note="new", **{api.LAST_APPLIED_ANNOTATION: "{}"}),
    ),
    Write("objects without our label are not restricted", True, {}, {"labels": {"other": "1"}}),
)
