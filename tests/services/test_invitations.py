"""Invitations: one link, once, for seven days, stored nowhere, and a password nobody else knows."""

import json
from datetime import datetime, timedelta

import pytest
from allauth.account.models import EmailAddress

from onboarding.demo.scenario import acting
from onboarding.domain.refusals import Invalid
from onboarding.models import Event, User
from onboarding.services import invitations
from onboarding.services.invitations import (
    EndedInvitation,
    accept_invitation,
    invitation_link,
    invited_by_link,
)
from onboarding.services.people import (
    PersonDetails,
    change_person,
    details_of,
    invite_again,
    invite_person,
    version_of,
)
from onboarding.services.switch_people import switch_off

pytestmark = pytest.mark.django_db
SECRET = "correct-horse-battery"


@pytest.fixture
def nora(pat: User, now: datetime) -> User:
    wanted = PersonDetails("Nora", "nora", "nora@example.com", {}, frozenset())
    return invite_person(wanted, by=acting("pat"), now=now)


def parts(link: str) -> tuple[str, str]:
    number, token = link.strip("/").split("/")[-2:]
    return number, token


def accept(link: str, now: datetime, password: str = SECRET) -> User:
    return accept_invitation(*parts(link), password=password, ip="192.0.2.1", now=now)


def test_the_link_sets_a_password_once_and_verifies_the_address(nora: User, now: datetime) -> None:
    link = invitation_link(nora, now=now)
    accept(link, now)
    assert User.objects.get(pk=nora.pk).check_password(SECRET)
    row = EmailAddress.objects.get(user=nora)
    assert (row.email, row.verified, row.primary) == ("nora@example.com", True, True)
    with pytest.raises(EndedInvitation):
        accept(link, now, "another-horse-battery")
    assert User.objects.get(pk=nora.pk).check_password(SECRET)


def test_history_tells_who_accepted_and_holds_no_secret(nora: User, now: datetime) -> None:
    link = invitation_link(nora, now=now)
    accept(link, now)
    event = Event.objects.latest("pk")
    assert (event.action, event.actor, event.ip) == (
        "account:invitation:accepted", "Nora", "192.0.2.1"
    )  # fmt: skip
    kept = json.dumps([str(bytes(one.canonical)) + one.note for one in Event.objects.all()])
    assert SECRET not in kept
    assert parts(link)[1] not in kept


@pytest.mark.parametrize("days", [0, 6.9])
def test_it_is_good_for_seven_days(nora: User, now: datetime, days: float) -> None:
    number, token = parts(invitation_link(nora, now=now))
    assert invited_by_link(number, token, now=now + timedelta(days=days)) == nora


@pytest.mark.parametrize("days", [7.1, -1])
def test_it_is_good_for_no_longer(nora: User, now: datetime, days: float) -> None:
    number, token = parts(invitation_link(nora, now=now))
    with pytest.raises(EndedInvitation):
        invited_by_link(number, token, now=now + timedelta(days=days))


def test_inviting_again_ends_the_link_before(nora: User, now: datetime) -> None:
    before = invitation_link(nora, now=now)
    again = invite_again(nora.pk, by=acting("pat"), now=now)
    with pytest.raises(EndedInvitation):
        accept(before, now)
    assert accept(invitation_link(again, now=now), now) == nora


def test_a_new_address_ends_the_link_to_the_old_one(nora: User, now: datetime) -> None:
    before, known = invitation_link(nora, now=now), details_of(nora)
    wanted = PersonDetails("Nora", "nora", "n@example.com", {}, frozenset())
    change_person(nora.pk, wanted, version=version_of(known), by=acting("pat"), now=now)
    with pytest.raises(EndedInvitation):
        accept(before, now)


def test_who_is_switched_off_is_not_invited_any_more(nora: User, now: datetime) -> None:
    link = invitation_link(nora, now=now)
    switch_off(nora.pk, reason="Went elsewhere.", by=acting("pat"), now=now)
    with pytest.raises(EndedInvitation):
        accept(link, now)


def test_who_is_switched_off_meanwhile_gets_no_password(
    nora: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the link and the change, which is made by the row as it is."""

    def meanwhile(password: str) -> str:
        User.objects.filter(pk=nora.pk).update(is_active=False)
        return password

    monkeypatch.setattr(invitations, "make_password", meanwhile)
    with pytest.raises(EndedInvitation):
        accept(invitation_link(nora, now=now), now)
    assert User.objects.get(pk=nora.pk).password == nora.password


def test_a_link_opens_no_account_that_has_a_password(bob: User, now: datetime) -> None:
    with pytest.raises(EndedInvitation):
        invited_by_link(*parts(invitation_link(bob, now=now)), now=now)


@pytest.mark.parametrize("token", ["", "-", "x", "zzzzzzzzzzzzzzzzzzzz-a", "1-é", "rtkxho-"])
def test_what_is_no_link_has_ended(nora: User, now: datetime, token: str) -> None:
    number, _right = parts(invitation_link(nora, now=now))
    for one in (number, "0", "!", "zzzzzzzzzzzzzz"):
        with pytest.raises(EndedInvitation):
            invited_by_link(one, token, now=now)


def test_a_changed_time_breaks_the_code(nora: User, now: datetime) -> None:
    number, token = parts(invitation_link(nora, now=now - timedelta(days=8)))
    fresh = parts(invitation_link(nora, now=now))[1].partition("-")[0]
    with pytest.raises(EndedInvitation):
        invited_by_link(number, f"{fresh}-{token.partition('-')[2]}", now=now)


@pytest.mark.parametrize("password", ["short", "password1234", "123456789012", "nora@example"])
def test_a_password_that_is_too_easy_is_refused(nora: User, now: datetime, password: str) -> None:
    link = invitation_link(nora, now=now)
    with pytest.raises(Invalid):
        accept(link, now, password)
    assert accept(link, now) == nora


def test_an_address_that_another_account_verified_is_not_verified_twice(
    nora: User, bob: User, now: datetime
) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    EmailAddress.objects.create(user=bob, email="nora@example.com", verified=True)
    accept(invitation_link(nora, now=now), now)
    assert not EmailAddress.objects.get(user=nora).verified
