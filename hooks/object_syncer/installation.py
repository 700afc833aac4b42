"""What an installation consists of: the CRDs, the guard, the two controllers, the default SyncPolicy.

The files are those of the folder metacontroller/, shipped with the package.
"""

from collections.abc import Iterable, Iterator, Sequence
from importlib import resources

import yaml

from object_syncer.kube import api
from object_syncer.kube.meta import Json

DEFAULT_HOOKS_URL = "http://object-syncer.object-syncer:8080"
"""Where the hook server is if it is installed under its own name: service.namespace:port."""

_DEFINITIONS = resources.files("object_syncer") / "definitions"

_TRUSTED = "['system:kube-controller-manager']"
"""In the guard: the list of users whom an installation may add to."""


def crds() -> Iterator[str]:
    """Yield the CRDs, one YAML document each."""
    for entry in sorted((_DEFINITIONS / "crds").iterdir(), key=lambda entry: entry.name):
        if entry.name != "kustomization.yaml":
            yield entry.read_text().removeprefix("---\n")  # `helm show crds` sets none between files


def controllers(hooks_url: str) -> Iterator[str]:
    """Yield the planner's CompositeController and the DecoratorControllers of ObjectSyncs and of the heartbeat.

    `hooks_url` is where the engine reaches the hook server, without a path.
    """
    for name in ("sync-policies.yaml", "object-syncs.yaml", "heartbeat.yaml"):
        yield (_DEFINITIONS / name).read_text().replace(DEFAULT_HOOKS_URL, hooks_url.rstrip("/"))


def admission(engine_user: str, trusted_users: Iterable[str] = ()) -> Iterator[str]:
    """Yield the guard: admission policies and their bindings.

    `engine_user` is the user name of Metacontroller; `trusted_users` are the names of those who may restore copies with
    their marks, as backup tools do. Neither may have quotes in it.
    """
    trusted = _TRUSTED.replace("]", "".join(f", '{user}'" for user in trusted_users) + "]")
    for entry in sorted((_DEFINITIONS / "admission").iterdir(), key=lambda entry: entry.name):
        yield entry.read_text().replace(api.ENGINE_USER, engine_user).replace(_TRUSTED, trusted)


def policy(
    watch: Sequence[str] = (),
    sources: Sequence[str] = (),
    targets: Sequence[str] = (),
    allowed: Sequence[Json] = (),
    conflict_policies: Sequence[str] = (),
    transforms: Sequence[str] = (),
) -> str:
    """Return the default SyncPolicy as YAML; an empty list means all, or what a SyncPolicy permits by default.

    By default it permits no `conflict_policies` but Fail, and no `transforms` but metadata and data.

    `allowed` are items {"apiGroups": [...], "resources": [...]} of allowedResources.
    """
    text = (_DEFINITIONS / "default-policy.yaml").read_text()
    given = {
        "watchNamespaces": watch,
        "sourceNamespaces": sources,
        "targetNamespaces": targets,
        "allowedResources": allowed,
        "conflictPolicies": conflict_policies,
        "transforms": transforms,
    }
    if not any(given.values()):
        return text
    document = yaml.safe_load(text)
    document["spec"] |= {key: list(value) for key, value in given.items() if value}
    return yaml.safe_dump(document, sort_keys=False)
