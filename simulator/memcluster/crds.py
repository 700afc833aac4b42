"""CustomResourceDefinitions: the resources they define, and the status the API server gives them."""

from __future__ import annotations

from memcluster.objects import Json
from memcluster.resources import Resource


def is_established(crd: Json) -> bool:
    """Tell whether the API server serves this CRD's kind."""
    conditions = (crd.get("status") or {}).get("conditions") or []
    return any(each.get("type") == "Established" and each.get("status") == "True" for each in conditions)


def resources_of(crd: Json) -> list[Resource]:
    """Return one resource per served version of a CRD; none as long as it is not established."""
    if not is_established(crd):
        return []
    spec = crd["spec"]
    group, names = spec["group"], spec["names"]
    stored = next((each["name"] for each in spec["versions"] if each.get("storage")), spec["versions"][0]["name"])
    return [
        Resource(
            api_version=f"{group}/{version['name']}",
            kind=names["kind"],
            plural=names["plural"],
            namespaced=spec.get("scope") == "Namespaced",
            has_generation=True,
            has_status="status" in (version.get("subresources") or {}),
            stored_version=f"{group}/{stored}",
            schema=(version.get("schema") or {}).get("openAPIV3Schema") or {},
        )
        for version in spec["versions"]
        if version.get("served", True)
    ]


def established_status(crd: Json, at: str) -> Json:
    """Return the status of a CRD whose names the API server has accepted."""
    names = crd["spec"]["names"]
    accepted = {"lastTransitionTime": at, "status": "True"}
    return {
        "acceptedNames": {"listKind": f"{names['kind']}List", "singular": names["kind"].lower(), **names},
        "conditions": [
            {**accepted, "type": "NamesAccepted", "reason": "NoConflicts", "message": "no conflicts found"},
            {
                **accepted,
                "type": "Established",
                "reason": "InitialNamesAccepted",
                "message": "the initial names have been accepted",
            },
        ],
        "storedVersions": _stored_versions(crd),
    }


def pending_status(crd: Json) -> Json:
    """Return the status of a CRD right after its creation, before the API server has looked at it."""
    return {
        "acceptedNames": {"kind": "", "plural": ""},
        "conditions": None,
        "storedVersions": _stored_versions(crd),
    }


def _stored_versions(crd: Json) -> list[str]:
    return [each["name"] for each in crd["spec"]["versions"] if each.get("storage")]
