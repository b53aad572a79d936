"""Run the processes of the Procfile until told to stop, then stop them in order.

One supervisor, no forks of it: a process that ends is started again, after a pause where it ends at
once. One that has never stayed up stops everything. What they print appears with their names
before it.
"""

import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from threading import Event, Lock, Thread

from devcluster.processes import Child, Command, spawn
from devtools.environment import Environment
from devtools.places import ROOT

PROCFILE = ROOT / "Procfile"
SHORTEST_LIFE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 10.0
GRACE_SECONDS = 12.0
POLL_SECONDS = 0.2

_one_line_at_a_time = Lock()


class ProcessEnded(Exception):
    """A process of the Procfile cannot stay up."""


@dataclass
class Running:
    """The processes of one portal. What they say goes to files in `logs`, else to the terminal."""

    environment: Environment
    logs: Path | None
    children: dict[str, Child] = field(default_factory=dict)
    started_at: dict[str, float] = field(default_factory=dict)
    pauses: dict[str, float] = field(default_factory=dict)  # of those that have stayed up once
    starts_at: dict[str, float] = field(default_factory=dict)  # of those that have ended

    def start(self, name: str, line: str) -> None:
        command = Command(
            name,
            ("/bin/sh", "-c", f"exec {line}"),
            None if self.logs is None else self.logs / f"{name}.log",
            environment=self.environment.of(name),
            directory=ROOT,
            parent_gone=Signals.SIGTERM,
        )
        child = spawn(command)
        self.children[name] = child
        self.started_at[name] = time.monotonic()
        if self.logs is None:
            Thread(target=_relay, args=(child,), daemon=True).start()

    def restart_ended(self, commands: dict[str, str]) -> None:
        """Start what has ended again. Raises ProcessEnded for one that has never stayed up."""
        now = time.monotonic()
        for name, child in list(self.children.items()):
            if child.is_alive():
                continue
            if name not in self.starts_at:
                self.starts_at[name] = now + self._pause_of(name, now - self.started_at[name])
            if self.starts_at[name] <= now:
                say("dev", f"starting {name} again")
                del self.starts_at[name]
                self.start(name, commands[name])

    def _pause_of(self, name: str, lived: float) -> float:
        """In how many seconds it may start again: longer each time that it ends at once."""
        status = self.children[name].process.returncode
        if lived >= SHORTEST_LIFE_SECONDS:
            self.pauses[name] = 0.0
        elif name in self.pauses:
            self.pauses[name] = min(2 * self.pauses[name] + 1, LONGEST_PAUSE_SECONDS)
        else:
            raise ProcessEnded(f"{name} ended at once with status {status}")
        say("dev", f"{name} ended with status {status}")
        return self.pauses[name]

    def stop(self) -> None:
        """Stop the web process, so that no new work comes in, then all others together."""
        web = self.children.pop("web", None)
        if web is not None:
            web.stop(grace=GRACE_SECONDS)
        stop_together(self.children.values())
        self.children.clear()


def read_procfile() -> dict[str, str]:
    """The command line of each process by its name, in the file's order."""
    lines = (line for line in PROCFILE.read_text().splitlines() if line and line[0] != "#")
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): command.strip() for name, _, command in pairs}


def run_processes(environment: Environment, stack: ExitStack, logs: Path | None = None) -> Running:
    """Start everything in the Procfile; it is stopped when `stack` is left."""
    running = Running(environment, logs)
    stack.callback(running.stop)
    for name, line in read_procfile().items():
        running.start(name, line)
    return running


def supervise(running: Running, stop: Event) -> None:
    """Keep the processes up until `stop` is set. Raises ProcessEnded."""
    commands = read_procfile()
    while not stop.wait(POLL_SECONDS):
        running.restart_ended(commands)


def stop_together(children: Iterable[Child]) -> None:
    """Ask all at once, then wait for each."""
    asked = list(children)
    for child in asked:
        child.ask_to_stop()
    for child in asked:
        child.stop(grace=GRACE_SECONDS)


def say(name: str, line: str) -> None:
    """One line on standard output, with who says it before it."""
    with _one_line_at_a_time:
        print(f"{name:>8} | {line}", flush=True)


def _relay(child: Child) -> None:
    """Print what a process prints, for as long as it does."""
    output = child.process.stdout
    if output is None:
        return
    with output:
        for raw in output:
            say(child.name, raw.decode(errors="replace").rstrip())
