"""Mails on a real mail server: to the right people, once, whatever the server does."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.mail import EmailMessage
from django.db import transaction
from structlog.contextvars import clear_contextvars

from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.models import (
    ManagedNamespace,
    Membership,
    Notice,
    NoticePreference,
    Request,
    RoleAssignment,
    User,
)
from onboarding.queries.mail_trouble import undelivered
from onboarding.queries.notice_words import one_line
from onboarding.services import post
from onboarding.services.account_events import record_by_somebody
from onboarding.services.history import SYSTEM, about_namespace, record
from onboarding.services.lifetimes import warn_of_ends
from onboarding.services.mails import mail_of
from onboarding.services.post import post_due
from onboarding.services.second_factor import remove_second_factor
from onboarding.services.tell import tell_due
from tests.support.mail_server import MailServer, server, text_of
from tests.support.mails import tell
from tests.support.requests import send_back, spec_of, told_of, wanted

__all__ = ["server"]

pytestmark = pytest.mark.usefixtures("cast", "cluster")
ALICE, DANA, PAT = "alice@example.com", "dana@example.com", "pat@example.com"


def test_who_can_decide_a_request_is_told_of_it(server: MailServer, now: datetime) -> None:
    ask(spec_of(), now=now)
    assert tell(now=now) == 2
    assert server.subjects() == [
        (DANA, "Bulkhead: payments-prod waits for network approval"),
        (PAT, "Bulkhead: payments-prod waits for platform approval"),
    ]


def test_a_mail_says_what_why_and_where(server: MailServer, now: datetime) -> None:
    request = ask(spec_of(), now=now)
    tell(now=now)
    (message,) = server.to(DANA)
    for form in ("plain", "html"):
        text = text_of(message, form)
        assert "Takes card payments for the shop." in text
        assert f"http://testserver/approvals/{request.public_id}/" in text
        assert "You are told because you give this approval." in text
        assert "http://testserver/account/notices/" in text
    assert (message["Auto-Submitted"], message["From"]) == ("auto-generated", "bulkhead@localhost")
    assert message["List-Unsubscribe"] == "<http://testserver/account/notices/>"


def test_it_comes_once_however_often_workers_look(server: MailServer, now: datetime) -> None:
    ask(spec_of(), now=now)
    assert [tell(now=now) for _ in range(3)] == [2, 0, 0]
    assert len(server.taken) == 2


def test_of_two_workers_at_once_one_sends(
    server: MailServer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is at it, another looks; and what it finds is held."""
    ask(spec_of(), now=now)
    tell_due(now=now)
    others: list[int] = []

    def meanwhile(group: Sequence[Notice], *, now: datetime) -> EmailMessage:
        monkeypatch.setattr(post, "_written", written)
        others.append(post_due("worker-2", clock=lambda: now))
        return written(group, now=now)

    written = post._written
    monkeypatch.setattr(post, "_written", meanwhile)
    assert post_due("worker-1", clock=lambda: now) + sum(others) == 2
    assert sorted(len(server.to(address)) for address in (DANA, PAT)) == [1, 1]


def test_what_a_dead_worker_held_is_sent_after_its_lease(server: MailServer, now: datetime) -> None:
    ask(spec_of(), now=now)
    tell_due(now=now)
    Notice.objects.update(lease_owner="dead", lease_until=now + post.LEASE)
    assert post_due("worker-1", clock=lambda: now) == 0
    assert post_due("worker-1", clock=lambda: now + post.LEASE) == 2


def test_who_lost_the_lease_records_nothing(
    server: MailServer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(spec_of(), now=now)
    tell_due(now=now)

    def frozen(group: Sequence[Notice], *, now: datetime) -> EmailMessage:
        Notice.objects.filter(pk=group[0].pk).update(lease_owner="somebody else")
        return written(group, now=now)

    written = post._written
    monkeypatch.setattr(post, "_written", frozen)
    post_due("worker-1", clock=lambda: now)
    assert set(Notice.objects.values_list("lease_owner", flat=True)) == {"somebody else"}
    assert not Notice.objects.filter(sent_at__isnull=False).exists()


class TestServerAway:
    def test_actions_go_on_and_mails_come_after_once(
        self, server: MailServer, now: datetime
    ) -> None:
        server.stop()
        request = ask(spec_of(), now=now)
        for minute in range(0, 60, 5):
            assert tell(now=now + timedelta(minutes=minute)) == 0
        request = approve(request, "dana", Lane.NETWORK, now=now + timedelta(minutes=30))
        approve(request, "pat", Lane.PLATFORM, now=now + timedelta(minutes=31))
        server.start()
        back = now + timedelta(minutes=61)
        assert [tell(now=back), tell(now=back + timedelta(hours=2))] == [1, 0]
        # Who decided meanwhile is not told any more that it waits.
        assert server.subjects() == [(ALICE, "Bulkhead: payments-prod has all its approvals")]

    def test_nobody_waits_out_a_pause_once_it_is_back(
        self, server: MailServer, now: datetime
    ) -> None:
        server.stop()
        ask(spec_of(), now=now)
        for minute in range(0, 60, 5):
            tell(now=now + timedelta(minutes=minute))
        Notice.objects.filter(person__username="dana").update(mail_at=now + timedelta(minutes=59))
        Notice.objects.filter(person__username="pat").update(mail_at=now + timedelta(minutes=110))
        server.start()
        assert tell(now=now + timedelta(minutes=60)) == 2

    def test_one_try_in_a_run_and_ever_longer_pauses(
        self, server: MailServer, now: datetime
    ) -> None:
        server.stop()
        ask(spec_of(), now=now)
        tell(now=now)
        assert sorted(Notice.objects.values_list("attempts", flat=True)) == [0, 1]
        assert not Notice.objects.filter(lease_until__isnull=False).exists()
        failed = Notice.objects.get(attempts=1)
        assert failed.mail_at == now + timedelta(minutes=1)
        assert failed.by_server
        assert "refused" in failed.failed.lower()

    def test_what_was_claimed_and_not_tried_is_free_at_once(
        self, server: MailServer, now: datetime
    ) -> None:
        server.stop()
        for number in range(2):
            ask(spec_of(f"shop-{number}"), now=now)
        tell(now=now)
        assert not Notice.objects.exclude(lease_owner="").exists()
        server.start()
        assert tell(now=now) == 4

    def test_after_three_days_it_is_given_up(self, server: MailServer, now: datetime) -> None:
        server.stop()
        ask(spec_of(), now=now)
        tell(now=now)
        for _ in range(2):
            tell(now=now + timedelta(days=3, minutes=1))
        assert not Notice.objects.filter(mail_at__isnull=False).exists()
        assert Notice.objects.filter(gave_up_at__isnull=False).count() == 2


class TestRefused:
    def test_an_address_that_is_refused_for_good_is_given_up(
        self, server: MailServer, now: datetime
    ) -> None:
        server.refuses[DANA] = "550 No such mailbox"
        ask(spec_of(), now=now)
        assert tell(now=now) == 1
        row = Notice.objects.get(person__username="dana")
        assert (row.mail_at, row.gave_up_at, row.failed) == (None, now, "550 No such mailbox")

    def test_the_log_says_whose_mail_it_was_and_of_which_notice(
        self, server: MailServer, now: datetime, caplog: pytest.LogCaptureFixture
    ) -> None:
        clear_contextvars()  # a web process's lines say who acts in the same word
        server.refuses[DANA] = "550 No such mailbox"
        ask(spec_of(), now=now)
        tell(now=now)
        row = Notice.objects.get(person__username="dana")
        (line,) = [one for one in caplog.messages if "a mail did not go out" in one]
        assert re.search(rf"\bperson.+?{row.person_id}\b", line)
        assert f"[{row.pk}]" in line

    def test_one_that_is_refused_for_now_is_tried_again(
        self, server: MailServer, now: datetime
    ) -> None:
        server.refuses[DANA] = "450 Come back later"
        ask(spec_of(), now=now)
        assert tell(now=now) == 1
        server.refuses.clear()
        assert [tell(now=now), tell(now=now + timedelta(minutes=1))] == [0, 1]

    def test_what_cannot_stand_in_a_mail_is_given_up_and_keeps_no_other(
        self, server: MailServer, now: datetime
    ) -> None:
        User.objects.filter(username="dana").update(email="dana@example.com\nBcc: eve@example.com")
        ask(spec_of(), now=now)
        assert tell(now=now) == 1
        assert [addresses for addresses, _message in server.taken] == [[PAT]]

    def test_a_mistake_of_the_program_keeps_no_other(
        self, server: MailServer, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def wrong(group: Sequence[Notice], *, now: datetime) -> EmailMessage:
            if group[0].person.username == "dana":
                raise ZeroDivisionError
            return mail_of(group, now=now)

        monkeypatch.setattr(post, "mail_of", wrong)
        ask(spec_of(), now=now)
        assert tell(now=now) == 1

    def test_a_mistake_about_rights_keeps_no_other_and_is_tried_again(
        self, server: MailServer, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask(spec_of(), now=now)
        with monkeypatch.context() as while_wrong:
            while_wrong.setattr(post, "still_told", wrong_for_dana)
            assert tell(now=now) == 1
        row = Notice.objects.get(person__username="dana")
        assert (row.attempts, row.lease_owner, row.settled_at) == (1, "", None)
        assert "log says why" in row.failed
        assert [tell(now=now), tell(now=now + timedelta(minutes=1))] == [0, 1]

    def test_a_text_that_is_refused_for_good_is_given_up(
        self, server: MailServer, now: datetime
    ) -> None:
        server.refuses_text = "554 Message rejected"
        ask(spec_of(), now=now)
        assert tell(now=now) == 0
        rows = Notice.objects.values_list("mail_at", "gave_up_at", "failed", "by_server")
        assert [*rows] == [(None, now, "554 Message rejected", False)] * 2

    def test_a_text_that_is_refused_for_now_is_tried_again(
        self, server: MailServer, now: datetime
    ) -> None:
        server.refuses_text = "451 Come back later"
        ask(spec_of(), now=now)
        assert tell(now=now) == 0
        server.refuses_text = ""
        assert tell(now=now + timedelta(minutes=1)) == 2

    def test_a_refused_sender_is_tried_once_in_a_run_and_given_up_for_nobody(
        self, server: MailServer, now: datetime
    ) -> None:
        server.refuses_sender = "550 Sender unknown"
        ask(spec_of(), now=now)
        assert tell(now=now) == 0
        rows = Notice.objects.values_list("attempts", "by_server", "gave_up_at").order_by(
            "attempts"
        )
        assert [*rows] == [(0, False, None), (1, True, None)]
        server.refuses_sender = ""
        assert tell(now=now) == 2


def wrong_for_dana(notice: Notice) -> bool:
    if notice.person.username == "dana":
        raise KeyError("mistake")
    return True


def test_no_line_break_gets_into_a_head(server: MailServer, now: datetime) -> None:
    User.objects.filter(username="dana").update(first_name="Dana\r\nBcc: eve@example.com\r\n")
    row = ask(spec_of(), now=now)
    send_back(row, "dana", Lane.NETWORK, now=now)
    noted = Notice(title="a\r\nBcc: b\u2028c")
    assert one_line(noted.title) == "a Bcc: b c"
    assert one_line("a\x1b[31mb\x00") == "a [31mb"
    tell(now=now)
    assert {tuple(addresses) for addresses, _message in server.taken} == {(ALICE,)}
    assert all(message["Bcc"] is None for _addresses, message in server.taken)


def test_many_at_once_come_in_one_mail(server: MailServer, now: datetime) -> None:
    for number in range(4):
        ask(spec_of(f"shop-{number}"), now=now)
    assert tell(now=now) == 2
    (message,) = server.to(DANA)
    assert message["Subject"] == "Bulkhead: 4 approvals wait for you"
    assert text_of(message).count("http://testserver/approvals/") == 5
    for request in Request.objects.all():
        assert f"Team payments, {request.label}, cluster dev-eu." in text_of(message)


class TestDaily:
    @pytest.fixture(autouse=True)
    def _danas_choice(self, cast: dict[str, User]) -> None:
        NoticePreference.objects.create(person=cast["dana"], kind="waits", delivery="daily")

    def test_what_still_waits_comes_once_a_day_oldest_first(
        self, server: MailServer, now: datetime
    ) -> None:
        for number in range(2):
            ask(spec_of(f"shop-{number}"), now=now + timedelta(minutes=number))
        done = ask(spec_of("shop-done"), now=now)
        approve(done, "dana", Lane.NETWORK, now=now)
        tell(now=now + timedelta(hours=1))
        assert server.to(DANA) == []
        for hour in (22, 23, 46, 47):  # Wednesday and Thursday at seven
            tell(now=now + timedelta(hours=hour))
        first, second = server.to(DANA)
        assert first["Subject"] == "Bulkhead: 2 approvals wait for you"
        text = text_of(first)
        assert text.index("shop-0") < text.index("shop-1")
        assert "shop-done" not in text
        assert "You asked to be told of this once a day." in text_of(second)

    def test_where_nothing_waits_any_more_nothing_comes(
        self, server: MailServer, now: datetime
    ) -> None:
        row = ask(spec_of(), now=now)
        tell(now=now)
        approve(row, "dana", Lane.NETWORK, now=now)
        tell(now=now + timedelta(days=1))
        assert server.to(DANA) == []

    def test_who_has_lost_the_role_by_then_is_not_told(
        self, server: MailServer, now: datetime
    ) -> None:
        ask(spec_of(), now=now)
        tell(now=now)
        RoleAssignment.objects.filter(user__username="dana").delete()
        tell(now=now + timedelta(days=1))
        assert server.to(DANA) == []


class TestSecondThoughts:
    def test_a_link_is_no_longer_sent_to_who_is_switched_off(
        self, server: MailServer, cast: dict[str, User], now: datetime
    ) -> None:
        bob, body = cast["bob"], {"sent_to": "bob@example.com"}
        asked = Action.PASSWORD_RESET_ASKED
        record_by_somebody(asked, bob, ip=None, now=now, body={**body})
        tell_due(now=now)
        User.objects.filter(pk=bob.pk).update(is_active=False)
        assert post_due("worker-1", clock=lambda: now) == 0
        assert server.taken == []

    def test_who_is_switched_off_by_then_gets_nothing(
        self, server: MailServer, now: datetime
    ) -> None:
        ask(spec_of(), now=now)
        tell_due(now=now)
        User.objects.filter(username="dana").update(is_active=False)
        assert post_due("worker-1", clock=lambda: now) == 1
        assert server.to(DANA) == []

    def test_a_team_that_was_left_by_then_is_not_written_about(
        self, server: MailServer, now: datetime
    ) -> None:
        send_back(ask(spec_of(), now=now), "dana", Lane.NETWORK, now=now)
        tell_due(now=now)
        Membership.objects.filter(user__username="alice").delete()
        post_due("worker-1", clock=lambda: now)
        assert server.to(ALICE) == []

    @pytest.mark.parametrize(("days", "many"), [(30, 1), (60, 0)])
    def test_an_end_that_was_put_off_by_then_is_not_written_about(
        self, server: MailServer, days: int, many: int, now: datetime
    ) -> None:
        row, soon = wanted(now=now), now + timedelta(days=29)
        ends = ManagedNamespace.objects.filter(pk=row.pk)
        ends.update(expires_at=now + timedelta(days=30))
        warn_of_ends(now=soon)
        tell_due(now=soon)
        server.taken.clear()
        ends.update(expires_at=now + timedelta(days=days))
        Notice.objects.exclude(kind="ends-soon").update(mail_at=None)
        assert post_due("worker-1", clock=lambda: soon) == many == len(server.to(ALICE))

    @pytest.mark.parametrize(("state", "many"), [("blocked", 2), ("ready", 0)])
    def test_what_works_again_by_then_is_not_written_about_as_blocked(
        self, server: MailServer, state: str, many: int, now: datetime
    ) -> None:
        row = wanted(now=now)
        tell(now=now)
        with transaction.atomic():
            about = about_namespace(row)
            event = record(Action.NAMESPACE_BLOCKED, actor=SYSTEM, at=now, about=about)
            rows = ManagedNamespace.objects.filter(pk=row.pk)
            rows.update(state="blocked", last_event=event)
        tell_due(now=now)
        again = told_of(row, now=now)
        rows.update(state=state, last_event=again)
        assert post_due("worker-1", clock=lambda: now) == many

    def test_of_somebody_elses_account_no_former_platform_admin_is_told(
        self, server: MailServer, cast: dict[str, User], now: datetime
    ) -> None:
        admin = RoleAssignment.objects.create(user=cast["dana"], role="platform-admin")
        Authenticator.objects.create(user=cast["bob"], type=Authenticator.Type.TOTP, data={})
        by_pat = acting("pat").actor
        remove_second_factor(cast["bob"], checked="Called back.", actor=by_pat, now=now)
        tell_due(now=now)
        admin.delete()
        assert post_due("worker-1", clock=lambda: now) == 1
        assert [to for to, _subject in server.subjects()] == ["bob@example.com"]


def test_a_mail_sent_twice_is_one_mail_by_its_number(server: MailServer, now: datetime) -> None:
    """A worker that dies between the server's yes and its record sends it again."""
    ask(spec_of(), now=now)
    tell(now=now)
    Notice.objects.filter(person__username="dana").update(sent_at=None, mail_at=now)
    tell(now=now)
    first, second = server.to(DANA)
    assert first["Message-ID"] == second["Message-ID"]


def test_a_mail_that_fails_is_wrong_with_the_whole_after_ten_minutes(
    server: MailServer, now: datetime
) -> None:
    server.stop()
    ask(spec_of(), now=now)
    tell(now=now)
    assert undelivered(now=now + timedelta(minutes=9)).many == 0
    found = undelivered(now=now + timedelta(minutes=11))
    assert (found.many, found.since) == (1, now)
    server.start()
    tell(now=now + timedelta(minutes=11))
    assert undelivered(now=now + timedelta(minutes=30)).many == 0
