"""manage.py grant_application_role ROLE: after each migration, by the owner of the tables."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError, connection

from onboarding.services.application_role import grant_application_role


class Command(BaseCommand):
    """Let a role of PostgreSQL do what the portal's processes need, and nothing else."""

    help = "Grant the role that web and workers connect as what they need, and nothing else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("role", help="made if missing, with BULKHEAD_APPLICATION_PASSWORD")

    def handle(self, *_args: Any, role: str, **_options: Any) -> None:
        """Run."""
        if connection.vendor != "postgresql":
            self.stdout.write("SQLite has no roles: nothing was granted.")
            return
        try:
            grant_application_role(role, password=settings.APPLICATION_PASSWORD)
        except (ImproperlyConfigured, ProgrammingError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{role} may do what the portal's processes need, and nothing else.")
