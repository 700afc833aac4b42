"""Orders of deletion: whatever is deleted together, nothing is stuck and no copy is left."""

from collections.abc import Iterator

from scenarios.objects import COPY, DATA, SOURCE, SYNC, config_map, namespace, object_sync
from scenarios.scenario import (
    HOME,
    IN_A,
    IN_B,
    NAME,
    SYNCED,
    A,
    B,
    Scenario,
    add_finalizer,
    create,
    delete,
    remove_finalizers,
    together,
)


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    yield Scenario(
        "the namespace of source and ObjectSync may be deleted",
        (SOURCE, object_sync(A, B)),
        (delete(namespace(HOME)),),
        copies={IN_A: None, IN_B: None},
        ends_namespaces=True,
    )
    yield Scenario(
        "the namespace of the source may be deleted before the ObjectSync",
        (config_map(B), object_sync(A, source=config_map(B))),
        (delete(namespace(B)),),
        copies={IN_A: None},
        in_sync={NAME: ("False", "SourceNotFound")},
        ends_namespaces=True,
    )
    yield Scenario(
        "source and ObjectSync may be deleted at once",
        (SOURCE, object_sync(A, B)),
        (together(delete(SOURCE), delete(SYNC)),),
        copies={IN_A: None, IN_B: None},
    )
    yield Scenario(
        "an ObjectSync may be deleted though its copy has a finalizer; the copy ends without it",
        (SOURCE, SYNC),
        (add_finalizer(COPY), delete(SYNC), remove_finalizers(COPY)),
        copies={IN_A: None},
    )
    yield Scenario(
        "an ObjectSync and a namespace of its copies may be deleted at once",
        (SOURCE, object_sync(A, B)),
        (together(delete(namespace(A)), delete(SYNC)),),
        copies={IN_A: None, IN_B: None},
        ends_namespaces=True,
    )
    yield Scenario(
        "an ObjectSync may be created again with another destination",
        (SOURCE, SYNC),
        (delete(SYNC), create(object_sync(B))),
        copies={IN_A: None, IN_B: DATA},
        in_sync={NAME: SYNCED},
    )
