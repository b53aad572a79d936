"""An outage is red on the System page and in /metrics within a minute (G40).

Here is what depends on processes, in real ones: they are killed, and clusters are sick. Outages of
the database are in test_locks.py, restores in test_restore.py; what depends on rows alone is in
tests/services/test_wrongs.py, that alerts follow in deploy/alerts-test.yaml.
"""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devcluster.processes import Child
from onboarding.domain.wrong import Wrong
from tests.cluster.test_hostile_server import made_pair
from tests.support.killable_queue import Queue, absent_queue
from tests.support.live_portal import wait_for
from tests.support.pat_without_scripts import Pat
from tests.support.real_processes import Processes, web_only
from tests.support.sick_clusters import sick_clusters
from tests.support.told_by_metrics import WITH_TOKEN, Told
from tests.support.wrong_clock import CLOCK_VARIABLE, set_clock

BOUND_SECONDS = 60.0
TOLD = {
    **WITH_TOKEN,
    "BULKHEAD_HEARTBEAT_SECONDS": "2",
    "BULKHEAD_UNDONE_SECONDS": "5",
}
CELERY = ("-m", "celery", "-A", "portal")
BEAT = (*CELERY, "beat", "--pidfile=")
COMMANDS = {
    "worker": (*CELERY, "worker", "--pool", "threads", "--concurrency", "2", "--without-gossip"),
    "sweeper": ("manage.py", "reconcile", "--loop"),
}
# What was done to the portal, and what has to be red for it: the name, and where.
OUTAGES = {
    "the queue is killed": (Wrong.BEAT_SILENT, ""),
    "the clock of a web process is wrong": (Wrong.CLOCK, ""),
    "nobody answers at a cluster": (Wrong.CLUSTER, "unreachable"),
    "a cluster hangs": (Wrong.CLUSTER, "hung"),
    "a cluster refuses the credential": (Wrong.CLUSTER, "unauthorized"),
    "what was approved is not done": (Wrong.UNDONE, "unreachable"),
    "the worker is killed": (Wrong.NO_WORKER, ""),
    "beat is killed": (Wrong.BEAT_SILENT, ""),
    "the sweeper is killed": (Wrong.NO_SWEEPER, ""),
}
AT_FIRST = "the queue is killed"  # and starts again: without it, nothing of beat is told
AT_LAST = "the sweeper is killed"  # it is the one that notices what clusters do
ON_THE_PAGE = {
    Wrong.CLUSTER: "{} cannot be used, or was not heard of lately",
    Wrong.UNDONE: "Approved for {} and not done: 1",
    Wrong.NO_WORKER: "No worker is running",
    Wrong.BEAT_SILENT: "No message of beat reaches a worker",
    Wrong.NO_SWEEPER: "No sweeper is running",
    Wrong.CLOCK: "A clock differs from the database",
}


@dataclass
class Portal:
    """A portal whose parts run, and what was red of it when."""

    processes: Processes
    address: str
    running: dict[str, Child]
    pat: Pat
    queue: Queue
    took: dict[str, float] = field(default_factory=dict)
    showed: dict[str, str] = field(default_factory=dict)

    def wrong(self) -> dict[tuple[str, str], float]:
        """What /metrics counts as wrong, by kind and cluster."""
        return Told.by(self.address).wrong

    def page(self) -> str:
        """The System page, as Pat gets it."""
        return self.pat.get("/system/")[1]

    def heard_of(self) -> set[str]:
        """The names of all processes on the System page."""
        return set(re.findall(r'<span class="sub mono">([^<]*)</span>', self.page()))

    @contextmanager
    def another(self, kind: str, **told: str) -> Iterator[None]:
        """One more process comes and goes."""
        processes = self.processes.told(**told)
        if kind == "web":
            with processes.web():
                yield
            return
        child = processes.spawn(f"another-{kind}", *COMMANDS[kind])
        try:
            yield
        finally:
            child.stop()

    def all_red(self, outages: list[str], began: float) -> bool:
        """Note which of them are red by now; tell whether all are."""
        wrong = self.wrong()
        for outage in outages:
            if OUTAGES[outage] in wrong:
                self.took.setdefault(outage, time.monotonic() - began)
                self.showed.setdefault(outage, self.page())
        return self.took.keys() >= set(outages)

    def follow(self, outages: list[str]) -> None:
        began = time.monotonic()
        wait_for(lambda: self.all_red(outages, began), f"all are red: {outages}")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Everything runs and is well."""
    with ExitStack() as stack:
        queue = absent_queue()
        stack.callback(queue.stop)
        queue.start()
        owned = stack.enter_context(web_only(tmp_path_factory.mktemp("red")))
        processes = owned.told(**TOLD).with_redis(queue.url)
        processes.run("manage", "seed_demo")
        running = dict(_start(processes, stack))
        address = stack.enter_context(processes.web())
        portal = Portal(processes, address, running, Pat(address), queue)
        wait_for(lambda: portal.wrong() == {}, "all is well")
        yield portal


def _start(processes: Processes, stack: ExitStack) -> Iterator[tuple[str, Child]]:
    beat = (*BEAT, "--schedule", f"{processes.folder}/beat")
    for name, command in {**COMMANDS, "beat": beat}.items():
        child = processes.spawn(name, *command)
        stack.callback(child.stop)
        yield name, child


@pytest.fixture(scope="module")
def outages(portal: Portal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """All of it happens, and what notices the clusters is killed last."""
    folder = tmp_path_factory.mktemp("sick")
    pair = made_pair(folder / "pair.pem")
    ca = folder / "ca.pem"
    ca.write_text(pair.ca)
    portal.queue.kill()
    portal.follow([AT_FIRST])
    portal.queue.start()
    wait_for(lambda: portal.wrong() == {}, "all is well again")
    with sick_clusters(pair.file) as places, _by_wrong_clock(portal.processes):
        _sicken(portal, ca, places)
        portal.follow([one for one in OUTAGES if one not in {AT_FIRST, AT_LAST}])
        portal.running["sweeper"].kill()
        portal.follow([AT_LAST])
        yield portal


@contextmanager
def _by_wrong_clock(processes: Processes) -> Iterator[None]:
    """Another web process, on a host that is an hour ahead."""
    clock = processes.folder / "clock"
    set_clock(clock, 3600)
    wrong = processes.told(**{CLOCK_VARIABLE: str(clock)})
    with wrong.web("tests.support.web_by_wrong_clock"):
        yield


def _sicken(portal: Portal, ca: Path, places: dict[str, str]) -> None:
    named = [f"{name}={address}" for name, address in places.items()]
    portal.processes.run("tests.support.register_clusters", str(ca), *named)
    portal.running["worker"].kill()
    portal.running["beat"].kill()


@pytest.mark.parametrize("outage", OUTAGES)
def test_g40_an_outage_is_red_within_a_minute(outages: Portal, outage: str) -> None:
    assert outages.took[outage] < BOUND_SECONDS
    what, cluster = OUTAGES[outage]
    assert ON_THE_PAGE[what].format(cluster) in outages.showed[outage]


@pytest.mark.parametrize("kind", [*COMMANDS, "web"])
def test_g40_who_ends_in_order_is_not_missed(portal: Portal, kind: str) -> None:
    before = portal.heard_of()
    with portal.another(kind):
        wait_for(lambda: portal.heard_of() - before, f"another {kind} is heard of")
    assert portal.heard_of() <= before


def test_a_worker_that_waits_for_the_queue_from_its_start_lives(
    portal: Portal, tmp_path: Path
) -> None:
    before, nothing = portal.heard_of(), f"redis+socket://{tmp_path}/nothing.sock"
    with portal.another("worker", BULKHEAD_REDIS_URL=nothing):
        wait_for(lambda: portal.heard_of() - before, "the worker is heard of")
