"""Figures of a real server process: how fast it is ready, and what a worker weighs."""

import contextlib
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

COMMAND = str(Path(sys.executable).parent / "object-syncer")


def start_up_milliseconds(runs: int) -> float:
    """Return the median time from the start of the command to the first answer of /readyz."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        with server():
            times.append(time.perf_counter() - start)
    return round(statistics.median(times) * 1000, 1)


def memory(body: bytes, path: str) -> dict[str, float]:
    """Return the resident memory of the worker in MB: idle, and its peak after ten large requests."""
    with server() as (port, pid):
        idle = memory_of_worker(pid)["now"]
        with requests.Session() as session:
            session.trust_env = False
            for _ in range(10):
                session.post(f"http://127.0.0.1:{port}{path}", data=body, timeout=60).raise_for_status()
        peak = memory_of_worker(pid)["peak"]
    return {"idle_megabytes": idle, "peak_megabytes": peak}


def memory_of_worker(master: int) -> dict[str, float]:
    """Return the resident memory of a server's worker in MB, `now` and at its `peak`; given is its master's pid."""
    worker = _worker(master)
    return {"now": round(_kilobytes(worker, "VmRSS") / 1000, 1), "peak": round(_kilobytes(worker, "VmHWM") / 1000, 1)}


def beside_a_busy_policy(small: bytes, large: bytes, path: str, workers: int, seconds: float) -> dict[str, float]:
    """Return what one policy's planner takes while another policy's is asked again and again, in milliseconds."""
    with server(workers) as (port, _):
        url = f"http://127.0.0.1:{port}{path}"
        alone = _times(url, small, time.monotonic() + seconds / 5)
        with ThreadPoolExecutor(1) as pool:
            busy = pool.submit(_times, url, large, time.monotonic() + seconds)
            beside = _times(url, small, time.monotonic() + seconds)
            loads = busy.result()
    return {
        "alone_p50": _percentile(alone, 50),
        "beside_p50": _percentile(beside, 50),
        "beside_p99": _percentile(beside, 99),
        "the_other_p50": _percentile(loads, 50),
    }


def _times(url: str, body: bytes, until: float) -> list[float]:
    times = []
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < until:
            start = time.perf_counter()
            session.post(url, data=body, timeout=120).raise_for_status()
            times.append(time.perf_counter() - start)
    return times


def _percentile(times: list[float], percent: int) -> float:
    return round(statistics.quantiles(times, n=100, method="inclusive")[percent - 1] * 1000, 1)


@contextlib.contextmanager
def server(workers: int = 1) -> Iterator[tuple[int, int]]:
    """Run the hook server on a free port; yield the port and the pid of its master process."""
    with socket.socket() as first, socket.socket() as second:
        for probe in (first, second):
            probe.bind(("127.0.0.1", 0))
        port, status = first.getsockname()[1], second.getsockname()[1]
    addresses = ["--bind", f"127.0.0.1:{port}", "--status-bind", f"127.0.0.1:{status}"]
    process = subprocess.Popen([COMMAND, "serve", *addresses, f"--workers={workers}"])
    try:
        _ready(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _ready(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok:
                return
        time.sleep(0.005)
    raise TimeoutError("the server is not ready after 20 s")


def _worker(master: int) -> int:
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return int(children[0])


def _kilobytes(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    raise LookupError(field)
