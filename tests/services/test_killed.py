"""Killed or frozen anywhere, a worker leaves nothing that the next one cannot go on from."""

from collections.abc import Callable
from datetime import datetime

import pytest

from onboarding.domain.lifecycle import PROVISIONING, REACHED, Phase
from onboarding.models import ManagedNamespace
from onboarding.plan.model import load_plan
from onboarding.services.phases import PHASES
from onboarding.services.phases.work import PhaseResult, Work
from onboarding.services.reconcile import reconcile
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    BINDING,
    DENY_ALL,
    actions,
    lose_worker,
    make_due,
    wanted,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")


class Killed(BaseException):
    """What a worker that is killed does: it stops, wherever it is."""


def killed_before(phase: Callable[[Work], PhaseResult]) -> Callable[[Work], PhaseResult]:
    def die(_work: Work) -> PhaseResult:
        raise Killed

    return die


def killed_after(phase: Callable[[Work], PhaseResult]) -> Callable[[Work], PhaseResult]:
    def die(work: Work) -> PhaseResult:
        phase(work)
        raise Killed

    return die


@pytest.mark.parametrize("how", [killed_before, killed_after])
@pytest.mark.parametrize("phase", PROVISIONING)
def test_g01_g02_killed_at_any_phase_it_is_ready_once(
    phase: Phase,
    how: Callable[[Callable[[Work], PhaseResult]], Callable[[Work], PhaseResult]],
    fake: FakeCluster,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    namespace = wanted(now=now)
    with monkeypatch.context() as patched:
        patched.setitem(PHASES, phase, how(PHASES[phase]))  # type: ignore[arg-type]
        with pytest.raises(Killed):
            work_on(namespace, now=now)
    namespace.refresh_from_db()
    reached = PROVISIONING.index(phase) - 1
    assert namespace.state == (REACHED[PROVISIONING[reached]] if reached >= 0 else "wanted")
    make_due(namespace)
    assert not reconcile("worker-2", clock=lambda: now, namespace_id=namespace.pk)
    uids = {key: tree["metadata"]["uid"] for key, tree in fake.objects.items()}  # type: ignore[index,call-overload]
    lose_worker(namespace)
    namespace = work_on(namespace, now=now)
    assert namespace.state == "ready"
    assert actions().count("cluster:namespace:ready") == 1
    for key, uid in uids.items():
        assert fake.objects[key]["metadata"]["uid"] == uid  # type: ignore[index,call-overload]
    applied = [key for verb, key in fake.writes if verb == "apply"]
    assert len(applied) == len(set(applied))
    assert BINDING not in applied[: applied.index(DENY_ALL) + 1]
    assert namespace.runs.count() == 1


@pytest.mark.parametrize("phase", PROVISIONING)
def test_g05_a_worker_that_lost_its_lease_records_nothing(
    phase: Phase, fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = wanted(now=now)
    seen: dict[str, object] = {}

    def frozen(work: Work) -> PhaseResult:
        outcome = original(work)
        ManagedNamespace.objects.filter(pk=namespace.pk).update(
            fencing_token=99, lease_owner="worker-2", message="Worker 2 was here."
        )
        seen.update(ManagedNamespace.objects.values().get(pk=namespace.pk))
        seen["events"] = actions()
        return outcome

    original = PHASES[phase]
    monkeypatch.setitem(PHASES, phase, frozen)  # type: ignore[arg-type]
    work_on(namespace, now=now)
    after = {**ManagedNamespace.objects.values().get(pk=namespace.pk), "events": actions()}
    assert after == seen
    assert fake.writes == [] or fake.writes[-1][1].kind in {
        planned.key.kind for planned in load_plan(namespace.revisions.get().plan).of(phase)
    } | {"RoleBinding"}
