"""A mail that goes out late tells nobody what is over, nor anybody who has no part in it."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from onboarding.cluster.errors import Refused
from onboarding.demo.scenario import acting, ask
from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.models import (
    ManagedNamespace,
    Membership,
    Notice,
    RoleAssignment,
    Suggestion,
    User,
)
from onboarding.queries.recipients import still_told
from onboarding.services.history import SYSTEM, about_namespace, record
from onboarding.services.lifetimes import warn_of_ends
from onboarding.services.submit import submit
from onboarding.services.suggest import dismiss, suggest
from onboarding.services.tell import tell_due
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    approve_all,
    ask_removal,
    send_back,
    spec_of,
    told_of,
    wanted,
    wish_of,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")


def still(kind: str, username: str = "alice") -> bool:
    """Whether the mail about the newest of a kind would still go out."""
    rows = Notice.objects.filter(kind=kind, person__username=username)
    return still_told(rows.select_related("person", "event").latest("pk"))


def suggested(row: ManagedNamespace, key: str, now: datetime) -> Suggestion:
    answers = {"size": key}
    by = acting("bob")
    return suggest(row, by=by, answers=answers, about="", note="", form_key=key, now=now)


def no_lead_any_more(username: str = "alice") -> None:
    Membership.objects.filter(user__username=username).update(role="member")


@pytest.fixture
def row(cast: dict[str, User], now: datetime) -> ManagedNamespace:
    row = wanted(now=now)
    tell_due(now=now)
    return row


class TestSuggested:
    def test_one_that_was_answered_by_then_is_not_mailed_though_another_waits(
        self, row: ManagedNamespace, now: datetime
    ) -> None:
        suggested(row, "m", now)
        tell_due(now=now)
        assert still("suggested")
        first = Suggestion.objects.get()
        suggested(row, "l", now)
        dismiss(first, by=acting("alice"), reason="Too big.", now=now)
        assert not still("suggested")

    def test_all_leads_are_done_with_it(
        self, row: ManagedNamespace, cast: dict[str, User], now: datetime
    ) -> None:
        Membership.objects.create(user=cast["charlie"], team=row.team, role="lead")
        first = suggested(row, "m", now)
        suggested(row, "l", now)
        tell_due(now=now)
        dismiss(first, by=acting("alice"), reason="Too big.", now=now)
        tell_due(now=now)
        left = Notice.objects.filter(event__action=Action.SUGGESTION_MADE, settled_at=None)
        assert sorted(left.values_list("person__username", flat=True)) == ["alice", "charlie"]

    def test_a_former_lead_is_not_mailed(self, row: ManagedNamespace, now: datetime) -> None:
        suggested(row, "m", now)
        tell_due(now=now)
        no_lead_any_more()
        assert not still("suggested")

    def test_who_sees_nothing_of_the_team_any_more_is_not_told_what_became_of_it(
        self, row: ManagedNamespace, now: datetime
    ) -> None:
        made = suggested(row, "m", now)
        Membership.objects.filter(user__username="bob").delete()
        dismiss(made, by=acting("alice"), reason="Too big.", now=now)
        tell_due(now=now)
        assert not Notice.objects.filter(person__username="bob").exists()


def test_returned_is_not_mailed_once_it_was_sent_again(now: datetime) -> None:
    request = ask(spec_of(), now=now)
    send_back(request, "dana", Lane.NETWORK, now=now)
    tell_due(now=now)
    assert still("returned")
    request.refresh_from_db()
    wish = wish_of(spec_of(purpose="Looked at again."))
    submit(wish, by=acting("alice"), form_key="again", now=now, request=request)
    assert not still("returned")


def test_an_end_is_not_mailed_to_a_former_lead(row: ManagedNamespace, now: datetime) -> None:
    ManagedNamespace.objects.update(expires_at=now + timedelta(days=30))
    warn_of_ends(now=now + timedelta(days=29))
    tell_due(now=now)
    assert still("ends-soon")
    no_lead_any_more()
    assert not still("ends-soon")


@pytest.mark.parametrize(
    ("action", "kind"),
    [(Action.NAMESPACE_BLOCKED, "blocked"), (Action.NAMESPACE_MISSING, "drifted")],
)
def test_what_leads_and_admins_mend_is_mailed_to_those_of_now(
    action: Action, kind: str, row: ManagedNamespace, now: datetime
) -> None:
    with transaction.atomic():
        record(action, actor=SYSTEM, at=now, about=about_namespace(row), body={"message": "no"})
    tell_due(now=now)
    blocked = told_of(row, now=now)
    ManagedNamespace.objects.update(state="blocked", last_event=blocked)
    assert [still(kind), still(kind, "pat")] == [True, True]
    no_lead_any_more()
    RoleAssignment.objects.filter(role="platform-admin").delete()
    assert [still(kind), still(kind, "pat")] == [False, False]


def test_who_asked_to_remove_what_was_never_made_is_told_that_it_is_over(
    fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next("create", Refused("no room", status=403))
    row = work_on(wanted(now=now), now=now)
    approve_all(ask_removal(row, now=now), now=now)
    assert work_on(row, now=now).state == "uncreated"
    tell_due(now=now)
    told = Notice.objects.filter(kind="ready").values_list("person__username", "title")
    assert [*told] == [("alice", "payments-prod has ended and was never created")]
