"""The objects that scenarios are about, and patches of them, each as short as it can be."""

from collections.abc import Mapping
from typing import Any

from grants import EVERYTHING
from scenarios.scenario import HOME, NAME, A, Object

GROUP = "g@.example.com"
WIDGETS = (f"{GROUP}/v1", "Widget")
CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
NAMESPACE = ("v1", "Namespace")
OBJECT_SYNC = ("sync.rustrial.org/v1alpha1", "ObjectSync")
SYNC_POLICY = ("sync.rustrial.org/v1alpha1", "SyncPolicy")

SLICE_LABEL = "sync.rustrial.org/slice"
SOURCE_ANNOTATION = "sync.rustrial.org/source-object"
MANAGED_BY = {"app.kubernetes.io/managed-by": "rustrial-object-syncer"}


def obj(api_version: str, kind: str, where: str, name: str = NAME, meta: Object | None = None, **body: Any) -> Object:
    """Return any object; `where` is its namespace, "" for none."""
    metadata = {"namespace": where, "name": name} if where else {"name": name}
    return {"apiVersion": api_version, "kind": kind, "metadata": {**metadata, **(meta or {})}, **body}


def namespace(name: str) -> Object:
    return obj(*NAMESPACE, "", name)


def config_map(where: str, name: str = NAME, data: Mapping[str, str] | None = None, **metadata: Any) -> Object:
    return obj("v1", "ConfigMap", where, name, metadata, data=dict(data or {"k": "v"}))


def secret(where: str, name: str = NAME, **body: Any) -> Object:
    return obj("v1", "Secret", where, name, **{"type": "Opaque", "data": {"k": "dg=="}, **body})


def role_binding(where: str, role: str = "view") -> Object:
    group = "rbac.authorization.k8s.io"
    return obj(
        f"{group}/v1",
        "RoleBinding",
        where,
        roleRef={"apiGroup": group, "kind": "ClusterRole", "name": role},
        subjects=[{"apiGroup": group, "kind": "User", "name": "somebody"}],
    )


def network_policy(where: str, **metadata: Any) -> Object:
    """Return an object of a built-in kind with a generation; every field that would have a default is given."""
    spec = {"podSelector": {"matchLabels": {"app": "x"}}, "policyTypes": ["Ingress"]}
    return obj("networking.k8s.io/v1", "NetworkPolicy", where, meta=metadata, spec=spec)


def quota(where: str, scope: str = "BestEffort") -> Object:
    return obj("v1", "ResourceQuota", where, spec={"hard": {"pods": "10"}, "scopes": [scope]})


def crd(
    kind: str = "Widget", plural: str = "widgets", *, versions: tuple[str, ...] = ("v1",), scope: str = "Namespaced"
) -> Object:
    """Return a CustomResourceDefinition whose objects may hold anything; its first version is the stored one."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    served = [
        {"name": version, "served": True, "storage": version == versions[0], "schema": schema} for version in versions
    ]
    spec = {"group": GROUP, "scope": scope, "names": {"kind": kind, "plural": plural}, "versions": served}
    return obj(*CRD, "", f"{plural}.{GROUP}", spec=spec)


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
    """Return an ObjectSync in `where`; a destination is a namespace or whole. `fields` add to spec.source."""
    source = source or config_map(HOME)
    group = source["apiVersion"].rpartition("/")[0]
    reference = {"group": group, "kind": source["kind"], "name": source["metadata"]["name"]}
    if source["metadata"].get("namespace", where) != where:
        reference["namespace"] = source["metadata"]["namespace"]
    listed = [{"namespace": each} if isinstance(each, str) else each for each in destinations]
    whole = {"source": {**reference, **fields}, "destinations": listed, **(spec or {})}
    return obj(*OBJECT_SYNC, where, name, spec=whole)


def sync_policy(name: str, **spec: Any) -> Object:
    """Return a SyncPolicy that permits everything but for what `spec` says."""
    return obj(*SYNC_POLICY, "", name, spec=EVERYTHING | spec)


def body_of(obj: Object) -> Object:
    """Return what is in an object beside its metadata."""
    return {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata", "status")}


def to(where: str, name: str = "", strategy: str = "") -> Object:
    """Return a destination."""
    given = {"namespace": where, "name": name, "strategy": strategy}
    return {key: value for key, value in given.items() if value or key == "namespace"}


def selecting(labels: Mapping[str, str]) -> Object:
    """Return a destination in every namespace that has these labels."""
    return {"namespaceSelector": {"matchLabels": dict(labels)}}


def data(**entries: str | None) -> Object:
    """Return a patch of a ConfigMap's data."""
    return {"data": entries}


def meta(**fields: object) -> Object:
    """Return a patch of metadata."""
    return {"metadata": fields}


def destinations(*where: str | Object) -> Object:
    """Return a patch of an ObjectSync's destinations."""
    return {"spec": {"destinations": object_sync(*where)["spec"]["destinations"]}}


SOURCE = config_map(HOME)
COPY = config_map(A)
SYNC = object_sync(A)
DATA: Object = {"data": {"k": "v"}}
