"""A lane that nobody can decide is said before a request waits for it."""

from datetime import datetime

import pytest

from onboarding.demo.scenario import acting, ask
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Invalid
from onboarding.models import Request, RoleAssignment, User
from onboarding.queries.deciders import names_of, unheld_lanes
from onboarding.queries.staffing import undecidable
from onboarding.services.submit import save_draft
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import ask_removal, ready, spec_of, wish_of

pytestmark = pytest.mark.usefixtures("cast", "cluster")


def only_alice_holds(lane: Lane, alice: User) -> None:
    RoleAssignment.objects.filter(role=lane.value).delete()
    alice.role_assignments.create(role=lane.value)


def test_a_lane_whose_only_holder_is_inactive_cannot_be_asked(erin: User, now: datetime) -> None:
    User.objects.filter(pk=erin.pk).update(is_active=False)
    with pytest.raises(Invalid, match="Nobody can give the security approval: no active person"):
        ask(spec_of(data_class="restricted"), now=now)
    assert not Request.objects.exists()


def test_a_lane_that_only_the_requester_holds_cannot_be_asked(alice: User, now: datetime) -> None:
    only_alice_holds(Lane.PLATFORM, alice)
    with pytest.raises(Invalid, match="only people who hold the lane are those the request"):
        ask(spec_of(environment="test"), now=now)


def test_a_lane_that_only_the_requesters_other_account_holds_cannot_be_asked(
    pat: User, now: datetime
) -> None:
    pat.emailaddress_set.create(email="Alice@example.com", verified=True)
    with pytest.raises(Invalid, match="Nobody can give the platform approval"):
        ask(spec_of(), now=now)


def test_the_refusal_says_whom_to_ask(pat: User, erin: User, now: datetime) -> None:
    erin.role_assignments.all().delete()
    with pytest.raises(Invalid, match="Ask Pat to appoint somebody"):
        ask(spec_of(data_class="restricted"), now=now)
    pat.role_assignments.filter(role="platform-admin").delete()
    with pytest.raises(Invalid, match="No platform admin is active either"):
        ask(spec_of(data_class="restricted"), now=now)


def test_a_second_holder_is_enough(alice: User, pat: User, now: datetime) -> None:
    alice.role_assignments.create(role="platform")
    assert ask(spec_of(), now=now).state == "pending"


def test_a_draft_is_kept_all_the_same(dana: User, now: datetime) -> None:
    dana.role_assignments.all().delete()
    draft = save_draft(wish_of(spec_of()), by=acting("alice"), form_key="d", now=now)
    assert draft.state == "draft"


def test_the_end_of_a_namespace_needs_somebody_too(
    fake: FakeCluster, pat: User, now: datetime
) -> None:
    namespace = ready(now=now)
    pat.role_assignments.filter(role="platform").delete()
    with pytest.raises(Invalid, match="Nobody can give the platform approval"):
        ask_removal(namespace, now=now)


def test_a_waiting_request_that_only_its_author_could_decide_is_found(
    alice: User, now: datetime
) -> None:
    request = ask(spec_of(), now=now)
    assert undecidable() == []
    only_alice_holds(Lane.PLATFORM, alice)
    assert undecidable() == [(request, [Lane.PLATFORM])]


def test_a_lane_without_anybody_is_told_once_and_not_for_each_request(
    dana: User, now: datetime
) -> None:
    ask(spec_of(), now=now)
    User.objects.filter(pk=dana.pk).update(is_active=False)
    assert unheld_lanes() == [Lane.NETWORK]
    assert undecidable() == []


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, ""),
        (1, "P0"),
        (2, "P0 and P1"),
        (3, "P0, P1 and P2"),
        (7, "P0, P1, P2, P3, P4 and 2 more"),
    ],
)
def test_names_are_listed_and_the_rest_is_counted(count: int, words: str) -> None:
    assert names_of([User(first_name=f"P{number}") for number in range(count)]) == words


@pytest.mark.parametrize("waiting", [1, 6])
def test_looking_for_them_takes_as_many_queries_for_many_requests(
    waiting: int,
    now: datetime,
    django_assert_max_num_queries: object,
) -> None:
    for number in range(waiting):
        ask(spec_of(f"payments-{number}"), now=now)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        undecidable()
