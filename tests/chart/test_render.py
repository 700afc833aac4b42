"""What the chart makes of its values."""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart import helm
from chart.cases import CASES, CONFIG_MAPS, TENANTS, UPSTREAM
from controlplane.client import Object, Objects
from object_syncer import __version__, installation
from object_syncer.kube import api

TWO = CASES["two namespaces, two types"]


@pytest.mark.parametrize("case", CASES)
def test_every_case_passes_lint(case: str) -> None:
    assert "0 chart(s) failed" in helm.lint(CASES[case])


@pytest.mark.parametrize("case", CASES)
def test_every_case_renders_to_objects_of_its_own(case: str) -> None:
    objects = helm.template(CASES[case])
    keys = [(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]) for o in objects]
    assert len(keys) == len(set(keys))


def test_chart_and_package_have_one_version() -> None:
    chart = yaml.safe_load((helm.CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == __version__


def by_name(objects: Iterable[Object]) -> dict[tuple[str, str], Object]:
    return {(item["kind"], item["metadata"]["name"]): item for item in objects}


def test_crds_and_guard_are_those_of_the_package() -> None:
    shipped = [crd for crd in yaml.safe_load_all(helm.run("show", "crds", helm.CHART)) if crd]
    assert by_name(shipped) == by_name(yaml.safe_load(text) for text in installation.crds())
    user = "system:serviceaccount:engines:meta"
    rendered = helm.template({"metacontroller": {"serviceAccount": {"name": "meta", "namespace": "engines"}}})
    guard = [document for text in installation.admission(user) for document in yaml.safe_load_all(text)]
    assert by_name(o for o in rendered if o["kind"].startswith("ValidatingAdmission")) == by_name(guard)
    assert user in str(rendered)


def test_trusted_users_are_in_the_guard_as_the_package_has_them() -> None:
    users = ["system:serviceaccount:velero:velero", "restore"]
    rendered = helm.template({"guard": {"trustedUsers": users}})
    texts = installation.admission(api.ENGINE_USER, users)
    guard = [document for text in texts for document in yaml.safe_load_all(text)]
    assert by_name(o for o in rendered if o["kind"].startswith("ValidatingAdmission")) == by_name(guard)
    assert f"'{users[1]}']" in str(guard)


def test_requesters_need_no_rights_on_the_source_if_that_is_said() -> None:
    parts = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    usual = by_name(o for o in helm.template() if o["kind"] in parts)
    without = by_name(o for o in helm.template({"guard": {"requester": {"read": False}}}) if o["kind"] in parts)
    assert usual.keys() - without.keys() == {(part, "object-syncer-requesters") for part in parts}
    assert without.items() <= usual.items()


def test_requesters_need_rights_on_the_copies_if_that_is_said() -> None:
    parts = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    usual = by_name(o for o in helm.template() if o["kind"] in parts)
    strict = by_name(o for o in helm.template({"guard": {"requester": {"write": True}}}) if o["kind"] in parts)
    file = helm.CHART.parents[1] / "metacontroller" / "optional" / "writers.yaml"
    assert strict == usual | by_name(yaml.safe_load_all(file.read_text()))


def test_controllers_are_those_of_the_package_but_for_the_url() -> None:
    url = "https://192.0.2.1:8443"
    rendered = helm.template({"hooksUrl": url})
    for text in installation.controllers(url):
        wanted = yaml.safe_load(text)
        seen = helm.only(rendered, wanted["kind"], wanted["metadata"]["name"])
        for hook, definition in wanted["spec"]["hooks"].items():
            webhook = seen["spec"]["hooks"][hook]["webhook"]
            assert webhook.pop("caBundle")["inline"].startswith("-----BEGIN CERTIFICATE-----")
            assert webhook["url"].startswith(definition["webhook"]["url"] + "&config=")
            webhook["url"] = definition["webhook"]["url"]
        assert seen["spec"] == wanted["spec"]


# The hook server


def pod(objects: Objects) -> Any:
    return helm.only(objects, "Deployment")["spec"]["template"]["spec"]


def test_pods_run_without_privileges() -> None:
    spec = pod(helm.template())
    (container,) = spec["containers"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "runAsGroup": 1000,
    }


def test_the_hooks_are_available_during_updates_and_drains() -> None:
    objects = helm.template()
    assert helm.only(objects, "Deployment")["spec"]["replicas"] == 2
    assert helm.only(objects, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    spec = pod(objects)
    assert spec["topologySpreadConstraints"][0]["topologyKey"] == "kubernetes.io/hostname"
    paths = {probe: spec["containers"][0][probe]["httpGet"] for probe in ("livenessProbe", "readinessProbe")}
    assert paths == {
        "livenessProbe": {"path": "/healthz", "port": "metrics"},
        "readinessProbe": {"path": "/readyz", "port": "metrics"},
    }


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ("info", "info"),
        ("info,kube=warn", "info"),
        ("kube=warn, DEBUG ,info", "debug"),
        ("kube=warn", "info"),
        ("trace", "debug"),
        ("warn", "warning"),
        ("off", "error"),
        ("", "info"),
    ],
)
def test_log_levels_of_the_original_are_understood(given: str, level: str) -> None:
    assert f"--log-level={level}" in pod(helm.template({"logLevel": given}))["containers"][0]["args"]


def test_log_lines_are_json_if_that_is_asked_for() -> None:
    assert "--log-format=text" in pod(helm.template())["containers"][0]["args"]
    assert "--log-format=json" in pod(helm.template({"logFormat": "json"}))["containers"][0]["args"]


def test_the_image_of_the_original_is_not_run() -> None:
    values = {**UPSTREAM, "image": {"repository": "rustrial/k8s-object-syncer", "tag": "0.1.17"}}
    assert pod(helm.template(values))["containers"][0]["image"] == f"object-syncer:{__version__}"
    values = {"image": {"repository": "registry.example.com/syncer", "tag": "7"}}
    objects = helm.template(values)
    assert pod(objects)["containers"][0]["image"] == "registry.example.com/syncer:7"
    assert all("?release=7&" in webhook["url"] for webhook in webhooks(objects))


ENGINE = {
    "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "metacontroller"}}}],
    "ports": [{"protocol": "TCP", "port": 8080}],
}
METRICS = {"ports": [{"protocol": "TCP", "port": 9000}]}


def network_policy(values: dict[str, Any]) -> Any:
    return helm.only(helm.template(values), "NetworkPolicy")["spec"]


@pytest.mark.parametrize("values", [{}, {"networkPolicy": None}, {"networkPolicy": {"enabled": True}}])
def test_by_default_only_the_engine_reaches_the_hooks_and_nothing_goes_out(values: dict[str, Any]) -> None:
    policy = network_policy(values)
    assert policy["podSelector"]["matchLabels"] == helm.only(helm.template(), "Service")["spec"]["selector"]
    assert (policy["policyTypes"], policy["ingress"]) == (["Ingress", "Egress"], [ENGINE])
    assert "egress" not in policy


def test_prometheus_reaches_the_metrics() -> None:
    monitored = network_policy({"podMonitor": {"enabled": True}})
    assert monitored["ingress"] == [ENGINE, METRICS]
    named = network_policy({"serviceMonitor": {"enabled": True}, "networkPolicy": {"monitoringNamespace": "prom"}})
    prometheus = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "prom"}}}
    assert named["ingress"] == [ENGINE, {**METRICS, "from": [prometheus]}]


def test_upstreams_network_policy_is_taken_and_the_engine_let_in() -> None:
    theirs = CASES["upstream's values, used"]
    given = network_policy(theirs)
    assert given["ingress"] == [*theirs["networkPolicy"]["ingress"], ENGINE, METRICS]
    assert given["egress"] == theirs["networkPolicy"]["egress"]
    assert network_policy({"networkPolicy": {"ingress": []}})["policyTypes"] == ["Ingress"]
    assert not helm.of(helm.template({"networkPolicy": {"enabled": False}}), "NetworkPolicy")


def test_probes_and_metrics_have_a_port_of_their_own() -> None:
    objects = helm.template({"metrics": {"port": 9999}, "podMonitor": {"enabled": True}})
    (container,) = pod(objects)["containers"]
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {"hooks": 8080, "metrics": 9999}
    assert {"--bind=0.0.0.0:8080", "--status-bind=0.0.0.0:9999"} <= set(container["args"])
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] == "metrics"
    ports = {port["name"]: port["targetPort"] for port in helm.only(objects, "Service")["spec"]["ports"]}
    assert ports == {"hooks": "hooks", "metrics": "metrics"}
    (endpoint,) = helm.only(objects, "PodMonitor")["spec"]["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("metrics", "/metrics")
    assert "scheme" not in endpoint


def test_limits_of_requests_are_the_servers_options() -> None:
    (container,) = pod(helm.template({"hooks": {"bodyLimit": "20Mi", "memoryLimit": "1Gi"}}))["containers"]
    assert {"--body-limit=20Mi", "--memory-limit=1Gi"} <= set(container["args"])


def test_several_workers_share_their_metrics_in_memory_as_the_root_filesystem_is_read_only() -> None:
    spec = pod(helm.template({"hooks": {"workers": 2, "tls": {"mode": "none"}}}))
    (container,) = spec["containers"]
    assert "--metrics-dir=/run/object-syncer" in container["args"]
    assert container["volumeMounts"] == [{"name": "metrics", "mountPath": "/run/object-syncer"}]
    assert spec["volumes"] == [{"name": "metrics", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}]
    alone = pod(helm.template({"hooks": {"tls": {"mode": "none"}}}))
    assert "volumes" not in alone
    assert "--metrics-dir" not in str(alone)


# How hooks are reached


def webhooks(objects: Objects) -> list[Any]:
    """Return how the engine calls each hook of each controller; the chart has one controller for each parent."""
    found = [item for item in objects if item["kind"] in ("CompositeController", "DecoratorController")]
    assert len(found) == len(list(installation.controllers("")))
    return [hook["webhook"] for controller in found for hook in controller["spec"]["hooks"].values()]


def test_generated_certificate_is_for_the_url_and_trusted_by_the_engine(tmp_path: Path) -> None:
    objects = helm.template(namespace="here")
    data = helm.only(objects, "Secret", "object-syncer-tls")["data"]
    bundles = {webhook["caBundle"]["inline"] for webhook in webhooks(objects)}
    assert bundles == {base64.b64decode(data["ca.crt"]).decode()}
    assert all(w["url"].startswith("https://object-syncer.here.svc:8080/v1/") for w in webhooks(objects))
    assert not [rule for rule in rules(objects, "object-syncer-engine") if "secrets" in rule["resources"]]


def test_token_is_read_by_reference_and_its_servers_know_the_next_one() -> None:
    objects = helm.template({"hooks": {"token": {"mode": "generated"}}})
    data = {
        key: base64.b64decode(value).decode()
        for key, value in helm.only(objects, "Secret", "object-syncer-token")["data"].items()
    }
    assert data["tokens"].split() == [data["token"], data["next"]]
    for webhook in webhooks(objects):
        reference = {"name": "object-syncer-token", "namespace": helm.RELEASE, "key": "token"}
        assert webhook["authorization"] == {"type": "Bearer", "secretRef": reference}
    others = [o for o in objects if o["kind"] != "Secret"]
    assert data["token"] not in str(others)
    assert [rule for rule in rules(objects, "object-syncer-engine") if "secrets" in rule["resources"]]


def test_plain_http_has_no_trust_settings() -> None:
    objects = helm.template({"hooks": {"tls": {"mode": "none"}}})
    assert not helm.of(objects, "Secret")
    for webhook in webhooks(objects):
        assert set(webhook) - {"etag"} == {"url", "timeout"}, "etag: of the heartbeat, and no matter of trust"
        assert webhook["url"].startswith("http://object-syncer.object-syncer.svc:8080/v1/")
        assert webhook["url"].endswith(f"?release={__version__}")


def test_secrets_may_be_made_by_the_user() -> None:
    objects = helm.template(CASES["certificate and token from Secrets"])
    assert not helm.of(objects, "Secret")
    webhook = webhooks(objects)[0]
    assert webhook["caBundle"] == {
        "configMapRef": {"name": "my-ca", "namespace": helm.RELEASE, "key": "ca.crt"},
    }
    assert webhook["authorization"]["secretRef"] == {"name": "my-token", "namespace": helm.RELEASE, "key": "a"}
    volumes = {volume["name"]: volume["secret"] for volume in pod(objects)["volumes"]}
    assert volumes["tls"]["secretName"] == "my-tls"
    assert volumes["token"] == {"secretName": "my-token", "items": [{"key": "b", "path": "tokens"}]}
    revised = {**CASES["certificate and token from Secrets"]["hooks"], "revision": "3"}
    assert webhooks(helm.template({"hooks": revised}))[0]["url"] != webhook["url"]


# Permissions


def rules(objects: Objects, role: str) -> Any:
    return helm.only(objects, "ClusterRole", role)["rules"]


def aggregated(role: Object) -> bool:
    return "rbac.metacontroller.k8s.io/aggregate-to-metacontroller" in role["metadata"]["labels"]


def test_the_role_of_metacontrollers_chart_aggregates_ours() -> None:
    """helm/metacontroller-values.yaml: its role is the sum of ours, and it runs as the account that we bind."""
    engine = yaml.safe_load((helm.CHART.parent / "metacontroller-values.yaml").read_text())
    (selector,) = engine["clusterRole"]["aggregationRule"]["clusterRoleSelectors"]
    assert engine["clusterRole"]["rules"] == []
    objects = helm.template()
    collected = {
        role["metadata"]["name"]
        for role in helm.of(objects, "ClusterRole")
        if selector["matchLabels"].items() <= role["metadata"]["labels"].items()
    }
    assert collected == {f"object-syncer-{role}" for role in ("engine", "engine-read", "engine-write-default")}
    account = {"kind": "ServiceAccount", "name": engine["fullnameOverride"], "namespace": "metacontroller"}
    bindings = [o for o in objects if o["kind"].endswith("RoleBinding")]
    assert all(binding["subjects"] == [account] for binding in bindings)


def test_metacontrollers_flags_are_those_we_need() -> None:
    engine = yaml.safe_load((helm.CHART.parent / "metacontroller-values.yaml").read_text())
    flags = dict(flag.removeprefix("--").partition("=")[::2] for flag in engine["commandArgs"])
    assert flags["apply-strategy"] == "server-side-apply"
    assert int(flags["zap-log-level"]) <= 4, "above that it logs the contents of Secrets"
    assert "zap-devel" not in flags
    assert "leader-election" in flags
    assert engine["replicas"] == 2


def test_a_list_of_targets_limits_writes_to_these_namespaces() -> None:
    objects = helm.template(TWO)
    bindings = [o for o in objects if o["kind"].endswith("RoleBinding") and "write" in o["roleRef"]["name"]]
    assert sorted(b["metadata"].get("namespace", "*") for b in bindings) == ["default", "kube-public"]
    assert not aggregated(helm.only(objects, "ClusterRole", "object-syncer-engine-write-default"))
    assert {r for rule in rules(objects, "object-syncer-engine-read") for r in rule["resources"]} == {
        "configmaps",
        "cronjobs",
    }
    assert {v for rule in rules(objects, "object-syncer-engine-read") for v in rule["verbs"]} == {"list", "watch"}


@pytest.mark.parametrize("targets", [["*"], ["default", ""], ["team-*"], ["default", "team-?"]])
def test_a_wildcard_or_a_pattern_as_target_permits_writes_in_the_whole_cluster(targets: list[str]) -> None:
    objects = helm.template({"targetNamespaces": targets})
    assert helm.only(objects, "ClusterRoleBinding", "object-syncer-engine-write-default")
    assert aggregated(helm.only(objects, "ClusterRole", "object-syncer-engine-write-default"))


@pytest.mark.parametrize(("watched", "bound"), [(["team", "shop"], ["shop", "team"]), (["team-*"], []), (["*"], [])])
def test_a_dot_as_target_permits_writes_in_the_watched_namespaces(watched: list[str], bound: list[str]) -> None:
    objects = helm.template({"targetNamespaces": ["."], "watchNamespaces": watched})
    bindings = helm.of(objects, "RoleBinding", "object-syncer-engine-write-default")
    assert sorted(b["metadata"]["namespace"] for b in bindings) == bound
    assert bool(helm.of(objects, "ClusterRoleBinding", "object-syncer-engine-write-default")) == (not bound)


def test_selectors_of_namespaces_are_those_of_the_values() -> None:
    tenants = {"matchLabels": {"kind": "tenant"}}
    spec = helm.only(helm.template({"targetNamespaceSelector": tenants}), "SyncPolicy")["spec"]
    assert spec["targetNamespaceSelector"] == tenants
    assert "sourceNamespaceSelector" not in spec
    teams = {**TENANTS["policies"]["teams"], "sourceNamespaceSelector": tenants}
    (policy,) = helm.of(helm.template({"defaultPolicy": False, "policies": {"teams": teams}}), "SyncPolicy")
    assert policy["spec"] == teams


def test_each_policy_writes_what_it_allows_where_it_allows_it() -> None:
    objects = helm.template(TENANTS)
    assert rules(objects, "object-syncer-engine-write-platform")[0]["resources"] == ["configmaps"]
    assert helm.only(objects, "ClusterRoleBinding", "object-syncer-engine-write-platform")
    assert not helm.of(objects, "ClusterRoleBinding", "object-syncer-engine-write-teams")
    assert len(helm.of(objects, "RoleBinding", "object-syncer-engine-write-teams")) == 2
    assert len(rules(objects, "object-syncer-engine-read")) == 2  # what both allow stands there once


def test_writes_stay_permitted_in_extra_target_namespaces() -> None:
    objects = helm.template({**TWO, "rbac": {"extraTargetNamespaces": ["former", "default"]}})
    bindings = helm.of(objects, "RoleBinding", "object-syncer-engine-write-default")
    assert sorted(b["metadata"]["namespace"] for b in bindings) == ["default", "former", "kube-public"]


def test_escalation_only_if_asked_for_and_roles_are_allowed() -> None:
    def verbs(values: dict[str, Any]) -> set[str]:
        written = rules(helm.template(values), "object-syncer-engine-write-default")
        return {verb for rule in written for verb in rule["verbs"]} & {"escalate", "bind"}

    roles = CASES["roles may be copied"]
    assert verbs(roles) == {"escalate", "bind"}
    assert verbs({"allowedResources": roles["allowedResources"]}) == set()
    assert verbs({"allowedResources": [CONFIG_MAPS], "rbac": {"escalate": True}}) == set()


def test_the_switch_of_the_original_drops_all_permissions_and_ours_overrules_it() -> None:
    def kinds(values: dict[str, Any]) -> int:
        return len([o for o in helm.template(values) if "engine" in o["metadata"]["name"]])

    off = {"serviceAccount": {"create": False}}
    assert kinds(off) == 0
    assert kinds({**off, "rbac": {"create": True}}) == kinds({})
    assert kinds({"rbac": {"create": False}}) == 0


def test_viewers_may_read_object_syncs_and_editors_are_nobody_by_default() -> None:
    objects = helm.template()
    viewer, editor = (helm.only(objects, "ClusterRole", f"objectsync-{who}") for who in ("viewer", "editor"))
    assert viewer["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-view"] == "true"
    assert not any("aggregate" in label for label in editor["metadata"]["labels"])


# Policies


def test_sync_policies_have_the_lists_of_the_values_and_stay_when_the_chart_is_uninstalled() -> None:
    policy = helm.only(helm.template(TWO), "SyncPolicy")
    assert policy["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert policy["spec"]["targetNamespaces"] == TWO["targetNamespaces"]
    assert policy["spec"]["sourceNamespaces"] == ["kube-public", "kube-system"]
    tenants = helm.of(helm.template(TENANTS), "SyncPolicy")
    assert {p["metadata"]["name"]: p["spec"] for p in tenants} == TENANTS["policies"]


def test_sync_policies_say_where_the_guard_is_disabled() -> None:
    objects = helm.template({"guard": {"enabled": False}})
    assert helm.only(objects, "SyncPolicy")["spec"]["guard"] == "None"
    assert not helm.of(objects, "ValidatingAdmissionPolicy")


# Refusals

FOUR = ("watchNamespaces", "sourceNamespaces", "targetNamespaces", "allowedResources")


@pytest.mark.parametrize("empty", [[], None], ids=["empty", "missing"])
@pytest.mark.parametrize("list_", FOUR)
def test_a_list_of_a_policy_that_is_missing_or_empty_is_refused_and_the_fix_is_said(
    list_: str, empty: list[str] | None
) -> None:
    """It must not mean "all": the permissions of Metacontroller are made of these lists."""
    fix = (
        "resource types, or write [{apiGroups:" if list_ == "allowedResources" else 'namespaces, or write ["*"] for all'
    )
    with pytest.raises(helm.HelmError) as refused:
        helm.template({list_: empty})
    assert f"{list_}: the list is missing or empty; name {fix}" in str(refused.value)
    assert helm.template({**TENANTS, list_: empty}), "because nothing is made of it"

    teams = TENANTS["policies"]["teams"]
    with pytest.raises(helm.HelmError) as refused:
        helm.template({**TENANTS, "policies": {"teams": {**teams, list_: []}}})
    assert f"policies.teams.{list_}: the list is missing or empty; name {fix}" in str(refused.value)


@pytest.mark.parametrize(
    ("rule", "list_"),
    [
        ({"apiGroups": [""]}, "resources"),
        ({"apiGroups": [""], "resources": []}, "resources"),
        ({"resources": ["secrets"]}, "apiGroups"),
        ({}, "apiGroups"),
    ],
)
def test_a_resource_type_must_be_named_in_full(rule: dict[str, Any], list_: str) -> None:
    with pytest.raises(helm.HelmError) as refused:
        helm.template({"allowedResources": [CONFIG_MAPS, rule]})
    assert f'allowedResources[1].{list_}: the list is missing or empty; write ["*"] for all' in str(refused.value)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"resources": {"limits": {"memory": "32Mi"}}}, "32Mi is too little for a Python server: set 512Mi"),
        ({"resources": {"limits": {"memory": "64M"}}}, "64M is too little"),
        ({"resources": {"limits": {"memory": 1000}}}, "is too little"),
        ({"resources": {"limits": {"memory": "lots"}}}, '"lots" is no amount of memory'),
        ({"logLevel": "chatty"}, '"chatty" is no level'),
        ({"targetNamespaces": ["Team"]}, "/targetNamespaces/0"),
        ({"targetNamespaces": "default"}, "/targetNamespaces"),
        ({"watchNamespaces": ["."]}, "/watchNamespaces/0"),
        ({"targetNamespaceSelector": {"matchLabel": {}}}, "'matchLabel' not allowed"),
        ({"sourceNamespaces": ["a", "a/b"]}, "/sourceNamespaces/1"),
        ({"allowedResources": [{"apiGroups": [""], "resources": ["ConfigMap"]}]}, "/allowedResources/0/resources/0"),
        ({"allowedResources": [{"apiGroup": ""}]}, "'apiGroup' not allowed"),
        ({"policies": {"a": {"watchNamespaces": ["a"]}}}, "/policies/a"),
        ({"policies": {"A_b": {}}}, "/policies"),
        ({"policies": {"default": TENANTS["policies"]["teams"]}}, "policies.default"),
        ({"defaultPolicy": False}, "nothing would ever be copied"),
        ({"guard": {"trustedUsers": ["a'] || ['b"]}}, "/guard/trustedUsers/0"),
        ({"guard": {"requester": {"red": False}}}, "'red' not allowed"),
        ({"replicas": 2}, "'replicas' not allowed"),
        ({"replicaCount": -1}, "/replicaCount"),
        ({"hooksUrl": "hooks:8080"}, "/hooksUrl"),
        ({"hooksUrl": "https://hooks:8443/path"}, "/hooksUrl"),
        ({"hooksUrl": "http://hooks:8080"}, "does not fit hooks.tls.mode generated"),
        ({"hooksUrl": "https://hooks:8443", "hooks": {"tls": {"mode": "none"}}}, "does not fit hooks.tls.mode none"),
        ({"hooks": {"tls": {"mode": "auto"}}}, "/hooks/tls/mode"),
        ({"hooks": {"tls": {"mode": "secret"}}}, "hooks.tls.secretName"),
        ({"hooks": {"tls": {"mode": "certManager"}}}, "hooks.tls.certManager.issuerRef"),
        ({"hooks": {"tls": {"caBundle": "MIIB"}}}, "/hooks/tls/caBundle"),
        ({"hooks": {"token": {"mode": "secret"}}}, "hooks.token.secretName"),
        ({"hooks": {"port": 0}}, "/hooks/port"),
        ({"metrics": {"port": 8080}}, "metrics.port: 8080 is the port of the hooks"),
        ({"hooks": {"bodyLimit": "1e9"}}, "/hooks/bodyLimit"),
        ({"hooks": {"bodyLimit": "1Gi"}}, "hooks.memoryLimit: 160Mi is less than hooks.bodyLimit, 1Gi"),
        ({"networkPolicy": {"monitoringNamespace": "A"}}, "/networkPolicy/monitoringNamespace"),
        ({"metacontroller": {"serviceAccount": {"namespace": ""}}}, "/metacontroller/serviceAccount/namespace"),
        ({"networkPolicy": {"from": []}}, "/networkPolicy"),
        ({"podMonitor": {"enabled": True, "interval": "often"}}, "/podMonitor/interval"),
        ({"image": {"tag": "a b"}}, "/image/tag"),
    ],
)
def test_bad_values_are_refused_by_name(values: dict[str, Any], says: str) -> None:
    with pytest.raises(helm.HelmError) as refused:
        helm.template(values)
    assert says in str(refused.value)
