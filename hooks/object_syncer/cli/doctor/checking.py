"""What is wrong with an installation that only a cluster can tell: rights, and what Metacontroller's events say."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from urllib.parse import urlsplit

import yaml

from object_syncer import installation
from object_syncer.cli.doctor.diagnosing import Finding
from object_syncer.cli.live import kinds, rights, waiting
from object_syncer.cli.live.cluster import Cluster
from object_syncer.cli.live.errors import ClusterError
from object_syncer.cli.live.rights import Right
from object_syncer.kube import api, builtin, clock, types
from object_syncer.kube.meta import Json, name_of, namespace_of
from object_syncer.kube.types import ResourceType
from object_syncer.planning import guard

_RECENT = 600
"""Seconds for which an event counts."""

_USER = re.compile(r"request\.userInfo\.username == '([^']+)'")

_REVISION = ResourceType("metacontroller.k8s.io", "v1alpha1", "ControllerRevision", "controllerrevisions", False)
_SLICES = builtin.KINDS["discovery.k8s.io", "EndpointSlice"][0]

_ALL = ("get", "list", "watch", "create", "patch", "update", "delete")
_ENGINE = (
    (kinds.COMPOSITE, _ALL),
    (kinds.DECORATOR, _ALL),
    (_REVISION, ("list", "watch")),
    (kinds.CRD, ("list", "watch")),
    (kinds.NAMESPACE, ("list", "watch")),
    (kinds.ADMISSION_POLICY, ("list", "watch")),
    (kinds.ADMISSION_BINDING, ("list", "watch")),
    (kinds.SYNC_POLICY, ("get", "list", "watch", "update")),
    (kinds.OBJECT_SYNC, ("get", "list", "watch", "update")),
    (kinds.SYNC_SLICE, _ALL),
    (kinds.EVENT, ("create", "patch")),
)
"""What Metacontroller needs for itself, as in the chart's rbac-engine.yaml."""

_WRITE = ("get", "create", "patch", "update", "delete")


def check(cluster: Cluster, objects: Iterable[Json], now: datetime) -> list[Finding]:
    """Return what is wrong that the objects of the installation do not show. Raises ClusterError."""
    of: dict[str, list[Json]] = {}
    for obj in objects:
        of.setdefault(obj["kind"], []).append(obj)
    found = [*_endpoints(cluster, of), *_errors(cluster, now)]
    user = _engine(of)
    if not user:
        return found
    return [*_rules_of_others(of, user), *_other_user(of, user), *found, *_rights(cluster, user, of)]


# The guard


def _engine(of: dict[str, list[Json]]) -> str:
    """Return the user that the guard was installed for, "" without a guard."""
    for part in of.get(kinds.ADMISSION_POLICY.kind, ()):
        conditions = part["spec"].get("matchConditions") or () if name_of(part) == api.GUARD else ()
        for condition in conditions:
            match = _USER.search(condition.get("expression", ""))
            if match:
                return match[1]
    return ""


def _rules_of_others(of: dict[str, list[Json]], user: str) -> Iterator[Finding]:
    """Yield the parts of the guard that do not deny what those of this release deny."""
    cure = "apply the guard of this release (helm upgrade, or object-syncer manifests)"
    expected = [obj for text in installation.admission(user) for obj in yaml.safe_load_all(text)]
    for ours in expected:
        kind, name = ours["kind"], name_of(ours)
        for part in of.get(kind, ()):
            if name_of(part) != name:
                continue
            if kind == kinds.ADMISSION_BINDING.kind and not guard.denies(ours, part):
                yield Finding(f"{kind} {name} does not deny", cure)
            elif _rules(ours) != _rules(part):
                yield Finding(f"{kind} {name} has other rules than this release", cure)


def _other_user(of: dict[str, list[Json]], user: str) -> Iterator[Finding]:
    """Yield that Metacontroller runs as another user than the guard was installed for."""
    for workload in (*of.get(kinds.DEPLOYMENT.kind, ()), *of.get(kinds.STATEFUL_SET.kind, ())):
        pod = workload["spec"]["template"]["spec"]
        images = [str(container.get("image", "")).rpartition("/")[2] for container in pod.get("containers") or ()]
        account = pod.get("serviceAccountName") or "default"
        runs_as = f"system:serviceaccount:{namespace_of(workload)}:{account}"
        if any(image.startswith(("metacontroller:", "metacontroller@")) for image in images) and runs_as != user:
            cure = "set metacontroller.serviceAccount of the chart, or --engine-user of object-syncer manifests"
            yield Finding(f"Metacontroller runs as {runs_as}, and the guard was installed for {user}", cure)


def _rules(part: Json) -> list[object]:
    """Return what a part of the guard says, without what an installation may set: the users it trusts."""
    spec = part["spec"]
    conditions = [each for each in spec.get("matchConditions") or () if each["name"] != "not-trusted"]
    validations = [each["expression"] for each in spec.get("validations") or ()]
    variables = [each["expression"] for each in spec.get("variables") or ()]
    return [spec.get("policyName"), [each["expression"] for each in conditions], validations, variables]


# Hooks


def _endpoints(cluster: Cluster, of: dict[str, list[Json]]) -> Iterator[Finding]:
    """Yield that a Service of the hooks has nobody behind it; a host that is no Service is not looked at."""
    hosts = set()
    for controller in (*of.get(kinds.COMPOSITE.kind, ()), *of.get(kinds.DECORATOR.kind, ())):
        webhook = ((controller["spec"].get("hooks") or {}).get("sync") or {}).get("webhook") or {}
        url = urlsplit(webhook.get("url") or "")
        if url.hostname and "/v1/" in url.path:
            hosts.add(url.hostname)
    for host in sorted(hosts):
        name, _, rest = host.partition(".")
        namespace = rest.partition(".")[0]
        is_service = namespace and rest in (namespace, f"{namespace}.svc", f"{namespace}.svc.cluster.local")
        if not is_service:
            continue
        ready = [
            endpoint
            for item in cluster.list(_SLICES, namespace)
            if (item["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == name
            for endpoint in item.get("endpoints") or ()
            if (endpoint.get("conditions") or {}).get("ready", True)
        ]
        if not ready:
            cure = f"kubectl get pods,endpointslices --namespace {namespace}; copies stay as they are meanwhile"
            yield Finding(f"Service {namespace}/{name} of the hooks has no ready endpoint", cure)


def _errors(cluster: Cluster, now: datetime) -> Iterator[Finding]:
    """Yield the newest failure of Metacontroller for each of our kinds."""
    newest: dict[str, Json] = {}
    failures = ("SyncError", "CreateError")
    for event in cluster.list(kinds.EVENT, "default"):
        about = event.get("involvedObject") or {}
        ours = str(about.get("apiVersion", "")).startswith((f"{api.GROUP}/", "metacontroller.k8s.io/"))
        since = event.get("lastTimestamp") or event.get("eventTime") or ""
        if ours and event.get("reason") in failures and since and clock.age(since, now) < _RECENT:
            kept = newest.setdefault(about.get("kind", ""), event)
            if since > (kept.get("lastTimestamp") or kept.get("eventTime") or ""):
                newest[about.get("kind", "")] = event
    for kind, event in sorted(newest.items()):
        words = " ".join(str(event.get("message", "")).split())
        yield Finding(f"Metacontroller failed for {kind} {event['involvedObject'].get('name')}", words)


# Rights


def _rights(cluster: Cluster, user: str, of: dict[str, list[Json]]) -> Iterator[Finding]:
    try:
        lacking = _lacking(cluster, user, of)
    except ClusterError as error:
        if error.code != 403:
            raise
        yield Finding(f"whether {user} may do its work is unknown", f"you may not ask: {error}")
        return
    if lacking:
        shown = waiting.some([str(right) for right in lacking])
        cure = "upgrade the release, its chart grants it; or extend allowedResources and targetNamespaces in the values"
        yield Finding(f"{user} may not {shown}", cure)


def _lacking(cluster: Cluster, user: str, of: dict[str, list[Json]]) -> list[Right]:
    groups = ["system:authenticated"]
    if user.startswith("system:serviceaccount:"):
        namespace = user.split(":")[2]
        groups += ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    slices = of.get(kinds.SYNC_SLICE.kind, ())
    needed = [Right(verb, type_) for type_, verbs in _ENGINE for verb in verbs]
    for type_ in (kinds.OBJECT_SYNC, kinds.SYNC_POLICY, kinds.SYNC_SLICE):
        needed.append(Right("update", type_, subresource="status"))
    copied = kinds.copied(slices, of.get(kinds.OBJECT_SYNC.kind, ()))
    needed += [Right(verb, type_) for type_ in copied for verb in ("list", "watch")]
    lacking = rights.missing(cluster, needed, user, groups)
    for type_ in copied:
        everywhere = rights.missing(cluster, [Right(verb, type_) for verb in _WRITE], user, groups)
        if everywhere:
            verbs = [right.verb for right in everywhere]
            there = [Right(verb, type_, name) for name in _targets(slices, type_) for verb in verbs]
            lacking += rights.missing(cluster, there, user, groups)
    return lacking


def _targets(slices: Iterable[Json], type_: ResourceType) -> list[str]:
    """Return the namespaces where there are to be copies of a type."""
    specs = [item["spec"] for item in slices if types.load(item["spec"]["resource"]) == type_]
    return sorted({name for spec in specs for group in spec.get("groups") or () for name in group["namespaces"]})
