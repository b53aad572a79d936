"""manage.py createsuperuser: refused. Django's flag opens nothing here and leaves no event."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Names the command that makes the first platform admin."""

    help = "Not used here: see `appoint --create`."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Refuse."""
        raise CommandError(
            "The portal has no superusers. Make the first platform admin with "
            "`manage.py appoint NAME platform-admin --create --email ADDRESS`."
        )
