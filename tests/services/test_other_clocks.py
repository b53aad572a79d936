"""Clocks that are not the database's: noticed, said once, and nothing is decided by them."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.backends.signals import connection_created
from django.utils import timezone

from onboarding.cluster.errors import Unauthorized
from onboarding.domain.clocks import CLOCKS_AGREE
from onboarding.models import Cluster
from onboarding.services import host_clock
from onboarding.services import observe as observing
from onboarding.services.clock import database_now
from onboarding.services.host_clock import note_host_clock, watch_host_clock
from onboarding.services.server_clocks import note_server_clock
from onboarding.services.sessions import SessionStore
from onboarding.services.wrong_times import LONGEST_PATIENCE, forget_wrong_times
from tests.support.fake_cluster import FakeCluster
from tests.support.observing import lived_in, look

pytestmark = pytest.mark.django_db
OFF = [timedelta(days=31), timedelta(days=-31), timedelta(hours=1), timedelta(hours=-1)]
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
TWELVE_HOURS = timedelta(hours=12)


@pytest.fixture
def host_is_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Whatever asks Django for the time in this process gets a wrong one."""
    right = timezone.now
    monkeypatch.setattr(host_clock, "_said_to_be_wrong", False)
    return lambda off: monkeypatch.setattr(timezone, "now", lambda: right() + off)


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [
        (record.levelname, record.msg["event"])  # type: ignore[index]
        for record in caplog.records
        if "clock" in str(record.msg)
    ]


@pytest.mark.parametrize("off", OFF)
def test_a_host_that_is_off_is_told_once_and_once_when_it_is_right(
    host_is_off: Callable[[timedelta], None], caplog: pytest.LogCaptureFixture, off: timedelta
) -> None:
    caplog.set_level("INFO")
    for moment in (timedelta(0), off, off, timedelta(0), timedelta(0)):
        host_is_off(moment)
        assert abs(note_host_clock() - moment) < SECOND
    assert said(caplog) == [
        ("ERROR", "this host's clock differs from the database's"),
        ("INFO", "this host's clock agrees with the database's again"),
    ]


def connected(to: object) -> None:
    watch_host_clock()
    try:
        connection_created.send(sender=type(connection), connection=to)
    finally:
        connection_created.disconnect(host_clock._compare)


def test_every_new_connection_asks(
    host_is_off: Callable[[timedelta], None], caplog: pytest.LogCaptureFixture
) -> None:
    host_is_off(timedelta(hours=1))
    connected(connection)
    assert len(said(caplog)) == 1


def test_one_that_is_not_to_the_portals_database_asks_nothing(
    host_is_off: Callable[[timedelta], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Else whoever drops a database by it would find somebody connected."""
    host_is_off(timedelta(hours=1))
    connected(connection.copy(alias="__no_db__"))
    assert said(caplog) == []


@pytest.fixture
def fake(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)
    return lived_in(fake)


@pytest.mark.parametrize("off", OFF)
def test_a_look_writes_down_what_the_clusters_clock_shows(
    fake: FakeCluster, cluster: Cluster, now: datetime, off: timedelta
) -> None:
    fake.clock = lambda: now + off
    look(cluster, now)
    cluster.refresh_from_db()
    assert (cluster.clock_showed, cluster.clock_read_at) == (now + off, now)
    assert cluster.clock_ahead == off


def test_a_look_that_is_refused_tells_of_the_clock_too(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.clock = lambda: now + timedelta(days=2)
    fake.go_down(Unauthorized("401"))
    look(cluster, now)
    cluster.refresh_from_db()
    assert cluster.clock_ahead == timedelta(days=2)


def test_a_clusters_clock_is_said_once_when_it_is_off_and_once_when_it_agrees(
    fake: FakeCluster, cluster: Cluster, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    shows = [None, now, now + CLOCKS_AGREE, *[now + CLOCKS_AGREE + SECOND] * 2, now, now]
    for shown in shows:
        fake.clock = lambda shown=shown: shown  # type: ignore[misc]
        note_server_clock(Cluster.objects.get(), fake, now=now)
    assert said(caplog) == [
        ("ERROR", "a cluster's clock differs from the database's"),
        ("INFO", "a cluster's clock agrees with the database's again"),
    ]


@pytest.mark.parametrize("off", OFF)
def test_a_session_begins_and_ends_by_the_database(
    host_is_off: Callable[[timedelta], None], off: timedelta
) -> None:
    host_is_off(off)
    made = SessionStore()
    made[SESSION_KEY] = "1"
    made.save()
    row = Session.objects.get(session_key=made.session_key)
    assert abs(row.expire_date - database_now() - TWELVE_HOURS) < MINUTE
    assert SessionStore(made.session_key)[SESSION_KEY] == "1"


def test_a_session_that_has_ended_is_none(host_is_off: Callable[[timedelta], None]) -> None:
    made = SessionStore()
    made.save()
    Session.objects.update(expire_date=database_now() - SECOND)
    host_is_off(timedelta(hours=-1))
    again = SessionStore(made.session_key)
    assert again.get(SESSION_KEY) is None
    assert again.session_key is None


def test_a_cluster_is_not_left_alone_until_a_time_that_a_wrong_clock_wrote(
    cluster: Cluster, now: datetime
) -> None:
    for wait, is_wrong in ((LONGEST_PATIENCE, 0), (timedelta(days=2), 1)):
        Cluster.objects.update(retry_at=now + wait)
        assert forget_wrong_times(now=now) == is_wrong
    assert Cluster.objects.get().retry_at == now
