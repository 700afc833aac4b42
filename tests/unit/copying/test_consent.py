"""Where the owner of a source lets it be copied to."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from object_syncer.copying import consent
from object_syncer.copying.template import template
from object_syncer.kube import api
from object_syncer.status import reasons
from specification import cases, quickly
from unit.copying.copies import SLICE
from unit.objects import config_map

NAMESPACES = ("team-a", "team-b", "shared", "other")


@dataclass(frozen=True)
class Case:
    reason: str
    copy_to: str | None
    allowed: set[str]
    required: bool = False


@cases(
    Case("a source of which nothing is said goes anywhere", None, {*NAMESPACES}),
    Case("where consent is required it goes nowhere", None, set(), required=True),
    Case("names and globs are listed", "team-*,shared", {"team-a", "team-b", "shared"}),
    Case("blanks do not count", " team-a , shared ,", {"team-a", "shared"}),
    Case("a star is everywhere", "*", {*NAMESPACES}),
    Case("a star is everywhere also where consent is required", "*", {*NAMESPACES}, required=True),
    Case("nothing is nowhere (mittwald#146)", "", set()),
    Case("commas alone are nowhere", " , ,", set()),
    Case("a list limits also where no consent is required (reflector#186, #452)", "shared", {"shared"}),
    Case("a list limits where consent is required", "shared", {"shared"}, required=True),
    Case("what is too long to be read goes nowhere", "team-a," * 2000, set()),
)
def test_where_a_source_goes(case: Case) -> None:
    source = config_map()
    if case.copy_to is not None:
        source["metadata"]["annotations"] = {api.COPY_TO_ANNOTATION: case.copy_to}
    offer = consent.offer(source, "tenants" if case.required else None)
    assert {name for name in NAMESPACES if not (offer.problem or offer.withheld(name))} == case.allowed
    for why in (offer.problem, *map(offer.withheld, {*NAMESPACES} - case.allowed)):
        assert why is None or (why.reason == reasons.SOURCE_NOT_OFFERED and api.COPY_TO_ANNOTATION in why.message)


@quickly
@given(st.lists(st.sampled_from([*NAMESPACES, "*", "team-*", "", " "])).map(",".join), st.booleans())
def test_a_copy_of_a_limited_source_is_no_source_whatever_its_own_annotation_says(text: str, required: bool) -> None:
    source = config_map()
    source["metadata"]["annotations"] = {api.COPY_TO_ANNOTATION: text}
    offer = consent.offer(source, None)
    copy = template(source, SLICE, limited=offer.is_limited).at("a", "settings")
    assert api.COPY_TO_ANNOTATION not in copy["metadata"]["annotations"], "never copied itself"
    copy["metadata"]["annotations"][api.COPY_TO_ANNOTATION] = "*"
    further = consent.offer(copy, "tenants" if required else None)
    assert bool(further.problem) == (offer.is_limited and not offer.problem)
