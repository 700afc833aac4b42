"""What Prometheus is told of the hooks: how many, how long, how large, and what went wrong.

Labels are paths and words of ours, never names of objects: who may scrape need not be who may read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from platform import python_version

from flask import Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from object_syncer import __version__
from object_syncer.status import reasons
from object_syncer.web.call import ERRORS, OTHER, PATHS, Call, known
from object_syncer.web.sharing import Sharing

_REASONS = frozenset(value for name, value in vars(reasons).items() if name.isupper())

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""A slice of 100 small copies takes 0.002, a planner with 100,000 destinations 0.2."""

_BYTES = tuple(1 << exponent for exponent in range(10, 29, 2))
"""1 KiB to 256 MiB; --body-limit is 160 MiB unless set otherwise."""

_CHILDREN = (0, 1, 10, 50, 100, 500, 1000, 5000)
"""A slice has at most 100; the planner has one for each slice and each resource type in use."""

disable_created_metrics()  # type: ignore[no-untyped-call] # only one worker alone would have them


class Metrics:
    """The figures of a server, or of this process if they are not shared with other workers."""

    def __init__(self, sharing: Sharing | None = None) -> None:
        registry = self._exposed = CollectorRegistry()
        if sharing:
            self._exposed = CollectorRegistry()
            MultiProcessCollector(self._exposed, str(sharing.directory))  # type: ignore[no-untyped-call]
        self._seconds = Histogram(
            "object_syncer_hook_duration_seconds",
            "Time from the request of a hook to its answer; its _count is the number of answers.",
            ("path", "code"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._request_bytes = Histogram(
            "object_syncer_hook_request_bytes", "Size of requests.", ("path",), buckets=_BYTES, registry=registry
        )
        self._answer_bytes = Histogram(
            "object_syncer_hook_answer_bytes", "Size of answers.", ("path",), buckets=_BYTES, registry=registry
        )
        self._children = Histogram(
            "object_syncer_hook_children", "Children answered.", ("path",), buckets=_CHILDREN, registry=registry
        )
        self._errors = Counter(
            "object_syncer_hook_errors", "Requests that failed, by kind.", ("path", "kind"), registry=registry
        )
        self._conditions = Counter(
            "object_syncer_objectsync_conditions",
            "Conditions of ObjectSyncs, each time one was looked at.",
            ("condition", "status", "reason"),
            registry=registry,
        )
        self._in_flight = Gauge(
            "object_syncer_hooks_in_flight",
            "Requests that are being read, answered or sent.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        build = Gauge(
            "object_syncer_build_info",
            "1, with versions as labels.",
            ("version", "python"),
            registry=registry,
            multiprocess_mode="max",
        )
        build.labels(__version__, python_version()).set(1)
        for path in PATHS:  # a counter that begins at 0 shows the first increase, too
            self._seconds.labels(path, "200")
        for path in (*PATHS, OTHER):
            for kind in ERRORS:
                self._errors.labels(path, kind)

    def answered(self, call: Call) -> None:
        """Count a request that reached its hook."""
        self._seconds.labels(call.path, str(call.code)).observe(call.seconds)
        self._request_bytes.labels(call.path).observe(call.request_bytes)
        self._answer_bytes.labels(call.path).observe(call.answer_bytes)
        if call.children is not None:
            self._children.labels(call.path).observe(call.children)
        if call.error:
            self.failed(call.path, call.error)
        for type_, status, reason in call.conditions:
            self._conditions.labels(type_, status, reason if reason in _REASONS else OTHER).inc()

    def failed(self, path: str, kind: str) -> None:
        """Count a failure, one of ERRORS; the path is whatever the client asked for."""
        assert kind in ERRORS
        self._errors.labels(known(path), kind).inc()

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Count what is done meanwhile as a request in flight."""
        self._in_flight.inc()
        try:
            yield
        finally:
            self._in_flight.dec()

    def families(self) -> list[Metric]:
        """Return all metrics with their present values."""
        return list(self._exposed.collect())

    def exposed(self) -> Response:
        """Answer a scrape, in Prometheus' text format."""
        return Response(generate_latest(self._exposed), content_type=CONTENT_TYPE_PLAIN_0_0_4)
