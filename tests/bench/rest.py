"""What an installation costs while nothing changes: 100 ObjectSyncs that copy to all of 1000 namespaces.

Their sources do not exist, so that there is a full plan (1000 SyncSlices) and no copy. Prints the CPU time of the
engine and of the hooks, and the engine's calls, over a minute without any change, as one JSON object.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.measuring import calls, emit, is_write
from bench.syncers import API_VERSION
from controlplane.client import Client
from controlplane.control_plane import ENGINE, ControlPlane, missing_programs
from controlplane.engine import metacontroller_crds, metacontroller_program
from controlplane.installation import Installation
from controlplane.waiting import wait_for

OBJECT_SYNCS, NAMESPACES, SECONDS = 100, 1000, 60
PATIENCE = 900


def main() -> None:
    """Print the figures of one run."""
    if missing_programs() or metacontroller_program() is None or metacontroller_crds() is None:
        emit(case="at rest in a cluster", skipped="needs a control plane and an engine")
        return
    with tempfile.TemporaryDirectory() as directory, ControlPlane(Path(directory) / "cluster") as cluster:
        admin = cluster.client()
        (Path(directory) / "installation").mkdir()
        running = Installation.prepare(cluster, Path(directory) / "installation", user=ENGINE, engine_workers=10)
        for name in ["home", *(f"team-{n:04}" for n in range(NAMESPACES))]:
            admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        with running:
            for n in range(OBJECT_SYNCS):
                admin.create(object_sync(f"shared-{n}"))
            wait_for(lambda: reported(admin) == OBJECT_SYNCS, PATIENCE, "all planned", interval=1)
            wait_for(lambda: is_quiet(cluster), PATIENCE, "nothing is written any more", interval=1)
            mark, started = cluster.audit.mark(), time.monotonic()
            before = [running.engine.cpu_seconds(), running.hooks.cpu_seconds()]
            time.sleep(SECONDS)
            after = [running.engine.cpu_seconds(), running.hooks.cpu_seconds()]
            passed = time.monotonic() - started
            engine, hooks = (later - earlier for earlier, later in zip(before, after, strict=True))
            emit(
                case=f"at rest, {OBJECT_SYNCS} ObjectSyncs x {NAMESPACES} namespaces",
                percent_of_a_core=round((engine + hooks) / passed * 100, 2),
                engine_percent=round(engine / passed * 100, 2),
                hooks_percent=round(hooks / passed * 100, 2),
                calls=dict(calls(cluster, ENGINE, mark)),
                seconds=round(passed),
            )


def reported(admin: Client) -> int:
    """Return how many ObjectSyncs say that their source is missing in all namespaces."""
    found = admin.list(API_VERSION, "objectsyncs", "home")
    return sum(item.get("status", {}).get("copies", {}).get("total", 0) > NAMESPACES for item in found)


def is_quiet(cluster: ControlPlane, seconds: float = 8) -> bool:
    """Tell whether the engine writes nothing for so many seconds."""
    mark = cluster.audit.mark()
    time.sleep(seconds)
    return not any(is_write(entry) for entry in cluster.audit.entries(mark) if entry.user == ENGINE)


def object_sync(name: str) -> dict[str, object]:
    """Return an ObjectSync that copies a ConfigMap, which does not exist, to all namespaces."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ObjectSync",
        "metadata": {"namespace": "home", "name": name},
        "spec": {"source": {"group": "", "kind": "ConfigMap", "name": name}, "destinations": [{"namespace": "*"}]},
    }


if __name__ == "__main__":
    main()
