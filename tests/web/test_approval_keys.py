"""The page of approval keys: asking for a passkey, confirming another person's, revoking."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db.models import JSONField, Value
from django.test import Client
from django.utils import timezone

from onboarding.domain.approval import fingerprint
from onboarding.models import ApprovalKey, User
from onboarding.queries.approval_keys import usable
from tests.support.approval_keys import asked, enrolled, key_of
from tests.support.forgeries import add_key, say
from tests.support.soft_passkey import SoftPasskey

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
PAGE = "/approval-keys/"
ASK, ASK_CHALLENGE = f"{PAGE}ask/", f"{PAGE}ask/challenge/"


@pytest.fixture
def passkey(dana: User) -> SoftPasskey:
    """Dana's, for signing in."""
    passkey = SoftPasskey()
    passkey.register(dana)
    return passkey


def challenge(client: Client, url: str, **form: Any) -> dict[str, Any]:
    answer = client.post(url, {**form, "signed": ""})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def ask(client: Client, passkey: SoftPasskey) -> ApprovalKey:
    form = {"passkey": str(client_passkey_id(client))}
    signed = passkey.answer(challenge(client, ASK_CHALLENGE, **form))
    answer = client.post(ASK, {**form, "signed": signed})
    assert (answer.status_code, answer["Location"]) == (302, PAGE), answer.content
    return key_of(passkey)


def client_passkey_id(client: Client) -> int:
    person = User.objects.get(pk=client.session["_auth_user_id"])
    return person.authenticator_set.get().pk


def test_dana_asks_for_her_passkey(client_for: SignIn, dana: User, passkey: SoftPasskey) -> None:
    client = client_for(dana)
    page = client.get(PAGE).content.decode()
    assert "It would sign the approvals you can give now: network." in page
    key = ask(client, passkey)
    page = client.get(PAGE).content.decode()
    assert "Waits for another person" in page
    assert fingerprint(key.statement.encode()) in page
    assert (key.person, key.name, key.lanes) == (dana, "Laptop", ["network"])


def test_the_page_says_what_a_signature_is_worth_here(
    client_for: SignIn, dana: User, settings: Any
) -> None:
    settings.SIGNED_LANES = frozenset({"network", "security"})
    assert (
        b"Approvals on network and security count only signed" in client_for(dana).get(PAGE).content
    )
    settings.SIGNED_LANES = frozenset()
    assert b"No approval has to be signed here" in client_for(dana).get(PAGE).content


def test_what_the_browser_is_asked_names_the_passkey_and_wants_its_person(
    client_for: SignIn, dana: User, passkey: SoftPasskey
) -> None:
    client = client_for(dana)
    options = challenge(client, ASK_CHALLENGE, passkey=client_passkey_id(client))["publicKey"]
    assert options["userVerification"] == "required"
    assert options["rpId"] == "testserver"
    assert [one["id"] for one in options["allowCredentials"]] == [
        passkey.sign(b"{}").proof()["credentialId"]
    ]


def test_asking_takes_a_signature_of_ones_own_passkey(
    client_for: SignIn, dana: User, erin: User, passkey: SoftPasskey
) -> None:
    client = client_for(erin)
    other = dana.authenticator_set.get().pk
    assert client.post(ASK_CHALLENGE, {"passkey": other, "signed": ""}).status_code == 422
    assert client.post(ASK, {"passkey": other, "signed": ""}).status_code == 422
    assert client.post(ASK, {"passkey": other, "signed": "{}"}).status_code == 422
    assert not ApprovalKey.objects.exists()


def test_pat_confirms_it_with_a_key_of_pats_own(client_for: SignIn, pat: User, dana: User) -> None:
    now = timezone.now()
    pats, key = enrolled("pat", now=now), asked("dana", SoftPasskey(), now=now)
    client, url = client_for(pat), f"{PAGE}{key.public_id}/confirm/"
    assert f"Confirm {key.label}" in client.get(PAGE).content.decode()
    signed = pats.answer(challenge(client, f"{url}challenge/"))
    assert client.post(url, {"signed": signed}).status_code == 302
    assert key in usable()


def test_without_a_key_of_ones_own_nothing_is_offered_to_confirm(
    client_for: SignIn, pat: User, now: datetime
) -> None:
    key = asked("dana", SoftPasskey(), now=now)
    page = client_for(pat).get(PAGE).content.decode()
    assert f"Confirm {key.label}" not in page
    assert "manage.py confirm_approval_key" in page
    answer = client_for(pat).post(f"{PAGE}{key.public_id}/confirm/challenge/", {"signed": ""})
    assert answer.status_code == 422


def test_dana_revokes_her_own_and_nobody_elses(
    client_for: SignIn, dana: User, erin: User, now: datetime
) -> None:
    key = key_of(enrolled("dana", now=now))
    url = f"{PAGE}{key.public_id}/revoke/"
    assert client_for(erin).post(url).status_code == 404
    assert client_for(dana).post(url).status_code == 302
    assert not usable().exists()
    assert "Revoked" in client_for(dana).get(PAGE).content.decode()


@pytest.mark.parametrize("lanes", [Value(None, JSONField()), 7, "network"], ids=str)
def test_a_row_that_is_no_key_can_be_revoked_and_breaks_no_page(
    lanes: object,
    *,
    client_for: SignIn,
    pat: User,
    dana: User,
    settings: Any,
    now: datetime,
) -> None:
    settings.SIGNED_LANES = frozenset({"network"})
    key = add_key(dana, b"{}", {}, SoftPasskey(), now=now, lanes=lanes)
    say(key, statement="{}", proof={}, now=now)
    page = client_for(pat).get(PAGE).content.decode()
    assert "Cannot be read" in page
    assert f"Revoke {key.label}" in page
    assert "None of the network approvers has" in client_for(pat).get("/").content.decode()
    assert client_for(pat).post(f"{PAGE}{key.public_id}/revoke/").status_code == 302


def test_a_key_that_is_about_somebody_else_is_not_offered_to_confirm(
    client_for: SignIn, pat: User, dana: User, erin: User, now: datetime
) -> None:
    enrolled("pat", now=now)
    danas = asked("dana", SoftPasskey(), now=now)
    key = add_key(erin, danas.statement.encode(), danas.proof, SoftPasskey(), now=now)
    page = client_for(pat).get(PAGE).content.decode()
    assert f"Confirm {danas.label}" in page
    assert f"Confirm {key.label}" not in page


def test_keys_of_others_are_shown_to_platform_admins_only(
    client_for: SignIn, pat: User, erin: User, now: datetime
) -> None:
    key = key_of(enrolled("dana", now=now))
    assert key.label in client_for(pat).get(PAGE).content.decode()
    assert key.label not in client_for(erin).get(PAGE).content.decode()


@pytest.mark.parametrize("username", ["alice", "bob", "charlie", "frank"])
def test_who_decides_nothing_has_no_such_page(
    username: str, client_for: SignIn, cast: dict[str, User]
) -> None:
    client = client_for(cast[username])
    assert client.get(PAGE).status_code == 403
    assert "Approval keys" not in client.get("/accounts/2fa/").content.decode()


def test_home_tells_pat_which_keys_wait(client_for: SignIn, pat: User, now: datetime) -> None:
    asked("dana", SoftPasskey(), now=now)
    assert "approval key" not in client_for(pat).get("/").content.decode()
    enrolled("pat", now=now)
    page = client_for(pat).get("/").content.decode()
    assert "Dana asks to confirm an approval key" in page


def test_home_tells_pat_which_lanes_nobody_can_sign(
    client_for: SignIn, pat: User, settings: Any, now: datetime
) -> None:
    settings.SIGNED_LANES = frozenset({"network", "security"})
    enrolled("dana", now=now)
    page = client_for(pat).get("/").content.decode()
    assert "None of the security approvers has a confirmed approval key" in page
    assert "None of the network approvers" not in page


def test_history_tells_which_key_was_asked_for(
    client_for: SignIn, frank: User, now: datetime
) -> None:
    key = key_of(enrolled("dana", now=now))
    page = client_for(frank).get("/history/").content.decode()
    assert "asked to enrol a passkey of " in page
    assert "confirmed a passkey of " in page
    assert key.label in page
