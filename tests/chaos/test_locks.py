"""Nothing the database does stops the web process: probes answer, people read what happened.

Real processes; on PostgreSQL a server of the test's own, because it is frozen and filled. What an
outage is, what goes on meanwhile and what turns red is data in tests/support/outages.py.
"""

import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from devtools.postgres import Postgres, start_postgres
from onboarding.demo.people import DEMO_PASSWORD
from onboarding.domain.wrong import Wrong
from onboarding.services.write_probe import FRESH_SECONDS
from tests.support.honest_clients import where
from tests.support.live_portal import wait_for
from tests.support.outages import ON_POSTGRESQL, ON_SQLITE, Outage, Scene
from tests.support.pat_without_scripts import Pat
from tests.support.real_processes import Processes, on_database
from tests.support.told_by_metrics import TOKEN, WITH_TOKEN, Told

IS_POSTGRESQL = "postgresql" in settings.DATABASES["default"]["ENGINE"]
OUTAGES = ON_POSTGRESQL if IS_POSTGRESQL else ON_SQLITE
CLICKS = 10
SECONDS = 30
# What is promised of them, whatever happens; the fastest of three, because a busy machine is no
# outage of the database.
HEALTHZ_SECONDS, READYZ_SECONDS, METRICS_SECONDS = 1.0, 3.0, 3.0
NOTICED_SECONDS = FRESH_SECONDS + READYZ_SECONDS
SAID_OF_HEARTBEATS = {"no-sweeper", "no-worker", "beat-silent", "process-lost"}
STORES_NOTHING = "The database stores nothing"


@dataclass(frozen=True)
class Answer:
    """What came back, and how many seconds the fastest of them took."""

    status: int
    text: str
    seconds: float


@dataclass
class Portal:
    """A portal whose database breaks down, and what stands in it."""

    processes: Processes
    scene: Scene
    address: str
    asked: list[str] = field(default_factory=list)

    def act(self, what: str, *names: str) -> Any:
        return json.loads(self.processes.run("tests.support.scenario", what, *names))

    def approvals(self) -> dict[str, int]:
        """How often each request was approved, by the database's own word."""
        return {name: row["approvals"] for name, row in self.act("states", *self.asked).items()}

    def answer(self, path: str, times: int = 1) -> Answer:
        took = []
        for _ in range(times):
            with closing(
                http.client.HTTPConnection(*where(self.address), timeout=SECONDS)
            ) as connection:
                began = time.monotonic()
                connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
                got = connection.getresponse()
                status, text = got.status, got.read().decode()
                took.append(time.monotonic() - began)
        return Answer(status, text, min(took))


@contextmanager
def database(folder: Path) -> Iterator[tuple[str, Postgres | None]]:
    if not IS_POSTGRESQL:
        yield f"sqlite:///{folder}/db.sqlite3", None
        return
    server = start_postgres()
    try:
        yield server.url, server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("outages")
    with database(folder) as (url, server):
        owner = on_database(folder, url)
        owner.run("tests.support.portal_without_cluster")
        processes = owner.as_application().told(**WITH_TOKEN)
        with processes.web_process() as (web, address):
            yield Portal(processes, Scene(folder, web, server), address)


@dataclass
class AtTheForm:
    """Pat, who reads one open request and is about to approve it; another one was decided."""

    pat: Pat
    form: tuple[str, str]
    before: Told

    def approve(self) -> int:
        return self.pat.decide(*self.form)


@pytest.fixture
def pat(portal: Portal, outage: Outage) -> AtTheForm:
    told = Told.by(portal.address)
    before, open_one = f"{outage.name}-before", f"{outage.name}-open"
    ids = portal.act("ask", before, open_one)
    portal.act("decide", before)
    portal.asked += [before, open_one]
    pat = Pat(portal.address)
    return AtTheForm(pat, pat.get(f"/approvals/{ids[open_one]}/"), told)


def clicked(pool: ThreadPoolExecutor, pat: AtTheForm) -> list[Future[int]]:
    return [pool.submit(pat.approve) for _ in range(CLICKS)]


def is_answered(portal: Portal, path: str, status: int) -> bool:
    return portal.answer(path).status == status


def check_it_is_told(portal: Portal, outage: Outage, pat: AtTheForm) -> None:
    """By /metrics, in the time of a scrape, and by the System page where one can look at it."""
    scraped = portal.answer("/metrics", 3)
    assert scraped.seconds < METRICS_SECONDS
    alerts = Told.read(scraped.text).alerts(pat.before)
    assert outage.turns_red in alerts
    if not outage.can_store:
        assert not alerts & SAID_OF_HEARTBEATS
    assert pat.pat.look("/system/") == (200 if outage.can_look else 503)
    if outage.turns_red == Wrong.UNSTORED:
        assert STORES_NOTHING in pat.pat.get("/system/")[1]


@pytest.mark.parametrize("outage", OUTAGES, ids=str)
def test_whatever_the_database_does_probes_and_people_are_answered(
    portal: Portal, outage: Outage, pat: AtTheForm
) -> None:
    before = portal.approvals()
    with ThreadPoolExecutor(CLICKS) as pool:
        with outage.happens(portal.scene):
            clicks, expected = clicked(pool, pat), 200 if outage.can_store else 503
            noticed = partial(is_answered, portal, "/readyz", expected)
            wait_for(noticed, "what was tried before is old", seconds=NOTICED_SECONDS)
            for _ in range(3):
                alive = portal.answer("/healthz", 3)
                assert (alive.status, alive.seconds < HEALTHZ_SECONDS) == (200, True)
                ready = portal.answer("/readyz", 3)
                assert ready.status == expected, ready.text
                assert ready.seconds < READYZ_SECONDS
            assert pat.pat.look("/namespaces/") == (200 if outage.can_look else 503)
            assert {click.result() for click in clicks} == {503}
            assert outage.says in pat.pat.said
            check_it_is_told(portal, outage, pat)
    wait_for(lambda: portal.answer("/readyz").status == 200, "it can serve again")
    assert portal.approvals() == before
    assert pat.approve() == 200
    assert sum(portal.approvals().values()) == sum(before.values()) + 1


@pytest.mark.parametrize("outage", OUTAGES, ids=str)
def test_b14_signing_in_meanwhile_is_503_and_no_fault_of_the_person(
    portal: Portal, outage: Outage
) -> None:
    visitor = Pat(portal.address, is_signed_in=False)
    url, page = visitor.get("/accounts/login/")
    with outage.happens(portal.scene):
        status = visitor.post(url, page, login="pat", password=DEMO_PASSWORD)
        assert status == (200 if outage.can_store else 503)
