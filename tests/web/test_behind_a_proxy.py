"""Behind the documented proxy: events, limits and the log know the client's address."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from onboarding.domain.actions import Action
from onboarding.models import Event, User
from tests.web.account_pages import AtAccounts, told

Browse = Callable[..., AtAccounts]
SignIn = Callable[..., Client]
CLIENT, OTHER = "203.0.113.7", "203.0.113.8"


@pytest.fixture(autouse=True)
def one_proxy(settings: Settings, fresh_limits: None) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1


def from_(forwarded: str) -> dict[str, str]:
    return {"HTTP_X_FORWARDED_FOR": forwarded, "REMOTE_ADDR": "127.0.0.1"}


def test_an_export_names_it(client_for: SignIn, frank: User) -> None:
    browser = client_for(frank)
    url = "/history/export/csv/"
    if browser.get(url, **from_(CLIENT)).status_code == 405:
        browser.post(url, **from_(CLIENT))
    assert Event.objects.filter(action=Action.EXPORTED.value).latest("id").ip == CLIENT


def test_a_change_in_the_admin_site_names_it(client_for: SignIn, pat: User) -> None:
    form = {"slug": "new-team", "access_group": "team-new", "_save": ""}
    rows = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    client_for(pat).post("/admin/onboarding/team/add/", {**form, **rows}, **from_(CLIENT))
    assert Event.objects.filter(action=Action.ROW_ADDED.value).latest("id").ip == CLIENT


@pytest.mark.parametrize(
    ("forwarded", "known"), [(f"198.51.100.1, {CLIENT}", CLIENT), ("nonsense", None), ("", None)]
)
def test_a_failed_sign_in_names_it_or_nothing(
    at_accounts: Browse, forwarded: str, known: str | None
) -> None:
    browser = at_accounts()
    browser.client.defaults.update(from_(forwarded))
    assert browser.sign_in("bob", "wrong").status_code == 200
    assert [event.ip for event in told("session:failed")] == [known]


def test_limits_count_by_it(at_accounts: Browse) -> None:
    browser = at_accounts()
    for address, tries in ((CLIENT, 6), (OTHER, 1)):
        browser.client.defaults.update(from_(address))
        for _ in range(tries):
            last = browser.sign_in("bob", "wrong")
        assert ("Try again in 5 minutes" in last.content.decode()) is (address == CLIENT)


def test_the_log_names_it(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/nowhere/", **from_(CLIENT))
    client.post("/accounts/login/", {"login": "bob", "password": "wrong"}, **from_(CLIENT))
    assert CLIENT in caplog.text
