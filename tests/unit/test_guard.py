"""The guard: which writes of the engine it lets through, and when the planner may rely on it."""

from dataclasses import dataclass

from object_syncer import rehearsal
from object_syncer.kube.meta import Json
from object_syncer.planning import guard
from object_syncer.status import reasons
from specification import cases
from unit.objects import NOW, ago, live
from writes import WRITES, Write

BODY = {"apiVersion": "v1", "kind": "ConfigMap"}


@cases(*WRITES)
def test_the_guard_in_memory_decides_as_the_one_in_the_api_server(case: Write) -> None:
    """tests/apiserver/test_guard.py tries the same rows on an API server."""
    old = None if case.old is None else live(BODY, "team", "settings", **case.old)
    assert rehearsal.allows_write(old, live(BODY, "team", "settings", **case.new)) == case.allowed


def part(created: float, changed: float | None = None, **spec: object) -> Json:
    """Return an admission policy, or its binding, created and perhaps changed so many seconds ago."""
    entries = [] if changed is None else [{"manager": "kubectl", "time": ago(changed)}]
    return {"metadata": {"creationTimestamp": ago(created), "managedFields": entries}, "spec": spec}


OLD = part(3600)


@dataclass(frozen=True)
class Case:
    reason: str
    binding: Json | None
    in_force: bool
    says: str = ""


@cases(
    Case("a binding that was there for long is in force", OLD, True),
    Case("one that denies and audits is in force", part(3600, validationActions=["Deny", "Audit"]), True),
    Case("one that only audits is none", part(3600, validationActions=["Audit"]), False, "with a binding that denies"),
    Case("without binding there is no guard", None, False, "install metacontroller/admission"),
    Case("API servers may not know a new binding yet", part(2), False, "about to put the guard in force"),
    Case("nor what an old one was changed to", part(3600, changed=1), False, "about to"),
    Case("a binding is in force four seconds after its last change", part(3600, changed=4), True),
    Case("a clock that is a little ahead makes it no older", part(-2), False, "about to"),
    Case("a clock that is far ahead makes nobody wait", part(-3600), True),
    Case("a binding without timestamps is in force", {}, True),
)
def test_when_the_guard_is_in_force(case: Case) -> None:
    problem = guard.problem(OLD, case.binding, NOW)
    assert (problem is None) == case.in_force
    assert problem is None or (problem.reason == reasons.GUARD_MISSING and case.says in problem.message)


def test_it_takes_a_policy_too_and_that_must_not_be_new_either() -> None:
    assert guard.problem(None, OLD, NOW)
    assert guard.problem(part(1), OLD, NOW) == guard.SETTLING
