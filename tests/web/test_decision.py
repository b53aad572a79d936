"""The decision page: what it shows, to whom it offers a decision, and what is refused."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import RequestState
from onboarding.models import Cluster, Decision, Request, RoleAssignment, User
from onboarding.services.story import approve, ask, demo_spec

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
APPROVE = 'value="approve"'


@pytest.fixture
def waiting(cast: dict[str, User], cluster: Cluster) -> Request:
    return ask(demo_spec("payments-prod", cluster=cluster.name), now=timezone.now())


def url(row: Request) -> str:
    return f"/approvals/{row.public_id}/"


def word(row: Request, **differing: Any) -> dict[str, Any]:
    return {
        "lane": "network", "verdict": "approve", "digest": row.digest, "reason": "", **differing
    }  # fmt: skip


def test_dana_sees_exactly_what_she_approves(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    page = client_for(dana).get(url(waiting)).content.decode()
    for object_of_it in ("deny-all", "allow-dns", "ingress-nginx", "8080", "quota"):
        assert object_of_it in page
    assert waiting.wanted.purpose in page
    assert waiting.digest in page
    assert APPROVE in page


def test_dana_approves_her_lane(client_for: SignIn, dana: User, waiting: Request) -> None:
    answer = client_for(dana).post(url(waiting), word(waiting))
    assert (answer.status_code, answer["Location"]) == (302, url(waiting))
    assert Decision.objects.get(request=waiting).person == dana


def test_the_last_lane_makes_the_request_approved(
    client_for: SignIn, dana: User, waiting: Request, now: datetime
) -> None:
    for lane, person in ((Lane.PLATFORM, "pat"), (Lane.SECURITY, "erin")):
        if waiting.lanes.filter(lane=lane.value).exists():
            approve(waiting, person, lane, now=timezone.now())
    page = client_for(dana).post(url(waiting), word(waiting), follow=True).content.decode()
    waiting.refresh_from_db()
    assert waiting.state == RequestState.APPROVED.value
    assert "You approved the network lane" in page
    assert APPROVE not in page


def test_alice_is_told_that_she_cannot_approve_her_own(
    client_for: SignIn, alice: User, waiting: Request
) -> None:
    page = client_for(alice).get(url(waiting)).content.decode()
    assert "You cannot approve your own request" in page
    assert APPROVE not in page


def test_alice_is_refused_even_with_a_lane(
    client_for: SignIn, alice: User, waiting: Request
) -> None:
    RoleAssignment.objects.create(user=alice, role="network")
    assert APPROVE not in client_for(alice).get(url(waiting)).content.decode()
    assert client_for(alice).post(url(waiting), word(waiting)).status_code == 403
    assert not Decision.objects.exists()


@pytest.mark.parametrize("person", ["bob", "frank", "erin"])
def test_who_holds_no_needed_lane_gets_no_controls_and_is_refused(
    client_for: SignIn, cast: dict[str, User], waiting: Request, person: str
) -> None:
    browser = client_for(cast[person])
    assert APPROVE not in browser.get(url(waiting)).content.decode()
    assert browser.post(url(waiting), word(waiting)).status_code == 403


def test_charlie_does_not_learn_that_it_exists(
    client_for: SignIn, charlie: User, waiting: Request
) -> None:
    browser = client_for(charlie)
    assert browser.get(url(waiting)).status_code == 404
    assert browser.post(url(waiting), word(waiting)).status_code == 404


@pytest.mark.parametrize("verdict", ["return", "reject"])
def test_a_no_needs_a_reason(
    client_for: SignIn, dana: User, waiting: Request, verdict: str
) -> None:
    answer = client_for(dana).post(url(waiting), word(waiting, verdict=verdict, reason="  "))
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    assert not Decision.objects.exists()


def test_dana_returns_it_with_a_reason(client_for: SignIn, dana: User, waiting: Request) -> None:
    reason = "Name the component that calls outside."
    client_for(dana).post(url(waiting), word(waiting, verdict="return", reason=reason))
    waiting.refresh_from_db()
    assert waiting.state == RequestState.RETURNED.value
    assert reason in client_for(dana).get(url(waiting)).content.decode()


def test_a_second_answer_is_met_with_courtesy(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    browser = client_for(dana)
    browser.post(url(waiting), word(waiting))
    answer = browser.post(url(waiting), word(waiting))
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Dana approved the network lane" in page
    assert url(waiting) in page
    assert Decision.objects.count() == 1


def test_a_stale_digest_is_refused(client_for: SignIn, dana: User, waiting: Request) -> None:
    answer = client_for(dana).post(url(waiting), word(waiting, digest="sha256:" + "0" * 64))
    assert answer.status_code == 409
    assert not Decision.objects.exists()


def test_unknown_fields_are_refused(client_for: SignIn, dana: User, waiting: Request) -> None:
    answer = client_for(dana).post(url(waiting), word(waiting, state="approved"))
    assert answer.status_code == 400
    assert not Decision.objects.exists()


def test_a_form_from_elsewhere_is_refused(client_for: SignIn, dana: User, waiting: Request) -> None:
    answer = client_for(dana, enforce_csrf_checks=True).post(url(waiting), word(waiting))
    assert answer.status_code == 403
    assert not Decision.objects.exists()


def test_who_holds_several_lanes_chooses_one(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    RoleAssignment.objects.create(user=dana, role="platform")
    page = client_for(dana).get(url(waiting))
    assert page.context["page"].offered == (Lane.PLATFORM, Lane.NETWORK)
    assert '<select name="lane"' in page.content.decode()


def test_dana_is_warned_of_a_name_that_looks_like_another(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    approve(waiting, "dana", Lane.NETWORK, now=timezone.now())
    approve(waiting, "pat", Lane.PLATFORM, now=timezone.now())
    twin = ask(demo_spec("payrnents-prod", cluster="dev-eu"), now=timezone.now())
    page = client_for(dana).get(url(twin)).content.decode()
    assert "looks much like payments-prod" in page
    assert "looks much like" not in client_for(dana).get(url(waiting)).content.decode()
