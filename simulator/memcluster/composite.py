"""One CompositeController: which parents an event concerns, and the sync of one parent, step by step.

Order of a sync: finalizer, claim children, related objects, hook, delayed resync, finalized, labels
against selector, delete and apply children, status. An error before the children leaves children and
status alone; errors of children are raised after the status is written.
"""

from __future__ import annotations

from typing import Any

from memcluster import children, claims
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
from memcluster.object_map import (
    ObjectMap,
    as_body,
    insert,
    kind_of_resource,
    qualified_name,
)
from memcluster.resources import Resource
from memcluster.selectors import selector
from memcluster.store import Event
from memcluster.webhooks import ask, webhook
from memcluster.work_queue import WorkQueue

_ANSWER_FIELDS = frozenset({"status", "children", "resyncAfterSeconds", "finalized"})


class CompositeController:
    """A started CompositeController; raises `SyncError` where the real one would not start."""

    def __init__(self, host: Host, definition: Json, queue: WorkQueue) -> None:
        spec = definition.get("spec") or {}
        rule, hooks = spec.get("parentResource") or {}, spec.get("hooks")
        if hooks is None:
            raise SyncError("no hooks defined")
        self.definition = definition
        self.queue = queue
        self._host = host
        self._parents = host.resource(rule.get("apiVersion", ""), rule.get("resource", ""))
        self._child_rules: list[Json] = spec.get("childResources") or []
        self._children = [host.resource(each["apiVersion"], each["resource"]) for each in self._child_rules]
        self._strategies = children.update_strategies(host, self._child_rules)
        self._sync_hook, self._finalize_hook = webhook(hooks.get("sync")), webhook(hooks.get("finalize"))
        self._customize = Customize(host, self._shown, webhook(hooks.get("customize")))
        self._selects_parent = selector(rule.get("labelSelector"))
        self._ignores_status = bool(rule.get("ignoreStatusChanges"))
        self._generates_selector = bool(spec.get("generateSelector"))
        self._finalizer = f"metacontroller.io/compositecontroller-{name_of(definition)}"

    @property
    def name(self) -> str:
        """The controller as messages call it."""
        return f"CompositeController {name_of(self.definition)}"

    @property
    def _shown(self) -> Json:
        """The definition as hooks get it, with the empty status the engine adds."""
        return {**self.definition, "status": {}}

    # Whom an event concerns

    def enqueue_all(self) -> None:
        """Queue every parent, as a start or a resync does."""
        for parent in self._all_parents():
            self._enqueue(parent)

    def notice(self, event: Event) -> None:
        """Queue the parents that a change concerns: itself, its children's parent, and those that relate it."""
        if event.key.resource == self._parents.key:
            self._notice_parent(event)
        for resource in self._children:
            if event.key.resource == resource.key:
                self._notice_child(event)
        states = [state for state in (event.old, event.new) if state]
        for parent in self._customize.concerned(event.key.resource, states, self._all_parents()):
            self._enqueue(parent)

    def _notice_parent(self, event: Event) -> None:
        old, new = event.old, event.new
        if self._ignores_status and old and new and is_only_status_change(old, new):
            return
        self._enqueue(new or old or {})

    def _notice_child(self, event: Event) -> None:
        child = event.new or event.old or {}
        reference = controller_of(child)
        if reference:
            parent = self._owner(reference, namespace_of(child))
            if parent:
                self._enqueue(parent)
        elif event.new and not is_going(child):
            for parent in self._all_parents(namespace_of(child) if self._parents.namespaced else ""):
                if self._would_adopt(parent, child):
                    self._enqueue(parent)

    def _owner(self, reference: Json, namespace: str) -> Json | None:
        if group_of(str(reference.get("apiVersion"))) != self._parents.group:
            return None
        if reference.get("kind") != self._parents.kind:
            return None
        parent = self._host.cluster.snapshot(self._parents, str(reference.get("name")), namespace)
        return parent if parent and uid_of(parent) == reference.get("uid") else None

    def _would_adopt(self, parent: Json, child: Json) -> bool:
        try:
            return self._child_selector(parent)(labels_of(child))
        except SyncError:
            return False

    def _all_parents(self, namespace: str = "") -> list[Json]:
        return self._host.cluster.objects(self._parents, namespace)

    def _concerns(self, parent: Json) -> bool:
        return self._finalizer in finalizers_of(parent) or self._selects_parent(labels_of(parent))

    def _enqueue(self, parent: Json) -> None:
        if self._concerns(parent):
            self.queue.add(qualified_name(parent))

    # The sync of one parent

    def sync(self, key: str) -> None:
        """Sync the parent of that key, if it still exists and is still ours."""
        namespace, _, name = key.rpartition("/")
        parent = self._host.cluster.snapshot(self._parents, name, namespace)
        if parent is None or not self._concerns(parent):
            return
        parent = self._host.sync_finalizer(parent, self._finalizer, self._finalize_hook is not None)
        if not self._concerns(parent):
            return
        observed = self._observe(parent)
        related = self._customize.related(parent)
        answer = self._ask(parent, observed, related)
        desired: ObjectMap = {}
        insert(desired, (self._in_namespace(child, parent) for child in answer.get("children") or ()))
        if answer.get("resyncAfterSeconds", 0) > 0:
            self.queue.add_after(key, answer["resyncAfterSeconds"], self._host.cluster.clock)
        if answer.get("finalized"):
            parent = self._host.set_finalizer(parent, self._finalizer, wanted=False)
        desired = self._labelled(parent, desired)
        errors: list[str] = []
        if not is_going(parent) or should_finalize(parent, self._finalizer, self._finalize_hook is not None):
            errors = children.manage(self._host, self._strategies, parent, observed, desired)
        if self._write_status(parent, answer.get("status")) and errors:
            raise SyncError(f"can't reconcile children for {self._parents.kind} {key}: {'; '.join(errors)}")

    def _observe(self, parent: Json) -> ObjectMap:
        """The children of every declared kind, after adopting orphans and releasing what no longer matches."""
        observed: ObjectMap = {}
        matches = self._child_selector(parent)
        namespace = namespace_of(parent) if self._parents.namespaced else ""
        for rule in self._child_rules:
            resource = self._host.resource(rule["apiVersion"], rule["resource"])
            observed.setdefault(kind_of_resource(resource), {})
            insert(observed, claims.claim(self._host, resource, namespace, parent, matches))
        return observed

    def _ask(self, parent: Json, observed: ObjectMap, related: ObjectMap) -> Json:
        unselected = not self._selects_parent(labels_of(parent))
        finalizing = self._finalize_hook is not None and (is_going(parent) or unselected)
        hook = self._finalize_hook if finalizing else self._sync_hook
        if hook is None:
            raise SyncError(f"sync hook not defined for {self._parents.kind} {qualified_name(parent)}")
        body = {
            "controller": self._shown,
            "parent": parent,
            "children": as_body(observed),
            "related": as_body(related),
            "finalizing": finalizing,
        }
        return ask(self._host.call_hook, hook, body, _ANSWER_FIELDS)

    @staticmethod
    def _in_namespace(child: Json, parent: Json) -> Json:
        """A child without a namespace gets its parent's (none, for a cluster-scoped one)."""
        return child if namespace_of(child) else with_metadata(child, namespace=namespace_of(parent) or None)

    def _labelled(self, parent: Json, desired: ObjectMap) -> ObjectMap:
        """The desired children with the generated label; one that the selector would not match fails them all."""
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

    def _child_selector(self, parent: Json) -> claims.Matches:
        if self._generates_selector:
            return selector({"matchLabels": {"controller-uid": uid_of(parent)}})
        spec = (parent.get("spec") or {}).get("selector") or {}
        if not (spec.get("matchLabels") or spec.get("matchExpressions")):
            raise SyncError(".spec.selector must have either matchLabels, matchExpressions, or both")
        return selector(spec)

    def _write_status(self, parent: Json, status: Json | None) -> bool:
        """Write the status with the generation it was made for; False if the parent was gone or changed meanwhile."""
        wanted = {**(status or {}), "observedGeneration": metadata(parent).get("generation") or 0}

        def edit(live: Json) -> Json:
            return live if equal(live.get("status"), wanted) else {**live, "status": wanted}

        try:
            self._host.change(parent, edit, status=True)
        except ApiError as error:
            if is_missing(error) or is_conflict(error):
                return False
            raise
        return True

    @property
    def parents(self) -> Resource:
        """The kind of its parents."""
        return self._parents


def is_only_status_change(old: Json, new: Json) -> bool:
    """Whether `ignoreStatusChanges` drops an update: same generation, labels and annotations, and not going."""
    return (
        metadata(old).get("generation") == metadata(new).get("generation")
        and labels_of(old) == labels_of(new)
        and annotations_of(old) == annotations_of(new)
        and not is_going(new)
    )
