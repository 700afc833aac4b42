"""What CompositeControllers and DecoratorControllers have in common: hooks, kinds of children, a finalizer."""

from __future__ import annotations

from dataclasses import dataclass, field

from memcluster.children import UpdateStrategies, update_strategies
from memcluster.customize import Customize
from memcluster.errors import SyncError
from memcluster.host import Host
from memcluster.objects import (
    Json,
    annotations_of,
    controller_of,
    finalizers_of,
    group_of,
    is_terminating,
    labels_of,
    metadata,
    name_of,
    namespace_of,
    uid_of,
)
from memcluster.resources import Resource
from memcluster.webhooks import Webhook, ask, webhook


@dataclass(frozen=True)
class Definition:
    """The object that defines a controller, with its kinds looked up and its hooks read."""

    host: Host
    obj: Json
    finalizer: str
    """What the controller puts on parents if it has a finalize hook."""
    children: tuple[Resource, ...]
    strategies: UpdateStrategies
    customize: Customize
    sync_hook: Webhook | None
    finalize_hook: Webhook | None
    etags: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """The last ETag of the hooks by kind, namespace and name of a parent."""

    def resource(self, declared: Resource) -> Resource:
        """Return a declared resource as discovery has it now. Raises SyncError if it is no longer served."""
        return self.host.resource(declared.api_version, declared.plural)

    def parent_of(self, child: Json, parents: Resource) -> Json | None:
        """Return the parent of this kind that controls a child, None if there is none."""
        reference = controller_of(child) or {}
        if (group_of(str(reference.get("apiVersion"))), reference.get("kind")) != (parents.group, parents.kind):
            return None
        parent = self.host.cluster.snapshot(parents, str(reference.get("name")), namespace_of(child))
        return parent if parent and uid_of(parent) == reference.get("uid") else None

    def sync_finalizer(self, parent: Json) -> Json:
        """Put the finalizer on a parent that is not terminating, or take it off if there is no finalize hook."""
        wanted = self.finalize_hook is not None
        if (self.finalizer in finalizers_of(parent)) == wanted or (wanted and is_terminating(parent)):
            return parent
        return self.host.set_finalizer(parent, self.finalizer, wanted)

    def call(self, parent: Json, body: Json, fields: frozenset[str], *, selected: bool) -> Json:
        """Call the finalize hook for a parent that is terminating or not selected, the sync hook for others."""
        finalizing = self.finalize_hook is not None and (is_terminating(parent) or not selected)
        hook = self.finalize_hook if finalizing else self.sync_hook
        if hook is None:
            raise SyncError(f"sync hook not defined for {parent['kind']} {name_of(parent)}")
        body = {"controller": shown(self.obj), **body, "finalizing": finalizing}
        key = (str(parent["kind"]), namespace_of(parent), name_of(parent))
        headers = {"If-None-Match": self.etags[key]} if hook.etag and key in self.etags else {}
        answer = ask(self.host.call_hook, hook, body, fields, headers)
        if hook.etag and headers.get("ETag"):
            self.etags[key] = headers["ETag"]
        return answer

    def manages_children(self, parent: Json) -> bool:
        """Tell whether a parent's children are still managed.

        While the parent is terminating they are only if our finalizer keeps it and the garbage collector's does not.
        """
        if not is_terminating(parent):
            return True
        finalizers = finalizers_of(parent)
        ours = self.finalize_hook is not None and self.finalizer in finalizers
        return ours and not {"foregroundDeletion", "orphan"} & set(finalizers)


def resolve(host: Host, obj: Json, children: str) -> Definition:
    """Read a CompositeController or DecoratorController; `children` is the field of its spec with the child kinds.

    Raises SyncError where the real engine would not start the controller.
    """
    spec = obj.get("spec") or {}
    hooks = spec.get("hooks")
    if hooks is None:
        raise SyncError("no hooks defined")
    rules = spec.get(children) or []
    return Definition(
        host,
        obj,
        finalizer=f"metacontroller.io/{obj['kind'].lower()}-{name_of(obj)}",
        children=tuple(host.resource(each["apiVersion"], each["resource"]) for each in rules),
        strategies=update_strategies(host, rules),
        customize=Customize(host, shown(obj), webhook(hooks.get("customize"))),
        sync_hook=webhook(hooks.get("sync")),
        finalize_hook=webhook(hooks.get("finalize")),
    )


def shown(definition: Json) -> Json:
    """Return the definition as hooks get it, with the empty status that the engine adds."""
    return {**definition, "status": {}}


def is_only_status_change(old: Json, new: Json) -> bool:
    """Tell whether `ignoreStatusChanges` drops an update: same generation, labels, annotations, and not terminating."""
    return (
        metadata(old).get("generation") == metadata(new).get("generation")
        and labels_of(old) == labels_of(new)
        and annotations_of(old) == annotations_of(new)
        and not is_terminating(new)
    )
