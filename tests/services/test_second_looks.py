"""One answer makes no history: what it says is gone, done, changed or taken is looked at again."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from onboarding.cluster.discovery import find_ranges
from onboarding.cluster.errors import AlreadyExists, ServerFault
from onboarding.demo.openings import INTERNET, WEB
from onboarding.domain.objects import Key, Manifest, branch, copied
from onboarding.models import (
    Cluster,
    ClusterGuards,
    ClusterObservation,
    HistoryBreak,
    ManagedNamespace,
    NamespaceObservation,
)
from onboarding.services import observe as observing
from tests.support.fake_cluster import FakeCluster
from tests.support.observing import look, pod
from tests.support.requests import (
    BINDING,
    DENY_ALL,
    NAME,
    NAMESPACE,
    actions,
    approve_all,
    ask_change,
    ask_removal,
    ready,
    spec_of,
    wanted,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")
QUOTA = Key("ResourceQuota", NAME, "quota")
Lie = Callable[..., object]


class Liar:
    """Lets the next call of a verb that matches be answered wrongly, and do nothing."""

    def __init__(self, fake: FakeCluster, patch: pytest.MonkeyPatch) -> None:
        self.fake, self.patch = fake, patch

    def once(self, verb: str, lie: Lie, *, about: object = None) -> None:
        truly, waiting = getattr(self.fake, verb), [lie]

        def answer(*args: Any, **options: Any) -> object:
            if waiting and about in {None, _about(args[0])}:
                return waiting.pop()(*args, **options)
            return truly(*args, **options)

        self.patch.setattr(self.fake, verb, answer)


def _about(first: object) -> object:
    """A verb is about a key, a kind, or the object it is given."""
    if not isinstance(first, dict):
        return first
    return Key(first["kind"], first["metadata"].get("namespace", ""), first["metadata"]["name"])


@pytest.fixture
def liar(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> Liar:
    monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)
    return Liar(fake, monkeypatch)


@pytest.fixture
def retiring(fake: FakeCluster, now: datetime) -> ManagedNamespace:
    namespace = ready(now=now)
    approve_all(ask_removal(namespace, now=now), now=now)
    fake.put(pod(NAME, "web"))
    return namespace


def nothing(*_: object, **__: object) -> list[Manifest]:
    return []


def as_if_done(manifest: Manifest, **_: object) -> Manifest:
    """The object as it was sent, with what a stored one has."""
    tree = copied(manifest)
    branch(tree, "metadata").update(uid="made-up", resourceVersion="900")
    return tree


def test_b1_a_list_without_bindings_revokes_nothing(
    retiring: ManagedNamespace, liar: Liar, now: datetime
) -> None:
    liar.once("list", nothing, about="RoleBinding")
    namespace = work_on(retiring, now=now)
    assert namespace.state == "retrying"
    assert "RoleBinding" in namespace.message
    assert BINDING in liar.fake.objects
    work_on(namespace, now=now)
    assert BINDING not in liar.fake.objects


def test_b1_a_door_that_was_only_answered_to_be_closed_is_open(
    retiring: ManagedNamespace, liar: Liar, now: datetime
) -> None:
    liar.once("apply", as_if_done, about=QUOTA)
    namespace = work_on(retiring, now=now)
    assert namespace.state == "retrying"
    assert "was to be closed" in namespace.message


def test_b1_one_list_without_pods_has_drained_nothing(
    retiring: ManagedNamespace, liar: Liar, now: datetime
) -> None:
    liar.fake.lingering = True
    liar.fake.remove(Key("Pod", NAME, "web"))
    liar.fake.put({**pod(NAME, "slow"), "metadata": going("slow")})
    liar.once("list", nothing, about="Pod")
    namespace = work_on(retiring, now=now)
    assert namespace.state == "draining"
    assert "shutting down" in namespace.message


def going(name: str) -> Manifest:
    return {"name": name, "namespace": NAME, "deletionTimestamp": "2026-11-24T09:00:00Z"}


def test_b1_a_step_that_one_answer_calls_done_is_not_done(
    retiring: ManagedNamespace, liar: Liar, now: datetime
) -> None:
    liar.once("delete", lambda *_, **__: True, about=NAMESPACE)
    truly, absent = liar.fake.get, [None]
    after = lambda: ("delete", NAMESPACE) in liar.fake.log or _is_drained(retiring)  # noqa: E731
    liar.patch.setattr(
        liar.fake, "get", lambda key: absent.pop() if absent and after() else truly(key)
    )
    namespace = work_on(retiring, now=now)
    assert namespace.state == "retrying"
    assert NAMESPACE in liar.fake.objects
    assert not namespace.runs.get(generation=2).steps.filter(phase="delete", state="done").exists()


def _is_drained(namespace: ManagedNamespace) -> bool:
    return ManagedNamespace.objects.filter(pk=namespace.pk, state="deleting").exists()


def test_g10_a_quota_that_was_only_answered_to_be_stored_is_not_ready(
    liar: Liar, now: datetime
) -> None:
    liar.once("apply", as_if_done, about=QUOTA)
    namespace = work_on(wanted(now=now), now=now)
    assert namespace.state == "retrying"
    assert QUOTA not in liar.fake.objects
    assert work_on(namespace, now=now).state == "ready"
    assert QUOTA in liar.fake.objects


def test_g10_a_policy_that_was_only_answered_to_be_removed_is_not_ready(
    liar: Liar, now: datetime
) -> None:
    opened = Key("NetworkPolicy", NAME, "egress-internet")
    namespace = ready(spec_of(openings=(WEB, INTERNET)), now=now)
    approve_all(ask_change(namespace, spec_of(), now=now), now=now)
    liar.once("delete", lambda *_, **__: True, about=opened)
    namespace = work_on(namespace, now=now)
    assert (namespace.state, opened in liar.fake.objects) == ("retrying", True)
    assert work_on(namespace, now=now).state == "ready"
    assert opened not in liar.fake.objects


def test_b2_a_namespace_that_was_only_answered_to_be_made_has_no_uid(
    liar: Liar, now: datetime
) -> None:
    liar.once("create", as_if_done)
    namespace = work_on(wanted(now=now), now=now)
    assert (namespace.state, namespace.uid) == ("retrying", "")
    assert work_on(namespace, now=now).state == "ready"
    assert "cluster:namespace:missing" not in actions()


def test_b2_a_name_that_was_only_answered_to_be_taken_is_not_taken(
    liar: Liar, now: datetime
) -> None:
    liar.fake.fail_next("create", AlreadyExists("already exists", status=409))
    namespace = work_on(wanted(now=now), now=now)
    assert namespace.state == "retrying"
    assert "answered as taken" in namespace.message
    assert work_on(namespace, now=now).state == "ready"


def test_b2_one_list_without_policies_is_no_deviation(liar: Liar, now: datetime) -> None:
    namespace = ready(now=now)
    liar.once("list", nothing, about="NetworkPolicy")
    assert work_on(namespace, now=now).state == "ready"
    assert not namespace.deviations.exists()


def of_another(fake: FakeCluster) -> Lie:
    """The namespace as another cluster has it."""

    def lie(key: Key) -> Manifest:
        tree = copied(fake.objects[key])
        branch(tree, "metadata")["uid"] = "another"
        return tree

    return lie


def test_b2_one_answer_of_another_cluster_blocks_nothing(liar: Liar, now: datetime) -> None:
    namespace = ready(now=now)
    liar.once("get", of_another(liar.fake), about=NAMESPACE)
    assert work_on(namespace, now=now).state == "retrying"
    assert "cluster:namespace:blocked" not in actions()


def test_b1_one_answer_of_another_cluster_ends_no_removal(
    retiring: ManagedNamespace, liar: Liar, now: datetime
) -> None:
    liar.once("get", of_another(liar.fake), about=NAMESPACE)
    assert work_on(retiring, now=now).state == "retrying"
    assert "cluster:namespace:blocked" not in actions()


def another_identity(fake: FakeCluster) -> Lie:
    def lie(*names: str) -> Mapping[str, Manifest]:
        found = {name: copied(fake.system[Key("Namespace", "", name)]) for name in names}
        branch(found["kube-system"], "metadata")["uid"] = "another"
        return found

    return lie


def test_b7_one_answer_of_another_cluster_is_no_condition(
    liar: Liar, cluster: Cluster, now: datetime
) -> None:
    uid = liar.fake.system[Key("Namespace", "", "kube-system")]["metadata"]["uid"]  # type: ignore[index,call-overload]
    Cluster.objects.update(facts={**cluster.facts, "uid": uid})
    namespace = ready(now=now)
    liar.once("named_namespaces", another_identity(liar.fake))
    work_on(namespace, now=now)
    cluster.refresh_from_db()
    assert cluster.condition == "ok"


def test_b3_one_answer_of_an_earlier_moment_is_no_break(
    liar: Liar, cluster: Cluster, now: datetime
) -> None:
    before = {key.name: copied(tree) for key, tree in liar.fake.system.items()}
    look(cluster, now)
    liar.once("named_namespaces", lambda *names: before)
    look(cluster, now + timedelta(minutes=1))
    assert not HistoryBreak.objects.exists()


def test_b3_an_epoch_that_was_only_answered_to_be_written_is_not_remembered(
    liar: Liar, cluster: Cluster, now: datetime
) -> None:
    liar.once("annotate", lambda *_, **__: None)
    for minute in range(3):
        look(cluster, now + timedelta(minutes=minute))
    assert not HistoryBreak.objects.exists()


def test_b2_what_is_stored_is_read_before_it_is_called_otherwise(liar: Liar, now: datetime) -> None:
    def opened(manifest: Manifest, **_: object) -> Manifest:
        tree = copied(liar.fake.put(manifest))
        branch(tree, "spec")["egress"] = [{}]
        return tree

    liar.fake.cut = lambda key, fields, seen: seen  # type: ignore[method-assign]
    liar.once("apply", opened, about=DENY_ALL)
    assert work_on(wanted(now=now), now=now).state == "retrying"
    assert "cluster:namespace:blocked" not in actions()


def test_g36_one_list_without_guards_is_no_finding(
    liar: Liar, cluster: Cluster, now: datetime
) -> None:
    liar.once("list", nothing, about="ValidatingAdmissionPolicy")
    assert "in two ways" in look(cluster, now).trouble
    assert not ClusterGuards.objects.filter(cluster=cluster, differing__isnull=False).exists()


def test_g36_one_list_without_policies_contradicts_nothing(
    liar: Liar, cluster: Cluster, now: datetime
) -> None:
    ready(now=now)
    liar.once("pages", lambda *_, **__: iter([[]]), about="NetworkPolicy")
    look(cluster, now + timedelta(minutes=1))
    assert NamespaceObservation.objects.get(name=NAME).differs == []


def test_a_look_that_failed_is_repeated_soon_and_then_at_the_usual_pace(
    liar: Liar, cluster: Cluster, now: datetime
) -> None:
    look(cluster, now)
    pauses = []
    for minute in (1, 2):
        liar.fake.fail_next("list", ServerFault("a page came"))
        at = now + timedelta(minutes=minute)
        next_at = look(cluster, at).next_at
        assert next_at is not None
        pauses.append(next_at - at)
    usual = timedelta(seconds=settings.OBSERVE_SECONDS)
    assert pauses == [timedelta(seconds=20), usual]
    assert ClusterObservation.objects.get(cluster=cluster).seen_at == now


def test_g36_a_proxys_404_does_not_take_the_ranges_of_nodes(fake: FakeCluster) -> None:
    fake.fail_next("list", ServerFault("something answered 404", status=404))
    with pytest.raises(ServerFault):
        find_ranges(fake)
