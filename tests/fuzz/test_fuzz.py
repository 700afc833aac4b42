"""Whatever is sent to a hook, it answers soon, in bounded memory, and never with a defect of ours.

FUZZ=20000 sends so many requests to each hook (`make fuzz`); SEED=n sends others. The same seed sends the same again.
"""

import os
import resource
import time
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fuzz import schemas
from fuzz.malformed import SEEDS, junk, mutated, scrambled
from fuzz.schemas import SCHEMAS, lawful, problems
from object_syncer.kube.meta import Json
from object_syncer.routes import WITH_ETAG
from object_syncer.web.app import create_app
from unit.bodies import customize, of_objectsync, of_policy, of_slice
from unit.objects import NOW, ago, config_map, crd, live, namespace, policy

CASES = int(os.environ.get("FUZZ", "100"))
SEED = int(os.environ.get("SEED", "0"))

SECONDS = 2.0
"""A hook needs a few milliseconds for any of these requests; the rest is for busy machines."""

GROWTH = 100_000_000
"""How many bytes more the process may need after all requests to a hook than after the first ones."""

ANSWERED = 1_000_000
"""The largest answer in bytes; the largest request has 100,000."""

thoroughly = settings(
    max_examples=CASES // 2,  # as junk, and as many as bytes
    phases=(Phase.generate,),  # to make a failing request smaller takes minutes
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
sometimes = settings(thoroughly, max_examples=max(10, CASES // 20))
"""For what takes long to make: four ObjectSyncs of any form, and what becomes of them."""

every_hook = pytest.mark.parametrize("path", sorted(SEEDS))

client: FlaskClient = create_app(lambda: NOW).test_client()


def ask(path: str, body: bytes) -> tuple[int, Any]:
    """Return code and JSON of an answer that came soon."""
    start = time.process_time()
    answer = client.post(path, data=body)
    assert time.process_time() - start < SECONDS
    assert answer.mimetype == "application/json"
    assert len(answer.data) < ANSWERED
    return answer.status_code, orjson.loads(answer.data)


def answered(path: str, body: Json) -> Json:
    """Return the answer to a request that the engine could send."""
    code, found = ask(path, orjson.dumps(body))
    assert code == 200, found
    checked: Json = found
    return checked


def check_refusal(code: int, answer: Json) -> None:
    """Check the answer to a request that may be malformed."""
    assert code in (200, 400), answer
    if code == 400:
        assert answer.keys() == {"error", "field"}
        assert answer["error"]
        assert answer["field"]
    else:
        children = answer.get("children", answer.get("attachments", answer.get("relatedResources")))
        assert isinstance(children, list)
        assert all(isinstance(child, dict) for child in children), "null would crash the engine"


@every_hook
def test_junk_in_a_request_is_refused_or_answered(path: str) -> None:
    before: list[int] = []

    @seed(SEED)
    @thoroughly
    @given(mutated(path))
    def send(body: bytes) -> None:
        check_refusal(*ask(path, body))
        if not before:
            before.append(peak())

    prepare()
    send()
    assert peak() - before[0] < GROWTH


@every_hook
def test_bytes_that_are_hardly_json_are_refused_or_answered(path: str) -> None:
    @seed(SEED)
    @thoroughly
    @given(scrambled(path))
    def send(body: bytes) -> None:
        check_refusal(*ask(path, body))

    send()


@settings(thoroughly, max_examples=1)
@given(st.text())
def prepare(text: str) -> None:
    """Have Hypothesis read its tables of Unicode: on a fresh checkout it makes them first, in 200 MB."""


def peak() -> int:
    """Return the most memory that this process had so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# What users can write


NAMESPACES = ("team", "a", "b", "c", "going")
KNOWN = (
    *NAMESPACES,
    "*",
    "",
    "team-*",
    "settings",
    "other",
    "ConfigMap",
    "Widget",
    "Secret",
    "example.com",
    "v1",
    "widgets",
)

_printable = st.text(max_size=20).filter(str.isprintable)
metadata: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.dictionaries(st.sampled_from(("a", "app.kubernetes.io/name")), st.text("ab-", max_size=9)),
        "annotations": st.dictionaries(st.sampled_from(("a", "example.com/b")), _printable),
        "finalizers": st.lists(st.sampled_from(("example.com/hold", "foregroundDeletion")), max_size=2),
        "deletionTimestamp": st.just(ago(5)),
        "creationTimestamp": st.sampled_from((ago(0), ago(1), ago(100_000))),
        "ownerReferences": st.just([{"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "u", "controller": True}]),
    },
)
"""What an object may have beside its name."""


def made(kind: str, name: str, *, spec: Any, status: Any, more: Json, of: str | None = None) -> Json:
    """Return an object of ours as the API server has it."""
    meta = {"name": name, "uid": f"uid-of-{of or 'cluster'}-{name}", "generation": 1, "resourceVersion": "7", **more}
    obj = {"apiVersion": "sync.rustrial.org/v1alpha1", "kind": kind, "metadata": meta, "spec": spec}
    if of:
        meta["namespace"] = of
    return {**obj, **({} if status is ... else {"status": status})}


def part(kind: str, field: str) -> st.SearchStrategy[Any]:
    """Return what a CRD permits as spec or status."""
    return schemas.of(SCHEMAS[kind]["properties"][field], KNOWN)


object_syncs = st.lists(
    st.builds(
        lambda name, of, spec, status, more: made("ObjectSync", name, spec=spec, status=status, more=more, of=of),
        st.sampled_from(("share", "other", "third")),
        st.sampled_from(NAMESPACES),
        part("ObjectSync", "spec"),
        st.just(...) | part("ObjectSync", "status"),
        metadata,
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda item: item["metadata"]["uid"],
)
policies = st.builds(
    lambda spec, more: made("SyncPolicy", "default", spec=spec, status=..., more=more),
    st.just(policy()["spec"]) | part("SyncPolicy", "spec"),
    metadata,
)
sources = st.builds(
    lambda content, more: live(content, "team", "settings", **more),
    st.builds(
        lambda data: {"apiVersion": "v1", "kind": "ConfigMap", "data": data},
        st.dictionaries(st.sampled_from(("k", "a.b", "empty")), _printable, max_size=3),
    )
    | st.builds(
        lambda content: {"apiVersion": "example.com/v1", "kind": "Widget", **content},
        st.dictionaries(st.sampled_from(("data", "spec", "status", "immutable", "type", "webhooks")), junk, max_size=3),
    ),
    metadata,
)


def check_status(obj: Json, status: Any) -> None:
    """Check that the API server would keep all of a status."""
    if status is not None:
        assert problems({**obj, "status": {**status, "observedGeneration": 1}}) == []


@seed(SEED)
@sometimes
@given(object_syncs, policies, sources, st.booleans())
def test_what_the_crds_permit_is_answered_with_what_the_crds_permit(
    syncs: list[Json], grant: Json, source: Json, exists: bool
) -> None:
    for item in (*syncs, grant):
        assert problems(lawful(item)) == [], "it is valid"
    others = [crd(), *map(namespace, NAMESPACES[:-1]), namespace("going", phase="Terminating")]
    planning = of_policy(*syncs, *others, grant, parent=grant)
    answered("/v1/policy/customize", customize(planning))
    plan = answered("/v1/policy/sync", planning)
    assert "failures" not in plan["status"], plan["status"]
    check_status(grant, plan["status"])
    slices = []
    for child in plan["children"]:
        if child["kind"] == "SyncSlice":
            meta = {"uid": f"uid-of-{child['metadata']['name']}", "generation": 1, "creationTimestamp": ago(9)}
            slices.append({**child, "metadata": {**child["metadata"], **meta}})
            assert problems(slices[-1]) == []
    for item in slices:
        asked = of_slice(item, *([source] if exists else []))
        answered("/v1/slice/customize", customize(asked))
        result = answered("/v1/slice/sync", asked)
        check_status(item, result["status"])
        item["status"] = {**result["status"], "observedGeneration": 1}
        for copy in result["children"]:
            assert copy["metadata"].keys() <= {"name", "namespace", "labels", "annotations"}
    for item in syncs:
        own = [each for each in slices if each["spec"]["objectSync"]["uid"] == item["metadata"]["uid"]]
        for finalizing in (False, True):
            asked = of_objectsync(item, *own, grant, crd(), finalizing=finalizing)
            answered("/v1/objectsync/customize", customize(asked))
            hook = "finalize" if finalizing else "sync"
            check_status(item, answered(f"/v1/objectsync/{hook}", asked)["status"])


slice_statuses = part("SyncSlice", "status")


@seed(SEED)
@sometimes
@given(part("SyncSlice", "spec"), st.just(...) | slice_statuses, metadata, sources)
def test_any_slice_that_its_crd_permits_is_answered_with_a_status_that_its_crd_permits(
    spec: Json, status: Any, more: Json, source: Json
) -> None:
    resource = {"apiVersion": source["apiVersion"], "kind": source["kind"], "resource": f"{source['kind'].lower()}s"}
    if source["kind"] == "Widget":  # CEL rules of ObjectSyncs: copy.data is for ConfigMaps and Secrets
        for asking in (spec, *(spec.get("groups") or ())):
            (asking.get("copy") or {}).pop("data", None)
    item = made("SyncSlice", "share-0", spec={**spec, "resource": resource}, status=status, more=more)
    assert problems(item) == []
    there = [config_map("a"), config_map("b", data={"k": "x"})]
    asked = of_slice(item, {**source, "metadata": {**source["metadata"], **spec["source"]}}, copies=there)
    answered("/v1/slice/customize", customize(asked))
    check_status(item, answered("/v1/slice/sync", asked)["status"])


@pytest.mark.parametrize(
    "etag", ["", "x", ago(3), ago(100), ago(-100), "9999-99-99T99:99:99Z", "\u00e9", "W/", "1" * 5000]
)
@pytest.mark.parametrize("path", WITH_ETAG)
def test_any_etag_is_answered(path: str, etag: str) -> None:
    answer = client.post(path, data=SEEDS[path][0], headers={"If-None-Match": etag})
    assert answer.status_code == 200
