"""Copies of kinds whose fields the API server fills in or protects: exact lists, immutable fields, a webhook."""

import base64
import json
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import certificates
from controlplane.client import NotFoundError, Object
from controlplane.control_plane import ControlPlane
from controlplane.installation import Installation
from controlplane.processes import free_port
from e2e.eventually import becomes, stays
from e2e.latencies import Latencies
from e2e.objects import config_map, content, to
from e2e.outages import stopped
from e2e.world import World

ATTEMPTS = 3
"""How often a copy of one version of the source is created anew."""


def of(api_version: str, kind: str, namespace: str, name: str, **body: Any) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"namespace": namespace, "name": name}, **body}


def network_policy(namespace: str) -> Object:
    ports = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}, {"port": 443, "protocol": "TCP"}]
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": ports}, {"ports": ports[:2]}]}
    return of("networking.k8s.io/v1", "NetworkPolicy", namespace, "dns", spec=spec)


def role_binding(namespace: str, role: str = "reader") -> Object:
    names = [("ServiceAccount", "default", "a"), ("ServiceAccount", "default", "b"), ("ServiceAccount", "build", "a")]
    subjects = [{"kind": kind, "name": name, "namespace": of_namespace} for kind, name, of_namespace in names]
    group = "rbac.authorization.k8s.io"
    reference = {"apiGroup": group, "kind": "Role", "name": role}
    return of(f"{group}/v1", "RoleBinding", namespace, "readers", roleRef=reference, subjects=subjects)


def service(namespace: str) -> Object:
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 5353},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 5353},
        {"name": "web", "port": 80, "protocol": "TCP", "targetPort": "http"},
    ]
    return of("v1", "Service", namespace, "dns", spec={"selector": {"app": "dns"}, "ports": ports})


def ingress(namespace: str) -> Object:
    def path(kind: str, port: int) -> Object:
        backend = {"service": {"name": "web", "port": {"number": port}}}
        return {"path": "/", "pathType": kind, "backend": backend}

    paths = {"paths": [path("Exact", 80), path("Prefix", 81), path("Prefix", 80)]}
    rules = [{"host": "a.example.com", "http": paths}, {"host": "a.example.com", "http": paths}, {"http": paths}]
    return of("networking.k8s.io/v1", "Ingress", namespace, "web", spec={"rules": rules})


def deployment(namespace: str) -> Object:
    ports = [{"containerPort": 53, "protocol": "UDP", "name": "dns"}, {"containerPort": 53, "protocol": "TCP"}]
    variables = [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}]
    containers = [
        {"name": name, "image": "registry.example.com/dns:1", "ports": ports[:n], "env": variables}
        for name, n in (("dns", 2), ("cache", 1))
    ]
    labels = {"app": "dns"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    return of("apps/v1", "Deployment", namespace, "dns", spec=spec)


@pytest.mark.parametrize("make", [network_policy, role_binding, service, ingress, deployment])
def test_lists_with_equal_ports_names_and_paths_are_exact(world: World, make: Any) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.admin.create(make(home))
    sync = world.sync(source, to(team))
    sync.wait_in_sync()

    def given(obj: Object) -> Object:
        body = json.loads(json.dumps(content(obj)))
        for field in ("clusterIP", "clusterIPs"):
            body.get("spec", {}).pop(field, None)
        return dict(body)

    assert given(world.at(source, team)) == given(source)
    world.edit(source, {"metadata": {"labels": {"edited": "1"}}})
    becomes(lambda: world.at(source, team)["metadata"]["labels"].get("edited"), "1")
    stays(lambda: given(world.at(source, team)), given(source), seconds=0.5)
    sync.wait_in_sync()


def spoiling(world: World, directory: Path, namespace: str) -> AbstractContextManager[None]:
    """An admission webhook that gives every ConfigMap created in a namespace other data."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"]}
    return mutating(world, directory, namespace, rule, {"op": "replace", "path": "/data/k", "value": "spoiled"})


@contextmanager
def mutating(world: World, directory: Path, namespace: str, rule: Object, operation: Object) -> Iterator[None]:
    """An admission webhook that changes whatever the rule selects in a namespace, by a JSON patch operation."""
    certificate = certificates.make(directory)
    patch = base64.b64encode(json.dumps([operation]).encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = {"uid": review["request"]["uid"], "allowed": True, "patchType": "JSONPatch", "patch": patch}
            body = json.dumps({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": answer}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    name = f"spoiling-{world.mark}"
    hook = {
        "name": "spoiling.example.com",
        "clientConfig": {
            "url": f"https://127.0.0.1:{server.server_address[1]}/",
            "caBundle": base64.b64encode(certificate.file.read_bytes()).decode(),
        },
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "rules": [rule],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration"}
    world.admin.create({**kind, "metadata": {"name": name}, "webhooks": [hook]})
    try:

        def in_force() -> bool:
            probe = network_policy(namespace) if rule is NETWORK_POLICIES else config_map(namespace, "probe")
            made = world.admin.create({**probe, "metadata": {**probe["metadata"], "labels": {"team": "x"}}})
            world.delete(made)
            return bool(operation["value"] in str(made))

        becomes(in_force, True)
        yield
    finally:
        world.admin.delete(kind["apiVersion"], "mutatingwebhookconfigurations", None, name)
        server.shutdown()
        server.server_close()


def test_a_copy_that_a_webhook_changes_each_time_is_created_anew_three_times(
    world: World, control_plane: ControlPlane, tmp_path: Path
) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.admin.create(config_map(home, "sealed", {"k": "v"}) | {"immutable": True})
    where = f"{team}/sealed"

    def deletions(since: int) -> int:
        done = [e for e in control_plane.audit.entries(since) if (e.verb, e.namespace, e.code) == ("delete", team, 200)]
        return sum(e.name == "sealed" for e in done)

    with spoiling(world, tmp_path, team):
        mark = control_plane.audit.mark()
        sync = world.sync(source, to(team))
        becomes(lambda: sync.destinations().get(where, {}).get("reason"), "ImmutableField")
        assert sync.says("InSync") == ("False", "ImmutableField")
        assert "/data/k" in sync.message("InSync")
        stays(lambda: sync.says("InSync"), ("False", "ImmutableField"), seconds=4)
        assert 1 <= deletions(mark) <= ATTEMPTS

        mark = control_plane.audit.mark()
        world.edit(source, {"metadata": {"labels": {"new": "version"}}})
        becomes(lambda: 1 <= deletions(mark) <= ATTEMPTS, True)
        becomes(lambda: sync.says("InSync"), ("False", "ImmutableField"))
        assert deletions(mark) <= ATTEMPTS, "a new version of the source has new attempts"
    world.delete(world.at(source, team))
    sync.wait_in_sync(40)


CONFIG_MAPS: Object = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "resources": ["configmaps"],
    "operations": ["CREATE", "UPDATE"],
}
NETWORK_POLICIES: Object = {
    "apiGroups": ["networking.k8s.io"],
    "apiVersions": ["v1"],
    "resources": ["networkpolicies"],
    "operations": ["CREATE", "UPDATE"],
}


@pytest.mark.parametrize(
    ("rule", "operation", "strategy"),
    [
        (NETWORK_POLICIES, {"op": "add", "path": "/metadata/labels/team", "value": "theirs"}, "apply"),
        (CONFIG_MAPS, {"op": "add", "path": "/metadata/labels/injected", "value": "theirs"}, "replace"),
        (CONFIG_MAPS, {"op": "add", "path": "/data/k", "value": "theirs"}, "apply"),
    ],
    ids=["a label of a copy is overridden", "a label is added under replace", "a value is set as it was"],
)
def test_a_fight_with_a_webhook_ends_after_a_few_writes_and_is_reported(
    world: World, control_plane: ControlPlane, tmp_path: Path, rule: Object, operation: Object, strategy: str
) -> None:
    home, team, peaceful = world.namespace("home"), world.namespace(), world.namespace()
    made = network_policy(home) if rule is NETWORK_POLICIES else config_map(home, "fought")
    source = world.admin.create({**made, "metadata": {"namespace": home, "name": "fought", "labels": {"team": "ours"}}})
    where = f"{team}/fought"

    def writes(since: int) -> int:
        done = [
            e for e in control_plane.audit.entries(since) if (e.verb, e.name, e.namespace) == ("patch", "fought", team)
        ]
        return len(done)

    with mutating(world, tmp_path, team, rule, operation):
        mark = control_plane.audit.mark()
        sync = world.sync(source, to(team, strategy=strategy), to(peaceful))
        becomes(lambda: sync.destinations().get(where, {}).get("reason"), "Contested", 15)
        assert sync.says("InSync") == ("False", "Contested")
        assert operation["path"] in sync.message("InSync")
        assert writes(mark) <= 12, "the engine repeats a write that it has not seen yet"
        mark = control_plane.audit.mark()
        world.edit(world.at(source, peaceful), {"metadata": {"labels": {"team": "edited"}}})
        becomes(lambda: world.at(source, peaceful)["metadata"]["labels"]["team"], "ours")
        stays(lambda: writes(mark) <= 2, True, seconds=8)
    world.edit(source, {"metadata": {"labels": {"team": "ours-again"}}})  # a new version has new attempts
    sync.wait_in_sync()


def stateful_set(namespace: str, service_name: str) -> Object:
    labels = {"app": "db"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "db", "image": "registry.example.com/db:1"}]},
    }
    spec = {"replicas": 0, "serviceName": service_name, "selector": {"matchLabels": labels}, "template": template}
    return of("apps/v1", "StatefulSet", namespace, "db", spec=spec)


def claim(namespace: str, storage_class: str) -> Object:
    size = {"requests": {"storage": "1Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": size, "storageClassName": storage_class}
    return of("v1", "PersistentVolumeClaim", namespace, "data", spec=spec)


def job(namespace: str, image: str) -> Object:
    container = {"name": "main", "image": f"registry.example.com/{image}"}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return of("batch/v1", "Job", namespace, "once", spec={"suspend": True, "template": template})


@pytest.mark.parametrize(
    ("make", "pointer"),
    [(stateful_set, "/spec/serviceName"), (claim, "/spec/storageClassName"), (job, "/spec/template")],
)
def test_copies_whose_deletion_does_harm_are_not_deleted_where_a_field_cannot_be_changed(
    world: World, installation: Installation, latencies: Latencies, make: Any, pointer: str
) -> None:
    home, team = world.namespace("home"), world.namespace()
    source = world.admin.create(make(home, "old"))
    sync = world.sync(source, to(team))
    sync.wait_in_sync()
    copy = world.at(source, team)
    with stopped(installation.engine):
        delete_at_once(world, source)
        becomes(lambda: world.admin.create(make(home, "new"))["kind"], source["kind"])
    with latencies.timed("a failure is reported", limit=10):
        becomes(lambda: sync.says("InSync"), ("False", "ImmutableField"))
    destination = sync.destinations()[f"{team}/{copy['metadata']['name']}"]
    assert destination["state"] == "Failed"
    assert pointer in destination["message"]
    stays(lambda: world.at(source, team)["metadata"]["uid"], copy["metadata"]["uid"], seconds=2)
    delete_at_once(world, copy)
    sync.wait_in_sync(40)


def delete_at_once(world: World, obj: Object) -> None:
    """Nobody here takes off the finalizers by which Kubernetes protects claims and jobs."""
    world.delete(obj)
    with suppress(NotFoundError):
        world.edit(obj, {"metadata": {"finalizers": None}})
