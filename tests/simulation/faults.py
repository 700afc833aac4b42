"""A cluster and hooks that fail where a history wants them to."""

from __future__ import annotations

from datetime import timedelta

from memcluster import Cluster, HookError
from memcluster.objects import Json
from memcluster.webhooks import Headers
from object_syncer import rehearsal
from object_syncer.kube import api


class FaultyCluster(Cluster):
    """A cluster that refuses copies in some namespaces, and edits ObjectSyncs while the engine works."""

    def __init__(self) -> None:
        self.refusing: set[str] = set()
        self.races = 0
        super().__init__(("default",), resources=rehearsal.RESOURCES)
        self.admission.append(self._refuse)

    def _refuse(self, operation: str, user: str, old: Json | None, new: Json | None) -> str | None:
        if user != api.ENGINE_USER or new is None or new["metadata"].get("namespace", "") not in self.refusing:
            return None
        return f"{operation} denied: over quota" if new["kind"] != "ObjectSync" else None

    def update_status(self, obj: Json, *, user: str = "admin", manager: str = "") -> Json:
        """Write the status; in a race the ObjectSync is edited just before, so that the engine gets a conflict."""
        if self.races and obj["kind"] == "ObjectSync" and user == api.ENGINE_USER:
            self.races -= 1
            meta = obj["metadata"]
            touched = {"metadata": {"annotations": {"team.dev/touched": str(self.writes)}}}
            self.patch(obj["apiVersion"], obj["kind"], meta["name"], touched, meta["namespace"])
        return super().update_status(obj, user=user, manager=manager)

    def let_pass(self, seconds: float) -> None:
        """Move the clock."""
        self.clock += timedelta(seconds=seconds)


class FaultyHooks:
    """The real hooks, some calls of which answer 500."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.calls = 0
        self.failing: dict[str, int] = {}
        """Part of a URL -> how many more calls fail."""
        self.stalling: set[str] = set()
        """Names of SyncSlices whose syncs fail."""

    def __call__(self, url: str, body: Json, headers: Headers) -> Json:
        """Answer a hook, or fail."""
        self.calls += 1
        if self.stalling and "/slice/sync" in url and body["parent"]["metadata"]["name"] in self.stalling:
            raise HookError("504: the hook of this slice takes too long")
        for part, times in self.failing.items():
            if times and part in url:
                self.failing[part] = times - 1
                raise HookError("500: the hook server fails")
        return rehearsal.call(self._cluster, url, body, headers)
