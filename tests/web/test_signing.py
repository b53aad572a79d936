"""Signing on the pages of a decision and of a refresh: what is offered, asked for, and refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.models import Cluster, Decision, DecisionSignature, Request, User
from tests.support.approval_keys import enrolled
from tests.support.soft_passkey import SoftPasskey
from tests.web.sights import picture_shown

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
PLAIN, WITH_PASSKEY = "Approve for network\n", "Approve for network with passkey"


@pytest.fixture(autouse=True)
def signed_lanes(settings: Any) -> None:
    settings.SIGNED_LANES = frozenset({"network"})


@pytest.fixture
def danas(cast: dict[str, User]) -> SoftPasskey:
    return enrolled("dana", now=timezone.now())


@pytest.fixture
def waiting(danas: SoftPasskey, cluster: Cluster) -> Request:
    return ask(demo_spec("payments-prod", cluster=cluster.name), now=timezone.now())


def url(row: Request) -> str:
    return f"/approvals/{row.public_id}/"


def word(row: Request, **differing: Any) -> dict[str, Any]:
    said = {
        "lane": "network",
        "vote": "approve",
        "digest": row.digest,
        "picture": picture_shown(row),
        "reason": "",
        "signed": "",
    }
    return {**said, **differing}


def challenge(client: Client, row: Request, **differing: Any) -> Any:
    return client.post(f"{url(row)}challenge/", word(row, **differing))


def test_dana_signs_what_the_form_says(
    client_for: SignIn, dana: User, danas: SoftPasskey, waiting: Request
) -> None:
    client, form = client_for(dana), {"reason": "Looks right."}
    signed = danas.answer(challenge(client, waiting, **form).json())
    answer = client.post(url(waiting), word(waiting, signed=signed, **form), follow=True)
    assert f"You approved {waiting.label} for network" in answer.content.decode()
    assert "Signed with passkey" in client.get(url(waiting)).content.decode()
    assert DecisionSignature.objects.get().decision.reason == "Looks right."


def test_a_reason_changed_after_signing_is_refused(
    client_for: SignIn, dana: User, danas: SoftPasskey, waiting: Request
) -> None:
    client = client_for(dana)
    signed = danas.answer(challenge(client, waiting).json())
    answer = client.post(url(waiting), word(waiting, signed=signed, reason="Other."))
    assert answer.status_code == 422
    assert "it was made with another reason" in answer.content.decode()
    assert not Decision.objects.exists()


def test_only_signing_is_offered_where_nothing_else_counts(
    client_for: SignIn, dana: User, pat: User, waiting: Request
) -> None:
    page = client_for(dana).get(url(waiting)).content.decode()
    assert WITH_PASSKEY in page
    assert 'value="approve">' not in page
    assert "Approve for platform" in client_for(pat).get(url(waiting)).content.decode()


def test_sent_without_scripts_it_says_what_is_needed(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    answer = client_for(dana).post(url(waiting), word(waiting))
    assert answer.status_code == 422
    assert "has to be signed with your passkey" in answer.content.decode()


def test_who_has_no_key_is_told_and_may_still_reject(
    client_for: SignIn, cast: dict[str, User], cluster: Cluster, danas: SoftPasskey
) -> None:
    waiting = ask(demo_spec("payments-prod", cluster=cluster.name), now=timezone.now())
    second = User.objects.create_user("second", first_name="Second", email="s@example.com")
    second.role_assignments.create(role="network")
    client = client_for(second)
    page = client.get(url(waiting)).content.decode()
    assert "you have no confirmed approval key for: network." in page
    assert WITH_PASSKEY not in page
    assert challenge(client, waiting).status_code == 422
    form = word(waiting, vote="reject", reason="Not like this.")
    assert client.post(url(waiting), form).status_code == 302


def test_an_approval_without_a_signature_shows_as_that(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    approve(waiting, "pat", Lane.PLATFORM, now=timezone.now())
    for page in (url(waiting), f"/requests/{waiting.public_id}/"):
        assert "Not signed" in client_for(dana).get(page).content.decode()


def test_nonsense_is_refused_in_words(client_for: SignIn, dana: User, waiting: Request) -> None:
    client = client_for(dana)
    answer = client.post(url(waiting), word(waiting, signed='{"statement": "{}"}'))
    assert answer.status_code == 422
    assert "The signature cannot be accepted" in answer.content.decode()
    assert challenge(client, waiting, vote="maybe").json()["error"]


@pytest.mark.parametrize(
    "of",
    [
        lambda signed: "[" * 60_000,
        lambda signed: json.dumps({**json.loads(signed), "statement": "\ud800"}),
        lambda signed: json.dumps({**json.loads(signed), "statement": '{"a":' * 9_000}),
    ],
    ids=["nested", "not text", "nested statement"],
)
def test_what_nobody_could_have_signed_is_refused_too(
    of: Callable[[str], str],
    client_for: SignIn,
    dana: User,
    danas: SoftPasskey,
    waiting: Request,
) -> None:
    client = client_for(dana)
    signed = of(danas.answer(challenge(client, waiting).json()))
    answer = client.post(url(waiting), word(waiting, signed=signed))
    assert answer.status_code == 422
    assert "The signature cannot be accepted" in answer.content.decode()


def test_a_signature_of_no_site_at_all_is_refused(
    client_for: SignIn, dana: User, danas: SoftPasskey, waiting: Request
) -> None:
    client = client_for(dana)
    signed = danas.answer(challenge(client, waiting).json(), origin=1)
    answer = client.post(url(waiting), word(waiting, signed=signed))
    assert answer.status_code == 422
    assert "it was made on another site" in answer.content.decode()


def test_a_stranger_is_asked_nothing(client_for: SignIn, charlie: User, waiting: Request) -> None:
    assert challenge(client_for(charlie), waiting).status_code == 404


def test_history_tells_what_was_signed(
    client_for: SignIn, dana: User, frank: User, danas: SoftPasskey, waiting: Request
) -> None:
    approve(waiting, "pat", Lane.PLATFORM, now=timezone.now())
    client = client_for(dana)
    signed = danas.answer(challenge(client, waiting).json())
    client.post(url(waiting), word(waiting, signed=signed))
    page = client_for(frank).get("/history/").content.decode()
    assert "signed with KEY-" in page
    assert "not signed" in page
