"""The portal's stored credential: opened only with its key, renewed in time, never mixed up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onboarding.cluster.errors import Unreachable
from onboarding.domain.objects import Key
from onboarding.models import Cluster
from onboarding.services.credentials import (
    NoCredential,
    encrypted_token,
    open_gateway,
    stored_token,
)
from onboarding.services.renew import renew_credential, renew_due, store_token
from tests.cluster.conftest import Prepared

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC).replace(microsecond=0)
LIFE = timedelta(hours=24)


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.BULKHEAD_CREDENTIAL_KEYS = [b"k" * 32]


@pytest.fixture
def cluster(prepared: Prepared) -> Cluster:
    """A registered cluster whose token was issued now and lives for 24 hours."""
    return registered("kind-dev", prepared)


def registered(name: str, prepared: Prepared) -> Cluster:
    connection = prepared.portal_connection
    row = Cluster(name=name, api_server=connection.server, ca_pem=connection.ca)
    row.credential = encrypted_token(row, connection.token, issued_at=NOW)
    row.credential_version = 1
    row.credential_expires_at = NOW + LIFE
    row.save()
    return row


def test_the_door_opens_with_the_stored_credential(cluster: Cluster) -> None:
    assert open_gateway(cluster).get(Key("Namespace", "", "kube-system")) is not None


def test_the_same_door_is_used_until_the_credential_changes(cluster: Cluster) -> None:
    door = open_gateway(cluster)
    assert open_gateway(Cluster.objects.get()) is door
    store_token(cluster, "another", expires_at=NOW + LIFE, now=NOW)
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


def test_the_expiry_shown_is_the_servers(cluster: Cluster, settings: Any) -> None:
    settings.TOKEN_HOURS = 1
    renew_credential(cluster, now=NOW + LIFE / 2)
    expires_at = Cluster.objects.get().credential_expires_at
    assert expires_at is not None
    assert timedelta(minutes=59) < expires_at - datetime.now(UTC) < timedelta(minutes=61)


def test_of_two_renewals_at_once_one_is_stored(cluster: Cluster) -> None:
    late = Cluster.objects.get()
    assert store_token(cluster, "first", expires_at=NOW + LIFE, now=NOW) is True
    assert store_token(late, "second", expires_at=NOW + LIFE, now=NOW) is False
    assert stored_token(late)[0] == "first"


def test_a_cluster_that_is_away_does_not_keep_others_from_renewal(
    cluster: Cluster, prepared: Prepared
) -> None:
    connection = replace(prepared.portal_connection, server="https://127.0.0.1:1")
    away = registered("away", replace(prepared, portal_connection=connection))
    assert renew_due(now=NOW + LIFE / 2) == 1
    cluster.refresh_from_db()
    away.refresh_from_db()
    assert (cluster.credential_version, away.credential_version) == (2, 1)
    with pytest.raises(Unreachable):
        renew_credential(away, now=NOW + LIFE / 2)
