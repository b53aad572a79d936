"""manage.py seed_demo: the cast, and with --story two requests to look at."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from onboarding.demo.people import DEMO_PEOPLE
from onboarding.demo.scenario import seed_people, tell
from onboarding.models import Cluster
from onboarding.services.clock import database_now


class Command(BaseCommand):
    """Create the demo's people; safe to run again."""

    help = "Create the demo's people and, with --story, a finished and a waiting request."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--story", action="store_true", help="also make the two requests")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run. Raises CommandError outside the demo: everybody knows these passwords."""
        if not settings.DEMO:
            raise CommandError("The demo's people are made with BULKHEAD_DEMO=1 only.")
        if not options["story"]:
            seed_people(now=database_now())
            self.stdout.write(", ".join(person.name for person in DEMO_PEOPLE))
            return
        cluster = Cluster.objects.order_by("pk").first()
        if cluster is None:
            raise CommandError("Register a cluster first: manage.py prepare_cluster")
        tell(cluster, now=database_now())
        self.stdout.write("payments-dev is approved, payments-test waits for Dana")
