"""What clients in no hurry cost the others: `./dev bench slow_clients`.

One web process as it is run, on a database of its own. Honest requests are timed before each attack
and during it, in turns, so that whatever else the machine does meets both.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from bench.rig.failure import BenchFailed
from devcluster.processes import Command, choose_port, spawn
from devtools.environment import portal_environment
from devtools.places import PYTHON, ROOT, State
from devtools.supervise import read_procfile
from tests.support.honest_clients import p99, waits, where
from tests.support.slow_clients import ATTACKS, Attack, under

# Shorter waits are told apart by nobody, and a ratio of them says more about the clock.
FLOOR_SECONDS = 0.05
TARGET = 2.0
CLIENTS = 2
START_TRIES, START_PAUSE_SECONDS = 200, 0.1


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev bench slow_clients", description=__doc__)
    parser.add_argument("--requests", type=int, default=200, help="a turn")
    parser.add_argument("--turns", type=int, default=5, help="before and during each attack")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bulkhead-bench-") as folder:
        with _web(State(Path(folder)).create()) as address:
            print(f"{'attack':<14}{'p50 ms':>16}{'p99 ms':>16}{'p99 ratio':>11}  target ≤ {TARGET}")
            for attack in ATTACKS:
                print(_line(address, attack, chosen.requests, chosen.turns), flush=True)
    return 0


@contextmanager
def _web(state: State) -> Iterator[str]:
    """The web process of the Procfile on an empty database, warmed up. Yields its address."""
    environment = portal_environment(state, redis_url="", port=choose_port())
    for command in (["migrate", "--noinput"], ["createcachetable"]):
        manage = [str(PYTHON), "manage.py", *command]
        subprocess.run(
            manage, env=environment.worker, cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )
    line = ("/bin/sh", "-c", f"exec {read_procfile()['web']}")
    web = spawn(
        Command(
            "web", line, state.logs / "web.log", environment=environment.of("web"), directory=ROOT
        )
    )
    address = f"http://127.0.0.1:{environment.shared['PORT']}"
    try:
        _warm_up(address)
        yield address
    finally:
        web.stop()


def _warm_up(address: str) -> None:
    for _ in range(START_TRIES):
        try:
            waits(address, requests=1)
        except OSError:
            Event().wait(START_PAUSE_SECONDS)
        else:
            waits(address, requests=100)
            return
    raise BenchFailed("the web process does not answer")


def _line(address: str, attack: Attack, requests: int, turns: int) -> str:
    """Time both in turns and return one line of the table: before → during."""
    calm: list[float] = []
    attacked: list[float] = []
    for _ in range(turns):
        calm += waits(address, requests=requests, clients=CLIENTS)
        with under(attack, where(address)):
            attacked += waits(address, requests=requests, clients=CLIENTS)
    before, during = p99(sorted(calm)), p99(sorted(attacked))
    ratio = max(during, FLOOR_SECONDS) / max(before, FLOOR_SECONDS)
    middle = f"{_ms(statistics.median(calm))} → {_ms(statistics.median(attacked))}"
    end = f"{_ms(before)} → {_ms(during)}"
    verdict = "met" if ratio <= TARGET else "missed"
    return f"{attack.__name__:<14}{middle:>16}{end:>16}{ratio:>11.2f}  {verdict}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
