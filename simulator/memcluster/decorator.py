"""One DecoratorController: parents of existing kinds, whose status, labels and annotations a hook may write.

Order of a sync: finalizer, children, related objects, hook, delayed resync, status and metadata of the
parent, children. A conflict while the parent is written ends the sync without an error.
"""

from __future__ import annotations

from typing import Any

from memcluster import children
from memcluster.composite import is_only_status_change
from memcluster.customize import Customize
from memcluster.errors import ApiError, SyncError
from memcluster.host import Host, is_conflict, is_missing, should_finalize
from memcluster.jsons import (
    Json,
    annotations_of,
    controller_of,
    equal,
    finalizers_of,
    group_of,
    is_going,
    labels_of,
    metadata,
    name_of,
    namespace_of,
    uid_of,
    with_metadata,
)
from memcluster.object_map import ObjectMap, as_body, insert, kind_of_resource
from memcluster.resources import Resource
from memcluster.selectors import Matches, selector
from memcluster.store import Event
from memcluster.webhooks import ask, webhook
from memcluster.work_queue import WorkQueue

CREATED_BY = "metacontroller.k8s.io/decorator-controller"
_ANSWER_FIELDS = frozenset({"labels", "annotations", "status", "attachments", "resyncAfterSeconds", "finalized"})


class DecoratorController:
    """A started DecoratorController; raises `SyncError` where the real one would not start."""

    def __init__(self, host: Host, definition: Json, queue: WorkQueue) -> None:
        spec = definition.get("spec") or {}
        hooks = spec.get("hooks")
        if hooks is None:
            raise SyncError("no hooks defined")
        self.definition = definition
        self.queue = queue
        self._host = host
        self._sync_hook, self._finalize_hook = webhook(hooks.get("sync")), webhook(hooks.get("finalize"))
        self._customize = Customize(host, self._shown, webhook(hooks.get("customize")))
        self._child_rules: list[Json] = spec.get("attachments") or []
        self._strategies = children.update_strategies(host, self._child_rules)
        self._children = [host.resource(each["apiVersion"], each["resource"]) for each in self._child_rules]
        self._parents: list[Resource] = []
        self._selects: dict[tuple[str, str], tuple[Matches, Matches]] = {}
        self._ignores_status: set[tuple[str, str]] = set()
        for rule in spec.get("resources") or []:
            self._add_parents(rule)
        self._finalizer = f"metacontroller.io/decoratorcontroller-{name_of(definition)}"

    @property
    def name(self) -> str:
        """The controller as messages call it."""
        return f"DecoratorController {name_of(self.definition)}"

    @property
    def _shown(self) -> Json:
        """The definition as hooks get it, with the empty status the engine adds."""
        return {**self.definition, "status": {}}

    def _add_parents(self, rule: Json) -> None:
        resource = self._host.resource(rule["apiVersion"], rule["resource"])
        annotations = rule.get("annotationSelector") or {}
        by_annotation = {
            "matchLabels": annotations.get("matchAnnotations"),
            "matchExpressions": annotations.get("matchExpressions"),
        }
        self._parents.append(resource)
        self._selects[resource.group, resource.kind] = (selector(rule.get("labelSelector")), selector(by_annotation))
        if rule.get("ignoreStatusChanges"):
            self._ignores_status.add((resource.api_version, resource.kind))

    # Whom an event concerns

    def enqueue_all(self) -> None:
        """Queue every parent, as a start or a resync does."""
        for parent in self._all_parents():
            self._enqueue(parent)

    def notice(self, event: Event) -> None:
        """Queue the parents that a change concerns: itself, its children's parent, and those that relate it."""
        for resource in self._parents:
            if event.key.resource == resource.key:
                self._notice_parent(resource, event)
        for resource in self._children:
            if event.key.resource == resource.key:
                self._notice_child(event.new or event.old or {})
        states = [state for state in (event.old, event.new) if state]
        for parent in self._customize.concerned(event.key.resource, states, self._all_parents()):
            self._enqueue(parent)

    def _notice_parent(self, resource: Resource, event: Event) -> None:
        old, new = event.old, event.new
        ignores = (resource.api_version, resource.kind) in self._ignores_status
        if ignores and old and new and is_only_status_change(old, new):
            return
        self._enqueue(resource.view(new or old or {}))

    def _notice_child(self, child: Json) -> None:
        reference = controller_of(child)
        for resource in self._parents if reference else ():
            same_kind = (resource.group, resource.kind) == _referred_kind(reference or {})
            parent = self._owner(resource, reference or {}, namespace_of(child)) if same_kind else None
            if parent:
                self._enqueue(parent)

    def _owner(self, resource: Resource, reference: Json, namespace: str) -> Json | None:
        parent = self._host.cluster.snapshot(resource, str(reference.get("name")), namespace)
        return parent if parent and uid_of(parent) == reference.get("uid") else None

    def _all_parents(self) -> list[Json]:
        return [parent for resource in self._parents for parent in self._host.cluster.objects(resource)]

    def _matches(self, parent: Json) -> bool:
        selects = self._selects.get((group_of(parent["apiVersion"]), parent["kind"]))
        return bool(selects and selects[0](labels_of(parent)) and selects[1](annotations_of(parent)))

    def _concerns(self, parent: Json) -> bool:
        return self._finalizer in finalizers_of(parent) or self._matches(parent)

    def _enqueue(self, parent: Json) -> None:
        if self._concerns(parent):
            self.queue.add(f"{parent['apiVersion']}:{parent['kind']}:{namespace_of(parent)}:{name_of(parent)}")

    # The sync of one parent

    def sync(self, key: str) -> None:
        """Sync the parent of that key, if it still exists and is still ours."""
        api_version, kind, namespace, name = key.split(":", 3)
        parent = self._host.cluster.snapshot(self._host.kind(api_version, kind), name, namespace)
        if parent is None or not self._concerns(parent):
            return
        parent = self._host.sync_finalizer(parent, self._finalizer, self._finalize_hook is not None)
        if not self._concerns(parent):
            return
        observed = self._observe(parent)
        related = self._customize.related(parent)
        answer = self._ask(parent, observed, related)
        if answer.get("resyncAfterSeconds", 0) > 0:
            self.queue.add_after(key, answer["resyncAfterSeconds"], self._host.cluster.clock)
        if not self._write_parent(parent, answer):
            return
        if is_going(parent) and not should_finalize(parent, self._finalizer, self._finalize_hook is not None):
            return
        desired: ObjectMap = {}
        insert(desired, (self._marked(child, parent) for child in answer.get("attachments") or ()))
        errors = children.manage(self._host, self._strategies, parent, observed, desired)
        if errors:
            raise SyncError(f"can't reconcile children for {kind} {namespace}/{name}: {'; '.join(errors)}")

    def _observe(self, parent: Json) -> ObjectMap:
        """What this decorator created for the parent."""
        observed: ObjectMap = {}
        for rule in self._child_rules:
            resource = self._host.resource(rule["apiVersion"], rule["resource"])
            observed.setdefault(kind_of_resource(resource), {})
            insert(
                observed,
                (
                    obj
                    for obj in self._host.cluster.objects(resource, namespace_of(parent))
                    if (controller_of(obj) or {}).get("uid") == uid_of(parent)
                    and annotations_of(obj).get(CREATED_BY) == name_of(self.definition)
                ),
            )
        return observed

    def _ask(self, parent: Json, observed: ObjectMap, related: ObjectMap) -> Json:
        finalizing = self._finalize_hook is not None and (is_going(parent) or not self._matches(parent))
        hook = self._finalize_hook if finalizing else self._sync_hook
        if hook is None:
            raise SyncError("no enabled hooks found")
        body = {
            "controller": self._shown,
            "object": parent,
            "attachments": as_body(observed),
            "related": as_body(related),
            "finalizing": finalizing,
        }
        return ask(self._host.call_hook, hook, body, _ANSWER_FIELDS)

    def _write_parent(self, parent: Json, answer: Json) -> bool:
        """Write what the hook wants of the parent; False if the parent was gone or changed meanwhile."""
        labels, labels_changed = _updated(labels_of(parent), answer.get("labels") or {})
        annotations, annotations_changed = _updated(annotations_of(parent), answer.get("annotations") or {})
        old_status: Any = parent.get("status")
        status = answer.get("status", old_status)
        status_changed = not equal(old_status, status)
        finalizers = finalizers_of(parent)
        finalized = bool(answer.get("finalized")) and self._finalizer in finalizers
        if not (labels_changed or annotations_changed or status_changed or finalized):
            return True
        wanted = with_metadata(parent, labels=labels, annotations=annotations)
        if status is not None:
            wanted = {**wanted, "status": status}
        try:
            if status_changed and self._host.kind(parent["apiVersion"], parent["kind"]).has_status:
                result = self._host.cluster.update_status(wanted, user=self._host.user, manager=self._host.manager)
                wanted = with_metadata(wanted, resourceVersion=metadata(result).get("resourceVersion"))
            if finalized:
                wanted = with_metadata(wanted, finalizers=[each for each in finalizers if each != self._finalizer])
            self._host.cluster.update(wanted, user=self._host.user, manager=self._host.manager)
        except ApiError as error:
            if is_missing(error) or is_conflict(error):
                return False
            raise
        return True

    def _marked(self, child: Json, parent: Json) -> Json:
        """An attachment with its decorator's mark, in its parent's namespace unless it says another."""
        namespace = namespace_of(child) or namespace_of(parent) or None
        annotations = {**annotations_of(child), CREATED_BY: name_of(self.definition)}
        return with_metadata(child, namespace=namespace, annotations=annotations)


def _referred_kind(reference: Json) -> tuple[str, str]:
    return group_of(str(reference.get("apiVersion"))), str(reference.get("kind"))


def _updated(old: dict[str, str], changes: dict[str, str | None]) -> tuple[dict[str, str], bool]:
    """Labels or annotations after a hook's changes, where null removes; and whether they differ."""
    new = dict(old)
    for key, value in changes.items():
        if value is None:
            new.pop(key, None)
        else:
            new[key] = value
    return new, new != old
