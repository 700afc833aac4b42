"""The kinds every Kubernetes API server has, so that they need no look-up.

Versions are those that all of Kubernetes 1.30 to 1.35 serve, but for NEWER; the first of a row is the preferred one. Of
cluster-scoped kinds nothing counts but that they are.
"""

from object_syncer.kube.types import ResourceType

_NAMESPACED = """
                            v1      ConfigMap                configmaps
                            v1      Endpoints                endpoints
                            v1      Event                    events
                            v1      LimitRange               limitranges
                            v1      PersistentVolumeClaim    persistentvolumeclaims
                            v1      Pod                      pods
                            v1      PodTemplate              podtemplates
                            v1      ReplicationController    replicationcontrollers
                            v1      ResourceQuota            resourcequotas
                            v1      Secret                   secrets
                            v1      Service                  services
                            v1      ServiceAccount           serviceaccounts
apps                        v1      ControllerRevision       controllerrevisions
apps                        v1      DaemonSet                daemonsets
apps                        v1      Deployment               deployments
apps                        v1      ReplicaSet               replicasets
apps                        v1      StatefulSet              statefulsets
autoscaling                 v2,v1   HorizontalPodAutoscaler  horizontalpodautoscalers
batch                       v1      CronJob                  cronjobs
batch                       v1      Job                      jobs
coordination.k8s.io         v1      Lease                    leases
discovery.k8s.io            v1      EndpointSlice            endpointslices
events.k8s.io               v1      Event                    events
networking.k8s.io           v1      Ingress                  ingresses
networking.k8s.io           v1      NetworkPolicy            networkpolicies
policy                      v1      PodDisruptionBudget      poddisruptionbudgets
rbac.authorization.k8s.io   v1      Role                     roles
rbac.authorization.k8s.io   v1      RoleBinding              rolebindings
resource.k8s.io             v1      ResourceClaim            resourceclaims
resource.k8s.io             v1      ResourceClaimTemplate    resourceclaimtemplates
storage.k8s.io              v1      CSIStorageCapacity       csistoragecapacities
"""

_CLUSTER_SCOPED = """
                              v1  Namespace                          namespaces
                              v1  Node                               nodes
                              v1  PersistentVolume                   persistentvolumes
                              v1  ComponentStatus                    componentstatuses
admissionregistration.k8s.io  v1  MutatingWebhookConfiguration       mutatingwebhookconfigurations
admissionregistration.k8s.io  v1  ValidatingAdmissionPolicy          validatingadmissionpolicies
admissionregistration.k8s.io  v1  ValidatingAdmissionPolicyBinding   validatingadmissionpolicybindings
admissionregistration.k8s.io  v1  ValidatingWebhookConfiguration     validatingwebhookconfigurations
apiextensions.k8s.io          v1  CustomResourceDefinition           customresourcedefinitions
apiregistration.k8s.io        v1  APIService                         apiservices
certificates.k8s.io           v1  CertificateSigningRequest          certificatesigningrequests
flowcontrol.apiserver.k8s.io  v1  FlowSchema                         flowschemas
flowcontrol.apiserver.k8s.io  v1  PriorityLevelConfiguration         prioritylevelconfigurations
networking.k8s.io             v1  IngressClass                       ingressclasses
networking.k8s.io             v1  IPAddress                          ipaddresses
networking.k8s.io             v1  ServiceCIDR                        servicecidrs
node.k8s.io                   v1  RuntimeClass                       runtimeclasses
rbac.authorization.k8s.io     v1  ClusterRole                        clusterroles
rbac.authorization.k8s.io     v1  ClusterRoleBinding                 clusterrolebindings
resource.k8s.io               v1  DeviceClass                        deviceclasses
resource.k8s.io               v1  ResourceSlice                      resourceslices
scheduling.k8s.io             v1  PriorityClass                      priorityclasses
storage.k8s.io                v1  CSIDriver                          csidrivers
storage.k8s.io                v1  CSINode                            csinodes
storage.k8s.io                v1  StorageClass                       storageclasses
storage.k8s.io                v1  VolumeAttachment                   volumeattachments
storage.k8s.io                v1  VolumeAttributesClass              volumeattributesclasses
"""


def _rows(table: str, namespaced: bool) -> dict[tuple[str, str], tuple[ResourceType, ...]]:
    rows = {}
    for line in table.strip("\n").splitlines():
        *group, versions, kind, resource = line.split()
        rows["".join(group), kind] = tuple(
            ResourceType("".join(group), version, kind, resource, namespaced) for version in versions.split(",")
        )
    return rows


KINDS: dict[tuple[str, str], tuple[ResourceType, ...]] = _rows(_NAMESPACED, True) | _rows(_CLUSTER_SCOPED, False)
"""(group, kind) -> the type in each of its versions, preferred one first."""

NEWER: dict[tuple[str, str], str] = {
    ("resource.k8s.io", "ResourceClaim"): "v1 since Kubernetes 1.34",
    ("resource.k8s.io", "ResourceClaimTemplate"): "v1 since Kubernetes 1.34",
}
"""(group, kind) -> since when the version above is served.

Before, it was another one in each version of Kubernetes. Hooks cannot ask the API server: an ObjectSync must name it.
"""

GROUPS = frozenset(group for group, _ in KINDS)
"""The API groups that the API server itself serves; no CRD can add a kind to them."""

RESERVED: dict[tuple[str, str], frozenset[str]] = {
    ("", "ConfigMap"): frozenset(("kube-root-ca.crt", "openshift-service-ca.crt")),
    ("", "ServiceAccount"): frozenset(("default", "builder", "deployer")),
}
"""(group, kind) -> names that controllers maintain in every namespace, so that they are never destinations."""

NEVER_COPIED_GROUPS = frozenset(("sync.rustrial.org", "metacontroller.k8s.io"))
"""A copied ObjectSync would act with the rights of its new namespace; the others are Object Syncer's own machinery."""

NEVER_COPIED: dict[tuple[str, str], str] = {
    ("", "Event"): "an Event reports on one object in its own namespace",
    ("", "Pod"): "a Pod belongs to its node and controller; copy its Deployment or PodTemplate",
    ("apps", "ControllerRevision"): "a ControllerRevision belongs to its controller",
    ("coordination.k8s.io", "Lease"): "a Lease is held by one process",
    ("events.k8s.io", "Event"): "an Event reports on one object in its own namespace",
}
"""(group, kind) -> why no object of this kind makes sense as a copy."""
