"""`./dev [COMMAND]`, inside the environment. Without a command: set everything up and run it."""

import argparse
import sys

from devcluster import ControlPlaneError
from devcluster.binaries import BinariesMissing
from devcluster.building import BuildFailed
from devtools import check, compose_test, migrations, portal, suite, tools
from devtools.bootstrap import SetUpFailed
from devtools.cluster import ClusterError
from devtools.compose.engine import EngineFailed
from devtools.compose.roots import CannotMakeRoots
from devtools.portal import PortalError
from devtools.postgres import PostgresError
from devtools.suite import SomethingMissing
from devtools.supervise import ProcessEnded
from devtools.valkey import ValkeyError

# What a person can mend is said in a sentence; everything else is a bug and shows its traceback.
EXPLAINED = (
    BinariesMissing,
    BuildFailed,
    CannotMakeRoots,
    ClusterError,
    ControlPlaneError,
    EngineFailed,
    PortalError,
    PostgresError,
    ProcessEnded,
    SetUpFailed,
    SomethingMissing,
    ValkeyError,
)
SIMPLE = {
    "run": (portal.run, "set everything up and run it (also without a command)"),
    "demo": (portal.demo, "the main job without a browser, on the same real parts"),
    "check": (check.check, "style, types, layers, settings, schemas, locks, budgets"),
    "fmt": (tools.fmt, "format the code"),
    "lock": (tools.lock, "resolve the dependencies anew"),
    "note-migrations": (migrations.note_new, "note the hash of new migrations, which then stay"),
    "shell": (tools.shell, "Django's shell on the portal in var/"),
    "volume": (tools.volume, "fill the running portal with what a company has"),
    "compose-test": (compose_test.run, "docker-compose.yml, run for real: root, apt, ten minutes"),
    "clean": (tools.clean, "remove .venv, var/ and caches"),
}


def main(arguments: list[str]) -> int:
    parser = _parser()
    chosen, rest = parser.parse_known_args(arguments or ["run"])
    try:
        if chosen.command == "test":
            return suite.test(chosen.leg, rest)
        if chosen.command == "bench":
            return tools.bench(chosen.name, rest)
        if rest:
            parser.error(f"unknown: {' '.join(rest)}")
        if chosen.command == "help":
            parser.print_help()
            return 0
        return SIMPLE[chosen.command][0]()
    except EXPLAINED as error:
        print(f"./dev: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, (_, words) in SIMPLE.items():
        commands.add_parser(name, help=words)
    test = commands.add_parser(
        "test", help="the whole suite on both databases; pytest's arguments choose", add_help=False
    )
    test.add_argument("--leg", choices=[leg.name for leg in suite.LEGS])
    bench = commands.add_parser("bench", help="measure: ./dev bench NAME", add_help=False)
    bench.add_argument("name", nargs="?", default="")
    commands.add_parser("help", help="this text")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
