"""A restart of the engine and the hook server changes nothing."""

from controlplane.installation import Installation
from e2e.eventually import becomes, stays
from e2e.objects import to
from e2e.outages import killed, stopped
from e2e.world import World


def test_a_restart_of_everything_leaves_the_copies_as_they_are(world: World, installation: Installation) -> None:
    home, _ = world.namespace("home"), world.namespace()
    source = world.config_map(home)
    sync = world.sync(source, to("*"), to(home, "twin", "replace"))
    sync.wait_in_sync()

    def copies() -> dict[str, str]:
        return {where: copy["metadata"]["uid"] for where, copy in world.copies(source).items()}

    becomes(lambda: {key.split("/")[0] for key in copies()}, world.living())
    before = copies()
    with stopped(installation.hooks), killed(installation.engine):
        assert copies() == before
    stays(lambda: before.items() <= copies().items(), True, seconds=3)
    edited = world.edit(source, {"data": {"k": "2"}})
    becomes(lambda: world.data(source, home, "twin"), edited["data"])
    sync.wait_in_sync()
    assert before.items() <= copies().items()
