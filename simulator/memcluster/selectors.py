"""Label selectors: matchLabels and matchExpressions, read as Kubernetes does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from memcluster.errors import SyncError
from memcluster.objects import Json

Matches = Callable[[Mapping[str, str]], bool]
"""Tells whether labels match."""


def selector(spec: Json | None) -> Matches:
    """Return the predicate of a selector; None and an empty one match everything. Raises SyncError for a wrong one."""
    if not spec:
        return _everything
    wanted = dict(spec.get("matchLabels") or {})
    requirements = [_requirement(each) for each in spec.get("matchExpressions") or []]

    def matches(labels: Mapping[str, str]) -> bool:
        return all(labels.get(key) == value for key, value in wanted.items()) and all(
            requirement(labels) for requirement in requirements
        )

    return matches


def _everything(_: Mapping[str, str]) -> bool:
    return True


def _requirement(expression: Json) -> Matches:
    key, operator = expression.get("key", ""), expression.get("operator", "")
    values = frozenset(expression.get("values") or ())
    if operator in ("In", "NotIn") and not values:
        raise SyncError(f"values: for {operator} operator, values set can't be empty")
    if operator in ("Exists", "DoesNotExist") and values:
        raise SyncError(f"values: values set must be empty for {operator}")
    match operator:
        case "In":
            return lambda labels: key in labels and labels[key] in values
        case "NotIn":
            return lambda labels: key not in labels or labels[key] not in values
        case "Exists":
            return lambda labels: key in labels
        case "DoesNotExist":
            return lambda labels: key not in labels
    raise SyncError(f"{operator!r} is not a valid label selector operator")
