"""Plans of one ObjectSync, called share, that copies `settings`."""

from object_syncer.kube.selectors import names
from object_syncer.kube.types import ResourceType
from object_syncer.planning.destinations import Destinations, Shape
from object_syncer.planning.namespaces import Namespaces, Targets, targets
from object_syncer.planning.plan import Plan
from object_syncer.status.problem import Problem
from unit.objects import object_sync

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
WIDGETS = ResourceType("example.com", "v1", "Widget", "widgets")
NEWER_WIDGETS = ResourceType("example.com", "v2", "Widget", "widgets")


def plan(
    *namespaces: str,
    name: str = "share",
    type_: ResourceType = CONFIG_MAPS,
    source: str = "team",
    problem: Problem | None = None,
    advice: Problem | None = None,
    **spec: object,
) -> Plan:
    """Return the plan for copies in these namespaces; `spec` is the ObjectSync's."""
    parent = object_sync(name, generation=3)
    parent["spec"] |= spec
    wanted = {Shape("settings"): set(namespaces)} if namespaces else {}
    policy = str(spec.get("conflictPolicy") or "Fail")
    return Plan(parent, type_, (source, "settings"), Destinations(wanted), policy, problem, advice)


def everywhere(namespaces: Namespaces) -> Targets:
    """Return the targets of an ObjectSync that may copy to every namespace."""
    return targets(namespaces, names(None), None, "")


def many(count: int) -> list[str]:
    """Return so many names of namespaces."""
    return [f"ns-{index:04}" for index in range(count)]
