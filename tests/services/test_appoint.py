"""The first platform admin comes from the command line, and the record says so."""

import pytest
from django.core.management import CommandError, call_command

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
