"""What a scenario is: objects given, steps, and what there is in the end, whatever engine plays it.

A scenario has a corner of its own in the cluster. Names carry the mark "@", which each play replaces by something
unique, so that scenarios may share a cluster and still end with the same names.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Object = dict[str, Any]

MARK = "@"
HOME, A, B, C = "home-@", "a-@", "b-@", "c-@"
"""The namespaces of a corner. Home, where the source is, and A and B are there from the start, C is not."""

STANDING = (HOME, A, B)

NAME = "settings-@"
"""The name of the source, of its copies, and of the ObjectSync."""

IN_A, IN_B, IN_C, IN_HOME = f"{A}/{NAME}", f"{B}/{NAME}", f"{C}/{NAME}", f"{HOME}/{NAME}"

FINALIZER = "tests.example.com/hold"


class Stage(Protocol):
    """Where a scenario is played: what users, administrators and accidents do to a cluster with Object Syncer."""

    def create(self, obj: Object) -> None:
        """Create an object, as an administrator; a CRD is served before this returns."""

    def edit(self, obj: Object, patch: Object) -> None:
        """Merge a patch into the object of this kind, namespace and name."""

    def delete(self, obj: Object) -> None:
        """Ask the API server to delete an object."""

    def find(self, obj: Object) -> Object | None:
        """Return an object as it is."""

    def policy(self, spec: Object) -> None:
        """Merge into the spec of the SyncPolicy that serves everybody."""

    def former_policy(self, spec: Object) -> None:
        """Merge into the spec of that SyncPolicy, under the CRD of before its lists were required."""

    def guard(self, installed: bool) -> None:
        """Install the guard of copies, or remove it."""

    def engine(self, running: bool) -> None:
        """Start the engine, or kill it."""

    def hooks(self, answering: bool) -> None:
        """Start the hook server, or stop it."""


Step = Callable[[Stage], None]

StatusReason = tuple[str, str]
"""Status and reason of a condition, or state and reason of a destination."""

SYNCED = ("True", "Success")


@dataclass(frozen=True)
class Scenario:
    """A specification: given these objects, after these steps this is so. After each step everything comes to rest.

    What it says of the end is checked in memory; everything in the corner, after each step, is compared with the real
    engine. Places are "namespace/name".
    """

    reason: str
    given: tuple[Object, ...]
    steps: tuple[Step, ...] = ()
    copies: Mapping[str, Object | None] = field(default_factory=dict)
    """What is at these places: the body, and `labels` and `annotations` without ours if given. None: nothing."""
    ours: Mapping[str, str] = field(default_factory=dict)
    """Copies with our marks, and where the source is that they name."""
    released: Mapping[str, str] = field(default_factory=dict)
    """The same of copies that have no owner any more."""
    kept: tuple[str, ...] = ()
    """Objects that were there in the beginning, and were never deleted since."""
    in_sync: Mapping[str, StatusReason] = field(default_factory=dict)
    """The condition InSync of these ObjectSyncs."""
    ready: Mapping[str, StatusReason] = field(default_factory=dict)
    """The condition Ready of these ObjectSyncs."""
    says: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Parts of the InSync message of these ObjectSyncs."""
    states: Mapping[str, StatusReason] = field(default_factory=dict)
    """State and reason of these destinations in status.destinations of the ObjectSync NAME."""
    controllers: tuple[str, ...] | None = None
    """"plural in apiVersion" of each generated controller for kinds that the scenario defines; None: not checked."""
    kind: tuple[str, str] = ("v1", "ConfigMap")
    """apiVersion and kind of the copies."""
    also: tuple[tuple[str, str], ...] = ()
    """More kinds to look at, beside those of the given objects."""
    exclusive: bool = False
    """Whether it changes what all scenarios share, or is changed by what others do."""
    ends_namespaces: bool = False
    """Whether a namespace ends, which takes the API server seconds, and longer while kinds come and go."""
    patience: float = 60.0
    """Seconds that a step may take on the real engine; most take less than one."""


def create(*objects: Object) -> Step:
    """Create objects, one after the other."""

    def step(stage: Stage) -> None:
        for obj in objects:
            stage.create(obj)

    return step


def edit(obj: Object, patch: Object) -> Step:
    """Merge a patch into an object."""
    return lambda stage: stage.edit(obj, patch)


def delete(*objects: Object) -> Step:
    """Delete objects, one after the other."""

    def step(stage: Stage) -> None:
        for obj in objects:
            stage.delete(obj)

    return step


def replace(obj: Object) -> Step:
    """Delete an object and create this one in its place at once."""
    return together(delete(obj), create(obj))


def add_finalizer(obj: Object) -> Step:
    """Keep an object in the cluster after it is deleted."""
    return edit(obj, {"metadata": {"finalizers": [FINALIZER]}})


def remove_finalizers(obj: Object) -> Step:
    """Let a deleted object end."""
    return edit(obj, {"metadata": {"finalizers": None}})


def set_owner(obj: Object, owner: Object, *, controller: bool) -> Step:
    """Give an object an owner, which is in the cluster."""

    def step(stage: Stage) -> None:
        found = stage.find(owner)
        assert found
        reference = {key: found[key] for key in ("apiVersion", "kind")} | {"controller": controller}
        reference |= {key: found["metadata"][key] for key in ("name", "uid")}
        stage.edit(obj, {"metadata": {"ownerReferences": [reference]}})

    return step


def policy(**spec: object) -> Step:
    """Change what the SyncPolicy permits."""
    return lambda stage: stage.policy(spec)


def former_policy(**spec: object) -> Step:
    """Change the SyncPolicy as an API server let it be changed before its lists were required; None drops a list."""
    return lambda stage: stage.former_policy(spec)


def guard(installed: bool) -> Step:
    """Install or remove the guard."""
    return lambda stage: stage.guard(installed)


def engine(running: bool) -> Step:
    """Start or kill the engine."""
    return lambda stage: stage.engine(running)


def hooks(answering: bool) -> Step:
    """Start or stop the hook server."""
    return lambda stage: stage.hooks(answering)


def together(*steps: Step) -> Step:
    """Do all of these before anything comes to rest."""

    def step(stage: Stage) -> None:
        for each in steps:
            each(stage)

    return step


def unseen(*steps: Step) -> Step:
    """Do all of these while the engine is killed: it sees the outcome only. For exclusive scenarios."""
    return together(engine(False), *steps, engine(True))
