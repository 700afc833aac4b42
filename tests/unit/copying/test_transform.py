"""What `copy` of an ObjectSync changes in labels, annotations and data."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from object_syncer.copying import transform
from object_syncer.kube import api, tracking
from object_syncer.kube.meta import Json
from object_syncer.status import reasons
from object_syncer.status.problem import Problem
from specification import cases, quickly

SOURCE = {
    "app": "web",
    "team": "a",
    "example.com/one": "1",
    "example.com/two": "2",
    "argocd.argoproj.io/secret-type": "repository",
    "argocd.argoproj.io/instance": "infra",
    "helm.sh/chart": "c",
    api.SLICE_LABEL: "another-slice",
    api.MANAGED_BY_LABEL: "Helm",
}
TRAVELS = {"app", "team", "example.com/one", "example.com/two", "argocd.argoproj.io/secret-type"}


@dataclass(frozen=True)
class Labels:
    reason: str
    asked: Json | None
    kept: set[str]
    added: dict[str, str] = field(default_factory=dict)


@cases(
    Labels("by default all are copied that do not say who tracks the source", None, TRAVELS),
    Labels("empty fields ask for nothing", {"include": [], "exclude": [], "set": {}}, TRAVELS),
    Labels("include means only these", {"include": ["app", "example.com/two"]}, {"app", "example.com/two"}),
    Labels("include may be a glob", {"include": ["example.com/*"]}, {"example.com/one", "example.com/two"}),
    Labels("a glob may have one character open", {"include": ["tea?"]}, {"team"}),
    Labels("a glob may list characters", {"include": ["example.com/[ot]ne"]}, {"example.com/one"}),
    Labels(
        "what is named in full is copied even if it says who tracks the source",
        {"include": ["app", "argocd.argoproj.io/instance", "helm.sh/chart"]},
        {"app", "argocd.argoproj.io/instance", "helm.sh/chart"},
    ),
    Labels(
        "a glob brings nothing that says so",
        {"include": ["argocd.argoproj.io/*"]},
        {"argocd.argoproj.io/secret-type"},
    ),
    Labels("all and one that says so", {"include": ["*", "helm.sh/chart"]}, {*TRAVELS, "helm.sh/chart"}),
    Labels("exclude leaves out", {"exclude": ["team", "example.com/*"]}, {"app", "argocd.argoproj.io/secret-type"}),
    Labels("exclude wins over include", {"include": ["app", "team"], "exclude": ["t*"]}, {"app"}),
    Labels("everything may be left out", {"exclude": ["*"]}, set()),
    Labels("set adds", {"exclude": ["*"], "set": {"new": "1"}}, set(), {"new": "1"}),
    Labels("set wins over the source", {"include": ["app", "team"], "set": {"app": "x"}}, {"team"}, {"app": "x"}),
    Labels("set may name what says who tracks the source", {"exclude": ["*"], "set": {"helm.sh/chart": "x"}}, set(), {
        "helm.sh/chart": "x"}),
    Labels("our own marks are never included", {"include": [api.SLICE_LABEL, api.MANAGED_BY_LABEL]}, set()),
    Labels("our own marks are never set", {"include": ["app"], "set": {
        api.SLICE_LABEL: "x", api.MANAGED_BY_LABEL: "x", api.LAST_APPLIED_ANNOTATION: "{}"}}, {"app"}),
)  # fmt: skip
def test_labels_and_annotations(case: Labels) -> None:
    found = transform.metadata(SOURCE, case.asked)
    assert found == {**{key: SOURCE[key] for key in case.kept}, **case.added}
    assert list(found) == sorted(found)


KEYS = st.sampled_from([*SOURCE, "new", api.REPAIR_ANNOTATION, api.LAST_APPLIED_ANNOTATION])
GLOBS = st.one_of(KEYS, st.sampled_from(["*", "example.com/*", "*.io/*", "?pp", "[a-t]*"]))
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "include": st.lists(GLOBS, max_size=4),
        "exclude": st.lists(GLOBS, max_size=4),
        "set": st.dictionaries(KEYS, st.just("set"), max_size=3),
    },
)


@quickly
@given(ASKED)
def test_whatever_is_asked_for_copies_have_nothing_that_was_not_there_or_set_and_no_mark(asked: Json) -> None:
    found = transform.metadata(SOURCE, asked)
    assert found.keys() <= SOURCE.keys() | asked.get("set", {}).keys()
    assert not any(map(tracking.is_reserved, found))
    named = {*asked.get("include", ()), *asked.get("set", ())}
    assert all(tracking.travels(key) or key in named for key in found)


@quickly
@given(ASKED, st.sampled_from(sorted(TRAVELS)))
def test_excluding_one_more_takes_that_one_and_no_other(asked: Json, key: str) -> None:
    more = {**asked, "exclude": [*asked.get("exclude", ()), key], "set": {}}
    found = transform.metadata(SOURCE, {**asked, "set": {}})
    assert transform.metadata(SOURCE, more) == {name: value for name, value in found.items() if name != key}


def body(**fields: Any) -> Json:
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", **fields}


@dataclass(frozen=True)
class Data:
    reason: str
    asked: Json | None
    source: Json
    copy: Json
    because: str = ""
    says: str = ""


TLS = body(type="kubernetes.io/tls", data={"tls.crt": "C", "tls.key": "K", "ca.crt": "A"})


@cases(
    Data("by default all keys are copied", None, body(data={"a": "1"}), body(data={"a": "1"})),
    Data("empty fields ask for nothing", {"rename": {}}, body(data={"a": "1"}), body(data={"a": "1"})),
    Data("include means only these", {"include": ["a"]}, body(data={"a": "1", "b": "2"}), body(data={"a": "1"})),
    Data(
        "names may be globs",
        {"include": ["*.crt", "b?"]},
        body(data={"a.crt": "1", "bc": "2", "c": "3"}),
        body(data={"a.crt": "1", "bc": "2"}),
    ),
    Data(
        "exclude wins over include",
        {"include": ["*.crt"], "exclude": ["ca.crt"]},
        body(data={"a.crt": "1", "ca.crt": "2"}),
        body(data={"a.crt": "1"}),
    ),
    Data(
        "binaryData is chosen from, too",
        {"exclude": ["a"]},
        body(data={"a": "1", "b": "2"}, binaryData={"a": "3", "c": "4"}),
        body(data={"b": "2"}, binaryData={"c": "4"}),
    ),
    Data("a map of which nothing is left is left out", {"exclude": ["*"]}, body(data={"a": "1"}), body()),
    Data(
        "keys are renamed (reflector#396)",
        {"rename": {"a": "x", "gone": "y"}},
        body(data={"a": "1", "b": "2"}),
        body(data={"x": "1", "b": "2"}),
    ),
    Data(
        "keys may change places",
        {"rename": {"a": "b", "b": "a"}},
        body(data={"a": "1", "b": "2"}),
        body(data={"b": "1", "a": "2"}),
    ),
    Data(
        "include and exclude mean the names in the source",
        {"include": ["a"], "exclude": ["x"], "rename": {"a": "x"}},
        body(data={"a": "1", "b": "2"}),
        body(data={"x": "1"}),
    ),
    Data(
        "a name that another key has is refused",
        {"rename": {"a": "b"}},
        body(data={"a": "1", "b": "2"}),
        {},
        reasons.KEY_COLLISION,
        "a and b of the source would both be b",
    ),
    Data(
        "a name that a key of the other map has is refused",
        {"rename": {"c": "a"}},
        body(data={"a": "1"}, binaryData={"c": "2"}),
        {},
        reasons.KEY_COLLISION,
        "a and c of the source would both be a",
    ),
    Data(
        "one name for two keys is refused",
        {"rename": {"a": "x", "b": "x"}},
        body(data={"a": "1", "b": "2"}),
        {},
        reasons.KEY_COLLISION,
        "a and b of the source would both be x",
    ),
    Data(
        "the name of a key that is left out is free",
        {"exclude": ["b"], "rename": {"a": "b"}},
        body(data={"a": "1", "b": "2"}),
        body(data={"b": "1"}),
    ),
    Data("a certificate may lose its CA", {"exclude": ["ca.crt"]}, TLS, {**TLS, "data": {
        "tls.crt": "C", "tls.key": "K"}}),
    Data(
        "a certificate without its key is refused",
        {"exclude": ["*.key"]},
        TLS,
        {},
        reasons.REQUIRED_KEY_MISSING,
        "a Secret of type kubernetes.io/tls must have tls.key",
    ),
    Data(
        "a certificate without both is refused",
        {"include": ["ca.crt"]},
        TLS,
        {},
        reasons.REQUIRED_KEY_MISSING,
        "must have tls.crt and tls.key",
    ),
    Data(
        "a certificate that is renamed is refused",
        {"rename": {"tls.crt": "cert.pem"}},
        TLS,
        {},
        reasons.REQUIRED_KEY_MISSING,
        "must have tls.crt",
    ),
    Data(
        "a pull Secret without its key is refused",
        {"exclude": [".docker*"]},
        body(type="kubernetes.io/dockerconfigjson", data={".dockerconfigjson": "e30="}),
        {},
        reasons.REQUIRED_KEY_MISSING,
    ),
)  # fmt: skip
def test_data(case: Data) -> None:
    made = {key: dict(value) if isinstance(value, dict) else value for key, value in case.source.items()}
    problem = transform.data(made, case.asked)
    if case.because:
        assert problem
        assert problem.reason == case.because
        assert problem.message.startswith("copy.data: ")
        assert case.says in problem.message
    else:
        assert (problem, made) == (None, case.copy)


NAMES = st.sampled_from(["a", "b", "c", "d"])
MAPS = st.dictionaries(NAMES, st.sampled_from(["c2VjcmV0MQ==", "c2VjcmV0Mg=="]))


@quickly
@given(
    MAPS,
    st.dictionaries(NAMES.map(str.upper), st.just("c2VjcmV0Mw==")),
    st.fixed_dictionaries(
        {},
        optional={
            "include": st.lists(st.one_of(NAMES, st.just("[A-Z]"))),
            "exclude": st.lists(NAMES),
            "rename": st.dictionaries(NAMES, st.sampled_from(["a", "A", "x"])),
        },
    ),
)
def test_no_value_is_lost_but_with_its_key_and_none_is_in_a_message(data: Json, binary: Json, asked: Json) -> None:
    made = body(data=dict(data), binaryData=dict(binary))
    problem = transform.data(made, asked)
    if isinstance(problem, Problem):
        assert "c2Vj" not in problem.message
        return
    rename = asked.get("rename", {})
    for name, source in (("data", data), ("binaryData", binary)):
        assert made.get(name, {}) == {rename.get(key, key): source[key] for key in source if _stays(key, asked)}


def _stays(key: str, asked: Json) -> bool:
    included = not asked.get("include") or key in asked["include"] or ("[A-Z]" in asked["include"] and key.isupper())
    return included and key not in asked.get("exclude", ())
