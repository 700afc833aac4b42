"""What the CEL rules of our CRDs refuse, for those who do not have an API server to evaluate them.

Each function below is one rule, with the rule's message; objects have passed the CRD's schema before.
"""

from collections.abc import Iterator

from object_syncer.kube import tracking
from object_syncer.kube.meta import Json
from object_syncer.planning import transforms, variables


def problems(obj: Json) -> Iterator[tuple[str, str]]:
    """Yield path and message of what is wrong with one of our objects beside its schema."""
    spec = obj.get("spec") or {}
    if obj["kind"] == "ObjectSync":
        has_data = (spec["source"]["group"], spec["source"]["kind"]) in transforms.WITH_DATA
        yield from _copy(spec.get("copy") or {}, "spec.copy", has_data)
        for index, entry in enumerate(spec["destinations"]):
            yield from _destination(entry, f"spec.destinations[{index}]")
            yield from _copy(entry.get("copy") or {}, f"spec.destinations[{index}].copy", has_data)
    if obj["kind"] == "SyncPolicy":
        for field in ("sourceNamespaceSelector", "targetNamespaceSelector"):
            yield from _selector(spec.get(field), f"spec.{field}")


def _destination(entry: Json, path: str) -> Iterator[tuple[str, str]]:
    if (entry.get("namespace") is None) == (entry.get("namespaceSelector") is None):
        yield path, "give either namespace or namespaceSelector"
    yield from _selector(entry.get("namespaceSelector"), f"{path}.namespaceSelector")
    wrong = variables.parse(entry.get("name") or "").wrong
    if wrong:
        yield f"{path}.name", wrong


def _copy(copy: Json, path: str, has_data: bool) -> Iterator[tuple[str, str]]:
    for field in ("labels", "annotations"):
        for key in filter(tracking.is_reserved, (copy.get(field) or {}).get("set") or ()):
            yield f"{path}.{field}.set", f"{key} is set by Object Syncer"
    if copy.get("data") is not None and not has_data:
        yield f"{path}.data", "is for ConfigMaps and Secrets"
    for index, operation in enumerate(copy.get("patches") or ()):
        if ("from" in operation) != (operation["op"] in ("move", "copy")):
            yield f"{path}.patches[{index}]", "from is for move and copy, which need it"


def _selector(selector: Json | None, path: str) -> Iterator[tuple[str, str]]:
    for index, item in enumerate((selector or {}).get("matchExpressions") or ()):
        if (item["operator"] in ("In", "NotIn")) != bool(item.get("values")):
            message = "In and NotIn need values, Exists and DoesNotExist have none"
            yield f"{path}.matchExpressions[{index}]", message
