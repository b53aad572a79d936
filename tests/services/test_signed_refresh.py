"""One word for many requests is signed once: the signature names each of them and its content."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from onboarding.demo.scenario import acting
from onboarding.domain.approval import LaneWord, Signed
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Invalid
from onboarding.models import DecisionSignature, Refresh, Team, Vote
from onboarding.plan.digest import digest_of_set
from onboarding.queries.permissions import permissions_of
from onboarding.queries.refreshes import digest_of_parts, named_parts, parts_of, together
from onboarding.services.check_signed import NotSigned, check_signatures
from onboarding.services.outdated import note_outdated
from onboarding.services.refresh import ask_refresh, decide_refresh
from onboarding.services.signed_words import word_on, word_on_many
from tests.support.approval_keys import LIFE, enrolled
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import ready, spec_of, work_on
from tests.support.soft_passkey import SoftPasskey

OTHERS = (("2222222222", "sha256:0"),)
pytestmark = pytest.mark.usefixtures("cast", "cluster")


@pytest.fixture
def pats(cast: dict[str, Any], now: datetime) -> SoftPasskey:
    return enrolled("pat", now=now)


@pytest.fixture
def refresh(pats: SoftPasskey, fake: FakeCluster, settings: Any, now: datetime) -> Refresh:
    """Two namespaces are to be rendered anew, and from now on approvals are signed."""
    rows = [ready(spec_of(name), now=now) for name in ("payments-a", "payments-b")]
    Team.objects.filter(slug="payments").update(access_group="team-pay")
    note_outdated(now=now)
    settings.SIGNED_LANES = frozenset({"network"})
    chosen = [row.pk for row in rows]
    return ask_refresh(chosen, by=acting("alice"), reason="Group.", form_key="k1", now=now)


def word_of(refresh: Refresh) -> tuple[LaneWord, str]:
    """What Pat signs for the platform lane of both, and the digest that was shown."""
    pat = acting("pat").user
    parts = together(parts_of(refresh, permissions_of(pat)), Lane.PLATFORM)
    [first, _second] = parts
    one = word_on(
        first.request, lane=Lane.PLATFORM, vote=Vote.APPROVE, person=pat, digest="", reason=""
    )
    whole = word_on_many(one, refresh=refresh.public_id, parts=named_parts(parts))
    return whole, digest_of_parts(parts)


def say(refresh: Refresh, digest: str, signature: Signed | None, *, now: datetime) -> int:
    return decide_refresh(
        refresh,
        lane=Lane.PLATFORM,
        vote=Vote.APPROVE,
        by=acting("pat"),
        digest=digest,
        reason="",
        now=now,
        signature=signature,
    )


def test_one_signature_decides_them_all_and_workers_believe_each(
    refresh: Refresh, pats: SoftPasskey, now: datetime
) -> None:
    word, digest = word_of(refresh)
    assert word.digest == digest
    assert say(refresh, digest, pats.sign(word.statement(expires_at=now + LIFE)), now=now) == 2
    assert DecisionSignature.objects.values("statement").distinct().count() == 1
    for row in refresh.requests.all():
        assert row.namespace is not None
        row.refresh_from_db()
        assert work_on(row.namespace, now=now).state == "ready"


def test_without_one_nothing_is_decided(refresh: Refresh, now: datetime) -> None:
    _word, digest = word_of(refresh)
    with pytest.raises(Invalid, match="has to be signed with your passkey"):
        say(refresh, digest, None, now=now)


def test_a_signature_that_names_only_some_decides_none(
    refresh: Refresh, pats: SoftPasskey, now: datetime
) -> None:
    word, digest = word_of(refresh)
    some = word_on_many(word, refresh=refresh.public_id, parts=word.parts[:1])
    with pytest.raises(Invalid, match="cannot be accepted"):
        say(refresh, digest, pats.sign(some.statement(expires_at=now + LIFE)), now=now)
    assert not DecisionSignature.objects.exists()


@pytest.mark.parametrize(
    "differing",
    [
        {"parts": OTHERS, "digest": digest_of_set(OTHERS)},
        {"request": "2222222222"},
        {"digest": "sha256:0"},
        {"lane": "network"},
    ],
    ids=lambda differing: next(iter(differing)),
)
def test_a_worker_notices_a_set_that_was_not_signed(
    differing: dict[str, Any], refresh: Refresh, pats: SoftPasskey, settings: Any, now: datetime
) -> None:
    word, digest = word_of(refresh)
    demanded, settings.SIGNED_LANES = settings.SIGNED_LANES, frozenset()
    say(refresh, digest, None, now=now)
    settings.SIGNED_LANES = demanded
    signed = pats.sign(replace(word, **differing).statement(expires_at=now + LIFE))
    [request, _other] = refresh.requests.order_by("name")
    DecisionSignature.objects.create(
        decision=request.decisions.get(),
        key=acting("pat").user.approval_keys.get(),
        statement=signed.statement.decode(),
        proof=signed.proof(),
    )
    with pytest.raises(NotSigned, match="is signed for"):
        check_signatures(request)
