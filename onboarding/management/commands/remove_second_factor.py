"""manage.py remove_second_factor USERNAME --checked TEXT: for a lost phone and lost codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from onboarding.domain.refusals import Refusal
from onboarding.models import User
from onboarding.services.clock import database_now
from onboarding.services.history import CONSOLE
from onboarding.services.second_factor import remove_second_factor


class Command(BaseCommand):
    """Take a person's second factors away; the password alone signs them in then."""

    help = "Remove a person's second factors and sign them out. Be sure that it is them who asks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("username")
        parser.add_argument(
            "--checked", required=True, help="how you made sure that it is them who asks"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run."""
        person = User.objects.filter(username=options["username"]).first()
        if person is None:
            raise CommandError(f"Nobody is called {options['username']}.")
        try:
            remove_second_factor(
                person, checked=options["checked"], actor=CONSOLE, now=database_now()
            )
        except Refusal as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{person.username} signs in with the password alone now")
