"""Object Syncer with the real engine. Without one these tests are skipped and counted, also in CI."""

from collections.abc import Iterator

import pytest

from controlplane.client import Client
from controlplane.control_plane import ADMIN, ENGINE, Cluster, ControlPlane
from controlplane.engine import metacontroller_crds, metacontroller_program
from controlplane.installation import Installation
from controlplane.namespaces import Namespaces
from e2e.latencies import Latencies
from e2e.world import World

LATENCIES = pytest.StashKey[Latencies]()


def pytest_configure(config: pytest.Config) -> None:
    """Prepare to measure."""
    config.stash[LATENCIES] = Latencies()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was measured."""
    lines = list(config.stash[LATENCIES].lines())
    if lines:
        terminalreporter.section("latencies")
        for line in lines:
            terminalreporter.line(line)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip everything here where Metacontroller is missing."""
    if metacontroller_program() is None:
        pytest.skip("no metacontroller on PATH or METACONTROLLER_BIN")
    if metacontroller_crds() is None:
        pytest.skip("METACONTROLLER_CRDS does not name metacontroller's CRDs file")


@pytest.fixture(scope="session")
def installation(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Object Syncer, installed once for all tests; who disturbs it puts it right again."""
    user = ENGINE if isinstance(cluster, ControlPlane) else ADMIN
    with Installation.prepare(cluster, tmp_path_factory.mktemp("installation"), user=user) as running:
        yield running


@pytest.fixture
def world(installation: Installation, admin: Client, namespaces: Namespaces) -> Iterator[World]:
    """The test's corner of the cluster. It fails where an ObjectSync cannot be deleted afterwards."""
    corner = World(admin, namespaces)
    yield corner
    corner.close()


@pytest.fixture(scope="session")
def latencies(pytestconfig: pytest.Config) -> Latencies:
    """Where times are kept until the session ends."""
    return pytestconfig.stash[LATENCIES]
