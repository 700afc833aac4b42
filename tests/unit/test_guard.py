"""The guard's rule as engines in memory have it: tests/apiserver/test_guard.py holds the API server to the same."""

from object_syncer import guard
from specification import cases
from unit.objects import live
from writes import WRITES, Write

BODY = {"apiVersion": "v1", "kind": "ConfigMap"}


@cases(*WRITES)
def test_the_engine_writes(case: Write) -> None:
    old = None if case.old is None else live(BODY, "team", "settings", **case.old)
    assert guard.allows_write(old, live(BODY, "team", "settings", **case.new)) == case.allowed
