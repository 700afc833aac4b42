"""Several SyncPolicies as grants: who may copy what, from where, to where, and which of them serves whom."""

from e2e.eventually import becomes, stays
from e2e.objects import API_VERSION, config_map, object_sync, to
from e2e.world import IN_SYNC, Sync, World
from grants import lists_optional

CONFIG_MAPS = {"apiGroups": [""], "resources": ["configmaps"]}


def served_by(world: World, sync: Sync) -> set[str]:
    """Return the policies whose slices an ObjectSync has."""
    return {item["metadata"]["ownerReferences"][0]["name"] for item in world.slices(sync)}


def test_the_policy_with_the_highest_priority_serves_an_object_sync_and_bounds_its_wildcard(world: World) -> None:
    home, team = world.namespace("home"), world.namespace("team")
    lists = {"watchNamespaces": [home], "targetNamespaces": [team]}
    with (
        world.grant("narrow", priority=10, **lists) as narrow,
        world.grant("low", priority=-1, watchNamespaces=[home]),
    ):
        source = world.config_map(home)
        sync = world.sync(source, to("*"))
        sync.wait_in_sync()
        assert served_by(world, sync) == {narrow}
        assert world.where(source) == {f"{team}/{source['metadata']['name']}"}
        sync.delete()
        sync.wait_gone()


def test_what_one_policy_refuses_another_may_grant(world: World) -> None:
    home, team = world.namespace("home"), world.namespace("team")
    with world.grant("maps", priority=10, watchNamespaces=[home], allowedResources=[CONFIG_MAPS]) as maps:
        config_map = world.config_map(home)
        secret = world.admin.create(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": home, "name": f"key-{world.mark}"}}
        )
        first, second = world.sync(config_map, to(team)), world.sync(secret, to(team))
        for sync in (first, second):
            sync.wait_in_sync()
        assert (served_by(world, first), served_by(world, second)) == ({maps}, {"default"})
        for sync in (first, second):
            sync.delete()
            sync.wait_gone()


def test_among_equals_a_policy_that_permits_all_named_namespaces_serves(world: World) -> None:
    home, team, late = world.namespace("home"), world.namespace("team"), f"late-{world.mark}"
    with (
        world.grant("older", priority=10, watchNamespaces=[home], targetNamespaces=[team]) as older,
        world.grant("wider", priority=10, watchNamespaces=[home], targetNamespaces=[team, late]) as wider,
    ):
        source = world.config_map(home)
        narrow, wide = world.sync(source, to(team, "narrow")), world.sync(source, to(team, "wide"), to(late, "wide"))
        for sync in (narrow, wide):
            sync.wait_in_sync()
        assert (served_by(world, narrow), served_by(world, wide)) == ({older}, {wider})
        for sync in (narrow, wide):
            sync.delete()
            sync.wait_gone()


def test_a_dot_as_source_namespace_means_the_namespace_of_the_object_sync(world: World) -> None:
    home, other, team = world.namespace("home"), world.namespace("other"), world.namespace("team")
    glob = f"{home[:-1]}?"
    with world.grant("own", priority=10, watchNamespaces=[glob], sourceNamespaces=["."]) as own:
        mine, theirs = world.config_map(home, name="mine"), world.config_map(other, name="theirs")
        first = world.sync(mine, to(team))
        second = world.sync(theirs, to(team), namespace=home)
        for sync in (first, second):
            sync.wait_in_sync()
        assert (served_by(world, first), served_by(world, second)) == ({own}, {"default"})
        for sync in (first, second):
            sync.delete()
            sync.wait_gone()


def test_a_policy_that_is_deleted_hands_its_object_syncs_over_to_the_next(world: World) -> None:
    home, team = world.namespace("home"), world.namespace("team")
    source = world.config_map(home)
    with world.grant("first", priority=10, watchNamespaces=[home]) as first:
        sync = world.sync(source, to(team))
        sync.wait_in_sync()
        assert served_by(world, sync) == {first}
    # Kubernetes' garbage collector learns of new kinds every 30 seconds, and the cluster may be younger than that.
    becomes(lambda: (served_by(world, sync), sync.says("InSync")), ({"default"}, IN_SYNC), 50)
    assert world.where(source) == {f"{team}/{source['metadata']['name']}"}


def test_an_invalid_policy_hands_nothing_over_and_takes_nothing(world: World) -> None:
    home, elsewhere, team = world.namespace("home"), world.namespace("elsewhere"), world.namespace()
    ours, theirs = world.config_map(home), world.config_map(elsewhere)
    with world.grant("broken", priority=10, watchNamespaces=[home]) as broken:
        first, second = world.sync(ours, to(team, "ours")), world.sync(theirs, to(team, "theirs"))
        for sync in (first, second):
            sync.wait_in_sync()
        where = (API_VERSION, "syncpolicies", None, broken)
        with lists_optional(world.admin):
            world.admin.patch(*where, {"spec": {"watchNamespaces": None}})
        becomes(lambda: first.says("Ready"), ("False", "InvalidPolicy"))
        third = world.sync(theirs, to(team, "late"))
        becomes(lambda: third.says("Ready"), ("False", "InvalidPolicy"))
        assert f"spec.watchNamespaces of SyncPolicy {broken} is missing or empty" in third.message("Ready")

        world.edit(ours, {"data": {"k": "2"}})
        becomes(lambda: world.data(ours, team, "ours"), {"k": "2"})
        second.edit(destinations=[to(team, "theirs"), to(home, "theirs")])
        becomes(lambda: world.data(theirs, home, "theirs"), theirs["data"])
        second.wait_in_sync()
        assert (served_by(world, first), served_by(world, second)) == ({broken}, {"default"})
        (condition,) = world.admin.get(*where)["status"]["conditions"]
        assert (condition["status"], condition["reason"]) == ("False", "InvalidPolicy")

        world.admin.patch(*where, {"spec": {"watchNamespaces": [home]}})
        for sync in (first, second, third):
            sync.wait_in_sync()
        assert [served_by(world, sync) for sync in (first, second, third)] == [{broken}, {"default"}, {"default"}]
        for sync in (first, second, third):
            sync.delete()
            sync.wait_gone()


def test_a_circle_over_two_policies_is_refused_where_it_closes(world: World) -> None:
    a, b, c = (world.namespace(name) for name in "abc")
    source = world.config_map(a)
    with (
        world.grant("second", priority=10, watchNamespaces=[b]),
        world.grant("third", priority=-10, watchNamespaces=[c], conflictPolicies=["Overwrite"]),
    ):
        first = world.sync(source, to(b))
        first.wait_in_sync()
        second = world.sync(config_map(b, source["metadata"]["name"]), to(c))
        second.wait_in_sync()
        back = object_sync(c, "back", config_map(c, source["metadata"]["name"]), [to(a), to(b)])
        # In b, the first one's copy comes before the loop.
        name = source["metadata"]["name"]
        refused = {f"{a}/{name}": "Loop", f"{b}/{name}": "Conflict"}
        third = world.submit(back | {"spec": {**back["spec"], "conflictPolicy": "Overwrite"}})
        becomes(lambda: {where: item.get("reason") for where, item in third.destinations().items()}, refused)
        stays(lambda: world.at(source, a), source)
        for sync in (first, second):
            sync.wait_in_sync()
        for sync in (third, second, first):
            sync.delete()
            sync.wait_gone()
    assert world.at(source, a) == source


def test_of_two_object_syncs_under_two_policies_of_one_priority_the_first_keeps_the_destination(world: World) -> None:
    home, elsewhere, team = world.namespace("home"), world.namespace("elsewhere"), world.namespace()
    first, second = world.config_map(home, {"from": "first"}), world.config_map(elsewhere, {"from": "second"})
    with (
        world.grant("first", watchNamespaces=[home], priority=10),
        world.grant("second", watchNamespaces=[elsewhere], priority=10) as other,
    ):
        older = world.sync(first, to(team, "contested"))
        older.wait_in_sync()
        younger = world.sync(second, to(team, "contested"))
        becomes(lambda: younger.says("InSync"), ("False", "Conflict"))
        (item,) = world.slices(younger)
        assert item["metadata"]["ownerReferences"][0]["name"] == other
        (owner,) = world.slices(older)
        said = f"a copy of {home}/{first['metadata']['name']} by SyncSlice {owner['metadata']['name']}"
        assert said in younger.message("InSync")
        copy = world.at(first, team, "contested")
        stays(lambda: world.at(first, team, "contested"), copy)
        older.wait_in_sync()

        older.delete()
        older.wait_gone()
        becomes(lambda: world.data(second, team, "contested"), {"from": "second"})
        younger.wait_in_sync()
        younger.delete()
        younger.wait_gone()
