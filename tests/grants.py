"""What SyncPolicies permit: everything; or too little said, as API servers took it before the lists were required."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

from controlplane.client import ApiError, Client, Object, path_of
from controlplane.waiting import wait_for
from object_syncer.kube import api

EVERYTHING: Object = {
    "watchNamespaces": ["*"],
    "sourceNamespaces": ["*"],
    "targetNamespaces": ["*"],
    "allowedResources": [{"apiGroups": ["*"], "resources": ["*"]}],
}
"""The lists of a SyncPolicy that permits everything."""

CRD = ("apiextensions.k8s.io/v1", "customresourcedefinitions", None, "syncpolicies.sync.rustrial.org")


@contextmanager
def lists_optional(admin: Client) -> Iterator[None]:
    """Have the API server store SyncPolicies without lists, as that of an older installation, while the block lasts."""
    versions = admin.get(*CRD)["spec"]["versions"]
    admin.patch(*CRD, {"spec": {"versions": without_rules(versions)}})
    try:
        wait_for(lambda: _takes_a_policy_without_lists(admin), 30, "the older CRD in force")
        yield
    finally:
        admin.patch(*CRD, {"spec": {"versions": versions}})
        wait_for(lambda: not _takes_a_policy_without_lists(admin), 30, "the CRD in force")


def without_rules(versions: list[Object]) -> list[Object]:
    """Return the versions of the CRD of SyncPolicies as they were when no list was required."""
    former = deepcopy(versions)
    for version in former:
        _relax(version["schema"]["openAPIV3Schema"]["properties"]["spec"])
    return former


def _relax(spec: Object) -> None:
    del spec["required"]
    rule = spec["properties"]["allowedResources"]["items"]
    del rule["required"]
    lists = {name: spec["properties"][name] for name in EVERYTHING} | rule["properties"]
    for schema in lists.values():
        del schema["minItems"]


def _takes_a_policy_without_lists(admin: Client) -> bool:
    probe = {"apiVersion": api.API_VERSION, "kind": "SyncPolicy", "metadata": {"name": "probe"}, "spec": {}}
    try:
        admin.call("POST", path_of(api.API_VERSION, "syncpolicies"), probe, dryRun="All")
    except ApiError as error:
        if error.code != 422:
            raise
        return False
    return True
