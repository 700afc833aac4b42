"""What the CEL rules of our CRDs refuse: `simulate` says the same, though the simulator does not know CEL.

Each function below is one rule, with the rule's message; objects have passed the CRD's schema before.
"""

from collections.abc import Iterator

from object_syncer.kube.meta import Json
from object_syncer.planning import variables


def problems(obj: Json) -> Iterator[tuple[str, str]]:
    """Yield path and message of what is wrong with one of our objects beside its schema."""
    spec = obj.get("spec") or {}
    if obj["kind"] == "ObjectSync":
        for index, entry in enumerate(spec["destinations"]):
            yield from _destination(entry, f"spec.destinations[{index}]")
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


def _selector(selector: Json | None, path: str) -> Iterator[tuple[str, str]]:
    for index, item in enumerate((selector or {}).get("matchExpressions") or ()):
        if (item["operator"] in ("In", "NotIn")) != bool(item.get("values")):
            message = "In and NotIn need values, Exists and DoesNotExist have none"
            yield f"{path}.matchExpressions[{index}]", message
