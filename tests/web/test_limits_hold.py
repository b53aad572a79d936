"""Limits of sign-in hold against a flood, and when their table is gone."""

from collections.abc import Callable

import pytest
from django.contrib.auth import SESSION_KEY
from django.core.cache import caches

from onboarding.models import User
from tests.web.account_pages import AtAccounts

Browse = Callable[..., AtAccounts]


def locked_out(browser: AtAccounts) -> bool:
    return "Wait five minutes" in browser.sign_in("frank").content.decode()


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
