"""What is measured: Object Syncer as users install it, or any other syncer that an adapter file describes.

An adapter is a YAML file, for example

    name: another-syncer
    install: [crds.yaml]                      # files beside the adapter, applied before the program starts
    command: [/opt/another-syncer, --verbose] # KUBECONFIG is set
    object:                                   # copies ConfigMap $name of namespace $namespace to all namespaces
      apiVersion: example.com/v1
      kind: Copier
      metadata: {name: $name, namespace: $namespace}
      spec: {source: {kind: ConfigMap, name: $name}, to: all}
"""

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any, Protocol

import yaml

from controlplane.client import Object
from controlplane.control_plane import ENGINE, ControlPlane
from controlplane.installation import Installation
from controlplane.processes import Process

API_VERSION = "sync.rustrial.org/v1alpha1"


class Syncer(Protocol):
    """A program, or some, that copy objects; they are ENGINE to the API server."""

    @property
    def name(self) -> str:
        """What it is called in the figures."""

    @property
    def processes(self) -> Mapping[str, Process]:
        """Its programs, by name."""

    def start(self) -> None:
        """Install and start it; it works when this returns."""

    def stop(self) -> None:
        """Stop its programs."""

    def object(self, name: str, namespace: str) -> Object:
        """Return the object that has the ConfigMap of that name copied to all namespaces."""


class ObjectSyncer:
    """Ours, with Metacontroller."""

    name = "object-syncer"

    def __init__(self, cluster: ControlPlane, directory: Path) -> None:
        """Prepare it."""
        directory.mkdir(parents=True, exist_ok=True)
        self.installation = Installation.prepare(cluster, directory, user=ENGINE, hook_workers=2, engine_workers=5)
        self.processes = {"engine": self.installation.engine, "hooks": self.installation.hooks}

    def start(self) -> None:
        """Install and start it."""
        self.installation.start()

    def stop(self) -> None:
        """Stop it."""
        self.installation.stop()

    def object(self, name: str, namespace: str) -> Object:
        """Return an ObjectSync."""
        return object_sync(name, namespace, ["*"])


class Other:
    """A syncer that an adapter file describes."""

    def __init__(self, cluster: ControlPlane, directory: Path, adapter: Path) -> None:
        """Read the adapter."""
        described: dict[str, Any] = yaml.safe_load(adapter.read_text())
        directory.mkdir(parents=True, exist_ok=True)
        self.name = described["name"]
        self._cluster = cluster
        self._install = [adapter.parent / file for file in described.get("install", ())]
        self._object = Template(yaml.safe_dump(described["object"]))
        self._process = Process(
            self.name,
            described["command"],
            directory / f"{self.name}.log",
            ready=lambda: True,
            environment={"KUBECONFIG": str(cluster.kubeconfig(ENGINE))},
        )
        self.processes = {self.name: self._process}

    def start(self) -> None:
        """Apply what it needs, and start it."""
        for file in self._install:
            self._cluster.client().apply_yaml(file.read_text())
        self._process.start()

    def stop(self) -> None:
        """Stop it."""
        self._process.stop()

    def object(self, name: str, namespace: str) -> Object:
        """Return the object of the adapter."""
        filled: Object = yaml.safe_load(self._object.substitute(name=name, namespace=namespace))
        return filled


def object_sync(name: str, namespace: str, destinations: list[str]) -> Object:
    """Return an ObjectSync that copies a ConfigMap of its name to these namespaces."""
    spec = {
        "source": {"group": "", "kind": "ConfigMap", "name": name},
        "destinations": [{"namespace": destination} for destination in destinations],
    }
    meta = {"namespace": namespace, "name": name}
    return {"apiVersion": API_VERSION, "kind": "ObjectSync", "metadata": meta, "spec": spec}
