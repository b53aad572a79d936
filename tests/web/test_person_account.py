"""A person's account: invited again, second factor lost, switched off, on; what is said before."""

from collections.abc import Callable
from datetime import datetime

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from onboarding.demo.scenario import ask, demo_spec
from onboarding.models import Cluster, Event, User
from onboarding.queries.approval_keys import standing_keys_of
from tests.support.approval_keys import asked
from tests.support.asked_again import confirmed
from tests.support.soft_passkey import SoftPasskey

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
CALLED = {"checked": "Called back on the office number."}


@pytest.fixture
def admin(client_for: SignIn, pat: User) -> Client:
    return confirmed(client_for(pat))


@pytest.fixture
def bob_with_factor(bob: User) -> User:
    Authenticator.objects.create(user=bob, type="totp", data={})
    return bob


@pytest.fixture
def ina(db: None) -> User:
    """Somebody who was invited and has set no password."""
    person = User(username="ina", first_name="Ina", email="ina@example.com")
    person.set_unusable_password()
    person.save()
    return person


def url(person: User, action: str) -> str:
    return f"/people/{person.pk}/{action}/"


def read(admin: Client, address: str) -> str:
    return admin.get(address).content.decode()


def test_pat_removes_bobs_lost_second_factor(admin: Client, bob_with_factor: User) -> None:
    answer = admin.post(url(bob_with_factor, "second-factor"), CALLED, follow=True)
    assert "Bob is signed out and signs in with the password alone now." in answer.content.decode()
    event = Event.objects.latest("pk")
    assert (event.action, event.note) == (
        "portal:person:second-factor-removed", CALLED["checked"]
    )  # fmt: skip
    assert not Authenticator.objects.filter(user=bob_with_factor).exists()


def test_how_it_was_checked_has_to_be_said(admin: Client, bob_with_factor: User) -> None:
    answer = admin.post(url(bob_with_factor, "second-factor"), {"checked": " "})
    assert answer.status_code == 422
    assert "Error: Remove second factor" in answer.content.decode()
    assert Authenticator.objects.filter(user=bob_with_factor).exists()


def test_ones_own_is_not_removed_here(admin: Client, pat: User) -> None:
    Authenticator.objects.create(user=pat, type="totp", data={})
    assert admin.post(url(pat, "second-factor"), CALLED).status_code == 403
    assert "Another platform admin removes" in read(admin, f"/people/{pat.pk}/")
    assert Authenticator.objects.filter(user=pat).exists()


def test_without_one_there_is_nothing_to_remove(admin: Client, bob: User) -> None:
    assert "Remove second factor" not in read(admin, f"/people/{bob.pk}/")
    assert admin.post(url(bob, "second-factor"), CALLED).status_code == 409


@pytest.mark.parametrize(("revoke", "left"), [("on", 0), ("", 1)])
def test_approval_keys_go_with_it_where_that_is_chosen(
    admin: Client, dana: User, now: datetime, revoke: str, left: int
) -> None:
    key = asked("dana", SoftPasskey(), now=now)
    Authenticator.objects.create(user=dana, type="webauthn", data={})
    assert f"Approval key {key.label} stays unless" in read(admin, url(dana, "second-factor"))
    form = {**CALLED, **({"revoke_keys": revoke} if revoke else {})}
    assert admin.post(url(dana, "second-factor"), form).status_code == 302
    assert len(standing_keys_of(dana)) == left


@pytest.mark.parametrize("action", ["second-factor", "switch-off", "switch-on", "invite"])
def test_a_session_left_open_does_nothing(
    client_for: SignIn, pat: User, bob_with_factor: User, action: str
) -> None:
    before = Event.objects.count()
    answer = client_for(pat).post(url(bob_with_factor, action), {**CALLED, "reason": "x"})
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert Event.objects.count() == before


def test_what_alice_leaves_behind_is_said_before_she_is_switched_off(
    admin: Client, alice: User, cluster: Cluster, now: datetime
) -> None:
    ask(demo_spec("payments-prod", cluster=cluster.name), now=now)
    page = read(admin, url(alice, "switch-off"))
    for words in ("Nobody else does this now", "payments would have no active lead",
                  "1 open request:", "Give payments a lead", "stays in the history"):  # fmt: skip
        assert words in page
    assert User.objects.get(pk=alice.pk).is_active


def test_what_dana_alone_approves_is_said(admin: Client, dana: User, now: datetime) -> None:
    key = asked("dana", SoftPasskey(), now=now)
    page = read(admin, url(dana, "switch-off"))
    for words in ("Nobody could give the network approval", "Appoint an approver",
                  f"Approval key {key.label}"):  # fmt: skip
        assert words in page


def test_who_is_needed_for_nothing_leaves_no_warning(admin: Client, bob: User) -> None:
    assert "Nobody else does this now" not in read(admin, url(bob, "switch-off"))


def test_bob_is_switched_off_with_a_reason_and_on_again(admin: Client, bob: User) -> None:
    assert admin.post(url(bob, "switch-off"), {"reason": ""}).status_code == 422
    answer = admin.post(url(bob, "switch-off"), {"reason": "Left."}, follow=True)
    assert "Bob is switched off and signed out everywhere." in answer.content.decode()
    assert "Switch on again" in answer.content.decode()
    assert admin.get(url(bob, "switch-off")).status_code == 409
    answer = admin.post(url(bob, "switch-on"), follow=True)
    assert "Bob is active again." in answer.content.decode()


def test_nobody_switches_off_their_own_account(admin: Client, pat: User) -> None:
    assert "Another platform admin switches your account off" in read(admin, url(pat, "switch-off"))
    assert admin.post(url(pat, "switch-off"), {"reason": "x"}).status_code == 403
    assert User.objects.get(pk=pat.pk).is_active


def test_the_page_of_an_invited_person_invites_again(admin: Client, ina: User) -> None:
    assert "Invite again" in read(admin, f"/people/{ina.pk}/")
    before = User.objects.get(pk=ina.pk).password
    answer = admin.post(url(ina, "invite"), follow=True)
    assert "a new link goes to ina@example.com, earlier ones ended" in answer.content.decode()
    assert User.objects.get(pk=ina.pk).password != before


def test_who_has_a_password_is_not_invited_again(admin: Client, bob: User) -> None:
    assert "Invite again" not in read(admin, f"/people/{bob.pk}/")
    assert admin.post(url(bob, "invite")).status_code == 409
