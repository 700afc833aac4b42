"""Fields that cannot be changed: which copies are created anew for them, which only report them."""

from dataclasses import dataclass

import pytest

from object_syncer.copying import recreate
from object_syncer.kube.meta import Json
from specification import cases


def config_map(**more: object) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}, **more}


def secret(**more: object) -> Json:
    return {"apiVersion": "v1", "kind": "Secret", "data": {"k": "eA=="}, **more}


def binding(role: str, **more: object) -> Json:
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "roleRef": ref, **more}


@dataclass(frozen=True)
class Case:
    reason: str
    desired: Json
    observed: Json
    want: bool


@cases(
    Case("a Secret of another type", secret(type="kubernetes.io/tls"), secret(type="Opaque"), True),
    Case("a Secret without type is Opaque", secret(), secret(type="Opaque"), False),
    Case("a Secret of the same type", secret(type="Opaque", data={}), secret(type="Opaque"), False),
    Case("an immutable Secret with other data", secret(data={}), secret(immutable=True), True),
    Case("an immutable ConfigMap with other data", config_map(data={"k": "2"}), config_map(immutable=True), True),
    Case("other binary data", config_map(binaryData={"b": "AA=="}), config_map(immutable=True), True),
    Case("one that is to be mutable again", config_map(), config_map(immutable=True), True),
    Case("one that is as it should be", config_map(immutable=True), config_map(immutable=True), False),
    Case("one that becomes immutable", config_map(immutable=True), config_map(), False),
    Case("one that was never immutable", config_map(data={"k": "2"}), config_map(), False),
    Case("a RoleBinding to another role", binding("b"), binding("a"), True),
    Case("a RoleBinding of other subjects", binding("a", subjects=[{"name": "x"}]), binding("a"), False),
    Case(
        "a PersistentVolumeClaim is never deleted: it would lose its data",
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"storageClassName": "b"}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"storageClassName": "a"}},
        False,
    ),
    Case(
        "a custom resource is never deleted: nobody knows what goes with it",
        {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "immutable": True, "data": 1},
        {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "immutable": True, "data": 2},
        False,
    ),
)
def test_which_copies_are_created_anew(case: Case) -> None:
    assert recreate.may_recreate(case.desired, case.observed) == case.want


@pytest.mark.parametrize(
    ("api_version", "kind", "path", "fixed"),
    [
        ("batch/v1", "Job", "/spec/template/spec/containers/0/image", True),
        ("batch/v1", "Job", "/spec/template", True),
        ("batch/v1", "Job", "/spec/templates", False),
        ("batch/v1", "Job", "/spec/parallelism", False),
        ("apps/v1", "StatefulSet", "/spec/volumeClaimTemplates/0/spec", True),
        ("apps/v1", "StatefulSet", "/spec/replicas", False),
        ("apps/v1", "Deployment", "/spec/selector/matchLabels/app", True),
        ("v1", "PersistentVolumeClaim", "/spec/storageClassName", True),
        ("v1", "PersistentVolumeClaim", "/spec/resources/requests/storage", False),
        ("v1", "PersistentVolumeClaim", "/spec/volumeAttributesClassName", False),
        ("v1", "ConfigMap", "/data/k", False),
        ("example.com/v1", "Job", "/spec/template", False),
    ],
)
def test_which_fields_are_fixed(api_version: str, kind: str, path: str, fixed: bool) -> None:
    copy = {"apiVersion": api_version, "kind": kind}
    assert recreate.is_fixed(copy, ["/metadata/labels/a", path]) == fixed
    assert not recreate.is_fixed(copy, ["/metadata/labels/a"])
