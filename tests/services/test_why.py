"""Why: a change, a removal and a taking over say why they are asked for, and approvals cover it."""

from datetime import datetime

import pytest

from onboarding.demo.openings import INTERNET, WEB
from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Invalid
from onboarding.domain.spec import WHY_LENGTH
from onboarding.models import Event, ManagedNamespace, Request, User
from onboarding.queries.subjects import subject_of
from onboarding.services.decide import NotAsItWasSent
from onboarding.services.preview import NamespaceWish, change_wish, retire_wish
from onboarding.services.refresh import ask_refresh
from onboarding.services.submit import save_draft, submit
from onboarding.services.take_over import take_over
from tests.support.behind_the_portal import without_guards
from tests.support.requests import ready, spec_of, wish_of

pytestmark = pytest.mark.usefixtures("cast", "cluster", "fake")
WHY = "The shop answers on a second port since Monday."


@pytest.fixture
def shop(now: datetime) -> ManagedNamespace:
    return ready(now=now)


def sent(wish: NamespaceWish, *, now: datetime, by: str = "alice") -> Request:
    return submit(wish, by=acting(by), form_key="asked", now=now)


def test_the_reason_is_kept_beside_the_purpose(shop: ManagedNamespace, now: datetime) -> None:
    row = sent(change_wish(shop, spec_of(size="medium"), why=f" {WHY}\n"), now=now)
    assert (row.why, row.wanted.purpose) == (WHY, "Takes card payments for the shop.")


def test_history_tells_the_reason_with_the_request(shop: ManagedNamespace, now: datetime) -> None:
    row = sent(change_wish(shop, spec_of(size="medium"), why=WHY), now=now)
    assert Event.objects.get(request=row.label, action="portal:request:submitted").note == WHY


@pytest.mark.parametrize("why", ["", "  \n", "\u202e", "x" * (WHY_LENGTH + 1)])
def test_no_change_is_sent_without_a_reason_that_can_be_read(
    why: str, shop: ManagedNamespace, now: datetime
) -> None:
    with pytest.raises(Invalid) as refused:
        sent(change_wish(shop, spec_of(size="medium"), why=why), now=now)
    assert refused.value.field == "why"
    assert not Request.objects.filter(kind="change").exists()


def test_nothing_is_retired_without_a_reason(shop: ManagedNamespace, now: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        sent(retire_wish(shop), now=now)
    assert refused.value.field == "why"


def test_a_new_namespace_needs_no_reason_and_may_have_one(now: datetime) -> None:
    assert ask(spec_of("plain"), now=now).why is None
    wish = wish_of(spec_of("shop"))
    given = NamespaceWish(wish.kind, wish.spec, wish.team, wish.cluster, why=WHY)
    assert sent(given, now=now).why == WHY


def test_a_draft_waits_for_its_reason_but_keeps_nothing_unreadable(
    shop: ManagedNamespace, now: datetime
) -> None:
    by, spec = acting("alice"), spec_of(size="medium")
    row = save_draft(change_wish(shop, spec), by=by, form_key="draft", now=now)
    assert (row.state, row.why) == ("draft", None)
    with pytest.raises(Invalid):
        save_draft(change_wish(shop, spec, why="\u202e"), by=by, form_key="d2", now=now)


def test_what_is_approved_is_approved_for_its_reason(shop: ManagedNamespace, now: datetime) -> None:
    row = sent(change_wish(shop, spec_of(openings=(WEB, INTERNET)), why=WHY), now=now)
    with without_guards():
        Request.objects.filter(pk=row.pk).update(why="Nobody would mind.")
    with pytest.raises(NotAsItWasSent):
        approve(row, "dana", Lane.NETWORK, now=now)


def test_a_digest_without_a_reason_is_what_it_was_before_reasons(now: datetime) -> None:
    request = ask(spec_of(), now=now)
    assert "why" not in subject_of(request)._tree()  # type: ignore[operator]
    request.why = ""
    assert subject_of(request).digest != request.digest


def test_a_refresh_gives_its_own_reason_to_each_request(
    shop: ManagedNamespace, cast: dict[str, User], now: datetime
) -> None:
    shop.team.access_group = "payments-people"
    shop.team.save()
    ask_refresh([shop.pk], by=acting("alice"), reason="New group.", form_key="r", now=now)
    assert Request.objects.latest("pk").why == "New group."


def test_who_takes_a_request_over_finds_its_reason(
    shop: ManagedNamespace, cast: dict[str, User], now: datetime
) -> None:
    row = sent(change_wish(shop, spec_of(size="medium"), why=WHY), now=now)
    User.objects.filter(username="alice").update(is_active=False)
    cast["bob"].memberships.update(role="lead")
    assert take_over(row.pk, by=acting("bob"), now=now).why == WHY
