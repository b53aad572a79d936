"""Parts are killed, frozen, ended and doubled in the middle of work: nothing is lost or done twice.

One portal on a control plane, a queue and, on PostgreSQL, a database server of its own. Witnesses
are the API server's raw answers and its audit log, plain SQL, and the processes' own ends.
"""

import signal
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from devcluster import start
from devcluster.control_plane import OwnedControlPlane
from devcluster.programs import ETCD
from tests.support.audit_log import AuditLog, creations
from tests.support.held_process import holding
from tests.support.killable_queue import SHIPPED_WORKER, Queue, absent_queue
from tests.support.live_portal import wait_for
from tests.support.pat_without_scripts import Dana, Pat
from tests.support.plain_sql import (
    APPROVALS,
    NAMESPACES,
    READY,
    RUN_OUT,
    UNFINISHED,
    is_intact,
    rows,
)
from tests.support.real_processes import Live
from tests.support.storm import PROCESSES, SERVERS, Parts, approve, parts

WORKER = SHIPPED_WORKER[1:]
SWEEPER = ("manage", "reconcile", "--loop", "--workers", "1")
# What docker-compose.yml gives worker and sweeper to end in.
GRACE_SECONDS = 40.0
KINDS = (
    "api/v1/namespaces/{}",
    "api/v1/namespaces/{}/limitranges",
    "apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
)
AT_ONCE = 4
KILLED_WHILE_THEY_PRESS = {"web", "database"}  # the others while it is brought about


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedControlPlane]:
    with start(tmp_path_factory.mktemp("held-plane")) as plane:
        yield plane


@pytest.fixture(scope="module")
def queue() -> Iterator[Queue]:
    queue = absent_queue()
    queue.start()
    yield queue
    queue.stop()


@pytest.fixture(scope="module")
def all_parts(
    tmp_path_factory: pytest.TempPathFactory, plane: OwnedControlPlane, queue: Queue
) -> Iterator[Parts]:
    with parts(tmp_path_factory.mktemp("held"), plane, queue) as all_parts:
        yield all_parts


@pytest.fixture
def portal(all_parts: Parts, queue: Queue) -> Live:
    return all_parts.portal.with_redis(queue.url)


@pytest.fixture
def audit(portal: Live) -> AuditLog:
    return portal.audit.since_now()


@pytest.fixture
def prefix() -> str:
    return f"pay-{uuid.uuid4().hex[:6]}"


def check_made_once(portal: Live, audit: AuditLog, names: list[str]) -> None:
    """All are ready, as approved, told once, and each is the only one there ever was."""
    ended = portal.act("wait", *names)
    wanted = {"state": "ready", "approvals": 1, "ready": 1, "deviations": 0}
    assert {name: row for name, row in ended.items() if not wanted.items() <= row.items()} == {}
    assert sorted(ended) == sorted(names)
    for name in names:
        entries = audit.about(name)
        live = audit.admin.get(f"/api/v1/namespaces/{name}").body["metadata"]["uid"]
        # A server that is killed may not have written that it answered.
        assert {one.stored["metadata"]["uid"] for one in creations(entries)} <= {live}
        assert not [one.what for one in entries if one.verb == "delete"]
        assert ended[name]["uid"] == live


def versions(audit: AuditLog, name: str) -> list[str]:
    """Every object the portal keeps there, by its version; quotas have a status of their own."""
    found = [audit.admin.get("/" + kind.format(name)).body for kind in KINDS]
    return [
        str(one["metadata"]["resourceVersion"])
        for answer in found
        for one in answer.get("items", [answer])
    ]


def test_g01_everything_is_killed_in_turn_while_people_approve(
    all_parts: Parts, portal: Live, audit: AuditLog, prefix: str
) -> None:
    victims = [*PROCESSES, *SERVERS]
    names = [f"{prefix}-{number}" for number in range(len(victims))]
    asked = list(portal.act("wish", *names, f"{prefix}-half").values())
    with all_parts.all_running(), ThreadPoolExecutor(2) as pool:
        people = [Dana(all_parts.address), Pat(all_parts.address)]
        for victim, name, public_id in zip(victims, names, asked, strict=False):
            pressing = [pool.submit(approve, person, public_id) for person in people]
            if victim not in KILLED_WHILE_THEY_PRESS:
                wait_for(partial(is_wanted, portal, name), "both have approved")
            all_parts.kill_and_start(victim)
            for one in pressing:
                one.result()
        approve(people[0], asked[-1])
        check_made_once(portal, audit, names)
    check_only_approved(portal, audit, names)


def is_wanted(portal: Live, name: str) -> bool:
    return any(row[0] == name for row in rows(portal, NAMESPACES))


def check_only_approved(portal: Live, audit: AuditLog, names: list[str]) -> None:
    half = names[0].rpartition("-")[0] + "-half"
    decided = sorted(one for one in rows(portal, APPROVALS) if one[0] in {*names, half})
    both = [(name, lane) for name in names for lane in ("network", "platform")]
    assert decided == sorted([*both, (half, "network")])
    assert audit.admin.get(f"/api/v1/namespaces/{half}").status == 404
    written = [one for one in audit.of_portal() if one.is_write and one.succeeded]
    outside = {one.what for one in written if one.namespace not in names and not one.is_dry_run}
    assert outside <= {"patch namespaces/bulkhead-system"}
    assert is_intact(portal)


@contextmanager
def killed(plane: OwnedControlPlane) -> Iterator[None]:
    plane.kill_etcd()
    try:
        yield
    finally:
        plane.start_etcd()


@contextmanager
def frozen(plane: OwnedControlPlane) -> Iterator[None]:
    etcd = plane.children[ETCD].process
    etcd.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        etcd.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("outage", [killed, frozen])
def test_g01_etcd_is_away_in_the_middle_of_runs(
    plane: OwnedControlPlane,
    portal: Live,
    audit: AuditLog,
    prefix: str,
    outage: Callable[[OwnedControlPlane], AbstractContextManager[None]],
) -> None:
    names = [f"{prefix}-{number}" for number in range(6)]
    portal.act("onboard", *names)
    with portal.sweeper():
        wait_for(lambda: audit.by_portal(names[1]), "the sweeper is in the middle")
        with outage(plane):
            wait_for(lambda: rows(portal, RUN_OUT), "a lease has run out")
        check_made_once(portal, audit, names)


@pytest.mark.parametrize("program", [WORKER, SWEEPER], ids=["worker", "sweeper"])
def test_g05_frozen_past_its_lease_it_finds_that_it_has_lost_it(
    portal: Live, audit: AuditLog, prefix: str, program: tuple[str, ...]
) -> None:
    with holding(portal, *program) as held:
        portal.act("onboard", prefix)
        held.reach_the_middle()
        held.child.process.send_signal(signal.SIGSTOP)
        with portal.sweeper():
            check_made_once(portal, audit, [prefix])
        before, since = versions(audit, prefix), portal.audit.since_now()
        held.let_go()
        held.child.process.send_signal(signal.SIGCONT)
        wait_for(lambda: held.says("lease lost"), "it notices")
    assert rows(portal, READY).count((prefix,)) == 1
    assert (versions(audit, prefix), since.writes_of_portal(prefix)) == (before, [])


@pytest.mark.parametrize("program", [WORKER, SWEEPER], ids=["worker", "sweeper"])
def test_told_to_end_in_the_middle_of_a_run_it_finishes_it(
    portal: Live, prefix: str, program: tuple[str, ...]
) -> None:
    with holding(portal, *program) as held:
        portal.act("onboard", prefix)
        held.reach_the_middle()
        held.child.ask_to_stop()
        held.let_go()
        assert held.child.has_ended_within(GRACE_SECONDS)
        assert held.child.process.returncode == 0
    [(_, state, _, *lease)] = [row for row in rows(portal, NAMESPACES) if row[0] == prefix]
    assert (state, lease) == ("ready", ["", None])
    assert (prefix,) not in rows(portal, UNFINISHED)


def test_g08_many_at_once_write_each_object_once_and_never_again(
    portal: Live, audit: AuditLog, prefix: str
) -> None:
    names = [f"{prefix}-{number}" for number in range(6)]
    portal.act("onboard", *names)
    patient = portal.told(BULKHEAD_LEASE_SECONDS="60")  # as shipped: nobody is taken for dead
    with patient.as_in_procfile(*("beat", "sweeper", "worker") * 2):
        check_made_once(portal, audit, names)
    for name in names:
        written = [(one.what, one.succeeded) for one in audit.writes_of_portal(name)]
        assert sorted(set(written)) == sorted(written)
        assert {succeeded for _, succeeded in written} == {True}
    before, since = versions(audit, names[0]), portal.audit.since_now()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        looks = list(pool.map(lambda _: portal.act("look_again", names[0]), range(AT_ONCE)))
    assert min(looks) > 1
    assert (versions(audit, names[0]), since.writes_of_portal(names[0])) == (before, [])


@pytest.mark.parametrize("names", [("sweeper",), ("worker", "beat")], ids="-and-".join)
def test_what_they_say_goes_to_a_full_disk_and_they_go_on(
    portal: Live, audit: AuditLog, prefix: str, names: tuple[str, ...]
) -> None:
    # Who frees what a dead process held says so.
    assert portal.told(BULKHEAD_LEASE_SECONDS="600").act("take", prefix)
    with portal.as_in_procfile(*names, log=Path("/dev/full")) as children:
        check_made_once(portal, audit, [prefix])
        assert all(child.is_alive() for child in children)
