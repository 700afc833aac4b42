"""The types that an installation consists of, those that a cluster serves of any kind, and how objects are named."""

from collections.abc import Iterable

from object_syncer.kube import api, builtin, types
from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.kube.types import ResourceType

CRD = builtin.KINDS["apiextensions.k8s.io", "CustomResourceDefinition"][0]
NAMESPACE = builtin.KINDS["", "Namespace"][0]
EVENT = builtin.KINDS["", "Event"][0]
DEPLOYMENT = builtin.KINDS["apps", "Deployment"][0]
STATEFUL_SET = builtin.KINDS["apps", "StatefulSet"][0]
ADMISSION_POLICY = builtin.KINDS["admissionregistration.k8s.io", "ValidatingAdmissionPolicy"][0]
ADMISSION_BINDING = builtin.KINDS["admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"][0]

OBJECT_SYNC = ResourceType(api.GROUP, "v1alpha1", "ObjectSync", "objectsyncs")
SYNC_POLICY = ResourceType(api.GROUP, "v1alpha1", "SyncPolicy", "syncpolicies", namespaced=False)
SYNC_SLICE = ResourceType(api.GROUP, "v1alpha1", "SyncSlice", "syncslices", namespaced=False)

_ENGINE = "metacontroller.k8s.io"
COMPOSITE = ResourceType(_ENGINE, "v1alpha1", "CompositeController", "compositecontrollers", namespaced=False)
DECORATOR = ResourceType(_ENGINE, "v1alpha1", "DecoratorController", "decoratorcontrollers", namespaced=False)


def copied(slices: Iterable[Json], object_syncs: Iterable[Json]) -> list[ResourceType]:
    """Return the types of copies there may be: of all SyncSlices, and those that the ObjectSyncs' status names."""
    named = [item["spec"]["resource"] for item in slices]
    named += [(item.get("status") or {}).get("resolved") for item in object_syncs]
    return sorted({types.load(each) for each in named if each})


def served(group: str, kind: str, crds: Iterable[Json]) -> ResourceType | None:
    """Return the type of a kind in the version to read it in, None if no API server or CRD has it."""
    versions = builtin.KINDS.get((group, kind))
    if versions:
        return versions[0]
    for crd in crds:
        spec = crd["spec"]
        if (spec["group"], spec["names"]["kind"]) == (group, kind):
            version = next((each["name"] for each in spec["versions"] if each.get("served")), None)
            if version:
                return ResourceType(group, version, kind, spec["names"]["plural"], spec["scope"] == "Namespaced")
    return None


def place(obj: Json) -> str:
    """Return namespace/name of an object, the name alone if it is cluster-scoped."""
    return f"{namespace_of(obj)}/{name_of(obj)}".lstrip("/")
