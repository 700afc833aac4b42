"""Objects at a destination that we did not create are taken over where the conflict policy says so."""

from collections.abc import Iterator
from typing import Any

from scenarios.objects import (
    COPY,
    DATA,
    MANAGED_BY,
    OBJECT_SYNC,
    SOURCE,
    SOURCE_ANNOTATION,
    SYNC,
    body_of,
    config_map,
    data,
    network_policy,
    object_sync,
    to,
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
    create,
    delete,
    edit,
    policy,
    remove_finalizers,
    set_owner,
    together,
)

CONFLICT = ("False", "Conflict")
MINE: Object = {"data": {"mine": "1"}}
FOREIGN = config_map(A, data={"mine": "1"})
UPSTREAM_FINALIZER = "sync.rustrial.org/rustrial-object-syncer"


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    yield from _adopted()
    yield from _overwritten()
    yield from _original()


def _sync(conflict_policy: str) -> Object:
    return object_sync(A, B, spec={"conflictPolicy": conflict_policy})


def _adopted() -> Iterator[Scenario]:
    yield Scenario(
        "what the SyncPolicy does not permit to take over is left alone, as under Fail",
        (SOURCE, FOREIGN),
        (together(policy(conflictPolicies=["Adopt"]), create(_sync("Overwrite"))),),
        copies={IN_A: MINE, IN_B: DATA},
        in_sync={NAME: CONFLICT},
        exclusive=True,
    )
    same = config_map(A, labels={"theirs": "1"})
    yield Scenario(
        "Adopt takes over an object that already equals the copy, and updates it from then on",
        (SOURCE, same, _sync("Adopt")),
        (edit(SOURCE, data(k="new")),),
        copies={IN_A: {"data": {"k": "new"}, "labels": {"theirs": "1"}, "annotations": {}}},
        ours={IN_A: IN_HOME},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "an adopted object is deleted with the other copies",
        (SOURCE, same, _sync("Adopt")),
        (delete(SYNC),),
        copies={IN_A: None, IN_B: None},
    )
    yield Scenario(
        "Adopt leaves an object alone that differs from the copy",
        (SOURCE, FOREIGN, _sync("Adopt")),
        copies={IN_A: MINE, IN_B: DATA},
        in_sync={NAME: CONFLICT},
    )
    yield Scenario(
        "Adopt takes over an object once it equals the copy",
        (SOURCE, FOREIGN, _sync("Adopt")),
        (edit(FOREIGN, data(mine=None, k="v")),),
        copies={IN_A: DATA},
        ours={IN_A: IN_HOME},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )


def _overwritten() -> Iterator[Scenario]:
    yield Scenario(
        "Overwrite takes over an object in the place of a copy",
        (SOURCE, FOREIGN, _sync("Overwrite")),
        copies={IN_A: {"data": {"k": "v", "mine": "1"}}},
        ours={IN_A: IN_HOME},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    for kind, make in (("ConfigMap", config_map), ("NetworkPolicy", network_policy)):
        source, foreign = make(HOME, labels={"whose": "ours"}), make(A, labels={"whose": "theirs", "foreign": "1"})
        replacing = object_sync(
            to(A, strategy="replace"), source=source, spec={"conflictPolicy": "Overwrite"}
        )  # fmt: skip
        yield Scenario(
            f"Overwrite with replace leaves nothing of a {kind} in the place of a copy, and does not delete it",
            (source, foreign, replacing),
            copies={IN_A: {**body_of(source), "labels": {"whose": "ours"}}},
            ours={IN_A: IN_HOME},
            kept=(IN_A,),
            in_sync={NAME: SYNCED},
            kind=(source["apiVersion"], source["kind"]),
        )
    yield Scenario(
        "an object that was overwritten stays a copy when the conflict policy becomes Fail",
        (SOURCE, FOREIGN, _sync("Overwrite")),
        (edit(SYNC, {"spec": {"conflictPolicy": "Fail"}}),),
        copies={IN_A: {"data": {"k": "v", "mine": "1"}, "annotations": {}}},
        ours={IN_A: IN_HOME},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a conflict that Adopt does not resolve is resolved by Overwrite",
        (SOURCE, FOREIGN, object_sync(A, B)),
        (edit(SYNC, {"spec": {"conflictPolicy": "Adopt"}}), edit(SYNC, {"spec": {"conflictPolicy": "Overwrite"}})),
        copies={IN_A: {"data": {"k": "v", "mine": "1"}}},
        ours={IN_A: IN_HOME},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    owner = config_map(A, "owner-@")
    for conflict_policy in ("Fail", "Adopt", "Overwrite"):
        yield Scenario(
            f"{conflict_policy} leaves an object alone that has another controller, even if it equals the copy",
            (SOURCE, owner, COPY),
            (together(set_owner(COPY, owner, controller=True), create(_sync(conflict_policy))),),
            copies={IN_A: DATA, IN_B: DATA},
            kept=(IN_A,),
            in_sync={NAME: CONFLICT},
            says={NAME: ("controlled by ConfigMap owner-@",)},
            also=(OBJECT_SYNC,),
        )


def _original() -> Iterator[Scenario]:
    """Yield what becomes of copies that the original Object Syncer made."""

    def original(source: str, **metadata: Any) -> Object:
        return config_map(
            A, data={"k": "stale"}, labels=MANAGED_BY, annotations={SOURCE_ANNOTATION: source}, **metadata
        )

    finalized = original(IN_HOME, finalizers=[UPSTREAM_FINALIZER])
    for conflict_policy in ("Fail", "Adopt", "Overwrite"):
        yield Scenario(
            f"{conflict_policy} leaves a copy of the original Object Syncer alone while that one's finalizer is on it",
            (SOURCE, finalized, _sync(conflict_policy)),
            copies={IN_A: {"data": {"k": "stale"}}},
            in_sync={NAME: CONFLICT},
        )
        yield Scenario(
            f"{conflict_policy} takes over a copy of the original Object Syncer once that one's finalizer is removed",
            (SOURCE, finalized, _sync(conflict_policy)),
            (remove_finalizers(finalized),),
            copies={IN_A: DATA},
            ours={IN_A: IN_HOME},
            kept=(IN_A,),
            in_sync={NAME: SYNCED},
        )
    yield Scenario(
        "a copy of the original Object Syncer is deleted with the ObjectSync that took it over",
        (SOURCE, finalized, _sync("Fail")),
        (remove_finalizers(finalized), delete(SYNC)),
        copies={IN_A: None},
    )
    yield Scenario(
        "Adopt leaves a copy alone that the original Object Syncer made of another source",
        (SOURCE, original("elsewhere/another"), _sync("Adopt")),
        copies={IN_A: {"data": {"k": "stale"}}},
        kept=(IN_A,),
        in_sync={NAME: CONFLICT},
    )
