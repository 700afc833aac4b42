"""Related objects: calling the customize hook for rules, finding what they select, and which parents a change concerns.

Answers are cached by uid and generation of the parent for twenty minutes, as the real engine does: sooner, nothing but
a parent's spec can change its rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from memcluster.errors import ApiError, HookError, SyncError
from memcluster.host import Host
from memcluster.object_map import ObjectMap, insert, kind_of_resource
from memcluster.objects import Json, labels_of, metadata, name_of, namespace_of, uid_of
from memcluster.resources import Resource
from memcluster.selectors import Matches, selector
from memcluster.store import Event
from memcluster.webhooks import CUSTOMIZE_ANSWER, Webhook, ask

CACHE_LIFETIME = timedelta(minutes=20)


@dataclass(frozen=True)
class Rule:
    """One related rule; an invalid one is kept with its error, which is raised where the rule is used."""

    api_version: str
    plural: str
    namespace: str = ""
    names: frozenset[str] = frozenset()
    labels: Matches | None = None
    namespaces: Matches | None = None
    error: str = ""


Rules = dict[tuple[str, str], list[Rule]]
"""The rules of one parent by apiVersion and plural."""


@dataclass(frozen=True)
class _Answer:
    rules: Rules
    until: datetime


@dataclass(frozen=True)
class _Index:
    """The rules of all parents, so that not every parent is looked at for every event."""

    parents: Sequence[Json]
    until: datetime
    by_name: dict[str, list[tuple[int, Rules]]]
    """Position of a parent and its rules, by each name in these, and by "" if one of them has no names."""


class Customize:
    """The customize hook of one controller, its cache, and the kinds that the controller watches because of it."""

    def __init__(self, host: Host, definition: Json, hook: Webhook | None) -> None:
        self._host = host
        self._definition = definition
        self._hook = hook
        self._answers: dict[tuple[str, int], _Answer] = {}
        self._watched: dict[tuple[str, str], Resource] = {}
        self._index: _Index | None = None

    def related(self, parent: Json) -> ObjectMap:
        """Return everything that a parent's rules select. Raises SyncError if one rule is invalid."""
        found: ObjectMap = {}
        if self._hook is None:
            return found
        for rule in (rule for rules in self._answer(parent).rules.values() for rule in rules):
            resource = self._host.resource(rule.api_version, rule.plural)
            self._watched[rule.api_version, rule.plural] = resource
            if rule.error:
                raise SyncError(rule.error)
            if rule.namespaces and not resource.namespaced:
                raise SyncError("namespaceSelector is only supported for namespaced related resources")
            found.setdefault(kind_of_resource(resource), {})
            insert(found, self._select(rule, resource))
        return found

    def concerned(self, event: Event, all_parents: Callable[[], Sequence[Json]]) -> list[Json]:
        """Return the parents to which a changed object is related, before or after the change.

        Calls the hook for parents whose rules are not in the cache.
        """
        watched = [resource for resource in self._watched.values() if resource.key == event.key.resource]
        if not watched:
            return []
        states = [state for state in (event.old, event.new) if state]
        parents = all_parents()
        by_name = self._indexed(parents)
        candidates = dict((*by_name.get(event.key.name, ()), *by_name.get("", ())))
        return [parents[at] for at in sorted(candidates) if self._relates(candidates[at], states, watched)]

    def _indexed(self, parents: Sequence[Json]) -> dict[str, list[tuple[int, Rules]]]:
        """Return the rules of all parents by name, from the last call if neither they nor the parents are others now.

        The store makes a new list of objects when one of them changes. Where a hook failed, nothing is kept.
        """
        now = self._host.cluster.clock
        if self._index and self._index.parents is parents and now < self._index.until:
            return self._index.by_name
        by_name: dict[str, list[tuple[int, Rules]]] = {}
        until, failed = now + CACHE_LIFETIME, False
        for at, parent in enumerate(parents):
            try:
                answer = self._answer(parent)
            except (ApiError, HookError, SyncError):
                failed = True
                continue
            until = min(until, answer.until)
            for name in {name for rules in answer.rules.values() for rule in rules for name in rule.names or ("",)}:
                by_name.setdefault(name, []).append((at, answer.rules))
        self._index = None if failed else _Index(parents, until, by_name)
        return by_name

    def _relates(self, rules: Rules, states: Sequence[Json], watched: Sequence[Resource]) -> bool:
        return any(
            self._matches(rule, resource, state)
            for resource in watched
            for rule in rules.get((resource.api_version, resource.plural), ())
            if not rule.error
            for state in states
        )

    def _answer(self, parent: Json) -> _Answer:
        """Return the hook's answer for a parent, from the cache or by calling it."""
        key = (uid_of(parent), metadata(parent).get("generation") or 0)
        now = self._host.cluster.clock
        cached = self._answers.get(key)
        if cached and now < cached.until:
            return cached
        if self._hook is None:
            return _Answer({}, now + CACHE_LIFETIME)
        body = {"controller": self._definition, "parent": parent}
        answer = ask(self._host.call_hook, self._hook, body, CUSTOMIZE_ANSWER, {})
        rules: Rules = {}
        for rule in map(_rule, answer.get("relatedResources") or ()):
            rules.setdefault((rule.api_version, rule.plural), []).append(rule)
        self._answers[key] = _Answer(rules, now + CACHE_LIFETIME)
        return self._answers[key]

    def _select(self, rule: Rule, resource: Resource) -> Iterable[Json]:
        cluster = self._host.cluster
        namespace = rule.namespace if resource.namespaced else ""
        if rule.names and (namespace or not resource.namespaced):
            found = (cluster.snapshot(resource, name, namespace) for name in sorted(rule.names))
            return [obj for obj in found if obj]
        return [obj for obj in cluster.objects(resource, namespace) if self._matches(rule, resource, obj)]

    def _matches(self, rule: Rule, resource: Resource, obj: Json) -> bool:
        if resource.namespaced and rule.namespace and namespace_of(obj) != rule.namespace:
            return False
        if rule.names and name_of(obj) not in rule.names:
            return False
        if rule.labels and not rule.labels(labels_of(obj)):
            return False
        if rule.namespaces is None:
            return True
        namespace = self._host.cluster.find("v1", "Namespace", namespace_of(obj)) if resource.namespaced else None
        return namespace is not None and rule.namespaces(labels_of(namespace))


def _rule(raw: Json) -> Rule:
    api_version, plural = raw.get("apiVersion") or "", raw.get("resource") or ""
    names, namespace = raw.get("names") or [], raw.get("namespace") or ""
    labels, namespaces = raw.get("labelSelector"), raw.get("namespaceSelector")
    if names and (labels is not None or namespaces is not None):
        error = "related rule cannot have both names and labelSelector/namespaceSelector specified"
        return Rule(api_version, plural, error=error)
    if namespace and namespaces is not None:
        error = "related rule cannot have both namespace and namespaceSelector specified"
        return Rule(api_version, plural, error=error)
    try:
        return Rule(
            api_version,
            plural,
            namespace,
            frozenset(names),
            selector(labels) if labels is not None else None,
            selector(namespaces) if namespaces is not None else None,
        )
    except SyncError as error:
        return Rule(api_version, plural, error=str(error))
