"""Signing in: one way in for everybody, and wrong tries that lock out nobody else."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from onboarding.admin_site import BulkheadAdminSite
from onboarding.demo.people import DEMO_PASSWORD
from onboarding.models import User
from tests.web.account_pages import HOME_IP, SEED, AtAccounts, code_of

SignIn = Callable[..., Client]
Browse = Callable[..., AtAccounts]
LOGIN = "/accounts/login/"
OFFICE_IP = "198.51.100.7"
pytestmark = pytest.mark.usefixtures("fresh_limits")


def sign_in(client: Client, login: str, password: str, *, ip: str = HOME_IP) -> HttpResponse:
    form = {"login": login, "password": password}
    return client.post(LOGIN, form, REMOTE_ADDR=ip)


def with_second_factor(person: User) -> User:
    TOTP.activate(person, SEED)
    return person


def is_signed_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def test_the_admin_sites_sign_in_is_the_portals(client: Client) -> None:
    answer = client.get("/admin/", follow=True)
    address = urlsplit(answer.redirect_chain[-1][0])
    assert (address.path, parse_qs(address.query)) == (LOGIN, {"next": ["/admin/"]})


def test_the_admin_sites_form_signs_nobody_in(client: Client, pat: User) -> None:
    User.objects.filter(pk=pat.pk).update(is_staff=True, is_superuser=True)
    form = {"username": "pat", "password": DEMO_PASSWORD, "next": "/admin/"}
    assert client.post("/admin/login/", form).status_code == 302
    assert not is_signed_in(client)


def test_no_route_to_the_admin_site_goes_around_the_second_factor(
    client: Client, pat: User
) -> None:
    with_second_factor(pat)
    form = {"login": "pat", "password": DEMO_PASSWORD, "next": "/admin/"}
    answer = client.post(f"{LOGIN}?next=/admin/", form)
    assert answer.headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert not is_signed_in(client)


def test_the_second_factor_leads_to_the_admin_site(client: Client, pat: User) -> None:
    with_second_factor(pat)
    answer = client.post(
        f"{LOGIN}?next=/admin/", {"login": "pat", "password": DEMO_PASSWORD, "next": "/admin/"}
    )
    answer = client.post(answer.headers["Location"], {"code": code_of(SEED)}, follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/"
    assert answer.status_code == 200


def test_who_is_signed_in_goes_on_to_where_they_wanted(client_for: SignIn, pat: User) -> None:
    browser = client_for(pat)
    wanted = browser.get("/admin/login/?next=/admin/onboarding/team/")
    assert wanted.headers["Location"] == "/admin/onboarding/team/"
    outside = browser.get("/admin/login/?next=https://evil.example/")
    assert outside.headers["Location"] == "/admin/"


def test_others_are_told_that_it_is_for_platform_admins(client_for: SignIn, alice: User) -> None:
    answer = client_for(alice).get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "for platform admins" in answer.content.decode()


@pytest.mark.parametrize("path", ["/admin/password_change/"])
def test_a_password_is_changed_on_the_account_page(
    path: str, client_for: SignIn, pat: User
) -> None:
    browser = client_for(pat)
    assert browser.get(path).headers["Location"] == reverse("account_change_password")
    form = {
        "old_password": DEMO_PASSWORD,
        "new_password1": "correct-horse-battery",
        "new_password2": "correct-horse-battery",
    }
    browser.post(path, form)
    pat.refresh_from_db()
    assert pat.check_password(DEMO_PASSWORD)


def test_a_superuser_finds_no_model_without_events_in_the_admin_site(
    client_for: SignIn, pat: User
) -> None:
    User.objects.filter(pk=pat.pk).update(is_staff=True, is_superuser=True)
    site = BulkheadAdminSite()
    site.register(Authenticator)
    assert not site.is_registered(Authenticator)
    for model in ("mfa/authenticator", "account/emailaddress", "auth/group"):
        assert client_for(pat).get(f"/admin/{model}/").status_code == 404


def test_wrong_passwords_elsewhere_do_not_lock_frank_out(client: Client) -> None:
    for _ in range(8):
        refused = sign_in(client, "frank", "wrong", ip=OFFICE_IP)
    assert "Try again in 5 minutes" in refused.content.decode()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "300")
    assert sign_in(client, "frank", DEMO_PASSWORD, ip=OFFICE_IP).status_code == 429
    assert sign_in(client, "frank", DEMO_PASSWORD, ip=HOME_IP).status_code == 302
    assert is_signed_in(client)


def test_addresses_of_one_ipv6_network_count_as_one(client: Client) -> None:
    for number in range(6):
        refused = sign_in(client, "frank", "wrong", ip=f"2001:db8::{number}")
    assert "Try again in 5 minutes" in refused.content.decode()


def test_a_colleague_behind_the_same_address_signs_in(client: Client) -> None:
    for _ in range(6):
        sign_in(client, "frank", "wrong", ip=OFFICE_IP)
    assert sign_in(client, "dana", DEMO_PASSWORD, ip=OFFICE_IP).status_code == 302


def test_known_and_unknown_names_answer_alike(client: Client) -> None:
    answers = {}
    for name in ("frank", "nobody"):
        for _ in range(6):
            answers[name] = sign_in(client, name, "wrong", ip=f"192.0.2.{len(name)}")
    assert answers["frank"].status_code == answers["nobody"].status_code == 429
    assert "Try again in 5 minutes" in answers["nobody"].content.decode()


def test_too_many_tries_answer_with_a_page_that_says_when_to_try_again(client: Client) -> None:
    for number in range(61):
        answer = sign_in(client, f"nobody-{number}", "wrong")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    page = answer.content.decode()
    assert "Wait one minute, then try again." in page
    assert "bh-entrance" in page


@pytest.mark.parametrize("address", ["former@example.org", "nobody@example.com"])
def test_no_mail_goes_to_addresses_that_nobody_has(address: str, at_accounts: Browse) -> None:
    browser = at_accounts()
    browser.send("account_reset_password", {"email": address})
    assert mail.outbox == []
    browser.send("account_reset_password", {"email": "frank@example.com"})
    assert [one.to for one in mail.outbox] == [["frank@example.com"]]


def test_a_second_factor_can_be_set_up_without_a_mail_first(client: Client, frank: User) -> None:
    frank.emailaddress_set.create(email=frank.email, verified=False, primary=True)
    sign_in(client, "frank", DEMO_PASSWORD)
    activate = reverse("mfa_activate_totp")
    again = client.get(activate).headers["Location"]
    page = client.post(again, {"password": DEMO_PASSWORD}, follow=True)
    secret = page.context["form"].secret
    client.post(activate, {"code": code_of(secret)})
    assert Authenticator.objects.filter(user=frank, type="totp").exists()
