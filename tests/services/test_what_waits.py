"""What waits for an approver is told until it is decided: sent again, each day, and all of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from onboarding import tasks
from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.domain.notices import Delivery, NoticeKind
from onboarding.management.commands.reconcile import start_loops
from onboarding.models import (
    Membership,
    Notice,
    NoticePreference,
    Request,
    RoleAssignment,
    Team,
    User,
)
from onboarding.queries.permissions import permissions_of
from onboarding.queries.requests import waiting_count
from onboarding.services import post
from onboarding.services.clock import database_now
from onboarding.services.history import SYSTEM, about_namespace, record
from onboarding.services.inbox import choose_deliveries
from onboarding.services.loops import Loops
from onboarding.services.mails import Obsolete, mail_of
from onboarding.services.post import post_due
from onboarding.services.submit import submit
from onboarding.services.take_over import take_over
from onboarding.services.tell import tell_due
from onboarding.services.tell_waiting import tell_of_what_waits
from tests.support.mail_server import MailServer, server, text_of
from tests.support.mails import tell
from tests.support.requests import send_back, spec_of, wanted, wish_of

__all__ = ["server"]

pytestmark = pytest.mark.usefixtures("cast", "cluster")
CHARLIE, DANA = "charlie@example.com", "dana@example.com"
DAY = timedelta(days=1)


def send_again(request: Request, username: str, *, now: datetime) -> Request:
    request.refresh_from_db()
    wish = wish_of(spec_of(purpose="Looked at again."))
    return submit(wish, by=acting(username), form_key="again", now=now, request=request)


def waits_for(username: str) -> list[str]:
    rows = Notice.objects.filter(person__username=username, kind="waits", settled_at=None)
    return [*rows.order_by("title").values_list("title", flat=True)]


def appoint(person: User, *, delivery: str = "at-once") -> None:
    RoleAssignment.objects.create(user=person, role="network")
    NoticePreference.objects.create(person=person, kind="waits", delivery=delivery)


def daily(username: str) -> None:
    person = User.objects.get(username=username)
    NoticePreference.objects.create(person=person, kind="waits", delivery="daily")


class Started(Loops):
    """Starts no thread, and knows what each would do."""

    def __init__(self) -> None:
        super().__init__()
        self.works: dict[str, Callable[[], object]] = {}

    def start(self, name: str, work: Callable[[], object], *, every: object) -> None:
        self.works[name] = work


class TestSentAgain:
    def test_after_a_return_every_approver_is_told_anew(
        self, server: MailServer, now: datetime
    ) -> None:
        row = ask(spec_of(), now=now)
        tell(now=now)
        send_back(row, "dana", Lane.NETWORK, now=now)
        tell(now=now)
        server.taken.clear()
        send_again(row, "alice", now=now)
        tell(now=now)
        assert [to for to, _subject in server.subjects()] == [DANA, "pat@example.com"]
        assert "Alice edited it and sent it again." in text_of(server.to(DANA)[0])

    def test_it_waits_for_one_person_once(self, now: datetime) -> None:
        row = ask(spec_of(), now=now)
        send_back(row, "pat", Lane.PLATFORM, now=now)
        send_again(row, "alice", now=now)
        tell_due(now=now)
        assert Notice.objects.filter(person__username="dana", kind="waits").count() == 2
        assert waits_for("dana") == ["payments-prod waits for network approval"]

    def test_who_has_decided_it_then_is_done_with_it(self, now: datetime) -> None:
        row = ask(spec_of(), now=now)
        send_back(row, "pat", Lane.PLATFORM, now=now)
        row = send_again(row, "alice", now=now)
        tell_due(now=now)
        approve(row, "dana", Lane.NETWORK, now=now)
        tell_due(now=now)
        assert waits_for("dana") == []

    def test_after_it_was_taken_over_too(self, cast: dict[str, User], now: datetime) -> None:
        row = ask(spec_of(), now=now)
        tell_due(now=now)
        User.objects.filter(username="alice").update(is_active=False)
        Membership.objects.filter(user=cast["bob"]).update(role="lead")
        row = take_over(row.pk, by=acting("bob"), now=now)
        tell_due(now=now)
        assert waits_for("dana") == []
        send_again(row, "bob", now=now)
        tell_due(now=now)
        assert waits_for("dana") == ["payments-prod waits for network approval"]


class TestDaily:
    def test_each_days_mail_is_another_one(self, server: MailServer, now: datetime) -> None:
        daily("dana")
        ask(spec_of(), now=now)
        tell(now=now)
        for day in (1, 2):
            tell(now=now + day * DAY)
        first, second = server.to(DANA)
        assert first["Message-ID"] != second["Message-ID"]

    def test_tries_of_one_day_are_one_mail(self, server: MailServer, now: datetime) -> None:
        daily("dana")
        ask(spec_of(), now=now)
        tell_due(now=now)
        (row,) = Notice.objects.filter(person__username="dana")
        first = mail_of([row], now=now + DAY)
        Notice.objects.filter(pk=row.pk).update(mail_at=now + DAY + timedelta(minutes=5))
        row.refresh_from_db()
        second = mail_of([row], now=now + DAY)
        assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]

    def test_what_is_decided_while_its_mail_goes_out_comes_no_more(
        self, server: MailServer, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        daily("dana")
        row = ask(spec_of(), now=now)
        tell(now=now)

        def meanwhile(mail: Any) -> None:
            approve(row, "dana", Lane.NETWORK, now=now + DAY)
            tell_due(now=now + DAY)
            deliver(mail)

        deliver = post.deliver
        monkeypatch.setattr(post, "deliver", meanwhile)
        post_due("worker-1", clock=lambda: now + DAY)
        assert len(server.to(DANA)) == 1
        assert not Notice.objects.filter(person__username="dana", mail_at__isnull=False).exists()

    def test_it_is_one_mail_however_much_waits(
        self, server: MailServer, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(post, "CLAIMED", 2)
        daily("dana")
        for number in range(5):
            ask(spec_of(f"shop-{number}"), now=now)
        tell(now=now)
        tell(now=now + DAY)
        assert [one["Subject"] for one in server.to(DANA)] == ["Bulkhead: 5 approvals wait for you"]


class TestAllOfIt:
    def test_the_mail_counts_what_waits_and_not_what_was_told(
        self, server: MailServer, cast: dict[str, User], now: datetime
    ) -> None:
        for number in range(3):
            ask(spec_of(f"old-{number}"), now=now)
        tell_due(now=now)
        appoint(cast["charlie"], delivery="daily")
        for number in range(2):
            ask(spec_of(f"new-{number}"), now=now + timedelta(minutes=1))
        tell(now=now + timedelta(minutes=1))
        tell(now=now + DAY)
        (message,) = server.to(CHARLIE)
        assert message["Subject"] == "Bulkhead: 5 approvals wait for you"
        text = text_of(message)
        assert text.index("old-2 waits for network approval") < text.index("new-0 waits for")
        assert waiting_count(permissions_of(cast["charlie"])) == 5

    def test_a_daily_mail_of_one_says_what_else_waits(
        self, server: MailServer, cast: dict[str, User], now: datetime
    ) -> None:
        ask(spec_of("old"), now=now)
        tell_due(now=now)
        appoint(cast["charlie"], delivery="daily")
        ask(spec_of("new"), now=now)
        tell(now=now)
        tell(now=now + DAY)
        assert server.to(CHARLIE)[0]["Subject"] == "Bulkhead: 2 approvals wait for you"

    def test_where_nothing_waits_by_then_there_is_no_mail(self, now: datetime) -> None:
        rows = [ask(spec_of(f"shop-{number}"), now=now) for number in range(2)]
        tell_due(now=now)
        told = [*Notice.objects.filter(person__username="dana")]
        for row in rows:
            approve(row, "dana", Lane.NETWORK, now=now)
        with pytest.raises(Obsolete):
            mail_of(told, now=now)


class TestNewApprover:
    def test_who_is_appointed_is_told_what_waits(
        self, cast: dict[str, User], now: datetime
    ) -> None:
        ask(spec_of(), now=now)
        tell_due(now=now)
        appoint(cast["charlie"])
        tell_of_what_waits(now=now)
        tell_of_what_waits(now=now)
        assert waits_for("charlie") == ["payments-prod waits for network approval"]
        assert Notice.objects.filter(kind="waits").count() == 3

    def test_who_was_told_already_is_not_told_anew(self, now: datetime) -> None:
        ask(spec_of(), now=now)
        tell_due(now=now)
        Notice.objects.update(mail_at=None)
        assert tell_of_what_waits(now=now) == 0
        assert not Notice.objects.filter(mail_at__isnull=False).exists()

    def test_who_has_the_role_again_is_told_again(
        self, cast: dict[str, User], now: datetime
    ) -> None:
        row = ask(spec_of(), now=now)
        appoint(cast["charlie"])
        tell_due(now=now)
        RoleAssignment.objects.filter(user=cast["dana"]).delete()
        approve(row, "pat", Lane.PLATFORM, now=now)
        tell_due(now=now)
        assert waits_for("dana") == []
        RoleAssignment.objects.create(user=cast["dana"], role="network")
        tell_of_what_waits(now=now)
        again = Notice.objects.get(person=cast["dana"])
        assert (again.settled_at, again.read_at, again.mail_at) == (None, None, now)

    def test_who_left_the_team_is_told_what_they_can_decide_now(
        self, cast: dict[str, User], payments: Team, now: datetime
    ) -> None:
        Membership.objects.create(user=cast["charlie"], team=payments)
        appoint(cast["charlie"])
        ask(spec_of(), now=now)
        tell_due(now=now)
        assert waits_for("charlie") == []
        Membership.objects.filter(user=cast["charlie"], team=payments).delete()
        tell_of_what_waits(now=now)
        assert waits_for("charlie") == ["payments-prod waits for network approval"]

    def test_the_hourly_task_does_it(self, cast: dict[str, User]) -> None:
        now = database_now()
        ask(spec_of(), now=now)
        tell_due(now=now)
        appoint(cast["charlie"])
        tasks.expire_requests()
        assert waits_for("charlie") == ["payments-prod waits for network approval"]

    def test_the_sweeper_does_it_too(self, cast: dict[str, User], now: datetime) -> None:
        ask(spec_of(), now=now)
        tell_due(now=now)
        appoint(cast["charlie"])
        loops = Started()
        start_loops(loops, workers=0)
        loops.works["waits"]()
        assert waits_for("charlie") == ["payments-prod waits for network approval"]

    def test_what_does_not_wait_for_them_any_more_is_settled(
        self, cast: dict[str, User], payments: Team, now: datetime
    ) -> None:
        ask(spec_of(), now=now)
        tell_due(now=now)
        Membership.objects.create(user=cast["dana"], team=payments)
        assert tell_of_what_waits(now=now) == 0
        assert waits_for("dana") == []
        assert waits_for("pat") == ["payments-prod waits for platform approval"]

    def test_one_run_is_bounded(self, cast: dict[str, User], now: datetime) -> None:
        for number in range(3):
            ask(spec_of(f"shop-{number}"), now=now)
        tell_due(now=now)
        appoint(cast["charlie"])
        assert [tell_of_what_waits(now=now, most=2) for _ in range(3)] == [3, 1, 0]


class TestOtherChoice:
    """What a person chooses holds for what was told before and still waits."""

    @pytest.mark.parametrize(("choice", "many"), [(Delivery.HERE, 1), (Delivery.AT_ONCE, 1)])
    def test_a_daily_mail_that_is_switched_off_ends(
        self, server: MailServer, cast: dict[str, User], choice: Delivery, many: int, now: datetime
    ) -> None:
        daily("dana")
        ask(spec_of(), now=now)
        tell(now=now)
        tell(now=now + DAY)
        choose_deliveries({NoticeKind.WAITS: choice}, person=cast["dana"], now=now + DAY)
        for day in (1, 2, 3):
            tell(now=now + day * DAY)
        assert len(server.to(DANA)) == many

    def test_what_has_still_to_come_comes_at_once(
        self, server: MailServer, cast: dict[str, User], now: datetime
    ) -> None:
        daily("dana")
        ask(spec_of(), now=now)
        tell(now=now)
        chosen = {NoticeKind.WAITS: Delivery.AT_ONCE}
        choose_deliveries(chosen, person=cast["dana"], now=now)
        tell(now=now)
        assert len(server.to(DANA)) == 1

    def test_what_waits_comes_with_the_daily_mail_from_now_on(
        self, server: MailServer, cast: dict[str, User], now: datetime
    ) -> None:
        ask(spec_of(), now=now)
        tell(now=now)
        chosen = {NoticeKind.WAITS: Delivery.DAILY}
        choose_deliveries(chosen, person=cast["dana"], now=now)
        tell(now=now + DAY)
        assert len(server.to(DANA)) == 2
        assert not Notice.objects.filter(person__username="pat", delivery="daily").exists()

    def test_what_is_done_with_stays_so(self, cast: dict[str, User], now: datetime) -> None:
        row = ask(spec_of(), now=now)
        tell_due(now=now)
        approve(row, "dana", Lane.NETWORK, now=now)
        tell_due(now=now)
        chosen = {NoticeKind.WAITS: Delivery.DAILY}
        choose_deliveries(chosen, person=cast["dana"], now=now)
        assert not Notice.objects.filter(person=cast["dana"], mail_at__isnull=False).exists()

    def test_news_that_are_over_come_as_is_chosen_as_well(
        self, cast: dict[str, User], now: datetime
    ) -> None:
        """A change outside is mailed though it was put back."""
        row = wanted(now=now)
        with transaction.atomic():
            record(Action.DEVIATION_SEEN, actor=SYSTEM, at=now, about=about_namespace(row))
        tell_due(now=now)
        told = Notice.objects.filter(person=cast["alice"], kind="drifted")
        assert [*told.values_list("settled_at", "mail_at")] == [(now, now)]
        choose_deliveries({NoticeKind.DRIFTED: Delivery.HERE}, person=cast["alice"], now=now)
        assert [*told.values_list("delivery", "mail_at")] == [("here", None)]
