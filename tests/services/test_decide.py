"""Decide: one person's word on one lane, for exactly the digest they were shown."""

from datetime import datetime, timedelta
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import REQUEST_TRANSITIONS, RequestState
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import (
    Cluster,
    Decision,
    Event,
    ManagedNamespace,
    Membership,
    Request,
    Revision,
    RoleAssignment,
    Team,
    User,
    Vote,
)
from onboarding.services.decide import NotAsItWasSent, Stale, decide
from onboarding.services.submit import save_draft, submit
from tests.support.behind_the_portal import without_guards
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    actions,
    approve_all,
    ask_change,
    ready,
    reject,
    send_back,
    spec_of,
    told_of,
    wish_of,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")
CLOSED = spec_of(openings=())


@pytest.fixture
def request_row(now: datetime) -> Request:
    """Alice's request, which platform and network decide."""
    return ask(spec_of(), now=now)


def say(request: Request, username: str, **differing: object) -> Request:
    wanted: dict[str, object] = {
        "lane": Lane.NETWORK,
        "vote": Vote.APPROVE,
        "by": acting(username),
        "digest": request.digest,
        "reason": "",
        "now": request.created_at,
        **differing,
    }
    return decide(request.pk, **wanted)  # type: ignore[arg-type]  # some are wrong on purpose


def test_one_approval_of_two_leaves_it_pending(request_row: Request, now: datetime) -> None:
    after = approve(request_row, "dana", Lane.NETWORK, now=now)
    assert after.state == "pending"
    assert not ManagedNamespace.objects.exists()
    decision = Decision.objects.get()
    assert (decision.person.username, decision.lane, decision.digest) == (
        "dana",
        "network",
        request_row.digest,
    )


def test_the_last_approval_writes_revision_namespace_and_events(
    request_row: Request, now: datetime
) -> None:
    approve(request_row, "dana", Lane.NETWORK, now=now)
    after = approve(request_row, "pat", Lane.PLATFORM, now=now)
    assert (after.state, after.closed_at) == ("approved", now)
    namespace = ManagedNamespace.objects.get()
    assert (namespace.name, namespace.state, namespace.generation) == (after.name, "wanted", 1)
    assert (namespace.next_at, namespace.observed_generation) == (now, 0)
    revision = Revision.objects.get()
    assert (revision.namespace, revision.number, revision.request) == (namespace, 1, after)
    assert (revision.plan, revision.digest) == (request_row.plan, request_row.digest)
    assert after.namespace == namespace
    assert actions(request=after.label) == [
        "portal:request:submitted",
        "portal:lane:approved",
        "portal:lane:approved",
        "portal:request:approved",
        "portal:namespace:wanted",
    ]


def test_the_last_approval_commits_wholly_or_not_at_all(
    request_row: Request, now: datetime
) -> None:
    approve(request_row, "dana", Lane.NETWORK, now=now)
    events = Event.objects.count()
    broken = mock.patch.object(Revision.objects, "create", side_effect=OSError("disk full"))
    with broken, pytest.raises(OSError, match="disk full"):
        approve(request_row, "pat", Lane.PLATFORM, now=now)
    request_row.refresh_from_db()
    assert request_row.state == "pending"
    assert Event.objects.count() == events
    assert Decision.objects.count() == 1
    assert not ManagedNamespace.objects.exists()
    assert approve(request_row, "pat", Lane.PLATFORM, now=now).state == "approved"


def test_the_lifetime_starts_with_the_approval(now: datetime) -> None:
    approve_all(ask(CLOSED.changed(lifetime_days=30), now=now), now=now)
    assert ManagedNamespace.objects.get().expires_at == now + timedelta(days=30)


@pytest.mark.parametrize(
    ("username", "lane"),
    [
        ("dana", Lane.PLATFORM),
        ("erin", Lane.NETWORK),
        ("frank", Lane.NETWORK),
        ("bob", Lane.NETWORK),
    ],
)
def test_nobody_decides_a_lane_they_do_not_hold(
    username: str, lane: Lane, request_row: Request
) -> None:
    with pytest.raises(Forbidden, match=f"not one of the {lane} approvers"):
        say(request_row, username, lane=lane)
    assert not Decision.objects.exists()


def test_a_lane_that_is_not_needed_is_not_decided(request_row: Request) -> None:
    with pytest.raises(Invalid, match="needs no security approval"):
        say(request_row, "erin", lane=Lane.SECURITY)


def test_a_stranger_does_not_learn_that_the_request_exists(request_row: Request) -> None:
    with pytest.raises(NotFound):
        say(request_row, "charlie")


def test_a_draft_is_not_there_to_be_decided(now: datetime) -> None:
    draft = save_draft(wish_of(spec_of()), by=acting("alice"), form_key="d", now=now)
    with pytest.raises(NotFound):
        say(draft, "dana")


def test_a_role_that_was_lost_is_lost_at_once(request_row: Request) -> None:
    RoleAssignment.objects.filter(user__username="dana").delete()
    with pytest.raises((Forbidden, NotFound)):
        say(request_row, "dana")


def test_an_approval_of_another_digest_is_refused(request_row: Request) -> None:
    with pytest.raises(Stale, match="edited after you opened it"):
        say(request_row, "dana", digest="sha256:" + "0" * 64)
    assert not Decision.objects.exists()


def test_an_approval_of_what_was_shown_before_an_edit_is_refused(now: datetime) -> None:
    shown = ask(spec_of(), now=now)
    returned = send_back(shown, "pat", Lane.PLATFORM, now=now)
    wish = wish_of(spec_of(size="large"))
    submit(wish, by=acting("alice"), form_key="2", now=now, request=returned)
    with pytest.raises(Stale):
        say(shown, "dana")


@pytest.mark.parametrize("vote", [Vote.RETURN, Vote.REJECT])
@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_a_refusal_needs_a_reason(vote: Vote, reason: str, request_row: Request) -> None:
    with pytest.raises(Invalid) as caught:
        say(request_row, "dana", vote=vote, reason=reason)
    assert caught.value.field == "reason"


def test_a_reason_is_bounded(request_row: Request) -> None:
    with pytest.raises(Invalid, match="at most 1000"):
        say(request_row, "dana", vote=Vote.REJECT, reason="x" * 1001)


def test_a_rejection_ends_the_request(request_row: Request, now: datetime) -> None:
    after = reject(request_row, "dana", Lane.NETWORK, now=now)
    assert (after.state, after.closed_at) == ("rejected", now)
    assert actions(request=after.label)[-1] == "portal:request:rejected"
    assert Event.objects.latest("id").note == "Please use another port."
    with pytest.raises(Conflict, match="rejected"):
        approve(request_row, "pat", Lane.PLATFORM, now=now)


def test_a_return_keeps_the_name_and_waits_for_its_author(
    request_row: Request, now: datetime
) -> None:
    after = send_back(request_row, "dana", Lane.NETWORK, now=now)
    assert (after.state, after.closed_at) == ("returned", None)
    with pytest.raises(Conflict, match="is returned and cannot be decided"):
        approve(request_row, "pat", Lane.PLATFORM, now=now)


def test_the_second_decider_is_told_who_was_first(request_row: Request, now: datetime) -> None:
    approve(request_row, "dana", Lane.NETWORK, now=now)
    other = User.objects.create_user("second", first_name="Second")
    other.role_assignments.create(role="network")
    with pytest.raises(Conflict, match="Dana approved this for network 40 s ago"):
        say(request_row, "second", now=now + timedelta(seconds=40))
    with pytest.raises(Conflict, match="Dana approved this for network 5 min ago"):
        say(request_row, "second", now=now + timedelta(minutes=5))


@pytest.mark.parametrize("loss", ["role", "membership", "active"])
def test_nothing_takes_effect_for_somebody_who_no_longer_leads_the_team(
    loss: str, request_row: Request, alice: User, payments: Team, now: datetime
) -> None:
    approve(request_row, "dana", Lane.NETWORK, now=now)
    membership = Membership.objects.filter(user=alice, team=payments)
    if loss == "role":
        membership.update(role=Membership.Role.MEMBER)
    elif loss == "membership":
        membership.delete()
    else:
        User.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(Conflict, match=r"no longer a lead of payments|switched off"):
        approve(request_row, "pat", Lane.PLATFORM, now=now)
    assert not ManagedNamespace.objects.exists()
    assert Decision.objects.count() == 1
    assert send_back(request_row, "pat", Lane.PLATFORM, now=now).state == "returned"


def test_a_name_taken_meanwhile_is_a_conflict(
    request_row: Request, cluster: Cluster, payments: Team, now: datetime
) -> None:
    approve(request_row, "dana", Lane.NETWORK, now=now)
    ManagedNamespace.objects.create(
        cluster=cluster, name=request_row.name.upper(), team=payments, created_at=now
    )
    with pytest.raises(Conflict, match="is taken on dev-eu by now"):
        approve(request_row, "pat", Lane.PLATFORM, now=now)


def test_a_change_of_an_older_generation_is_refused(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    request = ask_change(namespace, spec_of(size="large"), now=now)
    ManagedNamespace.objects.filter(pk=namespace.pk).update(generation=2)
    with pytest.raises(Stale, match="has changed since"):
        approve_all(request, now=now)


def test_an_approved_change_sets_the_next_generation(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    request = approve_all(ask_change(namespace, spec_of(size="large"), now=now), now=now)
    namespace.refresh_from_db()
    assert (namespace.generation, namespace.observed_generation) == (2, 1)
    assert (namespace.state, namespace.next_at) == ("wanted", now)
    assert [one.number for one in namespace.revisions.all()] == [2, 1]
    assert request.lanes.count() == 1


@pytest.mark.parametrize("vote", [Vote.APPROVE, Vote.RETURN, Vote.REJECT])
@pytest.mark.parametrize("state", [*RequestState])
def test_a_request_is_decided_exactly_from_where_the_table_says(
    state: RequestState, vote: Vote, now: datetime
) -> None:
    request = ask(CLOSED, now=now)
    event = told_of(request, now=now)
    Request.objects.filter(pk=request.pk).update(state=state.value, last_event=event)
    leads_to = {
        Vote.APPROVE: RequestState.APPROVED,
        Vote.RETURN: RequestState.RETURNED,
        Vote.REJECT: RequestState.REJECTED,
    }[vote]
    if leads_to in REQUEST_TRANSITIONS[state]:
        after = say(request, "pat", lane=Lane.PLATFORM, vote=vote, reason="Because.")
        assert after.state == leads_to
    else:
        with pytest.raises((Conflict, NotFound)):
            say(request, "pat", lane=Lane.PLATFORM, vote=vote, reason="Because.")
        assert not Decision.objects.exists()


def test_the_last_approval_takes_a_bounded_number_of_queries(
    request_row: Request, now: datetime
) -> None:
    approve(request_row, "dana", Lane.NETWORK, now=now)
    by = acting("pat")
    with CaptureQueriesContext(connection) as queries:
        say(request_row, "pat", lane=Lane.PLATFORM, by=by)
    print("last approval", len(queries))
    assert len(queries) <= 40


# What the digest is of --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "differing",
    [{"data_class": "internal"}, {"lifetime_days": None}, {"purpose": "Something else"}],
    ids=lambda differing: next(iter(differing)),
)
def test_m1_an_edit_that_changes_no_object_is_another_digest(
    differing: dict[str, object], now: datetime
) -> None:
    spec = spec_of(data_class="restricted", lifetime_days=7)
    seen = ask(spec, now=now)
    send_back(seen, "dana", Lane.NETWORK, now=now)
    wish, by = wish_of(spec.changed(**differing)), acting("alice")
    edited = submit(wish, by=by, form_key="again", now=now, request=seen)
    assert edited.plan == seen.plan
    with pytest.raises(Stale):
        say(edited, "dana", digest=seen.digest)


def test_m14_a_row_that_was_changed_behind_the_portal_is_not_approved(
    request_row: Request,
) -> None:
    with without_guards():
        plan = {**request_row.plan, "objects": request_row.plan["objects"][:1]}
        Request.objects.filter(pk=request_row.pk).update(plan=plan)
    with pytest.raises(NotAsItWasSent, match="Return it; sending it again mends that"):
        say(request_row, "dana")
    assert not Decision.objects.exists()
    assert say(request_row, "dana", vote=Vote.RETURN, reason="Again").state == "returned"
