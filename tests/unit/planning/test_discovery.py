"""From the kind a user writes to the resource type that the API server serves."""

from dataclasses import dataclass, field

import pytest

from object_syncer.kube import builtin, types
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.planning import discovery
from object_syncer.status import reasons
from object_syncer.status.problem import Problem
from specification import cases
from unit.objects import crd, source, terminating

CRON_JOB = source("CronJob", "batch")
WIDGET = source("Widget", "example.com")


@dataclass(frozen=True)
class BuiltIn:
    reason: str
    source: Json
    want: ResourceType | str | None
    """A string: the reason of a Problem."""
    says: str = ""


@cases(
    BuiltIn(
        "the core group is written as an empty string", source(), ResourceType("", "v1", "ConfigMap", "configmaps")
    ),
    BuiltIn("a kind of a named group", CRON_JOB, ResourceType("batch", "v1", "CronJob", "cronjobs")),
    BuiltIn(
        "without a version the preferred one is taken",
        source("HorizontalPodAutoscaler", "autoscaling"),
        ResourceType("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    ),
    BuiltIn(
        "a version that is null means the preferred one, as upstream's own output has it",
        {**CRON_JOB, "version": None},
        ResourceType("batch", "v1", "CronJob", "cronjobs"),
    ),
    BuiltIn(
        "a version that is empty means the preferred one",
        {**CRON_JOB, "version": ""},
        ResourceType("batch", "v1", "CronJob", "cronjobs"),
    ),
    BuiltIn(
        "any served version may be named",
        source("HorizontalPodAutoscaler", "autoscaling", version="v1"),
        ResourceType("autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    ),
    BuiltIn(
        "a version that no API server serves is refused, and the served ones are named",
        source("HorizontalPodAutoscaler", "autoscaling", version="v2beta2"),
        reasons.VERSION_NOT_SERVED,
        "HorizontalPodAutoscaler.autoscaling is not served in version 'v2beta2'; served are v2, v1",
    ),
    BuiltIn(
        "who names the plural knows a version that we do not",
        {**CRON_JOB, "version": "v3", "resource": "cronjobs"},
        ResourceType("batch", "v3", "CronJob", "cronjobs"),
    ),
    BuiltIn(
        "where no version is served by every Kubernetes that we know, one must be named",
        source("ResourceClaim", "resource.k8s.io"),
        reasons.VERSION_NOT_SERVED,
        "spec.source.version: name the version of ResourceClaim.resource.k8s.io that this cluster serves: v1 since",
    ),
    BuiltIn(
        "the newest may be named",
        source("ResourceClaim", "resource.k8s.io", version="v1"),
        ResourceType("resource.k8s.io", "v1", "ResourceClaim", "resourceclaims"),
    ),
    BuiltIn(
        "and so may any other: what an older Kubernetes serves",
        source("ResourceClaim", "resource.k8s.io", version="v1beta1"),
        ResourceType("resource.k8s.io", "v1beta1", "ResourceClaim", "resourceclaims"),
    ),
    BuiltIn(
        "a plural alone changes nothing for a known kind",
        {**CRON_JOB, "resource": "cronjobs"},
        ResourceType("batch", "v1", "CronJob", "cronjobs"),
    ),
    BuiltIn(
        "a plural of another kind is refused: the guard has not checked that the user may read it",
        source("Secret", resource="configmaps"),
        reasons.KIND_NOT_FOUND,
        "spec.source.resource: Secret is served as secrets, not 'configmaps'",
    ),
    BuiltIn(
        "also in a version that we do not know",
        {**CRON_JOB, "version": "v3", "resource": "jobs"},
        reasons.KIND_NOT_FOUND,
        "CronJob.batch is served as cronjobs",
    ),
    BuiltIn(
        "cluster-scoped kinds are known as such, so that they can be refused with the right reason",
        source("ClusterRole", "rbac.authorization.k8s.io"),
        ResourceType("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False),
    ),
    BuiltIn("the kind is compared as it is written", source("configmap"), None),
    BuiltIn("a kind belongs to its group alone", source("Deployment"), None),
    BuiltIn("a kind that we do not know is looked up elsewhere", WIDGET, None),
)
def test_built_in_kinds(case: BuiltIn) -> None:
    found = discovery.built_in(case.source)
    if isinstance(case.want, str):
        assert isinstance(found, Problem)
        assert found.reason == case.want
        assert case.says in found.message
    else:
        assert found == case.want


@pytest.mark.parametrize(
    ("group", "kind", "plural"),
    [
        ("", "Endpoints", "endpoints"),
        ("networking.k8s.io", "NetworkPolicy", "networkpolicies"),
        ("networking.k8s.io", "Ingress", "ingresses"),
        ("", "ResourceQuota", "resourcequotas"),
    ],
)
def test_plurals_of_built_in_kinds_are_listed_not_guessed(group: str, kind: str, plural: str) -> None:
    assert [version.plural for version in builtin.KINDS[group, kind]] == [plural]


@dataclass(frozen=True)
class Candidates:
    reason: str
    source: Json
    want: list[str]
    """The first ones."""


@cases(
    Candidates("a plural ends in s", WIDGET, ["widgets.example.com"]),
    Candidates("y after a consonant becomes ies", source("IngressProxy", "e.com"), ["ingressproxies.e.com"]),
    Candidates("y after a vowel stays", source("Gateway", "e.com"), ["gateways.e.com", "gateway.e.com"]),
    Candidates("s, x, z, ch and sh take es", source("Mesh", "e.com"), ["meshes.e.com"]),
    Candidates("s takes es", source("GatewayClass", "e.com"), ["gatewayclasses.e.com"]),
    Candidates(
        "a plural that is given is the only candidate", {**WIDGET, "resource": "odd-ones"}, ["odd-ones.example.com"]
    ),
    Candidates("a built-in kind needs no CRD", CRON_JOB, []),
    Candidates("the core group has no CRDs", source("Widget"), []),
    Candidates("no CRD can add a kind to a group that the API server serves", source("Widget", "apps"), []),
)
def test_names_of_the_crds_to_watch(case: Candidates) -> None:
    assert discovery.candidates(case.source)[: len(case.want) or None] == case.want


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("NetworkAttachmentDefinition", "network-attachment-definitions"),
        ("DNSEndpoint", "dnsendpoints"),
        ("DNSEndpoint", "dns-endpoints"),
        ("VirtualMachineInstancetype", "virtualmachineinstancetypes"),
        ("ServiceEntry", "serviceentries"),
        ("Kibana", "kibana"),
        ("Redis", "redis"),
        ("Redis", "redises"),
        ("Quay", "quays"),
        ("Policy", "policies"),
        ("Prometheus", "prometheuses"),
        ("HelmRelease", "helmreleases"),
        ("OCIRepository", "ocirepositories"),
        ("Elasticsearch", "elasticsearches"),
        ("AuthorizationPolicy", "authorization-policies"),
    ],
)
def test_plurals_that_authors_of_crds_choose_are_among_the_candidates(kind: str, plural: str) -> None:
    names = discovery.candidates(source(kind, "e.com"))
    assert f"{plural}.e.com" in names
    assert len(names) == len(set(names)) <= 10


@dataclass(frozen=True)
class Custom:
    reason: str
    crds: list[Json]
    want: ResourceType | str
    """A string: the reason of a Problem."""
    source: Json = field(default_factory=lambda: dict(WIDGET))
    earlier: ResourceType | None = None
    """What the ObjectSync's status says, of generation 1."""
    generation: int = 1
    says: str = ""


def widgets(version: str = "v1", **more: bool) -> ResourceType:
    return ResourceType("example.com", version, "Widget", "widgets", **more)


def served(*names: str) -> dict[str, bool]:
    return dict.fromkeys(names, True)


@cases(
    Custom("an established CRD defines the type", [crd()], widgets()),
    Custom("its scope is taken from it", [crd(scope="Cluster")], widgets(namespaced=False)),
    Custom(
        "without CRD the message has the names that were tried and the way out",
        [],
        reasons.KIND_NOT_FOUND,
        says="no CustomResourceDefinition found for Widget.example.com; tried widgets.example.com, widget.example.com, "
        "widgetes.example.com; if its plural is irregular, set spec.source.resource",
    ),
    Custom(
        "a CRD is used only once it is established",
        [crd(established="False")],
        reasons.KIND_NOT_FOUND,
        says="widgets.example.com is not established yet",
    ),
    Custom(
        "a fresh CRD has conditions: null",
        [crd(established=None)],
        reasons.KIND_NOT_FOUND,
        says="widgets.example.com is not established yet",
    ),
    Custom(
        "a CRD that is being deleted counts as gone", [terminating(crd())], reasons.KIND_NOT_FOUND, says="no Custom"
    ),
    Custom("a CRD of that name but of another kind does not define it", [crd(kind="Gadget")], reasons.KIND_NOT_FOUND),
    Custom("GA is preferred to beta", [crd(versions=served("v1beta9", "v1"))], widgets("v1")),
    Custom("beta is preferred to alpha", [crd(versions=served("v2alpha1", "v1beta1"))], widgets("v1beta1")),
    Custom("a higher version is preferred", [crd(versions=served("v2", "v10", "v9"))], widgets("v10")),
    Custom("v1beta10 is higher than v1beta2", [crd(versions=served("v1beta2", "v1beta10"))], widgets("v1beta10")),
    Custom("v2beta1 is higher than v1beta2", [crd(versions=served("v1beta2", "v2beta1"))], widgets("v2beta1")),
    Custom("v2alpha1 is preferred to a free name", [crd(versions=served("zeta", "v2alpha1"))], widgets("v2alpha1")),
    Custom("what is not served is not preferred", [crd(versions={"v2": False, "v1": True})], widgets("v1")),
    Custom(
        "a version that was chosen earlier is kept while it is served: a change would delete and re-create every copy",
        [crd(versions=served("v2", "v1"))],
        widgets("v1"),
        earlier=widgets("v1"),
    ),
    Custom(
        "a version that was chosen earlier is given up once it is no longer served",
        [crd(versions={"v2": True, "v1": False})],
        widgets("v2"),
        earlier=widgets("v1"),
    ),
    Custom(
        "what was chosen for another kind is not kept",
        [crd(versions=served("v2", "v1"))],
        widgets("v2"),
        earlier=ResourceType("example.com", "v1", "Gadget", "gadgets"),
    ),
    Custom(
        "a version in spec wins over one that was chosen earlier",
        [crd(versions=served("v2", "v1"))],
        widgets("v2"),
        source={**WIDGET, "version": "v2"},
        earlier=widgets("v1"),
    ),
    Custom(
        "any served version may be named, not only the preferred one",
        [crd(versions=served("v2", "v1alpha1"))],
        widgets("v1alpha1"),
        source={**WIDGET, "version": "v1alpha1"},
    ),
    Custom(
        "a version that is not served is refused, and the served ones are named, preferred first",
        [crd(versions={"v1": True, "v2": True, "v3": False})],
        reasons.VERSION_NOT_SERVED,
        source={**WIDGET, "version": "v3"},
        says="Widget.example.com is not served in version 'v3'; served are v2, v1",
    ),
    Custom(
        "a CRD may serve nothing at all",
        [crd(versions={"v1": False})],
        reasons.VERSION_NOT_SERVED,
        says="Widget.example.com is not served in any version",
    ),
    Custom(
        "a plural that no rule finds is taken from the hint",
        [crd("wdgts")],
        ResourceType("example.com", "v1", "Widget", "wdgts"),
        source={**WIDGET, "resource": "wdgts"},
    ),
    Custom(
        "plural and version together are believed without a CRD: aggregated APIs have none",
        [],
        ResourceType("metrics.example.com", "v1", "NodeMetrics", "nodes"),
        source=source("NodeMetrics", "metrics.example.com", version="v1", resource="nodes"),
    ),
    Custom("a plural alone is not believed", [], reasons.KIND_NOT_FOUND, source={**WIDGET, "resource": "wdgts"}),
    Custom("a version alone is not believed", [], reasons.KIND_NOT_FOUND, source={**WIDGET, "version": "v1"}),
    Custom(
        "plural and version are believed for a kind of Kubernetes that is newer than this release",
        [],
        ResourceType("apps", "v2", "Novelty", "novelties"),
        source=source("Novelty", "apps", version="v2", resource="novelties"),
    ),
    Custom(
        "a CRD that exists is believed more than the hint",
        [crd(established="False")],
        reasons.KIND_NOT_FOUND,
        source={**WIDGET, "version": "v1", "resource": "widgets"},
        says="not established",
    ),
    Custom(
        "a kind that a group of Kubernetes does not have",
        [],
        reasons.KIND_NOT_FOUND,
        source=source("Deploymint", "apps"),
        says="there is no kind Deploymint.apps in Kubernetes; did you mean Deployment?",
    ),
    Custom(
        "a kind that is in another group",
        [],
        reasons.KIND_NOT_FOUND,
        source=source("Deployment"),
        says="there is no kind Deployment in Kubernetes; Deployment is in group apps",
    ),
    Custom(
        "a built-in kind in a group that is misspelt",
        [],
        reasons.KIND_NOT_FOUND,
        source=source("Deployment", "app"),
        says="if its plural is irregular, set spec.source.resource; Deployment is in group apps",
    ),
    Custom(
        "a kind of the core group with a group",
        [],
        reasons.KIND_NOT_FOUND,
        source=source("ConfigMap", "v1"),
        says='ConfigMap is in group ""',
    ),
    Custom(
        "a kind that the core group does not have",
        [],
        reasons.KIND_NOT_FOUND,
        source=source("Configmap", version="v1", resource="configmaps"),
        says="there is no kind Configmap in Kubernetes; did you mean ConfigMap?",
    ),
    Custom(
        "where another kind is served by a plural that may be this one's, one must be named: the guard has checked "
        "that the user may read one of them",
        [crd("widgets"), crd("widget", kind="Gadget")],
        reasons.KIND_NOT_FOUND,
        says="spec.source.resource: Widget.example.com may be widget or widgets; name one of them",
    ),
    Custom(
        "who names the plural has rights on it",
        [crd("widgets")],
        widgets(),
        source={**WIDGET, "resource": "widgets"},
    ),
    Custom(
        "such a CRD takes no copies from an ObjectSync that was resolved before",
        [crd("widgets"), crd("widget", kind="Gadget")],
        widgets(),
        earlier=widgets(),
    ),
    Custom(
        "a plural from an earlier generation of the spec does not count",
        [crd("widgets"), crd("widget", kind="Gadget")],
        reasons.KIND_NOT_FOUND,
        earlier=widgets(),
        generation=2,
    ),
    Custom(
        "of two CRDs for one kind the established one wins",
        [crd("widgets", established="False"), crd("widgetes")],
        ResourceType("example.com", "v1", "Widget", "widgetes"),
    ),
)
def test_custom_kinds(case: Custom) -> None:
    status = {"resolved": types.dump(case.earlier), "observedGeneration": 1} if case.earlier else None
    found = discovery.custom(case.source, case.crds, status, case.generation)
    if isinstance(case.want, str):
        assert isinstance(found, Problem)
        assert found.reason == case.want
        assert case.says in found.message
    else:
        assert found == case.want


@dataclass(frozen=True)
class Known:
    reason: str
    source: Json
    status: Json | None
    want: ResourceType | None


RESOLVED = {"resolved": types.dump(widgets("v1"))}


@cases(
    Known(
        "the planner knows built-in kinds by itself", source(), None, ResourceType("", "v1", "ConfigMap", "configmaps")
    ),
    Known("all others it learns from the ObjectSync's status", WIDGET, RESOLVED, widgets("v1")),
    Known(
        "a plural in the status that cannot be the kind's was written by somebody else",
        WIDGET,
        {"resolved": types.dump(ResourceType("example.com", "v1", "Widget", "vaults"))},
        None,
    ),
    Known(
        "unless the user named it",
        {**WIDGET, "resource": "wdgts"},
        {"resolved": types.dump(ResourceType("example.com", "v1", "Widget", "wdgts"))},
        ResourceType("example.com", "v1", "Widget", "wdgts"),
    ),
    Known("an ObjectSync without status is not resolved yet", WIDGET, None, None),
    Known("an ObjectSync of an unknown kind has a status without type", WIDGET, {"conditions": []}, None),
    Known("a type of another kind is that of an earlier spec", source("Gadget", "example.com"), RESOLVED, None),
    Known("a type of another group is that of an earlier spec", source("Widget", "other.com"), RESOLVED, None),
    Known("until another version is found, the one of before counts", {**WIDGET, "version": "v2"}, RESOLVED, widgets()),
    Known("a type of the version in spec", {**WIDGET, "version": "v1"}, RESOLVED, widgets("v1")),
    Known("an empty version in spec is none", {**WIDGET, "version": ""}, RESOLVED, widgets("v1")),
    Known("a status that somebody spoiled resolves nothing", WIDGET, {"resolved": {"kind": "Widget"}}, None),
    Known("a status of null resolves nothing", WIDGET, {"resolved": None}, None),
)
def test_what_the_planner_knows(case: Known) -> None:
    assert discovery.known(case.source, case.status) == case.want
