"""Sources of many kinds, as users write them and as controllers leave them, and what of each a copy must not have."""

import base64
from dataclasses import dataclass

from object_syncer.kube.meta import Json


@dataclass(frozen=True)
class Source:
    """An object to copy; `cleaned` are the JSON pointers of its body where a copy differs, as the API server has both.

    `/*` stands for every item of a list.
    """

    reason: str
    obj: Json
    cleaned: frozenset[str] = frozenset()
    writes: int = 1
    """How many writes it takes until another one changes nothing."""


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def v1(kind: str, **body: object) -> Json:
    return {"apiVersion": "v1", "kind": kind, **body}


def of(group_version: str, kind: str, **body: object) -> Json:
    return {"apiVersion": group_version, "kind": kind, **body}


def pod(**spec: object) -> Json:
    """Return a pod template whose fields have defaults, and lists with keys."""
    container = {
        "name": "main",
        "image": "registry.example/app:1",
        "command": ["sleep"],
        "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "0.5Gi"}},
        "volumeMounts": [{"name": "scratch", "mountPath": "/a"}, {"name": "scratch", "mountPath": "/b"}],
        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
    }
    return {
        "metadata": {"labels": {"app": "demo"}},
        "spec": {"containers": [container], "volumes": [{"name": "scratch", "emptyDir": {}}], **spec},
    }


SELECTOR = {"matchLabels": {"app": "demo"}}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
ADDRESSES = frozenset(("/spec/clusterIP", "/spec/clusterIPs/*"))
JOB = frozenset(
    (
        "/spec/selector/matchLabels/batch.kubernetes.io~1controller-uid",
        "/spec/template/metadata/labels/batch.kubernetes.io~1controller-uid",
        "/spec/template/metadata/labels/controller-uid",
    )
)
"""The Job controller's own; the API server gives the copy those of its own."""

SOURCES = (
    Source("ConfigMap", v1("ConfigMap", data={"a": "1", "b.txt": "x\n"}, binaryData={"c": encoded("\0")})),
    Source("an empty ConfigMap", v1("ConfigMap")),
    Source("an immutable ConfigMap", v1("ConfigMap", data={"a": "1"}, immutable=True)),
    Source("Secret", v1("Secret", stringData={"password": "fake"})),
    Source("an immutable Secret", v1("Secret", data={"password": encoded("fake")}, immutable=True)),
    Source(
        "a pull Secret",
        v1("Secret", type="kubernetes.io/dockerconfigjson", data={".dockerconfigjson": encoded('{"auths":{}}')}),
    ),
    Source("a TLS Secret", v1("Secret", type="kubernetes.io/tls", data={"tls.crt": "", "tls.key": ""})),
    Source("a basic-auth Secret", v1("Secret", type="kubernetes.io/basic-auth", stringData={"username": "fake"})),
    Source("an SSH Secret", v1("Secret", type="kubernetes.io/ssh-auth", stringData={"ssh-privatekey": "fake"})),
    Source("a Secret of a type of one's own", v1("Secret", type="example.com/mine", data={"a": ""})),
    Source(
        "Service",
        v1("Service", spec={"selector": {"app": "demo"}, "ports": [{"port": 80, "targetPort": "http"}]}),
        ADDRESSES,
    ),
    Source(
        "a Service with two ports 53",
        v1(
            "Service",
            spec={
                "ports": [{"name": "u", "port": 53, "protocol": "UDP"}, {"name": "t", "port": 53, "protocol": "TCP"}],
                "sessionAffinity": "ClientIP",
            },
        ),
        ADDRESSES,
    ),
    Source(
        "a NodePort Service",
        v1("Service", spec={"type": "NodePort", "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}),
        ADDRESSES | {"/spec/ports/*/nodePort"},
    ),
    Source(
        "a LoadBalancer Service",
        v1("Service", spec={"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": [{"port": 80}]}),
        ADDRESSES | {"/spec/ports/*/nodePort", "/spec/healthCheckNodePort"},
    ),
    Source("a headless Service", v1("Service", spec={"clusterIP": "None", "ports": [{"port": 80}]})),
    Source(
        "a headless Service without ports",
        v1("Service", spec={"clusterIP": "None", "publishNotReadyAddresses": True}),
    ),
    Source("an ExternalName Service", v1("Service", spec={"type": "ExternalName", "externalName": "example.com"})),
    Source("PersistentVolumeClaim", v1("PersistentVolumeClaim", spec={**CLAIM, "storageClassName": "fast"}), writes=2),
    Source(
        "a bound PersistentVolumeClaim",
        v1("PersistentVolumeClaim", spec={**CLAIM, "volumeName": "pv-1"}),
        frozenset(("/spec/volumeName",)),
        writes=2,
    ),
    Source("Job", of("batch/v1", "Job", spec={"template": pod(restartPolicy="Never")}), JOB),
    Source(
        "an indexed Job",
        of(
            "batch/v1",
            "Job",
            spec={
                "completionMode": "Indexed",
                "completions": 3,
                "suspend": True,
                "template": pod(restartPolicy="Never"),
            },
        ),
        JOB,
    ),
    Source(
        "a Job whose author wrote the selector",
        of(
            "batch/v1",
            "Job",
            spec={"manualSelector": True, "selector": SELECTOR, "template": pod(restartPolicy="Never")},
        ),
    ),
    Source(
        "CronJob",
        of(
            "batch/v1",
            "CronJob",
            spec={"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": pod(restartPolicy="OnFailure")}}},
        ),
    ),
    Source("Deployment", of("apps/v1", "Deployment", spec={"replicas": 3, "selector": SELECTOR, "template": pod()})),
    Source(
        "StatefulSet",
        of(
            "apps/v1",
            "StatefulSet",
            spec={
                "serviceName": "demo",
                "selector": SELECTOR,
                "template": pod(),
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": CLAIM}],
            },
        ),
    ),
    Source("DaemonSet", of("apps/v1", "DaemonSet", spec={"selector": SELECTOR, "template": pod()})),
    Source("ReplicaSet", of("apps/v1", "ReplicaSet", spec={"selector": SELECTOR, "template": pod()})),
    Source("ReplicationController", v1("ReplicationController", spec={"selector": {"app": "demo"}, "template": pod()})),
    Source("PodTemplate", v1("PodTemplate", template=pod())),
    Source(
        "Ingress",
        of(
            "networking.k8s.io/v1",
            "Ingress",
            spec={
                "tls": [{"hosts": ["a.example"], "secretName": "tls"}],
                "rules": [
                    {
                        "host": host,
                        "http": {
                            "paths": [
                                {
                                    "path": "/",
                                    "pathType": "Prefix",
                                    "backend": {"service": {"name": name, "port": {"name": "http"}}},
                                }
                                for name in ("one", "two")
                            ]
                        },
                    }
                    for host in ("a.example", "b.example")
                ],
            },
        ),
    ),
    Source(
        "a NetworkPolicy with two ports 53",
        of(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            spec={
                "podSelector": {},
                "policyTypes": ["Ingress", "Egress"],
                "egress": [{"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}],
                "ingress": [{"from": [{"podSelector": {}}, {"namespaceSelector": {}}]}, {}],
            },
        ),
    ),
    Source(
        "Role",
        of(
            "rbac.authorization.k8s.io/v1",
            "Role",
            rules=[
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"], "resourceNames": ["a"]},
            ],
        ),
    ),
    Source(
        "a RoleBinding with two subjects called default",
        of(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            subjects=[
                {"kind": "ServiceAccount", "name": "default", "namespace": "one"},
                {"kind": "ServiceAccount", "name": "default", "namespace": "two"},
                {"kind": "User", "name": "alice"},
            ],
        ),
    ),
    Source(
        "ServiceAccount",
        v1("ServiceAccount", imagePullSecrets=[{"name": "one"}, {"name": "two"}], automountServiceAccountToken=False),
    ),
    Source(
        "a ServiceAccount with a token Secret",
        v1("ServiceAccount", secrets=[{"name": "demo-token-1"}]),
        frozenset(("/secrets",)),
    ),
    Source(
        "ResourceQuota",
        v1(
            "ResourceQuota",
            spec={
                "hard": {"pods": "10", "requests.cpu": "1", "limits.memory": "0.5Gi"},
                "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists"}]},
            },
        ),
    ),
    Source(
        "LimitRange",
        v1(
            "LimitRange",
            spec={
                "limits": [
                    {"type": "Container", "default": {"cpu": "1"}, "max": {"cpu": "2000m"}},
                    {"type": "Pod", "max": {"cpu": "4"}},
                ]
            },
        ),
    ),
    Source(
        "PodDisruptionBudget",
        of("policy/v1", "PodDisruptionBudget", spec={"minAvailable": "50%", "selector": SELECTOR}),
    ),
    Source(
        "HorizontalPodAutoscaler",
        of(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            spec={
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "demo"},
                "maxReplicas": 5,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": 80}},
                    }
                    for name in ("cpu", "memory")
                ],
                "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}},
            },
        ),
    ),
    Source(
        "a HorizontalPodAutoscaler of the older version",
        of(
            "autoscaling/v1",
            "HorizontalPodAutoscaler",
            spec={
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "demo"},
                "maxReplicas": 5,
                "targetCPUUtilizationPercentage": 70,
            },
        ),
    ),
    Source(
        "an EndpointSlice that a person wrote",
        of(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            addressType="IPv4",
            endpoints=[{"addresses": ["192.0.2.1"], "conditions": {"ready": True}}, {"addresses": ["192.0.2.2"]}],
            ports=[{"name": "a", "port": 53, "protocol": "UDP"}, {"name": "b", "port": 53}],
        ),
    ),
    Source(
        "Endpoints that a person wrote",
        v1(
            "Endpoints",
            subsets=[
                {"addresses": [{"ip": "192.0.2.1"}, {"ip": "192.0.2.2", "hostname": "b"}], "ports": [{"port": 80}]},
            ],
        ),
    ),
    Source(
        "ResourceClaim",
        of(
            "resource.k8s.io/v1",
            "ResourceClaim",
            spec={"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.example"}}]}},
        ),
    ),
    Source(
        "CSIStorageCapacity",
        of("storage.k8s.io/v1", "CSIStorageCapacity", storageClassName="fast", capacity="1Ti", nodeTopology=SELECTOR),
    ),
    Source(
        "ResourceClaimTemplate",
        of(
            "resource.k8s.io/v1",
            "ResourceClaimTemplate",
            spec={"spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.example"}}]}}},
        ),
    ),
    Source(
        "a custom resource with nulls, sets and lists with keys",
        of(
            "tests.example/v1",
            "Gadget",
            spec={
                "nothing": None,
                "some": None,
                "names": ["b", "a"],
                "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}, {"port": 80}],
                "steps": [{"name": "x"}, {"name": "x"}],
                "amount": "0.5Gi",
                "free": {"any": {"thing": [1, 2.5, True, None, {"deep": []}]}, "empty": {}},
                "template": {"metadata": {"labels": {"app": "x"}}, "spec": {}},
            },
        ),
    ),
    Source(
        "a custom resource with fields at its root",
        of("tests.example/v1", "Gadget", data={"a": "1"}, rules=[{"x": 1}], immutable=True),
    ),
    Source("a custom resource without a spec", of("tests.example/v1", "Gadget")),
)

GADGETS: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "gadgets.tests.example"},
    "spec": {
        "group": "tests.example",
        "scope": "Namespaced",
        "names": {"kind": "Gadget", "plural": "gadgets", "singular": "gadget", "listKind": "GadgetList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "data": {"type": "object", "additionalProperties": {"type": "string"}},
                            "immutable": {"type": "boolean"},
                            "rules": {
                                "type": "array",
                                "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                            },
                            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "nothing": {"type": "string", "nullable": True},
                                    "some": {"type": "string", "nullable": True, "default": "default"},
                                    "names": {
                                        "type": "array",
                                        "x-kubernetes-list-type": "set",
                                        "items": {"type": "string"},
                                    },
                                    "ports": {
                                        "type": "array",
                                        "x-kubernetes-list-type": "map",
                                        "x-kubernetes-list-map-keys": ["port", "protocol"],
                                        "items": {
                                            "type": "object",
                                            "required": ["port"],
                                            "properties": {
                                                "port": {"type": "integer"},
                                                "protocol": {"type": "string", "default": "TCP"},
                                            },
                                        },
                                    },
                                    "steps": {
                                        "type": "array",
                                        "items": {
                                            "type": "object",
                                            "properties": {
                                                "name": {"type": "string"},
                                                "retries": {"type": "integer", "default": 3},
                                            },
                                        },
                                    },
                                    "amount": {"x-kubernetes-int-or-string": True},
                                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                    "template": {
                                        "type": "object",
                                        "properties": {
                                            "metadata": {
                                                "type": "object",
                                                "x-kubernetes-preserve-unknown-fields": True,
                                            },
                                            "spec": {"type": "object"},
                                        },
                                    },
                                },
                            },
                        },
                    }
                },
            }
        ],
    },
}
"""The type of the custom resources: with everything that a structural schema can say of lists and nulls."""
