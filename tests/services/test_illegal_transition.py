"""A move that no table names is a mistake of the program: loud in the log, visible on the page."""

from datetime import datetime

import pytest
from structlog.testing import capture_logs

from onboarding.domain.lifecycle import REACHED, IllegalTransition, NamespaceState, Phase
from onboarding.models import ManagedNamespace
from onboarding.services.failures import BLOCKED_LOOK_AGAIN
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import BINDING, actions, make_due, told_of, wanted, work_on

pytestmark = pytest.mark.usefixtures("cast", "cluster")


@pytest.fixture
def skipping(monkeypatch: pytest.MonkeyPatch) -> None:
    """A portal that calls a fenced namespace bounded."""
    faulty = {**REACHED, Phase.FENCE: NamespaceState.BOUNDED}
    monkeypatch.setattr("onboarding.services.runs.REACHED", faulty)


@pytest.mark.usefixtures("skipping")
def test_an_illegal_transition_is_an_error_and_is_tried_again_in_words(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = wanted(now=now)
    with capture_logs() as logged:
        namespace = work_on(namespace, now=now)
    assert (namespace.state, namespace.lease_until) == ("retrying", None)
    assert "wanted to call a created namespace bounded" in namespace.message
    [line] = [line for line in logged if line["log_level"] == "error"]
    assert isinstance(line["exc_info"], IllegalTransition)
    assert not any(line["event"] == "lease lost" for line in logged)


@pytest.mark.usefixtures("skipping")
def test_an_illegal_transition_records_nothing_of_the_phase_and_grants_nothing(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = work_on(wanted(now=now), now=now)
    assert namespace.runs.get().outcome == "retrying"
    assert actions(namespace=namespace.name).count("cluster:phase:done") == 1
    assert BINDING not in fake.objects


def test_where_not_even_trying_again_is_allowed_the_namespace_stays_with_words(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = wanted(now=now)
    event = told_of(namespace, now=now)
    ManagedNamespace.objects.filter(pk=namespace.pk).update(state="lost", last_event=event)
    make_due(namespace)
    with capture_logs() as logged:
        namespace = work_on(namespace, now=now)
    assert (namespace.state, namespace.lease_until) == ("lost", None)
    assert namespace.next_at == now + BLOCKED_LOOK_AGAIN
    assert "wanted to call a lost namespace" in namespace.message
    assert "illegal transition" in [line["event"] for line in logged]
