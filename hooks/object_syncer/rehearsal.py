"""Object Syncer installed in the in-memory cluster: our manifests applied, our hooks called, our guard enforced.

The simulation knows Kubernetes and Metacontroller and nothing of us; this is where the two meet.
"""

from collections.abc import Callable, Sequence
from functools import cache
from urllib.parse import urlsplit

import yaml

from memcluster import Cluster, Engine, HookError
from memcluster.engine import Task
from memcluster.webhooks import CallHook
from object_syncer import installation
from object_syncer.copying.adoption import may_be_taken
from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.kube.metacontroller import BadRequest
from object_syncer.planning import guard
from object_syncer.routes import HEARTBEAT, answer, answer_heartbeat

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

    Leave out the default SyncPolicy or the guard where they are not wanted; `choose` is the engine's. `call_hook`
    stands between the engine and `call`, for who wants hooks to fail.
    """
    parts = machinery(with_guard=with_guard)
    if policy:
        parts += _objects(installation.policy((), (), (), ()))
    for obj in parts:
        cluster.create(obj)
    call_hook = call_hook or (lambda url, body: call(cluster, url, body))
    engine = Engine(cluster, call_hook, choose=choose, user=api.ENGINE_USER)
    cluster.admission.append(lambda operation, user, old, new: _admit(cluster, operation, user, old, new))
    return engine


def machinery(*, with_guard: bool = True) -> list[Json]:
    """Return what an installation consists of beside its SyncPolicies: CRDs, controllers, guard."""
    documents = [*installation.crds(), *installation.controllers(installation.DEFAULT_HOOKS_URL)]
    if with_guard:
        documents += installation.admission(api.ENGINE_USER)
    return [obj for document in documents for obj in _objects(document)]


def call(cluster: Cluster, url: str, body: Json) -> Json:
    """Answer a hook as the server would, at the cluster's time. Raises HookError for a 400.

    The engine sends and takes its own copies, which have been JSON.
    """
    try:
        path = urlsplit(url).path
        return answer_heartbeat(body, "", cluster.clock)[0] if path == HEARTBEAT else answer(path, body, cluster.clock)
    except BadRequest as error:
        raise HookError(f"400: {error}") from error


@cache
def _objects(document: str) -> tuple[Json, ...]:
    return tuple(yaml.safe_load_all(document))


def _admit(cluster: Cluster, operation: str, user: str, old: Json | None, new: Json | None) -> str | None:
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
    """Tell whether the engine may create `new`, or update `old` to it; both are the whole objects.

    A copy stays in the hands of its slice. Any other object may become one only if it may be taken, and is a copy of
    the same source that lost its label by hand, or the new object says which conflict policy permits it.
    What the engine's dynamic-apply mode writes is never allowed: it corrupts lists and shows Secrets in annotations.
    """
    was, now = (old or {}).get("metadata") or {}, new["metadata"]
    label, was_label = ((meta.get("labels") or {}).get(api.SLICE_LABEL) for meta in (now, was))
    annotations, was_annotations = now.get("annotations") or {}, was.get("annotations") or {}
    if label is None:
        return True
    if api.LAST_APPLIED_ANNOTATION in annotations.keys() - was_annotations.keys():
        return False
    if old is None or label == was_label:
        return True
    if not may_be_taken(old):
        return False
    takes_over = api.TAKEOVER_ANNOTATION in annotations and api.TAKEOVER_ANNOTATION not in was_annotations
    return takes_over or was_annotations.get(api.SOURCE_ANNOTATION, "") == annotations.get(api.SOURCE_ANNOTATION)
