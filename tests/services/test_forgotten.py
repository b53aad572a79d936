"""What a restored database forgot is asked for by its team, and taken over by approvers' decision.

It stands on the cluster with its fence and its access, and no row knows it. The database was
restored to before it was asked for; a platform admin has gone through what differs.
"""

from collections.abc import Callable
from copy import copy
from datetime import datetime, timedelta
from functools import partial

import pytest

from onboarding.demo.openings import INTERNET, WEB
from onboarding.demo.scenario import acting
from onboarding.domain.after_restore import RestoreChoice
from onboarding.domain.objects import Manifest, branch, text
from onboarding.domain.ownership import TEAM_LABEL
from onboarding.domain.refusals import Invalid
from onboarding.models import Cluster, HistoryBreak, ManagedNamespace, Request, Team
from onboarding.pages.adoption import found_for_request
from onboarding.plan.model import load_plan
from onboarding.queries.after_restore import differences_on, shown_of
from onboarding.queries.names import check_name
from onboarding.queries.portals import unknown_here
from onboarding.services.after_restore import settle
from onboarding.services.observe import observe
from onboarding.services.preview import adopt_wish
from onboarding.services.submit import submit
from tests.support.back_in_time import database_restored
from tests.support.came_back import until_ended
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    BINDING,
    DENY_ALL,
    NAME,
    NAMESPACE,
    approve_all,
    ask,
    ask_change,
    ask_removal,
    ready,
    spec_of,
    wanted,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")

HOUR = timedelta(hours=1)
REFUSED = ("create", NAMESPACE)  # answered that the name is taken


@pytest.fixture
def uid(fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch) -> str:
    """Its uid on the cluster, where it stands with its second generation."""
    Cluster.objects.update(credential=b"sealed")
    monkeypatch.setattr("onboarding.services.observe.open_gateway", lambda _cluster: fake)
    cluster = Cluster.objects.get()
    assert observe(cluster.pk, clock=lambda: now)
    with database_restored():
        namespace = ready(now=now)
        approve_all(ask_change(namespace, spec_of(openings=(WEB, INTERNET)), now=now), now=now)
        assert work_on(namespace, now=now).generation == 2
        assert observe(cluster.pk, clock=partial(copy, now + HOUR))
    for at in (now + 2 * HOUR, now + 3 * HOUR):  # the first finds that the database went back
        assert observe(cluster.pk, clock=partial(copy, at))
    found = HistoryBreak.objects.get()
    settle(
        found.pk,
        {NAME: RestoreChoice.LEAVE},
        shown=shown_of(differences_on(cluster)),
        by=acting("pat"),
        now=now + 3 * HOUR,
    )
    fake.log.clear()
    return text(fake.objects[NAMESPACE], "metadata", "uid")


@pytest.fixture
def waiting(uid: str, fake: FakeCluster, now: datetime) -> ManagedNamespace:
    """Its team has asked for the name, and was approved."""
    assert uid
    return work_on(wanted(now=now + 3 * HOUR), now=now + 3 * HOUR)


def taken_over(namespace: ManagedNamespace, now: datetime) -> Request:
    return submit(
        adopt_wish(namespace, why="It is time."), by=acting("alice"), form_key="adopt", now=now
    )


def test_its_team_can_ask_for_it_and_is_told_what_stands_there(
    uid: str, cluster: Cluster, now: datetime
) -> None:
    check = check_name(cluster, NAME, now=now, team="payments")
    assert uid
    assert check.problems == ()
    assert check.forgotten == unknown_here([cluster])[cluster.pk][0]


def test_nobody_else_can(uid: str, cluster: Cluster, now: datetime) -> None:
    assert uid
    Team.objects.filter(slug="payments").update(slug="others")
    with pytest.raises(Invalid, match="Only the team it was made for can ask for it"):
        ask(spec_of(team="others"), now=now)
    assert check_name(cluster, NAME, now=now).problems


def test_approved_nothing_is_written_until_somebody_has_seen_what_stands_there(
    uid: str, fake: FakeCluster, now: datetime
) -> None:
    row = work_on(wanted(now=now + 3 * HOUR), now=now + 3 * HOUR)
    assert (row.state, row.reason, row.uid) == ("blocked", "forgotten", "")
    assert fake.writes == [REFUSED]
    assert (row.found or {})["uid"] == uid
    assert (row.found or {})["generation"] == 2


def test_taken_over_it_becomes_what_was_approved_and_stays_the_same_namespace(
    waiting: ManagedNamespace, fake: FakeCluster, uid: str, now: datetime
) -> None:
    later = now + 4 * HOUR
    fake.log.clear()
    request = taken_over(waiting, later)
    shown = found_for_request(request, load_plan(request.plan))
    assert shown is not None
    assert (shown.is_forgotten, shown.generation) == (True, 2)
    approve_all(request, now=later)
    done = work_on(waiting, now=later)
    assert (done.state, done.generation, done.uid) == ("ready", 3, uid)
    assert text(fake.objects[NAMESPACE], "metadata", "uid") == uid
    assert {DENY_ALL, BINDING} <= fake.objects.keys()
    assert REFUSED not in fake.writes


def test_it_can_be_removed_instead(
    waiting: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    later = now + 4 * HOUR
    approve_all(ask_removal(waiting, now=later), now=later)
    assert until_ended(waiting, later).state == "gone"
    assert fake.objects == {}


@pytest.mark.parametrize("label", [TEAM_LABEL, "bulkhead.dev/managed"])
def test_what_is_not_marked_as_made_for_the_team_is_somebody_elses(
    uid: str, fake: FakeCluster, now: datetime, label: str
) -> None:
    assert uid
    row = wanted(now=now + 3 * HOUR)
    fake.tamper(NAMESPACE, _relabelled(label))
    done = work_on(row, now=now + 3 * HOUR)
    assert (done.reason, fake.writes) == ("taken", [REFUSED])


def test_what_another_portal_made_is_somebody_elses(
    uid: str, fake: FakeCluster, now: datetime
) -> None:
    assert uid
    row = wanted(now=now + 3 * HOUR)

    def of_another(tree: Manifest) -> None:
        branch(tree, "metadata", "annotations")["bulkhead.dev/portal"] = "ANOTHER"

    fake.tamper(NAMESPACE, of_another)
    done = work_on(row, now=now + 3 * HOUR)
    assert (done.reason, fake.writes) == ("taken", [REFUSED])


def _relabelled(label: str) -> Callable[[Manifest], None]:
    def change(tree: Manifest) -> None:
        branch(tree, "metadata", "labels")[label] = "another"

    return change
