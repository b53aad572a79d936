"""Limits of sign-in hold against a flood, and when their table is gone."""

from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth import SESSION_KEY
from django.core.cache import caches

from onboarding.models import User
from onboarding.views.known_browsers import COOKIE
from tests.web.account_pages import SEED, AtAccounts, code_of

Browse = Callable[..., AtAccounts]


def locked_out(browser: AtAccounts) -> bool:
    return "Try again in 5 minutes" in browser.sign_in("frank").content.decode()


def test_m12_a_flood_from_other_addresses_unlocks_nobody(
    at_accounts: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches["default"], "_max_entries", 20)
    browser, flood = at_accounts(), at_accounts()
    for _ in range(6):
        browser.sign_in("frank", "wrong")
    for number in range(60):
        flood.client.defaults["REMOTE_ADDR"] = f"198.51.100.{number}"
        flood.send("account_reset_password", {"email": f"nobody-{number}@example.com"})
    assert locked_out(browser)


def test_addresses_of_one_ipv6_network_are_one_count(at_accounts: Browse) -> None:
    browser = at_accounts()
    for number in range(6):
        browser.client.defaults["REMOTE_ADDR"] = f"2001:db8:0:1:{number:x}::7"
        browser.sign_in("frank", "wrong")
    assert locked_out(browser)
    browser.client.defaults["REMOTE_ADDR"] = "2001:db8:0:2::7"
    assert not locked_out(browser)


def test_ipv4_addresses_written_as_ipv6_are_not_one_network(at_accounts: Browse) -> None:
    browser = at_accounts()
    browser.client.defaults["REMOTE_ADDR"] = "::ffff:192.0.2.1"
    for _ in range(6):
        browser.sign_in("frank", "wrong")
    browser.client.defaults["REMOTE_ADDR"] = "::ffff:192.0.2.2"
    assert not locked_out(browser)


@pytest.mark.parametrize("method", ["get", "set", "add"])
def test_nobody_signs_in_while_nothing_can_be_counted(
    at_accounts: Browse, frank: User, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def fails(*_args: object, **_kwargs: object) -> None:
        raise OSError("the table is gone")

    browser = at_accounts()
    browser.client.raise_request_exception = False
    monkeypatch.setattr(type(caches["default"]), method, fails)
    assert browser.sign_in("frank").status_code == 500
    assert SESSION_KEY not in browser.client.session


def spoil(address: str, browser: AtAccounts) -> None:
    """Somebody behind the address types wrong passwords until nobody unknown gets in."""
    browser.client.defaults["REMOTE_ADDR"] = address
    for number in range(25):
        browser.sign_in(f"nobody-{number}", "wrong")
    for _ in range(6):
        browser.sign_in("frank", "wrong")


def test_others_in_the_office_do_not_lock_out_who_signed_in_before(
    at_accounts: Browse, frank: User
) -> None:
    own = at_accounts(frank)
    own.send("account_logout", {})
    spoil("192.0.2.1", at_accounts())
    assert locked_out(at_accounts())
    assert own.sign_in("frank").status_code == 302


def test_a_known_browser_has_five_tries_and_no_more(at_accounts: Browse, frank: User) -> None:
    own = at_accounts(frank)
    own.send("account_logout", {})
    for _ in range(5):
        own.sign_in("frank", "wrong")
    assert locked_out(own)


def test_a_right_code_wipes_nothing_of_its_addresss_count(at_accounts: Browse, bob: User) -> None:
    TOTP.activate(bob, SEED)
    tries, own = at_accounts(), at_accounts()
    for number in range(21):
        tries.sign_in(f"nobody-{number}", "wrong")
        if number == 15:
            own.sign_in("bob")
            own.send("mfa_authenticate", {"code": code_of(SEED)})
    assert own.client.get("/").status_code == 200
    assert locked_out(at_accounts())


@pytest.mark.parametrize("login", ["dana", "frank"])
def test_a_known_browser_is_known_for_its_person_and_by_our_hand_only(
    at_accounts: Browse, frank: User, login: str
) -> None:
    own = at_accounts(frank)
    own.send("account_logout", {})
    if login == "frank":
        own.client.cookies[COOKIE] = f"{frank.pk}:forged:sig"
    spoil("192.0.2.1", at_accounts())
    assert "Try again in 5 minutes" in own.sign_in(login).content.decode()
