"""What every controller of an engine shares: the cluster, the way to the hooks, whom it writes as, what it applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from memcluster.cluster import Cluster
from memcluster.errors import ApiError, SyncError, not_found
from memcluster.jsons import Json, finalizers_of, is_going, name_of, namespace_of, uid_of, with_metadata
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
    """The process the controllers run in."""

    cluster: Cluster
    call_hook: CallHook
    user: str
    manager: str
    applied: dict[str, Applied] = field(default_factory=dict)

    def resource(self, api_version: str, plural: str) -> Resource:
        """A resource known to discovery; an error of the sync if there is none."""
        found = self.cluster.discovery.by_plural(api_version, plural)
        if found is None:
            raise SyncError(f"discovery: can't find resource {plural} in apiVersion {api_version}")
        return found

    def kind(self, api_version: str, kind: str) -> Resource:
        """A kind known to discovery; an error of the sync if there is none."""
        found = self.cluster.discovery.by_kind(api_version, kind)
        if found is None:
            raise SyncError(f"discovery: can't find kind {kind} in apiVersion {api_version}")
        return found

    def change(self, obj: Json, edit: Callable[[Json], Json], *, status: bool = False) -> Json:
        """Edit the live object of that uid and write it if the edit changed anything; 404 if it is another by now."""
        resource = self.kind(obj["apiVersion"], obj["kind"])
        live = self.cluster.snapshot(resource, name_of(obj), namespace_of(obj))
        if live is None or uid_of(live) != uid_of(obj):
            raise not_found(f'{resource.plural} "{name_of(obj)}" not found')
        edited = edit(live)
        if edited is live:
            return live
        write = self.cluster.update_status if status and resource.has_status else self.cluster.update
        return write(edited, user=self.user, manager=self.manager)

    def sync_finalizer(self, obj: Json, finalizer: str, wanted: bool) -> Json:
        """Put our finalizer on a parent, or take a useless one off; never onto one that is going."""
        if (finalizer in finalizers_of(obj)) == wanted or (wanted and is_going(obj)):
            return obj
        return self.set_finalizer(obj, finalizer, wanted)

    def set_finalizer(self, obj: Json, finalizer: str, wanted: bool) -> Json:
        """Add or remove a finalizer on the live object."""

        def edit(live: Json) -> Json:
            have = finalizers_of(live)
            if (finalizer in have) == wanted:
                return live
            kept = [*have, finalizer] if wanted else [each for each in have if each != finalizer]
            return with_metadata(live, finalizers=kept)

        return self.change(obj, edit)


def is_missing(error: ApiError) -> bool:
    """Whether the API server answered that there is no such thing."""
    return error.reason == "NotFound"


def is_conflict(error: ApiError) -> bool:
    """Whether the API server answered that somebody else was faster."""
    return error.reason == "Conflict"


def should_finalize(parent: Json, finalizer: str, enabled: bool) -> bool:
    """Whether a parent's children are still managed while it is going: our finalizer is on, the collector's are not."""
    finalizers = finalizers_of(parent)
    return enabled and finalizer in finalizers and not {"foregroundDeletion", "orphan"} & set(finalizers)
