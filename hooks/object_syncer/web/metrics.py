"""What Prometheus is told: how often each hook was asked, how that was answered, and how long it took.

Labels are paths of ours and status codes, never names of objects: who may scrape need not be who may read.
"""

from collections.abc import Callable
from time import perf_counter

from flask import Response
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds. A slice of 100 small copies takes 0.002, a planner with 100,000 destinations 0.2."""


class Metrics:
    """The figures of one process; with several workers each counts for itself."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._hooks = Histogram(
            "object_syncer_hook_duration_seconds",
            "Time from the request of a hook to its answer; its _count is the number of answers.",
            ("path", "code"),
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def timed(self, path: str, hook: Callable[[], Response]) -> Callable[[], Response]:
        """Return the hook, counted and timed under its path."""

        def observed() -> Response:
            start = perf_counter()
            response = hook()
            self._hooks.labels(path, str(response.status_code)).observe(perf_counter() - start)
            return response

        return observed

    def exposed(self) -> Response:
        """Answer a scrape, in Prometheus' text format."""
        return Response(generate_latest(self._registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
