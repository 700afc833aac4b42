"""Where copies go: namespaces by name and by wildcard, other names, lists that change."""

from collections.abc import Iterator

from scenarios.objects import (
    DATA,
    SOURCE,
    SYNC,
    config_map,
    data,
    destinations,
    namespace,
    object_sync,
    to,
)
from scenarios.scenario import (
    FINALIZER,
    HOME,
    IN_A,
    IN_B,
    IN_C,
    IN_HOME,
    NAME,
    SYNCED,
    A,
    B,
    C,
    Scenario,
    create,
    delete,
    edit,
    remove_finalizers,
)

GUEST = config_map(B, "guest-@", finalizers=[FINALIZER])
"""An object that keeps its namespace terminating."""


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    yield from _lists()
    yield from _namespaces()


def _lists() -> Iterator[Scenario]:
    yield Scenario(
        "the copy at a removed destination is deleted, the others stay",
        (SOURCE, object_sync(A, B)),
        (edit(SYNC, destinations(A)),),
        copies={IN_A: DATA, IN_B: None},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a destination can be renamed, also beside the source",
        (SOURCE, object_sync(to(A, "old-@"), to(HOME, "old-@"))),
        (edit(SYNC, destinations(to(A, "new-@"), to(HOME, "new-@"))),),
        copies={f"{A}/old-@": None, f"{A}/new-@": DATA, f"{HOME}/old-@": None, f"{HOME}/new-@": DATA, IN_HOME: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a destination that is the source itself is skipped",
        (SOURCE, object_sync(HOME, A)),
        copies={IN_HOME: DATA, IN_A: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a destination listed twice is planned once",
        (SOURCE, object_sync(A, A, to("*", "all-@"), to(A, "all-@", "replace"))),
        copies={IN_A: DATA, f"{A}/all-@": DATA, f"{B}/all-@": DATA},
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "optional fields may be null",
        (
            SOURCE,
            object_sync(
                {"namespace": A, "name": None, "strategy": None}, spec={"conflictPolicy": None},
                version=None, namespace=None, resource=None,
            ),
        ),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
    )  # fmt: skip
    yield Scenario(
        "a wildcard means every namespace, also those created later, except the source itself",
        (SOURCE, object_sync("*")),
        (create(namespace(C)), delete(namespace(A))),
        copies={IN_A: None, IN_B: DATA, IN_C: DATA, IN_HOME: DATA},
        kept=(IN_B, IN_HOME),
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "an empty string is a wildcard too, and another name allows a copy beside the source",
        (SOURCE, object_sync(to("", "renamed-@"))),
        copies={f"{HOME}/renamed-@": DATA, f"{A}/renamed-@": DATA, IN_A: None},
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "a wildcard narrowed to a list leaves the copies on the list",
        (SOURCE, object_sync("*")),
        (edit(SYNC, destinations(A)),),
        copies={IN_A: DATA, IN_B: None},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "a copy that the API server refuses does not hinder the others",
        (SOURCE, object_sync(to(A, "Not A Name-@"), to(A, "good-@"), to("*", "everywhere-@"))),
        copies={f"{A}/good-@": DATA, f"{A}/everywhere-@": DATA, f"{HOME}/everywhere-@": DATA},
        in_sync={NAME: ("False", "Rejected")},
        states={f"{A}/Not A Name-@": ("Failed", "Rejected"), f"{A}/good-@": ("Synced", "")},
        exclusive=True,
    )


def _namespaces() -> Iterator[Scenario]:
    yield Scenario(
        "a named namespace that does not exist is pending and no failure",
        (SOURCE, object_sync(A, C)),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
        states={IN_C: ("Pending", "NamespaceNotFound")},
        says={NAME: (C,)},
    )
    yield Scenario(
        "a named namespace gets its copy when it is created",
        (SOURCE, object_sync(A, C)),
        (create(namespace(C)),),
        copies={IN_A: DATA, IN_C: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a named namespace may be deleted",
        (SOURCE, object_sync(A, B)),
        (delete(namespace(B)),),
        copies={IN_A: DATA, IN_B: None},
        in_sync={NAME: SYNCED},
        states={IN_B: ("Pending", "NamespaceNotFound")},
        ends_namespaces=True,
    )
    yield Scenario(
        "a terminating namespace gets no copy, and an edit of the source reaches the others",
        (SOURCE, object_sync("*"), object_sync(to(A, "named-@"), to(B, "named-@"), name="named-@"), GUEST),
        (delete(namespace(B)), edit(SOURCE, data(k="new"))),
        copies={IN_B: None, f"{B}/named-@": None, IN_A: {"data": {"k": "new"}}, f"{A}/named-@": {"data": {"k": "new"}}},
        in_sync={NAME: SYNCED, "named-@": ("False", "NamespaceTerminating")},
        says={"named-@": (B,)},
        exclusive=True,
        ends_namespaces=True,
    )
    yield Scenario(
        "a namespace that was terminating gets its copy when it is created again",
        (SOURCE, object_sync(A, B), GUEST),
        (delete(namespace(B)), remove_finalizers(GUEST), create(namespace(B))),
        copies={IN_A: DATA, IN_B: DATA},
        in_sync={NAME: SYNCED},
        ends_namespaces=True,
    )
