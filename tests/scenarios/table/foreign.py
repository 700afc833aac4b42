"""Objects at a destination that we did not create are left alone and reported."""

from collections.abc import Iterator

from scenarios.objects import (
    COPY,
    DATA,
    MANAGED_BY,
    SOURCE,
    SYNC,
    config_map,
    data,
    destinations,
    meta,
    object_sync,
    to,
)
from scenarios.scenario import (
    FINALIZER,
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
    remove_finalizers,
    unseen,
)

CONFLICT = ("False", "Conflict")
MINE: Object = {"data": {"mine": "1"}}
FOREIGN = config_map(A, data={"mine": "1"})
UPSTREAM_FINALIZER = "sync.rustrial.org/rustrial-object-syncer"
MANAGERS: dict[str, Object] = {
    "part of Helm release shop": {"annotations": {"meta.helm.sh/release-name": "shop"}},
    "tracked by Argo CD as shop:/x": {"annotations": {"argocd.argoproj.io/tracking-id": "shop:/x"}},
    "applied by Flux from kustomize shop": {"labels": {"kustomize.toolkit.fluxcd.io/name": "shop"}},
    "applied by Flux from helm shop": {"labels": {"helm.toolkit.fluxcd.io/name": "shop"}},
    "managed by shop-operator": {"labels": {"app.kubernetes.io/managed-by": "shop-operator"}},
    "held by a finalizer of the original Object Syncer": {"finalizers": [UPSTREAM_FINALIZER]},
}
"""How the status names who manages an object, and the metadata by which it knows."""


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    yield Scenario(
        "an object that we did not create is left alone, and the other copies are in sync",
        (SOURCE, FOREIGN, object_sync(A, B)),
        (edit(SOURCE, data(k="new")),),
        copies={IN_A: MINE, IN_B: {"data": {"k": "new"}}},
        kept=(IN_A,),
        in_sync={NAME: CONFLICT},
        ready={NAME: SYNCED},
        states={IN_A: ("Conflict", "Conflict"), IN_B: ("Synced", "")},
    )
    for who, metadata in MANAGERS.items():
        yield Scenario(
            f"the status says where an object that we did not create comes from: {who}",
            (SOURCE, config_map(A, data={"mine": "1"}, **metadata), SYNC),
            copies={IN_A: MINE},
            in_sync={NAME: CONFLICT},
            says={NAME: (who,)},
        )
    yield Scenario(
        "a copy is created when the foreign object in its place is deleted",
        (SOURCE, FOREIGN, object_sync(A, B)),
        (delete(FOREIGN),),
        copies={IN_A: DATA},
        ours={IN_A: IN_HOME},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a copy is created when the deleted foreign object in its place has lost its finalizer",
        (SOURCE, config_map(A, data={"mine": "1"}, finalizers=[FINALIZER]), SYNC),
        (delete(FOREIGN), remove_finalizers(FOREIGN)),
        copies={IN_A: DATA},
        ours={IN_A: IN_HOME},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a foreign object stays when the ObjectSync is deleted",
        (SOURCE, FOREIGN, object_sync(A, B)),
        (delete(SYNC),),
        copies={IN_A: MINE, IN_B: None},
        kept=(IN_A,),
    )
    yield Scenario(
        "a foreign object stays when its destination is removed",
        (SOURCE, FOREIGN, object_sync(A, B)),
        (edit(SYNC, destinations(B)),),
        copies={IN_A: MINE, IN_B: DATA},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a foreign object at a destination that is added is left alone",
        (SOURCE, object_sync(B)),
        (create(FOREIGN), edit(SYNC, destinations(A, B))),
        copies={IN_A: MINE, IN_B: DATA},
        in_sync={NAME: CONFLICT},
    )
    yield Scenario(
        "a foreign object that takes the place of a deleted copy is left alone",
        (SOURCE, SYNC),
        (unseen(delete(COPY), create(FOREIGN)),),
        copies={IN_A: MINE},
        in_sync={NAME: CONFLICT},
        exclusive=True,
    )
    yield Scenario(
        "a foreign object that was created while the source was away is left alone",
        (SOURCE, SYNC),
        (delete(SOURCE), create(FOREIGN), create(SOURCE)),
        copies={IN_A: MINE},
        in_sync={NAME: CONFLICT},
    )
    yield Scenario(
        "a foreign object that is edited and labelled like a copy is still foreign",
        (SOURCE, FOREIGN, SYNC),
        (edit(FOREIGN, {**data(mine="2"), **meta(labels=MANAGED_BY)}),),
        copies={IN_A: {"data": {"mine": "2"}}},
        kept=(IN_A,),
        in_sync={NAME: CONFLICT},
    )
    many = [f"n{number}-@" for number in range(60)]
    yield Scenario(
        "sixty foreign objects in the place of copies are all left alone and reported",
        (
            SOURCE,
            *(config_map(A, name, data={"mine": name}) for name in many),
            object_sync(B, *(to(A, name) for name in many)),
        ),
        copies={IN_B: DATA, **{f"{A}/{name}": {"data": {"mine": name}} for name in many}},
        kept=tuple(f"{A}/{name}" for name in many),
        in_sync={NAME: CONFLICT},
        states={IN_B: ("Synced", ""), **{f"{A}/{name}": ("Conflict", "Conflict") for name in many}},
        patience=180.0,  # the engine tries sixty rules on every ConfigMap that other scenarios change meanwhile
    )
