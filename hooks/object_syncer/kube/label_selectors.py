"""Label selectors as Kubernetes has them: matchLabels and matchExpressions, all of which must match."""

from collections.abc import Mapping
from dataclasses import dataclass

from object_syncer.kube.meta import Json


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector, ready to be asked; without requirements it matches everything."""

    labels: tuple[tuple[str, str], ...]
    expressions: tuple[tuple[str, str, frozenset[str]], ...]
    """Key, operator, values."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether the selector matches an object with these labels."""
        return all(labels.get(key) == value for key, value in self.labels) and all(
            _meets(labels.get(key), operator, values) for key, operator, values in self.expressions
        )


def parse(selector: Json) -> Selector:
    """Read a LabelSelector {"matchLabels": {...}, "matchExpressions": [{"key", "operator", "values"}]}.

    Raises KeyError for an expression without key or operator, which the CRDs do not let through.
    """
    return Selector(
        tuple(sorted((selector.get("matchLabels") or {}).items())),
        tuple(
            (item["key"], item["operator"], frozenset(item.get("values") or ()))
            for item in selector.get("matchExpressions") or ()
        ),
    )


def _meets(value: str | None, operator: str, values: frozenset[str]) -> bool:
    match operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    raise ValueError(f"{operator!r} is no operator of a label selector")
