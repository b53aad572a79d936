"""manage.py changepassword USERNAME: Django's own, with its event."""

from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.core.management.base import CommandError
from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.models import User
from onboarding.services.clock import database_now
from onboarding.services.history import CONSOLE, about_user, record


class Command(changepassword.Command):
    """Ask for a new password twice, set it, and record that it was."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        """Run. A name is compulsory: Django would take that of whoever is at the console."""
        if not options["username"]:
            raise CommandError("Whose password? Give the user name.")
        said: str | None = super().handle(*args, **options)
        person = User.objects.get(username=options["username"])
        with transaction.atomic():
            record(
                Action.PASSWORD_CHANGED, actor=CONSOLE, at=database_now(), about=about_user(person)
            )
        return said
