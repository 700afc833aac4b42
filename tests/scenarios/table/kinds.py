"""Kinds: which can be copied, how they are found, and CRDs that are created and deleted."""

from collections.abc import Iterator

from scenarios.objects import (
    CRD,
    DATA,
    GROUP,
    SOURCE,
    SYNC,
    WIDGETS,
    crd,
    data,
    destinations,
    obj,
    object_sync,
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
    Scenario,
    create,
    delete,
    edit,
    together,
)

UNKNOWN = ("False", "KindNotFound")
CLUSTER_SCOPED = ("False", "ClusterScopedKind")
NOT_COPYABLE = ("False", "SourceNotCopyable")
WIDGET = widget(HOME)
WIDGET_SYNC = object_sync(A, source=WIDGET)
CONTROLLER = f"widgets in {GROUP}/v1"


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    yield from _definitions()
    yield from _controllers()
    yield from _names()
    yield from _refused()


def _definitions() -> Iterator[Scenario]:
    yield Scenario(
        "custom resources are copied, updated and repaired",
        (crd(), WIDGET, WIDGET_SYNC),
        (together(edit(WIDGET, {"spec": {"size": 2}}), edit(widget(A), {"spec": {"size": 3}})),),
        copies={IN_A: {"spec": {"size": 2}}},
        in_sync={NAME: SYNCED},
        kind=WIDGETS,
    )
    yield Scenario(
        "an ObjectSync whose CRD is missing says so",
        (WIDGET_SYNC,),
        in_sync={NAME: UNKNOWN},
        ready={NAME: UNKNOWN},
        says={NAME: (GROUP,)},
        kind=WIDGETS,
        also=(CRD,),
        controllers=(),
    )
    yield Scenario(
        "an ObjectSync whose CRD is missing works when the CRD is created",
        (WIDGET_SYNC,),
        (create(crd()), create(WIDGET)),
        copies={IN_A: {"spec": {"size": 1}}},
        in_sync={NAME: SYNCED},
        kind=WIDGETS,
        also=(CRD,),
    )
    yield Scenario(
        "nothing is stuck when a CRD is deleted, and its ObjectSync says so",
        (crd(), WIDGET, WIDGET_SYNC, SOURCE, object_sync(A, name="other-@")),
        (delete(crd()),),
        in_sync={NAME: UNKNOWN, "other-@": SYNCED},
        ready={NAME: UNKNOWN},
        kind=WIDGETS,
        controllers=(),
    )
    yield Scenario(
        "an ObjectSync may be deleted after its CRD",
        (crd(), WIDGET, WIDGET_SYNC),
        (delete(crd()), delete(SYNC)),
        copies={IN_A: None},
        kind=WIDGETS,
        controllers=(),
    )
    yield Scenario(
        "an ObjectSync may be deleted together with its CRD",
        (crd(), WIDGET, WIDGET_SYNC),
        (together(delete(SYNC), delete(crd())),),
        copies={IN_A: None},
        kind=WIDGETS,
        controllers=(),
    )
    yield Scenario(
        "a CRD may be deleted and created again",
        (crd(), WIDGET, WIDGET_SYNC),
        (delete(crd()), together(create(crd()), create(widget(HOME, 2)))),
        copies={IN_A: {"spec": {"size": 2}}},
        in_sync={NAME: SYNCED},
        kind=WIDGETS,
        controllers=(CONTROLLER,),
    )


def _controllers() -> Iterator[Scenario]:
    two = (crd(), WIDGET, object_sync(A, name="a-@", source=WIDGET), object_sync(B, name="b-@", source=WIDGET))
    yield Scenario(
        "a kind that no ObjectSync uses has no controller",
        (crd(), WIDGET, SOURCE, SYNC),
        in_sync={NAME: SYNCED},
        controllers=(),
    )
    yield Scenario(
        "the controller of a kind stays and works while an ObjectSync uses it",
        two,
        (delete(object_sync(name="a-@")), edit(widget(B), {"spec": {"size": 7}})),
        copies={IN_A: None, IN_B: {"spec": {"size": 1}}},
        kept=(IN_B,),
        in_sync={"b-@": SYNCED},
        kind=WIDGETS,
        controllers=(CONTROLLER,),
    )
    yield Scenario(
        "the controller of a kind is deleted with the last ObjectSync that uses it",
        two,
        (delete(object_sync(name="a-@")), delete(object_sync(name="b-@"))),
        copies={IN_A: None, IN_B: None},
        kind=WIDGETS,
        controllers=(),
    )
    yield Scenario(
        "an ObjectSync that turns to a source of another kind is served by another controller",
        (crd(), WIDGET, SOURCE, WIDGET_SYNC),
        (edit(SYNC, {"spec": {"source": {"group": "", "kind": "ConfigMap"}}}),),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
        controllers=(),
    )


def _names() -> Iterator[Scenario]:
    attachment = widget(HOME, kind="NetworkAttachmentDefinition")
    yield Scenario(
        "plurals with hyphens are found",
        (
            crd("NetworkAttachmentDefinition", "network-attachment-definitions"),
            attachment,
            object_sync(A, source=attachment),
        ),
        copies={IN_A: {"spec": {"size": 1}}},
        in_sync={NAME: SYNCED},
        kind=(f"{GROUP}/v1", "NetworkAttachmentDefinition"),
    )
    mouse = widget(HOME, kind="Mouse")
    irregular = (crd("Mouse", "mice"), mouse, object_sync(A, source=mouse))
    yield Scenario(
        "an ObjectSync whose plural no rule finds says that it can be named",
        irregular,
        in_sync={NAME: UNKNOWN},
        ready={NAME: UNKNOWN},
        says={NAME: ("spec.source.resource",)},
    )
    yield Scenario(
        "a plural that no rule finds can be named",
        irregular,
        (edit(SYNC, {"spec": {"source": {"resource": "mice"}}}),),
        copies={IN_A: {"spec": {"size": 1}}},
        in_sync={NAME: SYNCED},
        kind=(f"{GROUP}/v1", "Mouse"),
    )
    yield Scenario(
        "a kind that is corrected is looked up anew",
        (SOURCE, object_sync(A, group="nonsense.example.com", kind="Nothing")),
        (edit(SYNC, {"spec": {"source": {"group": "", "kind": "ConfigMap"}}}),),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
        ready={NAME: SYNCED},
    )


def _refused() -> Iterator[Scenario]:
    for what, source in {
        "a built-in kind without namespaces": obj("rbac.authorization.k8s.io/v1", "ClusterRole", "", "view"),
        "a custom kind without namespaces": widget("", kind="Globe"),
    }.items():
        yield Scenario(
            f"{what} cannot be copied",
            (crd("Globe", "globes", scope="Cluster"), object_sync(A, source=source)),
            in_sync={NAME: CLUSTER_SCOPED},
            ready={NAME: CLUSTER_SCOPED},
        )
    for api_version, kind in (
        ("v1", "Pod"),
        ("v1", "Event"),
        ("events.k8s.io/v1", "Event"),
        ("coordination.k8s.io/v1", "Lease"),
        ("apps/v1", "ControllerRevision"),
    ):
        source = obj(api_version, kind, HOME)
        yield Scenario(
            f"kinds that make no sense as copies are refused: {kind} in {api_version}",
            (object_sync(A, source=source),),
            copies={IN_A: None},
            in_sync={NAME: NOT_COPYABLE},
            ready={NAME: NOT_COPYABLE},
            says={NAME: (kind,)},
            kind=(api_version, kind),
        )
    yield Scenario(
        "an ObjectSync that nobody can serve does not harm others",
        (
            SOURCE,
            SYNC,
            object_sync(A, name="bad-1-@", kind="Nothing"),
            object_sync(A, name="bad-2-@", source=WIDGET),
        ),
        (edit(SOURCE, data(k="new")), edit(SYNC, destinations(A, B))),
        copies={IN_A: {"data": {"k": "new"}}, IN_B: {"data": {"k": "new"}}},
        in_sync={NAME: SYNCED, "bad-1-@": UNKNOWN, "bad-2-@": UNKNOWN},
    )
