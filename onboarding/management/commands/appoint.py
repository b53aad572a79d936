"""manage.py appoint USERNAME ROLE: the way in for the first platform admin."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from onboarding.domain.refusals import NotFound
from onboarding.models import RoleAssignment
from onboarding.services.appoint import appoint


class Command(BaseCommand):
    """Give a person a role; safe to run again."""

    help = "Give a person a role. Later ones are given in the admin site by platform admins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("username")
        parser.add_argument("role", choices=RoleAssignment.Role.values)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run."""
        role = RoleAssignment.Role(options["role"])
        try:
            is_new = appoint(options["username"], role, now=now())
        except NotFound as error:
            raise CommandError(str(error)) from error
        said = "is now" if is_new else "already is"
        self.stdout.write(f"{options['username']} {said} {role.label}")
