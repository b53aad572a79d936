"""Pods wait until their fence was read back, and wait again when it is in doubt."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now

from onboarding.cluster.errors import Refused, ServerFault, Unreachable
from onboarding.cluster.verbs import SnapshotLost
from onboarding.domain.lifecycle import Phase
from onboarding.domain.objects import Key, Manifest, branch
from onboarding.models import Cluster, Event, ManagedNamespace, NamespaceObservation
from onboarding.services import observe as observing
from onboarding.services.phases import PHASES, gate
from tests.services.test_killed import Killed
from tests.support.fake_cluster import FakeCluster
from tests.support.gated_pods import gated, gates_of, install_gate, is_told, tell, untell
from tests.support.observing import look
from tests.support.requests import (
    BINDING,
    DENY_ALL,
    NAME,
    NAMESPACE,
    actions,
    approve_all,
    ask_change,
    lose_worker,
    ready,
    spec_of,
    wanted,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast")
QUOTA = Key("ResourceQuota", NAME, "quota")
MINUTE = timedelta(seconds=60)
OTHERS = "scheduling.example/topology"


@pytest.fixture(autouse=True)
def with_gate(cluster: Cluster) -> Cluster:
    return install_gate(cluster)


@pytest.fixture
def prod(fake: FakeCluster, now: datetime) -> ManagedNamespace:
    return ready(now=now)


def arrives(fake: FakeCluster, *names: str, before: Key = BINDING) -> None:
    """Let pods be stored just before the portal writes an object."""

    def put() -> None:
        for name in names:
            fake.put(gated(name))

    fake.meanwhile("apply", lambda key: key == before, put)


def told_at(fake: FakeCluster, write: Key) -> list[bool]:
    """Note what the Namespace says just before the portal writes an object."""
    seen: list[bool] = []
    fake.meanwhile("apply", lambda key: key == write, lambda: seen.append(is_told(fake)))
    return seen


def killed(kill: Callable[[Callable[..., Any]], object], now: datetime) -> ManagedNamespace:
    """A namespace whose worker died where `kill` lets it die, and whose lease ran out."""

    def die(*_: object) -> None:
        raise Killed

    row = wanted(now=now)
    kill(die)
    with pytest.raises(Killed):
        work_on(row, now=now)
    lose_worker(row)
    return row


def opened(tree: Any) -> None:
    tree["spec"]["egress"] = [{}]


class TestProof:
    def test_ready_is_told_on_the_namespace_after_everything_else(
        self, fake: FakeCluster, now: datetime
    ) -> None:
        seen = [told_at(fake, key) for key in (DENY_ALL, QUOTA, BINDING)]
        row = ready(now=now)
        assert seen == [[False]] * 3
        assert fake.writes[-1] == ("apply", NAMESPACE)
        assert (is_told(fake), row.fenced_uid) == (True, row.uid)

    def test_a_cluster_without_the_gate_is_not_asked_about_pods(
        self, fake: FakeCluster, cluster: Cluster, now: datetime
    ) -> None:
        Cluster.objects.update(facts={**cluster.facts, "fence_gate": False})
        fake.put({"kind": "Namespace", "metadata": {"name": "other"}})
        row = ready(now=now)
        assert (is_told(fake), row.fenced_uid) == (False, None)
        assert "unscheduled_pods" not in [verb for verb, _ in fake.log]

    def test_g22_a_clean_look_writes_nothing(
        self, fake: FakeCluster, prod: ManagedNamespace, now: datetime
    ) -> None:
        before = len(fake.writes)
        assert work_on(prod, now=now).state == "ready"
        assert fake.writes[before:] == []

    def test_the_digest_and_the_plan_know_nothing_of_it(self, prod: ManagedNamespace) -> None:
        assert "bulkhead.dev/fence" not in str(prod.revisions.get().plan)

    def test_whoever_wrote_the_namespace_meanwhile_is_read_first(
        self, fake: FakeCluster, now: datetime
    ) -> None:
        def note(tree: Manifest) -> None:
            branch(tree, "metadata").setdefault("annotations", {})["note"] = "x"  # type: ignore[index,call-overload]

        fake.meanwhile("review_access", lambda key: True, lambda: fake.tamper(NAMESPACE, note))
        ready(now=now)
        assert is_told(fake)

    def test_what_was_changed_while_it_was_proven_is_not_called_proven(
        self, fake: FakeCluster, now: datetime
    ) -> None:
        def unfence(tree: Manifest) -> None:
            branch(tree, "metadata", "labels")["pod-security.kubernetes.io/enforce"] = "privileged"

        fake.meanwhile("review_access", lambda key: True, lambda: fake.tamper(NAMESPACE, unfence))
        row = work_on(wanted(now=now), now=now)
        assert (row.state, is_told(fake), row.fenced_uid) == ("retrying", False, None)
        assert "while its fence was being proven" in row.message

    def test_a_server_that_drops_the_label_is_not_believed(
        self, fake: FakeCluster, now: datetime
    ) -> None:
        fake.rewrites[NAMESPACE] = lambda tree: branch(tree, "metadata", "labels").pop(
            "bulkhead.dev/fence", None
        )
        row = work_on(wanted(now=now), now=now)
        assert (row.state, row.reason) == ("blocked", "not-as-planned")


class TestRelease:
    def test_pods_go_only_after_the_proof_and_their_number_is_told(
        self, fake: FakeCluster, now: datetime
    ) -> None:
        arrives(fake, "web-1", "web-2")
        row = ready(now=now)
        verbs = [verb for verb, key in fake.writes if key == NAMESPACE or verb == "lift_gate"]
        assert verbs == ["create", "apply", "lift_gate", "lift_gate"]
        assert gates_of(fake, "web-1") == gates_of(fake, "web-2") == []
        assert row.runs.get().steps.get(phase="verify").message == (
            "Released 2 pods that waited for the fence."
        )
        event = Event.objects.get(action="cluster:namespace:ready")
        assert b'"released":2' in bytes(event.canonical)

    def test_gates_of_others_stay(self, fake: FakeCluster, now: datetime) -> None:
        fake.meanwhile("apply", lambda key: key == BINDING, lambda: fake.put(gated("web", OTHERS)))
        ready(now=now)
        assert gates_of(fake, "web") == [OTHERS]

    def test_one_that_comes_while_others_are_let_go_goes_with_them(
        self, fake: FakeCluster, now: datetime
    ) -> None:
        arrives(fake, "web-1")
        fake.meanwhile("lift_gate", lambda _key: True, lambda: fake.put(gated("web-2")))
        ready(now=now)
        assert gates_of(fake, "web-1") == gates_of(fake, "web-2") == []

    def test_whoever_proved_a_fence_looks_once_more_at_once(
        self, fake: FakeCluster, now: datetime
    ) -> None:
        assert ready(now=now).next_at == now + timedelta(milliseconds=500)

    def test_one_that_was_stored_too_late_goes_with_that_look(
        self, fake: FakeCluster, prod: ManagedNamespace, now: datetime
    ) -> None:
        fake.put(gated("late"))
        looked = work_on(prod, now=now)
        assert gates_of(fake, "late") == []
        assert looked.next_at == now + timedelta(minutes=10)

    @pytest.mark.parametrize("error", [Refused("no", status=403), ServerFault("webhook")])
    def test_one_that_may_not_be_changed_keeps_no_other_waiting(
        self, fake: FakeCluster, now: datetime, error: Exception
    ) -> None:
        arrives(fake, "web-1", "web-2")
        fake.fail_next("lift_gate", error)  # type: ignore[arg-type]
        row = ready(now=now)
        left = [name for name in ("web-1", "web-2") if gates_of(fake, name)]
        assert len(left) == 1
        said = row.runs.get().steps.get(phase="verify").message
        assert said == (
            "Released 1 pod that waited for the fence. "
            "The cluster does not let the portal release 1 pod; tried again later."
        )

    def test_many_are_released_a_part_at_a_time(
        self, fake: FakeCluster, prod: ManagedNamespace, now: datetime, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(gate, "MOST_AT_ONCE", 2)
        for name in ("a", "b", "c"):
            fake.put(gated(name))
        looked = work_on(prod, now=now)
        assert sum(bool(gates_of(fake, name)) for name in ("a", "b", "c")) == 1
        assert looked.next_at == now + timedelta(milliseconds=500)

    def test_one_that_is_being_deleted_is_left_to_it(
        self, fake: FakeCluster, prod: ManagedNamespace, now: datetime
    ) -> None:
        going = gated("going")
        branch(going, "metadata")["deletionTimestamp"] = "2026-11-26T10:00:00Z"
        fake.put(going)
        work_on(prod, now=now)
        assert ("lift_gate", Key("Pod", NAME, "going")) not in fake.log


class TestDoubt:
    @pytest.mark.parametrize("key", [DENY_ALL, Key("NetworkPolicy", NAME, "allow-dns"), BINDING])
    def test_tampering_takes_the_word_back_before_anything_is_repaired(
        self, fake: FakeCluster, prod: ManagedNamespace, now: datetime, key: Key
    ) -> None:
        fake.tamper(key, lambda tree: tree.update(spec={}, subjects=[]))
        seen = told_at(fake, key)
        assert work_on(prod, now=now).state == "ready"
        assert (seen, is_told(fake)) == ([False], True)

    def test_pods_that_come_meanwhile_go_once_it_is_repaired(
        self, fake: FakeCluster, prod: ManagedNamespace, now: datetime
    ) -> None:
        fake.tamper(DENY_ALL, opened)
        arrives(fake, "web", before=DENY_ALL)
        assert work_on(prod, now=now).fenced_uid == prod.uid
        assert gates_of(fake, "web") == []

    def test_what_does_not_fence_keeps_no_pod_waiting(
        self, fake: FakeCluster, prod: ManagedNamespace, now: datetime
    ) -> None:
        fake.tamper(QUOTA, lambda tree: branch(tree, "spec", "hard").update(pods="9000"))
        seen = told_at(fake, QUOTA)
        work_on(prod, now=now)
        assert seen == [True]

    def test_a_repair_that_fails_leaves_the_word_back(
        self, fake: FakeCluster, prod: ManagedNamespace, now: datetime
    ) -> None:
        fake.tamper(DENY_ALL, opened)
        fake.rewrites[DENY_ALL] = opened
        row = work_on(prod, now=now)
        assert (row.state, is_told(fake), row.fenced_uid) == ("blocked", False, None)

    def test_a_label_taken_away_is_a_deviation_and_comes_back(
        self, fake: FakeCluster, prod: ManagedNamespace, now: datetime
    ) -> None:
        fake.tamper(NAMESPACE, untell)
        looked = work_on(prod, now=now)
        assert is_told(fake)
        row = looked.deviations.get()
        assert (row.fields, row.by) == (["metadata.labels.bulkhead.dev/fence"], "kubectl-edit")

    def test_a_label_forged_before_there_is_a_fence_is_taken_away(
        self, fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            row = killed(lambda die: patched.setitem(PHASES, Phase.FENCE, die), now)
        fake.tamper(NAMESPACE, tell)
        seen = told_at(fake, DENY_ALL)
        row = work_on(row, now=now)
        assert (row.state, seen, is_told(fake)) == ("ready", [False], True)
        created = row.runs.get().steps.get(phase="create")
        assert created.changes == [{"object": f"Namespace {NAME}", "outcome": "configured"}]

    def test_a_row_that_says_so_before_everything_stands_is_not_believed(
        self, fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            row = killed(lambda die: patched.setitem(PHASES, Phase.BASELINE, die), now)
        ManagedNamespace.objects.update(fenced_uid=F("uid"))
        seen = told_at(fake, BINDING)
        assert work_on(row, now=now).state == "ready"
        assert seen == [False]

    def test_a_namespace_that_was_deleted_outside_is_proven_anew(
        self, fake: FakeCluster, prod: ManagedNamespace, now: datetime
    ) -> None:
        fake.remove(NAMESPACE)
        seen = told_at(fake, BINDING)
        again = work_on(prod, now=now)
        assert seen == [False]
        assert again.fenced_uid == again.uid != prod.uid

    def test_the_proof_of_another_uid_proves_nothing(self, prod: ManagedNamespace) -> None:
        prod.uid = "another"
        assert not prod.is_fence_proven

    def test_a_change_keeps_the_word_while_deny_all_stands(
        self, fake: FakeCluster, prod: ManagedNamespace, now: datetime
    ) -> None:
        approve_all(ask_change(prod, spec_of(size="medium"), now=now), now=now)
        seen = told_at(fake, QUOTA)
        assert work_on(prod, now=now).observed_generation == 2
        assert (seen, is_told(fake)) == ([True], True)

    def test_a_change_that_finds_deny_all_open_takes_it_back(
        self, fake: FakeCluster, prod: ManagedNamespace, now: datetime
    ) -> None:
        approve_all(ask_change(prod, spec_of(size="medium"), now=now), now=now)
        fake.tamper(DENY_ALL, opened)
        seen = told_at(fake, DENY_ALL)
        work_on(prod, now=now)
        assert (seen, is_told(fake)) == ([False], True)


class TestGoingOn:
    def test_killed_between_proof_and_release_the_next_worker_goes_on(
        self, fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        arrives(fake, "web")
        with monkeypatch.context() as patched:
            row = killed(lambda die: patched.setattr(gate, "release", die), now)
        assert (is_told(fake), gates_of(fake, "web") != []) == (True, True)
        row = work_on(row, now=now)
        assert (row.state, row.fenced_uid, gates_of(fake, "web")) == ("ready", row.uid, [])

    def test_cut_off_from_the_cluster_pods_wait_and_go_later(
        self, fake: FakeCluster, now: datetime
    ) -> None:
        arrives(fake, "web")
        fake.fail_next("lift_gate", Unreachable("no line"))
        row = work_on(wanted(now=now), now=now)
        assert (row.state, gates_of(fake, "web") != []) == ("granted", True)
        assert (work_on(row, now=now).state, gates_of(fake, "web")) == ("ready", [])

    def test_a_cluster_that_got_the_gate_later_is_proven_without_leaving_ready(
        self, fake: FakeCluster, cluster: Cluster, now: datetime
    ) -> None:
        Cluster.objects.update(facts={**cluster.facts, "fence_gate": False})
        row = ready(now=now)
        Cluster.objects.update(facts={**cluster.facts, "fence_gate": True})
        before = actions()
        row = work_on(row, now=now)
        assert (row.state, is_told(fake), row.fenced_uid) == ("ready", True, row.uid)
        assert actions() == before
        assert row.deviations.count() == 0


class TestLook:
    """What observers find: how many wait, and whom to wake."""

    @pytest.fixture
    def quiet(
        self, fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> ManagedNamespace:
        """Ready, and not due for ten minutes."""
        monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)
        row = ready(now=now)
        ManagedNamespace.objects.update(next_at=Now() + timedelta(minutes=10))
        return row

    def test_a_pod_that_waits_for_what_is_proven_wakes_a_worker(
        self, fake: FakeCluster, quiet: ManagedNamespace, now: datetime
    ) -> None:
        fake.put(gated("late"))
        look(quiet.cluster, now + MINUTE)
        assert ManagedNamespace.objects.filter(next_at__lte=Now()).exists()

    def test_without_one_nobody_is_woken(
        self, fake: FakeCluster, quiet: ManagedNamespace, now: datetime
    ) -> None:
        look(quiet.cluster, now + MINUTE)
        assert not ManagedNamespace.objects.filter(next_at__lte=Now()).exists()

    def test_the_word_on_the_namespace_is_no_difference(
        self, fake: FakeCluster, quiet: ManagedNamespace, now: datetime
    ) -> None:
        look(quiet.cluster, now + MINUTE)
        assert NamespaceObservation.objects.get(name=NAME).differs == []

    @pytest.mark.parametrize("forge", [tell, untell])
    def test_a_word_that_is_not_the_portals_is_one(
        self,
        fake: FakeCluster,
        quiet: ManagedNamespace,
        now: datetime,
        forge: Callable[[Manifest], None],
    ) -> None:
        if forge is tell:
            ManagedNamespace.objects.update(fenced_uid=None)
        fake.tamper(NAMESPACE, forge)
        look(quiet.cluster, now + MINUTE)
        [one] = NamespaceObservation.objects.get(name=NAME).differs
        assert one["fields"] == ["metadata.labels.bulkhead.dev/fence"]

    def test_how_many_wait_is_written_down_at_every_look(
        self, fake: FakeCluster, quiet: ManagedNamespace, now: datetime
    ) -> None:
        fake.put(gated("web"))
        look(quiet.cluster, now + MINUTE)
        assert NamespaceObservation.objects.get(name=NAME).waiting_pods == 1
        fake.remove(Key("Pod", NAME, "web"))
        look(quiet.cluster, now + 2 * MINUTE)
        assert NamespaceObservation.objects.get(name=NAME).waiting_pods == 0

    def test_a_list_that_begins_anew_counts_once(
        self,
        fake: FakeCluster,
        quiet: ManagedNamespace,
        now: datetime,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("onboarding.cluster.gateway.PAGE_SIZE", 1)
        for name in ("a", "b"):
            fake.put(gated(name))
        lost = SnapshotLost("too old", status=410)
        fake.meanwhile(
            "list", lambda key: key.kind == "Pod", lambda: fake.fail_next("continue", lost)
        )
        look(quiet.cluster, now + MINUTE)
        assert NamespaceObservation.objects.get(name=NAME).waiting_pods == 2
