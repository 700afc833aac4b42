"""Metadata of a copy that was changed by hand is put back: the source's, and our marks."""

from collections.abc import Iterator

from scenarios.objects import (
    COPY,
    DATA,
    MANAGED_BY,
    SLICE_LABEL,
    SOURCE,
    SOURCE_ANNOTATION,
    SYNC,
    body_of,
    config_map,
    crd,
    data,
    meta,
    network_policy,
    object_sync,
    widget,
)
from scenarios.scenario import (
    HOME,
    IN_A,
    IN_B,
    IN_HOME,
    NAME,
    SYNCED,
    A,
    B,
    Object,
    Scenario,
    Stage,
    Step,
    edit,
    set_owner,
    together,
    unseen,
)

CHANGES: dict[str, Object] = {
    "a changed label": {"labels": {"x": "changed"}},
    "a removed label": {"labels": {"x": None}},
    "a changed annotation": {"annotations": {"y": "changed"}},
    "a removed annotation": {"annotations": {"y": None}},
    "a removed managed-by label": {"labels": dict.fromkeys(MANAGED_BY)},
    "a removed source-object annotation": {"annotations": {SOURCE_ANNOTATION: None}},
    "a removed slice label": {"labels": {SLICE_LABEL: None}},
    "a changed slice label": {"labels": {SLICE_LABEL: "another-0"}},
    "a removed owner": {"ownerReferences": None},
    "the removal of all labels": {"labels": None},
    "the removal of all annotations": {"annotations": None},
}


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    labels, annotations = {"x": "1"}, {"y": "1"}
    for what, change in CHANGES.items():
        for kind, source, copy in (
            ("a ConfigMap", config_map(HOME, labels=labels, annotations=annotations), COPY),
            (
                "a NetworkPolicy, which has a generation,",
                network_policy(HOME, labels=labels, annotations=annotations),
                network_policy(A),
            ),
        ):
            yield Scenario(
                f"{what} of a copy of {kind} is repaired",
                (source, object_sync(A, source=source)),
                (edit(copy, {"metadata": change}),),
                copies={IN_A: {**body_of(source), "labels": labels, "annotations": annotations}},
                ours={IN_A: IN_HOME},
                kept=(IN_A,),
                in_sync={NAME: SYNCED},
                kind=(source["apiVersion"], source["kind"]),
            )
    tagged = widget(HOME, labels={"x": "1"})
    yield Scenario(
        "metadata of a custom resource is repaired as often as it is changed",
        (crd(), tagged, object_sync(A, source=tagged)),
        tuple(edit(widget(A), meta(labels={"x": value}, annotations=None)) for value in ("2", "3", "4")),
        copies={IN_A: {"spec": {"size": 1}, "labels": {"x": "1"}}},
        ours={IN_A: IN_HOME},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        kind=(tagged["apiVersion"], "Widget"),
    )
    yield Scenario(
        "a copy that lost all labels and its owner, which the engine does not notice, is repaired with the next change",
        (SOURCE, SYNC),
        (together(edit(COPY, meta(labels=None, ownerReferences=None)), edit(SOURCE, data(k="new"))),),
        copies={IN_A: {"data": {"k": "new"}}},
        ours={IN_A: IN_HOME},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield from _with_another_controller()
    yield Scenario(
        "a copy that lost all labels and its owner while the engine was away is repaired",
        (SOURCE, SYNC),
        (unseen(edit(COPY, {**meta(labels=None, ownerReferences=None), **data(k="hacked")})),),
        copies={IN_A: DATA},
        ours={IN_A: IN_HOME},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "a copy that lost all our marks is somebody else's, and left alone",
        (SOURCE, SYNC),
        (edit(COPY, {**meta(labels=None, annotations=None), **data(k="theirs")}),),
        copies={IN_A: {"data": {"k": "theirs"}}},
        kept=(IN_A,),
        in_sync={NAME: ("False", "Conflict")},
    )
    yield Scenario(
        "a copy that somebody exported to another namespace, slice label and all, is deleted",
        (SOURCE, SYNC),
        (_exported(COPY, config_map(B)),),
        copies={IN_A: DATA, IN_B: None},
        in_sync={NAME: SYNCED},
    )


def _with_another_controller() -> Iterator[Scenario]:
    """Yield what becomes of a copy that an administrator gives another controller; the guard refuses that to others."""
    owner = config_map(A, "owner-@")
    taken = together(set_owner(COPY, owner, controller=True), edit(SOURCE, data(k="new")))
    yield Scenario(
        "a copy that got another controller, which the engine does not notice, is a Conflict with the next change",
        (SOURCE, owner, object_sync(A, B)),
        (taken,),
        copies={IN_A: DATA, IN_B: {"data": {"k": "new"}}},
        kept=(IN_A,),
        in_sync={NAME: ("False", "Conflict")},
        says={NAME: ("controlled by ConfigMap owner-@",)},
    )
    yield Scenario(
        "a copy that got another controller follows again when that is taken off",
        (SOURCE, owner, object_sync(A, B)),
        (taken, edit(COPY, meta(ownerReferences=None))),
        copies={IN_A: {"data": {"k": "new"}}, IN_B: {"data": {"k": "new"}}},
        ours={IN_A: IN_HOME},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )


def _exported(copy: Object, into: Object) -> Step:
    """Create in another namespace what `kubectl get -o yaml` shows of a copy, except its owner."""

    def step(stage: Stage) -> None:
        found = stage.find(copy)
        assert found
        stage.create({**into, "metadata": {**into["metadata"], "labels": found["metadata"]["labels"]}})

    return step
