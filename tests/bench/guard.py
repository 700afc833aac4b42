"""What the guard costs an API server: writes per second without it and with it, in turns on one server.

Prints one JSON object per line: a round each, then the medians. `applies` are server-side applies of labelled copies by
the engine, each to an object that exists; `updates` are those of ConfigMaps without our label by somebody else, which
only the rule about owners looks at.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.measuring import emit
from bench.rates import per_second
from controlplane.client import ApiError, Client, Object, path_of
from controlplane.control_plane import ADMIN, ALICE, ENGINE, ControlPlane, missing_programs
from controlplane.waiting import wait_for
from object_syncer import installation

ROUNDS = 5
WRITES = 1500
OBJECTS = 100
BYTES = 1000
NAMESPACE = "bench"
LABEL = "sync.rustrial.org/slice"


def main() -> None:
    """Print all figures."""
    if missing_programs():
        emit(case="cost of the guard", skipped="needs a control plane")
        return
    with tempfile.TemporaryDirectory() as directory, ControlPlane(Path(directory)) as cluster:
        admin = cluster.client(ADMIN)
        prepare(admin)
        guard = [obj for text in installation.admission(ENGINE) for obj in yaml.safe_load_all(text)]
        measured: dict[str, list[float]] = {}
        measure(cluster)  # a server is slower at first
        for number in range(ROUNDS):
            for installed in (False, True) if number % 2 else (True, False):
                (install if installed else remove)(admin, cluster.client(ALICE), guard)
                for case, rate in measure(cluster).items():
                    key = f"{case}, {'with' if installed else 'without'} guard"
                    measured.setdefault(key, []).append(rate)
                    emit(case=key, round=number, per_second=round(rate))
    for case in ("applies", "updates"):
        without, with_it = (statistics.median(measured[f"{case}, {word} guard"]) for word in ("without", "with"))
        emit(case=case, without=round(without), with_guard=round(with_it), costs=f"{1 - with_it / without:.0%}")


def prepare(admin: Client) -> None:
    """Make the objects that are written, and let ALICE write them."""
    admin.apply_yaml("---\n".join(installation.crds()))
    admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    subjects = [{"kind": "User", "name": ALICE}]
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "bench"},
    }
    admin.create({**binding, "roleRef": role, "subjects": subjects})
    for n in range(OBJECTS):
        for body in (copy(n, 0), plain(n, 0)):
            admin.apply(body, manager="bench")


def install(admin: Client, alice: Client, guard: list[Object]) -> None:
    """Put the guard in force."""
    for obj in guard:
        admin.apply(obj)
    wait_for(lambda: is_guarded(alice), 30, "the guard in force")


def remove(admin: Client, alice: Client, guard: list[Object]) -> None:
    """Take the guard away."""
    for obj in guard:
        where = (obj["apiVersion"], admin.resource_of(obj).plural, None, obj["metadata"]["name"])
        if admin.find(*where):
            admin.delete(*where)
    wait_for(lambda: not is_guarded(alice), 30, "the guard no longer in force")


def is_guarded(alice: Client) -> bool:
    """Tell whether the rules that are measured are in force."""
    owner = {"apiVersion": "sync.rustrial.org/v0", "kind": "SyncSlice", "name": "s", "uid": "u"}
    for metadata in ({"labels": {LABEL: "configmaps.s"}}, {"ownerReferences": [owner]}):
        body = plain(0, 0)
        body["metadata"].update(name="probe", **metadata)
        try:
            alice.call("POST", path_of("v1", "configmaps", NAMESPACE), body, dryRun="All")
        except ApiError as error:
            if error.code != 403:
                raise
        else:
            return False
    return True


def measure(cluster: ControlPlane) -> dict[str, float]:
    """Return writes per second by case."""
    stamp = time.monotonic_ns()
    return {
        "applies": per_second(
            cluster,
            ENGINE,
            "PATCH",
            "apply-patch+yaml",
            lambda n: copy(n % OBJECTS, stamp + n),
            WRITES,
            query="?fieldManager=bench",
        ),
        "updates": per_second(cluster, ALICE, "PUT", "json", lambda n: plain(n % OBJECTS, stamp + n), WRITES),
    }


def copy(n: int, value: int) -> Object:
    """Return a copy, as the engine applies it."""
    meta = {
        "namespace": NAMESPACE,
        "name": f"copy-{n}",
        "labels": {LABEL: "configmaps.s-0", "app.kubernetes.io/managed-by": "rustrial-object-syncer"},
        "annotations": {"sync.rustrial.org/source-object": "home/settings"},
    }
    data = {"k": "v" * BYTES, "n": str(value)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def plain(n: int, value: int) -> Object:
    """Return a ConfigMap that has nothing to do with us."""
    meta = {"namespace": NAMESPACE, "name": f"plain-{n}"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": "v" * BYTES, "n": str(value)}}


if __name__ == "__main__":
    main()
