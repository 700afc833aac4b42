"""Removes from a copy what the API server and controllers filled in for the source, per kind.

A copy with the source's clusterIP, nodePort, volumeName or Job selector is refused by the API server, or takes what
belongs to the source. Each rule works on a deep copy of the source's body (all but metadata and status).
"""

from collections.abc import Callable

from object_syncer.kube.meta import Json
from object_syncer.status import reasons
from object_syncer.status.problem import Problem

_JOB_LABELS = ("controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name")


def clean(group: str, kind: str, body: Json) -> None:
    """Remove from `body`, in place, what belongs to the source alone."""
    _drop_empty_timestamps(body)
    rule = _RULES.get((group, kind))
    if rule:
        rule(body)


def problem(group: str, kind: str, source: Json) -> Problem | None:
    """Return why this very object must not be copied, or None. The planner refuses kinds that never can be."""
    if (group, kind) == ("", "Secret") and source.get("type") == "kubernetes.io/service-account-token":
        return Problem(
            reasons.SOURCE_NOT_COPYABLE,
            "the source is a service-account-token Secret: its token belongs to one ServiceAccount and namespace",
        )
    labels = source["metadata"].get("labels") or {}
    if (group, kind) == ("", "Endpoints") and "endpoints.kubernetes.io/managed-by" in labels:
        return Problem(
            reasons.SOURCE_NOT_COPYABLE, "the source is the Endpoints of a Service: copy the Service instead"
        )
    manager = labels.get("endpointslice.kubernetes.io/managed-by", "")
    if (group, kind) == ("discovery.k8s.io", "EndpointSlice") and manager.endswith(".k8s.io"):
        return Problem(
            reasons.SOURCE_NOT_COPYABLE, "the source is an EndpointSlice of a Service: copy the Service instead"
        )
    return None


def _drop_empty_timestamps(body: Json) -> None:
    # Go writes `creationTimestamp: null` into embedded metadata (pod templates); it means nothing.
    spec = body.get("spec")
    if not isinstance(spec, dict):
        return
    for key in ("template", "jobTemplate"):
        template = spec.get(key)
        if isinstance(template, dict):
            meta = template.get("metadata")
            if isinstance(meta, dict) and meta.get("creationTimestamp", "") is None:
                del meta["creationTimestamp"]
            _drop_empty_timestamps(template)


def _service(body: Json) -> None:
    spec = body["spec"]
    if spec.get("clusterIP") != "None":  # "None" makes a headless Service and is the author's own
        spec.pop("clusterIP", None)
        spec.pop("clusterIPs", None)
    spec.pop("healthCheckNodePort", None)
    for port in spec.get("ports") or ():
        port.pop("nodePort", None)


def _claim(body: Json) -> None:
    body["spec"].pop("volumeName", None)


def _job(body: Json) -> None:
    spec = body["spec"]
    if spec.get("manualSelector"):
        return
    spec.pop("selector", None)
    meta = spec["template"].get("metadata") or {}
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key not in _JOB_LABELS}
    if labels:
        meta["labels"] = labels
    else:
        meta.pop("labels", None)


def _stateful_set(body: Json) -> None:
    for claim in body["spec"].get("volumeClaimTemplates") or ():
        claim.pop("status", None)
        if (claim.get("metadata") or {}).get("creationTimestamp", "") is None:
            del claim["metadata"]["creationTimestamp"]


def _service_account(body: Json) -> None:
    body.pop("secrets", None)


_RULES: dict[tuple[str, str], Callable[[Json], None]] = {
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Service"): _service,
    ("", "ServiceAccount"): _service_account,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
}

FILLED_BY_SERVER: dict[tuple[str, str], tuple[str, ...]] = {
    ("v1", "PersistentVolumeClaim"): ("/spec/volumeName",),
    ("v1", "ServiceAccount"): ("/secrets",),
}
"""(apiVersion, kind) -> JSON pointers that controllers write on copies too, so that they are never foreign."""
