"""A real API server, prepared with the shipped manifests, and the identities tests act as.

`BULKHEAD_KUBECONFIG` names any other cluster for the tests that need no audit log;
`BULKHEAD_TEST_CONTROL_PLANE` is the folder of a control plane that runs already. Without them one
is started for the session. There is no third way: without a cluster these tests fail, never skip.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from devcluster.control_plane import ControlPlane
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
from onboarding.models import Cluster, IngressSource
from onboarding.queries import observed
from tests.support.audit_log import AuditLog
from tests.support.fake_cluster import FakeCluster
from tests.support.http_cluster import HttpCluster, gateway_to
from tests.support.raw_api import RawApi
from tests.support.worlds import BreakGlass, Levers, World

MANIFESTS = Path(__file__).parents[2] / "deploy" / "cluster"
INGRESS = "ingress-nginx:app.kubernetes.io/name=ingress-nginx"
KEY = b"k" * 32
WAIT_SECONDS = 30.0


def pytest_itemcollected(item: pytest.Item) -> None:
    """They need the real control plane."""
    item.add_marker(pytest.mark.cluster)


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
def admin_kubeconfig(request: pytest.FixtureRequest) -> Path:
    if given := os.environ.get("BULKHEAD_KUBECONFIG"):
        return Path(given)
    plane: ControlPlane = request.getfixturevalue("control_plane")
    return plane.kubeconfig


@pytest.fixture(scope="session")
def prepared(admin_kubeconfig: Path) -> Iterator[Prepared]:
    with prepared_by(admin_kubeconfig) as prepared:
        yield prepared


@contextmanager
def prepared_by(admin_kubeconfig: Path) -> Iterator[Prepared]:
    """Install what is shipped with an administrator's kubeconfig."""
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


@dataclass(frozen=True)
class Registration:
    """What `prepare_cluster` wrote to the database, to be written again for each test."""

    cluster: dict[str, Any]
    sources: list[dict[str, Any]]

    def write(self) -> Cluster:
        row = Cluster.objects.create(**self.cluster)
        IngressSource.objects.bulk_create(IngressSource(**source) for source in self.sources)
        return row


@pytest.fixture(scope="session")
def registration(
    control_plane: ControlPlane, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Registration:
    """Prepare the cluster as a platform admin does, once."""
    with django_db_blocker.unblock():
        return registered_by(control_plane.kubeconfig)


def registered_by(kubeconfig: Path) -> Registration:
    """Run the command for real and take what it wrote back out of the database."""
    with transaction.atomic(), override_settings(BULKHEAD_CREDENTIAL_KEYS=[KEY]):
        call_command(
            "prepare_cluster", "dev-eu", kubeconfig=kubeconfig, ingress=[INGRESS], stdout=StringIO()
        )
        written = Registration(
            dict(Cluster.objects.values().get()),
            [dict(source) for source in IngressSource.objects.values()],
        )
        transaction.set_rollback(True)
    return written


@pytest.fixture
def dev_eu(cast: object, registration: Registration, settings: Any) -> Cluster:
    """The registered cluster, with the credential that was minted for the portal."""
    settings.BULKHEAD_CREDENTIAL_KEYS = [KEY]
    observed._worlds.clear()  # it has the same public id in every test
    return registration.write()


@pytest.fixture(scope="session")
def admin(control_plane: ControlPlane) -> RawApi:
    """An administrator of the cluster that has the audit log."""
    return RawApi.from_kubeconfig(control_plane.kubeconfig)


@pytest.fixture
def audit(control_plane: ControlPlane, admin: RawApi) -> AuditLog:
    return AuditLog(control_plane.audit_log, admin).since_now()


@pytest.fixture
def name() -> str:
    return f"payments-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def team_namespace(prepared: Prepared) -> Iterator[str]:
    """A managed namespace with a name of its own; it is left to the cluster to finish deleting."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    prepared.portal.create(managed_namespace(name))
    yield name
    prepared.break_glass.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(params=["real", "fake", "fake behind HTTP"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "real":
        prepared: Prepared = request.getfixturevalue("prepared")
        name = request.getfixturevalue("team_namespace")
        return World(prepared.portal, BreakGlass(prepared.break_glass), name)
    fake = FakeCluster(lingering=True)
    name = f"test-{uuid.uuid4().hex[:10]}"
    fake.create(managed_namespace(name))
    gateway = fake if request.param == "fake" else gateway_to(HttpCluster(fake))
    return World(gateway, Levers(fake), name)


def managed_namespace(name: str) -> Manifest:
    labels: Manifest = {
        "bulkhead.dev/managed": "true",
        "ns-id": name,
        "pod-security.kubernetes.io/enforce": "baseline",
    }
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition holds; fail after a bound."""
    pause, deadline = Event(), monotonic() + WAIT_SECONDS
    while not condition():
        if monotonic() > deadline:
            pytest.fail(f"not within {WAIT_SECONDS:.0f} s: {what}")
        pause.wait(0.1)
