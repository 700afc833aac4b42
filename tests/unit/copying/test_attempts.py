"""What is answered for one destination: whether its copy is Synced, Pending or Failed, and why."""

from dataclasses import dataclass, field, replace

from object_syncer.copying import attempts
from object_syncer.copying.template import template
from object_syncer.kube import api
from object_syncer.kube.meta import Json
from object_syncer.status import reasons
from object_syncer.status.destination import CONFLICT, FAILED, PENDING, SYNCED, State
from object_syncer.status.problem import Problem
from specification import cases
from unit.copying.copies import SLICE, desired, edited, entry, observed, relabelled
from unit.objects import NOW, STAMP, ago, live, terminating

SAME = observed(desired())
EDITED = edited(SAME, data={"k": "x"})
ADDED = edited(SAME, data={"k": "v", "x": "1"})

JOB: Json = {"apiVersion": "batch/v1", "kind": "Job"}
WIDGET: Json = {"apiVersion": "example.com/v1", "kind": "Widget", "spec": {"a": 1}}


def copy_of(body: Json) -> Json:
    return template(live(body, "team", "settings"), SLICE).at("a", "settings")


def job(image: str) -> Json:
    return copy_of({**JOB, "spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}})


def claim(size: str) -> Json:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    return copy_of({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": spec})


EXTENDED = edited(
    observed(copy_of(WIDGET), entry({"f:spec": {"f:b": {}}}, "kubectl-edit", "Update")), spec={"a": 1, "b": 2}
)
"""A copy with a field of others that server-side apply cannot remove."""


def pending(seconds: float, reason: str = reasons.DRIFTED) -> State:
    """Return what was reported, and answered more than once, since so many seconds."""
    return State("a", "settings", PENDING, reason, since=ago(seconds), answered=True)


@dataclass(frozen=True)
class Case:
    reason: str
    observed: Json | None
    state: str
    because: str = ""
    says: str = ""
    desired: Json = field(default_factory=desired)
    earlier: State | None = None
    strategy: str = ""


@cases(
    Case("a copy that equals its source is Synced", SAME, SYNCED),
    Case("a copy that does not exist is being created", None, PENDING, reasons.CREATING, "does not exist yet"),
    Case("it still is a second later", None, PENDING, reasons.CREATING, earlier=pending(1, reasons.CREATING)),
    Case(
        "a copy that does not exist for long is being rejected, and events say why",
        None,
        FAILED,
        reasons.REJECTED,
        f"the copy does not exist yet; see the events of SyncSlice {SLICE}",
        earlier=pending(5, reasons.CREATING),
    ),
    Case(
        "a copy that differs is being repaired, and the message says where", EDITED, PENDING, reasons.DRIFTED, "/data/k"
    ),
    Case(
        "a copy that differs for long is being rejected",
        EDITED,
        FAILED,
        reasons.REJECTED,
        "/data/k",
        earlier=pending(5),
    ),
    Case("a copy that is being deleted is not Synced", terminating(SAME), PENDING, reasons.DELETING, "being deleted"),
    Case(
        "a copy that is being deleted for long has a finalizer",
        terminating(EDITED),
        FAILED,
        reasons.DELETING,
        "a finalizer holds it",
        earlier=pending(60, reasons.DELETING),
    ),
    Case("under apply a key of others is no difference", ADDED, SYNCED, strategy="apply"),
    Case(
        "under replace a key of others is a difference", ADDED, PENDING, reasons.DRIFTED, "/data/x", strategy="replace"
    ),
    Case(
        "a field that cannot be changed is being tried at first",
        observed(job("old"), generation=1),
        PENDING,
        reasons.DRIFTED,
        "/spec/template",
        job("new"),
    ),
    Case(
        "a field that cannot be changed fails, and the message does not simply say that the copy should be deleted",
        observed(job("old"), generation=1),
        FAILED,
        reasons.IMMUTABLE_FIELD,
        "the field cannot be changed: undo that in the source, or delete the copy if nothing is lost with it",
        job("new"),
        pending(60),
    ),
    Case(
        "a claim that a quota keeps from growing is not advised to be deleted with its data",
        observed(claim("1Gi")),
        FAILED,
        reasons.REJECTED,
        "/spec/resources/requests/storage; see the events of SyncSlice",
        claim("2Gi"),
        pending(60),
    ),
    Case(
        "under replace a field of others that cannot be removed fails",
        EXTENDED,
        FAILED,
        reasons.FOREIGN_FIELDS,
        "/spec/b; others have added this",
        copy_of(WIDGET),
        pending(60),
        "replace",
    ),
)
def test_the_state_of_a_copy(case: Case) -> None:
    made = attempts.copy(case.desired, case.observed, case.strategy, case.earlier, SLICE, NOW)
    assert (made.state.state, made.state.reason) == (case.state, case.because)
    assert case.says in made.state.message
    assert made.child, "such a copy is never deleted"


def test_the_state_has_the_version_of_the_copy_that_was_observed() -> None:
    assert attempts.copy(desired(), SAME, "", None, SLICE, NOW).state.version == ("uid-of-copy", "200")
    assert attempts.copy(desired(), None, "", None, SLICE, NOW).state.version is None


def test_a_message_names_five_fields_and_no_values() -> None:
    secret = {letter: f"hunter-{letter}" for letter in "abcdefg"}
    made = attempts.copy(desired(data=secret), edited(observed(desired(data=secret)), data={}), "", None, SLICE, NOW)
    assert made.state.message == "the copy differs from its source at /data/a, /data/b, /data/c, /data/d, /data/e"


def test_without_copy_there_is_a_state_and_no_child() -> None:
    made = attempts.without_copy(desired(), CONFLICT, Problem(reasons.CONFLICT, "m"), None, NOW)
    assert made == attempts.Attempt(State("a", "settings", CONFLICT, reasons.CONFLICT, "m", STAMP), None)


# Copies that can only be deleted and created anew

SEALED = observed(desired(data={"k": "old"}, immutable=True))
"""An immutable copy that differs from its source."""


def announced(attempts_: int, uid: str = "uid-of-copy", reason: str = reasons.RECREATING) -> State:
    """Return what was reported when the copy, the object with this uid, was about to be deleted."""
    state = PENDING if reason == reasons.RECREATING else FAILED
    return State("a", "settings", state, reason, since=ago(1), version=(uid, "1"), attempts=attempts_)


@dataclass(frozen=True)
class Anew:
    reason: str
    earlier: State | None
    state: str
    attempts: int
    deleted: bool = False


@cases(
    Anew("the deletion is reported before it is done", None, PENDING, 1),
    Anew("a copy of which that is reported is deleted, and not counted twice", announced(1), PENDING, 1, deleted=True),
    Anew("the report must be about this very object", announced(1, uid="another"), PENDING, 2),
    Anew("the third attempt is made like the first", announced(3), PENDING, 3, deleted=True),
    Anew("there are three attempts", announced(3, uid="another"), FAILED, 3),
    Anew("none is made after that", announced(3, reason=reasons.IMMUTABLE_FIELD), FAILED, 3),
    Anew("while the copy does not exist nothing is forgotten", announced(2, "", reasons.CREATING), PENDING, 3),
    Anew("writes are no deletions", replace(announced(3), reason=reasons.DRIFTED, tried_version="1"), PENDING, 1),
    Anew("without version the report is about no object", replace(announced(1), version=None), PENDING, 2),
)
def test_creating_a_copy_anew(case: Anew) -> None:
    made = attempts.copy(desired(immutable=True), SEALED, "", case.earlier, SLICE, NOW)
    reason = reasons.RECREATING if case.state == PENDING else reasons.IMMUTABLE_FIELD
    assert (made.state.state, made.state.reason, made.state.attempts) == (case.state, reason, case.attempts)
    assert (made.child is None) == case.deleted
    assert "/data/k" in made.state.message
    assert ("created anew 3 times" in made.state.message) == (case.state == FAILED)


def test_a_copy_that_is_being_deleted_already_is_not_deleted_again() -> None:
    made = attempts.copy(desired(immutable=True), terminating(SEALED), "", announced(1), SLICE, NOW)
    assert (made.state.reason, made.child) == (reasons.DELETING, desired(immutable=True))


# Copies that somebody changes after each write


def repaired(attempts_: int, seconds: float, tried_version: str = "199") -> State:
    """Return what was reported at the last of so many repairs, which was so many seconds ago.

    The copy is at resourceVersion 200, so by default it was written since.
    """
    return replace(pending(seconds), attempts=attempts_, tried=ago(seconds), tried_version=tried_version)


@dataclass(frozen=True)
class Repair:
    reason: str
    earlier: State | None
    attempts: int
    tried: str = STAMP
    state: str = PENDING
    because: str = reasons.DRIFTED


@cases(
    Repair("the first repair is counted", None, 1),
    Repair("a write that did not reach the copy is not counted", repaired(1, 1, "200"), 1, tried=ago(1)),
    Repair("such a copy is being rejected", repaired(1, 60, "200"), 1, ago(60), FAILED, reasons.REJECTED),
    Repair("a copy that was written and differs again is repaired after a second", repaired(1, 1), 2),
    Repair("a copy that was written and differs again is not being rejected", repaired(2, 2), 2, tried=ago(2)),
    Repair("it is not repaired sooner", repaired(1, 0), 1),
    Repair(
        "from the third repair on, three seconds after the second, the copy is Contested",
        repaired(2, 3),
        3,
        STAMP,
        FAILED,
        reasons.CONTESTED,
    ),
    Repair("it stays Contested between repairs", repaired(3, 59), 3, ago(59), FAILED, reasons.CONTESTED),
    Repair("the fourth repair comes after a minute", repaired(3, 60), 4, STAMP, FAILED, reasons.CONTESTED),
    Repair("pauses grow up to ten minutes", repaired(50, 599), 50, ago(599), FAILED, reasons.CONTESTED),
    Repair("they do not grow further", repaired(50, 600), 51, STAMP, FAILED, reasons.CONTESTED),
)
def test_a_copy_that_differs_again_after_each_write(case: Repair) -> None:
    state = attempts.copy(desired(), EDITED, "", case.earlier, SLICE, NOW).state
    assert (state.state, state.reason) == (case.state, case.because)
    assert (state.attempts, state.tried) == (case.attempts, case.tried)
    before = case.earlier or State("a", "settings", SYNCED)
    assert state.tried_version == (before.tried_version if case.attempts == before.attempts else "200")


def test_a_contested_copy_names_those_who_changed_it() -> None:
    rival = edited(observed(desired(), entry({"f:data": {"f:k": {}}}, "kubectl-edit", "Update")), data={"k": "x"})
    for copy, who in ((rival, "kubectl-edit"), (EDITED, "somebody, perhaps an admission webhook")):
        message = attempts.copy(desired(), copy, "", repaired(2, 3), SLICE, NOW).state.message
        assert message.endswith(f"at /data/k; it was written 3 times and changed again by {who}")


def test_during_a_pause_nothing_is_answered_that_would_make_the_engine_write() -> None:
    for seconds, data in ((59, {"k": "v"}), (60, {"k": "v", "x": ""})):
        made = attempts.copy(desired(), ADDED, "replace", repaired(3, seconds), SLICE, NOW)
        assert made.child
        assert made.child["data"] == data


def test_during_a_pause_the_copy_is_answered_as_somebody_left_it() -> None:
    """The engine writes a copy of which it has seen a change, even if the answer is the same as before."""
    for seconds, value in ((59, EDITED["data"]["k"]), (60, "v")):
        made = attempts.copy(desired(), EDITED, "", repaired(3, seconds), SLICE, NOW)
        assert made.child
        assert made.child["data"] == {"k": value}


def test_of_kinds_with_a_generation_the_repair_annotation_tells_whether_a_write_reached_the_copy() -> None:
    for annotation, attempts_ in (("199", 2), ("150", 1)):
        copy = observed(relabelled(copy_of(WIDGET), annotations={api.REPAIR_ANNOTATION: annotation}), generation=1)
        copy = relabelled(copy, labels={api.MANAGED_BY_LABEL: "me"})
        assert attempts.copy(copy_of(WIDGET), copy, "", repaired(1, 60), SLICE, NOW).state.attempts == attempts_


def test_of_kinds_with_a_generation_another_one_tells_that_the_body_was_written_since() -> None:
    changed = {**copy_of(WIDGET), "spec": {**copy_of(WIDGET)["spec"], "rival": 1}}
    for generation, attempts_ in ((3, 2), (1, 1)):
        differing = observed(copy_of(WIDGET), generation=generation)
        made = attempts.copy(changed, differing, "", repaired(1, 60, "199/1"), SLICE, NOW)
        assert (made.state.attempts, made.state.tried_version) == (
            attempts_,
            f"{'200' if attempts_ == 2 else '199'}/{generation}",
        )


def test_a_write_without_effect_is_made_once_more_in_a_way_that_has_one() -> None:
    """A webhook may have undone it before it was stored: the engine would not write the same again."""
    for reason, written in ((reasons.DRIFTED, None), (reasons.REJECTED, "200"), (reasons.CONTESTED, "200")):
        earlier = replace(repaired(1, 60, "200"), reason=reason)
        made = attempts.copy(desired(), EDITED, "", earlier, SLICE, NOW)
        assert made.child
        assert made.child["metadata"]["annotations"].get(api.REPAIR_ANNOTATION) == written


def test_what_no_write_can_repair_is_not_counted() -> None:
    made = attempts.copy(copy_of(WIDGET), EXTENDED, "replace", pending(60), SLICE, NOW)
    assert (made.state.attempts, made.state.tried) == (0, "")
