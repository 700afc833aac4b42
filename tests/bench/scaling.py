"""`make bench-planner`: what one call of the planner costs, for installations of different sizes.

    python tests/bench/scaling.py [--sizes 50x200 100x1000 ...] [--policies 1 4]

Each ObjectSync copies to each namespace, and nothing changes: that is the largest answer that Metacontroller does not
carry out. With several SyncPolicies the ObjectSyncs are divided among them, and the figures are those of one. Each size
has a server of its own. Prints one JSON object per line; `seconds` is from the first byte of the request to the last of
the answer, as the engine waits for it, the median of some calls.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import bodies, serving
from bench.measuring import emit, machine

PATH = "/v1/policy/sync"
RUNS = 5


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--sizes", type=grid, nargs="*", default=[(10, 100), (50, 200), (100, 1000), (500, 1000), (1000, 1000)]
    )
    parser.add_argument("--policies", type=int, nargs="*", default=[1, 4])
    options = parser.parse_args()
    emit(**machine())
    for objects, namespaces in options.sizes:
        for policies in options.policies:
            if objects >= policies:
                emit(objects=objects, namespaces=namespaces, policies=policies, **cost(objects // policies, namespaces))


def grid(text: str) -> tuple[int, int]:
    """Read a size, for example 50x200."""
    objects, _, namespaces = text.partition("x")
    return int(objects), int(namespaces)


def cost(objects: int, namespaces: int) -> dict[str, object]:
    """Return what a call costs where so many ObjectSyncs copy to so many namespaces."""
    body = bodies.answered_at_once(bodies.planner_sync(objects, namespaces))
    slices = len(body["children"]["SyncSlice.sync.rustrial.org/v1alpha1"]) + 1
    data = bodies.encoded(body)
    del body
    seconds = []
    with serving.server() as (port, master), requests.Session() as session:
        session.trust_env = False
        idle = serving.memory_of_worker(master)["now"]
        for _ in range(RUNS):
            started = time.perf_counter()
            response = session.post(f"http://127.0.0.1:{port}{PATH}", data=data, timeout=300)
            seconds.append(time.perf_counter() - started)
            response.raise_for_status()
        peak = serving.memory_of_worker(master)["peak"]
    return {
        "slices": slices,
        "request_megabytes": round(len(data) / 1e6, 2),
        "answer_megabytes": round(len(response.content) / 1e6, 2),
        "seconds": round(statistics.median(seconds), 3),
        "idle_megabytes": idle,
        "peak_megabytes": peak,
    }


if __name__ == "__main__":
    main()
