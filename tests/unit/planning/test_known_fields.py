"""Which fields of a spec the hooks know: those of the CRDs of the same version, and no others."""

from dataclasses import dataclass

import pytest
import yaml

from object_syncer import installation
from object_syncer.kube.meta import Json
from object_syncer.planning import known_fields
from object_syncer.planning.known_fields import Fields
from object_syncer.status import reasons
from specification import cases

SPECS = {
    crd["spec"]["names"]["kind"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    for crd in map(yaml.safe_load, installation.crds())
}


def fields(schema: Json) -> Fields | None:
    """Return the fields of a schema in the shape of the tables."""
    properties = (schema.get("items") or schema).get("properties")
    return {key: fields(below) for key, below in properties.items()} if properties else None


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("ObjectSync", known_fields.OBJECT_SYNC),
        ("SyncPolicy", known_fields.SYNC_POLICY),
        ("SyncSlice", known_fields.SYNC_SLICE),
    ],
)
def test_a_table_has_the_fields_of_its_crd(kind: str, table: Fields) -> None:
    assert table == fields(SPECS[kind])


@dataclass(frozen=True)
class Case:
    reason: str
    spec: object
    unknown: str = ""
    """The first field that is not known."""


KNOWN: Fields = {"source": {"name": None}, "destinations": {"namespace": None}, "labels": None}


@cases(
    Case("a spec of known fields has none", {"source": {"name": "a"}, "destinations": [{"namespace": "a"}, {}]}),
    Case("a field of the spec itself", {"suspended": True}, "spec.suspended"),
    Case("a field of an object within", {"source": {"name": "a", "uid": "u"}}, "spec.source.uid"),
    Case(
        "a field of an item of a list",
        {"destinations": [{"namespace": "a"}, {"cluster": "x"}]},
        "spec.destinations[1].cluster",
    ),
    Case("an unknown field that is null is unknown too", {"suspended": None}, "spec.suspended"),
    Case("below a map of users all is known", {"labels": {"anything": {"below": 1}}}),
    Case("a value of a wrong type has no fields", {"source": "a", "destinations": [5, None]}),
    Case("no spec has no fields", None),
)
def test_the_first_unknown_field(case: Case) -> None:
    found = known_fields.problem(case.spec, KNOWN)
    assert (found.message.partition(":")[0] if found else "") == case.unknown
    assert found is None or found.reason == reasons.UNKNOWN_FIELD
