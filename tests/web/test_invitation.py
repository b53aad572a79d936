"""Whoever was invited opens the link, sets a password, and signs in with it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from onboarding.models import User
from onboarding.services.clock import database_now
from onboarding.services.invitations import invitation_link
from onboarding.views.invitations import AGE_SECONDS, COOKIE
from tests.web.test_log_lines import Lines, log

__all__ = ["log"]
pytestmark = pytest.mark.django_db
SECRET = "correct-horse-battery"
BOTH = {"password": SECRET, "again": SECRET}


@pytest.fixture
def ina(cast: dict[str, User]) -> User:
    person = User(username="ina", first_name="Ina", email="ina@example.com")
    person.set_unusable_password()
    person.save()
    return person


@pytest.fixture
def link(ina: User) -> str:
    return invitation_link(ina, now=database_now())


def opened(client: Client, link: str) -> str:
    """Open the link, and return the address of the form it leads to."""
    return str(client.get(link).headers["Location"])


def test_ina_sets_a_password_and_signs_in(
    client: Client, ina: User, link: str, fresh_limits: None
) -> None:
    form = opened(client, link)
    page = client.get(form).content.decode()
    assert "Welcome, Ina" in page
    assert "<code>ina</code>" in page
    answer = client.post(form, BOTH, follow=True)
    assert "Your password is set. Sign in as ina." in answer.content.decode()
    client.post("/accounts/login/", {"login": "ina", "password": SECRET})
    assert client.get("/").status_code == 200


def test_the_code_leaves_the_address_bar_at_once(client: Client, link: str) -> None:
    form = opened(client, link)
    code = link.strip("/").split("/")[-1]
    assert code not in form
    assert code not in client.get(form).content.decode()
    assert Client().get(form).status_code == 410


def test_the_code_waits_in_the_browser_and_never_in_the_database(client: Client, link: str) -> None:
    code = link.strip("/").split("/")[-1]
    form = opened(client, link)
    kept = client.cookies[COOKIE]
    assert kept["httponly"]
    assert (kept["path"], kept["samesite"], kept["max-age"]) == (form, "Lax", AGE_SECONDS)
    assert client.get(form).status_code == 200
    assert not any(code in str(row.get_decoded()) for row in Session.objects.all())


def test_a_cookie_that_the_portal_did_not_write_opens_nothing(client: Client, link: str) -> None:
    form = opened(client, link)
    client.cookies[COOKIE] = link.strip("/").split("/")[-1]
    assert client.get(form).status_code == 410


@pytest.mark.parametrize("right", [True, False])
def test_opening_links_fills_no_table(client: Client, link: str, right: bool) -> None:
    tried = link if right else "/accounts/invitation/1/" + "A" * 2000 + "/"
    client.get(opened(client, tried))
    assert not Session.objects.exists()


def test_a_link_that_nobody_made_is_not_kept_and_ends_what_was(client: Client, link: str) -> None:
    form = opened(client, link)
    assert opened(client, f"{link.rsplit('-', 1)[0]}-{'0' * 40}/") == form
    assert not client.cookies[COOKIE].value
    assert client.get(form).status_code == 410


def test_the_cookie_goes_with_the_password_set(client: Client, link: str) -> None:
    client.post(opened(client, link), BOTH)
    assert not client.cookies[COOKIE].value


def test_the_log_holds_no_code(client: Client, link: str, log: Lines) -> None:
    client.get(link)
    assert link.strip("/").split("/")[-1] not in str(log())


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"password": SECRET, "again": "other"}, "The two passwords differ"),
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "password1234", "again": "password1234"}, "too common"),
        ({}, "required"),
    ],
)
def test_what_is_wrong_with_a_password_is_said_and_the_link_stays_good(
    client: Client, ina: User, link: str, form: dict[str, str], words: str
) -> None:
    where = opened(client, link)
    answer = client.post(where, {**form, "csrfmiddlewaretoken": "x"})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert client.post(where, BOTH).status_code == 302
    assert User.objects.get(pk=ina.pk).check_password(SECRET)


def test_a_link_that_was_used_has_ended_and_says_what_to_do(client: Client, link: str) -> None:
    client.post(opened(client, link), BOTH)
    answer = client.get(opened(client, link))
    page = answer.content.decode()
    assert answer.status_code == 410
    assert "This invitation has ended" in page
    assert "ask whoever invited you to invite you again" in page


def test_a_link_older_than_seven_days_has_ended(client: Client, ina: User) -> None:
    old = invitation_link(ina, now=database_now() - timedelta(days=7, minutes=1))
    assert client.get(opened(client, old)).status_code == 410


def test_a_link_that_nobody_made_has_ended(client: Client, now: datetime) -> None:
    assert client.get(opened(client, "/accounts/invitation/1/rubbish/")).status_code == 410


def test_unknown_fields_are_refused(client: Client, link: str) -> None:
    assert client.post(opened(client, link), {**BOTH, "is_superuser": "1"}).status_code == 400


def test_no_other_site_sets_a_password(client_for: Callable[..., Client], link: str) -> None:
    hostile = Client(enforce_csrf_checks=True)
    assert hostile.post(opened(hostile, link), BOTH).status_code == 403
