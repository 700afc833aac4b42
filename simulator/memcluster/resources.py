"""Resources: a kind in one version, with what the API server knows of it beside its name.

An object is stored once, under its group and plural; every served version shows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from memcluster.objects import Json, group_of


class GroupResource(NamedTuple):
    """Where objects are stored: group and plural, whatever the version."""

    group: str
    plural: str


@dataclass(frozen=True)
class Resource:
    """One kind in one served version, as discovery shows it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    has_generation: bool = False
    has_status: bool = False
    """Whether the status is a subresource."""
    stored_version: str = ""
    """The apiVersion its objects are stored in, if that is another one."""
    schema: Json = field(default_factory=dict, compare=False, repr=False)
    """The OpenAPI schema of a custom kind."""

    @cached_property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return group_of(self.api_version)

    @property
    def version(self) -> str:
        """The version without its group."""
        return self.api_version.rpartition("/")[2]

    @cached_property
    def key(self) -> GroupResource:
        """Where its objects are stored."""
        return GroupResource(self.group, self.plural)

    def view(self, obj: Json) -> Json:
        """Return an object of this kind as this version shows it."""
        return obj if obj["apiVersion"] == self.api_version else {**obj, "apiVersion": self.api_version}

    def as_stored(self, obj: Json) -> Json:
        """Return an object of this kind in the version it is stored in."""
        stored = self.stored_version or self.api_version
        return obj if obj["apiVersion"] == stored else {**obj, "apiVersion": stored}


NAMESPACES = GroupResource("", "namespaces")
SECRETS = GroupResource("", "secrets")
CRDS = GroupResource("apiextensions.k8s.io", "customresourcedefinitions")

METACONTROLLER = (
    Resource("metacontroller.k8s.io/v1alpha1", "CompositeController", "compositecontrollers", False, True, True),
    Resource("metacontroller.k8s.io/v1alpha1", "DecoratorController", "decoratorcontrollers", False, True, True),
    Resource("metacontroller.k8s.io/v1alpha1", "ControllerRevision", "controllerrevisions", True, True),
)
"""What the engine needs; on a real cluster these are custom resources."""

RESOURCES = (
    Resource("v1", "Namespace", "namespaces", False, has_status=True),
    Resource("v1", "Node", "nodes", False, has_status=True),
    Resource("v1", "ConfigMap", "configmaps", True),
    Resource("v1", "Secret", "secrets", True),
    Resource("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", False, True, True),
    *METACONTROLLER,
)
"""What a cluster serves unless it is given other resources: enough to try a hook."""
