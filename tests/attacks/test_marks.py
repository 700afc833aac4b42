"""The marks of a copy, its label and its owner: nobody but the engine gives them to an object.

The engine adopts what has them, deletes it if it is not wanted, and stops serving the SyncSlice if it may not write.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from controlplane.client import ApiError, Object
from controlplane.waiting import wait_for
from guarded import OTHER_OWNER, SLICE_OWNER, People, config_map, refused, sync_slice
from object_syncer.kube import api
from object_syncer.kube.types import ResourceType
from object_syncer.planning import slice_spec
from object_syncer.planning.destinations import Destinations
from object_syncer.planning.plan import Plan
from specification import cases
from writes import OURS, marks

LABEL = {"labels": {api.SLICE_LABEL: "configmaps.s-0"}}
OTHER_LABEL = {"labels": {api.SLICE_LABEL: "configmaps.s-1"}}
NO_LABEL = {"labels": {api.SLICE_LABEL: None}}
OF_A_SECRET = {"labels": {api.SLICE_LABEL: "secrets.s-0"}}
COPY = {**marks(), "ownerReferences": SLICE_OWNER}
ANOTHER = {**SLICE_OWNER[0], "uid": "v"}
MADE_OF_A_COPY = {**LABEL, "ownerReferences": OTHER_OWNER}

BELONGS = "the label sync.rustrial.org/slice belongs to Object Syncer"
LOOKS = "this looks like a copy by Object Syncer"
OWNED = "a SyncSlice owns copies by Object Syncer only"
CONTROLLED = "a SyncSlice is the controller of a copy by Object Syncer"


@dataclass(frozen=True)
class Creation:
    reason: str
    metadata: Object
    says: str = ""
    """Why it is refused; "" if it is not."""
    by: str = "alice"


@cases(
    Creation("nobody creates an object with the label of a copy of its type", LABEL, LOOKS),
    Creation("nor with all marks, as an exported copy has them", COPY, f"{LOOKS}|{OWNED}"),
    Creation("nor with the label and another owner", MADE_OF_A_COPY, LOOKS),
    Creation("the label of a copy of another type claims nothing: operators hand labels on", OF_A_SECRET),
    Creation("annotations of a copy claim nothing", {"annotations": OURS}),
    Creation("an administrator may", COPY, by="admin"),
    Creation("a controller of Kubernetes may", COPY, by="controller"),
    Creation("kube-controller-manager may", COPY, by="manager"),
    Creation("a trusted user, who restores a backup, may", COPY, by="velero"),
    Creation("the engine may", COPY, by="engine"),
    Creation("nobody creates an object that a SyncSlice owns", {"ownerReferences": SLICE_OWNER}, OWNED),
    Creation(
        "nor one with a SyncSlice among its owners, as no controller and in another version",
        {
            "ownerReferences": [
                *OTHER_OWNER,
                {**SLICE_OWNER[0], "uid": "v", "apiVersion": api.API_VERSION, "controller": False},
            ]
        },
        OWNED,
    ),
    Creation("other owners are nobody's business", {"ownerReferences": OTHER_OWNER}),
    Creation(
        "a kind of the same name in another group is another kind",
        {"ownerReferences": [{**SLICE_OWNER[0], "apiVersion": "example.com/v1"}]},
    ),
)
def test_an_object_is_created(people: People, namespace: str, case: Creation) -> None:
    made = config_map(namespace, "settings", **case.metadata)
    for write in (people[case.by].create, people[case.by].apply):
        if not case.says:
            write(made)
        else:
            with refused(case.says):
                write(made)


@dataclass(frozen=True)
class Edit:
    reason: str
    old: Object
    """The object's metadata."""
    patch: Object
    says: str = ""
    """Why it is refused; "" if it is not."""
    by: str = "alice"


@cases(
    # The label
    Edit("who may only patch an object cannot make it a copy", {}, {"metadata": LABEL}, LOOKS),
    Edit("nor with all marks", {}, {"metadata": COPY}, f"{LOOKS}|{OWNED}"),
    Edit("nor by another value where an operator's object has one", OF_A_SECRET, {"metadata": LABEL}, LOOKS),
    Edit("a label of a copy of another type may be put on it", {}, {"metadata": OF_A_SECRET}),
    Edit("people may edit a copy, which is put back", COPY, {"data": {"k": "hacked"}}),
    Edit("people may edit other labels of a copy", COPY, {"metadata": {"labels": {"x": "1"}}}),
    Edit("people may remove its annotations, which are put back", COPY, {"metadata": {"annotations": None}}),
    Edit("people may not take the label off a copy", COPY, {"metadata": NO_LABEL}, BELONGS),
    Edit("nor change it to that of another copy", COPY, {"metadata": OTHER_LABEL}, f"{BELONGS}|{LOOKS}"),
    Edit("nor to one of another type", COPY, {"metadata": OF_A_SECRET}, BELONGS),
    Edit("nor with its owner", COPY, {"metadata": {**NO_LABEL, "ownerReferences": None}}, BELONGS),
    Edit("nor all labels", COPY, {"metadata": {"labels": None}}, BELONGS),
    Edit("an administrator may take the label off", COPY, {"metadata": NO_LABEL}, by="admin"),
    Edit("a controller of Kubernetes may", COPY, {"metadata": NO_LABEL}, by="controller"),
    Edit("kube-controller-manager may", COPY, {"metadata": NO_LABEL}, by="manager"),
    Edit("a trusted user may", COPY, {"metadata": NO_LABEL}, by="velero"),
    Edit("the engine may", COPY, {"metadata": NO_LABEL}, by="engine"),
    Edit("an operator may take the label off what it made of a copy", MADE_OF_A_COPY, {"metadata": NO_LABEL}),
    Edit("or change it to one of another type", MADE_OF_A_COPY, {"metadata": OF_A_SECRET}),
    Edit("but not to that of another copy", MADE_OF_A_COPY, {"metadata": OTHER_LABEL}, LOOKS),
    # The owner
    Edit("nobody makes a SyncSlice the owner of an object", {}, {"metadata": {"ownerReferences": SLICE_OWNER}}, OWNED),
    Edit(
        "nor one of its owners",
        {"ownerReferences": OTHER_OWNER},
        {"metadata": {"ownerReferences": [{**ANOTHER, "controller": False}, *OTHER_OWNER]}},
        OWNED,
    ),
    Edit(
        "nor another SyncSlice the owner of a copy",
        COPY,
        {"metadata": {"ownerReferences": [ANOTHER]}},
        OWNED,
    ),
    Edit(
        "nor makes an owner of another kind one",
        {"ownerReferences": [{**SLICE_OWNER[0], "kind": "Widget"}]},
        {"metadata": {"ownerReferences": SLICE_OWNER}},
        OWNED,
    ),
    Edit(
        "people may add other owners to a copy",
        COPY,
        {"metadata": {"ownerReferences": [*SLICE_OWNER, {**OTHER_OWNER[0], "uid": "v", "controller": False}]}},
    ),
    Edit("people may take the owner off a copy, which is put back", COPY, {"metadata": {"ownerReferences": None}}),
    Edit(
        "but not put another controller in its place, which the engine would not notice",
        COPY,
        {"metadata": {"ownerReferences": OTHER_OWNER}},
        CONTROLLED,
    ),
    Edit(
        "nor one that has the uid of a SyncSlice",
        COPY,
        {"metadata": {"ownerReferences": [{**SLICE_OWNER[0], "kind": "Widget"}]}},
        CONTROLLED,
    ),
    Edit(
        "nor take the label off with it",
        COPY,
        {"metadata": {**NO_LABEL, "ownerReferences": OTHER_OWNER}},
        f"{BELONGS}|{CONTROLLED}",
    ),
    Edit(
        "an owner that is no controller may stay when the owner goes",
        {**COPY, "ownerReferences": [*SLICE_OWNER, {**OTHER_OWNER[0], "uid": "v", "controller": False}]},
        {"metadata": {"ownerReferences": [{**OTHER_OWNER[0], "uid": "v", "controller": False}]}},
    ),
    Edit(
        "a released copy may get a controller",
        LABEL,
        {"metadata": {"ownerReferences": OTHER_OWNER}},
    ),
    Edit(
        "an object with another controller stays editable",
        MADE_OF_A_COPY,
        {"metadata": {"ownerReferences": [{**OTHER_OWNER[0], "uid": "v"}]}},
    ),
    Edit(
        "an administrator may give a copy another controller",
        COPY,
        {"metadata": {"ownerReferences": OTHER_OWNER}},
        by="admin",
    ),
    Edit("so may a controller of Kubernetes", COPY, {"metadata": {"ownerReferences": OTHER_OWNER}}, by="controller"),
    Edit("an administrator may", {}, {"metadata": {"ownerReferences": SLICE_OWNER}}, by="admin"),
    Edit(
        "a trusted user may make a SyncSlice an owner", {}, {"metadata": {"ownerReferences": SLICE_OWNER}}, by="velero"
    ),
    Edit("and the engine, when it adopts", {}, {"metadata": {"ownerReferences": SLICE_OWNER}}, by="engine"),
)
def test_an_object_is_edited(people: People, namespace: str, case: Edit) -> None:
    people.admin.create(config_map(namespace, "settings", **case.old))
    where = ("v1", "configmaps", namespace, "settings")
    if not case.says:
        people[case.by].patch(*where, case.patch)
    else:
        with refused(case.says):
            people[case.by].patch(*where, case.patch)


def test_a_tenant_without_rights_elsewhere_gives_no_marks_to_objects_of_its_own(people: People, namespace: str) -> None:
    rights = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "patch"]}
    tenant = people.tenant(namespace, rights)
    wait_for(lambda: tenant.create(config_map(namespace, "mine")), 10, "rights", tolerate=(ApiError,))
    for metadata, says in ((LABEL, LOOKS), ({"ownerReferences": SLICE_OWNER}, OWNED)):
        with refused(says):
            tenant.create(config_map(namespace, "other", **metadata))
        with refused(says):
            tenant.patch("v1", "configmaps", namespace, "mine", {"metadata": metadata})


def test_who_may_only_patch_a_source_does_not_make_it_a_copy(people: People, namespace: str) -> None:
    people.admin.create(config_map(namespace, "source"))
    user = people.tenant(namespace, {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["patch"]})
    where = ("v1", "configmaps", namespace, "source")
    wait_for(lambda: user.patch(*where, {"data": {"k": "1"}}), 10, "rights", tolerate=(ApiError,))
    for metadata, says in ((LABEL, LOOKS), (COPY, f"{LOOKS}|{OWNED}"), ({"ownerReferences": SLICE_OWNER}, OWNED)):
        with refused(says):
            user.patch(*where, {"metadata": metadata})


def test_a_copy_may_be_deleted_by_all_who_may_delete(people: People, namespace: str) -> None:
    for who in ("alice", "controller", "manager", "engine"):
        people.admin.create(config_map(namespace, who, **COPY))
        people[who].delete("v1", "configmaps", namespace, who)


# Subresources


def service(namespace: str, **metadata: object) -> Object:
    meta = {"namespace": namespace, "name": "web", **metadata}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta,
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }


@pytest.mark.parametrize(
    ("metadata", "says"),
    [({"labels": {api.SLICE_LABEL: "services.s-0"}}, LOOKS), ({"ownerReferences": SLICE_OWNER}, OWNED)],
    ids=["label", "owner"],
)
def test_who_may_write_status_gives_no_marks_by_it(people: People, namespace: str, metadata: Object, says: str) -> None:
    """The API server writes metadata of a Service together with its status."""
    people.admin.create(service(namespace))
    with refused(says):
        people.alice.patch("v1", "services", namespace, "web", {"metadata": metadata}, subresource="status")


def test_controllers_may_write_the_status_of_a_copy(people: People, namespace: str) -> None:
    copy = {"labels": {api.SLICE_LABEL: "services.s-0"}, "ownerReferences": SLICE_OWNER}
    people.admin.create(service(namespace, **copy))
    ingress = [{"ip": "192.0.2.1"}]
    written = people.alice.patch_status("v1", "services", namespace, "web", {"loadBalancer": {"ingress": ingress}})
    assert written["status"]["loadBalancer"]["ingress"][0]["ip"] == "192.0.2.1"


def test_a_copy_may_be_scaled(people: People, namespace: str) -> None:
    labels = {"app": "x"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    metadata = {
        "namespace": namespace,
        "name": "web",
        "labels": {api.SLICE_LABEL: "deployments.s-0"},
        "ownerReferences": SLICE_OWNER,
    }
    spec = {"selector": {"matchLabels": labels}, "template": template}
    people.admin.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    where = ("apps/v1", "deployments", namespace, "web")
    people.alice.patch(*where, {"spec": {"replicas": 2}}, subresource="scale")
    assert people.alice.get(*where)["spec"]["replicas"] == 2


# The label by types


PLURALS = ("foo", "foos", "averyveryverylongplural", "a-hyphen-in-position-20", "abcdefghijklmnopqrs-t")


@pytest.fixture(scope="module")
def group(people: People) -> Iterator[str]:
    """An API group with a kind for each of PLURALS."""
    group = f"g{uuid4().hex[:6]}.example.com"
    crds = [_definition(plural, group) for plural in PLURALS]
    people.admin.apply_yaml(crds)
    yield group
    for crd in crds:
        people.admin.delete(crd["apiVersion"], "customresourcedefinitions", None, crd["metadata"]["name"])


def _definition(plural: str, group: str) -> Object:
    schema = {"openAPIV3Schema": {"type": "object"}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": _kind(plural)},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def _kind(plural: str) -> str:
    return "K" + plural.replace("-", "")


def label_of(plural: str, group: str) -> str:
    """Return the value of the label on copies of a type, as the planner names the SyncSlice."""
    sync = {"metadata": {"namespace": "a", "name": "share", "uid": "u", "generation": 1}, "spec": {}}
    type_ = ResourceType(group, "v1", _kind(plural), plural)
    (name,) = slice_spec.planned(Plan(sync, type_, ("a", "b"), Destinations()), "default", ())
    return name


@pytest.mark.parametrize("plural", PLURALS)
def test_the_label_of_a_copy_is_refused_on_objects_of_its_own_type_and_of_no_other(
    people: People, namespace: str, group: str, plural: str
) -> None:
    for other in (*PLURALS, "configmaps"):
        owner, kind = ("", "ConfigMap") if other == "configmaps" else (f"{group}/", _kind(other))
        metadata = {"namespace": namespace, "name": "x", "labels": {api.SLICE_LABEL: label_of(plural, group)}}
        written = {"apiVersion": f"{owner}v1", "kind": kind, "metadata": metadata}
        if other == plural:
            with refused(LOOKS):
                people.alice.create(written)
        else:
            people.alice.create(written)


@pytest.mark.parametrize("plural", PLURALS)
def test_a_sync_slice_may_have_the_name_that_the_planner_gives_it(people: People, plural: str) -> None:
    name = label_of(plural, "example.com")
    written = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x", "labels": {api.SLICE_LABEL: name}}}
    people.admin.dry_run(written)
    people.engine.create(sync_slice(name))
    people.engine.delete(api.API_VERSION, "syncslices", None, name)
