"""The guard's rule as engines in memory have it: tests/apiserver/test_guard.py holds the API server to the same."""

from dataclasses import dataclass
from datetime import UTC, datetime

from object_syncer import rehearsal
from object_syncer.kube.meta import Json
from object_syncer.planning import guard
from specification import cases
from unit.objects import live
from writes import WRITES, Write

BODY = {"apiVersion": "v1", "kind": "ConfigMap"}


@cases(*WRITES)
def test_the_engine_writes(case: Write) -> None:
    old = None if case.old is None else live(BODY, "team", "settings", **case.old)
    assert rehearsal.allows_write(old, live(BODY, "team", "settings", **case.new)) == case.allowed


NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)


def binding(created: str, changed: str | None = None, **spec: object) -> Json:
    entries = [{"manager": "kubectl", "time": changed}] if changed else []
    return {"metadata": {"creationTimestamp": created, "managedFields": entries}, "spec": spec}


def test_it_takes_a_policy_and_a_binding_that_denies_to_be_a_guard() -> None:
    policy = {"metadata": {"creationTimestamp": "2026-01-01T12:00:00Z"}}
    denying = binding("2026-01-01T12:00:00Z", validationActions=["Deny", "Audit"])
    assert guard.denies(policy, denying)
    assert not guard.denies(policy, binding("2026-01-01T12:00:00Z", validationActions=["Audit"]))
    assert not guard.denies(policy, None)
    assert not guard.denies(None, denying)


@dataclass(frozen=True)
class Age:
    reason: str
    binding: Json
    fresh: bool


@cases(
    Age("an old binding is in force", binding("2026-01-01T11:00:00Z"), False),
    Age("API servers may not know a new one yet", binding("2026-01-01T12:00:28Z"), True),
    Age("nor what it was changed to", binding("2026-01-01T11:00:00Z", "2026-01-01T12:00:29Z"), True),
    Age("a clock that is a little ahead does not matter", binding("2026-01-01T12:00:32Z"), True),
    Age("one that is far ahead stops nobody", binding("2026-01-01T13:00:00Z"), False),
    Age("without timestamps it is as good as any", {}, False),
)
def test_a_guard_takes_a_moment_to_be_in_force(case: Age) -> None:
    assert guard.is_fresh(case.binding, NOW) == case.fresh
