"""What happens to accounts is history: who, with what, from where; and never what was typed."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from onboarding.demo.people import DEMO_PASSWORD
from onboarding.domain.actions import Action
from onboarding.domain.objects import Manifest
from onboarding.models import Event, User
from onboarding.services import account_events
from tests.web.account_pages import HOME_IP, SEED, AtAccounts, code_of, told

Browse = Callable[..., AtAccounts]
SignIn = Callable[..., Client]
NEW_PASSWORD = "correct-horse-battery"


def body_of(event: Event) -> dict[str, object]:
    body: dict[str, object] = json.loads(bytes(event.canonical))["body"]
    return body


def no_event(*_args: object, **_kwargs: object) -> None:
    raise RuntimeError("history is full")


def test_signing_in_is_told_with_person_address_and_factor(at_accounts: Browse, bob: User) -> None:
    at_accounts(bob, confirmed=False)
    (event,) = told("session:signed-in")
    assert (event.actor, event.actor_id, event.ip) == ("Bob", str(bob.pk), HOME_IP)
    assert (event.object_label, event.via) == ("Bob", "account")
    assert body_of(event) == {"factors": ["password"]}


def test_a_second_factor_is_told_too(at_accounts: Browse, bob: User) -> None:
    TOTP.activate(bob, SEED)
    browser = at_accounts()
    browser.sign_in("bob")
    assert told("session:signed-in") == []
    browser.send("mfa_authenticate", {"code": code_of(SEED)})
    assert body_of(told("session:signed-in")[0]) == {"factors": ["password", "app code"]}


def test_nobody_is_signed_in_without_an_event(
    at_accounts: Browse, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = at_accounts()
    browser.client.raise_request_exception = False
    monkeypatch.setattr(account_events, "record", no_event)
    assert browser.sign_in("bob").status_code == 500
    assert browser.client.get("/").status_code == 302


def test_a_wrong_password_is_told_about_the_person_and_by_nobody(
    at_accounts: Browse, bob: User
) -> None:
    at_accounts().sign_in("bob", "wrong")
    (event,) = told("session:failed")
    assert (event.actor, event.actor_id) == ("Somebody", "somebody")
    assert (event.object_label, event.object_id, event.ip) == ("Bob", str(bob.pk), HOME_IP)
    assert body_of(event) == {"factors": ["password"]}


@pytest.mark.parametrize("login", ["BOB", "bob@example.com", "Bob@Example.com", "b@x.org"])
def test_whom_it_is_about_is_found_by_name_or_address(
    at_accounts: Browse, bob: User, login: str
) -> None:
    bob.emailaddress_set.create(email="b@x.org", verified=True)
    at_accounts().sign_in(login, "wrong")
    assert [event.object_label for event in told("session:failed")] == ["Bob"]


def test_what_was_typed_as_a_name_is_kept_nowhere(
    at_accounts: Browse, caplog: pytest.LogCaptureFixture
) -> None:
    at_accounts().sign_in("my-secret-password", "wrong")
    (event,) = told("session:failed")
    assert (event.object_label, event.object_id) == ("unknown", "unknown")
    assert b"my-secret" not in bytes(event.canonical)
    assert "sign-in failed" in caplog.text
    assert "my-secret" not in caplog.text


def test_a_wrong_code_is_told(at_accounts: Browse, bob: User) -> None:
    TOTP.activate(bob, SEED)
    browser = at_accounts()
    browser.sign_in("bob")
    browser.send("mfa_authenticate", {"code": "000000"})
    assert [body_of(event) for event in told("session:failed")] == [{"factors": ["app code"]}]


FORGED = json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": {}})


def test_a_passkey_that_is_refused_is_told_about_nobody(at_accounts: Browse, bob: User) -> None:
    at_accounts().send("mfa_login_webauthn", {"credential": FORGED})
    (event,) = told("session:failed")
    assert (event.actor, event.object_label) == ("Somebody", "unknown")
    assert body_of(event) == {"factors": ["passkey"]}


def test_after_the_password_a_refused_passkey_is_told_about_the_person(
    at_accounts: Browse, bob: User
) -> None:
    TOTP.activate(bob, SEED)
    browser = at_accounts()
    browser.sign_in("bob")
    browser.send("mfa_authenticate", {"credential": FORGED})
    assert [event.object_label for event in told("session:failed")] == ["Bob"]


def test_what_the_limits_refuse_is_in_the_log_only(
    at_accounts: Browse, caplog: pytest.LogCaptureFixture
) -> None:
    browser = at_accounts()
    for _ in range(8):
        browser.sign_in("bob", "wrong")
    assert len(told("session:failed")) == 5
    assert caplog.text.count("sign-in refused by the limits") == 3


def test_nobody_buries_history_in_failures(
    at_accounts: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_events, "TOLD_AN_HOUR", 3)
    for number in range(5):
        at_accounts().sign_in(f"nobody-{number}", "wrong")
    at_accounts().sign_in("bob", "wrong")
    about = [event.object_label for event in told("session:failed")]
    assert about == ["unknown", "unknown", "unknown", "Bob"]
    further = [body_of(event).get("further") for event in told("session:failed")]
    assert further == [None, None, "only in the log, for an hour", None]


def test_signing_out_is_told(at_accounts: Browse, bob: User) -> None:
    at_accounts(bob).send("account_logout", {})
    assert [(event.actor, event.ip) for event in told("session:signed-out")] == [("Bob", HOME_IP)]


def change_password(browser: AtAccounts) -> None:
    form = {"oldpassword": DEMO_PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    browser.send("account_change_password", form)


def test_a_new_password_is_told_and_ends_other_sessions(
    at_accounts: Browse, client_for: SignIn, bob: User
) -> None:
    elsewhere = client_for(bob)
    browser = at_accounts(bob)
    change_password(browser)
    assert [event.actor for event in told("password:changed")] == ["Bob"]
    assert elsewhere.get("/").status_code == 302
    assert browser.client.get("/").status_code == 200


def test_a_password_that_cannot_be_told_is_not_changed(
    at_accounts: Browse, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = at_accounts(bob)
    browser.client.raise_request_exception = False
    monkeypatch.setattr(account_events, "record", no_event)
    change_password(browser)
    bob.refresh_from_db()
    assert not bob.check_password(NEW_PASSWORD)


def test_a_reset_is_told_from_the_wish_to_the_new_password(
    at_accounts: Browse, client_for: SignIn, bob: User
) -> None:
    elsewhere, browser = client_for(bob), at_accounts()
    browser.send("account_reset_password", {"email": "bob@example.com"})
    (asked,) = told("password:reset-asked")
    assert (asked.actor, asked.object_label) == ("Somebody", "Bob")
    link = next(word for word in str(mail.outbox[0].body).split() if "/reset/key/" in word)
    page = browser.client.get(link.partition("testserver")[2], follow=True)
    form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    browser.client.post(page.redirect_chain[-1][0], form)
    assert [event.object_label for event in told("password:reset")] == ["Bob"]
    assert elsewhere.get("/").status_code == 302


def test_nobody_is_told_about_who_has_no_account(at_accounts: Browse) -> None:
    at_accounts().send("account_reset_password", {"email": "nobody@example.com"})
    assert told("password:reset-asked") == []


def test_beyond_the_bound_a_wish_to_reset_is_in_the_log(
    bob: User, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(account_events, "TOLD_AN_HOUR", 1)
    for _ in range(3):
        account_events.record_by_somebody(
            Action.PASSWORD_RESET_ASKED, bob, ip=HOME_IP, now=now, body={}
        )
    assert len(told("password:reset-asked")) == 1
    assert caplog.text.count("not in history, too many an hour") == 2


def test_an_address_verified_by_its_link_is_told_every_time(
    bob: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_events, "TOLD_AN_HOUR", 2)
    for number in range(3):
        body: Manifest = {"verified": f"bob-{number}@example.com"}
        account_events.record_by_somebody(
            Action.ADDRESS_CHANGED, bob, ip=HOME_IP, now=now, body=body
        )
    verified = [body_of(event) for event in told("address:changed")]
    assert verified == [{"verified": f"bob-{number}@example.com"} for number in range(3)]


def test_each_step_of_another_address_is_told(at_accounts: Browse, bob: User) -> None:
    browser = at_accounts(bob)
    browser.address("robert@example.com")
    link = next(word for word in str(mail.outbox[-1].body).split() if "confirm-email" in word)
    AtAccounts(browser.capture).client.post(link.partition("testserver")[2])
    browser.address("robert@example.com", "action_primary")
    browser.address("bob@example.com", "action_remove")
    assert [(event.actor, *body_of(event).items()) for event in told("address:changed")] == [
        ("Bob", ("added", "robert@example.com")),
        ("Somebody", ("verified", "robert@example.com")),
        ("Bob", ("before", "bob@example.com"), ("primary", "robert@example.com")),
        ("Bob", ("removed", "bob@example.com")),
    ]


def set_up_app(browser: AtAccounts) -> None:
    page = browser.client.get(reverse("mfa_activate_totp"))
    browser.send("mfa_activate_totp", {"code": code_of(page.context["form"].secret)})


def test_second_factors_are_told_as_they_come_and_go(at_accounts: Browse, bob: User) -> None:
    browser = at_accounts(bob)
    set_up_app(browser)
    assert [body_of(event) for event in told("second-factor:added")] == [{"factors": ["app code"]}]
    assert len(told("recovery-codes:made")) == 1
    browser.send("mfa_generate_recovery_codes", {})
    assert len(told("recovery-codes:made")) == 2
    browser.send("mfa_deactivate_totp", {})
    gone = [body_of(event)["factors"] for event in told("second-factor:removed")]
    assert gone == [["app code"], ["recovery code"]]


def test_a_second_factor_that_cannot_be_told_is_not_added(
    at_accounts: Browse, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = at_accounts(bob)
    browser.client.raise_request_exception = False
    monkeypatch.setattr(account_events, "record", no_event)
    set_up_app(browser)
    assert not Authenticator.objects.filter(user=bob).exists()


def test_auditors_find_it_with_address_and_others_do_not(
    at_accounts: Browse, client_for: SignIn, frank: User, alice: User
) -> None:
    at_accounts().sign_in("bob", "wrong")
    page = client_for(frank).get("/history/?action=account:session:failed").content.decode()
    assert "factors: password" in page
    assert HOME_IP in page
    assert client_for(alice).get("/history/").status_code == 403


def test_a_sign_in_is_one_insert_into_history(at_accounts: Browse, bob: User) -> None:
    before = Event.objects.count()
    at_accounts(bob, confirmed=False)
    assert Event.objects.count() == before + 1


def test_there_is_no_command_for_superusers(db: None) -> None:
    with pytest.raises(CommandError, match="appoint NAME platform-admin --create"):
        call_command("createsuperuser")


def test_a_password_set_on_the_server_is_told(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = "django.contrib.auth.management.commands.changepassword.getpass.getpass"
    monkeypatch.setattr(asked, lambda prompt: NEW_PASSWORD)
    call_command("changepassword", "bob")
    assert [(event.actor, event.object_label) for event in told("password:changed")] == [
        ("Console", "Bob")
    ]
