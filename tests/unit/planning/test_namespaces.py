"""What the cluster's namespaces say: their labels, and of whom they want copies."""

import pytest

from object_syncer.kube.selectors import names
from object_syncer.planning import namespaces
from unit.objects import namespace, terminating
from unit.planning.plans import everywhere

EXCLUDE = "sync.rustrial.org/exclude"
FOUND = namespaces.read(
    {
        obj["metadata"]["name"]: obj
        for obj in (
            namespace("a", tier="web"),
            namespace("b", tier="web", **{EXCLUDE: "true"}),
            namespace("c", exclude="team/share, other/one,,"),
            terminating(namespace("dying", tier="web")),
        )
    }
)


def test_globs_and_selectors_mean_living_namespaces() -> None:
    assert FOUND.like("*") == FOUND.like("") == {"a", "b", "c"}
    assert FOUND.like("[!a]") == {"b", "c"}
    assert FOUND.selected({"matchLabels": {"tier": "web"}}) == {"a", "b"}
    assert FOUND.selected({}) == {"a", "b", "c"}


def test_every_namespace_that_exists_has_its_labels() -> None:
    assert FOUND.labels_of("nowhere") == {}
    assert FOUND.labels_of("a") == FOUND.labels_of("dying") == {"tier": "web"}


@pytest.mark.parametrize(
    ("object_sync", "refusing"),
    [("team/share", {"b", "c"}), ("other/one", {"b", "c"}), ("team/other", {"b"}), ("", {"b"})],
)
def test_which_namespaces_want_no_copies_of_an_objectsync(object_sync: str, refusing: set[str]) -> None:
    assert FOUND.refuse(object_sync) == refusing


def test_copies_go_where_the_policy_s_list_and_selector_and_the_namespaces_themselves_permit_it() -> None:
    def where(listed: list[str], tier: str = "", object_sync: str = "team/other") -> set[str]:
        selector = {"matchLabels": {"tier": tier}} if tier else None
        return set(namespaces.targets(FOUND, names(listed), selector, object_sync).open)

    assert where(["*"]) == {"a", "c"}
    assert where(["*"], object_sync="team/share") == {"a"}
    assert where(["c", "b"]) == {"c"}
    assert where(["*"], "web") == {"a"}
    assert where(["c"], "web") == set()
    assert everywhere(FOUND).open == {"a", "c"}
