"""Attacks by tenants and by mistake, on an API server with the guard in force."""

from collections.abc import Iterator

import pytest

from controlplane.control_plane import ControlPlane
from controlplane.namespaces import Namespaces
from guarded import People, guarded


@pytest.fixture(scope="module")
def people(control_plane: ControlPlane) -> Iterator[People]:
    """The guard in force, and those who meet it."""
    with guarded(control_plane) as made:
        yield made


@pytest.fixture
def namespace(namespaces: Namespaces) -> str:
    """A namespace in which a tenant may do everything."""
    return namespaces.make("team")
