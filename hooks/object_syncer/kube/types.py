"""Resource types: a kind in one version, with the plural the API server serves it under."""

from dataclasses import dataclass

from object_syncer.kube.meta import Json


@dataclass(frozen=True, slots=True, order=True)
class ResourceType:
    """A resource type as the API server serves it.

    `plural` is its name in URLs ("configmaps"); `group` is "" for the core group.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """The apiVersion of objects of this type: "v1", "batch/v1"."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def display(self) -> str:
        """How people write it: "configmaps", "cronjobs.batch"."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def is_version_of(self, other: "ResourceType") -> bool:
        """Tell whether both show the same objects: the types differ in their version at most."""
        return (self.group, self.plural) == (other.group, other.plural)


def dump(type_: ResourceType) -> Json:
    """Return the shape written to `status.resolved` and to `SyncSlice.spec.resource`."""
    return {
        "apiVersion": type_.api_version,
        "kind": type_.kind,
        "resource": type_.plural,
        "namespaced": type_.namespaced,
    }


def load(value: Json) -> ResourceType:
    """Read what `dump` wrote. Raises KeyError for a missing key."""
    group, _, version = value["apiVersion"].rpartition("/")
    return ResourceType(group, version, value["kind"], value["resource"], value.get("namespaced", True))
