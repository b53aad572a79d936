"""manage.py restore_triggers: by the owner of the tables, where `check --database` names some."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError

from onboarding.services.clock import database_now
from onboarding.services.history import CONSOLE
from onboarding.services.restore_triggers import restore_triggers


class Command(BaseCommand):
    """Make the triggers again that the database lacks."""

    help = "Make the triggers again that the database lacks; what was lacking is an event."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run."""
        try:
            made = restore_triggers(actor=CONSOLE, now=database_now())
        except ProgrammingError as error:
            raise CommandError(f"Only the owner of the tables makes triggers: {error}") from error
        for one in made:
            self.stdout.write(f"{one}: made again")
        if not made:
            self.stdout.write("The database lacks no trigger.")
