"""What the person who runs a command may do, asked before anything is written."""

from collections.abc import Iterable
from typing import NamedTuple

from object_syncer.cli.live.cluster import Cluster
from object_syncer.kube.meta import Json
from object_syncer.kube.types import ResourceType

SELF_REVIEW = ResourceType(
    "authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False
)
REVIEW = ResourceType("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", namespaced=False)


class Right(NamedTuple):
    """A verb on all objects of a type, in one namespace or, if that is "", in all."""

    verb: str
    type: ResourceType
    namespace: str = ""
    subresource: str = ""

    def __str__(self) -> str:
        """Return it as `kubectl auth can-i` takes it."""
        below = f" --subresource={self.subresource}" if self.subresource else ""
        where = f" --namespace={self.namespace}" if self.namespace else " --all-namespaces" * self.type.namespaced
        return f"{self.verb} {self.type.display}{below}{where}"


def missing(cluster: Cluster, rights: Iterable[Right], user: str = "", groups: Iterable[str] = ()) -> list[Right]:
    """Return the rights that one does not have, or, if a user is named, that this user does not have.

    Raises ClusterError.
    """
    type_ = REVIEW if user else SELF_REVIEW
    who: Json = {"user": user, "groups": list(groups)} if user else {}
    return [right for right in dict.fromkeys(rights) if not _has(cluster, type_, who, right)]


def _has(cluster: Cluster, type_: ResourceType, who: Json, right: Right) -> bool:
    attributes = {
        "verb": right.verb,
        "group": right.type.group,
        "resource": right.type.plural,
        "namespace": right.namespace,
        "subresource": right.subresource,
    }
    asked = {key: value for key, value in attributes.items() if value}
    return bool(cluster.review(type_, {"spec": {"resourceAttributes": asked, **who}}).get("allowed"))
