"""What a SyncPolicy permits, and the guard that it requires."""

from collections.abc import Iterator

from grants import EVERYTHING
from scenarios.objects import (
    COPY,
    DATA,
    OBJECT_SYNC,
    SOURCE,
    SYNC,
    config_map,
    data,
    destinations,
    object_sync,
    to,
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
    create,
    delete,
    edit,
    former_policy,
    guard,
    policy,
    together,
)

FORBIDDING: dict[str, tuple[str, list[object]]] = {
    "NotWatched": ("watchNamespaces", [A]),
    "SourceNotAllowed": ("sourceNamespaces", [A]),
    "KindNotAllowed": ("allowedResources", [{"apiGroups": [""], "resources": ["secrets"]}]),
}
"""Reason: the list of the SyncPolicy that forbids the ObjectSync, and with what in it."""


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    yield from _lists()
    yield from _invalid()
    yield from _guard()


def _lists() -> Iterator[Scenario]:
    for reason, (field, entries) in FORBIDDING.items():
        yield Scenario(
            f"copies that the SyncPolicy forbids are deleted: {reason}",
            (SOURCE, object_sync(A, B)),
            (policy(**{field: entries}),),
            copies={IN_A: None, IN_B: None},
            in_sync={NAME: ("False", reason)},
            ready={NAME: ("False", reason)},
            exclusive=True,
        )
        yield Scenario(
            f"copies that the SyncPolicy permits again are created again: {reason}",
            (SOURCE, object_sync(A, B)),
            (policy(**{field: entries}), policy(**{field: EVERYTHING[field]})),
            copies={IN_A: DATA, IN_B: DATA},
            in_sync={NAME: SYNCED},
            exclusive=True,
        )
    yield Scenario(
        "an ObjectSync that no SyncPolicy watches can be deleted",
        (SOURCE, SYNC),
        (policy(watchNamespaces=[A]), delete(SYNC)),
        copies={IN_A: None},
        exclusive=True,
    )
    yield Scenario(
        "a named namespace that is no target namespace fails",
        (SOURCE, object_sync(A, B)),
        (policy(targetNamespaces=[A]),),
        copies={IN_A: DATA, IN_B: None},
        kept=(IN_A,),
        in_sync={NAME: ("False", "TargetNotAllowed")},
        ready={NAME: SYNCED},
        states={IN_B: ("Failed", "TargetNotAllowed")},
        exclusive=True,
    )
    yield Scenario(
        "a wildcard means the target namespaces",
        (SOURCE, object_sync("*")),
        (policy(targetNamespaces=[A]),),
        copies={IN_A: DATA, IN_B: None},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "copies in namespaces that are target namespaces again are created again",
        (SOURCE, object_sync(A, B), object_sync(to("*", "wild-@"), name="wild-@")),
        (policy(targetNamespaces=[A]), policy(targetNamespaces=["*"])),
        copies={IN_A: DATA, IN_B: DATA, f"{B}/wild-@": DATA},
        kept=(IN_A,),
        in_sync={NAME: SYNCED, "wild-@": SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "lists of a SyncPolicy that contain all that an ObjectSync needs permit it",
        (config_map(B), object_sync(A, source=config_map(B))),
        (
            policy(
                watchNamespaces=[HOME],
                sourceNamespaces=["nobody", B],
                targetNamespaces=[A],
                allowedResources=[
                    {"apiGroups": ["batch"], "resources": ["*"]},
                    {"apiGroups": [""], "resources": ["secrets", "configmaps"]},
                ],
            ),
        ),
        copies={IN_A: DATA},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        exclusive=True,
    )


def _invalid() -> Iterator[Scenario]:
    """Of a SyncPolicy that lacks a list, as only API servers of before the lists were required let it be stored."""
    invalid = ("False", "InvalidPolicy")
    for field, everything in EVERYTHING.items():
        yield Scenario(
            f"copies of a SyncPolicy without {field} stay and follow",
            (SOURCE, SYNC),
            (former_policy(**{field: None}), edit(SOURCE, data(k="new"))),
            copies={IN_A: {"data": {"k": "new"}}},
            kept=(IN_A,),
            in_sync={NAME: invalid},
            ready={NAME: invalid},
            says={NAME: (f"spec.{field} of SyncPolicy default is missing or empty",)},
            exclusive=True,
        )
        yield Scenario(
            f"a SyncPolicy plans again when it has {field}",
            (SOURCE, SYNC),
            (former_policy(**{field: []}), edit(SYNC, destinations(A, B)), policy(**{field: everything})),
            copies={IN_A: DATA, IN_B: DATA},
            kept=(IN_A,),
            in_sync={NAME: SYNCED},
            ready={NAME: SYNCED},
            exclusive=True,
        )
    yield Scenario(
        "a SyncPolicy without a list plans nothing new",
        (SOURCE, SYNC),
        (
            former_policy(sourceNamespaces=None),
            together(edit(SYNC, destinations(A, B)), create(object_sync(B, name="late-@"))),
        ),
        copies={IN_A: DATA, IN_B: None},
        in_sync={NAME: invalid, "late-@": invalid},
        exclusive=True,
    )
    yield Scenario(
        "a SyncPolicy without a list prunes nothing, though its other lists permit less than before",
        (SOURCE, SYNC),
        (former_policy(allowedResources=None, watchNamespaces=[B], sourceNamespaces=[B], targetNamespaces=[B]),),
        copies={IN_A: DATA},
        kept=(IN_A,),
        in_sync={NAME: invalid},
        exclusive=True,
    )
    yield Scenario(
        "a copy that is deleted under a SyncPolicy without a list is created again",
        (SOURCE, SYNC),
        (former_policy(allowedResources=[{"apiGroups": [""]}]), delete(COPY)),
        copies={IN_A: DATA},
        in_sync={NAME: invalid},
        exclusive=True,
    )
    yield Scenario(
        "an ObjectSync under a SyncPolicy without a list can be deleted, and its copies go",
        (SOURCE, SYNC),
        (former_policy(targetNamespaces=None), delete(SYNC)),
        copies={IN_A: None},
        exclusive=True,
    )


def _guard() -> Iterator[Scenario]:
    missing = ("False", "GuardMissing")
    yield Scenario(
        "a missing guard is reported, and copies stay",
        (SOURCE, SYNC),
        (guard(False),),
        copies={IN_A: DATA},
        kept=(IN_A,),
        in_sync={NAME: missing},
        ready={NAME: missing},
        says={NAME: ("spec.guard",)},
        exclusive=True,
    )
    yield Scenario(
        "without the guard copies are repaired",
        (SOURCE, SYNC),
        (guard(False), edit(COPY, {"data": {"k": "hacked"}})),
        copies={IN_A: DATA},
        kept=(IN_A,),
        in_sync={NAME: missing},
        exclusive=True,
    )
    yield Scenario(
        "without the guard new destinations are planned only when it is back",
        (SOURCE, SYNC),
        (guard(False), edit(SYNC, destinations(A, B)), guard(True)),
        copies={IN_A: DATA, IN_B: DATA},
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "without the guard no copy is created where a foreign object may be",
        (SOURCE, SYNC),
        (guard(False), delete(COPY), create(config_map(A, data={"mine": "1"}))),
        copies={IN_A: {"data": {"mine": "1"}}},
        in_sync={NAME: missing},
        states={IN_A: ("Pending", "GuardMissing")},
        exclusive=True,
    )
    yield Scenario(
        "a foreign object that took the place of a copy while the guard was missing is left alone when it is back",
        (SOURCE, SYNC),
        (guard(False), delete(COPY), create(config_map(A, data={"mine": "1"})), guard(True)),
        copies={IN_A: {"data": {"mine": "1"}}},
        in_sync={NAME: ("False", "Conflict")},
        exclusive=True,
    )
    yield Scenario(
        "a copy that was deleted while the guard was missing is created again when it is back",
        (SOURCE, SYNC),
        (guard(False), delete(COPY), guard(True)),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "a SyncPolicy that wants no guard takes foreign objects over",
        (SOURCE, config_map(A, data={"mine": "1"})),
        (together(policy(guard="None"), guard(False)), create(SYNC)),
        copies={IN_A: {"data": {"k": "v", "mine": "1"}}},
        ours={IN_A: f"{HOME}/{NAME}"},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        also=(OBJECT_SYNC,),
        exclusive=True,
    )
