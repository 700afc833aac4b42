"""One DecoratorController: parents of existing kinds, whose status, labels and annotations a hook may write.

Order of a sync: finalizer, children, related objects, hook, delayed resync, status and metadata of the parent,
children. A conflict while the parent is written ends the sync without an error.
"""

from __future__ import annotations

from typing import Any

from memcluster import children
from memcluster.definition import is_only_status_change, resolve
from memcluster.errors import ApiError, SyncError, is_conflict, is_not_found
from memcluster.host import Host
from memcluster.object_map import ObjectMap, as_body, insert, kind_of_resource
from memcluster.objects import (
    Json,
    annotations_of,
    equal,
    finalizers_of,
    group_of,
    labels_of,
    metadata,
    name_of,
    namespace_of,
    uid_of,
    with_metadata,
)
from memcluster.resources import Resource
from memcluster.selectors import Matches, selector
from memcluster.store import Event
from memcluster.webhooks import DECORATOR_ANSWER
from memcluster.work_queue import WorkQueue

CREATED_BY = "metacontroller.k8s.io/decorator-controller"
"""On every attachment: the name of its DecoratorController."""


class DecoratorController:
    """A started DecoratorController; raises SyncError where the real one would not start."""

    def __init__(self, host: Host, definition: Json, queue: WorkQueue) -> None:
        self.definition = resolve(host, definition, "attachments")
        self.queue = queue
        self._host = host
        self._parents: list[Resource] = []
        self._selects: dict[tuple[str, str], tuple[Matches, Matches]] = {}
        self._ignores_status: set[tuple[str, str]] = set()
        for rule in definition["spec"].get("resources") or []:
            self._add_parents(rule)

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

    # Which parents an event concerns

    def enqueue_all(self) -> None:
        """Queue every parent, as a start or a resync does."""
        for parent in self._all_parents():
            self._enqueue(parent)

    def handle(self, event: Event) -> None:
        """Queue the parents that a change concerns: itself, its children's parent, and those it is related to."""
        for resource in self._parents:
            if event.key.resource == resource.key:
                self._handle_parent(resource, event)
        for resource in self.definition.children:
            if event.key.resource == resource.key:
                self._handle_child(event.new or event.old or {})
        for parent in self.definition.customize.concerned(event, self._all_parents):
            self._enqueue(parent)

    def _handle_parent(self, resource: Resource, event: Event) -> None:
        old, new = event.old, event.new
        ignores = (resource.api_version, resource.kind) in self._ignores_status
        if ignores and old and new and is_only_status_change(old, new):
            return
        self._enqueue(resource.view(new or old or {}))

    def _handle_child(self, child: Json) -> None:
        for resource in self._parents:
            parent = self.definition.parent_of(child, resource)
            if parent:
                self._enqueue(parent)

    def _all_parents(self) -> list[Json]:
        if len(self._parents) == 1:
            return self._host.cluster.objects(self._parents[0])
        return [parent for resource in self._parents for parent in self._host.cluster.objects(resource)]

    def _matches(self, parent: Json) -> bool:
        selects = self._selects.get((group_of(parent["apiVersion"]), parent["kind"]))
        return bool(selects and selects[0](labels_of(parent)) and selects[1](annotations_of(parent)))

    def _concerns(self, parent: Json) -> bool:
        return self.definition.finalizer in finalizers_of(parent) or self._matches(parent)

    def _enqueue(self, parent: Json) -> None:
        if self._concerns(parent):
            self.queue.add(f"{parent['apiVersion']}:{parent['kind']}:{namespace_of(parent)}:{name_of(parent)}")

    # The sync of one parent

    def sync(self, key: str) -> None:
        """Sync the parent of that key, if it still exists and still concerns this controller."""
        api_version, kind, namespace, name = key.split(":", 3)
        parent = self._host.cluster.snapshot(self._host.kind(api_version, kind), name, namespace)
        if parent is None or not self._concerns(parent):
            return
        parent = self.definition.sync_finalizer(parent)
        if not self._concerns(parent):
            return
        observed = self._observe(parent)
        answer = self._call_hook(parent, observed)
        if answer.get("resyncAfterSeconds", 0) > 0:
            self.queue.add_after(key, answer["resyncAfterSeconds"], self._host.cluster.clock)
        if not self._write_parent(parent, answer) or not self.definition.manages_children(parent):
            return
        desired: ObjectMap = {}
        insert(desired, (self._marked(child, parent) for child in answer.get("attachments") or ()))
        errors = children.manage(self._host, self.definition.strategies, parent, observed, desired)
        if errors:
            raise SyncError(f"can't reconcile children for {kind} {namespace}/{name}: {'; '.join(errors)}")

    def _observe(self, parent: Json) -> ObjectMap:
        """Return what this decorator created for the parent."""
        observed: ObjectMap = {}
        ours = name_of(self.definition.obj)
        for declared in self.definition.children:
            resource = self.definition.resource(declared)
            owned = self._host.cluster.controlled(resource, uid_of(parent), namespace_of(parent))
            observed.setdefault(kind_of_resource(resource), {})
            insert(observed, (obj for obj in owned if annotations_of(obj).get(CREATED_BY) == ours))
        return observed

    def _call_hook(self, parent: Json, observed: ObjectMap) -> Json:
        related = self.definition.customize.related(parent)
        body = {"object": parent, "attachments": as_body(observed), "related": as_body(related)}
        return self.definition.call(parent, body, DECORATOR_ANSWER, selected=self._matches(parent))

    def _write_parent(self, parent: Json, answer: Json) -> bool:
        """Write what the hook wants of the parent; return False if the parent is gone or has changed."""
        labels, labels_changed = _updated(labels_of(parent), answer.get("labels") or {})
        annotations, annotations_changed = _updated(annotations_of(parent), answer.get("annotations") or {})
        old_status: Any = parent.get("status")
        status = answer.get("status", old_status)
        status_changed = not equal(old_status, status)
        finalizers = finalizers_of(parent)
        finalized = bool(answer.get("finalized")) and self.definition.finalizer in finalizers
        if not (labels_changed or annotations_changed or status_changed or finalized):
            return True
        wanted = with_metadata(parent, labels=labels, annotations=annotations)
        if status is not None:
            wanted = {**wanted, "status": status}
        cluster, user, manager = self._host.cluster, self._host.user, self._host.manager
        try:
            if status_changed and self._host.kind(parent["apiVersion"], parent["kind"]).has_status:
                result = cluster.update_status(wanted, user=user, manager=manager)
                wanted = with_metadata(wanted, resourceVersion=metadata(result).get("resourceVersion"))
            if finalized:
                left = [each for each in finalizers if each != self.definition.finalizer]
                wanted = with_metadata(wanted, finalizers=left)
            cluster.update(wanted, user=user, manager=manager)
        except ApiError as error:
            if is_not_found(error) or is_conflict(error):
                return False
            raise
        return True

    def _marked(self, child: Json, parent: Json) -> Json:
        """Return the attachment with its decorator's mark, in its parent's namespace unless it names another."""
        namespace = namespace_of(child) or namespace_of(parent) or None
        annotations = {**annotations_of(child), CREATED_BY: name_of(self.definition.obj)}
        return with_metadata(child, namespace=namespace, annotations=annotations)


def _updated(old: dict[str, str], changes: dict[str, str | None]) -> tuple[dict[str, str], bool]:
    """Return labels or annotations after a hook's changes, where null removes, and whether they differ."""
    new = dict(old)
    for key, value in changes.items():
        if value is None:
            new.pop(key, None)
        else:
            new[key] = value
    return new, new != old
