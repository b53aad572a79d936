"""An outage is red on the System page and in /metrics within a minute (G40).

Here is what depends on processes, in real ones: they are killed, and clusters are sick. What
depends on rows alone is in tests/services/test_wrongs.py, that alerts follow in
deploy/alerts-test.yaml.
"""

import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from devcluster.processes import Child
from devtools.valkey import start_valkey
from onboarding.domain.wrong import Wrong
from tests.cluster.test_hostile_server import made_pair
from tests.support.live_portal import wait_for
from tests.support.pat_without_scripts import Pat
from tests.support.real_processes import Processes, web_only
from tests.support.sick_clusters import sick_clusters

BOUND_SECONDS = 60.0
TOKEN = "a-token-of-the-scraper"
TOLD = {
    "BULKHEAD_METRICS_TOKEN": TOKEN,
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
    "nobody answers at a cluster": (Wrong.CLUSTER, "unreachable"),
    "a cluster hangs": (Wrong.CLUSTER, "hung"),
    "a cluster refuses the credential": (Wrong.CLUSTER, "unauthorized"),
    "what was approved is not done": (Wrong.UNDONE, "unreachable"),
    "the worker is killed": (Wrong.NO_WORKER, ""),
    "beat is killed": (Wrong.BEAT_SILENT, ""),
    "the sweeper is killed": (Wrong.NO_SWEEPER, ""),
}
AT_LAST = "the sweeper is killed"  # it is the one that notices what clusters do
ON_THE_PAGE = {
    Wrong.CLUSTER: "{} cannot be used, or was not heard of lately",
    Wrong.UNDONE: "Approved for {} and not done: 1",
    Wrong.NO_WORKER: "No worker is running",
    Wrong.BEAT_SILENT: "No message of beat reaches a worker",
    Wrong.NO_SWEEPER: "No sweeper is running",
}


@dataclass
class Portal:
    """A portal whose parts run, and what was red of it when."""

    processes: Processes
    address: str
    running: dict[str, Child]
    pat: Pat
    took: dict[str, float] = field(default_factory=dict)

    def wrong(self) -> dict[tuple[str, str], float]:
        """What /metrics counts as wrong, by kind and cluster."""
        asked = urllib.request.Request(
            f"{self.address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(asked, timeout=20) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            return {
                (one.labels["what"], one.labels["cluster"]): one.value
                for family in families
                if family.name == "bulkhead_wrong"
                for one in family.samples
                if one.value
            }

    def page(self) -> str:
        """The System page, as Pat gets it."""
        return self.pat.get("/system/")[1]

    @contextmanager
    def another(self, kind: str) -> Iterator[None]:
        """One more process comes and goes."""
        if kind == "web":
            with self.processes.web():
                yield
            return
        child = self.processes.spawn(f"another-{kind}", *COMMANDS[kind])
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
        return self.took.keys() >= set(outages)

    def follow(self, outages: list[str]) -> None:
        began = time.monotonic()
        wait_for(lambda: self.all_red(outages, began), f"all are red: {outages}")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Everything runs and is well."""
    with ExitStack() as stack:
        valkey = start_valkey(tmp_path_factory.mktemp("red-queue"))
        stack.callback(valkey.stop)
        owned = stack.enter_context(web_only(tmp_path_factory.mktemp("red")))
        processes = owned.told(**TOLD).with_redis(valkey.url)
        processes.run("manage", "seed_demo")
        running = dict(_start(processes, stack))
        address = stack.enter_context(processes.web())
        portal = Portal(processes, address, running, Pat(address))
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
    with sick_clusters(pair.file) as places:
        _sicken(portal, ca, places)
        portal.follow([one for one in OUTAGES if one != AT_LAST])
        portal.running["sweeper"].kill()
        portal.follow([AT_LAST])
        yield portal


def _sicken(portal: Portal, ca: Path, places: dict[str, str]) -> None:
    named = [f"{name}={address}" for name, address in places.items()]
    portal.processes.run("tests.support.register_clusters", str(ca), *named)
    portal.running["worker"].kill()
    portal.running["beat"].kill()


@pytest.mark.parametrize("outage", OUTAGES)
def test_g40_an_outage_is_red_within_a_minute(outages: Portal, outage: str) -> None:
    assert outages.took[outage] < BOUND_SECONDS
    what, cluster = OUTAGES[outage]
    assert ON_THE_PAGE[what].format(cluster) in outages.page()


@pytest.mark.parametrize("kind", [*COMMANDS, "web"])
def test_g40_who_ends_in_order_is_not_missed(portal: Portal, kind: str) -> None:
    def heard_of() -> set[str]:
        return set(re.findall(r'<span class="sub mono">([^<]*)</span>', portal.page()))

    before = heard_of()
    with portal.another(kind):
        wait_for(lambda: heard_of() - before, f"another {kind} is heard of")
    assert heard_of() <= before
