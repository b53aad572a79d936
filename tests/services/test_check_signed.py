"""Whatever a taken-over web process writes, the cluster gets what people have signed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from onboarding.demo.scenario import approve, ask
from onboarding.domain.canonical import canonical
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Conflict, Invalid
from onboarding.models import (
    ApprovalKey,
    Decision,
    DecisionSignature,
    Event,
    ManagedNamespace,
    Request,
    Vote,
)
from onboarding.queries.subjects import subject_of
from onboarding.services.approval_keys import revoke_approval_key
from onboarding.services.check_signed import NotSigned, check_signatures
from onboarding.services.history import CONSOLE
from tests.support.approval_keys import (
    LIFE,
    approve_signed,
    enrolled,
    key_of,
    sign,
    signed_by_dana,
    word_of,
)
from tests.support.behind_the_portal import without_guards
from tests.support.database_roles import as_owner
from tests.support.fake_cluster import FakeCluster
from tests.support.forgeries import copy, forged, namespace_of, with_signature
from tests.support.requests import (
    NAMESPACE,
    actions,
    ask_change,
    ask_removal,
    ready,
    spec_of,
    work_on,
)
from tests.support.soft_passkey import PRESENT, SoftPasskey

pytestmark = pytest.mark.usefixtures("cast", "cluster")
OTHER_DIGEST = "sha256:" + "0" * 64


@pytest.fixture(autouse=True)
def signed_lanes(settings: Any) -> None:
    settings.SIGNED_LANES = frozenset({"network", "security"})


class TestDeciding:
    """The web process says at once what the worker would refuse."""

    def test_dana_approves_with_her_passkey(
        self, asked_for: Request, danas: SoftPasskey, now: datetime
    ) -> None:
        assert signed_by_dana(asked_for, danas, now).state == "approved"
        signature = DecisionSignature.objects.get()
        assert (signature.decision.lane, signature.key) == ("network", key_of(danas))
        event = Event.objects.get(action="portal:lane:approved", actor="Dana")
        told = json.loads(bytes(event.canonical))["body"]["signed"]
        assert told["statement"] == signature.statement
        assert told["proof"] == signature.proof

    @pytest.mark.parametrize("statement", ["UPDATE {} SET key_id = key_id", "DELETE FROM {}"])
    def test_a_signature_is_only_added(
        self, statement: str, asked_for: Request, danas: SoftPasskey, now: datetime
    ) -> None:
        signed_by_dana(asked_for, danas, now)
        table = "onboarding_decisionsignature"
        refused = pytest.raises(DatabaseError, match="append-only")
        with as_owner(), refused, transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement.format(table))

    def test_without_one_it_is_refused_with_the_way_on(
        self, asked_for: Request, now: datetime
    ) -> None:
        with pytest.raises(Invalid, match="has to be signed with your passkey"):
            approve_signed(asked_for, Lane.NETWORK, None, now=now)
        revoke_approval_key(ApprovalKey.objects.get(), actor=CONSOLE, by=None, now=now)
        with pytest.raises(Invalid, match="Ask for one under Account"):
            approve_signed(asked_for, Lane.NETWORK, None, now=now)
        assert Decision.objects.count() == 1

    @pytest.mark.parametrize(
        ("differing", "words"),
        [
            ({"lane": Lane.SECURITY}, "for another approval"),
            ({"vote": Vote.REJECT}, "for another vote"),
            ({"digest": OTHER_DIGEST}, "for another content"),
            ({"reason": "Because."}, "with another reason"),
        ],
    )
    def test_what_was_signed_is_what_is_said(
        self,
        differing: dict[str, object],
        words: str,
        asked_for: Request,
        danas: SoftPasskey,
        now: datetime,
    ) -> None:
        word = word_of(asked_for, "dana", differing.pop("lane", Lane.NETWORK), **differing)  # type: ignore[arg-type]
        signed = danas.sign(word.statement(expires_at=now + LIFE))
        with pytest.raises(Invalid, match=words):
            approve_signed(asked_for, Lane.NETWORK, signed, now=now)

    def test_a_signature_does_not_keep(
        self, asked_for: Request, danas: SoftPasskey, now: datetime
    ) -> None:
        signed = sign(danas, asked_for, Lane.NETWORK, now=now)
        with pytest.raises(Conflict, match="too long ago"):
            approve_signed(asked_for, Lane.NETWORK, signed, now=now + timedelta(minutes=11))
        far = sign(danas, asked_for, Lane.NETWORK, now=now + timedelta(days=1))
        with pytest.raises(Conflict, match="too long ago"):
            approve_signed(asked_for, Lane.NETWORK, far, now=now)

    def test_a_key_that_is_not_among_the_persons_own_is_refused(
        self, asked_for: Request, now: datetime
    ) -> None:
        stranger = sign(SoftPasskey(), asked_for, Lane.NETWORK, now=now)
        with pytest.raises(Invalid, match="not among your confirmed approval keys"):
            approve_signed(asked_for, Lane.NETWORK, stranger, now=now)

    def test_an_assertion_that_does_not_hold_is_refused(
        self, asked_for: Request, danas: SoftPasskey, now: datetime
    ) -> None:
        signed = sign(danas, asked_for, Lane.NETWORK, now=now)
        broken = replace(
            signed, signature=signed.signature[:-1] + bytes([signed.signature[-1] ^ 1])
        )
        with pytest.raises(Invalid, match="not by the key it names"):
            approve_signed(asked_for, Lane.NETWORK, broken, now=now)

    def test_a_lane_that_does_not_demand_it_may_be_signed_too(self, now: datetime) -> None:
        enrolled("dana", now=now)
        pats, request = enrolled("pat", now=now), ask(spec_of(), now=now)
        approve_signed(request, Lane.PLATFORM, sign(pats, request, Lane.PLATFORM, now=now), now=now)
        assert DecisionSignature.objects.get().decision.lane == "platform"

    def test_a_request_without_a_signed_lane_is_signed_on_those_it_has(self, now: datetime) -> None:
        enrolled("pat", now=now)
        request = ask(spec_of(openings=()), now=now)
        assert [row.lane for row in request.lanes.all()] == ["platform"]
        with pytest.raises(Invalid, match="has to be signed"):
            approve(request, "pat", Lane.PLATFORM, now=now)


class TestWorker:
    """Whatever the rows say, the cluster gets what people have signed."""

    def test_what_was_signed_is_applied(
        self, asked_for: Request, danas: SoftPasskey, fake: FakeCluster, now: datetime
    ) -> None:
        namespace = namespace_of(signed_by_dana(asked_for, danas, now))
        assert work_on(namespace, now=now).state == "ready"

    def test_a_decision_made_by_sql_changes_nothing(
        self, asked_for: Request, fake: FakeCluster, settings: Any, now: datetime
    ) -> None:
        row = forged(asked_for, settings, now=now)
        after = work_on(row, now=now)
        assert (after.state, after.reason) == ("blocked", "not-what-was-approved")
        assert f"The network approval of {asked_for.label} is not signed" in after.message
        assert NAMESPACE not in fake.objects

    @pytest.mark.parametrize(
        ("tamper", "words"),
        [
            ({"lane": "security"}, "is signed for another approval"),
            ({"vote": "reject"}, "is signed for another vote"),
            ({"digest": OTHER_DIGEST}, "is signed for another content"),
            ({"request": "2222222222"}, "is signed for another request"),
            ({"person": "1000000"}, "is signed by another person"),
            ({"portal": "another"}, "is signed for another portal"),
            ({"reason": "0" * 64}, "is signed with another reason"),
            ({"kind": "approval-key"}, "is signed for something else"),
            ({"v": 2}, "is signed for something else"),
            ({"more": "yes"}, "is signed for something else"),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_a_signature_of_something_else_is_named(
        self,
        tamper: dict[str, object],
        words: str,
        *,
        asked_for: Request,
        danas: SoftPasskey,
        settings: Any,
        now: datetime,
    ) -> None:
        statement = word_of(asked_for, "dana", Lane.NETWORK).statement(expires_at=now + LIFE)
        with pytest.raises(NotSigned, match=words):
            with_signature(asked_for, danas.sign({**statement, **tamper}), danas, settings, now=now)

    @pytest.mark.parametrize("field", ["expires_at", "lane", "request", "digest", "person"])
    def test_a_flipped_field_breaks_the_signature_or_the_statement(
        self, field: str, asked_for: Request, danas: SoftPasskey, settings: Any, now: datetime
    ) -> None:
        signed = sign(danas, asked_for, Lane.NETWORK, now=now)
        before = str(signed.said[field])
        said = {**signed.said, field: before[:-1] + ("8" if before.endswith("9") else "9")}
        if field == "expires_at":
            said[field] = (now + timedelta(minutes=9)).isoformat()
        flipped = replace(signed, statement=canonical(said))
        with pytest.raises(NotSigned):
            with_signature(asked_for, flipped, danas, settings, now=now)

    @pytest.mark.parametrize(
        ("where", "words"),
        [
            ({"flags": PRESENT}, "without asking its person"),
            ({"flags": 0x04}, "without asking its person"),
            ({"origin": "https://evil.example"}, "on another site"),
            ({"host": "evil.example"}, "for another site"),
            ({"crossOrigin": True}, "on another site"),
            ({"type": "webauthn.create"}, "is no answer to a question"),
            ({"challenge": "AAAA"}, "is over something else"),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_an_assertion_made_elsewhere_or_for_something_else_is_refused(
        self,
        where: dict[str, Any],
        words: str,
        *,
        asked_for: Request,
        danas: SoftPasskey,
        settings: Any,
        now: datetime,
    ) -> None:
        statement = word_of(asked_for, "dana", Lane.NETWORK).statement(expires_at=now + LIFE)
        signed = danas.sign(statement, **where)
        with pytest.raises(NotSigned, match=words):
            with_signature(asked_for, signed, danas, settings, now=now)

    def test_a_signature_is_not_replayed_on_another_request(
        self, asked_for: Request, danas: SoftPasskey, settings: Any, now: datetime
    ) -> None:
        signed_by_dana(asked_for, danas, now)
        used = DecisionSignature.objects.get()
        other = approve(ask(spec_of("payments-other"), now=now), "pat", Lane.PLATFORM, now=now)
        forged(other, settings, now=now)
        copy(used, Decision.objects.get(request=other, lane="network"))
        with pytest.raises(NotSigned, match="is signed for another request"):
            check_signatures(other)

    def test_another_key_of_the_row_is_noticed(
        self, asked_for: Request, danas: SoftPasskey, settings: Any, now: datetime
    ) -> None:
        pats = enrolled("pat", now=now)
        signed = sign(danas, asked_for, Lane.NETWORK, now=now)
        with pytest.raises(NotSigned, match="is signed with somebody else's key"):
            with_signature(asked_for, signed, pats, settings, now=now)

    def test_a_decision_at_another_time_than_signed_for_is_refused(
        self, asked_for: Request, danas: SoftPasskey, settings: Any, now: datetime
    ) -> None:
        signed = sign(danas, asked_for, Lane.NETWORK, now=now - timedelta(hours=1))
        with pytest.raises(NotSigned, match="was signed for another time"):
            with_signature(asked_for, signed, danas, settings, now=now)
        assert ManagedNamespace.objects.count() == 1

    def test_an_unreadable_signature_is_refused(
        self, asked_for: Request, danas: SoftPasskey, settings: Any, now: datetime
    ) -> None:
        forged(asked_for, settings, now=now)
        decision = Decision.objects.get(request=asked_for, lane="network")
        DecisionSignature.objects.create(
            decision=decision, key=key_of(danas), statement="{}", proof={"nonce": "AA"}
        )
        with pytest.raises(NotSigned, match="cannot be read"):
            check_signatures(asked_for)

    def test_a_time_without_an_end_blocks_and_is_no_bug(
        self, asked_for: Request, danas: SoftPasskey, settings: Any, now: datetime
    ) -> None:
        never = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
        word = word_of(asked_for, "dana", Lane.NETWORK)
        signed = danas.sign(word.statement(expires_at=never))
        forged(asked_for, settings, now=never)
        decision = Decision.objects.get(request=asked_for, lane="network")
        DecisionSignature.objects.create(
            decision=decision,
            key=key_of(danas),
            statement=signed.statement.decode(),
            proof=signed.proof(),
        )
        with pytest.raises(NotSigned, match="has a signature that cannot be checked"):
            check_signatures(asked_for)

    def test_a_lane_that_needs_no_signature_is_not_asked_for_one(
        self, asked_for: Request, danas: SoftPasskey, now: datetime
    ) -> None:
        request = signed_by_dana(asked_for, danas, now)
        assert DecisionSignature.objects.count() == 1
        check_signatures(request)

    def test_leaving_the_signed_lane_away_asks_every_other(
        self, asked_for: Request, settings: Any, now: datetime
    ) -> None:
        forged(asked_for, settings, now=now)
        with without_guards():
            asked_for.lanes.filter(lane="network").delete()
        asked_for.digest = subject_of(asked_for).digest
        with pytest.raises(NotSigned, match=r"The platform approval of .* is not signed"):
            check_signatures(asked_for)

    @pytest.mark.parametrize("which", ["network", "platform", "every"])
    def test_lanes_that_vanish_after_the_digest_was_checked_are_missed(
        self, which: str, asked_for: Request, danas: SoftPasskey, now: datetime
    ) -> None:
        request = signed_by_dana(asked_for, danas, now)
        with without_guards():
            request.lanes.exclude(lane="" if which == "every" else which).delete()
        with pytest.raises(NotSigned, match="does not cover its approvals"):
            check_signatures(request)


class TestWhatTheClusterCarries:
    """Turning the setting on stops nothing that stands; it holds for what comes."""

    @pytest.fixture
    def standing(self, settings: Any, fake: FakeCluster, now: datetime) -> ManagedNamespace:
        """Ready, approved without any signature before they were demanded."""
        demanded, settings.SIGNED_LANES = settings.SIGNED_LANES, frozenset()
        namespace = ready(now=now)
        settings.SIGNED_LANES = demanded
        return namespace

    def test_it_goes_on_being_repaired(
        self, standing: ManagedNamespace, fake: FakeCluster, now: datetime
    ) -> None:
        [policy] = [key for key in fake.objects if key.name == "deny-all"]
        del fake.objects[policy]
        assert work_on(standing, now=now).state == "ready"
        assert policy in fake.objects

    def test_a_namespace_that_is_gone_is_not_made_again_without(
        self, standing: ManagedNamespace, fake: FakeCluster, now: datetime
    ) -> None:
        fake.objects.clear()
        after = work_on(standing, now=now)
        assert (after.state, after.reason) == ("blocked", "not-what-was-approved")
        assert "cluster:namespace:missing" in actions(namespace=standing.name)
        assert not fake.objects

    @pytest.mark.parametrize("is_removal", [False, True])
    def test_the_next_approval_has_to_be_signed(
        self,
        is_removal: bool,
        standing: ManagedNamespace,
        fake: FakeCluster,
        settings: Any,
        now: datetime,
    ) -> None:
        before = dict(fake.objects)
        demanded, settings.SIGNED_LANES = settings.SIGNED_LANES, frozenset()
        request = (
            ask_removal(standing, now=now)
            if is_removal
            else ask_change(standing, spec_of(size="large"), now=now)
        )
        approve(request, "pat", Lane.PLATFORM, now=now)
        settings.SIGNED_LANES = demanded
        after = work_on(standing, now=now)
        assert (after.state, after.reason) == ("blocked", "not-what-was-approved")
        assert fake.objects == before
