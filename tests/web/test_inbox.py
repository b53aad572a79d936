"""The inbox and what comes by mail: one's own only, by day, and right at any number."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from onboarding.demo.scenario import acting, ask
from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.domain.notices import NoticeKind
from onboarding.models import (
    Cluster,
    Membership,
    Notice,
    NoticePreference,
    Request,
    RoleAssignment,
    Team,
    User,
)
from onboarding.queries.inbox import kinds_for
from onboarding.queries.permissions import permissions_of
from onboarding.services.account_events import record_account
from onboarding.services.clock import database_now
from onboarding.services.comment import comment
from onboarding.services.history import SYSTEM, about_cluster, record
from onboarding.services.second_factor import remove_second_factor
from onboarding.services.tell import tell_due
from onboarding.templatetags.wording import exact
from tests.support.requests import send_back, spec_of, told_of

SignIn = Callable[..., Client]
pytestmark = pytest.mark.usefixtures("cast", "cluster")


def told(number: int = 1, *, at: datetime | None = None) -> None:
    """That many requests wait for Dana."""
    when = at or database_now()
    for one in range(number):
        ask(spec_of(f"shop-{one}"), now=when)
    tell_due(now=when)


def text(client: Client, path: str = "/inbox/") -> str:
    return client.get(path).content.decode()


def test_an_empty_inbox_says_what_will_stand_there(client_for: SignIn, frank: User) -> None:
    page = text(client_for(frank))
    assert "Nothing yet" in page
    assert "Mark all as read" not in page


def test_it_lists_what_the_person_was_told_by_day(client_for: SignIn, dana: User) -> None:
    told(at=database_now() - timedelta(days=1))
    page = text(client_for(dana))
    assert "Yesterday" in page
    assert "shop-0 waits for network approval" in page
    assert "Takes card payments for the shop." in page


def test_nobody_sees_what_others_were_told(client_for: SignIn, alice: User) -> None:
    told()
    assert "waits for network approval" not in text(client_for(alice))


def test_the_number_of_the_unread_stands_in_the_side_bar(client_for: SignIn, dana: User) -> None:
    told(2)
    browser = client_for(dana)
    assert 'Inbox<span class="count">2</span>' in text(browser, "/")
    browser.post("/inbox/read/", {"up_to": str(Notice.objects.latest("id").pk)})
    assert "Inbox</a>" in text(browser, "/")


def test_opening_a_notice_reads_it_and_leads_to_the_request(client_for: SignIn, dana: User) -> None:
    told()
    row = Notice.objects.get(person=dana)
    answer = client_for(dana).post(f"/inbox/{row.pk}/open/")
    assert answer.headers["Location"] == row.path
    assert client_for(dana).get(row.path).status_code == 200
    row.refresh_from_db()
    assert row.read_at is not None


def test_nobody_reads_a_notice_of_somebody_else(client_for: SignIn, erin: User, dana: User) -> None:
    told()
    row = Notice.objects.get(person=dana)
    assert client_for(erin).post(f"/inbox/{row.pk}/open/").status_code == 404
    row.refresh_from_db()
    assert row.read_at is None


def test_reading_changes_something_and_so_needs_a_form(client_for: SignIn, dana: User) -> None:
    told()
    browser = client_for(dana, enforce_csrf_checks=True)
    assert browser.get("/inbox/read/").status_code == 405
    assert browser.post("/inbox/read/", {"up_to": "9"}).status_code == 403
    assert Notice.objects.filter(person=dana, read_at__isnull=True).count() == 1


def test_what_came_after_the_page_stays_unread(client_for: SignIn, dana: User) -> None:
    told(2)
    first = Notice.objects.filter(person=dana).order_by("id")[0]
    client_for(dana).post("/inbox/read/", {"up_to": str(first.pk)})
    assert Notice.objects.filter(person=dana, read_at__isnull=True).count() == 1


@pytest.mark.parametrize("up_to", ["", "x", "9" * 30, "-1"])
def test_what_is_no_number_reads_nothing(client_for: SignIn, dana: User, up_to: str) -> None:
    told()
    assert client_for(dana).post("/inbox/read/", {"up_to": up_to}).status_code == 302
    assert Notice.objects.filter(person=dana, read_at__isnull=True).exists()


class TestRightsOfNow:
    @pytest.fixture(autouse=True)
    def _returned(self, cast: dict[str, User], cluster: Cluster) -> None:
        """What alice asked for waits for dana's approval, and then was returned to her."""
        now = database_now()
        row = ask(spec_of(), now=now)
        tell_due(now=now)
        send_back(row, "dana", Lane.NETWORK, now=now)
        tell_due(now=now)
        Notice.objects.update(read_at=None)

    def test_who_left_the_team_reads_nothing_of_it(
        self, client_for: SignIn, alice: User, cast: dict[str, User]
    ) -> None:
        browser, row = client_for(alice), Notice.objects.get(person=alice)
        assert "was returned" in text(browser)
        assert 'Inbox<span class="count">1</span>' in text(browser, "/")
        other = Team.objects.create(slug="others", access_group="g-others")
        Membership.objects.filter(user=alice).update(team=other)
        assert "was returned" not in text(browser)
        assert "Inbox</a>" in text(browser, "/")
        assert browser.post(f"/inbox/{row.pk}/open/").status_code == 404

    def test_who_lost_the_role_reads_nothing_of_what_it_showed(
        self, client_for: SignIn, dana: User
    ) -> None:
        browser = client_for(dana)
        assert "waits for network approval" in text(browser)
        RoleAssignment.objects.filter(user=dana).delete()
        assert "waits for network approval" not in text(browser)
        assert "Inbox</a>" in text(browser, "/")

    def test_who_lost_the_role_reads_nothing_of_what_was_said_to_them(
        self, client_for: SignIn, dana: User
    ) -> None:
        now, browser = database_now(), client_for(dana)
        request = ask(spec_of("shop"), now=now)
        for who in ("dana", "alice"):
            comment(request.pk, by=acting(who), text="Which port?", now=now)
        tell_due(now=now)
        assert "Alice wrote about shop" in text(browser)
        RoleAssignment.objects.filter(user=dana).delete()
        assert "Alice wrote about shop" not in text(browser)
        assert "Inbox</a>" in text(browser, "/")

    def test_who_gives_no_approval_any_more_is_not_waited_for_though_they_read_it_all(
        self, client_for: SignIn, dana: User
    ) -> None:
        browser = client_for(dana)
        assert 'Inbox<span class="count">1</span>' in text(browser, "/")
        RoleAssignment.objects.filter(user=dana).update(role="auditor")
        assert "waits for network approval" not in text(browser)
        assert "Inbox</a>" in text(browser, "/")

    def test_what_needs_a_platform_admin_is_for_those_of_now(
        self, client_for: SignIn, pat: User, cluster: Cluster
    ) -> None:
        now, browser = database_now(), client_for(pat)
        with transaction.atomic():
            record(Action.CLUSTER_UNGUARDED, actor=SYSTEM, at=now, about=about_cluster(cluster))
        tell_due(now=now)
        assert "dev-eu: found the guards" in text(browser)
        RoleAssignment.objects.filter(user=pat, role="platform-admin").delete()
        assert "waits for platform approval" in text(browser)
        assert "dev-eu: found the guards" not in text(browser)

    def test_what_concerns_the_account_is_read_without_any_right(
        self, client_for: SignIn, alice: User
    ) -> None:
        Membership.objects.filter(user=alice).delete()
        record_account(Action.PASSWORD_CHANGED, alice, ip=None, now=database_now())
        tell_due(now=database_now())
        browser = client_for(alice)
        assert "Your password was changed" in text(browser)
        assert 'Inbox<span class="count">1</span>' in text(browser, "/")

    def test_of_somebody_elses_account_only_platform_admins_read(
        self, client_for: SignIn, cast: dict[str, User]
    ) -> None:
        erin, bob, now = cast["erin"], cast["bob"], database_now()
        admin = RoleAssignment.objects.create(user=erin, role="platform-admin")
        Authenticator.objects.create(user=bob, type=Authenticator.Type.TOTP, data={})
        remove_second_factor(bob, checked="Called back.", actor=acting("pat").actor, now=now)
        tell_due(now=now)
        browser, row = client_for(erin), Notice.objects.get(person=erin)
        assert "Pat removed the second factor of Bob" in text(browser)
        admin.delete()  # erin gives security approval still
        assert "Pat removed the second factor of Bob" not in text(browser)
        assert "Inbox</a>" in text(browser, "/")
        assert browser.post(f"/inbox/{row.pk}/open/").status_code == 404
        assert "removed your second factor" in text(client_for(bob))


class TestFilter:
    def test_it_narrows_to_unread_and_to_a_kind(self, client_for: SignIn, alice: User) -> None:
        now = database_now()
        send_back(ask(spec_of(), now=now), "dana", Lane.NETWORK, now=now)
        tell_due(now=now)
        browser = client_for(alice)
        assert "was returned" in text(browser, "/inbox/?shown=unread&kind=returned")
        assert "No notice matches" in text(browser, "/inbox/?shown=read")

    @pytest.mark.parametrize("query", ["shown=gone", "kind=security", "q=1", "after=zzz"])
    def test_what_it_does_not_know_it_refuses_aloud(
        self, query: str, client_for: SignIn, dana: User
    ) -> None:
        told()
        answer = client_for(dana).get(f"/inbox/?{query}")
        assert answer.status_code == 422
        assert "waits for network approval" not in answer.content.decode()


def fill(person: User, number: int) -> None:
    """So many notices, each of an event of its own."""
    now = database_now()
    for _ in range(number):
        event = told_of(Request.objects.latest("id"), now=now, action="portal:request:submitted")
        Notice.objects.create(
            person=person, event=event, kind="waits", delivery="here", title="shop waits",
            created_at=now,
        )  # fmt: skip


def test_a_full_inbox_comes_in_pages_and_takes_no_more_statements(
    client_for: SignIn, dana: User
) -> None:
    told()
    browser, counts = client_for(dana), []
    for number in (1, 60):
        fill(dana, number)
        with CaptureQueriesContext(connection) as statements:
            page = text(browser)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8
    assert page.count("shop waits") == 2 * 50  # the words and the name of its button
    older = re.search(r'href="(\?after=[^"]+)"', page)
    assert older
    assert text(browser, f"/inbox/{older[1]}").count("shop waits") == 2 * 11


class TestPreferences:
    PATH = "/account/notices/"

    def test_each_chooses_among_what_they_can_be_told(
        self, client_for: SignIn, dana: User, bob: User, frank: User
    ) -> None:
        assert "waits for your approval" in text(client_for(dana), self.PATH)
        assert "waits for your approval" not in text(client_for(bob), self.PATH)
        assert "there is nothing to choose" in text(client_for(frank), self.PATH)

    def test_a_platform_admin_chooses_about_conversations(self, erin: User) -> None:
        RoleAssignment.objects.filter(user=erin).update(role="platform-admin")
        assert NoticeKind.COMMENTED in kinds_for(erin, permissions_of(erin))

    def test_a_former_lead_with_a_role_chooses_about_what_they_asked_for(
        self, alice: User, now: datetime
    ) -> None:
        ask(spec_of(), now=now)
        Membership.objects.filter(user=alice).delete()
        assert kinds_for(alice, permissions_of(alice)) == ()
        RoleAssignment.objects.create(user=alice, role="auditor")
        assert {*kinds_for(alice, permissions_of(alice))} == {
            NoticeKind.COMMENTED, NoticeKind.RETURNED, NoticeKind.REJECTED, NoticeKind.APPROVED,
            NoticeKind.CLOSED, NoticeKind.READY,
        }  # fmt: skip

    def test_a_former_approver_with_a_role_chooses_about_what_they_talked_about(
        self, dana: User, now: datetime
    ) -> None:
        comment(ask(spec_of(), now=now).pk, by=acting("dana"), text="Which port?", now=now)
        RoleAssignment.objects.filter(user=dana).update(role="auditor")
        assert kinds_for(dana, permissions_of(dana)) == (NoticeKind.COMMENTED,)

    def test_a_choice_is_kept_and_taken_back(self, client_for: SignIn, dana: User) -> None:
        browser = client_for(dana)
        browser.post(self.PATH, {"waits": "daily", "commented": "at-once"})
        rows = NoticePreference.objects.values_list("person", "kind", "delivery")
        assert [*rows] == [(dana.pk, "waits", "daily")]
        assert '<option value="daily" selected>' in text(browser, self.PATH)
        browser.post(self.PATH, {"waits": "at-once", "commented": "at-once"})
        assert not NoticePreference.objects.exists()

    @pytest.mark.parametrize(
        "form",
        [
            {"waits": "never", "commented": "at-once"},
            {"waits": "daily"},
        ],
    )
    def test_what_is_no_choice_is_said(
        self, form: dict[str, str], client_for: SignIn, dana: User
    ) -> None:
        assert client_for(dana).post(self.PATH, form).status_code == 422
        assert not NoticePreference.objects.exists()

    def test_what_protects_the_account_is_no_choice(self, client_for: SignIn, dana: User) -> None:
        form = {"waits": "daily", "commented": "here", "security": "here"}
        client_for(dana).post(self.PATH, form)
        assert not NoticePreference.objects.filter(kind="security").exists()

    def test_a_mail_that_was_not_delivered_is_said(self, client_for: SignIn, dana: User) -> None:
        told()
        now = database_now()
        rows = Notice.objects.filter(person=dana)
        rows.update(failed="550 No such mailbox", gave_up_at=now, mail_at=None)
        page = text(client_for(dana), self.PATH)
        assert "550 No such mailbox" in page
        assert "Look whether your email address is right." in page
        assert f"It was due {exact(rows[0].due_at)}." in page
        assert "550 No such mailbox" not in text(client_for(dana), "/inbox/")

    @pytest.mark.parametrize(
        ("state", "is_told"),
        [
            ({"mail_at": "now"}, True),
            ({"settled_at": "now"}, False),  # refused for now, and then nothing waited any more
            ({"gave_up_at": "now"}, True),
            ({"gave_up_at": "earlier"}, False),  # others came since
        ],
    )
    def test_it_is_said_only_while_it_is_so(
        self, state: dict[str, str], is_told: bool, client_for: SignIn, dana: User
    ) -> None:
        told(2)
        at = {"now": database_now(), "earlier": database_now() - timedelta(days=2)}
        first, second = Notice.objects.filter(person=dana).order_by("id")
        came = at["now"] - timedelta(days=1)
        Notice.objects.filter(pk=first.pk).update(sent_at=came, mail_at=None)
        failed = {"failed": "450 Later", "mail_at": None} | {k: at[v] for k, v in state.items()}
        Notice.objects.filter(pk=second.pk).update(**failed)
        assert ("450 Later" in text(client_for(dana), self.PATH)) is is_told


def test_account_security_is_one_name(client_for: SignIn, dana: User) -> None:
    browser = client_for(dana)
    page = text(browser, "/accounts/2fa/")
    assert "<title>Account security" in page
    assert "Two-Factor" not in page
    assert page.count("Account security") >= 3  # link, title, heading
