"""What objects may be called, as far as their kinds are known."""

import pytest

from object_syncer.kube import object_names
from object_syncer.kube.types import ResourceType

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
SERVICES = ResourceType("", "v1", "Service", "services")
CRON_JOBS = ResourceType("batch", "v1", "CronJob", "cronjobs")
JOBS = ResourceType("batch", "v1", "Job", "jobs")
ROLES = ResourceType("rbac.authorization.k8s.io", "v1", "Role", "roles")
WIDGETS = ResourceType("example.com", "v1", "Widget", "widgets")


@pytest.mark.parametrize(
    ("type_", "valid", "invalid"),
    [
        (CONFIG_MAPS, ["a", "a-b.c", "0", "a" * 253], ["", "A", "a_b", "-a", "a-", "a..b", ".a", "a" * 254, "a\n"]),
        (WIDGETS, ["a.b"], ["a/b", "a:b"]),
        (SERVICES, ["a", "a" * 63], ["1a", "a.b", "a" * 64]),
        (CRON_JOBS, ["a" * 52], ["a" * 53]),
        (JOBS, ["a" * 63], ["a" * 64]),
        (ROLES, ["system:controller:x", "A b", "..."], [".", "..", "a/b", "a%2f", ""]),
    ],
    ids=lambda value: value.kind if isinstance(value, ResourceType) else "",
)
def test_names(type_: ResourceType, valid: list[str], invalid: list[str]) -> None:
    assert [name for name in valid if not object_names.is_valid(name, type_)] == []
    assert [name for name in invalid if object_names.is_valid(name, type_)] == []


def test_the_grammar_is_said_in_words() -> None:
    assert object_names.grammar(CRON_JOBS) == "at most 52 characters: lower-case letters, digits, '-' and '.'"
