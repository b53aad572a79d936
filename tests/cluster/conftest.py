"""A real API server, prepared with the shipped manifests, and the identities tests act as.

`BULKHEAD_KUBECONFIG` names any other cluster; without it a control plane is started for the
session. There is no third way: without a cluster these tests fail, they do not skip.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from devcluster import start
from onboarding.cluster.connections import AdminConnection, Connection
from onboarding.cluster.gateway import Gateway
from onboarding.cluster.installation import (
    FIELD_MANAGER,
    install,
    load_manifests,
    wait_for_admission,
    wait_for_roles,
)
from onboarding.cluster.kubeconfig import parse_kubeconfig
from onboarding.domain.objects import Manifest
from tests.support.fake_cluster import FakeCluster
from tests.support.raw_api import RawApi
from tests.support.worlds import BreakGlass, Levers, World

MANIFESTS = Path(__file__).parents[2] / "deploy" / "cluster"
WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class Prepared:
    """A cluster after prepare_cluster: who connects how, and who may act."""

    kubeconfig: Path
    admin_connection: AdminConnection
    portal_connection: Connection
    admin: Gateway
    portal: Gateway
    raw: RawApi

    @property
    def break_glass(self) -> RawApi:
        """Somebody with every right, in the group that admission lets through."""
        return self.raw.acting_as("breaker", "system:masters", "bulkhead:break-glass")

    @property
    def as_portal(self) -> RawApi:
        """The portal's credential in a thief's hands, without the gateway's manners."""
        of = self.portal_connection
        return RawApi.with_token(of.server, ca=of.ca, token=of.token)

    @property
    def cluster_admin(self) -> RawApi:
        return self.raw.acting_as("root", "system:masters")


@pytest.fixture(scope="session")
def admin_kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if given := os.environ.get("BULKHEAD_KUBECONFIG"):
        yield Path(given)
        return
    with start(tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane.kubeconfig


@pytest.fixture(scope="session")
def prepared(admin_kubeconfig: Path) -> Iterator[Prepared]:
    connection = parse_kubeconfig(admin_kubeconfig.read_text())
    admin = Gateway(connection, field_manager=FIELD_MANAGER)
    manifests = load_manifests(MANIFESTS)
    list(install(admin, manifests))
    wait_for_roles(admin, manifests)
    token, _ = admin.renew_token(3600)
    portal_connection = Connection(connection.server, connection.ca, token)
    portal = Gateway(portal_connection)
    wait_for_admission(admin, portal)
    raw = RawApi.from_kubeconfig(admin_kubeconfig)
    yield Prepared(admin_kubeconfig, connection, portal_connection, admin, portal, raw)
    portal.close()
    admin.close()


@pytest.fixture
def team_namespace(prepared: Prepared) -> Iterator[str]:
    """A managed namespace with a name of its own; it is left to the cluster to finish deleting."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    prepared.portal.create(managed_namespace(name))
    yield name
    prepared.break_glass.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(params=["real", "fake"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "real":
        prepared: Prepared = request.getfixturevalue("prepared")
        name = request.getfixturevalue("team_namespace")
        return World(prepared.portal, BreakGlass(prepared.break_glass), name)
    fake = FakeCluster(lingering=True)
    name = f"test-{uuid.uuid4().hex[:10]}"
    fake.create(managed_namespace(name))
    return World(fake, Levers(fake), name)


def managed_namespace(name: str) -> Manifest:
    labels: Manifest = {"bulkhead.dev/managed": "true", "ns-id": name}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition holds; fail after a bound."""
    pause, deadline = Event(), monotonic() + WAIT_SECONDS
    while not condition():
        if monotonic() > deadline:
            pytest.fail(f"not within {WAIT_SECONDS:.0f} s: {what}")
        pause.wait(0.1)
