"""Which namespaces get a copy: globs, selectors, exclusions, names with variables, and the consent of namespaces."""

from collections.abc import Iterator

from scenarios.objects import DATA, SOURCE, data, meta, namespace, object_sync, selecting, to
from scenarios.scenario import HOME, IN_A, IN_B, IN_C, NAME, SYNCED, A, B, C, Scenario, create, edit, policy

EXCLUDE = "sync.rustrial.org/exclude"
EVERYWHERE = "?-@"
"""A glob that matches A, B and C."""

HERE = {"corner": "@"}
"""Labels that no other corner has."""


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    yield from _entries()
    yield from _names()
    yield from _consent()


def _entries() -> Iterator[Scenario]:
    yield Scenario(
        "a glob means the namespaces that it matches, also those created later",
        (SOURCE, object_sync(EVERYWHERE)),
        (create(namespace(C)), edit(SOURCE, data(k="new"))),
        copies={IN_A: {"data": {"k": "new"}}, IN_B: {"data": {"k": "new"}}, IN_C: {"data": {"k": "new"}}},
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a namespace that begins to match a selector gets its copy, or loses it (reflector#405, ClusterSecret#115)",
        (SOURCE, object_sync(selecting(HERE))),
        (
            edit(namespace(A), meta(labels=HERE)),
            edit(namespace(B), meta(labels=HERE)),
            edit(namespace(A), meta(labels={"corner": None})),
        ),
        copies={IN_A: None, IN_B: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a selector that matches no namespace says so (ESO#2804)",
        (SOURCE, object_sync(selecting(HERE))),
        in_sync={NAME: ("False", "NoNamespaceMatches")},
        ready={NAME: SYNCED},
        says={NAME: ("spec.destinations[0] matches no namespace",)},
    )
    yield Scenario(
        "a glob that matches no namespace is said though other destinations are in sync",
        (SOURCE, object_sync(A, "x-@-*")),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
        says={NAME: ("spec.destinations[1] matches no namespace",)},
    )
    yield Scenario(
        "a namespace that an entry begins to exclude loses its copy (config-syncer#553)",
        (SOURCE, object_sync(EVERYWHERE)),
        (edit(object_sync(), {"spec": {"destinations": [{"namespace": EVERYWHERE, "exclude": ["[b]-@"]}]}}),),
        copies={IN_A: DATA, IN_B: None},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )


def _names() -> Iterator[Scenario]:
    yield Scenario(
        "a name may have variables (mittwald#271, #381)",
        (SOURCE, object_sync(to(EVERYWHERE, "{source.name}-of-{source.namespace}-in-{destination.namespace}"))),
        copies={f"{A}/{NAME}-of-{HOME}-in-{A}": DATA, f"{B}/{NAME}-of-{HOME}-in-{B}": DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a copy is renamed when the label in its name changes",
        (SOURCE, object_sync(to(A, "{destination.labels.team}-@"))),
        (edit(namespace(A), meta(labels={"team": "red"})), edit(namespace(A), meta(labels={"team": "blue"}))),
        copies={f"{A}/red-@": None, f"{A}/blue-@": DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a name that cannot be made in one namespace hinders no other (kyverno#8025)",
        (SOURCE, object_sync(to(EVERYWHERE, "{destination.labels.team}-@"))),
        (edit(namespace(A), meta(labels={"team": "red"})), edit(namespace(B), meta(labels={"team": "Not_A_Name"}))),
        copies={f"{A}/red-@": DATA},
        in_sync={NAME: ("False", "TemplateError")},
        states={f"{A}/red-@": ("Synced", ""), f"{B}/{{destination.labels.team}}-@": ("Failed", "TemplateError")},
    )


def _consent() -> Iterator[Scenario]:
    yield Scenario(
        "a namespace that opts out by its label loses its copy, and gets it back",
        (SOURCE, object_sync(A, B)),
        (
            edit(namespace(A), meta(labels={EXCLUDE: "true"})),
            edit(namespace(B), meta(labels={EXCLUDE: "true"})),
            edit(namespace(B), meta(labels={EXCLUDE: None})),
        ),
        copies={IN_A: None, IN_B: DATA},
        in_sync={NAME: ("False", "NamespaceOptedOut")},
        states={IN_A: ("Failed", "NamespaceOptedOut"), IN_B: ("Synced", "")},
    )
    yield Scenario(
        "a namespace may opt out of single ObjectSyncs",
        (SOURCE, object_sync(EVERYWHERE), object_sync(to(EVERYWHERE, "other-@"), name="other-@")),
        (edit(namespace(A), meta(annotations={EXCLUDE: f"elsewhere/one, {HOME}/{NAME}"})),),
        copies={IN_A: None, IN_B: DATA, f"{A}/other-@": DATA, f"{B}/other-@": DATA},
        kept=(IN_B, f"{A}/other-@"),
        in_sync={NAME: SYNCED, "other-@": SYNCED},
    )
    yield Scenario(
        "copies go only where the selector of the SyncPolicy matches",
        (SOURCE, object_sync(A, B), object_sync(to("*", "wild-@"), name="wild-@")),
        (
            edit(namespace(A), meta(labels=HERE)),
            policy(targetNamespaceSelector={"matchLabels": HERE}),
        ),
        copies={IN_A: DATA, IN_B: None, f"{A}/wild-@": DATA, f"{B}/wild-@": None},
        kept=(IN_A,),
        in_sync={NAME: ("False", "TargetNotAllowed"), "wild-@": SYNCED},
        states={IN_B: ("Failed", "TargetNotAllowed")},
        exclusive=True,
    )
    yield Scenario(
        "copies come only from where the selector of the SyncPolicy matches",
        (SOURCE, object_sync(A)),
        (policy(sourceNamespaceSelector={"matchLabels": HERE}),),
        copies={IN_A: None},
        in_sync={NAME: ("False", "SourceNotAllowed")},
        ready={NAME: ("False", "SourceNotAllowed")},
        exclusive=True,
    )
    yield Scenario(
        "a source whose namespace begins to match the selector of the SyncPolicy is copied",
        (SOURCE, object_sync(A)),
        (policy(sourceNamespaceSelector={"matchLabels": HERE}), edit(namespace(HOME), meta(labels=HERE))),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "with a dot as target namespace copies go into the ObjectSync's own namespace only",
        (SOURCE, object_sync(A), object_sync(to("*", "pull-@"), name="pull-@", where=B)),
        (policy(targetNamespaces=["."]),),
        copies={IN_A: None, f"{A}/pull-@": None, f"{HOME}/pull-@": None, f"{B}/pull-@": DATA},
        kept=(f"{B}/pull-@",),
        in_sync={NAME: ("False", "TargetNotAllowed")},
        exclusive=True,
    )
