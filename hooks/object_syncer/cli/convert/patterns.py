"""Which namespaces other tools mean, by regular expressions and label selectors, as destinations of an ObjectSync."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from object_syncer.kube import label_selectors
from object_syncer.kube.meta import Json
from object_syncer.kube.selectors import is_glob

_PLAIN = re.compile(r"[a-z0-9-]")
_CLASS = re.compile(r"\[(\^?)([a-z0-9-]+)\]")
_QUANTIFIERS = "*+?{"
_GLOBS = {".*": "*", ".+": "?*", r"\d": "[0-9]", ".": "?"}
_IN = re.compile(r"(\S+) (in|notin) \(([^)]*)\)")


class NoSelector(Exception):
    """A text that is no label selector."""


@dataclass(frozen=True)
class Rule:
    """Namespaces by regular expressions and by a label selector: those that any of them matches; all if there is none.

    What cannot be read raises NoSelector or re.error: see `check`.
    """

    patterns: tuple[str, ...] = ()
    """Each must match the whole name."""
    selector: str = ""
    """As kubectl takes it: "team=a,!old,tier in (web,db)"."""
    excluded: tuple[str, ...] = ()
    """Namespaces that it does not match, whatever the others say, as regular expressions."""

    def check(self) -> None:
        """Raise what cannot be read: NoSelector for the selector, re.error for a regular expression."""
        for pattern in self.patterns + self.excluded:
            re.compile(pattern)
        if self.selector:
            selector(self.selector)

    @property
    def means_all(self) -> bool:
        """Tell whether it matches every namespace."""
        return not self.patterns and not self.selector

    @cached_property
    def _selector(self) -> label_selectors.Selector:
        return label_selectors.parse(selector(self.selector))

    def matches(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Tell whether it matches a namespace with these labels."""
        if any(re.fullmatch(pattern, namespace) for pattern in self.excluded):
            return False
        by_name = any(re.fullmatch(pattern, namespace) for pattern in self.patterns)
        return self.means_all or by_name or bool(self.selector and self._selector.matches(labels))

    def destinations(self) -> list[Json] | None:
        """Return the destinations that mean the same, None if none do; what they leave to `rest` is not among them."""
        left_out = [glob(pattern) for pattern in self.excluded]
        if None in left_out:
            return None
        globs = [text for pattern in self.patterns if (text := glob(pattern))] or (["*"] if self.means_all else [])
        exclude = {"exclude": left_out} if left_out else {}
        entries: list[Json] = [{"namespace": text, **(exclude if is_glob(text) else {})} for text in globs]
        return entries + ([{"namespaceSelector": selector(self.selector), **exclude}] if self.selector else [])

    def rest(self) -> "Rule | None":
        """Return the regular expressions that no glob means, None if there are none."""
        unsaid = tuple(pattern for pattern in self.patterns if glob(pattern) is None)
        return Rule(unsaid, "", self.excluded) if unsaid else None


def listed(text: str) -> tuple[str, ...]:
    """Return the items of a list with commas; those in brackets and braces do not separate."""
    return tuple(item.strip() for item in re.split(r",(?![^{\[]*[}\]])", text) if item.strip())


def glob(pattern: str) -> str | None:
    """Return the glob that matches the names that a regular expression matches, None if there is none."""
    rest, found = pattern.removeprefix("^").removesuffix("$"), ""
    while rest:
        taken, text = _token(rest)
        rest = rest[len(taken) :]
        if text is None or (rest and rest[0] in _QUANTIFIERS and taken not in (".*", ".+")):
            return None
        found += text
    return found or None


def _token(rest: str) -> tuple[str, str | None]:
    """Return how a regular expression begins, and the glob for it, None if there is none."""
    for taken, text in _GLOBS.items():
        if rest.startswith(taken):
            return taken, text
    if _PLAIN.match(rest):
        return rest[0], rest[0]
    if found := _CLASS.match(rest):
        return found[0], f"[{'!' if found[1] else ''}{found[2]}]"
    return rest[0], None


def selector(text: str) -> Json:
    """Return the selector that a text says: "team=a,!old,tier in (web,db)". Raises NoSelector."""
    labels: dict[str, str] = {}
    expressions = []
    for part in re.split(r",(?![^(]*\))", text):
        requirement = part.strip()
        if found := _IN.fullmatch(requirement):
            values = [value.strip() for value in found[3].split(",")]
            expressions.append({"key": found[1], "operator": "In" if found[2] == "in" else "NotIn", "values": values})
        elif "!=" in requirement:
            key, _, value = requirement.partition("!=")
            expressions.append({"key": key.strip(), "operator": "NotIn", "values": [value.strip()]})
        elif "=" in requirement:
            key, _, value = requirement.replace("==", "=").partition("=")
            labels[key.strip()] = value.strip()
        elif requirement and " " not in requirement:
            operator = "DoesNotExist" if requirement.startswith("!") else "Exists"
            expressions.append({"key": requirement.removeprefix("!"), "operator": operator})
        else:
            raise NoSelector(f"{text!r} is no label selector")
    return {
        **({"matchLabels": labels} if labels else {}),
        **({"matchExpressions": expressions} if expressions else {}),
    }


def named(rules: Iterable[Rule], namespaces: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield the namespaces, given with their labels, that all rules match."""
    rules = list(rules)
    for namespace, labels in sorted(namespaces.items()):
        if all(rule.matches(namespace, labels) for rule in rules):
            yield namespace
