"""manage.py appoint USERNAME ROLE: the way in for the first platform admin.

With --create the account is made first. It gets no password on the command line: the command
prints a link, for one use, with which the person sets it. No account has Django's superuser flag.
"""

from argparse import ArgumentParser
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from onboarding.domain.refusals import Refusal
from onboarding.models import RoleAssignment, User
from onboarding.services.appoint import appoint, create_person
from onboarding.services.clock import database_now


class Command(BaseCommand):
    """Give a person a role; safe to run again without --create."""

    help = "Give a person a role. Later ones are given on the page Roles by platform admins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("username")
        parser.add_argument("role", choices=RoleAssignment.Role.values)
        parser.add_argument("--create", action="store_true", help="make the account first")
        parser.add_argument("--email", default="", help="the new person's address")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run."""
        username, role = options["username"], RoleAssignment.Role(options["role"])
        if options["create"] and not options["email"]:
            raise CommandError("A new person needs --email: a password can be reset by it.")
        try:
            new = (
                create_person(username, email=options["email"], now=database_now())
                if options["create"]
                else None
            )
            is_new = appoint(username, role, now=database_now())
        except Refusal as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{username} {'is now' if is_new else 'already is'} {role.label}")
        if new:
            self.stdout.write(_invitation(new))


def _invitation(person: User) -> str:
    """Return where the person sets the password: once, and within the days that settings give."""
    key = f"{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}"
    uid, token = key.split("-", 1)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})
    origins: list[str] = settings.CSRF_TRUSTED_ORIGINS
    days = settings.PASSWORD_RESET_TIMEOUT // 86400
    where = f"{origins[0]}{path}" if origins else f"{path} on the portal"
    return f"Set the password within {days} days, once: {where}"
