"""Reconcile: fence before access, nothing twice, nothing adopted, safe to kill anywhere."""

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onboarding.demo.openings import INTERNET, WEB, exposed
from onboarding.domain.lifecycle import PROVISIONING
from onboarding.domain.objects import Key, copied
from onboarding.domain.ownership import DIGEST, GENERATION, REQUEST
from onboarding.models import ClusterObservation, Run
from onboarding.plan.compare import differences
from onboarding.plan.model import load_plan, stamped
from onboarding.services.reconcile import reconcile
from tests.support.came_back import marked
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    BINDING,
    DENY_ALL,
    NAME,
    NAMESPACE,
    actions,
    approve_all,
    ask_change,
    make_due,
    ready,
    spec_of,
    wanted,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")
FOREIGN = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": NAME, "labels": {"bulkhead.dev/managed": "true"}},
}


def snapshot(fake: FakeCluster) -> dict[Key, object]:
    return {key: copied(tree) for key, tree in fake.objects.items()}


def test_a_wanted_namespace_becomes_ready_equal_to_its_plan(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = work_on(wanted(now=now), now=now)
    assert (namespace.state, namespace.observed_generation) == ("ready", 1)
    assert (namespace.ready_at, namespace.verified_at) == (now, now)
    assert (namespace.lease_until, namespace.lease_owner, namespace.message) == (None, "", "")
    assert namespace.next_at is not None
    assert namespace.next_at > now
    revision = namespace.revisions.get()
    plan = load_plan(revision.plan)
    stamps = {REQUEST: revision.request.label, GENERATION: "1", DIGEST: revision.digest}
    for planned in plan.objects:
        assert not differences(stamped(planned.manifest, stamps), fake.objects[planned.key])
    assert set(fake.objects) == {planned.key for planned in plan.objects}
    assert namespace.uid == fake.objects[NAMESPACE]["metadata"]["uid"]  # type: ignore[index,call-overload]


def test_g09_the_fence_is_written_before_anything_else_and_access_last(
    fake: FakeCluster, now: datetime
) -> None:
    ready(spec_of(openings=(WEB, INTERNET)), now=now)
    written = [key for _verb, key in fake.writes]
    assert written[:2] == [NAMESPACE, DENY_ALL]
    assert written[-1] == BINDING
    assert len(written) == len(set(written)) == len(fake.objects)
    assert fake.writes[0][0] == "create"


def test_g09_the_fence_is_read_back_before_the_next_write(fake: FakeCluster, now: datetime) -> None:
    ready(now=now)
    fenced = fake.log.index(("apply", DENY_ALL))
    assert fake.log[fenced + 1] == ("get", DENY_ALL)


def test_every_object_carries_its_request_generation_and_digest(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    request = namespace.revisions.get().request
    for tree in fake.objects.values():
        told = tree["metadata"]["annotations"]  # type: ignore[index,call-overload]
        assert told["bulkhead.dev/request"] == request.label
        assert told["bulkhead.dev/generation"] == "1"
        assert told["bulkhead.dev/digest"] == request.digest


def test_every_phase_leaves_a_step_a_state_and_an_event(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    run = namespace.runs.get()
    assert (run.outcome, run.finished_at) == (Run.Outcome.READY, now)
    steps = [*run.steps.all()]
    assert [step.phase for step in steps] == [*PROVISIONING]
    assert {step.state for step in steps} == {"done"}
    assert steps[0].changes == [{"object": f"Namespace {NAME}", "outcome": "created"}]
    assert actions(run=run.public_id) == ["cluster:phase:done"] * 5 + ["cluster:namespace:ready"]


def test_g22_looking_again_at_a_clean_namespace_writes_nothing(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    before, events = snapshot(fake), actions()
    fake.log.clear()
    for _ in range(3):
        namespace = work_on(namespace, now=now)
    assert namespace.state == "ready"
    assert fake.writes == []
    assert snapshot(fake) == before
    assert actions() == events
    assert namespace.runs.count() == 1


def test_g13_a_namespace_of_somebody_else_is_neither_adopted_nor_changed(
    fake: FakeCluster, now: datetime
) -> None:
    fake.put(FOREIGN)  # type: ignore[arg-type]
    before = snapshot(fake)
    namespace = work_on(wanted(now=now), now=now)
    assert (namespace.state, namespace.reason) == ("blocked", "taken")
    assert "was not created by this request" in namespace.message
    assert snapshot(fake) == before
    assert [verb for verb, _ in fake.writes] == ["create"]
    assert namespace.uid == ""
    assert actions()[-1] == "cluster:namespace:blocked"


def test_g13_it_goes_on_when_the_other_namespace_was_removed(
    fake: FakeCluster, now: datetime
) -> None:
    fake.put(FOREIGN)  # type: ignore[arg-type]
    namespace = work_on(wanted(now=now), now=now)
    fake.remove(NAMESPACE)
    assert work_on(namespace, now=now).state == "ready"


def test_a_mark_of_another_request_is_not_ours(fake: FakeCluster, now: datetime) -> None:
    marked = copied(FOREIGN)  # type: ignore[arg-type]
    marked["metadata"]["annotations"] = {"bulkhead.dev/request": "REQ-OTHER"}  # type: ignore[index,call-overload]
    fake.put(marked)
    assert work_on(wanted(now=now), now=now).reason == "taken"


def test_a_namespace_that_was_recreated_by_somebody_else_is_left_alone(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    fake.remove(NAMESPACE)
    fake.put(FOREIGN)  # type: ignore[arg-type]
    before = snapshot(fake)
    namespace = work_on(namespace, now=now)
    assert (namespace.state, namespace.reason) == ("blocked", "uid-changed")
    assert snapshot(fake) == before


def test_g09_a_namespace_that_went_missing_is_made_again_behind_its_fence(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    old_uid = namespace.uid
    fake.remove(NAMESPACE)
    fake.log.clear()
    namespace = work_on(namespace, now=now)
    assert namespace.state == "ready"
    assert namespace.uid not in {"", old_uid}
    written = [key for _verb, key in fake.writes]
    assert written[:2] == [NAMESPACE, DENY_ALL]
    assert written[-1] == BINDING
    assert actions().count("cluster:namespace:missing") == 1
    assert actions()[-1] == "cluster:namespace:ready"


def test_a_terminating_namespace_is_waited_for(now: datetime, fake: FakeCluster) -> None:
    fake.lingering = True
    namespace = ready(now=now)
    fake.delete(NAMESPACE)
    fake.log.clear()
    namespace = work_on(namespace, now=now)
    assert namespace.state == "retrying"
    assert "Terminating" in namespace.message
    assert fake.writes == []
    fake.finish_deletions()
    namespace = work_on(namespace, now=now)
    assert namespace.state == "ready"


def test_a_change_removes_the_policy_that_is_no_longer_wanted(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    exposure = Key("NetworkPolicy", NAME, "allow-ingress-ingress-nginx")
    assert exposure in fake.objects
    approve_all(ask_change(namespace, spec_of(openings=(INTERNET,)), now=now), now=now)
    fake.log.clear()
    namespace = work_on(namespace, now=now)
    assert (namespace.state, namespace.observed_generation) == ("ready", 2)
    assert exposure not in fake.objects
    assert Key("NetworkPolicy", NAME, "egress-internet") in fake.objects
    assert ("delete", exposure) in fake.writes
    assert NAMESPACE in fake.objects
    plan = load_plan(namespace.revisions.all()[0].plan)
    assert set(fake.objects) == {planned.key for planned in plan.objects}


def test_a_moved_port_is_configured_in_place(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    key = Key("NetworkPolicy", NAME, "allow-ingress-ingress-nginx")
    uid = fake.objects[key]["metadata"]["uid"]  # type: ignore[index,call-overload]
    moved = spec_of(openings=(exposed("ingress-nginx", "web", (9090,)),))
    approve_all(ask_change(namespace, moved, now=now), now=now)
    assert work_on(namespace, now=now).state == "ready"
    assert fake.objects[key]["metadata"]["uid"] == uid  # type: ignore[index,call-overload]
    assert fake.objects[key]["spec"]["ingress"][0]["ports"] == [  # type: ignore[index,call-overload]
        {"protocol": "TCP", "port": 9090}
    ]


def test_g05_a_newer_generation_on_the_cluster_is_left_untouched(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)

    def newer(tree: dict) -> None:  # type: ignore[type-arg]
        marked(tree, generation=7)
        tree["spec"]["egress"] = [{}]

    fake.tamper(DENY_ALL, newer)
    before = snapshot(fake)
    fake.log.clear()
    namespace = work_on(namespace, now=now)
    assert fake.writes == []
    assert snapshot(fake) == before
    assert namespace.lease_until is None


def test_provisioning_takes_a_bounded_number_of_queries(fake: FakeCluster, now: datetime) -> None:
    namespace = wanted(now=now)
    ClusterObservation.objects.create(cluster=namespace.cluster, seen_at=now)
    make_due(namespace)
    with CaptureQueriesContext(connection) as queries:
        assert reconcile("worker-1", clock=lambda: now, namespace_id=namespace.pk)
    statements = [
        query["sql"]
        for query in queries
        if not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))
    ]
    print("provisioning", len(statements), "of", len(queries))
    assert len(statements) <= 40, "\n".join(statements)
    make_due(namespace)
    with CaptureQueriesContext(connection) as again:
        assert reconcile("worker-1", clock=lambda: now, namespace_id=namespace.pk)
    print("looking again", len(again))
    assert len(again) <= 15
