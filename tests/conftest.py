"""The cast and their world: rows every test may use."""

import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from pytest_django import DjangoDbBlocker

from devcluster import ControlPlane, start
from onboarding.demo.people import DEMO_PEOPLE
from onboarding.demo.scenario import seed_people
from onboarding.models import Cluster, IngressSource, Team, User
from tests.support.database_roles import act_as_application
from tests.support.fake_cluster import FakeCluster

OTHER_SESSIONS = """
    SELECT pg_terminate_backend(pid, 5000), state, query, backend_start FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend'
"""


@pytest.fixture(autouse=True, scope="session")
def quick_passwords() -> None:
    """Hash passwords cheaply: tests sign in hundreds of times, and guard nothing by it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real one, of this test process alone: some tests change what is installed on it.

    The first process takes the one that runs for the suite, the others start their own.
    """
    running = os.environ.get("BULKHEAD_TEST_CONTROL_PLANE")
    if running and os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
        yield ControlPlane.attach(Path(running))
        return
    with start(tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Tests work as the application's role; afterwards, its owner drops the test database.

    PostgreSQL drops no database to which anything is connected: end what is, and name it.
    On the real stderr, because nobody sees what a test process prints after its last test.
    """
    with pytest.MonkeyPatch.context() as patch:
        with django_db_blocker.unblock():
            act_as_application(patch)
        yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            connection.close()  # the next one is the owner's again
            with connection.cursor() as cursor:
                cursor.execute(OTHER_SESSIONS)
                for left in cursor.fetchall():
                    print("left connected:", *left, file=sys.__stderr__, flush=True)
            connection.close()


@pytest.fixture
def now() -> datetime:
    """The time of the story."""
    return datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def cast(db: None, now: datetime) -> dict[str, User]:
    """Everybody of the demo, by user name."""
    seed_people(now=now)
    return {person.username: User.objects.get(username=person.username) for person in DEMO_PEOPLE}


@pytest.fixture
def alice(cast: dict[str, User]) -> User:
    return cast["alice"]


@pytest.fixture
def bob(cast: dict[str, User]) -> User:
    return cast["bob"]


@pytest.fixture
def charlie(cast: dict[str, User]) -> User:
    return cast["charlie"]


@pytest.fixture
def dana(cast: dict[str, User]) -> User:
    return cast["dana"]


@pytest.fixture
def erin(cast: dict[str, User]) -> User:
    return cast["erin"]


@pytest.fixture
def pat(cast: dict[str, User]) -> User:
    return cast["pat"]


@pytest.fixture
def frank(cast: dict[str, User]) -> User:
    return cast["frank"]


@pytest.fixture
def payments(cast: dict[str, User]) -> Team:
    return Team.objects.get(slug="payments")


@pytest.fixture
def search(cast: dict[str, User]) -> Team:
    return Team.objects.get(slug="search")


@pytest.fixture
def cluster(db: None) -> Cluster:
    """A registered cluster; what it answers is the test's business."""
    row = Cluster.objects.create(
        name="dev-eu",
        api_server="https://127.0.0.1:6443",
        ca_pem="",
        credential=b"sealed",
        facts={
            "dns_namespace": "kube-system",
            "dns_labels": {"k8s-app": "kube-dns"},
            "ranges": ["10.96.0.0/16"],
            "group_prefix": "",
        },
    )
    IngressSource.objects.create(
        cluster=row,
        slug="ingress-nginx",
        namespace="ingress-nginx",
        pod_labels={"app.kubernetes.io/name": "ingress-nginx"},
    )
    return row


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """An in-memory cluster behind the gateway; it passes the real one's contract tests."""
    fake = FakeCluster()
    monkeypatch.setattr("onboarding.services.reconcile.open_gateway", lambda _cluster: fake)
    return fake


@pytest.fixture
def client_for(db: None) -> Callable[[User], Client]:
    """Return a signed-in browser for a person; CSRF is enforced like in production."""

    def sign_in(person: User, *, enforce_csrf_checks: bool = False) -> Client:
        client = Client(enforce_csrf_checks=enforce_csrf_checks)
        client.force_login(person)
        return client

    return sign_in
