"""`python -m devcluster up|down|status [--state DIR]`: a control plane to play with.

`up` keeps the foreground: the control plane lives as long as it does.
"""

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from threading import Event

from devcluster.binaries import BinariesMissing
from devcluster.building import cache_folder
from devcluster.control_plane import ControlPlane, ControlPlaneError, start
from devcluster.layout import Layout, Record
from devcluster.processes import is_running

DOWN_SECONDS = 60.0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m devcluster", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument("--state", type=Path, default=cache_folder() / "devcluster", metavar="DIR")
    chosen = parser.parse_args(arguments)
    commands = {"up": up, "down": down, "status": status}
    try:
        return commands[chosen.command](chosen.state)
    except (ControlPlaneError, BinariesMissing) as error:
        say(str(error))
        return 1


def up(state: Path) -> int:
    """Run until Ctrl-C or SIGTERM, then stop in order."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    began = time.monotonic()
    with start(state) as plane:
        say(f"ready after {time.monotonic() - began:.1f} s: {plane.server}")
        describe(plane)
        say("Ctrl-C stops it; what is stored stays in the state folder.")
        stop.wait()
        say("stopping …")
    return 0


def down(state: Path) -> int:
    """Ask the owner to stop, and wait until it has."""
    record = Record.read(Layout(state.resolve()))
    if record is None or not record.pids or not is_running(record.owner):
        say(f"no control plane is running in {state}")
        return 0
    os.kill(record.owner, signal.SIGTERM)
    pause, deadline = Event(), time.monotonic() + DOWN_SECONDS
    while is_running(record.owner):
        if time.monotonic() > deadline:
            raise ControlPlaneError(f"process {record.owner} did not stop in {DOWN_SECONDS:.0f} s")
        pause.wait(0.05)
    say("stopped")
    return 0


def status(state: Path) -> int:
    """Say what runs; exit code 1 if nothing does."""
    plane = ControlPlane.attach(state)
    say(f"running: {plane.server}")
    describe(plane)
    for name, pid in plane.record.pids.items():
        say(f"  {name} (process {pid})")
    return 0


def describe(plane: ControlPlane) -> None:
    say(f"  kubeconfig {plane.kubeconfig}")
    say(f"  audit log  {plane.audit_log}")


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
