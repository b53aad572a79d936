"""A web process whose host's clock is wrong delays nothing and dates nothing in the future."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.models import Cluster, Event, ManagedNamespace, Request, User
from onboarding.services.clock import database_now
from onboarding.services.reconcile import reconcile
from tests.support.fake_cluster import FakeCluster
from tests.web.sights import picture_shown

ClientFor = Callable[[User], Client]


@pytest.fixture(params=[timedelta(minutes=5), timedelta(hours=-1)], ids=["ahead", "behind"])
def wrong_clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever asks Django for the time in this process gets a wrong one."""
    right: Callable[[], datetime] = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: right() + request.param)


@pytest.fixture
def asked(cast: dict[str, User], cluster: Cluster) -> Request:
    """Alice's request, which only the platform decides."""
    spec = demo_spec("payments-dev", cluster="dev-eu", openings=())
    return ask(spec, now=database_now())


def approve(asked: Request, browser: Client) -> ManagedNamespace:
    lane = Lane.PLATFORM.value
    form = {
        "lane": lane,
        "vote": "approve",
        "digest": asked.digest,
        "picture": picture_shown(asked),
        "reason": "",
    }
    page = browser.get(f"/approvals/{asked.public_id}/")
    assert page.status_code == 200
    answer = browser.post(f"/approvals/{asked.public_id}/", form)
    assert answer.status_code == 302
    return ManagedNamespace.objects.get(name="payments-dev")


def test_e4_approved_it_is_due_at_once(
    wrong_clock: None, asked: Request, pat: User, client_for: ClientFor, fake: FakeCluster
) -> None:
    row = approve(asked, client_for(pat))
    assert row.next_at is not None
    assert abs(row.next_at - database_now()) < timedelta(seconds=30)
    assert reconcile("worker-1", clock=database_now)
    row.refresh_from_db()
    assert row.state == "ready"


def test_e4_no_event_lies_in_the_future(
    wrong_clock: None, asked: Request, pat: User, client_for: ClientFor
) -> None:
    approve(asked, client_for(pat))
    now, told = database_now(), Event.objects.filter(request=asked.label)
    assert told.count() > 2
    assert not told.filter(at__gt=now).exists()
    assert not told.filter(at__lt=now - timedelta(minutes=1)).exists()


def test_e4_pages_count_from_the_same_clock(
    wrong_clock: None, asked: Request, pat: User, client_for: ClientFor
) -> None:
    html = client_for(pat).get(f"/requests/{asked.public_id}/").content.decode()
    assert "in 4 min" not in html
    assert "ago" in html or "just now" in html
    assert "59 min ago" not in html
