"""`manage.py prepare_cluster NAME --kubeconfig FILE`: once per cluster, by a platform admin.

With `-` for FILE the kubeconfig is read from standard input: nobody else has to be let read it, and
it lies on no disk of the container it is used in.
"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from onboarding.cluster.discovery import Ranges, canonical
from onboarding.cluster.encryption import CannotEncrypt
from onboarding.cluster.errors import ClusterError
from onboarding.cluster.installation import NotInForce
from onboarding.cluster.kubeconfig import BadKubeconfig, parse_kubeconfig
from onboarding.services.clock import database_now
from onboarding.services.prepare_cluster import (
    CannotPrepare,
    PrepareOptions,
    parse_pods,
    prepare_cluster,
    print_manifests,
)

STANDARD_INPUT = Path("-")


class Command(BaseCommand):
    """Translate options to a wish, and refusals to a message and exit code 1."""

    help = "Install what the portal needs on a cluster, and register it. Safe to run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the cluster's name in the portal")
        parser.add_argument(
            "--kubeconfig", metavar="FILE", type=Path, help="a cluster admin's; - is standard input"
        )
        parser.add_argument(
            "--ingress",
            metavar="NAMESPACE[:LABEL=VALUE]",
            action="append",
            default=[],
            help="pods that exposures may be opened to; may be repeated",
        )
        parser.add_argument(
            "--dns", metavar="NAMESPACE[:LABEL=VALUE]", help="the DNS pods, if not k8s-app=kube-dns"
        )
        parser.add_argument("--group-prefix", metavar="PREFIX", help="what sign-in adds to groups")
        for part in ("pod", "service", "node"):
            parser.add_argument(
                f"--{part}-range", metavar="CIDR", action="append", default=[],
                help=f"{part} addresses, where the cluster does not tell; may be repeated",
            )  # fmt: skip
        parser.add_argument(
            "--replace", action="store_true", help="the cluster of this name was built anew"
        )
        parser.add_argument(
            "--print", action="store_true", help="print the YAML to install, and do nothing"
        )

    def handle(self, *_: object, **options: Any) -> None:
        if options["print"]:
            self.stdout.write(print_manifests())
            return
        if not options["kubeconfig"]:
            raise CommandError("--kubeconfig FILE is needed")
        try:
            right = prepare_cluster(_wish(options), say=self.stdout.write, now=database_now())
        except BadKubeconfig as error:
            raise CommandError(f"The kubeconfig cannot be used: {error}.") from error
        except (CannotPrepare, CannotEncrypt, NotInForce, ClusterError, OSError) as error:
            raise CommandError(f"Not prepared: {error}") from error
        if not right:
            raise CommandError("The cluster is not as it must be; see the lines above.")


def _wish(options: dict[str, Any]) -> PrepareOptions:
    return PrepareOptions(
        name=options["name"],
        connection=parse_kubeconfig(_content(options["kubeconfig"])),
        ingress=[parse_pods(written) for written in options["ingress"]],
        dns=parse_pods(options["dns"]) if options["dns"] else None,
        group_prefix=options["group_prefix"],
        ranges=Ranges(*(_cidrs(options[f"{part}_range"]) for part in ("pod", "service", "node"))),
        replace=options["replace"],
    )


def _content(kubeconfig: Path) -> str:
    return sys.stdin.read() if kubeconfig == STANDARD_INPUT else kubeconfig.read_text()


def _cidrs(written: list[str]) -> tuple[str, ...]:
    try:
        return canonical(written)
    except ValueError as error:
        raise CannotPrepare(f"{error} (write ranges like 10.0.0.0/8)") from error
