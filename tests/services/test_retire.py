"""Retirement: access goes first, then workloads, then the namespace by its uid; its name rests."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings

from onboarding.cluster.errors import Refused, ServerFault
from onboarding.demo.scenario import acting
from onboarding.domain.lifecycle import RETIREMENT, Phase
from onboarding.domain.objects import Key, Manifest
from onboarding.domain.refusals import Invalid
from onboarding.models import ManagedNamespace
from onboarding.queries.names import check_name
from onboarding.services.phases import PHASES
from onboarding.services.phases.work import PhaseResult, Work
from onboarding.services.submit import submit
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import binding
from tests.support.requests import (
    BINDING,
    DENY_ALL,
    NAME,
    NAMESPACE,
    actions,
    approve_all,
    ask_removal,
    lose_worker,
    ready,
    spec_of,
    wanted,
    wish_of,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")


class Killed(BaseException):
    """What a worker that is killed does: it stops, wherever it is."""


def workload(kind: str, name: str) -> Manifest:
    versions = {"Pod": "v1", "Deployment": "apps/v1", "CronJob": "batch/v1"}
    return {
        "apiVersion": versions[kind],
        "kind": kind,
        "metadata": {"name": name, "namespace": NAME},
    }


@pytest.fixture
def retiring(fake: FakeCluster, cast: object, cluster: object, now: datetime) -> ManagedNamespace:
    """A namespace with workloads whose removal is approved."""
    namespace = ready(now=now)
    for kind in ("CronJob", "Deployment", "Pod"):
        fake.put(workload(kind, "web"))
    fake.put(binding(NAME, "friends", role="view", group="friends"))
    approve_all(ask_removal(namespace, now=now), now=now)
    fake.log.clear()
    return namespace


def until_gone(namespace: ManagedNamespace, fake: FakeCluster, now: datetime) -> ManagedNamespace:
    for _ in range(10):
        namespace = work_on(namespace, now=now)
        fake.finish_deletions()
        if namespace.state == "gone":
            return namespace
    raise AssertionError(f"{namespace.state}: {namespace.message}")


def test_g12_access_goes_first_then_workloads_then_the_namespace(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    namespace = until_gone(retiring, fake, now)
    assert (namespace.gone_at, namespace.next_at, namespace.observed_generation) == (now, None, 2)
    assert fake.objects == {}
    written = [(verb, key.kind) for verb, key in fake.writes]
    assert written == [
        ("delete", "RoleBinding"),
        ("delete", "RoleBinding"),
        ("apply", "ResourceQuota"),
        ("delete_collection", "CronJob"),
        ("delete_collection", "Deployment"),
        ("delete_collection", "Pod"),
        ("delete", "Namespace"),
    ]
    assert not any(key.kind == "NetworkPolicy" for _verb, key in fake.writes)
    assert actions()[-1] == "cluster:namespace:gone"
    assert actions().count("cluster:namespace:gone") == 1


def test_g12_deny_all_stands_while_a_pod_is_left(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod = Key("Pod", NAME, "web")
    kept = fake.objects[pod]
    monkeypatch.setattr(FakeCluster, "delete_collection", shutting_down(pod))
    namespace = work_on(retiring, now=now)
    assert (namespace.state, namespace.message) == ("draining", "1 pod is shutting down: web.")
    assert DENY_ALL in fake.objects
    assert BINDING not in fake.objects
    assert ("delete", NAMESPACE) not in fake.writes
    assert namespace.next_at is not None
    assert namespace.next_at - now < timedelta(seconds=2)
    assert work_on(namespace, now=now).state == "draining"
    assert pod in fake.objects
    assert kept
    fake.remove(pod)
    namespace = until_gone(namespace, fake, now)
    assert namespace.runs.filter(generation=2).count() == 1


def shutting_down(pod: Key):  # type: ignore[no-untyped-def]
    """A cluster whose pods take their time: they are marked, and stay."""
    whole = FakeCluster.delete_collection

    def slowly(fake: FakeCluster, kind: str, namespace: str) -> None:
        if kind != "Pod":
            return whole(fake, kind, namespace)
        fake.log.append(("delete_collection", Key(kind, namespace, "")))
        fake.objects[pod]["metadata"]["deletionTimestamp"] = "2026-11-24T09:00:00Z"  # type: ignore[index,call-overload]
        return None

    return slowly


def test_it_waits_until_the_api_server_no_longer_knows_the_namespace(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.lingering = True
    namespace = work_on(retiring, now=now)
    assert namespace.state == "deleting"
    assert "Terminating" in namespace.message
    assert work_on(namespace, now=now).state == "deleting"
    assert [verb for verb, key in fake.writes if key == NAMESPACE] == ["delete"]
    fake.finish_deletions()
    assert work_on(namespace, now=now).state == "gone"


def test_g13_what_took_its_name_meanwhile_is_not_removed(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.remove(NAMESPACE)
    fake.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}})
    fake.log.clear()
    namespace = work_on(retiring, now=now)
    assert namespace.state == "gone"
    assert NAMESPACE in fake.objects
    assert fake.writes == []


def test_a_namespace_somebody_removed_already_is_gone(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.remove(NAMESPACE)
    assert work_on(retiring, now=now).state == "gone"


def test_a_namespace_that_was_never_created_ends_so_and_nothing_is_written(
    fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next("create", Refused("no room", status=403))
    namespace = work_on(wanted(now=now), now=now)
    assert (namespace.state, namespace.uid) == ("blocked", "")
    approve_all(ask_removal(namespace, now=now), now=now)
    fake.log.clear()
    namespace = work_on(namespace, now=now)
    assert (namespace.state, namespace.next_at) == ("uncreated", None)
    assert {verb for verb, _ in fake.log} == {"named_namespaces", "annotate", "get"}
    assert not fake.writes
    assert namespace.runs.filter(generation=2).count() == 0
    assert actions()[-1] == "cluster:namespace:uncreated"


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("phase", RETIREMENT)
def test_g01_killed_at_any_phase_it_is_gone_once(
    *,
    phase: Phase,
    before: bool,
    retiring: ManagedNamespace,
    fake: FakeCluster,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = PHASES[phase]

    def die(work: Work) -> PhaseResult:
        if not before:
            whole(work)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setitem(PHASES, phase, die)  # type: ignore[arg-type]
        with pytest.raises(Killed):
            work_on(retiring, now=now)
    lose_worker(retiring)
    until_gone(retiring, fake, now)
    assert actions().count("cluster:namespace:gone") == 1
    assert fake.objects == {}


def test_a_failure_while_retiring_is_tried_again_and_never_provisions(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next("delete_collection", ServerFault("etcdserver: no leader", status=500))
    namespace = work_on(retiring, now=now)
    assert (namespace.state, namespace.attempts) == ("retrying", 1)
    assert BINDING not in fake.objects
    until_gone(namespace, fake, now)
    brought = [key.kind for verb, key in fake.writes if verb in {"create", "apply"}]
    assert set(brought) == {"ResourceQuota"}


def test_a_tombstone_lets_the_name_rest(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    namespace = until_gone(retiring, fake, now)
    with pytest.raises(Invalid, match="still rests"):
        submit(wish_of(spec_of()), by=acting("alice"), form_key="again", now=now)
    rested = now + timedelta(days=settings.NAME_RESTS_DAYS, seconds=1)
    assert not check_name(namespace.cluster, NAME, now=rested).problems
    assert submit(wish_of(spec_of()), by=acting("alice"), form_key="again", now=rested)


def test_what_is_gone_is_never_looked_at_again(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    namespace = until_gone(retiring, fake, now)
    fake.log.clear()
    with pytest.raises(AssertionError):
        work_on(namespace, now=now)
    assert fake.log == []
