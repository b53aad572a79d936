"""manage.py confirm_approval_key USERNAME: the way in for the first approval key.

Run it with the workers' environment, once the person has told you the fingerprint on their page:
the key is sealed with the installation's root. Later ones are confirmed by platform admins there.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from onboarding.domain.approval import Enrolment
from onboarding.domain.refusals import Refusal
from onboarding.services.approval_keys import confirm_at_console
from onboarding.services.clock import database_now


class Command(BaseCommand):
    """Confirm the approval key that a person waits with."""

    help = "Confirm the passkey a person asked to enrol for approvals, on the server itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("username")
        parser.add_argument("--key", default="", help="which key, e.g. KEY-7K2M9Q, if several wait")
        parser.add_argument(
            "--fingerprint",
            required=True,
            help="as the person has read it to you; no other will do",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run."""
        if not options["fingerprint"]:
            raise CommandError("Ask the person for the fingerprint that they see on their page.")
        try:
            key = confirm_at_console(
                options["username"],
                label=options["key"],
                only=options["fingerprint"],
                now=database_now(),
            )
        except Refusal as error:
            raise CommandError(str(error)) from error
        enrolment = Enrolment.read(key.statement.encode())
        lanes = ", ".join(enrolment.lanes) or "none"
        confirms = "may" if enrolment.confirms else "may not"
        self.stdout.write(
            f"{key.label} of {options['username']} ({key.person.label}) is confirmed. "
            f"Lanes: {lanes}. It {confirms} confirm other people's keys. "
            f"If that is not what you expect: revoke_approval_key {key.label}"
        )
