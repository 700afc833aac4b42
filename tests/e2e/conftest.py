"""Object Syncer with the real engine. Without one these tests are skipped and counted, also in CI."""

from collections.abc import Iterator

import pytest

from controlplane.control_plane import ADMIN, ENGINE, Cluster, ControlPlane
from controlplane.engine import metacontroller_crds, metacontroller_program
from controlplane.installation import Installation


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
