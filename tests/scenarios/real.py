"""Scenarios on the real engine: it must end, after each step, where the in-memory one does."""

import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from threading import Lock
from uuid import uuid4

import yaml

from controlplane.client import ApiError, Client, NotFoundError, Objects
from controlplane.engine import manifests
from controlplane.installation import Installation
from controlplane.waiting import wait_for
from grants import lists_optional
from object_syncer.kube import api
from scenarios import corner
from scenarios.corner import Corner
from scenarios.objects import CRD, NAMESPACE, OBJECT_SYNC, namespace
from scenarios.scenario import STANDING, C, Object, Scenario

_POLICY = ("sync.rustrial.org/v1alpha1", "syncpolicies", None, "default")
_INTERVALS = (0.1, 0.6)
"""Seconds between two looks, the first and the longest: looking costs more than the engine's own work."""
_LATER_SECONDS = 1.0
_DRAINED_WITHIN = 90
"""Seconds until an ObjectSync has ended: the planner waits 60 for a slice whose version is no longer served."""


class Lists:
    """Lists of whole kinds, shared by all who look at the cluster: fetched anew for whoever asks later than that."""

    def __init__(self, admin: Client) -> None:
        """Fetch as `admin`."""
        self._admin = admin
        self._locks: defaultdict[tuple[str, str], Lock] = defaultdict(Lock)
        self._fetched: dict[tuple[str, str], tuple[float, Objects]] = {}

    def get(self, api_version: str, kind: str, since: float) -> Objects:
        """Return the objects of a kind, none if it is not served, as they were after the moment `since`."""
        key = (api_version, kind)
        with self._locks[key]:
            moment, objects = self._fetched.get(key, (0.0, []))
            if moment < since:
                moment = time.monotonic()
                objects = self._fetch(api_version, kind)
                self._fetched[key] = moment, objects
            return objects

    def _fetch(self, api_version: str, kind: str) -> Objects:
        try:
            return self._admin.list(api_version, self._admin.resource(api_version, kind).plural)
        except NotFoundError:
            return []


class Corners:
    """Corners of one cluster: a corner that a scenario left as it was is used again, because namespaces end slowly."""

    def __init__(self, installation: Installation) -> None:
        """Begin without any."""
        self._installation = installation
        self._admin: Client = installation.cluster.client()
        self._lists = Lists(self._admin)
        self._free: deque[str] = deque()

    @contextmanager
    def stage(self) -> Iterator["RealStage"]:
        """Give a corner with its namespaces and nothing in them."""
        try:
            mark = self._free.pop()
        except IndexError:
            mark = f"q{uuid4().hex[:7]}q"
            for name in STANDING:
                self._admin.create(corner.marked(namespace(name), mark))
        stage = RealStage(self._installation, self._lists, mark)
        try:
            yield stage
        finally:
            if stage.clear():
                self._free.append(mark)
            else:
                self._drop(mark)

    def close(self) -> None:
        """Delete what is left."""
        while self._free:
            self._drop(self._free.pop())

    def _drop(self, mark: str) -> None:
        for name in (*STANDING, C):
            with suppress(NotFoundError):
                self._admin.delete("v1", "namespaces", None, corner.marked(name, mark))


class RealStage:
    """A corner of a cluster in which Object Syncer runs."""

    def __init__(self, installation: Installation, lists: Lists, mark: str) -> None:
        """Take the corner with that mark."""
        self.mark = mark
        self._lists = lists
        self._installation = installation
        self._admin: Client = installation.cluster.client()
        self._made: list[Object] = []
        self._policy: Object | None = None
        self._guarded = self._running = self._answering = True

    def create(self, obj: Object) -> None:
        """Create an object; the API server may need a moment to serve a new kind."""
        obj = corner.marked(obj, self.mark)
        self._made.append(obj)
        if (obj["apiVersion"], obj["kind"]) == CRD:
            self._admin.apply_yaml([obj])
        else:
            wait_for(lambda: self._admin.create(obj), 5, f"{obj['kind']} created", tolerate=(NotFoundError,))

    def edit(self, obj: Object, patch: Object) -> None:
        """Merge a patch into an object."""
        self._admin.patch(*self._where(obj), corner.marked(patch, self.mark))

    def delete(self, obj: Object) -> None:
        """Ask for an object's end; the guard may first want a SyncPolicy to have given up its copies."""
        if obj["kind"] == "SyncPolicy":
            wait_for(partial(self._is_deleted, obj), _DRAINED_WITHIN, "SyncPolicy deleted", tolerate=(ApiError,))
        else:
            self._admin.delete(*self._where(obj))

    def find(self, obj: Object) -> Object | None:
        """Return an object as it is."""
        return self._admin.find(*self._where(obj))

    def policy(self, spec: Object) -> None:
        """Merge into the spec of the SyncPolicy; it is put back in the end."""
        self._policy = self._policy or self._admin.get(*_POLICY)["spec"]
        self._admin.patch(*_POLICY, corner.marked({"spec": spec}, self.mark))

    def former_policy(self, spec: Object) -> None:
        """Merge into the spec of the SyncPolicy under the former CRD."""
        with lists_optional(self._admin):
            self.policy(spec)

    def guard(self, installed: bool) -> None:
        """Install the binding of the guard, or delete it."""
        text = manifests("--no-crds", "--engine-user", self._engine_user())
        for obj in yaml.safe_load_all(text):
            if obj["metadata"]["name"] == api.GUARD and installed:
                self._admin.apply(obj)
            elif obj["metadata"]["name"] == api.GUARD:
                self._admin.delete(obj["apiVersion"], self._admin.resource_of(obj).plural, None, api.GUARD)
        self._guarded = installed

    def engine(self, running: bool) -> None:
        """Start the engine, or kill it."""
        if running:
            self._installation.engine.start()
        else:
            self._installation.engine.kill()
        self._running = running

    def hooks(self, answering: bool) -> None:
        """Start the hook server, or stop it."""
        if answering:
            self._installation.hooks.start()
        else:
            self._installation.hooks.stop()
        self._answering = answering

    def listed_now(self) -> corner.List:
        """Return what lists the objects of the cluster as they are from now on."""
        since = time.monotonic()

        def listed(api_version: str, kind: str, where: str) -> Objects:
            found = self._lists.get(api_version, kind, since)
            return [obj for obj in found if not where or obj["metadata"].get("namespace") == where]

        return listed

    def statuses(self) -> Iterator[str]:
        """Yield what the ObjectSyncs and SyncSlices of the corner say, for whoever looks for a fault."""
        for kind in ("ObjectSync", "SyncSlice"):
            for obj in self._lists.get("sync.rustrial.org/v1alpha1", kind, time.monotonic()):
                meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
                if self.mark in meta.get("namespace", "") + spec.get("objectSync", {}).get("namespace", ""):
                    seen = f"generation {status.get('observedGeneration')} of {meta['generation']}"
                    unsynced = [each for each in status.get("destinations") or () if each["state"] != "Synced"]
                    yield f"{kind} {meta['name']}: {seen} {status.get('conditions', status.get('problem'))} {unsynced}"

    def clear(self) -> bool:
        """Put right what is shared, delete what was made; tell whether the corner is now as it was.

        ObjectSyncs are waited for: whatever a scenario did to them, none may be stuck.
        """
        self._restore()
        syncs = self._here(*OBJECT_SYNC)
        for sync in syncs:
            self._delete(sync)
        kinds = {(obj["apiVersion"], obj["kind"]) for obj in self._made}
        for kind in kinds - {CRD, NAMESPACE, OBJECT_SYNC}:
            for obj in self._here(*kind):
                if obj["metadata"].get("finalizers"):
                    with suppress(NotFoundError):
                        self.edit(obj, {"metadata": {"finalizers": None}})
        for sync in syncs:
            wait_for(partial(self._gone, sync), _DRAINED_WITHIN, "ObjectSync gone")
        for kind in kinds - {NAMESPACE, OBJECT_SYNC}:
            for obj in self._here(*kind):
                self._delete(obj)
        living = {
            obj["metadata"]["name"] for obj in self._here(*NAMESPACE) if "deletionTimestamp" not in obj["metadata"]
        }
        for obj in self._here(*NAMESPACE):
            self._clean(obj)
        return CRD not in kinds and living == {corner.marked(name, self.mark) for name in STANDING}

    def _restore(self) -> None:
        for well, put_right in (
            (self._running, self.engine), (self._answering, self.hooks), (self._guarded, self.guard),
        ):  # fmt: skip
            if not well:
                put_right(True)
        if self._policy:
            live = self._admin.get(*_POLICY)
            self._admin.replace({**live, "spec": self._policy})

    def _here(self, api_version: str, kind: str) -> Objects:
        """The objects of a kind that belong to the corner."""
        found = self._lists.get(corner.marked(api_version, self.mark), kind, time.monotonic())
        return [obj for obj in found if self.mark in obj["metadata"].get("namespace", "") + obj["metadata"]["name"]]

    def _delete(self, obj: Object) -> None:
        with suppress(NotFoundError):
            self.delete(obj)

    def _is_deleted(self, obj: Object) -> bool:
        with suppress(NotFoundError):
            self._admin.delete(*self._where(obj))
        return True

    def _clean(self, namespace: Object) -> None:
        """Take off labels and annotations that a scenario put on a namespace."""
        mine = {
            field: {key: None for key in namespace["metadata"].get(field) or () if key != "kubernetes.io/metadata.name"}
            for field in ("labels", "annotations")
        }
        if any(mine.values()):
            with suppress(NotFoundError):
                self.edit(namespace, {"metadata": mine})

    def _gone(self, obj: Object) -> bool:
        return self.find(obj) is None

    def _engine_user(self) -> str:
        return self._installation.cluster.client(self._installation.engine.user).username()

    def _where(self, obj: Object) -> tuple[str, str, str | None, str]:
        obj = corner.marked(obj, self.mark)
        resource, meta = self._admin.resource_of(obj), obj["metadata"]
        return resource.api_version, resource.plural, meta.get("namespace"), meta["name"]


def play(scenario: Scenario, expected: Sequence[Corner], corners: Corners) -> None:
    """Play a scenario; fail where the corner does not come to what is expected at the beginning and after each step."""
    with corners.stage() as stage:
        observer = corner.Observer(scenario, stage.mark)
        for obj in scenario.given:
            stage.create(obj)
        for number, (step, wanted) in enumerate(zip((lambda _: None, *scenario.steps), expected, strict=True)):
            step(stage)
            _becomes(stage, observer, number, wanted, scenario.patience)
        time.sleep(_LATER_SECONDS)
        _becomes(stage, observer, len(scenario.steps), expected[-1], scenario.patience)


def _becomes(stage: RealStage, observer: corner.Observer, number: int, wanted: Corner, patience: float) -> None:
    deadline = time.monotonic() + patience
    interval, longest = _INTERVALS
    while (seen := _look(stage, observer, number)) != wanted:
        if time.monotonic() > deadline:
            statuses = "\n".join(stage.statuses())
            what = f"step {number} (0: the objects given), within {patience:g} s"
            raise AssertionError(f"{what}:\n{_difference(seen, wanted)}\n{statuses}")
        time.sleep(interval)
        interval = min(interval * 1.3, longest)


def _look(stage: RealStage, observer: corner.Observer, number: int) -> Corner:
    try:
        return observer.look(stage.listed_now(), number)
    except ApiError as error:  # the API server is busy with a kind that comes or goes just now
        return {"the API server": str(error)}


def _difference(seen: Corner, wanted: Corner) -> str:
    lines = []
    for key in sorted(seen.keys() | wanted.keys()):
        if seen.get(key) != wanted.get(key):
            lines += [key, f"  real engine: {seen.get(key)}", f"  in memory:   {wanted.get(key)}"]
    return "\n".join(lines)
