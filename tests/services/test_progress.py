"""How far a request has come: done is what was itself read back, whatever came later."""

from datetime import datetime

import pytest

from onboarding.cluster.errors import Refused
from onboarding.models import ManagedNamespace, Request
from onboarding.queries.progress import Stage, progress_of
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    approve_all,
    ask_change,
    ask_removal,
    ready,
    spec_of,
    wanted,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")


def stages() -> list[Stage]:
    """Every request's stage, the oldest first."""
    return [progress_of(row).stage for row in Request.objects.order_by("id")]


def changed(row: ManagedNamespace, *, now: datetime, **differing: object) -> ManagedNamespace:
    """Approve a change and let a worker try it."""
    approve_all(ask_change(row, spec_of(**differing), now=now), now=now)
    return work_on(row, now=now)


def test_what_was_read_back_stays_done_whatever_comes_later(
    fake: FakeCluster, now: datetime
) -> None:
    row = changed(ready(now=now), now=now, size="medium")
    approve_all(ask_removal(row, now=now), now=now)
    assert stages() == [Stage.DONE, Stage.DONE, Stage.WORKING]
    assert work_on(row, now=now).state == "gone"
    assert stages() == [Stage.DONE] * 3


def test_a_refused_change_is_not_done_because_the_namespace_was_removed_later(
    fake: FakeCluster, now: datetime
) -> None:
    row = ready(now=now)
    fake.fail_next("apply", Refused("Too large.", status=422))
    row = changed(row, now=now, size="medium")
    assert row.state == "blocked"
    approve_all(ask_removal(row, now=now), now=now)
    assert work_on(row, now=now).state == "gone"
    assert stages() == [Stage.DONE, Stage.SUPERSEDED, Stage.DONE]


def test_a_refused_request_is_not_done_because_the_one_after_it_was_taken(
    fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next("apply", Refused("Too large.", status=422))
    row = work_on(wanted(now=now), now=now)
    assert row.state == "blocked"
    assert changed(row, now=now, size="medium").state == "ready"
    assert stages() == [Stage.SUPERSEDED, Stage.DONE]
