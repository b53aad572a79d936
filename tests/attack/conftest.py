"""A web process of its own, as it is run, to be attacked."""

from collections.abc import Iterator

import pytest

from devtools.valkey import Valkey, start_valkey
from tests.support.real_processes import Processes, web_only


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
