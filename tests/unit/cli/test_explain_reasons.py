"""`explain` finds the cause of each reason of docs/reasons.md.

Most reasons are made by manifests. Those that only a cluster has are in the status of its dump, and are quoted.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from object_syncer.kube.meta import Json
from specification import cases
from unit.cli.given import config_map, namespace, object_sync, policy, run, secret

PAGE = Path(__file__).parents[3] / "docs" / "reasons.md"
A, B = namespace("team-a", labels={"tier": "web"}), namespace("team-b")
ALL_TRANSFORMS = policy(transforms=["*"])


@dataclass(frozen=True)
class Made:
    reason: str
    given: tuple[Json, ...]
    says: str
    """The cause, and what to change."""
    source: Json = field(default_factory=config_map)

    @property
    def word(self) -> str:
        return self.reason.partition(":")[0]


def sync(*destinations: str | Json, **more: object) -> Json:
    return object_sync(*(destinations or ("team-a",)), **more)  # type: ignore[arg-type]


def of(kind: str, group: str = "", **source: str) -> Json:
    return {"kind": kind, "group": group, **source}


def tls() -> Json:
    return {**secret(**{"tls.crt": "YQ==", "tls.key": "YQ=="}), "type": "kubernetes.io/tls"}


MADE = (
    Made("KindNotFound", (sync(source=of("Configmap")),), "no kind Configmap"),
    Made(
        "KindNotFound: a custom kind",
        (sync(source=of("Widget", "example.com")),),
        "no CustomResourceDefinition found for Widget",
    ),
    Made("VersionNotServed", (sync(source=of("ConfigMap", version="v9")),), "v9"),
    Made("ClusterScopedKind", (sync(source=of("Namespace")),), "only namespaced kinds can be copied"),
    Made("NotWatched", (sync(), policy(watchNamespaces=["team-b"])), "default does not watch namespace default"),
    Made(
        "KindNotAllowed",
        (sync(), policy(allowedResources=[{"apiGroups": [""], "resources": ["secrets"]}])),
        "configmaps is not in allowedResources of SyncPolicy default",
    ),
    Made(
        "SourceNotAllowed",
        (sync(), policy(sourceNamespaces=["team-b"])),
        "default is not in sourceNamespaces of SyncPolicy default",
    ),
    Made(
        "TargetNotAllowed",
        (sync(), policy(targetNamespaces=["team-b"])),
        "namespace team-a is not in targetNamespaces",
    ),
    Made(
        "TargetNotAllowed: by a selector",
        (sync(), policy(targetNamespaceSelector={"matchLabels": {"tier": "db"}})),
        "targetNamespaceSelector of the SyncPolicy does not match namespace team-a",
    ),
    Made("SourceNotFound", (sync(),), "ConfigMap default/settings (not in the input)", config_map(name="other")),
    Made("SourceNotCopyable", (sync(source=of("Pod")),), "Pod"),
    Made("SourceNotOffered", (sync(), policy(sourceConsent="Required")), "sync.rustrial.org/copy-to"),
    Made(
        "KeyCollision",
        (sync(copy={"data": {"rename": {"k": "other"}}}), ALL_TRANSFORMS),
        "other",
        config_map(data={"k": "v", "other": "w"}),
    ),
    Made("RequiredKeyMissing", (sync(source=of("Secret"), copy={"data": {"exclude": ["tls.key"]}}),), "tls.key", tls()),
    Made(
        "PatchFailed",
        (sync(copy={"patches": [{"op": "remove", "path": "/data/absent"}]}), ALL_TRANSFORMS),
        "/data/absent",
    ),
    Made("NamespaceNotFound", (sync("team-c"),), "namespace team-c does not exist; the copy comes with it"),
    Made(
        "NamespaceOptedOut",
        (sync("closed"), namespace("closed", labels={"sync.rustrial.org/exclude": "true"})),
        "sync.rustrial.org/exclude",
    ),
    Made("NoNamespaceMatches", (sync("web-*"),), "spec.destinations[0] matches no namespace"),
    Made("TemplateError", (sync({"namespace": "team-b", "name": "of-{destination.labels.tier}"}),), "tier"),
    Made(
        "NamespaceTerminating",
        (sync("going"), namespace("going", deletionTimestamp="2025-01-01T00:00:00Z")),
        "namespace going is being deleted",
    ),
    Made(
        "ConflictPolicyNotAllowed",
        (sync(conflictPolicy="Adopt"), policy()),
        "Adopt is not in conflictPolicies of SyncPolicy default, so Fail is in force",
    ),
    Made(
        "TransformNotAllowed",
        (sync(copy={"patches": [{"op": "remove", "path": "/data/k"}]}), policy()),
        "patches",
    ),
    Made("DestinationReserved", (sync({"namespace": "team-a", "name": "kube-root-ca.crt"}),), "kube-root-ca.crt"),
    Made("TooManyCopies", (sync("team-a", "team-b"), policy(maxCopies=1)), "maxCopies of SyncPolicy default is 1"),
    Made("Conflict", (sync(), config_map("team-a", data={"mine": "x"})), "it was not created for this ObjectSync"),
    Made(
        "Loop",
        (
            sync(),
            object_sync("default", name="z-back", source={"namespace": "team-a"}),
        ),
        "Loop",
    ),
    Made("Suspended", (sync(suspend=True),), "spec.suspend"),
    Made("Rejected", (sync({"namespace": "team-a", "name": "Upper"}),), "The API server says: ConfigMap"),
)

ONLY_IN_A_MESSAGE = {"ConflictPolicyNotAllowed"}
"""Advice: all is in sync."""

OF_A_CLUSTER = frozenset(
    (
        "Planning",
        "Creating",
        "Deleting",
        "Drifted",
        "Recreating",
        "ImmutableField",
        "ForeignFields",
        "Contested",
        "ControllerNotRunning",
        "GuardMissing",
        "Retiring",
        "Stalled",
        "WrongApplyStrategy",
        "InternalError",
    )
)
"""What only a real cluster has: writes under way, other writers, an installation that is not as it should be."""

REFUSED = frozenset(("UnknownField", "InvalidPolicy"))
"""What the input cannot have: it is reported with its place."""


def test_every_reason_is_made_on_purpose() -> None:
    documented = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert sorted({made.word for made in MADE} | OF_A_CLUSTER | REFUSED | {"Success"}) == sorted(documented)


@cases(*MADE)
def test_the_cause_of_a_reason_that_manifests_make_is_said(case: Made) -> None:
    result = run("explain", "objectsync", "default/sync", "-", given=(A, B, case.source, *case.given))
    words = " ".join(result.stdout.split())
    destination = case.given[0]["spec"]["destinations"][0]
    place = f"{destination['namespace']}/{destination.get('name', 'settings')}"
    if "*" not in place:
        words += " ".join(run("explain", place, "-", given=(A, B, case.source, *case.given)).stdout.split())
    assert case.word in words or case.word in ONLY_IN_A_MESSAGE
    assert case.says in words


@pytest.mark.parametrize("reason", sorted(OF_A_CLUSTER))
def test_a_reason_that_only_a_cluster_has_is_quoted_from_its_status(reason: str) -> None:
    live = object_sync("team-a")
    message = f"what the cluster says of {reason}"
    live["status"] = {
        "conditions": [
            {"type": "Ready", "status": "True", "reason": "Success", "message": ""},
            {"type": "InSync", "status": "False", "reason": reason, "message": message},
        ],
        "destinations": [
            {"namespace": "team-a", "name": "settings", "state": "Failed", "reason": reason, "message": message}
        ],
    }
    for words in (("objectsync", "default/sync"), ("team-a/settings",)):
        result = run("explain", *words, "-", given=(A, B, config_map(), live))
        assert f"{reason}: {message}" in result.stdout
        assert result.exit_code == 1, "it is in sync in the simulation, but not in the cluster"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (policy(targetNamespaces=[]), "SyncPolicy default: spec.targetNamespaces: has 0 items"),
        (sync(surprise=True), "ObjectSync default/sync: spec.surprise: "),
    ],
    ids=["InvalidPolicy", "UnknownField"],
)
def test_what_an_api_server_would_refuse_is_named_with_its_field(given: Json, says: str) -> None:
    result = run("explain", "team-a/settings", "-", given=(A, config_map(), given))
    assert says in result.stderr
    assert result.exit_code == 2
