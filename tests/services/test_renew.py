"""When a token is renewed, how long it is believed to live, and what a refusal comes to."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from onboarding.cluster.errors import (
    AccessDenied,
    Busy,
    ClusterError,
    ObjectMissing,
    Refused,
    ServerFault,
    TimedOut,
    Unauthorized,
    Unreachable,
    Untrusted,
)
from onboarding.cluster.server_time import MintedToken
from onboarding.domain.actions import Action
from onboarding.models import Cluster, Event
from onboarding.services import renew
from onboarding.services.credentials import encrypted_token
from onboarding.services.renew import FAULTS_ARE_BORNE, is_due, renew_due, store_token
from tests.support.fake_cluster import FakeCluster
from tests.support.tokens import jwt

pytestmark = pytest.mark.usefixtures("cast")
LIFE = timedelta(hours=24)
HALF = LIFE / 2
A_MOMENT = timedelta(seconds=1)
CANNOT = AccessDenied('cannot create resource "serviceaccounts/token"', status=403)
OFF = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=2), timedelta(days=-31)]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    fake = FakeCluster()
    monkeypatch.setattr(renew, "open_gateway", lambda _cluster: fake)
    return fake


@pytest.fixture
def sealed(cluster: Cluster, settings: Any, now: datetime) -> Cluster:
    """A cluster with a token that was asked for now, by a server whose clock is right."""
    settings.BULKHEAD_CREDENTIAL_KEYS = [b"k" * 32]
    return stored(cluster, jwt(now, LIFE), at=now)


def stored(cluster: Cluster, token: str, *, at: datetime, life: timedelta = LIFE) -> Cluster:
    cluster.credential = encrypted_token(cluster, token, issued_at=at)
    cluster.credential_expires_at = at + life
    cluster.save()
    return cluster


def renewed(at: datetime) -> int:
    return renew_due(clock=lambda: at)


def told() -> int:
    return Event.objects.filter(action=Action.RENEWAL_REFUSED.value).count()


@pytest.mark.parametrize("off", OFF)
def test_half_of_its_life_counts_from_when_it_was_asked_for_not_from_the_servers_clock(
    sealed: Cluster, now: datetime, off: timedelta
) -> None:
    store_token(sealed, MintedToken(jwt(now + off, LIFE), LIFE), now=now)
    assert sealed.credential_expires_at == now + LIFE
    assert is_due(sealed, now=now + HALF - A_MOMENT) is False
    assert is_due(sealed, now=now + HALF) is True


def test_a_token_that_was_issued_later_than_now_is_due(sealed: Cluster, now: datetime) -> None:
    assert is_due(sealed, now=now - A_MOMENT) is True
    assert is_due(sealed, now=now) is False


@pytest.mark.parametrize("wrong", [A_MOMENT, timedelta(days=2), timedelta(hours=-1)])
def test_an_expiry_that_the_token_denies_makes_it_due(
    sealed: Cluster, now: datetime, wrong: timedelta
) -> None:
    assert is_due(stored(sealed, jwt(now, LIFE), at=now, life=LIFE + wrong), now=now) is True


def test_a_token_that_says_nothing_lives_as_was_answered(sealed: Cluster, now: datetime) -> None:
    stored(sealed, "opaque", at=now)
    assert is_due(sealed, now=now + HALF - A_MOMENT) is False
    assert is_due(sealed, now=now + HALF) is True


def test_a_token_stored_in_the_future_is_replaced_once_and_then_right(
    sealed: Cluster, fake: FakeCluster, now: datetime
) -> None:
    stored(sealed, "opaque", at=now + timedelta(days=2))
    assert [renewed(now), renewed(now + A_MOMENT)] == [1, 0]
    sealed.refresh_from_db()
    assert sealed.credential_expires_at == now + LIFE


@pytest.mark.parametrize(
    "error",
    [CANNOT, Refused("denied by policy", status=403), ObjectMissing("not found", status=404)],
    ids=["grant", "admission", "account"],
)
def test_a_refused_renewal_is_written_down_once_with_the_servers_words(
    sealed: Cluster, fake: FakeCluster, now: datetime, error: ClusterError
) -> None:
    fake.fail_next("renew_token", error, times=2)
    assert [renewed(now + HALF), renewed(now + HALF + A_MOMENT)] == [0, 0]
    sealed.refresh_from_db()
    assert (sealed.renewal_refused_at, sealed.renewal_refused_with) == (now + HALF, str(error))
    assert (sealed.condition, told()) == ("ok", 1)


def test_new_words_are_kept_and_are_no_news(
    sealed: Cluster, fake: FakeCluster, now: datetime
) -> None:
    for error in (CANNOT, Refused("denied by policy", status=403)):
        fake.fail_next("renew_token", error)
        renewed(now + HALF)
    sealed.refresh_from_db()
    assert (sealed.renewal_refused_with, told()) == ("denied by policy", 1)


def test_the_first_success_ends_it(sealed: Cluster, fake: FakeCluster, now: datetime) -> None:
    fake.fail_next("renew_token", CANNOT)
    assert [renewed(now + HALF), renewed(now + HALF + A_MOMENT)] == [0, 1]
    sealed.refresh_from_db()
    assert (sealed.renewal_refused_at, sealed.renewal_refused_with) == (None, None)


@pytest.mark.parametrize(
    "error",
    [Busy("429"), TimedOut("30 s"), Unauthorized("401"), Unreachable("refused"), Untrusted("CA")],
    ids=["busy", "timed out", "unauthorized", "unreachable", "untrusted"],
)
def test_what_is_the_clusters_own_condition_is_no_refusal(
    sealed: Cluster, fake: FakeCluster, now: datetime, error: ClusterError
) -> None:
    fake.go_down(error)
    assert renewed(now + LIFE - A_MOMENT) == 0
    sealed.refresh_from_db()
    assert (sealed.renewal_refused_at, told()) == (None, 0)


def test_a_fault_of_the_server_is_told_once_it_lasts(
    sealed: Cluster, fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next("renew_token", ServerFault("500", status=500), times=2)
    renewed(now + HALF + FAULTS_ARE_BORNE - A_MOMENT)
    assert told() == 0
    renewed(now + HALF + FAULTS_ARE_BORNE)
    assert told() == 1


def test_what_is_unforeseen_with_one_cluster_leaves_the_others_their_tokens(
    sealed: Cluster, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    asked: list[str] = []

    def stumble(cluster: Cluster, **_named: object) -> bool:
        asked.append(cluster.name)
        raise ZeroDivisionError

    Cluster.objects.create(name="dev-us", facts=sealed.facts, credential=b"x")
    monkeypatch.setattr(renew, "renew_credential", stumble)
    assert renewed(now) == 0
    assert asked == ["dev-eu", "dev-us"]


def test_a_database_that_fails_is_no_matter_of_a_cluster(
    sealed: Cluster, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    def fails(_cluster: Cluster, **_named: object) -> bool:
        raise OperationalError("gone")

    monkeypatch.setattr(renew, "renew_credential", fails)
    with pytest.raises(OperationalError):
        renewed(now)


def test_a_refusal_of_a_token_that_was_replaced_meanwhile_says_nothing(
    sealed: Cluster, fake: FakeCluster, now: datetime
) -> None:
    late, fresh = Cluster.objects.get(), MintedToken(jwt(now, LIFE), LIFE)
    fake.fail_next("renew_token", CANNOT)
    fake.meanwhile("renew_token", lambda _: True, lambda: store_token(late, fresh, now=now))
    assert renewed(now + HALF) == 0
    assert (Cluster.objects.get().renewal_refused_at, told()) == (None, 0)
