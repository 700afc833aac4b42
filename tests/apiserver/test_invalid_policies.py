"""SyncPolicies that were stored before their lists were required, on an API server that requires them now.

Of a write of the status it validates the status alone, so that Metacontroller can say there what is missing; and it
does not validate again what a write leaves as it is, so that annotations can be written.
"""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from controlplane.client import ApiError, Client, Object, path_of
from grants import EVERYTHING, lists_optional
from object_syncer import installation
from object_syncer.kube import api, metacontroller
from object_syncer.kube.meta import Json
from object_syncer.parents import syncpolicy
from object_syncer.status import reasons
from unit.bodies import of_policy
from unit.objects import NOW

STORED: dict[str, Json] = {
    "no list": {},
    "one list missing": {key: value for key, value in EVERYTHING.items() if key != "watchNamespaces"},
    "an empty list": {**EVERYTHING, "targetNamespaces": []},
    "a rule without resources": {**EVERYTHING, "allowedResources": [{"apiGroups": [""]}]},
}

Where = tuple[str, str, None, str]


@pytest.fixture(scope="module")
def stored(admin: Client) -> Iterator[dict[str, Where]]:
    """Where these policies are; the present CRD is in force."""
    admin.apply_yaml("---\n".join(installation.crds()))
    where: dict[str, Where] = {}
    with lists_optional(admin):
        for case, spec in STORED.items():
            name = f"tests-{uuid4().hex[:8]}"
            admin.create(
                {"apiVersion": api.API_VERSION, "kind": "SyncPolicy", "metadata": {"name": name}, "spec": spec}
            )
            where[case] = (api.API_VERSION, "syncpolicies", None, name)
    yield where
    for each in where.values():
        admin.delete(*each)


def answered(policy: Object) -> Json:
    """Return the status that the hook answers, as the engine writes it."""
    body = of_policy(parent=policy)
    status: Json = syncpolicy.sync(metacontroller.parse(body, "SyncPolicy", []), NOW)["status"]
    return {**status, "observedGeneration": policy["metadata"]["generation"]}


@pytest.mark.parametrize("case", STORED)
def test_the_engine_writes_what_is_missing_into_the_status(admin: Client, stored: dict[str, Where], case: str) -> None:
    policy = admin.get(*stored[case])
    assert policy["spec"] == STORED[case]
    for controllers in (0, 1):
        status = {**answered(policy), "controllers": controllers}
        assert status["conditions"][0]["reason"] == reasons.INVALID_POLICY
        policy = admin.replace({**policy, "status": status}, subresource="status")
        assert policy["status"] == status


@pytest.mark.parametrize("case", STORED)
def test_annotations_are_written_as_the_heartbeat_and_people_do(
    admin: Client, stored: dict[str, Where], case: str
) -> None:
    policy = admin.get(*stored[case])
    policy["metadata"]["annotations"] = {"example.com/beat": "1"}
    assert admin.replace(policy)["metadata"]["annotations"] == {"example.com/beat": "1"}
    admin.patch(*stored[case], {"metadata": {"annotations": {"example.com/beat": None}}})


@pytest.mark.parametrize("case", ["no list", "one list missing"])
def test_a_change_of_its_spec_must_add_the_missing_lists(admin: Client, stored: dict[str, Where], case: str) -> None:
    with pytest.raises(ApiError, match=r"spec\.watchNamespaces: Required value"):
        admin.patch(*stored[case], {"spec": {"priority": 5}})


@pytest.mark.parametrize("case", STORED)
def test_it_is_repaired_by_its_lists(admin: Client, stored: dict[str, Where], case: str) -> None:
    lists = {"spec": EVERYTHING}
    repaired = admin.call("PATCH", path_of(*stored[case]), lists, content_type="merge-patch+json", dryRun="All")
    assert answered(repaired)["conditions"][0]["reason"] == reasons.SUCCESS
