"""Helm and the chart: render it, install it. `make control-plane` builds helm."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlplane.client import Object, Objects
from controlplane.control_plane import BINARIES

CHART = Path(__file__).parents[2] / "helm" / "object-syncer"
KUBERNETES = "1.35.4"
"""What helm takes the cluster for where it asks none."""

RELEASE = "object-syncer"

Values = Mapping[str, Any]


class HelmError(Exception):
    """Helm's refusal, in its words."""


def program() -> str:
    """Return the helm program; without one the test is skipped and counted, in CI it fails."""
    built = BINARIES / "helm"
    found = str(built) if built.exists() else shutil.which("helm")
    if found is None:
        reason = "no helm: make control-plane builds it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def run(*arguments: str | Path, values: Values | None = None, kubeconfig: Path | None = None) -> str:
    """Run helm and return what it prints; HelmError with its words if it refuses."""
    command = [program(), *map(str, arguments)]
    if values is not None:
        command += ["--values", "-"]
    environment = dict(os.environ) | {"KUBECONFIG": str(kubeconfig or os.devnull)}
    done = subprocess.run(
        command,
        input=yaml.safe_dump(dict(values or {})),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=120,
    )
    if done.returncode:
        raise HelmError("\n".join(line for line in done.stderr.splitlines() if "symbolic link" not in line))
    return done.stdout


def template(values: Values | None = None, *options: str, namespace: str = RELEASE) -> Objects:
    """Return the objects that the chart makes of the values, without looking at any cluster."""
    where = ["--namespace", namespace, "--kube-version", KUBERNETES]
    printed = run("template", RELEASE, CHART, *where, *options, values=values or {})
    return [document for document in yaml.safe_load_all(printed) if document]


def lint(values: Values | None = None) -> str:
    """Return helm's judgement of the chart; HelmError if it finds a mistake."""
    return run("lint", CHART, "--strict", "--kube-version", KUBERNETES, values=values or {})


def notes(values: Values, kubeconfig: Path, namespace: str = RELEASE) -> str:
    """Return what the chart would tell after an installation into the cluster."""
    where = ["--namespace", namespace, "--dry-run=server"]
    return run("install", RELEASE, CHART, *where, values=values, kubeconfig=kubeconfig).partition("NOTES:")[2]


def only(objects: Objects, kind: str, name: str = "") -> Object:
    """Return the one object of that kind (and name)."""
    (found,) = of(objects, kind, name)
    return found


def of(objects: Objects, kind: str, name: str = "") -> Objects:
    """Return the objects of that kind (and name)."""
    return [item for item in objects if item["kind"] == kind and name in ("", item["metadata"]["name"])]
