"""Copies are created, changed and deleted with their source and their ObjectSync."""

from collections.abc import Iterator

from scenarios.objects import (
    COPY,
    DATA,
    SOURCE,
    SYNC,
    config_map,
    data,
    destinations,
    meta,
    object_sync,
    secret,
    to,
)
from scenarios.scenario import (
    FINALIZER,
    HOME,
    IN_A,
    IN_B,
    IN_HOME,
    NAME,
    SYNCED,
    A,
    B,
    Scenario,
    add_finalizer,
    create,
    delete,
    edit,
    remove_finalizers,
    set_owner,
)

MISSING = ("False", "SourceNotFound")


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    both: dict[str, str] = {"first": "1", "kept": "1"}
    yield Scenario(
        "a source has a copy in each namespace named, with its labels and annotations",
        (config_map(HOME, labels={"team": "blue"}, annotations={"note": "hello"}), object_sync(A, B)),
        copies={
            IN_A: {**DATA, "labels": {"team": "blue"}, "annotations": {"note": "hello"}},
            IN_B: DATA,
            IN_HOME: {**DATA, "labels": {"team": "blue"}, "annotations": {"note": "hello"}},
        },
        ours={IN_A: IN_HOME, IN_B: IN_HOME},
        in_sync={NAME: SYNCED},
        ready={NAME: SYNCED},
    )
    yield Scenario(
        "an edit of the source reaches its copies",
        (SOURCE, object_sync(A, B)),
        (edit(SOURCE, {**data(k="new", m="more"), **meta(labels={"n": "1"}, annotations={"z": "2"})}),),
        copies={
            IN_A: {"data": {"k": "new", "m": "more"}, "labels": {"n": "1"}, "annotations": {"z": "2"}},
            IN_B: {"data": {"k": "new", "m": "more"}},
        },
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "keys that the source drops are removed from its copies, those of its first version too",
        (config_map(HOME, data=both, labels=both, annotations=both), object_sync(to(A, strategy="apply"))),
        (
            edit(SOURCE, {**data(second="2"), **meta(labels={"second": "2"})}),
            edit(
                SOURCE,
                {
                    **data(first=None, second=None),
                    **meta(labels={"first": None, "second": None}, annotations={"first": None}),
                },
            ),
        ),
        copies={IN_A: {"data": {"kept": "1"}, "labels": {"kept": "1"}, "annotations": {"kept": "1"}}},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "labels and annotations by which tools track the source are not copied",
        (
            config_map(
                HOME,
                labels={
                    "team": "blue",
                    "app.kubernetes.io/instance": "argo",
                    "app.kubernetes.io/managed-by": "Helm",
                    "kustomize.toolkit.fluxcd.io/name": "x",
                },
                annotations={
                    "note": "y",
                    "argocd.argoproj.io/tracking-id": "z",
                    "kubectl.kubernetes.io/last-applied-configuration": "{}",
                    "meta.helm.sh/release-name": "r",
                },
            ),
            SYNC,
        ),
        copies={IN_A: {**DATA, "labels": {"team": "blue"}, "annotations": {"note": "y"}}},
        ours={IN_A: IN_HOME},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "owners and finalizers of the source are not copied",
        (config_map(HOME, "owner-@"), config_map(HOME, finalizers=[FINALIZER])),
        (set_owner(SOURCE, config_map(HOME, "owner-@"), controller=False), create(SYNC), remove_finalizers(COPY)),
        copies={IN_A: DATA},
        ours={IN_A: IN_HOME},
        in_sync={NAME: SYNCED},
        also=(("sync.rustrial.org/v1alpha1", "ObjectSync"),),
    )
    yield Scenario(
        "an edited copy is put back",
        (SOURCE, SYNC),
        (edit(COPY, data(k="hacked")), edit(COPY, data(k=None))),
        copies={IN_A: DATA},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a deleted copy is created anew",
        (SOURCE, SYNC),
        (delete(COPY),),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a deleted copy with a finalizer is created anew once it is gone",
        (SOURCE, SYNC),
        (add_finalizer(COPY), delete(COPY), remove_finalizers(COPY)),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "copies are deleted with their source",
        (SOURCE, object_sync(A, B)),
        (delete(SOURCE),),
        copies={IN_A: None, IN_B: None},
        in_sync={NAME: MISSING},
        ready={NAME: SYNCED},
        says={NAME: (f"{HOME}/{NAME}",)},
    )
    yield Scenario(
        "copies return with their source",
        (SOURCE, object_sync(A, B)),
        (delete(SOURCE), create(config_map(HOME, data={"second": "life"}))),
        copies={IN_A: {"data": {"second": "life"}}, IN_B: {"data": {"second": "life"}}},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a deleted source with a finalizer loses its copies at once",
        (config_map(HOME, finalizers=[FINALIZER]), SYNC),
        (delete(SOURCE),),
        copies={IN_HOME: DATA, IN_A: None},
        in_sync={NAME: MISSING},
    )
    yield Scenario(
        "an ObjectSync may be created before its source",
        (SYNC,),
        (create(SOURCE),),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "copies are deleted with their ObjectSync, the source stays",
        (SOURCE, object_sync(A, B)),
        (delete(SYNC),),
        copies={IN_A: None, IN_B: None, IN_HOME: DATA},
        kept=(IN_HOME,),
    )
    yield Scenario(
        "copies beyond a hundred, in a second slice, follow the source like the others",
        (SOURCE, object_sync(*(to(A, f"n{number}-@") for number in range(110)))),
        (edit(SOURCE, data(k="new")), edit(SYNC, destinations(*(to(A, f"n{number}-@") for number in range(95, 120))))),
        copies={f"{A}/n105-@": {"data": {"k": "new"}}, f"{A}/n119-@": {"data": {"k": "new"}}, f"{A}/n0-@": None},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "an ObjectSync may name a source in another namespace",
        (config_map(B, data={"from": "b"}), SOURCE, object_sync(to(A, "far-@"), source=config_map(B))),
        copies={f"{A}/far-@": {"data": {"from": "b"}}},
        ours={f"{A}/far-@": IN_B},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "an ObjectSync that turns to another source gives its copies the content of that one",
        (SOURCE, config_map(HOME, "other-@", data={"other": "1"}), object_sync(to(A, "copy-@"), B)),
        (edit(SYNC, {"spec": {"source": {"name": "other-@"}}}),),
        copies={f"{A}/copy-@": {"data": {"other": "1"}}, f"{B}/other-@": {"data": {"other": "1"}}, IN_B: None},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "an ObjectSync that turns to a source of another kind leaves no copy of the old one",
        (SOURCE, secret(HOME), SYNC),
        (edit(SYNC, {"spec": {"source": {"kind": "Secret"}}}),),
        copies={IN_A: None},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "two ObjectSyncs may copy one source, and either may be deleted without the other",
        (SOURCE, object_sync(A, name="a-@"), object_sync(B, name="b-@")),
        (delete(object_sync(name="a-@")), edit(SOURCE, data(k="new"))),
        copies={IN_A: None, IN_B: {"data": {"k": "new"}}},
        kept=(IN_B,),
        in_sync={"b-@": SYNCED},
    )
