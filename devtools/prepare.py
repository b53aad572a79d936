"""Bring a portal's database and its cluster up to date: `python -m devtools.prepare KUBECONFIG`.

All in one process, because starting Django is most of the time each of these commands takes.
Run in the environment of a worker. Every step may be repeated and then changes nothing.
"""

import argparse
from pathlib import Path

import django
from django.core.management import call_command

from devtools.cluster import CLUSTER, INGRESS_SOURCE


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devtools.prepare", description=__doc__)
    parser.add_argument("kubeconfig", type=Path)
    parser.add_argument(
        "--story", action="store_true", help="also the demo's namespace and request"
    )
    chosen = parser.parse_args()
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("seed_demo")
    kubeconfig = str(chosen.kubeconfig)
    call_command(
        "prepare_cluster", CLUSTER, "--kubeconfig", kubeconfig, "--ingress", INGRESS_SOURCE
    )
    if chosen.story:
        call_command("seed_demo", "--story")


if __name__ == "__main__":
    main()
