"""How many writes per second an API server takes, over so many connections at the same time."""

import json
import ssl
import threading
import time
from collections.abc import Callable
from http.client import HTTPSConnection
from urllib.parse import urlsplit

from controlplane.client import Object, path_of
from controlplane.control_plane import ControlPlane


def per_second(
    cluster: ControlPlane,
    user: str,
    method: str,
    content_type: str,
    body: Callable[[int], Object],
    writes: int,
    *,
    connections: int = 5,
    query: str = "",
) -> float:
    """Write `body(0)`, `body(1)`, ..., which are ConfigMaps, as `user`; return how many a second were answered.

    Raises RuntimeError if a write fails.
    """
    token = cluster.kubeconfig(user).read_text().partition("token: ")[2].split()[0]
    queue = iter(range(writes))
    lock = threading.Lock()
    failures: list[int] = []

    def work() -> None:
        server = urlsplit(cluster.server)
        connection = HTTPSConnection(server.hostname or "", server.port, context=ssl._create_unverified_context())
        headers = {"Authorization": f"Bearer {token}", "Content-Type": f"application/{content_type}"}
        while True:
            with lock:
                n = next(queue, None)
            if n is None:
                return
            obj = body(n)
            path = path_of("v1", "configmaps", obj["metadata"]["namespace"], obj["metadata"]["name"])
            connection.request(method, f"{path}{query}", json.dumps(obj), headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status not in (200, 201):
                failures.append(answer.status)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started
    if failures:
        raise RuntimeError(f"{len(failures)} of {writes} writes failed: {sorted(set(failures))}")
    return writes / seconds


def applies_per_second(cluster: ControlPlane, user: str, namespace: str, size: int, number: int = 2000) -> float:
    """Return the rate of server-side applies that change a ConfigMap: what any syncer on this API server can reach."""

    def body(n: int) -> Object:
        meta = {"namespace": namespace, "name": f"base-{n % 200}"}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": "v" * size, "n": str(n)}}

    query = "?fieldManager=bench&force=true"
    return per_second(cluster, user, "PATCH", "apply-patch+yaml", body, number, connections=16, query=query)
