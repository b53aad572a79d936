"""A portal in real processes on a control plane of its own, to be broken."""

import uuid
from collections.abc import Iterator

import pytest

from devcluster import start
from devcluster.control_plane import OwnedControlPlane
from tests.support.real_processes import Live, set_up


def pytest_itemcollected(item: pytest.Item) -> None:
    """They need a control plane of their own, and kill it."""
    item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedControlPlane]:
    with start(tmp_path_factory.mktemp("fault-plane")) as plane:
        yield plane


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory, plane: OwnedControlPlane) -> Iterator[Live]:
    with set_up(tmp_path_factory.mktemp("fault"), plane) as live:
        yield live


@pytest.fixture
def prefix() -> str:
    return f"pay-{uuid.uuid4().hex[:6]}"
