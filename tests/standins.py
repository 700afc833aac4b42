"""CRDs of others, where these are not at hand: any object of the kind passes."""

from controlplane.client import CRD, Object


def stand_in(group: str, version: str, kind: str) -> Object:
    """Return a CRD by which the API server stores whatever is said to be of a kind."""
    plural = f"{kind.lower()}s"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": CRD,
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, a stand-in for tests"},
        },
        "spec": {
            "group": group,
            "scope": "Cluster" if group == "metacontroller.k8s.io" else "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }
