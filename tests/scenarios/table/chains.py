"""A copy may be the source of other copies; a circle of copies is refused."""

from collections.abc import Iterator

from scenarios.objects import COPY, DATA, SOURCE, config_map, data, destinations, object_sync, to
from scenarios.scenario import HOME, IN_A, IN_B, IN_HOME, NAME, SYNCED, A, B, Scenario, delete, edit

MISSING = ("False", "SourceNotFound")
LOOP = ("False", "Loop")
FIRST = object_sync(A, name="a-@")
SECOND = object_sync(B, name="b-@", source=COPY)
BACK = object_sync(HOME, name="b-@", source=COPY)
"""Copies the copy back onto its source."""


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    yield Scenario(
        "a copy may be the source of another ObjectSync, and of its copies",
        (SECOND, SOURCE, FIRST),
        (edit(SOURCE, data(k="new")),),
        copies={IN_A: {"data": {"k": "new"}}, IN_B: {"data": {"k": "new"}}},
        ours={IN_A: IN_HOME, IN_B: IN_A},
        in_sync={"a-@": SYNCED, "b-@": SYNCED},
    )
    yield Scenario(
        "all copies of a chain are deleted with its first source",
        (SOURCE, FIRST, SECOND),
        (delete(SOURCE),),
        copies={IN_A: None, IN_B: None},
        in_sync={"a-@": MISSING, "b-@": MISSING},
    )
    yield Scenario(
        "copies of a copy are deleted with it",
        (SOURCE, FIRST, SECOND),
        (delete(FIRST),),
        copies={IN_HOME: DATA, IN_A: None, IN_B: None},
        in_sync={"b-@": MISSING},
    )
    yield Scenario(
        "a copy is not copied back onto its source, and both ObjectSyncs say so",
        (SOURCE, FIRST, BACK),
        copies={IN_HOME: DATA, IN_A: DATA},
        kept=(IN_HOME,),
        in_sync={"a-@": SYNCED, "b-@": LOOP},
        ready={"b-@": SYNCED},
        says={"a-@": ("Loop", f"{HOME}/b-@"), "b-@": (f"{HOME}/a-@",)},
    )
    yield Scenario(
        "an ObjectSync that was refused for a circle has no source when the other is deleted",
        (SOURCE, FIRST, BACK),
        (delete(FIRST),),
        copies={IN_HOME: DATA, IN_A: None},
        in_sync={"b-@": MISSING},
    )
    yield Scenario(
        "a circle over three ObjectSyncs is cut at the youngest, and all three say so",
        (SOURCE, FIRST, SECOND, object_sync(HOME, name="c-@", source=config_map(B))),
        (edit(SOURCE, data(k="new")),),
        copies={where: {"data": {"k": "new"}} for where in (IN_HOME, IN_A, IN_B)},
        kept=(IN_HOME,),
        in_sync={"a-@": SYNCED, "b-@": SYNCED, "c-@": LOOP},
        says={"a-@": (f"{HOME}/c-@",), "b-@": (f"{HOME}/c-@",), "c-@": (f"{HOME}/a-@", f"{HOME}/b-@")},
    )
    yield Scenario(
        "a circle that is opened is a circle no more",
        (SOURCE, FIRST, BACK),
        (edit(BACK, destinations(B)),),
        copies={IN_HOME: DATA, IN_A: DATA, IN_B: DATA},
        in_sync={"a-@": SYNCED, "b-@": SYNCED},
    )
    yield Scenario(
        "a wildcard that would close a circle leaves out only that destination",
        (SOURCE, FIRST, object_sync("*", source=COPY)),
        copies={IN_HOME: DATA, IN_A: DATA, IN_B: DATA},
        kept=(IN_HOME,),
        in_sync={"a-@": SYNCED, NAME: LOOP},
        states={IN_HOME: ("Conflict", "Loop"), IN_B: ("Synced", "")},
        exclusive=True,
    )
    renamed = config_map(A, "renamed-@")
    yield Scenario(
        "a circle through other names is refused where it closes",
        (
            SOURCE,
            object_sync(to(A, "renamed-@"), name="a-@"),
            object_sync(to(HOME, NAME), to(HOME, "harmless-@"), name="b-@", source=renamed),
        ),
        copies={IN_HOME: DATA, f"{A}/renamed-@": DATA, f"{HOME}/harmless-@": DATA},
        kept=(IN_HOME,),
        in_sync={"a-@": SYNCED, "b-@": LOOP},
    )
    overwrite = {"conflictPolicy": "Overwrite"}
    overwriting = object_sync(HOME, name="b-@", source=COPY, spec=overwrite)
    yield Scenario(
        "a circle is refused also if all ObjectSyncs overwrite",
        (SOURCE, object_sync(A, name="a-@", spec=overwrite), overwriting),
        copies={IN_HOME: DATA, IN_A: DATA},
        kept=(IN_HOME,),
        in_sync={"a-@": SYNCED, "b-@": LOOP},
    )
    yield Scenario(
        "the source is not overwritten by its last copy when the circle is opened",
        (SOURCE, FIRST, overwriting),
        (edit(FIRST, destinations(B)),),
        copies={IN_HOME: DATA, IN_A: None, IN_B: DATA},
        kept=(IN_HOME,),
        in_sync={"a-@": SYNCED, "b-@": MISSING},
    )
