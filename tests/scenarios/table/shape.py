"""What an ObjectSync lets be different in its copies: labels, annotations, data, and anything by patches."""

from collections.abc import Iterator

from scenarios.objects import (
    DATA,
    SOURCE,
    body_of,
    config_map,
    data,
    destinations,
    meta,
    namespace,
    network_policy,
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

SECRET = ("v1", "Secret")
TRACKED = {
    "app": "web",
    "argocd.argoproj.io/secret-type": "repository",
    "argocd.argoproj.io/instance": "infra",
    "helm.sh/chart": "infra-1.0",
}


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    yield from _metadata()
    yield from _data()
    yield from _patches()
    yield from _by_destination()
    yield from _permission()


def copy(**fields: Object | list[Object] | None) -> Object:
    """Return a patch of an ObjectSync's `copy`."""
    return {"spec": {"copy": fields}}


def shaped(*destinations: str | Object, source: Object = SOURCE, name: str = NAME, **fields: object) -> Object:
    """Return an ObjectSync with a `copy`."""
    return object_sync(*destinations, source=source, name=name, spec={"copy": fields})


def _metadata() -> Iterator[Scenario]:
    repository = secret(HOME, metadata={"namespace": HOME, "name": NAME, "labels": TRACKED})
    yield Scenario(
        "a copied Argo CD repository Secret is one still, without what tracks its source (reflector#257, mittwald#189)",
        (repository, object_sync(A, source=repository)),
        copies={IN_A: {**body_of(secret(A)), "labels": {
            "app": "web", "argocd.argoproj.io/secret-type": "repository"}}},
        in_sync={NAME: SYNCED},
        kind=SECRET,
    )  # fmt: skip
    labelled = config_map(HOME, labels=TRACKED, annotations={"note": "n", "kept.example.com/x": "1"})
    sync = shaped(
        A,
        source=labelled,
        labels={"include": ["*", "helm.sh/chart"], "exclude": ["argocd.argoproj.io/*"], "set": {"from": "home"}},
        annotations={"include": ["kept.example.com/*"]},
    )
    wanted: Object = {
        **DATA,
        "labels": {"app": "web", "helm.sh/chart": "infra-1.0", "from": "home"},
        "annotations": {"kept.example.com/x": "1"},
    }
    yield Scenario(
        "labels and annotations are included, excluded and set",
        (labelled, sync),
        copies={IN_A: wanted},
        ours={IN_A: f"{HOME}/{NAME}"},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "labels and annotations that are set are put back",
        (labelled, sync),
        (
            edit(
                config_map(A), meta(labels={"from": "elsewhere", "app": None}, annotations={"kept.example.com/x": "2"})
            ),
        ),
        copies={IN_A: wanted},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "copies change in place with what their ObjectSync asks for",
        (labelled, object_sync(A, source=labelled)),
        (
            edit(sync, copy(labels={"exclude": ["*"], "set": {"one": "1"}})),
            edit(sync, copy(labels={"set": {"one": None, "two": "2"}}, annotations={"exclude": ["*"]})),
        ),
        copies={IN_A: {**DATA, "labels": {"two": "2"}, "annotations": {}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )


def _data() -> Iterator[Scenario]:
    source = config_map(HOME, data={"a": "1", "b": "2", "c.crt": "3"})
    yield Scenario(
        "keys are chosen and renamed (reflector#396)",
        (source, shaped(A, source=source, data={"exclude": ["b"], "rename": {"a": "x"}})),
        (edit(source, data(a="new", d="4")),),
        copies={IN_A: {"data": {"x": "new", "c.crt": "3", "d": "4"}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    sync = object_sync(A, source=source)
    yield Scenario(
        "a key that is no longer copied is removed, under its new name too",
        (source, sync),
        (edit(sync, copy(data={"rename": {"a": "x"}})), edit(sync, copy(data={"rename": None, "include": ["b"]}))),
        copies={IN_A: {"data": {"b": "2"}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    renamed = shaped(A, source=source, data={"rename": {"a": "d"}})
    yield Scenario(
        "two keys that come to one name are refused, the copy stays as it is and none is created",
        (source, renamed),
        (edit(source, data(b="new", d="4")), edit(renamed, destinations(A, B)), edit(config_map(A), data(b="edited"))),
        copies={IN_A: {"data": {"d": "1", "b": "edited", "c.crt": "3"}}, IN_B: None},
        kept=(IN_A,),
        in_sync={NAME: ("False", "KeyCollision")},
        says={NAME: ("0 out of 2", "a and d of the source would both be d")},
        states={IN_A: ("Failed", "KeyCollision"), IN_B: ("Failed", "KeyCollision")},
    )
    yield Scenario(
        "copies follow again once keys no longer come to one name",
        (source, renamed),
        (edit(source, data(b="new", d="4")), edit(source, data(d=None))),
        copies={IN_A: {"data": {"d": "1", "b": "new", "c.crt": "3"}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    pair = {"tls.crt": "Yw==", "tls.key": "aw==", "ca.crt": "YQ=="}
    tls = secret(HOME, type="kubernetes.io/tls", data=pair)
    whole = shaped(A, source=tls, data={"exclude": ["ca.crt"]})
    yield Scenario(
        "a kubernetes.io/tls Secret without one of its keys is refused, and the copy stays as it is",
        (tls, whole),
        (edit(whole, copy(data={"exclude": ["tls.key"]})),),
        copies={IN_A: {"type": "kubernetes.io/tls", "data": {"tls.crt": "Yw==", "tls.key": "aw=="}}},
        kept=(IN_A,),
        in_sync={NAME: ("False", "RequiredKeyMissing")},
        says={NAME: ("a Secret of type kubernetes.io/tls must have tls.key",)},
        kind=SECRET,
    )


def _patches() -> Iterator[Scenario]:
    source = config_map(HOME, data={"a": "1", "b": "2"}, labels={"app": "web"})
    add = {"op": "add", "path": "/data/x", "value": "patched"}
    both = shaped(
        A,
        source=source,
        labels={"set": {"one": "1"}},
        data={"rename": {"a": "renamed"}},
        patches=[
            add,
            {"op": "test", "path": "/data/renamed", "value": "1"},
            {"op": "move", "from": "/metadata/labels/one", "path": "/metadata/annotations/example.com~1one"},
        ],
    )
    wanted: Object = {
        "data": {"renamed": "1", "b": "2", "x": "patched"},
        "labels": {"app": "web"},
        "annotations": {"example.com/one": "1"},
    }
    yield Scenario(
        "patches are applied to what is chosen and set, and put back",
        (source, both),
        (edit(config_map(A), {**data(x=None), **meta(annotations={"example.com/one": "2"})}),),
        copies={IN_A: wanted},
        ours={IN_A: f"{HOME}/{NAME}"},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "what was patched in goes with its patch",
        (source, both),
        (edit(both, copy(patches=None, labels=None, data=None)),),
        copies={IN_A: {"data": {"a": "1", "b": "2"}, "labels": {"app": "web"}, "annotations": {}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    failing = {"op": "replace", "path": "/data/gone", "value": "x"}
    patched = shaped(A, source=source, patches=[add])
    yield Scenario(
        "where a patch fails the copy stays as it is, never half patched and never deleted, and none is created",
        (source, patched),
        (
            edit(patched, copy(patches=[{"op": "remove", "path": "/data/a"}, failing])),
            edit(source, data(a="new")),
            edit(config_map(A), {**data(b="edited", foreign="1"), **meta(labels={"app": "edited"})}),
            edit(patched, destinations(A, B)),
        ),
        copies={
            IN_A: {"data": {"a": "1", "b": "edited", "x": "patched", "foreign": "1"}, "labels": {"app": "edited"}},
            IN_B: None,
        },
        ours={IN_A: f"{HOME}/{NAME}"},
        kept=(IN_A,),
        in_sync={NAME: ("False", "PatchFailed")},
        says={NAME: ("0 out of 2", "copy.patches[1] (replace /data/gone): ")},
        states={IN_A: ("Failed", "PatchFailed"), IN_B: ("Failed", "PatchFailed")},
    )
    yield Scenario(
        "a copy whose patch failed follows its source again once the patch can be applied",
        (source, patched),
        (edit(patched, copy(patches=[failing])), edit(source, data(gone="here", a="new"))),
        copies={IN_A: {"data": {"a": "new", "b": "2", "gone": "x"}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    one = {"op": "test", "path": "/metadata/namespace", "value": A}
    yield Scenario(
        "a patch that fails at one destination concerns that one alone",
        (source, shaped(A, B, source=source, patches=[one, add])),
        copies={IN_A: {"data": {"a": "1", "b": "2", "x": "patched"}}, IN_B: None},
        in_sync={NAME: ("False", "PatchFailed")},
        says={NAME: ("1 out of 2", f"{IN_B}: copy.patches[0] (test /metadata/namespace)")},
        states={IN_A: ("Synced", ""), IN_B: ("Failed", "PatchFailed")},
    )
    hidden = secret(HOME)
    yield Scenario(
        "a patch of a Secret that fails shows no value",
        (hidden, shaped(A, source=hidden, patches=[{"op": "test", "path": "/data/k", "value": "c2VjcmV0"}])),
        copies={IN_A: None},
        in_sync={NAME: ("False", "PatchFailed")},
        says={NAME: ("copy.patches[0] (test /data/k): the copy has another value there, or none",)},
        kind=SECRET,
    )
    for path in ("/metadata/name", "/metadata/ownerReferences", "/metadata/labels/sync.rustrial.org~1slice", "/kind"):
        yield Scenario(
            f"no patch changes {path}",
            (SOURCE, object_sync(A)),
            (edit(object_sync(A), copy(patches=[add, {"op": "remove", "path": path}])),),
            copies={IN_A: {**DATA, "labels": {}}},
            ours={IN_A: f"{HOME}/{NAME}"},
            kept=(IN_A,),
            in_sync={NAME: ("False", "PatchFailed")},
            says={NAME: (f"copy.patches[1] (remove {path})",)},
        )
    policy_ = network_policy(HOME)
    yield Scenario(
        "copies of a kind with a generation are patched, and stay as they are where a patch fails",
        (policy_, shaped(A, source=policy_, patches=[
            {"op": "replace", "path": "/spec/podSelector/matchLabels/app", "value": "y"},
            {"op": "add", "path": "/metadata/labels/patched", "value": "1"}])),
        (
            edit(network_policy(A), meta(labels={"patched": "2"})),
            edit(object_sync(A), copy(patches=[{"op": "remove", "path": "/spec/gone"}])),
            edit(network_policy(A), {**meta(labels={"patched": "3"}), "spec": {"podSelector": {"matchLabels": {
                "app": "edited"}}}}),
        ),
        copies={IN_A: {"spec": {"podSelector": {"matchLabels": {"app": "edited"}}, "policyTypes": ["Ingress"]},
                       "labels": {"patched": "3"}}},
        kept=(IN_A,),
        in_sync={NAME: ("False", "PatchFailed")},
        kind=("networking.k8s.io/v1", "NetworkPolicy"),
    )  # fmt: skip
    labelled = {
        "op": "add",
        "path": "/data/x",
        "value": "{source.name} in {destination.namespace}: {destination.labels.tier}",
    }
    tier = shaped(A, B, source=source, patches=[labelled])
    yield Scenario(
        "patches may hold variables, and follow the labels of namespaces (kyverno#8025)",
        (source, tier),
        (edit(namespace(A), meta(labels={"tier": "web"})), edit(namespace(A), meta(labels={"tier": "db"}))),
        copies={IN_A: {"data": {"a": "1", "b": "2", "x": f"{NAME} in {A}: db"}}, IN_B: None},
        in_sync={NAME: ("False", "PatchFailed")},
        says={NAME: ("1 out of 2", f"copy.patches[0] (add /data/x): namespace {B} has no label tier")},
        states={IN_A: ("Synced", ""), IN_B: ("Failed", "PatchFailed")},
    )
    yield Scenario(
        "a copy whose namespace loses the label that a patch needs stays as it is",
        (source, tier),
        (edit(namespace(A), meta(labels={"tier": "web"})), edit(namespace(A), meta(labels={"tier": None}))),
        copies={IN_A: {"data": {"a": "1", "b": "2", "x": f"{NAME} in {A}: web"}}, IN_B: None},
        in_sync={NAME: ("False", "PatchFailed")},
    )


def _by_destination() -> Iterator[Scenario]:
    common: Object = {"labels": {"set": {"common": "1"}}}
    sync = object_sync(
        A,
        {**to(B), "copy": {"data": {"rename": {"k": "renamed"}}}},
        {**to(A, "plain-@"), "copy": {}},
        spec={"copy": common},
    )
    yield Scenario(
        "a destination whose copies look otherwise has its own rules instead of the common ones",
        (SOURCE, sync),
        copies={
            IN_A: {**DATA, "labels": {"common": "1"}},
            IN_B: {"data": {"renamed": "v"}, "labels": {}},
            f"{A}/plain-@": {**DATA, "labels": {}},
        },
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "of a namespace that is named and a wildcard the named one decides what the copy looks like",
        (SOURCE, object_sync({**to("*", "wild-@"), "copy": common}, {**to(A, "wild-@"), "copy": {}}, name="wild-@")),
        copies={f"{A}/wild-@": {**DATA, "labels": {}}, f"{B}/wild-@": {**DATA, "labels": {"common": "1"}}},
        in_sync={"wild-@": SYNCED},
    )
    yield Scenario(
        "copies change in place when their destination gets rules of its own",
        (SOURCE, object_sync(A, B, spec={"copy": common})),
        (
            edit(SOURCE, data(k="new")),
            edit(sync, destinations(A, {**to(B), "copy": {"labels": {"set": {"own": "1"}}}})),
        ),
        copies={
            IN_A: {"data": {"k": "new"}, "labels": {"common": "1"}},
            IN_B: {"data": {"k": "new"}, "labels": {"own": "1"}},
        },
        kept=(IN_A, IN_B),
        in_sync={NAME: SYNCED},
    )


def _permission() -> Iterator[Scenario]:
    sync = shaped(A, labels={"set": {"one": "1"}})
    refused = ("False", "TransformNotAllowed")
    yield Scenario(
        "an ObjectSync that asks for more than its SyncPolicy permits gets no copies",
        (SOURCE,),
        (policy(transforms=["metadata", "data"]), create(sync)),
        copies={IN_A: None},
        in_sync={NAME: refused},
        ready={NAME: refused},
        says={NAME: ("spec.copy.labels.set: set is not in transforms of SyncPolicy default",)},
        also=(("sync.rustrial.org/v1alpha1", "ObjectSync"),),
        exclusive=True,
    )
    yield Scenario(
        "a transform that is no longer permitted leaves copies as they are, and none is created",
        (SOURCE, sync),
        (policy(transforms=None), edit(sync, destinations(A, B))),
        copies={IN_A: {**DATA, "labels": {"one": "1"}}, IN_B: None},
        kept=(IN_A,),
        in_sync={NAME: refused},
        exclusive=True,
    )
    yield Scenario(
        "a transform that is permitted again is used again",
        (SOURCE, sync),
        (policy(transforms=[]), edit(sync, destinations(A, B)), policy(transforms=["set"])),
        copies={IN_A: {**DATA, "labels": {"one": "1"}}, IN_B: {**DATA, "labels": {"one": "1"}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        exclusive=True,
    )
    yield Scenario(
        "an ObjectSync whose transforms are not permitted can be deleted",
        (SOURCE, sync),
        (policy(transforms=[]), lambda stage: stage.delete(sync)),
        copies={IN_A: None},
        exclusive=True,
    )
    yield Scenario(
        "leaving out is permitted by default",
        (config_map(HOME, labels=TRACKED),),
        (policy(transforms=None), create(shaped(A, B, to(HOME, "renamed-@"), labels={"exclude": ["argocd*"]}))),
        copies={IN_A: {**DATA, "labels": {"app": "web"}}, IN_B: DATA},
        in_sync={NAME: SYNCED},
        also=(("sync.rustrial.org/v1alpha1", "ObjectSync"),),
        exclusive=True,
    )
