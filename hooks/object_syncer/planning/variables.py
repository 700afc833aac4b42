"""Texts with variables, as "{source.name}-{destination.labels.team}".

Only "{source." and "{destination." begin a variable; any other brace is a brace. Labels of namespaces may be written by
tenants: whoever fills in a text must check the result.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

LABELS = "destination.labels."
"""A variable that begins so is the value of a label of the destination's namespace; its key follows."""

KNOWN = ("source.name", "source.namespace", "destination.namespace")

_VARIABLE = re.compile(r"\{((?:source|destination)\.[^{}]*)(\}?)")


class CannotFill(Exception):
    """Why a text cannot be filled in: a sentence for people, which may hold {namespace} for the destination's."""


@dataclass(frozen=True, slots=True)
class Values:
    """What variables stand for at one destination."""

    source_namespace: str
    source_name: str
    namespace: str
    """Of the destination."""
    labels: Mapping[str, str]
    """Of the destination's namespace."""

    def of(self, variable: str) -> str | None:
        """Return the value of a variable, None if it has none here."""
        match variable:
            case "source.name":
                return self.source_name
            case "source.namespace":
                return self.source_namespace
            case "destination.namespace":
                return self.namespace
        return self.labels.get(variable.removeprefix(LABELS)) if variable.startswith(LABELS) else None


@dataclass(frozen=True, slots=True)
class Text:
    """A text, taken apart."""

    parts: tuple[str, ...]
    """Plain text and the name of a variable, in turns."""
    wrong: str = ""
    """What is wrong with the text itself, a sentence for people."""

    @property
    def varies(self) -> bool:
        """Whether destinations can have different values."""
        return bool(self.wrong) or any(variable.startswith("destination.") for variable in self.parts[1::2])

    def fill(self, values: Values) -> str:
        """Return the text for one destination. Raises CannotFill."""
        if self.wrong:
            raise CannotFill(self.wrong)
        parts = list(self.parts)
        for index in range(1, len(parts), 2):
            value = values.of(parts[index])
            if value is None:
                raise CannotFill(f"namespace {{namespace}} has no label {parts[index].removeprefix(LABELS)}")
            parts[index] = value
        return "".join(parts)


@lru_cache(maxsize=4096)
def parse(text: str) -> Text:
    """Take a text apart."""
    parts, end, wrong = [], 0, ""
    for found in _VARIABLE.finditer(text):
        variable = found[1]
        if not found[2]:
            wrong = wrong or f"the variable {{{variable} has no closing brace"
        elif variable not in KNOWN and (not variable.startswith(LABELS) or variable == LABELS):
            known = ", ".join(f"{{{each}}}" for each in (*KNOWN, f"{LABELS}KEY"))
            wrong = wrong or f"{{{variable}}} is no variable; there are {known}"
        parts += [text[end : found.start()], variable]
        end = found.end()
    return Text((*parts, text[end:]), wrong)
