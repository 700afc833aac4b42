"""A resource type, written and read."""

import pytest

from object_syncer.kube import types
from object_syncer.kube.types import ResourceType

CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
CRON_JOBS = ResourceType("batch", "v1", "CronJob", "cronjobs")
NODES = ResourceType("", "v1", "Node", "nodes", namespaced=False)


def test_the_core_group_has_no_slash_in_its_api_version() -> None:
    assert (CONFIG_MAPS.api_version, CRON_JOBS.api_version) == ("v1", "batch/v1")


def test_people_write_the_plural_and_then_the_group() -> None:
    assert (CONFIG_MAPS.display, CRON_JOBS.display) == ("configmaps", "cronjobs.batch")


@pytest.mark.parametrize("type_", [CONFIG_MAPS, CRON_JOBS, NODES], ids=lambda type_: type_.kind)
def test_load_reads_what_dump_wrote(type_: ResourceType) -> None:
    assert types.load(types.dump(type_)) == type_
