"""Enrolment made by SQL is none: a chain of signatures leads to the root, or nothing does."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.approval import Enrolment
from onboarding.domain.canonical import canonical
from onboarding.domain.lanes import Lane
from onboarding.models import Request, User
from onboarding.services.approval_keys import confirm_at_console, revoke_approval_key
from onboarding.services.check_signed import NotSigned, check_signatures
from onboarding.services.history import CONSOLE
from tests.support.approval_keys import (
    LIFE,
    asked,
    confirmed_by,
    enrolled,
    key_of,
    sign,
    signed_by_dana,
    word_of,
)
from tests.support.fake_cluster import FakeCluster
from tests.support.forgeries import (
    add_key,
    enemy,
    namespace_of,
    say,
    say_signed,
    with_signature,
)
from tests.support.requests import work_on
from tests.support.soft_passkey import SoftPasskey

pytestmark = pytest.mark.usefixtures("cast", "cluster")


@pytest.fixture(autouse=True)
def signed_lanes(settings: Any) -> None:
    settings.SIGNED_LANES = frozenset({"network", "security"})


def test_a_key_without_a_word_does_not_count(
    asked_for: Request, settings: Any, now: datetime
) -> None:
    own = SoftPasskey()
    asked("dana", own, now=now)
    refused(asked_for, own, settings, now, "nobody entitled had confirmed")


def test_a_console_seal_that_is_made_up_does_not_count(
    asked_for: Request, settings: Any, now: datetime
) -> None:
    own = SoftPasskey()
    key = asked("dana", own, now=now)
    settings.BULKHEAD_CREDENTIAL_KEYS = [b"x" * 32]
    confirm_at_console("dana", label=key.label, now=now)
    settings.BULKHEAD_CREDENTIAL_KEYS = [b"k" * 32]
    refused(asked_for, own, settings, now, "nobody entitled had confirmed")


def test_the_seal_of_another_key_does_not_count(
    asked_for: Request, danas: SoftPasskey, settings: Any, now: datetime
) -> None:
    own = SoftPasskey()
    key, sealed = asked("dana", own, now=now), key_of(danas).words.get()
    say(key, statement=sealed.statement, proof=sealed.proof, now=now)
    refused(asked_for, own, settings, now, "nobody entitled had confirmed")


def test_a_key_that_may_not_confirm_confirms_nobody(
    asked_for: Request, danas: SoftPasskey, settings: Any, now: datetime
) -> None:
    evil = enemy("erin", "network", now=now)
    say_signed(key_of(evil), danas, now=now)
    refused_of("erin", asked_for, evil, settings, now)


def test_a_person_does_not_confirm_themselves(
    asked_for: Request, settings: Any, now: datetime
) -> None:
    User.objects.get(username="erin").role_assignments.create(role="platform-admin")
    first, second = enrolled("erin", now=now), enemy("erin", "network", now=now)
    say_signed(key_of(second), first, now=now)
    refused_of("erin", asked_for, second, settings, now)


def test_keys_that_confirm_each_other_count_for_nothing(
    asked_for: Request, settings: Any, now: datetime
) -> None:
    first = enemy("erin", "network", confirms=True, now=now)
    second = enemy("frank", "network", confirms=True, now=now)
    say_signed(key_of(first), second, now=now)
    say_signed(key_of(second), first, now=now)
    refused_of("erin", asked_for, first, settings, now)


def test_a_confirmation_by_a_revoked_key_does_not_count(
    asked_for: Request, settings: Any, now: datetime
) -> None:
    pats, own = enrolled("pat", now=now), SoftPasskey()
    key = asked("dana", own, now=now)
    revoke_approval_key(key_of(pats), actor=CONSOLE, by=None, now=now)
    say_signed(key, pats, now=now)
    refused(asked_for, own, settings, now, "nobody entitled had confirmed")


def test_a_confirmation_by_a_valid_one_does(
    asked_for: Request, settings: Any, now: datetime
) -> None:
    pats, own = enrolled("pat", now=now), SoftPasskey()
    confirmed_by("pat", pats, asked("dana", own, now=now), now=now)
    with_signature(asked_for, sign(own, asked_for, Lane.NETWORK, now=now), own, settings, now=now)


def test_a_key_that_says_something_else_of_itself_does_not_count(
    asked_for: Request, danas: SoftPasskey, settings: Any, now: datetime
) -> None:
    honest, evil = key_of(danas), SoftPasskey()
    said = Enrolment.read(honest.statement.encode())
    text = canonical(
        replace(said, public_key=evil.public_key, credential=evil.credential).statement()
    )
    key = add_key(honest.person, text, honest.proof, evil, now=now)
    say(key, statement=honest.words.get().statement, proof=honest.words.get().proof, now=now)
    refused(asked_for, evil, settings, now, "has not signed its own enrolment")


def test_a_key_of_another_lane_does_not_count(
    asked_for: Request, erin: User, settings: Any, now: datetime
) -> None:
    erins = enrolled("erin", now=now)
    word = word_of(asked_for, "erin", Lane.NETWORK)
    signed = erins.sign(word.statement(expires_at=now + LIFE))
    with pytest.raises(NotSigned, match="is not enrolled for it"):
        with_signature(asked_for, signed, erins, settings, now=now, by="erin")


def test_what_was_decided_before_a_revocation_stays_decided_once_it_is_applied(
    asked_for: Request, danas: SoftPasskey, fake: FakeCluster, now: datetime
) -> None:
    namespace = namespace_of(signed_by_dana(asked_for, danas, now))
    work_on(namespace, now=now)
    revoke_approval_key(key_of(danas), actor=CONSOLE, by=None, now=now)
    [policy] = [key for key in fake.objects if key.name == "deny-all"]
    del fake.objects[policy]
    assert work_on(namespace, now=now).state == "ready"
    assert policy in fake.objects


def test_what_was_not_applied_when_the_key_was_revoked_never_is(
    asked_for: Request, danas: SoftPasskey, now: datetime
) -> None:
    request = signed_by_dana(asked_for, danas, now)
    check_signatures(request)
    revoke_approval_key(key_of(danas), actor=CONSOLE, by=None, now=now + timedelta(days=1))
    with pytest.raises(NotSigned, match="is signed with a key that was revoked"):
        check_signatures(request)


def test_a_confirmation_from_before_its_key_was_revoked_does_not_count_either(
    asked_for: Request, settings: Any, now: datetime
) -> None:
    pats, own = enrolled("pat", now=now), SoftPasskey()
    key = asked("dana", own, now=now)
    revoke_approval_key(key_of(pats), actor=CONSOLE, by=None, now=now + timedelta(days=1))
    say_signed(key, pats, now=now)
    refused(asked_for, own, settings, now, "nobody entitled had confirmed")


def test_what_is_decided_after_it_does_not_count(
    asked_for: Request, danas: SoftPasskey, settings: Any, now: datetime
) -> None:
    revoke_approval_key(key_of(danas), actor=CONSOLE, by=None, now=now)
    refused(asked_for, danas, settings, now, "was revoked")


def refused(request: Request, own: SoftPasskey, settings: Any, now: datetime, words: str) -> None:
    signed = sign(own, request, Lane.NETWORK, now=now)
    with pytest.raises(NotSigned, match=words):
        with_signature(request, signed, own, settings, now=now)


def refused_of(
    username: str, request: Request, own: SoftPasskey, settings: Any, now: datetime
) -> None:
    word = word_of(request, username, Lane.NETWORK)
    signed = own.sign(word.statement(expires_at=now + LIFE))
    with pytest.raises(NotSigned, match="nobody entitled had confirmed"):
        with_signature(request, signed, own, settings, now=now, by=username)
