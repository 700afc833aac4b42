"""Versions of a kind: the one an ObjectSync names, several side by side, and those that come and go."""

from collections.abc import Iterator

from scenarios.objects import (
    GROUP,
    SYNC,
    WIDGETS,
    crd,
    object_sync,
    widget,
)
from scenarios.scenario import (
    HOME,
    IN_A,
    IN_B,
    NAME,
    SYNCED,
    A,
    B,
    Scenario,
    delete,
    edit,
)

WIDGET = widget(HOME)
IN_V1, IN_V1BETA1 = f"widgets in {GROUP}/v1", f"widgets in {GROUP}/v1beta1"
"""The generated controllers of the two versions."""


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    two = crd(versions=("v1", "v1beta1"))
    side_by_side = (
        two, WIDGET, object_sync(A, name="a-@", source=WIDGET),
        object_sync(B, name="b-@", source=WIDGET, version="v1beta1"),
    )  # fmt: skip
    yield Scenario(
        "a version may be named that is not the preferred one, and two versions work side by side",
        side_by_side,
        (
            edit(WIDGET, {"spec": {"size": 2}}),
            edit(widget(A), {"spec": {"size": 3}}),
            edit(widget(B), {"spec": {"size": 3}}),
        ),
        copies={IN_A: {"spec": {"size": 2}}, IN_B: {"spec": {"size": 2}}},
        in_sync={"a-@": SYNCED, "b-@": SYNCED},
        kind=WIDGETS,
        controllers=(IN_V1, IN_V1BETA1),
    )
    yield Scenario(
        "the controller of a version is deleted with the last ObjectSync that names it",
        side_by_side,
        (delete(object_sync(name="b-@")),),
        copies={IN_A: {"spec": {"size": 1}}, IN_B: None},
        kept=(IN_A,),
        in_sync={"a-@": SYNCED},
        kind=WIDGETS,
        controllers=(IN_V1,),
    )
    yield Scenario(
        "two versions of one object do not compete for a destination: the older ObjectSync keeps it",
        (
            two, WIDGET, object_sync(A, name="a-@", source=WIDGET),
            object_sync(A, name="b-@", source=WIDGET, version="v1beta1"),
        ),
        copies={IN_A: {"spec": {"size": 1}}},
        in_sync={"a-@": SYNCED, "b-@": ("False", "Conflict")},
        kind=WIDGETS,
    )  # fmt: skip
    beta = widget(HOME, version="v1beta1")
    yield Scenario(
        "a new preferred version does not touch the copies",
        (crd(versions=("v1beta1",)), beta, object_sync(A, source=beta)),
        (edit(crd(), {"spec": {"versions": crd(versions=("v1beta1", "v1"))["spec"]["versions"]}}),
         edit(beta, {"spec": {"size": 2}})),
        copies={IN_A: {"spec": {"size": 2}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        kind=(beta["apiVersion"], "Widget"),
        controllers=(IN_V1BETA1,),
    )  # fmt: skip
    unserve = edit(crd(), {"spec": {"versions": crd()["spec"]["versions"]}})
    using_beta = (two, WIDGET, object_sync(A, source=WIDGET, version="v1beta1"))
    yield Scenario(
        "an ObjectSync whose version is no longer served says so and keeps its copies",
        using_beta,
        (unserve,),
        copies={IN_A: {"spec": {"size": 1}}},
        kept=(IN_A,),
        in_sync={NAME: ("False", "VersionNotServed")},
        ready={NAME: ("False", "VersionNotServed")},
        says={NAME: ("v1beta1",)},
        kind=WIDGETS,
    )
    yield Scenario(
        "an ObjectSync whose version is no longer served works with another one, and its copies stay",
        using_beta,
        (unserve, edit(SYNC, {"spec": {"source": {"version": "v1"}}})),
        copies={IN_A: {"spec": {"size": 1}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        kind=WIDGETS,
        controllers=(IN_V1,),
    )
    yield Scenario(
        "another version of a kind changes copies in place",
        (two, WIDGET, object_sync(A, source=WIDGET)),
        (
            edit(SYNC, {"spec": {"source": {"version": "v1beta1"}}}),
            edit(WIDGET, {"spec": {"size": 2}}),
            edit(widget(A), {"spec": {"size": 3}}),
        ),
        copies={IN_A: {"spec": {"size": 2}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        kind=WIDGETS,
        controllers=(IN_V1BETA1,),
    )
    yield Scenario(
        "copies follow in the version of before while an ObjectSync asks for one that is not served",
        (two, WIDGET, object_sync(A, source=WIDGET)),
        (edit(SYNC, {"spec": {"source": {"version": "v7"}}}), edit(WIDGET, {"spec": {"size": 2}})),
        copies={IN_A: {"spec": {"size": 2}}},
        kept=(IN_A,),
        ready={NAME: ("False", "VersionNotServed")},
        kind=WIDGETS,
    )
    yield Scenario(
        "an ObjectSync with a version that was never served says so",
        (crd(), WIDGET, object_sync(A, source=WIDGET, version="v7")),
        copies={IN_A: None},
        in_sync={NAME: ("False", "VersionNotServed")},
        kind=WIDGETS,
    )
