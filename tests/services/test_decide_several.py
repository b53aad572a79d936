"""Decide several: one reason for many of low risk, each decided like any other, none around it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from unittest import mock

import pytest

from onboarding.demo.openings import ANYTHING, WEB
from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Invalid
from onboarding.models import (
    Cluster,
    ClusterObservation,
    Decision,
    DecisionPicture,
    ManagedNamespace,
    Request,
    RoleAssignment,
    User,
)
from onboarding.queries.circumstances import Circumstances
from onboarding.services import decide_several
from onboarding.services.decide import MAX_REASON
from onboarding.services.decide_several import (
    MOST_AT_ONCE,
    Ending,
    Pick,
    Said,
    approve_several,
)
from onboarding.services.submit import cancel, submit
from tests.support.behind_the_portal import without_guards
from tests.support.requests import send_back, spec_of, wish_of
from tests.web.sights import looked_at

pytestmark = pytest.mark.usefixtures("cast", "cluster")


def pick(row: Request, lane: Lane = Lane.NETWORK) -> Pick:
    return Pick(row.public_id, lane, row.digest)


def say(*picks: Pick, by: str = "dana", reason: str = "", now: datetime) -> tuple[Said, ...]:
    return approve_several(picks, by=acting(by), reason=reason, now=now)


def only(*picks: Pick, by: str = "dana", now: datetime) -> Ending:
    [said] = say(*picks, by=by, now=now)
    return said.ending


@pytest.fixture(autouse=True)
def seen(cast: dict[str, User], cluster: Cluster, now: datetime) -> None:
    """What opens can be judged: the cluster was looked at."""
    looked_at(cluster)
    ClusterObservation.objects.update(seen_at=now)


@pytest.fixture
def shop(now: datetime) -> Request:
    return ask(spec_of("shop"), now=now)


def test_each_is_approved_with_the_one_reason(shop: Request, now: datetime) -> None:
    other = ask(spec_of("other"), now=now)
    said = say(pick(shop), pick(other), reason="As agreed.", now=now)
    assert [one.ending for one in said] == [Ending.APPROVED] * 2
    given = Decision.objects.values_list("request", "person__username", "lane", "reason")
    assert {*given} == {(row.pk, "dana", "network", "As agreed.") for row in (shop, other)}


def test_the_last_approval_takes_effect(shop: Request, now: datetime) -> None:
    approve(shop, "pat", Lane.PLATFORM, now=now)
    say(pick(shop), now=now)
    assert ManagedNamespace.objects.get().name == "shop"


def test_one_that_cannot_be_approved_keeps_none_of_the_others(shop: Request, now: datetime) -> None:
    gone = ask(spec_of("gone"), now=now)
    cancel(gone.pk, by=acting("alice"), now=now)
    said = say(pick(gone), pick(shop), now=now)
    assert [one.ending for one in said] == [Ending.FASTER, Ending.APPROVED]
    assert "cancelled" in said[0].words


@pytest.mark.parametrize("risk", ["high", "medium", None])
def test_what_is_not_of_low_risk_is_decided_alone(
    risk: str | None, shop: Request, now: datetime
) -> None:
    with without_guards():
        Request.objects.filter(pk=shop.pk).update(risk=risk)
    assert only(pick(shop), now=now) is Ending.ALONE
    assert not Decision.objects.exists()


def test_the_risk_that_is_judged_is_that_of_the_pick(shop: Request, now: datetime) -> None:
    """A row of low risk that is edited to a high one between the look and the lock."""
    real = decide_several.why_alone

    def edited_meanwhile(row: Request, lanes: Iterable[Lane], known: Circumstances) -> str:
        with without_guards():
            Request.objects.filter(pk=row.pk).update(digest="sha256:edited", risk="high")
        return real(row, lanes, known)

    with mock.patch.object(decide_several, "why_alone", edited_meanwhile):
        said = only(Pick(shop.public_id, Lane.NETWORK, "sha256:edited"), now=now)
    assert said is Ending.EDITED
    assert not Decision.objects.exists()


def test_what_is_really_of_high_risk_is_decided_alone(now: datetime) -> None:
    row = ask(spec_of(openings=(WEB, ANYTHING), lifetime_days=7), now=now)
    assert row.risk == "high"
    assert only(pick(row), now=now) is Ending.ALONE


def test_what_is_of_high_risk_by_now_is_decided_alone(now: datetime) -> None:
    row = ask(spec_of(openings=(WEB, ANYTHING), lifetime_days=7), now=now)
    with without_guards():
        Request.objects.filter(pk=row.pk).update(risk="low")
    [said] = say(pick(row), now=now)
    assert said.ending is Ending.ALONE
    assert said.words == "Decided on its own page: it is of high risk by now."
    assert not Decision.objects.exists()


def test_no_picture_is_kept_that_nobody_saw(shop: Request, now: datetime) -> None:
    assert only(pick(shop), now=now) is Ending.APPROVED
    assert not DecisionPicture.objects.exists()


def test_ones_own_request_is_never_among_them(shop: Request, now: datetime) -> None:
    RoleAssignment.objects.create(user=User.objects.get(username="alice"), role="network")
    assert only(pick(shop), by="alice", now=now) is Ending.BARRED
    assert not Decision.objects.exists()


def test_who_does_not_hold_the_lane_approves_nothing(shop: Request, now: datetime) -> None:
    assert only(pick(shop), by="erin", now=now) is Ending.BARRED


def test_what_was_edited_meanwhile_is_left(shop: Request, now: datetime) -> None:
    chosen = pick(shop)
    send_back(shop, "pat", Lane.PLATFORM, now=now)
    shop.refresh_from_db()
    by, wish = acting("alice"), wish_of(spec_of("shop", size="medium"))
    submit(wish, by=by, form_key="again", now=now, request=shop)
    assert only(chosen, now=now) is Ending.EDITED
    assert not Decision.objects.filter(vote="approve").exists()


def test_who_was_faster_is_named(shop: Request, now: datetime) -> None:
    RoleAssignment.objects.create(user=User.objects.get(username="erin"), role="network")
    approve(shop, "erin", Lane.NETWORK, now=now)
    [said] = say(pick(shop), now=now)
    assert said.ending is Ending.FASTER
    assert "Erin" in said.words


def test_what_has_to_be_signed_is_signed_alone(shop: Request, settings: Any, now: datetime) -> None:
    settings.SIGNED_LANES = frozenset({"network"})
    assert only(pick(shop), now=now) is Ending.ALONE


def test_in_production_one_person_gives_one_of_two(shop: Request, now: datetime) -> None:
    RoleAssignment.objects.create(user=User.objects.get(username="dana"), role="platform")
    said = say(pick(shop), pick(shop, Lane.PLATFORM), now=now)
    assert [one.ending for one in said] == [Ending.APPROVED, Ending.BARRED]


def test_who_would_wait_too_long_gets_an_answer(
    shop: Request, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(decide_several, "LONGEST_SECONDS", -1.0)
    assert only(pick(shop), now=now) is Ending.LEFT
    assert not Decision.objects.exists()


def test_the_same_picked_twice_is_approved_once(shop: Request, now: datetime) -> None:
    assert len(say(pick(shop), pick(shop), now=now)) == 1


def test_a_request_nobody_may_know_of_is_not_told_of(now: datetime) -> None:
    [said] = say(Pick("NOSUCHONE1", Lane.NETWORK, "sha256:x"), now=now)
    assert (said.request, said.ending) == (None, Ending.BARRED)


def test_there_is_a_most_at_once(shop: Request, now: datetime) -> None:
    many = [Pick(f"R{number}", Lane.NETWORK, "x") for number in range(MOST_AT_ONCE + 1)]
    with pytest.raises(Invalid):
        say(*many, now=now)
    with pytest.raises(Invalid):
        say(now=now)


def test_a_reason_that_is_too_long_approves_nothing(shop: Request, now: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        say(pick(shop), reason="x" * (MAX_REASON + 1), now=now)
    assert refused.value.field == "reason"
    assert not Decision.objects.exists()
