"""`object-syncer doctor`: what is wrong with an installation that a dump shows."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache

from click.testing import Result

from memcluster import Cluster
from object_syncer import rehearsal
from object_syncer.kube.meta import Json, name_of
from specification import cases
from unit.cli.given import config_map, namespace, object_sync, run

Dump = list[Json]
ARGS = ["--apply-strategy=server-side-apply", "--zap-log-level=4", "--leader-election"]


def workload(
    name: str, image: str, args: list[str], kind: str = "Deployment", ready: int = 1, replicas: int = 1
) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"namespace": name, "name": name, "labels": {"app.kubernetes.io/name": name}},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"image": image, "args": args}]}}},
        "status": {"readyReplicas": replicas},
    }


@cache
def _healthy() -> Dump:
    cluster = Cluster(namespaces=("default",), resources=rehearsal.RESOURCES)
    engine = rehearsal.install(cluster)
    for obj in (namespace("team-a"), config_map(), object_sync("team-a")):
        cluster.create(obj)
    engine.run()
    return [
        *cluster.everything(),
        workload("metacontroller", "ghcr.io/metacontroller/metacontroller:v4.17.2", ARGS, "StatefulSet", replicas=2),
        workload("object-syncer", "registry.example.com/object-syncer:0.1.0", ["serve"]),
    ]


def healthy() -> Dump:
    return deepcopy(_healthy())


def doctor(dump: Dump) -> Result:
    return run("doctor", "-", given=tuple(dump))


def of(dump: Dump, kind: str, name: str = "") -> Json:
    return next(obj for obj in dump if obj["kind"] == kind and name in ("", name_of(obj)))


def test_nothing_is_said_of_a_healthy_installation() -> None:
    result = doctor(healthy())
    assert (result.stdout, result.exit_code) == ("", 0)


@dataclass(frozen=True)
class Broken:
    reason: str
    breaks: Callable[[Dump], object]
    says: str


def without(kind: str, name: str = "") -> Callable[[Dump], object]:
    return lambda dump: dump.remove(of(dump, kind, name))


def meta(kind: str, name: str = "", **changes: object) -> Callable[[Dump], object]:
    return lambda dump: of(dump, kind, name)["metadata"].update(changes)


def argument(*args: str) -> Callable[[Dump], object]:
    def change(dump: Dump) -> None:
        of(dump, "StatefulSet")["spec"]["template"]["spec"]["containers"][0]["args"] = list(args)

    return change


def condition(kind: str, type_: str, **changes: object) -> Callable[[Dump], object]:
    def change(dump: Dump) -> None:
        for each in of(dump, kind)["status"]["conditions"]:
            if each["type"] == type_:
                each.update(changes)

    return change


def field_of_crd(version: Json) -> Json:
    fields: Json = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    return fields


def crd(change: Callable[[Json], object]) -> Callable[[Dump], object]:
    return lambda dump: change(
        of(dump, "CustomResourceDefinition", "objectsyncs.sync.rustrial.org")["spec"]["versions"][0]
    )


def asks(release: str) -> Callable[[Dump], object]:
    def change(dump: Dump) -> None:
        webhook = of(dump, "CompositeController", "sync-policies")["spec"]["hooks"]["sync"]["webhook"]
        webhook["url"] = f"http://object-syncer/v1/policy/sync?release={release}"

    return change


FALSE = {"status": "False", "reason": "Rejected", "message": "0 out of 1"}


@cases(
    Broken(
        "a controller is missing",
        without("DecoratorController", "object-syncs"),
        "DecoratorController object-syncs is missing: install",
    ),
    Broken(
        "a part of the guard is missing",
        without("ValidatingAdmissionPolicyBinding", "object-syncer-marks"),
        "ValidatingAdmissionPolicyBinding object-syncer-marks is missing",
    ),
    Broken(
        "controllers are of another release",
        asks("0.0.9"),
        "CompositeController sync-policies asks hooks of release 0.0.9, and this command is",
    ),
    Broken(
        "CRDs are older",
        crd(lambda version: field_of_crd(version).pop("suspend")),
        "objectsyncs.sync.rustrial.org lacks spec.suspend, it is older than this release: apply the CRDs",
    ),
    Broken(
        "CRDs are newer",
        crd(lambda version: field_of_crd(version).update(surprise={"type": "string"})),
        "objectsyncs.sync.rustrial.org has spec.surprise, it is newer than this release: upgrade the hooks",
    ),
    Broken("the engine is in the wrong mode", argument(*ARGS[1:]), "runs without --apply-strategy=server-side-apply"),
    Broken("the engine logs Secrets", argument(*ARGS, "--zap-log-level=5"), "logs objects, Secrets too"),
    Broken("several engines without election", argument(*ARGS[:2]), "has several replicas and no --leader-election"),
    Broken(
        "the engine does not run",
        lambda dump: of(dump, "StatefulSet").update(status={}),
        "Metacontroller (StatefulSet metacontroller/metacontroller) has no ready replica",
    ),
    Broken(
        "the hooks do not run",
        lambda dump: of(dump, "Deployment").update(status={}),
        "the hook server (Deployment object-syncer/object-syncer) has no ready replica",
    ),
    Broken("there is no SyncPolicy", without("SyncPolicy"), "there is no SyncPolicy: create one"),
    Broken(
        "a SyncPolicy was never answered",
        lambda dump: of(dump, "SyncPolicy").pop("status"),
        "SyncPolicy default was never answered: Metacontroller does not run",
    ),
    Broken(
        "a SyncPolicy is not Ready",
        condition("SyncPolicy", "Ready", status="False", reason="GuardMissing", message="there is none"),
        "SyncPolicy default is not Ready: GuardMissing: there is none",
    ),
    Broken(
        "an ObjectSync has no status",
        lambda dump: of(dump, "ObjectSync").pop("status"),
        "ObjectSync default/sync has no status",
    ),
    Broken(
        "an ObjectSync is not in sync",
        condition("ObjectSync", "InSync", **FALSE),
        "ObjectSync default/sync is not InSync: Rejected: 0 out of 1",
    ),
    Broken(
        "an ObjectSync is behind",
        meta("ObjectSync", generation=7),
        "ObjectSync default/sync was changed and not yet served",
    ),
    Broken(
        "a SyncSlice has no controller",
        lambda dump: dump.remove(next(obj for obj in dump if name_of(obj).startswith("configmaps") and
                                      obj["kind"] == "CompositeController")),
        "has no CompositeController configmaps",
    ),
    Broken("a SyncSlice has no ObjectSync", without("ObjectSync"), "has no ObjectSync: its copies are being deleted"),
    Broken(
        "a copy has no SyncSlice",
        without("SyncSlice"),
        "ConfigMap team-a/settings is a copy whose SyncSlice configmaps.sync",
    ),
    Broken(
        "the original's finalizer is left",
        meta("Namespace", "team-a", finalizers=["sync.rustrial.org/rustrial-object-syncer"]),
        "Namespace team-a has the finalizer of the original Object Syncer: take it off",
    ),
    Broken(
        "a deletion is stuck",
        meta("ObjectSync", deletionTimestamp="2024-01-01T00:00:00Z", finalizers=["example.com/f"]),
        "ObjectSync default/sync is being deleted since 2024-01-01T00:00:00Z, held by example.com/f",
    ),
)  # fmt: skip
def test_what_is_wrong_is_said_with_what_to_do(case: Broken) -> None:
    dump = healthy()
    case.breaks(dump)
    result = doctor(dump)
    lines = result.stdout.splitlines()
    assert any(case.says in line for line in lines), lines
    assert len(lines) <= 2, "one cause, and what follows from it"
    assert all(": " in line for line in lines)
    assert result.exit_code == 1


def test_the_guard_is_not_missed_where_no_policy_wants_it() -> None:
    dump = [obj for obj in healthy() if not obj["kind"].startswith("ValidatingAdmissionPolicy")]
    assert doctor(dump).stdout.startswith("ValidatingAdmissionPolicy object-syncer-copies, object-syncer-marks, ")
    of(dump, "SyncPolicy")["spec"]["guard"] = "None"
    assert doctor(dump).stdout == ""
