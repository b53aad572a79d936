"""Races with real threads on a real database: one wins, the others are told, one event remains."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Conflict, Invalid
from onboarding.models import (
    Cluster,
    Decision,
    Event,
    ManagedNamespace,
    Request,
    Team,
    User,
    Vote,
)
from onboarding.services.claim import Claim, claim
from onboarding.services.decide import decide
from onboarding.services.submit import cancel, submit
from tests.support.real_database import at_once, committed
from tests.support.requests import actions, make_due, spec_of, wanted, wish_of

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


@pytest.fixture(autouse=True)
def real_database(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    with committed(tmp_path):
        yield


@pytest.fixture
def approvers(cast: dict[str, User]) -> list[str]:
    """As many network approvers as there are threads."""
    names = [f"approver-{number}" for number in range(THREADS)]
    for name in names:
        User.objects.create_user(name).role_assignments.create(role="network")
    return names


def word(request: Request, username: str, vote: Vote, now: datetime) -> Callable[[], Request]:
    return partial(
        decide,
        request.pk,
        lane=Lane.NETWORK,
        vote=vote,
        by=acting(username),
        digest=request.digest,
        reason="Because.",
        now=now,
    )


def test_g17_of_many_approvals_of_one_lane_one_wins(
    cluster: Cluster, approvers: list[str], now: datetime
) -> None:
    request = approve(ask(spec_of(), now=now), "pat", Lane.PLATFORM, now=now)
    answers = at_once([word(request, name, Vote.APPROVE, now) for name in approvers])
    outcomes = Counter(type(answer) for answer in answers)
    assert outcomes == {Request: 1, Conflict: THREADS - 1}, answers
    assert ManagedNamespace.objects.count() == 1
    assert actions(request=request.label).count("portal:request:approved") == 1
    assert Decision.objects.filter(lane="network").count() == 1


def test_g17_of_approve_reject_return_and_cancel_one_wins(
    cluster: Cluster, approvers: list[str], now: datetime
) -> None:
    request = approve(ask(spec_of(), now=now), "pat", Lane.PLATFORM, now=now)
    votes = [Vote.APPROVE, Vote.REJECT]
    words = [word(request, name, votes[number % 2], now) for number, name in enumerate(approvers)]
    withdraw = partial(cancel, request.pk, by=acting("alice"), now=now)
    before = Event.objects.count()
    answers = at_once([withdraw, *words, withdraw])
    won = [answer for answer in answers if isinstance(answer, Request)]
    lost = [answer for answer in answers if isinstance(answer, Conflict)]
    assert (len(won), len(lost)) == (1, len(answers) - 1), answers
    request.refresh_from_db()
    assert request.state in {"approved", "rejected", "cancelled"}
    new = [*Event.objects.order_by("id").values_list("action", flat=True)][before:]
    assert (
        new
        == {
            "approved": [
                "portal:lane:approved",
                "portal:request:approved",
                "portal:namespace:wanted",
            ],
            "rejected": ["portal:request:rejected"],
            "cancelled": ["portal:request:cancelled"],
        }[request.state]
    )


def test_two_last_lanes_at_once_take_effect_once(
    cast: dict[str, User], cluster: Cluster, now: datetime
) -> None:
    request = ask(spec_of(), now=now)
    lanes = [("dana", Lane.NETWORK), ("pat", Lane.PLATFORM)]
    answers = at_once([partial(approve, request, name, lane, now=now) for name, lane in lanes])
    assert all(isinstance(answer, Request) for answer in answers), answers
    request.refresh_from_db()
    assert request.state == "approved"
    assert ManagedNamespace.objects.get().revisions.count() == 1


def test_g14_of_many_who_ask_for_one_name_one_gets_it(
    cast: dict[str, User], cluster: Cluster, now: datetime
) -> None:
    team = Team.objects.get(slug="payments")
    for number in range(THREADS):
        User.objects.create_user(f"lead-{number}").memberships.create(team=team, role="lead")
    wish = wish_of(spec_of("shop"))
    calls = [
        partial(submit, wish, by=acting(f"lead-{number}"), form_key="x", now=now)
        for number in range(THREADS)
    ]
    answers = at_once(calls)
    assert sum(isinstance(answer, Request) for answer in answers) == 1, answers
    assert sum(isinstance(answer, Conflict | Invalid) for answer in answers) == THREADS - 1
    assert Request.objects.filter(name="shop").count() == 1
    assert Event.objects.filter(action="portal:request:submitted").count() == 1


def test_g03_one_form_sent_many_times_at_once_is_one_row_and_one_answer(
    cast: dict[str, User], cluster: Cluster, now: datetime
) -> None:
    wish, by = wish_of(spec_of()), acting("alice")
    send = partial(submit, wish, by=by, form_key="once", now=now)
    answers = at_once([send] * THREADS)
    assert {answer.pk for answer in answers if isinstance(answer, Request)} == {
        Request.objects.get().pk
    }
    assert all(isinstance(answer, Request) for answer in answers), answers


def test_two_workers_never_hold_one_namespace(
    cast: dict[str, User], cluster: Cluster, now: datetime
) -> None:
    namespace = wanted(now=now)
    make_due(namespace)
    held = at_once([partial(claim, f"worker-{number}") for number in range(THREADS)])
    assert [type(one) for one in held if one is not None] == [Claim], held
    namespace.refresh_from_db()
    assert namespace.fencing_token == 1
