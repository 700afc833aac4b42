"""A resource type, written and read."""

import pytest

from object_syncer.kinds import resource
from object_syncer.kinds.resource import Resource

CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps")
CRON_JOBS = Resource("batch", "v1", "CronJob", "cronjobs")
NODES = Resource("", "v1", "Node", "nodes", namespaced=False)


def test_the_core_group_has_no_slash_in_its_api_version() -> None:
    assert (CONFIG_MAPS.api_version, CRON_JOBS.api_version) == ("v1", "batch/v1")


def test_people_write_the_plural_and_then_the_group() -> None:
    assert (CONFIG_MAPS.display, CRON_JOBS.display) == ("configmaps", "cronjobs.batch")


@pytest.mark.parametrize("type_", [CONFIG_MAPS, CRON_JOBS, NODES], ids=lambda type_: type_.kind)
def test_what_is_written_is_read_again(type_: Resource) -> None:
    assert resource.load(resource.dump(type_)) == type_
