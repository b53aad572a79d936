"""manage.py seed_volume: the demo at the volume of a company. `./dev volume` runs it on var/."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from onboarding.cluster.errors import AlreadyExists
from onboarding.cluster.gateway import Gateway
from onboarding.cluster.kubeconfig import parse_kubeconfig
from onboarding.demo.scenario import seed_people
from onboarding.demo.volume import DAYS, Take, tell_volume
from onboarding.domain.objects import Manifest
from onboarding.models import Cluster
from onboarding.services.clock import database_now


class Command(BaseCommand):
    """Fill the demo's portal. The workers bring about what was approved."""

    help = "Fill the demo's portal with 43 teams, 89 people, 201 namespaces and 61 open requests."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--kubeconfig",
            type=Path,
            help="a cluster admin's: puts namespaces of somebody else's under twenty of the names",
        )
        parser.add_argument("--part", type=int, default=1, help="make one of so many wishes")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run. Raises CommandError outside the demo: everybody knows these passwords."""
        if not settings.DEMO:
            raise CommandError("The portal is filled with BULKHEAD_DEMO=1 only.")
        cluster = Cluster.objects.filter(closed_at__isnull=True).order_by("pk").first()
        if cluster is None:
            raise CommandError("Register a cluster first: manage.py prepare_cluster")
        now = database_now()
        seed_people(now=now - DAYS)
        sent = tell_volume(
            cluster, now=now, take=_taker(options["kubeconfig"]), part=options["part"]
        )
        self.stdout.write(f"{sent} requests were sent" if sent else "It was filled before.")


def _taker(kubeconfig: Path | None) -> Take:
    """Return what makes a namespace on the cluster beside the portal, if there is a way in."""
    if kubeconfig is None:
        return lambda _name: None
    admin = Gateway(parse_kubeconfig(kubeconfig.read_text()), field_manager="kubectl")

    def take(name: str) -> None:
        namespace: Manifest = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name},
        }
        try:
            admin.create(namespace)
        except AlreadyExists:
            return

    return take
