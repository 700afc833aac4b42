"""Objects at a destination that we did not create: how they are recognised, who manages them, which may be taken."""

from dataclasses import dataclass, field

from object_syncer.copying import adoption
from object_syncer.copying.template import template
from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.status import reasons
from specification import cases
from unit.copying.copies import SLICE, desired, entry
from unit.objects import config_map, live

SOURCE = "team/settings"
OURS = {api.SOURCE_ANNOTATION: SOURCE}
UPSTREAM = {
    "labels": {api.MANAGED_BY_LABEL: api.MANAGED_BY},
    "annotations": OURS,
}
HELD: Json = {**UPSTREAM, "finalizers": [api.UPSTREAM_FINALIZER]}


def found_there(data: Json | None = None, **metadata: object) -> Json:
    """Return an object that is where a copy should be."""
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
    Case("an object without our label and annotation", {}, True, False),
    Case("a copy of ours that lost its owner", {"labels": {api.SLICE_LABEL: SLICE}, "annotations": OURS}, False, False),
    Case("a copy of ours that lost its owner and annotations", {"labels": {api.SLICE_LABEL: SLICE}}, False, False),
    Case(
        "a copy of this source that another slice no longer owns",
        {"labels": {api.SLICE_LABEL: "x"}, "annotations": OURS},
        False,
        False,
    ),
    Case(
        "a copy of an unknown source that another slice no longer owns", {"labels": {api.SLICE_LABEL: "x"}}, True, False
    ),
    Case("a copy of ours that lost its label by hand", {"annotations": OURS}, False, False),
    Case("a copy of another source", {"annotations": {api.SOURCE_ANNOTATION: "other/settings"}}, True, False),
    Case(
        "a copy that another SyncSlice owns",
        {"labels": {api.SLICE_LABEL: "x"}, "annotations": OURS, "ownerReferences": owner("SyncSlice", "x")},
        True,
        False,
    ),
    Case(
        "an object with a controller, whatever its labels",
        {**UPSTREAM, "ownerReferences": owner("Widget", "w")},
        True,
        False,
    ),
    Case(
        "a copy of ours with an owner that is no controller",
        {"annotations": OURS, "ownerReferences": owner("Widget", "w", controller=False)},
        False,
        False,
    ),
    Case("a copy with the original Object Syncer's finalizer, which could never be deleted", HELD, True, False),
    Case("a copy of the original Object Syncer without that finalizer", UPSTREAM, False, True),
    Case(
        "a copy of another source by the original Object Syncer",
        {**UPSTREAM, "annotations": {api.SOURCE_ANNOTATION: "other/x"}},
        True,
        False,
    ),
)
def test_which_objects_are_foreign(case: Case) -> None:
    found = found_there({"other": "data"}, **case.metadata)
    assert adoption.is_foreign(found, SOURCE, SLICE) == case.foreign
    if case.foreign:
        assert adoption.may_adopt(found, desired(), SOURCE) == case.adopted


@dataclass(frozen=True)
class Equal:
    reason: str
    found: Json
    adopted: bool


@cases(
    Equal("an object that equals the copy may be adopted", found_there(), True),
    Equal("labels make no difference", found_there(labels={"mine": "1"}), True),
    Equal("an object that differs may not", found_there({"k": "other"}), False),
    Equal("an object with a key more may not", found_there({"k": "v", "x": "1"}), False),
    Equal("an object with a controller may not", found_there(ownerReferences=owner("Widget", "w")), False),
    Equal("an object with the original Object Syncer's finalizer may not", found_there(**HELD), False),
)
def test_which_objects_may_be_adopted(case: Equal) -> None:
    assert adoption.may_adopt(case.found, desired(), SOURCE) == case.adopted


def test_what_the_api_server_filled_in_makes_no_difference() -> None:
    service: Json = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}], "type": "ClusterIP"}}
    found = live({**service, "spec": {**service["spec"], "clusterIP": "10.0.0.9"}, "status": {}}, "a", "web")
    assert adoption.may_adopt(found, {**service, "metadata": {}}, SOURCE)


# Conflicts

OTHERS = found_there({"k": "theirs"})
EQUAL = found_there()
CONTROLLED = found_there(ownerReferences=owner("Widget", "w"))


@dataclass(frozen=True)
class Conflict:
    reason: str
    policy: str
    found: Json | None
    written: bool
    annotation: str = ""
    """By which the guard lets the copy replace a foreign object."""


@cases(
    Conflict("where nothing is found a copy is written", "Fail", None, True),
    Conflict("Fail leaves a foreign object alone", "Fail", OTHERS, False),
    Conflict("Fail leaves a foreign object alone that equals the copy", "Fail", EQUAL, False),
    Conflict("a copy of ours is no conflict", "Fail", found_there({"k": "x"}, annotations=OURS), True),
    Conflict("Adopt takes a foreign object that equals the copy", "Adopt", EQUAL, True, "Adopt"),
    Conflict("Adopt leaves a foreign object alone that differs", "Adopt", OTHERS, False),
    Conflict("Adopt needs no permission where nothing is found", "Adopt", None, True),
    Conflict("Adopt needs no permission for a copy of ours", "Adopt", found_there(annotations=OURS), True),
    Conflict("Overwrite takes any foreign object", "Overwrite", OTHERS, True, "Overwrite"),
    Conflict("Overwrite has its permission where nothing is found yet", "Overwrite", None, True, "Overwrite"),
    Conflict("an object with a controller is left alone", "Overwrite", CONTROLLED, False),
)
def test_whether_a_copy_is_written(case: Conflict) -> None:
    shape = template(config_map(), SLICE)
    problem = adoption.conflict(desired(), case.found, shape, SLICE, case.policy)
    assert (problem is None) == case.written
    if problem:
        assert (problem.reason, "ConfigMap a/settings is " in problem.message) == (reasons.CONFLICT, True)
    else:
        copy = desired()
        adoption.mark(copy, case.found, shape, SLICE, case.policy)
        assert copy["metadata"]["annotations"].get(api.TAKEOVER_ANNOTATION, "") == case.annotation


def test_a_copy_must_not_come_back_to_what_its_source_is_a_copy_of() -> None:
    source = config_map("b")
    source["metadata"] |= {
        "annotations": {api.SOURCE_ANNOTATION: "a/settings"},
        "ownerReferences": owner("SyncSlice", "x"),
    }
    problem = adoption.conflict(desired(), None, template(source, SLICE), SLICE, "Overwrite")
    assert problem
    assert (problem.reason, "its source b/settings" in problem.message) == (reasons.LOOP, True)


# Managers


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
    assert adoption.manager(found_there(**case.metadata)) == case.want
