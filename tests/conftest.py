"""What all tests share: a cluster, and what happens where there is none.

Without a control plane (`make control-plane`) or KUBECONFIG the tests that need an API server are skipped and counted;
in CI that is a failure.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.client import Client
from controlplane.control_plane import Cluster, ControlPlane, missing_programs
from controlplane.external import ExternalCluster
from controlplane.namespaces import Namespaces

MARKED_FOLDERS = {"apiserver", "e2e"}


def pytest_configure(config: pytest.Config) -> None:
    """Let an outer time limit's SIGTERM end the session as Ctrl-C does: with the programs stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by their folder."""
    tests = Path(__file__).parent
    for item in items:
        for folder in MARKED_FOLDERS:
            if item.path.is_relative_to(tests / folder):
                item.add_marker(folder)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what has no cluster, here rather than in a fixture so that pytest counts all of it in one line."""
    fixtures = getattr(item, "fixturenames", ())
    missing = missing_programs()
    if "cluster" in fixtures and missing:
        reason = f"no API server: {', '.join(missing)} not built (make control-plane) and no KUBECONFIG"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    if "control_plane" in fixtures and os.environ.get("KUBECONFIG"):
        pytest.skip("needs users and processes of its own, which the cluster of KUBECONFIG does not give")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster of KUBECONFIG, or a control plane of our own."""
    directory = tmp_path_factory.mktemp("control-plane")
    kubeconfig = os.environ.get("KUBECONFIG")
    if kubeconfig:
        yield ExternalCluster(Path(kubeconfig), directory)
    else:
        with ControlPlane(directory) as control_plane:
            yield control_plane


@pytest.fixture(scope="session")
def control_plane(cluster: Cluster) -> ControlPlane:
    """A control plane of our own: with several users, an audit log, and programs to disturb."""
    assert isinstance(cluster, ControlPlane)
    return cluster


@pytest.fixture(scope="session")
def admin(cluster: Cluster) -> Client:
    """The cluster's administrator."""
    return cluster.client()


@pytest.fixture
def namespaces(cluster: Cluster, admin: Client) -> Iterator[Namespaces]:
    """Make namespaces with unique names, `namespaces.make("team", labels={...})`; they are deleted after the test.

    In a control plane of our own nobody waits for their end.
    """
    made = Namespaces(admin)
    yield made
    made.delete_all(wait=not isinstance(cluster, ControlPlane))
