"""The scenarios: what Object Syncer does, in sentences that are tried on the in-memory engine and on the real one."""

from collections.abc import Iterator

from scenarios.scenario import (
    GROUP,
    HOLD,
    HOME,
    NAME,
    SYNCED,
    A,
    B,
    C,
    Object,
    Scenario,
    Stage,
    Step,
    config_map,
    crd,
    create,
    delete,
    edit,
    engine,
    guard,
    hold,
    hooks,
    namespace,
    network_policy,
    obj,
    object_sync,
    policy,
    quota,
    release,
    replace,
    role_binding,
    secret,
    to,
    together,
    widget,
)

IN_A, IN_B, IN_C, IN_HOME = f"{A}/{NAME}", f"{B}/{NAME}", f"{C}/{NAME}", f"{HOME}/{NAME}"
DATA: Object = {"data": {"k": "v"}}
SOURCE = config_map(HOME)
COPY = config_map(A)
SYNC = object_sync(A)
SLICE_LABEL = "sync.rustrial.org/slice"
SOURCE_ANNOTATION = "sync.rustrial.org/source-object"
WIDGETS = (f"{GROUP}/v1", "Widget")
OBJECT_SYNC = ("sync.rustrial.org/v1alpha1", "ObjectSync")


def data(**entries: str | None) -> Object:
    """A patch of a ConfigMap's data."""
    return {"data": entries}


def meta(**fields: object) -> Object:
    """A patch of metadata."""
    return {"metadata": fields}


def destinations(*where: str | Object) -> Object:
    """A patch of an ObjectSync's destinations."""
    return {"spec": {"destinations": object_sync(*where)["spec"]["destinations"]}}


def scenarios() -> Iterator[Scenario]:
    """Yield every scenario."""
    yield from _following()
    yield from _coming_and_going()
    yield from _destinations()
    yield from _strategies()
    yield from _contests()
    yield from _foreign()
    yield from _marks()
    yield from _unchangeable()
    yield from _chains()
    yield from _kinds()
    yield from _policies()
    yield from _outages()
    yield from _deletion_orders()


def _following() -> Iterator[Scenario]:
    yield Scenario(
        "a source has a copy in each namespace named",
        (SOURCE, object_sync(A, B)),
        copies={IN_A: DATA, IN_B: DATA, IN_HOME: DATA},
        in_sync={NAME: SYNCED},
        ready={NAME: SYNCED},
    )
    yield Scenario(
        "an edit of the source reaches its copies, and what it drops goes from them",
        (config_map(HOME, data={"k": "v", "l": "w"}, labels={"x": "1"}, annotations={"y": "1"}), object_sync(A, B)),
        (edit(SOURCE, {**data(k="new", l=None, m="more"), **meta(labels=None, annotations={"y": None, "z": "2"})}),),
        copies={IN_A: {"data": {"k": "new", "m": "more"}}, IN_B: {"data": {"k": "new", "m": "more"}}},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "labels and annotations by which tools track the source stay with it",
        (
            config_map(
                HOME,
                labels={"team": "blue", "app.kubernetes.io/instance": "argo", "kustomize.toolkit.fluxcd.io/name": "x"},
                annotations={"note": "y", "argocd.argoproj.io/tracking-id": "z", "meta.helm.sh/release-name": "r"},
            ),
            SYNC,
        ),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "an edited copy is put back",
        (SOURCE, SYNC),
        (edit(COPY, data(k="hacked")), edit(COPY, data(k=None))),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a deleted copy comes back",
        (SOURCE, SYNC),
        (delete(COPY),),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a deleted copy that a finalizer holds comes back once it is gone",
        (SOURCE, SYNC),
        (hold(COPY), delete(COPY), release(COPY)),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "copies go with their source",
        (SOURCE, object_sync(A, B)),
        (delete(SOURCE),),
        copies={IN_A: None, IN_B: None},
        in_sync={NAME: ("False", "SourceNotFound")},
    )
    yield Scenario(
        "copies return with their source",
        (SOURCE, object_sync(A, B)),
        (delete(SOURCE), create(config_map(HOME, data={"second": "life"}))),
        copies={IN_A: {"data": {"second": "life"}}},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a source that a finalizer holds loses its copies at once",
        (config_map(HOME, finalizers=[HOLD]), SYNC),
        (delete(SOURCE),),
        copies={IN_HOME: DATA, IN_A: None},
        in_sync={NAME: ("False", "SourceNotFound")},
    )
    yield Scenario(
        "an ObjectSync may come before its source",
        (SYNC,),
        (create(SOURCE),),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "copies go with their ObjectSync, the source stays",
        (SOURCE, object_sync(A, B)),
        (delete(SYNC),),
        copies={IN_A: None, IN_B: None, IN_HOME: DATA},
    )
    yield Scenario(
        "copies beyond a hundred, in a second slice, follow like the others",
        (SOURCE, object_sync(*(to(A, f"n{number}-@") for number in range(110)))),
        (edit(SOURCE, data(k="new")), edit(SYNC, destinations(*(to(A, f"n{number}-@") for number in range(95, 120))))),
        copies={f"{A}/n105-@": {"data": {"k": "new"}}, f"{A}/n119-@": {"data": {"k": "new"}}, f"{A}/n0-@": None},
        in_sync={NAME: SYNCED},
    )


def _coming_and_going() -> Iterator[Scenario]:
    yield Scenario(
        "a named namespace that does not exist is no error, and gets its copy when it comes",
        (SOURCE, object_sync(A, C)),
        (create(namespace(C)),),
        copies={IN_A: DATA, IN_C: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a named namespace may go",
        (SOURCE, object_sync(A, B)),
        (delete(namespace(B)),),
        copies={IN_A: DATA, IN_B: None},
        in_sync={NAME: SYNCED},
        ends_namespaces=True,
    )
    yield Scenario(
        "a namespace on its way out has no copy, and gets one when it is back",
        (SOURCE, object_sync(A, B), config_map(B, "held-@", finalizers=[HOLD])),
        (delete(namespace(B)), release(config_map(B, "held-@")), create(namespace(B))),
        copies={IN_A: DATA, IN_B: DATA},
        in_sync={NAME: SYNCED},
        ends_namespaces=True,
    )
    yield Scenario(
        "a wildcard means every namespace, also those that come, but for the source itself",
        (SOURCE, object_sync("*")),
        (create(namespace(C)), delete(namespace(A))),
        copies={IN_A: None, IN_B: DATA, IN_C: DATA},
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


def _destinations() -> Iterator[Scenario]:
    yield Scenario(
        "the copy of a removed destination goes, the others stay",
        (SOURCE, object_sync(A, B)),
        (edit(SYNC, destinations(A)),),
        copies={IN_A: DATA, IN_B: None},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a destination can be renamed",
        (SOURCE, object_sync(to(A, "old-@"))),
        (edit(SYNC, destinations(to(A, "new-@"))),),
        copies={f"{A}/old-@": None, f"{A}/new-@": DATA},
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
        "an ObjectSync may name a source in another namespace",
        (config_map(B), object_sync(A, source=config_map(B))),
        copies={IN_A: DATA, IN_HOME: None},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "an ObjectSync that turns to another source gives its copies that one's content",
        (SOURCE, config_map(HOME, "other-@", data={"other": "1"}), object_sync(to(A, "copy-@"), B)),
        (edit(SYNC, {"spec": {"source": {"name": "other-@"}}}),),
        copies={f"{A}/copy-@": {"data": {"other": "1"}}, f"{B}/other-@": {"data": {"other": "1"}}, IN_B: None},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "an ObjectSync that turns to another kind leaves nothing of the old one",
        (SOURCE, secret(HOME), SYNC),
        (edit(SYNC, {"spec": {"source": {"kind": "Secret"}}}),),
        copies={IN_A: None},
        in_sync={NAME: SYNCED},
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


def _strategies() -> Iterator[Scenario]:
    foreign = {**data(foreign="1"), **meta(labels={"foreign": "1"}, annotations={"foreign": "1"})}
    yield Scenario(
        "under apply, keys that others add to a copy stay",
        (SOURCE, object_sync(to(A, strategy="apply"), B)),
        (edit(COPY, foreign), edit(config_map(B), foreign)),
        copies={IN_A: {"data": {"k": "v", "foreign": "1"}}, IN_B: {"data": {"k": "v", "foreign": "1"}}},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "under replace, keys that others add to a copy go, and the copy is not deleted for that",
        (SOURCE, object_sync(to(A, strategy="replace"))),
        (edit(COPY, foreign),),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "under replace, keys that others add to a Secret go",
        (secret(HOME), object_sync(to(A, strategy="replace"), source=secret(HOME))),
        (edit(secret(A), {"data": {"foreign": "eA==", "empty": ""}}),),
        copies={IN_A: {"type": "Opaque", "data": {"k": "dg=="}}},
        in_sync={NAME: SYNCED},
        kind=("v1", "Secret"),
    )
    yield Scenario(
        "a strategy that becomes replace removes what others have added before",
        (SOURCE, SYNC),
        (edit(COPY, foreign), edit(SYNC, destinations(to(A, strategy="replace")))),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "foreign fields that cannot be removed are told under replace, and the copy is never deleted for them",
        (crd(), widget(HOME), object_sync(to(A, strategy="replace"), source=widget(HOME))),
        (edit(widget(A), {"spec": {"foreign": 1}}),),
        copies={IN_A: {"spec": {"size": 1, "foreign": 1}}},
        in_sync={NAME: ("False", "ForeignFields")},
        kind=WIDGETS,
    )


def _contests() -> Iterator[Scenario]:
    other = config_map(HOME, "other-@", data={"other": "1"})
    older, younger = object_sync(to(A, "copy-@"), name="a-@"), object_sync(to(A, "copy-@"), name="b-@", source=other)
    yield Scenario(
        "of two ObjectSyncs with one destination the older has it",
        (SOURCE, other, older, younger),
        copies={f"{A}/copy-@": DATA},
        in_sync={"a-@": SYNCED, "b-@": ("False", "Conflict")},
    )
    yield Scenario(
        "the younger ObjectSync takes over when the older goes",
        (SOURCE, other, older, younger),
        (delete(older),),
        copies={f"{A}/copy-@": {"data": {"other": "1"}}},
        in_sync={"b-@": SYNCED},
    )
    yield Scenario(
        "the younger ObjectSync takes over when the older leaves the destination",
        (SOURCE, other, older, younger),
        (edit(older, destinations(B)),),
        copies={f"{A}/copy-@": {"data": {"other": "1"}}, IN_B: DATA},
        in_sync={"a-@": SYNCED, "b-@": SYNCED},
    )
    yield Scenario(
        "two ObjectSyncs may copy one source",
        (SOURCE, object_sync(A, name="a-@"), object_sync(B, name="b-@")),
        copies={IN_A: DATA, IN_B: DATA},
        in_sync={"a-@": SYNCED, "b-@": SYNCED},
    )


def _foreign() -> Iterator[Scenario]:
    mine: Object = {"data": {"mine": "1"}}
    foreign = config_map(A, data={"mine": "1"})

    def sync(policy_: str) -> Object:
        return object_sync(A, B, spec={"conflictPolicy": policy_})

    yield Scenario(
        "what we did not create is left alone",
        (SOURCE, foreign, object_sync(A, B)),
        (edit(SOURCE, data(k="new")),),
        copies={IN_A: mine, IN_B: {"data": {"k": "new"}}},
        in_sync={NAME: ("False", "Conflict")},
    )
    yield Scenario(
        "a copy comes when the foreign object in its place goes",
        (SOURCE, foreign, object_sync(A, B)),
        (delete(foreign),),
        copies={IN_A: DATA},
        ours=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a foreign object stays when the ObjectSync goes",
        (SOURCE, foreign, object_sync(A, B)),
        (delete(SYNC),),
        copies={IN_A: mine, IN_B: None},
    )
    yield Scenario(
        "a foreign object stays when its destination is removed",
        (SOURCE, foreign, object_sync(A, B)),
        (edit(SYNC, destinations(B)),),
        copies={IN_A: mine, IN_B: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a foreign object that takes a deleted copy's place is left alone",
        (SOURCE, object_sync(B)),
        (create(foreign), edit(SYNC, destinations(A, B))),
        copies={IN_A: mine, IN_B: DATA},
        in_sync={NAME: ("False", "Conflict")},
    )
    yield Scenario(
        "Adopt takes over an object that already equals the copy",
        (SOURCE, COPY, sync("Adopt")),
        (delete(SYNC),),
        copies={IN_A: None, IN_B: None},
    )
    yield Scenario(
        "Adopt leaves an object alone that differs",
        (SOURCE, foreign, sync("Adopt")),
        copies={IN_A: mine, IN_B: DATA},
        in_sync={NAME: ("False", "Conflict")},
    )
    yield Scenario(
        "Adopt takes over an object once it equals the copy",
        (SOURCE, foreign, sync("Adopt")),
        (edit(foreign, data(mine=None, k="v")),),
        copies={IN_A: DATA},
        ours=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    original = config_map(
        A,
        data={"k": "stale"},
        labels={"app.kubernetes.io/managed-by": "rustrial-object-syncer"},
        annotations={SOURCE_ANNOTATION: f"{HOME}/{NAME}"},
        finalizers=["sync.rustrial.org/rustrial-object-syncer"],
    )
    for conflicts in ("Adopt", "Overwrite"):
        yield Scenario(
            f"{conflicts} leaves alone what the original Object Syncer's finalizer would keep for ever",
            (SOURCE, original, sync(conflicts)),
            copies={IN_A: {"data": {"k": "stale"}}},
            in_sync={NAME: ("False", "Conflict")},
        )
    yield Scenario(
        "Adopt takes over what the original Object Syncer copied, once it lets go",
        (SOURCE, original, sync("Adopt")),
        (edit(original, {"metadata": {"finalizers": None}}),),
        copies={IN_A: DATA},
        ours=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "Overwrite takes over what stands in a copy's place",
        (SOURCE, foreign, sync("Overwrite")),
        copies={IN_A: {"data": {"k": "v", "mine": "1"}}},
        ours=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "Overwrite with replace leaves nothing of what stood in a copy's place",
        (SOURCE, foreign, object_sync(to(A, strategy="replace"), spec={"conflictPolicy": "Overwrite"})),
        copies={IN_A: DATA},
        ours=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "an ObjectSync may change its mind about foreign objects",
        (SOURCE, foreign, object_sync(A, B)),
        (edit(SYNC, {"spec": {"conflictPolicy": "Overwrite"}}),),
        copies={IN_A: {"data": {"k": "v", "mine": "1"}}},
        ours=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "not even Overwrite robs another controller of its object",
        (SOURCE, config_map(HOME, "owner-@"), object_sync(A, B, spec={"conflictPolicy": "Overwrite"})),
        (_controlled_by(config_map(A, "owner-@"), foreign),),
        copies={IN_A: mine, IN_B: DATA},
        in_sync={NAME: ("False", "Conflict")},
    )


def _controlled_by(owner: Object, controlled: Object) -> Step:
    """Replace the copy that is there by an object that another controller owns."""

    def step(stage: Stage) -> None:
        stage.create(owner)
        found = stage.find(owner)
        assert found
        reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"]}
        reference |= {"uid": found["metadata"]["uid"], "controller": True}
        stage.edit(object_sync(A), destinations(B))
        stage.delete(controlled)
        stage.create({**controlled, "metadata": {**controlled["metadata"], "ownerReferences": [reference]}})
        stage.edit(object_sync(A), destinations(A, B))

    return step


def _marks() -> Iterator[Scenario]:
    for what, patch in {
        "the slice label": {"labels": {SLICE_LABEL: None}},
        "its owner": {"ownerReferences": None},
        "all labels": {"labels": None},
        "all annotations": {"annotations": None},
    }.items():
        yield Scenario(
            f"a copy that lost {what} by hand is healed",
            (SOURCE, SYNC),
            (edit(COPY, {"metadata": patch}),),
            copies={IN_A: DATA},
            ours=(IN_A,),
            in_sync={NAME: SYNCED},
        )
    yield Scenario(
        "a copy that lost label and owner at once, which the engine does not notice, is healed with the next change",
        (SOURCE, SYNC),
        (together(edit(COPY, meta(labels={SLICE_LABEL: None}, ownerReferences=None)), edit(SOURCE, data(k="new"))),),
        copies={IN_A: {"data": {"k": "new"}}},
        ours=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a copy whose slice label was changed by hand is healed",
        (SOURCE, SYNC),
        (edit(COPY, meta(labels={SLICE_LABEL: "another-0"})),),
        copies={IN_A: DATA},
        ours=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "labels and annotations are put back on kinds with a generation, too",
        (
            network_policy(HOME, labels={"x": "1"}, annotations={"y": "1"}),
            object_sync(A, source=network_policy(HOME)),
        ),
        (edit(network_policy(A), meta(labels={"x": None}, annotations={"y": "2"})),),
        copies={IN_A: {"spec": network_policy(A)["spec"]}},
        in_sync={NAME: SYNCED},
        kind=("networking.k8s.io/v1", "NetworkPolicy"),
    )
    yield Scenario(
        "a copy of a copy, label and all, is claimed by its slice, which has no use for it",
        (SOURCE, SYNC),
        (_exported(COPY, config_map(B)),),
        copies={IN_A: DATA, IN_B: None},
        in_sync={NAME: SYNCED},
    )


def _exported(copy: Object, into: Object) -> Step:
    """Create in another namespace what `kubectl get -o yaml` shows of a copy, but for its owner."""

    def step(stage: Stage) -> None:
        found = stage.find(copy)
        assert found
        stage.create({**into, "metadata": {**into["metadata"], "labels": found["metadata"]["labels"]}})

    return step


def _unchangeable() -> Iterator[Scenario]:
    sealed = {**SOURCE, "immutable": True}
    yield Scenario(
        "a copy of an immutable ConfigMap is made anew when its source is",
        (sealed, SYNC),
        (replace({**config_map(HOME, data={"k": "new"}), "immutable": True}),),
        copies={IN_A: {"data": {"k": "new"}, "immutable": True}},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "an immutable copy is made anew when its source is immutable no more",
        (sealed, SYNC),
        (replace(config_map(HOME, data={"k": "new"})),),
        copies={IN_A: {"data": {"k": "new"}}},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a copy of a Secret is made anew when the type changes",
        (secret(HOME), object_sync(A, source=secret(HOME))),
        (replace(secret(HOME, type="example.com/other")),),
        copies={IN_A: {"type": "example.com/other", "data": {"k": "dg=="}}},
        in_sync={NAME: SYNCED},
        kind=("v1", "Secret"),
    )
    yield Scenario(
        "a copy of a RoleBinding is made anew when the role changes",
        (role_binding(HOME, "view"), object_sync(A, source=role_binding(HOME, "view"))),
        (replace(role_binding(HOME, "edit")),),
        copies={IN_A: {key: role_binding(A, "edit")[key] for key in ("roleRef", "subjects")}},
        in_sync={NAME: SYNCED},
        kind=("rbac.authorization.k8s.io/v1", "RoleBinding"),
    )
    # An engine that sees the source go deletes the copy: this one sees the new source only.
    replaced = together(engine(False), replace(quota(HOME, "NotBestEffort")), engine(True))
    yield Scenario(
        "other kinds are never deleted to change what cannot be changed",
        (quota(HOME), object_sync(A, source=quota(HOME))),
        (replaced,),
        copies={IN_A: {"spec": quota(A)["spec"]}},
        in_sync={NAME: ("False", "ImmutableField")},
        kind=("v1", "ResourceQuota"),
        exclusive=True,
    )
    yield Scenario(
        "a copy with an unchangeable field is made anew once somebody has deleted it",
        (quota(HOME), object_sync(A, source=quota(HOME))),
        (replaced, delete(quota(A))),
        copies={IN_A: {"spec": quota(A, "NotBestEffort")["spec"]}},
        in_sync={NAME: SYNCED},
        kind=("v1", "ResourceQuota"),
        exclusive=True,
    )


def _chains() -> Iterator[Scenario]:
    first = object_sync(A, name="a-@")
    yield Scenario(
        "a copy may be the source of another ObjectSync",
        (SOURCE, first, object_sync(B, name="b-@", source=COPY)),
        (edit(SOURCE, data(k="new")),),
        copies={IN_A: {"data": {"k": "new"}}, IN_B: {"data": {"k": "new"}}},
        in_sync={"a-@": SYNCED, "b-@": SYNCED},
    )
    yield Scenario(
        "a chain goes from its end when its source does",
        (SOURCE, first, object_sync(B, name="b-@", source=COPY)),
        (delete(SOURCE),),
        copies={IN_A: None, IN_B: None},
        in_sync={"a-@": ("False", "SourceNotFound"), "b-@": ("False", "SourceNotFound")},
    )
    yield Scenario(
        "a copy is not copied back onto its source",
        (SOURCE, first, object_sync(HOME, name="b-@", source=COPY)),
        copies={IN_HOME: DATA, IN_A: DATA},
        in_sync={"a-@": SYNCED, "b-@": ("False", "Loop")},
    )
    yield Scenario(
        "a circle over three ObjectSyncs is cut at the youngest",
        (
            SOURCE,
            first,
            object_sync(B, name="b-@", source=COPY),
            object_sync(HOME, name="c-@", source=config_map(B)),
        ),
        copies={IN_HOME: DATA, IN_A: DATA, IN_B: DATA},
        in_sync={"a-@": SYNCED, "b-@": SYNCED, "c-@": ("False", "Loop")},
    )
    yield Scenario(
        "a circle that is opened is a circle no more",
        (SOURCE, first, object_sync(HOME, name="b-@", source=COPY)),
        (edit(object_sync(A, name="b-@"), destinations(B)),),
        copies={IN_HOME: DATA, IN_A: DATA, IN_B: DATA},
        in_sync={"a-@": SYNCED, "b-@": SYNCED},
    )


def _kinds() -> Iterator[Scenario]:
    sync = object_sync(A, source=widget(HOME))
    crd_kind = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    yield Scenario(
        "objects of a custom kind are copied",
        (crd(), widget(HOME), sync),
        (edit(widget(HOME), {"spec": {"size": 2}}),),
        copies={IN_A: {"spec": {"size": 2}}},
        in_sync={NAME: SYNCED},
        kind=WIDGETS,
    )
    yield Scenario(
        "an ObjectSync whose CRD is missing comes to life with it",
        (sync,),
        (create(crd()), create(widget(HOME))),
        copies={IN_A: {"spec": {"size": 1}}},
        in_sync={NAME: SYNCED},
        kind=WIDGETS,
        also=(crd_kind,),
    )
    yield Scenario(
        "nothing is stuck when a CRD goes, and its ObjectSync says so",
        (crd(), widget(HOME), sync, SOURCE, object_sync(A, name="other-@")),
        (delete(crd()),),
        in_sync={NAME: ("False", "KindNotFound"), "other-@": SYNCED},
        ready={NAME: ("False", "KindNotFound")},
        kind=WIDGETS,
    )
    yield Scenario(
        "a CRD may go and come back",
        (crd(), widget(HOME), sync),
        (delete(crd()), together(create(crd()), create(widget(HOME, 2)))),
        copies={IN_A: {"spec": {"size": 2}}},
        in_sync={NAME: SYNCED},
        kind=WIDGETS,
    )
    yield Scenario(
        "the controller of a kind goes with the last ObjectSync of it",
        (
            crd(),
            widget(HOME),
            object_sync(A, name="a-@", source=widget(HOME)),
            object_sync(B, name="b-@", source=widget(HOME)),
        ),
        (delete(object_sync(name="a-@")), delete(object_sync(name="b-@"))),
        copies={IN_A: None, IN_B: None},
        kind=WIDGETS,
    )
    yield Scenario(
        "a version may be named that is not the preferred one, and two live side by side",
        (
            crd(versions=("v2", "v1beta1")),
            widget(HOME, version="v2"),
            object_sync(A, name="a-@", source=widget(HOME, version="v2")),
            object_sync(B, name="b-@", source=widget(HOME, version="v2"), version="v1beta1"),
        ),
        (edit(widget(HOME, version="v2"), {"spec": {"size": 2}}),),
        copies={IN_A: {"spec": {"size": 2}}, IN_B: {"spec": {"size": 2}}},
        in_sync={"a-@": SYNCED, "b-@": SYNCED},
        kind=(f"{GROUP}/v2", "Widget"),
    )
    yield Scenario(
        "a version that is not served is told",
        (crd(), widget(HOME), object_sync(A, source=widget(HOME), version="v7")),
        copies={IN_A: None},
        in_sync={NAME: ("False", "VersionNotServed")},
        kind=WIDGETS,
    )
    attachment = widget(HOME, kind="NetworkAttachmentDefinition")
    yield Scenario(
        "plurals by the rules of CRD authors are found",
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
    yield Scenario(
        "a plural that no rule finds can be named",
        (crd("Mouse", "mice"), mouse, object_sync(A, source=mouse)),
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
    for what, source in {
        "a built-in kind without namespaces": obj("rbac.authorization.k8s.io/v1", "ClusterRole", "", "view"),
        "a custom kind without namespaces": widget("", kind="Globe"),
    }.items():
        yield Scenario(
            f"{what} cannot be copied",
            (crd("Globe", "globes", scope="Cluster"), object_sync(A, source=source)),
            in_sync={NAME: ("False", "ClusterScopedKind")},
            ready={NAME: ("False", "ClusterScopedKind")},
        )
    lease = obj("coordination.k8s.io/v1", "Lease", HOME, spec={"holderIdentity": "x"})
    yield Scenario(
        "kinds that make no sense as copies are refused",
        (lease, object_sync(A, source=lease)),
        copies={IN_A: None},
        in_sync={NAME: ("False", "SourceNotCopyable")},
        kind=("coordination.k8s.io/v1", "Lease"),
    )
    yield Scenario(
        "a bad ObjectSync does no harm to a good one",
        (
            SOURCE,
            SYNC,
            object_sync(A, name="bad-1-@", kind="Nothing"),
            object_sync(A, name="bad-2-@", source=widget(HOME)),
        ),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED, "bad-1-@": ("False", "KindNotFound"), "bad-2-@": ("False", "KindNotFound")},
    )


def _policies() -> Iterator[Scenario]:
    for reason, step in {
        "NotWatched": policy(watchNamespaces=[A]),
        "SourceNotAllowed": policy(sourceNamespaces=[A]),
        "KindNotAllowed": policy(allowedResources=[{"apiGroups": [""], "resources": ["secrets"]}]),
    }.items():
        yield Scenario(
            f"what the SyncPolicy does not permit is taken away: {reason}",
            (SOURCE, object_sync(A, B)),
            (step,),
            copies={IN_A: None, IN_B: None},
            in_sync={NAME: ("False", reason)},
            ready={NAME: ("False", reason)},
            exclusive=True,
        )
    yield Scenario(
        "what the SyncPolicy permits again returns",
        (SOURCE, object_sync(A, B)),
        (policy(allowedResources=[{"apiGroups": ["batch"], "resources": ["jobs"]}]), policy(allowedResources=[])),
        copies={IN_A: DATA, IN_B: DATA},
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "a named namespace that is no target is told",
        (SOURCE, object_sync(A, B)),
        (policy(targetNamespaces=[A]),),
        copies={IN_A: DATA, IN_B: None},
        in_sync={NAME: ("False", "TargetNotAllowed")},
        exclusive=True,
    )
    yield Scenario(
        "a wildcard means the target namespaces",
        (SOURCE, object_sync("*")),
        (policy(targetNamespaces=[A]),),
        copies={IN_A: DATA, IN_B: None},
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "without the guard nothing is planned, and what is there stays",
        (SOURCE, object_sync(A)),
        (guard(False), edit(SYNC, destinations(A, B)), guard(True)),
        copies={IN_A: DATA, IN_B: DATA},
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "a missing guard is told",
        (SOURCE, object_sync(A)),
        (guard(False),),
        copies={IN_A: DATA},
        in_sync={NAME: ("False", "GuardMissing")},
        exclusive=True,
    )
    yield Scenario(
        "without the guard no copy is created where something may stand",
        (SOURCE, object_sync(A)),
        (guard(False), delete(config_map(A)), create(config_map(A, data={"mine": "1"}))),
        copies={IN_A: {"data": {"mine": "1"}}},
        in_sync={NAME: ("False", "GuardMissing")},
        exclusive=True,
    )
    yield Scenario(
        "a copy that was deleted while the guard was missing comes back with it",
        (SOURCE, object_sync(A)),
        (guard(False), delete(config_map(A)), guard(True)),
        copies={IN_A: DATA},
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "a SyncPolicy that wants no guard takes foreign objects over",
        (SOURCE,),
        (
            together(policy(guard="None"), guard(False)),
            create(config_map(A, data={"mine": "1"}), object_sync(A)),
        ),
        copies={IN_A: {"data": {"k": "v", "mine": "1"}}},
        ours=(IN_A,),
        in_sync={NAME: SYNCED},
        also=(OBJECT_SYNC,),
        exclusive=True,
    )


def _outages() -> Iterator[Scenario]:
    changes = (
        edit(SOURCE, data(k="new")),
        edit(config_map(A), data(k="hacked")),
        delete(config_map(B)),
        create(namespace(C)),
    )
    for what, down, up in (
        ("engine", engine(False), engine(True)),
        ("hook server", hooks(False), hooks(True)),
    ):
        yield Scenario(
            f"what changes while the {what} is away is made up for",
            (SOURCE, object_sync("*")),
            (down, together(*changes), up),
            copies={IN_A: {"data": {"k": "new"}}, IN_B: {"data": {"k": "new"}}, IN_C: {"data": {"k": "new"}}},
            in_sync={NAME: SYNCED},
            exclusive=True,
        )
        yield Scenario(
            f"what is deleted while the {what} is away is gone once it is back",
            (SOURCE, SYNC, secret(HOME), object_sync(B, name="other-@", source=secret(HOME))),
            (down, together(delete(SYNC), delete(secret(HOME)), delete(namespace(B))), up),
            copies={IN_A: None, IN_B: None},
            in_sync={"other-@": ("False", "SourceNotFound")},
            exclusive=True,
        )


def _deletion_orders() -> Iterator[Scenario]:
    yield Scenario(
        "the namespace of source and ObjectSync may go",
        (SOURCE, object_sync(A, B)),
        (delete(namespace(HOME)),),
        copies={IN_A: None, IN_B: None},
        ends_namespaces=True,
    )
    yield Scenario(
        "source and ObjectSync may go at once",
        (SOURCE, object_sync(A, B)),
        (together(delete(SOURCE), delete(SYNC)),),
        copies={IN_A: None, IN_B: None},
    )
    yield Scenario(
        "an ObjectSync goes though a finalizer holds its copy, which goes when it is let go",
        (SOURCE, SYNC),
        (hold(COPY), delete(SYNC), release(COPY)),
        copies={IN_A: None},
    )
    yield Scenario(
        "an ObjectSync and its destination may go at once",
        (SOURCE, object_sync(A, B)),
        (together(delete(namespace(A)), delete(SYNC)),),
        copies={IN_A: None, IN_B: None},
        ends_namespaces=True,
    )
    yield Scenario(
        "an ObjectSync may be made anew",
        (SOURCE, SYNC),
        (delete(SYNC), create(object_sync(B))),
        copies={IN_A: None, IN_B: DATA},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "an ObjectSync goes with the CRD of its kind, in either order",
        (crd(), widget(HOME), object_sync(A, source=widget(HOME))),
        (together(delete(crd()), delete(SYNC)),),
        kind=WIDGETS,
    )
