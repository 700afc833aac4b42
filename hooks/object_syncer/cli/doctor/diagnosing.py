"""What is wrong with an installation, from a dump of the cluster: engine, hooks, CRDs, guard, and what they serve.

Each check yields findings: what is wrong and what to do, one line each. A healthy installation has none.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from object_syncer import __version__, rehearsal
from object_syncer.cli.simulate.outcome import condition_of, place_of
from object_syncer.kube import api, clock
from object_syncer.kube.meta import Json, name_of, namespace_of

_STUCK_AFTER = 300
"""Seconds until a deletion that is not done counts as stuck."""

_OPTIONAL_PARTS = ("object-syncer-requesters",)
"""Parts of the guard that an installation may leave out."""

_CRD, _ADMISSION = "CustomResourceDefinition", "ValidatingAdmissionPolicy"

Objects = Mapping[str, Sequence[Json]]
"""The objects of a dump by kind."""


class Finding(NamedTuple):
    """Something that is wrong, and what to do about it."""

    what: str
    cure: str

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.what}: {self.cure}"


def diagnose(dump: Iterable[Json], now: datetime) -> list[Finding]:
    """Return what is wrong with the installation that a dump shows; all objects have sound metadata."""
    objects: dict[str, list[Json]] = {}
    for obj in dump:
        objects.setdefault(obj["kind"], []).append(obj)
    checks = (_parts, _releases, _crds, _engine, _hooks, _policies, _object_syncs, _slices, _copies)
    return [*chain.from_iterable(check(objects) for check in checks), *_deletions(objects, now)]


def _names(objects: Objects, kind: str) -> dict[str, Json]:
    return {name_of(obj): obj for obj in objects.get(kind, ())}


# The installation


def _parts(objects: Objects) -> Iterator[Finding]:
    policies = objects.get("SyncPolicy", ())
    unguarded = policies and all((item.get("spec") or {}).get("guard") == "None" for item in policies)
    missing: dict[str, list[str]] = {}
    for part in rehearsal.machinery():
        kind, name = part["kind"], name_of(part)
        wanted = name not in _OPTIONAL_PARTS and not (unguarded and kind.startswith(_ADMISSION))
        if wanted and name not in _names(objects, kind):
            missing.setdefault(kind, []).append(name)
    for kind, names in missing.items():
        shown, verb = ", ".join(names), "are" if len(names) > 1 else "is"
        cure = "install what is missing (helm upgrade, or object-syncer manifests); or the dump lacks its kind"
        yield Finding(f"{kind} {shown} {verb} missing", cure)


def _releases(objects: Objects) -> Iterator[Finding]:
    found: dict[str, str] = {}
    for kind in ("CompositeController", "DecoratorController"):
        for obj in objects.get(kind, ()):
            hooks = (obj.get("spec") or {}).get("hooks") or {}
            url = (((hooks.get("sync") or {}).get("webhook") or {}).get("url")) or ""
            release = parse_qs(urlsplit(url).query).get("release", [""])[0]
            if release and "/v1/" in url:
                found[f"{kind} {name_of(obj)}"] = release
    others = {who: release for who, release in found.items() if release != __version__}
    for who, release in sorted(others.items())[:1]:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        cure = "upgrade what is older; docs/upgrade.md has the order"
        yield Finding(f"{who}{more} asks hooks of release {release}, and this command is {__version__}", cure)


def _crds(objects: Objects) -> Iterator[Finding]:
    live = _names(objects, _CRD)
    for crd in rehearsal.machinery():
        found = live.get(name_of(crd)) if crd["kind"] == _CRD else None
        if found is None:
            continue
        if condition_of(found, "Established").get("status") != "True":
            yield Finding(f"{_CRD} {name_of(crd)} is not established", "see its conditions: kubectl describe crd")
        ours, theirs = set(_fields(crd)), set(_fields(found))
        if ours - theirs:
            cure = "apply the CRDs of this release (docs/upgrade.md)"
            yield Finding(f"{_CRD} {name_of(crd)} lacks {min(ours - theirs)}, it is older than this release", cure)
        elif theirs - ours:
            cure = "upgrade the hooks; they refuse specs that use it"
            yield Finding(f"{_CRD} {name_of(crd)} has {min(theirs - ours)}, it is newer than this release", cure)


def _fields(crd: Json) -> Iterator[str]:
    """Yield the paths of all fields in spec and status."""

    def below(schema: Json, path: str) -> Iterator[str]:
        for name, inner in (schema.get("properties") or {}).items():
            yield f"{path}{name}"
            yield from below(inner, f"{path}{name}.")
        for inside in (schema.get("items"), schema.get("additionalProperties")):
            if isinstance(inside, dict):
                yield from below(inside, path)

    for version in (crd.get("spec") or {}).get("versions") or ():
        root = ((version.get("schema") or {}).get("openAPIV3Schema") or {}).get("properties") or {}
        for part in ("spec", "status"):
            yield from below(root.get(part) or {}, f"{part}.")


def _engine(objects: Objects) -> Iterator[Finding]:
    for workload in _workloads(objects):
        for container in _containers(workload):
            image = str(container.get("image", "")).rpartition("/")[2]
            if not image.startswith(("metacontroller:", "metacontroller@")):
                continue
            args = [str(arg) for arg in [*(container.get("command") or ()), *(container.get("args") or ())]]
            who = f"Metacontroller ({workload['kind']} {place_of(workload)})"
            if _ready(workload) == 0:
                yield Finding(f"{who} has no ready replica", "kubectl describe it, and see the log of its pods")
            if "--apply-strategy=server-side-apply" not in args:
                cure = "add that argument; without it nothing is copied"
                yield Finding(f"{who} runs without --apply-strategy=server-side-apply", cure)
            if "--zap-devel" in args or any(_level(arg) > 4 for arg in args):
                yield Finding(f"{who} logs objects, Secrets too", "set --zap-log-level to 4 at most, no --zap-devel")
            several = ((workload.get("spec") or {}).get("replicas") or 1) > 1
            if several and not any(arg in ("--leader-election", "--leader-election=true") for arg in args):
                yield Finding(f"{who} has several replicas and no --leader-election", "add it, or run one replica")


def _level(argument: str) -> int:
    flag, _, value = argument.partition("=")
    return int(value) if flag == "--zap-log-level" and value.isdecimal() else 0


def _hooks(objects: Objects) -> Iterator[Finding]:
    for workload in _workloads(objects):
        labels = workload["metadata"].get("labels") or {}
        if labels.get("app.kubernetes.io/name") == "object-syncer" and _ready(workload) == 0:
            what = f"the hook server ({workload['kind']} {place_of(workload)}) has no ready replica"
            yield Finding(what, "kubectl describe it, and see the log of its pods; copies stay as they are meanwhile")


def _workloads(objects: Objects) -> Iterator[Json]:
    return chain(objects.get("Deployment", ()), objects.get("StatefulSet", ()))


def _containers(workload: Json) -> Sequence[Json]:
    spec = ((workload.get("spec") or {}).get("template") or {}).get("spec") or {}
    return spec.get("containers") or ()


def _ready(workload: Json) -> int:
    return int((workload.get("status") or {}).get("readyReplicas") or 0)


# What it serves


def _policies(objects: Objects) -> Iterator[Finding]:
    if not objects.get("SyncPolicy"):
        yield Finding("there is no SyncPolicy", "create one: without it nothing is copied; or the dump lacks its kind")
    for policy in objects.get("SyncPolicy", ()):
        who = f"SyncPolicy {name_of(policy)}"
        ready = condition_of(policy, "Ready")
        if not ready:
            cure = "Metacontroller does not run, does not reach the hooks, or may not read: see its log"
            yield Finding(f"{who} was never answered", cure)
        elif _is_behind(policy, ready):
            yield Finding(f"{who} was changed and not yet answered", "wait; if it stays, see Metacontroller's log")
        elif ready["status"] != "True":
            yield Finding(f"{who} is not Ready", _said(ready))


def _object_syncs(objects: Objects) -> Iterator[Finding]:
    for item in objects.get("ObjectSync", ()):
        who = f"ObjectSync {place_of(item)}"
        conditions = [condition_of(item, type_) for type_ in ("Ready", "InSync")]
        wrong = next((each for each in conditions if each and each["status"] != "True"), None)
        if not all(conditions):
            cure = "Metacontroller does not run, does not reach the hooks, or may not read: see its log"
            yield Finding(f"{who} has no status", cure)
        elif any(_is_behind(item, each) for each in conditions):
            yield Finding(f"{who} was changed and not yet served", "wait; if it stays, see Metacontroller's log")
        elif wrong:
            yield Finding(f"{who} is not {wrong['type']}", _said(wrong))


def _is_behind(obj: Json, condition: Json) -> bool:
    generation = obj["metadata"].get("generation")
    return bool(generation) and condition.get("observedGeneration", generation) < generation


def _said(condition: Json) -> str:
    return f"{condition.get('reason')}: {condition.get('message')} (docs/reasons.md)"


def _slices(objects: Objects) -> Iterator[Finding]:
    controllers = _names(objects, "CompositeController")
    owners = {item["metadata"].get("uid") for item in objects.get("ObjectSync", ())}
    for item in objects.get("SyncSlice", ()):
        labels = item["metadata"].get("labels") or {}
        controller = labels.get(api.CONTROLLER_LABEL)
        if controller and controller not in controllers:
            cure = "the planner makes it again; if it stays, see the log of Metacontroller"
            yield Finding(f"SyncSlice {name_of(item)} has no CompositeController {controller}", cure)
        if labels.get(api.OBJECTSYNC_LABEL) not in owners:
            cure = "its copies are being deleted; if it stays, see its events"
            yield Finding(f"SyncSlice {name_of(item)} has no ObjectSync", cure)


def _copies(objects: Objects) -> Iterator[Finding]:
    slices = _names(objects, "SyncSlice")
    orphans: dict[str, list[str]] = {}
    for obj in chain.from_iterable(objects.values()):
        marked = (obj["metadata"].get("labels") or {}).get(api.SLICE_LABEL)
        if marked and marked not in slices:
            orphans.setdefault(marked, []).append(f"{obj['kind']} {place_of(obj)}")
        if api.UPSTREAM_FINALIZER in (obj["metadata"].get("finalizers") or ()):
            where = place_of(obj) if namespace_of(obj) else name_of(obj)
            cure = "take it off (docs/upgrade.md, Come from the original)"
            yield Finding(f"{obj['kind']} {where} has the finalizer of the original Object Syncer", cure)
    for marked, copies in orphans.items():
        more = f" and {len(copies) - 1} more" if len(copies) > 1 else ""
        cure = "nobody keeps it in sync: an ObjectSync that copies there takes it over; else delete it"
        yield Finding(f"{copies[0]}{more} is a copy whose SyncSlice {marked} is gone", cure)


def _deletions(objects: Objects, now: datetime) -> Iterator[Finding]:
    for kind in ("ObjectSync", "SyncPolicy", "SyncSlice"):
        for obj in objects.get(kind, ()):
            since = obj["metadata"].get("deletionTimestamp")
            if since and clock.age(since, now) > _STUCK_AFTER:
                where = place_of(obj) if namespace_of(obj) else name_of(obj)
                held = ", ".join(obj["metadata"].get("finalizers") or ()) or "nothing that it says"
                cure = "see docs/troubleshooting.md, Something cannot be deleted"
                yield Finding(f"{kind} {where} is being deleted since {since}, held by {held}", cure)
