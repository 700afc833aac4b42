"""Suspended ObjectSyncs: nothing is written or deleted, and what differs is shown."""

from collections.abc import Iterator

from scenarios.objects import (
    COPY,
    DATA,
    OBJECT_SYNC,
    SOURCE,
    SYNC,
    config_map,
    crd,
    data,
    destinations,
    meta,
    object_sync,
    widget,
)
from scenarios.scenario import (
    HOME,
    IN_A,
    IN_B,
    IN_C,
    NAME,
    SYNCED,
    A,
    B,
    C,
    Object,
    Scenario,
    create,
    delete,
    edit,
    engine,
    guard,
    policy,
    together,
)

SUSPEND: Object = {"spec": {"suspend": True}}
RESUME: Object = {"spec": {"suspend": False}}
SUSPENDED = ("False", "Suspended")
BOTH = object_sync(A, B)


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    yield Scenario(
        "a suspended ObjectSync whose copies are all in sync says that it is suspended",
        (SOURCE, SYNC),
        (edit(SYNC, SUSPEND),),
        copies={IN_A: DATA},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        ready={NAME: SYNCED},
        says={NAME: ("1 out of 1 destinations are in sync; nothing is written or deleted",)},
    )
    edited = {**data(k="edited", foreign="1"), **meta(labels={"theirs": "1"})}
    yield Scenario(
        "while suspended a copy that was edited stays so, and a deleted one is not made again",
        (SOURCE, BOTH),
        (edit(BOTH, SUSPEND), together(edit(COPY, edited), delete(config_map(B)))),
        copies={IN_A: {"data": {"k": "edited", "foreign": "1"}, "labels": {"theirs": "1"}}, IN_B: None},
        kept=(IN_A,),
        in_sync={NAME: SUSPENDED},
        says={NAME: ("0 out of 2", "the copy differs from its source at /data/k")},
        states={IN_A: ("Pending", "Suspended"), IN_B: ("Pending", "Suspended")},
    )
    yield Scenario(
        "while suspended copies do not follow their source, and are not deleted with it",
        (SOURCE, BOTH),
        (edit(BOTH, SUSPEND), edit(SOURCE, data(k="new")), delete(SOURCE)),
        copies={IN_A: DATA, IN_B: DATA},
        ours={IN_A: f"{HOME}/{NAME}"},
        kept=(IN_A, IN_B),
        in_sync={NAME: ("False", "SourceNotFound")},
    )
    yield Scenario(
        "while suspended no copy is created, and copies at destinations that are removed stay",
        (SOURCE, BOTH),
        (edit(BOTH, SUSPEND), edit(BOTH, destinations(B, HOME, C))),
        copies={IN_A: DATA, IN_B: DATA, IN_C: None},
        ours={IN_A: f"{HOME}/{NAME}"},
        kept=(IN_A, IN_B),
        states={IN_B: ("Synced", ""), IN_C: ("Pending", "NamespaceNotFound")},
    )
    yield Scenario(
        "an ObjectSync that is created suspended writes nothing",
        (SOURCE, object_sync(A, spec={"suspend": True})),
        copies={IN_A: None},
        in_sync={NAME: SUSPENDED},
        states={IN_A: ("Pending", "Suspended")},
    )
    yield Scenario(
        "once it is resumed all is made good",
        (SOURCE, BOTH),
        (
            edit(BOTH, SUSPEND),
            together(edit(COPY, data(k="edited")), edit(SOURCE, data(k="new"))),
            edit(BOTH, destinations(A, HOME)),
            edit(BOTH, RESUME),
        ),
        copies={IN_A: {"data": {"k": "new"}}, IN_B: None},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "deleting a suspended ObjectSync deletes its copies",
        (SOURCE, BOTH),
        (edit(BOTH, SUSPEND), delete(BOTH)),
        copies={IN_A: None, IN_B: None},
    )
    younger = object_sync(A, name="younger-@", source=config_map(HOME, "other-@"))
    younger["spec"]["destinations"][0]["name"] = NAME
    yield Scenario(
        "a suspended ObjectSync keeps its destinations from younger ones",
        (SOURCE, config_map(HOME, "other-@"), SYNC),
        (edit(SYNC, SUSPEND), delete(COPY), create(younger)),
        copies={IN_A: None},
        in_sync={NAME: SUSPENDED, "younger-@": ("False", "Conflict")},
    )
    yield Scenario(
        "while suspended a copy of a kind with a generation stays as it was edited",
        (crd(), widget(HOME), object_sync(A, source=widget(HOME))),
        (
            edit(object_sync(A), SUSPEND),
            edit(widget(A), {**meta(labels={"theirs": "1"}), "spec": {"size": 7, "more": 1}}),
            edit(widget(HOME), {"spec": {"size": 2}}),
        ),
        copies={IN_A: {"spec": {"size": 7, "more": 1}, "labels": {"theirs": "1"}}},
        kept=(IN_A,),
        in_sync={NAME: SUSPENDED},
        kind=("g@.example.com/v1", "Widget"),
    )
    yield Scenario(
        "while suspended another kind of source leaves the copies of the first one",
        (crd(), widget(HOME), SOURCE, SYNC),
        (edit(SYNC, SUSPEND), edit(SYNC, {"spec": {"source": {"group": "g@.example.com", "kind": "Widget"}}})),
        copies={IN_A: DATA},
        ours={IN_A: f"{HOME}/{NAME}"},
        kept=(IN_A,),
        in_sync={NAME: SUSPENDED},
    )
    yield Scenario(
        "what a SyncPolicy no longer permits stays while it is suspended, and goes once it is resumed",
        (SOURCE, BOTH),
        (edit(BOTH, SUSPEND), policy(targetNamespaces=[A])),
        copies={IN_A: DATA, IN_B: DATA},
        kept=(IN_A, IN_B),
        also=(OBJECT_SYNC,),
        exclusive=True,
    )
    yield Scenario(
        "an ObjectSync that no SyncPolicy watches any more keeps its copies while it is suspended",
        (SOURCE, BOTH),
        (edit(BOTH, SUSPEND), policy(watchNamespaces=[A]), edit(COPY, data(k="edited"))),
        copies={IN_A: {"data": {"k": "edited"}}, IN_B: DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: ("False", "NotWatched")},
        exclusive=True,
    )
    yield Scenario(
        "an ObjectSync is suspended also while the guard is missing",
        (SOURCE, BOTH),
        (guard(False), edit(BOTH, SUSPEND), edit(COPY, data(k="edited")), guard(True)),
        copies={IN_A: {"data": {"k": "edited"}}, IN_B: DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: SUSPENDED},
        exclusive=True,
    )
    yield Scenario(
        "an engine that is killed and started again writes nothing of a suspended ObjectSync",
        (SOURCE, BOTH),
        (
            edit(BOTH, SUSPEND),
            engine(False),
            together(edit(COPY, data(k="edited")), delete(config_map(B))),
            engine(True),
        ),
        copies={IN_A: {"data": {"k": "edited"}}, IN_B: None},
        kept=(IN_A,),
        in_sync={NAME: SUSPENDED},
        exclusive=True,
    )
