"""The review's attack on the real thing: rows that send workers to a server of somebody's own."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from django.utils import timezone

from onboarding.cluster.server_time import life_of
from onboarding.domain.actions import Action
from onboarding.models import Cluster, Event, ManagedNamespace
from onboarding.services.credentials import encrypted_token, open_gateway, stored_token
from onboarding.services.observe import observe
from onboarding.services.reconcile import reconcile
from onboarding.services.renew import renew_due
from tests.cluster.conftest import Prepared
from tests.cluster.test_hostile_server import Pair, made_pair
from tests.support.listener import Listener
from tests.support.requests import spec_of, wanted

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return made_pair(tmp_path / "attacker.pem")


@pytest.fixture
def listener(pair: Pair) -> Iterator[Listener]:
    with closing(Listener(pair.file)) as listener:
        yield listener


@pytest.fixture
def namespace(dev_eu: Cluster, name: str) -> ManagedNamespace:
    """Approved and due, on a cluster whose door was opened before."""
    assert open_gateway(dev_eu).list("Namespace")
    return wanted(spec_of(name), now=timezone.now())


def all_workers(now: datetime) -> None:
    """Do what workers do: reconcile, look, and renew once the token is past half of its life."""
    Cluster.objects.exclude(retry_at=None).update(retry_at=Now())
    reconcile("test", clock=lambda: now)
    for row in Cluster.objects.all():
        observe(row.pk, clock=lambda: now)
    renew_due(clock=lambda: now + timedelta(hours=20))


def conditions() -> dict[str, str]:
    return dict(Cluster.objects.values_list("name", "condition"))


def stored_for(row: Cluster, prepared: Prepared) -> None:
    """Store a token that works, for the row as it is."""
    token, now = prepared.portal_connection.token, timezone.now()
    row.credential = encrypted_token(row, token, issued_at=now)
    row.credential_expires_at = now + (life_of(token) or timedelta(0))
    row.save()
    assert stored_token(row)[0] == token


def moved_to(listener: Listener, pair: Pair) -> None:
    """The one UPDATE of the review."""
    Cluster.objects.filter(name="dev-eu").update(api_server=listener.address, ca_pem=pair.ca)


@pytest.mark.usefixtures("namespace")
def test_a_row_moved_to_a_strangers_server_sends_nobody_there(
    dev_eu: Cluster, prepared: Prepared, listener: Listener, pair: Pair
) -> None:
    stored_for(dev_eu, prepared)
    moved_to(listener, pair)
    for minutes in range(3):
        all_workers(timezone.now() + timedelta(minutes=minutes))
    assert (listener.connections, listener.heard) == (0, [])
    assert conditions() == {"dev-eu": "credential-misfit"}
    assert Event.objects.filter(action=Action.CLUSTER_CONDITION.value).count() == 1


@pytest.mark.usefixtures("namespace")
def test_the_listener_would_have_heard_the_token(listener: Listener, pair: Pair) -> None:
    """The witness sees: a credential that is bound to it is sent there."""
    moved_to(listener, pair)
    row = Cluster.objects.get()
    sealed = encrypted_token(row, "for-the-listener", issued_at=timezone.now())
    Cluster.objects.update(credential=sealed)
    all_workers(timezone.now())
    assert b"Bearer for-the-listener" in listener.heard[0]


def put_back(row: Cluster, _prepared: Prepared) -> None:
    Cluster.objects.filter(pk=row.pk).update(api_server=row.api_server, ca_pem=row.ca_pem)


def prepare(row: Cluster, prepared: Prepared) -> None:
    call_command("prepare_cluster", row.name, kubeconfig=prepared.kubeconfig, stdout=StringIO())


@pytest.mark.parametrize("mended_by", [put_back, prepare])
def test_what_heals_it(
    namespace: ManagedNamespace,
    listener: Listener,
    pair: Pair,
    prepared: Prepared,
    mended_by: Callable[[Cluster, Prepared], None],
) -> None:
    row = Cluster.objects.get()
    moved_to(listener, pair)
    all_workers(timezone.now())
    mended_by(row, prepared)
    all_workers(timezone.now() + timedelta(minutes=1))
    namespace.refresh_from_db()
    assert (namespace.state, conditions()) == ("ready", {"dev-eu": "ok"})
    assert listener.connections == 0


def test_prepare_mints_anew_for_another_address(dev_eu: Cluster, prepared: Prepared) -> None:
    """As after a move behind a load balancer: the old token works there, and is not sent there."""
    before = dev_eu.api_server
    dev_eu.api_server = before.replace("127.0.0.1", "localhost")
    stored_for(dev_eu, prepared)
    prepare(dev_eu, prepared)
    row = Cluster.objects.get()
    assert (row.api_server, row.credential_version) == (before, 2)
    assert stored_token(row)[0] != prepared.portal_connection.token


@pytest.mark.usefixtures("namespace")
def test_credentials_that_changed_places_open_nothing(listener: Listener, pair: Pair) -> None:
    real = Cluster.objects.get()
    other = Cluster(name="other", api_server=listener.address, ca_pem=pair.ca)
    other.credential = encrypted_token(other, "other", issued_at=timezone.now())
    other.credential_expires_at = real.credential_expires_at
    other.save()
    Cluster.objects.filter(pk=real.pk).update(credential=other.credential)
    Cluster.objects.filter(pk=other.pk).update(credential=real.credential)
    all_workers(timezone.now())
    assert conditions() == {"dev-eu": "credential-misfit", "other": "credential-misfit"}
    assert listener.connections == 0


@pytest.mark.usefixtures("dev_eu")
def test_a_renewed_token_fits_the_row_it_was_renewed_for() -> None:
    assert renew_due(clock=lambda: timezone.now() + timedelta(hours=20)) == 1
    row = Cluster.objects.get()
    assert row.credential_version == 2
    assert open_gateway(row).list("Namespace")
