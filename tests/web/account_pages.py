"""A person at the account pages: what they send is committed, like outside of tests."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from onboarding.demo.people import DEMO_PASSWORD
from onboarding.models import Event, User
from tests.support.mails import tell

Capture = Callable[..., AbstractContextManager[Any]]
HOME_IP = "192.0.2.1"
SEED = "JBSWY3DPEHPK3PXP"


def code_of(seed: str) -> str:
    return format_hotp_value(hotp_value(seed, next(iter(yield_hotp_counters_from_time()))))


class AtAccounts:
    """A browser with a person before it. Every form takes effect, and a worker sends the mails."""

    def __init__(self, capture: Capture) -> None:
        self.capture, self.client = capture, Client(REMOTE_ADDR=HOME_IP)

    def send(self, route: str, form: dict[str, str], **arguments: Any) -> HttpResponse:
        with self.capture(execute=True):
            answer = self.client.post(reverse(route, kwargs=arguments or None), form)
        if answer.status_code < 500:  # a database that refuses has nothing to send either
            tell()
        return answer

    def sign_in(self, login: str, password: str = DEMO_PASSWORD) -> HttpResponse:
        return self.send("account_login", {"login": login, "password": password})

    def confirm(self, password: str = DEMO_PASSWORD) -> HttpResponse:
        return self.send("account_reauthenticate", {"password": password})

    def address(self, email: str, action: str = "action_add") -> HttpResponse:
        return self.send("account_email", {"email": email, action: ""})


@pytest.fixture
def at_accounts(
    fresh_limits: None, django_capture_on_commit_callbacks: Capture
) -> Callable[..., AtAccounts]:
    """Return a browser at the account pages, signed in by the form where a person is given."""

    def open_browser(person: User | None = None, *, confirmed: bool = True) -> AtAccounts:
        browser = AtAccounts(django_capture_on_commit_callbacks)
        if person:
            browser.sign_in(person.username)
            if confirmed:
                browser.confirm()
        return browser

    return open_browser


def told(action: str) -> list[Event]:
    """The events of an action of accounts, oldest first."""
    return [*Event.objects.filter(action=f"account:{action}").order_by("id")]
