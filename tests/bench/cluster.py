"""A first fan-out on a real API server and engine: 50 ObjectSyncs x 200 namespaces, without and with foreign objects.

Prints one JSON object per line, or that there is no engine. In each run the API server's own rate of server-side
applies is measured first, over as many connections as the engine uses: what a copy costs is meant relative to it.
"""

import json
import ssl
import sys
import tempfile
import threading
import time
from collections import Counter
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent))

from controlplane.client import Client, Object, path_of
from controlplane.control_plane import ENGINE, ControlPlane, missing_programs
from controlplane.engine import metacontroller_crds, metacontroller_program
from controlplane.installation import Installation
from controlplane.waiting import wait_for

OBJECT_SYNCS = 50
NAMESPACES = 200
BYTES = 1000
CONNECTIONS = 5
"""The engine's workers, each with one request under way."""

API_VERSION = "sync.rustrial.org/v1alpha1"
PATIENCE = 600


def main() -> None:
    """Print all figures."""
    missing = missing_programs()
    if missing or metacontroller_program() is None or metacontroller_crds() is None:
        emit(case="fan-out in a cluster", skipped="needs a control plane and an engine")
        return
    for foreign in (0, 500):
        with tempfile.TemporaryDirectory() as directory:
            fan_out(Path(directory), foreign)


def fan_out(directory: Path, foreign: int) -> None:
    """Measure one installation from nothing to rest."""
    with ControlPlane(directory / "cluster") as cluster:
        admin = cluster.client()
        (directory / "installation").mkdir()
        running = Installation.prepare(
            cluster, directory / "installation", user=ENGINE, hook_workers=2, engine_workers=CONNECTIONS
        )
        namespaces = [f"team-{n:03}" for n in range(NAMESPACES)]
        for name in ["home", "base", *namespaces]:
            admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        rate = applies_per_second(cluster, 2000)
        with running:
            for n in range(foreign):
                admin.create(config_map(namespaces[n // OBJECT_SYNCS], f"shared-{n % OBJECT_SYNCS}", {"theirs": "1"}))
            for n in range(OBJECT_SYNCS):
                admin.create(config_map("home", f"shared-{n}", {"k": "v" * BYTES}))
            mark, started = cluster.audit.mark(), time.monotonic()
            for n in range(OBJECT_SYNCS):
                admin.create(object_sync(f"shared-{n}", namespaces))
            copies = OBJECT_SYNCS * NAMESPACES - foreign
            wait_for(lambda: reported(admin) == (copies, foreign), PATIENCE, "all reported", interval=1)
            seconds = time.monotonic() - started
            rest = at_rest(cluster)
            backlog = max(0.0, rest - started - seconds)
            counted = calls(cluster, mark)
            emit(
                case=f"first fan-out, {OBJECT_SYNCS} ObjectSyncs x {NAMESPACES} namespaces, {foreign} foreign objects",
                copies=copies,
                seconds=round(seconds, 1),
                backlog_seconds=round(backlog, 1),
                copies_per_second=round(copies / seconds),
                api_server_applies_per_second=round(rate),
                ratio=round(copies / seconds / rate, 2),
                calls=sum(counted.values()),
                calls_per_copy=round(sum(counted.values()) / copies, 3),
                by_call=dict(counted.most_common(8)),
                engine_megabytes=round(running.engine.resident_bytes() / 1e6),
                hooks_megabytes=round(running.hooks.resident_bytes() / 1e6),
            )


def reported(admin: Client) -> tuple[int, int]:
    """Return how many copies the ObjectSyncs say are in sync, and how many have failed."""
    counted = [item.get("status", {}).get("copies", {}) for item in admin.list(API_VERSION, "objectsyncs", "home")]
    return sum(item.get("synced", 0) for item in counted), sum(item.get("failed", 0) for item in counted)


def at_rest(cluster: ControlPlane, quiet: float = 5) -> float:
    """Wait until the engine has written nothing for a while; return when it wrote last."""
    last = time.monotonic()
    mark = cluster.audit.mark()
    while time.monotonic() - last < quiet:
        time.sleep(0.25)
        following = cluster.audit.mark()
        if calls(cluster, mark, reads=False):
            last = time.monotonic()
        mark = following
    return last


def calls(cluster: ControlPlane, since: int, *, reads: bool = True) -> Counter[str]:
    """Count the engine's requests, but for events and leases; watches count once, when they start."""
    return Counter(
        f"{entry.verb} {entry.resource}"
        for entry in cluster.audit.entries(since)
        if entry.user == ENGINE
        and not entry.resource.startswith(("events", "leases"))
        and (reads or entry.verb not in ("get", "list", "watch"))
    )


def applies_per_second(cluster: ControlPlane, number: int) -> float:
    """Create ConfigMaps by server-side apply over so many connections as the engine has."""
    token = cluster.kubeconfig(ENGINE).read_text().partition("token: ")[2].split()[0]
    queue = iter(range(number))
    lock = threading.Lock()

    def work() -> None:
        server = urlsplit(cluster.server)
        context = ssl._create_unverified_context()
        connection = HTTPSConnection(server.hostname or "", server.port, context=context)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/apply-patch+yaml"}
        while True:
            with lock:
                n = next(queue, None)
            if n is None:
                return
            path = path_of("v1", "configmaps", "base", f"base-{n}")
            body = json.dumps(config_map("base", f"base-{n}", {"k": "v" * BYTES}))
            connection.request("PATCH", f"{path}?fieldManager=bench&force=true", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status not in (200, 201):
                raise RuntimeError(f"apply: {answer.status}")

    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return number / (time.monotonic() - started)


def config_map(namespace: str, name: str, data: dict[str, str]) -> Object:
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": namespace, "name": name}, "data": data}


def object_sync(name: str, namespaces: list[str]) -> Object:
    """Return an ObjectSync that copies a ConfigMap of the same name to all these namespaces."""
    spec = {
        "source": {"group": "", "kind": "ConfigMap", "name": name},
        "destinations": [{"namespace": namespace} for namespace in namespaces],
    }
    meta = {"namespace": "home", "name": name}
    return {"apiVersion": API_VERSION, "kind": "ObjectSync", "metadata": meta, "spec": spec}


def emit(**figures: object) -> None:
    """Print one line."""
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
