"""Something else is approved while a worker is at it: what is wanted now is not hidden by that."""

from datetime import datetime

import pytest

from onboarding.cluster.errors import ClusterError, ServerFault, Unreachable
from onboarding.domain.lifecycle import Phase
from onboarding.domain.objects import key_of
from onboarding.models import ManagedNamespace, Run, Step
from onboarding.services.claim import LostLease, claim
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import policy
from tests.support.requests import (
    NAME,
    actions,
    approve_all,
    ask_removal,
    make_due,
    ready,
    wanted,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")
FOREIGN = policy(NAME, "let-me-out", {"policyTypes": ["Egress"], "egress": [{}]})


def approved_at_the_next_look(
    fake: FakeCluster, namespace: ManagedNamespace, *, now: datetime
) -> None:
    """The removal is approved between the worker's claim and its first answer."""
    request = ask_removal(namespace, now=now)
    fake.meanwhile("get", lambda _key: True, lambda: approve_all(request, now=now))


def test_a_removal_approved_during_a_look_is_not_put_off(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    approved_at_the_next_look(fake, namespace, now=now)
    row = work_on(namespace, now=now)
    assert (row.state, row.generation, row.next_at) == ("revoking", 2, now)
    assert (row.lease_until, row.lease_owner) == (None, "")
    assert work_on(row, now=now).state == "gone"


def test_a_removal_approved_during_a_look_is_not_called_ready(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    fake.put(FOREIGN)
    drifted = work_on(namespace, now=now)
    fake.remove(key_of(FOREIGN))
    approved_at_the_next_look(fake, drifted, now=now)
    row = work_on(drifted, now=now)
    assert (drifted.state, row.state, row.next_at) == ("drifted", "revoking", now)
    assert actions(namespace=row.name)[-1] == "portal:namespace:retiring"


@pytest.mark.parametrize("error", [ServerFault("Sorry."), Unreachable("Nobody there.")])
def test_a_look_that_fails_says_nothing_of_what_was_approved_during_it(
    error: ClusterError, fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    approved_at_the_next_look(fake, namespace, now=now)
    fake.fail_next("list", error)
    row = work_on(namespace, now=now)
    assert (row.state, row.next_at, row.lease_until) == ("revoking", now, None)


def test_a_claim_of_an_earlier_generation_writes_nothing(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    make_due(namespace)
    held = claim("worker-1")
    approve_all(ask_removal(namespace, now=now), now=now)
    assert held is not None
    with pytest.raises(LostLease):
        held.release(state="ready", next_at=None)
    assert held.hand_over()
    assert claim("worker-2") is not None
    assert not held.hand_over()


def test_an_attempt_that_was_superseded_is_not_shown_as_running(
    fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next("create", ServerFault("Sorry."))
    row = work_on(wanted(now=now), now=now)
    Run.objects.update(finished_at=None, outcome="")  # as a worker that died leaves it
    Step.objects.filter(phase=Phase.CREATE.value).update(state=Step.State.RUNNING)
    approve_all(ask_removal(row, now=now), now=now)
    assert [run.outcome for run in Run.objects.all()] == [Run.Outcome.SUPERSEDED]
    assert not Step.objects.filter(state=Step.State.RUNNING).exists()
