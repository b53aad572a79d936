"""Mails about accounts, caught by a real mail server: their links work, and go where they must."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.db import transaction
from django.test import Client

from onboarding.demo.people import DEMO_PASSWORD
from onboarding.demo.scenario import acting, ask
from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.models import Event, Notice, RoleAssignment, User
from onboarding.services.account_events import record_account, record_by_somebody
from onboarding.services.clock import database_now
from onboarding.services.history import about_user, record
from onboarding.services.people import (
    PersonDetails,
    change_person,
    details_of,
    invite_again,
    invite_person,
    record_invitation,
    version_of,
)
from onboarding.services.post import post_due
from onboarding.services.second_factor import remove_second_factor
from onboarding.services.tell import tell_due
from tests.support.fake_cluster import FakeCluster
from tests.support.mail_server import MailServer, server, text_of
from tests.support.mails import tell
from tests.support.requests import ready, reject, send_back, spec_of
from tests.web.account_pages import SEED, AtAccounts

__all__ = ["server"]

pytestmark = pytest.mark.usefixtures("server")

SignIn = Callable[..., Client]
Browse = Callable[..., AtAccounts]
BOB, NEW = "bob@example.com", "robert@example.com"
NEW_PASSWORD = "correct-horse-battery"


def links_in(text: str) -> list[str]:
    """Every page of the portal that a mail leads to."""
    return re.findall(r"http://testserver(/[^\s\"<]*)", text)


def change_password(browser: AtAccounts) -> None:
    form = {
        "oldpassword": DEMO_PASSWORD,
        "password1": NEW_PASSWORD,
        "password2": NEW_PASSWORD,
    }
    browser.send("account_change_password", form)


def move(person: User, address: str) -> None:
    """Pat gives the person another address."""
    before = details_of(person)
    change_person(
        person.pk, replace(before, email=address), version=version_of(before), by=acting("pat"),
        now=database_now(),
    )  # fmt: skip


def test_every_link_in_a_mail_opens_for_who_gets_it(
    server: MailServer, cluster: Any, fake: FakeCluster, client_for: SignIn, cast: dict[str, User]
) -> None:
    now = database_now()
    ready(spec_of("shop-a"), now=now)
    send_back(ask(spec_of("shop-b"), now=now), "dana", Lane.NETWORK, now=now)
    reject(ask(spec_of("shop-c"), now=now), "dana", Lane.NETWORK, now=now)
    ask(spec_of("shop-d"), now=now)
    tell(now=now)
    assert len(server.taken) >= 3
    for addresses, message in server.taken:
        browser = client_for(User.objects.get(email=addresses[0]))
        for form in ("plain", "html"):
            found = {link for link in links_in(text_of(message, form)) if link}
            assert {browser.get(link).status_code for link in found} == {200}


class TestResetLink:
    def asked(self, at_accounts: Browse) -> AtAccounts:
        browser = at_accounts()
        browser.send("account_reset_password", {"email": BOB})
        return browser

    def test_it_works_once_and_stands_nowhere_in_the_database(
        self, server: MailServer, at_accounts: Browse, bob: User
    ) -> None:
        browser = self.asked(at_accounts)
        (message,) = server.to(BOB)
        assert message["Subject"] == "Bulkhead: Choose a new password"
        (link,) = {one for one in links_in(text_of(message)) if "/reset/key/" in one}
        key = link.rpartition("-")[2].strip("/")
        rows = [*Notice.objects.values_list(), *Event.objects.values_list()]
        assert key not in repr(rows)
        page = browser.client.get(link, follow=True)
        form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        browser.client.post(page.redirect_chain[-1][0], form)
        bob.refresh_from_db()
        assert bob.check_password(NEW_PASSWORD)

    def test_it_speaks_the_products_words(self, server: MailServer, at_accounts: Browse) -> None:
        self.asked(at_accounts)
        (message,) = server.to(BOB)
        text = text_of(message)
        assert "Your user name is bob." in text
        assert "your password stays as it is" in text
        assert "Hello from" not in text + str(message["Subject"])
        assert message["List-Unsubscribe"] is None

    def test_it_is_no_notice_of_the_inbox(
        self, at_accounts: Browse, client_for: SignIn, bob: User
    ) -> None:
        self.asked(at_accounts)
        assert "Nothing yet" in client_for(bob).get("/inbox/").content.decode()

    def test_the_page_waits_for_no_mail_server(
        self, server: MailServer, at_accounts: Browse, bob: User
    ) -> None:
        server.stop()
        self.asked(at_accounts)
        server.start()
        later = database_now() + timedelta(minutes=2)
        tell_due(now=later)
        assert post_due("worker-1", clock=lambda: later) == 1
        assert len(server.to(BOB)) == 1

    def test_none_goes_to_an_address_that_is_the_accounts_no_more(
        self, server: MailServer, cast: dict[str, User], bob: User
    ) -> None:
        self.wish(bob, BOB)
        move(bob, NEW)
        tell()
        assert "Bulkhead: Choose a new password" not in dict(server.subjects()).values()

    def test_it_goes_to_a_further_address_that_is_verified(
        self, server: MailServer, bob: User
    ) -> None:
        bob.emailaddress_set.create(email=NEW, verified=True)
        self.wish(bob, NEW)
        assert tell() == len(server.to(NEW)) == 1

    def test_it_goes_to_no_further_address_that_nobody_verified(
        self, server: MailServer, bob: User
    ) -> None:
        bob.emailaddress_set.create(email=NEW, verified=False)
        self.wish(bob, NEW)
        assert tell() == len(server.taken) == 0

    def wish(self, person: User, address: str) -> None:
        """Somebody asks for a link, and no worker was there yet."""
        asked, body = Action.PASSWORD_RESET_ASKED, {"sent_to": address}
        record_by_somebody(asked, person, ip=None, now=database_now(), body={**body})


class TestAddresses:
    def test_one_that_an_admin_sets_is_told_to_both(
        self, server: MailServer, cast: dict[str, User], client: Client, bob: User
    ) -> None:
        bob.emailaddress_set.create(email=BOB, verified=True, primary=True)
        move(bob, NEW)
        tell()
        (old,), (new,) = server.to(BOB), server.to(NEW)
        assert f"The account’s address changed from {BOB} to {NEW}." in text_of(old)
        assert "Fields:" not in text_of(old)
        assert "Pat made this the address of Bob." in text_of(new)
        (link,) = {one for one in links_in(text_of(new)) if "confirm-email" in one}
        client.post(link)
        assert bob.emailaddress_set.filter(email=NEW, verified=True).exists()

    def test_the_link_to_confirm_goes_to_the_new_one_and_works(
        self, server: MailServer, at_accounts: Browse, bob: User
    ) -> None:
        browser = at_accounts(bob)
        browser.address(NEW)
        (message,) = server.to(NEW)
        assert message["Subject"] == "Bulkhead: Confirm your address"
        (link,) = {one for one in links_in(text_of(message)) if "confirm-email" in one}
        browser.client.post(link)
        assert bob.emailaddress_set.filter(email=NEW, verified=True).exists()

    def test_one_that_is_confirmed_by_then_gets_no_link(
        self, server: MailServer, at_accounts: Browse, bob: User
    ) -> None:
        server.stop()
        at_accounts(bob).address(NEW)
        bob.emailaddress_set.filter(email=NEW).update(verified=True)
        server.start()
        tell(now=database_now() + timedelta(minutes=2))
        assert server.to(NEW) == []

    def test_what_happened_before_is_told_to_the_old_address(
        self, server: MailServer, at_accounts: Browse, bob: User
    ) -> None:
        """Who takes an account over changes its address next; the mail was not out yet."""
        browser = at_accounts(bob)
        browser.address(NEW)
        server.taken.clear()  # the link to confirm it
        server.stop()
        change_password(browser)
        browser.confirm(NEW_PASSWORD)
        browser.address(NEW, "action_primary")
        server.start()
        tell(now=database_now() + timedelta(minutes=2))
        assert server.to(NEW) == []
        (message,) = server.to(BOB)
        assert "Your password was changed" in str(message["Subject"])
        assert f"from {BOB} to {NEW}" in text_of(message)


class TestInvitation:
    def test_it_leads_to_where_the_person_chooses_a_password(
        self, server: MailServer, client: Client, cast: dict[str, User]
    ) -> None:
        now = database_now()
        gina = User.objects.create(username="gina", email="gina@example.com", password="!")
        with transaction.atomic():
            record_invitation(gina, acting("pat").actor, now)
        tell(now=now)
        (message,) = server.to("gina@example.com")
        text = text_of(message)
        assert message["Subject"] == "Bulkhead: You are invited"
        assert "Pat made an account for you." in text
        assert "Your user name is gina." in text
        (link,) = {one for one in links_in(text) if one}
        assert "password" in client.get(link, follow=True).content.decode()

    def test_one_that_was_accepted_by_then_is_not_sent(
        self, server: MailServer, cast: dict[str, User], bob: User
    ) -> None:
        now = database_now()
        with transaction.atomic():
            record_invitation(bob, acting("pat").actor, now)
        assert tell(now=now) == 0

    def test_none_goes_to_an_address_that_was_corrected_by_then(
        self, server: MailServer, cast: dict[str, User]
    ) -> None:
        now = database_now()
        wrong = PersonDetails("Ina", "ina", "typo@evil.example", {}, frozenset())
        ina = invite_person(wrong, by=acting("pat"), now=now)
        move(ina, "ina@example.com")
        tell()
        assert [address for address, what in server.subjects() if "invited" in what] == [
            "ina@example.com"
        ]

    def test_none_goes_to_an_address_that_is_the_accounts_no_more(
        self, server: MailServer, cast: dict[str, User]
    ) -> None:
        now = database_now()
        wrong = PersonDetails("Ina", "ina", "typo@evil.example", {}, frozenset())
        ina = invite_person(wrong, by=acting("pat"), now=now)
        User.objects.filter(pk=ina.pk).update(email="ina@example.com")
        tell()
        assert server.taken == []

    def test_one_that_waits_is_not_sent_beside_a_newer_one(
        self, server: MailServer, cast: dict[str, User]
    ) -> None:
        now = database_now()
        wanted = PersonDetails("Ina", "ina", "ina@example.com", {}, frozenset())
        ina = invite_person(wanted, by=acting("pat"), now=now)
        tell_due(now=now)
        invite_again(ina.pk, by=acting("pat"), now=now)
        assert not Notice.objects.filter(mail_at__isnull=False, kind="invited").exists()
        tell()
        assert len(server.to("ina@example.com")) == 1

    def test_of_two_before_the_post_runs_the_newer_one_is_sent(
        self, server: MailServer, cast: dict[str, User]
    ) -> None:
        now = database_now()
        wanted = PersonDetails("Ina", "ina", "ina@example.com", {}, frozenset())
        ina = invite_person(wanted, by=acting("pat"), now=now)
        invite_again(ina.pk, by=acting("pat"), now=now)
        tell()
        assert len(server.to("ina@example.com")) == 1


class TestSecurity:
    def test_another_password_is_told_with_where_it_came_from(
        self, server: MailServer, at_accounts: Browse, bob: User
    ) -> None:
        change_password(at_accounts(bob))
        (message,) = server.to(BOB)
        assert message["Subject"] == "Bulkhead: Your password was changed"
        for form in ("plain", "html"):
            text = text_of(message, form)
            assert "192.0.2.1" in text
            assert "tell a platform admin at once" in text

    def test_who_is_switched_off_gets_no_mail_about_it(
        self, server: MailServer, at_accounts: Browse, bob: User
    ) -> None:
        User.objects.filter(pk=bob.pk).update(is_active=False)
        record_account(Action.PASSWORD_CHANGED, bob, ip=None, now=database_now())
        assert tell() == 0
        assert not Notice.objects.exists()

    def test_a_second_factor_that_an_admin_removed_is_told(
        self, server: MailServer, cast: dict[str, User], bob: User
    ) -> None:
        TOTP.activate(bob, SEED)
        now = database_now()
        RoleAssignment.objects.create(user=cast["frank"], role="platform-admin")
        by_pat = acting("pat").actor
        remove_second_factor(bob, checked="Called back.", actor=by_pat, now=now)
        tell(now=now)
        assert sorted(server.subjects()) == [
            (BOB, "Bulkhead: A platform admin removed your second factor"),
            ("frank@example.com", "Bulkhead: Pat removed the second factor of Bob"),
        ]
        (message,) = server.to("frank@example.com")
        assert "because you are a platform admin" in text_of(message)
        assert f"/people/{bob.pk}/" in text_of(message)

    def test_an_invitation_is_mailed_with_a_link_that_works_once(
        self, server: MailServer, cast: dict[str, User], client: Client
    ) -> None:
        now = database_now()
        wanted = PersonDetails("Ina", "ina", "ina@example.com", {}, frozenset())
        invite_person(wanted, by=acting("pat"), now=now)
        tell(now=now)
        (message,) = server.to("ina@example.com")
        path = re.search(r"/accounts/invitation/\S+", text_of(message))
        assert path
        form = client.get(path[0]).headers["Location"]
        secret = {"password": "correct-horse-battery", "again": "correct-horse-battery"}
        assert client.post(form, secret).status_code == 302
        assert User.objects.get(username="ina").has_usable_password()

    def test_who_accepted_meanwhile_is_not_mailed(
        self, server: MailServer, cast: dict[str, User]
    ) -> None:
        now = database_now()
        wanted = PersonDetails("Ina", "ina", "ina@example.com", {}, frozenset())
        person = invite_person(wanted, by=acting("pat"), now=now)
        person.set_password("correct-horse-battery")
        person.save()
        tell(now=now)
        assert server.to("ina@example.com") == []

    @pytest.mark.parametrize(
        ("changed", "many"),
        [("email", 1), ("username", 1), ("password", 1), ("is_active", 1), ("first_name", 0)],
    )
    def test_what_an_admin_changes_is_told_where_it_protects_the_account(
        self, changed: str, many: int, server: MailServer, cast: dict[str, User], bob: User
    ) -> None:
        now, body = database_now(), {"changed": {changed: {"before": BOB, "after": NEW}}}
        User.objects.filter(pk=bob.pk).update(email=NEW)
        with transaction.atomic():
            record(
                Action.ROW_CHANGED, actor=acting("pat").actor, at=now, about=about_user(bob),
                body=body,
            )  # fmt: skip
        tell(now=now)
        expected = BOB if changed == "email" else NEW
        assert [address for address, _subject in server.subjects()] == [expected] * many

    def test_another_user_name_is_told_with_both_and_who_gave_it(
        self, server: MailServer, cast: dict[str, User], bob: User
    ) -> None:
        before = details_of(bob)
        change_person(
            bob.pk, replace(before, name="Robert", username="robert"),
            version=version_of(before), by=acting("pat"), now=database_now(),
        )  # fmt: skip
        tell()
        text = text_of(server.to(BOB)[0])
        assert "The user name changed from bob to robert: sign in with that." in text
        assert "Pat did this." in text
        assert "Fields: name." in text

    def test_of_what_somebody_did_themselves_nobody_else_is_named(
        self, server: MailServer, at_accounts: Browse, bob: User
    ) -> None:
        change_password(at_accounts(bob))
        assert "did this" not in text_of(server.to(BOB)[0])
