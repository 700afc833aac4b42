"""The comparison of a cluster at rest with the model: each difference is a sentence."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from memcluster import Cluster
from simulation import model, shapes, suspension
from simulation.model import Expected, Json, Place, Wanted, World
from simulation.witness import Witness

KINDS = {kind.kind: kind for kind in model.COPIED}
SYNC = "sync.rustrial.org/v1alpha1"
ENGINE = "metacontroller.k8s.io/v1alpha1"
_METADATA = frozenset(
    {
        "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "labels",
        "annotations", "ownerReferences",
    }
)  # fmt: skip


def world(cluster: Cluster) -> World:
    """Read the users' objects out of a cluster."""
    binding = ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "object-syncer-copies")
    return World(
        objects(cluster, SYNC, "ObjectSync"),
        objects(cluster, SYNC, "SyncPolicy"),
        objects(cluster, "v1", "Namespace"),
        objects(cluster, "apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        cluster.find(*binding) is not None,
        lambda kind, ns, name: cluster.find(kind.api_version, kind.kind, name, ns),
    )


def objects(cluster: Cluster, api_version: str, kind: str) -> list[Json]:
    """Return all objects of a kind, not to be changed; none if there is no such kind."""
    resource = cluster.discovery.by_kind(api_version, kind)
    return cluster.objects(resource) if resource else []


def at_rest(cluster: Cluster) -> list[Json]:
    """Return everything in the cluster but the signs of life that SyncSlices give at rest, and what these change."""
    return [_without_sign(obj) if obj["kind"] == "SyncSlice" else obj for obj in cluster.everything()]


def _without_sign(item: Json) -> Json:
    meta = {key: value for key, value in item["metadata"].items() if key not in ("resourceVersion", "managedFields")}
    status = {key: value for key, value in (item.get("status") or {}).items() if key != "lastSyncTime"}
    return {**item, "metadata": meta, "status": status}


def untold_stalls(cluster: Cluster) -> Iterator[str]:
    """Yield each ObjectSync that says it is in sync though one of its slices has not acted on the present source."""
    for item in objects(cluster, SYNC, "SyncSlice"):
        spec, status = item["spec"], item.get("status") or {}
        owner = cluster.find(SYNC, "ObjectSync", spec["objectSync"]["name"], spec["objectSync"]["namespace"])
        kind = spec["resource"]
        if owner is None or owner["metadata"]["uid"] != spec["objectSync"]["uid"] or spec.get("draining"):
            continue
        if cluster.discovery.by_kind(kind["apiVersion"], kind["kind"]) is None:
            continue
        where = (spec["source"]["name"], spec["source"]["namespace"])
        source = cluster.find(kind["apiVersion"], kind["kind"], *where)
        version = "" if source is None or model.is_terminating(source) else source["metadata"]["resourceVersion"]
        follows = (status.get("source") or {}).get("resourceVersion", "") == version
        conditions = (owner.get("status") or {}).get("conditions") or ()
        if not follows and any((each["type"], each["status"]) == ("InSync", "True") for each in conditions):
            yield f"ObjectSync {spec['objectSync']} says InSync True; SyncSlice {model.name(item)} does not follow"


class Verdict:
    """What is wrong with a cluster at rest."""

    def __init__(self, cluster: Cluster, witness: Witness) -> None:
        self._cluster = cluster
        self._witness = witness
        self._world = world(cluster)
        self._expected = model.expect(self._world)
        self._copies: dict[Place, tuple[Expected, Wanted]] = {}
        for each in self._expected:
            for place, wanted in each.copies():
                self._copies[place] = (each, wanted)
        slices = cluster.list(SYNC, "SyncSlice")
        self._slices = {model.name(each): each for each in slices}
        self._suspended = {
            each.object_sync["metadata"]["uid"] for each in self._expected if suspension.is_suspended(each.object_sync)
        }

    def wrongs(self) -> Iterator[str]:
        """Yield everything that is wrong."""
        yield from self._witness.wrongs
        if not self._world.frozen:
            yield from self._wrong_leftovers()
            yield from self._wrong_machinery()
        yield from self._wrong_policies()
        yield from self._stuck()
        for each in self._expected:
            for wrong in self._wrong_status(each):
                yield f"ObjectSync {'/'.join(each.id)}: {wrong}"

    # What exists

    def _wrong_leftovers(self) -> Iterator[str]:
        for kind in model.COPIED:
            if self._cluster.discovery.by_kind(kind.api_version, kind.kind) is None:
                continue
            for obj in self._cluster.list(kind.api_version, kind.kind):
                place = (kind.kind, model.namespace(obj), model.name(obj))
                if place in self._witness.own or place in self._copies or model.is_terminating(obj):
                    continue
                if self._uids_of(obj) & self._suspended:
                    continue
                if obj["metadata"]["uid"] not in self._witness.disowned:
                    yield f"left over: {'/'.join(place)}"

    def _wrong_machinery(self) -> Iterator[str]:
        planned = {each.object_sync["metadata"]["uid"]: each for each in self._expected if each.planned}
        served = set()
        for called, item in self._slices.items():
            spec = item["spec"]
            if spec["objectSync"]["uid"] in self._suspended:
                served.add((spec["resource"]["resource"], spec["resource"]["apiVersion"]))
                continue
            each = planned.get(spec["objectSync"]["uid"])
            if each is None or each.kind is None:
                yield f"left over: SyncSlice {called}"
                continue
            if spec.get("draining") or (spec["source"]["namespace"], spec["source"]["name"]) != each.source[1:]:
                yield f"not drained: SyncSlice {called}"
            served.add((each.kind.plural, each.kind.api_version))
        with_slices = {item["spec"]["objectSync"]["uid"] for item in self._slices.values()}
        for uid in planned.keys() - with_slices:
            yield f"no SyncSlice for {'/'.join(planned[uid].id)}"
        controllers = set()
        for controller in self._cluster.list(ENGINE, "CompositeController"):
            if model.name(controller) != "sync-policies":
                rule = controller["spec"]["childResources"][0]
                controllers.add((rule["resource"], rule["apiVersion"]))
        needed = {(e.kind.plural, e.kind.api_version) for e in planned.values() if e.kind and not e.refusals}
        for plural, api_version in controllers - served:
            yield f"left over: the controller of {plural} in {api_version}"
        for plural, api_version in needed - controllers:
            yield f"missing: the controller of {plural} in {api_version}"

    def _wrong_policies(self) -> Iterator[str]:
        for policy in self._world.policies:
            conditions = (policy.get("status") or {}).get("conditions") or [{"status": "", "reason": ""}]
            reported = (conditions[0]["status"], conditions[0]["reason"])
            if reported != (("False", "GuardMissing") if self._world.frozen else ("True", "Success")):
                yield f"SyncPolicy {model.name(policy)} says Ready {reported}"
            if policy["status"].get("observedGeneration") != policy["metadata"]["generation"]:
                yield f"SyncPolicy {model.name(policy)} has an old status"

    def _stuck(self) -> Iterator[str]:
        for obj in self._cluster.everything():
            if not model.is_terminating(obj):
                continue
            ours = [each for each in obj["metadata"].get("finalizers") or () if "metacontroller" in each]
            if ours:
                yield f"stuck: {obj['kind']} {model.namespace(obj)}/{model.name(obj)} keeps {', '.join(ours)}"
            if obj["kind"] == "SyncSlice":
                yield f"stuck: SyncSlice {model.name(obj)}"

    # What statuses say

    def _wrong_status(self, each: Expected) -> Iterator[str]:
        meta, status = each.object_sync["metadata"], each.object_sync.get("status")
        if not status:
            yield "has no status"
            return
        if status.get("observedGeneration") != meta["generation"]:
            yield "has an old observedGeneration"
        conditions = {condition["type"]: condition for condition in status["conditions"]}
        if set(conditions) != {"Ready", "InSync"}:
            yield f"has the conditions {sorted(conditions)}"
            return
        if any(condition["observedGeneration"] != meta["generation"] for condition in conditions.values()):
            yield "has a condition of an old generation"
        ready, in_sync = conditions["Ready"], conditions["InSync"]
        if each.refusals:
            for condition in (ready, in_sync):
                yield from _wrong_condition(condition, "False", each.refusals)
            return
        if (ready["status"], ready["reason"]) != ("True", "Success"):
            yield f"Ready is {ready['status']} {ready['reason']}: {ready['message']}"
            return
        if each.kind is None:
            return
        resolved = status.get("resolved") or {}
        if (resolved.get("apiVersion"), resolved.get("resource")) != (each.kind.api_version, each.kind.plural):
            yield f"resolved is {resolved}"
        yield from self._wrong_destinations(each, status)
        if self._keeps_another_source(each):
            return
        if each.source_problem:
            yield from _wrong_condition(in_sync, "False", {each.source_problem})
            return
        reported = {(item["namespace"], item["name"]): item for item in status["destinations"]}
        blocking = {item.get("reason") for item in reported.values() if item["state"] != "Synced"} - {
            "NamespaceNotFound"
        }
        if shapes.is_offered_nowhere(self._source_of(each)):
            yield from _wrong_condition(in_sync, "False", {*blocking, "SourceNotOffered"})
        elif blocking:
            yield from _wrong_condition(in_sync, "False", {*blocking, "Planning"})
        elif each.unmatched and not reported:
            yield from _wrong_condition(in_sync, "False", {"NoNamespaceMatches"})
        else:
            yield from _wrong_condition(in_sync, "True", {"Success"})

    def _wrong_destinations(self, each: Expected, status: Json) -> Iterator[str]:
        listed = [(item["namespace"], item["name"]) for item in status["destinations"]]
        if listed != sorted(each.destinations):
            yield f"lists the destinations {listed}, not {sorted(each.destinations)}"
            return
        counts = {"Synced": 0, "Pending": 0, "Failed": 0, "Conflict": 0}
        for item in status["destinations"]:
            where = (item["namespace"], item["name"])
            counts[item["state"]] += 1
            for wrong in self._wrong_destination(each, item, each.destinations[where]):
                yield f"{'/'.join(where)}: {wrong}"
        copies = {
            "total": len(listed),
            "synced": counts["Synced"],
            "failed": counts["Failed"] + counts["Conflict"],
            "pending": counts["Pending"],
            "summary": f"{counts['Synced']}/{len(listed)}",
        }
        if status["copies"] != copies:
            yield f"counts {status['copies']}, not {copies}"

    def _wrong_destination(self, each: Expected, item: Json, wanted: Wanted) -> Iterator[str]:
        assert each.kind
        ns, called = item["namespace"], item["name"]
        reported = (item["state"], item.get("reason", ""))
        head = (each.kind.group, each.kind.versions[0], each.kind.kind)
        if (item["group"], item["version"], item["kind"]) != head:
            yield f"is said to be {item['kind']}"
        if item.get("strategy", "") != wanted.strategy:
            yield f"is said to have the strategy {item.get('strategy')}"
        if wanted.reason:
            conflicts, pending = ("Conflict", "Loop"), ("NamespaceNotFound", "NamespaceTerminating")
            state = "Conflict" if wanted.reason in conflicts else "Pending" if wanted.reason in pending else "Failed"
            if reported != (state, wanted.reason):
                yield f"is {reported}, not {wanted.reason}"
            if wanted.earlier and wanted.earlier not in item.get("message", ""):
                yield f"does not say that {wanted.earlier} has it: {item.get('message', '')}"
            return
        if each.source_problem:
            if reported != ("Pending", each.source_problem):
                yield f"is {reported}, though {each.source_problem}"
            return
        found = self._cluster.find(each.kind.api_version, each.kind.kind, called, ns)
        source = self._source_of(each)
        is_nowhere = shapes.is_offered_nowhere(source)  # a problem of the source, not of the destination
        if item.get("sourceVersion") != (None if is_nowhere else _version(source)):
            yield "has another sourceVersion than the source"
        if not shapes.is_offered(source, ns):
            if reported != ("Pending" if is_nowhere else "Failed", "SourceNotOffered"):
                yield f"is {reported}, though the source may not go there"
            is_there = found and not model.is_terminating(found) and self._is_of(each, found)
            if is_there and not suspension.is_suspended(each.object_sync):
                yield "has a copy, though the source may not go there"
            return
        made = shapes.made(source, wanted.asked, ns)
        if isinstance(made, str):
            if reported != ("Failed", made):
                yield f"is {reported}, not {made}"
            return
        if suspension.is_suspended(each.object_sync):
            yield from self._wrong_suspended(each, wanted, found, made, item)
            return
        if found and self._uids_of(found) & self._suspended:
            if reported != ("Conflict", "Conflict"):
                yield f"is {reported}, though a suspended ObjectSync has a copy there"
            return
        place = (each.kind.kind, ns, called)
        if place in self._witness.own:
            yield from self._wrong_foreign(each, self._witness.own[place], made, reported)
            return
        if found is None:
            yield f"there is no copy; status says {reported}"
            return
        if model.is_terminating(found):
            if reported[0] == "Synced":
                yield "is being deleted, yet Synced"
            return
        if item.get("syncedVersion") != _version(found):
            yield "has another syncedVersion than the copy"
        yield from self._wrong_copy(each, wanted, found, made, reported)

    def _source_of(self, each: Expected) -> Json:
        assert each.kind
        return self._cluster.get(each.kind.api_version, each.kind.kind, each.source[2], each.source[1])

    def _is_of(self, each: Expected, found: Json) -> bool:
        """Tell whether an object is a copy of an ObjectSync."""
        return each.object_sync["metadata"]["uid"] in self._uids_of(found)

    def _uids_of(self, found: Json) -> set[str]:
        """Return the uid of the ObjectSync that an object is a copy of; none: it is none."""
        slices = [self._slices[name] for name in suspension.owners(found) if name in self._slices]
        return {item["spec"]["objectSync"]["uid"] for item in slices}

    def _keeps_another_source(self, each: Expected) -> bool:
        """Tell whether a suspended ObjectSync has a SyncSlice of a source that it named before."""
        mine = [
            i for i in self._slices.values() if i["spec"]["objectSync"]["uid"] == each.object_sync["metadata"]["uid"]
        ]
        return suspension.is_suspended(each.object_sync) and any(
            (item["spec"]["resource"]["kind"], *item["spec"]["source"].values()) != each.source for item in mine
        )

    def _wrong_suspended(
        self, each: Expected, wanted: Wanted, found: Json | None, made: Json, item: Json
    ) -> Iterator[str]:
        """Yield what is wrong about a destination where nothing is written: status says whether that is right."""
        is_there = found is not None and not model.is_terminating(found) and self._is_of(each, found)
        if found and is_there and item.get("syncedVersion") != _version(found):
            yield "has another syncedVersion than the copy"
        if found and is_there and model.NOTES_OF_WRITES & (found["metadata"].get("annotations") or {}).keys():
            return
        differs = found is None or not is_there or self._differs(each, wanted, found, made)
        reported = (item["state"], item.get("reason", ""))
        if reported != (("Pending", "Suspended") if differs else ("Synced", "")):
            what = "differs or is missing" if differs else "equals its source"
            yield f"is {reported}, though the copy, which is suspended, {what}"

    def _differs(self, each: Expected, wanted: Wanted, found: Json, made: Json) -> bool:
        content = self._wrong_content(each, wanted, found, made, suspension.owners(found)[0])
        try:
            next(content)
        except StopIteration as end:
            return bool(end.value)
        return True

    def _wrong_foreign(self, each: Expected, found: Json, source: Json, reported: tuple[str, str]) -> Iterator[str]:
        policy = each.object_sync["spec"].get("conflictPolicy") or "Fail"
        ours = model.is_ours(found, each.source)
        adopts = policy == "Adopt" and model.may_adopt(found, source)
        where = f"the foreign {'/'.join((model.namespace(found), model.name(found)))}"
        takes = (policy == "Overwrite" and model.may_overwrite(found)) or ours or adopts
        if takes and model.is_unchangeable(found, source):
            if reported != ("Failed", "Rejected"):
                yield f"{where} cannot be changed, but is reported as {reported}"
        elif takes:
            yield f"{where} is not taken over under {policy}; status says {reported}"
        elif reported != ("Conflict", "Conflict"):
            yield f"{where} is not reported as Conflict but as {reported}"

    def _wrong_copy(
        self, each: Expected, wanted: Wanted, found: Json, source: Json, reported: tuple[str, str]
    ) -> Iterator[str]:
        assert each.kind
        meta = found["metadata"]
        owner = next((owner for owner in meta.get("ownerReferences") or () if owner.get("controller")), None)
        if owner is None or owner["kind"] != "SyncSlice" or owner["name"] not in self._slices:
            yield f"the copy has the owner {owner}"
            return
        item = self._slices[owner["name"]]
        if item["spec"]["objectSync"]["uid"] != each.object_sync["metadata"]["uid"]:
            yield f"the copy belongs to the SyncSlice of {item['spec']['objectSync']}"
        for field in meta.keys() - _METADATA - {"finalizers"}:
            yield f"the copy has metadata.{field}"
        wrong = yield from self._wrong_content(each, wanted, found, source, owner["name"])
        if wrong:
            if reported[0] != "Failed" or reported[1] != "ForeignFields":
                yield f"is {reported}, though it has the foreign {wrong}"
        elif reported != ("Synced", ""):
            yield f"is {reported}, though the copy equals its source"

    def _wrong_content(
        self, each: Expected, wanted: Wanted, found: Json, source: Json, slice_name: str
    ) -> Generator[str, None, list[str]]:
        """Yield what is wrong; return the foreign fields that cannot be removed."""
        assert each.kind
        want, have = model.expected_content(source, slice_name), model.content(found)
        written = self._witness.written.get(found["metadata"]["uid"], set())
        foreign = []
        for path in sorted(want.keys() | have.keys()):
            if path in want:
                if path not in have or have[path] != want[path]:
                    yield f"the copy has {have.get(path)!r} at {'/'.join(path)}, the source {want[path]!r}"
            elif path[:2] == ("metadata", "annotations") and path[2] in model.OUR_NOTES:
                continue
            elif path not in written:
                yield f"the copy still has {'/'.join(path)}: {have[path]!r}"
            elif not model.surplus_is_tolerated(each.kind, wanted.strategy, path):
                if model.is_unremovable(each.kind, path):
                    foreign.append("/".join(path))
                else:
                    yield f"the copy still has the foreign {'/'.join(path)}"
        return foreign


def _wrong_condition(condition: Json, status: str, reasons: set[str]) -> Iterator[str]:
    found = (condition["status"], condition["reason"])
    if found[0] != status or found[1] not in reasons:
        yield f"{condition['type']} is {' '.join(found)}, not {status} {sorted(reasons)}: {condition['message']}"


def _version(obj: Json) -> Json:
    return {"uid": obj["metadata"]["uid"], "resource_version": obj["metadata"]["resourceVersion"]}
