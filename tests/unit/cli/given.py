"""Input for the commands that simulate: small objects, and running a command on them."""

from pathlib import Path

import yaml
from click.testing import CliRunner, Result

from grants import EVERYTHING
from object_syncer.cli import main
from object_syncer.kube.meta import Json


def run(*words: str | Path, given: tuple[Json, ...] = ()) -> Result:
    """Run the command; `given` are the objects on standard input."""
    return CliRunner().invoke(main, [*map(str, words)], input="---\n".join(map(yaml.safe_dump, given)))


def written(path: Path, *objects: Json) -> Path:
    """Write objects into a file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("---\n".join(map(yaml.safe_dump, objects)))
    return path


def namespace(name: str, **metadata: object) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **metadata}}


def config_map(
    namespace: str = "default", name: str = "settings", data: Json | None = None, **metadata: object
) -> Json:
    meta = {"namespace": namespace, "name": name, **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data or {"k": "v"}}


def secret(namespace: str = "default", name: str = "settings", **data: str) -> Json:
    meta = {"namespace": namespace, "name": name}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "data": data}


def object_sync(*destinations: str | Json, name: str = "sync", source: Json | None = None, **spec: object) -> Json:
    listed = [{"namespace": each} if isinstance(each, str) else each for each in destinations]
    copied = {"group": "", "kind": "ConfigMap", "name": "settings", **(source or {})}
    return {
        "apiVersion": "sync.rustrial.org/v1alpha1",
        "kind": "ObjectSync",
        "metadata": {"namespace": "default", "name": name},
        "spec": {"source": copied, "destinations": listed, **spec},
    }


def policy(name: str = "default", **spec: object) -> Json:
    """Return a SyncPolicy; all is allowed unless `spec` says otherwise."""
    return {
        "apiVersion": "sync.rustrial.org/v1alpha1",
        "kind": "SyncPolicy",
        "metadata": {"name": name},
        "spec": EVERYTHING | spec,
    }
