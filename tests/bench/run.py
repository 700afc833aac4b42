"""`make bench`: hook times, request sizes, memory and start-up, one JSON object per line.

A hook's time is from the bytes of the request to the bytes of the response, in one process, the median of several
calls; `of_it_parsing` is what reading the JSON alone takes.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import bodies, serving
from object_syncer.web.app import create_app

CASES: list[tuple[str, str, Callable[[], bodies.Json], int]] = [
    ("slice sync, 100 children of 1 kB", "/v1/slice/sync", lambda: bodies.slice_sync(100, 1_000), 200),
    ("slice sync, 100 children of 100 kB", "/v1/slice/sync", lambda: bodies.slice_sync(100, 100_000), 20),
    ("planner sync, 100 ObjectSyncs x 1000 namespaces", "/v1/policy/sync", lambda: bodies.planner_sync(100, 1000), 10),
    ("planner sync, the same load on 4 policies: each", "/v1/policy/sync", lambda: bodies.planner_sync(25, 1000), 20),
    ("objectsync sync, 1000 namespaces", "/v1/objectsync/sync", lambda: bodies.objectsync_sync(1000), 100),
    ("objectsync sync, 100 namespaces", "/v1/objectsync/sync", lambda: bodies.objectsync_sync(100), 200),
]


def main() -> None:
    """Print all figures."""
    client = create_app(sleep=lambda _: None).test_client()
    for name, path, make, runs in CASES:
        data = bodies.encoded(make())
        times, parses = [], []
        for _ in range(runs):
            start = time.perf_counter()
            orjson.loads(data)
            parsed = time.perf_counter()
            response = client.post(path, data=data)
            times.append(time.perf_counter() - parsed)
            parses.append(parsed - start)
            assert response.status_code == 200, response.data
        emit(
            case=name,
            request_bytes=len(data),
            response_bytes=len(response.data),
            milliseconds=round(statistics.median(times) * 1000, 2),
            of_it_parsing=round(statistics.median(parses) * 1000, 2),
            runs=runs,
        )
    emit(case="start-up to readyz", milliseconds=serving.start_up_milliseconds(5))
    large = bodies.encoded(bodies.answered_at_once(bodies.planner_sync(100, 1000)))
    emit(case="worker memory", **serving.memory(large, "/v1/policy/sync"))
    small = bodies.encoded(bodies.answered_at_once(bodies.planner_sync(10, 50)))
    for workers in (1, 2):
        figures = serving.beside_a_busy_policy(small, large, "/v1/policy/sync", workers, seconds=10)
        emit(case="planner sync, 10 ObjectSyncs x 50 namespaces, beside a busy policy", workers=workers, **figures)


def emit(**figures: object) -> None:
    """Print one line."""
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
