"""A backup comes back, of the database, of the cluster, of both, from the same moment or not (G37).

One story with three moments. In each case some of it comes back, and all processes start again:
nothing is created, bound or deleted until a person has decided, then exactly what was decided.
The witnesses are the API server's audit log and what stands on it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import connection

from devcluster import start
from onboarding.domain.wrong import Wrong
from tests.support.audit_log import AuditLog
from tests.support.live_portal import wait_for
from tests.support.moments import Moments
from tests.support.pat_without_scripts import Pat
from tests.support.raw_api import RawApi
from tests.support.real_processes import Live, set_up
from tests.support.told_by_metrics import WITH_TOKEN, Told

KEPT, CHANGED, RETIRED, NEW = "pay-kept", "pay-changed", "pay-retired", "pay-new"
WAITING = "pay-waiting"  # approved before the first moment, made after it, retired at the end
ALL = frozenset({KEPT, CHANGED, RETIRED, NEW, WAITING})
BEFORE, BETWEEN, AFTER = 0, 1, 2
# A dump that comes back on PostgreSQL is in another database than it was taken of.
IS_ANOTHER = connection.vendor == "postgresql"


@dataclass(frozen=True)
class Case:
    """Which moments come back, and what a person is asked of then: {name: what differs}."""

    database: int
    cluster: int
    kind: str
    differs: dict[str, str]
    lives: frozenset[str]  # with the first choice everywhere


CASES = {
    "the database alone": Case(
        BEFORE,
        AFTER,
        "database-older",
        {CHANGED: "newer", RETIRED: "gone", WAITING: "gone", NEW: "unknown"},
        frozenset({KEPT, CHANGED, NEW}),
    ),
    "the cluster alone": Case(
        AFTER,
        BEFORE,
        "cluster-older",
        {CHANGED: "older", RETIRED: "alive", NEW: "gone"},
        frozenset({KEPT, CHANGED}),
    ),
    "both, the database from earlier": Case(
        BEFORE,
        BETWEEN,
        "database-older",
        {NEW: "unknown"},
        frozenset({KEPT, CHANGED, RETIRED, WAITING, NEW}),
    ),
    "both, the cluster from earlier": Case(
        BETWEEN,
        BEFORE,
        "cluster-older",
        {WAITING: "gone", NEW: "gone"},
        frozenset({KEPT, CHANGED, RETIRED}),
    ),
}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moments]:
    """Three namespaces and one approved; then all and a fifth; then changes. Nothing runs."""
    folder, state = tmp_path_factory.mktemp("moments"), tmp_path_factory.mktemp("plane")
    portal = tmp_path_factory.mktemp("portal")
    with start(state) as plane, set_up(portal, plane) as live:
        moments = Moments(folder, live)
        tell_first_part(live)
        plane.stop()
        moments.save(BEFORE)
        for number, tell in ((BETWEEN, tell_second_part), (AFTER, tell_third_part)):
            with start(state):
                tell(live)
            moments.save(number)
        yield moments
        moments.forget()


def tell_first_part(live: Live) -> None:
    with live.sweeper():
        live.act("onboard", KEPT, CHANGED, RETIRED)
        live.act("wait", KEPT, CHANGED, RETIRED)
    live.act("onboard", WAITING)
    live.act("look")


def tell_second_part(live: Live) -> None:
    with live.sweeper():
        live.act("onboard", NEW)
        live.act("wait", NEW, WAITING)
    live.act("look")


def tell_third_part(live: Live) -> None:
    with live.sweeper():
        live.act("narrow", CHANGED)
        live.act("approve_all", CHANGED)
        live.act("retire", RETIRED, WAITING)
        live.act("settle", CHANGED)
        live.act("ended", RETIRED, WAITING)
    live.act("look")


@pytest.mark.parametrize("name", CASES)
def test_g37_nothing_happens_until_a_person_has_decided_and_then_only_that(
    story: Moments, name: str
) -> None:
    case, live = CASES[name], story.live
    story.bring_back(database=case.database, cluster=case.cluster)
    with start(story.plane.layout.folder):
        audit = live.audit.since_now()
        stood = standing(live)
        with live.sweeper():
            live.act("broken")
            check_it_is_red(live)
            live.act("due")
            found = live.act("differing")
            assert (found["kind"], found["differing"]) == (kind_of(case), case.differs)
            assert not writes_of_the_portal(audit)
            assert standing(live) == stood
            live.act("decide_first")
            wait_for(lambda: standing(live) == case.lives, "what was decided")
            live.act("rests")
        assert standing(live) == case.lives
    assert live.act("told_of_the_break") == ["cluster:history:broken", "portal:history:settled"]


def check_it_is_red(live: Live) -> None:
    """In /metrics, and on the System page: what waits there is nobody's fault meanwhile."""
    with live.told(**WITH_TOKEN).web() as address:
        wrong = {what for what, cluster in Told.by(address).wrong if cluster}
        assert Wrong.ONLY_LOOKED_AT in wrong
        assert not wrong & {Wrong.UNDONE, Wrong.OVERDUE, Wrong.LOOKS_LATE}
        assert "is only looked at" in Pat(address).get("/system/")[1]


def test_g37_both_from_the_same_moment_have_nothing_to_make_up(story: Moments) -> None:
    live, expected = story.live, {KEPT, CHANGED, RETIRED}
    story.bring_back(database=BEFORE, cluster=BEFORE)
    with start(story.plane.layout.folder):
        audit = live.audit.since_now()
        with live.sweeper():
            live.act("look")
            live.act("due")
            live.act("look")
            if IS_ANOTHER:  # told by its number, though it says the same
                assert live.act("differing")["differing"] == {WAITING: "gone"}
                live.act("decide_first")
                live.act("rests")
            else:
                live.act("wait", WAITING)
                expected |= {WAITING}
            assert all(WAITING in written for written in writes_of_the_portal(audit))
        assert standing(live) == expected


def kind_of(case: Case) -> str:
    """What is found first: that the database does not know an event, or that it is another."""
    return "database-other" if IS_ANOTHER and case.kind == "cluster-older" else case.kind


def writes_of_the_portal(audit: AuditLog) -> list[str]:
    """What it wrote, besides how far its history has come."""
    return [
        f"{one.verb} {one.resource} {one.namespace}/{one.name}"
        for name in sorted(ALL)
        for one in audit.by_portal(name)
        if one.is_write and one.succeeded
    ]


def standing(live: Live) -> set[str]:
    """Which of the namespaces live on the API server."""
    admin = RawApi.from_kubeconfig(live.plane.kubeconfig)
    found = admin.get("/api/v1/namespaces").body["items"]
    return {
        one["metadata"]["name"]
        for one in found
        if one["metadata"]["name"] in ALL and "deletionTimestamp" not in one["metadata"]
    }
