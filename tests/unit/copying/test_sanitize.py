"""What a copy must not carry, by kind: what the API server or a controller filled in at the source."""

import copy
from dataclasses import dataclass, field

from object_syncer.copying import sanitize
from object_syncer.kube.meta import Json
from object_syncer.status import reasons
from specification import cases


@dataclass(frozen=True)
class Case:
    reason: str
    kind: tuple[str, str]
    body: Json
    want: Json = field(default_factory=dict)


SERVICE = ("", "Service")
JOB = ("batch", "Job")


def job(labels: Json | None = None, **spec: object) -> Json:
    metadata = {} if labels is None else {"labels": labels}
    return {"spec": {"template": {"metadata": metadata, "spec": {"containers": []}}, **spec}}


@cases(
    Case(
        "the addresses of a Service are its own",
        SERVICE,
        {"spec": {"clusterIP": "10.0.0.7", "clusterIPs": ["10.0.0.7"], "ports": [{"port": 80}]}},
        {"spec": {"ports": [{"port": 80}]}},
    ),
    Case(
        "a headless Service is headless by its author's will",
        SERVICE,
        {"spec": {"clusterIP": "None", "clusterIPs": ["None"]}},
        {"spec": {"clusterIP": "None", "clusterIPs": ["None"]}},
    ),
    Case(
        "node ports are unique in a cluster",
        SERVICE,
        {"spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}, {"port": 81}]}},
        {"spec": {"type": "NodePort", "ports": [{"port": 80}, {"port": 81}]}},
    ),
    Case(
        "so is the health check's port",
        SERVICE,
        {"spec": {"healthCheckNodePort": 30100, "externalTrafficPolicy": "Local"}},
        {"spec": {"externalTrafficPolicy": "Local"}},
    ),
    Case(
        "an ExternalName Service has neither addresses nor ports",
        SERVICE,
        {"spec": {"type": "ExternalName", "externalName": "example.com"}},
        {"spec": {"type": "ExternalName", "externalName": "example.com"}},
    ),
    Case(
        "a volume belongs to one claim",
        ("", "PersistentVolumeClaim"),
        {"spec": {"volumeName": "pv-1", "storageClassName": "fast"}},
        {"spec": {"storageClassName": "fast"}},
    ),
    Case(
        "a ServiceAccount's tokens are its own, what it pulls images with is its author's will",
        ("", "ServiceAccount"),
        {"secrets": [{"name": "token-x"}], "imagePullSecrets": [{"name": "registry"}]},
        {"imagePullSecrets": [{"name": "registry"}]},
    ),
    Case(
        "a Job's selector and what it is selected by are generated",
        JOB,
        job(
            {
                "app": "a",
                "controller-uid": "u",
                "job-name": "j",
                "batch.kubernetes.io/controller-uid": "u",
                "batch.kubernetes.io/job-name": "j",
            },
            selector={"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
        ),
        job({"app": "a"}),
    ),
    Case("no empty labels are left behind", JOB, job({"controller-uid": "u"}, selector={}), job()),
    Case(
        "a selector that the author wrote stays, and so do its labels",
        JOB,
        job({"controller-uid": "mine"}, manualSelector=True, selector={"matchLabels": {"controller-uid": "mine"}}),
        job({"controller-uid": "mine"}, manualSelector=True, selector={"matchLabels": {"controller-uid": "mine"}}),
    ),
    Case(
        "the state of claim templates is not for a copy",
        ("apps", "StatefulSet"),
        {"spec": {"volumeClaimTemplates": [{"metadata": {"name": "d", "creationTimestamp": None}, "status": {}}]}},
        {"spec": {"volumeClaimTemplates": [{"metadata": {"name": "d"}}]}},
    ),
    Case(
        "timestamps of null in pod templates mean nothing",
        ("apps", "Deployment"),
        {"spec": {"template": {"metadata": {"creationTimestamp": None, "labels": {"a": "b"}}}}},
        {"spec": {"template": {"metadata": {"labels": {"a": "b"}}}}},
    ),
    Case(
        "also in the templates of templates",
        ("batch", "CronJob"),
        {
            "spec": {
                "jobTemplate": {
                    "metadata": {"creationTimestamp": None},
                    "spec": {"template": {"metadata": {"creationTimestamp": None}}},
                }
            }
        },
        {"spec": {"jobTemplate": {"metadata": {}, "spec": {"template": {"metadata": {}}}}}},
    ),
    Case(
        "a timestamp with a value in a custom resource is its author's",
        ("example.com", "Widget"),
        {"spec": {"template": {"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}}}},
        {"spec": {"template": {"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}}}},
    ),
    Case(
        "kinds without a rule stay as they are",
        ("example.com", "Service"),
        {"spec": {"clusterIP": "10.0.0.7", "volumeName": "v", "selector": {"a": "b"}}},
        {"spec": {"clusterIP": "10.0.0.7", "volumeName": "v", "selector": {"a": "b"}}},
    ),
    Case("an object may have no spec", ("", "ConfigMap"), {"data": {"a": "b"}}, {"data": {"a": "b"}}),
    Case("a spec may be anything", ("example.com", "Widget"), {"spec": ["template"]}, {"spec": ["template"]}),
    Case(
        "a template may be anything",
        ("example.com", "Widget"),
        {"spec": {"template": "text", "jobTemplate": {"metadata": None}}},
        {"spec": {"template": "text", "jobTemplate": {"metadata": None}}},
    ),
)
def test_clean(case: Case) -> None:
    body = copy.deepcopy(case.body)
    sanitize.clean(*case.kind, body)
    assert body == case.want


@dataclass(frozen=True)
class Copyable:
    reason: str
    kind: tuple[str, str]
    source: Json
    copied: bool


@cases(
    Copyable(
        "the token of a ServiceAccount is its own",
        ("", "Secret"),
        {"type": "kubernetes.io/service-account-token", "metadata": {}},
        False,
    ),
    Copyable(
        "a pull secret is the very use of this project",
        ("", "Secret"),
        {"type": "kubernetes.io/dockerconfigjson", "metadata": {}},
        True,
    ),
    Copyable(
        "a custom kind of that type is nobody's token",
        ("example.com", "Secret"),
        {"type": "kubernetes.io/service-account-token", "metadata": {}},
        True,
    ),
    Copyable(
        "labels of a controller mean nothing on other kinds",
        ("", "ConfigMap"),
        {
            "metadata": {
                "labels": {
                    "endpoints.kubernetes.io/managed-by": "x",
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                }
            }
        },
        True,
    ),
    Copyable("a Secret may have no type", ("", "Secret"), {"metadata": {}}, True),
    Copyable(
        "Endpoints that a controller keeps belong to their Service",
        ("", "Endpoints"),
        {"metadata": {"labels": {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}}},
        False,
    ),
    Copyable("Endpoints that a person wrote may be copied", ("", "Endpoints"), {"metadata": {"labels": None}}, True),
    Copyable(
        "an EndpointSlice that a controller keeps belongs to its Service",
        ("discovery.k8s.io", "EndpointSlice"),
        {"metadata": {"labels": {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}}},
        False,
    ),
    Copyable(
        "an EndpointSlice that a person wrote may be copied",
        ("discovery.k8s.io", "EndpointSlice"),
        {"metadata": {"labels": {"endpointslice.kubernetes.io/managed-by": "cluster-admins"}}},
        True,
    ),
)
def test_objects_that_must_not_be_copied(case: Copyable) -> None:
    problem = sanitize.problem(*case.kind, case.source)
    assert (problem is None) == case.copied
    assert problem is None or problem.reason == reasons.SOURCE_NOT_COPYABLE
