"""A copy is made from a whitelist: what is not named here does not travel."""

import copy

from object_syncer.copying.template import ancestors, template
from object_syncer.kube.meta import Json
from unit.objects import config_map, live


def full_source() -> Json:
    """Return a source with all that the API server, controllers and tools write into metadata."""
    source = config_map(
        binaryData={"b": "AA=="},
        immutable=True,
        status={"any": "thing"},
    )
    source["metadata"] |= {
        "uid": "u",
        "resourceVersion": "5",
        "generation": 4,
        "generateName": "settings-",
        "selfLink": "/api/v1/namespaces/team/configmaps/settings",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": 0,
        "managedFields": [{"manager": "kubectl"}],
        "ownerReferences": [{"kind": "Owner", "name": "o", "uid": "1", "apiVersion": "v1"}],
        "finalizers": ["sync.rustrial.org/rustrial-object-syncer"],
        "labels": {"app": "a", "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "c"},
        "annotations": {"note": "n", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
        "a-field-of-the-future": 1,
    }
    return source


def test_a_copy_has_the_body_without_status_and_the_metadata_that_travels() -> None:
    assert template(full_source(), "slice-0").at("a", "other") == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "data": {"k": "v"},
        "binaryData": {"b": "AA=="},
        "immutable": True,
        "metadata": {
            "namespace": "a",
            "name": "other",
            "labels": {
                "app": "a",
                "app.kubernetes.io/managed-by": "rustrial-object-syncer",
                "sync.rustrial.org/slice": "slice-0",
            },
            "annotations": {"note": "n", "sync.rustrial.org/source-object": "team/settings"},
        },
    }


def test_the_marks_of_a_copy_do_not_travel_to_copies_of_it() -> None:
    first = template(config_map(), "slice-0").at("a", "settings")
    second = template(first, "slice-1").at("b", "settings")
    assert second["metadata"]["labels"]["sync.rustrial.org/slice"] == "slice-1"
    assert second["metadata"]["annotations"] == {"sync.rustrial.org/source-object": "a/settings"}


def test_the_source_is_not_changed() -> None:
    service = live(
        {"apiVersion": "v1", "kind": "Service", "spec": {"clusterIP": "10.0.0.1", "ports": [{"nodePort": 30000}]}},
        "team",
        "web",
    )
    before = copy.deepcopy(service)
    template(service, "slice-0").at("a", "web")
    assert service == before


def test_the_metadata_of_one_copy_is_not_that_of_another() -> None:
    shape = template(config_map(), "slice-0")
    one = shape.at("a", "x")
    one["metadata"]["labels"]["changed"] = "1"
    one["metadata"]["annotations"]["changed"] = "1"
    one["data"] = {}
    assert shape.at("a", "x") == template(config_map(), "slice-0").at("a", "x")


def test_the_rules_of_the_kind_are_applied() -> None:
    service = live({"apiVersion": "v1", "kind": "Service", "spec": {"clusterIP": "10.0.0.1"}}, "team", "web")
    assert template(service, "s").at("a", "web")["spec"] == {}


def test_a_kind_of_another_group_has_no_rules_of_a_namesake() -> None:
    knative = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "spec": {"clusterIP": "x"}}
    assert template(live(knative, "team", "web"), "s").at("a", "web")["spec"] == {"clusterIP": "x"}


def copied(source: Json, namespace: str) -> Json:
    """Return the copy of a source, as the API server has it."""
    copy_ = template(source, "slice-0").at(namespace, "settings")
    copy_["metadata"]["ownerReferences"] = [{"kind": "SyncSlice", "name": "slice-0", "controller": True}]
    return copy_


def test_a_copy_of_a_copy_says_where_it_comes_from() -> None:
    first = copied(config_map(), "a")
    second = copied(first, "b")
    third = template(second, "slice-0").at("c", "settings")
    assert [ancestors(each) for each in (config_map(), first, second)] == [
        (),
        ("team/settings",),
        ("a/settings", "team/settings"),
    ]
    assert third["metadata"]["annotations"] == {
        "sync.rustrial.org/source-object": "b/settings",
        "sync.rustrial.org/via": "a/settings,team/settings",
    }


def test_a_circle_that_exists_does_not_grow() -> None:
    one = copied(config_map(), "a")
    for _ in range(3):
        one = copied(copied(one, "b"), "a")
    assert ancestors(one) == ("b/settings", "a/settings", "team/settings")


def test_what_only_looks_like_a_copy_has_no_ancestors() -> None:
    exported = copied(config_map(), "a")
    del exported["metadata"]["ownerReferences"]
    assert ancestors(exported) == ()
