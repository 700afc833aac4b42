"""Fields that cannot be changed once an object exists, and the few kinds that may be deleted to change them.

Deleting has side effects: a PersistentVolumeClaim loses its data, a HelmRelease uninstalls an application. So only
kinds that consist of nothing but what we copied are created anew; all others report the field.
"""

from collections.abc import Iterable

from object_syncer.kube.meta import Json

MAX_ATTEMPTS = 3
"""How often a copy is created anew before the difference is reported instead."""

_FIXED: dict[tuple[str, str], tuple[str, ...]] = {
    # Without /spec/resources: what refuses to let a claim grow, for example a quota, may permit it later.
    ("v1", "PersistentVolumeClaim"): (
        "/spec/accessModes", "/spec/dataSource", "/spec/dataSourceRef", "/spec/selector", "/spec/storageClassName",
        "/spec/volumeMode", "/spec/volumeName",
    ),
    ("apps/v1", "DaemonSet"): ("/spec/selector",),
    ("apps/v1", "Deployment"): ("/spec/selector",),
    ("apps/v1", "ReplicaSet"): ("/spec/selector",),
    ("apps/v1", "StatefulSet"): (
        "/spec/selector", "/spec/serviceName", "/spec/podManagementPolicy", "/spec/volumeClaimTemplates",
    ),
    ("batch/v1", "Job"): ("/spec/template", "/spec/selector", "/spec/completions", "/spec/completionMode"),
    ("discovery.k8s.io/v1", "EndpointSlice"): ("/addressType",),
    ("v1", "ResourceQuota"): ("/spec/scopes", "/spec/scopeSelector"),
}  # fmt: skip


def may_recreate(desired: Json, observed: Json) -> bool:
    """Tell whether a copy of a harmless kind differs in a field that only a new object can have."""
    kind = (desired["apiVersion"], desired["kind"])
    if kind == ("v1", "Secret") and desired.get("type", "Opaque") != observed.get("type", "Opaque"):
        return True
    if kind in (("v1", "ConfigMap"), ("v1", "Secret")):
        fields = ("data", "binaryData", "immutable")
        return bool(observed.get("immutable")) and any(desired.get(key) != observed.get(key) for key in fields)
    if kind == ("rbac.authorization.k8s.io/v1", "RoleBinding"):
        return bool(desired.get("roleRef") != observed.get("roleRef"))
    return False


def is_fixed(desired: Json, paths: Iterable[str]) -> bool:
    """Tell whether one of the JSON pointers lies in a field that the kind does not let anyone change."""
    fixed = _FIXED.get((desired["apiVersion"], desired["kind"]), ())
    return any(path == field or path.startswith(field + "/") for path in paths for field in fixed)
