"""What hooks must know of a resource type, and the refusal that says why one cannot be used."""

from dataclasses import dataclass

from object_syncer.api import Json


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """A resource type as the API server serves it.

    `resource` is the plural ("configmaps"); `group` is "" for the core group.
    """

    group: str
    version: str
    kind: str
    resource: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """The apiVersion of objects of this type: "v1", "batch/v1"."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def display(self) -> str:
        """How people write it: "configmaps", "cronjobs.batch"."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an ObjectSync is not served: a condition's reason and its message."""

    reason: str
    message: str


def dump(resource: Resource) -> Json:
    """Return the shape written to `status.resolved` and to `SyncSlice.spec.resource`."""
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "resource": resource.resource,
        "namespaced": resource.namespaced,
    }


def load(value: Json) -> Resource:
    """Read what `dump` wrote. Raises KeyError for a missing key."""
    group, _, version = value["apiVersion"].rpartition("/")
    return Resource(group, version, value["kind"], value["resource"], value.get("namespaced", True))
