"""Conditions: their times, and their words."""

from dataclasses import dataclass, field

import pytest

from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType
from object_syncer.status import conditions, reasons
from object_syncer.status.conditions import Condition
from object_syncer.status.destination import CONFLICT, FAILED, PENDING, State
from object_syncer.status.problem import Problem
from specification import cases
from unit.objects import NOW, STAMP, ago

READY = Condition("Ready", "True", "Success", "all is well")


def before(**changes: object) -> list[Json]:
    """Return the conditions of an hour ago."""
    ready: Json = {
        "type": "Ready",
        "status": "True",
        "reason": "Success",
        "message": "m",
        "lastTransitionTime": ago(3600),
    }
    return [{**ready, **changes}]


@dataclass(frozen=True)
class Dated:
    reason: str
    earlier: list[Json] | None
    want: str
    """lastTransitionTime."""


@cases(
    Dated("a new condition has the present time", None, STAMP),
    Dated("so has one where the status had no conditions", [], STAMP),
    Dated("the time of another condition does not matter", before(type="InSync"), STAMP),
    Dated("a change of status moves the time", before(status="False"), STAMP),
    Dated("a change of reason does not move the time", before(reason="Other"), ago(3600)),
    Dated("a change of message does not move the time", before(message="Other"), ago(3600)),
    Dated("a new generation does not move the time", before(observedGeneration=1), ago(3600)),
    Dated("a condition without a time gets the present one", before(lastTransitionTime=None), STAMP),
)
def test_last_transition_time(case: Dated) -> None:
    (found,) = conditions.dated([READY], case.earlier, 5, NOW)
    assert found == {
        "type": "Ready",
        "status": "True",
        "reason": "Success",
        "message": "all is well",
        "observedGeneration": 5,
        "lastTransitionTime": case.want,
    }


def test_ready_is_worded_as_upstream_words_it() -> None:
    core = conditions.ready(ResourceType("", "v1", "ConfigMap", "configmaps"), "team/settings")
    batch = conditions.ready(ResourceType("batch", "v1", "CronJob", "cronjobs"), "team/audit")
    assert (core.type, core.status, core.reason) == ("Ready", "True", "Success")
    assert core.message == "Successfully registered with ResourceController v1/ConfigMap and team/settings"
    assert batch.message == "Successfully registered with ResourceController batch/v1/CronJob and team/audit"


def test_an_objectsync_that_is_not_served_is_neither_ready_nor_in_sync() -> None:
    assert conditions.not_served(Problem("Why", "because")) == (
        Condition("Ready", "False", "Why", "because"),
        Condition("InSync", "False", "Why", "because"),
    )


def absent(namespace: str) -> State:
    return State(namespace, "x", PENDING, reasons.NAMESPACE_NOT_FOUND, f"namespace {namespace} does not exist")


def pending(namespace: str, reason: str = reasons.CREATING) -> State:
    return State(namespace, "x", PENDING, reason, f"{namespace} is pending")


def failed(namespace: str, reason: str = reasons.REJECTED) -> State:
    return State(namespace, "x", FAILED, reason, f"{namespace} failed")


@dataclass(frozen=True)
class InSync:
    reason: str
    status: str
    because: str
    message: str
    synced: int = 0
    unsynced: list[State] = field(default_factory=list)
    total: int | None = None
    problem: Problem | None = None
    advice: str = ""
    unnamed: dict[str, int] = field(default_factory=dict)


@cases(
    InSync("every copy is in sync", "True", "Success", "3 out of 3 destinations are in sync", 3),
    InSync("nothing to do is in sync", "True", "Success", "0 out of 0 destinations are in sync"),
    InSync(
        "a namespace that does not exist is no error",
        "True",
        "Success",
        "1 out of 2 destinations are in sync; waiting for namespace a",
        1,
        [absent("a")],
    ),
    InSync(
        "three absent namespaces are named, the others are counted",
        "True",
        "Success",
        "1 out of 6 destinations are in sync; waiting for namespace a, b, c and 2 more",
        1,
        [absent(name) for name in "edcba"],
    ),
    InSync(
        "absent namespaces that are only counted are waited for, too",
        "True",
        "Success",
        "1 out of 8 destinations are in sync; waiting for namespace a, b and 5 more",
        1,
        [absent("a"), absent("b")],
        unnamed={reasons.NAMESPACE_NOT_FOUND: 5},
    ),
    InSync(
        "advice is added though all is well",
        "True",
        "Success",
        "1 out of 1 destinations are in sync; mind the gap",
        1,
        advice="mind the gap",
    ),
    InSync(
        "one failing copy is enough, and its reason is the condition's",
        "False",
        reasons.REJECTED,
        "2 out of 3 destinations are in sync; a/x: a failed",
        2,
        [failed("a")],
    ),
    InSync(
        "all failing is not in sync",
        "False",
        reasons.REJECTED,
        "0 out of 2 destinations are in sync; a/x, b/x: a failed",
        0,
        [failed("a"), failed("b")],
    ),
    InSync(
        "three failing destinations are named, the others are counted",
        "False",
        reasons.REJECTED,
        "0 out of 5 destinations are in sync; a/x, b/x, c/x and 2 more: a failed",
        0,
        [failed(name) for name in "abcde"],
    ),
    InSync(
        "destinations that are only counted count for their reason",
        "False",
        reasons.CONFLICT,
        "0 out of 8 destinations are in sync; c/x and 5 more: c failed",
        0,
        [failed("a"), failed("b"), failed("c", reasons.CONFLICT)],
        unnamed={reasons.CONFLICT: 5},
    ),
    InSync(
        "the most frequent reason is the condition's",
        "False",
        reasons.CONFLICT,
        "0 out of 3 destinations are in sync; b/x, c/x: b failed",
        0,
        [failed("a"), failed("b", reasons.CONFLICT), failed("c", reasons.CONFLICT)],
    ),
    InSync(
        "of two reasons as frequent as each other the first by name is the condition's",
        "False",
        reasons.CONFLICT,
        "0 out of 2 destinations are in sync; b/x: b failed",
        0,
        [failed("a"), State("b", "x", CONFLICT, reasons.CONFLICT, "b failed")],
    ),
    InSync(
        "failing destinations come before pending ones",
        "False",
        reasons.REJECTED,
        "0 out of 4 destinations are in sync; d/x: d failed",
        0,
        [pending("a"), pending("b"), absent("c"), failed("d")],
    ),
    InSync(
        "pending destinations come before absent namespaces",
        "False",
        reasons.CREATING,
        "0 out of 2 destinations are in sync; b/x: b is pending",
        0,
        [absent("a"), pending("b")],
    ),
    InSync(
        "a destination without report is not in sync",
        "False",
        reasons.PLANNING,
        "1 out of 2 destinations are in sync",
        1,
        [],
        2,
    ),
    InSync(
        "a problem of all destinations is the only one in the message",
        "False",
        reasons.SOURCE_NOT_FOUND,
        "0 out of 2 destinations are in sync: the source is gone",
        0,
        [failed("a"), failed("b")],
        problem=Problem(reasons.SOURCE_NOT_FOUND, "the source is gone"),
    ),
    InSync(
        "a problem of all destinations counts though every copy was in sync",
        "False",
        reasons.PLANNING,
        "2 out of 2 destinations are in sync: changes are being written",
        2,
        problem=Problem(reasons.PLANNING, "changes are being written"),
    ),
)
def test_in_sync(case: InSync) -> None:
    counted = case.synced + len(case.unsynced) + sum(case.unnamed.values())
    total = counted if case.total is None else case.total
    found = conditions.in_sync(case.unsynced, case.synced, total, case.problem, case.advice, case.unnamed)
    assert (found.type, found.status, found.reason, found.message) == (
        "InSync",
        case.status,
        case.because,
        case.message,
    )


@pytest.mark.parametrize("name", sorted(name for name in vars(reasons) if name.isupper()))
def test_reasons_are_camel_case_as_kubernetes_wants_them(name: str) -> None:
    reason = getattr(reasons, name)
    assert reason.isalnum()
    assert reason == "".join(part.capitalize() for part in name.split("_")), "and called what they are"
