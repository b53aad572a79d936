"""E-mail addresses and second factors change by the password only, and the old address is told."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.urls import reverse

from onboarding.models import User
from tests.support.mail_server import unused_port
from tests.web.account_pages import SEED, AtAccounts, code_of

Browse = Callable[..., AtAccounts]
ASKS_AGAIN = "/accounts/reauthenticate/"
NEW = "robert@example.com"


def link_in(message: mail.EmailMessage, part: str) -> str:
    link = next(word for word in str(message.body).split() if part in word)
    return link.partition("testserver")[2]


@pytest.mark.parametrize("address", ["alice@example.com", "Alice@Example.com", "a.liddell@x.org"])
def test_nobody_adds_the_address_of_somebody_else(
    address: str, at_accounts: Browse, alice: User, bob: User
) -> None:
    alice.emailaddress_set.create(email="a.liddell@x.org", verified=True)
    answer = at_accounts(bob).address(address)
    assert "Another account has this address." in answer.content.decode()
    assert mail.outbox == []
    assert not bob.emailaddress_set.filter(email__iexact=address).exists()


def test_bob_adds_an_address_of_his_own(at_accounts: Browse, bob: User) -> None:
    at_accounts(bob).address(NEW)
    assert [one.to for one in mail.outbox] == [[NEW]]


def test_a_stolen_session_adds_no_address(at_accounts: Browse, bob: User) -> None:
    thief = at_accounts(bob, confirmed=False)
    assert thief.address(NEW).headers["Location"].startswith(ASKS_AGAIN)
    thief.confirm("guessed")
    assert not bob.emailaddress_set.filter(email=NEW).exists()
    assert mail.outbox == []


@pytest.mark.parametrize("action", ["action_primary", "action_remove"])
def test_a_stolen_session_changes_no_address(at_accounts: Browse, bob: User, action: str) -> None:
    bob.emailaddress_set.create(email=NEW, verified=True)
    thief = at_accounts(bob, confirmed=False)
    assert thief.address(NEW, action).headers["Location"].startswith(ASKS_AGAIN)
    assert bob.emailaddress_set.filter(email=NEW, primary=False).exists()


@pytest.mark.parametrize("route", ["mfa_activate_totp", "mfa_add_webauthn"])
def test_a_stolen_session_adds_no_second_factor(at_accounts: Browse, bob: User, route: str) -> None:
    thief = at_accounts(bob, confirmed=False)
    assert thief.send(route, {}).headers["Location"].startswith(ASKS_AGAIN)


def test_a_stolen_session_neither_removes_nor_reads_a_second_factor(
    at_accounts: Browse, bob: User
) -> None:
    TOTP.activate(bob, SEED)
    RecoveryCodes.activate(bob)
    thief = at_accounts(bob, confirmed=False)
    thief.send("mfa_authenticate", {"code": code_of(SEED)})
    for route in ("mfa_deactivate_totp", "mfa_generate_recovery_codes"):
        assert thief.send(route, {}).headers["Location"].startswith(ASKS_AGAIN)
    codes = thief.client.get(reverse("mfa_view_recovery_codes"))
    assert codes.headers["Location"].startswith(ASKS_AGAIN)
    assert Authenticator.objects.filter(user=bob, type="totp").exists()


def test_who_confirms_gets_what_was_asked_for(at_accounts: Browse, bob: User) -> None:
    browser = at_accounts(bob, confirmed=False)
    where = browser.address(NEW).headers["Location"]
    form = {"password": "isolated-by-default", "next": "/accounts/email/"}
    with browser.capture(execute=True):
        browser.client.post(where, form)
    assert bob.emailaddress_set.filter(email=NEW).exists()


def test_a_verified_address_does_not_become_the_accounts_by_the_way(
    at_accounts: Browse, bob: User
) -> None:
    browser = at_accounts(bob)
    browser.address(NEW)
    browser.client.post(link_in(mail.outbox[-1], "confirm-email"))
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"
    assert bob.emailaddress_set.filter(email=NEW, verified=True, primary=False).exists()


def test_nor_does_one_that_was_added_before_the_upgrade(at_accounts: Browse, bob: User) -> None:
    added = bob.emailaddress_set.create(email=NEW)
    browser = at_accounts(bob)
    browser.address(NEW, "action_send")
    browser.client.post(link_in(mail.outbox[-1], "confirm-email"))
    added.refresh_from_db()
    assert (added.verified, added.primary) == (True, False)


def test_the_old_address_is_told_of_the_new_one(at_accounts: Browse, bob: User) -> None:
    browser = at_accounts(bob)
    browser.address(NEW)
    browser.client.post(link_in(mail.outbox[-1], "confirm-email"))
    browser.address(NEW, "action_primary")
    told = mail.outbox[-1]
    assert told.to == ["bob@example.com"]
    assert f"from bob@example.com to {NEW}" in told.body
    assert "From: 192.0.2.1" in told.body
    assert "tell a platform admin at once" in told.body


def test_the_old_address_is_told_of_one_that_was_never_verified(
    at_accounts: Browse, bob: User
) -> None:
    browser = at_accounts(bob)
    browser.address(NEW)
    browser.address(NEW, "action_primary")
    assert [one.to for one in mail.outbox] == [[NEW], ["bob@example.com"]]


def test_who_has_an_address_of_the_admin_site_only_is_told_too(
    at_accounts: Browse, bob: User
) -> None:
    browser = at_accounts(bob)
    page = browser.client.get(reverse("mfa_activate_totp"))
    browser.send("mfa_activate_totp", {"code": code_of(page.context["form"].secret)})
    assert [one.to for one in mail.outbox] == [["bob@example.com"]]
    assert "A second factor was added to your account, and 1 more" in mail.outbox[0].subject
    assert "What: app code." in mail.outbox[0].body


def test_a_mail_that_does_not_go_out_undoes_no_change(
    at_accounts: Browse, bob: User, settings: Any
) -> None:
    browser = at_accounts(bob)
    bob.emailaddress_set.create(email=NEW)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_port()
    browser.address(NEW, "action_remove")
    assert not bob.emailaddress_set.filter(email=NEW).exists()
