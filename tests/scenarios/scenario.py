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


class Stage(Protocol):
    """Where a scenario is played: what users, administrators and accidents do to a cluster with Object Syncer."""

    def create(self, obj: Object) -> None:
        """Create an object, as an administrator; a CRD is served before this returns."""

    def edit(self, obj: Object, patch: Object) -> None:
        """Merge a patch into an object, which its kind, namespace and name tell."""

    def delete(self, obj: Object) -> None:
        """Delete an object, or ask for its end."""

    def find(self, obj: Object) -> Object | None:
        """Return an object as it is."""

    def policy(self, spec: Object) -> None:
        """Merge into the spec of the SyncPolicy that serves everybody."""

    def guard(self, installed: bool) -> None:
        """Install the guard of copies, or remove it."""

    def engine(self, running: bool) -> None:
        """Start the engine, or kill it."""

    def hooks(self, answering: bool) -> None:
        """Start the hook server, or stop it."""


Step = Callable[[Stage], None]

SYNCED = ("True", "Success")
Told = tuple[str, str]
"""Status and reason of a condition."""


@dataclass(frozen=True)
class Scenario:
    """A specification: `given` these objects, after these steps this is so. After each step everything comes to rest.

    `copies` are the objects at these places in the end ("namespace/name": what is in them beside metadata), None where
    there is none; those in `ours` have our marks. `in_sync` and `ready` are what ObjectSyncs say then, by name.
    `exclusive` scenarios change what all share, or are changed by what others do.
    """

    reason: str
    given: tuple[Object, ...]
    steps: tuple[Step, ...] = ()
    copies: Mapping[str, Object | None] = field(default_factory=dict)
    ours: tuple[str, ...] = ()
    in_sync: Mapping[str, Told] = field(default_factory=dict)
    ready: Mapping[str, Told] = field(default_factory=dict)
    kind: tuple[str, str] = ("v1", "ConfigMap")
    """apiVersion and kind of the copies."""
    also: tuple[tuple[str, str], ...] = ()
    """More kinds to look at, beside those of the given objects."""
    exclusive: bool = False
    ends_namespaces: bool = False
    """Whether a namespace ends, which takes the API server seconds, and longer while kinds come and go."""
    patience: float = 60.0
    """Seconds that a step may take on the real engine; most take less than one."""


# Steps


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


def hold(obj: Object) -> Step:
    """Keep an object from going, by a finalizer."""
    return edit(obj, {"metadata": {"finalizers": [HOLD]}})


def release(obj: Object) -> Step:
    """Let an object go."""
    return edit(obj, {"metadata": {"finalizers": None}})


def policy(**spec: object) -> Step:
    """Change what the SyncPolicy permits."""
    return lambda stage: stage.policy(spec)


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


HOLD = "tests.example.com/hold"


# Objects


def namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def obj(api_version: str, kind: str, where: str, name: str = NAME, meta: Object | None = None, **body: Any) -> Object:
    """Any object; `where` is its namespace, "" for none."""
    metadata = {"namespace": where, "name": name} if where else {"name": name}
    return {"apiVersion": api_version, "kind": kind, "metadata": {**metadata, **(meta or {})}, **body}


def config_map(where: str, name: str = NAME, data: Mapping[str, str] | None = None, **metadata: Any) -> Object:
    return obj("v1", "ConfigMap", where, name, metadata, data=dict(data or {"k": "v"}))


def secret(where: str, name: str = NAME, data: Mapping[str, str] | None = None, **body: Any) -> Object:
    return obj("v1", "Secret", where, name, **{"type": "Opaque", "data": dict(data or {"k": "dg=="}), **body})


def role_binding(where: str, role: str) -> Object:
    group = "rbac.authorization.k8s.io"
    return obj(
        f"{group}/v1",
        "RoleBinding",
        where,
        roleRef={"apiGroup": group, "kind": "ClusterRole", "name": role},
        subjects=[{"apiGroup": group, "kind": "User", "name": "somebody"}],
    )


def network_policy(where: str, app: str = "x", **metadata: Any) -> Object:
    """A built-in kind with a generation, every field that would have a default given."""
    spec = {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"]}
    return obj("networking.k8s.io/v1", "NetworkPolicy", where, meta=metadata, spec=spec)


def quota(where: str, scope: str = "BestEffort") -> Object:
    return obj("v1", "ResourceQuota", where, spec={"hard": {"pods": "10"}, "scopes": [scope]})


GROUP = "g@.example.com"


def crd(
    kind: str = "Widget", plural: str = "widgets", *, versions: tuple[str, ...] = ("v1",), scope: str = "Namespaced"
) -> Object:
    """A CustomResourceDefinition whose objects may hold anything; its first version is the stored one."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return obj(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "",
        f"{plural}.{GROUP}",
        spec={
            "group": GROUP,
            "scope": scope,
            "names": {"kind": kind, "plural": plural},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == versions[0],
                    "schema": {"openAPIV3Schema": anything},
                }
                for version in versions
            ],
        },
    )


def widget(where: str, size: int = 1, *, kind: str = "Widget", version: str = "v1", **metadata: Any) -> Object:
    return obj(f"{GROUP}/{version}", kind, where, meta=metadata, spec={"size": size})


def object_sync(
    *destinations: str | Object,
    name: str = NAME,
    source: Object | None = None,
    where: str = HOME,
    spec: Object | None = None,
    **fields: Any,
) -> Object:
    """An ObjectSync in `where`; a destination is a namespace or whole. `fields` add to spec.source."""
    source = source or config_map(HOME)
    group = source["apiVersion"].rpartition("/")[0]
    reference = {"group": group, "kind": source["kind"], "name": source["metadata"]["name"]}
    if source["metadata"].get("namespace", where) != where:
        reference["namespace"] = source["metadata"]["namespace"]
    listed = [{"namespace": each} if isinstance(each, str) else each for each in destinations]
    return obj(
        "sync.rustrial.org/v1alpha1",
        "ObjectSync",
        where,
        name,
        spec={"source": {**reference, **fields}, "destinations": listed, **(spec or {})},
    )


def to(where: str, name: str = "", strategy: str = "") -> Object:
    given = {"namespace": where, "name": name, "strategy": strategy}
    return {key: value for key, value in given.items() if value or key == "namespace"}
