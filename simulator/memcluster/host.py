"""What all controllers of an engine share: the cluster, the hooks, the user they write as, the apply cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from memcluster.cluster import Cluster
from memcluster.errors import SyncError, not_found
from memcluster.objects import Json, finalizers_of, name_of, namespace_of, uid_of, with_metadata
from memcluster.resources import Resource
from memcluster.webhooks import CallHook


class Applied(NamedTuple):
    """What the engine remembers of the last apply of a child."""

    desired: bytes
    generation: int
    version: str
    uid: str


@dataclass
class Host:
    """The process that the controllers run in."""

    cluster: Cluster
    call_hook: CallHook
    user: str
    manager: str
    applied: dict[str, Applied] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """What the API server said to the last write of a child, if it refused that; keys as in `applied`."""

    def resource(self, api_version: str, plural: str) -> Resource:
        """Return the resource of that plural. Raises SyncError if it is not served."""
        found = self.cluster.discovery.by_plural(api_version, plural)
        if found is None:
            raise SyncError(f"discovery: can't find resource {plural} in apiVersion {api_version}")
        return found

    def kind(self, api_version: str, kind: str) -> Resource:
        """Return the resource of that kind. Raises SyncError if it is not served."""
        found = self.cluster.discovery.by_kind(api_version, kind)
        if found is None:
            raise SyncError(f"discovery: can't find kind {kind} in apiVersion {api_version}")
        return found

    def change(self, obj: Json, edit: Callable[[Json], Json], *, status: bool = False) -> Json:
        """Edit the live object and write it if the edit changed anything; 404 if its uid is another one now."""
        resource = self.kind(obj["apiVersion"], obj["kind"])
        live = self.cluster.snapshot(resource, name_of(obj), namespace_of(obj))
        if live is None or uid_of(live) != uid_of(obj):
            raise not_found(f'{resource.plural} "{name_of(obj)}" not found')
        edited = edit(live)
        if edited is live:
            return live
        write = self.cluster.update_status if status and resource.has_status else self.cluster.update
        return write(edited, user=self.user, manager=self.manager)

    def set_finalizer(self, obj: Json, finalizer: str, wanted: bool) -> Json:
        """Add or remove a finalizer on the live object; return the object."""

        def edit(live: Json) -> Json:
            finalizers = finalizers_of(live)
            if (finalizer in finalizers) == wanted:
                return live
            left = [*finalizers, finalizer] if wanted else [each for each in finalizers if each != finalizer]
            return with_metadata(live, finalizers=left)

        return self.change(obj, edit)
