"""Fields that cannot be changed: harmless kinds are created anew, others are reported and never deleted."""

from collections.abc import Iterator

from scenarios.objects import (
    COPY,
    SOURCE,
    SYNC,
    body_of,
    config_map,
    data,
    object_sync,
    quota,
    role_binding,
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
    Scenario,
    delete,
    edit,
    replace,
    unseen,
)


def scenarios() -> Iterator[Scenario]:
    """Yield the scenarios."""
    new = config_map(HOME, data={"k": "new"})
    for what, source, successor in (
        ("an immutable ConfigMap", {**SOURCE, "immutable": True}, {**new, "immutable": True}),
        ("a ConfigMap that is immutable no more", {**SOURCE, "immutable": True}, new),
        ("an immutable Secret", secret(HOME, immutable=True), secret(HOME, data={"k": "bmV3"}, immutable=True)),
        ("a Secret with another type", secret(HOME), secret(HOME, type="example.com/other")),
        ("a RoleBinding with another role", role_binding(HOME, "view"), role_binding(HOME, "edit")),
    ):
        # An engine that sees the source deleted deletes the copies: this one sees the new source only.
        yield Scenario(
            f"copies of {what} are created anew",
            (source, object_sync(A, to(B, strategy="replace"), source=source)),
            (unseen(replace(successor)),),
            copies={IN_A: body_of(successor), IN_B: body_of(successor)},
            in_sync={NAME: SYNCED},
            kind=(source["apiVersion"], source["kind"]),
            exclusive=True,
        )
    yield Scenario(
        "a copy that somebody makes immutable is created anew, as often as that happens",
        (SOURCE, SYNC),
        (edit(COPY, {**data(k="wrong"), "immutable": True}),) * 5,
        copies={IN_A: {"data": {"k": "v"}}},
        in_sync={NAME: SYNCED},
    )
    unchangeable = unseen(replace(quota(HOME, "NotBestEffort")))
    yield Scenario(
        "copies of other kinds are not deleted where a field cannot be changed, which is reported",
        (quota(HOME), object_sync(A, source=quota(HOME))),
        (unchangeable,),
        copies={IN_A: body_of(quota(A))},
        kept=(IN_A,),
        in_sync={NAME: ("False", "ImmutableField")},
        says={NAME: ("/spec/scopes",)},
        kind=("v1", "ResourceQuota"),
        exclusive=True,
    )
    yield Scenario(
        "a copy with a field that cannot be changed is created anew once somebody has deleted it",
        (quota(HOME), object_sync(A, source=quota(HOME))),
        (unchangeable, delete(quota(A))),
        copies={IN_A: body_of(quota(A, "NotBestEffort"))},
        in_sync={NAME: SYNCED},
        kind=("v1", "ResourceQuota"),
        exclusive=True,
    )
