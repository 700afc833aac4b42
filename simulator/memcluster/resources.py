"""What the API server knows of kinds: a table of the built-in ones, and what CRDs add while they exist.

An object is stored once, under its group and plural; every served version shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from memcluster.jsons import Json, group_of, name_of


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
    stored_version: str = ""
    schema: Json = field(default_factory=dict, compare=False, repr=False)
    """The OpenAPI schema of a custom kind."""

    @cached_property
    def group(self) -> str:
        """The API group; empty for core."""
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
        """An object of this kind as this version shows it."""
        return obj if obj["apiVersion"] == self.api_version else {**obj, "apiVersion": self.api_version}

    def as_stored(self, obj: Json) -> Json:
        """An object of this kind in the version it is stored in."""
        stored = self.stored_version or self.api_version
        return obj if obj["apiVersion"] == stored else {**obj, "apiVersion": stored}


# apiVersion: kind/plural and marks. n namespaced, g has a generation, s has a status subresource.
_BUILT_IN = {
    "v1": (
        "Namespace/namespaces s, Node/nodes s, PersistentVolume/persistentvolumes s, ConfigMap/configmaps n, "
        "Secret/secrets n, ServiceAccount/serviceaccounts n, Service/services ns, Endpoints/endpoints n, "
        "Event/events n, LimitRange/limitranges n, ResourceQuota/resourcequotas ns, Pod/pods ngs, "
        "PodTemplate/podtemplates ng, ReplicationController/replicationcontrollers ngs, "
        "PersistentVolumeClaim/persistentvolumeclaims ns, ComponentStatus/componentstatuses"
    ),
    "apps/v1": (
        "Deployment/deployments ngs, StatefulSet/statefulsets ngs, DaemonSet/daemonsets ngs, "
        "ReplicaSet/replicasets ngs, ControllerRevision/controllerrevisions n"
    ),
    "batch/v1": "Job/jobs ngs, CronJob/cronjobs ngs",
    "networking.k8s.io/v1": (
        "NetworkPolicy/networkpolicies ng, Ingress/ingresses ngs, IngressClass/ingressclasses g, "
        "IPAddress/ipaddresses, ServiceCIDR/servicecidrs s"
    ),
    "rbac.authorization.k8s.io/v1": (
        "Role/roles n, RoleBinding/rolebindings n, ClusterRole/clusterroles, ClusterRoleBinding/clusterrolebindings"
    ),
    "policy/v1": "PodDisruptionBudget/poddisruptionbudgets ngs",
    "autoscaling/v1": "HorizontalPodAutoscaler/horizontalpodautoscalers ns",
    "autoscaling/v2": "HorizontalPodAutoscaler/horizontalpodautoscalers ns",
    "discovery.k8s.io/v1": "EndpointSlice/endpointslices ng",
    "events.k8s.io/v1": "Event/events n",
    "coordination.k8s.io/v1": "Lease/leases n",
    "scheduling.k8s.io/v1": "PriorityClass/priorityclasses g",
    "node.k8s.io/v1": "RuntimeClass/runtimeclasses",
    "certificates.k8s.io/v1": "CertificateSigningRequest/certificatesigningrequests s",
    "flowcontrol.apiserver.k8s.io/v1": (
        "FlowSchema/flowschemas gs, PriorityLevelConfiguration/prioritylevelconfigurations gs"
    ),
    "resource.k8s.io/v1": (
        "ResourceClaim/resourceclaims ns, ResourceClaimTemplate/resourceclaimtemplates n, DeviceClass/deviceclasses g, "
        "ResourceSlice/resourceslices g"
    ),
    "storage.k8s.io/v1": (
        "StorageClass/storageclasses, VolumeAttachment/volumeattachments s, CSIDriver/csidrivers, CSINode/csinodes, "
        "CSIStorageCapacity/csistoragecapacities n, VolumeAttributesClass/volumeattributesclasses"
    ),
    "apiextensions.k8s.io/v1": "CustomResourceDefinition/customresourcedefinitions gs",
    "apiregistration.k8s.io/v1": "APIService/apiservices s",
    "admissionregistration.k8s.io/v1": (
        "ValidatingAdmissionPolicy/validatingadmissionpolicies gs, "
        "ValidatingAdmissionPolicyBinding/validatingadmissionpolicybindings g, "
        "ValidatingWebhookConfiguration/validatingwebhookconfigurations g, "
        "MutatingWebhookConfiguration/mutatingwebhookconfigurations g"
    ),
    "metacontroller.k8s.io/v1alpha1": (
        "CompositeController/compositecontrollers gs, DecoratorController/decoratorcontrollers gs, "
        "ControllerRevision/controllerrevisions ng"
    ),
}
_STORED_ELSEWHERE = {("autoscaling/v1", "horizontalpodautoscalers"): "autoscaling/v2"}

NAMESPACES = GroupResource("", "namespaces")
SECRETS = GroupResource("", "secrets")
CRDS = GroupResource("apiextensions.k8s.io", "customresourcedefinitions")


def _built_in() -> Iterator[Resource]:
    for api_version, entries in _BUILT_IN.items():
        for entry in entries.split(", "):
            names, _, marks = entry.partition(" ")
            kind, _, plural = names.partition("/")
            stored = _STORED_ELSEWHERE.get((api_version, plural), api_version)
            yield Resource(api_version, kind, plural, "n" in marks, "g" in marks, "s" in marks, stored)


BUILT_IN_RESOURCES = tuple(_built_in())


def is_established(crd: Json) -> bool:
    """Whether the API server serves this CRD's kind."""
    conditions = (crd.get("status") or {}).get("conditions") or []
    return any(each.get("type") == "Established" and each.get("status") == "True" for each in conditions)


def resources_of_crd(crd: Json) -> list[Resource]:
    """One resource per served version of a CRD; none as long as it is not established."""
    if not is_established(crd):
        return []
    spec = crd["spec"]
    group, names = spec["group"], spec["names"]
    stored = next((each["name"] for each in spec["versions"] if each.get("storage")), spec["versions"][0]["name"])
    return [
        Resource(
            api_version=f"{group}/{version['name']}",
            kind=names["kind"],
            plural=names["plural"],
            namespaced=spec.get("scope") == "Namespaced",
            has_generation=True,
            has_status="status" in (version.get("subresources") or {}),
            stored_version=f"{group}/{stored}",
            schema=(version.get("schema") or {}).get("openAPIV3Schema") or {},
        )
        for version in spec["versions"]
        if version.get("served", True)
    ]


class Discovery:
    """The kinds served right now, found by apiVersion and plural or kind."""

    def __init__(self) -> None:
        self._by_plural: dict[tuple[str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self._of_crd: dict[str, list[Resource]] = {}
        for resource in BUILT_IN_RESOURCES:
            self._add(resource)

    def by_plural(self, api_version: str, plural: str) -> Resource | None:
        """The resource of that apiVersion and plural, if it is served."""
        return self._by_plural.get((api_version, plural))

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource of that apiVersion and kind, if it is served."""
        return self._by_kind.get((api_version, kind))

    def served(self) -> list[Resource]:
        """Every kind in every version that is served."""
        return list(self._by_kind.values())

    def set_crd(self, crd: Json) -> None:
        """Serve what a CRD says now, instead of what it said before."""
        self.remove_crd(name_of(crd))
        added = resources_of_crd(crd)
        self._of_crd[name_of(crd)] = added
        for resource in added:
            self._add(resource)

    def remove_crd(self, name: str) -> None:
        """Stop serving a CRD's kind."""
        for resource in self._of_crd.pop(name, []):
            self._by_plural.pop((resource.api_version, resource.plural), None)
            self._by_kind.pop((resource.api_version, resource.kind), None)

    def _add(self, resource: Resource) -> None:
        self._by_plural[resource.api_version, resource.plural] = resource
        self._by_kind[resource.api_version, resource.kind] = resource


def established_status(crd: Json, at: str) -> Json:
    """The status the API server gives a CRD whose names it accepts."""
    spec = crd["spec"]
    names = {"listKind": f"{spec['names']['kind']}List", "singular": spec["names"]["kind"].lower(), **spec["names"]}
    accepted = {"lastTransitionTime": at, "status": "True"}
    return {
        "acceptedNames": names,
        "conditions": [
            {**accepted, "type": "NamesAccepted", "reason": "NoConflicts", "message": "no conflicts found"},
            {
                **accepted,
                "type": "Established",
                "reason": "InitialNamesAccepted",
                "message": "the initial names have been accepted",
            },
        ],
        "storedVersions": [each["name"] for each in spec["versions"] if each.get("storage")],
    }


def pending_status(crd: Json) -> Json:
    """The status of a CRD right after it was created, before the API server looked at it."""
    stored = [each["name"] for each in crd["spec"]["versions"] if each.get("storage")]
    return {"acceptedNames": {"kind": "", "plural": ""}, "conditions": None, "storedVersions": stored}
