"""Closing a cluster that is gone: two people, everything ends as lost, nothing is called gone."""

from datetime import datetime

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from onboarding.demo.scenario import acting, ask
from onboarding.domain.refusals import Conflict, Forbidden, Invalid
from onboarding.models import (
    Cluster,
    ClusterClosure,
    Event,
    ManagedNamespace,
    Request,
    RoleAssignment,
    Run,
    Step,
    User,
)
from onboarding.queries.closings import who_can_confirm
from onboarding.queries.clusters import usable
from onboarding.queries.namespaces import is_held_up
from onboarding.services.claim import LostLease, claim
from onboarding.services.close_cluster import ask_to_close, confirm_closing, withdraw_closing
from onboarding.services.observe import observe_all
from onboarding.services.prepare_cluster import CannotPrepare, registered_row
from onboarding.services.renew import renew_due
from onboarding.services.submit import save_draft
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    NAME,
    actions,
    approve_all,
    ask_removal,
    make_due,
    ready,
    spec_of,
    wanted,
    wish_of,
)

REASON = "The data centre was given up."


@pytest.fixture(autouse=True)
def erin_is_an_admin_too(cast: dict[str, User]) -> None:
    RoleAssignment.objects.create(user=cast["erin"], role="platform-admin")


def asked(cluster: Cluster, *, now: datetime, who: str = "pat", **differing: str) -> ClusterClosure:
    answers = {"reason": REASON, "typed_name": "dev-eu", **differing}
    return ask_to_close(cluster.pk, by=acting(who), now=now, **answers)


def closed(cluster: Cluster, *, now: datetime, who: str = "erin", name: str = "dev-eu") -> int:
    return confirm_closing(cluster.pk, by=acting(who), typed_name=name, now=now)


@pytest.fixture
def gone_for_ever(cluster: Cluster, now: datetime) -> Cluster:
    """A cluster that Pat asked to close."""
    asked(cluster, now=now)
    return cluster


@pytest.mark.parametrize(
    ("differing", "field"), [({"reason": " "}, "reason"), ({"typed_name": "dev"}, "typed_name")]
)
def test_who_asks_says_why_and_types_the_name(
    differing: dict[str, str], field: str, cluster: Cluster, now: datetime
) -> None:
    with pytest.raises(Invalid) as refusal:
        asked(cluster, now=now, **differing)
    assert refusal.value.field == field
    assert not ClusterClosure.objects.exists()


def test_only_platform_admins_ask_and_confirm(cluster: Cluster, now: datetime) -> None:
    with pytest.raises(Forbidden):
        asked(cluster, now=now, who="dana")
    asked(cluster, now=now)
    with pytest.raises(Forbidden):
        closed(cluster, now=now, who="frank")


def test_nobody_closes_a_cluster_alone(gone_for_ever: Cluster, now: datetime) -> None:
    with pytest.raises(Forbidden, match="Another platform admin"):
        closed(gone_for_ever, now=now, who="pat")
    gone_for_ever.refresh_from_db()
    assert gone_for_ever.closed_at is None


def test_a_second_account_of_the_same_person_does_not_count(
    gone_for_ever: Cluster, erin: User, pat: User, now: datetime
) -> None:
    EmailAddress.objects.create(user=erin, email=pat.email.upper(), verified=True)
    closure = ClusterClosure.objects.get()
    assert who_can_confirm(closure) == []
    with pytest.raises(Forbidden, match="shares an e-mail address"):
        closed(gone_for_ever, now=now)


def test_the_database_refuses_a_closing_by_one_person(
    gone_for_ever: Cluster, pat: User, now: datetime
) -> None:
    with pytest.raises(IntegrityError, match="nobody_closes_a_cluster_alone"), transaction.atomic():
        ClusterClosure.objects.update(confirmed_by=pat, confirmed_at=now)


def test_it_is_asked_for_once_and_can_be_withdrawn(gone_for_ever: Cluster, now: datetime) -> None:
    with pytest.raises(Conflict, match="already asked for"):
        asked(gone_for_ever, now=now, who="erin")
    withdraw_closing(gone_for_ever.pk, by=acting("erin"), now=now)
    with pytest.raises(Conflict, match="not asked for any more"):
        closed(gone_for_ever, now=now)
    asked(gone_for_ever, now=now, who="erin")
    assert closed(gone_for_ever, now=now, who="pat") == 0


def test_who_confirms_types_the_name_too(gone_for_ever: Cluster, now: datetime) -> None:
    with pytest.raises(Invalid, match="Type dev-eu"):
        closed(gone_for_ever, now=now, name="dev")


def test_its_namespaces_end_as_lost_whatever_they_were_doing(
    cluster: Cluster, fake: FakeCluster, now: datetime
) -> None:
    standing, new = ready(now=now), wanted(spec_of("payments-new", openings=()), now=now)
    asked(cluster, now=now)
    assert closed(cluster, now=now) == 2
    for row in (standing, new):
        row.refresh_from_db()
        assert (row.state, row.next_at, row.gone_at) == ("lost", None, None)
        assert actions(namespace=row.name)[-1] == "portal:namespace:lost"
    assert standing.revisions.count() == 1


def test_a_removal_that_waits_for_the_cluster_is_lost_and_not_gone(
    cluster: Cluster, fake: FakeCluster, now: datetime
) -> None:
    row = ready(now=now)
    approve_all(ask_removal(row, now=now), now=now)
    asked(cluster, now=now)
    closed(cluster, now=now)
    row.refresh_from_db()
    assert row.state == "lost"
    assert not Event.objects.filter(action="cluster:namespace:gone").exists()


def test_requests_and_drafts_are_cancelled_with_an_event(cluster: Cluster, now: datetime) -> None:
    waiting = ask(spec_of(), now=now)
    wish = wish_of(spec_of("payments-draft"))
    draft = save_draft(wish, by=acting("alice"), form_key="d" * 32, now=now)
    asked(cluster, now=now)
    closed(cluster, now=now)
    assert {row.state for row in Request.objects.all()} == {"cancelled"}
    for row in (waiting, draft):
        assert actions(request=row.label)[-1] == "portal:request:cancelled"


def test_a_worker_that_is_at_it_loses_its_lease(
    cluster: Cluster, fake: FakeCluster, now: datetime
) -> None:
    make_due(wanted(now=now))
    held = claim("worker-1")
    assert held
    Run.objects.create(namespace=held.namespace, generation=1, attempt=1, started_at=now)
    asked(cluster, now=now)
    closed(cluster, now=now)
    with pytest.raises(LostLease):
        held.update(message="still here")
    assert Run.objects.get().outcome == Run.Outcome.CLUSTER


def test_nobody_works_on_it_looks_at_it_or_renews_its_credential(
    gone_for_ever: Cluster, now: datetime
) -> None:
    row = wanted(now=now)
    closed(gone_for_ever, now=now)
    ManagedNamespace.objects.filter(pk=row.pk).update(next_at=Now())
    assert claim("worker-1") is None
    assert observe_all(clock=lambda: now) == 0
    assert renew_due(clock=lambda: now) == 0
    assert Cluster.objects.get().credential is None


def test_nothing_can_be_asked_for_on_it(gone_for_ever: Cluster, now: datetime) -> None:
    before = wish_of(spec_of())
    closed(gone_for_ever, now=now)
    assert not usable().exists()
    with pytest.raises(Conflict, match="Cluster dev-eu was closed"):
        save_draft(before, by=acting("alice"), form_key="a" * 32, now=now)
    assert not Request.objects.exists()


def test_it_is_closed_once_and_its_name_is_not_prepared_again(
    gone_for_ever: Cluster, now: datetime
) -> None:
    Cluster.objects.update(facts={**gone_for_ever.facts, "uid": "the same"})
    closed(gone_for_ever, now=now)
    with pytest.raises(Conflict, match="closed already"):
        asked(gone_for_ever, now=now)
    with pytest.raises(CannotPrepare, match="was closed on 2026-11-24"):
        registered_row("dev-eu", uid="another")
    assert registered_row("dev-eu-2", uid="the same").name == "dev-eu-2"


def test_what_happened_stands_in_the_history(gone_for_ever: Cluster, now: datetime) -> None:
    closed(gone_for_ever, now=now)
    events = Event.objects.filter(object_kind="cluster").order_by("id")
    assert [(one.action, one.actor, one.note) for one in events] == [
        ("portal:cluster:closing", "Pat", REASON),
        ("portal:cluster:closed", "Erin", REASON),
    ]
    assert NAME not in {one.object_label for one in events}


def test_what_was_lost_neither_waits_nor_is_outdated_nor_runs(
    cluster: Cluster, fake: FakeCluster, now: datetime
) -> None:
    row = ready(now=now)
    waits = {"waiting_since": now, "stuck_at": now, "held_by": [], "attempts": 3}
    ManagedNamespace.objects.update(**waits, outdated=[{"trouble": "?"}], outdated_at=now)
    Run.objects.update(finished_at=None, outcome="")
    Step.objects.filter(phase="verify").update(state="running")
    asked(cluster, now=now)
    closed(cluster, now=now)
    row.refresh_from_db()
    over = (row.waiting_since, row.stuck_at, row.held_by, row.outdated, row.outdated_at)
    assert (over, row.attempts) == ((None,) * 5, 0)
    assert not is_held_up(row)
    assert not Step.objects.filter(state="running").exists()
