"""Whose is the namespace that has the name: GONE, never created, restored, somebody else's.

The uid says which namespace it is; the guarded label and the label of one of the row's own requests
say who made one whose uid nobody remembers.
"""

from datetime import datetime, timedelta
from functools import partial

import pytest

from onboarding.cluster.errors import ServerFault
from onboarding.demo.scenario import acting
from onboarding.domain.objects import Key, Manifest, branch, text
from onboarding.models import ManagedNamespace
from onboarding.queries.names import check_name
from onboarding.services.retry import try_again
from tests.support.came_back import (
    FORGOTTEN,
    changed_and_forgotten,
    marked,
    removal_of,
    restore,
    saved_of,
    until_ended,
)
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    BINDING,
    DENY_ALL,
    NAME,
    NAMESPACE,
    actions,
    lose_worker,
    ready,
    wanted,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")

THEIRS: Manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}}
MANAGED = {"bulkhead.dev/managed": "true"}


class Killed(BaseException):
    """What a worker that is killed does: it stops, wherever it is."""


def theirs(*, labels: Manifest | None = None, **annotations: str) -> Manifest:
    """A namespace of the name that somebody else made, with these labels and marks."""
    marks = {f"bulkhead.dev/{name}": value for name, value in annotations.items()}
    metadata: Manifest = {"name": NAME, "labels": labels or {}, "annotations": {**marks}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def uid_of(fake: FakeCluster) -> str:
    return text(fake.objects[NAMESPACE], "metadata", "uid")


# Never created ---------------------------------------------------------------------------------


def test_a5b_what_could_not_be_made_because_the_name_is_taken_was_never_created(
    fake: FakeCluster, now: datetime
) -> None:
    fake.put(theirs())
    taken = work_on(wanted(now=now), now=now)
    assert taken.reason == "taken"
    before = saved_of(fake)
    ended = work_on(removal_of(taken, now), now=now)
    assert (ended.state, ended.gone_at) == ("uncreated", None)
    assert "belongs to somebody else, and was not touched" in ended.message
    assert "cluster:namespace:gone" not in actions()
    assert saved_of(fake) == before


def test_a12_the_name_of_what_was_never_created_is_free_at_once(
    fake: FakeCluster, now: datetime
) -> None:
    fake.put(theirs())
    ended = work_on(removal_of(work_on(wanted(now=now), now=now), now), now=now)
    assert not check_name(ended.cluster, NAME, now=now).problems


def test_never_created_is_said_only_after_the_cluster_was_asked(
    fake: FakeCluster, now: datetime
) -> None:
    fake.put(theirs())
    namespace = removal_of(work_on(wanted(now=now), now=now), now)
    fake.fail_next("get", ServerFault("something answered 404", status=404))
    assert work_on(namespace, now=now).state == "retrying"


def test_no_label_alone_makes_a_namespace_ours_to_remove(fake: FakeCluster, now: datetime) -> None:
    fake.put(theirs(labels={**MANAGED}))
    ended = work_on(removal_of(work_on(wanted(now=now), now=now), now), now=now)
    assert ended.state == "uncreated"
    assert NAMESPACE in fake.objects


def test_a_mark_without_the_guarded_label_can_be_forged_and_counts_for_nothing(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = wanted(now=now)
    fake.put(theirs(request=namespace.revisions.get().request.label))
    taken = work_on(namespace, now=now)
    assert taken.reason == "taken"
    assert work_on(removal_of(taken, now), now=now).state == "uncreated"
    assert NAMESPACE in fake.objects


# Created, whatever became of it ----------------------------------------------------------------


def relabelled(tree: Manifest) -> None:
    branch(tree, "metadata", "labels")["pod-security.kubernetes.io/enforce-version"] = "latest"


def test_a8b_what_was_made_differently_is_removed_before_it_is_called_gone(
    fake: FakeCluster, now: datetime
) -> None:
    fake.rewrites[NAMESPACE] = relabelled
    blocked = work_on(wanted(now=now), now=now)
    assert (blocked.reason, blocked.uid) == ("not-as-planned", uid_of(fake))
    ended = until_ended(removal_of(blocked, now), now)
    assert ended.state == "gone"
    assert fake.objects == {}


def test_a8b_the_uid_is_written_down_although_the_phase_failed(
    fake: FakeCluster, now: datetime
) -> None:
    fake.rewrites[NAMESPACE] = relabelled
    assert work_on(wanted(now=now), now=now).uid == uid_of(fake)


def test_what_a_killed_worker_made_is_found_by_its_mark_and_removed(
    fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = killed_after_the_post(fake, now, monkeypatch)
    fake.fail_next("get", ServerFault("etcdserver: no leader", status=500))
    assert work_on(namespace, now=now).uid == ""
    ended = until_ended(removal_of(namespace, now), now)
    assert ended.state == "gone"
    assert fake.objects == {}


def test_what_a_killed_worker_made_is_taken_over_by_the_next(
    fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = killed_after_the_post(fake, now, monkeypatch)
    done = work_on(namespace, now=now)
    assert (done.state, done.uid) == ("ready", uid_of(fake))


def killed_after_the_post(
    fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> ManagedNamespace:
    """A namespace that exists, and whose worker died before it could write its uid down."""
    namespace, create = wanted(now=now), fake.create

    def die(manifest: Manifest) -> Manifest:
        create(manifest)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(fake, "create", die)
        with pytest.raises(Killed):
            work_on(namespace, now=now)
    lose_worker(namespace)
    namespace.refresh_from_db()
    assert namespace.uid == ""
    return namespace


# Gone ------------------------------------------------------------------------------------------


def test_gone_says_when_the_name_belongs_to_somebody_else_by_now(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = removal_of(ready(now=now), now)
    fake.remove(NAMESPACE)
    fake.put(theirs())
    ended = work_on(namespace, now=now)
    assert ended.state == "gone"
    assert "belongs to somebody else, and was not touched" in ended.message
    assert NAMESPACE in fake.objects


def test_b1_a_retirement_that_finds_nothing_says_of_no_step_that_it_was_done(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = removal_of(ready(now=now), now)
    fake.remove(NAMESPACE)
    assert work_on(namespace, now=now).state == "gone"
    assert namespace.runs.filter(generation=2).count() == 0


def test_b1_one_answer_that_there_is_nothing_ends_no_retirement(
    fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = removal_of(ready(now=now), now)
    absent_once(fake, monkeypatch)
    waiting = work_on(namespace, now=now)
    assert (waiting.state, waiting.uid) == ("retrying", namespace.uid)
    assert BINDING in fake.objects


def test_b2_one_answer_that_there_is_nothing_makes_nothing_again(
    fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = ready(now=now)
    absent_once(fake, monkeypatch)
    looked = work_on(namespace, now=now)
    assert (looked.state, looked.uid) == ("ready", namespace.uid)
    assert "cluster:namespace:missing" not in actions()


def absent_once(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next answer say that there is no such namespace."""
    get, answers = fake.get, iter([None])
    monkeypatch.setattr(fake, "get", lambda key: next(answers, get(key)))


def test_b2_a_line_that_answers_404_forgets_no_uid(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    fake.fail_next("get", ServerFault("something answered 404", status=404))
    looked = work_on(namespace, now=now)
    assert looked.uid == namespace.uid
    assert looked.state != "blocked"


def test_a_labelled_namespace_of_an_unknown_request_is_neither_removed_nor_called_gone(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = removal_of(ready(now=now), now)
    fake.remove(NAMESPACE)
    fake.put(theirs(labels={**MANAGED}))
    looked = work_on(namespace, now=now)
    assert (looked.state, looked.reason) == ("blocked", "uid-changed")
    assert "without the mark of a request" in looked.message


# Restored from a backup ------------------------------------------------------------------------


def test_a11_a_restored_namespace_waits_for_a_person_and_nothing_is_written(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    restore(fake, saved_of(fake))
    fake.log.clear()
    looked = work_on(namespace, now=now)
    assert (looked.state, looked.reason) == ("blocked", "restored")
    assert looked.uid == namespace.uid
    assert looked.found is not None
    assert looked.found["uid"] == uid_of(fake)
    assert fake.writes == []


def test_a11_a_namespace_restored_during_its_removal_is_never_called_gone(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = removal_of(ready(now=now), now)
    restore(fake, saved_of(fake))
    looked = work_on(namespace, now=now)
    assert (looked.state, looked.reason) == ("blocked", "restored")
    assert BINDING in fake.objects


def test_a11_another_try_by_a_lead_removes_what_was_restored_during_the_removal(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = removal_of(ready(now=now), now)
    restore(fake, saved_of(fake))
    looked = work_on(namespace, now=now)
    try_again(looked.pk, by=acting("alice"), now=now)
    assert until_ended(looked, now).state == "gone"
    assert fake.objects == {}


def test_a11_another_try_during_a_look_is_not_put_off_by_it(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = removal_of(ready(now=now), now)
    restore(fake, saved_of(fake))
    looked = work_on(namespace, now=now)
    push = partial(try_again, looked.pk, by=acting("alice"), now=now)
    fake.meanwhile("get", lambda key: key == NAMESPACE, push)
    row = work_on(looked, now=now)
    assert (row.state, row.reason, row.next_at) == ("revoking", "", now)
    assert until_ended(row, now).state == "gone"


def test_a11_what_was_restored_while_the_portal_made_it_anew_is_not_taken_over(
    fake: FakeCluster, now: datetime
) -> None:
    namespace, saved = ready(now=now), saved_of(fake)
    fake.remove(NAMESPACE)
    fake.meanwhile("create", lambda key: key == NAMESPACE, lambda: restore(fake, saved))
    looked = work_on(namespace, now=now)
    assert (looked.state, looked.reason) == ("blocked", "restored")


def test_looking_again_at_what_stays_blocked_is_no_event(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    restore(fake, saved_of(fake))
    looked = work_on(namespace, now=now)
    told = actions()
    looked = work_on(looked, now=now + timedelta(hours=1))
    assert actions() == told
    assert looked.next_at == now + timedelta(hours=2)


# Newer on the cluster --------------------------------------------------------------------------


def test_b4_a_newer_generation_on_the_cluster_is_a_state_that_people_see(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = changed_and_forgotten(fake, now)
    fake.log.clear()
    looked = work_on(namespace, now=now)
    assert (looked.state, looked.reason) == ("blocked", "newer-on-cluster")
    assert f"generation 2, by {FORGOTTEN}" in looked.message
    assert actions()[-1] == "cluster:namespace:superseded"
    assert work_on(looked, now=now).next_at == now + timedelta(hours=1)
    assert fake.writes == []


@pytest.mark.parametrize("key", [NAMESPACE, Key("ResourceQuota", NAME, "quota"), DENY_ALL])
def test_m3_a_number_that_our_own_history_contradicts_is_a_difference_and_repaired(
    key: Key, fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    own = namespace.revisions.get().request.label
    fake.tamper(key, partial(marked, generation=999999, request=own))
    looked = work_on(namespace, now=now)
    assert looked.state == "ready"
    assert text(fake.objects[key], "metadata", "annotations", "bulkhead.dev/generation") == "1"


def test_b4_the_same_generation_of_another_content_is_a_conflict(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)

    fake.tamper(NAMESPACE, partial(marked, generation=1))
    fake.log.clear()
    looked = work_on(namespace, now=now)
    assert (looked.state, looked.reason) == ("blocked", "newer-on-cluster")
    assert "of another content" in looked.message
    assert fake.writes == []
