"""The CRDs on a real API server: what they accept, what they refuse and how that is worded, and what kubectl shows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from controlplane.client import ApiError, Client, Object, path_of
from controlplane.namespaces import Namespaces
from grants import EVERYTHING
from object_syncer import installation
from object_syncer.kube import api, metacontroller
from object_syncer.kube.meta import Json
from object_syncer.parents import objectsync, syncpolicy, syncslice
from object_syncer.status import reasons
from specification import cases
from unit.bodies import of_objectsync, of_policy, of_slice, sync_slice
from unit.copying.copies import desired, edited, observed
from unit.objects import NOW, config_map, namespace, object_sync, source
from unit.objects import policy as sync_policy

DROPPED = object()
CONFIG_MAP = {"group": "", "kind": "ConfigMap", "name": "settings"}


@pytest.fixture(scope="module", autouse=True)
def crds(admin: Client) -> None:
    """Our CRDs, as users apply them."""
    admin.apply_yaml("---\n".join(installation.crds()))


@pytest.fixture(scope="module")
def home(admin: Client) -> Iterator[str]:
    """A namespace for ObjectSyncs."""
    made = Namespaces(admin)
    yield made.make("team")
    made.delete_all(wait=False)


def spec(destinations: object = ({"namespace": "*"},), **changes: object) -> Json:
    """Return the spec of an ObjectSync with parts of its source changed, or left out if DROPPED."""
    wanted = {key: value for key, value in {**CONFIG_MAP, **changes}.items() if value is not DROPPED}
    return {"source": wanted, "destinations": list(destinations) if isinstance(destinations, tuple) else destinations}


def to(**destination: object) -> Json:
    return spec(({"namespace": "a", **destination},))


def create(admin: Client, home: str, wanted: object) -> Object:
    """Create an ObjectSync with this spec."""
    metadata = {"namespace": home, "name": f"share-{uuid4().hex[:8]}"}
    obj = {"apiVersion": api.API_VERSION, "kind": "ObjectSync", "metadata": metadata}
    return admin.create(obj if wanted is DROPPED else {**obj, "spec": wanted})


@dataclass(frozen=True)
class Accepted:
    reason: str
    spec: Json


COPY: Json = {
    "labels": {"include": ["*"], "exclude": ["a*"], "set": {"a": "b", "c": ""}},
    "annotations": {"include": ["example.com/*"], "set": {"note": "any text: {at all}"}},
    "data": {"include": ["*.crt"], "exclude": ["b"], "rename": {"a": "b.c_d-e"}},
    "patches": [
        {"op": "add", "path": "/data/a~1b", "value": {"deep": [1, "x", True, {"y": 1.5}]}},
        {"op": "remove", "path": "/data/a"},
        {"op": "move", "from": "/data/a", "path": "/data/b"},
    ],
}


def copying(**copy: object) -> Json:
    return {**spec(), "copy": copy}


def patching(**operation: object) -> Json:
    return copying(patches=[{"op": "add", "path": "/data/k", "value": "v", **operation}])


@cases(
    Accepted("the shortest", spec()),
    Accepted("every namespace, written as nothing", spec(({"namespace": ""},))),
    Accepted("a namespace", spec(({"namespace": "kube-system"},))),
    Accepted("a namespace of digits", spec(({"namespace": "0"},))),
    Accepted("a namespace of 63 letters", spec(({"namespace": "a" * 63},))),
    Accepted(
        "nulls for all that is optional, as upstream's tools write them",
        spec(({"namespace": "*", "name": None, "strategy": None},), version=None, namespace=None),
    ),
    Accepted("our own optional fields may be null, too", {**spec(resource=None), "conflictPolicy": None}),
    Accepted(
        "empty texts for all that is optional",
        spec(({"namespace": "", "name": ""},), version="", namespace="", resource=""),
    ),
    Accepted(
        "both strategies", spec(({"namespace": "a", "strategy": "apply"}, {"namespace": "b", "strategy": "replace"}))
    ),
    *(
        Accepted(f"the glob {glob}", to(namespace=glob))
        for glob in ("team-*", "*-test", "team-?", "[ab]", "[!ab]*", "a[0-9]?*", "**")
    ),
    Accepted("a selector", spec(({"namespaceSelector": {"matchLabels": {"team": "a", "example.com/x": ""}}},))),
    Accepted("an empty selector", spec(({"namespaceSelector": {}},))),
    Accepted(
        "a selector of every operator",
        spec(
            (
                {
                    "namespaceSelector": {
                        "matchExpressions": [
                            {"key": "a", "operator": "In", "values": ["b"]},
                            {"key": "a", "operator": "NotIn", "values": ["c", ""]},
                            {"key": "a", "operator": "Exists"},
                            {"key": "example.com/b", "operator": "DoesNotExist"},
                        ]
                    }
                },
            )
        ),
    ),
    Accepted("exclusions", to(namespace="*", exclude=["a", "b-*", "[cd]"])),
    Accepted("no exclusions", to(namespace="*", exclude=[])),
    *(
        Accepted(f"the name {name}", to(name=name))
        for name in (
            "{source.name}",
            "{source.namespace}-{source.name}.x",
            "{destination.namespace}",
            "{destination.labels.team}-{destination.labels.example.com/team}",
            "{other}-{source}-{}",
            "a}{b",
        )
    ),
    Accepted("no destination", spec(())),
    Accepted("one destination twice", spec(({"namespace": "a"}, {"namespace": "a"}, {"namespace": "*"}))),
    Accepted("a source elsewhere", spec(namespace="shared")),
    Accepted("a version", spec(group="batch", kind="CronJob", version="v1")),
    Accepted("a version that is not GA", spec(group="example.com", kind="Widget", version="v1alpha1")),
    Accepted(
        "a plural",
        spec(group="k8s.cni.cncf.io", kind="NetworkAttachmentDefinition", resource="network-attachment-definitions"),
    ),
    Accepted("a group with dashes and digits", spec(group="a-b.c2.example.com")),
    Accepted(
        "a name as RBAC has them", spec(kind="Role", group="rbac.authorization.k8s.io", name="system:controller:x")
    ),
    Accepted("a name as CRDs have them", spec(name="a.b.example.com")),
    Accepted("a name of 253 letters", spec(name="a" * 253)),
    Accepted("another name at the destination", to(name="other.name")),
    Accepted("a kind that does not exist: it may come", spec(group="example.com", kind="Nonsense")),
    Accepted("thousands of destinations", spec(tuple({"namespace": f"ns-{index}"} for index in range(5000)))),
    Accepted("a suspended one", {**spec(), "suspend": True}),
    Accepted("one whose copies stay", {**spec(), "deletionPolicy": "Retain"}),
    Accepted("one whose copies are deleted", {**spec(), "deletionPolicy": "Delete"}),
    Accepted("all that copies can be asked for", {**spec(({"namespace": "a", "copy": COPY},)), "copy": COPY}),
    Accepted("a destination whose copies equal the source", {**spec(({"namespace": "a", "copy": {}},)), "copy": COPY}),
    Accepted(
        "thousands of destinations with copies of their own",
        spec(tuple({"namespace": f"ns-{index}", "copy": {"labels": {"set": {"a": "b"}}}} for index in range(5000))),
    ),
    *(
        Accepted(f"conflict policy {name}", {**spec(), "conflictPolicy": name})
        for name in ("Fail", "Adopt", "Overwrite")
    ),
)
def test_an_object_sync_is_accepted(case: Accepted, admin: Client, home: str) -> None:
    created = create(admin, home, case.spec)
    assert without_nulls(created["spec"]) == without_nulls(case.spec), "nothing is lost, nothing is added"
    assert created["metadata"]["generation"] == 1


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


EITHER = "give either namespace or namespaceSelector"
EXPRESSION = "spec.destinations[0].namespaceSelector.matchExpressions[0]"


def selecting(expression: Json) -> Json:
    """Return the spec of an ObjectSync with a selector of this one requirement."""
    return spec(({"namespaceSelector": {"matchExpressions": [expression]}},))


@dataclass(frozen=True)
class Refused:
    reason: str
    spec: object
    field: str
    says: str


@cases(
    Refused("no spec", DROPPED, "spec", "Required value"),
    Refused("no source", {"destinations": []}, "spec.source", "Required value"),
    Refused("no destinations", {"source": CONFIG_MAP}, "spec.destinations", "Required value"),
    Refused("destinations of null", spec(None), "spec.destinations", "Required value"),
    Refused("one destination without a list", spec({"namespace": "a"}), "spec.destinations", "must be of type array"),
    Refused("a destination of text", spec(("a",)), "spec.destinations[0]", "must be of type object"),
    Refused("a destination of nothing", spec(({},)), "spec.destinations[0]", EITHER),
    Refused("a destination with a name only", spec(({"name": "a"},)), "spec.destinations[0]", EITHER),
    Refused("a namespace of null", to(namespace=None), "spec.destinations[0]", EITHER),
    Refused("another deletion policy", {**spec(), "deletionPolicy": "X"}, "spec.deletionPolicy", "Unsupported value"),
    Refused("a namespace and a selector", to(namespaceSelector={}), "spec.destinations[0]", EITHER),
    Refused("all namespaces and a selector", to(namespace="", namespaceSelector={}), "spec.destinations[0]", EITHER),
    Refused("a namespace in capitals", to(namespace="Team"), "spec.destinations[0].namespace", "should match"),
    Refused("a namespace with a dot", to(namespace="a.b"), "spec.destinations[0].namespace", "should match"),
    Refused(
        "a namespace that begins with a dash", to(namespace="-a"), "spec.destinations[0].namespace", "should match"
    ),
    Refused("a namespace that ends with a dash", to(namespace="a-"), "spec.destinations[0].namespace", "should match"),
    Refused(
        "a namespace of 64 letters", to(namespace="a" * 64), "spec.destinations[0].namespace", "may not be more than 63"
    ),
    Refused("a glob in capitals", to(namespace="Team-*"), "spec.destinations[0].namespace", "should match"),
    Refused("a bracket that is not closed", to(namespace="team-[ab"), "spec.destinations[0].namespace", "should match"),
    Refused("brackets around nothing", to(namespace="team-[]"), "spec.destinations[0].namespace", "should match"),
    Refused("a bracket that is not opened", to(namespace="team-*]"), "spec.destinations[0].namespace", "should match"),
    Refused("an alternative", to(namespace="{a,b}"), "spec.destinations[0].namespace", "should match"),
    Refused("an exclusion of a bad glob", to(exclude=["a", "[b"]), "spec.destinations[0].exclude[1]", "should match"),
    Refused("an exclusion of nothing", to(exclude=[""]), "spec.destinations[0].exclude[0]", "should match"),
    Refused("too many exclusions", to(exclude=["a"] * 51), "spec.destinations[0].exclude", "at most 50 items"),
    *(
        Refused(f"the name {name}", to(name=name), "spec.destinations[0].name", "may have the variables")
        for name in (
            "{source.uid}",
            "{source.}",
            "{source.name",
            "x{destination.name}",
            "{destination.labels.}",
            "{destination.labels.a",
            "{destination.labels.{source.name}}",
            "{source.name}{source.x}",
        )
    ),
    Refused(
        "a slash beside a variable", to(name="a/{destination.labels.x/y}"), "spec.destinations[0].name", "should match"
    ),
    *(
        Refused(f"the requirement {reason}", selecting(expression), f"{EXPRESSION}{field}", says)
        for reason, expression, field, says in (
            ("without key", {"operator": "Exists"}, ".key", "Required value"),
            ("without operator", {"key": "a"}, ".operator", "Required value"),
            ("of another operator", {"key": "a", "operator": "Like"}, ".operator", "supported values"),
            ("In without values", {"key": "a", "operator": "In"}, "", "need values"),
            ("NotIn with no values", {"key": "a", "operator": "NotIn", "values": []}, "", "need values"),
            ("Exists with values", {"key": "a", "operator": "Exists", "values": ["b"]}, "", "need values"),
        )
    ),
    Refused("two namespaces in one text", to(namespace="a,b"), "spec.destinations[0].namespace", "should match"),
    Refused(
        "a strategy that is none",
        to(strategy="foo"),
        "spec.destinations[0].strategy",
        'supported values: "apply", "replace"',
    ),
    Refused(
        "a strategy in capitals",
        to(strategy="Apply"),
        "spec.destinations[0].strategy",
        'supported values: "apply", "replace"',
    ),
    Refused(
        "an empty strategy", to(strategy=""), "spec.destinations[0].strategy", 'supported values: "apply", "replace"'
    ),
    Refused("a name with a slash", to(name="a/status"), "spec.destinations[0].name", "should match"),
    Refused("a name of 254 letters", to(name="a" * 254), "spec.destinations[0].name", "may not be more than 253"),
    Refused(
        "a second destination that is wrong",
        spec(({"namespace": "a"}, {"namespace": "B"})),
        "spec.destinations[1].namespace",
        "should match",
    ),
    Refused(
        "too many destinations",
        spec(tuple({"namespace": f"ns-{index}"} for index in range(5001))),
        "spec.destinations",
        "must have at most 5000 items",
    ),
    Refused("a source without group", spec(group=DROPPED), "spec.source.group", "Required value"),
    Refused("a group with a version", spec(group="apps/v1"), "spec.source.group", "should match"),
    Refused("a group in capitals", spec(group="Apps"), "spec.source.group", "should match"),
    Refused("a group of a star", spec(group="*"), "spec.source.group", "should match"),
    Refused("a source without kind", spec(kind=DROPPED), "spec.source.kind", "Required value"),
    Refused("an empty kind", spec(kind=""), "spec.source.kind", "at least 1 chars long"),
    Refused("a kind with a group", spec(kind="CronJob.batch"), "spec.source.kind", "should match"),
    Refused("a source without name", spec(name=DROPPED), "spec.source.name", "Required value"),
    Refused("an empty name", spec(name=""), "spec.source.name", "at least 1 chars long"),
    Refused("a source's name with a slash", spec(name="a/b"), "spec.source.name", "should match"),
    Refused("a source's name with a percent sign", spec(name="a%2fb"), "spec.source.name", "should match"),
    Refused("a source in every namespace", spec(namespace="*"), "spec.source.namespace", "should match"),
    Refused("a source's namespace in capitals", spec(namespace="Team"), "spec.source.namespace", "should match"),
    Refused(
        "a source's namespace of 64 letters",
        spec(namespace="a" * 64),
        "spec.source.namespace",
        "may not be more than 63",
    ),
    Refused("a version with a group", spec(version="batch/v1"), "spec.source.version", "should match"),
    Refused("a version that is a number", spec(version=1), "spec.source.version", "must be of type string"),
    Refused("a plural with a group", spec(resource="widgets.example.com"), "spec.source.resource", "should match"),
    Refused(
        "a mark of ours",
        copying(labels={"set": {"sync.rustrial.org/slice": "x"}}),
        "spec.copy.labels.set",
        "are set by",
    ),
    Refused(
        "a mark of ours at a destination",
        spec(({"namespace": "a", "copy": {"annotations": {"set": {"metacontroller.k8s.io/x": "x"}}}},)),
        "spec.destinations[0].copy.annotations.set",
        "are set by Object Syncer",
    ),
    Refused(
        "a label value with a blank", copying(labels={"set": {"a": "b c"}}), "spec.copy.labels.set.a", "should match"
    ),
    Refused(
        "an empty glob", copying(annotations={"exclude": [""]}), "spec.copy.annotations.exclude[0]", "at least 1 ch"
    ),
    Refused("a key with a slash", copying(data={"rename": {"a": "b/c"}}), "spec.copy.data.rename.a", "should match"),
    Refused(
        "data of another kind",
        {**spec(group="batch", kind="CronJob"), "copy": {"data": {"exclude": ["a"]}}},
        "spec",
        "copy.data is for ConfigMaps and Secrets",
    ),
    Refused(
        "data of another kind at a destination",
        spec(({"namespace": "a", "copy": {"data": {"exclude": ["a"]}}},), group="batch", kind="CronJob"),
        "spec",
        "destinations[].copy.data is for ConfigMaps and Secrets",
    ),
    Refused("an unknown operation", patching(op="merge"), "spec.copy.patches[0].op", "supported values"),
    Refused("a path that is no pointer", patching(path="data.k"), "spec.copy.patches[0].path", "should match"),
    Refused("a path of the whole copy", patching(path=""), "spec.copy.patches[0].path", "should match"),
    Refused("a move from nowhere", patching(op="move"), "spec.copy.patches[0]", "from is for move and copy"),
    Refused(
        "an add from somewhere", patching(**{"from": "/data/k"}), "spec.copy.patches[0]", "from is for move and copy"
    ),
    Refused(
        "too many patches", copying(patches=[{"op": "remove", "path": "/a"}] * 33), "spec.copy.patches", "at most 32"
    ),
    Refused(
        "a conflict policy that is none",
        {**spec(), "conflictPolicy": "Merge"},
        "spec.conflictPolicy",
        'supported values: "Fail", "Adopt", "Overwrite"',
    ),
)
def test_an_object_sync_is_refused_naming_the_field(case: Refused, admin: Client, home: str) -> None:
    with pytest.raises(ApiError) as refused:
        create(admin, home, case.spec)
    assert (refused.value.code, refused.value.reason) == (422, "Invalid")
    assert f"{case.field}:" in refused.value.message or f"{case.field} in body" in refused.value.message
    assert case.says in refused.value.message


def test_a_bad_strategy_cannot_be_brought_in_later(admin: Client, home: str) -> None:
    name = create(admin, home, spec())["metadata"]["name"]
    with pytest.raises(ApiError, match="supported values"):
        admin.patch(api.API_VERSION, "objectsyncs", home, name, {"spec": to(strategy="foo")})


def test_what_the_schema_does_not_know_is_dropped_as_upstream_s_schema_does(admin: Client, home: str) -> None:
    created = create(admin, home, {**spec(), "unknown": 1, "source": {**CONFIG_MAP, "uid": "x"}})
    assert created["spec"] == spec()


def test_an_object_of_upstream_s_is_taken_with_the_status_it_was_exported_with(admin: Client, home: str) -> None:
    version = {"uid": "u", "resource_version": "1"}
    exported = {
        "apiVersion": api.API_VERSION,
        "kind": "ObjectSync",
        "metadata": {"namespace": home, "name": "exported", "finalizers": [api.UPSTREAM_FINALIZER]},
        "spec": spec(({"namespace": "*", "name": None},), version=None),
        "status": {
            "conditions": [
                {
                    "type": "InSync",
                    "status": "True",
                    "reason": "Success",
                    "message": "",
                    "lastTransitionTime": None,
                    "observedGeneration": None,
                }
            ],
            "destinations": [
                {
                    "group": "",
                    "version": "v1",
                    "kind": "ConfigMap",
                    "namespace": "a",
                    "name": "settings",
                    "sourceVersion": version,
                    "syncedVersion": None,
                }
            ],
        },
    }
    created = admin.create(exported)
    written = admin.replace({**created, "status": exported["status"]}, subresource="status")
    assert written["status"]["destinations"][0]["sourceVersion"] == version
    admin.patch(api.API_VERSION, "objectsyncs", home, "exported", {"metadata": {"finalizers": None}})


# SyncPolicy


@dataclass(frozen=True)
class Policy:
    reason: str
    changes: Json
    """What differs from a policy that permits everything; what is DROPPED is missing."""
    refused: str = ""
    """The field and perhaps why, "" if it is accepted."""

    @property
    def spec(self) -> Json:
        return {key: value for key, value in (EVERYTHING | self.changes).items() if value is not DROPPED}


@cases(
    Policy("all lists with a star", {}),
    Policy("nothing", dict.fromkeys(EVERYTHING, DROPPED), "spec.sourceNamespaces: Required value"),
    *(Policy(f"no {name}", {name: DROPPED}, f"spec.{name}: Required value") for name in EVERYTHING),
    *(
        Policy(f"an empty {name}", {name: []}, f"spec.{name} in body should have at least 1 items")
        for name in EVERYTHING
    ),
    Policy(
        "a mistyped list, which the API server drops",
        {"watchNamespaces": DROPPED, "watchNamespace": ["a"]},
        "spec.watchNamespaces: Required value",
    ),
    Policy(
        "a mistyped list of a rule",
        {"allowedResources": [{"apiGroups": [""], "resource": ["configmaps"]}]},
        "spec.allowedResources[0].resources: Required value",
    ),
    Policy(
        "a rule without groups",
        {"allowedResources": [{"resources": ["configmaps"]}]},
        "spec.allowedResources[0].apiGroups",
    ),
    Policy(
        "a rule with an empty list",
        {"allowedResources": [{"apiGroups": ["*"], "resources": []}]},
        "spec.allowedResources[0].resources",
    ),
    Policy("empty texts", {"watchNamespaces": [""], "sourceNamespaces": [""], "targetNamespaces": [""]}),
    Policy("names and globs", {"targetNamespaces": ["a", "team-*", "ns-?"]}),
    Policy("an ObjectSync's own namespace", {"sourceNamespaces": ["."]}),
    Policy("the core group", {"allowedResources": [{"apiGroups": [""], "resources": ["configmaps", "secrets"]}]}),
    Policy("an ObjectSync's own namespace to copy to", {"targetNamespaces": ["."]}),
    Policy("selectors", {"sourceNamespaceSelector": {}, "targetNamespaceSelector": {"matchLabels": {"a": "b"}}}),
    Policy("a priority", {"priority": -5}),
    Policy("no guard", {"guard": "None"}),
    Policy("transforms", {"transforms": ["metadata", "data", "set", "patches"]}),
    Policy("no transform", {"transforms": []}),
    Policy("consent of sources", {"sourceConsent": "Required"}),
    Policy("a transform that is none", {"transforms": ["labels"]}, "spec.transforms[0]"),
    Policy("a consent that is none", {"sourceConsent": "Maybe"}, "spec.sourceConsent"),
    Policy("a namespace in capitals", {"watchNamespaces": ["Team"]}, "spec.watchNamespaces[0]"),
    Policy("an own namespace to watch", {"watchNamespaces": ["."]}, "spec.watchNamespaces[0]"),
    Policy(
        "a selector without operator",
        {"targetNamespaceSelector": {"matchExpressions": [{"key": "a"}]}},
        "spec.targetNamespaceSelector.matchExpressions[0].operator",
    ),
    Policy("a text instead of a list", {"targetNamespaces": "a"}, "spec.targetNamespaces"),
    Policy("a rule of text", {"allowedResources": ["configmaps"]}, "spec.allowedResources[0]"),
    Policy("a priority of text", {"priority": "high"}, "spec.priority"),
    Policy("a guard that is none", {"guard": "Maybe"}, "spec.guard"),
)
def test_a_sync_policy_is_accepted_or_refused_naming_the_field(case: Policy, admin: Client) -> None:
    name = f"tests-{uuid4().hex[:8]}"
    obj = {"apiVersion": api.API_VERSION, "kind": "SyncPolicy", "metadata": {"name": name}, "spec": case.spec}
    if case.refused:
        with pytest.raises(ApiError) as refused:
            admin.create(obj)
        assert refused.value.code == 422
        assert case.refused in refused.value.message
    else:
        assert admin.create(obj)["spec"] == case.spec
        admin.delete(api.API_VERSION, "syncpolicies", None, name)


def test_the_default_policy_is_accepted(admin: Client) -> None:
    applied = admin.apply_yaml(installation.policy([], [], [], []))
    assert applied[0]["spec"] == EVERYTHING
    admin.delete(api.API_VERSION, "syncpolicies", None, applied[0]["metadata"]["name"])


# What the hooks write is kept as it is written: what the API server drops would be written again with every sync


def kept(admin: Client, obj: Object, status: Json) -> Json:
    """Create the object, write the status as the engine does, and return what the API server keeps of it."""
    created = admin.create({key: value for key, value in obj.items() if key != "status"})
    written: Json = admin.replace({**created, "status": status}, subresource="status")["status"]
    return written


def fresh(obj: Object) -> Object:
    """Return an object without what the API server sets, so that it can be created."""
    meta = {key: value for key, value in obj["metadata"].items() if key in ("namespace", "name", "labels")}
    return {**obj, "metadata": meta}


def test_the_specs_of_slices_are_kept(admin: Client) -> None:
    elsewhere = {"namespace": "nowhere", "strategy": "replace"}
    wide = object_sync("wide", ["*", elsewhere, {"namespace": "a", "name": "x", "strategy": "apply"}])
    wide["spec"] |= {"conflictPolicy": "Adopt", "copy": COPY, "suspend": True, "deletionPolicy": "Retain"}
    wide["spec"]["destinations"].append({"namespace": "b", "name": "y", "copy": {}})
    refused = object_sync("refused", spec_source=source("Node"))
    body = of_policy(
        namespace("team"),
        namespace("a"),
        namespace("b"),
        wide,
        refused,
        conflictPolicies=["*"],
        transforms=["*"],
        sourceConsent="Required",
    )
    made = syncpolicy.sync(metacontroller.parse(body, "SyncPolicy", []), NOW)["children"]
    slices = {child["spec"]["objectSync"]["name"]: child for child in made if child["kind"] == "SyncSlice"}
    had = {"problems", "groups", "conflictPolicy", "copy", "suspend", "sourceConsent", "deletionPolicy"}
    assert had <= slices["wide"]["spec"].keys()
    assert slices["refused"]["spec"]["problems"][0]["reason"] == reasons.CLUSTER_SCOPED_KIND
    advice = {"reason": "Loop", "message": "m", "advisory": True}
    more = {
        "probes": [{"namespace": "a", "name": "x"}],
        "problems": [advice],
        "draining": "2026-01-01T00:00:00Z",
        "selector": {"matchExpressions": [{"key": api.SLICE_LABEL, "operator": "In", "values": ["probed", "left"]}]},
        "leaving": {"label": "left", "groups": [{"name": "x", "namespaces": ["a"]}]},
    }
    probed = {**slices["wide"], "metadata": {"name": "probed"}, "spec": {**slices["wide"]["spec"], **more}}
    for item in (*slices.values(), probed):
        assert admin.apply(item, manager="metacontroller")["spec"] == item["spec"]
        admin.delete(api.API_VERSION, "syncslices", None, item["metadata"]["name"])


def test_the_status_of_slices_is_kept(admin: Client) -> None:
    immutable = {"data": {"k": "old"}, "immutable": True}
    copies = [at("b"), edited(at("c"), data={"k": "x"}), at("d", **immutable)]
    request = of_slice(sync_slice("a", "b", "c", "d"), config_map(immutable=True), copies=copies)
    answered = syncslice.sync(metacontroller.parse(request, "SyncSlice", []), NOW)
    status = {"observedGeneration": 1, **answered["status"]}
    assert {item.get("reason") for item in status["destinations"]} >= {
        reasons.CREATING,
        reasons.DRIFTED,
        reasons.RECREATING,
    }
    assert kept(admin, fresh(request["parent"]), status) == status
    gone = syncslice.sync(metacontroller.parse(of_slice(sync_slice("a")), "SyncSlice", []), NOW)["status"]
    name = request["parent"]["metadata"]["name"]
    admin.delete(api.API_VERSION, "syncslices", None, name)
    assert "problem" in gone
    assert kept(admin, fresh(sync_slice("a")), gone) == gone
    admin.delete(api.API_VERSION, "syncslices", None, name)


def at(where: str, **body: Any) -> Json:
    copy = observed(desired(**body))
    copy["metadata"]["namespace"] = where
    return copy


def test_the_status_of_policies_is_kept(admin: Client) -> None:
    obj = sync_policy()
    obj["metadata"] = {"name": f"tests-{uuid4().hex[:8]}", "uid": "u", "generation": 1}
    status = syncpolicy.sync(metacontroller.parse(of_policy(parent=obj), "SyncPolicy", []), NOW)["status"]
    assert kept(admin, fresh(obj), status) == status
    admin.delete(api.API_VERSION, "syncpolicies", None, obj["metadata"]["name"])


REPORT = {
    "observedGeneration": 1,
    "copies": 1,
    "synced": 1,
    "source": {"uid": "s", "resourceVersion": "9", "bytes": 1},
    "destinations": [
        {"namespace": "a", "name": "settings", "state": "Synced", "uid": "c", "resourceVersion": "5"},
        {
            "namespace": "b",
            "name": "settings",
            "state": "Failed",
            "reason": "R",
            "message": "m",
            "since": "2026-01-01T00:00:00Z",
        },
    ],
}


def answered_status(home: str, name: str, *related: Json, spec_source: Json | None = None) -> tuple[Json, Json]:
    """Return an ObjectSync of a namespace, and the status that its hook answers."""
    parent = object_sync(name, namespace=home, spec_source=spec_source)
    body = of_objectsync(parent, sync_policy(), *related)
    status: Json = objectsync.sync(metacontroller.parse(body, "ObjectSync", []), NOW)["status"]
    return parent, status


def test_the_status_of_objectsyncs_is_kept(admin: Client, home: str) -> None:
    parent, status = answered_status(home, "kept", sync_slice("a", "b", strategy="replace", status=REPORT))
    assert status.keys() == {"observedGeneration", "source", "resolved", "conditions", "copies", "destinations"}
    assert kept(admin, fresh(parent), status) == status


# Columns


@dataclass(frozen=True)
class Row:
    reason: str
    want: list[Any]
    related: list[Json] = field(default_factory=list)
    source: Json = field(default_factory=source)
    served: bool = True


@cases(
    Row("an ObjectSync that no hook has seen", [None, None, None, None], served=False),
    Row("an ObjectSync that is not planned yet", ["True", "False", "ConfigMap/settings", "0/0"]),
    Row(
        "an ObjectSync of whose copies one is in sync",
        ["True", "False", "ConfigMap/settings", "1/2"],
        [sync_slice("a", "b", status=REPORT)],
    ),
    Row(
        "an ObjectSync of an unknown kind",
        ["False", "False", "Nonsense/x", "0/0"],
        source=source("Nonsense", "example.com", "x"),
    ),
)
def test_kubectl_get_shows_the_state_of_an_object_sync(case: Row, admin: Client, home: str) -> None:
    name = f"row-{uuid4().hex[:8]}"
    parent, status = answered_status(home, name, *case.related, spec_source=case.source)
    if case.served:
        kept(admin, fresh(parent), status)
    else:
        admin.create(fresh(parent))
    headings, cells = table(admin, path_of(api.API_VERSION, "objectsyncs", home, name))
    assert headings == ["Name", "Ready", "InSync", "Source", "Copies", "Age"]
    assert cells[:-1] == [name, *case.want]
    assert cells[-1].endswith("s"), "seconds"


def table(admin: Client, path: str) -> tuple[list[str], list[Any]]:
    """Return what `kubectl get` shows of one object: headings and cells."""
    answer = admin.raw("GET", path, headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}).json()
    (row,) = answer["rows"]
    shown = [index for index, column in enumerate(answer["columnDefinitions"]) if column["priority"] == 0]
    return [answer["columnDefinitions"][index]["name"] for index in shown], [row["cells"][index] for index in shown]


def test_the_columns_of_policies_and_slices_read_what_the_hooks_write(admin: Client) -> None:
    obj = sync_policy()
    obj["metadata"] = {"name": f"tests-{uuid4().hex[:8]}", "uid": "u", "generation": 1}
    body = of_policy(namespace("team"), namespace("a"), object_sync(), parent=obj)
    answered = syncpolicy.sync(metacontroller.parse(body, "SyncPolicy", []), NOW)
    kept(admin, fresh(obj), answered["status"])
    headings, cells = table(admin, path_of(api.API_VERSION, "syncpolicies", None, obj["metadata"]["name"]))
    assert cells[0] == obj["metadata"]["name"]
    assert None not in cells, headings
    admin.delete(api.API_VERSION, "syncpolicies", None, obj["metadata"]["name"])

    (item,) = (child for child in answered["children"] if child["kind"] == "SyncSlice")
    kept(admin, fresh(item), REPORT)
    headings, cells = table(admin, path_of(api.API_VERSION, "syncslices", None, item["metadata"]["name"]))
    assert None not in cells, headings
    admin.delete(api.API_VERSION, "syncslices", None, item["metadata"]["name"])


def test_the_short_name_is_served(admin: Client) -> None:
    found = admin.call("GET", f"/apis/{api.API_VERSION}")["resources"]
    names = {item["name"]: item.get("shortNames") for item in found}
    assert names["objectsyncs"] == ["osync"]
    assert {"objectsyncs/status", "syncslices/status", "syncpolicies/status"} <= names.keys()
