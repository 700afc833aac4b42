"""The guard of histories answers as the API server does: the tables of tests/attacks, in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from attacks import test_marks
from guarded import config_map
from memcluster import ApiError, Cluster
from object_syncer.kube import api
from simulation.guard import Guard

TRUSTED = ("admin", "controller", "manager", "velero")


def rows(test: Callable[..., None]) -> pytest.MarkDecorator:
    """Return the table of a test, for another one."""
    (mark,) = test.pytestmark  # type: ignore[attr-defined]
    table: pytest.MarkDecorator = pytest.mark.parametrize(*mark.args, **mark.kwargs)
    return table


def world() -> Cluster:
    cluster = Cluster(("default",))
    cluster.admission.append(Guard(TRUSTED))
    return cluster


def user_of(case: Any) -> str:
    return api.ENGINE_USER if case.by == "engine" else case.by


@rows(test_marks.test_an_object_is_created)
def test_an_object_is_created(case: test_marks.Creation) -> None:
    made = config_map("default", "settings", **case.metadata)
    if not case.says:
        world().create(made, user=user_of(case))
    else:
        with pytest.raises(ApiError, match=case.says):
            world().create(made, user=user_of(case))


@rows(test_marks.test_an_object_is_edited)
def test_an_object_is_edited(case: test_marks.Edit) -> None:
    cluster = world()
    cluster.create(config_map("default", "settings", **case.old))
    where = ("v1", "ConfigMap", "settings", case.patch, "default")
    if not case.says:
        cluster.patch(*where, user=user_of(case))
    else:
        with pytest.raises(ApiError, match=case.says):
            cluster.patch(*where, user=user_of(case))


def test_who_may_not_read_a_source_neither_creates_nor_changes_an_object_sync_of_it() -> None:
    guard = Guard((), may_read=lambda user, namespace: namespace == user)
    reference = {"group": "", "kind": "ConfigMap", "name": "s", "namespace": "b"}
    metadata = {"namespace": "a", "name": "o"}
    sync: dict[str, Any] = {"kind": "ObjectSync", "metadata": metadata, "spec": {"source": reference}}
    annotated = {**sync, "metadata": {**metadata, "annotations": {"x": "1"}}}
    changed = {**sync, "spec": {"source": reference, "destinations": []}}
    assert guard("CREATE", "a", None, sync)
    assert guard("UPDATE", "a", sync, changed)
    assert guard("UPDATE", "a", sync, annotated) is None
    assert guard("CREATE", "b", None, sync) is None
