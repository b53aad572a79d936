"""manage.py revoke_approval_key KEY: nothing more is applied that was signed with it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from onboarding.domain.refusals import Refusal
from onboarding.models import ApprovalKey
from onboarding.services.approval_keys import revoke_approval_key
from onboarding.services.clock import database_now
from onboarding.services.history import CONSOLE


class Command(BaseCommand):
    """Revoke an approval key, whoever's it is."""

    help = "Revoke an approval key. What was applied before stays; nothing more signed with it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("key", help="e.g. KEY-7K2M9Q")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run."""
        public_id = options["key"].removeprefix("KEY-")
        key = ApprovalKey.objects.filter(public_id=public_id).first()
        if key is None:
            raise CommandError(f"There is no {options['key']}.")
        try:
            revoke_approval_key(key, actor=CONSOLE, by=None, now=database_now())
        except Refusal as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{key.label} is revoked.")
