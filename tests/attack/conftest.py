"""What the attacks start from: a web process of its own, and a real cluster that is prepared.

The fixtures of the cluster are those of tests/cluster; what uses them says `pytest.mark.cluster`.
"""

from collections.abc import Iterator

import pytest

from devtools.valkey import Valkey, start_valkey
from tests.cluster.conftest import (
    admin,
    admin_kubeconfig,
    audit,
    dev_eu,
    name,
    prepared,
    registration,
    team_namespace,
)
from tests.support.real_processes import Processes, web_only

__all__ = [
    "admin",
    "admin_kubeconfig",
    "audit",
    "dev_eu",
    "name",
    "portal",
    "prepared",
    "registration",
    "team_namespace",
    "valkey",
    "web",
]


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with web_only(tmp_path_factory.mktemp("attacked")) as portal:
        yield portal


@pytest.fixture(scope="session")
def web(portal: Processes) -> Iterator[str]:
    """The address of the running web process."""
    with portal.web() as address:
        yield address


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = start_valkey(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()
