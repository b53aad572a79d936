"""The demo's people have a password everybody knows, so they exist in the demo only."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.test import override_settings

from onboarding.demo.volume import tell_volume
from onboarding.models import Cluster, Event, ManagedNamespace, Request, Team, User
from onboarding.services.clock import database_now
from onboarding.services.reconcile import reconcile
from tests.support.fake_cluster import FakeCluster

pytestmark = pytest.mark.django_db


@override_settings(DEMO=False)
def test_nobody_is_made_outside_the_demo() -> None:
    with pytest.raises(CommandError, match="BULKHEAD_DEMO=1"):
        call_command("seed_demo")
    assert not User.objects.exists()


@override_settings(DEMO=False)
def test_no_volume_is_made_outside_the_demo() -> None:
    with pytest.raises(CommandError, match="BULKHEAD_DEMO=1"):
        call_command("seed_volume")
    assert not User.objects.exists()


def test_a_company_is_filled_in_once(
    cluster: Cluster, cast: dict[str, User], now: datetime
) -> None:
    taken: list[str] = []
    assert tell_volume(cluster, now=now, take=taken.append, part=9) == 29
    assert (User.objects.count(), Team.objects.count()) == (89, 43)
    assert dict(Counter(Request.objects.values_list("state", flat=True))) == {
        "approved": 23,
        "pending": 6,
    }
    assert len(taken) == 2
    assert tell_volume(cluster, now=now, take=taken.append) == 0


def test_what_happened_stands_in_the_order_of_time(
    cluster: Cluster, cast: dict[str, User], now: datetime
) -> None:
    tell_volume(cluster, now=now, take=lambda _name: None, part=40)
    times = list(Event.objects.order_by("pk").exclude(actor="System").values_list("at", flat=True))
    assert times == sorted(times)
    assert now - timedelta(days=60) <= times[0]


def test_nothing_of_it_is_still_to_come(
    cluster: Cluster, cast: dict[str, User], now: datetime
) -> None:
    known = Event.objects.latest("pk").pk
    tell_volume(cluster, now=now, take=lambda _name: None, part=20)
    assert Request.objects.filter(state="returned").exists()
    events = Event.objects.filter(pk__gt=known).order_by("pk")
    times = list(events.values_list("at", flat=True))
    assert times == sorted(times)
    assert times[-1] <= now


def test_workers_begin_when_all_of_it_is_told(
    cluster: Cluster, cast: dict[str, User], fake: FakeCluster
) -> None:
    """What they do is of today; between two of its days history would go to and fro."""
    now, begun = database_now(), list[bool]()

    def take(_name: str) -> None:
        assert ManagedNamespace.objects.exists()
        begun.append(reconcile("worker-1", clock=database_now))

    tell_volume(cluster, now=now, take=take, part=40)
    assert begun == [False]
    assert not ManagedNamespace.objects.filter(next_at__gt=Now()).exists()
    assert reconcile("worker-1", clock=database_now)
