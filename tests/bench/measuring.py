"""What a phase of a benchmark cost: time, calls of the API server, CPU time and memory of each process."""

import json
import os
import platform
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from controlplane.control_plane import AuditEntry, ControlPlane
from controlplane.processes import Process

READS = ("get", "list", "watch")
QUIET = 2.5
"""Seconds without a write by the syncer that count as rest; more than the pause of its timers."""


@dataclass
class Phase:
    """What is known of a phase: `seconds` has one item for each time that it was done."""

    seconds: list[float] = field(default_factory=list)


@dataclass
class Meter:
    """Measures phases of one syncer and prints them, one JSON object per line."""

    cluster: ControlPlane
    user: str
    """Whose calls count."""
    processes: Mapping[str, Process]
    context: Mapping[str, object]
    """Printed with each phase: which syncer, how many ObjectSyncs, ..."""

    @contextmanager
    def phase(self, name: str, patience: float = 120) -> Iterator[Phase]:
        """Measure the block and what follows until the syncer rests; print it."""
        mark, started, cpu = self.cluster.audit.mark(), time.monotonic(), self._cpu()
        phase = Phase()
        yield phase
        rest = self.at_rest(patience)
        used = {process: round(later - cpu[process], 2) for process, later in self._cpu().items()}
        by_call = calls(self.cluster, self.user, mark)
        rounds = max(1, len(phase.seconds))
        figures: dict[str, Any] = {}
        if phase.seconds:
            figures = {"seconds": round(median(phase.seconds), 3), "worst": round(max(phase.seconds), 3)}
        emit(
            **self.context,
            phase=name,
            rounds=rounds,
            **figures,
            until_rest=round(rest - started, 1),
            calls=round(sum(by_call.values()) / rounds, 1),
            by_call={call: round(number / rounds, 2) for call, number in by_call.most_common()},
            cpu_seconds={process: round(seconds / rounds, 2) for process, seconds in used.items()},
            megabytes={name: round(process.resident_bytes() / 1e6) for name, process in self.processes.items()},
        )

    def at_rest(self, patience: float = 120, quiet: float = QUIET) -> float:
        """Wait until the syncer has written nothing for a while, or `patience` is over; return when it wrote last."""
        started = last = time.monotonic()
        mark = self.cluster.audit.mark()
        while time.monotonic() - last < quiet and time.monotonic() - started < patience:
            time.sleep(0.1)
            following = self.cluster.audit.mark()
            if any(is_write(entry) for entry in self.cluster.audit.entries(mark) if entry.user == self.user):
                last = time.monotonic()
            mark = following
        return last

    def _cpu(self) -> dict[str, float]:
        """Return CPU seconds by process, and those of everything else on the machine, the benchmark included."""
        used = {name: process.cpu_seconds() for name, process in self.processes.items()}
        return {**used, "everything else": _busy_seconds() - sum(used.values())}


def _busy_seconds() -> float:
    """Return how long the CPUs of the machine have worked since it started, all together."""
    user, nice, system, _idle, _waiting, *interrupts = map(
        int, Path("/proc/stat").read_text().split("\n")[0].split()[1:8]
    )
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def is_write(entry: AuditEntry) -> bool:
    """Tell whether a call changes something that matters; events and leases do not."""
    return entry.verb not in READS and not entry.resource.startswith(("events", "leases"))


def calls(cluster: ControlPlane, user: str, since: int) -> Counter[str]:
    """Count a user's calls by verb and resource; watches count once, when they start."""
    return Counter(f"{entry.verb} {entry.resource}" for entry in cluster.audit.entries(since) if entry.user == user)


def machine() -> dict[str, object]:
    """Return what the figures were measured on, and when."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpus": os.cpu_count(),
        "gigabytes": round(memory / 1e9),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def emit(**figures: object) -> None:
    """Print one line."""
    print(json.dumps(figures), flush=True)
