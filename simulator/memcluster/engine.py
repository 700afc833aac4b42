"""The engine: starts and stops controllers as their definitions are created and deleted, and works on their queues.

Time is virtual: when nothing else is left to do, `run` moves the clock to the next timer. The engine is at rest when no
timer is left, or nothing was written for `quiet_seconds`: choose them longer than any delay of the hooks, so that an
answer which depends on the time is waited for.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from typing import NamedTuple, Protocol

from memcluster import children
from memcluster.cluster import Cluster
from memcluster.composite import CompositeController
from memcluster.decorator import DecoratorController
from memcluster.definition import Definition
from memcluster.errors import ApiError, HookError, Loop, SyncError
from memcluster.host import Host
from memcluster.object_map import kind_of
from memcluster.objects import Json, group_of, name_of
from memcluster.resources import GroupResource
from memcluster.store import Event, Key
from memcluster.webhooks import CallHook
from memcluster.work_queue import WorkQueue

API_VERSION = "metacontroller.k8s.io/v1alpha1"
USER = "system:serviceaccount:metacontroller:metacontroller"
MANAGER = "metacontroller"

_DEFINITIONS = {
    GroupResource("metacontroller.k8s.io", "compositecontrollers"): "CompositeController",
    GroupResource("metacontroller.k8s.io", "decoratorcontrollers"): "DecoratorController",
}
_RECENT_WRITES = 300

QUIET_SECONDS = 60.0
"""How long nothing must be written before an engine counts as at rest, unless it is given another time."""


class Task(NamedTuple):
    """One unit of work: the sync of a parent, the start or stop of a controller (`engine`), or `housekeeping`."""

    controller: str
    key: str


class Controller(Protocol):
    """What the engine needs of a started controller."""

    definition: Definition
    queue: WorkQueue

    def enqueue_all(self) -> None:
        """Queue every parent."""

    def handle(self, event: Event) -> None:
        """Queue the parents that a change concerns."""

    def sync(self, key: str) -> None:
        """Sync one parent."""


_ENGINE = "engine"
_HOUSEKEEPING = Task("housekeeping", "")


class Engine:
    """A Metacontroller in memory: version v2 hooks, server-side apply, update strategies InPlace and OnDelete."""

    def __init__(
        self,
        cluster: Cluster,
        call_hook: CallHook,
        *,
        choose: Callable[[Sequence[Task]], Task] | None = None,
        quiet_seconds: float = QUIET_SECONDS,
        user: str = USER,
        manager: str = MANAGER,
    ) -> None:
        self.cluster = cluster
        self.errors: dict[Task, str] = {}
        self._call_hook = call_hook
        self._choose = choose or _first
        self._quiet_seconds = quiet_seconds
        self._user = user
        self._manager = manager
        self._recent: deque[tuple[Task | None, Key]] = deque(maxlen=_RECENT_WRITES)
        self._watch = cluster.watch()
        self.restart()

    def restart(self) -> None:
        """Start afresh: no caches, no timers, every controller started again, every parent queued."""
        self.cluster.unwatch(self._watch)
        self._watch = self.cluster.watch()
        self._turns = count()
        self._host = Host(self.cluster, self._call_hook, self._user, self._manager)
        self._controllers: dict[str, Controller] = {}
        self._definitions = WorkQueue(self._turns)
        self.errors.clear()
        for kind in _DEFINITIONS.values():
            for obj in self.cluster.list(API_VERSION, kind):
                self._definitions.add(f"{kind} {name_of(obj)}")

    def stop(self) -> None:
        """Stop for good: watch nothing any more."""
        self.cluster.unwatch(self._watch)
        self._controllers.clear()

    @property
    def controllers(self) -> list[str]:
        """The controllers that are running, as "Kind name"."""
        return list(self._controllers)

    def refusal(self, api_version: str, kind: str, name: str, namespace: str = "") -> str:
        """Return what the API server said to the last write of a child, "" if it did not refuse it.

        The real engine says it in an event of the parent.
        """
        child = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}
        return children.refusal(self._host, kind_of(child), child)

    def resync(self) -> None:
        """Queue every parent of every controller, as the engine's periodic resync does."""
        for controller in self._controllers.values():
            controller.enqueue_all()

    # Working

    def tasks(self) -> list[Task]:
        """Return what could be done now, in the order in which it became ready."""
        self._route(None)
        ready = [(turn, Task(_ENGINE, key)) for key, turn in self._definitions.ready.items()]
        for name, controller in self._controllers.items():
            ready += [(turn, Task(name, key)) for key, turn in controller.queue.ready.items()]
        ready.sort()
        tasks = [task for _, task in ready]
        return [*tasks, _HOUSEKEEPING] if self.cluster.housekeeping_is_due() else tasks

    def step(self) -> bool:
        """Do one unit of work; return False if there is none."""
        tasks = self.tasks()
        if not tasks:
            return False
        self.work(self._choose(tasks))
        return True

    def work(self, task: Task) -> None:
        """Do this unit of work."""
        if task == _HOUSEKEEPING:
            self.cluster.housekeep()
        elif task.controller == _ENGINE:
            self._attempt(task, self._definitions, self._reconcile)
        else:
            controller = self._controllers[task.controller]
            self._attempt(task, controller.queue, controller.sync)
        self._route(task)

    def run(self, max_steps: int = 10_000, *, quiet_seconds: float | None = None) -> int:
        """Work until the engine is at rest, and return the number of steps. Raises Loop after `max_steps`.

        Timers fire in order of time, but not those due after `quiet_seconds` (the engine's own, unless given) without
        a write.
        """
        quiet = self._quiet_seconds if quiet_seconds is None else quiet_seconds
        steps = self._work_until_idle(0, max_steps)
        changed, writes = self.cluster.clock, self.cluster.writes
        while timers := self._timers():
            at = min(timers, key=lambda timer: timer[0])[0]
            if (at - changed).total_seconds() > quiet:
                break
            self.cluster.clock = max(self.cluster.clock, at)
            for due, queue, key in timers:
                if due <= at:
                    queue.fire(key)
            steps = self._work_until_idle(steps, max_steps)
            if self.cluster.writes != writes:
                changed, writes = self.cluster.clock, self.cluster.writes
        return steps

    def _work_until_idle(self, steps: int, max_steps: int) -> int:
        while self.step():
            steps += 1
            if steps > max_steps:
                raise Loop(self._who_keeps_writing(max_steps))
        return steps

    def _attempt(self, task: Task, queue: WorkQueue, work: Callable[[str], None]) -> None:
        queue.take(task.key)
        try:
            work(task.key)
        except HookError as error:
            self.errors[task] = str(error)
            if error.retry_after is not None:
                queue.add_after(task.key, error.retry_after, self.cluster.clock)
            else:
                queue.retry(task.key, self.cluster.clock)
        except (ApiError, SyncError) as error:
            self.errors[task] = str(error)
            queue.retry(task.key, self.cluster.clock)
        else:
            self.errors.pop(task, None)
            queue.forget(task.key)

    # Time

    def _timers(self) -> list[tuple[datetime, WorkQueue, str]]:
        queues = [self._definitions, *(controller.queue for controller in self._controllers.values())]
        return [(timer.at, queue, timer.key) for queue in queues for timer in queue.timers()]

    # Events

    def _route(self, cause: Task | None) -> None:
        for event in self._watch.drain():
            self._recent.append((cause, event.key))
            kind = _DEFINITIONS.get(event.key.resource)
            if kind:
                self._definitions.add(f"{kind} {event.key.name}")
            for controller in self._controllers.values():
                controller.handle(event)

    def _who_keeps_writing(self, max_steps: int) -> str:
        if not self._recent:
            return f"not at rest after {max_steps} steps, though nothing is written"
        (cause, key), times = Counter(self._recent).most_common(1)[0]
        who = f"{cause.controller} syncing {cause.key or 'everything'}" if cause else "somebody outside"
        what = f"{key.resource.plural} {key.namespace + '/' if key.namespace else ''}{key.name}"
        return (
            f"not at rest after {max_steps} steps: {who} keeps changing {what} "
            f"({times} of the last {len(self._recent)} writes)"
        )

    # Controllers

    def _reconcile(self, key: str) -> None:
        """Start, restart or stop a controller, as its definition demands."""
        kind, _, name = key.partition(" ")
        definition = self.cluster.find(API_VERSION, kind, name)
        if definition is None:
            self._controllers.pop(key, None)
            return
        if kind == "CompositeController" and not self._parents_have_status(definition):
            return
        running = self._controllers.get(key)
        if running:
            if running.definition.obj.get("spec") == definition.get("spec"):
                return
            del self._controllers[key]
        queue = WorkQueue(self._turns)
        make = CompositeController if kind == "CompositeController" else DecoratorController
        controller: Controller = make(self._host, definition, queue)
        self._controllers[key] = controller
        controller.enqueue_all()

    def _parents_have_status(self, definition: Json) -> bool:
        """Tell whether the CRD of the parents has a status subresource; without, the engine ignores the controller."""
        rule = (definition.get("spec") or {}).get("parentResource") or {}
        api_version = str(rule.get("apiVersion", ""))
        crd_name = f"{rule.get('resource')}.{group_of(api_version)}"
        crd = self.cluster.find("apiextensions.k8s.io/v1", "CustomResourceDefinition", crd_name)
        if crd is None:
            raise SyncError(f'customresourcedefinitions "{crd_name}" not found')
        version = api_version.rpartition("/")[2]
        return any(
            each["name"] == version and "status" in (each.get("subresources") or {}) for each in crd["spec"]["versions"]
        )


def _first(tasks: Sequence[Task]) -> Task:
    return tasks[0]
