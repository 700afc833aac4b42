"""The output of `diff`: text for people, Markdown for a pull request, JSON for programs."""

import re
from collections.abc import Callable, Iterable, Sequence

from object_syncer.cli.diff.comparing import Comparison, Copy, Trouble
from object_syncer.cli.simulate import printing
from object_syncer.cli.simulate.changes import ABSENT, Change
from object_syncer.cli.simulate.masking import MASK
from object_syncer.kube.meta import Json
from object_syncer.status import destination

_SHOWN_NAMESPACES, _SHOWN_CHANGES = 3, 10

_HARMLESS = frozenset(("ConfigMap", "Secret", "Role", "RoleBinding", "NetworkPolicy", "LimitRange", "ResourceQuota"))
"""Kinds that lose nothing but what was copied when a copy is deleted; of others each deletion is named."""


def headline(found: Comparison) -> str:
    """Return the whole change in one line: "+12 copies, -37 copies (team-*), 2 conflicts, deletes ..."."""
    if found.same:
        return "no difference"
    counted = [
        _counted("+", found.created),
        _counted("-", found.deleted),
        _counted("~", [copy for copy, _ in found.changed]),
    ]
    again = _counted("", found.recreated)
    counted.append(f"deletes and recreates {again}" if again else "")
    conflicts = sum(trouble.state.state == destination.CONFLICT for trouble in found.troubles)
    others = len(found.troubles) - conflicts
    counted.append(_plural(conflicts, "conflict"))
    counted.append(f"{_plural(others, 'copy', 'copies')} not in sync" if others else "")
    counted += [f"deletes {_article(copy.kind)} {copy.kind}" for copy in _grave(found)[:1]]
    turned = sum(turn.after != "True" for turn in found.turns)
    counted.append(f"{_plural(turned, 'condition')} no longer True" if turned else "")
    return ", ".join(filter(None, counted)) or "conditions of ObjectSyncs change"


def as_text(found: Comparison, show_secrets: bool = False) -> str:
    """Return the headline and, below it, what changes, grouped by what namespaces have in common."""
    lines = [headline(found), *(f"deletes {copy.kind} {copy.namespace}/{copy.name}" for copy in _grave(found))]
    body = _body(found, show_secrets)
    return "\n".join([*lines, *(["", *body] if body else [])])


def as_markdown(found: Comparison, show_secrets: bool = False) -> str:
    """Return the text of a comment on a pull request: the headline, the details folded away."""
    lines = [f"**Object Syncer:** {_escaped(headline(found))}"]
    for copy in _grave(found):
        lines.append(f"- :warning: deletes {_escaped(copy.kind)} `{copy.namespace}/{copy.name}`")
    body = _body(found, show_secrets)
    if body:
        longest = max((len(run) for line in body for run in re.findall(r"`+", line)), default=0)
        fence = "`" * max(3, longest + 1)
        lines += ["", "<details><summary>Details</summary>", "", f"{fence}diff", *body, fence, "", "</details>"]
    return "\n".join(lines)


def as_json(found: Comparison, show_secrets: bool = False) -> str:
    """Return the comparison as JSON; `before` and `after` of a change are missing where the field is not there."""
    return printing.dumped_json(
        {
            "summary": headline(found),
            "created": [_copy(copy) for copy in found.created],
            "deleted": [_copy(copy) for copy in found.deleted],
            "recreated": [_copy(copy) for copy in found.recreated],
            "changed": [
                {**_copy(copy), "changes": [_change(change, show_secrets) for change in changes]}
                for copy, changes in found.changed
            ],
            "notInSync": [
                {**_copy(copy), "state": state.state, "reason": state.reason, "message": state.message}
                for copy, state in found.troubles
            ],
            "objectSyncs": [
                {"objectSync": turn.object_sync, "type": turn.type, "before": turn.before, "after": turn.after,
                 "message": turn.message}
                for turn in found.turns
            ],
        }
    )  # fmt: skip


PRINTERS: dict[str, Callable[[Comparison, bool], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "json": as_json,
}
"""By what --output says."""


def _body(found: Comparison, show_secrets: bool) -> list[str]:
    lines = [f"+ {words}" for words in _grouped(found.created)] + [f"- {words}" for words in _grouped(found.deleted)]
    lines += [f"-+ {words}" for words in _grouped(found.recreated)]
    by_change: dict[tuple[str, ...], list[Copy]] = {}
    for copy, changes in found.changed:
        by_change.setdefault(tuple(change.line(show_secrets) for change in changes), []).append(copy)
    for changed, copies in by_change.items():
        lines += [f"~ {words}" for words in _grouped(copies)]
        lines += [f"    {line}" for line in changed[:_SHOWN_CHANGES]]
        lines += [f"    and {len(changed) - _SHOWN_CHANGES} more"] if len(changed) > _SHOWN_CHANGES else []
    lines += _trouble_lines(found.troubles)
    for turn in found.turns:
        what = f"! ObjectSync {turn.object_sync}: {turn.type} {turn.before} -> {turn.after}"
        lines.append(f"{what}: {turn.message}" if turn.after != "True" else what)
    return lines


def _trouble_lines(troubles: Iterable[Trouble]) -> list[str]:
    by_reason: dict[tuple[str, str], list[Trouble]] = {}
    for trouble in troubles:
        by_reason.setdefault((printing.state_word(trouble.state), trouble.copy.object_sync), []).append(trouble)
    lines = []
    for (state, _), same in by_reason.items():
        words = _grouped(trouble.copy for trouble in same)
        lines += [f"! {state}: {each}" for each in words]
        lines += [f"    {same[0].state.message}"] if same[0].state.message else []
    return lines


def _grouped(copies: Iterable[Copy]) -> list[str]:
    """Return one line for the copies of one ObjectSync that differ only in their namespaces."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for copy in copies:
        groups.setdefault((copy.kind, copy.name, copy.object_sync), []).append(copy.namespace)
    return [
        f"{kind} {name} in {_spaces(spaces)}" + (f"  [ObjectSync {object_sync}]" if object_sync else "")
        for (kind, name, object_sync), spaces in groups.items()
    ]


def _spaces(namespaces: Sequence[str]) -> str:
    if len(namespaces) == 1:
        return namespaces[0]
    shown = ", ".join(namespaces[:_SHOWN_NAMESPACES])
    more = len(namespaces) - _SHOWN_NAMESPACES
    pattern = f" ({_pattern(namespaces)})" if _pattern(namespaces) else ""
    return f"{len(namespaces)} namespaces{pattern}: {shown}" + (f" and {more} more" if more > 0 else "")


def _pattern(namespaces: Sequence[str]) -> str:
    """Return what the names of namespaces begin with, as a glob; "" if they have nothing in common."""
    first, last = min(namespaces), max(namespaces)
    if first == last:
        return first
    length = next(index for index in range(len(last)) if first[index : index + 1] != last[index])
    prefix = first[: first.rfind("-", 0, length) + 1]
    return f"{prefix}*" if prefix else ""


def _counted(sign: str, copies: Sequence[Copy]) -> str:
    if not copies:
        return ""
    pattern = _pattern([copy.namespace for copy in copies])
    return f"{sign}{_plural(len(copies), 'copy', 'copies')}" + (f" ({pattern})" if pattern else "")


def _grave(found: Comparison) -> list[Copy]:
    return [copy for copy in (*found.deleted, *found.recreated) if copy.kind not in _HARMLESS]


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}" if count else ""


def _article(word: str) -> str:
    return "an" if word[0] in "AEIOU" else "a"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_<>\[\]])", r"\\\1", text)


def _copy(copy: Copy) -> Json:
    return {"kind": copy.kind, "namespace": copy.namespace, "name": copy.name, "objectSync": copy.object_sync}


def _change(change: Change, show_secrets: bool) -> Json:
    hidden = change.secret and not show_secrets
    values = {
        side: MASK if hidden else value
        for side, value in (("before", change.before), ("after", change.after))
        if value is not ABSENT
    }
    return {"path": change.path, **values}
