"""Which destinations an ObjectSync has.

The source is the ConfigMap team/settings; Namespaces: team, a, b (with tier=web), and `dying` (with tier=web, too).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from object_syncer.kube.meta import Json
from object_syncer.kube.selectors import names
from object_syncer.kube.types import ResourceType
from object_syncer.planning import destinations
from object_syncer.planning import namespaces as cluster
from object_syncer.planning.destinations import NOT_FOUND, TERMINATING, Destinations, Shape
from object_syncer.planning.namespaces import Namespaces
from object_syncer.status import reasons
from specification import cases, quickly
from unit.objects import namespace, terminating
from unit.planning.plans import CONFIG_MAPS, everywhere

NAMESPACES = cluster.read(
    {
        "team": namespace("team"),
        "a": namespace("a"),
        "b": namespace("b", tier="web"),
        "dying": terminating(namespace("dying", tier="web")),
    }
)
SHARE = "team/share"
"""The ObjectSync."""


@dataclass(frozen=True)
class Case:
    reason: str
    entries: list[Json | str]
    """A string is a namespace."""
    wanted: list[str]
    """namespace/name, then the strategy where one is set."""
    problems: dict[str, str] = field(default_factory=dict)
    """namespace/name: reason."""
    targets: list[str] = field(default_factory=list)
    """The policy's targetNamespaces."""
    selector: Json | None = None
    """The policy's targetNamespaceSelector."""
    unmatched: str = ""
    """What is said of entries that match nothing."""
    namespaces: Namespaces = NAMESPACES
    type: ResourceType = CONFIG_MAPS


def entry(where: str, name: str | None = None, strategy: str | None = None, **more: object) -> Json:
    return {"namespace": where, "name": name, "strategy": strategy, **more}


def labelled(name: str | None = None, strategy: str | None = None, exclude: Sequence[str] = (), **labels: str) -> Json:
    """Return an entry for the namespaces that have these labels."""
    found = {"namespaceSelector": {"matchLabels": labels}, "name": name, "strategy": strategy}
    return {**found, "exclude": list(exclude)} if exclude else found


def shy(**labels: str) -> Namespaces:
    """Return the namespaces a, which may opt out by these labels, b, which opts out of two ObjectSyncs, and c."""
    objects = (namespace("a", **labels), namespace("b", exclude=f"other/sync, {SHARE}"), namespace("c"))
    return cluster.read({obj["metadata"]["name"]: obj for obj in objects})


EXCLUDED = {"sync.rustrial.org/exclude": "true"}
SERVICES = ResourceType("", "v1", "Service", "services")
ROLES = ResourceType("rbac.authorization.k8s.io", "v1", "Role", "roles")


@cases(
    Case("a star means every namespace but the source's", ["*"], ["a/settings", "b/settings"]),
    Case("an empty namespace means the same", [""], ["a/settings", "b/settings"]),
    Case("a named namespace means itself", ["a"], ["a/settings"]),
    Case("a copy may have another name", [entry("a", "other")], ["a/other"]),
    Case("an empty name is the source's", [entry("a", "")], ["a/settings"]),
    Case("under another name the source's namespace is a destination", [entry("team", "other")], ["team/other"]),
    Case(
        "a star under another name includes the source's namespace",
        [entry("*", "other")],
        ["a/other", "b/other", "team/other"],
    ),
    Case("the source itself is skipped", ["team", "a"], ["a/settings"]),
    Case("the source itself is skipped also if it is named in full", [entry("team", "settings")], []),
    Case("a namespace listed twice is planned once", ["a", "a"], ["a/settings"]),
    Case("a namespace within a star is planned once", ["*", "a"], ["a/settings", "b/settings"]),
    Case("two stars are one", ["*", ""], ["a/settings", "b/settings"]),
    Case("two names in one namespace are two destinations", ["a", entry("a", "other")], ["a/other", "a/settings"]),
    Case("a strategy goes with its destination", [entry("a", strategy="replace")], ["a/settings replace"]),
    Case(
        "a named namespace wins over a star, wherever it stands",
        [entry("*", strategy="apply"), entry("a", strategy="replace")],
        ["a/settings replace", "b/settings apply"],
    ),
    Case(
        "of two entries for one destination the first wins",
        [entry("a", strategy="replace"), entry("a", strategy="apply")],
        ["a/settings replace"],
    ),
    Case(
        "of two stars the first wins",
        [entry("*", strategy="replace"), entry("*", strategy="apply")],
        ["a/settings replace", "b/settings replace"],
    ),
    Case("a namespace that does not exist is waited for", ["c"], [], {"c/settings": reasons.NAMESPACE_NOT_FOUND}),
    Case("it is waited for once", ["c", "c"], [], {"c/settings": reasons.NAMESPACE_NOT_FOUND}),
    Case(
        "a terminating namespace gets no copy",
        ["dying", "a"],
        ["a/settings"],
        {"dying/settings": reasons.NAMESPACE_TERMINATING},
    ),
    Case(
        "it is called there as elsewhere",
        [entry("dying", "{destination.labels.tier}")],
        [],
        {"dying/web": reasons.NAMESPACE_TERMINATING},
    ),
    Case("a star means no terminating namespaces", ["*"], ["a/settings", "b/settings"]),
    Case("a star means those the policy has", ["*"], ["b/settings"], targets=["b", "c"]),
    Case("a star means those the policy's globs match", ["*"], ["a/settings"], targets=["[ac]", "a?", "a*"]),
    Case(
        "a named namespace outside of the policy gets no copy",
        ["a", "b"],
        ["b/settings"],
        {"a/settings": reasons.TARGET_NOT_ALLOWED},
        targets=["b"],
    ),
    Case(
        "a namespace that is neither allowed nor there is not allowed",
        ["c"],
        [],
        {"c/settings": reasons.TARGET_NOT_ALLOWED},
        targets=["b"],
    ),
    Case(
        "a star does not include a named namespace that gets no copy",
        ["*", "a"],
        ["b/settings"],
        {"a/settings": reasons.TARGET_NOT_ALLOWED},
        targets=["b"],
    ),
    Case("the list may be empty", [], []),
    # Globs
    Case("a glob means the namespaces that it matches, but the source's", ["?"], ["a/settings", "b/settings"]),
    Case("a star within a glob stands for any characters", ["*b"], ["b/settings"]),
    Case("brackets stand for one of some characters", ["[bc]", "[!ab]*"], ["b/settings"]),
    Case("a glob means no terminating namespaces", ["d*"], [], unmatched="spec.destinations[0] matches"),
    Case("a glob means the target namespaces that it matches", ["?"], ["b/settings"], targets=["b", "team"]),
    Case(
        "a named namespace wins over a glob, wherever it stands",
        [entry("?", strategy="apply"), entry("a", strategy="replace")],
        ["a/settings replace", "b/settings apply"],
    ),
    Case(
        "of globs, selectors and stars the first that matches wins",
        [entry("b*", strategy="replace"), labelled(strategy="apply", tier="web"), "*"],
        ["a/settings", "b/settings replace"],
    ),
    # Selectors
    Case("a selector means the namespaces that it matches", [labelled(tier="web")], ["b/settings"]),
    Case("an empty selector matches every namespace", [{"namespaceSelector": {}}], ["a/settings", "b/settings"]),
    Case(
        "several selectors mean what any of them matches",
        [labelled(tier="db"), labelled(tier="web")],
        ["b/settings"],
        unmatched="spec.destinations[0] matches",
    ),
    Case(
        "a selector means no namespace outside of the policy",
        [labelled(tier="web")],
        [],
        targets=["a"],
        unmatched="spec.destinations[0] matches",
    ),
    Case(
        "globs and selectors that match nothing are said",
        ["x*", "a", labelled(no="such")],
        ["a/settings"],
        unmatched="spec.destinations[0], spec.destinations[2] match",
    ),
    Case(
        "of many entries that match nothing some are named",
        ["x*", "y*", "z*", "0*"],
        [],
        unmatched="spec.destinations[0], spec.destinations[1], spec.destinations[2] and 1 more match",
    ),
    Case("a glob that matches only the source's namespace matches something", ["te*"], []),
    # exclude
    Case("an entry does not mean what it excludes", [entry("*", exclude=["a", "[x]"])], ["b/settings"]),
    Case("an entry may exclude what a glob matches", [entry("*", exclude=["?"])], []),
    Case(
        "what one entry excludes another one may mean",
        [entry("?", strategy="replace", exclude=["a"]), "*"],
        ["a/settings", "b/settings replace"],
    ),
    Case("a selector may exclude", [labelled(exclude=["b"], tier="web")], [], unmatched="spec.destinations[0] matches"),
    Case("an entry may exclude the namespace that it names", [entry("a", exclude=["a*"]), "b"], ["b/settings"]),
    Case("excluding nothing is no exclusion", [entry("?", exclude=[])], ["a/settings", "b/settings"]),
    # Names with variables
    Case("a name may have the source's", [entry("a", "{source.namespace}-{source.name}")], ["a/team-settings"]),
    Case(
        "a name may have the destination's namespace",
        [entry("?", "from-{destination.namespace}")],
        ["a/from-a", "b/from-b"],
    ),
    Case(
        "a name may have a label of the destination's namespace", [entry("b", "{destination.labels.tier}")], ["b/web"]
    ),
    Case(
        "where a label is missing there is no copy, elsewhere there is",
        [entry("?", "x-{destination.labels.tier}")],
        ["b/x-web"],
        {"a/x-{destination.labels.tier}": reasons.TEMPLATE_ERROR},
    ),
    Case(
        "an unknown variable makes no copy, whatever other entries make",
        [entry("?", "{source.uid}"), "a"],
        ["a/settings"],
        {"a/{source.uid}": reasons.TEMPLATE_ERROR, "b/{source.uid}": reasons.TEMPLATE_ERROR},
    ),
    Case(
        "a result that is no name for the kind makes no copy",
        [entry("a", "{source.name}_x")],
        [],
        {"a/{source.name}_x": reasons.TEMPLATE_ERROR},
    ),
    Case(
        "what is a name depends on the kind",
        [entry("a", "{source.name}:x")],
        ["a/settings:x"],
        type=ROLES,
    ),
    Case(
        "a Service needs a letter first",
        [entry("a", "1-{source.name}")],
        [],
        {"a/1-{source.name}": reasons.TEMPLATE_ERROR},
        type=SERVICES,
    ),
    Case("a name without variables is the API server's to refuse", [entry("a", "No Name")], ["a/No Name"]),
    Case("braces that begin no variable are braces", [entry("a", "{x}-{source}")], ["a/{x}-{source}"]),
    Case(
        "a namespace that does not exist is waited for, also where the name needs its labels",
        [entry("c", "{destination.labels.tier}")],
        [],
        {"c/{destination.labels.tier}": reasons.NAMESPACE_NOT_FOUND},
    ),
    Case(
        "two entries whose names come to the same are one destination",
        [entry("?", "{destination.namespace}-x", "replace"), entry("*", "a-x")],
        ["a/a-x replace", "b/a-x", "b/b-x replace", "team/a-x"],
    ),
    Case(
        "a name that comes to the source's skips the source itself",
        [entry("*", "{source.name}")],
        ["a/settings", "b/settings"],
    ),
    # Consent of namespaces
    Case("a namespace that wants no copies gets none", ["*"], ["c/settings"], namespaces=shy(**EXCLUDED)),
    Case(
        "another value of the label is no refusal",
        ["a", "c"],
        ["a/settings", "c/settings"],
        namespaces=shy(**{"sync.rustrial.org/exclude": "false"}),
    ),
    Case(
        "a namespace that refuses this ObjectSync gets no copy", ["*"], ["a/settings", "c/settings"], namespaces=shy()
    ),
    Case(
        "a named namespace that wants no copies says so",
        ["a", "b", "c"],
        ["c/settings"],
        {"a/settings": reasons.NAMESPACE_OPTED_OUT, "b/settings": reasons.NAMESPACE_OPTED_OUT},
        namespaces=shy(**EXCLUDED),
    ),
    Case(
        "a star means what the policy's selector matches",
        ["*"],
        ["b/settings"],
        selector={"matchLabels": {"tier": "web"}},
    ),
    Case(
        "a named namespace that the policy's selector does not match gets no copy",
        ["a", "b", "c", "dying"],
        ["b/settings"],
        {
            "a/settings": reasons.TARGET_NOT_ALLOWED,
            "c/settings": reasons.NAMESPACE_NOT_FOUND,
            "dying/settings": reasons.NAMESPACE_TERMINATING,
        },
        selector={"matchLabels": {"tier": "web"}},
    ),
    Case(
        "a namespace must be in the policy's list and match its selector",
        ["*"],
        [],
        targets=["a"],
        selector={"matchLabels": {"tier": "web"}},
    ),
)
def test_expand(case: Case) -> None:
    found = expand(case.entries, case.targets, case.selector, case.namespaces, case.type)
    assert sorted(flat(found)) == case.wanted
    said = found.unmatched.message.partition(" no namespace")[0] if found.unmatched else ""
    assert said == case.unmatched
    problems = [
        (f"{where}/{shape.name}", problem.reason)
        for (shape, problem), namespaces in found.problems.items()
        for where in namespaces
    ]
    assert sorted(problems) == sorted(case.problems.items())


def expand(
    entries: Iterable[Json | str],
    listed: Sequence[str] = (),
    selector: Json | None = None,
    namespaces: Namespaces = NAMESPACES,
    type_: ResourceType = CONFIG_MAPS,
) -> Destinations:
    targets = cluster.targets(namespaces, names(listed), selector, SHARE)
    return destinations.expand(whole(entries), ("team", "settings"), type_, namespaces, targets)


def whole(entries: Iterable[Json | str]) -> list[Json]:
    return [{"namespace": item} if isinstance(item, str) else item for item in entries]


@dataclass(frozen=True)
class Named:
    reason: str
    entries: list[Json]
    named: set[str]


@cases(
    Named("namespaces are named, whatever the copies are called", [entry("a"), entry("b", "other")], {"a", "b"}),
    Named("a namespace that does not exist is named too", [entry("nowhere")], {"nowhere"}),
    Named("a wildcard names none", [entry("*"), entry("", "other")], set()),
    Named("nor does a glob or a selector", [entry("a-*"), labelled(env="prod")], set()),
    Named("one that its entry excludes is not named", [entry("a", exclude=["a"]), entry("b", exclude=["a"])], {"b"}),
    Named("the source itself is no destination", [entry("team"), entry("team", "settings")], set()),
    Named("a copy beside the source is one", [entry("team", "other")], {"team"}),
)
def test_namespaces_that_an_objectsync_names(case: Named) -> None:
    assert destinations.named(case.entries, "team", "settings") == case.named


def flat(found: Destinations) -> list[str]:
    return [
        f"{where}/{shape.name}{' ' * bool(shape.strategy)}{shape.strategy}"
        for shape, wanted in found.wanted.items()
        for where in wanted
    ]


def test_destinations_without_copy_keep_their_strategy_and_share_a_message_that_holds_the_namespace() -> None:
    found = expand(["a", entry("c", strategy="replace"), "dying", "d"], ["c", "d", "dying"])
    assert found.problems == {
        (Shape("settings"), destinations.TARGET_NOT_ALLOWED): {"a"},
        (Shape("settings", "replace"), NOT_FOUND): {"c"},
        (Shape("settings"), NOT_FOUND): {"d"},
        (Shape("settings"), TERMINATING): {"dying"},
    }
    assert all("{namespace}" in problem.message for _, problem in found.problems)


@pytest.mark.parametrize(
    ("entries", "most"),
    [
        ([], 0),
        (["*", ""], 3),
        (["*", entry("*", "other")], 6),
        (["a", "a", entry("a", "other"), "elsewhere"], 3),
        (["*", "a"], 4),
        (["?", "x*", labelled(tier="web")], 3),
        (["?", labelled("other", tier="web")], 3),
        ([entry("?", "{destination.namespace}"), entry("*", "{destination.labels.tier}")], 5),
        ([entry(f"{index}?", str(index)) for index in range(101)], 3),
    ],
    ids=[
        "none", "wildcards of one name", "wildcards of two names", "named ones", "both, which may be the same",
        "globs and selectors of one name", "globs and selectors of two names", "names with variables",
        "more globs than are counted, each with a name",
    ],
)  # fmt: skip
def test_how_many_destinations_there_are_at_most(entries: list[Json | str], most: int) -> None:
    assert destinations.at_most(whole(entries), "settings", NAMESPACES, everywhere(NAMESPACES)) == most
    found = expand(entries)
    assert len(flat(found)) + sum(map(len, found.problems.values())) <= most


texts = st.sampled_from(("*", "", "a", "b", "c", "team", "dying", "?", "[ab]", "t*", "d*"))
copies = st.sampled_from((None, "other", "{destination.namespace}", "{destination.labels.tier}", "{source.name}"))
generated = st.lists(
    st.builds(
        lambda where, name, strategy, exclude: {**where, "name": name, "strategy": strategy, "exclude": exclude},
        st.one_of(
            texts.map(lambda text: {"namespace": text}),
            st.sampled_from(("web", "db")).map(lambda tier: {"namespaceSelector": {"matchLabels": {"tier": tier}}}),
        ),
        copies,
        st.sampled_from((None, "replace")),
        st.sampled_from((None, ["a"], ["?"])),
    ),
    max_size=6,
)


@given(generated)
@quickly
def test_no_destination_is_planned_twice_and_none_beyond_what_was_counted(entries: list[Json]) -> None:
    found = expand(entries)
    everything = [where.partition(" ")[0] for where in flat(found)]
    everything += [f"{where}/{shape.name}" for (shape, _), wanted in found.problems.items() for where in wanted]
    assert len(everything) == len(set(everything))
    assert "team/settings" not in everything
    assert len(everything) <= destinations.at_most(entries, "settings", NAMESPACES, everywhere(NAMESPACES))


@given(generated)
@quickly
def test_a_namespace_that_is_taken_away_changes_nothing_for_the_others(entries: list[Json]) -> None:
    fewer = cluster.read({"team": namespace("team"), "b": namespace("b", tier="web")})
    before = [where for where in flat(expand(entries)) if not where.startswith("a/")]
    after = flat(expand(entries, namespaces=fewer))
    assert sorted(before) == sorted(after)


@pytest.mark.parametrize(
    ("obj", "lives"),
    [
        (namespace("n"), True),
        (terminating(namespace("n")), False),
        (namespace("n", phase="Terminating"), False),
        ({"metadata": {"name": "n"}}, True),
    ],
    ids=["active", "with deletionTimestamp", "terminating", "without status"],
)
def test_which_namespaces_can_take_a_copy(obj: Json, lives: bool) -> None:
    found = cluster.read({"n": obj})
    assert (set(found.living), set(found.terminating)) == (({"n"}, set()) if lives else (set(), {"n"}))


def test_excluded_destinations_have_a_problem_whatever_their_strategy() -> None:
    before = {Shape("x"): {"a", "b"}, Shape("x", "replace"): {"c"}, Shape("y"): {"a"}}
    all_of_them = Destinations(before, {(Shape("x"), NOT_FOUND): {"d"}})
    left = all_of_them.without({("x", TERMINATING): {"a", "c", "elsewhere"}})
    assert left.wanted == {Shape("x"): {"b"}, Shape("y"): {"a"}}
    assert left.names() == {"x": {"b"}, "y": {"a"}}
    assert left.problems == {
        (Shape("x"), NOT_FOUND): {"d"},
        (Shape("x"), TERMINATING): {"a"},
        (Shape("x", "replace"), TERMINATING): {"c"},
    }
    assert all_of_them == Destinations(
        {Shape("x"): {"a", "b"}, Shape("x", "replace"): {"c"}, Shape("y"): {"a"}}, {(Shape("x"), NOT_FOUND): {"d"}}
    )


def test_entries_that_let_copies_look_otherwise_are_told_apart_by_what_they_ask_for() -> None:
    entries: list[Json] = [
        {"namespace": "a", "copy": {"labels": {"exclude": ["x"]}, "data": None}},
        {"namespace": "b", "copy": {"labels": {"exclude": ["x"]}}},
        {"namespace": "c", "copy": {}},
        {"namespace": "*"},
    ]
    found = expand(entries)
    assert found.wanted == {Shape("settings", "", '{"labels":{"exclude":["x"]}}'): {"a", "b"}}
    assert found.problems == {(Shape("settings", "", "{}"), NOT_FOUND): {"c"}}
