"""What histories are made of: the values that hypothesis chooses from, and the objects and edits of users."""

from __future__ import annotations

from hypothesis import strategies as st

from grants import EVERYTHING
from simulation import model
from simulation.model import Json, Kind

NAMESPACES = ("a", "b", "c", "d")
NAMES = ("s", "t")
KINDS = (model.CONFIG_MAP, model.CONFIG_MAP, model.SECRET, model.ROLE_BINDING, model.WIDGET)

SCOPES = ("watchNamespaces", "sourceNamespaces", "targetNamespaces")
SELECTORS = ("sourceNamespaceSelector", "targetNamespaceSelector")
TIER_ONE: Json = {"matchLabels": {"tier": "one"}}

namespaces = st.sampled_from(NAMESPACES[:3])
names = st.sampled_from(NAMES)
kinds = st.sampled_from(KINDS)
values = st.integers(0, 2)
keys = st.sets(st.sampled_from(("k1", "k2", "k3")), min_size=1, max_size=2)
metadata: st.SearchStrategy[Json] = st.sampled_from(
    (
        {},
        {},
        {"labels": {"tier": "one"}},
        {"labels": {"tier": "two", "app.kubernetes.io/instance": "argo"}, "annotations": {"note": "n"}},
        {
            "annotations": {
                "argocd.argoproj.io/tracking-id": "x",
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
            }
        },
    )
)
marks = st.sampled_from(("", "", "", "upstream", "upstream-finalizer"))

_named = st.sampled_from((*NAMESPACES, *NAMESPACES, "*", "")).map(lambda ns: {"namespace": ns})
_matched = st.sampled_from(
    (
        {"namespace": "[ab]"},
        {"namespace": "[!a]"},
        {"namespace": "x*"},
        {"namespaceSelector": TIER_ONE},
        {"namespaceSelector": {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["one"]}]}},
    )
)
_destination = st.builds(
    lambda where, name, strategy, exclude: {
        **where,
        **({"name": name} if name else {}),
        **({"strategy": strategy} if strategy else {}),
        **({"exclude": exclude} if exclude else {}),
    },
    st.one_of(_named, _named, _matched),
    st.sampled_from((None, None, *NAMES, "u", "{destination.namespace}-x", "{source.name}-{destination.labels.tier}")),
    st.sampled_from((None, "apply", "replace")),
    st.sampled_from((None, None, None, ["a"], ["[bc]"])),
)
namespace_marks: st.SearchStrategy[Json] = st.sampled_from(
    (
        {"labels": {"tier": "one"}},
        {"labels": {"tier": "Not_A_Name"}},
        {"labels": {"tier": None, "sync.rustrial.org/exclude": None}},
        {"labels": {"sync.rustrial.org/exclude": "true"}},
        {"annotations": {"sync.rustrial.org/exclude": "a/o0, b/o1"}},
        {"annotations": {"sync.rustrial.org/exclude": None}},
    )
)
destinations = st.lists(_destination, min_size=1, max_size=3)

_KNOWN = (model.CONFIG_MAP, model.CONFIG_MAP, model.CONFIG_MAP, model.SECRET, model.ROLE_BINDING, model.WIDGET)
_NAMED = [{"group": kind.group, "kind": kind.kind} for kind in _KNOWN]
_ODD = [
    {"group": "", "kind": "Namespace"},
    {"group": "", "kind": "Pod"},
    {"group": "", "kind": "Nonsense"},
    {"group": "toys.dev", "kind": "Nonsense"},
    {"group": "", "kind": "ConfigMap", "version": "v9"},
    {"group": "toys.dev", "kind": "Widget", "version": "v9"},
    {"group": "", "kind": "ConfigMap", "version": "v1"},
]
odd_kinds = st.sampled_from((*_NAMED, *_ODD))
source_namespaces = st.sampled_from((None, "a", "b", "c"))
indexes = st.integers(0, 30)
oddly = st.sampled_from((False, False, False, False, False, False, True))
"""Whether an ObjectSync names something at random, instead of an object that exists."""
conflict_policies = st.sampled_from((None, None, "Fail", "Adopt", "Overwrite"))
policies: st.SearchStrategy[Json] = st.one_of(
    st.just({**EVERYTHING, **dict.fromkeys((*SELECTORS, "guard"))}),
    st.just({**EVERYTHING, **dict.fromkeys((*SELECTORS, "guard"))}),
    st.builds(
        lambda field, scope: {field: scope},
        st.sampled_from(SCOPES),
        st.sampled_from((["*"], ["a", "b"], ["b", "c"], ["a", "b", "c"])),
    ),
    st.sampled_from(
        (
            {"allowedResources": [{"apiGroups": ["*"], "resources": ["*"]}]},
            {"allowedResources": [{"apiGroups": [""], "resources": ["configmaps"]}]},
            {
                "allowedResources": [
                    {"apiGroups": [""], "resources": ["*"]},
                    {"apiGroups": ["toys.dev"], "resources": ["widgets"]},
                ]
            },
            {"sourceNamespaceSelector": TIER_ONE},
            {"targetNamespaceSelector": TIER_ONE},
            {"targetNamespaces": ["."]},
            {"guard": "Required"},
            {"guard": "None"},
        )
    ),
)
picks = st.lists(st.integers(0, 5), min_size=1, max_size=10)
seeds = st.integers(0, 1000)

EDITS = (
    "value", "foreign key", "key gone", "label", "foreign label", "foreign annotation", "slice label gone",
    "source annotation gone", "owner gone", "immutable", "finalizer",
)  # fmt: skip


def made(kind: Kind, ns: str, name: str, used: set[str], value: int, meta: Json, immutable: bool) -> Json:
    """Return an object as users create it."""
    obj: Json = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"namespace": ns, "name": name, **meta},
    }
    texts = dict.fromkeys(sorted(used), f"source-{value}")
    if kind is model.CONFIG_MAP:
        obj["data"] = texts
    elif kind is model.SECRET:
        obj["data"] = dict.fromkeys(texts, f"c291cmNl{value}w==")
        if value == 1:
            obj["type"] = "example.com/other" if immutable or "k3" in used else "kubernetes.io/service-account-token"
    elif kind is model.ROLE_BINDING:
        obj["roleRef"] = {"apiGroup": kind.group, "kind": "Role", "name": f"role-{value}"}
        obj["subjects"] = [{"kind": "ServiceAccount", "name": key} for key in sorted(used)]
    else:
        obj["spec"] = {**texts, "items": sorted(used)}
    if immutable and kind in (model.CONFIG_MAP, model.SECRET):
        obj["immutable"] = True
    return obj


def edited(obj: Json, how: str, value: int) -> Json:
    """Return a copy as somebody edited it."""
    meta = obj["metadata"]
    labels, annotations = dict(meta.get("labels") or {}), dict(meta.get("annotations") or {})
    content = next((obj[key] for key in ("data", "spec") if isinstance(obj.get(key), dict)), None)
    match how:
        case "value" if content:
            content[min(content)] = "aGFja2Vk" if obj["kind"] == "Secret" else f"hacked-{value}"
        case "foreign key" if content is not None:
            content["foreign"] = "Zm9yZWlnbg==" if obj["kind"] == "Secret" else f"foreign-{value}"
        case "key gone" if content:
            del content[min(content)]
        case "label":
            labels[model.MANAGED_BY[0]] = "somebody"
        case "foreign label":
            labels["foreign" if value else "example.kubernetes.io/own"] = f"foreign-{value}"
        case "foreign annotation":
            annotations["foreign"] = f"foreign-{value}"
        case "slice label gone":
            labels.pop(model.SLICE, None)
        case "source annotation gone":
            annotations.pop(model.SOURCE, None)
        case "owner gone":
            meta.pop("ownerReferences", None)
        case "immutable" if obj["kind"] in ("ConfigMap", "Secret"):
            obj["immutable"] = True
        case "finalizer":
            meta["finalizers"] = ["team.dev/hold"] if value else []
    meta["labels"], meta["annotations"] = labels, annotations
    return obj
