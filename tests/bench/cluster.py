"""`make bench-cluster`: what users wait for, and what that costs, on a real API server.

    python tests/bench/cluster.py [--namespaces 10 100 1000] [--objects 50x200] [--foreign 500]
        [--beside adapter.yaml ...]

Each syncer (ours, and those that adapter files describe: syncers.py) has its own new control plane for each size.
Prints one JSON object per line: the machine, then a phase each, with times, calls by verb and resource from the audit
log, CPU time and memory of each process, and CPU time of everything else on the machine. Measured in the same run
before the syncer starts: how many server-side applies that change something this API server takes per second.
`report.py` makes tables of it.

The syncer's calls are not limited (1000 a second). On a machine that does other things, trust counts, not seconds.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.copies import NAMESPACE_PREFIX, Copies
from bench.measuring import Meter, emit, machine
from bench.phases import HOME, SIZE, Run, named
from bench.rates import applies_per_second
from bench.syncers import ObjectSyncer, Other, Syncer
from controlplane.control_plane import ENGINE, ControlPlane, missing_programs
from controlplane.engine import metacontroller_crds, metacontroller_program

MakeSyncer = Callable[[ControlPlane, Path], Syncer]


def main() -> None:
    """Print all figures."""
    options = _options()
    if missing_programs() or metacontroller_program() is None or metacontroller_crds() is None:
        emit(case="in a cluster", skipped="needs a control plane and an engine")
        return
    emit(**machine())
    makers: list[MakeSyncer] = [] if options.without_ours else [ObjectSyncer]
    makers += (_beside(adapter) for adapter in options.beside)
    number, namespaces = options.objects
    for make in makers:
        for size in options.namespaces:
            with _running(make, size, options.rounds, 1) as run:
                run.one()
        if number:
            with _running(make, namespaces, options.rounds, number) as run:
                run.many(number)
    if number and options.foreign and not options.without_ours:
        with _running(ObjectSyncer, namespaces, options.rounds, number) as run:
            run.obstructed(number, options.foreign)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--namespaces", type=int, nargs="*", default=[10, 100, 1000], help="sizes with one object")
    parser.add_argument("--objects", type=_grid, default=(50, 200), help="objects x namespaces, 0x0 for none")
    parser.add_argument("--foreign", type=int, default=500, help="destinations where others have objects, 0 for none")
    parser.add_argument("--rounds", type=int, default=5, help="how often a namespace or a copy is changed")
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="adapter files of other syncers")
    parser.add_argument("--without-ours", action="store_true", help="measure only the others")
    return parser.parse_args()


def _beside(adapter: Path) -> MakeSyncer:
    return lambda cluster, directory: Other(cluster, directory, adapter)


def _grid(text: str) -> tuple[int, int]:
    objects, _, namespaces = text.partition("x")
    return int(objects), int(namespaces)


@contextmanager
def _running(make: MakeSyncer, number: int, rounds: int, objects: int) -> Iterator[Run]:
    """Run one syncer on a control plane of its own, with so many namespaces that receive copies."""
    with tempfile.TemporaryDirectory() as directory, ControlPlane(Path(directory) / "cluster") as cluster:
        admin = cluster.client()
        namespaces = [f"{NAMESPACE_PREFIX}{n:04}" for n in range(number)]
        for name in [HOME, "base", *namespaces]:
            admin.create(named(name))
        limit = applies_per_second(cluster, ENGINE, "base", SIZE)
        syncer = make(cluster, Path(directory) / "syncer")
        context = {
            "syncer": syncer.name,
            "kubernetes": admin.call("GET", "/version")["gitVersion"],
            "objects": objects,
            "namespaces": number,
            "api_server_applies_per_second": round(limit),
        }
        processes = {"etcd": cluster.etcd, "kube-apiserver": cluster.api_server, **syncer.processes}
        try:
            syncer.start()
            copies = Copies(cluster)
            copies.start()
            meter = Meter(cluster, ENGINE, processes, context)
            meter.at_rest()
            try:
                yield Run(admin, syncer, copies, meter, namespaces, rounds)
            except TimeoutError as error:
                emit(**context, failed=str(error))
        finally:
            syncer.stop()


if __name__ == "__main__":
    main()
