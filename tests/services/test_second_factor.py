"""A lost second factor is removed by somebody else, with an event, and every session ends."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client

from onboarding.domain.refusals import Conflict
from onboarding.models import Event, User
from onboarding.services.history import CONSOLE, actor_for
from onboarding.services.second_factor import OwnSecondFactor, remove_second_factor


@pytest.fixture
def protected(bob: User) -> User:
    for kind in Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES:
        Authenticator.objects.create(user=bob, type=kind, data={})
    return bob


def test_it_goes_with_an_event_that_names_who_and_whose(
    protected: User, pat: User, now: datetime
) -> None:
    remove_second_factor(protected, actor=actor_for(pat), now=now)
    assert not Authenticator.objects.filter(user=protected).exists()
    event = Event.objects.latest("id")
    assert (event.action, event.actor) == ("portal:person:second-factor-removed", "Pat")
    assert event.object_label == "Bob"
    assert json.loads(bytes(event.canonical))["body"]["factors"] == ["recovery_codes", "totp"]


def test_their_sessions_end_and_others_go_on(
    protected: User, pat: User, client_for: Callable[[User], Client], now: datetime
) -> None:
    theirs, other = client_for(protected), client_for(pat)
    remove_second_factor(protected, actor=CONSOLE, now=now)
    assert theirs.get("/").status_code == 302
    assert other.get("/").status_code == 200


def test_nobody_removes_their_own(protected: User, now: datetime) -> None:
    with pytest.raises(OwnSecondFactor):
        remove_second_factor(protected, actor=actor_for(protected), now=now)
    assert Authenticator.objects.filter(user=protected).count() == 2


def test_without_one_there_is_nothing_to_remove(bob: User, pat: User, now: datetime) -> None:
    before = Event.objects.count()
    with pytest.raises(Conflict, match="Bob has no second factor"):
        remove_second_factor(bob, actor=actor_for(pat), now=now)
    assert Event.objects.count() == before


def test_the_console_removes_it(protected: User) -> None:
    call_command("remove_second_factor", "bob")
    assert not Authenticator.objects.exists()
    assert Event.objects.latest("id").via == "console"


@pytest.mark.parametrize(
    ("name", "words"), [("bob", "no second factor"), ("x", "Nobody is called")]
)
def test_the_console_says_why_not(name: str, words: str, bob: User) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("remove_second_factor", name)
