"""One cluster hangs, or the database refuses for a while: the others and the rest go on."""

import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings

from devcluster.control_plane import ControlPlane
from devtools.postgres import SUPERUSER
from devtools.valkey import Valkey, start_valkey
from tests.cluster.test_hostile_server import made_pair
from tests.support.hung_server import HungServer
from tests.support.live_portal import wait_for
from tests.support.real_processes import Live, set_up

pytestmark = pytest.mark.cluster
DUE = 200  # on the hung cluster
TIMES = 5
# A cluster that hangs may cost its neighbours so much (G39).
SHARE, SECONDS = 1.2, 0.5
ON_POSTGRESQL = "postgresql" in settings.DATABASES["default"]["ENGINE"]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, control_plane: ControlPlane) -> Iterator[Live]:
    """A portal with the settings it is shipped with."""
    with set_up(tmp_path_factory.mktemp("neighbours"), control_plane) as live:
        yield live.as_shipped()


@pytest.fixture
def beside_a_hung_one(tmp_path: Path, control_plane: ControlPlane) -> Iterator[Live]:
    """One of its own, to have two clusters."""
    with set_up(tmp_path, control_plane) as live:
        yield live.as_shipped()


@pytest.fixture
def hung(tmp_path: Path) -> Iterator[HungServer]:
    server = HungServer(made_pair(tmp_path / "hung.pem").file)
    yield server
    server.close()


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Valkey]:
    server = start_valkey(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def prefix() -> str:
    return f"pay-{uuid.uuid4().hex[:6]}"


def act(live: Live, *arguments: str) -> object:
    return json.loads(live.run("tests.support.neighbours", *arguments))


def seconds_to_ready(live: Live, names: list[str]) -> float:
    took = act(live, "measure", *names)
    assert isinstance(took, list)
    return median(took)


def condition_of_the_hung_one(live: Live) -> object:
    told = act(live, "hung")
    assert isinstance(told, dict)
    return told["condition"]


def test_g39_a_hung_cluster_with_work_due_costs_another_next_to_nothing(
    beside_a_hung_one: Live, hung: HungServer, queue: Valkey, prefix: str
) -> None:
    portal = beside_a_hung_one.with_redis(queue.url)
    act(portal, "register", hung.address, str(hung.certificate), str(DUE))
    names = [f"{prefix}-{number}" for number in range(3 * TIMES)]
    with portal.as_in_procfile("worker", "beat", "sweeper"):
        act(portal, "measure", f"{prefix}-first")
        alone = seconds_to_ready(portal, names[:TIMES])
        assert act(portal, "fall_due") == DUE
        wait_for(lambda: hung.heard, "somebody waits for the hung cluster")
        beside = seconds_to_ready(portal, names[TIMES : 2 * TIMES])
        assert act(portal, "hung") == {"condition": "ok", "held": 1}
        wait_for(lambda: condition_of_the_hung_one(portal) == "slow", "the first time-out")
        later = seconds_to_ready(portal, names[2 * TIMES :])
        assert condition_of_the_hung_one(portal) == "slow"
    print(f"approve to READY: alone {alone:.2f} s, beside {beside:.2f} s, once slow {later:.2f} s")
    assert max(beside, later) <= SHARE * alone + SECONDS, (alone, beside, later)


def as_owner(live: Live, statement: str) -> None:
    """Run SQL as the owner of the portal's database, in a session that may always write."""
    url = urlsplit(live.environment["BULKHEAD_DATABASE_URL"])
    if not ON_POSTGRESQL:
        with closing(sqlite3.connect(url.path, timeout=20)) as line, line:
            line.execute(statement)
        return
    host, name = url.path.rsplit("/", 1)
    where = f"host={host} user={SUPERUSER} dbname={name}"
    options = "-c default_transaction_read_only=off"
    with psycopg.connect(where, options=options, autocommit=True) as line:
        line.execute(statement.format(name=f'"{name}"').encode())


CUT_OFF = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TABLE = "onboarding_managednamespace"


def read_only(live: Live) -> None:
    """What a failover to a replica is: who connects may not write, all others are cut off."""
    as_owner(live, "ALTER DATABASE {name} SET default_transaction_read_only = on")
    as_owner(live, CUT_OFF)
    as_owner(live, f"UPDATE {TABLE} SET next_at = now()")


def writable(live: Live) -> None:
    """Who is connected still may not write: a session keeps what it began with."""
    as_owner(live, "ALTER DATABASE {name} RESET default_transaction_read_only")


def without_a_table(live: Live) -> None:
    """No OperationalError on PostgreSQL: as while something migrates."""
    as_owner(live, f"ALTER TABLE {TABLE} RENAME TO away")


def with_all_tables(live: Live) -> None:
    as_owner(live, f"ALTER TABLE away RENAME TO {TABLE}")


@dataclass(frozen=True)
class Refusal:
    """How the database begins to refuse, how that ends, and what is said of it meanwhile."""

    begin: Callable[[Live], None]
    end: Callable[[Live], None]
    words: str


REFUSALS = {"a table is away": Refusal(without_a_table, with_all_tables, TABLE)}
if ON_POSTGRESQL:  # SQLite knows no such thing
    REFUSALS["read-only"] = Refusal(read_only, writable, "in a read-only transaction")


@pytest.mark.parametrize("names", [("sweeper",), ("worker", "beat")], ids="-and-".join)
@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_they_go_on_after_the_database_refused_for_a_while(
    live: Live, queue: Valkey, prefix: str, refusal: Refusal, names: tuple[str, ...]
) -> None:
    log, portal = live.folder / f"{names[0]}.log", live.with_redis(queue.url)
    with portal.as_in_procfile(*names) as children:
        live.act("onboard", f"{prefix}-before")
        live.act("wait", f"{prefix}-before")
        before = log.stat().st_size
        refusal.begin(live)
        wait_for(
            lambda: refusal.words.encode() in log.read_bytes()[before:], f"{names[0]} has noticed"
        )
        refusal.end(live)
        live.act("onboard", f"{prefix}-after")
        ended = live.act("wait", f"{prefix}-after")
        assert all(child.is_alive() for child in children)
    assert [row["state"] for row in ended.values()] == ["ready"]


ENDS = """
import onboarding.management.commands.reconcile as command
def ends(**_given): raise SystemExit
command.note_outdated = ends
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "reconcile", "--loop"])
"""


def test_a_loop_that_ends_takes_its_process_with_it(live: Live) -> None:
    sweeper = live.spawn("sweeper", "-c", f"import django; django.setup(){ENDS}")
    try:
        assert sweeper.has_ended_within(60), "it is said to be alive and does half of its work"
        assert sweeper.process.returncode == 1
        assert "The loop render has ended" in (live.folder / "sweeper.log").read_text()
    finally:
        sweeper.stop()


def test_each_process_says_of_itself_that_it_turns(
    live: Live, queue: Valkey, tmp_path: Path
) -> None:
    files = {name: tmp_path / f"{name}-alive" for name in ("worker", "beat", "sweeper")}
    with ExitStack() as stack:
        for name, file in files.items():
            told = live.with_redis(queue.url).told(BULKHEAD_ALIVE_FILE=str(file))
            stack.enter_context(told.as_in_procfile(name))
        for name, file in files.items():
            wait_for(file.exists, f"{name} turns")
            file.unlink()
            wait_for(file.exists, f"{name} turns again")
