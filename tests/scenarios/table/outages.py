"""What happens while the engine or the hook server is away is made up for when it is back."""

from collections.abc import Iterator

from scenarios.objects import (
    COPY,
    DATA,
    SOURCE,
    SYNC,
    config_map,
    data,
    destinations,
    namespace,
    object_sync,
    secret,
    to,
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
    Scenario,
    create,
    delete,
    edit,
    engine,
    hooks,
    together,
)


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    dropped, narrowed = object_sync(to(A, "dropped-@"), name="a-@"), object_sync(to(A, "x-@"), to(A, "y-@"), name="b-@")
    changes = (
        edit(SOURCE, data(k="new")),
        edit(COPY, data(k="hacked")),
        delete(config_map(B)),
        create(namespace(C)),
        delete(dropped),
        edit(narrowed, destinations(to(A, "y-@"))),
        create(object_sync(to(A, "late-@"), name="c-@")),
    )
    new = {"data": {"k": "new"}}
    for what, down, up in (
        ("engine", engine(False), engine(True)),
        ("hook server", hooks(False), hooks(True)),
    ):
        yield Scenario(
            f"changes while the {what} is away are made up for",
            (SOURCE, object_sync("*"), dropped, narrowed),
            (down, together(*changes), up),
            copies={
                **dict.fromkeys((IN_A, IN_B, IN_C, f"{A}/y-@", f"{A}/late-@"), new),
                **dict.fromkeys((f"{A}/dropped-@", f"{A}/x-@")),
            },
            kept=(IN_A, f"{A}/y-@"),
            in_sync={NAME: SYNCED, "b-@": SYNCED, "c-@": SYNCED},
            exclusive=True,
        )
        yield Scenario(
            f"copies whose source, ObjectSync or namespace is deleted while the {what} is away are deleted when it is "
            "back",
            (SOURCE, SYNC, secret(HOME), object_sync(B, name="other-@", source=secret(HOME))),
            (down, together(delete(SYNC), delete(secret(HOME)), delete(namespace(B))), up),
            copies={IN_A: None, IN_B: None},
            in_sync={"other-@": ("False", "SourceNotFound")},
            exclusive=True,
        )
    yield Scenario(
        "a namespace that is deleted and created again while the engine is away gets its copy",
        (SOURCE, object_sync(A, B)),
        (engine(False), delete(namespace(B)), create(namespace(B)), engine(True)),
        copies={IN_A: DATA, IN_B: DATA},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        exclusive=True,
        ends_namespaces=True,
    )
    yield Scenario(
        "the namespace of an ObjectSync that is deleted while the engine is away ends when it is back",
        (SOURCE, object_sync(A)),
        (engine(False), delete(namespace(HOME)), engine(True)),
        copies={IN_A: None},
        exclusive=True,
        ends_namespaces=True,
    )
