"""What was told of a namespace is settled once it is so no longer, by what its row says."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from onboarding.cluster.errors import Refused, ServerFault
from onboarding.demo.scenario import acting
from onboarding.domain.actions import Action
from onboarding.domain.notices import NoticeKind
from onboarding.models import Deviation, Event, ManagedNamespace, Notice, Suggestion, User
from onboarding.services.acknowledge import acknowledge
from onboarding.services.history import SYSTEM, about_namespace, record
from onboarding.services.lifetimes import warn_of_ends
from onboarding.services.tell import forget_old, tell_due
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import DENY_ALL, NAME, NAMESPACE, ready, work_on

pytestmark = pytest.mark.usefixtures("cast", "cluster")


def said(row: ManagedNamespace, action: Action, now: datetime, **body: Any) -> Event:
    """An event about the namespace, as workers write it."""
    with transaction.atomic():
        return record(action, actor=SYSTEM, at=now, about=about_namespace(row), body=body)


@pytest.fixture
def row(fake: FakeCluster, now: datetime) -> ManagedNamespace:
    fake.now = lambda: now
    row = ready(now=now)
    tell_due(now=now)
    return row


def left(now: datetime, kind: NoticeKind) -> int:
    """How many of these are not settled, once all that happened was told."""
    tell_due(now=now)
    rows = Notice.objects.filter(kind=kind.value, settled_at__isnull=True)
    assert not rows.filter(read_at__isnull=False).exists()
    return rows.count()


def test_blocked_is_over_when_it_was_read_back(
    row: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next("apply", Refused("no", key=NAMESPACE))
    fake.remove(DENY_ALL)
    assert work_on(row, now=now).state == "blocked"
    assert left(now, NoticeKind.BLOCKED) == 2
    assert work_on(row, now=now).state == "ready"
    assert left(now, NoticeKind.BLOCKED) == 0
    told_of = Notice.objects.filter(kind="blocked")
    assert {*told_of.values_list("read_at", "mail_at")} == {(now, None)}


def test_a_change_outside_is_over_when_it_was_put_back_and_is_mailed_all_the_same(
    row: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.remove(DENY_ALL)
    fake.fail_next("apply", ServerFault("boom", status=500, key=DENY_ALL))
    assert work_on(row, now=now).state == "retrying"
    assert left(now, NoticeKind.DRIFTED) == 2
    later = now + timedelta(minutes=1)
    assert work_on(row, now=later).state == "ready"
    assert left(later, NoticeKind.DRIFTED) == 0
    told_of = Notice.objects.filter(kind="drifted")
    assert {*told_of.values_list("settled_at", "read_at", "mail_at")} == {(later, None, now)}


def test_that_it_was_deleted_stands_until_somebody_says_that_they_know(
    row: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.remove(NAMESPACE)
    assert work_on(row, now=now).state == "ready"
    assert left(now, NoticeKind.DRIFTED) == 2
    loss = Deviation.objects.get(kind="deleted")
    acknowledge(loss.pk, by=acting("alice"), reason="It was me.", now=now)
    assert left(now, NoticeKind.DRIFTED) == 0


@pytest.mark.parametrize(
    ("state", "stuck_at", "many"),
    [("ready", None, 0), ("retrying", None, 1), ("draining", "now", 1), ("gone", None, 0)],
)
def test_stuck_is_over_when_it_goes_on(
    state: str, stuck_at: str | None, many: int, row: ManagedNamespace, now: datetime
) -> None:
    event = said(row, Action.NAMESPACE_STUCK, now, message="no")
    ManagedNamespace.objects.update(
        state=state, last_event=event, stuck_at=now if stuck_at else None
    )
    assert left(now, NoticeKind.NEEDS_ADMIN) == many


@pytest.mark.parametrize(("is_acknowledged", "many"), [(True, 0), (False, 1)])
def test_a_fight_is_over_when_it_is_known_or_calm(
    is_acknowledged: bool, many: int, row: ManagedNamespace, now: datetime
) -> None:
    Deviation.objects.create(
        namespace=row, kind="changed", object_kind="Namespace", object_name=NAME,
        first_seen_at=now, seen_at=now, fought_at=now,
        acknowledged_at=now if is_acknowledged else None,
    )  # fmt: skip
    said(row, Action.DEVIATION_FOUGHT, now)
    assert left(now, NoticeKind.NEEDS_ADMIN) == many


@pytest.mark.parametrize(("is_dismissed", "many"), [(True, 0), (False, 1)])
def test_a_suggestion_is_over_when_a_lead_answered_it(
    is_dismissed: bool, many: int, row: ManagedNamespace, cast: dict[str, User],
    now: datetime,
) -> None:  # fmt: skip
    made = Suggestion.objects.create(
        namespace=row, person=cast["bob"], answers={}, about="", form_key="k", made_at=now
    )
    said(row, Action.SUGGESTION_MADE, now, suggestion=made.public_id)
    if is_dismissed:
        Suggestion.objects.update(dismissed_at=now)
    assert left(now, NoticeKind.SUGGESTED) == many


@pytest.mark.parametrize(("found", "many"), [({"uid": "9"}, 1), (None, 0)])
def test_one_that_is_there_again_is_a_matter_until_somebody_decided(
    found: dict[str, str] | None, many: int, row: ManagedNamespace, now: datetime
) -> None:
    event = said(row, Action.NAMESPACE_REAPPEARED, now)
    ManagedNamespace.objects.update(state="gone", found=found, last_event=event)
    assert left(now, NoticeKind.NEEDS_ADMIN) == many


def test_another_lifetime_ends_what_was_told_of_the_one_before(
    row: ManagedNamespace, now: datetime
) -> None:
    ManagedNamespace.objects.update(expires_at=now + timedelta(days=30))
    late = now + timedelta(days=29)
    warn_of_ends(now=late)
    assert left(late, NoticeKind.ENDS_SOON) == 1
    ManagedNamespace.objects.update(expires_at=now + timedelta(days=40))
    forget_old(now=late)
    assert left(late, NoticeKind.ENDS_SOON) == 0


def test_that_it_ends_is_over_once_it_was_told_that_it_has(
    row: ManagedNamespace, now: datetime
) -> None:
    ManagedNamespace.objects.update(expires_at=now + timedelta(days=30))
    for days in (29, 31):
        warn_of_ends(now=now + timedelta(days=days))
    assert left(now, NoticeKind.ENDS_SOON) == 0
    assert left(now, NoticeKind.ENDED) == 1
