"""manage.py migrate: Django's own, for databases of early commits too."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from onboarding.services.rename_migrations import rename_migrations


class Command(migrate.Command):
    """Apply migrations, each known to the database by the name it has today."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run."""
        if not options["check_unapplied"] and not options["plan"]:
            for name in rename_migrations(connections[options["database"]]):
                self.stdout.write(f"{name} was applied under another name before")
        super().handle(*args, **options)
