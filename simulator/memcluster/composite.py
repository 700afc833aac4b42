"""One CompositeController: which parents an event concerns, and the sync of one parent, step by step.

Order of a sync: finalizer, claim children, related objects, hook, delayed resync, finalized, labels against selector,
delete and apply children, status. An error before the children leaves children and status alone; errors of children
are raised after the status is written.
"""

from __future__ import annotations

from typing import Any

from memcluster import children, claims
from memcluster.definition import is_only_status_change, resolve
from memcluster.errors import ApiError, SyncError, is_conflict, is_not_found
from memcluster.host import Host
from memcluster.object_map import ObjectMap, as_body, insert, kind_of_resource, qualified_name
from memcluster.objects import (
    Json,
    controller_of,
    equal,
    finalizers_of,
    is_terminating,
    labels_of,
    metadata,
    namespace_of,
    uid_of,
    with_metadata,
)
from memcluster.selectors import Matches, selector
from memcluster.store import Event
from memcluster.webhooks import COMPOSITE_ANSWER
from memcluster.work_queue import WorkQueue


class CompositeController:
    """A started CompositeController; raises SyncError where the real one would not start."""

    def __init__(self, host: Host, definition: Json, queue: WorkQueue) -> None:
        spec = definition.get("spec") or {}
        rule = spec.get("parentResource") or {}
        self.definition = resolve(host, definition, "childResources")
        self.queue = queue
        self._host = host
        self._parents = host.resource(rule.get("apiVersion", ""), rule.get("resource", ""))
        self._selects_parent = selector(rule.get("labelSelector"))
        self._ignores_status = bool(rule.get("ignoreStatusChanges"))
        self._generates_selector = bool(spec.get("generateSelector"))

    # Which parents an event concerns

    def enqueue_all(self) -> None:
        """Queue every parent, as a start or a resync does."""
        for parent in self._all_parents():
            self._enqueue(parent)

    def handle(self, event: Event) -> None:
        """Queue the parents that a change concerns: itself, its children's parent, and those it is related to."""
        if event.key.resource == self._parents.key:
            self._handle_parent(event)
        for resource in self.definition.children:
            if event.key.resource == resource.key:
                self._handle_child(event)
        for parent in self.definition.customize.concerned(event, self._all_parents):
            self._enqueue(parent)

    def _handle_parent(self, event: Event) -> None:
        old, new = event.old, event.new
        if self._ignores_status and old and new and is_only_status_change(old, new):
            return
        self._enqueue(new or old or {})

    def _handle_child(self, event: Event) -> None:
        child = event.new or event.old or {}
        if controller_of(child):
            parent = self.definition.parent_of(child, self._parents)
            if parent:
                self._enqueue(parent)
        elif event.new and not is_terminating(child):
            for parent in self._all_parents(namespace_of(child) if self._parents.namespaced else ""):
                if self._would_adopt(parent, child):
                    self._enqueue(parent)

    def _would_adopt(self, parent: Json, child: Json) -> bool:
        try:
            return self._child_selector(parent)(labels_of(child))
        except SyncError:
            return False

    def _all_parents(self, namespace: str = "") -> list[Json]:
        return self._host.cluster.objects(self._parents, namespace)

    def _concerns(self, parent: Json) -> bool:
        return self.definition.finalizer in finalizers_of(parent) or self._selects_parent(labels_of(parent))

    def _enqueue(self, parent: Json) -> None:
        if self._concerns(parent):
            self.queue.add(qualified_name(parent))

    # The sync of one parent

    def sync(self, key: str) -> None:
        """Sync the parent of that key, if it still exists and still concerns this controller."""
        namespace, _, name = key.rpartition("/")
        parent = self._host.cluster.snapshot(self._parents, name, namespace)
        if parent is None or not self._concerns(parent):
            return
        parent = self.definition.sync_finalizer(parent)
        if not self._concerns(parent):
            return
        observed = self._observe(parent)
        answer = self._call_hook(parent, observed)
        desired: ObjectMap = {}
        insert(desired, (_in_namespace(child, parent) for child in answer.get("children") or ()))
        if answer.get("resyncAfterSeconds", 0) > 0:
            self.queue.add_after(key, answer["resyncAfterSeconds"], self._host.cluster.clock)
        if answer.get("finalized"):
            parent = self._host.set_finalizer(parent, self.definition.finalizer, wanted=False)
        desired = self._labelled(parent, desired)
        errors: list[str] = []
        if self.definition.manages_children(parent):
            errors = children.manage(self._host, self.definition.strategies, parent, observed, desired)
        if self._write_status(parent, answer.get("status")) and errors:
            raise SyncError(f"can't reconcile children for {self._parents.kind} {key}: {'; '.join(errors)}")

    def _observe(self, parent: Json) -> ObjectMap:
        """Return the children of every declared kind, after adopting orphans and releasing what no longer matches."""
        observed: ObjectMap = {}
        matches = self._child_selector(parent)
        namespace = namespace_of(parent) if self._parents.namespaced else ""
        for declared in self.definition.children:
            resource = self.definition.resource(declared)
            observed.setdefault(kind_of_resource(resource), {})
            insert(observed, claims.claim(self._host, resource, namespace, parent, matches))
        return observed

    def _call_hook(self, parent: Json, observed: ObjectMap) -> Json:
        related = self.definition.customize.related(parent)
        body = {"parent": parent, "children": as_body(observed), "related": as_body(related)}
        return self.definition.call(parent, body, COMPOSITE_ANSWER, selected=self._selects_parent(labels_of(parent)))

    def _labelled(self, parent: Json, desired: ObjectMap) -> ObjectMap:
        """Return the desired children with the generated label. Raises SyncError if one does not match the selector."""
        matches = self._child_selector(parent)
        labelled: ObjectMap = {}
        for kind, group in desired.items():
            labelled[kind] = {}
            for name, child in group.items():
                labels: dict[str, Any] = dict(labels_of(child))
                if not all(isinstance(value, str) for value in labels.values()):
                    raise SyncError(f"invalid labels on desired child {kind.kind} {name}")
                if self._generates_selector:
                    labels.setdefault("controller-uid", uid_of(parent))
                if not matches(labels):
                    raise SyncError(f"labels on desired child {kind.kind} {name} don't match parent selector")
                labelled[kind][name] = with_metadata(child, labels=labels)
        return labelled

    def _child_selector(self, parent: Json) -> Matches:
        if self._generates_selector:
            return selector({"matchLabels": {"controller-uid": uid_of(parent)}})
        spec = (parent.get("spec") or {}).get("selector") or {}
        if not (spec.get("matchLabels") or spec.get("matchExpressions")):
            raise SyncError(".spec.selector must have either matchLabels, matchExpressions, or both")
        return selector(spec)

    def _write_status(self, parent: Json, status: Json | None) -> bool:
        """Write the status with the generation it was made for; return False if the parent is gone or has changed."""
        wanted = {**(status or {}), "observedGeneration": metadata(parent).get("generation") or 0}

        def edit(live: Json) -> Json:
            return live if equal(live.get("status"), wanted) else {**live, "status": wanted}

        try:
            self._host.change(parent, edit, status=True)
        except ApiError as error:
            if is_not_found(error) or is_conflict(error):
                return False
            raise
        return True


def _in_namespace(child: Json, parent: Json) -> Json:
    """Return the child in its parent's namespace (none, for a cluster-scoped parent) unless it names another."""
    return child if namespace_of(child) else with_metadata(child, namespace=namespace_of(parent) or None)
