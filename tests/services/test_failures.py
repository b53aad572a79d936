"""Troubles: what a failure of the cluster means for a namespace, or for the whole cluster."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from onboarding.cluster.errors import (
    AccessDenied,
    AlreadyExists,
    Busy,
    ClusterError,
    ObjectMissing,
    Refused,
    ServerFault,
    TimedOut,
    Unauthorized,
    Unreachable,
    Untrusted,
    WriteConflict,
)
from onboarding.demo.scenario import acting
from onboarding.domain import refusals
from onboarding.domain.lifecycle import ClusterCondition, RetryReason
from onboarding.domain.objects import Key
from onboarding.models import Cluster, Event, Run, User
from onboarding.services import failures
from onboarding.services.claim import claim
from onboarding.services.credentials import NoCredential
from onboarding.services.retry import try_again
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import BINDING, actions, lose_worker, make_due, ready, wanted, work_on

pytestmark = pytest.mark.usefixtures("cast", "cluster")
WORDS = 'admission webhook "quota.example" denied the request: limits.cpu too high'
CONDITIONS = [
    (Unreachable("connection refused"), "unreachable"),
    (Untrusted("unknown issuer"), "untrusted"),
    (Unauthorized("Unauthorized", status=401), "unauthorized"),
    (AccessDenied("cannot patch resource", status=403), "grant-missing"),
    (Busy("too many requests", status=429), "throttled"),
    (TimedOut("no answer within 10 s"), "slow"),
]
PASSING = [
    ServerFault("etcdserver: no leader", status=500),
    WriteConflict("the object has been modified", status=409),
]


def named(error: Exception) -> str:
    return type(error).__name__


@pytest.mark.parametrize("verb", ["create", "apply"])
@pytest.mark.parametrize("kind", [Refused, ObjectMissing])
def test_a_refusal_blocks_at_once_in_the_servers_own_words(
    kind: type[ClusterError], verb: str, fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next(verb, kind(WORDS, status=422))
    namespace = work_on(wanted(now=now), now=now)
    assert (namespace.state, namespace.reason) == ("blocked", "refused")
    assert WORDS in namespace.message
    run = namespace.runs.get()
    assert (run.outcome, run.finished_at) == (Run.Outcome.BLOCKED, now)
    [failed] = run.steps.filter(state="failed")
    assert WORDS in failed.message
    assert BINDING not in fake.objects
    assert actions()[-1] == "cluster:namespace:blocked"
    assert WORDS in bytes(Event.objects.latest("id").canonical).decode().replace('\\"', '"')


def test_what_is_blocked_is_looked_at_again_soon_and_then_hourly(
    fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next("apply", Refused(WORDS, status=422), times=2)
    namespace = work_on(wanted(now=now), now=now)
    assert namespace.next_at == now + failures.BLOCKED_CONFIRMED_AFTER
    namespace = work_on(namespace, now=now)
    assert namespace.next_at == now + failures.BLOCKED_LOOK_AGAIN


def test_a_blocked_namespace_goes_on_when_somebody_says_it_is_mended(
    fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next("apply", Refused(WORDS, status=422))
    namespace = work_on(wanted(now=now), now=now)
    later = now + timedelta(minutes=1)
    try_again(namespace.pk, by=acting("alice"), now=later)
    namespace.refresh_from_db()
    assert namespace.next_at == later
    assert actions()[-1] == "portal:namespace:look-again"
    assert Event.objects.latest("id").actor == "Alice"
    assert work_on(namespace, now=later).state == "ready"


@pytest.fixture
def blocked(fake: FakeCluster, cast: dict[str, User], cluster: Cluster, now: datetime) -> int:
    """The id of a namespace that waits for a person."""
    fake.fail_next("apply", Refused(WORDS, status=422))
    return work_on(wanted(now=now), now=now).pk


@pytest.mark.parametrize("username", ["bob", "dana", "frank"])
def test_only_a_lead_or_a_platform_admin_starts_another_try(
    username: str, blocked: int, now: datetime
) -> None:
    with pytest.raises(refusals.Forbidden):
        try_again(blocked, by=acting(username), now=now)
    assert "portal:namespace:look-again" not in actions()
    try_again(blocked, by=acting("pat"), now=now)
    assert actions()[-1] == "portal:namespace:look-again"


def test_a_stranger_learns_nothing_by_trying_again(blocked: int, now: datetime) -> None:
    with pytest.raises(refusals.NotFound):
        try_again(blocked, by=acting("charlie"), now=now)


def test_what_is_not_stuck_is_not_tried_again(fake: FakeCluster, now: datetime) -> None:
    with pytest.raises(refusals.Invalid, match="is not stuck"):
        try_again(ready(now=now).pk, by=acting("alice"), now=now)


@pytest.mark.parametrize("verb", ["create", "apply", "list", "review_access"])
@pytest.mark.parametrize("error", PASSING, ids=named)
def test_g06_a_passing_failure_is_tried_again_until_it_is_ready(
    error: ClusterError, verb: str, fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next(verb, error, times=3)
    namespace = wanted(now=now)
    for attempt in (1, 2, 3):
        namespace = work_on(namespace, now=now)
        assert (namespace.state, namespace.attempts) == ("retrying", attempt)
        assert error.message in namespace.message
        assert namespace.next_at is not None
        assert namespace.next_at >= now + timedelta(seconds=max(0.2, error.retry_after or 0))
    namespace = work_on(namespace, now=now)
    assert (namespace.state, namespace.attempts, namespace.message) == ("ready", 0, "")
    outcomes = [run.outcome for run in namespace.runs.order_by("id")]
    # A look that fails before anything is to be done begins no run.
    assert outcomes == ["retrying"] * (1 if verb == "list" else 3) + ["ready"]
    assert actions().count("cluster:namespace:ready") == 1


def test_a_failure_nobody_foresaw_is_tried_again_too(fake: FakeCluster, now: datetime) -> None:
    class Strange(ClusterError):
        pass

    fake.fail_next("apply", Strange("what is this"))
    namespace = work_on(wanted(now=now), now=now)
    assert (namespace.state, namespace.attempts) == ("retrying", 1)
    assert work_on(namespace, now=now).state == "ready"


@pytest.mark.parametrize(("error", "condition"), CONDITIONS, ids=lambda one: str(one)[:12])
def test_what_concerns_the_cluster_is_the_clusters_condition_not_the_namespaces(
    error: ClusterError, condition: str, fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    namespace = wanted(now=now)
    fake.go_down(error)
    for _ in range(3):
        namespace = work_on(namespace, now=now)
        assert (namespace.state, namespace.reason) == ("wanted", "")
        assert error.message in namespace.message
    cluster.refresh_from_db()
    assert (cluster.condition, cluster.attempts, cluster.condition_at) == (condition, 3, now)
    assert error.message in cluster.condition_message
    assert cluster.retry_at is not None
    assert now < cluster.retry_at <= now + timedelta(seconds=30)
    assert actions().count("cluster:cluster:condition") == 1
    assert "cluster:namespace:blocked" not in actions()
    fake.come_back()
    namespace = work_on(namespace, now=now)
    cluster.refresh_from_db()
    assert (namespace.state, namespace.message) == ("ready", "")
    assert (cluster.condition, cluster.retry_at, cluster.last_seen_at) == ("ok", None, now)
    assert actions().count("cluster:cluster:condition") == 2


def test_an_outage_in_the_middle_goes_on_where_it_was(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    namespace = wanted(now=now)
    fake.fail_next("apply", Unreachable("connection reset"))
    namespace = work_on(namespace, now=now)
    assert namespace.state == "created"
    namespace = work_on(namespace, now=now)
    assert namespace.state == "ready"
    assert namespace.runs.count() == 1
    assert [verb for verb, _ in fake.writes].count("create") == 1


def test_a_cluster_without_credential_is_unauthorized(
    cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_cluster: Cluster) -> FakeCluster:
        raise NoCredential("No credential is stored for dev-eu.")

    monkeypatch.setattr("onboarding.services.reconcile.open_gateway", none)
    namespace = work_on(wanted(now=now), now=now)
    cluster.refresh_from_db()
    assert (namespace.state, cluster.condition) == ("wanted", "unauthorized")


def test_a_token_renewed_meanwhile_is_tried_at_once(
    fake: FakeCluster, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renewed(_cluster: Cluster) -> FakeCluster:
        Cluster.objects.update(credential_version=5)
        raise Unauthorized("Unauthorized", status=401)

    namespace = wanted(now=now)
    with monkeypatch.context() as patched:
        patched.setattr("onboarding.services.reconcile.open_gateway", renewed)
        namespace = work_on(namespace, now=now)
    cluster.refresh_from_db()
    assert cluster.condition == "ok"
    assert work_on(namespace, now=now).state == "ready"


def test_g06_another_cluster_does_not_wait_for_a_dead_one(cluster: Cluster, now: datetime) -> None:
    failures.note_condition(cluster, failures.ClusterCondition.UNREACHABLE, "x", now=now)
    namespace = wanted(now=now)
    make_due(namespace)
    Cluster.objects.filter(pk=cluster.pk).update(retry_at=now + timedelta(days=3650))
    assert claim("worker-1") is None
    Cluster.objects.filter(pk=cluster.pk).update(condition="ok")
    assert claim("worker-1") is not None
    lose_worker(namespace)


def test_a_ready_namespace_survives_an_outage(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    namespace = ready(now=now)
    fake.go_down(Unreachable("connection refused"))
    assert work_on(namespace, now=now).state == "ready"
    fake.come_back()
    namespace = work_on(namespace, now=now)
    assert (namespace.state, namespace.message) == ("ready", "")


@pytest.mark.parametrize("attempts", [0, 1, 5, 16, 1000])
def test_the_wait_grows_within_bounds_and_is_never_nothing(attempts: int) -> None:
    waits = {failures.delay(attempts).total_seconds() for _ in range(200)}
    assert min(waits) >= 0.2
    assert max(waits) <= min(failures.LONGEST_DELAY, 2.0**attempts) or max(waits) == 0.2
    assert len(waits) > 1


def test_the_servers_patience_is_respected() -> None:
    assert failures.delay(1, at_least=90.0) >= timedelta(seconds=90)


def test_a_failure_names_its_object() -> None:
    error = Refused("no", status=422, key=Key("NetworkPolicy", "shop", "deny-all"))
    assert failures.judge(error).message == "NetworkPolicy shop/deny-all: no"
    assert failures.judge(AlreadyExists("x")).blocked is None


def test_only_what_others_mend_is_left_alone_for_minutes() -> None:
    fault, webhook = failures.Failure("x"), failures.Failure("x", retrying=RetryReason.WEBHOOK_DOWN)
    longest = [
        max(failures.pause_after(one, 1000).total_seconds() for _ in range(200))
        for one in (fault, webhook)
    ]
    assert longest[0] <= 30 < longest[1] <= 300


def test_of_many_successes_within_a_second_one_is_written_down(
    cluster: Cluster, now: datetime, django_assert_num_queries: Any
) -> None:
    failures.note_success(cluster, now=now)
    known = Cluster.objects.get()
    with django_assert_num_queries(0):
        failures.note_success(known, now=now + timedelta(milliseconds=900))
    failures.note_success(known, now=now + timedelta(seconds=1))
    assert Cluster.objects.get().last_seen_at == now + timedelta(seconds=1)


def test_a_success_ends_a_condition_however_soon_it_follows_another(
    cluster: Cluster, now: datetime
) -> None:
    failures.note_success(cluster, now=now)
    failures.note_condition(cluster, ClusterCondition.SLOW, "no answer", now=now)
    failures.note_success(Cluster.objects.get(), now=now)
    assert Cluster.objects.get().condition == "ok"
