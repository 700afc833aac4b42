"""Which states are not written because they last less than a second; whatever lasts, or must be counted, is."""

from dataclasses import dataclass, field, replace

from object_syncer.copying import settling
from object_syncer.kube.meta import Json
from object_syncer.status import destination, reasons
from object_syncer.status.destination import State
from specification import cases
from unit.copying.copies import desired, observed
from unit.objects import NOW, ago, config_map

COPY = State("a", "settings", destination.PENDING, reasons.DRIFTED, "differs", since=ago(0), attempts=1)
SYNCED = State("a", "settings", destination.SYNCED)
OTHERS_ENTRY = {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:data": {"f:k": {}}}}


def copy(ours: float, others: float | None = None) -> Json:
    """Return a copy that we, and perhaps others, wrote so many seconds ago."""
    found = observed(desired(), *([] if others is None else [{**OTHERS_ENTRY, "time": ago(others)}]))
    found["metadata"]["managedFields"][0]["time"] = ago(ours)
    return found


def source(seconds: float, version: str = "101") -> Json:
    """Return a source that was written so many seconds ago."""
    found = config_map()
    entry = {"manager": "kubectl", "operation": "Update", "time": ago(seconds), "fieldsV1": {}}
    found["metadata"] |= {"resourceVersion": version, "managedFields": [entry]}
    return found


def sync_slice(*reported: State, generation: int = 1, version: str = "100", **status: object) -> Json:
    """Return a SyncSlice that reported these states, and that all else is in sync, on a version of the source."""
    return {
        "metadata": {"generation": 1},
        "status": {
            "observedGeneration": generation,
            "source": {"uid": "s", "resourceVersion": version},
            "destinations": [state.dump() for state in reported],
            **status,
        },
    }


@dataclass(frozen=True)
class Case:
    reason: str
    settles: bool
    parent: Json = field(default_factory=sync_slice)
    source: Json = field(default_factory=lambda: source(0))
    states: tuple[State, ...] = (COPY,)
    copy: Json | None = field(default_factory=lambda: copy(100))


CREATING = State("a", "settings", destination.PENDING, reasons.CREATING, "m", since=ago(0))
FAILED = State("b", "settings", destination.FAILED, reasons.REJECTED, "m", since=ago(60), attempts=1)
RECREATING = replace(COPY, reason=reasons.RECREATING)
LATER = replace(COPY, answered=True)
OLD = replace(COPY, since=ago(1))
UNCHANGED = sync_slice(version="101")
FRESH = sync_slice(COPY, version="101")


@cases(
    Case("a copy differs because its source has just changed", True),
    Case("its source changed more than a second ago", False, source=source(2)),
    Case("the clock of the API server is wrong", False, source=source(-60)),
    Case("the copy was written since its source changed, so somebody changes it again", False, copy=copy(0)),
    Case("somebody has just edited the copy", True, UNCHANGED, copy=copy(100, 0)),
    Case("somebody edited it more than a second ago, so its repair was refused", False, UNCHANGED, copy=copy(100, 2)),
    Case("somebody edited it right after we wrote it", False, UNCHANGED, copy=copy(0, 0)),
    Case("nothing says since when the copy differs", False, UNCHANGED),
    Case("the copy was deleted: nothing says when", False, UNCHANGED, states=(CREATING,), copy=None),
    Case("it is still being written", True, FRESH, states=(LATER,)),
    Case("it has been so for more than a second", False, sync_slice(OLD, version="101"), states=(LATER,)),
    Case("it was written and differs again", False, FRESH, states=(replace(LATER, attempts=2),)),
    Case(
        "it is still being created", True, sync_slice(CREATING), states=(replace(CREATING, answered=True),), copy=None
    ),
    Case("it is created anew, which is announced before it is done", False, states=(RECREATING,)),
    Case("another destination has failed", False, states=(COPY, FAILED)),
    Case("another destination failed before", True, sync_slice(FAILED), states=(COPY, FAILED)),
    Case("the spec is new", False, sync_slice(generation=0)),
    Case("there was no source before", False, sync_slice(problem={"reason": "SourceNotFound", "message": "m"})),
    Case("nothing was reported before", False, {"metadata": {"generation": 1}}),
    Case("all is in sync", False, states=(SYNCED,)),
)
def test_is_settling(case: Case) -> None:
    copies = {"a/settings": case.copy} if case.copy else {}
    assert settling.is_settling(case.parent, case.source, case.states, copies, NOW) == case.settles
