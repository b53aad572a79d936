"""The portal's stored credential: opened only with its key, renewed in time, never mixed up."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onboarding.cluster.errors import Unreachable
from onboarding.cluster.server_time import MintedToken, life_of
from onboarding.domain.actions import Action
from onboarding.domain.objects import Key
from onboarding.models import Cluster, Event
from onboarding.services.credentials import (
    NoCredential,
    encrypted_token,
    open_gateway,
    stored_token,
)
from onboarding.services.renew import is_due, renew_credential, renew_due, store_token
from tests.cluster.conftest import Prepared, eventually

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC).replace(microsecond=0)
LIFE = timedelta(hours=1)  # what the token was asked for, and says


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.BULKHEAD_CREDENTIAL_KEYS = [b"k" * 32]


@pytest.fixture
def cluster(prepared: Prepared) -> Cluster:
    """A registered cluster whose token was issued now and lives for an hour."""
    return registered("kind-dev", prepared)


def registered(name: str, prepared: Prepared, *, at: datetime = NOW) -> Cluster:
    connection = prepared.portal_connection
    row = Cluster(name=name, api_server=connection.server, ca_pem=connection.ca)
    row.credential = encrypted_token(row, connection.token, issued_at=at)
    row.credential_version = 1
    row.credential_expires_at = at + LIFE
    row.save()
    return row


def test_the_door_opens_with_the_stored_credential(cluster: Cluster) -> None:
    assert open_gateway(cluster).get(Key("Namespace", "", "kube-system")) is not None


def test_the_same_door_is_used_until_the_credential_changes(cluster: Cluster) -> None:
    door = open_gateway(cluster)
    assert open_gateway(Cluster.objects.get()) is door
    store_token(cluster, MintedToken("another", LIFE), now=NOW)
    assert open_gateway(cluster) is not door


def test_without_a_credential_the_text_says_what_to_do(cluster: Cluster) -> None:
    cluster.credential = None
    with pytest.raises(NoCredential, match="prepare_cluster kind-dev"):
        stored_token(cluster)


def test_without_the_key_there_is_no_door(cluster: Cluster, settings: Any) -> None:
    settings.BULKHEAD_CREDENTIAL_KEYS = []
    with pytest.raises(NoCredential, match="no key in BULKHEAD_CREDENTIAL_KEYS"):
        open_gateway(cluster)


def test_a_credential_copied_to_another_row_does_not_open(
    cluster: Cluster, prepared: Prepared
) -> None:
    other = registered("staging", prepared)
    other.credential = cluster.credential
    with pytest.raises(NoCredential):
        open_gateway(other)


def test_a_token_in_the_first_half_of_its_life_is_left_alone(cluster: Cluster) -> None:
    assert renew_credential(cluster, now=NOW + LIFE / 2 - timedelta(seconds=1)) is False
    assert Cluster.objects.get().credential_version == 1


def test_a_token_in_the_second_half_is_replaced_by_one_that_works(cluster: Cluster) -> None:
    before, _ = stored_token(cluster)
    assert renew_credential(cluster, now=NOW + LIFE / 2) is True
    renewed = Cluster.objects.get()
    assert renewed.credential_version == 2
    assert stored_token(renewed)[0] != before
    assert open_gateway(renewed).get(Key("Namespace", "", "kube-system")) is not None


def test_the_expiry_shown_is_counted_from_when_the_token_was_asked_for(
    cluster: Cluster, settings: Any
) -> None:
    settings.TOKEN_HOURS = 2
    renew_credential(cluster, now=NOW + LIFE / 2)
    renewed = Cluster.objects.get()
    assert renewed.credential_expires_at == NOW + LIFE / 2 + timedelta(hours=2)
    assert life_of(stored_token(renewed)[0]) == timedelta(hours=2)


@pytest.mark.parametrize("off", [timedelta(days=-2), timedelta(hours=3), timedelta(days=31)])
def test_it_lives_as_long_where_the_databases_clock_is_not_the_servers(
    prepared: Prepared, off: timedelta, settings: Any
) -> None:
    """The API server's clock is right; the database's, which `now` stands for, is off."""
    mine, half = NOW + off, timedelta(hours=settings.TOKEN_HOURS) / 2
    row = registered("kind-dev", prepared, at=mine - LIFE / 2)
    assert renew_credential(row, now=mine) is True
    assert row.credential_expires_at == mine + 2 * half
    assert is_due(row, now=mine + half - timedelta(seconds=1)) is False
    assert is_due(row, now=mine + half) is True


def test_stored_times_that_the_token_itself_denies_are_put_right_at_once(
    cluster: Cluster,
) -> None:
    """As a process two days ahead stored them: the half of that life is after the real end."""
    Cluster.objects.update(credential_expires_at=NOW + timedelta(days=2))
    assert renew_due(clock=lambda: NOW) == 1
    renewed = Cluster.objects.get()
    assert renewed.credential_expires_at == NOW + timedelta(hours=24)
    assert renew_due(clock=lambda: NOW) == 0


def test_the_server_tells_its_time(prepared: Prepared) -> None:
    prepared.portal.list("Namespace")
    shown = prepared.portal.server_now()
    assert shown is not None
    assert abs(shown - datetime.now(UTC)) < timedelta(seconds=5)


def test_of_two_renewals_at_once_one_is_stored(cluster: Cluster) -> None:
    late = Cluster.objects.get()
    assert store_token(cluster, MintedToken("first", LIFE), now=NOW) is True
    assert store_token(late, MintedToken("second", LIFE), now=NOW) is False
    assert stored_token(late)[0] == "first"


def test_a_cluster_that_is_away_does_not_keep_others_from_renewal(
    cluster: Cluster, prepared: Prepared
) -> None:
    connection = replace(prepared.portal_connection, server="https://127.0.0.1:1")
    away = registered("away", replace(prepared, portal_connection=connection))
    assert renew_due(clock=lambda: NOW + LIFE / 2) == 1
    cluster.refresh_from_db()
    away.refresh_from_db()
    assert (cluster.credential_version, away.credential_version) == (2, 1)
    with pytest.raises(Unreachable):
        renew_credential(away, now=NOW + LIFE / 2)


@pytest.fixture
def no_renewal(prepared: Prepared) -> Iterator[None]:
    """An administrator takes the portal's right to renew its token away."""
    binding = (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/bulkhead-system/rolebindings/"
        "bulkhead:token-renewal"
    )
    before = prepared.raw.get(binding).body
    assert prepared.break_glass.delete(binding).status == 200
    yield
    made_anew = {name: before[name] for name in ("apiVersion", "kind", "roleRef", "subjects")}
    named = {name: before["metadata"][name] for name in ("name", "namespace", "labels")}
    at = binding.rpartition("/")[0]
    assert prepared.break_glass.post(at, {**made_anew, "metadata": named}).status == 201


def test_a_renewal_that_is_refused_is_said_hours_before_and_work_goes_on(
    no_renewal: None, cluster: Cluster
) -> None:
    eventually(lambda: renew_due(clock=lambda: NOW + LIFE / 2) == 0, "the right is gone")
    cluster.refresh_from_db()
    assert cluster.renewal_refused_at == NOW + LIFE / 2
    assert 'cannot create resource "serviceaccounts/token"' in (cluster.renewal_refused_with or "")
    assert cluster.credential_expires_at == NOW + LIFE
    assert Event.objects.filter(action=Action.RENEWAL_REFUSED.value).count() == 1
    assert open_gateway(cluster).get(Key("Namespace", "", "kube-system")) is not None


def test_the_first_renewal_that_succeeds_ends_it(cluster: Cluster) -> None:
    Cluster.objects.update(renewal_refused_at=NOW, renewal_refused_with="no")
    cluster.refresh_from_db()
    assert renew_due(clock=lambda: NOW + LIFE / 2) == 1
    cluster.refresh_from_db()
    assert (cluster.renewal_refused_at, cluster.renewal_refused_with) == (None, None)
