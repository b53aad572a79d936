"""Submit: a wish becomes one row with its plan, digest and lanes, or a refusal in words."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onboarding.demo.openings import ANYTHING, INTERNET, WEB
from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import (
    REQUEST_TRANSITIONS,
    RequestState,
    request_sources_of,
)
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound, Violation
from onboarding.models import Cluster, Event, ManagedNamespace, Request, Team, User
from onboarding.queries.requests import visible_to, waiting_for
from onboarding.queries.subjects import subject_of
from onboarding.services.submit import cancel, save_draft, submit
from tests.support.broken_rules import BROKEN, Broken
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    actions,
    approve_all,
    ask_change,
    ask_removal,
    ready,
    reject,
    send_back,
    spec_of,
    told_of,
    wanted,
    wish_of,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")


def test_a_wish_becomes_a_pending_row_with_plan_digest_lanes_and_one_event(now: datetime) -> None:
    request = ask(spec_of(), now=now)
    assert (request.state, request.kind, request.base_generation) == ("pending", "onboard", 0)
    assert request.wanted == spec_of()
    assert subject_of(request).digest == request.digest
    assert [lane.lane for lane in request.lanes.all()] == ["platform", "network"]
    assert all(lane.reasons for lane in request.lanes.all())
    assert actions(request=request.label) == ["portal:request:submitted"]
    assert request.last_event == Event.objects.get(request=request.label)


def test_the_same_form_sent_twice_is_one_request(now: datetime) -> None:
    first = ask(spec_of(), now=now)
    again = ask(spec_of(), now=now + timedelta(seconds=1))
    assert again.pk == first.pk
    assert Request.objects.count() == 1
    assert actions(request=first.label) == ["portal:request:submitted"]


def test_the_same_form_answers_the_same_after_the_request_moved_on(now: datetime) -> None:
    first = approve_all(ask(spec_of(), now=now), now=now)
    assert ask(spec_of(), now=now).pk == first.pk


def test_a_form_key_of_somebody_else_is_another_form(now: datetime) -> None:
    mine = ask(spec_of(), now=now)
    spec = spec_of("search-prod", team="search")
    theirs = submit(wish_of(spec), by=acting("charlie"), form_key=mine.form_key, now=now)
    assert theirs.pk != mine.pk


@pytest.mark.parametrize("username", ["bob", "charlie", "dana", "pat", "frank"])
def test_only_a_lead_of_the_team_may_ask(username: str, now: datetime) -> None:
    with pytest.raises(Forbidden, match="lead of team payments"):
        submit(wish_of(spec_of()), by=acting(username), form_key="x", now=now)
    assert not Request.objects.exists()


def test_an_inactive_lead_may_ask_nothing(alice: User, now: datetime) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(Forbidden):
        ask(spec_of(), now=now)


@pytest.mark.parametrize("name", ["kube-system", "default", "shop-system", "bulkhead-x"])
def test_a_reserved_name_is_refused_with_its_field(name: str, now: datetime) -> None:
    with pytest.raises(Invalid) as caught:
        ask(spec_of(name), now=now)
    assert caught.value.field == "name"
    assert not Request.objects.exists()


@pytest.mark.parametrize("name", ["Shop", "shop\n", "x" * 64, "", "shöp"])
def test_a_text_that_is_no_name_is_refused(name: str, now: datetime) -> None:
    with pytest.raises(Invalid):
        ask(spec_of(name), now=now)
    assert not Request.objects.exists()


def test_a_name_that_is_asked_for_is_refused_to_the_next(now: datetime) -> None:
    ask(spec_of("shop"), now=now)
    spec = spec_of("shop", team="search")
    with pytest.raises(Invalid, match="already asked for"):
        submit(wish_of(spec), by=acting("charlie"), form_key="x", now=now)


def test_a_name_in_use_is_refused(now: datetime) -> None:
    wanted(spec_of("shop"), now=now)
    spec = spec_of("shop", team="search")
    with pytest.raises(Invalid, match="already taken on dev-eu"):
        submit(wish_of(spec), by=acting("charlie"), form_key="x", now=now)


def test_a_name_is_free_on_another_cluster(cluster: Cluster, now: datetime) -> None:
    wanted(spec_of("shop"), now=now)
    other = Cluster.objects.create(name="dev-us", facts=cluster.facts, credential=b"x")
    spec = spec_of("shop", cluster=other.name, openings=())
    assert submit(wish_of(spec), by=acting("alice"), form_key="x", now=now).state == "pending"


def test_a_rejected_name_is_free_again(now: datetime) -> None:
    reject(ask(spec_of("shop"), now=now), "pat", Lane.PLATFORM, now=now)
    assert submit(wish_of(spec_of("shop")), by=acting("alice"), form_key="x", now=now)


@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_whatever_breaks_a_rule_is_refused_with_its_field(broken: Broken, now: datetime) -> None:
    wish = replace(wish_of(spec_of()), spec=spec_of(**broken.spec))
    with pytest.raises(Invalid) as caught:
        submit(wish, by=acting("alice"), form_key="x", now=now)
    assert caught.value.violations == (Violation(broken.field, broken.words),)
    assert not Request.objects.exists()


def test_a_change_is_judged_by_the_same_rules(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    with pytest.raises(Invalid, match="30 days at most") as caught:
        ask_change(namespace, spec_of(openings=(WEB, ANYTHING), lifetime_days=None), now=now)
    assert caught.value.field == "lifetime"


def test_the_name_of_a_namespace_that_stands_is_no_clash_for_its_change(
    fake: FakeCluster, now: datetime
) -> None:
    assert ask_change(ready(now=now), spec_of(size="large"), now=now).state == "pending"


@pytest.mark.parametrize("spec", [{"purpose": ""}, {"openings": (ANYTHING,)}, {"name": "kube-x"}])
def test_a_draft_is_judged_by_its_shape_alone(spec: dict[str, str], now: datetime) -> None:
    draft = save_draft(wish_of(spec_of(**spec)), by=acting("alice"), form_key="d", now=now)
    with pytest.raises(Invalid):
        submit(wish_of(draft.wanted), by=acting("alice"), form_key="e", now=now, request=draft)


@pytest.mark.parametrize(
    ("spec", "words"),
    [({"lifetime_days": 17}, "not on offer"), ({"size": "huge"}, "not a size")],
)
def test_a_draft_that_cannot_be_rendered_is_refused(
    spec: dict[str, object], words: str, now: datetime
) -> None:
    with pytest.raises(Invalid, match=words):
        save_draft(wish_of(spec_of(**spec)), by=acting("alice"), form_key="d", now=now)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "allow-dns@1: dns_namespace"),
        ({"dns_labels": {"k8s..io/app": "dns"}}, "k8s..io/app=dns is not a label"),
        ({"ranges": ["everywhere"]}, "The ranges of dev-eu"),
    ],
)
def test_facts_no_plan_can_be_made_with_are_the_platforms_to_correct(
    cluster: Cluster, facts: dict[str, object], words: str, now: datetime
) -> None:
    Cluster.objects.update(facts={**cluster.facts, **facts} if facts else {})
    with pytest.raises(Invalid, match="Ask a platform admin") as caught:
        ask(spec_of(openings=(WEB, INTERNET)), now=now)
    assert words in str(caught.value)


def test_a_system_group_never_reaches_a_plan(payments: Team, now: datetime) -> None:
    Team.objects.filter(pk=payments.pk).update(access_group="system:masters")
    with pytest.raises(Invalid, match="belong to Kubernetes"):
        ask(spec_of(), now=now)


def test_a_draft_is_seen_by_its_author_alone(cast: dict[str, User], now: datetime) -> None:
    draft = save_draft(wish_of(spec_of()), by=acting("alice"), form_key="d", now=now)
    assert draft.state == "draft"
    seeing = {name for name in cast if visible_to(acting(name).permissions).exists()}
    assert seeing == {"alice"}
    assert not waiting_for(acting("pat").permissions).exists()


def test_a_draft_keeps_no_name_and_is_sent_later(now: datetime) -> None:
    draft = save_draft(wish_of(spec_of()), by=acting("alice"), form_key="d", now=now)
    sent = submit(
        wish_of(spec_of(size="large")), by=acting("alice"), form_key="e", now=now, request=draft
    )
    assert (sent.pk, sent.state, sent.wanted.size) == (draft.pk, "pending", "large")
    assert sent.submitted_at == now


def test_what_was_returned_is_no_draft_again(now: datetime) -> None:
    row = ask(spec_of(), now=now)
    send_back(row, "dana", Lane.NETWORK, now=now)
    row.refresh_from_db()
    with pytest.raises(Conflict, match="was returned and is no draft"):
        save_draft(wish_of(spec_of()), by=acting("alice"), form_key="z", now=now, request=row)
    row.refresh_from_db()
    assert (row.state, actions(request=row.label)[-1]) == ("returned", "portal:request:returned")


def test_editing_a_returned_request_voids_its_decisions_and_moves_the_digest(
    now: datetime,
) -> None:
    request = approve(ask(spec_of(), now=now), "pat", Lane.PLATFORM, now=now)
    request = send_back(request, "dana", Lane.NETWORK, now=now)
    assert request.state == "returned"
    spec = spec_of(size="large")
    edited = submit(wish_of(spec), by=acting("alice"), form_key="2", now=now, request=request)
    assert (edited.pk, edited.state) == (request.pk, "pending")
    assert edited.digest != request.digest
    assert not edited.decisions.filter(voided_at__isnull=True).exists()
    assert edited.decisions.count() == 2
    assert actions(request=edited.label)[-1] == "portal:request:edited"
    assert approve_all(edited, now=now).state == "approved"


def test_nobody_but_the_author_edits(now: datetime) -> None:
    request = send_back(ask(spec_of(), now=now), "dana", Lane.NETWORK, now=now)
    by = acting("alice")
    other = User.objects.create_user("other-lead")
    other.memberships.create(team=Team.objects.get(slug="payments"), role="lead")
    with pytest.raises(Forbidden, match="Only the person who asked"):
        submit(wish_of(spec_of()), by=acting("other-lead"), form_key="2", now=now, request=request)
    assert submit(wish_of(spec_of()), by=by, form_key="2", now=now, request=request)


def test_a_pending_request_is_not_edited_under_the_approvers(now: datetime) -> None:
    request = ask(spec_of(), now=now)
    wish = wish_of(spec_of(size="large"))
    with pytest.raises(Conflict, match="can no longer be edited"):
        submit(wish, by=acting("alice"), form_key="2", now=now, request=request)
    request.refresh_from_db()
    assert request.wanted.size == "small"


def test_a_change_that_would_change_nothing_is_refused(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    with pytest.raises(Invalid, match="Nothing would change"):
        ask_change(namespace, spec_of(), now=now)


def test_a_longer_lifetime_alone_is_a_change(fake: FakeCluster, now: datetime) -> None:
    request = ask_change(ready(now=now), spec_of(lifetime_days=90), now=now)
    assert (request.state, request.wanted.lifetime_days) == ("pending", 90)


def test_a_change_waits_until_the_namespace_is_ready(now: datetime) -> None:
    namespace = wanted(now=now)
    with pytest.raises(Conflict, match="is being worked on"):
        ask_change(namespace, spec_of(size="large"), now=now)


def test_a_namespace_has_one_open_request(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    ask_change(namespace, spec_of(size="large"), now=now)
    with pytest.raises(Conflict):
        ask_removal(namespace, now=now)


def test_its_author_cancels_a_request_once(now: datetime) -> None:
    request = cancel(ask(spec_of(), now=now).pk, by=acting("alice"), now=now)
    assert (request.state, request.closed_at) == ("cancelled", now)
    with pytest.raises(Conflict, match="already cancelled"):
        cancel(request.pk, by=acting("alice"), now=now)
    assert actions(request=request.label).count("portal:request:cancelled") == 1


@pytest.mark.parametrize(("username", "kind"), [("bob", Forbidden), ("charlie", NotFound)])
def test_nobody_else_cancels_it(username: str, kind: type[Exception], now: datetime) -> None:
    request = ask(spec_of(), now=now)
    with pytest.raises(kind):
        cancel(request.pk, by=acting(username), now=now)


def in_state(state: RequestState, now: datetime) -> Request:
    """A request put into a state by the database, with an event as it demands."""
    request = ask(spec_of(), now=now)
    event = told_of(request, now=now)
    Request.objects.filter(pk=request.pk).update(state=state.value, last_event=event)
    request.refresh_from_db()
    return request


@pytest.mark.parametrize("state", [*RequestState])
def test_a_request_is_cancelled_exactly_from_where_the_table_says(
    state: RequestState, now: datetime
) -> None:
    request = in_state(state, now)
    if RequestState.CANCELLED in REQUEST_TRANSITIONS[state]:
        assert cancel(request.pk, by=acting("alice"), now=now).state == "cancelled"
    else:
        with pytest.raises(Conflict):
            cancel(request.pk, by=acting("alice"), now=now)


@pytest.mark.parametrize("state", [*RequestState])
def test_a_request_is_sent_exactly_from_where_the_table_says(
    state: RequestState, now: datetime
) -> None:
    request = in_state(state, now)
    wish = wish_of(spec_of(size="large"))
    if state in request_sources_of(RequestState.PENDING):
        sent = submit(wish, by=acting("alice"), form_key="2", now=now, request=request)
        assert sent.state == "pending"
    else:
        with pytest.raises(Conflict):
            submit(wish, by=acting("alice"), form_key="2", now=now, request=request)


def test_submitting_takes_a_bounded_number_of_queries(now: datetime) -> None:
    by, wish = acting("alice"), wish_of(spec_of())
    with CaptureQueriesContext(connection) as queries:
        submit(wish, by=by, form_key="x", now=now)
    print("submit", len(queries))
    assert len(queries) <= 22
    assert not ManagedNamespace.objects.exists()
