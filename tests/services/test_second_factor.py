"""A lost second factor is removed by somebody else, with an event, and every session ends."""

import json
from collections.abc import Callable
from datetime import datetime
from importlib import import_module

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from onboarding.domain.refusals import Conflict, Invalid
from onboarding.models import Event, User
from onboarding.services.history import CONSOLE, actor_for
from onboarding.services.second_factor import OwnSecondFactor, remove_second_factor

CALLED = "Called back on the office number."


@pytest.fixture
def protected(bob: User) -> User:
    for kind in Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES:
        Authenticator.objects.create(user=bob, type=kind, data={})
    return bob


def test_it_goes_with_an_event_that_names_who_and_whose(
    protected: User, pat: User, now: datetime
) -> None:
    remove_second_factor(protected, checked=CALLED, actor=actor_for(pat), now=now)
    assert not Authenticator.objects.filter(user=protected).exists()
    event = Event.objects.latest("id")
    assert (event.action, event.actor) == ("portal:person:second-factor-removed", "Pat")
    assert (event.object_label, event.note) == ("Bob", CALLED)
    assert json.loads(bytes(event.canonical))["body"]["factors"] == ["recovery_codes", "totp"]


def test_their_sessions_end_and_others_go_on(
    protected: User, pat: User, client_for: Callable[[User], Client], now: datetime
) -> None:
    theirs, other = client_for(protected), client_for(pat)
    remove_second_factor(protected, checked=CALLED, actor=CONSOLE, now=now)
    assert theirs.get("/").status_code == 302
    assert other.get("/").status_code == 200


def test_nobody_removes_their_own(protected: User, now: datetime) -> None:
    with pytest.raises(OwnSecondFactor):
        remove_second_factor(protected, checked=CALLED, actor=actor_for(protected), now=now)
    assert Authenticator.objects.filter(user=protected).count() == 2


@pytest.mark.parametrize("checked", ["", "  "])
def test_without_a_word_on_how_it_was_checked_it_stays(
    protected: User, pat: User, now: datetime, checked: str
) -> None:
    with pytest.raises(Invalid, match="how you made sure"):
        remove_second_factor(protected, checked=checked, actor=actor_for(pat), now=now)
    assert Authenticator.objects.filter(user=protected).count() == 2


def test_without_one_there_is_nothing_to_remove(bob: User, pat: User, now: datetime) -> None:
    before = Event.objects.count()
    with pytest.raises(Conflict, match="Bob has no second factor"):
        remove_second_factor(bob, checked=CALLED, actor=actor_for(pat), now=now)
    assert Event.objects.count() == before


def test_the_console_removes_it(protected: User) -> None:
    call_command("remove_second_factor", "bob", "--checked", CALLED)
    assert not Authenticator.objects.exists()
    assert Event.objects.latest("id").via == "console"


@pytest.mark.parametrize(
    ("name", "words"), [("bob", "no second factor"), ("x", "Nobody is called")]
)
def test_the_console_says_why_not(name: str, words: str, bob: User) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("remove_second_factor", name, "--checked", CALLED)


SEED = "JBSWY3DPEHPK3PXP"


def stored() -> str:
    return json.dumps([*Authenticator.objects.order_by("pk").values_list("data", flat=True)])


def test_a_copy_of_the_database_makes_no_codes(bob: User) -> None:
    TOTP.activate(bob, SEED)
    codes = RecoveryCodes.activate(bob)
    assert SEED not in stored()
    assert stored().count("sealed1:") == 2
    assert codes.validate_code(codes.generate_codes()[0])
    assert decrypt(Authenticator.objects.get(type="totp").data["secret"]) == SEED


def test_the_upgrade_leaves_no_seed_in_clear(bob: User) -> None:
    Authenticator.objects.create(user=bob, type="totp", data={"secret": SEED})
    Authenticator.objects.create(
        user=bob, type="recovery_codes", data={"seed": "be" * 40, "used_mask": 1}
    )
    import_module("onboarding.migrations.0021_sealed_second_factors").seal_what_is_clear(apps, None)
    assert SEED not in stored()
    assert "bebe" not in stored()
    assert decrypt(Authenticator.objects.get(type="totp").data["secret"]) == SEED


def test_a_seed_somebody_wrote_in_clear_opens_nothing(bob: User) -> None:
    row = Authenticator.objects.create(user=bob, type="totp", data={"secret": SEED})
    with pytest.raises(ValidationError, match="Tell a platform admin"):
        row.wrap().validate_code("000000")


def test_keys_are_changed_by_a_command(bob: User, settings: Settings) -> None:
    settings.BULKHEAD_SECOND_FACTOR_KEYS = [b"o" * 32]
    TOTP.activate(bob, SEED)
    settings.BULKHEAD_SECOND_FACTOR_KEYS = [b"n" * 32, b"o" * 32]
    call_command("seal_second_factors")
    settings.BULKHEAD_SECOND_FACTOR_KEYS = [b"n" * 32]
    assert decrypt(Authenticator.objects.get().data["secret"]) == SEED


def test_a_command_without_the_old_key_changes_nothing(bob: User, settings: Settings) -> None:
    TOTP.activate(bob, SEED)
    before = stored()
    settings.BULKHEAD_SECOND_FACTOR_KEYS = [b"n" * 32]
    with pytest.raises(CommandError, match="no key opens it"):
        call_command("seal_second_factors")
    assert stored() == before
