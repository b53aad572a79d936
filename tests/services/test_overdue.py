"""By how much the oldest due work is late, whoever lives."""

from datetime import datetime, timedelta

import pytest

from onboarding.demo.scenario import approve, ask
from onboarding.domain.lanes import Lane
from onboarding.models import Cluster, ManagedNamespace
from onboarding.queries.health import overdue_each
from tests.support.requests import spec_of


@pytest.fixture
def waiting(cluster: Cluster, cast: object, now: datetime) -> ManagedNamespace:
    """A namespace that was approved and waits for a worker."""
    request = ask(spec_of(), now=now)
    for lane, who in ((Lane.PLATFORM, "pat"), (Lane.NETWORK, "dana")):
        approve(request, who, lane, now=now)
    return ManagedNamespace.objects.get()


@pytest.mark.django_db
def test_nothing_is_late_where_nothing_is_due(now: datetime) -> None:
    assert overdue_each(now) == {}


def test_work_that_lies_about_is_late(waiting: ManagedNamespace, now: datetime) -> None:
    ManagedNamespace.objects.update(next_at=now - timedelta(seconds=500))
    assert [*overdue_each(now).values()] == [timedelta(seconds=500)]


@pytest.mark.parametrize(("retried", "late"), [(500, [timedelta(seconds=500)]), (-20, [])])
def test_work_of_a_cluster_that_cannot_be_used_is_late_once_that_should_be_tried(
    waiting: ManagedNamespace, now: datetime, retried: int, late: list[timedelta]
) -> None:
    ManagedNamespace.objects.update(next_at=now - timedelta(seconds=900))
    retry_at = now - timedelta(seconds=retried)
    Cluster.objects.update(condition="unreachable", retry_at=retry_at)
    assert [*overdue_each(now).values()] == late
