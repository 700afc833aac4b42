"""Writes that the API server refuses for a while: by a quota, and by an admission policy of somebody else."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from controlplane.client import ApiError, NotFoundError
from e2e.eventually import becomes
from e2e.objects import config_map, secret
from e2e.world import World

ADMISSION = "admissionregistration.k8s.io/v1"
MAKE = {"configmaps": config_map, "secrets": secret}


@contextmanager
def quota(world: World, *namespaces: str, resource: str = "configmaps") -> Iterator[None]:
    """Refuse further ConfigMaps, or Secrets, in these namespaces.

    There is no quota controller here, so that the status is written here too.
    """
    hard = {"hard": {resource: "0"}}
    for namespace in namespaces:
        meta = {"namespace": namespace, "name": "none"}
        world.admin.create({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": hard})
        world.admin.patch_status("v1", "resourcequotas", namespace, "none", {**hard, "used": {resource: "0"}})
        becomes(lambda: _exceeded(world, namespace, resource), True)  # noqa: B023 - called at once
    yield
    for namespace in namespaces:
        world.admin.delete("v1", "resourcequotas", namespace, "none")


def _exceeded(world: World, namespace: str, resource: str) -> bool:
    try:
        made = world.admin.create(MAKE[resource](namespace, "probe"))
    except ApiError as error:
        if "exceeded quota" in str(error):
            return True
        raise
    world.delete(made)
    return False


@contextmanager
def denied(world: World, *namespaces: str, operations: tuple[str, ...] = ("CREATE", "UPDATE")) -> Iterator[None]:
    """Refuse ConfigMaps in these namespaces, by an admission policy."""
    name = f"denied-{world.mark}"
    rule = {"apiGroups": [""], "apiVersions": ["*"], "resources": ["configmaps"], "operations": list(operations)}
    selector = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": namespaces}]}
    policy = {
        "matchConstraints": {"namespaceSelector": selector, "resourceRules": [rule]},
        "validations": [{"expression": "false", "message": "the house rules forbid it"}],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    kinds = {"ValidatingAdmissionPolicy": policy, "ValidatingAdmissionPolicyBinding": binding}
    for kind, spec in kinds.items():
        world.admin.create({"apiVersion": ADMISSION, "kind": kind, "metadata": {"name": name}, "spec": spec})
    probe = config_map(namespaces[0], "probe")

    def in_force() -> bool:
        try:
            world.admin.create(probe)
            world.edit(probe, {"data": {"probed": "1"}})
            world.delete(probe)
        except ApiError as error:
            if "house rules" in str(error):
                return True
            raise
        return False

    becomes(in_force, True)
    with suppress(NotFoundError):
        world.delete(probe)
    yield
    for kind in kinds:
        world.admin.delete(ADMISSION, world.admin.resource(ADMISSION, kind).plural, None, name)
