"""Object Syncer installed in the in-memory cluster: our manifests applied, our hooks called, our guard enforced.

The simulation knows Kubernetes and Metacontroller and nothing of us; this is where the two meet.
"""

from collections.abc import Callable, Sequence
from functools import cache
from urllib.parse import urlsplit

import yaml

from object_syncer import guard, manifests
from object_syncer.api import Json
from object_syncer.envelope import BadRequest
from object_syncer.routes import answer
from object_syncer.simulation import Cluster, Engine, HookError
from object_syncer.simulation.engine import Task
from object_syncer.simulation.webhooks import CallHook

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
        parts += _objects(manifests.policy((), (), (), ()))
    for obj in parts:
        cluster.create(obj)
    call_hook = call_hook or (lambda url, body: call(cluster, url, body))
    engine = Engine(cluster, call_hook, choose=choose, user=guard.ENGINE_USER)
    cluster.admission.append(lambda operation, user, old, new: _admit(cluster, operation, user, old, new))
    return engine


def machinery(*, with_guard: bool = True) -> list[Json]:
    """Return what an installation consists of beside its SyncPolicies: CRDs, controllers, guard."""
    documents = [*manifests.crds(), *manifests.controllers(manifests.DEFAULT_HOOKS_URL)]
    if with_guard:
        documents += manifests.admission(guard.ENGINE_USER)
    return [obj for document in documents for obj in _objects(document)]


def call(cluster: Cluster, url: str, body: Json) -> Json:
    """Answer a hook as the server would, at the cluster's time. Raises HookError for a 400.

    The engine sends and takes its own copies, which have been JSON.
    """
    try:
        return answer(urlsplit(url).path, body, cluster.clock)
    except BadRequest as error:
        raise HookError(f"400: {error}") from error


@cache
def _objects(document: str) -> tuple[Json, ...]:
    return tuple(yaml.safe_load_all(document))


def _admit(cluster: Cluster, operation: str, user: str, old: Json | None, new: Json | None) -> str | None:
    if operation != "UPDATE" or user != guard.ENGINE_USER or not old or not new:
        return None
    policy, binding = (
        cluster.find(_ADMISSION, f"ValidatingAdmissionPolicy{part}", guard.NAME) for part in ("", "Binding")
    )
    if not new["metadata"].get("namespace") or not guard.denies(policy, binding) or guard.allows_write(old, new):
        return None
    where = f"{old['metadata']['namespace']}/{old['metadata']['name']}"
    return f"Object Syncer did not create {where} and leaves it alone"
