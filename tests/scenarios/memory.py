"""Scenarios on the in-memory engine."""

from collections.abc import Iterable

import grants
from memcluster import ApiError, Cluster, HookError
from memcluster.webhooks import Headers
from object_syncer import rehearsal
from object_syncer.kube import api
from object_syncer.kube.meta import Json
from scenarios import corner
from scenarios.corner import Corner
from scenarios.objects import namespace
from scenarios.scenario import STANDING, Object, Scenario

MARK = "memq0"
_SHORT = 2.0
"""Virtual seconds until a cluster without hooks counts as at rest: the engine's retries must not grow too slow."""


class MemoryStage:
    """A cluster of its own for one scenario."""

    def __init__(self) -> None:
        """Install Object Syncer."""
        self.cluster = Cluster(resources=rehearsal.RESOURCES)
        self._running = self._answering = True
        self._engine = rehearsal.install(self.cluster, call_hook=self._call)
        self._bindings = [obj for obj in rehearsal.machinery() if obj["metadata"]["name"] == api.GUARD]

    def create(self, obj: Object) -> None:
        self.cluster.create(corner.marked(obj, MARK))

    def edit(self, obj: Object, patch: Object) -> None:
        self.cluster.patch(*_where(obj)[:3], corner.marked(patch, MARK), _where(obj)[3])

    def delete(self, obj: Object) -> None:
        self.cluster.delete(*_where(obj))

    def find(self, obj: Object) -> Object | None:
        return self.cluster.find(*_where(obj))

    def policy(self, spec: Object) -> None:
        change = corner.marked({"spec": spec}, MARK)
        self.cluster.patch("sync.rustrial.org/v1alpha1", "SyncPolicy", "default", change)

    def former_policy(self, spec: Object) -> None:
        api_version, kind, name = "apiextensions.k8s.io/v1", "CustomResourceDefinition", grants.CRD[-1]
        versions = self.cluster.get(api_version, kind, name)["spec"]["versions"]
        self.cluster.patch(api_version, kind, name, {"spec": {"versions": grants.without_rules(versions)}})
        self.policy(spec)
        self.cluster.patch(api_version, kind, name, {"spec": {"versions": versions}})

    def guard(self, installed: bool) -> None:
        for obj in self._bindings:
            if installed:
                self.cluster.create(obj)
            else:
                self.cluster.delete(obj["apiVersion"], obj["kind"], obj["metadata"]["name"])

    def engine(self, running: bool) -> None:
        self._running = running
        if running:
            self._engine.restart()

    def hooks(self, answering: bool) -> None:
        self._answering = answering

    def rest(self) -> None:
        """Let everything come to rest."""
        if not self._running:
            self.cluster.collect_garbage()
        elif self._answering:
            self._engine.run()
        else:
            self._engine.run(quiet_seconds=_SHORT)

    def listed(self, api_version: str, kind: str, where: str) -> Iterable[Object]:
        try:
            return self.cluster.list(api_version, kind, where)
        except ApiError:
            return []

    def _call(self, url: str, body: Json, headers: Headers) -> Json:
        if not self._answering:
            raise HookError("connection refused")
        return rehearsal.call(self.cluster, url, body, headers)


def play(scenario: Scenario) -> list[Corner]:
    """Return what is in the corner at rest: at the beginning and after each step."""
    stage, observer = MemoryStage(), corner.Observer(scenario, MARK)
    for obj in (*map(namespace, STANDING), *scenario.given):
        stage.create(obj)
    seen = []
    for number, step in enumerate((lambda _: None, *scenario.steps)):
        step(stage)
        stage.rest()
        seen.append(observer.look(stage.listed, number))
    return seen


def _where(obj: Object) -> tuple[str, str, str, str]:
    obj = corner.marked(obj, MARK)
    meta = obj["metadata"]
    return obj["apiVersion"], obj["kind"], meta["name"], meta.get("namespace", "")
