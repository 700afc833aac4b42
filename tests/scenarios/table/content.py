"""What is in a copy: the strategies apply and replace, lists, and fields of others."""

from collections.abc import Iterator

from scenarios.objects import (
    COPY,
    DATA,
    GROUP,
    SOURCE,
    SYNC,
    WIDGETS,
    config_map,
    crd,
    data,
    destinations,
    meta,
    obj,
    object_sync,
    role_binding,
    secret,
    to,
    widget,
)
from scenarios.scenario import HOME, IN_A, IN_B, NAME, SYNCED, A, B, Scenario, edit

REPLACE = to(A, strategy="replace")


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    foreign = {**data(foreign="1"), **meta(labels={"foreign": "1"}, annotations={"foreign": "1"})}
    kept = {
        "data": {"k": "v", "foreign": "1"}, "labels": {"foreign": "1"}, "annotations": {"foreign": "1"}
    }  # fmt: skip
    yield Scenario(
        "under apply, which is the default, keys that others add to a copy stay",
        (SOURCE, object_sync(to(A, strategy="apply"), B)),
        (edit(COPY, {**foreign, **data(foreign="1", k="hacked")}), edit(config_map(B), foreign)),
        copies={IN_A: kept, IN_B: kept},
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "under replace, keys that others add to a copy are removed, and the copy is not deleted for that",
        (SOURCE, object_sync(REPLACE)),
        (edit(COPY, foreign),),
        copies={IN_A: {**DATA, "labels": {}, "annotations": {}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "under replace, keys that others add to a Secret are removed",
        (secret(HOME), object_sync(REPLACE, source=secret(HOME))),
        (edit(secret(A), {"data": {"foreign": "eA==", "empty": ""}}),),
        copies={IN_A: {"type": "Opaque", "data": {"k": "dg=="}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        kind=("v1", "Secret"),
    )
    yield Scenario(
        "a strategy that becomes replace removes what others have added before",
        (SOURCE, SYNC),
        (edit(COPY, foreign), edit(SYNC, destinations(REPLACE))),
        copies={IN_A: {**DATA, "labels": {}, "annotations": {}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
    )
    yield Scenario(
        "a strategy that becomes apply leaves what others add after that",
        (SOURCE, object_sync(REPLACE)),
        (edit(SYNC, destinations(to(A, strategy="apply"))), edit(COPY, foreign)),
        copies={IN_A: kept},
        in_sync={NAME: SYNCED},
    )
    changed = edit(widget(A), {"spec": {"foreign": {"deep": 1}}})
    yield Scenario(
        "under replace, fields of others that cannot be removed are reported, and the copy is not deleted for them",
        (crd(), widget(HOME), object_sync(REPLACE, source=widget(HOME))),
        (changed,),
        copies={IN_A: {"spec": {"size": 1, "foreign": {"deep": 1}}}},
        kept=(IN_A,),
        in_sync={NAME: ("False", "ForeignFields")},
        says={NAME: ("/spec/foreign",)},
        kind=WIDGETS,
    )
    yield Scenario(
        "under replace, a copy is in sync when others have removed their fields",
        (crd(), widget(HOME), object_sync(REPLACE, source=widget(HOME))),
        (changed, edit(widget(A), {"spec": {"foreign": None}})),
        copies={IN_A: {"spec": {"size": 1}}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        kind=WIDGETS,
    )
    binding, subjects = role_binding(HOME), role_binding(HOME)["subjects"]
    yield Scenario(
        "an item that somebody adds to a list is removed",
        (binding, object_sync(A, source=binding)),
        (edit(role_binding(A), {"subjects": [*subjects, {**subjects[0], "name": "intruder"}]}),),
        copies={IN_A: {key: binding[key] for key in ("roleRef", "subjects")}},
        kept=(IN_A,),
        in_sync={NAME: SYNCED},
        kind=("rbac.authorization.k8s.io/v1", "RoleBinding"),
    )
    for strategy in ("apply", "replace"):
        nested = obj(
            f"{GROUP}/v1", "Widget", HOME, spec={"kept": {"a": 1, "b": 2}, "dropped": {"c": 3}, "list": [1, 2, 3]}
        )
        yield Scenario(
            f"under {strategy}, fields that the source drops are removed at any depth",
            (crd(), nested, object_sync(to(A, strategy=strategy), source=nested)),
            (edit(nested, {"spec": {"kept": {"b": None}, "dropped": None, "list": [3]}}),),
            copies={IN_A: {"spec": {"kept": {"a": 1}, "list": [3]}}},
            kept=(IN_A,),
            in_sync={NAME: SYNCED},
            kind=WIDGETS,
        )
