"""Object Syncer installed in an in-memory cluster: our manifests applied, our hooks called, our guard enforced.

The simulator, memcluster, knows Kubernetes and Metacontroller but not Object Syncer; this module brings them together.
`kube.builtin` has the built-in kinds that the hooks know; what only an API server needs to know of them is here.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from urllib.parse import urlsplit

import yaml

from memcluster import Cluster, Engine, HookError, Resource
from memcluster.engine import Task
from memcluster.resources import METACONTROLLER
from memcluster.webhooks import CallHook, Headers
from object_syncer import installation
from object_syncer.copying.adoption import may_be_taken
from object_syncer.kube import api, builtin, times
from object_syncer.kube.meta import Json, controller_of
from object_syncer.kube.metacontroller import BadRequest
from object_syncer.planning import guard
from object_syncer.routes import HEARTBEAT, WITH_ETAG, answer, answer_with_etag

QUIET_SECONDS = times.DRAIN_TIMEOUT + 10.0
"""How long nothing must be written before the rehearsal ends: longer than the longest delay of our hooks."""

_WITH_GENERATION = frozenset(
    {
        "CronJob", "CustomResourceDefinition", "DaemonSet", "Deployment", "DeviceClass", "EndpointSlice", "FlowSchema",
        "Ingress", "IngressClass", "Job", "MutatingWebhookConfiguration", "NetworkPolicy", "Pod",
        "PodDisruptionBudget", "PodTemplate", "PriorityClass", "PriorityLevelConfiguration", "ReplicaSet",
        "ReplicationController", "ResourceSlice", "StatefulSet", "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
    }
)  # fmt: skip
"""The built-in kinds whose objects have a metadata.generation."""

_WITH_STATUS = frozenset(
    {
        "APIService", "CertificateSigningRequest", "CronJob", "CustomResourceDefinition", "DaemonSet", "Deployment",
        "FlowSchema", "HorizontalPodAutoscaler", "Ingress", "Job", "Namespace", "Node", "PersistentVolume",
        "PersistentVolumeClaim", "Pod", "PodDisruptionBudget", "PriorityLevelConfiguration", "ReplicaSet",
        "ReplicationController", "ResourceClaim", "ResourceQuota", "Service", "ServiceCIDR", "StatefulSet",
        "ValidatingAdmissionPolicy", "VolumeAttachment",
    }
)  # fmt: skip
"""The built-in kinds whose status is a subresource."""

RESOURCES = (
    *METACONTROLLER,
    *(
        Resource(
            type_.api_version,
            type_.kind,
            type_.plural,
            type_.namespaced,
            has_generation=type_.kind in _WITH_GENERATION,
            has_status=type_.kind in _WITH_STATUS,
            stored_version=versions[0].api_version,
        )
        for versions in builtin.KINDS.values()
        for type_ in versions
    ),
)
"""What a cluster serves before there are CRDs; to be passed to `Cluster`."""

_ADMISSION = "admissionregistration.k8s.io/v1"


def install(
    cluster: Cluster,
    *,
    policy: bool = True,
    with_guard: bool = True,
    choose: Callable[[Sequence[Task]], Task] | None = None,
    call_hook: CallHook | None = None,
) -> Engine:
    """Apply what `object-syncer manifests` prints to the cluster and return an engine that calls the hooks.

    The cluster must serve RESOURCES. `policy` and `with_guard` say whether the default SyncPolicy and the guard are
    installed; `choose` is the engine's. `call_hook` is called instead of `call`, for tests in which hooks fail.
    """
    parts = machinery(with_guard=with_guard)
    if policy:
        parts += _objects(installation.policy(conflict_policies=["*"], transforms=["*"]))
    for obj in parts:
        cluster.create(obj)
    call_hook = call_hook or partial(call, cluster)
    engine = Engine(cluster, call_hook, choose=choose, quiet_seconds=QUIET_SECONDS, user=api.ENGINE_USER)
    cluster.admission.append(lambda operation, user, old, new: _admit(cluster, operation, user, old, new))
    return engine


def machinery(*, with_guard: bool = True) -> list[Json]:
    """Return what an installation consists of besides its SyncPolicies: CRDs, controllers, guard."""
    documents = [*installation.crds(), *installation.controllers(installation.DEFAULT_HOOKS_URL)]
    if with_guard:
        documents += installation.admission(api.ENGINE_USER)
    return [obj for document in documents for obj in _objects(document)]


def call(cluster: Cluster, url: str, body: Json, headers: Headers) -> Json:
    """Answer a hook as the server would, at the cluster's time. Raises HookError for a 400.

    The body may be changed and the answer kept: the engine passes on copies only. The heartbeat finds no outage: the
    engine in memory does not call it on time.
    """
    path = urlsplit(url).path
    try:
        if path not in WITH_ETAG:
            return answer(path, body, cluster.clock)
        etag = "" if path == HEARTBEAT else headers.get("If-None-Match", "")
        answered, headers["ETag"] = answer_with_etag(path, body, etag, cluster.clock)
        return answered
    except BadRequest as error:
        raise HookError(f"400: {error}") from error


@cache
def _objects(document: str) -> tuple[Json, ...]:
    return tuple(yaml.safe_load_all(document))


def _admit(cluster: Cluster, operation: str, user: str, old: Json | None, new: Json | None) -> str | None:
    """Return why the guard denies a write, None if it does not."""
    if operation != "UPDATE" or user != api.ENGINE_USER or not old or not new:
        return None
    policy, binding = (
        cluster.find(_ADMISSION, f"ValidatingAdmissionPolicy{part}", api.GUARD) for part in ("", "Binding")
    )
    if not new["metadata"].get("namespace") or not guard.denies(policy, binding) or allows_write(old, new):
        return None
    where = f"{old['metadata']['namespace']}/{old['metadata']['name']}"
    return f"Object Syncer did not create {where} and leaves it alone"


def allows_write(old: Json | None, new: Json) -> bool:
    """Tell whether the engine may create `new`, or update `old` to it; both are whole objects.

    A copy keeps the slice that it has, which may change its label to release it. Any other object may become a copy
    only if it may be taken over, and either is a copy of the same source that lost its label, or the new object names
    the conflict policy that permits it.
    What the engine writes in its dynamic-apply mode is never allowed: it corrupts lists and shows Secrets in
    annotations.
    """
    was, now = (old or {}).get("metadata") or {}, new["metadata"]
    label, was_label = ((meta.get("labels") or {}).get(api.SLICE_LABEL) for meta in (now, was))
    annotations, was_annotations = now.get("annotations") or {}, was.get("annotations") or {}
    if label is None:
        return True
    if api.LAST_APPLIED_ANNOTATION in annotations.keys() - was_annotations.keys():
        return False
    if old is None or label == was_label or _keeps_slice(old, new):
        return True
    if not may_be_taken(old):
        return False
    takes_over = api.TAKEOVER_ANNOTATION in annotations and api.TAKEOVER_ANNOTATION not in was_annotations
    return takes_over or was_annotations.get(api.SOURCE_ANNOTATION, "") == annotations.get(api.SOURCE_ANNOTATION)


def _keeps_slice(old: Json, new: Json) -> bool:
    owner = controller_of(new)
    if owner is None or owner != controller_of(old):
        return False
    return owner["kind"] == "SyncSlice" and str(owner["apiVersion"]).startswith(f"{api.GROUP}/")
