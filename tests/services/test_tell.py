"""Who is told of what: by the rights they hold then, once, never of what they did themselves."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.domain.notices import TELLS, Delivery, NoticeKind
from onboarding.models import (
    Event,
    ManagedNamespace,
    Membership,
    Notice,
    NoticePreference,
    OutboxEntry,
    RoleAssignment,
    Suggestion,
    User,
)
from onboarding.queries.notice_words import KIND_WORDS
from onboarding.queries.recipients import Happened
from onboarding.services import lifetimes
from onboarding.services import tell as telling
from onboarding.services.comment import comment
from onboarding.services.expire import expire_requests
from onboarding.services.history import SYSTEM, about_namespace, record
from onboarding.services.lifetimes import warn_of_ends
from onboarding.services.submit import cancel
from onboarding.services.tell import forget_old, tell_due
from tests.support.approval_keys import asked, enrolled
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    approve_all,
    ask_removal,
    ready,
    reject,
    send_back,
    spec_of,
    wanted,
    work_on,
)
from tests.support.soft_passkey import SoftPasskey

pytestmark = pytest.mark.usefixtures("cast", "cluster")


def told(kind: NoticeKind, *, now: datetime) -> list[tuple[str, str]]:
    """Who was told of a kind, and what."""
    tell_due(now=now)
    rows = Notice.objects.filter(kind=kind.value).order_by("person__username", "id")
    return [*rows.values_list("person__username", "title")]


def said(row: ManagedNamespace, action: Action, now: datetime, **body: Any) -> Event:
    """An event about the namespace, as workers write it."""
    with transaction.atomic():
        return record(action, actor=SYSTEM, at=now, about=about_namespace(row), body=body)


def test_who_can_decide_is_told_each_of_their_own_approvals(now: datetime) -> None:
    ask(spec_of(), now=now)
    assert told(NoticeKind.WAITS, now=now) == [
        ("dana", "payments-prod waits for network approval"),
        ("pat", "payments-prod waits for platform approval"),
    ]


def test_who_gives_two_approvals_is_told_once(cast: dict[str, User], now: datetime) -> None:
    RoleAssignment.objects.create(user=cast["dana"], role="platform")
    ask(spec_of(environment="development"), now=now)
    assert ("dana", "payments-prod waits for platform and network approval") in told(
        NoticeKind.WAITS, now=now
    )


def test_who_asked_is_told_how_it_ends(now: datetime) -> None:
    send_back(ask(spec_of("shop-a"), now=now), "dana", Lane.NETWORK, now=now)
    reject(ask(spec_of("shop-b"), now=now), "dana", Lane.NETWORK, now=now)
    approve_all(ask(spec_of("shop-c"), now=now), now=now)
    kinds = (NoticeKind.RETURNED, NoticeKind.REJECTED, NoticeKind.APPROVED)
    assert [told(kind, now=now) for kind in kinds] == [
        [("alice", "shop-a was returned for changes")],
        [("alice", "shop-b was rejected")],
        [("alice", "shop-c has all its approvals")],
    ]


def test_nobody_is_told_of_what_they_did_themselves(now: datetime) -> None:
    request = ask(spec_of(), now=now)
    cancel(request.pk, by=acting("alice"), now=now)
    assert told(NoticeKind.CLOSED, now=now) == []


def test_a_request_that_expires_is_told(now: datetime) -> None:
    ask(spec_of(), now=now)
    late = now + timedelta(days=settings.REQUEST_EXPIRES_DAYS, seconds=1)
    expire_requests(now=late)
    assert told(NoticeKind.CLOSED, now=late) == [("alice", "The request for payments-prod expired")]


def test_ready_is_told_and_then_gone(fake: FakeCluster, now: datetime) -> None:
    row = ready(now=now)
    assert told(NoticeKind.READY, now=now) == [("alice", "payments-prod is ready")]
    approve_all(ask_removal(row, now=now), now=now)
    for _ in range(3):
        work_on(row, now=now)
        fake.finish_deletions()
        if ManagedNamespace.objects.get().state == "gone":
            break
    titles = [title for _who, title in told(NoticeKind.READY, now=now)]
    assert titles == ["payments-prod is ready", "payments-prod was removed"]


def test_work_that_goes_well_again_is_no_news(fake: FakeCluster, now: datetime) -> None:
    row = ready(now=now)
    first = Event.objects.get(action=Action.NAMESPACE_READY)
    with transaction.atomic():
        about = about_namespace(row, request=first.request)
        record(Action.NAMESPACE_READY, actor=SYSTEM, at=now, about=about)
    assert len(told(NoticeKind.READY, now=now)) == 1


@pytest.mark.parametrize(
    ("action", "kind", "people", "words"),
    [
        (Action.NAMESPACE_BLOCKED, NoticeKind.BLOCKED, ["alice", "pat"], "was blocked"),
        (Action.NAMESPACE_SUPERSEDED, NoticeKind.BLOCKED, ["alice", "pat"], "was blocked"),
        (Action.DEVIATION_SEEN, NoticeKind.DRIFTED, ["alice", "pat"], "changed outside"),
        (Action.NAMESPACE_MISSING, NoticeKind.DRIFTED, ["alice", "pat"], "changed outside"),
        (Action.NAMESPACE_STUCK, NoticeKind.NEEDS_ADMIN, ["pat"], ": stuck: Kubernetes"),
        (Action.NAMESPACE_REAPPEARED, NoticeKind.NEEDS_ADMIN, ["pat"], ": found a removed"),
        (Action.DEVIATION_FOUGHT, NoticeKind.NEEDS_ADMIN, ["pat"], ": another manager"),
        (Action.NAMESPACE_LOST, NoticeKind.ENDED, ["alice"], "was lost with its cluster"),
    ],
)
def test_what_happens_on_the_cluster_is_told_to_who_can_act(
    action: Action, kind: NoticeKind, people: list[str], words: str, now: datetime
) -> None:
    said(wanted(now=now), action, now, message="no")
    found = told(kind, now=now)
    assert [who for who, _title in found] == people
    assert all(words in title for _who, title in found)


def test_both_sides_of_a_conversation_are_told(now: datetime) -> None:
    request = ask(spec_of(), now=now)
    comment(request.pk, by=acting("dana"), text="Which port?", now=now)
    comment(request.pk, by=acting("alice"), text="8080.", now=now)
    assert told(NoticeKind.COMMENTED, now=now) == [
        ("alice", "Dana wrote about payments-prod"),
        ("dana", "Alice wrote about payments-prod"),
        ("pat", "Dana wrote about payments-prod"),
        ("pat", "Alice wrote about payments-prod"),
    ]


def admin(username: str) -> User:
    person = User.objects.get(username=username)
    RoleAssignment.objects.get_or_create(user=person, role=RoleAssignment.Role.PLATFORM_ADMIN)
    return person


def test_a_passkey_that_is_to_be_enrolled_is_told_to_who_can_confirm_it(now: datetime) -> None:
    admin("erin")  # has no key of her own
    enrolled("pat", now=now)
    tell_due(now=now)
    Notice.objects.all().delete()
    asked("dana", SoftPasskey(), now=now)
    assert told(NoticeKind.SECURITY, now=now) == [
        ("dana", "A passkey of yours asks to sign approvals"),
        ("pat", "A passkey of Dana waits for you to confirm it for approvals"),
    ]
    [notice] = Notice.objects.filter(person__username="pat")
    assert notice.path == "/approval-keys/"


def test_a_passkey_that_no_longer_waits_is_told_to_its_owner_alone(now: datetime) -> None:
    enrolled("pat", now=now)
    enrolled("dana", now=now)
    assert {who for who, title in told(NoticeKind.SECURITY, now=now) if "Dana" in title} == set()


def test_no_other_account_of_its_owner_is_asked_to_confirm_a_passkey(now: datetime) -> None:
    enrolled("pat", now=now)
    second = admin("erin")
    EmailAddress.objects.create(user=second, email="pat@example.com", verified=True)
    asked("erin", SoftPasskey(), now=now)
    titles = {title for _who, title in told(NoticeKind.SECURITY, now=now)}
    assert "A passkey of Erin waits for you to confirm it for approvals" not in titles


def test_a_suggestion_is_told_to_the_leads_and_what_became_of_it_to_who_made_it(
    cast: dict[str, User], now: datetime
) -> None:
    row = wanted(now=now)
    made = Suggestion.objects.create(
        namespace=row, person=cast["bob"], answers={}, about="", form_key="k", made_at=now
    )
    for action, who in ((Action.SUGGESTION_MADE, "bob"), (Action.SUGGESTION_DISMISSED, "alice")):
        with transaction.atomic():
            record(
                action, actor=acting(who).actor, at=now, about=about_namespace(row),
                body={"suggestion": made.public_id},
            )  # fmt: skip
    assert told(NoticeKind.SUGGESTED, now=now) == [
        ("alice", "Bob suggests a change of payments-prod"),
        ("bob", "Your suggestion for payments-prod was dismissed"),
    ]


class TestRightsHeldThen:
    def test_who_has_lost_the_role_is_not_told(self, cast: dict[str, User], now: datetime) -> None:
        ask(spec_of(), now=now)
        RoleAssignment.objects.filter(user=cast["dana"]).delete()
        assert [who for who, _title in told(NoticeKind.WAITS, now=now)] == ["pat"]

    def test_who_was_switched_off_is_not_told(self, cast: dict[str, User], now: datetime) -> None:
        ask(spec_of(), now=now)
        User.objects.filter(username="pat").update(is_active=False)
        assert [who for who, _title in told(NoticeKind.WAITS, now=now)] == ["dana"]

    def test_a_lead_is_told_where_who_asked_has_left_the_team(
        self, cast: dict[str, User], now: datetime
    ) -> None:
        request = ask(spec_of(), now=now)
        Membership.objects.filter(user=cast["alice"]).delete()
        Membership.objects.filter(user=cast["bob"]).update(role="lead")
        send_back(request, "dana", Lane.NETWORK, now=now)
        assert [who for who, _title in told(NoticeKind.RETURNED, now=now)] == ["bob"]


class TestSettled:
    def test_who_has_decided_is_done_with_it(self, now: datetime) -> None:
        request = ask(spec_of(), now=now)
        tell_due(now=now)
        approve(request, "dana", Lane.NETWORK, now=now)
        tell_due(now=now)
        left = Notice.objects.filter(kind="waits", settled_at__isnull=True)
        assert [*left.values_list("person__username", flat=True)] == ["pat"]
        danas = Notice.objects.get(person__username="dana")
        assert (danas.read_at, danas.mail_at) == (now, None)

    def test_nobody_waits_for_a_request_that_was_taken_back(self, now: datetime) -> None:
        request = ask(spec_of(), now=now)
        tell_due(now=now)
        cancel(request.pk, by=acting("alice"), now=now)
        tell_due(now=now)
        assert not Notice.objects.filter(kind="waits", settled_at__isnull=True).exists()


class TestOutbox:
    def test_an_event_and_its_entry_stand_or_fall_together(self, now: datetime) -> None:
        row = wanted(now=now)
        before = OutboxEntry.objects.count()
        with transaction.atomic():
            said(row, Action.NAMESPACE_BLOCKED, now)
            transaction.set_rollback(True)
        assert OutboxEntry.objects.count() == before
        said(row, Action.NAMESPACE_BLOCKED, now)
        assert OutboxEntry.objects.count() == before + 1

    def test_what_tells_nobody_has_no_entry(self, now: datetime) -> None:
        said(wanted(now=now), Action.PHASE_DONE, now)
        assert not OutboxEntry.objects.filter(event__action=Action.PHASE_DONE).exists()

    def test_told_twice_is_told_once(self, now: datetime) -> None:
        ask(spec_of(), now=now)
        tell_due(now=now)
        OutboxEntry.objects.update(expanded_at=None)
        assert tell_due(now=now) == 1
        assert Notice.objects.count() == 2

    def test_an_entry_that_another_worker_passed_on_is_left(
        self, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both found it left; the second sees that when it has the lock."""
        ask(spec_of(), now=now)
        (left,) = OutboxEntry.objects.values_list("pk", flat=True)
        OutboxEntry.objects.update(expanded_at=now)
        assert telling._tell(left, now=now) == 0
        assert not Notice.objects.exists()

    def test_a_mistake_keeps_no_other_event_waiting(
        self, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        ask(spec_of("shop-a"), now=now)
        ask(spec_of("shop-b"), now=now)
        bad = OutboxEntry.objects.order_by("id").first()
        assert bad is not None
        known = partial(wrong_for, bad.event_id, telling.recipients)
        monkeypatch.setattr(telling, "recipients", known)
        assert tell_due(now=now) == 1
        assert "nobody could be told of an event" in caplog.text
        monkeypatch.undo()
        assert [tell_due(now=now), tell_due(now=now + timedelta(minutes=1))] == [0, 1]

    def test_one_run_is_bounded(self, now: datetime) -> None:
        for number in range(3):
            ask(spec_of(f"shop-{number}"), now=now)
        assert [tell_due(now=now, most=2), tell_due(now=now, most=2)] == [2, 1]

    def test_as_many_statements_for_many_people_as_for_few(
        self, now: datetime, django_assert_max_num_queries: Callable[..., Any]
    ) -> None:
        for number in range(20):
            person = User.objects.create(username=f"n{number}", email=f"n{number}@example.com")
            RoleAssignment.objects.create(user=person, role="network")
        ask(spec_of(), now=now)
        with django_assert_max_num_queries(28):
            tell_due(now=now)
        assert Notice.objects.filter(kind="waits").count() == 22


def wrong_for(event_id: int, known: Callable[[Any], Any], happened: Any) -> Any:
    if happened.event.pk == event_id:
        raise ZeroDivisionError
    return known(happened)


class TestPreferences:
    def test_who_wants_it_only_here_gets_no_mail(
        self, cast: dict[str, User], now: datetime
    ) -> None:
        NoticePreference.objects.create(person=cast["dana"], kind="waits", delivery="here")
        ask(spec_of(), now=now)
        tell_due(now=now)
        rows = Notice.objects.values_list("person__username", "mail_at")
        assert dict(rows) == {"dana": None, "pat": now}

    def test_what_protects_the_account_always_comes_by_mail(self, cast: dict[str, User]) -> None:
        for kind in (NoticeKind.SECURITY, NoticeKind.RESET_LINK):
            NoticePreference.objects.create(person=cast["bob"], kind=kind, delivery="here")
            assert telling.preferences(kind, [cast["bob"].pk]) == {cast["bob"].pk: Delivery.AT_ONCE}

    def test_who_has_no_address_is_told_here(self, cast: dict[str, User], now: datetime) -> None:
        User.objects.filter(username="dana").update(email="")
        ask(spec_of(), now=now)
        tell_due(now=now)
        assert Notice.objects.get(person=cast["dana"]).mail_at is None


class TestForgotten:
    def test_what_was_read_goes_after_ninety_days(self, now: datetime) -> None:
        ask(spec_of(), now=now)
        tell_due(now=now)
        Notice.objects.update(mail_at=None)
        Notice.objects.filter(person__username="dana").update(read_at=now)
        forget_old(now=now + timedelta(days=90))
        assert Notice.objects.count() == 2
        forget_old(now=now + timedelta(days=90, seconds=1))
        assert [*Notice.objects.values_list("person__username", flat=True)] == ["pat"]
        assert not OutboxEntry.objects.exists()

    def test_what_is_done_with_goes_after_ninety_days_though_it_was_not_read(
        self, now: datetime
    ) -> None:
        ask(spec_of(), now=now)
        tell_due(now=now)
        Notice.objects.update(mail_at=None)
        Notice.objects.filter(person__username="dana").update(settled_at=now)
        forget_old(now=now + timedelta(days=90, seconds=1))
        assert [*Notice.objects.values_list("person__username", flat=True)] == ["pat"]

    def test_what_was_never_read_goes_after_a_year(self, now: datetime) -> None:
        ask(spec_of(), now=now)
        tell_due(now=now)
        Notice.objects.filter(person__username="dana").update(mail_at=None)
        forget_old(now=now + timedelta(days=365))
        assert Notice.objects.count() == 2
        forget_old(now=now + timedelta(days=365, seconds=1))
        left = Notice.objects.values_list("person__username", flat=True)
        assert [*left] == ["pat"]  # whose mail has not gone out


class TestLifetimes:
    @pytest.fixture
    def row(self, now: datetime) -> ManagedNamespace:
        """One that ends in 30 days."""
        row = wanted(now=now)
        ManagedNamespace.objects.filter(pk=row.pk).update(expires_at=now + timedelta(days=30))
        row.refresh_from_db()
        return row

    def test_its_end_is_told_two_weeks_three_days_and_a_day_before_and_when_it_came(
        self, row: ManagedNamespace, now: datetime
    ) -> None:
        for hours in range(0, 32 * 24, 7):
            warn_of_ends(now=now + timedelta(hours=hours))
        late = now + timedelta(days=32)
        end = now + timedelta(days=30)
        soon = [title for _who, title in told(NoticeKind.ENDS_SOON, now=late)]
        assert soon == [f"payments-prod ends on {end.day} {end:%b %Y}"] * 3
        events = Event.objects.filter(action=Action.NAMESPACE_ENDS_SOON).order_by("id")
        assert [Happened(one).body["days"] for one in events] == [14, 3, 1]
        assert told(NoticeKind.ENDED, now=late) == [("alice", "payments-prod is past its end")]

    def test_what_was_missed_is_not_told_after_the_fact(
        self, row: ManagedNamespace, now: datetime
    ) -> None:
        assert warn_of_ends(now=now + timedelta(days=40)) == 1
        assert warn_of_ends(now=now + timedelta(days=41)) == 0

    def test_another_end_is_told_anew(self, row: ManagedNamespace, now: datetime) -> None:
        assert warn_of_ends(now=now + timedelta(days=29)) == 1
        ManagedNamespace.objects.update(expires_at=now + timedelta(days=60))
        assert warn_of_ends(now=now + timedelta(days=29)) == 0
        assert warn_of_ends(now=now + timedelta(days=59)) == 1

    def test_a_short_life_is_not_told_of_at_its_beginning(
        self, row: ManagedNamespace, now: datetime
    ) -> None:
        ManagedNamespace.objects.update(expires_at=now + timedelta(days=7))
        assert [warn_of_ends(now=now), warn_of_ends(now=now + timedelta(days=4))] == [0, 1]

    def test_of_two_who_tell_at_once_one_tells(self, row: ManagedNamespace, now: datetime) -> None:
        """Both found it not told yet."""
        at = now + timedelta(days=29)
        assert [lifetimes._tell(row, 1, now=at), lifetimes._tell(row, 1, now=at)] == [1, 0]
        assert Event.objects.filter(action=Action.NAMESPACE_ENDS_SOON).count() == 1

    def test_what_has_ended_is_not_warned_of(self, row: ManagedNamespace, now: datetime) -> None:
        said_of = said(row, Action.NAMESPACE_LOST, now)
        ManagedNamespace.objects.update(state="lost", last_event=said_of)
        assert warn_of_ends(now=now + timedelta(days=29)) == 0


def test_every_kind_has_its_words_and_somebody_who_is_told() -> None:
    assert set(KIND_WORDS) == set(NoticeKind)
    assert {kind for kind in TELLS.values() if kind} == set(NoticeKind)
