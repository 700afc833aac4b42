"""Installed by the chart, with Metacontroller as a ServiceAccount that has the chart's permissions and no others."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from controlplane.client import ApiError, Client, Object
from controlplane.control_plane import ControlPlane
from controlplane.namespaces import Namespaces
from controlplane.waiting import wait_for
from e2e.charted import ENGINE, ENGINE_USER, Charted, fresh_control_plane
from e2e.eventually import becomes, stays
from e2e.objects import config_map, cron_job, to
from e2e.outages import stopped
from e2e.world import Sync, World
from grants import EVERYTHING
from object_syncer.kube import times

CORE = {"watchNamespaces": ["*"], "sourceNamespaces": ["*"]}
TWO_TYPES = [
    {"apiGroups": [""], "resources": ["configmaps"]},
    {"apiGroups": ["batch"], "resources": ["cronjobs"]},
]
NARROW = {**CORE, "targetNamespaces": ["east", "west"], "allowedResources": TWO_TYPES}
TOKEN = {"hooks": {"token": {"mode": "generated"}}}


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[ControlPlane]:
    yield from fresh_control_plane(tmp_path)


def corner_of(cluster: ControlPlane) -> World:
    """A world that nobody tidies up: its cluster goes too."""
    return World(cluster.client(), Namespaces(cluster.client()))


@pytest.fixture
def corner(own_cluster: ControlPlane) -> World:
    return corner_of(own_cluster)


def core(world: World, home: str, targets: list[str], elsewhere: list[str]) -> None:
    """Copy, update, repair, restore, refuse to overwrite, clean up: a ConfigMap and a CronJob."""
    admin = world.admin
    source = world.config_map(home, {"k": "1"})
    foreign = admin.create(config_map(targets[0], "foreign", {"mine": "1"}))
    sync = world.sync(source, *map(to, targets))
    renamed = world.sync(source, to(targets[0], "foreign"), namespace=home)
    sync.wait_in_sync()
    becomes(lambda: renamed.destinations()[f"{targets[0]}/foreign"]["state"], "Conflict")
    assert admin.get("v1", "configmaps", targets[0], "foreign")["data"] == foreign["data"]
    world.edit(source, {"data": {"k": "2"}})
    for target in targets:
        becomes(partial(world.data, source, target), {"k": "2"})
    world.edit(world.at(source, targets[0]), {"data": {"k": "edited"}})
    becomes(lambda: world.data(source, targets[0]), {"k": "2"})
    world.delete(world.at(source, targets[-1]))
    becomes(lambda: world.data(source, targets[-1]), {"k": "2"})
    job = admin.create(cron_job(home, "nightly"))
    jobs = world.sync(job, *map(to, targets))
    jobs.wait_in_sync()
    for target in elsewhere:
        assert admin.find("v1", "configmaps", target, source["metadata"]["name"]) is None
    for made in (renamed, jobs, sync):
        made.delete()
        made.wait_gone()
    assert not world.copies(source)
    assert not world.copies(job)
    assert admin.get("v1", "configmaps", targets[0], "foreign")["data"] == foreign["data"]


def test_the_chart_with_its_default_values_copies_to_all_namespaces(
    own_cluster: ControlPlane, corner: World, tmp_path: Path
) -> None:
    with Charted(own_cluster, tmp_path, {}):
        core(corner, "kube-public", ["east", "west"], ["north"])
        source = corner.config_map("kube-system", name="everywhere")
        sync = corner.sync(source, to("*"))
        sync.wait_in_sync()
        assert {"east", "west", "north"} <= {where.partition("/")[0] for where in corner.where(source)}
        unwatched = corner.sync(corner.config_map("north"), to("east"))
        becomes(lambda: unwatched.says("Ready"), ("False", "NotWatched"))


def test_the_chart_with_lists_copies_two_types_to_two_namespaces_and_may_do_no_more(
    own_cluster: ControlPlane, corner: World, tmp_path: Path
) -> None:
    with Charted(own_cluster, tmp_path, NARROW) as charted:
        core(corner, "default", ["east", "west"], ["north"])
        engine = charted.account.client()
        for forbidden in (
            config_map("north", "a"),
            config_map("default", "a"),
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "east", "name": "a"}},
        ):
            with pytest.raises(ApiError, match="403 Forbidden"):
                engine.apply(forbidden)
        for plural in ("secrets", "pods"):
            with pytest.raises(ApiError, match="403 Forbidden"):
                engine.list("v1", plural)


def test_the_api_server_refuses_what_a_widened_sync_policy_permits(
    own_cluster: ControlPlane, corner: World, tmp_path: Path
) -> None:
    """Who edits a SyncPolicy deceives the hooks, but does not get more permissions."""
    with Charted(own_cluster, tmp_path, NARROW):
        policy = ("sync.rustrial.org/v1alpha1", "syncpolicies", None, "default")
        corner.admin.patch(*policy, {"spec": {"targetNamespaces": ["*"]}})
        source = corner.config_map("default")
        sync = corner.sync(source, to("east"), to("north"))
        name = source["metadata"]["name"]
        becomes(lambda: corner.where(source), {f"east/{name}"})
        becomes(lambda: sync.says("InSync")[0], "False")
        stays(lambda: corner.where(source), {f"east/{name}"})
        assert sync.destinations()[f"north/{name}"]["state"] != "Synced"

        corner.admin.patch(*policy, {"spec": {"allowedResources": EVERYTHING["allowedResources"]}})
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "default", "name": "unreadable"}}
        unserved = corner.sync(corner.admin.create(secret), to("east"))
        becomes(lambda: unserved.says("InSync"), ("False", "ControllerNotRunning"), 10)
        assert "may not be allowed to list secrets" in unserved.message("Ready")
        corner.edit(source, {"data": {"k": "2"}})
        becomes(lambda: corner.data(source, "east"), {"k": "2"})


def test_an_upgrade_leaves_copies_as_they_are(own_cluster: ControlPlane, corner: World, tmp_path: Path) -> None:
    with Charted(own_cluster, tmp_path, NARROW) as charted:
        source = corner.config_map("default", {"k": "1"})
        sync = corner.sync(source, to("east"), to("west"))
        sync.wait_in_sync()
        before = {where: copy["metadata"]["uid"] for where, copy in corner.copies(source).items()}
        urls = hook_urls(charted)
        charted.upgrade({"image": {"tag": "0.1.1"}, "targetNamespaces": ["east", "west", "north"]})
        assert hook_urls(charted) != urls
        corner.edit(source, {"data": {"k": "2"}})
        sync.edit(destinations=[to("east"), to("west"), to("north")])
        becomes(lambda: corner.data(source, "north"), {"k": "2"})
        sync.wait_in_sync()
        after = {where: copy["metadata"]["uid"] for where, copy in corner.copies(source).items()}
        assert before.items() <= after.items()
        assert all(copy["data"] == {"k": "2"} for copy in corner.copies(source).values())


def hook_urls(charted: Charted) -> set[str]:
    """The URLs that the engine calls, of generated controllers too."""
    controllers = charted.admin.list("metacontroller.k8s.io/v1alpha1", "compositecontrollers")
    return {hook["webhook"]["url"] for item in controllers for hook in item["spec"]["hooks"].values()}


def still_called(charted: Charted, former: set[str]) -> set[str]:
    """Those of the former URLs that are still called."""
    return hook_urls(charted) & former


def test_ca_and_token_are_rotated_without_a_gap(own_cluster: ControlPlane, corner: World, tmp_path: Path) -> None:
    with Charted(own_cluster, tmp_path, {**NARROW, **TOKEN}) as charted:
        source = corner.config_map("default", {"k": "0"})
        sync = corner.sync(source, to("east"))
        sync.wait_in_sync()

        def works(mark: str) -> None:
            corner.edit(source, {"data": {"k": mark}})
            becomes(lambda: corner.data(source, "east"), {"k": mark}, 10)

        charted.upgrade({"logLevel": "debug"})
        first = (charted.secret("tls"), charted.secret("token"))
        assert first == (charted.secret("tls"), charted.secret("token")), "an upgrade that rotates nothing keeps all"

        seen = [first]
        for turn in ("2", "3"):
            urls = hook_urls(charted)
            charted.upgrade({"hooks": {"tls": {"generated": {"rotation": turn}}, "token": {"rotation": turn}}})
            seen.append((charted.secret("tls"), charted.secret("token")))
            becomes(partial(still_called, charted, urls), set())
            works(f"{turn}, the engine knows it, the hook server not yet")
            charted.mount()
            works(f"{turn}, both know it")
        tokens = [token["token"] for _, token in seen]
        assert len(set(tokens)) == 3
        assert len({tls["tls.crt"] for tls, _ in seen}) == 3
        url = next(iter(hook_urls(charted)))
        server = Client(url.partition("/v1/")[0], tokens[-1].decode())
        stale = Client(url.partition("/v1/")[0], tokens[0].decode())
        with pytest.raises(ApiError, match="401"):
            stale.raw("POST", "/v1/policy/sync", b"{}")
        with pytest.raises(ApiError, match="400"):
            server.raw("POST", "/v1/policy/sync", b"{}")
        for log in tmp_path.glob("*.log"):
            assert not [token for token in tokens if token.decode() in log.read_text()]


def test_uninstalling_as_the_docs_say_leaves_the_copies(
    own_cluster: ControlPlane, corner: World, tmp_path: Path
) -> None:
    """docs/upgrade.md, second way. Copies are then ordinary objects of nobody, and nothing is stuck."""
    ours, engine = "sync.rustrial.org/v1alpha1", "metacontroller.k8s.io/v1alpha1"
    admin = corner.admin
    with Charted(own_cluster, tmp_path, NARROW) as charted:
        source = corner.config_map("default")
        sync = corner.sync(source, to("east"))
        sync.wait_in_sync()
        charted.uninstall()
        charted.hooks.stop()
        stays(lambda: len(corner.where(source)), 1, 3)
        for plural in ("compositecontrollers", "decoratorcontrollers"):
            for item in admin.list(engine, plural, labels="app.kubernetes.io/name=object-syncer"):
                admin.delete(engine, plural, None, item["metadata"]["name"], propagation="Orphan")
            becomes(partial(admin.list, engine, plural), [])
        admin.patch(*sync.where, {"metadata": {"finalizers": None}})
        for plural in ("syncpolicies", "syncslices"):
            for item in admin.list(ours, plural):
                admin.delete(ours, plural, None, item["metadata"]["name"], propagation="Orphan")
            becomes(partial(admin.list, ours, plural), [])
        sync.delete()
        sync.wait_gone()
        stays(lambda: len(corner.where(source)), 1, 3)
        assert not corner.at(source, "east")["metadata"].get("ownerReferences")


def test_uninstalling_as_the_docs_say_takes_the_copies_along(
    own_cluster: ControlPlane, corner: World, tmp_path: Path
) -> None:
    """docs/upgrade.md, first way."""
    ours, engine = "sync.rustrial.org/v1alpha1", "metacontroller.k8s.io/v1alpha1"
    with Charted(own_cluster, tmp_path, NARROW) as charted:
        source = corner.config_map("default")
        sync = corner.sync(source, to("east"))
        sync.wait_in_sync()
        sync.delete()
        sync.wait_gone()
        charted.uninstall()
        assert [item["metadata"]["name"] for item in corner.admin.list(ours, "syncpolicies")] == ["default"]
        corner.admin.delete(ours, "syncpolicies", None, "default")
        controllers = ((engine, "compositecontrollers"), (engine, "decoratorcontrollers"))
        for api_version, plural in ((ours, "syncpolicies"), *controllers):
            becomes(partial(corner.admin.list, api_version, plural), [])
        assert not corner.where(source)


# Least privilege


Permission = tuple[str, str]
"""A resource and a verb, in the audit log's words."""

# Old in one way, strict in another: lists are not streamed, and who says that an object is owned needs a permission.
STRICT = (
    "--feature-gates=WatchList=false",
    "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
)

# The API server asks for these within the request of another verb, so that the audit log does not show them.
IMPLIED = {"create", "finalizers"}

ROLES = ("engine", "engine-read", "engine-write-default")


@pytest.fixture
def strict_cluster(tmp_path: Path) -> Iterator[ControlPlane]:
    yield from fresh_control_plane(tmp_path, STRICT)


def permissions(rule: Object) -> set[Permission]:
    """What a rule of a role permits."""
    return {
        (in_audit(resource, group), verb)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def in_audit(resource: str, group: str) -> str:
    plural, slash, subresource = resource.partition("/")
    return ".".join(filter(None, [plural, group])) + slash + subresource


def visible(permission: Permission) -> bool:
    resource, verb = permission
    return verb not in IMPLIED and resource.rpartition("/")[2] not in IMPLIED


def orphan(world: World, sync: Sync) -> None:
    """Take the owner off copies, a slice and generated controllers, and wait until they have one again."""
    (slice_,) = world.slices(sync)
    (controller,) = world.controllers("v1", "configmaps")
    copy_name = sync.live()["spec"]["source"]["name"]
    for api_version, plural, namespace, name in (
        ("v1", "configmaps", "east", copy_name),
        ("batch/v1", "cronjobs", "east", "orphan"),
        ("sync.rustrial.org/v1alpha1", "syncslices", None, slice_["metadata"]["name"]),
        ("metacontroller.k8s.io/v1alpha1", "compositecontrollers", None, controller),
        ("metacontroller.k8s.io/v1alpha1", "decoratorcontrollers", None, controller),
    ):
        world.admin.patch(api_version, plural, namespace, name, {"metadata": {"ownerReferences": None}})
        read = partial(world.admin.get, api_version, plural, namespace, name)
        becomes(partial(owned, read), True)


def owned(read: Callable[[], Object]) -> bool:
    return bool(read()["metadata"].get("ownerReferences"))


def test_every_permission_is_used(strict_cluster: ControlPlane, tmp_path: Path) -> None:
    world = corner_of(strict_cluster)
    with Charted(strict_cluster, tmp_path, {**NARROW, **TOKEN}) as charted:
        core(world, "default", ["east", "west"], ["north"])
        source = world.config_map("default", name="orphan")
        sync = world.sync(source, to("east"), to("north"))
        becomes(lambda: len(world.where(source)), 1)
        world.sync(world.admin.create(cron_job("default", "orphan")), to("east")).wait_in_sync()
        orphan(world, sync)
        with stopped(charted.hooks):  # an outage, which the heartbeat writes on the SyncPolicy
            stays(lambda: charted.hooks.running, False, times.OUTAGE + times.HEARTBEAT)
        given = {
            permission for role in ROLES for rule in charted.role(role)["rules"] for permission in permissions(rule)
        }
        lease = charted.admin.get("rbac.authorization.k8s.io/v1", "roles", ENGINE, "object-syncer-engine-lease")
        given |= permissions(lease["rules"][0])

        def unused() -> set[Permission]:
            asked = {
                (entry.resource, entry.verb) for entry in strict_cluster.audit.entries() if entry.user == ENGINE_USER
            }
            return {permission for permission in given - asked if visible(permission)}

        becomes(unused, set())
        stray = {
            (entry.resource, entry.verb, entry.namespace)
            for entry in strict_cluster.audit.entries()
            if entry.user == ENGINE_USER and entry.code == 403
        }
        # The foreign object, which the guard protects, and the namespace that is not on the list.
        assert {where for where in stray if where[2] not in ("east", "north")} == set()


def without(rules: list[Object]) -> Iterator[tuple[str, list[Object], set[str]]]:
    """Yield each way to take something away: what, the rules that remain, the resources whose requests then fail."""
    for number, rule in enumerate(rules):
        others = rules[:number] + rules[number + 1 :]
        resources = {in_audit(resource, group) for group in rule["apiGroups"] for resource in rule["resources"]}
        if resources == {"syncpolicies.sync.rustrial.org"}:  # update, too, but that takes an outage of the hooks
            yield "list and watch syncpolicies", [*others, {**rule, "verbs": ["update"]}], resources
            continue
        if any("/finalizers" in resource for resource in resources):
            yield str(sorted(resources)), others, {"syncslices.sync.rustrial.org", "configmaps"}
            continue
        yield str(sorted(resources)), others, resources
        if "create" in rule["verbs"] and len(rule["verbs"]) > 1:
            verbs = [verb for verb in rule["verbs"] if verb != "create"]
            yield f"create {sorted(resources)}", [*others, {**rule, "verbs": verbs}], resources


def test_without_any_one_permission_something_is_refused(strict_cluster: ControlPlane, tmp_path: Path) -> None:
    """Each rule, and each verb that the audit log cannot show, is taken away in turn."""
    world = corner_of(strict_cluster)
    values = {**NARROW, **TOKEN, "allowedResources": TWO_TYPES[:1]}
    charted = Charted(strict_cluster, tmp_path, values, "--leader-election=false")
    charted.hooks.start()
    unharmed = []
    try:
        for name in ROLES:
            role = charted.role(name)
            where = ("rbac.authorization.k8s.io/v1", "clusterroles", None, role["metadata"]["name"])
            for what, remaining, refused in without(role["rules"]):
                world.admin.patch(*where, {"rules": remaining})
                mark = strict_cluster.audit.mark()
                charted.engine.start(wait=False)
                sync = world.sync(world.config_map("default", name=f"s{mark}"), to("east"))
                if not fails(strict_cluster, mark, refused):
                    unharmed.append(what)
                charted.engine.kill()
                world.admin.patch(*where, {"rules": role["rules"]})
                world.admin.patch(*sync.where, {"metadata": {"finalizers": None}})
                sync.delete()
    finally:
        charted.stop()
    assert unharmed == []


def fails(cluster: ControlPlane, mark: int, resources: set[str]) -> bool:
    """Whether the API server refuses the engine a request for one of the resources."""

    def refused() -> bool:
        return any(
            entry.user == ENGINE_USER and entry.code == 403 and entry.resource in resources
            for entry in cluster.audit.entries(mark)
        )

    try:
        return wait_for(refused, 15, "a refusal")
    except TimeoutError:
        return False
