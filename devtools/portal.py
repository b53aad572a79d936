"""A whole portal on this machine: cluster, Redis server, database, people, processes.

`./dev` runs one in `var/` until it is told to stop; `./dev demo` runs one in a temporary folder,
takes the main journey through it, and removes it.
"""

import fcntl
import http.client
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from threading import Event

from devcluster.processes import is_free
from devtools.cluster import provide_cluster
from devtools.environment import Environment, portal_environment
from devtools.interrupts import Stopped, raise_when_asked_to_stop
from devtools.places import PYTHON, ROOT, VAR, State
from devtools.supervise import Running, run_processes, say, supervise
from devtools.valkey import start_valkey
from onboarding.demo.people import DEMO_PASSWORD, DEMO_PEOPLE

WEB_PORTS = range(8000, 8050)
WEB_SECONDS = 30.0
ANSWER_SECONDS = 5.0


class PortalError(Exception):
    """A portal could not be set up; the message says why."""


def run() -> int:
    """`./dev`: set everything up, run it, say where it is, until Ctrl-C."""
    raise_when_asked_to_stop()
    began = time.monotonic()
    try:
        with ExitStack() as stack:
            environment, running = start_portal(VAR, stack, story=True)
            _greet(environment, time.monotonic() - began)
            supervise(running, Event())
    except Stopped:
        say("dev", "stopped; requests and namespaces are kept in var/")
    return 0


def demo() -> int:
    """`./dev demo`: the main journey without a browser. Returns the journey's exit code."""
    raise_when_asked_to_stop()
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bulkhead-demo-"))
            environment, running = start_portal(
                State(Path(folder)), stack, logs=Path(folder) / "logs"
            )
            code = _manage(environment, "demo_journey")
            if code != 0:
                _show_last_words(running)
    except Stopped:
        say("dev", "stopped before the end")
        return 1
    return code


def start_portal(
    state: State, stack: ExitStack, *, story: bool = False, logs: Path | None = None
) -> tuple[Environment, Running]:
    """Start all parts in their order; `stack` stops them in the reverse one."""
    state.create()
    _hold(state, stack)
    valkey = start_valkey(state.folder)
    stack.callback(valkey.stop)
    say("dev", "starting the control plane …")
    kubeconfig = provide_cluster(state.cluster, stack)
    environment = portal_environment(state, redis_url=valkey.url, port=_web_port())
    say("dev", "preparing the database, the demo's people and the cluster …")
    _prepare(environment, kubeconfig, state, story=story)
    running = run_processes(environment, stack, logs)
    _wait_for_web(environment, running)
    return environment, running


def _hold(state: State, stack: ExitStack) -> None:
    """One portal per folder. The lock goes with the process, however it ends."""
    lock = stack.enter_context(state.lock.open("ab"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PortalError(f"a portal is already running in {state.folder}") from None


def _web_port() -> int:
    port = next(filter(is_free, WEB_PORTS), None)
    if port is None:
        raise PortalError(f"no free port from {WEB_PORTS.start} to {WEB_PORTS.stop - 1}")
    return port


def _prepare(environment: Environment, kubeconfig: Path, state: State, *, story: bool) -> None:
    """Run the preparation; its words go to a file and are shown if it fails."""
    command = [str(PYTHON), "-m", "devtools.prepare", str(kubeconfig), *["--story"] * story]
    log = state.logs / "prepare.log"
    with log.open("wb") as output:
        answer = subprocess.run(
            command,
            env=environment.worker,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if answer.returncode != 0:
        raise PortalError(f"preparing the portal failed:\n{log.read_text(errors='replace')}")


def _manage(environment: Environment, *arguments: str) -> int:
    command = [str(PYTHON), "manage.py", *arguments]
    return subprocess.run(command, env=environment.worker, cwd=ROOT, check=False).returncode


def _address(environment: Environment) -> str:
    return f"http://127.0.0.1:{environment.shared['PORT']}"


def _wait_for_web(environment: Environment, running: Running) -> None:
    """Wait for the first answer; a page of errors is no reason to wait longer."""
    page = f"{_address(environment)}/healthz"
    pause, deadline = Event(), time.monotonic() + WEB_SECONDS
    while (status := _status_of(page)) is None:
        if not running.children["web"].is_alive() or time.monotonic() > deadline:
            raise PortalError(f"the web process does not answer on {page}")
        pause.wait(0.1)
    if status != http.client.OK:
        raise PortalError(f"{page} answers with status {status}")


def _status_of(url: str) -> int | None:
    """The status a page answers with, None if nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=ANSWER_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def _greet(environment: Environment, seconds: float) -> None:
    lines = (
        f"ready after {seconds:.1f} s",
        "",
        f"Bulkhead   {_address(environment)}/",
        *(f"  {person.username:9} {person.role}" for person in DEMO_PEOPLE),
        f"everybody's password: {DEMO_PASSWORD}",
        "",
        "Ctrl-C stops everything.",
    )
    for line in lines:
        say("dev", line)


def _show_last_words(running: Running) -> None:
    for child in running.children.values():
        for line in child.last_words(8).splitlines():
            say(child.name, line)
