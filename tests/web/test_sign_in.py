"""Signing in: one way in for everybody, and wrong tries that lock out nobody else."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from onboarding.admin_site import BulkheadAdminSite
from onboarding.demo.people import DEMO_PASSWORD
from onboarding.models import User

SignIn = Callable[..., Client]
LOGIN = "/accounts/login/"
HOME_IP, OFFICE_IP = "192.0.2.1", "198.51.100.7"


@pytest.fixture(autouse=True)
def fresh_limits(cast: dict[str, User]) -> None:
    """Count from nought."""
    call_command("createcachetable")
    cache.clear()


def sign_in(client: Client, login: str, password: str, *, ip: str = HOME_IP) -> HttpResponse:
    form = {"login": login, "password": password}
    return client.post(LOGIN, form, REMOTE_ADDR=ip)


def with_second_factor(person: User) -> User:
    TOTP.activate(person, "JBSWY3DPEHPK3PXP")
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
    counter = next(iter(yield_hotp_counters_from_time()))
    code = format_hotp_value(hotp_value("JBSWY3DPEHPK3PXP", counter))
    answer = client.post(answer.headers["Location"], {"code": code}, follow=True)
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
    assert "Wait five minutes" in refused.content.decode()
    assert sign_in(client, "frank", DEMO_PASSWORD, ip=OFFICE_IP).status_code == 200
    assert sign_in(client, "frank", DEMO_PASSWORD, ip=HOME_IP).status_code == 302
    assert is_signed_in(client)


def test_addresses_of_one_ipv6_network_count_as_one(client: Client) -> None:
    for number in range(6):
        refused = sign_in(client, "frank", "wrong", ip=f"2001:db8::{number}")
    assert "Wait five minutes" in refused.content.decode()


def test_a_colleague_behind_the_same_address_signs_in(client: Client) -> None:
    for _ in range(6):
        sign_in(client, "frank", "wrong", ip=OFFICE_IP)
    assert sign_in(client, "dana", DEMO_PASSWORD, ip=OFFICE_IP).status_code == 302


def test_known_and_unknown_names_answer_alike(client: Client) -> None:
    answers = {}
    for name in ("frank", "nobody"):
        for _ in range(6):
            answers[name] = sign_in(client, name, "wrong", ip=f"192.0.2.{len(name)}")
    assert answers["frank"].status_code == answers["nobody"].status_code == 200
    assert "Wait five minutes" in answers["nobody"].content.decode()


def test_too_many_tries_answer_with_a_page_that_says_when_to_try_again(client: Client) -> None:
    for number in range(61):
        answer = sign_in(client, f"nobody-{number}", "wrong")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    page = answer.content.decode()
    assert "Wait one minute, then try again." in page
    assert "bh-entrance" in page


@pytest.mark.parametrize("address", ["former@example.org", "nobody@example.com"])
def test_no_mail_goes_to_addresses_that_nobody_has(address: str, client: Client) -> None:
    client.post("/accounts/password/reset/", {"email": address})
    assert mail.outbox == []
    client.post("/accounts/password/reset/", {"email": "frank@example.com"})
    assert [one.to for one in mail.outbox] == [["frank@example.com"]]


def test_a_second_factor_can_be_set_up_without_a_mail_first(client: Client, frank: User) -> None:
    frank.emailaddress_set.create(email=frank.email, verified=False, primary=True)
    sign_in(client, "frank", DEMO_PASSWORD)
    activate = reverse("mfa_activate_totp")
    again = client.get(activate).headers["Location"]
    page = client.post(again, {"password": DEMO_PASSWORD}, follow=True)
    secret = page.context["form"].secret
    counter = next(iter(yield_hotp_counters_from_time()))
    client.post(activate, {"code": format_hotp_value(hotp_value(secret, counter))})
    assert Authenticator.objects.filter(user=frank, type="totp").exists()


@pytest.mark.parametrize("address", ["alice@example.com", "Alice@Example.com", "a.liddell@x.org"])
def test_nobody_adds_the_address_of_somebody_else(
    address: str, client_for: SignIn, alice: User, bob: User
) -> None:
    alice.emailaddress_set.create(email="a.liddell@x.org", verified=True)
    answer = client_for(bob).post(reverse("account_email"), {"email": address, "action_add": ""})
    assert "Another account has this address." in answer.content.decode()
    assert mail.outbox == []
    assert not bob.emailaddress_set.filter(email__iexact=address).exists()


def test_bob_adds_an_address_of_his_own(client_for: SignIn, bob: User) -> None:
    form = {"email": "robert@example.com", "action_add": ""}
    client_for(bob).post(reverse("account_email"), form)
    assert [one.to for one in mail.outbox] == [["robert@example.com"]]
