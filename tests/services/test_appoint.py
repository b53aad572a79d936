"""The first platform admin comes from the command line, and the record says so."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from onboarding.models import Event, User
from onboarding.queries.permissions import permissions_of


def test_bob_is_appointed_once_with_one_event(bob: User) -> None:
    before = Event.objects.count()
    call_command("appoint", "bob", "platform-admin")
    call_command("appoint", "bob", "platform-admin")
    assert permissions_of(bob).is_platform_admin
    assert Event.objects.count() == before + 1
    assert Event.objects.latest("id").via == "console"


def test_nobody_of_that_name_is_an_error(db: None) -> None:
    with pytest.raises(CommandError, match="Nobody is called"):
        call_command("appoint", "nobody", "auditor")


def appoint_new(**options: str) -> str:
    said = StringIO()
    call_command("appoint", "grace", "platform-admin", create=True, stdout=said, **options)
    return said.getvalue()


def test_the_first_platform_admin_is_made_without_djangos_flags(db: None) -> None:
    appoint_new(email="grace@example.com")
    grace = User.objects.get(username="grace")
    assert permissions_of(grace).is_platform_admin
    assert (grace.is_superuser, grace.is_staff) == (False, False)
    assert not grace.has_usable_password()
    assert [*Event.objects.values_list("via", flat=True)] == ["console", "console"]


def test_the_link_sets_the_password_once(db: None, client: Client) -> None:
    [path] = re.findall(r"/accounts/password/\S+", appoint_new(email="grace@example.com"))
    form = client.get(path, follow=True).redirect_chain[-1][0]
    secret = {"password1": "correct-horse-battery", "password2": "correct-horse-battery"}
    client.post(form, secret)
    assert User.objects.get(username="grace").check_password("correct-horse-battery")
    assert b"password1" not in Client().get(path, follow=True).content


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "needs --email"),
        ({"email": "no address"}, "valid email"),
        ({"email": "bob@example.com"}, "has this"),
    ],
)
def test_a_person_who_cannot_be_made_is_an_error(
    options: dict[str, str], words: str, bob: User
) -> None:
    with pytest.raises(CommandError, match=words):
        appoint_new(**options)
    assert not User.objects.filter(username="grace").exists()


def test_a_name_is_not_taken_from_somebody(bob: User) -> None:
    with pytest.raises(CommandError, match="Somebody is called BOB already"):
        call_command("appoint", "BOB", "auditor", create=True, email="other@example.com")
