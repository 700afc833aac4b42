"""deletionPolicy Retain: copies that go with the ObjectSync, a destination or the source stay, without an owner."""

from collections.abc import Iterator

from scenarios.objects import (
    COPY,
    DATA,
    NAMESPACE,
    OBJECT_SYNC,
    SOURCE,
    config_map,
    crd,
    data,
    destinations,
    meta,
    namespace,
    object_sync,
    sync_policy,
    to,
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
    Object,
    Scenario,
    create,
    delete,
    edit,
    engine,
    guard,
    hooks,
    policy,
    together,
)

RETAIN: Object = {"spec": {"deletionPolicy": "Retain"}}
BOTH = object_sync(A, B, spec=RETAIN["spec"])
NEW = edit(SOURCE, data(k="new"))
NEW_DATA: Object = {"data": {"k": "new"}}
FROM_HOME = f"{HOME}/{NAME}"
NEXT = object_sync(A, B, name="next-@")
"""Another ObjectSync of the same source."""


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    yield from _object_sync_goes()
    yield from _destination_goes()
    yield from _source_goes()
    yield from _forbidden()
    yield from _interrupted()


def _object_sync_goes() -> Iterator[Scenario]:
    yield Scenario(
        "with Retain copies stay as they are when their ObjectSync is deleted, and nobody follows the source",
        (SOURCE, BOTH),
        (delete(BOTH), NEW),
        copies={IN_A: DATA, IN_B: DATA},
        released={IN_A: FROM_HOME, IN_B: FROM_HOME},
        kept=(IN_A, IN_B),
        also=(OBJECT_SYNC,),
    )
    yield Scenario(
        "a later ObjectSync of the same source takes retained copies back, without a conflict policy",
        (SOURCE, BOTH),
        (delete(BOTH), create(NEXT), NEW),
        copies={IN_A: NEW_DATA, IN_B: NEW_DATA},
        kept=(IN_A, IN_B),
        in_sync={"next-@": SYNCED},
    )
    other = config_map(HOME, "other-@")
    of_other = object_sync(to(A, name=NAME), name="next-@", source=other)
    yield Scenario(
        "a retained copy is left alone by an ObjectSync of another source",
        (SOURCE, other, BOTH),
        (delete(BOTH), create(of_other)),
        copies={IN_A: DATA},
        released={IN_A: FROM_HOME},
        kept=(IN_A,),
        in_sync={"next-@": ("False", "Conflict")},
        says={"next-@": ("0 out of 1", "retained")},
    )
    yield Scenario(
        "Retain counts as it is when the ObjectSync is deleted",
        (SOURCE, object_sync(A)),
        (together(edit(object_sync(A), RETAIN), delete(object_sync(A))),),
        copies={IN_A: DATA},
        kept=(IN_A,),
    )
    yield Scenario(
        "a suspended ObjectSync that is deleted retains its copies, edited as they are",
        (SOURCE, BOTH),
        (edit(BOTH, {"spec": {"suspend": True}}), edit(COPY, data(k="edited")), delete(BOTH)),
        copies={IN_A: {"data": {"k": "edited"}}, IN_B: DATA},
        kept=(IN_A, IN_B),
    )
    yield Scenario(
        "copies of a kind with a generation are retained, too",
        (crd(), widget(HOME), object_sync(A, B, source=widget(HOME), spec=RETAIN["spec"])),
        (edit(BOTH, destinations(A)), delete(BOTH)),
        copies={IN_A: {"spec": {"size": 1}}, IN_B: {"spec": {"size": 1}}},
        kept=(IN_A, IN_B),
        kind=("g@.example.com/v1", "Widget"),
    )


def _destination_goes() -> Iterator[Scenario]:
    yield Scenario(
        "with Retain the copy at a destination that is removed stays, and the others follow",
        (SOURCE, BOTH),
        (edit(BOTH, destinations(A)), NEW),
        copies={IN_A: NEW_DATA, IN_B: DATA},
        released={IN_B: FROM_HOME},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a destination that comes back takes its retained copy back, also after others went",
        (SOURCE, BOTH),
        (edit(BOTH, destinations(A)), edit(BOTH, destinations(B)), edit(BOTH, destinations(A, B)), NEW),
        copies={IN_A: NEW_DATA, IN_B: NEW_DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "copies that were retained earlier stay when the ObjectSync with fewer destinations goes",
        (SOURCE, BOTH),
        (edit(BOTH, destinations(A)), edit(BOTH, {"spec": {"deletionPolicy": "Delete"}}), delete(BOTH)),
        copies={IN_A: None, IN_B: DATA},
        kept=(IN_B,),
    )
    terms = [
        {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [A, B]},
        {"key": "team", "operator": "DoesNotExist"},
    ]
    selecting = object_sync({"namespaceSelector": {"matchExpressions": terms}}, spec=RETAIN["spec"])
    yield Scenario(
        "with Retain the copy in a namespace that a selector ceases to match stays",
        (SOURCE, selecting),
        (edit(namespace(B), meta(labels={"team": "x"})), NEW),
        copies={IN_A: NEW_DATA, IN_B: DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
        also=(NAMESPACE,),
    )
    renamed = destinations(to(A, name="other-@"))
    yield Scenario(
        "with Retain a copy that gets another name stays under its old one",
        (SOURCE, BOTH),
        (edit(BOTH, renamed), NEW),
        copies={IN_A: DATA, f"{A}/other-@": NEW_DATA, IN_B: DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )
    kind = {"spec": {"source": {"group": "g@.example.com", "kind": "Widget"}}}
    yield Scenario(
        "with Retain copies stay when the ObjectSync names another kind, and are taken back with the first one",
        (crd(), widget(HOME), SOURCE, BOTH),
        (edit(BOTH, kind), NEW, edit(BOTH, {"spec": {"source": {"group": "", "kind": "ConfigMap"}}})),
        copies={IN_A: NEW_DATA, IN_B: NEW_DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "with Retain copies stay when the ObjectSync names a kind that does not exist",
        (SOURCE, BOTH),
        (edit(BOTH, {"spec": {"source": {"group": "g@.example.com", "kind": "Nothing"}}}),),
        copies={IN_A: DATA, IN_B: DATA},
        kept=(IN_A, IN_B),
        ready={NAME: ("False", "KindNotFound")},
    )
    yield Scenario(
        "what left while it was suspended is retained once it is resumed",
        (SOURCE, BOTH),
        (
            edit(BOTH, {"spec": {"suspend": True}}),
            edit(BOTH, destinations(A)),
            edit(BOTH, {"spec": {"suspend": False}}),
            NEW,
        ),
        copies={IN_A: NEW_DATA, IN_B: DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )


def _source_goes() -> Iterator[Scenario]:
    yield Scenario(
        "with Retain copies stay when their source is deleted, and are edited by whom they belong to now",
        (SOURCE, BOTH),
        (delete(SOURCE), edit(COPY, data(k="edited"))),
        copies={IN_A: {"data": {"k": "edited"}}, IN_B: DATA},
        released={IN_A: FROM_HOME},
        kept=(IN_A, IN_B),
        in_sync={NAME: ("False", "SourceNotFound")},
    )
    yield Scenario(
        "copies that were retained without their source follow it once it is there again",
        (SOURCE, BOTH),
        (delete(SOURCE), create(SOURCE), NEW),
        copies={IN_A: NEW_DATA, IN_B: NEW_DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "copies that were retained without their source stay when the ObjectSync and its destinations go, too",
        (SOURCE, BOTH),
        (delete(SOURCE), edit(BOTH, destinations(A)), delete(BOTH)),
        copies={IN_A: DATA, IN_B: DATA},
        kept=(IN_A, IN_B),
    )


def _forbidden() -> Iterator[Scenario]:
    """What deletes copies whatever the deletionPolicy is."""
    yield Scenario(
        "Retain keeps no copy that the owner of the source does not offer any more",
        (SOURCE, BOTH),
        (edit(SOURCE, meta(annotations={"sync.rustrial.org/copy-to": A})),),
        copies={IN_A: DATA, IN_B: None},
        kept=(IN_A,),
        states={IN_B: ("Failed", "SourceNotOffered")},
    )
    yield Scenario(
        "Retain keeps no copy in a namespace that opts out",
        (SOURCE, object_sync("*", spec=RETAIN["spec"])),
        (edit(namespace(B), meta(labels={"sync.rustrial.org/exclude": "true"})),),
        copies={IN_A: DATA, IN_B: None},
        kept=(IN_A,),
        also=(NAMESPACE,),
    )
    yield Scenario(
        "Retain keeps no copy that the SyncPolicy does not permit any more",
        (SOURCE, BOTH),
        (policy(targetNamespaces=[A]),),
        copies={IN_A: DATA, IN_B: None},
        kept=(IN_A,),
        in_sync={NAME: ("False", "TargetNotAllowed")},
        exclusive=True,
    )
    yield Scenario(
        "Retain keeps no copy of an ObjectSync that no SyncPolicy watches any more",
        (SOURCE, BOTH),
        (policy(watchNamespaces=[A]),),
        copies={IN_A: None, IN_B: None},
        in_sync={NAME: ("False", "NotWatched")},
        exclusive=True,
    )
    vip = sync_policy("vip-@", watchNamespaces=[HOME], priority=5, targetNamespaces=[A])
    yield Scenario(
        "copies with Retain that go to another SyncPolicy are deleted only where that does not permit them",
        (SOURCE, BOTH),
        (create(vip), NEW, delete(BOTH)),
        copies={IN_A: NEW_DATA, IN_B: None},
        kept=(IN_A,),
    )


def _interrupted() -> Iterator[Scenario]:
    yield Scenario(
        "an ObjectSync with Retain that is deleted while the hooks are down goes once they are up",
        (SOURCE, BOTH),
        (hooks(False), delete(BOTH), hooks(True)),
        copies={IN_A: DATA, IN_B: DATA},
        kept=(IN_A, IN_B),
        exclusive=True,
    )
    yield Scenario(
        "an ObjectSync with Retain loses destinations and is deleted while the engine is down",
        (SOURCE, BOTH),
        (engine(False), together(edit(BOTH, destinations(A)), delete(BOTH)), engine(True)),
        copies={IN_A: DATA, IN_B: DATA},
        kept=(IN_A, IN_B),
        exclusive=True,
    )
    yield Scenario(
        "an ObjectSync with Retain is deleted also while the guard is missing, and keeps its copies",
        (SOURCE, BOTH),
        (guard(False), delete(BOTH), guard(True)),
        copies={IN_A: DATA, IN_B: DATA},
        kept=(IN_A, IN_B),
        exclusive=True,
    )
