"""Small objects, CRDs, controllers and hooks for the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from memcluster import Cluster, HookError, Resource
from memcluster.resources import RESOURCES

Json = dict[str, Any]
Hook = Callable[[Json], Json]

NETWORK_POLICIES = Resource("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", True, has_generation=True)
ROLE_BINDINGS = Resource("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", True)


def new_cluster() -> Cluster:
    """Return a cluster that serves the kinds of these tests."""
    return Cluster(resources=(*RESOURCES, NETWORK_POLICIES, ROLE_BINDINGS))


def namespace(name: str, **labels: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def config_map(name: str, data: dict[str, str] | None = None, ns: str = "default", **metadata: Any) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": ns, **metadata},
        "data": data or {},
    }


def crd(
    kind: str, plural: str, scope: str = "Cluster", versions: tuple[str, ...] = ("v1",), status: bool = True
) -> Json:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.toys.dev"},
        "spec": {
            "group": "toys.dev",
            "names": {"kind": kind, "plural": plural},
            "scope": scope,
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == versions[0],
                    "subresources": {"status": {}} if status else {},
                }
                for version in versions
            ],
        },
    }


def fan(name: str = "one", **spec: Any) -> Json:
    """Return a cluster-scoped parent whose children are in many namespaces."""
    return {"apiVersion": "toys.dev/v1", "kind": "Fan", "metadata": {"name": name}, "spec": spec}


def composite(
    name: str = "fans", *, hooks: tuple[str, ...] = ("sync",), parent: Json | None = None, **spec: Any
) -> Json:
    return {
        "apiVersion": "metacontroller.k8s.io/v1alpha1",
        "kind": "CompositeController",
        "metadata": {"name": name},
        "spec": {
            "generateSelector": True,
            "parentResource": {"apiVersion": "toys.dev/v1", "resource": "fans", **(parent or {})},
            "childResources": [
                {"apiVersion": "v1", "resource": "configmaps", "updateStrategy": {"method": "InPlace"}},
            ],
            "hooks": {hook: webhook(f"/{name}/{hook}") for hook in hooks},
            **spec,
        },
    }


def decorator(name: str = "marks", *, hooks: tuple[str, ...] = ("sync",), resource: Json | None = None) -> Json:
    return {
        "apiVersion": "metacontroller.k8s.io/v1alpha1",
        "kind": "DecoratorController",
        "metadata": {"name": name},
        "spec": {
            "resources": [resource or {"apiVersion": "toys.dev/v1", "resource": "fans"}],
            "hooks": {hook: webhook(f"/{name}/{hook}") for hook in hooks},
        },
    }


def webhook(path: str) -> Json:
    return {"version": "v2", "webhook": {"url": f"http://hooks{path}"}}


class Hooks:
    """Functions by path; every request is recorded."""

    def __init__(self, **functions: Hook) -> None:
        self.functions = {f"http://hooks/{name.replace('__', '/')}": function for name, function in functions.items()}
        self.requests: list[tuple[str, Json]] = []
        self.headers: list[dict[str, str]] = []

    def __call__(self, url: str, body: Json, headers: dict[str, str]) -> Json:
        self.requests.append((url, body))
        self.headers.append(headers)
        if url not in self.functions:
            raise HookError(f"404 {url}")
        return self.functions[url](body)

    def count(self, ending: str) -> int:
        return sum(1 for url, _ in self.requests if url.endswith(ending))


def fan_out(body: Json) -> Json:
    """Answer one ConfigMap per namespace in the parent's spec, and a status that counts those that exist."""
    parent = body["parent"]
    data = parent["spec"].get("data", {"k": "v"})
    children = [config_map("copy", data, ns) for ns in parent["spec"].get("namespaces", [])]
    return {"children": children, "status": {"seen": len(body["children"]["ConfigMap.v1"])}}
