"""The story of docs/tenants.md: Paula offers, Ann pulls, Bob opts out, each with rights in one namespace only."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from controlplane.client import ApiError, Client, Object
from controlplane.waiting import wait_for
from e2e.charted import Charted, fresh_control_plane
from e2e.eventually import becomes
from e2e.objects import to
from e2e.world import IN_SYNC, Sync
from guarded import RBAC, RBAC_GROUP, refused

PAGE = Path(__file__).parents[2] / "docs" / "tenants.md"
VALUES, OWNER, OFFER, PULL, PUSH = (
    list(yaml.safe_load_all(block)) for block in re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
)
HOMES = {"paula": ("platform", "admin"), "ann": ("team-a", "edit"), "bob": ("team-b", "edit")}
"""Where each of them has which ClusterRole; they have no other rights."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Charted]:
    directory = tmp_path_factory.mktemp("story")
    for cluster in fresh_control_plane(directory, users=dict.fromkeys(HOMES, ())):
        admin = cluster.client()
        for user, (namespace, role) in HOMES.items():
            admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            admin.create(
                {
                    "apiVersion": RBAC,
                    "kind": "RoleBinding",
                    "metadata": {"namespace": namespace, "name": user},
                    "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": role},
                    "subjects": [{"apiGroup": RBAC_GROUP, "kind": "User", "name": user}],
                }
            )
        with Charted(cluster, directory, VALUES[0]) as made:
            aggregated = {f"rbac.authorization.k8s.io/aggregate-to-{role}": "true" for role in ("edit", "admin")}
            editor = (RBAC, "clusterroles", None, "objectsync-editor")
            admin.patch(*editor, {"metadata": {"labels": aggregated}})
            _aggregate(admin)
            yield made


def _aggregate(admin: Client) -> None:
    """Give aggregated ClusterRoles their rules: the controller that does it in a cluster does not run here."""
    for role in ("view", "edit", "admin"):
        label = f"rbac.authorization.k8s.io/aggregate-to-{role}"
        parts = [
            each
            for each in admin.list(RBAC, "clusterroles")
            if (each["metadata"].get("labels") or {}).get(label) == "true"
        ]
        rules = [rule for each in parts for rule in each.get("rules") or ()]
        admin.patch(RBAC, "clusterroles", None, role, {"rules": rules})


def apply(client: Client, objects: list[Object]) -> None:
    """Create what a user applies; rights that were given a moment ago may take another one."""
    for obj in objects:
        wait_for(lambda: client.create(obj), 20, f"{obj['kind']} created", tolerate=(ApiError,))  # noqa: B023


def token(client: Client, namespace: str) -> str | None:
    found = client.find("v1", "secrets", namespace, "registry")
    return None if found is None else base64.b64decode(found["data"]["token"]).decode()


def test_the_story_of_the_docs(installed: Charted) -> None:
    admin = installed.admin
    paula, ann, bob = (installed.cluster.client(user) for user in HOMES)
    admin.apply_yaml(OWNER)
    apply(paula, OFFER)

    # Ann pulls
    apply(ann, PULL)
    pulled = Sync(ann, "team-a", "registry")
    becomes(lambda: token(ann, "team-a"), "first")
    paula.patch("v1", "secrets", "platform", "registry", {"stringData": {"token": "second"}})
    becomes(lambda: token(ann, "team-a"), "second")
    becomes(lambda: pulled.says("InSync"), IN_SYNC)

    # Bob may not read the source, and Ann copies into her own namespace only
    (stolen,) = ({**obj, "metadata": {**obj["metadata"], "namespace": "team-b"}} for obj in PULL)
    with refused("bob needs the verb get on secrets platform/registry"):
        bob.create(stolen)
    with pytest.raises(ApiError, match="403"):
        ann.get("v1", "secrets", "team-b", "registry")
    pulled.edit(destinations=[to("team-a"), to("team-b")])
    becomes(lambda: pulled.destinations()["team-b/registry"].get("reason"), "TargetNotAllowed")
    assert token(admin, "team-b") is None
    pulled.edit(destinations=[to("team-a")])
    becomes(lambda: pulled.says("InSync"), IN_SYNC)

    # Paula withdraws her offer
    offer = {"metadata": {"annotations": {"sync.rustrial.org/copy-to": "team-b"}}}
    paula.patch("v1", "secrets", "platform", "registry", offer)
    becomes(lambda: token(ann, "team-a"), None)
    becomes(lambda: pulled.says("InSync"), ("False", "SourceNotOffered"))

    # Bob opts out of what Paula sends
    apply(paula, PUSH)
    news = ("v1", "configmaps")
    for client, namespace in ((ann, "team-a"), (bob, "team-b")):
        becomes(lambda: (client.find(*news, namespace, "news") or {}).get("data"), {"today": "cake"})  # noqa: B023
    with pytest.raises(ApiError, match="403"):
        ann.patch("v1", "namespaces", None, "team-b", {"metadata": {"annotations": {"a": "b"}}})
    wish = {"metadata": {"annotations": {"sync.rustrial.org/exclude": "platform/news"}}}
    bob.patch("v1", "namespaces", None, "team-b", wish)
    becomes(lambda: bob.find(*news, "team-b", "news"), None)
    becomes(lambda: Sync(paula, "platform", "news").says("InSync"), IN_SYNC)
    assert ann.get(*news, "team-a", "news")["data"] == {"today": "cake"}
