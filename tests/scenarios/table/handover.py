"""Copies that go from one SyncPolicy to another, and ObjectSyncs of several policies that want one destination."""

from collections.abc import Iterator

from scenarios.objects import (
    COPY,
    SOURCE,
    SYNC,
    config_map,
    data,
    destinations,
    meta,
    object_sync,
    sync_policy,
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
    Step,
    create,
    delete,
    edit,
    policy,
    together,
    unseen,
)

VIP = sync_policy("vip-@", watchNamespaces=[HOME], priority=5)
"""Comes before the policy "default", which serves everybody."""

EDITED = edit(SOURCE, data(k="edited"))
EDITED_DATA = {"data": {"k": "edited"}}


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    yield from _taken_over()
    yield from _given_up()
    yield from _interrupted()
    yield from _contested()


def retire(which: Object) -> Step:
    """Make a SyncPolicy give up its copies."""
    return edit(which, meta(annotations={"sync.rustrial.org/retire": "true"}))


def _taken_over() -> Iterator[Scenario]:
    yield Scenario(
        "a SyncPolicy with a higher priority takes copies over as they are",
        (SOURCE, object_sync(A, B)),
        (create(VIP), EDITED),
        copies={IN_A: EDITED_DATA, IN_B: EDITED_DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "of an ObjectSync that another SyncPolicy serves, only copies that it does not permit are deleted",
        (SOURCE, object_sync(A, B)),
        (create(sync_policy("vip-@", watchNamespaces=[HOME], priority=5, targetNamespaces=[A])), EDITED),
        copies={IN_A: EDITED_DATA, IN_B: None},
        kept=(IN_A,),
        in_sync={NAME: ("False", "TargetNotAllowed")},
    )
    yield Scenario(
        "a SyncPolicy that loses its priority hands copies over as they are",
        (VIP, SOURCE, object_sync(A, B)),
        (edit(VIP, {"spec": {"priority": -5}}), EDITED, edit(VIP, {"spec": {"priority": 5}}), edit(COPY, data(k="x"))),
        copies={IN_A: EDITED_DATA, IN_B: EDITED_DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a SyncPolicy that ceases to watch a namespace hands its copies over as they are",
        (VIP, SOURCE, object_sync(A, B)),
        (edit(VIP, {"spec": {"watchNamespaces": [A]}}), EDITED),
        copies={IN_A: EDITED_DATA, IN_B: EDITED_DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "another source that only another SyncPolicy permits changes copies in place",
        (
            sync_policy("vip-@", watchNamespaces=[HOME], priority=5, sourceNamespaces=[B]),
            SOURCE, config_map(B, data={"k": "of b"}), SYNC,
        ),
        (edit(SYNC, {"spec": {"source": {"namespace": B}}}),),
        copies={IN_A: {"data": {"k": "of b"}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )  # fmt: skip


def _given_up() -> Iterator[Scenario]:
    yield Scenario(
        "a SyncPolicy that retires hands copies over to another one as they are, and can be deleted",
        (VIP, SOURCE, object_sync(A, B)),
        (retire(VIP), delete(VIP), EDITED),
        copies={IN_A: EDITED_DATA, IN_B: EDITED_DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a SyncPolicy that retires deletes copies that no other one permits, and can be deleted",
        (VIP, SOURCE, object_sync(A, B)),
        (policy(watchNamespaces=[A]), retire(VIP), delete(VIP)),
        copies={IN_A: None, IN_B: None},
        in_sync={NAME: ("False", "NotWatched")},
        ready={NAME: ("False", "NotWatched")},
        exclusive=True,
    )
    yield Scenario(
        "a SyncPolicy that retires plans no new copies",
        (VIP, SOURCE, SYNC),
        (policy(watchNamespaces=[A]), together(retire(VIP), edit(SYNC, destinations(B)))),
        copies={IN_A: None, IN_B: None},
        in_sync={NAME: ("False", "NotWatched")},
        exclusive=True,
    )
    yield Scenario(
        "a SyncPolicy that does not retire after all takes its ObjectSyncs back",
        (VIP, SOURCE, object_sync(A, B)),
        (retire(VIP), edit(VIP, meta(annotations={"sync.rustrial.org/retire": None})), EDITED),
        copies={IN_A: EDITED_DATA, IN_B: EDITED_DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )


def _interrupted() -> Iterator[Scenario]:
    yield Scenario(
        "copies of an ObjectSync that is deleted while another SyncPolicy takes them over are deleted",
        (SOURCE, object_sync(A, B)),
        (together(create(VIP), delete(SYNC)),),
        copies={IN_A: None, IN_B: None},
    )
    yield Scenario(
        "copies stay as they are though the engine was killed while their SyncPolicy changed twice",
        (SOURCE, object_sync(A, B)),
        (unseen(create(VIP)), unseen(edit(VIP, {"spec": {"priority": -5}})), EDITED),
        copies={IN_A: EDITED_DATA, IN_B: EDITED_DATA},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
        exclusive=True,
    )


def _contested() -> Iterator[Scenario]:
    older, younger = object_sync(A), object_sync(A, where=B, name="vip-@", source=config_map(B))
    first = {"data": {"k": "of b"}}
    yield Scenario(
        "a destination belongs to the ObjectSync whose SyncPolicy has the higher priority, even if it is younger",
        (
            sync_policy("vip-@", watchNamespaces=[B], priority=5),
            SOURCE, config_map(B, data={"k": "of b"}), older,
        ),
        (create(younger),),
        copies={IN_A: first},
        in_sync={NAME: ("False", "Conflict")},
        says={NAME: ("has a SyncPolicy with a higher priority",)},
    )  # fmt: skip
    in_a, in_b = config_map(A, data={"k": "of a"}), config_map(B, data={"k": "of b"})
    vip = sync_policy("vip-@", watchNamespaces=[B], priority=5)
    yield Scenario(
        "a SyncPolicy that retires gives up a destination that goes to an ObjectSync that it does not watch",
        (
            vip, in_a, in_b,
            object_sync(HOME, where=A, source=in_a), object_sync(HOME, where=B, name="vip-@", source=in_b),
        ),
        (retire(vip), delete(vip), edit(in_a, data(k="edited"))),
        copies={IN_HOME: EDITED_DATA},
    )  # fmt: skip
    yield Scenario(
        "a destination of a SyncPolicy with a higher priority stays reserved while its source is gone",
        (
            sync_policy("vip-@", watchNamespaces=[B], priority=5),
            SOURCE, config_map(B, data={"k": "of b"}), younger,
        ),
        (delete(config_map(B)), create(older), create(config_map(B, data={"k": "of b"}))),
        copies={IN_A: first},
        in_sync={NAME: ("False", "Conflict")},
    )  # fmt: skip
    yield Scenario(
        "SyncPolicies that watch other namespaces respect the ObjectSyncs of one with a higher priority",
        (
            sync_policy("low-@", watchNamespaces=[HOME], priority=-5),
            SOURCE, config_map(B, data={"k": "of b"}), older,
        ),
        (policy(watchNamespaces=[B]), create(younger)),
        copies={IN_A: first},
        in_sync={NAME: ("False", "Conflict")},
        says={NAME: ("has a SyncPolicy with a higher priority",)},
        exclusive=True,
    )  # fmt: skip
