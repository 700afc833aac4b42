"""The owner of a source says where it may be copied to."""

from collections.abc import Iterator

from scenarios.objects import (
    DATA,
    OBJECT_SYNC,
    SOURCE,
    config_map,
    data,
    meta,
    object_sync,
    secret,
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
    Object,
    Scenario,
    create,
    edit,
    policy,
)

COPY_TO = "sync.rustrial.org/copy-to"
NOT_OFFERED = ("False", "SourceNotOffered")
BOTH = object_sync(A, B)


def offered(to: str | None) -> Object:
    """Return a patch of a source's annotation."""
    return meta(annotations={COPY_TO: to})


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    limited = config_map(HOME, annotations={COPY_TO: A, "note": "n"})
    yield Scenario(
        "a source goes only where its owner lets it be copied (reflector#186, #452)",
        (limited, BOTH),
        copies={IN_A: {**DATA, "annotations": {"note": "n", "sync.rustrial.org/limited": "true"}}, IN_B: None},
        in_sync={NAME: NOT_OFFERED},
        ready={NAME: SYNCED},
        says={NAME: ("1 out of 2", "does not contain namespace b-@")},
        states={IN_A: ("Synced", ""), IN_B: ("Failed", "SourceNotOffered")},
    )
    yield Scenario(
        "globs may be listed",
        (config_map(HOME, annotations={COPY_TO: "nobody, b-*"}), BOTH),
        copies={IN_A: None, IN_B: DATA},
        states={IN_A: ("Failed", "SourceNotOffered"), IN_B: ("Synced", "")},
    )
    yield Scenario(
        "consent that is withdrawn removes copies, and they come back with it",
        (SOURCE, BOTH),
        (edit(SOURCE, offered(A)), edit(SOURCE, offered("")), edit(SOURCE, offered("a-*,b-*"))),
        copies={IN_A: DATA, IN_B: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "an empty list is nowhere",
        (SOURCE, BOTH),
        (edit(SOURCE, offered("")),),
        copies={IN_A: None, IN_B: None},
        in_sync={NAME: NOT_OFFERED},
    )
    yield Scenario(
        "what was limited follows its source again without the annotation",
        (limited, BOTH),
        (edit(SOURCE, offered(None)), edit(SOURCE, data(k="new"))),
        copies={IN_A: {"data": {"k": "new"}, "annotations": {"note": "n"}}, IN_B: {"data": {"k": "new"}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    onwards = object_sync(to(B, "onwards-@"), name="onwards-@", source=config_map(A), where=HOME)
    yield Scenario(
        "a copy of a limited source is no source of others",
        (limited, object_sync(A), onwards),
        copies={IN_A: DATA, f"{B}/onwards-@": None},
        in_sync={NAME: SYNCED, "onwards-@": NOT_OFFERED},
    )
    yield Scenario(
        "copies of a copy go when its source becomes limited",
        (SOURCE, object_sync(A), onwards),
        (edit(SOURCE, offered("*")), edit(SOURCE, offered(A))),
        copies={IN_A: DATA, f"{B}/onwards-@": None},
        kept=(IN_A,),
        in_sync={NAME: SYNCED, "onwards-@": NOT_OFFERED},
    )
    yield Scenario(
        "who edits a copy of a limited source does not make it a source",
        (limited, object_sync(A), onwards),
        (edit(config_map(A), meta(annotations={"sync.rustrial.org/limited": None, COPY_TO: "*"})),),
        copies={IN_A: DATA, f"{B}/onwards-@": None},
        kept=(IN_A,),
        in_sync={NAME: SYNCED, "onwards-@": NOT_OFFERED},
    )
    yield Scenario(
        "where the SyncPolicy requires consent a source without it is not copied, and its copies go (mittwald#146)",
        (secret(HOME), object_sync(A, source=secret(HOME)), config_map(HOME, "given-@", annotations={COPY_TO: A}),
         object_sync(A, name="given-@", source=config_map(HOME, "given-@"))),
        (policy(sourceConsent="Required"),),
        copies={IN_A: None},
        in_sync={NAME: NOT_OFFERED, "given-@": SYNCED},
        says={NAME: ("which SyncPolicy default requires",)},
        kind=("v1", "Secret"),
        exclusive=True,
    )  # fmt: skip
    yield Scenario(
        "where the SyncPolicy requires consent a source is copied once its owner gives it",
        (SOURCE,),
        (policy(sourceConsent="Required"), create(BOTH), edit(SOURCE, offered("*"))),
        copies={IN_A: DATA, IN_B: DATA},
        in_sync={NAME: SYNCED},
        also=(OBJECT_SYNC,),
        exclusive=True,
    )
