"""Pages change nothing when they are only looked at, and are kept nowhere."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern

from onboarding.models import User, WriteProbe
from tests.web.test_routes import arguments, routes, url_of

__all__ = ["arguments"]
SignIn = Callable[[User], Client]
ACCOUNTS = (
    "/accounts/login/", "/accounts/logout/", "/accounts/password/change/", "/accounts/email/",
    "/accounts/2fa/", "/accounts/password/reset/", "/admin/", "/admin/onboarding/user/",
    "/no-such-page/",
)  # fmt: skip


def rows() -> dict[str, int]:
    """How many rows every table of ours has, and of the admin site's log.

    But what /readyz tries to store, which says that something can be stored, and nothing else.
    """
    ours = {"onboarding", "admin", "auth"}
    return {
        model._meta.label: model._base_manager.count()
        for model in apps.get_models()
        if model._meta.app_label in ours and model is not WriteProbe
    }


@pytest.mark.parametrize("route", routes(), ids=lambda route: str(route.name))
def test_looking_writes_no_row_and_is_kept_nowhere(
    route: URLPattern,
    arguments: dict[str, dict[str, str]],
    cast: dict[str, User],
    client_for: SignIn,
) -> None:
    url, before = url_of(route, arguments), rows()
    for person in cast.values():
        browser = client_for(person)
        for answer in (browser.get(url), browser.head(url)):
            assert "no-store" in answer.headers["Cache-Control"], answer.status_code
    assert rows() == before


@pytest.mark.parametrize("url", ACCOUNTS)
def test_accounts_and_admin_too(
    cast: dict[str, User], client_for: SignIn, client: Client, url: str
) -> None:
    before = rows()
    for browser in (client_for(cast["pat"]), client):
        for answer in (browser.get(url), browser.head(url)):
            assert "no-store" in answer.headers["Cache-Control"]
    assert rows() == before
