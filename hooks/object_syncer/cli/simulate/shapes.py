"""Schemas of built-in kinds: the part of what the API server demands that our hooks rely on."""

from object_syncer.kube.meta import Json

_MAP: Json = {"type": "object"}
_STRING: Json = {"type": "string"}
_STRINGS: Json = {"type": "object", "additionalProperties": _STRING}
_MAPS: Json = {"type": "array", "items": _MAP}
_MOMENT: Json = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}


def _having(*required: str, **properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(required)}


METADATA = _having(
    "name",
    name={"type": "string", "minLength": 1, "description": "Every object has a name, generateName will not do"},
    namespace=_STRING,
    labels=_STRINGS,
    annotations=_STRINGS,
    finalizers={"type": "array", "items": _STRING},
    ownerReferences={
        "type": "array",
        "items": _having(
            "apiVersion",
            "kind",
            "name",
            "uid",
            apiVersion=_STRING,
            kind=_STRING,
            name=_STRING,
            uid=_STRING,
            controller={"type": "boolean"},
        ),
    },
    managedFields={"type": "array", "items": _having(manager=_STRING, operation=_STRING, time=_STRING, fieldsV1=_MAP)},
    uid=_STRING,
    generation={"type": "integer"},
    creationTimestamp=_MOMENT,
    deletionTimestamp=_MOMENT,
)
"""metadata of any object."""

CRD = _having(
    "spec",
    spec=_having(
        "group",
        "names",
        "scope",
        "versions",
        group=_STRING,
        names=_having("kind", "plural", kind=_STRING, plural=_STRING),
        scope={"type": "string", "enum": ["Namespaced", "Cluster"]},
        versions={
            "type": "array",
            "minItems": 1,
            "items": _having(
                "name", "served", "storage",
                name=_STRING, served={"type": "boolean"}, storage={"type": "boolean"}, subresources=_MAP,
                schema=_having(openAPIV3Schema=_MAP),
            ),
        },
    ),
)  # fmt: skip
"""A CustomResourceDefinition."""

_TEMPLATE = _having(metadata=_having(labels=_STRINGS))
_KINDS: dict[tuple[str, str], Json] = {
    ("", "ConfigMap"): _having(data=_STRINGS, binaryData=_STRINGS, immutable={"type": "boolean"}),
    ("", "Secret"): _having(data=_STRINGS, stringData=_STRINGS, immutable={"type": "boolean"}, type=_STRING),
    ("", "Service"): _having("spec", spec=_having(ports=_MAPS)),
    ("", "PersistentVolumeClaim"): _having("spec", spec=_MAP),
    ("apps", "StatefulSet"): _having("spec", spec=_having(volumeClaimTemplates=_MAPS)),
    ("batch", "Job"): _having("spec", spec=_having("template", template=_TEMPLATE)),
    ("rbac.authorization.k8s.io", "RoleBinding"): _having("roleRef", roleRef=_MAP),
}


def shape(obj: Json) -> Json:
    """Return the schema of an object's kind; of kinds that are not listed here only spec and status are checked."""
    group = obj["apiVersion"].rpartition("/")[0]
    known = _KINDS.get((group, obj["kind"]), {})
    return {**known, "type": "object", "properties": {"spec": _MAP, "status": _MAP, **known.get("properties", {})}}
