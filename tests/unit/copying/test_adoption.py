"""Objects at a destination that we did not create: how they are recognised, whose they are, who may be adopted."""

from dataclasses import dataclass, field

from object_syncer.copying import adoption
from object_syncer.kube import api
from object_syncer.kube.meta import Json
from specification import cases
from unit.copying.copies import SLICE, desired, entry
from unit.objects import live

SOURCE = "team/settings"
OURS = {api.SOURCE_ANNOTATION: SOURCE}
UPSTREAM = {
    "labels": {api.MANAGED_BY_LABEL: api.MANAGED_BY},
    "annotations": OURS,
}
HELD: Json = {**UPSTREAM, "finalizers": [api.UPSTREAM_FINALIZER]}


def standing(data: Json | None = None, **metadata: object) -> Json:
    """Return an object that stands where a copy should be."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"} if data is None else data}
    return live(body, "a", "settings", **metadata)


def owner(kind: str, name: str, controller: bool = True) -> list[Json]:
    return [{"apiVersion": "v1", "kind": kind, "name": name, "uid": "1", "controller": controller}]


@dataclass(frozen=True)
class Case:
    reason: str
    metadata: Json
    foreign: bool
    adopted: bool
    """By the policy Adopt, where its content differs from the copy's."""


@cases(
    Case("what bears no mark of ours is foreign", {}, True, False),
    Case("a copy of ours that lost its owner", {"labels": {api.SLICE_LABEL: SLICE}, "annotations": OURS}, False, False),
    Case("a copy of ours that lost its owner and annotations", {"labels": {api.SLICE_LABEL: SLICE}}, False, False),
    Case(
        "a copy of this source that another slice has lost",
        {"labels": {api.SLICE_LABEL: "x"}, "annotations": OURS},
        False,
        False,
    ),
    Case("a copy of we do not know what that another slice has lost", {"labels": {api.SLICE_LABEL: "x"}}, True, False),
    Case("a copy of ours that lost its label by hand", {"annotations": OURS}, False, False),
    Case("a copy of another source", {"annotations": {api.SOURCE_ANNOTATION: "other/settings"}}, True, False),
    Case(
        "a copy that another SyncSlice holds",
        {"labels": {api.SLICE_LABEL: "x"}, "annotations": OURS, "ownerReferences": owner("SyncSlice", "x")},
        True,
        False,
    ),
    Case(
        "an object with a controller can have no other, whatever its marks",
        {**UPSTREAM, "ownerReferences": owner("Widget", "w")},
        True,
        False,
    ),
    Case(
        "an owner that is no controller does not matter",
        {"annotations": OURS, "ownerReferences": owner("Widget", "w", controller=False)},
        False,
        False,
    ),
    Case("a copy that the original Object Syncer's finalizer holds could never be deleted", HELD, True, False),
    Case("without the finalizer it is a copy like ours", UPSTREAM, False, True),
    Case(
        "a copy of another source by the original Object Syncer",
        {**UPSTREAM, "annotations": {api.SOURCE_ANNOTATION: "other/x"}},
        True,
        False,
    ),
)
def test_recognised(case: Case) -> None:
    found = standing({"other": "data"}, **case.metadata)
    assert adoption.is_foreign(found, SOURCE, SLICE) == case.foreign
    if case.foreign:
        assert adoption.may_adopt(found, desired(), SOURCE) == case.adopted


@dataclass(frozen=True)
class Equal:
    reason: str
    found: Json
    adopted: bool


@cases(
    Equal("what equals the copy may be adopted", standing(), True),
    Equal("whatever its labels", standing(labels={"mine": "1"}), True),
    Equal("what differs may not", standing({"k": "other"}), False),
    Equal("what has more may not", standing({"k": "v", "x": "1"}), False),
    Equal("what has a controller may not", standing(ownerReferences=owner("Widget", "w")), False),
    Equal("what the original Object Syncer's finalizer holds may not", standing(**HELD), False),
)
def test_adoption_of_equals(case: Equal) -> None:
    assert adoption.may_adopt(case.found, desired(), SOURCE) == case.adopted


def test_what_the_server_filled_in_does_not_make_a_difference() -> None:
    service: Json = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}], "type": "ClusterIP"}}
    found = live({**service, "spec": {**service["spec"], "clusterIP": "10.0.0.9"}, "status": {}}, "a", "web")
    assert adoption.may_adopt(found, {**service, "metadata": {}}, SOURCE)


@dataclass(frozen=True)
class Manager:
    reason: str
    want: str
    metadata: Json = field(default_factory=dict)


@cases(
    Manager("its controller", "controlled by Certificate web", {"ownerReferences": owner("Certificate", "web")}),
    Manager(
        "another slice",
        "a copy of team/other by SyncSlice s-1",
        {"ownerReferences": owner("SyncSlice", "s-1"), "annotations": {api.SOURCE_ANNOTATION: "team/other"}},
    ),
    Manager("Helm", "part of Helm release web", {"annotations": {"meta.helm.sh/release-name": "web"}}),
    Manager(
        "Argo CD",
        "tracked by Argo CD as app:/ConfigMap:a/settings",
        {"annotations": {"argocd.argoproj.io/tracking-id": "app:/ConfigMap:a/settings"}},
    ),
    Manager(
        "Flux", "applied by Flux from kustomize apps", {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}
    ),
    Manager(
        "the original Object Syncer",
        "held by a finalizer of the original Object Syncer (docs/upgrade.md says how to come from there)",
        HELD,
    ),
    Manager("its label", "managed by terraform", {"labels": {api.MANAGED_BY_LABEL: "terraform"}}),
    Manager(
        "who wrote it, the status aside",
        "written by kubectl-create, kubectl-edit",
        {
            "managedFields": [
                entry({}, "kubectl-edit", "Update"),
                entry({}, "kubectl-create", "Update"),
                entry({}, "kubectl-edit", "Apply"),
                entry({}, "kubelet", "Update", subresource="status"),
            ]
        },
    ),
    Manager("nobody knows", "of unknown origin"),
)  # fmt: skip
def test_who_manages_it(case: Manager) -> None:
    assert adoption.manager(standing(**case.metadata)) == case.want
